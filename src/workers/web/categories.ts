import { addressKey, classifyUrl, isOnHost, MAX_ADDRESS, shopHost, withoutTracking } from './addresses.ts'
import { isBelow, isCategoryLink, isCategoryTile, productLinks } from './links.ts'
import { describesListing, ownProduct } from './listing.ts'
import { openPage } from './pages.ts'
import type { LoadedPage, Session } from './run.ts'
import { collectSitemaps } from './sitemaps.ts'

const MAX_CATEGORIES = 2000
/** Category pages opened to look for their subcategories and names; more would be a crawl of its own. */
const MAX_VISITS = 40
const MAX_SITEMAP_FILES = 10

/** A category's page. */
export interface FoundCategory {
  /** As the site wrote it, without tracking: a shop may answer only with, or only without, the slash at its end. */
  url: string
  name: string
  parent?: string
}

/** Categories by `addressKey`, in the order in which they were found. */
type Categories = Map<string, FoundCategory>
type Add = (address: string, name: string, parent?: string) => void

/**
 * Category pages of a site: menu links of the hub, breadcrumbs, sitemaps, and with `open` what the categories found link to below themselves.
 */
export const findCategories = async (
  session: Session,
  hub: LoadedPage,
  { open }: { open: boolean },
): Promise<FoundCategory[]> => {
  const { log } = session
  const hubUrl = hub.page.url
  const hosts = hostsOf(session, hub)
  const self = new Set([addressKey(hubUrl), addressKey(session.task.url)])
  const found: Categories = new Map()
  let tooLong = 0
  const add: Add = (address, name, parent) => {
    const url = withoutTracking(address)
    if (!isOnHost(url, hosts)) return
    if (url.length > MAX_ADDRESS) return void tooLong++
    const key = addressKey(url)
    if (self.has(key)) return
    // Parents are named by the address under which they were found themselves.
    const above =
      parent && addressKey(parent) !== key ? (found.get(addressKey(parent))?.url ?? withoutTracking(parent)) : undefined
    const known = found.get(key)
    if (known) {
      known.name ||= name
      known.parent ??= above
    } else if (found.size < MAX_CATEGORIES) found.set(key, { url, name, ...(above ? { parent: above } : {}) })
  }

  const all = hub.data.outline.links
  const links = all.filter((link) => isCategoryLink(link, hosts))
  // On a hub below a path (a shop that shares its host) only what lies below is the shop's, if anything does.
  const own = links.filter((link) => isBelow(link.url, hubUrl))
  const isOwnOnly = own.length > 0 && new URL(hubUrl).pathname !== '/'
  for (const link of isOwnOnly ? own : links) add(link.url, link.text, hubUrl)
  addCrumbs(hub, add)
  log.add(`${hubUrl}: ${found.size} categories in navigation`)

  const inSitemaps = await fromSitemaps(session, hub, hosts)
  const before = found.size
  for (const address of inSitemaps) if (!isOwnOnly || isBelow(address, hubUrl)) add(address, '')
  if (inSitemaps.length > 0) log.add(`Sitemaps: ${found.size - before} more categories`)

  // A shop without a menu shows its categories as tiles.
  if (found.size === 0 && hub.data.products.length === 0) {
    for (const link of all) if (isCategoryTile(link, hosts)) add(link.url, link.text, hubUrl)
    for (const address of hub.data.listUrls) if (classifyUrl(address) === 'category') add(address, '', hubUrl)
  }

  if (open) await lookBelow(session, found, add, hosts)
  session.counts.pages_failed += tooLong
  if (tooLong > 0) log.add(`${tooLong} categories left out, their addresses are longer than ${MAX_ADDRESS} characters`)
  for (const entry of found.values()) entry.name ||= slugName(entry.url)
  return [...found.values()]
}

/** The hosts of a run's shop: the source's and that of the page that answered, `www.` or not. */
const hostsOf = ({ task }: Session, { page }: LoadedPage): ReadonlySet<string> =>
  new Set([task.url, page.url].map((address) => shopHost(new URL(address).host)))

