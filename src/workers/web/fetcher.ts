import { type Clock, HOUR_MS, retryAfterMs } from '../../platform/clock.ts'
import { AddressError, type AddressPolicy, type Lookup, lookupAll, pinned, resolveTarget } from '../../platform/outbound.ts'
import { createLru } from '../../platform/shared.ts'
import { CodingRefused, fetchUnpacked } from '../../platform/unpacked.ts'
import type { Cookies } from './cookies.ts'
import { FetchError, isFinal, stopped, unlessAborted } from './errors.ts'
import type { WebDocument } from './extract/index.ts'
import { createRobots } from './robots.ts'

export interface Pace {
  /** Waits for this host's next free moment and reserves it; the following request starts at least `delayMs` later. */
  turn(host: string, delayMs: number, signal?: AbortSignal): Promise<void>
  /** No request to the host before `ms` from now: it has answered `status` with Retry-After. */
  pause(host: string, ms: number, status: number): void
  /** How long the host is to be left alone still, and why, if that is longer than one waits within a run. */
  paused(host: string): { status: number; ms: number } | undefined
}

const MAX_HOSTS = 1000
/** The longest Retry-After that is waited for. Longer, and the run ends. */
const MAX_RETRY_AFTER_MS = 30_000
/** The longest pause that a host can ask for. */
const MAX_PAUSE_MS = 24 * HOUR_MS

