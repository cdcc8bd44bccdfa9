import { LRUCache } from 'lru-cache'
import type { Clock } from './clock.ts'

export type BusHandler = (message: any) => void

/**
 * Events between the parts of the system, and between processes with Redis (platform/redis/index.ts). Delivery is at most once and
 * unordered across topics: whatever must not be lost is in the database, an event only says "look now".
 */
export interface Bus {
  publish(topic: string, message: unknown): void
  /** As `publish`, for this process alone: for events that every process finds out by itself. */
  publishHere(topic: string, message: unknown): void
  /** Whether other processes are reached at the moment. While they are not, their events do not come here either. */
  isShared(): boolean
  /** Returns the function that ends the subscription. */
  subscribe(topic: string, handler: BusHandler): () => void
}

export interface LocalBus extends Bus {
  /** Whether anybody subscribes to the topic. */
  hasSubscribers(topic: string): boolean
}

/** In-process bus: handlers run in the publisher's turn. A handler that throws does not keep the others from running. */
export const createLocalBus = (onError: (error: unknown, topic: string) => void): LocalBus => {
  const topics = new Map<string, Set<BusHandler>>()
  const publish = (topic: string, message: unknown): void => {
    for (const handler of topics.get(topic) ?? []) {
      try {
        handler(message)
      } catch (error) {
        onError(error, topic)
      }
    }
  }
  return {
    publish,
    publishHere: publish,
    isShared: () => false,
    hasSubscribers: (topic) => topics.has(topic),
    subscribe(topic, handler) {
      const handlers = topics.get(topic) ?? new Set()
      topics.set(topic, handlers.add(handler))
      return () => {
        handlers.delete(handler)
        if (handlers.size === 0 && topics.get(topic) === handlers) topics.delete(topic)
      }
    },
  }
}

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
