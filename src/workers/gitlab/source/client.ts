import { isUtf8 } from 'node:buffer'
import { backoffMs, type Clock, retryAfterMs, retryWaitMs } from '../../../platform/clock.ts'
import { type Exchange, ExchangeError, exchange } from '../../../platform/upstream.ts'
import { badTask, CredentialsExpired, GitlabRefusal, PageFailure, type PageProblem, TaskFailure } from '../errors.ts'
import type { Control, Waits } from '../execution.ts'
import type { Base, Bucket, TokenHolder } from './credentials.ts'

/** A number of a JSON text that would be written with other digits than it was read: `12345678901234567890`, `1.10`, `1e3`, `-0`. */
export class ExactNumber {
  constructor(
    /** As received. */
    readonly source: string,
  ) {}
  toString(): string {
    return this.source
  }
  /** JSON.stringify writes what this answers, digit for digit. */
  toJSON(): unknown {
    return rawJson(this.source)
  }
}

/** Of ECMAScript's "JSON.parse source text access", which the type library does not know yet. */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON(text: string): unknown }
const exactly = (_key: string, value: unknown, context?: { source?: string }): unknown =>
  typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
    ? new ExactNumber(context.source)
    : value

/**
 * What may be such a number, behind a name or in an array. It finds a few texts as well, which costs time alone; most pages have no
 * number like these, and no time of day is taken for one.
 */
