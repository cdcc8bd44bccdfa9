import type { MessageCode, MessageValues } from './messages.ts'
import { type Problem, refused } from './problems.ts'

/** Values of a request while it is read, and what is wrong with them: one problem per field (stickers §3.2, §3.4). */
export interface Given {
  query: Map<string, string[]>
  problems: Problem[]
}

const NONE = new Map<string, string[]>()
/** Stands for bytes that are no text, so that no reader takes them for one. */
const NO_TEXT = '\ud800'

const decode = (text: string): string => {
  if (!text.includes('%') && !text.includes('+')) return text
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    // A stray `%` stands for itself; bytes that are no UTF-8 do not.
    const lenient = new URLSearchParams(`v=${text.replaceAll('&', '%26')}`).get('v') ?? ''
    return lenient.includes('\ufffd') ? NO_TEXT : lenient
  }
}

const parseQuery = (url: string): Map<string, string[]> => {
  const at = url.indexOf('?')
  if (at < 0) return NONE
  const query = new Map<string, string[]>()
  const text = url.slice(at + 1)
  for (const part of text.includes('&') ? text.split('&') : [text]) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = decode(equals < 0 ? part : part.slice(0, equals))
    const value = equals < 0 ? '' : decode(part.slice(equals + 1))
    const known = query.get(name)
    if (known) known.push(value)
    else query.set(name, [value])
  }
  return query
}

export const givenIn = (request: Request): Given => ({ query: parseQuery(request.url), problems: [] })

/** Enters a problem unless the field has one. */
export const refuse = (given: Given, field: string, code: MessageCode, values?: MessageValues): undefined => {
  if (!given.problems.some((problem) => problem.field === field)) given.problems.push({ field, code, values })
  return undefined
}
/** @throws AppError 400 with every problem found */
export const settle = (given: Given): void => {
  if (given.problems.length > 0) throw refused(...given.problems)
}

/** The one value of a parameter; blank counts as absent. */
const single = (given: Given, field: string): string | undefined => {
  const values = given.query.get(field)
  if (!values) return undefined
  if (values.length > 1) {
    refuse(given, field, 'repeated')
    return undefined
  }
  const value = values[0] as string
  return value.trim() === '' ? undefined : value
}

const wholeNumber = (given: Given, field: string, text: string, min: number, max: number): number => {
  // Sixteen digits hold every exact value; a longer one rounds to more than the largest.
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  refuse(given, field, 'invalid_number', { min, max })
  return min
}
const MAX_ID = Number.MAX_SAFE_INTEGER

/** An id in the path. */
export const readPathId = (given: Given, field: string, text: string | undefined): number =>
  wholeNumber(given, field, text ?? '', 1, MAX_ID)
export const readId = (given: Given, field: string): number | undefined => {
  const text = single(given, field)
  return text === undefined ? undefined : wholeNumber(given, field, text, 1, MAX_ID)
}
export const readRequiredId = (given: Given, field: string): number => {
  const id = readId(given, field)
  if (id === undefined) refuse(given, field, 'required')
  return id ?? 1
}
export const readInteger = (given: Given, field: string, min: number, max: number, absent: number): number => {
  const text = single(given, field)
  return text === undefined ? absent : wholeNumber(given, field, text, min, max)
}

const BOOLEANS = new Map<string, boolean>([
  ...['true', 'on', 'yes', '1'].map((text) => [text, true] as const),
  ...['false', 'off', 'no', '0'].map((text) => [text, false] as const),
])
export const readBoolean = (given: Given, field: string): boolean => {
  const text = single(given, field)
  if (text === undefined) return false
  const value = BOOLEANS.get(text.toLowerCase())
  if (value === undefined) refuse(given, field, 'invalid_boolean')
  return value ?? false
}

export const readChoice = <const T extends readonly string[]>(
  given: Given,
  field: string,
  values: T,
  absent: T[number],
): T[number] => {
  const text = single(given, field)
  if (text === undefined || values.includes(text)) return text ?? absent
  refuse(given, field, 'invalid_choice', { values: values.join(', ') })
  return absent
}

/** Postgres stores neither U+0000 nor half a surrogate pair. */
export const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed()

/** A text as it was given, of at most `max` UTF-16 units. */
export const readText = (given: Given, field: string, max: number): string | undefined => {
  const text = single(given, field)
  if (text === undefined) return undefined
  if (!isStorable(text)) return refuse(given, field, 'invalid_text')
  if (text.length > max) return refuse(given, field, 'too_long', { max })
  return text
}

/** Comma-separated parts of all values, trimmed, without empty ones and repeats. */
export const readList = (given: Given, field: string): string[] => {
  const values = given.query.get(field)
  if (!values) return []
  if (!values.every(isStorable)) refuse(given, field, 'invalid_text')
  const parts = values.flatMap((value) => value.split(',')).map((part) => part.trim())
  return [...new Set(parts.filter((part) => part !== ''))]
}
