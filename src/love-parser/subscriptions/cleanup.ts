import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { Notifications } from '../notifications/service.ts'
import { isFree } from './activation.ts'
import { CHUNK } from './expiry.ts'
import { DAY_MS } from './periods.ts'
import { lastToEnd } from './repository.ts'
import { NOBODY, type SubscriptionSets } from './sets.ts'

const KEPT_AFTER_END_MS = 2 * DAY_MS

/** How much a person had. */
export interface RemovedData {
  searches: number
  segments: number
  channels: number
}
export interface CleanupDeps {
  db: Db
  sets: SubscriptionSets
  notifications: Notifications
  /** Deletes a person's searches with their channels, and segments; running tasks are cancelled (love-parser §8). */
  deleteUserData(tx: Tx, userId: string): Steps<RemovedData>
  touchUser(tx: Tx, userIds: string[]): Steps<void>
}

/** Seen under the lock, the person keeps the data (a plan has just begun): thrown, so that nothing stays deleted. */
class NotDue extends Error {}

/** Job `subscription-cleanup` (love-parser §8): one transaction per person. */
export const createCleanup = ({ db, sets, notifications, deleteUserData, touchUser }: CleanupDeps) => {
  const clean = (userId: string, now: Date, until: Date) =>
    db.tx(function* (tx) {
      // Searches and segments are locked before subscriptions, so whether it was right is seen only afterwards.
      const removed = yield* deleteUserData(tx, userId)
      const rows = yield* sets.lockOf(tx, userId)
      const current = lastToEnd(rows)
      if (!current || current.expiresAt > until || rows.every(isFree)) throw new NotDue()
      yield* sets.setMetadata(tx, current.id, { ...current.metadata, data_removed_at: now.toISOString() }, now)
      if (removed.searches + removed.segments + removed.channels === 0) return
      yield* notifications.add(
        tx,
        [
          {
            userId,
            template: 'DATA_REMOVAL' as const,
            facts: { searches: removed.searches, segments: removed.segments },
            metadata: { ...removed },
            dedupeKey: `${current.id}:${current.expiresAt.getTime()}`,
          },
        ],
        now,
      )
      yield* touchUser(tx, [userId])
    })

  return async (now: Date): Promise<void> => {
    const until = new Date(now.getTime() - KEPT_AFTER_END_MS)
    const failures: unknown[] = []
    for (let after: string | undefined = NOBODY; after !== undefined; ) {
      const from: string = after
      const userIds = await db.tx((tx) => sets.lapsed(tx, from, until, CHUNK))
      for (const userId of userIds)
        await clean(userId, now, until).catch((error) => {
          // One person's trouble must not keep the data of all others.
          if (!(error instanceof NotDue)) failures.push(error)
        })
      after = userIds.length < CHUNK ? undefined : userIds.at(-1)
    }
    if (failures.length > 0) throw new AggregateError(failures, `the data of ${failures.length} people could not be removed`)
  }
}
