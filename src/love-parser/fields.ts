import { z } from 'zod'
import { isUuid } from '../platform/clock.ts'
import { blankAsAbsent, DECIMAL, INTEGER, numberFrom } from '../platform/http/coercion.ts'

/** Field kinds of the contract (love-parser §1). */
const toInteger = numberFrom(INTEGER)
const toNumber = numberFrom(DECIMAL)

/** JSON integer or decimal text of one. */
export const integer = (min: number, max: number) => z.preprocess(toInteger, z.int().min(min).max(max))
/** An optional filter field: null and blank mean not set. */
export const filterInteger = (min: number) =>
  z.preprocess((value) => toInteger(blankAsAbsent(value)), z.int().min(min).optional()).optional()
export const filterShare = () =>
  z.preprocess((value) => toNumber(blankAsAbsent(value)), z.number().min(0).max(1).optional()).optional()
export const filterChoice = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.preprocess(blankAsAbsent, z.enum(values).optional()).optional()
/** 2 to 8 characters, kept in lower case. */
export const filterLanguage = () =>
  z.preprocess(blankAsAbsent, z.string().trim().min(2).max(8).toLowerCase().optional()).optional()

/** A UUID of any version, in lower case. */
export const uuid = () =>
  z
    .string()
    .refine(isUuid, { message: 'Must be a UUID' })
    .transform((text) => text.toLowerCase())

/** `page` and `limit` of a list (§1). */
export const pageQuery = (limit: number) =>
  z.object({ page: integer(1, 1_000_000).default(1), limit: integer(1, 100).default(limit) })

/** `max` must not be below `min`; told on the field that holds both. */
export const inOrder = <T extends object>(low: keyof T & string, high: keyof T & string) => ({
  check: (value: T) => {
    const [min, max] = [value[low], value[high]]
    return typeof min !== 'number' || typeof max !== 'number' || max >= min
  },
  message: `${high} must not be less than ${low}`,
})

/** Filters as they are stored: only what is set. */
export const onlySet = <T extends object>(filters: T | undefined): T =>
  Object.fromEntries(Object.entries(filters ?? {}).filter(([, value]) => value !== undefined)) as T
