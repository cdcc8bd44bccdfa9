import type { Bus, LocalBus } from '../bus/index.ts'
import type { Clock } from '../clock.ts'
import type { RateLimiter } from '../http/rate-limit.ts'
import type { Kv } from '../kv/index.ts'
import { createSharedBus } from './bus.ts'
import { openRedis, type Redis, type RedisOpening } from './client.ts'
import { createSharedKv } from './kv.ts'
import { createSharedRateLimiter } from './rate-limiter.ts'

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
