/** Puts the parameters of a URL in the place of those that Elysia has read. In place: a hook that is given the whole context makes Elysia read the body. */
export const rereadQuery = (query: object, given: Record<string, string | string[]>): void => {
  for (const name in query) delete (query as Record<string, unknown>)[name]
  Object.assign(query, given)
}

/** The last value of every parameter, for a contract in which it counts. */
export const lastOf = (query: Record<string, string | string[]>): Record<string, string> => {
  for (const name in query) {
    const value = query[name]
    if (Array.isArray(value)) query[name] = value.at(-1) as string
  }
  return query as Record<string, string>
}

/**
 * The query parameters of a URL as they were sent: a text, or a list where a name stands more than once. Elysia's reading for zod schemas
 * takes `a,b` for a list and `{...}` for JSON, so a family whose texts may hold either puts this in its place before the schema runs. Bytes
 * that are no UTF-8 become U+FFFD, a stray `%` stands for itself.
 * @example queryOf('http://x/y?a=1&b=2,3&a=4') // { a: ['1', '4'], b: '2,3' }
 */
export const queryOf = (url: string): Record<string, string | string[]> => {
  // No prototype: a parameter may be called `__proto__`.
  const query: Record<string, string | string[]> = Object.create(null)
  const at = url.indexOf('?')
  if (at < 0) return query
  for (const [name, value] of new URLSearchParams(url.slice(at + 1))) {
    const known = query[name]
    if (known === undefined) query[name] = value
    else if (Array.isArray(known)) known.push(value)
    else query[name] = [known, value]
  }
  return query
}
