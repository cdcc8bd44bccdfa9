import { z } from 'zod'
import { isUuid } from '../platform/clock.ts'
import { blankAsAbsent, DECIMAL, INTEGER, numberFrom, takes, textLike } from '../platform/http/schema.ts'
import type { TextKey } from './texts.ts'

/** Field kinds of the contract (love-parser §1). */
/** Digits beyond the range of numbers stay a number, so that the limit is named, not the spelling. */
const inRange = (value: unknown): unknown =>
  value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY ? Math.sign(value) * Number.MAX_VALUE : value
const toInteger = (value: unknown) => inRange(numberFrom(INTEGER)(value))
const toNumber = (value: unknown) => inRange(numberFrom(DECIMAL)(value))
/** A message of these schemas is the key of a text (texts.ts). */
const text = (key: TextKey): string => key
/** zod itself knows only that a text is no number, not that a whole one is meant. */
const wholeNumber = () => z.int({ error: text('whole_number') })

/** JSON integer or decimal text of one. */
export const integer = (min: number, max: number) =>
  takes(z.preprocess(toInteger, wholeNumber().min(min).max(max)), {
    oneOf: [{ type: 'integer', minimum: min, maximum: max }, textLike(INTEGER)],
  })
/** How a filter that is not set may be sent, beside leaving it out. */
const NOT_SET = [{ type: 'null' }, { type: 'string', pattern: '^\\s*$' }]
/** An optional filter field: null and blank mean not set. */
export const filterInteger = (min: number) =>
  takes(
    z.preprocess((value) => toInteger(blankAsAbsent(value)), wholeNumber().min(min).optional()),
    {
      anyOf: [{ type: 'integer', minimum: min, maximum: Number.MAX_SAFE_INTEGER }, textLike(INTEGER), ...NOT_SET],
    },
  ).optional()
export const filterShare = () =>
  takes(
    z.preprocess((value) => toNumber(blankAsAbsent(value)), z.number().min(0).max(1).optional()),
    {
      anyOf: [{ type: 'number', minimum: 0, maximum: 1 }, textLike(DECIMAL), ...NOT_SET],
    },
  ).optional()
export const filterChoice = <const T extends readonly [string, ...string[]]>(values: T) =>
  takes(z.preprocess(blankAsAbsent, z.enum(values).optional()), {
    anyOf: [{ type: 'string', enum: [...values] }, ...NOT_SET],
  }).optional()
/** 2 to 8 characters, kept in lower case. */
export const filterLanguage = () =>
  takes(z.preprocess(blankAsAbsent, z.string().trim().min(2).max(8).toLowerCase().optional()), {
    anyOf: [{ type: 'string', minLength: 2 }, ...NOT_SET],
    description: '2 to 8 characters, in any case',
  }).optional()

/** What people put between digits: blanks, brackets, dashes, and the invisible marks that come along when a number is copied. */
const BETWEEN_DIGITS = /[\s()[\]{}（）［］\p{Pd}\u2212\p{Cf}]/gu
const withoutGaps = (value: unknown): unknown => (typeof value === 'string' ? value.replace(BETWEEN_DIGITS, '') : value)
/** A number of Russia and Kazakhstan as it is dialled there, or without its plus. */
const DOMESTIC = /^[78](\d{10})$/
const international = (value: unknown): unknown => {
  const plain = withoutGaps(value)
  return typeof plain === 'string' ? plain.replace(DOMESTIC, '+7$1') : plain
}
/** A phone number as people type it, in its one form: `+` and 10 to 15 digits (love-parser §3). */
export const phoneNumber = () =>
  takes(z.preprocess(international, z.string().regex(/^\+\d{10,15}$/, { message: text('phone_digits') })), {
    type: 'string',
    pattern: '^\\D*(?:\\d\\D*){10,15}$',
  }).describe('`+` and 10 to 15 digits, or `8` or `7` and 10 digits; blanks, brackets and dashes are left out')
/** A login code as people type it: 3 to 6 digits. */
export const loginCode = () =>
  takes(z.preprocess(withoutGaps, z.string().regex(/^\d{3,6}$/, { message: text('code_digits') })), {
    type: 'string',
    pattern: '^\\D*(?:\\d\\D*){3,6}$',
  }).describe('3 to 6 digits; blanks, brackets and dashes are left out')

/** A UUID of any version, in lower case. */
export const uuid = () =>
  z
    .string()
    .refine(isUuid, { message: text('uuid') })
    .meta({ format: 'uuid' })
    .transform((text) => text.toLowerCase())

/** `page` and `limit` of a list (§1). */
export const pageQuery = (limit: number) =>
  z.object({
    page: integer(1, 1_000_000).default(1).describe('page, from 1'),
    limit: integer(1, 100).default(limit).describe('most entries of a page'),
  })

/** `max` must not be below `min`; the problem names the field that holds both. */
export const inOrder = <T extends object>(low: keyof T & string, high: keyof T & string) => ({
  check: (value: T) => {
    const [min, max] = [value[low], value[high]]
    return typeof min !== 'number' || typeof max !== 'number' || max >= min
  },
  problem: { message: text('max_below_min'), params: { low, high } },
})

/** Filters as they are stored: only what is set. */
export const onlySet = <T extends object>(filters: T | undefined): T =>
  Object.fromEntries(Object.entries(filters ?? {}).filter(([, value]) => value !== undefined)) as T
