import { unavailable } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Redis } from '../../platform/redis/index.ts'

const keyOf = (hash: string) => `auth:token:blacklist:${hash}`
const away = (cause: unknown) =>
  Object.assign(unavailable('Your login cannot be checked at the moment, please try again'), { cause })

/**
 * Revoked tokens in Redis, where every process and other services look (love-parser §2). Fails closed: while Redis is away nobody can
 * say that a token still holds. They are in the database as well, so that a Redis that lost its memory lets nobody back in.
 */
export const createRevocations = (redis: Redis, clock: Clock) => ({
  /** @throws AppError 503 */
  async has(hash: string): Promise<boolean> {
    try {
      return (await redis.get(keyOf(hash))) !== undefined
    } catch (error) {
      throw away(error)
    }
  },
  /** Until the token would have expired, in milliseconds since the epoch. @throws AppError 503: then nothing is stored */
  async add(hash: string, expiresAt: number): Promise<void> {
    try {
      await redis.set(keyOf(hash), '1', expiresAt - clock.now())
    } catch (error) {
      throw away(error)
    }
  },
})
export type Revocations = ReturnType<typeof createRevocations>
