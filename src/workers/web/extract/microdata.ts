import type { Budget } from './budget.ts'
import { NONE, type Node, skip, textOf, walk } from './dom.ts'
import { imagesOf } from './images.ts'
import { priceText } from './price-text.ts'
import { schemaWord } from './product.ts'
import { remembering } from './remember.ts'
import { DOORS } from './schema.ts'
import type { Thing } from './things.ts'
import { MARKED } from './tree.ts'

/** Properties that hold text, whatever element they stand on: `<a itemprop="brand" href>` means its text. */
const TEXTS = words(
  'name description brand manufacturer category sku mpn gtin gtin8 gtin12 gtin13 gtin14 isbn productID productGroupID ' +
    'inProductGroupWithID priceCurrency ratingValue reviewCount ratingCount position unitCode value minValue maxValue seller',
)
const PRICES = words('price lowPrice minPrice')
const PICTURES = words('image contentUrl')
const ADDRESSES = words('url item mainEntityOfPage availability priceType itemCondition businessFunction')
const OTHERS = words(
  'offers aggregateRating priceSpecification referenceQuantity eligibleQuantity hasVariant isVariantOf model valueAddedTaxIncluded ' +
    'priceValidUntil validThrough validFrom billingDuration billingIncrement priceComponentType validForMemberTier highPrice offerCount ' +
    'itemListElement itemOffered hasOfferCatalog makesOffer mainEntity about breadcrumb hasPart itemList',
)
/** Lower case -> as schema.org writes it: templates err in the case. Other properties are not read. */
const KNOWN = new Map([...TEXTS, ...PRICES, ...PICTURES, ...ADDRESSES, ...OTHERS].map((name) => [name.toLowerCase(), name]))
/** Properties whose nested Product still belongs to this page. */
const CARRIERS = new Set<string>(DOORS.map((door) => door.toLowerCase()))
const URL_ATTRIBUTE = new Map<string, 'href' | 'src' | 'data'>([
  ['a', 'href'],
  ['area', 'href'],
  ['link', 'href'],
  ['audio', 'src'],
  ['embed', 'src'],
  ['iframe', 'src'],
  ['source', 'src'],
  ['track', 'src'],
  ['video', 'src'],
  ['object', 'data'],
])
/** Prefixes of RDFa that name other vocabularies. */
const FOREIGN_PREFIX = /^(?:og|article|product|fb|twitter|dc|dcterms|foaf|sioc|skos|rdfs|rdf|content|al):/i
const MAX_WORDS = 20
/** Values of one property of one item. */
const MAX_VALUES = 100
/** Elements that one item may name with `itemref`. */
const MAX_REFERENCES = 100
/** Nodes below an element that shows no picture itself, searched for one. */
const PICTURE_NODES = 50

function words(text: string): Set<string> {
  return new Set(text.split(' '))
}
const split = remembering((value): readonly string[] => value.trim().split(/\s+/, MAX_WORDS).filter(Boolean))
const wordsOf = (value: string | undefined): readonly string[] => (value ? split(value) : [])

const typeIn = remembering((itemtype) => schemaWord(wordsOf(itemtype)[0]))
export const typeOf = (node: Node): string | undefined => typeIn(node.attribs?.itemtype ?? '')

/** The items of a page that no other item holds, as things of schema.org. */
export interface Marks {
  microdata: Thing[]
  rdfa: Thing[]
}

interface Scope {
  micro?: Thing
  rdfa?: Thing
  /** Properties of a `rel` that wait for their resource. */
  rel?: readonly string[]
}

/**
 * Reads microdata and RDFa in one walk. Each element is read once, however many `itemref` name it. Throws `FetchError` when the page is too
 * much work.
 */
