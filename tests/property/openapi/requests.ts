import type { Operation } from './document.ts'
import { resourceOf } from './pool.ts'
import { type Draft, type Kitchen, RECIPES } from './recipes.ts'
import type { Values } from './values.ts'
import { METRICS_TOKEN } from './world.ts'

/** One request, ready to be sent. */
export interface Made {
  path: string
  headers: Record<string, string>
  body: string | undefined
  /** As the document describes it. */
  valid: boolean
}

/** Where the values of a path parameter are remembered. */
const pathPool = (path: string, name: string): string[] => (name === 'id' ? [`${resourceOf(path)}.id`] : [name])
const ALIASES: Record<string, string[]> = {
  search_id: ['search_id', 'parsing.id', 'history.id'],
  segment_id: ['segments.id', 'audience.id'],
  authorId: ['authorId'],
  cursor: ['next_cursor', 'cursor'],
  gift_id: ['gift_id'],
}

const BODY_TYPES: readonly (string | undefined)[] = [
  undefined,
  '',
  'text/plain',
  'application/json; charset=utf-16',
  'APPLICATION/JSON',
  'application/problem+json',
  'application/xml',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'multipart/form-data',
  'application/octet-stream',
  'json',
  ';;;',
]
const HEADERS: readonly [string, string][] = [
  ['x-request-id', 'a.good-id_1'],
  ['x-request-id', 'x'.repeat(400)],
  ['x-request-id', '<script>'],
  ['accept', 'text/html'],
  ['accept', 'application/x-ndjson'],
  ['accept-language', 'ru, *;q=0.1'],
  ['accept-encoding', 'br;q=nonsense'],
  ['x-language', 'RU'],
  ['x-language', 'xx'],
  ['origin', 'https://evil.example'],
  ['origin', 'null'],
  ['if-none-match', '*'],
  ['if-none-match', '"abc", W/"def"'],
  ['if-modified-since', 'yesterday'],
  ['range', 'bytes=0-1'],
  ['expect', '100-continue'],
  ['cookie', 'a=b; __proto__=1'],
  ['idempotency-key', 'k'],
  ['idempotency-key', 'x'.repeat(300)],
  ['idempotency-key', 'ключ'],
  ['last-event-id', '999999999999999999999'],
  ['last-event-id', '-1'],
  ['content-length', '999999999'],
  ['content-length', 'abc'],
  ['content-encoding', 'gzip'],
  ['transfer-encoding', 'chunked'],
  ['x-forwarded-for', '1.2.3.4, ,::1, nonsense'],
  ['x-forwarded-for', ''],
  ['x-http-method-override', 'DELETE'],
  ['upgrade', 'websocket'],
  ['sec-websocket-key', 'short'],
  ['sec-websocket-version', '99'],
  ['sec-websocket-protocol', 'gitlab-crawler-v1, x'],
  ['connection', 'upgrade'],
]
const BROKEN_JSON = [
  '{',
  '{"a":',
  '[1,]',
  'nul',
  '"',
  '\ufeff{}',
  '{"a":1}{"b":2}',
  '{"a":"\\ud800"}',
  `${'['.repeat(900)}${']'.repeat(900)}`,
  '',
  ' ',
  '1e999',
]
const BROKEN_QUERIES = [
  '%',
  '%zz',
  '%ff%fe',
  '&&&',
  '=',
  'a[b]=1',
  'limit=1&limit=2',
  'limit[]=1',
  'x=%00',
  'limit=+1',
  '__proto__=1',
  'cursor=%ED%A0%80',
]

const text = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
const encoded = (value: unknown): string => encodeURIComponent(text(value).toWellFormed())

