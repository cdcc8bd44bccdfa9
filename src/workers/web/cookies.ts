import { CookieJar } from 'tough-cookie'

/** The cookies of one run, kept while it lasts. They are never stored or logged. */
export interface Cookies {
  /** The `Cookie` field of a request; undefined without cookies for it. */
  header(url: URL): string | undefined
  /** Takes the `Set-Cookie` fields of an answer; those that its host may not set are left out. */
  take(url: URL, headers: Headers): void
}

/** Of one run. */
const MAX_COOKIES = 300
/** Of one answer. */
const MAX_FIELDS = 50
const MAX_FIELD_CHARS = 4096
/** Of one request. */
const MAX_HEADER_CHARS = 8192

/** A jar by the rules of RFC 6265: a cookie goes to the host that set it, or to its domain if that is no public suffix. */
export const createCookies = (): Cookies => {
  const jar = new CookieJar(undefined, { allowSecureOnLocal: false })
  const known = new Set<string>()
  return {
    header(url) {
      if (known.size === 0) return undefined
      let header = ''
      for (const cookie of jar.getCookiesSync(url.href)) {
        const pair = cookie.cookieString()
        if (header.length + pair.length + 2 > MAX_HEADER_CHARS) break
        header += header === '' ? pair : `; ${pair}`
      }
      return header === '' ? undefined : header
    },
    take(url, headers) {
      for (const field of headers.getSetCookie().slice(0, MAX_FIELDS)) {
        if (field.length > MAX_FIELD_CHARS) continue
        // Nothing outside ASCII: it could not be sent back as it came.
        if (/[^\x20-\x7e]/.test(field)) continue
        const kept = jar.setCookieSync(field, url.href, { ignoreError: true })
        if (!kept) continue
        const key = `${kept.domain}|${kept.path}|${kept.key}`
        if (known.size < MAX_COOKIES) known.add(key)
        else if (!known.has(key)) jar.store.removeCookie(kept.domain, kept.path, kept.key, () => {})
      }
    },
  }
}
