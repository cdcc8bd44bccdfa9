import type { Link, PageOutline } from './extract/index.ts'

const words = (text: string) => new Set(text.split(' '))

/** Path segments that never are a category, Russian transliterations included. */
const SERVICE = words(
  'cart basket checkout order orders login logout signin sign-in signup sign-up register registration auth account my profile lk cabinet personal ' +
    'wishlist favorites favourites favorite compare comparison search help faq support about about-us contacts contact contact-us delivery shipping ' +
    'payment payments returns refund warranty terms privacy policy legal cookies blog news press article articles review reviews vacancies jobs career ' +
    'careers stores store-locator api feed rss sitemap subscribe newsletter password reset gift-cards loyalty bonus partners app download downloads ' +
    'korzina izbrannoe sravnenie oplata dostavka vozvrat garantiya kontakty o-kompanii o-nas novosti stati akcii otzyvy vakansii magaziny pomoshch poisk ' +
    'oferta politika voprosy vhod registratsiya wp-admin wp-login.php admin cgi-bin static assets media images img css js cdn-cgi',
)
/** Segments that introduce a category. */
const CATEGORY = words(
  'c cat category categories catalog catalogue katalog collection collections department departments section sections rubric rubrics razdel razdely ' +
    'group groups kategoriya kategorii kategoria browse shop taxonomy product-category t',
)
/** Segments that introduce one product. */
const PRODUCT = words('p product products prod item items goods good tovar tovary dp sku detail offer offers card kartochka')
const FILE = /\.(?:jpe?g|png|gif|webp|svg|ico|css|js|json|xml|gz|pdf|zip|rar|docx?|xlsx?|mp[34]|webm|txt|rss|atom)$/i
const CATEGORY_QUERY = /^(?:cat|category|category_id|categoryid|cat_id|cid|section|section_id|path|route)$/i

export type LinkKind = 'category' | 'product' | 'service' | 'unknown'

/** Classifies a page by its address alone. */
export const classifyUrl = (address: string): LinkKind => {
  const url = new URL(address)
  const segments = url.pathname
    .toLowerCase()
    .split('/')
    .filter(Boolean)
    .map((segment) => segment.replace(/\.(?:html?|php|aspx?)$/, ''))
  if (FILE.test(url.pathname) || segments.some((segment) => SERVICE.has(segment))) return 'service'
  // Sorting, filters and pages of a category are the category again; only queries that select a category make a new one.
  const keys = [...url.searchParams.keys()]
  if (keys.length > 0 && !keys.every((key) => CATEGORY_QUERY.test(key))) return 'service'
  const last = segments.at(-1) ?? ''
  const before = segments.slice(0, -1)
  const marked = before.findLastIndex((segment) => PRODUCT.has(segment) || CATEGORY.has(segment))
  if (marked >= 0 && PRODUCT.has(before[marked]!)) return 'product'
  if (/(?:^|[-_])\d{6,}$/.test(last) && !CATEGORY.has(before.at(-1) ?? '')) return 'product'
  if (keys.length > 0 || marked >= 0) return 'category'
  return 'unknown'
}

/** Whether a link on a page of `host` leads to a category: by its address, or because it is in a menu and its address fits nothing else. */
export const isCategoryLink = (link: Link, host: string): boolean => {
  if (new URL(link.url).host !== host || link.zone === 'footer' || !link.text || link.text.length > 100) return false
  if (/\bnofollow\b/.test(link.rel)) return false
  const kind = classifyUrl(link.url)
  if (kind === 'category') return link.zone !== 'product'
  return kind === 'unknown' && link.zone === 'menu' && new URL(link.url).pathname !== '/'
}

/** Addresses of product pages that a listing links to, in page order without repeats. */
export const productLinks = (page: PageOutline, host: string): string[] => {
  const found = new Set<string>()
  for (const { url, zone } of page.links) {
    if (zone === 'footer' || zone === 'menu' || new URL(url).host !== host) continue
    const kind = classifyUrl(url)
    if (kind === 'product' || (kind === 'unknown' && zone === 'product' && new URL(url).pathname !== '/')) found.add(url)
  }
  return [...found]
}

const PAGE_KEY = /^(?:page|p|pg|paged|pagen?_\d+|pagenumber|page_num)$/i

/** Page number in an address (`?page=2`, `/page/2/`), 1 when there is none. */
const pageNumber = (url: URL): number => {
  for (const [key, value] of url.searchParams) if (PAGE_KEY.test(key) && /^\d{1,5}$/.test(value)) return Number(value)
  return Number(/\/(?:page|p)[/-]?(\d{1,5})\/?$/i.exec(url.pathname)?.[1] ?? 1)
}

/** The listing an address belongs to: the address without its page number. */
const listingOf = (url: URL): string => {
  const copy = new URL(url)
  for (const key of [...copy.searchParams.keys()]) if (PAGE_KEY.test(key)) copy.searchParams.delete(key)
  copy.pathname = copy.pathname.replace(/\/(?:page|p)[/-]?\d{1,5}\/?$/i, '').replace(/\/$/, '')
  return copy.href.replace(/\?$/, '')
}

/** The listing's next page: `Link` header, rel=next, else the link to the following page number of this same listing. */
export const nextPage = (page: PageOutline, current: string, linkHeader: string): string | undefined => {
  const here = new URL(current)
  const sameHost = (address: string | undefined) =>
    address && URL.canParse(address, current) && new URL(address, current).host === here.host
      ? new URL(address, current).href
      : undefined
  const header = /<([^<>]{1,4096})>\s*;[^,]*\brel\s*=\s*"?[^",;]*\bnext\b/i.exec(linkHeader)?.[1]
  const stated = sameHost(header) ?? sameHost(page.next)
  if (stated) return stated === current ? undefined : stated
  const following = pageNumber(here) + 1
  const listing = listingOf(here)
  return page.links.find(({ url }) => {
    const target = new URL(url)
    return target.host === here.host && pageNumber(target) === following && listingOf(target) === listing
  })?.url
}
