import type { PriceHints } from '../../../platform/price.ts'
import type { Budget } from './budget.ts'
import { choosePrice } from './offers.ts'
import { type Candidate, type Crumb, schemaWord } from './product.ts'
import { statedInOffers } from './schema-prices.ts'
import { createFollow, type Follow, first, isProduct, listOf, type Thing, textIn, typesOf, urlIn, urlsIn } from './things.ts'

/** What the things of a page say, whichever syntax they came in. */
export interface SchemaData {
  products: Candidate[]
  /** Addresses of ItemList entries that name no product themselves. */
  listUrls: string[]
  crumbs: Crumb[]
  /** A thing says that the page is a list: CollectionPage, SearchResultsPage, a list as main entity. */
  isGroup: boolean
}

export interface SchemaOptions {
  hints: PriceHints
  /** Time in ms against which the end of a price is held; without it no price has ended. */
  now?: number
  budget: Budget
  /** Makes an `@id` comparable. */
  resolve?: (id: string) => string
}

/**
 * Where products hide. `isRelatedTo`, `isSimilarTo` and reviews are left out on purpose: they name products of other pages. Microdata and RDFa
 * reach the same places.
 */
export const DOORS = [
  '@graph',
  '@included',
  'mainEntity',
  'about',
  'mainEntityOfPage',
  'breadcrumb',
  'itemListElement',
  'item',
  'itemOffered',
  'hasOfferCatalog',
  'makesOffer',
  'offers',
  'hasPart',
  'itemList',
] as const
const MAIN = new Set<string>(['mainEntity', 'about'])
const LISTS = /^(?:ItemList|OfferCatalog|BreadcrumbList)$/
const LISTING = /^(?:CollectionPage|SearchResultsPage)$/
/** Entries of lists that lead to no product: menus, articles, people. */
const NO_PRODUCT =
  /^(?:SiteNavigationElement|WPHeader|WPFooter|WPSideBar|WebPageElement|Article|NewsArticle|BlogPosting|Review|Person|Organization|LocalBusiness|Store|Question|Answer|FAQPage|HowTo|HowToStep|HowToSection|VideoObject|ImageObject|Event|Recipe|JobPosting|BreadcrumbList)$/
const MAX_DEPTH = 12
const MAX_CRUMBS = 50
const MAX_LIST_URLS = 5000
/** Offers and variants of one product that are looked at; by reference a thousand products may share a list of any length. */
const MAX_OFFERS = 50
const MAX_IMAGES = 10

interface Place {
  /** It stands by itself in a script, or in its graph. */
  isTop?: boolean
  isMain?: boolean
  isListed?: boolean
  /** Address that the list gives to its entry. */
  url?: string
}

/** Reads products, lists and trails of things. Throws `FetchError` when they are too many. */
export const readThings = (documents: unknown[], options: SchemaOptions): SchemaData => {
  const result: SchemaData = { products: [], listUrls: [], crumbs: [], isGroup: false }
  const follow = createFollow(documents, options.budget, options.resolve)
  const found: { thing: Thing; place: Place }[] = []
  /** Offers that stand by themselves. */
  const loose: Thing[] = []
  const seen = new Set<unknown>()
  const addProduct = (thing: Thing, place: Place) => {
    if (seen.has(thing)) return
    seen.add(thing)
    options.budget.spend('products')
    found.push({ thing, place })
  }
  const visit = (value: unknown, depth: number, place: Place): void => {
    if (depth > MAX_DEPTH) return
    const list = listOf(value)
    if (list.length !== 1 || list[0] !== value) {
      for (const item of list) visit(item, depth + 1, place)
      return
    }
    const thing = follow(value)
    if (!thing || typeof thing !== 'object' || seen.has(thing)) return
    options.budget.spend('things')
    // What hangs below a product (variants, accessories) describes it.
    if (isProduct(thing)) return void addProduct(thing, place)
    seen.add(thing)
    const types = typesOf(thing)
    if (types.includes('BreadcrumbList')) {
      if (result.crumbs.length === 0) result.crumbs = toCrumbs(thing, follow)
      return
    }
    if (types.some((type) => LISTING.test(type)) && !place.isListed) result.isGroup = true
    if (place.isMain && types.some((type) => LISTS.test(type))) result.isGroup = true
    if (types.includes('ItemList'))
      for (const entry of listOf(thing.itemListElement)) collectUrl(follow(entry), follow, result.listUrls)
    const offered = listOf(thing.itemOffered).map(follow)
    const isOffer = types.some((type) => /Offer$/.test(type))
    if (isOffer && place.isTop && offered.length === 0 && loose.length < 2) loose.push(thing)
    if (isOffer)
      for (const item of offered.slice(0, MAX_OFFERS))
        if (item && typeof item === 'object' && isProduct(item)) addProduct(withOffer(item, thing), place)
    const address = types.includes('ListItem') ? urlIn(thing.url, follow) : undefined
    for (const door of DOORS) {
      if (thing[door] === undefined) continue
      const isList = door === 'itemListElement' || door === 'item' || place.isListed === true
      visit(thing[door], depth + 1, {
        ...(place.isTop && (door === '@graph' || door === '@included') ? { isTop: true } : {}),
        ...(MAIN.has(door) ? { isMain: true } : {}),
        ...(isList ? { isListed: true } : {}),
        ...(door === 'item' && address ? { url: address } : {}),
      })
    }
  }
  for (const document of documents) visit(document, 0, { isTop: true })
  joinLooseOffer(found, loose)
  const read = { ...options, follow }
  for (const { thing, place } of groupVariants(found, follow)) {
    const candidate = toCandidate(thing, read)
    if (place.url) candidate.url ??= place.url
    if (place.isMain) candidate.isMain = true
    if (place.isListed) candidate.isListed = true
    // An entry that only says where its product is.
    if (!candidate.name && place.isListed && candidate.url) result.listUrls.push(candidate.url)
    else result.products.push(candidate)
  }
  return result
}

