import type { PriceHints } from '../../../platform/price.ts'
import type { ScrapedProduct } from '../../port.ts'
import { comparable } from './address.ts'
import { createBudget } from './budget.ts'
import { categoryOf } from './category.ts'
import { decodePage } from './charset.ts'
import { complete, contains, type Marked, nameKey, ownAddress, type PageFacts, type Sorted, sortMarks } from './identity.ts'
import { isPlaceholder } from './images.ts'
import { readJsonLd } from './json-ld.ts'
import { readMarks } from './microdata.ts'
import { saysNotFound } from './not-found.ts'
import { isGroupType, readOpenGraph } from './opengraph.ts'
import { type Outline, outline, type PageOutline } from './outline.ts'
import { absoluteUrl, type Candidate, type Crumb } from './product.ts'
import { readThings, type SchemaOptions } from './schema.ts'

export type { Link, PageOutline } from './outline.ts'
export type { Crumb } from './product.ts'

/** Which marks the products came from. */
export type Source = 'json-ld' | 'microdata' | 'rdfa' | 'opengraph' | 'none'

/** A field that a product was stored without. */
export interface Remark {
  product_url: string
  field: 'price'
  message: string
}

/** What a page holds, as plain data. */
export interface PageData {
  outline: PageOutline
  /** Of the page's own product, else of the first product. */
  source: Source
  products: ScrapedProduct[]
  /** `product_url` of the product that the page is about; undefined on listings. The other products are cards or related goods. */
  own?: string
  /** The price of `own` is the lowest of an AggregateOffer: of several sellers or variants, or of a listing that calls itself a product. */
  isAggregate: boolean
  /** The page calls itself a list of products: og:type `product.group`, CollectionPage, SearchResultsPage, a list as its main entity. */
  isGroup: boolean
  /** The page says with status 200 that what was asked for was not found. */
  isGone: boolean
  /** Products without a name or an address of their own, with the reason. */
  rejected: string[]
  /** Fields of `products` that the page states and that could not be read: the product is stored without them. */
  remarks: Remark[]
  /** Absolute addresses that an ItemList names without describing the products. */
  listUrls: string[]
  crumbs: Crumb[]
  /** JSON-LD scripts beyond repair. */
  brokenScripts: number
}

export interface ReadOptions {
  siteKey: string
  /** Overrides the page's own category: the name under which it was discovered (`config.discovery_name`). */
  category?: string
  /** Currency of the shop's prices (`config.currency`): decides what a shared sign means, and how a bare number is grouped. */
  currency?: string
  /**
   * `false`: nobody asks where the page leads, as on a product's page. `outline.links` is then empty, and `outline.next` what `<link>` says.
   * Placing links among cards and menus is half of the work on a page.
   */
  links?: boolean
  /** Time in ms: a price that ended before it does not win over one that holds. Without it no price has ended. */
  now?: number
}

/** A fetched document before it is decoded. `url` is where the redirects ended. */
export interface WebDocument {
  url: string
  contentType: string
  bytes: Uint8Array
}

/** Decodes a page and reads it. Throws `FetchError` `too_large` when the page is over its budget. */
export const readDocument = ({ url, contentType, bytes }: WebDocument, options: ReadOptions): PageData =>
  readPage(decodePage(bytes, contentType), url, options)

/**
 * All product data of a page, as ScrapedProduct of gifty §3, from JSON-LD, microdata, RDFa and OpenGraph. The page's own product is put
 * together from all of them, the first that states a field wins; other products (cards of a listing, related goods) keep the addresses that
 * their marks name. Bad input costs fields; `FetchError` `too_large` is thrown for a page over its budget.
 */
