import { LRUCache } from 'lru-cache'
import type { Clock } from '../platform/clock.ts'
import type { Db } from '../platform/db/index.ts'
import type { Log } from '../platform/log.ts'
import type { Notifications } from './notifications.ts'

const MINUTE_MS = 60_000
const MAX_ROUTES = 1000

/** One `system_error` notification per route and minute (gifty §1.2). */
export const createSystemErrors = (db: Db, clock: Clock, notifications: Notifications) => {
  const reportedAt = new LRUCache<string, number>({ max: MAX_ROUTES })
  return {
    /** Queues the notification behind the answer; a database that is down keeps it from being sent, not the answer. */
    report(route: string, log: Log): void {
      const now = clock.now()
      if (now - (reportedAt.get(route) ?? Number.NEGATIVE_INFINITY) < MINUTE_MS) return
      reportedAt.set(route, now)
      db.tx((tx) => notifications.add(tx, [{ topic: 'system_error', text: 'Unexpected error', data: { route } }])).catch(
        (error) => log.warn('a system_error notification could not be queued', { route, error }),
      )
    },
  }
}
export type SystemErrors = ReturnType<typeof createSystemErrors>