/** Templates may put a product's one offer beside it: it is that of the one product which has neither offers nor a price. */
const joinLooseOffer = (found: { thing: Thing; place: Place }[], loose: Thing[]): void => {
  const [offer, another] = loose
  const [product, further] = found.filter(({ thing }) => thing.offers === undefined && thing.price === undefined)
  if (offer && !another && product && !further && !product.place.isListed) product.thing = { ...product.thing, offers: offer }
}

/** A product with the offer that stands around it. */
const withOffer = (product: Thing, { itemOffered: _, ...offer }: Thing): Thing => ({
  ...product,
  offers: [...listOf(product.offers).slice(0, MAX_OFFERS), offer],
  url: product.url ?? offer.url,
})

/** Products that name a ProductGroup of the same page, or share one, are its variants and no products of their own. */
const groupVariants = (found: { thing: Thing; place: Place }[], follow: Follow) => {
  const groups = new Map<string, { thing: Thing; variants: Thing[] }>()
  const keyOf = (thing: Thing | undefined): string | undefined => {
    const key = thing && (thing['@id'] ?? first(thing.productGroupID))
    return typeof key === 'string' ? key : undefined
  }
  const groupOf = (thing: Thing): Thing | undefined => {
    const group = follow(first(thing.isVariantOf))
    return group && typeof group === 'object' ? group : undefined
  }
  for (const { thing } of found) {
    if (!typesOf(thing).includes('ProductGroup')) continue
    for (const key of [thing['@id'], first(thing.productGroupID)])
      if (typeof key === 'string' && !groups.has(key)) groups.set(key, { thing, variants: [] })
  }
  const standing = new Set([...groups.values()].map(({ thing }) => thing))
  const rest = found.filter(({ thing }) => {
    if (standing.has(thing)) return true
    const group = groupOf(thing)
    const key =
      keyOf(group) ?? (typeof first(thing.inProductGroupWithID) === 'string' ? first(thing.inProductGroupWithID) : undefined)
    const known = key === undefined ? undefined : groups.get(key)
    if (!known || !standing.has(known.thing)) return true
    known.variants.push(thing)
    return false
  })
  const joined = new Map<Thing, Thing[]>()
  for (const { thing, variants } of groups.values()) joined.set(thing, [...(joined.get(thing) ?? []), ...variants])
  return rest.map(({ thing, place }) => {
    const variants = joined.get(thing)
    return variants?.length
      ? { thing: { ...thing, hasVariant: [...listOf(thing.hasVariant), ...variants] }, place }
      : { thing, place }
  })
}

const collectUrl = (entry: any, follow: Follow, urls: string[]) => {
  if (urls.length >= MAX_LIST_URLS) return
  if (typeof entry === 'string') return void urls.push(entry)
  if (!entry || typeof entry !== 'object' || isProduct(entry) || typesOf(entry).some((type) => NO_PRODUCT.test(type))) return
  const item = entry.item === undefined ? entry : follow(first(entry.item))
  if (typeof item === 'string') return void urls.push(item)
  if (!item || typeof item !== 'object' || isProduct(item) || typesOf(item).some((type) => NO_PRODUCT.test(type))) return
  if (listOf(item.itemOffered).length > 0) return
  const url = urlIn(item.url, follow) ?? (item === entry ? undefined : item['@id']) ?? urlIn(entry.url, follow) ?? item['@id']
  if (typeof url === 'string') urls.push(url)
}

