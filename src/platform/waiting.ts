import type { Clock } from './clock.ts'

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

/** `ms` with ±20 % jitter, so that workers that failed together do not retry together. */
export const jittered = (ms: number, random: () => number): number => Math.round(ms * (0.8 + 0.4 * random()))

/** `firstMs` (default one second) doubled with every attempt, up to `mostMs`, in ms. `attempt` counts from 1. */
export const backoffMs = (attempt: number, mostMs: number, firstMs = 1000): number =>
  Math.min(firstMs * 2 ** Math.min(attempt - 1, 30), mostMs)

/** Retry-After in ms from now: seconds or an HTTP date; undefined when absent or unreadable. */
export const retryAfterMs = (text: string | null | undefined, now: number): number | undefined => {
  if (!text) return undefined
  if (/^\d+(\.\d+)?$/.test(text.trim())) return Math.ceil(Number(text) * 1000)
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}

/** The answer of `work`, or undefined when it has not come within `ms` milliseconds; `work` itself is not stopped. Rejects as `work` does. */
export const within = async <T>(work: Promise<T>, ms: number, clock: Clock): Promise<T | undefined> => {
  const done = new AbortController()
  try {
    return await Promise.race([work, clock.sleep(ms, done.signal).then(() => undefined)])
  } finally {
    done.abort()
  }
}
