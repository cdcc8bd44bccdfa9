import { type Clock, retryAfterMs } from '../../platform/clock.ts'
import { AddressError, type AddressPolicy, type Lookup, lookupAll, pinned, resolveTarget } from '../../platform/outbound.ts'
import { FetchError, stopped, unlessAborted } from './errors.ts'
import { decodePage } from './extract/charset.ts'
import type { WebDocument } from './extract/index.ts'
import { createRobots } from './robots.ts'

export interface Pace {
  /** Waits for this host's next free moment and reserves it; the following request starts at least `delayMs` later. */
  turn(host: string, delayMs: number, signal?: AbortSignal): Promise<void>
  /** No request to the host before `ms` from now (Retry-After). */
  pause(host: string, ms: number): void
}

const MAX_HOSTS = 1000

/** Spaces the requests to each host over all tasks of this process. Throws `FetchError` `aborted` when stopped while waiting. */
const createPace = (clock: Clock): Pace => {
  const nextAt = new Map<string, number>()
  const forgetIdle = () => {
    if (nextAt.size <= MAX_HOSTS) return
    for (const [host, at] of nextAt) if (at <= clock.now()) nextAt.delete(host)
  }
  return {
    async turn(host, delayMs, signal) {
      const at = Math.max(clock.now(), nextAt.get(host) ?? 0)
      nextAt.set(host, at + delayMs)
      forgetIdle()
      if (at > clock.now()) await clock.sleep(at - clock.now(), signal)
      if (signal?.aborted) throw stopped()
    },
    pause(host, ms) {
      nextAt.set(host, Math.max(nextAt.get(host) ?? 0, clock.now() + ms))
    },
  }
}

const USER_AGENT = 'TrawlBot/1.0'

/** A fetched page. */
export interface Page extends WebDocument {
  /** The `Link` header, or an empty text. */
  link: string
}

export interface PageOptions {
  /** Least time between the starts of two requests to this host, ms; `Crawl-delay` raises it. */
  delayMs?: number
  /** Largest body after decompression, bytes. Default: the fetcher's. */
  maxBytes?: number
  signal?: AbortSignal
}

export interface Fetcher {
  /** One page by GET, or `FetchError`. Obeys robots.txt, checks every hop's address, follows 5 redirects, honours Retry-After twice. */
  page(url: string, options?: PageOptions): Promise<Page>
  /** `Sitemap:` lines of the host's robots.txt. Throws `FetchError`. */
  sitemaps(url: string, signal?: AbortSignal): Promise<string[]>
}

export interface FetcherOptions {
  clock: Clock
  allowPrivate?: AddressPolicy['allowPrivate']
  lookup?: Lookup
  /** One request, from headers to the last byte. */
  timeoutMs?: number
  /** After decompression. */
  maxBytes?: number
  connect?: (url: string, init: BunFetchRequestInit) => Promise<Response>
}

interface Answer {
  status: number
  headers: Headers
  bytes: Uint8Array
}

