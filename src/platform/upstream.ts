import type { Clock } from './clock.ts'
import type { Kv } from './shared.ts'
import { sendUnpacked } from './unpacked.ts'

/** Why a request got no usable answer. `refused`: its address must not be visited (platform/outbound.ts). */
export type ExchangeProblem = 'timeout' | 'unavailable' | 'too_large' | 'refused'

/** One request without a usable answer. Its message holds neither address nor credential: a library's text may quote both. */
export class ExchangeError extends Error {
  override name = 'ExchangeError'
  constructor(
    readonly problem: ExchangeProblem,
    /** The status, when the answer had begun. */
    readonly status?: number,
    /** The network's code, such as `ECONNREFUSED`. */
    readonly code?: string,
  ) {
    super(code === undefined ? problem : `${problem} (${code})`)
  }
}

export interface Exchange {
  status: number
  headers: Headers
  /** The body, read to its end; empty when it was not asked for. */
  bytes: Uint8Array
}

export interface ExchangeOptions {
  clock: Clock
  /** From the request to the last byte. */
  timeoutMs: number
  /** The longest body that is read. */
  maxBytes: number
  /** The statuses whose body is read; unset: all of them. */
  reads?(status: number): boolean
  /** Ends the exchange from outside. */
  signal?: AbortSignal
  fetch?(request: Request): Promise<Response> | Response
}

