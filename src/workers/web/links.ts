import { addressKey, classifyUrl, idsIn, isOnHost, shopHost, withoutTracking } from './addresses.ts'
import type { Link, PageOutline } from './extract/index.ts'

/** Names of menu entries that lead to no category, for addresses that say nothing. */
const SERVICE_TEXT =
  /^(?:home|log ?in|sign ?(?:in|up)|register|(?:my )?(?:account|cart|basket|bag)|shopping cart|checkout|contacts?(?: us)?|about(?: us)?|delivery|shipping|payment|returns?|help|faq|blog|news|wish ?list|compare|главная|вход|войти|регистрация|корзина|личный кабинет|избранное|сравнение|контакты|о компании|о нас|о магазине|доставка(?: и оплата)?|оплата(?: и доставка)?|возврат|гарантия|помощь|блог|новости|статьи|отзывы|вакансии|магазины|акции)$/i

/** A script that shows one thing by its id: in a menu it is a category. */
const ONE_OF_SCRIPT = /^\?(?:id|code|slug|name|type|sid|gid|cat_?name)=[^&]{1,200}$/i

/** Whether a link on a page of these hosts leads to a category: by its address, or because it is in a menu and its address fits nothing else. */
export const isCategoryLink = (link: Link, hosts: ReadonlySet<string>): boolean => {
  const { kind, text: name } = link
  if (kind === 'service' || kind === 'product' || link.zone === 'footer' || !name || name.length > 100) return false
  if (/\bnofollow\b/.test(link.rel) || !isOnHost(link.url, hosts)) return false
  if (kind === 'category') return link.zone !== 'product'
  if (link.zone !== 'menu' || SERVICE_TEXT.test(name)) return false
  const { pathname, search } = new URL(withoutTracking(link.url))
  return kind === 'unknown' ? pathname !== '/' : kind === 'view' && ONE_OF_SCRIPT.test(search)
}

/**
 * Links of a page that shows its categories as tiles and has no menu: what could be categories when nothing else is. Whether it is one shows
 * when it is read.
 */
export const isCategoryTile = (link: Link, hosts: ReadonlySet<string>): boolean => {
  const { kind } = link
  if (!isOnHost(link.url, hosts) || !link.text || link.text.length > 100) return false
  if (link.zone === 'card') return (kind === 'unknown' || kind === 'category') && new URL(link.url).pathname !== '/'
  return link.zone === 'product' && kind === 'category'
}

/** Addresses of product pages that the page at `current` links to, in page order without repeats and without tracking. */
export const productLinks = (page: PageOutline, current: string): string[] => {
  const hosts = new Set([shopHost(new URL(current).host)])
  const here = new URL(current)
  const found = new Map<string, string>()
  /** Taken when nothing better is there. */
  const weak = new Map<string, string>()
  for (const link of page.links) {
    const strength = strengthOf(link, here)
    if (!strength || !isOnHost(link.url, hosts)) continue
    const address = withoutTracking(link.url)
    const into = strength === 'strong' ? found : weak
    const key = addressKey(address)
    if (!into.has(key)) into.set(key, address)
  }
  return [...(found.size > 0 ? found : weak).values()]
}

const strengthOf = ({ url: address, zone, rel, kind }: Link, here: URL): 'strong' | 'weak' | undefined => {
  if (kind === 'service' || zone === 'menu' || zone === 'footer') return undefined
  if (kind === 'product') return 'strong'
  if (zone === 'plain') return undefined
  const url = new URL(address)
  const isOther = directory(url.pathname) !== directory(here.pathname)
  // Sorting, paging and the way back up are no products, whatever they stand in; one script may show everything by its ids.
  const byId = kind === 'view' && idsIn(url).some(([key, value]) => here.searchParams.get(key) !== value)
  if (url.pathname === '/' || isAbove(url, here) || (!isOther && !byId)) return undefined
  if (zone === 'product') return kind === 'unknown' && /\bnofollow\b/.test(rel) ? undefined : 'strong'
  if (kind === 'unknown' || kind === 'view') return 'strong'
  return isAbove(here, url) ? 'weak' : undefined
}

/** A path with a slash at its end. */
const directory = (path: string) => (path.endsWith('/') ? path : `${path}/`)

/** Whether `upper` is a directory above `lower`, by path. */
const isAbove = (upper: URL, lower: URL) =>
  upper.pathname.length < lower.pathname.length && lower.pathname.startsWith(directory(upper.pathname))

/**
 * Of the addresses that ItemLists of the page name, those of products: navigation is listed as well. In page order, without repeats.
 */
export const listedProducts = (page: PageOutline, addresses: string[], current: string): string[] => {
  if (addresses.length === 0) return []
  const hosts = new Set([shopHost(new URL(current).host)])
  const here = new URL(current)
  const zones = new Map<string, Set<string>>()
  for (const { url, zone } of page.links) {
    const key = addressKey(url)
    const known = zones.get(key)
    if (known) known.add(zone)
    else zones.set(key, new Set([zone]))
  }
  const found = new Map<string, string>()
  for (const address of addresses) {
    if (!isOnHost(address, hosts)) continue
    const kind = classifyUrl(address)
    const key = addressKey(address)
    const seenIn = zones.get(key)
    const isInMenuOnly = seenIn !== undefined && [...seenIn].every((zone) => zone === 'menu' || zone === 'footer')
    const url = new URL(address)
    if (kind === 'service' || url.pathname === '/' || isInMenuOnly || key === addressKey(current)) continue
    if (kind === 'category' && !seenIn?.has('product') && !isAbove(here, url)) continue
    if (!found.has(key)) found.set(key, withoutTracking(address))
  }
  return [...found.values()]
}

/** Whether `address` is below the category at `parent`: by path, or by OpenCart's `path=20_26`. */
export const isBelow = (address: string, parent: string): boolean => {
  const url = new URL(address)
  const above = new URL(parent)
  if (url.host !== above.host) return false
  const path = url.searchParams.get('path')
  const pathAbove = above.searchParams.get('path')
  if (path && pathAbove) return url.pathname === above.pathname && path.startsWith(`${pathAbove}_`)
  return above.search === '' && isAbove(above, url)
}
