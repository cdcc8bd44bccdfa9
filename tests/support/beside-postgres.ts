import type { Db } from '../../src/platform/db/index.ts'
import { silentLog } from '../../src/platform/log.ts'
import { openRedis } from '../../src/platform/redis/client.ts'
import { createSharedBus } from '../../src/platform/redis/index.ts'
import { type Bus, createLocalBus } from '../../src/platform/shared.ts'
import { whenEmptied } from './databases.ts'

export const redisUrl = process.env.TEST_REDIS_URL
if (process.env.TEST_DATABASE_URL && !redisUrl) console.warn('skipped: Redis beside Postgres (TEST_REDIS_URL is not set)')

/**
 * What runs beside Postgres: the suites' [postgres] half runs over Redis as well when `TEST_REDIS_URL` is set. Keys begin with a random
 * word of each app, so that apps and parallel runs do not meet. Slow answers of a busy machine are not what these suites are about.
 */
export const besidePostgres = (db: Db) =>
  redisUrl && db.dialect === 'postgres'
    ? { env: { REDIS_URL: redisUrl }, redis: { prefix: `test-${crypto.randomUUID()}:`, answerMs: 20_000 } }
    : { env: {}, redis: undefined }

/** A bus as an app over this database has it, for suites without one. Ends with the database's data. */
export const testBus = async (db: Db, onError: (error: unknown) => void): Promise<Bus> => {
  const local = createLocalBus(onError)
  const { env, redis: opening } = besidePostgres(db)
  if (!opening) return local
  const redis = await openRedis({ url: env.REDIS_URL, log: silentLog, ...opening })
  whenEmptied(db, async () => redis.close())
  return createSharedBus(local, redis, env.REDIS_URL)
}
