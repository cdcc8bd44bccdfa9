import { absoluteUrl } from './product.ts'
import { remembering } from './remember.ts'

/** Names under which one shop answers. */
const hostOf = (url: URL) => url.host.replace(/^(?:www|m|mobile)\./, '')
const siteOf = remembering((address) => hostOf(new URL(address)))
export const isSameSite = (address: string, page: string): boolean => siteOf(address) === siteOf(page)

const HOME_FILE = /^\/(?:index|default|home)?(?:\.(?:html?|php|aspx?|jsp))?$/i
/** A language's home page: `/en/`. */
const LANGUAGE_HOME = /^\/([a-z]{2}(?:[-_][a-z]{2})?)\/?$/i

/** Whether an address is that of a home page, also of the language in which `page` is. */
export const isHome = (address: string, page: string): boolean => {
  const { pathname, search } = new URL(address)
  if (search) return false
  if (HOME_FILE.test(pathname)) return true
  const language = LANGUAGE_HOME.exec(pathname)?.[1]
  return language !== undefined && new URL(page).pathname.toLowerCase().startsWith(`/${language.toLowerCase()}/`)
}

const TRACKING = /^(?:utm_\w+|yclid|gclid|fbclid|asid|_openstat|srsltid|ref)$/i
/** The form in which addresses of one page are compared: without scheme, `www.`, last slash, and what advertisers add. */
export const comparable = remembering((address: string): string => {
  const url = new URL(address)
  const query = [...url.searchParams].filter(([key]) => !TRACKING.test(key))
  const search = query.map(([key, value]) => `${key}=${value}`).join('&')
  let path = url.pathname
  try {
    path = decodeURI(path)
  } catch (error) {
    if (!(error instanceof URIError)) throw error // a path in another encoding stays as it is
  }
  return `${hostOf(url)}${path.replace(/(?:\/|\/index\.(?:html?|php))$/i, '')}${search ? `?${search}` : ''}`
}, 2000)

export type AddressProblem = 'home' | 'host'

/**
 * The address of a product as a mark of `page` names it, relative to `base`. A home page is no product's address, unless it is the page itself,
 * nor is one of another shop.
 */
export const productAddress = (value: string | undefined, base: string, page: string): string | AddressProblem | undefined => {
  const address = absoluteUrl(value, base)
  if (!address) return undefined
  if (!isSameSite(address, page)) return 'host'
  return isHome(address, page) && comparable(address) !== comparable(page) ? 'home' : address
}
