import { nextInLinkHeader } from '../../platform/http/link-header.ts'
import { isOnHost, shopHost, withoutTracking } from './addresses.ts'
import type { PageOutline } from './extract/index.ts'

const PAGE_KEY =
  /^(?:page|p|pg|pn|paged|cpage|pagen?_\d+|(?:current|product)[-_]?page|page[-_]?(?:num|number|no|index|n|id)|page\[(?:number|page)\]|pagina|seite|stranica|strana|str)$/i
const OFFSET_KEY = /^(?:start|start_?index|offset|ofs|skip|from|first|begin|limitstart|page\[offset\])$/i
/** Sorting and numbers per page: a link to a further page may state them while the first page's address does not. */
const VIEW_KEY =
  /^(?:sort(?:_?by)?|order(?:_?by)?|dir(?:ection)?|limit|per[-_]?page|view|mode|show|size|page\[size\]|sizen_\d+)$/i
const PATH_PAGE = /(?:[/_-](?:page|pagina|seite|stranica|strana)[/_=-]?|\/p[/-]?)(\d{1,5})$/i
/** How an address may end on its page number, whatever the word. */
const SUFFIX = /[/_,;-](?:[a-z]{1,12}[/_=-]?)?(\d{1,4})$/i
const NEXT_TEXT =
  /^(?:next(?: page)?|more|load more|show more|older|далее|дальше|вперед|вперёд|следующ\S{1,4}(?: страница)?|показать (?:ещ[её]|больше)|weiter|nächste|suivante?|siguiente|successiva|avanti|›|»|>|>>|→)\s{0,2}[›»>→]{0,2}$/i

/** An address as one page of a listing. */
interface PageAddress {
  /** The listing without its page. */
  listing: string
  /** The same without sorting and page size. */
  plain: string
  /** Where the page stands: the parameter's name, `path`, or '' when the address names no page. */
  key: string
  value: number
}

const pageAddress = (address: string): PageAddress => {
  const url = new URL(withoutTracking(address))
  let key = ''
  let value = 0
  const rest: string[] = []
  for (const [name, text] of url.searchParams) {
    const isPage = PAGE_KEY.test(name) || OFFSET_KEY.test(name)
    if (isPage && !key && /^\d{1,7}$/.test(text)) {
      key = name.toLowerCase()
      value = Number(text)
    } else rest.push(`${name}=${text}`)
  }
  let path = url.pathname.replace(/\/$/, '').replace(/\.(?:html?|php|aspx?)$/i, '')
  const inPath = key ? null : PATH_PAGE.exec(path)
  if (inPath) {
    key = 'path'
    value = Number(inPath[1])
    path = path.slice(0, inPath.index)
  }
  const start = `${shopHost(url.host)}${path}`
  const plain = rest.filter((pair) => !VIEW_KEY.test(pair.split('=', 1)[0]!))
  return { listing: `${start}?${rest.sort().join('&')}`, plain: `${start}?${plain.sort().join('&')}`, key, value }
}

/**
 * The listing's next page: `Link` header, rel=next, else a link to the following page of this same listing: by number (counted from 0 or 1),
 * by offset, or because it says "next". `current` is the address that answered.
 */
export const nextPage = (page: PageOutline, current: string, linkHeader: string): string | undefined => {
  const known = found.get(page)
  if (known?.current === current && known.linkHeader === linkHeader) return known.next
  const next = findNext(page, current, linkHeader)
  found.set(page, { current, linkHeader, next })
  return next
}
/** What was found for a page: it is asked for several times, on the loop that answers requests. */
const found = new WeakMap<PageOutline, { current: string; linkHeader: string; next: string | undefined }>()

/**
 * Characters of addresses that are taken apart, about 20 ms of work: those of links labelled as pages first. A hostile page has 5,000 links
 * of a thousand parameters each.
 */
const MAX_CHARS = 100_000
const withinBudget = <L extends { url: string; text: string }>(links: readonly L[]): L[] => {
  const isLabelled = ({ text }: L) => /^\s{0,9}\d{1,7}\s{0,9}$/.test(text) || NEXT_TEXT.test(text.trim())
  const total = links.reduce((sum, { url }) => sum + url.length, 0)
  if (total <= MAX_CHARS) return [...links]
  const { true: labelled = [], false: rest = [] } = Object.groupBy(links, (link) => String(isLabelled(link)) as 'true' | 'false')
  const kept: L[] = []
  let left = MAX_CHARS
  for (const link of [...labelled, ...rest]) {
    if (link.url.length > left) continue
    left -= link.url.length
    kept.push(link)
  }
  return kept
}

