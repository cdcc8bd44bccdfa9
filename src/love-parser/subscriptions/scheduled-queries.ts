import { and, asc, eq, gt, inArray, lte, or, sql } from 'drizzle-orm'
import { type Db, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { subscriptionsTables } from '../tables.ts'
import { lastToEnd, type SubscriptionRow, type UsageRow } from './repository.ts'

/** A place in a list ordered by end, then id. */
export interface Place {
  at: Date
  id: string
}
export const FIRST: Place = { at: new Date(0), id: '00000000-0000-0000-0000-000000000000' }
/** Sorts before every user id: the start of a walk over users. */
export const BEFORE_ALL = FIRST.id

/** Queries of the scheduled jobs: sets of rows, read in pages, locked and written in key order (love-parser §8). */
export const scheduledQueries = (db: Db) => {
  const { subscriptions, usage } = subscriptionsTables(db.kit)
  /** Literal, as in the partial index, so that the index is used. */
  const running = sql`${subscriptions.status} in ('active', 'trialing')`
  /** No row of the person ends later: it is the current one. */
  const isCurrent = sql`not exists (select 1 from subscriptions o where o.user_id = ${subscriptions.userId}
    and (o.expires_at > ${subscriptions.expiresAt} or (o.expires_at = ${subscriptions.expiresAt} and o.id > ${subscriptions.id})))`
  const beyond = ({ at, id }: Place) =>
    or(gt(subscriptions.expiresAt, at), and(eq(subscriptions.expiresAt, at), gt(subscriptions.id, id)))

  const { cast } = db.fragments
  const nowParam = db.fragments.param('now', 'timestamptz')
  const prolong = db.batch<{ id: string }>(
    'subscriptions_prolong',
    [
      { name: 'id', type: 'text' },
      { name: 'expires_at', type: 'timestamptz' },
    ],
    (source) =>
      `update subscriptions set expires_at = s.expires_at, updated_at = ${nowParam} from ${source} s where subscriptions.id = ${cast('s.id', 'uuid')} returning subscriptions.id`,
  )
  const refill = db.batch<{ user_id: string }>(
    'usage_refill',
    [
      { name: 'user_id', type: 'text' },
      { name: 'category', type: 'text' },
      { name: 'resets_at', type: 'timestamptz' },
    ],
    (source) => `update usage set consumed_value = 0, resets_at = s.resets_at, period = usage.period + 1, updated_at = ${nowParam}
      from ${source} s where usage.user_id = ${cast('s.user_id', 'uuid')} and usage.category = s.category returning usage.user_id`,
  )

  /** Running rows that end after a place and not after `until`, by end. */
  const endingUntil = (tx: Tx, after: Place, until: Date, max: number): Steps<Place[]> =>
    q(
      tx
        .select({ id: subscriptions.id, at: subscriptions.expiresAt })
        .from(subscriptions)
        .where(and(running, lte(subscriptions.expiresAt, until), beyond(after)))
        .orderBy(asc(subscriptions.expiresAt), asc(subscriptions.id))
        .limit(max),
    )

  return {
    endingUntil,
    /** Locks the rows that still run; `current` marks those that are their person's current one. */
    *lockRunning(tx: Tx, ids: string[]): Steps<(SubscriptionRow & { current: boolean })[]> {
      if (ids.length === 0) return []
      const rows = yield* q(
        tx.forUpdate(
          tx
            .select()
            .from(subscriptions)
            .where(and(inArray(subscriptions.id, ids), running))
            .orderBy(asc(subscriptions.id)),
        ),
      )
      if (rows.length === 0) return []
      const current = yield* q(
        tx
          .select({ id: subscriptions.id })
          .from(subscriptions)
          .where(
            and(
              inArray(
                subscriptions.id,
                rows.map((row) => row.id),
              ),
              isCurrent,
            ),
          ),
      )
      const ends = new Set(current.map((row) => row.id))
      return rows.map((row) => ({ ...row, current: ends.has(row.id) }))
    },
    *expire(tx: Tx, ids: string[], now: Date): Steps<void> {
      if (ids.length === 0) return
      yield* q(
        tx
          .update(subscriptions)
          .set({ status: 'expired', updatedAt: now })
          .where(inArray(subscriptions.id, ids))
          .returning({ id: subscriptions.id }),
      )
    },
    *prolong(tx: Tx, rows: Place[], now: Date): Steps<void> {
      yield* tx.batch(
        prolong,
        rows.map(({ id, at }) => [id, at]),
        { now },
      )
    },
    *lockUsage(tx: Tx, userIds: string[]): Steps<UsageRow[]> {
      if (userIds.length === 0) return []
      const all = tx.select().from(usage).where(inArray(usage.userId, userIds)).orderBy(asc(usage.userId), asc(usage.category))
      return yield* q(tx.forUpdate(all))
    },
    *refill(tx: Tx, rows: Pick<UsageRow, 'userId' | 'category' | 'resetsAt'>[], now: Date): Steps<void> {
      yield* tx.batch(
        refill,
        rows.map(({ userId, category, resetsAt }) => [userId, category, resetsAt]),
        { now },
      )
    },
    /**
     * People after `after` with a category whose period has ended in `(since, now]` and a subscription that runs. The rows of lapsed
     * people keep their last period for ever: without `since` every call would look at all of them.
     */
    *dueForRefill(tx: Tx, after: string, since: Date, now: Date, max: number): Steps<string[]> {
      const rows = yield* q(
        tx
          .selectDistinct({ userId: usage.userId })
          .from(usage)
          .where(
            and(
              gt(usage.userId, after),
              gt(usage.resetsAt, since),
              lte(usage.resetsAt, now),
              sql`exists (select 1 from subscriptions s where s.user_id = ${usage.userId} and s.status in ('active', 'trialing') and s.expires_at > ${sql.param(now, subscriptions.expiresAt)})`,
            ),
          )
          .orderBy(asc(usage.userId))
          .limit(max),
      )
      return rows.map((row) => row.userId)
    },
    /** Locks the current rows of people. */
    *lockCurrentOf(tx: Tx, userIds: string[]): Steps<SubscriptionRow[]> {
      if (userIds.length === 0) return []
      const all = tx.select().from(subscriptions).where(inArray(subscriptions.userId, userIds)).orderBy(asc(subscriptions.id))
      const rows = yield* q(tx.forUpdate(all))
      return [...Map.groupBy(rows, (row) => row.userId).values()].map((own) => lastToEnd(own) as SubscriptionRow)
    },
    /** People after `after` whose last subscription ended by `until`, who had more than a free plan and whose data is still there. */
    *lapsed(tx: Tx, after: string, until: Date, max: number): Steps<string[]> {
      const rows = yield* q(
        tx
          .select({ userId: subscriptions.userId })
          .from(subscriptions)
          .where(
            and(
              gt(subscriptions.userId, after),
              lte(subscriptions.expiresAt, until),
              sql`(${subscriptions.metadata} ->> 'data_removed_at') is null`,
              isCurrent,
              sql`exists (select 1 from subscriptions p where p.user_id = ${subscriptions.userId} and coalesce(p.plan_code, '') <> 'free')`,
            ),
          )
          .orderBy(asc(subscriptions.userId))
          .limit(max),
      )
      return rows.map((row) => row.userId)
    },
    /** Locks all rows of a person. */
    *lockOf(tx: Tx, userId: string): Steps<SubscriptionRow[]> {
      const all = tx.select().from(subscriptions).where(eq(subscriptions.userId, userId)).orderBy(asc(subscriptions.id))
      return yield* q(tx.forUpdate(all))
    },
    *setMetadata(tx: Tx, id: string, metadata: Record<string, unknown>, now: Date): Steps<void> {
      yield* q(
        tx
          .update(subscriptions)
          .set({ metadata, updatedAt: now })
          .where(eq(subscriptions.id, id))
          .returning({ id: subscriptions.id }),
      )
    },
  }
}
export type ScheduledQueries = ReturnType<typeof scheduledQueries>
