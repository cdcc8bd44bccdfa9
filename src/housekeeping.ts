import type { GiftyServices } from './gifty/services.ts'
import type { StickersServices } from './stickers/services.ts'
import type { Engine, Outbox, Schedule } from './tasks/index.ts'

const DAY_MS = 86_400_000
/** Longer than any attempt counts. */
const ATTEMPTS_MS = 3_600_000

/** What keeps the tables from growing without end: schedules in the database, so that one process does each round. */
export const createHousekeeping = ({
  engine,
  outbox,
  gifty,
  stickers,
}: {
  engine: Engine
  outbox: Outbox
  gifty: GiftyServices
  /** Undefined when the family is not mounted. */
  stickers: StickersServices | undefined
}): Schedule[] => [
  {
    name: 'purge-tasks',
    // As often as that, because a round deletes so many at most and a fleet may finish them as quickly.
    cron: '* * * * *',
    *fire(tx) {
      yield* engine.purge(tx)
      return undefined
    },
  },
  {
    name: 'purge-idempotency-keys',
    cron: '*/10 * * * *',
    *fire(tx, { now }) {
      yield* gifty.ingestion.purgeKeys(tx, now)
      return undefined
    },
  },
  {
    name: 'purge-loose-ingests',
    cron: '0 * * * *',
    *fire(tx, { now }) {
      yield* gifty.sources.purgeLoose(tx, new Date(now.getTime() - 2 * DAY_MS))
      return undefined
    },
  },
  {
    name: 'purge-heartbeats',
    cron: '0 * * * *',
    *fire(tx, { now }) {
      yield* gifty.fleet.purgeWorkers(tx, new Date(now.getTime() - DAY_MS))
      return undefined
    },
  },
  {
    name: 'purge-claim-attempts',
    cron: '*/10 * * * *',
    *fire(tx, { now }) {
      yield* gifty.subscribers.purgeAttempts(tx, new Date(now.getTime() - ATTEMPTS_MS))
      return undefined
    },
  },
  {
    name: 'purge-outbox',
    cron: '0 * * * *',
    *fire(tx, { now }) {
      yield* outbox.purge(tx, new Date(now.getTime() - DAY_MS), engine.queues())
      return undefined
    },
  },
  ...(stickers ? [purgeTelegramCache(stickers)] : []),
]

const purgeTelegramCache = ({ telegram }: StickersServices): Schedule => ({
  name: 'purge-sticker-cache',
  cron: '0 * * * *',
  *fire(tx, { now }) {
    yield* telegram.purge(tx, now)
    return undefined
  },
})
