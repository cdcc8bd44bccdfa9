import { stemmer as stemRussian } from '@orama/stemmers/russian'
import { createLru } from '../shared.ts'

/** Stop words: they do not describe a product. */
const STOP = new Set(
  (
    'а без более бы был была были было быть в вам вас весь во вот все всего всех вы где да даже для до его ее если есть еще же за и из ' +
    'или им их к как ко когда который кто ли либо мне мы на над надо наш не него нее нет ни них но ну о об один однако он она они оно от ' +
    'по под при про с сам свой себя со так также такой там те тем то того тоже той только том ты у уже хотя чего чей чем что чтобы эта ' +
    'эти это этот я a an and are as at be by for from in is it of on or that the their this to was were will with'
  ).split(' '),
)
/** Longer runs of letters are no words, and a stem of one would only fill the index. */
const LONGEST = 64
const CYRILLIC = /[а-я]/
const LATIN = /^[a-z]+$/

/** The words of a text, in its order: lower case, `е` for `ё`, compatibility forms unified, letters and digits only. */
export const wordsOf = (text: string): string[] => {
  const found = text
    .replace(INVISIBLE, '')
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll('ё', 'е')
    .match(/[\p{L}\p{N}]+/gu)
  return found ? found.map((word) => (word.length > LONGEST ? word.slice(0, LONGEST).toWellFormed() : word)) : []
}
export const isStopWord = (word: string): boolean => STOP.has(word)

/** Distinct words remembered with their stems: titles repeat theirs, and stemming is most of the work. */
const REMEMBERED = 20_000
const stems = createLru<string, string>(REMEMBERED)

/** The part of a word that its forms share. */
export const stemOf = (word: string): string => {
  const known = stems.get(word)
  if (known !== undefined) return known
  const stem = CYRILLIC.test(word) ? stemRussian(word) : LATIN.test(word) ? stemEnglish(word) : word
  stems.set(word, stem)
  return stem
}
/** Latin letters that look like the Cyrillic ones at the same place, in lower case; `b` and `h` are those of capital letters. */
const LATIN_TWINS = 'abcehkmoptxy'
const CYRILLIC_TWINS = 'авсенкмортху'
const toCyrillic = new Map([...LATIN_TWINS].map((letter, n) => [letter, CYRILLIC_TWINS[n] as string]))
const toLatin = new Map([...CYRILLIC_TWINS].map((letter, n) => [letter, LATIN_TWINS[n] as string]))
const isMixed = (word: string) => /[a-z]/.test(word) && CYRILLIC.test(word)
/** A word of both alphabets in the one that all its letters can be of; the Cyrillic one where both would do. */
const inOneAlphabet = (word: string): string => {
  if (!isMixed(word)) return word
  for (const [other, twins] of [
    [/[a-z]/, toCyrillic],
    [CYRILLIC, toLatin],
  ] as const) {
    const letters = [...word].map((letter) => (other.test(letter) ? twins.get(letter) : letter))
    if (!letters.includes(undefined)) return letters.join('')
  }
  return word
}

/** Units and letters of models, which are typed in either alphabet (`4K`, `A4`, `50 см`), in Latin ones. Longer words are words of a language. */
const LONGEST_UNIT = 2
const unitInLatin = (word: string): string => {
  if (word.length > LONGEST_UNIT || !CYRILLIC.test(word)) return word
  const letters = [...word].map((letter) => toLatin.get(letter))
  return letters.includes(undefined) ? word : letters.join('')
}

/** Letters with a stroke or joined of two, which are no letter with an accent, as they are typed without. */
const PLAIN_LETTERS: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ħ: 'h',
  ŧ: 't',
  ı: 'i',
  ς: 'σ',
}
const NOT_PLAIN = new RegExp(`[${Object.keys(PLAIN_LETTERS).join('')}]`, 'g')
/** Characters that nobody sees or types: soft hyphens, joiners, marks of direction. */
const INVISIBLE = /[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g

/** Runs of letters and digits with single hyphens or apostrophes between them. */
const COMPOUND = /[\p{L}\p{N}]+(?:[-\u2010\u2011'\u2019][\p{L}\p{N}]+)*/gu
/** Of a longer compound the parts alone are words. */
const MOST_PARTS = 4

/** A word, or several that are written as one: `350мл`, `USB-C`. */
export interface Compound {
  /** Runs of letters or of digits, in one alphabet, without accents. */
  parts: string[]
  /** The parts as one word, where there are some and the word is not too long. */
  joined?: string
}

/** The words of a text as full-text search takes them, in its order. */
export const compoundsOf = (text: string): Compound[] => {
  const plain = text
    .replace(INVISIBLE, '')
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll('ё', 'е')
    .normalize('NFD')
    // Accents of Latin and Greek letters; of Cyrillic ones they make other letters.
    .replace(/([a-z\u03b1-\u03c9])\p{M}+/gu, '$1')
    .normalize('NFC')
    .replace(NOT_PLAIN, (letter) => PLAIN_LETTERS[letter] as string)
  return (plain.match(COMPOUND) ?? []).map((compound): Compound => {
    const parts = (compound.match(/\p{N}+|\p{L}+/gu) ?? []).map((part) =>
      inOneAlphabet(part.length > LONGEST ? part.slice(0, LONGEST).toWellFormed() : part),
    )
    const joined = parts.map(unitInLatin).join('')
    return parts.length > 1 && parts.length <= MOST_PARTS && joined.length <= LONGEST ? { parts, joined } : { parts }
  })
}

/** What stands for a word in the index, and is looked for. */
export const termOf = (word: string): string => stemOf(unitInLatin(word))

/** Terms under which a text is found: of the words that mean something, and of words that are written as one, in order, repeats included. */
export const termsOf = (text: string): string[] =>
  compoundsOf(text).flatMap(({ parts, joined }) => [
    ...parts.filter((part) => !STOP.has(part)).map(termOf),
    ...(joined === undefined ? [] : [termOf(joined)]),
  ])

/**
 * How many letters have to be changed, added, left out or swapped with their neighbour to make one word of the other; above `most`
 * it is `most + 1`.
 */
export const editDistance = (a: string, b: string, most: number): number => {
  if (Math.abs(a.length - b.length) > most) return most + 1
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, n) => n)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let best = Math.min((last[j] as number) + 1, (row[j - 1] as number) + 1, (last[j - 1] as number) + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (beforeLast[j - 2] as number) + 1)
      row.push(best)
    }
    if (Math.min(...row) > most) return most + 1
    beforeLast = last
    last = row
  }
  return Math.min(last[b.length] as number, most + 1)
}

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
