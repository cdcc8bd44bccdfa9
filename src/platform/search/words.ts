import { stemmer as stemRussian } from '@orama/stemmers/russian'
import { LRUCache } from 'lru-cache'
import { stemEnglish } from './stem-english.ts'

/** Words that say nothing about a product. */
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
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll('ё', 'е')
    .match(/[\p{L}\p{N}]+/gu)
  return found ? found.map((word) => (word.length > LONGEST ? word.slice(0, LONGEST).toWellFormed() : word)) : []
}
export const isStopWord = (word: string): boolean => STOP.has(word)

/** Distinct words remembered with their stems: titles repeat theirs, and stemming is most of the work. */
const REMEMBERED = 20_000
const stems = new LRUCache<string, string>({ max: REMEMBERED })

/** The part of a word that its forms share. */
export const stemOf = (word: string): string => {
  const known = stems.get(word)
  if (known !== undefined) return known
  const stem = CYRILLIC.test(word) ? stemRussian(word) : LATIN.test(word) ? stemEnglish(word) : word
  stems.set(word, stem)
  return stem
}
/** Stems of the words that mean something, in order, repeats included. */
export const stemsOf = (text: string): string[] =>
  wordsOf(text)
    .filter((word) => !STOP.has(word))
    .map(stemOf)
