/** Every "now" and every wait of the system goes through this port, so that a test can own time. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const done = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      // A wait until a time that has passed is none.
      const timer = setTimeout(done, Math.max(0, ms))
      signal?.addEventListener('abort', done)
    }),
}

/** A UUIDv7 of the clock's time: sorts by creation, so "oldest first" is "by id". */
export const createId = (clock: Pick<Clock, 'now'>): string => Bun.randomUUIDv7('hex', clock.now())

/** Below every id made at `at` (epoch milliseconds) or later, above every one made before. */
export const idAt = (at: number): string => {
  const hex = Math.max(0, at).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}

/** When an id was made, in ms since the epoch. */
export const timeOfId = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
/** Postgres refuses a malformed uuid with an error, so texts are checked before a query. */
export const isUuid = (text: string): boolean => UUID.test(text)

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

/** `ms` with ±20 % jitter, so that workers that failed together do not retry together. */
export const jittered = (ms: number, random: () => number): number => Math.round(ms * (0.8 + 0.4 * random()))

/** `firstMs` (default one second) doubled with every attempt, up to `mostMs`, in ms. `attempt` counts from 1. */
export const backoffMs = (attempt: number, mostMs: number, firstMs = 1000): number =>
  Math.min(firstMs * 2 ** Math.min(attempt - 1, 30), mostMs)

/** The wait before the next attempt, in ms: what a header asks for, if that is not shorter than the backoff less a fifth. */
export const retryWaitMs = (asked: number | undefined, backoff: number, random: () => number): number =>
  asked !== undefined && asked >= backoff * 0.8 ? asked : jittered(backoff, random)

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

/**
 * What `make` finds out, once for all who ask within `ms` milliseconds from its start: for what anybody may ask for and costs more than a
 * read. A failure is shared by those who wait for it, and the next one asks anew.
 */
export const cachedFor = <T>(clock: Pick<Clock, 'now'>, ms: number, make: () => Promise<T>): (() => Promise<T>) => {
  let made: { at: number; value: Promise<T> } | undefined
  return () => {
    const now = clock.now()
    // A clock that was set back makes nothing last longer.
    if (made && now - made.at < ms && now >= made.at) return made.value
    const mine = { at: now, value: make() }
    made = mine
    mine.value.catch(() => {
      if (made === mine) made = undefined
    })
    return mine.value
  }
}
