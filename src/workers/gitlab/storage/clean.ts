/** A copy of an item without what must not be stored: `runners_token`, and user info in `import_url` (gitlab-worker §7). */
export const cleaned = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(cleaned)
  if (value === null || typeof value !== 'object') return value
  const out: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'runners_token') continue
    out[key] = key === 'import_url' && typeof inner === 'string' ? withoutUser(inner) : cleaned(inner)
  }
  return out
}

const withoutUser = (address: string): string => {
  const url = URL.parse(address)
  // Not a URL to the parser, such as scp's user@host:path: everything before the last @ may be a secret.
  if (!url) return address.replace(/^.*@/s, '')
  if (url.username === '' && url.password === '') return address
  url.username = ''
  url.password = ''
  return url.href
}
