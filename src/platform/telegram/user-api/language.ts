import { detect } from 'tinyld'

/** Below so many letters a guess is worse than none: one word of an alphabet fits several languages. */
const MIN_LETTERS = 16
/** Scripts in which a few characters carry as much as a sentence. */
const DENSE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu
const MIN_DENSE = 4
const MAX_CHARS = 2000

/** Parts of a text that have letters and are not words of a language. */
const NOISE = /https?:\/\/\S+|\bt\.me\/\S+|[@#][\p{L}\p{N}_]+|\b[\w.-]+@[\w-]+\.\w+\b/gu

/** The language of a channel's texts as ISO 639-1, or null when there is too little to tell (love-parser §7, live). */
export const detectLanguage = (texts: readonly (string | null)[]): string | null => {
  const words = texts
    .filter((text) => text !== null && text !== '')
    .join('\n')
    .replace(NOISE, ' ')
    .slice(0, MAX_CHARS)
  const letters = words.match(/\p{L}/gu)?.length ?? 0
  if (letters < MIN_LETTERS && (words.match(DENSE)?.length ?? 0) < MIN_DENSE) return null
  const found = detect(words)
  return /^[a-z]{2}$/.test(found) ? found : null
}