/** Opens categories, nearest first, to learn names, parents and subcategories. */
const lookBelow = async (session: Session, found: Categories, add: Add, hosts: ReadonlySet<string>) => {
  const visited = new Set<string>()
  // Entries that are added on the way are visited as well.
  for (;;) {
    const [next, then] = [...found].filter(([key]) => !visited.has(key))
    if (!next || visited.size >= MAX_VISITS) break
    const [key, entry] = next
    if (!session.isAhead(entry.url) && session.left() <= 0) break
    visited.add(key)
    const following = visited.size < MAX_VISITS ? then?.[1].url : undefined
    const loaded = await openPage(session, entry.url, { following })
    if (!loaded) continue
    if (isProductPage(loaded)) {
      found.delete(key)
      session.log.add(`${entry.url}: a product, no category`)
      continue
    }
    entry.name ||= loaded.data.outline.heading || loaded.data.crumbs.at(-1)?.name || ''
    addCrumbs(loaded, add)
    const goods = new Set(
      [...loaded.data.products.map((product) => product.product_url), ...loaded.data.listUrls].map(addressKey),
    )
    for (const link of loaded.data.outline.links)
      if (
        link.zone !== 'product' &&
        !goods.has(addressKey(link.url)) &&
        isCategoryLink(link, hosts) &&
        isBelow(link.url, entry.url)
      )
        add(link.url, link.text, entry.url)
  }
}

/** Whether a page among the categories is a product's after all: it is about one, and nothing says that this is the listing itself. */
const isProductPage = (loaded: LoadedPage): boolean => {
  const { page, data } = loaded
  const own = ownProduct(loaded)
  if (!own || data.isAggregate || data.isGroup) return false
  return !describesListing(loaded, own, productLinks(data.outline, page.url).length)
}

/** A trail names the page's ancestors, home first; a step that reads like a product or a service page is none. */
const addCrumbs = ({ page, data }: LoadedPage, add: Add) => {
  const isAboutProduct = data.products.length === 1 && data.source !== 'none'
  const steps = data.crumbs.slice(1).filter((step) => step.url && URL.canParse(step.url))
  let parent = data.crumbs[0]?.url
  for (const [index, step] of steps.entries()) {
    const kind = classifyUrl(step.url!)
    const isSelf = addressKey(step.url!) === addressKey(page.url)
    if (kind === 'service' || kind === 'product' || (isAboutProduct && isSelf && index === steps.length - 1)) continue
    add(step.url!, step.name, parent)
    parent = step.url!
  }
}

const fromSitemaps = async (session: Session, hub: LoadedPage, hosts: ReadonlySet<string>): Promise<string[]> => {
  const { task, signal, log, counts } = session
  const listed = await session.fetcher.sitemaps(hub.page.url, signal)
  // robots.txt may name a sitemap anywhere; a sitemap of another host is neither trusted nor needed.
  const declared = [...listed, ...hub.data.outline.sitemaps].filter((url) => isOnHost(url, hosts))
  const starts = declared.length > 0 ? declared : [new URL('/sitemap.xml', hub.page.url).href]
  const {
    kept,
    counts: seen,
    filesLeft,
  } = await collectSitemaps(session, starts, {
    hosts,
    maxFiles: Math.min(MAX_SITEMAP_FILES, Math.max(task.maxPages - counts.pages, 0)),
    keep: { category: MAX_CATEGORIES },
    delayMs: task.delayMs,
    signal,
    report: (url, problem) => {
      // Most sites have no sitemap at the guessed place; that is no failed page.
      if (declared.length > 0) session.failed(url, problem)
      else log.add(`${url}: ${problem.message}`)
    },
  })
  const total = Object.values(seen).reduce((sum, number) => sum + number, 0)
  if (total > 0) log.add(`Sitemaps: ${total} addresses, ${seen.category} of categories`)
  if (filesLeft > 0) log.add(`Sitemaps: ${filesLeft} files not read`)
  return kept.category
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