const ODD_NUMBER = /(?:"\s*:|[[,])\s*(?:-?\d{16,}|-?\d+[.eE]|-0)/

const decoder = new TextDecoder()

export interface JsonBody {
  value: unknown
  /** Of an array the indexes of the elements, of anything else 0, where bytes were no UTF-8 and became U+FFFD. */
  damaged: number[]
}

/** Reads a JSON text; numbers that JavaScript would change are ExactNumber. Undefined: it is no JSON. */
const readJson = (bytes: Uint8Array): JsonBody | undefined => {
  try {
    const text = decoder.decode(bytes)
    const value = ODD_NUMBER.test(text) ? JSON.parse(text, exactly) : JSON.parse(text)
    return { value, damaged: isUtf8(bytes) ? [] : damagedOf(bytes) }
  } catch {
    return undefined // the caller decides what that means
  }
}

/** U+FFFD that was sent as such, in bytes read as Latin-1. */
const SENT = /\xef\xbf\xbd/g
const SENT_ESCAPED = /\\ufffd/gi

/** Which elements hold a U+FFFD that nobody has sent. */
const damagedOf = (bytes: Uint8Array): number[] => {
  const hidden = Buffer.from(bytes).toString('latin1').replace(SENT, '?').replace(SENT_ESCAPED, '\\u003f')
  const value: unknown = JSON.parse(decoder.decode(Buffer.from(hidden, 'latin1')))
  const elements = Array.isArray(value) ? value : [value]
  return elements.flatMap((element, index) => (JSON.stringify(element).includes('\ufffd') ? [index] : []))
}

/** Requests, retries and waits of a task so far; shown in its metadata (gitlab-worker §6). */
export interface Costs {
  requests: number
  retries: number
  rateLimitWaitMs: number
}

export interface ClientOptions {
  base: Base
  fetch: (request: Request) => Promise<Response> | Response
  /** Whether configuration names the host of a URL. */
  isConfigured: (url: URL) => boolean
  clock: Clock
  random: () => number
  control: Control
  bucket: Bucket
  waits: Waits
  tokens: TokenHolder
  costs: Costs
  timeoutMs: number
  maxRetries: number
  respectRetryAfter: boolean
}

export interface Answer {
  headers: Headers
  /** Numbers that JavaScript would change are ExactNumber. */
  body: unknown
  /** Where its bytes were no UTF-8: indexes of an array, 0 of an object. */
  damaged: number[]
  /** Length of the body. */
  bytes: number
}

/** How often a request for a page that may be the cause of its failure is repeated: as configured; once, which a timeout is not worth; never. */
export type Patience = 'full' | 'once' | 'none'

export interface GitlabClient {
  /**
   * GET of a path and query on the instance, with every retry, wait and renewal of gitlab-worker §3.
   * @param fits whether the body has the required shape; a wrong one is requested once more
   * @throws GitlabRefusal 403, 404, 405; PageFailure 5xx, timeout, too large; TaskFailure; Deferred; CredentialsExpired; LeaseGone,
   * Interrupted
   */
  get(path: string, fits: (body: unknown) => boolean, patience?: Patience): Promise<Answer>
}

const USER_AGENT = 'TrawlGitlabWorker/1.0'
const MAX_REDIRECTS = 3
const MAX_LIMITED = 10
const MAX_BAD = 2
const REDIRECTS = new Set([301, 302, 303, 307, 308])

export const createClient = (options: ClientOptions): GitlabClient => {
  const { base, clock, random, control, bucket, waits, tokens, costs } = options

  const token = async () => {
    for (;;) {
      const ms = bucket.take()
      if (ms <= 0) return tokens.current()
      const from = clock.now()
      try {
        await waits.hold(ms)
      } finally {
        costs.rateLimitWaitMs += clock.now() - from
      }
    }
  }

  const applyLimits = ({ headers }: Exchange) => {
    if (headers.get('ratelimit-remaining')?.trim() !== '0') return
    const at = resetAt(headers, clock.now())
    if (at !== undefined) bucket.pauseUntil(at)
  }

  /** One answer that is no redirect, and the token of its request. */
  const ask = async (path: string): Promise<{ answer: Exchange; used: string }> => {
    for (let hops = 0, at = path; ; hops++) {
      const used = await token()
      costs.requests++
      const headers = { authorization: `Bearer ${used}`, accept: 'application/json', 'user-agent': USER_AGENT }
      const answer = await send(`${base.origin}${at}`, headers, options)
      applyLimits(answer)
      if (!REDIRECTS.has(answer.status)) return { answer, used }
      const to = URL.parse(answer.headers.get('location') ?? '', `${base.origin}${at}`)
      if (to?.origin !== base.origin)
        throw new TaskFailure('REDIRECT_REFUSED', 'GitLab redirects to another origin', false, answer.status)
      if (hops >= MAX_REDIRECTS) throw new TaskFailure('REDIRECT_REFUSED', 'GitLab redirects in circles', false, answer.status)
      at = `${to.pathname}${to.search}`
    }
  }

  const get: GitlabClient['get'] = async (path, fits, patience = 'full') => {
    const retriesOf = (problem: PageProblem | undefined) => {
      // A connection that breaks before an answer says nothing about the page.
      if (patience === 'full' || problem === undefined) return options.maxRetries
      return patience === 'once' && problem !== 'timeout' ? Math.min(1, options.maxRetries) : 0
    }
    let failures = 0
    let limited = 0
    let bad = 0
    let renewed = false
    const unavailable = async (what: string, problem: PageProblem | undefined, status?: number, asked?: number) => {
      if (++failures > retriesOf(problem)) {
        const text = `GitLab does not answer: ${what}`
        if (problem) throw new PageFailure(problem, 'GITLAB_UNAVAILABLE', text, status)
        throw new TaskFailure('GITLAB_UNAVAILABLE', text, true, status)
      }
      costs.retries++
      await waits.hold(retryWaitMs(asked, backoffMs(failures, 16_000), random))
    }
    const unusable = (what: string, isTooLarge = false) => {
      const text = `GitLab's answer to ${path} ${what}`
      if (++bad >= MAX_BAD || (isTooLarge && patience !== 'full')) {
        if (isTooLarge) throw new PageFailure('too_large', 'BAD_RESPONSE', text)
        throw new TaskFailure('BAD_RESPONSE', text, true)
      }
      costs.retries++
    }
    for (;;) {
      let asked: Awaited<ReturnType<typeof ask>>
      try {
        asked = await ask(path)
      } catch (error) {
        control.check()
        if (error instanceof BodyTooLarge) unusable('is too large', true)
        else if (error instanceof NetworkProblem) await unavailable(error.message, error.problem)
        else throw error
        continue
      }
      const { answer, used } = asked
      const { status, headers } = answer
      if (status >= 500) {
        await unavailable(
          String(status),
          'failed',
          status,
          status === 503 ? retryAfterMs(headers.get('retry-after'), clock.now()) : undefined,
        )
        continue
      }
      if (status === 429) {
        if (++limited >= MAX_LIMITED) throw new TaskFailure('RATE_LIMITED', 'GitLab limits the rate', true, status)
        costs.retries++
        bucket.pauseUntil(clock.now() + limitWaitMs(headers, limited))
        continue
      }
      if (status === 401) {
        const text = textOf(answer)
        if (renewed) throw new CredentialsExpired(/revoked/i.test(text))
        renewed = true
        await tokens.renew(used, text)
        costs.retries++
        continue
      }
      if (status >= 400) throw refusal(path, answer, used, options)
      const read = status >= 200 && status < 300 ? readJson(answer.bytes) : undefined
      if (!read || !fits(read.value)) unusable(read ? 'has another shape than expected' : 'is not JSON')
      else return { headers, body: read.value, damaged: read.damaged, bytes: answer.bytes.byteLength }
    }
  }

  const limitWaitMs = (headers: Headers, attempt: number): number => {
    const now = clock.now()
    const asked = options.respectRetryAfter ? retryAfterMs(headers.get('retry-after'), now) : undefined
    const reset = resetAt(headers, now)
    return retryWaitMs(asked ?? (reset === undefined ? undefined : reset - now), backoffMs(attempt, 60_000), random)
  }
  return { get }
}

/** RateLimit-Reset as a time: GitLab sends epoch seconds, the draft standard seconds from now. */
const resetAt = (headers: Headers, now: number): number | undefined => {
  const text = headers.get('ratelimit-reset')?.trim()
  if (!text || !/^\d+$/.test(text)) return undefined
  const value = Number(text)
  return value > 1_000_000_000 ? value * 1000 : now + value * 1000
}

const MOST_SHOWN = 200
/** `error_description`, `message` or `error` of a JSON object; undefined where there is none. */
const namedText = (answer: Exchange): string | undefined => {
  const body = readJson(answer.bytes)?.value as Record<string, unknown> | null | undefined
  const named = body && typeof body === 'object' ? (body.error_description ?? body.message ?? body.error) : undefined
  if (named === undefined || named === null) return undefined
  return typeof named === 'string' ? named : JSON.stringify(named)
}
/** GitLab's error text, else the body itself, at most 500 characters: to be looked at, never shown. */
const textOf = (answer: Exchange): string => (namedText(answer) ?? decoder.decode(answer.bytes.subarray(0, 500))).slice(0, 500)

/**
 * What people may read of a refusal: status and path. A host that configuration names may add its own words; those of any other host
 * could be an answer from a place that the task's author cannot reach.
 */
const shownOf = (
  path: string,
  answer: Exchange,
  { isConfigured, base }: Pick<ClientOptions, 'isConfigured' | 'base'>,
  clean: (text: string) => string,
): string => {
  const said = isConfigured(new URL(base.origin)) ? namedText(answer) : undefined
  const shown = said === undefined ? `GitLab answers ${answer.status} for ${path}` : `GitLab answers ${answer.status}: ${said}`
  return clean(shown).slice(0, MOST_SHOWN)
}

const refusal = (path: string, answer: Exchange, used: string, options: ClientOptions): Error => {
  const { status } = answer
  // Before it is cut: half a token would stay otherwise.
  const clean = (text: string) => text.replaceAll(used, '[redacted]')
  if (status === 403 && /insufficient_scope/.test(decoder.decode(answer.bytes)))
    return new TaskFailure('INSUFFICIENT_SCOPE', 'the access token lacks the scope read_api', false, status)
  const shown = shownOf(path, answer, options, clean)
  if (status === 403 || status === 404 || status === 405) return new GitlabRefusal(status, path, clean(textOf(answer)), shown)
  return new TaskFailure('GITLAB_REJECTED', shown, false, status)
}

/** No usable answer: the network, a time limit, a broken body. The text names no credential. */
class NetworkProblem extends Error {
  override name = 'NetworkProblem'
  constructor(
    message: string,
    /** Undefined when no answer had begun: then nothing shows that the page is the cause. */
    readonly problem: PageProblem | undefined,
  ) {
    super(message)
  }
}
/** The body is longer than the worker takes. */
class BodyTooLarge extends Error {
  override name = 'BodyTooLarge'
}

const MAX_BODY_BYTES = 50 * 1024 * 1024

/** Sends one GET. @throws NetworkProblem, BodyTooLarge; when `signal` aborts, its reason */
const send = async (url: string, headers: Record<string, string>, options: ClientOptions): Promise<Exchange> => {
  const { clock, timeoutMs, fetch, control } = options
  try {
    return await exchange(url, { headers }, { clock, timeoutMs, maxBytes: MAX_BODY_BYTES, signal: control.signal, fetch })
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error
    if (error.problem === 'refused') throw badTask('the address of apiEndpoint is not public, and not listed in OUTBOUND_ALLOW')
    if (error.problem === 'too_large') throw new BodyTooLarge(`the answer is longer than ${MAX_BODY_BYTES} bytes`)
    if (error.problem === 'timeout') throw new NetworkProblem(`no answer within ${timeoutMs} ms`, 'timeout')
    throw new NetworkProblem(error.code ?? 'connection failed', error.status === undefined ? undefined : 'failed')
  }
}