const MAX_REDIRECTS = 5
const MAX_RETRY_AFTER = 2
const MAX_RETRY_AFTER_MS = 30_000
const ROBOTS_BYTES = 500 * 1024 // RFC 9309: at least this much has to be read
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** The web worker's only way to the network. One per process: robots.txt, pacing and limits are shared by its tasks. */
export const createFetcher = (options: FetcherOptions): Fetcher => {
  const { clock, timeoutMs = 15_000, maxBytes = 5 * 1024 * 1024, connect = (url, init) => fetch(url, init) } = options
  const policy: AddressPolicy = { lookup: options.lookup ?? lookupAll, allowPrivate: options.allowPrivate ?? (() => false) }
  const pace = createPace(clock)

  const receive = async (url: URL, address: string | undefined, limit: Limit, signal: AbortSignal): Promise<Answer> => {
    const { href, ...connection } = pinned(url, address)
    const response = await connect(href, {
      headers: {
        host: url.host,
        'user-agent': USER_AGENT,
        accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5',
        'accept-encoding': 'gzip, deflate, br',
      },
      redirect: 'manual',
      signal,
      ...connection,
    })
    const { status, headers } = response
    if (REDIRECTS.has(status)) {
      await response.body?.cancel()
      return { status, headers, bytes: new Uint8Array() }
    }
    return { status, headers, bytes: await readBody(response, limit) }
  }

  /** One request under the time limit, tried on the next address when a connection is refused. */
  const request = async (url: URL, addresses: string[] | undefined, limit: Limit, signal?: AbortSignal): Promise<Answer> => {
    const over = new AbortController()
    const done = new AbortController()
    let timedOut = false
    const stop = () => over.abort()
    signal?.addEventListener('abort', stop)
    if (signal?.aborted) stop()
    void clock.sleep(timeoutMs, done.signal).then(() => {
      if (done.signal.aborted) return
      timedOut = true
      over.abort()
    })
    try {
      const tries = addresses?.slice(0, 3) ?? [undefined]
      for (const [index, address] of tries.entries()) {
        try {
          return await receive(url, address, limit, over.signal)
        } catch (error) {
          if (signal?.aborted) throw stopped()
          if (timedOut) throw new FetchError('timeout', `No complete answer within ${timeoutMs / 1000} s`, true)
          if (error instanceof FetchError) throw error
          const code = (error as { code?: string }).code ?? (error instanceof Error ? error.message : String(error))
          if (index === tries.length - 1) throw new FetchError('network', `Connection failed (${code})`, true)
        }
      }
      throw new FetchError('network', 'No address to connect to', true)
    } finally {
      done.abort()
      over.abort() // frees the connection of a body that was not read to its end
      signal?.removeEventListener('abort', stop)
    }
  }

  /** Follows redirects; every hop passes the address check, and `before` (robots, pacing) as well. */
  const follow = async (start: URL, limit: Limit, before: (url: URL) => Promise<void>, signal?: AbortSignal) => {
    let url = start
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      // Private addresses may be allowed for the origin of the start only: another site must not redirect to them.
      const rule = url.origin === start.origin ? policy : { ...policy, allowPrivate: () => false }
      const { addresses } = await unlessAborted(targetOf(url, rule), signal)
      await before(url)
      const answer = await request(url, addresses, limit, signal)
      const location = REDIRECTS.has(answer.status) ? answer.headers.get('location') : null
      if (!location) return { url, answer }
      url = visitable(location, url)
    }
    throw new FetchError('redirects', `More than ${MAX_REDIRECTS} redirects`, false)
  }

  const robots = createRobots({
    clock,
    agent: USER_AGENT,
    load: async (url) => {
      const { answer } = await follow(url, { bytes: ROBOTS_BYTES, truncate: true }, async () => {})
      return { status: answer.status, text: decodePage(answer.bytes, 'text/plain; charset=utf-8') }
    },
  })

  return {
    async page(address, { delayMs = 0, maxBytes: limit = maxBytes, signal } = {}) {
      for (let waits = 0; ; waits++) {
        const { url, answer } = await follow(
          visitable(address),
          { bytes: limit },
          async (hop) => {
            await robots.check(hop, signal)
            await pace.turn(hop.host, Math.max(delayMs, await robots.delayMs(hop, signal)), signal)
          },
          signal,
        )
        const { status, headers, bytes } = answer
        if (status === 200 || status === 203) {
          const contentType = headers.get('content-type') ?? ''
          return {
            url: url.href,
            contentType,
            link: headers.get('link') ?? '',
            bytes,
          }
        }
        const waitMs = status === 429 || status === 503 ? retryAfterMs(headers.get('retry-after'), clock.now()) : undefined
        if (waitMs !== undefined && waitMs <= MAX_RETRY_AFTER_MS && waits < MAX_RETRY_AFTER) {
          pace.pause(url.host, waitMs) // all tasks of this process leave the host alone, not only this one
          continue
        }
        throw new FetchError(
          'status',
          `HTTP ${status}`,
          status >= 500 || status === 429 || status === 408 || status === 425,
          status,
        )
      }
    },
    sitemaps: async (url, signal) => robots.sitemaps(visitable(url), signal),
  }
}

const targetOf = (url: URL, policy: AddressPolicy) =>
  resolveTarget(url, policy).catch((error) => {
    if (!(error instanceof AddressError)) throw error
    const refused = error.problem === 'refused'
    throw new FetchError(refused ? 'refused' : 'network', error.message, !refused)
  })

interface Limit {
  bytes: number
  /** Keep what fits instead of failing. */
  truncate?: boolean
}

const readBody = async (response: Response, limit: Limit): Promise<Uint8Array> => {
  if (!response.body) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = response.body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    chunks.push(value)
    size += value.byteLength
    if (size <= limit.bytes) continue
    await reader.cancel() // a compressed bomb is left where it is: nothing beyond this chunk is inflated
    if (limit.truncate) break
    throw new FetchError('too_large', `Page exceeds ${limit.bytes} bytes`, false)
  }
  const bytes = new Uint8Array(Math.min(size, limit.bytes))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk.subarray(0, bytes.byteLength - at), at)
    at += Math.min(chunk.byteLength, bytes.byteLength - at)
  }
  return bytes
}

/** A URL fit for a request: no credentials (they would be sent, and logged), no fragment. */
const visitable = (address: string, base?: URL): URL => {
  let url: URL
  try {
    url = new URL(address, base)
  } catch (error) {
    throw new FetchError(
      'refused',
      `Not a URL: ${address.slice(0, 200)} (${error instanceof Error ? error.message : 'unparsable'})`,
      false,
    )
  }
  url.username = ''
  url.password = ''
  url.hash = ''
  return url
}
