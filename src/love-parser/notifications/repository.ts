import { and, asc, inArray, isNull, lte, sql } from 'drizzle-orm'
import { type Db, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { notificationsTables } from './tables.ts'

export type NotificationRow = ReturnType<typeof notificationsTables>['notifications']['$inferSelect']
export type NewNotification = Omit<NotificationRow, 'sentAt'>

/** Queries of the notifications' outbox. */
export const notificationsRepository = (db: Db) => {
  const { notifications } = notificationsTables(db.kit)
  const unsent = sql`${notifications.sentAt} is null`
  return {
    /** Answers those that are new: a person is told of one thing once. `rows` in key order. */
    *insert(tx: Tx, rows: NewNotification[]): Steps<NotificationRow[]> {
      if (rows.length === 0) return []
      return yield* q(tx.insert(notifications).values(rows).onConflictDoNothing().returning())
    },
    unsent: (ids: string[]): Promise<NotificationRow[]> =>
      ids.length === 0
        ? Promise.resolve([])
        : (db.q
            .select()
            .from(notifications)
            .where(and(inArray(notifications.id, ids), isNull(notifications.sentAt)))
            .orderBy(asc(notifications.createdAt), asc(notifications.id)) as unknown as Promise<NotificationRow[]>),
    /** Those that were written by a time and still wait, oldest first. */
    unsentUntil: (until: Date, max: number): Promise<NotificationRow[]> =>
      db.q
        .select()
        .from(notifications)
        .where(and(unsent, lte(notifications.createdAt, until)))
        .orderBy(asc(notifications.createdAt), asc(notifications.id))
        .limit(max) as unknown as Promise<NotificationRow[]>,
    markSent: (ids: string[], at: Date): Promise<void> =>
      db.tx(function* (tx) {
        yield* q(
          tx
            .update(notifications)
            .set({ sentAt: at })
            .where(and(inArray(notifications.id, ids), unsent))
            .returning({ id: notifications.id }),
        )
      }),
  }
}
export type NotificationsRepository = ReturnType<typeof notificationsRepository>