/** Spaces the requests to each host over all tasks of this process. Throws `FetchError` `aborted` when stopped while waiting. */
const createPace = (clock: Clock): Pace => {
  const nextAt = createLru<string, number>(MAX_HOSTS)
  const pauses = createLru<string, { until: number; status: number }>(MAX_HOSTS)
  return {
    async turn(host, delayMs, signal) {
      const pausedUntil = pauses.get(host)?.until ?? 0
      const at = Math.max(clock.now(), nextAt.get(host) ?? 0, pausedUntil)
      nextAt.set(host, at + delayMs)
      if (at > clock.now()) await clock.sleep(at - clock.now(), signal)
      if (signal?.aborted) throw stopped()
    },
    pause(host, ms, status) {
      const until = clock.now() + Math.min(ms, MAX_PAUSE_MS)
      if (until > (pauses.get(host)?.until ?? 0)) pauses.set(host, { until, status })
    },
    paused(host) {
      const pause = pauses.get(host)
      const ms = (pause?.until ?? 0) - clock.now()
      return pause && ms > MAX_RETRY_AFTER_MS ? { status: pause.status, ms } : undefined
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
  /** Sent and kept, also from one redirect to the next. */
  cookies?: Cookies
  signal?: AbortSignal
}

export interface Fetcher {
  /**
   * One page by GET, or `FetchError`. Obeys robots.txt, checks every hop's address, follows 5 redirects, waits twice for a Retry-After of
   * at most 30 s. After a longer one the host is not asked by anybody in this process until the time is over: `paused`.
   */
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
/** An address beyond this many characters is not visited. */
const MAX_ADDRESS = 2048
/** A field of an answer beyond this many characters is ignored. */
const MAX_FIELD = 8192
const ROBOTS_BYTES = 500 * 1024 // RFC 9309: at least this much has to be read
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** The web worker's only way to the network. One per process: robots.txt, pacing and limits are shared by its tasks. */
export const createFetcher = (options: FetcherOptions): Fetcher => {
  const { clock, timeoutMs = 15_000, maxBytes = 5 * 1024 * 1024, connect = fetchUnpacked } = options
  const policy: AddressPolicy = { lookup: options.lookup ?? lookupAll, allowPrivate: options.allowPrivate ?? (() => false) }
  const pace = createPace(clock)

  interface Asked {
    url: URL
    limit: Limit
    cookies?: Cookies
    signal?: AbortSignal
  }

  const receive = async ({ url, limit, cookies }: Asked, address: string | undefined, signal: AbortSignal): Promise<Answer> => {
    const { href, ...connection } = pinned(url, address)
    const cookie = cookies?.header(url)
    const response = await connect(href, {
      headers: {
        host: url.host,
        'user-agent': USER_AGENT,
        accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5',
        ...(cookie ? { cookie } : {}),
      },
      redirect: 'manual',
      signal,
      ...connection,
    })
    const { status, headers } = response
    cookies?.take(url, headers)
    if (REDIRECTS.has(status)) {
      await response.body?.cancel()
      return { status, headers, bytes: new Uint8Array() }
    }
    return { status, headers, bytes: await readBody(response, limit) }
  }

  /** One request under the time limit, tried on the next address when a connection is refused. */
  const request = async (asked: Asked, addresses: string[] | undefined): Promise<Answer> => {
    const { signal } = asked
    const over = new AbortController()
    const done = new AbortController()
    let timedOut = false
    let isRead = false
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
          const answer = await receive(asked, address, over.signal)
          isRead = true
          return answer
        } catch (error) {
          if (signal?.aborted) throw stopped()
          if (timedOut) throw new FetchError('timeout', `No complete answer within ${timeoutMs / 1000} s`, true)
          if (error instanceof FetchError) throw error
          if (error instanceof CodingRefused)
            throw new FetchError('unreadable', 'The page is packed in a way that was not asked for', false)
          const code = (error as { code?: string }).code ?? (error instanceof Error ? error.message : String(error))
          if (index === tries.length - 1) throw new FetchError('network', `Connection failed (${code})`, true)
        }
      }
      throw new FetchError('network', 'No address to connect to', true)
    } finally {
      done.abort()
      if (!isRead) over.abort() // frees the connection of a body that was not read to its end
      signal?.removeEventListener('abort', stop)
    }
  }

  /** @throws FetchError `paused` while the host is to be left alone */
  const leaveAlone = (url: URL): void => {
    const pause = pace.paused(url.host)
    if (!pause) return
    const seconds = Math.ceil(pause.ms / 1000)
    throw new FetchError('paused', `HTTP ${pause.status}, the host asks to wait ${seconds} s`, true, pause.status, pause.ms)
  }

  /** Follows redirects; every hop passes the address check, and `before` (robots, pacing) as well. */
  const follow = async (start: Asked, before: (url: URL) => Promise<void>) => {
    let { url } = start
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      // Private addresses may be allowed for the origin of the start only: another site must not redirect to them.
      const rule = url.origin === start.url.origin ? policy : { ...policy, allowPrivate: () => false }
      leaveAlone(url)
      const { addresses } = await unlessAborted(targetOf(url, rule), start.signal)
      await before(url)
      leaveAlone(url) // by another task, while this one waited for its turn
      const answer = await request({ ...start, url }, addresses)
      const waitMs = waitAfter(answer)
      if (waitMs !== undefined) pace.pause(url.host, waitMs, answer.status) // for all tasks of this process, not only this one
      const location = REDIRECTS.has(answer.status) ? locationOf(answer.headers) : undefined
      if (!location) return { url, answer, waitMs }
      url = visitable(location, url)
    }
    throw new FetchError('redirects', `More than ${MAX_REDIRECTS} redirects`, false)
  }
  const waitAfter = ({ status, headers }: Answer) =>
    status === 429 || status === 503 ? retryAfterMs(field(headers, 'retry-after'), clock.now()) : undefined

  const robots = createRobots({
    clock,
    agent: USER_AGENT,
    load: async (url) => {
      const { answer } = await follow({ url, limit: { bytes: ROBOTS_BYTES, truncate: true } }, async () => {})
      return { status: answer.status, text: new TextDecoder().decode(answer.bytes) }
    },
  })

  return {
    async page(address, { delayMs = 0, maxBytes: limit = maxBytes, cookies, signal } = {}) {
      for (let waits = 0; ; waits++) {
        const asked = { url: visitable(address), limit: { bytes: limit }, cookies, signal }
        const { url, answer, waitMs } = await follow(asked, async (hop) => {
          await robots.check(hop, signal)
          await pace.turn(hop.host, Math.max(delayMs, await robots.delayMs(hop, signal)), signal)
        })
        const { status, headers, bytes } = answer
        if (status === 200 || status === 203)
          return { url: url.href, contentType: field(headers, 'content-type'), link: field(headers, 'link'), bytes }
        if (waitMs !== undefined) leaveAlone(url)
        if (waitMs !== undefined && waits < MAX_RETRY_AFTER) continue
        const error = new FetchError('status', `HTTP ${status}`, true, status, waitMs)
        throw isFinal(error) ? new FetchError('status', error.message, false, status) : error
      }
    },
    sitemaps: async (url, signal) => robots.sitemaps(visitable(url), signal),
  }
}

/** A header field, empty when it is absent or longer than anybody needs. */
const field = (headers: Headers, name: string): string => {
  const value = headers.get(name) ?? ''
  return value.length > MAX_FIELD ? '' : value
}

/** `Location` as text: Bun gives its bytes one character each, and many hosts write UTF-8 there. Other bytes stay what they are. */
const locationOf = (headers: Headers): string => {
  const value = field(headers, 'location')
  const bytes = Buffer.from(value, 'latin1')
  if (/^[ -~]*$/.test(value) || bytes.toString('latin1') !== value) return value
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return value.replace(/[^ -~]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`)
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
  // The client takes no more than the announced length, and nothing has to be unpacked. Chunks make the announced length void.
  const { headers } = response
  const announced = Number(headers.get('content-length') ?? Number.NaN)
  if (announced <= limit.bytes && !headers.has('content-encoding') && !headers.has('transfer-encoding')) return response.bytes()
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
  if (url.href.length > MAX_ADDRESS)
    throw new FetchError('refused', `Address longer than ${MAX_ADDRESS} characters: ${url.href.slice(0, 100)}`, false)
  return url
}
