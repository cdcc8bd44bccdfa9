import type { Budget } from './budget.ts'
import { type Node, skip, stop, tidy, walk } from './dom.ts'

/** Nodes of one link or heading that are searched for its name. */
const MAX_NODES = 100
const SILENT = new Set(['script', 'style', 'noscript', 'template', 'svg'])
/** Elements that may begin or end within a word. */
const WITHIN_WORDS = new Set(['b', 'i', 'em', 'strong', 'u', 'mark', 'font', 'wbr', 'sub', 'sup', 'small', 'a'])
const COUNT_CLASS = /(?:^|[\s_-])(?:counts?|counter|quantity|qty|num(?:ber)?|amount|badge)(?=$|[\s_-])/i
const UNITS = String.raw`items?|products?|goods|results?|pcs|шт|тов(?:ар\p{L}{0,3})?|позици\p{L}{1,2}|предложени\p{L}{1,2}|артикул\p{L}{0,2}|produkte?|artikel|produits?|articles?|productos?|prodotti|produkt\p{L}{0,3}`
const COUNT = new RegExp(String.raw`^[([]?\s?\d[\d\s.,]{0,12}\+?\s?(?:(?:${UNITS})\.?)?\s?[)\]]?$`, 'iu')
const COUNT_AT_END = new RegExp(
  String.raw`\s?[([]\s?(?!(?:19|20)\d\d\s?[)\]])\d[\d\s.,]{0,12}\+?\s?(?:(?:${UNITS})\.?)?\s?[)\]]$`,
  'iu',
)

/**
 * The name that a link or heading shows: its text without a count that has an element of its own or stands in brackets at the end. Neighbouring
 * elements are parted by a blank.
 */
export const nameOf = (node: Node, limit: number, budget?: Budget): string => {
  /** Texts of the elements below, in page order; `own` is the nearest element that may be a count. */
  const pieces: { text: string; own: Node; isJoined: boolean }[] = []
  let seen = 0
  let length = 0
  walk<{ own: Node; isJoined: boolean }>(node, { own: node, isJoined: true }, (child, above) => {
    if (length > limit || ++seen > MAX_NODES) return stop
    if (child.name && SILENT.has(child.name)) return skip
    if (child.type === 'text') {
      const text = (child.data ?? '').slice(0, limit + 1000)
      length += text.length
      pieces.push({ text, ...above })
    } else if (child.name === 'br') pieces.push({ text: ' ', own: node, isJoined: true })
    else if (child !== node && child.name) return { own: child, isJoined: WITHIN_WORDS.has(child.name) }
    return above
  })
  budget?.spend('reads', seen)
  const texts = new Map<Node, string>()
  for (const { own, text } of pieces) texts.set(own, (texts.get(own) ?? '') + text)
  // A number before any name is the name's beginning (`7 Up`) unless its class says otherwise.
  const first = pieces.find(({ text }) => text.trim() !== '')?.own
  const isCount = (own: Node) =>
    own !== node && COUNT.test(tidy(texts.get(own)!, 40)) && (own !== first || COUNT_CLASS.test(own.attribs?.class ?? ''))
  const shown = tidy(joined(pieces.filter(({ own }) => !isCount(own))), limit)
  const name = shown
    .replace(/\s?[([]\s?[)\]]$/, '')
    .replace(COUNT_AT_END, '')
    .trim()
  return name || shown || tidy(joined(pieces), limit)
}

const joined = (pieces: { text: string; own: Node; isJoined: boolean }[]) => {
  let text = ''
  let last: Node | undefined
  let wasJoined = true
  for (const piece of pieces) {
    if (last && last !== piece.own && !(piece.isJoined && wasJoined)) text += ' '
    text += piece.text
    last = piece.own
    wasJoined = piece.isJoined
  }
  return text
}
