import type { Budget } from './budget.ts'
import type { Attributes, Node } from './tree.ts'

export { type Attributes, Node } from './tree.ts'

/**
 * Depth first, document order. `enter` gets the state its parent returned and returns the state of its children, `skip` or `stop`. Ends
 * after `nodes` nodes: who is asked for what is below it may stand below another one that is asked as well.
 */
export const walk = <S>(
  root: Node,
  state: S,
  enter: (node: Node, state: S) => S | typeof skip | typeof stop,
  nodes = Number.POSITIVE_INFINITY,
): void => {
  /** What the children of the open elements are given. */
  const states: S[] = [state]
  let node: Node | undefined = root
  for (let left = nodes; node && left > 0; left--) {
    const below = enter(node, states[states.length - 1]!)
    if (below === stop) return
    if (below !== skip && node.first) {
      states.push(below as S)
      node = node.first
      continue
    }
    while (node && node !== root && !node.next) {
      node = node.parent
      states.pop()
    }
    node = node === root ? undefined : node?.next
  }
}
/** The children of a node, in page order; at most `most`. */
export const childrenOf = (node: Node, most = Number.POSITIVE_INFINITY): Node[] => {
  const children: Node[] = []
  for (let child = node.first; child && children.length < most; child = child.next) children.push(child)
  return children
}
/** What an element without attributes has. */
export const NONE: Attributes = Object.freeze({})

/** Leaves out the nodes below this one. */
export const skip: unique symbol = Symbol('skip')
/** Ends the walk. */
export const stop: unique symbol = Symbol('stop')

const SILENT = new Set(['script', 'style', 'noscript', 'template'])
/** Elements whose text does not belong to the words beside them. */
const BLOCKS = new Set(
  (
    'address article aside blockquote body br button caption center dd details dialog dir div dl dt fieldset figcaption figure footer form ' +
    'h1 h2 h3 h4 h5 h6 header hr legend li main menu nav ol optgroup option p pre section select summary table tbody td textarea tfoot th ' +
    'thead tr ul'
  ).split(' '),
)

/**
 * Visible text below a node, white space collapsed, texts of neighbouring blocks parted by a blank, cut at `limit` characters. At most
 * `nodes` nodes are looked at: elements that are asked for their text may nest in each other, and a hostile page nests a hundred
 * thousand of them. A budget, if given, is charged for each.
 */
export const textOf = (node: Node, limit = 5000, nodes = 5000, budget?: Budget): string => {
  let text = ''
  let seen = 0
  let at: Node | undefined = node
  while (at) {
    if (text.length > limit || ++seen > nodes) break
    if (at.data !== undefined) text += at.data.slice(0, limit + 1000)
    const isSilent =
      at.name !== undefined &&
      // The title of a picture is not shown.
      (SILENT.has(at.name) || (at.name === 'title' && at !== node && at.parent?.name === 'svg'))
    if (isBlock(at)) text += ' '
    if (at.first && !isSilent) {
      at = at.first
      continue
    }
    if (isBlock(at)) text += ' '
    while (at && at !== node && !at.next) {
      at = at.parent
      if (at && isBlock(at)) text += ' '
    }
    at = at === node ? undefined : at?.next
  }
  budget?.spend('reads', seen)
  return tidy(text, limit)
}

const isBlock = ({ name }: Node) => name !== undefined && BLOCKS.has(name)

/** What `tidy` changes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: pages contain them
const UNTIDY = /[^\S ]|[\u0000-\u001f\u007f]|^ | $| {2}/
/** Collapses white space and drops control characters. */
export const tidy = (text: string, limit: number): string => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: pages contain them
  const clean = UNTIDY.test(text) ? text.replace(/[\s\u0000-\u001f\u007f]+/g, ' ').trim() : text
  return clean.length > limit ? clean.slice(0, limit).trimEnd() : clean
}
