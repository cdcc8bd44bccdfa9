import { addressKey, classifyUrl, withoutTracking } from './addresses.ts'
import type { PageData } from './extract/index.ts'
import { listedProducts, productLinks } from './links.ts'
import { openPage } from './pages.ts'
import { hasFurtherPages, nextPage } from './paging.ts'
import type { LoadedPage, Session } from './run.ts'

type Product = PageData['products'][number]

/** What all listings of a run share. */
export interface Crawl {
  session: Session
  /** Pages of listings, by key: a loop ends there. */
  listings: Set<string>
  /** Product pages that were asked for, by key. */
  asked: Set<string>
  /** Listings for which no budget was left. */
  unopened: number
  /** Products that pages show beside what they are about: sent at the end, because of the same product the first is stored. */
  later: Product[]
}

const startCrawl = (session: Session): Crawl => ({ session, listings: new Set(), asked: new Set(), unopened: 0, later: [] })

/** One crawl of listings and product pages, with what it sends last. */
export const withCrawl = async (session: Session, read: (crawl: Crawl) => Promise<void>) => {
  const started = startCrawl(session)
  await read(started)
  if (started.unopened > 0) session.log.add(`Page budget used up, ${started.unopened} categories not read`)
  await addProducts(session, started.later)
}

const MAX_LATER = 20_000
/** Keeps products for the end of the crawl. */
export const sendLater = ({ later }: Crawl, products: Product[]) => {
  for (const product of products) if (later.length < MAX_LATER) later.push(product)
}

/** Pages in a row without a product address that the listing had not shown before; then it is taken to be endless. */
const MAX_STALE_PAGES = 2
/** Requests that a listing has at least in its turn. */
const MIN_TURN = 10

/** Sends products, with the addresses that a visitor would see. */
const addProducts = (session: Session, products: Product[]) =>
  session.addProducts(products.map((product) => ({ ...product, product_url: withoutTracking(product.product_url) })))

/** All products of a page that is no listing: its own and those that it shows beside. */
export const takeProducts = async (session: Session, { page, data }: LoadedPage) => {
  if (data.products.length > 0) session.log.add(`${page.url}: ${data.products.length} products (${data.source})`)
  await addProducts(session, data.products)
}

/**
 * Follows a listing page by page. Yields after each request, so that several listings can take turns; what is not yet asked for stays with
 * the generator.
 */
export async function* readListing(crawl: Crawl, start: LoadedPage | string): AsyncGenerator<void, void> {
  const { session, listings } = crawl
  const { log } = session
  let loaded: LoadedPage | undefined
  if (typeof start === 'string') {
    if (listings.has(addressKey(start))) return
    if (session.left() <= 0) return void crawl.unopened++
    listings.add(addressKey(start))
    loaded = await openPage(session, start)
    // Two addresses of one category: the second redirects to the first.
    if (loaded && addressKey(loaded.page.url) !== addressKey(start) && listings.has(addressKey(loaded.page.url)))
      loaded = undefined
    yield
  } else loaded = start
  const known = new Set<string>()
  let stale = 0
  while (loaded) {
    const { page, data }: LoadedPage = loaded
    listings.add(addressKey(page.url))
    const { cards, toRead } = await takeListing(session, loaded)
    const before = known.size
    for (const address of [...cards, ...toRead.keys()]) known.add(addressKey(address))
    stale = known.size > before ? 0 : stale + 1
    yield* readProductPages(crawl, toRead)
    const next: string | undefined = nextPage(data.outline, page.url, page.link)
    if (!next || listings.has(addressKey(next))) return
    if (stale >= MAX_STALE_PAGES) return log.add(`${page.url}: ${stale} pages in a row brought nothing new, ${next} is not read`)
    if (session.left() <= 0) return log.add(`Page budget used up before ${next}`)
    listings.add(addressKey(next)) // also under its own address: a redirect to the first page must not start over
    loaded = await openPage(session, next)
    yield
    if (loaded && addressKey(loaded.page.url) !== addressKey(next) && listings.has(addressKey(loaded.page.url))) return
  }
}

/** Sends the cards of a listing's page. Answers their addresses, and the product pages to read with the card that stands in for each. */
const takeListing = async (session: Session, loaded: LoadedPage) => {
  const { page, data } = loaded
  const { log } = session
  const listed = listedProducts(data.outline, data.listUrls, page.url)
  const linked = productLinks(data.outline, page.url)
  const own = ownProduct(loaded)
  const toRead = new Map<string, Product | undefined>()
  if (own && !describesListing(loaded, own, listed.length + linked.length)) {
    await takeProducts(session, loaded)
    return { cards: data.products.map((product) => product.product_url), toRead }
  }
  if (own) log.add(`${page.url}: "${own.title.slice(0, 80)}" describes the listing, not a product`)
  const cards = data.products.filter((product) => product !== own)
  if (cards.length > 0) log.add(`${page.url}: ${cards.length} products (${data.source})`)
  // A card without a price is read on the product's page, if that can be had.
  const remarked = new Set(data.remarks.map((remark) => remark.product_url))
  const isWhole = (product: Product) => product.price !== undefined || remarked.has(product.product_url)
  const whole = cards.filter(isWhole)
  const partial = whole.length * 2 >= cards.length ? [] : cards.filter((product) => !isWhole(product))
  await addProducts(session, partial.length > 0 ? whole : cards)
  for (const product of partial) toRead.set(withoutTracking(product.product_url), product)
  for (const url of uncovered(cards, [...listed, ...linked])) if (!toRead.has(url)) toRead.set(url, undefined)
  if (toRead.size > 0) log.add(`${page.url}: ${toRead.size} links to follow`)
  else if (cards.length === 0) log.add(`${page.url}: no products on the page, 0 links to follow`)
  return { cards: cards.map((product) => product.product_url), toRead }
}

