import { badTask, TaskFailure } from '../errors.ts'

/** Where an instance's REST API lives. */
export interface Base {
  origin: string
  /** Host with the port, as it names directories and providers. */
  host: string
  hostname: string
  /** Path of the API without a slash at its end, such as `/api/v4`. */
  path: string
}

const encoder = new TextEncoder()
/** Percent-encodes everything but `[A-Za-z0-9._-]`, byte by byte; unlike encodeURIComponent it takes any text. */
export const percentEncode = (text: string): string => {
  let out = ''
  for (const byte of encoder.encode(text)) {
    const char = String.fromCharCode(byte)
    out += /[A-Za-z0-9._-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return out
}

/** The API base of an apiEndpoint (gitlab-worker §3.1). @throws TaskFailure BAD_TASK */
export const baseOf = (endpoint: string | undefined): Base => {
  if (!endpoint) throw badTask('apiEndpoint is missing')
  const url = URL.parse(endpoint)
  if (!url || !/^https?:$/.test(url.protocol)) throw badTask('apiEndpoint is not an http(s) URL')
  const path = url.pathname.replace(/\/+$/, '')
  const api = path.endsWith('/api/graphql')
    ? path.replace(/graphql$/, 'v4')
    : /\/api\/v\d+(\/|$)/.test(path)
      ? path
      : `${path}/api/v4`
  return { origin: url.origin, host: url.host, hostname: url.hostname, path: api }
}

/** One path segment for a resource: digits as they are, the rest encoded (§3.1). @throws TaskFailure BAD_TASK */
export const segment = (text: string): string => {
  // A URL parser takes these as steps up and down, encoded or not, so they would name another resource.
  if (text === '.' || text === '..') throw badTask(`"${text}" is not the id or path of a GitLab resource`)
  return percentEncode(text)
}

/** Path and query of a URL that an answer names, on the base's origin (§3.2). @throws TaskFailure REDIRECT_REFUSED outside the base */
export const insideBase = (base: Base, link: string, current: string): string => {
  const url = URL.parse(link, `${base.origin}${current}`)
  if (!url?.pathname.startsWith(`${base.path}/`))
    throw new TaskFailure('REDIRECT_REFUSED', 'GitLab links to a page outside of its API', false)
  return `${url.pathname}${url.search}`
}

const LINK = /<([^>]*)>((?:\s*;\s*[^\s=;,]+\s*=\s*(?:"[^"]*"|[^\s;,]*))*)/g
/** The URL of `rel="next"` in a Link header. */
export const nextLink = (header: string | null): string | undefined => {
  for (const [, url, params] of (header ?? '').matchAll(LINK))
    if (/;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next(?=[\s;,]|$))/i.test(params ?? '')) return url
  return undefined
}
