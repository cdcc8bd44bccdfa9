import type { Kv } from '../kv/index.ts'
import type { Redis } from './client.ts'

/** The key-value port over Redis: the same values in every process, and over restarts of all of them. Rejects while Redis is away. */
export const createSharedKv = (redis: Redis): Kv => ({
  get: redis.get,
  set: redis.set,
  delete: (key) => redis.delete(key),
})
