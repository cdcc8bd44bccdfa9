import type { Clock } from '../../../platform/clock.ts'

/** Requests of one task: its rateLimits or the worker's defaults. */
export interface Limits {
  perMinute: number
  perHour?: number
  burst: number
}

/** The pace of one account at one instance, shared by all tasks of this worker (gitlab-worker §3.4). */
export interface Bucket {
  /** Adds a task's limits; of several the smallest hold. Answers how to leave. */
  join(limits: Limits): () => void
  /** Takes a token and answers 0, or takes none and answers the ms until there may be one. */
  take(): number
  /** No token before this time. */
  pauseUntil(at: number): void
}

export interface Buckets {
  of(origin: string, token: string): Bucket
  /** After a refresh the new token means the same account. */
  renewed(origin: string, before: string, after: string): void
}

const MOST_IDLE = 1000
const HOUR_MS = 3_600_000

const createBucket = (clock: Clock) => {
  const members = new Set<Limits>()
  let last: Limits | undefined
  // The time at which a bucket without burst would let the next request go.
  let nextAt = 0
  let pausedUntil = 0
  let takenAt = 0
  const least = (pick: (limits: Limits) => number | undefined) => {
    const found = [...members, ...(members.size === 0 && last ? [last] : [])].map(pick).filter((value) => value !== undefined)
    return found.length > 0 ? Math.min(...found) : undefined
  }
  const bucket: Bucket = {
    join(limits) {
      members.add(limits)
      return () => {
        last = limits
        members.delete(limits)
      }
    },
    take() {
      const now = clock.now()
      // The clock was set back: what has been used up is used up, but not for all that time.
      if (now < takenAt) nextAt -= takenAt - now
      takenAt = now
      const perMinute = least((limits) => limits.perMinute) ?? 60
      const perHour = least((limits) => limits.perHour)
      const intervalMs = Math.max(60_000 / perMinute, perHour === undefined ? 0 : HOUR_MS / perHour)
      const burst = least((limits) => limits.burst) ?? 1
      const at = Math.max(pausedUntil, nextAt - (burst - 1) * intervalMs)
      if (at > now) return Math.ceil(at - now)
      nextAt = Math.max(nextAt, now) + intervalMs
      return 0
    },
    pauseUntil(at) {
      pausedUntil = Math.max(pausedUntil, at)
    },
  }
  return { bucket, idle: () => members.size === 0 && Math.max(pausedUntil, nextAt) <= clock.now() }
}

/** The buckets of one worker. Keys are hashes: a token is kept only where a request needs it. */
export const createBuckets = (clock: Clock): Buckets => {
  const known = new Map<string, ReturnType<typeof createBucket>>()
  const keyOf = (origin: string, token: string) => Bun.SHA256.hash(`${origin}\n${token}`, 'hex')
  const entryOf = (origin: string, token: string) => {
    const key = keyOf(origin, token)
    let entry = known.get(key)
    if (!entry) {
      if (known.size >= MOST_IDLE) for (const [old, { idle }] of known) if (idle()) known.delete(old)
      entry = createBucket(clock)
      known.set(key, entry)
    }
    return entry
  }
  return {
    of: (origin, token) => entryOf(origin, token).bucket,
    renewed: (origin, before, after) => void known.set(keyOf(origin, after), entryOf(origin, before)),
  }
}
