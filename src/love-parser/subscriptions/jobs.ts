import { DAY_MS } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { decimalOf } from '../../platform/robokassa.ts'
import type { Notifications } from '../notifications.ts'
import { isActive, nextAfter, PLANS, quotaNow } from './periods.ts'
import { isFree } from './purchases.ts'
import { lastToEnd, type PaymentsRepository, type SubscriptionRow } from './repository.ts'
import { BEFORE_ALL, FIRST, type Place, type ScheduledQueries } from './scheduled-queries.ts'

/** Most rows of one transaction. */
const CHUNK = 500
const WARN_BEFORE_MS = DAY_MS
/** Milliseconds after which a refill that was not stored is left to the next use of the quota; reads apply it anyway. */
const REFILL_WITHIN_MS = 35 * DAY_MS

export interface ExpiryDeps {
  db: Db
  queries: ScheduledQueries
  notifications: Notifications
  /** The ids of these people who are not blocked. */
  activeUsers(tx: Tx, userIds: string[]): Steps<ReadonlySet<string>>
  touchUser(tx: Tx, userIds: string[]): Steps<void>
}

/** Each person once, in key order. */
const people = (rows: readonly { userId: string }[]): string[] => [...new Set(rows.map((row) => row.userId))].sort()

/** Job `subscription-expiration` (love-parser §8). Every part may be repeated at any time: it only does what is due. */
export const createExpiry = ({ db, queries, notifications, activeUsers, touchUser }: ExpiryDeps) => {
  /** Walks the rows that end in `(from, until]` in chunks, each in a transaction of its own, once. */
  const eachEnding = async (
    from: Place,
    until: Date,
    work: (tx: Tx, rows: (SubscriptionRow & { current: boolean })[]) => Steps<void>,
  ) => {
    for (let place: Place | undefined = from; place; ) {
      const after: Place = place
      place = await db.tx(function* (tx) {
        const found = yield* queries.endingUntil(tx, after, until, CHUNK)
        const ids = found.map((row) => row.id)
        // Read again under the lock: a payment may have come in between.
        const rows = (yield* queries.lockRunning(tx, ids)).filter((row) => row.expiresAt > from.at && row.expiresAt <= until)
        if (rows.length > 0) yield* work(tx, rows)
        return found.length < CHUNK ? undefined : found.at(-1)
      })
    }
  }

  /** Expires ended paid rows; prolongs ended free ones of active people by whole periods, with full quotas. */
  const endAndRenew = (now: Date) =>
    eachEnding(FIRST, now, function* (tx, rows) {
      const free = rows.filter((row) => row.current && isFree(row))
      const active = yield* activeUsers(tx, people(free))
      const renewed = free.filter((row) => active.has(row.userId))
      // A free row of a blocked person waits, so that it renews itself once the person is active again.
      const ended = rows.filter((row) => !(row.current && isFree(row)))
      yield* queries.expire(
        tx,
        ended.map((row) => row.id),
        now,
      )
      const ends = renewed.map((row) => ({ ...row, expiresAt: nextAfter(row.expiresAt, PLANS.free.days, now) }))
      yield* queries.prolong(
        tx,
        ends.map(({ id, expiresAt }) => ({ id, at: expiresAt })),
        now,
      )
      const endOf = new Map(ends.map((row) => [row.userId, row.expiresAt]))
      const usage = yield* queries.lockUsage(tx, people(renewed))
      yield* queries.refill(
        tx,
        usage.map(({ userId, category }) => ({ userId, category, resetsAt: endOf.get(userId) as Date })),
        now,
      )
      yield* touchUser(tx, people([...ended, ...renewed]))
    })

  /** Stores the refills that reads already apply. */
  const refill = async (now: Date) => {
    for (let after: string | undefined = BEFORE_ALL; after !== undefined; ) {
      const from: string = after
      after = await db.tx(function* (tx) {
        const due = yield* queries.dueForRefill(tx, from, new Date(now.getTime() - REFILL_WITHIN_MS), now, CHUNK)
        const current = new Map((yield* queries.lockCurrentOf(tx, due)).map((row) => [row.userId, row]))
        const usage = yield* queries.lockUsage(tx, due)
        const refilled = usage.flatMap((row) => {
          const { changed, resetsAt } = quotaNow(row.category, row, current.get(row.userId), now)
          return changed && resetsAt ? [{ ...row, resetsAt }] : []
        })
        yield* queries.refill(tx, refilled, now)
        if (refilled.length > 0) yield* touchUser(tx, people(refilled))
        return due.length < CHUNK ? undefined : due.at(-1)
      })
    }
  }

  /** Notifies people whose paid plan has less than a day left, once per subscription and end. */
  const warn = (now: Date) =>
    eachEnding({ ...FIRST, at: now }, new Date(now.getTime() + WARN_BEFORE_MS - 1), function* (tx, rows) {
      const ending = rows.filter((row) => row.current && !isFree(row) && isActive(row, now))
      yield* notifications.add(
        tx,
        ending.map((row) => ({
          userId: row.userId,
          template: 'SUBSCRIPTION_EXPIRING' as const,
          facts: { plan_name: row.planName ?? row.planCode ?? '', expires_at: row.expiresAt.toISOString() },
          metadata: { subscription_id: row.id, plan_type: row.planCode, expires_at: row.expiresAt.toISOString() },
          dedupeKey: `${row.id}:${row.expiresAt.getTime()}`,
        })),
        now,
      )
    })

  return async (now: Date): Promise<void> => {
    await endAndRenew(now)
    await refill(now)
    await warn(now)
  }
}