const readBytes = async (response: Response, maxBytes: number): Promise<Uint8Array> => {
  const tooLarge = () => new ExchangeError('too_large', response.status)
  if (Number(response.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge()
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.byteLength
    if (size > maxBytes) throw tooLarge()
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/** The outcome of an exchange that was given up does not matter any more. */
const ignore = () => {}

/**
 * One HTTP request and its answer, timed by the injected clock (cockatiel's timeout knows the system's alone). Redirects are not followed:
 * they would carry a credential elsewhere.
 * @throws ExchangeError; when `signal` aborts, its reason
 */
export const exchange = async (
  url: string,
  init: { method?: string; headers?: Record<string, string>; body?: string },
  { clock, timeoutMs, maxBytes, reads, signal, fetch: send = sendUnpacked }: ExchangeOptions,
): Promise<Exchange> => {
  signal?.throwIfAborted()
  const over = new AbortController()
  const answered = new AbortController()
  const stop = () => over.abort()
  const given = new Promise<undefined>((resolve) => over.signal.addEventListener('abort', () => resolve(undefined)))
  signal?.addEventListener('abort', stop)
  let late = false
  let isRead = false
  void clock.sleep(timeoutMs, answered.signal).then(() => {
    if (answered.signal.aborted) return
    late = true
    stop()
  })
  let status: number | undefined
  const failure = (code?: string) => new ExchangeError(late ? 'timeout' : 'unavailable', status, code)
  const ask = async (): Promise<Exchange> => {
    const response = await send(new Request(url, { ...init, redirect: 'manual', signal: over.signal }))
    status = response.status
    const { headers } = response
    if (reads && !reads(status)) return { status, headers, bytes: new Uint8Array() }
    const bytes = await readBytes(response, maxBytes)
    isRead = true
    return { status, headers, bytes }
  }
  try {
    const answer = ask()
    answer.catch(ignore)
    // A handler of this process need not heed the signal.
    const first = await Promise.race([answer, given])
    if (first) return first
  } catch (error) {
    if (error instanceof ExchangeError) throw error
    signal?.throwIfAborted()
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
    throw code === 'ADDRESS_REFUSED' || code === 'CODING_REFUSED' ? new ExchangeError('refused', status, code) : failure(code)
  } finally {
    answered.abort()
    // Lets go of the connection of an answer that was not read to its end.
    if (!isRead) stop()
    signal?.removeEventListener('abort', stop)
  }
  signal?.throwIfAborted()
  throw failure()
}

/** What went wrong with a call, in the one word that may be shown. */
export type UpstreamFailure = 'timeout' | 'unavailable' | 'bad_response' | 'circuit_open'

/** A call to an upstream failed. The message names the upstream and the reason, never an address, a credential or its text. */
export class UpstreamError extends Error {
  override name = 'UpstreamError'
  constructor(
    readonly upstream: string,
    readonly reason: UpstreamFailure,
    /** The status it answered, if it did. */
    readonly status?: number,
  ) {
    super(`${upstream}: ${reason}${status === undefined ? '' : ` (${status})`}`)
  }
}

interface UpstreamRequest<T> {
  method?: 'GET' | 'POST' | 'PUT'
  /** After the base, with its leading slash. */
  path: string
  query?: Record<string, string | undefined>
  headers?: Record<string, string>
  /** Sent as JSON. */
  body?: unknown
  /** Makes the answer's JSON (undefined for an empty body) into what the caller needs; an error it throws counts as a bad response. */
  read(body: unknown): T
}

export interface UpstreamOptions {
  /** As errors and metrics call it. */
  name: string
  /** Without a slash at its end. */
  base: string
  /** For one call, from the request to the last byte. */
  timeoutMs: number
  /** How often a GET is repeated when the connection broke before an answer. */
  retries?: number
  breaker: Omit<PolicyOptions, 'clock' | 'retries' | 'counts'> & Partial<Pick<PolicyOptions, 'counts'>>
  clock: Clock
  /** Called once at the end of every call. */
  observe?(outcome: 'success' | UpstreamFailure): void
}

/** An answer beyond this is no answer of an API. */
const MAX_BYTES = 8 * 1024 * 1024

const isSuccess = (status: number) => status >= 200 && status < 300

/**
 * JSON over HTTP to a service of others: timed, guarded by a circuit breaker, and whatever it answers ends as a checked value or an
 * UpstreamError.
 */
export const createUpstream = ({ name, base, timeoutMs, retries = 0, breaker, clock, observe }: UpstreamOptions) => {
  // With the first call: a start needs neither the breaker nor its library.
  let made: ReturnType<typeof createPolicies> | undefined
  const policies = () => {
    made ??= createPolicies({ clock, retries, counts: () => true, ...breaker })
    return made
  }

  const attempt = async <T>({ method = 'GET', path, query = {}, headers, body, read }: UpstreamRequest<T>): Promise<T> => {
    const pairs = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined)
    const url = `${base}${path}${pairs.length > 0 ? `?${new URLSearchParams(pairs)}` : ''}`
    const asJson: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
    const { status, bytes } = await exchange(
      url,
      {
        method,
        headers: { accept: 'application/json', ...asJson, ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      },
      { clock, timeoutMs, maxBytes: MAX_BYTES, reads: isSuccess },
    ).catch((error) => {
      if (!(error instanceof ExchangeError)) throw error
      throw new UpstreamError(
        name,
        error.problem === 'too_large' || error.problem === 'refused' ? 'bad_response' : error.problem,
        error.status,
      )
    })
    if (status >= 500 || status === 429) throw new UpstreamError(name, 'unavailable', status)
    if (!isSuccess(status)) throw new UpstreamError(name, 'bad_response', status)
    try {
      const text = Buffer.from(bytes).toString('utf8')
      return read(text.trim() === '' ? undefined : JSON.parse(text))
    } catch {
      throw new UpstreamError(name, 'bad_response', status)
    }
  }

  return {
    name,
    /** @throws UpstreamError */
    async call<T>(request: UpstreamRequest<T>): Promise<T> {
      try {
        const { guarded, repeated } = await policies()
        const ask = () => attempt(request)
        const value = await guarded((request.method ?? 'GET') === 'GET' ? () => repeated(ask) : ask)
        observe?.('success')
        return value
      } catch (error) {
        const known = error instanceof CircuitOpen ? new UpstreamError(name, 'circuit_open') : error
        if (known instanceof UpstreamError) observe?.(known.reason)
        throw known
      }
    },
  }
}
export type Upstream = ReturnType<typeof createUpstream>

/** The circuit is open: the upstream was not called. */
class CircuitOpen extends Error {
  override name = 'CircuitOpen'
}

interface PolicyOptions {
  clock: Clock
  /** How often a call whose connection broke is repeated. */
  retries: number
  /** Failures in a row that open the circuit. */
  failures: number
  /** How long it stays open; then one call probes. */
  openMs: number
  /** Which errors mean that the upstream is ill; others count as a success. */
  counts(error: unknown): boolean
  /**
   * Lets no call start that would, if all in flight fail, be one too many: the call after the last allowed failure never reaches the
   * upstream, not even beside it. Calls over that wait for those in flight.
   */
  strict: boolean
}

/** The connection broke before an answer began. */
const isBroken = (error: unknown) =>
  error instanceof UpstreamError && error.reason === 'unavailable' && error.status === undefined

/** Retry and circuit breaker of cockatiel. The breaker runs on the injected clock: it takes the time left from its backoff, which reads it. */
const createPolicies = async ({ clock, retries, failures, openMs, counts, strict }: PolicyOptions) => {
  const { CircuitState, ConsecutiveBreaker, circuitBreaker, handleAll, handleWhen, retry } = await import('cockatiel')
  const openFrom = () => {
    const until = clock.now() + openMs
    return {
      get duration() {
        return clock.now() < until ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
      },
      next: openFrom,
    }
  }
  const breaker = new ConsecutiveBreaker(failures)
  const circuit = circuitBreaker(handleAll, { breaker, halfOpenAfter: { next: openFrom } })
  const repeats = retry(handleWhen(isBroken), { maxAttempts: retries })
  let inFlight = 0
  let settled = Promise.withResolvers<void>()

  /**
   * Takes a place. While the circuit is half open one call probes, and the others are refused at once. Not a bulkhead of the library's,
   * whose size is fixed: here every failure takes a place away.
   */
  const enter = async () => {
    for (;;) {
      if (circuit.state === CircuitState.HalfOpen) throw new CircuitOpen('a probe is under way')
      if (!strict || circuit.state !== CircuitState.Closed || breaker.state + inFlight < failures) {
        inFlight++
        return
      }
      await settled.promise
    }
  }
  return {
    /** Repeats `call` at once while its connection breaks. */
    repeated: <T>(call: () => Promise<T>): Promise<T> => repeats.execute(call),
    /** @throws CircuitOpen without calling, or what `call` throws */
    async guarded<T>(call: () => Promise<T>): Promise<T> {
      await enter()
      let called = false
      try {
        const outcome = await circuit.execute(async (): Promise<{ value: T } | { error: unknown }> => {
          called = true
          try {
            return { value: await call() }
          } catch (error) {
            if (counts(error)) throw error
            // For the breaker a success: it starts its count anew.
            return { error }
          }
        })
        if ('error' in outcome) throw outcome.error
        return outcome.value
      } catch (error) {
        if (!called) throw new CircuitOpen('the circuit is open', { cause: error })
        throw error
      } finally {
        inFlight--
        settled.resolve()
        settled = Promise.withResolvers()
      }
    },
  }
}

/** A value and when it was fetched, in milliseconds. */
export interface Fetched<T> {
  value: T
  at: number
}

/**
 * Answers kept for a while, as JSON in the key-value store; equal calls at once share one. A store that fails is a miss, a call that
 * fails is not kept.
 */
export const createCachedCalls = ({ kv, clock }: { kv: Kv; clock: Clock }) => {
  const running = new Map<string, Promise<Fetched<any>>>()

  const stored = async (key: string, ttlMs: number): Promise<Fetched<any> | undefined> => {
    try {
      const text = await kv.get(key)
      const found = text === undefined ? undefined : JSON.parse(text)
      // By our clock: a shared store counts down by its own.
      return typeof found?.at === 'number' && clock.now() - found.at < ttlMs ? found : undefined
    } catch {
      // A miss: the upstream is called.
      return undefined
    }
  }
  const fetched = async <T>(key: string, ttlMs: number, call: () => Promise<T>): Promise<Fetched<T>> => {
    const known = ttlMs > 0 ? await stored(key, ttlMs) : undefined
    if (known) return known
    const fresh = { value: await call(), at: clock.now() }
    if (ttlMs > 0)
      // Not cached: the next call goes to the upstream again.
      await kv.set(key, JSON.stringify(fresh), ttlMs).catch(() => undefined)
    return fresh
  }

  return {
    /** The value of `key`, at most `ttlMs` old (0: as old as a call that is under way). @throws what `call` throws */
    get<T>(key: string, ttlMs: number, call: () => Promise<T>): Promise<Fetched<T>> {
      const shared = running.get(key)
      if (shared) return shared
      const mine = fetched(key, ttlMs, call).finally(() => running.delete(key))
      running.set(key, mine)
      return mine
    },
  }
}
export type CachedCalls = ReturnType<typeof createCachedCalls>
