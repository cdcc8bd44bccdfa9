import type { Engine, Outbox, Schedule } from './engine/index.ts'
import type { GiftyServices } from './gifty/services.ts'

const DAY_MS = 86_400_000

/** What keeps the tables from growing without end: schedules in the database, so that one process does each round. */
export const createHousekeeping = ({
  engine,
  outbox,
  gifty,
}: {
  engine: Engine
  outbox: Outbox
  gifty: GiftyServices
}): Schedule[] => [
  {
    name: 'purge-tasks',
    cron: '*/10 * * * *',
    *fire(tx) {
      yield* engine.purgeInside(tx)
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
    name: 'purge-heartbeats',
    cron: '0 * * * *',
    *fire(tx, { now }) {
      yield* gifty.fleet.purgeWorkers(tx, new Date(now.getTime() - DAY_MS))
      return undefined
    },
  },
  {
    name: 'purge-work-leases',
    cron: '0 * * * *',
    *fire(tx, { now }) {
      // A day longer than they last: what is submitted late is still known as it was handed out.
      yield* gifty.leases.purge(tx, new Date(now.getTime() - DAY_MS))
      return undefined
    },
  },
  {
    name: 'purge-outbox',
    cron: '0 * * * *',
    *fire(tx, { now }) {
      yield* outbox.purge(tx, new Date(now.getTime() - DAY_MS))
      return undefined
    },
  },
]
