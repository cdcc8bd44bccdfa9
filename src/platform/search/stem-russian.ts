/** Endings of a class that count only after `а` or `я`, and those that count always; longest first. */
interface Endings {
  afterA: readonly string[]
  always: readonly string[]
}
const endings = (always: string, afterA = ''): Endings => {
  const longestFirst = (text: string) =>
    text
      .split(' ')
      .filter(Boolean)
      .sort((a, b) => b.length - a.length)
  return { afterA: longestFirst(afterA), always: longestFirst(always) }
}

const VOWEL = /[аеиоуыэюя]/
const GERUND = endings('ив ивши ившись ыв ывши ывшись', 'в вши вшись')
const ADJECTIVE = endings('ее ие ые ое ими ыми ей ий ый ой ем им ым ом его ого ему ому их ых ую юю ая яя ою ею')
const PARTICIPLE = endings('ивш ывш ующ', 'ем нн вш ющ щ')
const REFLEXIVE = endings('ся сь')
const VERB = endings(
  'ила ыла ена ейте уйте ите или ыли ей уй ил ыл им ым ен ило ыло ено ят ует уют ит ыт ены ить ыть ишь ую ю',
  'ла на ете йте ли й л ем н ло но ет ют ны ть ешь нно',
)
const NOUN = endings('а ев ов ие ье е иями ями ами еи ии и ией ей ой ий й иям ям ием ем ам ом о у ах иях ях ы ь ию ью ю ия ья я')
const SUPERLATIVE = endings('ейш ейше')
const DERIVED = endings('ост ость')

/** How long the longest ending of the class is, inside the part of the word from `from` on; 0 where none fits. */
const endingOf = (word: string, from: number, { afterA, always }: Endings): number => {
  let found = 0
  for (const ending of always)
    if (word.length - ending.length >= from && word.endsWith(ending)) {
      found = ending.length
      break
    }
  for (const ending of afterA) {
    if (ending.length <= found) break
    const at = word.length - ending.length
    const before = word[at - 1]
    if (at - 1 >= from && (before === 'а' || before === 'я') && word.endsWith(ending)) return ending.length
  }
  return found
}
const cut = (word: string, length: number): string => (length > 0 ? word.slice(0, word.length - length) : word)

/** Where the part after the first vowel-consonant pair begins, looking from `from` on. */
const afterPair = (word: string, from: number): number => {
  for (let n = from + 1; n < word.length; n++)
    if (!VOWEL.test(word[n] as string) && VOWEL.test(word[n - 1] as string)) return n + 1
  return word.length
}

/**
 * The stem of a Russian word in lower case with `е` for `ё`, by the Snowball rules of Russian (their published description; Postgres'
 * `russian_stem` follows the same, and a test compares the two).
 */
export const stemRussian = (given: string): string => {
  const vowel = given.search(VOWEL)
  if (vowel < 0) return given
  // Nothing before the first vowel is ever an ending.
  const from = vowel + 1
  const second = afterPair(given, afterPair(given, 0))
  let word = given
  const gerund = endingOf(word, from, GERUND)
  if (gerund > 0) word = cut(word, gerund)
  else {
    word = cut(word, endingOf(word, from, REFLEXIVE))
    const adjective = endingOf(word, from, ADJECTIVE)
    if (adjective > 0) {
      word = cut(word, adjective)
      word = cut(word, endingOf(word, from, PARTICIPLE))
    } else {
      const verb = endingOf(word, from, VERB)
      word = cut(word, verb > 0 ? verb : endingOf(word, from, NOUN))
    }
  }
  if (word.length > from && word.endsWith('и')) word = cut(word, 1)
  word = cut(word, endingOf(word, Math.max(from, second), DERIVED))
  word = cut(word, endingOf(word, from, SUPERLATIVE))
  if (word.endsWith('нн') && word.length - 1 > from) return cut(word, 1)
  return word.length > from && word.endsWith('ь') ? cut(word, 1) : word
}
