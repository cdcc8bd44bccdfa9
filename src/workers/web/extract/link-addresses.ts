import { classifyUrl, idsIn, type LinkKind } from '../addresses.ts'
import { absoluteUrl } from './product.ts'
import { remembering } from './remember.ts'

/** Where a link leads. */
export interface Target {
  /** Absolute, without fragment. */
  url: string
  /** What its address alone says. */
  kind: LinkKind
  /** It leads to another page of the shop, not to a cart, a search or this page itself. */
  isPage: boolean
}

/** A shop's menu is on all its pages. */
const kindOf = remembering(classifyUrl, 5000)

/** A path of characters that stay as they are, without `.` and `..` as segments, and a query of such. */
const PLAIN = /^\/(?![/.])(?:[\w\-~,;=+!()*]|\/(?!\.)|\.)*(?:\?[\w\-./~,;=+!()*:@%&[\]]*)?$/

/**
 * Tells for each `href` of a page where it leads, the same target for the same address; undefined for what is no address of a page. `base` and
 * `page` are absolute.
 */
export const createTargets = (base: string, page: string): ((href: string) => Target | undefined) => {
  const here = new URL(page)
  const { origin, protocol } = new URL(base)
  const isWeb = protocol === 'http:' || protocol === 'https:'
  const byHref = new Map<string, Target | undefined>()
  const byUrl = new Map<string, Target>()

  /** Most links are written so that there is nothing to resolve. */
  const resolve = (href: string): string | undefined => {
    if (isWeb && href.length < 2048) {
      if (PLAIN.test(href)) return origin + href
      if (href.startsWith(origin) && PLAIN.test(href.slice(origin.length))) return href
    }
    return absoluteUrl(href, base)
  }
  /** Whether an address shows another thing than this page does sorted or filtered otherwise. */
  const isElsewhere = (address: string) => {
    // An absolute address without a query: its path begins behind the host.
    if (!address.includes('?')) return address.slice(address.indexOf('/', 'https://'.length)) !== here.pathname
    const url = new URL(address)
    return url.pathname !== here.pathname || idsIn(url).some(([key, value]) => here.searchParams.get(key) !== value)
  }

  return (href) => {
    const known = byHref.get(href)
    if (known || byHref.has(href)) return known
    const url = resolve(href)
    let target = url === undefined ? undefined : byUrl.get(url)
    if (url !== undefined && !target) {
      const kind = kindOf(url)
      target = { url, kind, isPage: kind === 'product' || kind === 'category' || (kind !== 'service' && isElsewhere(url)) }
      byUrl.set(url, target)
    }
    byHref.set(href, target)
    return target
  }
}
