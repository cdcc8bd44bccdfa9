import { findCategories } from './discovery.ts'
import { classifyUrl, nextPage, productLinks } from './links.ts'
import type { LoadedPage, Session } from './session.ts'
import { collectSitemaps } from './sitemap.ts'

const MAX_SITEMAP_FILES = 20

/** Strategy `deep` (gifty §2.8): crawls the products of a source; its type decides how. */
export const crawlDeep = async (session: Session): Promise<void> => {
  const { task } = session
  if (task.type === 'sitemap') await readSitemapSource(session)
  else {
    const start = await session.first(task.url)
    if (task.type === 'product') await takeProducts(session, start)
    else if (task.type === 'hub') await readHub(session, start)
    else await readListing(session, start, new Set())
  }
  await session.flush()
}

/** A hub that shows no products of its own is read through its categories, all within one budget of pages. */
const readHub = async (session: Session, hub: LoadedPage) => {
  if (hub.data.products.length > 1 || hub.data.listUrls.length > 0) return readListing(session, hub, new Set())
  const categories = await findCategories(session, hub, { open: false })
  const visited = new Set<string>()
  for (const url of categories.keys()) {
    if (session.left() <= 0) return session.log.add('Page budget used up')
    if (visited.has(url)) continue
    const loaded = await session.next(url)
    if (loaded) await readListing(session, loaded, visited)
  }
}

/** Follows a listing page by page. `visited` holds the addresses of all listing pages of the run: a loop ends there. */
const readListing = async (session: Session, start: LoadedPage, visited: Set<string>) => {
  const { log } = session
  let loaded: LoadedPage | undefined = start
  while (loaded) {
    const { page, data }: LoadedPage = loaded
    visited.add(page.url)
    await takeProducts(session, loaded)
    if (data.products.length === 0) await readLinked(session, loaded)
    const next: string | undefined = nextPage(data.outline, page.url, page.link)
    if (!next || visited.has(next)) return
    if (session.left() <= 0) return log.add(`Page budget used up before ${next}`)
    visited.add(next) // also under its own address: a redirect to the first page must not start over
    loaded = await session.next(next)
    if (loaded && loaded.page.url !== next && visited.has(loaded.page.url)) return
  }
}

const takeProducts = async (session: Session, { page, data }: LoadedPage) => {
  if (data.products.length > 0) session.log.add(`${page.url}: ${data.products.length} products (${data.source})`)
  await session.addProducts(data.products)
}

/** A listing that only links to its products: each product page is read. */
const readLinked = async (session: Session, { page, data }: LoadedPage) => {
  const { host } = new URL(page.url)
  const listed = data.listUrls.filter((url) => new URL(url).host === host)
  const links = listed.length > 0 ? listed : productLinks(data.outline, host)
  session.log.add(`${page.url}: no products on the page, ${links.length} links to follow`)
  await readPages(session, links)
}

const readPages = async (session: Session, urls: string[]) => {
  for (const [index, url] of urls.entries()) {
    if (session.left() <= 0) return session.log.add(`Page budget used up, ${urls.length - index} product pages not read`)
    const loaded = await session.next(url)
    if (loaded) await session.addProducts(loaded.data.products)
  }
}

/** The source's address is a sitemap: the product pages it lists are read, or all pages when no address looks like a product. */
const readSitemapSource = async (session: Session) => {
  const { task, fetcher, signal, log, counts } = session
  let firstProblem: Error | undefined
  const urls = await collectSitemaps(fetcher, [task.url], {
    host: new URL(task.url).host,
    maxFiles: Math.min(MAX_SITEMAP_FILES, task.maxPages),
    delayMs: task.delayMs,
    signal,
    report: (url, problem) => {
      if (url === task.url) firstProblem = problem
      counts.pages_failed++
      log.add(`${url}: ${problem.message}`)
    },
  })
  if (firstProblem) throw firstProblem
  const products = urls.filter((url) => classifyUrl(url) === 'product')
  log.add(`${task.url}: ${urls.length} addresses, ${products.length} of products`)
  await readPages(session, products.length > 0 ? products : urls.filter((url) => classifyUrl(url) !== 'service'))
}