/** The product that the page calls its own, by the page's address; a lone card has an address of its own. */
export const ownProduct = ({ page, data }: LoadedPage): Product | undefined => {
  const self = new Set([page.url, ...(data.outline.canonical ? [data.outline.canonical] : [])].map(addressKey))
  return data.products.find((product) => product.product_url === data.own && self.has(addressKey(product.product_url)))
}

/**
 * Products of a page of which nobody said what it is, such as one that a sitemap names: without its own if it is a listing by its own words,
 * or by further pages.
 */
const productsOf = (loaded: LoadedPage): Product[] => {
  const { page, data } = loaded
  const own = ownProduct(loaded)
  if (!own || classifyUrl(page.url) === 'product' || hasArticle(own)) return data.products
  const isListing = data.isGroup || hasFurtherPages(data.outline, page.url, page.link)
  return isListing ? data.products.filter((product) => product !== own) : data.products
}

const hasArticle = ({ raw_data: { sku, gtin, mpn } = {} }: Product) => Boolean(sku || gtin || mpn)

/**
 * Whether the product that a listing's page calls its own is the listing: shops mark their categories as products for the sake of stars and
 * prices in search results. Articles and the addresses of products speak against it, further pages and links to products for it.
 */
export const describesListing = ({ page, data }: LoadedPage, own: Product, links: number): boolean => {
  if (links === 0 || classifyUrl(page.url) === 'product') return false
  if (data.isGroup) return true
  if (hasArticle(own)) return false
  if (data.isAggregate || hasFurtherPages(data.outline, page.url, page.link)) return true
  return links > 1 && !own.raw_data?.availability && !own.raw_data?.brand
}

/** Linked product pages that no card describes. Where cards and links never agree, they name the same products by different addresses. */
const uncovered = (cards: Product[], links: string[]): string[] => {
  const described = new Set(cards.map((product) => addressKey(product.product_url)))
  const byKey = new Map(links.map((url) => [addressKey(url), url]))
  const missing = [...byKey].filter(([key]) => !described.has(key)).map(([, url]) => url)
  return missing.length === byKey.size && cards.length * 5 >= byKey.size * 4 ? [] : missing
}

/**
 * Reads product pages; yields after each. A page that gives nothing leaves the product as its card showed it. With `isSure` false nobody said
 * that they are products' pages.
 */
export async function* readProductPages(
  crawl: Crawl,
  pages: ReadonlyMap<string, Product | undefined>,
  isSure = true,
): AsyncGenerator<void, void> {
  const { session, asked } = crawl
  const { log } = session
  const urls = [...pages.keys()].filter((url) => !asked.has(addressKey(url)))
  for (const [index, url] of urls.entries()) {
    const key = addressKey(url)
    const isAhead = session.isAhead(withoutTracking(url))
    if (asked.has(key) && !isAhead) continue // meanwhile, by another listing
    if (!isAhead && session.left() <= 0) {
      const cards = urls.slice(index).flatMap((one) => pages.get(one) ?? [])
      await addProducts(session, cards)
      return log.add(`Page budget used up, ${urls.length - index} product pages not read`)
    }
    asked.add(key)
    const following = urls[index + 1]
    const isNew = following !== undefined && !asked.has(addressKey(following))
    const loaded = await openPage(session, url, { links: !isSure, ...(isNew ? { following } : {}) })
    // Another listing that has this product under another address leaves it to this one.
    if (isNew && session.isAhead(withoutTracking(following))) asked.add(addressKey(following))
    const products = !loaded ? [] : isSure ? loaded.data.products : productsOf(loaded)
    const card = pages.get(url)
    const own = products.filter((product) => product.product_url === loaded?.data.own)
    if (own.length > 0)
      sendLater(
        crawl,
        products.filter((product) => !own.includes(product)),
      )
    await addProducts(session, own.length > 0 ? own : products.length > 0 || !card ? products : [card])
    yield
  }
}

/** Reads to the end, or to the end of the budget. */
export const readAll = async (requests: AsyncGenerator<void, void>) => {
  for await (const _ of requests) {
    // each step is a request; its products are sent already
  }
}

/** Reads several listings, each in its turn with an equal share of what is left of the budget, until all have ended. */
export const takeTurns = async (crawl: Crawl, starts: (string | LoadedPage)[]) => {
  const { session } = crawl
  let open = starts.map((start) => readListing(crawl, start))
  while (open.length > 0) {
    const unfinished: typeof open = []
    for (const [index, listing] of open.entries()) {
      // Not `left()`, which is for asking whether one more may be read.
      const left = session.task.maxPages - session.counts.pages
      const share = Math.max(MIN_TURN, Math.floor(left / (open.length - index)))
      let isDone = false
      // Without budget a listing ends at its next step, and sends what it still has.
      for (let requests = 0; requests < share && !isDone; requests++) isDone = (await listing.next()).done === true
      if (!isDone) unfinished.push(listing)
    }
    open = unfinished
  }
}