const findNext = (page: PageOutline, current: string, linkHeader: string): string | undefined => {
  const hosts = new Set([shopHost(new URL(current).host)])
  const sameHost = (address: string | undefined) => {
    if (!address || !URL.canParse(address, current)) return undefined
    const url = new URL(address, current)
    url.hash = ''
    return isOnHost(url.href, hosts) ? url.href : undefined
  }
  const stated = sameHost(nextInLinkHeader(linkHeader)) ?? sameHost(page.next)
  if (stated && stated !== current) return stated
  const here = pageAddress(current)
  // All pages of a listing begin like it; the rest need not be taken apart.
  const start = here.listing.split('?', 1)[0]!.replace(SUFFIX, '')
  const below = page.links.filter(({ url }) => url.replace(/^https?:\/\/(?:www\.)?/, '').startsWith(start))
  const candidates = withinBudget(below).map(({ url, text }) => ({ url, text: text.trim(), ...pageAddress(url) }))
  const ofListing = candidates.filter((one) => one.listing === here.listing)
  return (
    following(here, ofListing) ??
    following(
      here,
      candidates.filter((one) => one.plain === here.plain),
    ) ??
    numberedBelow(here, candidates) ??
    byLabel(current, candidates) ??
    ofListing.find((one) => one.key && NEXT_TEXT.test(one.text) && comesAfter(one, here))?.url
  )
}

/** Whether this page is one of several of its listing. `rel=next` alone does not tell: on products' pages it leads to the next product. */
export const hasFurtherPages = (page: PageOutline, current: string, linkHeader: string): boolean => {
  const next = nextPage(page, current, linkHeader)
  return next !== undefined && pageAddress(next).key !== '' && pageAddress(next).plain === pageAddress(current).plain
}

interface Candidate extends PageAddress {
  url: string
  text: string
}

const comesAfter = (one: Candidate, here: PageAddress) => !here.key || one.key !== here.key || one.value > here.value

const following = (here: PageAddress, links: Candidate[]): string | undefined => {
  for (const key of new Set(links.flatMap((one) => one.key || []))) {
    if (here.key && here.key !== key) continue
    const same = links.filter((one) => one.key === key)
    if (OFFSET_KEY.test(key)) {
      const beyond = same.filter((one) => one.value > here.value)
      if (beyond.length > 0) return beyond.reduce((least, one) => (one.value < least.value ? one : least)).url
      continue
    }
    // Pages are counted from 0 where a link says so: `?page=0`, or the label 2 on `?page=1`.
    const fromZero = same.some((one) => one.value === 0 || (/^\d{1,7}$/.test(one.text) && Number(one.text) === one.value + 1))
    const first = fromZero ? 0 : 1
    const next = (here.key ? here.value : first) + 1
    const found = same.find((one) => one.value === next)
    if (found) return found.url
  }
  return undefined
}

/** `/tea/2`, `/tea-2.html`, `/tea,2` or `/tea/seite2` labelled 2, on `/tea` or its page 1: only its label shows the number to be a page. */
const numberedBelow = (here: PageAddress, links: Candidate[]): string | undefined => {
  const [path = '', query = ''] = here.listing.split('?', 2)
  const pageBelow = (base: string, number: number) =>
    links.find((one) => {
      if (one.text !== String(number)) return false
      const [there = '', thereQuery = ''] = one.listing.split('?', 2)
      if (thereQuery !== query || !there.startsWith(base) || there.length > base.length + 30) return false
      const suffix = SUFFIX.exec(there.slice(base.length))
      return suffix !== null && suffix.index === 0 && Number(suffix[1]) === number
    })?.url
  if (!path.includes('/')) return undefined // everything is below the root
  const own = SUFFIX.exec(path.slice(-30))
  const base = own ? path.slice(0, path.length - own[0].length) : ''
  return pageBelow(path, 2) ?? (own ? pageBelow(base, Number(own[1]) + 1) : undefined)
}

/** The link labelled with the next number that differs from this page in one numeric parameter of any name (`?cp=2`, `?n=24`). */
const byLabel = (current: string, links: Candidate[]): string | undefined => {
  const here = new URL(withoutTracking(current))
  /** By parameter: value -> link and label. */
  const byKey = new Map<string, { url: string; label: number; value: number }[]>()
  for (const { url, text } of links) {
    if (!/^\d{1,4}$/.test(text)) continue
    const key = oneNumber(here, new URL(withoutTracking(url)))
    if (!key) continue
    const value = Number(new URL(url).searchParams.get(key) ?? 0)
    const pages = byKey.get(key) ?? []
    pages.push({ url, label: Number(text), value })
    byKey.set(key, pages)
  }
  for (const [key, pages] of byKey) {
    const value = Number(here.searchParams.get(key) ?? 0)
    const before = pages.filter((page) => page.value < value).map(({ label }) => label)
    const label = here.searchParams.has(key) ? Math.max(0, ...before) + 1 : 1
    const next = pages.find((page) => page.label === label + 1 && page.value > value)
    if (next) return next.url
  }
  return undefined
}

/** The one numeric parameter in which two addresses differ. */
const oneNumber = (here: URL, there: URL): string | undefined => {
  if (here.host !== there.host || here.pathname !== there.pathname) return undefined
  const keys = new Set([...here.searchParams.keys(), ...there.searchParams.keys()])
  if (keys.size > 20) return undefined
  const differing = [...keys].filter((key) => here.searchParams.get(key) !== there.searchParams.get(key))
  const [key] = differing
  if (!key || differing.length > 1) return undefined
  return /^\d{1,7}$/.test(there.searchParams.get(key) ?? '0') && /^\d{1,7}$/.test(here.searchParams.get(key) ?? '0')
    ? key
    : undefined
}
