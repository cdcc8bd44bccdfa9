import type { Clock } from '../clock.ts'
import type { Breaker, BreakerOptions } from './breaker.ts'
import { CircuitOpen, UpstreamError, type UpstreamFailure } from './errors.ts'

export interface UpstreamRequest<T> {
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
  breaker: Pick<BreakerOptions, 'failures' | 'openMs' | 'strict'> & { counts?: BreakerOptions['counts'] }
  clock: Clock
  /** Called once at the end of every call. */
  observe?(outcome: 'success' | UpstreamFailure): void
}

/** An answer beyond this is no answer of an API. */
const MAX_BYTES = 8 * 1024 * 1024

const readText = async (response: Response): Promise<string | undefined> => {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.byteLength
    if (size > MAX_BYTES) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

/**
 * JSON over HTTP to a service of others: timed, guarded by a circuit breaker, and whatever it answers ends as a checked value or an
 * UpstreamError. Redirects are not followed: they would carry the credential elsewhere.
 */
export const createUpstream = ({ name, base, timeoutMs, retries = 0, breaker, clock, observe }: UpstreamOptions) => {
  // With the first call: a start needs no breaker.
  let made: Promise<Breaker> | undefined
  const circuit = () => {
    made ??= import('./breaker.ts').then(({ createBreaker }) => createBreaker({ clock, counts: () => true, ...breaker }))
    return made
  }

  const attempt = async <T>({ method = 'GET', path, query = {}, headers, body, read }: UpstreamRequest<T>): Promise<T> => {
    const pairs = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined)
    const url = `${base}${path}${pairs.length > 0 ? `?${new URLSearchParams(pairs)}` : ''}`
    const controller = new AbortController()
    const over = new AbortController()
    let late = false
    clock.sleep(timeoutMs, over.signal).then(() => {
      if (over.signal.aborted) return
      late = true
      controller.abort()
    })
    const failure = (reason: UpstreamFailure, status?: number) => new UpstreamError(name, late ? 'timeout' : reason, status)
    try {
      const response = await fetch(url, {
        method,
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'manual',
        signal: controller.signal,
      }).catch(() => {
        throw failure('unavailable')
      })
      const { status } = response
      if (status >= 500 || status === 429) throw failure('unavailable', status)
      if (status < 200 || status >= 300) throw failure('bad_response', status)
      const text = await readText(response).catch(() => {
        throw failure('unavailable', status)
      })
      if (text === undefined) throw failure('bad_response', status)
      try {
        return read(text.trim() === '' ? undefined : JSON.parse(text))
      } catch {
        throw failure('bad_response', status)
      }
    } finally {
      over.abort()
      // Also for an answer that was not read to its end.
      controller.abort()
    }
  }
  const attempts = async <T>(request: UpstreamRequest<T>): Promise<T> => {
    for (let left = retries; ; left--) {
      try {
        return await attempt(request)
      } catch (error) {
        const broken = error instanceof UpstreamError && error.reason === 'unavailable' && error.status === undefined
        if (!broken || left <= 0 || (request.method ?? 'GET') !== 'GET') throw error
      }
    }
  }

  return {
    name,
    /** @throws UpstreamError */
    async call<T>(request: UpstreamRequest<T>): Promise<T> {
      try {
        const value = await (await circuit()).run(() => attempts(request))
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
