import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import type { Broker } from './broker/index.ts'
import { type Clock, systemClock } from './clock.ts'
import { createKeyRing, type KeyRing, keyFromFile } from './crypto.ts'
import type { Db } from './db/index.ts'
import { followDatabaseClock, openDatabase } from './db/open.ts'
import { createLocalRateLimiter, type RateLimiter } from './http/rate-limit.ts'
import { createLog, createTerminal, type Log, type Terminal } from './log.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import type { Redis } from './redis/index.ts'
import { type Bus, createLocalBus, createLocalKv, type Kv } from './shared.ts'

/** Everything below the domains. Tests make one with their own clock and database. */
export interface Platform {
  config: Config
  clock: Clock
  /** 0..1, for jitter. */
  random(): number
  log: Log
  db: Db
  bus: Bus
  kv: Kv
  rateLimiter: RateLimiter
  /** Undefined when it is not configured; bus, kv and limiter then are those of this process. */
  redis: Redis | undefined
  /** Undefined when none is configured: then the engine alone hands out work. */
  broker: Broker | undefined
  metrics: Metrics
  /** Made at first use: without a secret to store there is no key file. */
  keyRing(): KeyRing
  close(): Promise<void>
}

export interface PlatformOverrides {
  clock?: Clock
  random?(): number
  log?: Log
  db?: Db
  /** Before the names of all keys, and how long an answer may take: for tests, which share one Redis on a busy machine. */
  redis?: { prefix: string; answerMs: number }
  /** Instead of the one `AMQP_URL` names; its owner closes it. */
  broker?: Broker
  version: string
  /** Where the log goes; default standard output. */
  terminal?: Terminal
}

/** Opens what the configuration names. */
export const createPlatform = async (config: Config, overrides: PlatformOverrides): Promise<Platform> => {
  const db = overrides.db ?? (await openDatabase(config.database))
  // Processes share Postgres: its clock decides what all of them see. SQLite has one process, and so one clock.
  const shared = overrides.clock === undefined && db.isShared ? await followDatabaseClock(db) : undefined
  const clock = overrides.clock ?? shared ?? systemClock
  const { terminal = createTerminal() } = overrides
  const log =
    overrides.log ??
    createLog({
      level: config.logLevel,
      now: clock.now,
      write: terminal.write,
      format: terminal.isInteractive ? 'readable' : 'json',
    })
  const metrics = createMetrics({ version: overrides.version, dialect: db.name })
  metrics.onScrape({
    async refresh({ connections }) {
      connections.set(db.connections())
    },
  })
  // Loaded only where it is used: a start without it is quicker by that much.
  const ownBroker =
    overrides.broker === undefined && config.amqpUrl !== undefined
      ? (await import('./broker/rabbit.ts')).createRabbitBroker({ url: config.amqpUrl, log })
      : undefined
  let ring: KeyRing | undefined
  const local = {
    bus: createLocalBus((error, topic) => log.error('a listener of the bus failed', { topic, error })),
    rateLimiter: createLocalRateLimiter(clock),
  }
  const services =
    config.redisUrl === undefined
      ? { ...local, kv: createLocalKv(clock), redis: undefined }
      : await import('./redis/index.ts').then(({ openShared }) =>
          openShared({ url: config.redisUrl as string, log, clock, local, ...overrides.redis }),
        )
  const { redis } = services
  if (redis) {
    const up = metrics.gauge('trawl_redis_up', 'Whether Redis can be reached')
    metrics.onScrape({
      async refresh() {
        up.set({}, redis.isUp() ? 1 : 0)
      },
    })
  }
  return {
    config,
    clock,
    random: overrides.random ?? Math.random,
    log,
    db,
    ...services,
    broker: overrides.broker ?? ownBroker,
    metrics,
    keyRing: () => {
      // The start demands keys for the families that cannot do without (config/secrets.ts); Weeek alone finds out here.
      if (config.production && !config.encryptionKeys)
        throw new AppError('not_configured', 503, 'ENCRYPTION_KEYS is not configured')
      ring ??= createKeyRing(config.encryptionKeys ?? [keyFromFile(config.keyFile)])
      return ring
    },
    async close() {
      shared?.stop()
      redis?.close()
      await ownBroker?.close()
      await db.close()
    },
  }
}
