import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'

/**
 * A cache of at most `most` entries, of which the one least recently used goes first. By a size of one each: the library's `max` allocates
 * all places at once, which is megabytes and milliseconds at the start for maps that stay nearly empty.
 */
export const createLru = <K extends {}, V extends {}>(most: number): LRUCache<K, V> =>
  new LRUCache<K, V>({ maxSize: most, sizeCalculation: () => 1 })

/** Small short-lived values, in process or in Redis (platform/redis/index.ts). Nothing that must survive lives here alone. */
export interface Kv {
  get(key: string): Promise<string | undefined>
  /** `ttlMs` is how long the value lives. */
  set(key: string, value: string, ttlMs: number): Promise<void>
  delete(key: string): Promise<void>
}

/** In-process store of at most `maxEntries`: the one least recently used goes first. */
export const createLocalKv = (clock: Clock, maxEntries = 100_000): Kv => {
  const entries = createLru<string, { value: string; expiresAt: number }>(maxEntries)
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
