import { type QuoteType, Tokenizer } from 'htmlparser2'
import type { Budget } from './budget.ts'

/** An element, a text, or the document. Comments and declarations are not kept. */
export interface Node {
  type: 'root' | 'tag' | 'text'
  /** Lower case. */
  name?: string
  /** Without a prototype: names come from strangers. The first of several attributes of one name counts. */
  attribs?: Record<string, string>
  children?: Node[]
  parent?: Node | null
  /** Text with its entities decoded. */
  data?: string
}

/** Attributes of one element that are kept. */
const MAX_ATTRIBUTES = 60
const set = (names: string) => new Set(names.split(' '))
const VOID = set('area base basefont br col embed frame hr img input link meta param source track wbr')
const FOREIGN = set('svg math')
/** Elements of HTML that end an open `svg` or `math`, as in browsers; some that browsers keep inside, but no picture has. */
const BREAKOUT = set(
  'article aside b big blockquote body br button center code dd div dl dt em embed footer form h1 h2 h3 h4 h5 h6 head header hr i img ' +
    'input label li link listing main menu meta nav nobr ol p pre ruby s section select small span strong strike sub sup table tbody td th thead ' +
    'tr tt u ul var',
)
/** Elements inside `svg` and `math` that hold HTML. */
const INTEGRATION = set('foreignobject desc annotation-xml mtext mi mo mn ms')
const ENDS_P = set(
  'address article aside blockquote details dir div dl fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr main menu nav ol p pre ' +
    'section table ul li dt dd tr td th tbody thead tfoot',
)
/** What an opening tag ends, as long as it is the innermost open element. */
const ENDS = new Map([
  ['li', set('li')],
  ['dt', set('dt dd')],
  ['dd', set('dt dd')],
  ['option', set('option')],
  ['optgroup', set('option optgroup')],
  ['tr', set('tr td th')],
  ['td', set('td th')],
  ['th', set('td th')],
  ['tbody', set('tr td th tbody thead tfoot')],
  ['thead', set('tr td th tbody thead tfoot')],
  ['tfoot', set('tr td th tbody thead tfoot')],
  ['a', set('a')],
  ['button', set('button')],
])
/** A closing tag of what was opened outside these ends nothing. */
const BARRIERS = set('table td th caption template')
const PASSES = set('table td th caption template tr tbody thead tfoot html body')
/** Open elements that are looked at to decide where a tag belongs. */
const MAX_LOOK = 64

function Attributes(this: unknown) {}
Attributes.prototype = Object.create(null)
const newAttributes = Attributes as unknown as new () => Record<string, string>

/**
 * Parses HTML into a tree with the tokenizer of htmlparser2: three times faster than the standard's algorithm and enough for reading
 * marks. Its parser is not used, since it takes time by the depth of the page for each tag. Linear in the text; each node is paid for.
 */
export const parseHtml = (text: string, budget: Budget): Node => {
  // Browsers end a comment there as well; the tokenizer does not.
  const html = text.includes('--!>') ? text.replaceAll('--!>', '-->') : text
  const root: Node = { type: 'root', children: [] }
  const open: Node[] = [root]
  /** How many elements of a name are open: a closing tag without one costs nothing. */
  const openCount = new Map<string, number>()
  let element: Node | undefined
  let attribute = ''
  let value = ''
  let attributes = 0

  const top = () => open[open.length - 1]!
  const pop = () => {
    const { name } = open.pop()!
    openCount.set(name!, openCount.get(name!)! - 1)
  }
  const isOpen = (name: string) => (openCount.get(name) ?? 0) > 0
  const popTo = (name: string) => {
    while (top().name !== name) pop()
    pop()
  }
  const append = (node: Node) => {
    budget.spend('nodes')
    const parent = top()
    node.parent = parent
    if (parent.children) parent.children.push(node)
    else parent.children = [node]
  }
  const addText = (data: string) => {
    const last = top().children?.at(-1)
    // Entities come one by one.
    if (last?.type === 'text') last.data += data
    else append({ type: 'text', data })
  }
  /** Whether the innermost element that decides is `svg` or `math`. */
  const isForeign = () => {
    if (!isOpen('svg') && !isOpen('math')) return false
    for (let index = open.length - 1; index > 0; index--) {
      const { name } = open[index]!
      if (FOREIGN.has(name!)) return true
      if (INTEGRATION.has(name!) || BREAKOUT.has(name!)) return false
      if (open.length - index > MAX_LOOK) return true
    }
    return false
  }
  const openElement = (name: string) => {
    if (BREAKOUT.has(name) && isForeign()) {
      while (!FOREIGN.has(top().name!)) pop()
      pop()
    }
    if (ENDS_P.has(name)) while (top().name === 'p') pop()
    const ends = ENDS.get(name)
    if (ends) while (ends.has(top().name ?? '')) pop()
    element = { type: 'tag', name }
    append(element)
    attributes = 0
    if (VOID.has(name)) return
    open.push(element)
    openCount.set(name, (openCount.get(name) ?? 0) + 1)
  }

  /** Whether a closing tag would end a table cell that was opened after its element: browsers ignore it. */
  const crosses = (name: string) => {
    for (let index = open.length - 1, seen = 0; index > 0 && seen < MAX_LOOK; index--, seen++) {
      const one = open[index]!.name!
      if (one === name) return false
      if (BARRIERS.has(one)) return true
    }
    return false
  }

  const tokenizer = new Tokenizer(
    { decodeEntities: true },
    {
      ontext: (start, end) => addText(html.slice(start, end)),
      ontextentity: (codepoint) => addText(String.fromCodePoint(codepoint)),
      onopentagname: (start, end) => openElement(html.slice(start, end).toLowerCase()),
      onattribname: (start, end) => {
        attribute = html.slice(start, end).toLowerCase()
        value = ''
      },
      onattribdata: (start, end) => {
        value += html.slice(start, end)
      },
      onattribentity: (codepoint) => {
        value += String.fromCodePoint(codepoint)
      },
      onattribend: (_quote: QuoteType) => {
        budget.spend('attributes')
        if (element && attributes < MAX_ATTRIBUTES) {
          element.attribs ??= new newAttributes()
          if (element.attribs[attribute] === undefined) {
            element.attribs[attribute] = value
            attributes++
          }
        }
        value = ''
      },
      onopentagend: () => {
        element = undefined
      },
      onselfclosingtag: () => {
        // HTML ignores the slash; pictures and formulas do not.
        if (element && element === top() && isOpen('svg') && isForeign()) pop()
        element = undefined
      },
      onclosetag: (start, end) => {
        const name = html.slice(start, end).toLowerCase()
        if (isOpen(name)) {
          if (!PASSES.has(name) && crosses(name)) return
          popTo(name)
        } else if (name === 'br' || name === 'p') {
          openElement(name)
          if (name === 'p') pop()
          element = undefined
        }
      },
      oncomment: () => {},
      oncdata: (start, end) => {
        if (isForeign()) addText(html.slice(start, end - 2))
      },
      ondeclaration: () => {},
      onprocessinginstruction: () => {},
      onend: () => {},
    },
  )
  tokenizer.write(html)
  tokenizer.end()
  return root
}