export const readMarks = (root: Node, budget: Budget): Marks => {
  const marks: Marks = { microdata: [], rdfa: [] }
  if ((root.bits & MARKED) === 0) return marks
  const items = new Map<Node, Thing>()
  const referring: { node: Node; thing: Thing; ids: string[] }[] = []
  walk<Scope>(root, {}, (node, scope) => {
    const { attribs, name } = node
    if (!attribs) return scope
    if (name === 'template') return skip
    let below = scope
    const isItem = attribs.itemscope !== undefined
    const props = attribs.itemprop === undefined ? [] : propertiesOf(attribs.itemprop)
    if (isItem) {
      budget.spend('items')
      const thing: Thing = { '@type': wordsOf(attribs.itemtype), '@id': attribs.itemid?.trim() || undefined }
      // An item on a link has its address: `<a itemprop="item" itemscope href>`.
      if (!thing['@id'] && attribs.href !== undefined && attribs.itemprop !== undefined) thing['@id'] = attribs.href.trim()
      items.set(node, thing)
      if (attribs.itemref) referring.push({ node, thing, ids: wordsOfRefs(attribs.itemref) })
      if (isRoot(attribs.itemprop, scope.micro)) marks.microdata.push(thing)
      below = { ...below, micro: thing }
    }
    if (props.length > 0 && scope.micro) {
      budget.spend('items')
      for (const prop of props) addProperty(scope.micro, { node, prop }, items, budget)
    }
    if (attribs.typeof !== undefined || attribs.property !== undefined || attribs.rel !== undefined || scope.rel)
      below = readRdfa(node, below, marks.rdfa, budget)
    return below
  })
  if (referring.length > 0) followReferences(root, referring, items, budget)
  return marks
}

const wordsOfRefs = (value: string) => value.trim().split(/\s+/, MAX_REFERENCES).filter(Boolean)

/** Whether an item is no part of another one: without a property, or with one that names what a page is about and nobody to hold it. */
const isRoot = (itemprop: string | undefined, owner: Thing | undefined): boolean => {
  const props = wordsOf(itemprop)
  return props.length === 0 || (!owner && props.some((prop) => CARRIERS.has(prop.toLowerCase())))
}

