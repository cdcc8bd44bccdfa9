import { DAY_MS, HOUR_MS } from '../platform/clock.ts'
import type { Steps, Tx } from '../platform/db/index.ts'
import type { Schedule } from '../tasks/index.ts'
import type { GiftyServices } from './services.ts'

/** What keeps the family's tables from growing without end. */
export const purgesOf = ({ ingestion, sources, fleet, subscribers }: GiftyServices): Schedule[] => {
  const purge = (name: string, cron: string, run: (tx: Tx, now: Date) => Steps<unknown>): Schedule => ({
    name,
    cron,
    *fire(tx, { now }) {
      yield* run(tx, now)
      return undefined
    },
  })
  const before = (now: Date, ms: number) => new Date(now.getTime() - ms)
  return [
    purge('purge-idempotency-keys', '*/10 * * * *', (tx, now) => ingestion.purgeKeys(tx, now)),
    purge('purge-loose-ingests', '0 * * * *', (tx, now) => sources.purgeLoose(tx, before(now, 2 * DAY_MS))),
    purge('purge-heartbeats', '0 * * * *', (tx, now) => fleet.purgeWorkers(tx, before(now, DAY_MS))),
    // Longer than any attempt counts.
    purge('purge-claim-attempts', '*/10 * * * *', (tx, now) => subscribers.purgeAttempts(tx, before(now, HOUR_MS))),
  ]
}
