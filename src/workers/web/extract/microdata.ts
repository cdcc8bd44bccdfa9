import type { PriceHints } from '../../../platform/price.ts'
import { type Node, skip, stop, textOf, walk } from './dom.ts'
import { choosePrice, type StatedPrice } from './offers.ts'
import { priceText } from './price-text.ts'
import { type Candidate, type Crumb, plainText, schemaWord } from './product.ts'

/** A microdata item: property -> values in document order. */
interface Item {
  type?: string
  props: Map<string, (string | Item)[]>
}

const MAX_DEPTH = 6
const MAX_PROPS = 200
/** Nodes looked at for one item: `itemref` lets a thousand items point at the same large part of a page. */
const MAX_NODES = 3000
const URL_ATTRIBUTE: Record<string, string> = {
  a: 'href',
  area: 'href',
  link: 'href',
  img: 'src',
  audio: 'src',
  embed: 'src',
  iframe: 'src',
  source: 'src',
  track: 'src',
  video: 'src',
  object: 'data',
}
/** Properties whose nested Product still belongs to this page. */
const CARRIERS = new Set(['itemlistelement', 'item', 'mainentity', 'itemoffered', 'itemlist', 'haspart'])

export const typeOf = (node: Node): string | undefined => schemaWord(node.attribs?.itemtype?.trim().split(/\s+/)[0])

/** Whether an element opens a product of its own, not a related product named by another one (`itemprop="related_products"`). */
export const isProductRoot = (node: Node): boolean => {
  if (
    node.attribs?.itemscope === undefined ||
    !/^(?:Product|ProductGroup|IndividualProduct|ProductModel)$/.test(typeOf(node) ?? '')
  )
    return false
  const props = words(node.attribs.itemprop)
  return props.length === 0 || props.some((prop) => CARRIERS.has(prop.toLowerCase()))
}

/** Reads the product that `node` opens; `ids` finds the elements of `itemref`. */
export const readProduct = (node: Node, ids: Map<string, Node>, hints: PriceHints = {}): Candidate => {
  const item = readItem(node, ids, 0)
  const offers = itemsOf(item, 'offers').flatMap((offer) => [offer, ...itemsOf(offer, 'offers')])
  const inOffers = (prop: string) => offers.map((offer) => textProp(offer, prop)).find(Boolean)
  const prices = offers.flatMap(pricesOf)
  // Templates forget the Offer and put its properties straight on the product.
  const { price, currency, availability, remark } = choosePrice(
    [...(prices.length > 0 ? prices : pricesOf(item)), { price: undefined, currency: textProp(item, 'priceCurrency') }],
    hints,
  )
  const rating = itemsOf(item, 'aggregateRating')[0]
  const facts: Candidate['facts'] = {}
  const addFact = (key: string, value: string | undefined) => {
    if (value) facts[key] = value
  }
  addFact('sku', textProp(item, 'sku') ?? textProp(item, 'productID'))
  addFact('gtin', ['gtin', 'gtin13', 'gtin14', 'gtin12', 'gtin8', 'isbn'].map((prop) => textProp(item, prop)).find(Boolean))
  addFact('mpn', textProp(item, 'mpn'))
  addFact('availability', availability ?? schemaWord(inOffers('availability') ?? textProp(item, 'availability')))
  addFact('rating', rating && textProp(rating, 'ratingValue'))
  addFact('review_count', rating && (textProp(rating, 'reviewCount') ?? textProp(rating, 'ratingCount')))
  return {
    name: plainText(textProp(item, 'name'), 1000),
    url: textProp(item, 'url') ?? inOffers('url'),
    description: plainText(textProp(item, 'description'), 10_000),
    price,
    currency,
    priceRemark: remark,
    image: textProp(item, 'image'),
    brand: textProp(item, 'brand') ?? textProp(item, 'manufacturer'),
    seller: inOffers('seller'),
    category: textProp(item, 'category'),
    facts,
  }
}