const GIVEN_UP_AFTER_MS = DAY_MS
const REMIND_AFTER_MS = 30 * 60_000

/** Job `payment-check` (love-parser §8): orders that wait too long fail, for others one reminder is sent. */
export const createPaymentCheck =
  ({ db, payments, notifications }: { db: Db; payments: PaymentsRepository; notifications: Notifications }) =>
  async (now: Date): Promise<void> => {
    const before = (ms: number) => new Date(now.getTime() - ms)
    // Changed rows are not found any more, so the next chunk is always the first page.
    const inChunks = async (work: () => Promise<number>) => {
      while ((await work()) === CHUNK);
    }
    await inChunks(() =>
      db.tx(function* (tx) {
        const rows = yield* payments.lockPendingUntil(tx, before(GIVEN_UP_AFTER_MS), CHUNK)
        yield* payments.changeAll(tx, rows, { status: 'failed', payload: { reason: 'pending_timeout' }, updatedAt: now })
        return rows.length
      }),
    )
    await inChunks(() =>
      db.tx(function* (tx) {
        const rows = yield* payments.lockUnremindedUntil(tx, before(REMIND_AFTER_MS), CHUNK)
        yield* payments.changeAll(tx, rows, { remindedAt: now, updatedAt: now })
        yield* notifications.add(
          tx,
          rows.map((row) => {
            const facts = {
              order_id: String(row.orderNumber),
              plan_name: PLANS[row.planCode]?.name ?? row.planCode,
              amount: decimalOf(row.amountMinor),
            }
            return {
              userId: row.userId,
              template: 'PAYMENT_PENDING_REMINDER' as const,
              facts,
              metadata: {
                payment_id: row.id,
                order_id: facts.order_id,
                plan_type: row.planCode,
                amount: facts.amount,
                currency: row.currency,
              },
              dedupeKey: row.id,
            }
          }),
          now,
        )
        return rows.length
      }),
    )
  }

const KEPT_AFTER_END_MS = 2 * DAY_MS

/** How much a person had. */
export interface RemovedData {
  searches: number
  segments: number
  channels: number
}
export interface CleanupDeps {
  db: Db
  queries: ScheduledQueries
  notifications: Notifications
  /** Deletes a person's searches with their channels, and segments; running tasks are cancelled (love-parser §8). */
  deleteUserData(tx: Tx, userId: string): Steps<RemovedData>
  touchUser(tx: Tx, userIds: string[]): Steps<void>
}

/** Thrown when the read under the lock shows that a plan has just begun: the transaction is rolled back and the data stays. */
class NotDue extends Error {}

/** Job `subscription-cleanup` (love-parser §8): one transaction per person. */
export const createCleanup = ({ db, queries, notifications, deleteUserData, touchUser }: CleanupDeps) => {
  const clean = (userId: string, now: Date, until: Date) =>
    db.tx(function* (tx) {
      // The lock order is searches, segments, subscriptions, so whether the deletion is due is only known after it.
      const removed = yield* deleteUserData(tx, userId)
      const rows = yield* queries.lockOf(tx, userId)
      const current = lastToEnd(rows)
      if (!current || current.expiresAt > until || rows.every(isFree)) throw new NotDue()
      yield* queries.setMetadata(tx, current.id, { ...current.metadata, data_removed_at: now.toISOString() }, now)
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
    for (let after: string | undefined = BEFORE_ALL; after !== undefined; ) {
      const from: string = after
      const userIds = await db.tx((tx) => queries.lapsed(tx, from, until, CHUNK))
      for (const userId of userIds)
        await clean(userId, now, until).catch((error) => {
          // An error with one person must not stop the cleanup of the others.
          if (!(error instanceof NotDue)) failures.push(error)
        })
      after = userIds.length < CHUNK ? undefined : userIds.at(-1)
    }
    if (failures.length > 0) throw new AggregateError(failures, `the data of ${failures.length} people could not be removed`)
  }
}
