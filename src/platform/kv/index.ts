import type { Clock } from '../clock.ts'

/** Small short-lived values, in process or in Redis (platform/redis/kv.ts). Nothing that must survive lives here alone. */
export interface Kv {
  get(key: string): Promise<string | undefined>
  /** `ttlMs` is how long the value lives. */
  set(key: string, value: string, ttlMs: number): Promise<void>
  delete(key: string): Promise<void>
}

/** In-process store with a bound: over it the oldest entry goes first. */
export const createLocalKv = (clock: Clock, maxEntries = 100_000): Kv => {
  const entries = new Map<string, { value: string; expiresAt: number }>()
  const live = (key: string) => {
    const entry = entries.get(key)
    if (entry && entry.expiresAt <= clock.now()) {
      entries.delete(key)
      return undefined
    }
    return entry
  }
  const put = (key: string, value: string, expiresAt: number) => {
    entries.delete(key)
    entries.set(key, { value, expiresAt })
    if (entries.size > maxEntries) entries.delete(entries.keys().next().value as string)
  }
  return {
    async get(key) {
      return live(key)?.value
    },
    async set(key, value, ttlMs) {
      put(key, value, clock.now() + ttlMs)
    },
    async delete(key) {
      entries.delete(key)
    },
  }
}
