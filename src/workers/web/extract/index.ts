import type { PriceHints } from '../../../platform/price.ts'
import type { ScrapedProduct } from '../../port.ts'
import { decodePage } from './charset.ts'
import { readJsonLd } from './json-ld.ts'
import { readCrumbs, readProduct } from './microdata.ts'
import { readOpenGraph } from './opengraph.ts'
import { type Outline, outline, type PageOutline } from './outline.ts'
import { absoluteUrl, type Candidate, type Crumb } from './product.ts'

export type { Link, PageOutline } from './outline.ts'
export type { Crumb } from './product.ts'

/** Which marks the products came from. */
export type Source = 'json-ld' | 'microdata' | 'opengraph' | 'none'

/** A field that a product was stored without. */
export interface Remark {
  product_url: string
  field: 'price'
  message: string
}

/** What a page holds, as plain data. */
export interface PageData {
  outline: PageOutline
  source: Source
  products: ScrapedProduct[]
  /** `product_url` of the product that the page is about; undefined on listings. The other products are cards or related goods. */
  own?: string
  /** The price of `own` is the lowest of an AggregateOffer: of several sellers or variants, or of a listing that calls itself a product. */
  isAggregate: boolean
  /** The page calls itself a list of products: og:type `product.group`, CollectionPage, SearchResultsPage, a list as its main entity. */
  isGroup: boolean
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
}

/** A fetched document before it is decoded. `url` is where the redirects ended. */
export interface WebDocument {
  url: string
  contentType: string
  bytes: Uint8Array
}

/** Decodes a page and reads it. */
export const readDocument = ({ url, contentType, bytes }: WebDocument, options: ReadOptions): PageData =>
  readPage(decodePage(bytes, contentType), url, options)

/**
 * All product data of a page, as ScrapedProduct of gifty §3. JSON-LD is read first, then microdata, then OpenGraph; the
 * first that names a valid product wins, and a lone product takes missing fields from OpenGraph. Never throws on bad input.
 */
export const readPage = (html: string, url: string, options: ReadOptions): PageData => {
  const page = outline(html, url)
  const hints: PriceHints = {
    locale: page.lang || page.meta.get('og:locale'),
    host: new URL(url).hostname,
    usual: options.currency,
  }
  const { products, listUrls, crumbs: ldCrumbs, broken } = readJsonLd(page.scripts, hints)
  const crumbs =
    ldCrumbs.length > 0
      ? ldCrumbs
      : (page.crumbRoots.map((node) => readCrumbs(node, page.ids)).find((trail) => trail.length > 0) ?? [])
  const graph = readOpenGraph(page.meta, hints)
  const data: PageData = {
    outline: plainOutline(page),
    source: 'none',
    products: [],
    isAggregate: false,
    isGroup: /^(?:og:)?product\.group$/i.test(page.meta.get('og:type')?.trim() ?? ''),
    rejected: [],
    remarks: [],
    listUrls: [...new Set(listUrls.flatMap((address) => absoluteUrl(address, page.base) ?? []))],
    crumbs: crumbs.map(({ name, url: address }) => ({ name, url: absoluteUrl(address, page.base) })),
    brokenScripts: broken,
  }
  const readers: [Source, () => Candidate[]][] = [
    ['json-ld', () => products],
    ['microdata', () => page.productRoots.map((node) => readProduct(node, page.ids, hints))],
    ['opengraph', () => (graph ? [graph] : [])],
  ]
  for (const [source, read] of readers) {
    const candidates = read()
    // A nameless mark is no product: it must not keep the page's one product from the page's address.
    const lone = candidates.filter((candidate) => candidate.name || (graph && candidates.length === 1)).length === 1
    const filled =
      lone && graph && source !== 'opengraph'
        ? candidates.map((candidate) => (candidate.name || candidates.length === 1 ? complete(candidate, graph) : candidate))
        : candidates
    const seen = new Set<string>()
    for (const candidate of filled) {
      const product = toProduct(candidate, page, crumbs, lone ? (page.canonical ?? url) : undefined, options)
      if (typeof product === 'string') data.rejected.push(`${source}: ${product}`)
      else if (!seen.has(product.product_url)) {
        seen.add(product.product_url)
        data.products.push(product)
        if (candidate.priceRemark)
          data.remarks.push({ product_url: product.product_url, field: 'price', message: candidate.priceRemark })
      }
    }
    if (data.products.length > 0) {
      data.source = source
      if (lone) data.own = data.products[0]?.product_url
      break
    }
  }
  return data
}

/** The outline without nodes and scripts: these stay where the page was parsed. */
const plainOutline = ({ title, heading, lang, base, links, next, canonical, sitemaps, refresh }: Outline): PageOutline => ({
  title,
  heading,
  lang,
  base,
  links,
  next,
  canonical,
  sitemaps,
  refresh,
})

/** Fills what a lone product lacks from the page's OpenGraph tags, which describe the same thing. */
const complete = (candidate: Candidate, graph: Candidate): Candidate => {
  const result: Candidate = { ...candidate, facts: { ...graph.facts, ...candidate.facts } }
  for (const key of ['name', 'url', 'description', 'image', 'brand'] as const) result[key] ??= graph[key]
  if (result.price === undefined && graph.price !== undefined)
    Object.assign(result, { price: graph.price, currency: graph.currency ?? result.currency, priceRemark: undefined })
  else if (result.price === graph.price) result.currency ??= graph.currency
  if (result.price === undefined) result.priceRemark ??= graph.priceRemark
  return result
}

const toProduct = (
  candidate: Candidate,
  page: Outline,
  crumbs: Crumb[],
  ownUrl: string | undefined,
  options: ReadOptions,
): ScrapedProduct | string => {
  if (!candidate.name) return 'product without a name'
  // Only a page's one product may take the page's own address: several would overwrite each other.
  const address = absoluteUrl(candidate.url, page.base) ?? ownUrl
  if (!address) return `no address for "${candidate.name.slice(0, 80)}"`
  if (address.length > 4096) return `address longer than 4096 characters for "${candidate.name.slice(0, 80)}"`
  const category = options.category ?? categoryOf(crumbs, candidate.name) ?? candidate.category
  const image = absoluteUrl(candidate.image, page.base)
  const facts = { ...candidate.facts, ...(candidate.brand ? { brand: candidate.brand.slice(0, 200) } : {}) }
  return {
    title: candidate.name,
    product_url: address,
    site_key: options.siteKey,
    ...(candidate.description ? { description: candidate.description } : {}),
    ...(candidate.price !== undefined ? { price: candidate.price } : {}),
    ...(candidate.price !== undefined && candidate.currency ? { currency: candidate.currency } : {}),
    ...(image ? { image_url: image } : {}),
    ...((candidate.seller ?? candidate.brand) ? { merchant: candidate.seller ?? candidate.brand } : {}),
    ...(category ? { category } : {}),
    ...(Object.keys(facts).length > 0 ? { raw_data: facts } : {}),
  }
}

/** The trail's last step that is not the product itself; the first step is the home page. */
const categoryOf = (crumbs: Crumb[], name: string): string | undefined => {
  const steps = crumbs.slice(1).filter((crumb) => crumb.name.toLowerCase() !== name.toLowerCase())
  return steps.at(-1)?.name
}
