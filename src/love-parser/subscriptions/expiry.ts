import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { Notifications } from '../notifications/service.ts'
import { isFree } from './activation.ts'
import { DAY_MS, isActive, nextAfter, quotaNow } from './periods.ts'
import { PLANS } from './plans.ts'
import type { SubscriptionRow } from './repository.ts'
import { FIRST, NOBODY, type Place, type SubscriptionSets } from './sets.ts'

/** Most rows of one transaction. */
export const CHUNK = 500
const WARN_BEFORE_MS = DAY_MS
/** A refill that nobody has written for so long is left to the next use; reads show it all the same. */
const REFILL_WITHIN_MS = 35 * DAY_MS

export interface ExpiryDeps {
  db: Db
  sets: SubscriptionSets
  notifications: Notifications
  /** Of these people, those who are not blocked. */
  activeUsers(tx: Tx, userIds: string[]): Steps<ReadonlySet<string>>
  touchUser(tx: Tx, userIds: string[]): Steps<void>
}

/** Each person once, in key order. */
const people = (rows: readonly { userId: string }[]): string[] => [...new Set(rows.map((row) => row.userId))].sort()

/** Job `subscription-expiration` (love-parser §8). Every part may be repeated at any time: it only does what is due. */
export const createExpiry = ({ db, sets, notifications, activeUsers, touchUser }: ExpiryDeps) => {
  /** Walks the rows that end in `(from, until]` in chunks, each in a transaction of its own, once. */
  const eachEnding = async (
    from: Place,
    until: Date,
    work: (tx: Tx, rows: (SubscriptionRow & { current: boolean })[]) => Steps<void>,
  ) => {
    for (let place: Place | undefined = from; place; ) {
      const after: Place = place
      place = await db.tx(function* (tx) {
        const found = yield* sets.endingUntil(tx, after, until, CHUNK)
        const ids = found.map((row) => row.id)
        // Looked at again under the lock: a payment may have come in between.
        const rows = (yield* sets.lockRunning(tx, ids)).filter((row) => row.expiresAt > from.at && row.expiresAt <= until)
        if (rows.length > 0) yield* work(tx, rows)
        return found.length < CHUNK ? undefined : found.at(-1)
      })
    }
  }

  /** Ended paid rows become expired, ended free ones of active people go on by whole periods with nothing used. */
  const endAndRenew = (now: Date) =>
    eachEnding(FIRST, now, function* (tx, rows) {
      const free = rows.filter((row) => row.current && isFree(row))
      const active = yield* activeUsers(tx, people(free))
      const renewed = free.filter((row) => active.has(row.userId))
      // A free row of a blocked person waits, so that it renews itself once the person is active again.
      const ended = rows.filter((row) => !(row.current && isFree(row)))
      yield* sets.expire(
        tx,
        ended.map((row) => row.id),
        now,
      )
      const ends = renewed.map((row) => ({ ...row, expiresAt: nextAfter(row.expiresAt, PLANS.free.days, now) }))
      yield* sets.prolong(
        tx,
        ends.map(({ id, expiresAt }) => ({ id, at: expiresAt })),
        now,
      )
      const endOf = new Map(ends.map((row) => [row.userId, row.expiresAt]))
      const usage = yield* sets.lockUsage(tx, people(renewed))
      yield* sets.refill(
        tx,
        usage.map(({ userId, category }) => ({ userId, category, resetsAt: endOf.get(userId) as Date })),
        now,
      )
      yield* touchUser(tx, people([...ended, ...renewed]))
    })

  /** Writes the refills that reads show already. */
  const refill = async (now: Date) => {
    for (let after: string | undefined = NOBODY; after !== undefined; ) {
      const from: string = after
      after = await db.tx(function* (tx) {
        const due = yield* sets.dueForRefill(tx, from, new Date(now.getTime() - REFILL_WITHIN_MS), now, CHUNK)
        const current = new Map((yield* sets.lockCurrentOf(tx, due)).map((row) => [row.userId, row]))
        const usage = yield* sets.lockUsage(tx, due)
        const refilled = usage.flatMap((row) => {
          const { changed, resetsAt } = quotaNow(row.category, row, current.get(row.userId), now)
          return changed && resetsAt ? [{ ...row, resetsAt }] : []
        })
        yield* sets.refill(tx, refilled, now)
        if (refilled.length > 0) yield* touchUser(tx, people(refilled))
        return due.length < CHUNK ? undefined : due.at(-1)
      })
    }
  }

  /** Tells people whose paid plan has less than a day left, once per subscription and end. */
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