const LIST_TYPE = /^(?:ListPrice|StrikethroughPrice|RegularPrice|SRP|MSRP)$/i
/** What an offer states: each of its prices, else the lowest of an aggregate, and its price specifications. */
const pricesOf = (offer: Item): StatedPrice[] => {
  const texts = (item: Item, prop: string) =>
    (item.props.get(prop) ?? []).filter((value) => typeof value === 'string' && value !== '')
  const availability = schemaWord(textProp(offer, 'availability'))
  const currency = textProp(offer, 'priceCurrency')
  const own = texts(offer, 'price')
  return [
    ...(own.length > 0 ? own : texts(offer, 'lowPrice')).map((price) => ({ price, currency, availability })),
    ...itemsOf(offer, 'priceSpecification').flatMap((terms) =>
      /^(?:Delivery|Payment)ChargeSpecification$/.test(terms.type ?? '')
        ? []
        : texts(terms, 'price').map((price) => ({
            price,
            currency: textProp(terms, 'priceCurrency') ?? currency,
            availability,
            kind: LIST_TYPE.test(schemaWord(textProp(terms, 'priceType')) ?? '')
              ? ('list' as const)
              : itemsOf(terms, 'referenceQuantity').length > 0
                ? ('aside' as const)
                : undefined,
          })),
    ),
  ]
}

/** The trail of a BreadcrumbList element. */
export const readCrumbs = (node: Node, ids: Map<string, Node>): Crumb[] =>
  itemsOf(readItem(node, ids, 0), 'itemListElement').flatMap((entry) => {
    const target = entry.props.get('item')?.[0]
    const name = textProp(entry, 'name') ?? (typeof target === 'object' ? textProp(target, 'name') : undefined)
    return name ? [{ name, url: typeof target === 'string' ? target : textProp(entry, 'url') }] : []
  })

const readItem = (root: Node, ids: Map<string, Node>, depth: number): Item => {
  const item: Item = { type: typeOf(root), props: new Map() }
  const visited = new Set<Node>([root])
  let count = 0
  const enter = (node: Node) => {
    if (visited.size > MAX_NODES) return stop
    if (node !== root && visited.has(node)) return skip // itemref may point back at a node that was read already
    visited.add(node)
    if (node === root || !node.attribs) return undefined
    const scoped = node.attribs.itemscope !== undefined
    const props = words(node.attribs.itemprop)
    if (props.length > 0 && count++ < MAX_PROPS && depth < MAX_DEPTH) {
      const value = scoped
        ? readItem(node, ids, depth + 1)
        : props.some((prop) => PRICES.has(prop))
          ? priceValue(node)
          : propertyValue(node)
      for (const prop of props) {
        const values = item.props.get(prop)
        if (values) values.push(value)
        else item.props.set(prop, [value])
      }
    }
    return scoped ? skip : undefined
  }
  walk(root, undefined, enter)
  for (const id of words(root.attribs?.itemref)) {
    const node = ids.get(id)
    if (node && !visited.has(node)) walk(node, undefined, enter)
  }
  return item
}

const PRICES = new Set(['price', 'lowPrice', 'minPrice'])
/** An empty `content` states nothing: what is shown counts. */
const priceValue = (node: Node): string => {
  const { content, value } = node.attribs ?? {}
  return content?.trim() || (node.name === 'data' && value?.trim()) || priceText(node)
}

const propertyValue = (node: Node): string => {
  const { attribs = {}, name = '' } = node
  if (attribs.content !== undefined) return attribs.content.trim()
  const address = URL_ATTRIBUTE[name]
  if (address) return (attribs[address] ?? (name === 'img' ? attribs['data-src'] : undefined) ?? '').trim()
  if (name === 'time' && attribs.datetime !== undefined) return attribs.datetime.trim()
  if ((name === 'data' || name === 'meter') && attribs.value !== undefined) return attribs.value.trim()
  return textOf(node, 10_000)
}

const words = (value: string | undefined): string[] => value?.trim().split(/\s+/).filter(Boolean) ?? []
const itemsOf = (item: Item, prop: string): Item[] => (item.props.get(prop) ?? []).filter((value) => typeof value === 'object')

/** First non-empty text of a property; of an item, its name. */
const textProp = (item: Item, prop: string): string | undefined => {
  for (const value of item.props.get(prop) ?? []) {
    const text = typeof value === 'string' ? value : textProp(value, 'name')
    if (text) return text
  }
  return undefined
}