export const readPage = (html: string, url: string, options: ReadOptions): PageData => {
  const budget = createBudget()
  const page = outline(html, url, { budget, links: options.links })
  const hints: PriceHints = {
    locale: page.lang || page.meta.get('og:locale'),
    host: new URL(url).hostname,
    usual: options.currency,
  }
  const schema: SchemaOptions = {
    hints,
    now: options.now,
    budget,
    resolve: (id) => (/^[#/?]/.test(id) && id.length < 2048 && URL.canParse(id, page.base) ? new URL(id, page.base).href : id),
  }
  const { broken, ...linked } = readJsonLd(page.scripts, schema)
  const marks = readMarks(page.root, budget)
  const microdata = readThings(marks.microdata, schema)
  const rdfa = readThings(marks.rdfa, schema)
  const graph = readOpenGraph(page.meta, hints)
  const crumbs = [linked, microdata, rdfa].map((data) => data.crumbs).find((trail) => trail.length > 0) ?? []
  const isGroup = isGroupType(page.meta.get('og:type')) || linked.isGroup || microdata.isGroup || rdfa.isGroup
  const facts: PageFacts = {
    url,
    base: page.base,
    canonical: page.canonical,
    title: page.title,
    heading: page.heading,
    graphTitle: page.meta.get('og:title'),
    graphUrl: page.meta.get('og:url'),
    isGroup,
  }
  const data: PageData = {
    outline: plainOutline(page),
    source: 'none',
    products: [],
    isAggregate: false,
    isGroup,
    isGone: false,
    rejected: [],
    remarks: [],
    listUrls: [
      ...new Set([linked, microdata, rdfa].flatMap((one) => one.listUrls).flatMap((one) => absoluteUrl(one, page.base) ?? [])),
    ],
    crumbs: crumbs.map(({ name, url: address }) => ({ name, url: absoluteUrl(address, page.base) })),
    brokenScripts: broken,
  }
  const sources = (
    [
      ['json-ld', linked.products],
      ['microdata', microdata.products],
      ['rdfa', rdfa.products],
    ] as const
  ).map(([source, candidates]): Sourced => ({ source, ...sortMarks(candidates, facts, graph !== undefined) }))
  const own = putTogether(sources, graph)
  const add = (marked: Marked, source: Source, address: string, isOwn: boolean) => {
    const place = !isOwn && own ? 'beside' : isOwn ? 'own' : 'listed'
    const product = toProduct(marked.candidate, address, { page, facts, crumbs: data.crumbs, options, place })
    if (typeof product === 'string') return void data.rejected.push(`${source}: ${product}`)
    data.products.push(product)
    if (data.source === 'none') data.source = source
    if (isOwn) {
      data.own = product.product_url
      data.isAggregate = marked.candidate.isAggregate === true
    }
    if (marked.candidate.priceRemark)
      data.remarks.push({ product_url: product.product_url, field: 'price', message: marked.candidate.priceRemark })
  }
  if (own && isGone(own.marked.candidate, page)) data.isGone = true
  else if (own) add(own.marked, own.source, ownAddress(own.marked, facts), true)
  for (const { marked, source, problem } of placeOthers(sources, own?.marked.candidate.name, data.own)) {
    if (!problem) add(marked, source, marked.address!, false)
    // What a second syntax says in part is no loss where the first one named the product.
    else if (data.source === 'none' || data.source === source) data.rejected.push(`${source}: ${problem}`)
  }
  return data
}

interface Sourced extends Sorted {
  source: Source
}

/** The page's own product from the marks of all syntaxes, as far as they mean the same product. */
const putTogether = (sources: Sourced[], graph: Candidate | undefined): { marked: Marked; source: Source } | undefined => {
  const surest = sources.filter(({ own }) => own).sort((a, b) => b.evidence - a.evidence)[0]
  if (!surest?.own) {
    const hasOthers = sources.some(({ others }) => others.some(({ candidate, address }) => candidate.name && address))
    // A listing may call itself a product; what it shows as products counts then.
    if (!graph?.name || (hasOthers && graph.price === undefined)) return undefined
    return { marked: { candidate: graph }, source: 'opengraph' }
  }
  let result: { marked: Marked; source: Source } | undefined
  for (const one of sources) {
    if (!one.own) continue
    if (one !== surest && !isSame(one, surest)) {
      one.others = [one.own, ...one.others]
      one.own = undefined
      continue
    }
    if (!result) result = { marked: { ...one.own }, source: one.source }
    else {
      result.marked.candidate = complete(result.marked.candidate, one.own.candidate)
      result.marked.address ??= one.own.address
    }
  }
  // og:url has its own place among the addresses.
  if (result && graph) result.marked.candidate = complete(result.marked.candidate, { ...graph, url: undefined })
  return result
}
/** Evidence from which two marks may have different names and be the page's own both. */
const SURE = 80
const isSame = (one: Sourced, other: Sourced): boolean => {
  const a = nameKey(one.own?.candidate.name)
  const b = nameKey(other.own?.candidate.name)
  return !a || !b || contains(a, b) || contains(b, a) || (one.evidence >= SURE && other.evidence >= SURE)
}

interface Other {
  marked: Marked
  source: Source
  /** Why it is not stored. */
  problem?: string
}

/** The products beside the page's own, each address and name once: what a later syntax says of one fills what it lacks. */
const placeOthers = (sources: Sourced[], ownName: string | undefined, ownUrl: string | undefined): Other[] => {
  const result: Other[] = []
  const byAddress = new Map<string, Other>()
  /** Names by the syntaxes before: two of them may write one address in two ways. */
  const byName = new Map<string, Other>()
  const ownKey = nameKey(ownName)
  const ownAddressKey = ownUrl === undefined ? undefined : comparable(ownUrl)
  for (const { source, others } of sources) {
    const placedHere: Other[] = []
    for (const marked of others) {
      const { candidate, address, addressKey = '' } = marked
      const key = nameKey(candidate.name)
      if (!candidate.name) result.push({ marked, source, problem: 'product without a name' })
      else if (!address) {
        const known = byName.get(key)
        const shown = candidate.name.slice(0, 80)
        if (known) known.marked.candidate = complete(known.marked.candidate, candidate)
        else if (key !== ownKey)
          result.push({ marked, source, problem: `no address for "${shown}"${marked.problem ? `, ${marked.problem}` : ''}` })
      } else if (addressKey !== ownAddressKey) {
        const known = byAddress.get(addressKey) ?? byName.get(key)
        if (known) {
          if (nameKey(known.marked.candidate.name) === key) known.marked.candidate = complete(known.marked.candidate, candidate)
        } else {
          const other = { marked, source }
          result.push(other)
          placedHere.push(other)
          byAddress.set(addressKey, other)
        }
      }
    }
    for (const other of placedHere) byName.set(nameKey(other.marked.candidate.name), other)
  }
  return result
}

/** The outline without nodes and scripts: these stay where the page was parsed. */
const plainOutline = ({ root: _root, scripts: _scripts, meta: _meta, ...plain }: Outline): PageOutline => plain

const UNREADABLE = '\ufffd'
/** A text without characters that could not be decoded; undefined when it is short, and so spoilt by them. */
const readable = (text: string | undefined): string | undefined => {
  if (!text?.includes(UNREADABLE)) return text
  return text.length < 200 ? undefined : text.replaceAll(UNREADABLE, '')
}

interface PlaceOfProduct {
  page: Outline
  facts: PageFacts
  crumbs: Crumb[]
  options: ReadOptions
  /** The page's own product, one beside it, or one of a listing. */
  place: 'own' | 'beside' | 'listed'
}

const toProduct = (
  candidate: Candidate,
  address: string,
  { page, facts: { url, canonical }, crumbs, options, place }: PlaceOfProduct,
): ScrapedProduct | string => {
  if (!candidate.name) return 'product without a name'
  const shown = candidate.name.slice(0, 80)
  if (candidate.name.includes(UNREADABLE)) return `unreadable characters in the name "${shown}"`
  if (address.length > 4096) return `address longer than 4096 characters for "${shown}"`
  const isOwn = place === 'own'
  // The trail of a product's page is not that of the goods beside it.
  const trail =
    place === 'beside'
      ? undefined
      : categoryOf(crumbs, candidate.name, {
          addresses: isOwn ? [url, address, ...(canonical ? [canonical] : [])] : [],
          heading: isOwn ? page.heading : '',
          siteName: page.meta.get('og:site_name'),
          page: url,
        })
  const category = options.category ?? readable(trail ?? candidate.category)
  const image = candidate.images
    ?.filter((one) => !isPlaceholder(one))
    .map((one) => absoluteUrl(one, page.base))
    .find((one) => one !== undefined && one.length <= 4096)
  const brand = readable(candidate.brand)
  const merchant = readable(candidate.seller) ?? brand
  const description = readable(candidate.description)
  const facts = { ...candidate.facts, ...(brand ? { brand: brand.slice(0, 200) } : {}) }
  return {
    title: candidate.name,
    product_url: address,
    site_key: options.siteKey,
    ...(description ? { description } : {}),
    ...(candidate.price !== undefined ? { price: candidate.price } : {}),
    ...(candidate.price !== undefined && candidate.currency ? { currency: candidate.currency } : {}),
    ...(image ? { image_url: image } : {}),
    ...(merchant ? { merchant } : {}),
    ...(category ? { category } : {}),
    ...(Object.keys(facts).length > 0 ? { raw_data: facts } : {}),
  }
}

/** Whether a page says with status 200 that it was not found: nobody offers anything on it, and its titles say so. */
const isGone = (candidate: Candidate, page: Outline): boolean =>
  candidate.price === undefined &&
  candidate.priceRemark === undefined &&
  [candidate.name, page.heading, page.title].some(saysNotFound)
