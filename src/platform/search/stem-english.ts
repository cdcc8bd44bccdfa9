const VOWEL = /[aeiouy]/
/** Endings that make a noun or adjective of a word and are the same in most of its forms; longest first. */
const DERIVED: readonly (readonly [string, string])[] = [
  ['ization', 'ize'],
  ['fulness', 'ful'],
  ['ousness', 'ous'],
  ['iveness', 'ive'],
  ['ingly', ''],
  ['ation', 'ate'],
  ['ment', ''],
  ['ness', ''],
  ['ful', ''],
  ['ly', ''],
]
/** A stem keeps at least so many characters. */
const SHORTEST = 3

const undouble = (stem: string): string => {
  const last = stem.at(-1) as string
  if (last === stem.at(-2) && !'lsz'.includes(last) && !VOWEL.test(last)) return stem.slice(0, -1)
  return stem
}
const withoutS = (word: string): string => {
  if (!word.endsWith('s') || word.endsWith('ss') || word.endsWith('us') || word.endsWith('is')) return word
  if (word.endsWith('ies') && word.length > 4) return `${word.slice(0, -3)}y`
  return /(?:ss|sh|ch|x|z)es$/.test(word) ? word.slice(0, -2) : word.slice(0, -1)
}

/**
 * The stem of an English word in lower case: plural, past, `-ing` and a few derived forms fall together. Light on purpose: it
 * serves brand names and the odd English title among Russian ones.
 */
export const stemEnglish = (given: string): string => {
  if (given.length <= SHORTEST) return given
  let word = withoutS(given)
  for (const [ending, instead] of DERIVED) {
    const stem = word.slice(0, word.length - ending.length)
    if (word.endsWith(ending) && stem.length >= SHORTEST && VOWEL.test(stem)) {
      word = stem + instead
      break
    }
  }
  for (const ending of ['ing', 'ed']) {
    const stem = word.slice(0, word.length - ending.length)
    if (word.endsWith(ending) && stem.length >= SHORTEST && VOWEL.test(stem)) {
      word = undouble(stem)
      break
    }
  }
  if (word.length > SHORTEST && word.endsWith('e')) word = word.slice(0, -1)
  return word.length > SHORTEST && word.endsWith('y') && !VOWEL.test(word.at(-2) as string) ? `${word.slice(0, -1)}i` : word
}
