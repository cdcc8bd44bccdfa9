import type { Clock } from '../clock.ts'

/** A token bucket: `limit` tokens that refill evenly within `windowMs`. */
export interface RateClass {
  name: string
  limit: number
  windowMs: number
}

export interface RateDecision {
  allowed: boolean
  limit: number
  remaining: number
  /** Milliseconds until the bucket is full again. */
  resetMs: number
  /** Whole seconds until a token exists, at least 1; only of use when not allowed. */
  retryAfterSeconds: number
}

/** Rate limits behind one port: per process here, shared between processes by a networked adapter. A limit of 0 allows all. */
export interface RateLimiter {
  take(rateClass: RateClass, key: string): Promise<RateDecision> | RateDecision
}

/** In-process limiter, bounded: full buckets are forgotten first, they hold nothing to remember. */
export const createLocalRateLimiter = (clock: Clock, maxKeys = 50_000): RateLimiter => {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return {
    take({ name, limit, windowMs }, key) {
      if (limit === 0) return { allowed: true, limit, remaining: 0, resetMs: 0, retryAfterSeconds: 1 }
      const now = clock.now()
      const perMs = limit / windowMs
      const id = `${name}\n${key}`
      const known = buckets.get(id)
      // A clock that was set back must not take tokens away.
      const tokens = Math.min(limit, known ? known.tokens + Math.max(0, now - known.at) * perMs : limit)
      const allowed = tokens >= 1
      const left = allowed ? tokens - 1 : tokens
      buckets.delete(id)
      buckets.set(id, { tokens: left, at: now })
      if (buckets.size > maxKeys) buckets.delete(buckets.keys().next().value as string)
      return {
        allowed,
        limit,
        remaining: Math.floor(left),
        resetMs: Math.ceil((limit - left) / perMs),
        retryAfterSeconds: Math.max(1, Math.ceil((1 - left) / perMs / 1000)),
      }
    },
  }
}