/** Known properties of an attribute, as schema.org writes them. */
const propertiesOf = remembering((value): readonly string[] =>
  wordsOf(value).flatMap((word) => KNOWN.get((/[/#:]/.test(word) ? (schemaWord(word) ?? '') : word).toLowerCase()) ?? []),
)

const addValue = (thing: Thing, prop: string, value: unknown) => {
  if (value === '' || value === undefined) return
  const values = thing[prop] as unknown[] | undefined
  if (!values) thing[prop] = [value]
  else if (values.length < MAX_VALUES) values.push(value)
}

/** A property of an element, with its values once they were read: many items may name one element. */
interface Property {
  node: Node
  prop: string
  values?: (string | Thing)[]
}

const addProperty = (thing: Thing, property: Property, items: Map<Node, Thing>, budget: Budget) => {
  const { node, prop } = property
  if ((thing[prop]?.length ?? 0) >= MAX_VALUES) return
  const item = items.get(node)
  property.values ??= item ? [item] : valuesOf(node, prop, budget)
  for (const value of property.values) addValue(thing, prop, value)
}

/** Adds to items what the elements named by their `itemref` hold. What one element holds is looked for once. */
const followReferences = (
  root: Node,
  referring: { node: Node; thing: Thing; ids: string[] }[],
  items: Map<Node, Thing>,
  budget: Budget,
) => {
  const wanted = new Set(referring.flatMap(({ ids }) => ids))
  const targets = new Map<string, Node>()
  walk(root, undefined, (node) => {
    const id = node.attribs?.id
    if (id !== undefined && wanted.has(id) && !targets.has(id)) targets.set(id, node)
    return undefined
  })
  const held = new Map<Node, Property[]>()
  const heldBy = (target: Node) => {
    const known = held.get(target)
    if (known) return known
    const found: Property[] = []
    const counts = new Map<string, number>()
    walk(target, undefined, (node) => {
      budget.spend('reads')
      for (const prop of propertiesOf(node.attribs?.itemprop ?? '')) {
        const count = (counts.get(prop) ?? 0) + 1
        counts.set(prop, count)
        if (count <= MAX_VALUES) found.push({ node, prop })
      }
      return node.attribs?.itemscope === undefined ? undefined : skip
    })
    held.set(target, found)
    return found
  }
  for (const { node: referrer, thing, ids } of referring) {
    for (const id of ids) {
      const target = targets.get(id)
      if (!target || isInside(target, referrer)) continue
      const properties = heldBy(target)
      budget.spend('reads', properties.length + 1)
      for (const property of properties) if (items.get(property.node) !== thing) addProperty(thing, property, items, budget)
    }
  }
}

const MAX_ANCESTORS = 200
/** Whether an element stands below an item, as far as its ancestors are looked at: its properties were read then. */
const isInside = (node: Node, item: Node): boolean => {
  let up: Node | null | undefined = node
  for (let steps = 0; up && steps < MAX_ANCESTORS; steps++, up = up.parent) if (up === item) return true
  return false
}

const readRdfa = (node: Node, scope: Scope, documents: Thing[], budget: Budget): Scope => {
  const attribs = node.attribs!
  const owner = scope.rdfa
  const waiting = scope.rel ?? []
  const props = [...rdfaProperties(attribs.property), ...(attribs.typeof === undefined ? [] : waiting)]
  const rel = owner ? rdfaProperties(attribs.rel) : []
  if (attribs.typeof !== undefined) {
    budget.spend('items')
    const types = wordsOf(attribs.typeof).filter((type) => !FOREIGN_PREFIX.test(type))
    const thing: Thing = { '@type': types, '@id': (attribs.resource ?? attribs.about)?.trim() || undefined }
    const held = [...props, ...rel]
    if (owner && held.length > 0) for (const prop of held) addValue(owner, prop, thing)
    else if (attribs.property === undefined && waiting.length === 0) documents.push(thing)
    return { micro: scope.micro, rdfa: thing }
  }
  if (owner && props.length > 0) {
    budget.spend('items')
    for (const prop of props) for (const value of valuesOf(node, prop, budget)) addValue(owner, prop, value)
  }
  if (rel.length === 0) return scope
  const target = attribs.resource ?? attribs.href ?? attribs.src
  if (target === undefined) return { ...scope, rel }
  for (const prop of rel) addValue(owner!, prop, target.trim())
  return scope
}
const rdfaProperties = (value: string | undefined): readonly string[] =>
  value === undefined
    ? []
    : propertiesOf(
        wordsOf(value)
          .filter((word) => !FOREIGN_PREFIX.test(word))
          .join(' '),
      )

/** Values of a property on an element that is no item. */
const valuesOf = (node: Node, prop: string, budget: Budget): string[] => {
  const { attribs = NONE, name = '' } = node
  const content = attribs.content?.trim()
  if (PRICES.has(prop)) {
    // An empty `content` states nothing: what is shown counts.
    return [content || (name === 'data' && attribs.value?.trim()) || priceText(node, budget)]
  }
  if (PICTURES.has(prop) || (prop === 'url' && name === 'img')) return content ? [content] : picturesOf(node)
  if (content) return [content]
  if (TEXTS.has(prop)) {
    if (name === 'img') return [attribs.alt?.trim() ?? '']
    if ((name === 'data' || name === 'meter') && attribs.value) return [attribs.value.trim()]
    return [textOf(node, 10_000, 5000, budget)]
  }
  const address = attribs[URL_ATTRIBUTE.get(name) ?? 'resource'] ?? attribs.resource
  if (address !== undefined) return [address.trim()]
  if (name === 'time' && attribs.datetime !== undefined) return [attribs.datetime.trim()]
  if ((name === 'data' || name === 'meter') && attribs.value !== undefined) return [attribs.value.trim()]
  return attribs.content === undefined ? [textOf(node, 1000, 1000, budget)] : []
}

/** Pictures of an element: its own, of the link on it, or of the `img` elements below it. */
const picturesOf = (node: Node): string[] => {
  if (node.name === 'img' || node.name === 'source') return imagesOf(node)
  const own = node.attribs?.[URL_ATTRIBUTE.get(node.name ?? '') ?? 'resource']?.trim()
  const below: string[] = []
  walk(
    node,
    undefined,
    (child) => {
      if (child.name === 'img') below.push(...imagesOf(child))
      return undefined
    },
    PICTURE_NODES,
  )
  const isPicture = own !== undefined && /\.(?:jpe?g|png|gif|webp|avif|bmp)(?:[?#]|$)/i.test(own)
  return [
    ...(isPicture || (own && below.length === 0) ? [own] : []),
    ...below,
    ...(own && !isPicture && node.name !== 'a' ? [own] : []),
  ]
}
