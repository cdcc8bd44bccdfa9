import { z } from 'zod'
import { isUuid } from '../platform/clock.ts'
import { booleanFrom, INTEGER, numberFrom, SCIENTIFIC, takes, textLike, wordsLike } from '../platform/http/schema.ts'

/**
 * Field kinds of the gifty contract (§1.3). Notation of the contract: `x?` is `.nullish()`, `x=5` is `absent(schema, 5)`,
 * `x?=5` is `absentOrNull(schema, 5)`.
 */
const toInteger = numberFrom(INTEGER)
const toNumber = numberFrom(SCIENTIFIC)
const TRUE = ['true', '1', 't', 'yes', 'y', 'on']
const FALSE = ['false', '0', 'f', 'no', 'n', 'off']
const wordAsBoolean = booleanFrom(TRUE, FALSE)
const toBoolean = (value: unknown) => {
  if (value === 1) return true
  if (value === 0) return false
  if (typeof value !== 'string') return value
  const known = wordAsBoolean(value.trim())
  return typeof known === 'boolean' ? known : value
}

/** Zod's issue for a text that is no integer differs from that for no number only by its message. */
export const NOT_AN_INTEGER = 'Input should be an integer'
export const wholeNumber = () =>
  z.int({ abort: true, error: (issue) => (issue.code === 'invalid_type' ? NOT_AN_INTEGER : undefined) })

/** JSON integer or integer string. */
export const integer = (min: number = Number.MIN_SAFE_INTEGER, max: number = Number.MAX_SAFE_INTEGER) =>
  takes(z.preprocess(toInteger, wholeNumber().min(min).max(max)), {
    oneOf: [{ type: 'integer', minimum: min, maximum: max }, textLike(INTEGER)],
  })
/** JSON number or decimal string; `""` is not a number. */
export const number = (min = -Number.MAX_VALUE, max = Number.MAX_VALUE) =>
  takes(z.preprocess(toNumber, z.number().min(min).max(max)), {
    oneOf: [
      {
        type: 'number',
        ...(min > -Number.MAX_VALUE ? { minimum: min } : {}),
        ...(max < Number.MAX_VALUE ? { maximum: max } : {}),
      },
      textLike(SCIENTIFIC),
    ],
  })
/** true/false, 1/0, t/f, yes/no, y/n, on/off in any case. */
export const boolean = () =>
  takes(z.preprocess(toBoolean, z.boolean()), {
    oneOf: [{ type: 'boolean' }, { type: 'integer', enum: [0, 1] }, wordsLike([...TRUE, ...FALSE])],
  })
export const text = (min = 0, max = Number.MAX_SAFE_INTEGER) => {
  // A text that is too short gets this problem alone: the rules that follow are not checked.
  const schema = min > 0 ? z.string().min(min, { abort: true }) : z.string()
  return max < Number.MAX_SAFE_INTEGER ? schema.max(max) : schema
}
export const absent = <S extends z.ZodType>(schema: S, value: z.output<S>) =>
  schema
    .optional()
    .transform((given) => (given === undefined ? value : given) as z.output<S>)
    .meta({ default: value })
export const absentOrNull = <S extends z.ZodType>(schema: S, value: z.output<S>) =>
  schema
    .nullish()
    .transform((given) => (given ?? value) as z.output<S>)
    .meta({ default: value })

/** Who holds leases (gifty §4). */
export const workerName = () => text(1, 128).meta({ examples: ['worker-1'] })
/** A task's id in the worker protocol: a UUID in any case, read as it is stored. Another text is the name of no task. */
export const taskName = (min = 1, max = 128) =>
  text(min, max)
    .overwrite((id) => (isUuid(id) ? id.toLowerCase() : id))
    .meta({ examples: ['0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34'] })
/** The number of a lease: it rises with each lease of its task. */
export const fenceNumber = () => integer(0).meta({ examples: [1] })

/** Query or body fields of every `tasks` endpoint that leases rows (gifty §5, Leases). */
export const leaseFields = {
  worker_id: workerName()
    .nullish()
    .describe('whose lease it is; without a name the lease lasts 120 s and gives way to other nameless ones'),
  lease_seconds: absentOrNull(integer(5, 3600), 900).describe('how long a named lease lasts, in seconds'),
}
/** Several values, separated by commas. */
export const listOf = <const W extends readonly string[]>(words: W) =>
  z
    .string()
    .transform((value) => [...new Set(value.split(',').map((one) => one.trim()))])
    .pipe(z.array(z.enum(words)).min(1).max(words.length))
    .nullish()
/** Query fields of a keyset page (gifty §1.3). */
export const pageFields = (limit: number) => ({
  limit: absent(integer(1, 200), limit).describe('most rows of the page'),
  cursor: text().nullish().describe('`next_cursor` of the page before'),
})

/** A name in one form: trimmed, any blanks inside it one space. */
export const foldBlanks = (name: string): string => name.trim().replace(/\s+/gu, ' ')
/** An absolute http(s) URL in one form: trimmed, scheme and host in lower case. */
export const tidyUrl = (url: string): string =>
  url.trim().replace(/^(https?:\/\/(?:[^\s/?#]*@)?)([^\s/?#]+)/i, (_, before: string, host: string) => {
    const slashes = before.indexOf('//')
    return before.slice(0, slashes).toLowerCase() + before.slice(slashes) + host.toLowerCase()
  })

/** Absolute http(s) URL of at most `max` characters, in one form. */
export const httpUrl = (max: number) =>
  z
    .string()
    .min(1, { abort: true })
    .max(max)
    .refine(
      (value) => /^https?:\/\/[^\s/?#]+/i.test(value.trim()) && URL.canParse(value.trim()),
      'Input should be an absolute http or https URL',
    )
    .transform(tidyUrl)

export const SITE_KEY = /^[^\s:]{1,100}$/u
/** 1..100 characters without whitespace or `:`. */
export const siteKey = () =>
  // A wrong length ends the check: the pattern would report the same problem again.
  z
    .string()
    .min(1, { abort: true })
    .max(100, { abort: true })
    .regex(SITE_KEY, 'Input should have no whitespace and no ":"')
    .meta({ examples: ['tea'] })

/** Any JSON object. */
export const object = () => z.record(z.string(), z.unknown())

/** In: RFC 3339 with a zone. */
export const instant = () =>
  takes(
    z.iso
      .datetime({ offset: true, message: 'Input should be a time with its zone (RFC 3339)' })
      .transform((value) => new Date(value)),
    { type: 'string', format: 'date-time' },
  )
/** Out: RFC 3339 UTC with `Z`. */
export const time = () => z.iso.datetime().describe('RFC 3339, UTC')
export const isoTime = (value: Date): string => value.toISOString()
export const isoTimeOrNull = (value: Date | null): string | null => (value === null ? null : value.toISOString())

/** Where a list goes on; null at its end. */
export const nextCursor = () =>
  z
    .string()
    .nullable()
    .describe('cursor of the next page; null on the last one')
    .meta({ examples: ['WzE3XQ'] })

export const okResponse = z.object({ status: z.literal('ok') })
export const OK = { status: 'ok' } as const
