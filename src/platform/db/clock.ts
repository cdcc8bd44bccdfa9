import { type Clock, systemClock } from '../clock.ts'
import type { Db } from './index.ts'

/** How often the offset is measured anew. */
const SYNC_MS = 10_000

/**
 * The clock of the database: processes that share one agree on leases and due times even where their own clocks differ or jump. Between
 * two readings it advances by the monotonic time of this process; a reading whose answer takes long is inexact and is dropped.
 */
export const followDatabaseClock = async (db: Db): Promise<Clock & { stop(): void }> => {
  const read = db.statement<{ ms: number | string }>('clock_read', {
    sqlite: `select unixepoch('subsec') * 1000 as ms`,
    postgres: 'select extract(epoch from clock_timestamp()) * 1000 as ms',
  })
  /** Milliseconds since the epoch at the start of this process's monotonic time. */
  let origin = Date.now() - performance.now()
  let bestTrip = Number.POSITIVE_INFINITY
  const sync = async () => {
    const before = performance.now()
    const [row] = await read.all()
    const after = performance.now()
    const trip = after - before
    // A quick look is exact; a slow one counts only when the last quick one is long ago.
    if (trip > bestTrip * 4 && trip > 50) {
      bestTrip *= 2
      return
    }
    bestTrip = Math.max(trip, 1)
    origin = Number(row?.ms) - (before + after) / 2
  }
  await sync()
  const timer = setInterval(() => {
    // The database may be away: the clock then advances by this process's time.
    sync().catch(() => {})
  }, SYNC_MS)
  timer.unref()
  let latest = 0
  return {
    ...systemClock,
    now: () => {
      const now = Math.round(origin + performance.now())
      // Readings differ by fractions of a round trip: time must not go back for that.
      if (now < latest && latest - now < 1000) return latest
      latest = now
      return now
    },
    stop: () => clearInterval(timer),
  }
}
