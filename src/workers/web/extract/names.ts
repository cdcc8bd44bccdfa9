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

/** A text of a link or heading. */
interface Piece {
  text: string
  /** The nearest element that may be a count. */
  own: Node
  isJoined: boolean
}

/**
 * The name that a link or heading shows: its text without a count that has an element of its own or stands in brackets at the end. Neighbouring
 * elements are parted by a blank.
 */
export const nameOf = (node: Node, limit: number, budget?: Budget): string => {
  const { first: only } = node
  if (only?.data !== undefined && !only.next) {
    budget?.spend('reads', 2)
    return withoutCount(tidy(only.data.slice(0, limit + 1000), limit))
  }
  const pieces: Piece[] = []
  let seen = 0
  let length = 0
  walk<undefined>(node, undefined, (child) => {
    if (length > limit || ++seen > MAX_NODES) return stop
    const { name, data } = child
    if (data !== undefined) {
      const text = data.slice(0, limit + 1000)
      const own = child.parent!
      length += text.length
      pieces.push({ text, own, isJoined: own === node || WITHIN_WORDS.has(own.name!) })
    } else if (name === 'br') pieces.push({ text: ' ', own: node, isJoined: true })
    else if (name !== undefined && SILENT.has(name)) return skip
    return undefined
  })
  budget?.spend('reads', seen)
  if (pieces.length < 2) return pieces.length === 0 ? '' : withoutCount(tidy(pieces[0]!.text, limit))
  return nameIn(node, pieces, limit)
}

/** The name in several texts. */
const nameIn = (node: Node, pieces: Piece[], limit: number): string => {
  const texts = new Map<Node, string>()
  for (const { own, text } of pieces) texts.set(own, (texts.get(own) ?? '') + text)
  // A number before any name is the name's beginning (`7 Up`) unless its class says otherwise.
  const first = pieces.find(({ text }) => text.trim() !== '')?.own
  const isCount = (own: Node) =>
    own !== node && COUNT.test(tidy(texts.get(own)!, 40)) && (own !== first || COUNT_CLASS.test(own.attribs?.class ?? ''))
  const shown = tidy(joined(pieces.filter(({ own }) => !isCount(own))), limit)
  return withoutCount(shown) || tidy(joined(pieces), limit)
}

/** A name without a count in brackets at its end, unless it is nothing else. */
const withoutCount = (shown: string): string => {
  if (!/[)\]]$/.test(shown)) return shown
  const name = shown
    .replace(/\s?[([]\s?[)\]]$/, '')
    .replace(COUNT_AT_END, '')
    .trim()
  return name || shown
}

const joined = (pieces: Piece[]) => {
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
