import type { z } from 'zod'

/**
 * What all families do to texts of a query or a body before a schema looks at them. Each contract accepts its own spelling of a number or
 * boolean, so the spelling is the argument; a value that is not spelled so stays as it is, for the schema to refuse.
 */

/** Decimal digits alone. */
export const DIGITS = /^\d+$/
/** Digits with a sign, blanks around them. */
export const INTEGER = /^\s*[+-]?\d+\s*$/
/** A decimal number without an exponent, blanks around it. */
export const DECIMAL = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)\s*$/
/** A decimal number with or without an exponent, blanks around it. */
export const SCIENTIFIC = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/

/** The number of a text that the pattern matches. */
export const numberFrom =
  (pattern: RegExp) =>
  (value: unknown): unknown =>
    typeof value === 'string' && pattern.test(value) ? Number(value) : value

/** The boolean of a word in any case. */
export const booleanFrom = (yes: readonly string[], no: readonly string[]) => {
  const words = new Map<string, boolean>([
    ...yes.map((word) => [word, true] as const),
    ...no.map((word) => [word, false] as const),
  ])
  return (value: unknown): unknown => (typeof value === 'string' ? (words.get(value.toLowerCase()) ?? value) : value)
}

/** Texts of a pattern, as the API document shows them. */
export const textLike = (pattern: RegExp) => ({ type: 'string', pattern: pattern.source })
/** Words in any case with blanks around them, as the API document shows them: its patterns have no flags. */
export const wordsLike = (words: readonly string[]) => {
  const inAnyCase = (word: string) => word.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`)
  return { type: 'string', pattern: `^\\s*(?:${words.map(inAnyCase).join('|')})\\s*$` }
}

/** Null and a text of blanks count as absent. */
export const blankAsAbsent = (value: unknown): unknown =>
  value === null || (typeof value === 'string' && value.trim() === '') ? undefined : value
/** The empty text counts as absent. */
export const emptyAsAbsent = (value: unknown): unknown => (value === '' ? undefined : value)

/** An optional field of a body: null counts as absent, in every family. The type leaves null out, so that clients do not send it. */
export const optional = <S extends z.ZodType>(schema: S) =>
  schema.nullish().transform((given) => given ?? undefined) as unknown as z.ZodOptional<S>
/** The same with a value that stands in. */
export const withDefault = <S extends z.ZodType>(schema: S, value: NoInfer<z.output<S>>) =>
  schema
    .nullish()
    .transform((given) => given ?? value)
    .meta({ default: value }) as unknown as z.ZodDefault<S>
