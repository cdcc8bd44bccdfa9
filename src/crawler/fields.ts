import { z } from 'zod'
import { emptyAsAbsent } from '../platform/http/coercion.ts'

const TIME =
  /^(\d{4})-?(\d{2})-?(\d{2})(?:[Tt ](\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?)?\s*([Zz]|[+-]\d{2}(?::?\d{2})?)?)?$/

/** Milliseconds of an ISO-8601 time with 0 to 9 fraction digits; no zone means UTC (§1). Undefined for what is none. */
export const parseTime = (text: string): number | undefined => {
  const found = TIME.exec(text)
  if (!found) return undefined
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = found
  const date = Date.UTC(Number(year), Number(month) - 1, Number(day))
  const given = new Date(date)
  if (given.getUTCMonth() !== Number(month) - 1 || given.getUTCDate() !== Number(day)) return undefined
  if (Number(minute) > 59 || Number(second) > 59) return undefined
  const ms = (Number(hour) * 3600 + Number(minute) * 60 + Number(second)) * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3))
  if (ms > 86_400_000) return undefined
  if (zone === 'Z' || zone === 'z') return date + ms
  const offset = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(':', '') || '0')
  if (offset > 24 * 60) return undefined
  return date + ms - (zone.startsWith('-') ? -offset : offset) * 60_000
}

/** An ISO-8601 time; milliseconds since the epoch after parsing. */
export const time = () =>
  z
    .string()
    .describe('an ISO-8601 time; UTC where it names no zone')
    .transform((text, ctx) => {
      const at = parseTime(text)
      if (at === undefined) {
        ctx.addIssue({ code: 'custom', message: 'must be an ISO-8601 time' })
        return z.NEVER
      }
      return at
    })
export const iso = (at: number): string => new Date(at).toISOString()
/** Leaves an absent time out. */
export const isoOr = (at: Date | null): string | undefined => at?.toISOString()
/** The time of a field after parsing, as columns have it. */
export const dateOr = (at: number | undefined): Date | null => (at === undefined ? null : new Date(at))

/** The value of a parameter, which counts as absent when it is empty. */
export const orAbsent = <S extends z.ZodType>(schema: S) => z.preprocess(emptyAsAbsent, schema.optional()).optional()
/** The task that a path names: what does not decode reaches the schema as undefined. */
export const taskParams = z.object({
  id: z
    .string()
    .describe('id of the task, URL-encoded')
    .meta({ examples: ['issues-of-platform-api'] }),
})

/** An object without its empty texts, which count as absent. */
export const withoutEmpty = (given: Record<string, unknown>): Record<string, unknown> => {
  for (const name in given)
    if (given[name] === '') return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
  return given
}
export const text = (max: number) => z.string().max(max)
export const count = () => z.number().min(0)
/** Not `z.record`, which drops a key named `__proto__`. */
export const object = () =>
  z
    .custom<Record<string, unknown>>(
      (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
      'must be an object',
    )
    .meta({ type: 'object' })
export const objectUpTo = (kib: number) =>
  object().refine((value) => jsonBytes(value) <= kib * 1024, `must not be larger than ${kib} KiB of JSON`)
export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '')

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/
/** A task's id (§6): addressable in a path once encoded. An integer becomes its decimal text. */
export const taskId = () =>
  z.union([z.string(), z.int()], { error: 'must be a string or an integer' }).transform((given, ctx) => {
    const id = String(given)
    if (id.length < 1 || id.length > 255) ctx.addIssue({ code: 'custom', message: 'must have 1 to 255 characters' })
    else if (CONTROL.test(id) || !id.isWellFormed()) ctx.addIssue({ code: 'custom', message: 'must not have control characters' })
    else if (id === '.' || id === '..') ctx.addIssue({ code: 'custom', message: 'must not be . or ..' })
    return id
  })

const CONNECTION_ID = /^[A-Za-z0-9._:-]{1,128}$/
export const connectionId = () => z.string().regex(CONNECTION_ID, 'must be 1 to 128 of A-Z a-z 0-9 . _ : -')

/** sha256 of texts, hex: what long or several texts are keyed by, since neither may stand in a btree. */
export const digest = (...parts: (string | number | null | undefined)[]): string =>
  new Bun.CryptoHasher('sha256').update(JSON.stringify(parts)).digest('hex')
