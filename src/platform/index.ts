import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { type Bus, createLocalBus } from './bus/index.ts'
import { type Clock, systemClock } from './clock.ts'
import { createKeyRing, type KeyRing, keyFromFile } from './crypto/key-ring.ts'
import type { Db } from './db/index.ts'
import { openDatabase } from './db/open.ts'
import { createLocalRateLimiter, type RateLimiter } from './http/rate-limit.ts'
import { createLocalKv, type Kv } from './kv/index.ts'
import { createLog, type Log } from './log.ts'
import { createMetrics, type Metrics } from './metrics.ts'

/** Everything below the domains. Tests make one with their own clock and database. */
export interface Platform {
  config: Config
  clock: Clock
  log: Log
  db: Db
  bus: Bus
  kv: Kv
  rateLimiter: RateLimiter
  metrics: Metrics
  /** Made at first use: without a secret to store there is no key file. */
  keyRing(): KeyRing
  close(): Promise<void>
}

export interface PlatformOverrides {
  clock?: Clock
  log?: Log
  db?: Db
  version: string
}

/** Opens what the configuration names. */
export const createPlatform = async (config: Config, overrides: PlatformOverrides): Promise<Platform> => {
  const clock = overrides.clock ?? systemClock
  const log = overrides.log ?? createLog({ level: config.logLevel, now: clock.now })
  const db = overrides.db ?? (await openDatabase(config.database))
  const metrics = createMetrics({ version: overrides.version, dialect: db.dialect })
  metrics.onScrape({
    async refresh({ connections }) {
      connections.set(db.connections())
    },
  })
  let ring: KeyRing | undefined
  return {
    config,
    clock,
    log,
    db,
    bus: createLocalBus((error, topic) => log.error('a listener of the bus failed', { topic, error })),
    kv: createLocalKv(clock),
    rateLimiter: createLocalRateLimiter(clock),
    metrics,
    keyRing: () => {
      // No mounted family of this release stores a secret, so production does not demand keys at start, only here.
      if (config.production && !config.encryptionKeys)
        throw new AppError('not_configured', 503, 'ENCRYPTION_KEYS is not configured')
      ring ??= createKeyRing(config.encryptionKeys ?? [keyFromFile(config.keyFile)])
      return ring
    },
    close: () => db.close(),
  }
}
