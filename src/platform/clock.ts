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

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
/** Postgres refuses a malformed uuid with an error, so texts are checked before a query. */
export const isUuid = (text: string): boolean => UUID.test(text)