const toCrumbs = (thing: Thing, follow: Follow): Crumb[] =>
  listOf(thing.itemListElement)
    .slice(0, MAX_CRUMBS)
    .map(follow)
    .filter((entry) => entry && typeof entry === 'object')
    .map((entry, index) => ({ entry, position: Number(first(entry.position) ?? index) || 0 }))
    .sort((a, b) => a.position - b.position)
    .flatMap(({ entry }) => {
      const item = follow(first(entry.item))
      const name =
        textIn(entry.name, 500, follow) ?? (item && typeof item === 'object' ? textIn(item.name, 500, follow) : undefined)
      return name ? [{ name, url: urlIn(item ?? entry.url, follow) }] : []
    })

const toCandidate = (thing: Thing, options: SchemaOptions & { follow: Follow }): Candidate => {
  const { follow, hints, now } = options
  /** The things of a list; a text may be the `@id` of one. */
  const few = (value: unknown) =>
    listOf(value)
      .slice(0, MAX_OFFERS)
      .map((one) => follow(typeof one === 'string' ? { '@id': one } : one))
      .filter(isObject)
  const nested = (offer: Thing) => [...few(offer.offers), ...few(offer.itemListElement)]
  const variants = [...few(thing.hasVariant), ...few(thing.model)]
  const direct = [...few(thing.offers), ...variants.flatMap((variant) => few(variant.offers))]
  options.budget.spend('things', direct.length + variants.length)
  const offers = direct.flatMap((offer) => [offer, ...nested(offer)])
  const stated = statedInOffers(direct, nested, follow, now)
  const { price, currency, availability, remark } = choosePrice(
    [
      // Templates forget the Offer and put its properties straight on the product.
      ...(stated.length > 0 ? stated : statedInOffers([thing, ...variants], () => [], follow, now)),
      { price: undefined, currency: textIn(thing.priceCurrency, 20, follow) },
    ],
    hints,
  )
  const facts: Candidate['facts'] = {}
  const addFact = (key: string, value: unknown) => {
    const one = follow(first(value))
    const text = typeof one === 'number' ? one : textIn(one, 200, follow)
    if (text !== undefined) facts[key] = text
  }
  const group = follow(first(thing.isVariantOf))
  const relatives = [thing, ...(isObject(group) ? [group] : []), ...variants]
  /** Of the product, else of its group or of its first variant that says it. */
  const pick = <T>(read: (from: Thing) => T | undefined): T | undefined => {
    for (const from of relatives) {
      const value = read(from)
      if (value !== undefined) return value
    }
    return undefined
  }
  addFact('sku', textIn(thing.sku ?? thing.productID, 200, follow))
  addFact(
    'gtin',
    ['gtin', 'gtin13', 'gtin14', 'gtin12', 'gtin8', 'isbn'].map((key) => textIn(thing[key], 200, follow)).find(Boolean),
  )
  addFact('mpn', textIn(thing.mpn, 200, follow))
  addFact(
    'availability',
    availability ?? [...offers, thing].map(({ availability }) => wordIn(availability, follow)).find(Boolean),
  )
  const rating = follow(first(thing.aggregateRating))
  addFact('rating', rating?.ratingValue)
  addFact('review_count', rating?.reviewCount ?? rating?.ratingCount)
  const offerUrls = new Set(offers.flatMap((offer) => urlIn(offer.url, follow) ?? []))
  const id = first(thing['@id'])
  return {
    name: textIn(thing.name, 1000, follow) ?? (isObject(group) ? textIn(group.name, 1000, follow) : undefined),
    ...(typeof id === 'string' ? { id } : {}),
    url: urlIn(thing.url, follow),
    page: pageIn(thing.mainEntityOfPage, follow),
    offerUrl: offerUrls.size === 1 ? [...offerUrls][0] : undefined,
    description: pick((from) => textIn(from.description, 10_000, follow)),
    price,
    currency,
    priceRemark: remark,
    isAggregate: direct.some((offer) => offer.lowPrice !== undefined && typesOf(offer).includes('AggregateOffer')),
    images: relatives.flatMap((from) => urlsIn(from.image, MAX_IMAGES, follow)).slice(0, MAX_IMAGES),
    brand: pick((from) => textIn(from.brand ?? from.manufacturer, 500, follow)),
    seller: offers.map((offer) => textIn(offer.seller, 500, follow)).find(Boolean),
    category: pick((from) => textIn(from.category, 500, follow)),
    facts,
  }
}

const isObject = (value: unknown): value is Thing => value !== null && typeof value === 'object' && !Array.isArray(value)
const wordIn = (value: unknown, follow: Follow) => {
  const one = follow(first(value))
  return schemaWord(isObject(one) ? (one['@id'] ?? one['@value'] ?? one.name) : one)
}
const pageIn = (value: unknown, follow: Follow): string | undefined => {
  const one = follow(first(value))
  if (!isObject(one)) return typeof one === 'string' ? urlIn(one, follow) : undefined
  return urlIn(one['@id'] ?? one.url, follow)
}
