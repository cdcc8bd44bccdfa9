import { AppError } from '../../errors.ts'
import type { Clock } from '../clock.ts'
import type { Platform } from '../index.ts'
import { createLru } from '../shared.ts'
import { type AddressSource, callerOf, clientIp } from './request.ts'

/** `limit` requests within `windowMs`; a limit of 0 allows all. How a window passes is the verb's: see RateLimiter. */
export interface RateClass {
  name: string
  limit: number
  windowMs: number
}

export interface RateDecision {
  allowed: boolean
  limit: number
  remaining: number
  /** Milliseconds until all of the limit is there again. */
  resetMs: number
  /** Whole seconds until one more is allowed, at least 1; only of use when not allowed. */
  retryAfterSeconds: number
}

/** Rate limits behind one port: per process here, shared between processes by Redis (platform/redis/index.ts). */
export interface RateLimiter {
  /** A token bucket: the limit refills evenly within the window. */
  take(rateClass: RateClass, key: string): Promise<RateDecision> | RateDecision
  /** A fixed window: it starts with a key's first request and gives the whole limit again at its end. */
  count(rateClass: RateClass, key: string): Promise<RateDecision> | RateDecision
}

/** No limit at all. */
export const free = (limit: number): RateDecision => ({ allowed: true, limit, remaining: 0, resetMs: 0, retryAfterSeconds: 1 })
/** What a bucket says that has `left` tokens after the request. */
export const bucketDecision = ({ limit, windowMs }: RateClass, allowed: boolean, left: number): RateDecision => {
  const perMs = limit / windowMs
  return {
    allowed,
    limit,
    remaining: Math.floor(left),
    resetMs: Math.ceil((limit - left) / perMs),
    retryAfterSeconds: Math.max(1, Math.ceil((1 - left) / perMs / 1000)),
  }
}
/** What a window says that has counted `count` requests and ends in `resetMs`. */
export const windowDecision = ({ limit }: RateClass, allowed: boolean, count: number, resetMs: number): RateDecision => ({
  allowed,
  limit,
  remaining: limit - count,
  resetMs,
  retryAfterSeconds: Math.max(1, Math.ceil(resetMs / 1000)),
})

/** Headers with what is left of the limit; none where there is no limit. */
export const rateHeaders = ({ limit, remaining, resetMs }: RateDecision): Record<string, string> =>
  limit === 0
    ? {}
    : {
        'ratelimit-limit': String(limit),
        'ratelimit-remaining': String(remaining),
        'ratelimit-reset': String(Math.ceil(resetMs / 1000)),
      }

/** In-process limiter of at most `maxKeys` buckets and as many windows: the one least recently used is forgotten first. */
export const createLocalRateLimiter = (clock: Clock, maxKeys = 50_000): RateLimiter => {
  const buckets = createLru<string, { tokens: number; at: number }>(maxKeys)
  const windows = createLru<string, { count: number; endsAt: number }>(maxKeys)
  return {
    take(rateClass, key) {
      const { name, limit, windowMs } = rateClass
      if (limit === 0) return free(limit)
      const now = clock.now()
      const perMs = limit / windowMs
      const id = `${name}\n${key}`
      const known = buckets.get(id)
      // A clock that was set back must not take tokens away.
      const tokens = Math.min(limit, known ? known.tokens + Math.max(0, now - known.at) * perMs : limit)
      const allowed = tokens >= 1
      const left = allowed ? tokens - 1 : tokens
      buckets.set(id, { tokens: left, at: now })
      return bucketDecision(rateClass, allowed, left)
    },
    count(rateClass, key) {
      const { name, limit, windowMs } = rateClass
      if (limit === 0) return free(limit)
      const now = clock.now()
      const id = `${name}\n${key}`
      let window = windows.get(id)
      // A clock that was set back must not make a window longer than it is.
      if (!window || window.endsAt <= now || window.endsAt > now + windowMs) {
        window = { count: 0, endsAt: now + windowMs }
        windows.set(id, window)
      }
      const allowed = window.count < limit
      if (allowed) window.count++
      return windowDecision(rateClass, allowed, window.count, window.endsAt - now)
    },
  }
}

/** Refused credentials that one address may send in a minute, each family for itself. */
const REFUSALS = 600

export interface RefusalDeps {
  platform: Pick<Platform, 'config' | 'rateLimiter'>
  /** Known once the app listens. */
  server(): AddressSource | null | undefined
}

/** Counts refused credentials by address, so that none can be guessed by trying: a right one is never held up. */
export const createRefusals = (family: string, { platform: { config, rateLimiter }, server }: RefusalDeps) => {
  const rateClass: RateClass = { name: `${family}-refused`, limit: REFUSALS, windowMs: 60_000 }
  const count = async (request: Request, error: unknown): Promise<never> => {
    if (!(error instanceof AppError) || (error.status !== 401 && error.status !== 403)) throw error
    const { allowed, retryAfterSeconds } = await rateLimiter.take(
      rateClass,
      callerOf(clientIp(request, server(), config.trustProxy)),
    )
    if (allowed) throw error
    throw new AppError('rate_limited', 429, 'Too many refused credentials, please slow down', {
      headers: { 'retry-after': String(retryAfterSeconds) },
    })
  }
  /** What `check` finds out. @throws AppError what it throws, or 429 instead of one refusal too many */
  return <T>(request: Request, check: () => T | Promise<T>): T | Promise<T> => {
    try {
      const known = check()
      return known instanceof Promise ? known.catch((error) => count(request, error)) : known
    } catch (error) {
      return count(request, error)
    }
  }
}
export type Refusals = ReturnType<typeof createRefusals>
