import type { Budget } from './budget.ts'
import { type Attributes, NONE, type Node, skip, stop, tidy, walk } from './dom.ts'

const SILENT = new Set(['script', 'style', 'noscript', 'template', 'svg'])
const STRUCK = new Set(['del', 's', 'strike'])
const BLOCKS = new Set(['br', 'div', 'p', 'li', 'tr', 'td', 'dd', 'dt', 'ins', 'del', 's', 'strike'])
/** Classes of what a product cost before. */
const OLD =
  /(?:^|[\s_-])(?:old|was|regular|list|strike\w*|crossed|before|previous|compare|rrp|msrp|line-?through)(?=$|[\s_-])|oldprice|priceold/i
/** Classes of the hundredths of a price. */
const CENTS = /(?:^|[\s_-])(?:cents?|fractions?|decimals?|penny|pennies|kopecks?|kop)(?=$|[\s_-])/i
const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹'
const MAX_NODES = 500
const MAX_CHARS = 1000

/** Hundredths keep their place in the text by being written above the line; a single digit is a footnote. */
const raisedText = (text: string) =>
  text
    .replace(/(?<!\d)\d(?!\d)/, ' ')
    .replace(/(?<!\d)\d{2,3}(?!\d)/, (digits) => [...digits].map((digit) => SUPERSCRIPTS[Number(digit)]).join(''))

/** A walk over the text of a price; `raised` is set below what stands for hundredths. */
const collect = (root: Node, isWanted: (node: Node) => boolean, budget: Budget): string => {
  let text = ''
  let seen = 0
  const enter = (node: Node, raised: boolean) => {
    seen++
    if (text.length > MAX_CHARS) return stop
    const { name, attribs = NONE } = node
    if (node.data !== undefined) {
      const data = node.data.slice(0, MAX_CHARS)
      text += raised ? raisedText(data) : data
      return raised
    }
    if (!name) return raised
    if (SILENT.has(name) || (node !== root && !isWanted(node))) return skip
    if (BLOCKS.has(name)) text += ' '
    return raised || name === 'sup' || (node !== root && CENTS.test(classOf(attribs)))
  }
  walk<boolean>(root, false, enter, MAX_NODES)
  budget.spend('reads', seen)
  return tidy(text, MAX_CHARS)
}

/** Longer ones are no style of a template. */
const MAX_STYLE = 300
const classOf = (attribs: Attributes) => (attribs.class ?? '').slice(0, MAX_STYLE)
const styleOf = (attribs: Attributes) => (attribs.style ?? '').slice(0, MAX_STYLE)

const isHidden = ({ attribs = NONE }: Node) => attribs['aria-hidden'] === 'true' || /display:\s{0,5}none/i.test(styleOf(attribs))
const isOld = ({ name, attribs = NONE }: Node) =>
  STRUCK.has(name ?? '') || OLD.test(classOf(attribs)) || /line-through/i.test(styleOf(attribs))

/**
 * The text of an element that shows a price: without what is struck through, or shown a second time for the eye only, while another number
 * is left; raised hundredths (`$12<sup>99</sup>`) as `$12⁹⁹`.
 */
export const priceText = (node: Node, budget: Budget): string => {
  for (const isWanted of [
    (child: Node) => !isOld(child) && !isHidden(child),
    (child: Node) => !isOld(child),
    (child: Node) => !isHidden(child),
  ]) {
    const text = collect(node, isWanted, budget)
    if (/[\d\u0660-\u0669\u06f0-\u06f9]/.test(text)) return text
  }
  return collect(node, () => true, budget)
}
