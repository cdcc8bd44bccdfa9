import { redactText } from '../platform/log.ts'

/** Characters of an error that are looked at, from its first or last line. */
const MAX_CHARS = 1000
/** What differs from one failure of a cause to the next. The order counts: an address holds numbers, a quoted text may hold anything. */
const VARYING: [RegExp, string][] = [
  [/\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>`]+/gi, '<url>'],
  [/"[^"]{0,500}"|`[^`]{0,500}`|«[^»]{0,500}»|“[^”]{0,500}”|(?<![\p{L}\p{N}])'[^']{0,500}'(?![\p{L}\p{N}])/gu, '<text>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<id>'],
  [/\b(?=[a-z]{0,63}\d)[0-9a-z_-]{16,64}\b/gi, '<id>'],
  [/\b0x[0-9a-f]{1,16}\b|\b(?=[a-f]{0,15}\d)[0-9a-f]{8,64}\b/gi, '<id>'],
  [/(?<![\p{L}_])(?:\/[\p{L}\p{N}_.%~-]{1,200}){2,20}\/?/gu, '<path>'],
]
/** A status is the cause itself; other numbers are times, counts and ids. */
const NUMBER = /(\b(?:http|status|code)[ :=/]{0,3})?(?<![\p{L}])[-+]?\d+(?:[.,:]\d+)*/giu

/** The line of an error that names it: the first one, of a Python traceback the last. */
const lineOf = (error: string): string => {
  const lines = error
    .trim()
    .slice(error.includes('Traceback (most recent call last)') ? -MAX_CHARS : 0)
    .split('\n')
  const line = error.includes('Traceback (most recent call last)')
    ? lines.findLast((one) => one.trim())
    : lines.find((one) => one.trim())
  return (line ?? '').slice(0, MAX_CHARS).trim()
}

/** An error as it is shown for all failures of its group: without addresses, quoted texts, ids and numbers (operations §7). */
export const messageOfGroup = (error: string): string => {
  let line = redactText(lineOf(error))
  for (const [pattern, name] of VARYING) line = line.replace(pattern, name)
  return line
    .replace(NUMBER, (found, before: string | undefined) =>
      before && /^\d{3}$/.test(found.slice(before.length)) ? found : `${before ?? ''}<n>`,
    )
    .replace(/\s+/g, ' ')
}

/** The fingerprint of an error: the same for all failures of one cause. 16 hexadecimal digits. */
export const errorGroupOf = (error: string): string =>
  new Bun.CryptoHasher('sha256').update(messageOfGroup(error).toLowerCase()).digest('hex').slice(0, 16)
