/** What identifies a product and its content (gifty §3, points 3-5). */

/** Query parameters that only track; a source's `strip_params` replaces the list. */
const TRACKING_PARAMS = [
  'utm_source',
  'utm_medium',
  'utm_campaign',
  'utm_term',
  'utm_content',
  'yclid',
  'gclid',
  'fbclid',
  'asid',
  '_openstat',
]
const CONTENT_MAX = 4000
const CATEGORY_KEY_MAX = 100
const URL_PARTS = /^(https?):\/\/([^/?#\\\s]+)((?:\/[^?#]*)?)(\?[^#]*)?(?:#.*)?$/is
const HOST_AND_PORT = /^(\[[0-9a-f:.]+\]|[^:[\]@]+)(?::(\d*))?$/

/**
 * The normal form of a product or category URL: scheme and host in lower case, no default port, a path of at least `/`, no fragment, no listed parameter,
 * the other parameters in their order, form-urlencoded. Undefined for a text that is not an http(s) URL: without a scheme no client could open it.
 */
export const normaliseUrl = (url: string, strip: ReadonlySet<string>): string | undefined => {
  const parts = URL_PARTS.exec(url.trim())
  if (!parts) return undefined
  const scheme = (parts[1] as string).toLowerCase()
  const authority = parts[2] as string
  const at = authority.lastIndexOf('@') + 1
  const place = HOST_AND_PORT.exec(authority.slice(at).toLowerCase())
  if (!place) return undefined
  const [, host, port = ''] = place
  const isDefault = port === '' || (scheme === 'http' && Number(port) === 80) || (scheme === 'https' && Number(port) === 443)
  let query = ''
  if (parts[4] !== undefined && parts[4].length > 1) {
    const kept = new URLSearchParams()
    for (const [name, value] of new URLSearchParams(parts[4])) if (!strip.has(name.toLowerCase())) kept.append(name, value)
    query = kept.toString()
  }
  // Blanks that stood before a fragment or a dropped query would be trimmed the next time: the form would not be normal.
  const rawPath = parts[3] || '/'
  const path = query === '' ? rawPath.trimEnd() : `${rawPath}?${query}`
  return `${scheme}://${authority.slice(0, at)}${host}${isDefault ? '' : `:${port}`}${path}`
}

export const stripSet = (params: unknown): ReadonlySet<string> =>
  new Set(
    (Array.isArray(params) ? params : TRACKING_PARAMS)
      .filter((name) => typeof name === 'string')
      .map((name: string) => name.toLowerCase()),
  )

export const giftId = (siteKey: string, normalisedUrl: string) => `${siteKey}:${normalisedUrl}`
export const giftHash = (id: string): string => new Bun.CryptoHasher('sha256').update(id).digest('base64url')

/** Non-empty title, category, description and merchant, joined by a space, at most 4,000 characters. */
export const contentText = (product: {
  title: string
  category: string | null
  description: string | null
  merchant: string | null
}): string => {
  let text = product.title
  if (product.category) text += text === '' ? product.category : ` ${product.category}`
  if (product.description) text += text === '' ? product.description : ` ${product.description}`
  if (product.merchant) text += text === '' ? product.merchant : ` ${product.merchant}`
  // A cut inside a surrogate pair would leave half a character, which no database stores.
  return text.length > CONTENT_MAX ? text.slice(0, CONTENT_MAX).toWellFormed() : text
}
export const contentHash = (text: string, imageUrl: string | null): string =>
  new Bun.CryptoHasher('sha256').update(`${text}|${imageUrl ?? ''}`).digest('hex')

/** A category as an index key: itself, or its digest where it is long. */
export const categoryKey = (category: string): string =>
  category.length <= CATEGORY_KEY_MAX ? category : new Bun.CryptoHasher('sha256').update(category).digest('base64url')
export const nameHash = (name: string): string => new Bun.CryptoHasher('sha256').update(name).digest('base64url')
