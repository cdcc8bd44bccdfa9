import type { Bus, LocalBus } from '../bus/index.ts'
import type { Clock } from '../clock.ts'
import type { RateLimiter } from '../http/rate-limit.ts'
import type { Kv } from '../kv/index.ts'
import { openRedis, type Redis, type RedisOpening } from './client.ts'
import { createSharedRateLimiter } from './rate-limiter.ts'

/** The key-value port over Redis: the same values in every process, and over restarts of all of them. Rejects while Redis is away. */
const createSharedKv = (redis: Redis): Kv => ({
  get: redis.get,
  set: redis.set,
  delete: (key) => redis.delete(key),
})

/** The database a URL names: pub/sub knows none, and two fleets on one server must not hear each other. */
const databaseOf = (url: string): string => /^[^?]*\/(\d+)(?:\?|$)/.exec(url.slice(url.indexOf('://') + 3))?.[1] ?? '0'

/**
 * The bus of several processes: handlers of this process run in the publisher's turn as ever, the others hear over Redis pub/sub, each
 * once. What is published while Redis is away reaches this process alone; code that waits for an event of another process polls as well.
 */
export const createSharedBus = async (local: LocalBus, redis: Redis, url: string): Promise<Bus> => {
  const self = crypto.randomUUID()
  const channel = `trawl:events:${databaseOf(url)}`
  await redis.listen(channel, (text) => {
    const topicAt = text.indexOf('\n') + 1
    if (topicAt === self.length + 1 && text.startsWith(self)) return
    const bodyAt = text.indexOf('\n', topicAt) + 1
    const topic = text.slice(topicAt, bodyAt - 1)
    // Most events of a fleet have no subscriber in this process: they are not even parsed.
    if (bodyAt === 0 || !local.isHeard(topic)) return
    let message: unknown
    try {
      message = JSON.parse(text.slice(bodyAt))
    } catch {
      // Not of ours: anybody on the server may publish there, and must not bring this process down.
      return
    }
    local.publish(topic, message)
  })
  return {
    publish(topic, message) {
      local.publish(topic, message)
      // At most once: the connection logs once that Redis is away, not for every event.
      redis.publish(channel, `${self}\n${topic}\n${JSON.stringify(message) ?? 'null'}`).catch(() => {})
    },
    publishHere: local.publishHere,
    subscribe: local.subscribe,
    isShared: redis.isUp,
  }
}

export type { Redis } from './client.ts'

/** The ports that Redis serves, in place of those of one process. Loaded only when `REDIS_URL` is set: a start without pays nothing. */
export const openShared = async (
  opening: RedisOpening & { clock: Clock; local: { bus: LocalBus; rateLimiter: RateLimiter } },
): Promise<{ redis: Redis; bus: Bus; kv: Kv; rateLimiter: RateLimiter }> => {
  const redis = await openRedis(opening)
  return {
    redis,
    bus: await createSharedBus(opening.local.bus, redis, opening.url),
    kv: createSharedKv(redis),
    rateLimiter: createSharedRateLimiter(redis, opening.clock, opening.local.rateLimiter),
  }
}
