import { nextInLinkHeader } from '../../platform/http/link-header.ts'
import { isOnHost, shopHost, withoutTracking } from './addresses.ts'
import type { PageOutline } from './extract/index.ts'

const PAGE_KEY =
  /^(?:page|p|pg|pn|paged|cpage|pagen?_\d+|(?:current|product)[-_]?page|page[-_]?(?:num|number|no|index|n|id)|page\[(?:number|page)\]|pagina|seite|stranica|strana|str)$/i
const OFFSET_KEY = /^(?:start|offset|skip|from|limitstart|page\[offset\])$/i
/** Sorting and numbers per page: a link to a further page may state them while the first page's address does not. */
const VIEW_KEY = /^(?:sort(?:_?by)?|order(?:_?by)?|dir(?:ection)?|limit|per[-_]?page|view|mode|show|size|page\[size\])$/i
const PATH_PAGE = /(?:[/_-](?:page|pagina|seite|stranica|strana)[/_=-]?|\/p[/-]?)(\d{1,5})$/i
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
  const hosts = new Set([shopHost(new URL(current).host)])
  const sameHost = (address: string | undefined) => {
    if (!address || !URL.canParse(address, current)) return undefined
    const url = new URL(address, current)
    url.hash = ''
    return isOnHost(url.href, hosts) ? url.href : undefined
  }
  const stated = sameHost(nextInLinkHeader(linkHeader)) ?? sameHost(page.next)
  if (stated) return stated === current ? undefined : stated
  const here = pageAddress(current)
  const candidates = page.links
    .filter(({ url }) => isOnHost(url, hosts))
    .map(({ url, text }) => ({ url, text: text.trim(), ...pageAddress(url) }))
  const ofListing = candidates.filter((one) => one.listing === here.listing)
  return (
    following(here, ofListing) ??
    following(
      here,
      candidates.filter((one) => one.plain === here.plain),
    ) ??
    numberedBelow(here, candidates) ??
    ofListing.find((one) => one.key && NEXT_TEXT.test(one.text) && comesAfter(one, here))?.url
  )
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

/** `/tea/2` labelled 2, on `/tea` or `/tea/1`: a number below the listing that only its label shows to be a page. */
const numberedBelow = (here: PageAddress, links: Candidate[]): string | undefined => {
  const [path = '', query = ''] = here.listing.split('?', 2)
  const own = /^(.*)\/(\d{1,4})$/.exec(path)
  const isPage = (base: string, number: number) =>
    links.find((one) => one.text === String(number) && one.listing === `${base}/${number}?${query}`)?.url
  return isPage(path, 2) ?? (own ? isPage(own[1]!, Number(own[2]) + 1) : undefined)
}
