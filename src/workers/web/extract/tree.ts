import { type QuoteType, Tokenizer } from 'htmlparser2'
import type { Budget } from './budget.ts'

/** Attributes that are read anywhere: others are not kept, for half of what a page holds are attributes. */
export const ATTRIBUTES = [
  ...['about', 'alt', 'aria-hidden', 'aria-label', 'class', 'content', 'data', 'datetime', 'href', 'http-equiv', 'id', 'itemid'],
  ...['itemprop', 'itemref', 'itemscope', 'itemtype', 'lang', 'name', 'property', 'rel', 'resource', 'role', 'src', 'srcset'],
  ...['style', 'title', 'type', 'typeof', 'value', 'xml:lang'],
  // Pictures that a script loads.
  ...['data-src', 'data-original', 'data-lazy-src', 'data-lazy', 'data-original-src', 'data-lazyload', 'data-lazy-original'],
  ...['data-echo', 'data-zoom-image', 'data-large_image', 'data-large-image', 'data-image', 'data-full', 'data-srcset'],
  ...['data-lazy-srcset', 'data-original-set', 'data-lazyset'],
] as const
export type AttributeName = (typeof ATTRIBUTES)[number]
export type Attributes = { readonly [name in AttributeName]?: string }

/**
 * An element, a text, or the document. Comments and declarations are not kept. All have the same six fields, and children are chained: a large
 * page has a quarter of a million of them, and a seventh field would take a quarter more memory.
 */
export class Node {
  /** Lower case; undefined for a text and the document. */
  readonly name: string | undefined
  /** What an element is given in its tag, or the characters of a text. */
  content: Attributes | string | undefined
  readonly parent: Node | undefined
  /** Its first child. */
  first: Node | undefined = undefined
  /** The next child of its parent. */
  next: Node | undefined = undefined
  /** What its readers note of it, as bits (`cards.ts`); of the document: `MARKED`. */
  bits = 0

  constructor(name: string | undefined, data: string | undefined, parent: Node | undefined) {
    this.name = name
    this.content = data
    this.parent = parent
  }

  /** Of a text, with its entities decoded; a text of nothing but blanks is one blank. */
  get data(): string | undefined {
    return typeof this.content === 'string' ? this.content : undefined
  }

  /** The first of several attributes of one name counts. */
  get attribs(): Attributes | undefined {
    return typeof this.content === 'object' ? this.content : undefined
  }
}
/** Set on a document that has an element with `itemscope` or `typeof`. */
export const MARKED = 1 << 30

/** Attributes of one element that are looked at. */
const MAX_ATTRIBUTES = 60
/** Names of elements and attributes that are remembered as they are written. */
const MAX_NAMES = 500
const MAX_NAME = 40
/** Nodes and attributes that are paid for at once. */
const SPENT_AT_ONCE = 256
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

/** Without a prototype, and faster than `Object.create(null)`. */
function NewAttributes(this: unknown) {}
NewAttributes.prototype = Object.create(null)
const newAttributes = NewAttributes as unknown as new () => { [name in AttributeName]?: string }

const KEPT = new Map<string, AttributeName>(ATTRIBUTES.map((name) => [name, name]))
/**
 * Gives what a name in the document stands for, and keeps it by the way it is written: a large page repeats some fifty names half a million
 * times, and a text for each of these would be most of what it allocates. Names beyond the first few hundred are of no template.
 */
const createNames = <T>(html: string, make: (lower: string) => T) => {
  const known = new Map<number, { written: string; made: T }>()
  return (start: number, end: number): T => {
    const length = end - start
    let hash = length
    if (length <= MAX_NAME) for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + html.charCodeAt(at)) | 0
    const entry = known.get(hash)
    if (entry && entry.written.length === length && html.startsWith(entry.written, start)) return entry.made
    const written = html.slice(start, end)
    const made = make(written.toLowerCase())
    if (!entry && length <= MAX_NAME && known.size < MAX_NAMES) known.set(hash, { written, made })
    return made
  }
}

/**
 * Parses HTML into a tree with the tokenizer of htmlparser2: three times faster than the standard's algorithm and enough for reading
 * marks. Its parser is not used, since it takes time by the depth of the page for each tag. Linear in the text; each node is paid for.
 */
export const parseHtml = (text: string, budget: Budget): Node => {
  // Browsers end a comment there as well; the tokenizer does not.
  const html = text.includes('--!>') ? text.replaceAll('--!>', '-->') : text
  const root = new Node(undefined, undefined, undefined)
  const open: Node[] = [root]
  /** The last child of each open element. */
  const last: (Node | undefined)[] = [undefined]
  /** How many elements of a name are open: a closing tag without one costs nothing. */
  const openCount = new Map<string, number>()
  const elementName = createNames(html, (lower) => lower)
  const attributeName = createNames(html, (lower) => KEPT.get(lower))
  let element: Node | undefined
  let attribute: AttributeName | undefined
  let value = ''
  /** Of the element. */
  let attributes = 0
  const unpaid = { nodes: 0, attributes: 0 }

  const pay = (cost: 'nodes' | 'attributes', least: number) => {
    if (++unpaid[cost] < least) return
    budget.spend(cost, unpaid[cost])
    unpaid[cost] = 0
  }
  const top = () => open[open.length - 1]!
  const pop = () => {
    const { name } = open.pop()!
    last.pop()
    openCount.set(name!, openCount.get(name!)! - 1)
  }
  const isOpen = (name: string) => (openCount.get(name) ?? 0) > 0
  const popTo = (name: string) => {
    while (top().name !== name) pop()
    pop()
  }
  const append = (name: string | undefined, data: string | undefined): Node => {
    pay('nodes', SPENT_AT_ONCE)
    const parent = top()
    const node = new Node(name, data, parent)
    const before = last[last.length - 1]
    if (before) before.next = node
    else parent.first = node
    last[last.length - 1] = node
    return node
  }
  const addText = (data: string) => {
    const before = last[last.length - 1]
    // Entities come one by one.
    if (before?.data !== undefined) before.content = before.data + data
    else append(undefined, data)
  }
  /** A part of the document that is a text: most are the blanks between two tags. */
  const addPart = (start: number, end: number) => {
    let at = start
    while (at < end && html.charCodeAt(at) <= 0x20) at++
    addText(at === end && last[last.length - 1]?.data === undefined ? ' ' : html.slice(start, end))
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
    element = append(name, undefined)
    attributes = 0
    if (VOID.has(name)) return
    open.push(element)
    last.push(undefined)
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
      ontext: addPart,
      ontextentity: (codepoint) => addText(String.fromCodePoint(codepoint)),
      onopentagname: (start, end) => openElement(elementName(start, end)),
      onattribname: (start, end) => {
        attribute = element && ++attributes <= MAX_ATTRIBUTES ? attributeName(start, end) : undefined
        value = ''
      },
      onattribdata: (start, end) => {
        if (attribute) value += html.slice(start, end)
      },
      onattribentity: (codepoint) => {
        if (attribute) value += String.fromCodePoint(codepoint)
      },
      onattribend: (_quote: QuoteType) => {
        pay('attributes', SPENT_AT_ONCE)
        if (!element || !attribute) return
        if (attribute === 'itemscope' || attribute === 'typeof') root.bits = MARKED
        element.content ??= new newAttributes()
        const known = element.content as { [name in AttributeName]?: string }
        known[attribute] ??= value
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
        const name = elementName(start, end)
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
  budget.spend('nodes', unpaid.nodes)
  budget.spend('attributes', unpaid.attributes)
  return root
}
