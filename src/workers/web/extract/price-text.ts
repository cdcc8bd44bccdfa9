import { type Node, skip, stop, tidy, walk } from './dom.ts'

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
const collect = (root: Node, isWanted: (node: Node) => boolean): string => {
  let text = ''
  let seen = 0
  walk<boolean>(root, false, (node, raised) => {
    if (text.length > MAX_CHARS || ++seen > MAX_NODES) return stop
    const { name, attribs = {} } = node
    if (node.type === 'text') {
      const data = (node.data ?? '').slice(0, MAX_CHARS)
      text += raised ? raisedText(data) : data
      return raised
    }
    if (!name) return raised
    if (SILENT.has(name) || (node !== root && !isWanted(node))) return skip
    if (BLOCKS.has(name)) text += ' '
    return raised || name === 'sup' || (node !== root && CENTS.test(attribs.class ?? ''))
  })
  return tidy(text, MAX_CHARS)
}

const isHidden = ({ attribs = {} }: Node) => attribs['aria-hidden'] === 'true' || /display:\s*none/i.test(attribs.style ?? '')
const isOld = ({ name, attribs = {} }: Node) =>
  STRUCK.has(name ?? '') || OLD.test(attribs.class ?? '') || /line-through/i.test(attribs.style ?? '')

/**
 * The text of an element that shows a price: without what is struck through, or shown a second time for the eye only, while another number
 * is left; raised hundredths (`$12<sup>99</sup>`) as `$12⁹⁹`.
 */
export const priceText = (node: Node): string => {
  for (const isWanted of [
    (child: Node) => !isOld(child) && !isHidden(child),
    (child: Node) => !isOld(child),
    (child: Node) => !isHidden(child),
  ]) {
    const text = collect(node, isWanted)
    if (/[\d\u0660-\u0669\u06f0-\u06f9]/.test(text)) return text
  }
  return collect(node, () => true)
}