/** Makes requests for operations: half of them as the document describes, half with something wrong. */
export const createRequests = (kitchen: Kitchen, values: Values) => {
  const { random, pool, world } = kitchen

  /** What opens an operation: one of the credentials it names. */
  const credentials = (operation: Operation): Record<string, string> => {
    if (operation.security.length === 0 || (operation.open && random.chance(0.5))) return {}
    const scheme = random.pick(operation.security)
    switch (scheme) {
      case 'internalToken':
        return { 'x-internal-token': 'dev-internal-token' }
      case 'analyticsToken':
        return { 'x-analytics-token': 'dev-analytics-token' }
      case 'serviceToken':
        return { 'x-service-token': 'dev-service-token' }
      case 'crawlerToken':
        return { authorization: 'Bearer dev-crawler-token' }
      case 'dashboard':
        return { authorization: `Bearer ${world.dashboardToken}` }
      case 'metrics':
        return { authorization: `Bearer ${METRICS_TOKEN}` }
      case 'loveParser':
        return { authorization: `Bearer ${world.people[0]?.token}` }
      default:
        throw new Error(`no credential for ${scheme}: add it here`)
    }
  }

  const draftOf = (operation: Operation): Draft => {
    const draft: Draft = { params: {}, query: {}, headers: {}, body: undefined }
    for (const { in: where, name, required, schema } of operation.parameters) {
      if (where === 'path') {
        const known = random.chance(0.9) ? pool.pick(...(ALIASES[name] ?? pathPool(operation.path, name))) : undefined
        draft.params[name] = known ?? values.valid(schema, name)
      } else if (required || random.chance(0.35)) {
        const known = ALIASES[name] && random.chance(0.7) ? pool.pick(...(ALIASES[name] as string[])) : undefined
        const value = known ?? values.valid(schema, name)
        if (where === 'query') draft.query[name] = value
        else draft.headers[name.toLowerCase()] = String(value).replace(/[^\x20-\x7e]/g, '?')
      }
    }
    if (operation.body && (operation.bodyRequired || random.chance(0.6))) draft.body = values.valid(operation.body)
    return draft
  }

  const assemble = (operation: Operation, draft: Draft, valid: boolean): Made => {
    const path = operation.path.replace(/\{(\w+)\}/g, (_, name) => {
      const part = encoded(draft.params[name])
      // An empty part or one of dots makes another path of it, which is no longer this operation.
      return /^\.{0,2}$/.test(part) ? '0' : part
    })
    const query = Object.entries(draft.query)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => `${encodeURIComponent(name)}=${encoded(value)}`)
    const body = draft.form
      ? new URLSearchParams(draft.form).toString()
      : draft.body === undefined
        ? undefined
        : JSON.stringify(draft.body)
    const type = draft.form ? 'application/x-www-form-urlencoded' : 'application/json'
    return {
      path: query.length > 0 ? `${path}?${query.join('&')}` : path,
      headers: { ...(body === undefined ? {} : { 'content-type': type }), ...draft.headers },
      body: operation.method === 'GET' ? undefined : body,
      valid,
    }
  }

  /** A request with one or two things wrong with it: parameters, body, its text, type or headers. */
  const spoil = (operation: Operation, draft: Draft): Made => {
    const { params, query } = draft
    const spoilers: (() => void)[] = []
    const after: ((made: Made) => void)[] = []
    if (Object.keys(params).length > 0)
      spoilers.push(() => {
        params[random.pick(Object.keys(params))] = values.odd()
      })
    const named = operation.parameters.filter((parameter) => parameter.in === 'query')
    if (named.length > 0)
      for (let n = 0; n < 2; n++)
        spoilers.push(() => {
          query[random.pick(named).name] = values.odd()
        })
    spoilers.push(() =>
      after.push((made) => {
        made.path += `${made.path.includes('?') ? '&' : '?'}${random.pick(BROKEN_QUERIES)}`
      }),
    )
    spoilers.push(() => Object.assign(draft.headers, Object.fromEntries([random.pick(HEADERS)])))
    if (operation.body) {
      for (let n = 0; n < 4; n++)
        spoilers.push(() => {
          draft.body = values.mutate(draft.body ?? {})
          draft.form = undefined
        })
      spoilers.push(() =>
        after.push((made) => {
          made.body = random.pick(BROKEN_JSON)
        }),
      )
      spoilers.push(() =>
        after.push((made) => {
          const type = random.pick(BODY_TYPES)
          if (type === undefined) delete made.headers['content-type']
          else made.headers['content-type'] = type
        }),
      )
    }
    for (let n = random.int(1, 2); n > 0; n--) random.pick(spoilers)()
    const made = assemble(operation, draft, false)
    for (const change of after) change(made)
    // Nothing but Latin-1 can stand in a header, with any client.
    for (const name of Object.keys(made.headers))
      made.headers[name] = (made.headers[name] as string).replace(/[^\x20-\xff]/g, '?')
    return made
  }

  return {
    credentials,
    /** A request for an operation, without its credential. */
    make(operation: Operation, valid: boolean): Made {
      const draft = draftOf(operation)
      if (random.chance(0.85)) RECIPES[operation.key]?.(draft, kitchen)
      return valid ? assemble(operation, draft, true) : spoil(operation, draft)
    },
  }
}
