import type { ScrapedCategory } from '../port.ts'
import { MAX_ADDRESS, shopHost, withoutTracking } from './addresses.ts'
import { findCategories } from './categories.ts'
import { ownProduct, readAll, readListing, readProductPages, sendLater, takeProducts, takeTurns, withCrawl } from './listing.ts'
import { openFirst } from './pages.ts'
import { hasFurtherPages } from './paging.ts'
import type { LoadedPage, Session } from './run.ts'
import { collectSitemaps } from './sitemaps.ts'

const MAX_SITEMAP_FILES = 20

/** Strategy `deep` (gifty §2.8): crawls the products of a source; its type decides how. */
export const crawlDeep = async (session: Session): Promise<void> => {
  const { task } = session
  if (task.type === 'sitemap') await readSitemapSource(session)
  else {
    const start = await openFirst(session, { links: task.type !== 'product' })
    if (task.type === 'product') await takeProducts(session, start)
    else if (task.type === 'hub') await readHub(session, start)
    else await withCrawl(session, (shared) => readAll(readListing(shared, start)))
  }
  await session.flush()
}

/**
 * A hub is read through its categories, all within one budget of pages. Products that it shows itself are its bestsellers; it is a listing
 * besides when it has further pages, and nothing but a listing when it has no categories.
 */
const readHub = async (session: Session, hub: LoadedPage) => {
  const { page, data } = hub
  const categories = (await findCategories(session, hub, { open: false })).map(({ url }) => url)
  await withCrawl(session, async (shared) => {
    if (categories.length === 0) return readAll(readListing(shared, hub))
    if (hasFurtherPages(data.outline, page.url, page.link)) return takeTurns(shared, [...categories, hub])
    const own = ownProduct(hub)
    sendLater(
      shared,
      data.products.filter((product) => product !== own),
    )
    await takeTurns(shared, categories)
  })
}

/** The source's address is a sitemap: its product pages are read first, then what may be one, then its categories; service pages never. */
const readSitemapSource = async (session: Session) => {
  const { task, signal, log } = session
  let firstProblem: Error | undefined
  // Each kind alone may have to fill the budget, and some pages will fail or repeat others.
  const most = task.maxPages * 2
  const {
    kept,
    counts: seen,
    foreign,
    tooLong,
    filesCut,
    filesLeft,
  } = await collectSitemaps(session, [task.url], {
    hosts: new Set([shopHost(new URL(task.url).host)]),
    maxFiles: Math.min(MAX_SITEMAP_FILES, task.maxPages),
    keep: { product: most, unknown: most, view: most, category: most },
    delayMs: task.delayMs,
    signal,
    report: (url, problem) => {
      if (url === task.url) firstProblem = problem
      session.failed(url, problem)
    },
  })
  if (firstProblem) throw firstProblem
  const total = Object.values(seen).reduce((sum, number) => sum + number, 0)
  log.add(
    `${task.url}: ${total} addresses, ${seen.product} of products, ${seen.category} of categories, ${seen.service} of service pages`,
  )
  if (foreign > 0) log.add(`${foreign} addresses of other hosts left out`)
  if (filesCut > 0) log.add(`${filesCut} sitemap files were not read to their end: at most 50,000 addresses count`)
  if (filesLeft > 0) log.add(`${filesLeft} sitemap files not read`)
  session.counts.pages_failed += tooLong
  if (tooLong > 0) log.add(`${tooLong} addresses not visited, they are longer than ${MAX_ADDRESS} characters`)
  const pages = [...kept.product, ...kept.unknown, ...kept.view, ...leavesFirst(kept.category)]
  const toRead = new Map(pages.map((url) => [withoutTracking(url), undefined]))
  await withCrawl(session, (shared) => readAll(readProductPages(shared, toRead, false)))
}

/** Categories below which nothing lies may be products (`/catalog/tea/green-tea/`). */
const leavesFirst = (addresses: string[]): string[] => {
  const paths = addresses.map((address) => new URL(address).pathname.replace(/\/$/, ''))
  const above = new Set(paths.map((path) => path.slice(0, path.lastIndexOf('/'))))
  const isInner = (index: number) => above.has(paths[index]!)
  return [...addresses.filter((_, index) => !isInner(index)), ...addresses.filter((_, index) => isInner(index))]
}

/** Strategy `discovery` (gifty §2.8, §3): sends the categories of a hub; the server turns new ones into sources. */
export const discover = async (session: Session): Promise<void> => {
  const hub = await openFirst(session)
  const found = await findCategories(session, hub, { open: true })
  const categories = found.map(
    ({ url, name, parent }): ScrapedCategory => ({
      name: name || null,
      url,
      ...(parent ? { parent_url: parent } : {}),
      site_key: session.task.siteKey,
    }),
  )
  await session.addCategories(categories)
  await session.flush()
  session.log.add(`Discovery: ${categories.length} categories sent`)
}
