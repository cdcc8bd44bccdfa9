import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'

/** Small short-lived values, in process or in Redis (platform/redis/index.ts). Nothing that must survive lives here alone. */
export interface Kv {
  get(key: string): Promise<string | undefined>
  /** `ttlMs` is how long the value lives. */
  set(key: string, value: string, ttlMs: number): Promise<void>
  delete(key: string): Promise<void>
}

/** In-process store of at most `maxEntries`: the one least recently used goes first. */
export const createLocalKv = (clock: Clock, maxEntries = 100_000): Kv => {
  const entries = new LRUCache<string, { value: string; expiresAt: number }>({ max: maxEntries })
  const live = (key: string) => {
    const entry = entries.get(key)
    if (entry && entry.expiresAt <= clock.now()) {
      entries.delete(key)
      return undefined
    }
    return entry
  }
  return {
    async get(key) {
      return live(key)?.value
    },
    async set(key, value, ttlMs) {
      entries.set(key, { value, expiresAt: clock.now() + ttlMs })
    },
    async delete(key) {
      entries.delete(key)
    },
  }
}
