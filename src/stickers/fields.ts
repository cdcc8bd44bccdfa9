import { z } from 'zod'
import { blankAsAbsent, booleanFrom, DIGITS, numberFrom } from '../platform/http/schema.ts'
import { say, sayType } from './envelope.ts'

/** Field kinds of the contract (stickers §3.2); their messages are codes of `TEXTS` in `envelope.ts`. */

/** Postgres stores neither U+0000 nor half a surrogate pair. */
export const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed()
/** The same for a text of the query, where U+FFFD stands for bytes that are no UTF-8. */
const isText = (text: string): boolean => isStorable(text) && !text.includes('\ufffd')

/** A parameter that may stand once; blank counts as absent. */
const once = <S extends z.ZodType>(schema: S) =>
  z.preprocess((value, ctx) => {
    if (!Array.isArray(value)) return blankAsAbsent(value)
    ctx.addIssue({ code: 'custom', message: say('repeated') })
    return z.NEVER
  }, schema)

const toInteger = numberFrom(DIGITS)
const wholeNumber = (min: number, max: number) => {
  const message = say('invalid_number', { min, max })
  return z
    .int({ error: sayType(message, say('required')) })
    .min(min, message)
    .max(max, message)
}
/** An id in the path. */
export const pathId = () => z.preprocess(toInteger, wholeNumber(1, Number.MAX_SAFE_INTEGER))
/** An id in the query. */
export const queryId = () => once(z.preprocess(toInteger, wholeNumber(1, Number.MAX_SAFE_INTEGER)))
export const optionalId = () => once(z.preprocess(toInteger, wholeNumber(1, Number.MAX_SAFE_INTEGER)).optional()).optional()
export const integer = (min: number, max: number, absent: number) =>
  once(z.preprocess(toInteger, wholeNumber(min, max).default(absent))).default(absent)

const toBoolean = booleanFrom(['true', 'on', 'yes', '1'], ['false', 'off', 'no', '0'])
/** False when absent. */
export const flag = () =>
  once(z.preprocess(toBoolean, z.boolean({ error: say('invalid_boolean') }).default(false))).default(false)

export const choice = <const T extends readonly [string, ...string[]]>(values: T, absent: NoInfer<T[number]>) => {
  const schema = z.enum(values, { error: say('invalid_choice', { values: values.join(', ') }) })
  return once(schema.default(absent as never)).default(absent as never)
}

/** A text as it was given, of at most `max` UTF-16 units. */
export const text = (max: number) =>
  once(z.string().refine(isText, say('invalid_text')).max(max, say('too_long', { max })).optional()).optional()

/** A text that is trimmed before it is measured; empty when absent. */
export const searchText = (max: number) =>
  once(z.string().refine(isText, say('invalid_text')).trim().max(max, say('too_long', { max })).default('')).default('')

/** Comma-separated parts of all values of a parameter, trimmed, without empty ones and repeats. */
export const list = () =>
  z.preprocess(
    (value) => (Array.isArray(value) ? value.join(',') : value),
    z
      .string()
      .refine(isText, say('invalid_text'))
      .default('')
      .transform((all) => [...new Set(all.split(',').map((part) => part.trim()))].filter((part) => part !== '')),
  )

/** A text of a body; null counts as absent. */
export const bodyText = (absent?: string) =>
  z
    .string({ error: sayType(say('invalid_type', { expected: { word: 'a_string' } }), absent) })
    .refine(isStorable, say('invalid_text'))
