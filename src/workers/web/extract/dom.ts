import type { Budget } from './budget.ts'
import type { Node } from './tree.ts'

export type { Node } from './tree.ts'

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
  const stack: [Node, S][] = [[root, state]]
  let left = nodes
  for (let entry = stack.pop(); entry && left-- > 0; entry = stack.pop()) {
    const [node, given] = entry
    const below = enter(node, given)
    if (below === stop) return
    const { children } = node
    if (below === skip || !children) continue
    for (let index = Math.min(children.length, left) - 1; index >= 0; index--) stack.push([children[index]!, below as S])
  }
}
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
  const stack: (Node | ' ')[] = [node]
  let seen = 0
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    if (entry === ' ') {
      text += entry
      continue
    }
    if (text.length > limit || ++seen > nodes) break
    if (entry.type === 'text') text += (entry.data ?? '').slice(0, limit + 1000)
    if (!entry.name && entry.type !== 'root') continue
    if (SILENT.has(entry.name ?? '')) continue
    // The title of a picture is not shown.
    if (entry.name === 'title' && entry.parent?.name === 'svg' && entry !== node) continue
    if (BLOCKS.has(entry.name ?? '')) {
      text += ' '
      stack.push(' ')
    }
    const { children } = entry
    // No more children than may still be looked at: one parent of a hundred thousand is asked a thousand times.
    if (children)
      for (let index = Math.min(children.length, nodes - seen + 1) - 1; index >= 0; index--) stack.push(children[index]!)
  }
  budget?.spend('reads', seen)
  return tidy(text, limit)
}

/** Collapses white space and drops control characters. */
export const tidy = (text: string, limit: number): string => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: pages contain them
  const clean = text.replace(/[\s\u0000-\u001f\u007f]+/g, ' ').trim()
  return clean.length > limit ? clean.slice(0, limit).trimEnd() : clean
}
