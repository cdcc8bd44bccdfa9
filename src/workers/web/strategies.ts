import type { ScrapedCategory } from '../port.ts'
import { classifyUrl, isCategoryLink, nextPage, productLinks } from './links.ts'
import type { LoadedPage, Session } from './run.ts'
import { collectSitemaps } from './sitemap.ts'

const MAX_DEEP_SITEMAP_FILES = 20

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
  const { task, signal, log, counts } = session
  let firstProblem: Error | undefined
  const urls = await collectSitemaps(session, [task.url], {
    host: new URL(task.url).host,
    maxFiles: Math.min(MAX_DEEP_SITEMAP_FILES, task.maxPages),
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

const MAX_CATEGORIES = 2000
/** Category pages opened to look for their subcategories and names; more would be a crawl of its own. */
const MAX_VISITS = 40
const MAX_SITEMAP_FILES = 10

interface Found {
  name: string
  parent?: string
}

/**
 * Category pages of a site by address: menu links of the hub, breadcrumbs, sitemaps, and with `open` what the categories found link to below
 * themselves.
 */
const findCategories = async (session: Session, hub: LoadedPage, { open }: { open: boolean }): Promise<Map<string, Found>> => {
  const { log } = session
  const hubUrl = hub.page.url
  const { host } = new URL(hubUrl)
  const self = new Set([bare(hubUrl), bare(session.task.url)])
  const found = new Map<string, Found>()
  const add = (address: string, name: string, parent?: string) => {
    const url = bare(address)
    if (self.has(url) || new URL(url).host !== host) return
    const known = found.get(url)
    if (known) {
      known.name ||= name
      known.parent ??= parent && parent !== url ? parent : undefined
    } else if (found.size < MAX_CATEGORIES) {
      found.set(url, { name, parent: parent && parent !== url ? parent : undefined })
    }
  }

  const links = hub.data.outline.links.filter((link) => isCategoryLink(link, host))
  // On a hub below a path (a shop that shares its host) only what lies below is the shop's, if anything does.
  const below = bare(hubUrl).replace(/\/?$/, '/')
  const own = links.filter((link) => link.url.startsWith(below))
  for (const link of own.length > 0 ? own : links) add(link.url, link.text, bare(hubUrl))
  addCrumbs(hub, add)
  log.add(`${hubUrl}: ${found.size} categories in navigation`)

  const inSitemaps = await fromSitemaps(session, hub)
  const ownOnly = own.length > 0
  let extra = 0
  for (const address of inSitemaps) {
    if (classifyUrl(address) !== 'category' || (ownOnly && !address.startsWith(below))) continue
    const before = found.size
    add(address, '')
    extra += found.size - before
  }
  if (inSitemaps.length > 0) log.add(`Sitemaps: ${inSitemaps.length} addresses, ${extra} more categories`)

  if (open) await lookBelow(session, found, add, host)
  for (const [url, entry] of found) entry.name ||= slugName(url)
  return found
}

/** Opens categories, nearest first, to learn names, parents and subcategories. */
const lookBelow = async (
  session: Session,
  found: Map<string, Found>,
  add: (url: string, name: string, parent?: string) => void,
  host: string,
) => {
  let visits = 0
  // A Map may grow while it is iterated; entries added on the way are visited as well.
  for (const [url, entry] of found) {
    if (visits >= MAX_VISITS || session.left() <= 0) break
    visits++
    const loaded = await session.next(url)
    if (!loaded) continue
    entry.name ||= loaded.data.outline.heading || loaded.data.crumbs.at(-1)?.name || ''
    addCrumbs(loaded, add)
    const below = `${url.replace(/\/$/, '')}/`
    for (const link of loaded.data.outline.links) {
      if (link.url.startsWith(below) && link.zone !== 'product' && isCategoryLink(link, host)) add(link.url, link.text, url)
    }
  }
}

/** A trail names the page's ancestors, home first; a step that reads like a product or a service page is none. */
const addCrumbs = ({ page, data }: LoadedPage, add: (url: string, name: string, parent?: string) => void) => {
  const isProductPage = data.products.length === 1 && data.source !== 'none'
  const steps = data.crumbs.slice(1).filter((step) => step.url && URL.canParse(step.url))
  let parent = data.crumbs[0]?.url ? bare(data.crumbs[0].url) : undefined
  for (const [index, step] of steps.entries()) {
    const kind = classifyUrl(step.url!)
    const isSelf = bare(step.url!) === bare(page.url)
    if (kind === 'service' || kind === 'product' || (isProductPage && isSelf && index === steps.length - 1)) continue
    add(step.url!, step.name, parent)
    parent = bare(step.url!)
  }
}

const fromSitemaps = async (session: Session, hub: LoadedPage): Promise<string[]> => {
  const { task, signal, log, counts } = session
  const listed = await session.fetcher.sitemaps(hub.page.url, signal)
  const { host } = new URL(hub.page.url)
  // robots.txt may name a sitemap anywhere; a sitemap of another host is neither trusted nor needed.
  const declared = [...listed, ...hub.data.outline.sitemaps].filter((url) => URL.canParse(url) && new URL(url).host === host)
  const starts = declared.length > 0 ? declared : [new URL('/sitemap.xml', hub.page.url).href]
  return collectSitemaps(session, starts, {
    host,
    maxFiles: Math.min(MAX_SITEMAP_FILES, Math.max(session.left(), 0)),
    delayMs: task.delayMs,
    signal,
    report: (url, problem) => {
      // Most sites have no sitemap at the guessed place; that is no failed page.
      if (declared.length > 0) counts.pages_failed++
      log.add(`${url}: ${problem.message}`)
    },
  })
}

/** Strategy `discovery` (gifty §2.8, §3): sends the categories of a hub; the server turns new ones into sources. */
export const discover = async (session: Session): Promise<void> => {
  const hub = await session.first(session.task.url)
  const found = await findCategories(session, hub, { open: true })
  const categories = [...found].map(
    ([url, { name, parent }]): ScrapedCategory => ({
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

/** The form under which an address is compared: no fragment, no trailing slash but the root's. */
const bare = (address: string): string => {
  const url = new URL(address)
  url.hash = ''
  if (url.pathname.length > 1) url.pathname = url.pathname.replace(/\/+$/, '')
  return url.href
}

const slugName = (address: string): string => {
  const last = new URL(address).pathname.split('/').filter(Boolean).at(-1) ?? ''
  let text = last
  try {
    text = decodeURIComponent(last)
  } catch (error) {
    if (!(error instanceof URIError)) throw error // a slug in another encoding stays as it is
  }
  const words = text
    .replace(/\.\w{2,5}$/, '')
    .replace(/[-_+]+/g, ' ')
    .trim()
  return words ? words[0]!.toUpperCase() + words.slice(1) : ''
}
