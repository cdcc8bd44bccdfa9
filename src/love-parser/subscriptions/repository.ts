import { and, asc, desc, eq, gt, inArray, lte, sql } from 'drizzle-orm'
import { type Db, param, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { subscriptionsTables } from '../tables.ts'
import type { Category } from './periods.ts'

type Tables = ReturnType<typeof subscriptionsTables>
export type SubscriptionRow = Tables['subscriptions']['$inferSelect']
export type UsageRow = Tables['usage']['$inferSelect']

/** The row of one person that is the current one: the one that ends last, the younger of two that end together. */
export const lastToEnd = (rows: readonly SubscriptionRow[]): SubscriptionRow | undefined => {
  let last = rows[0]
  for (const row of rows) {
    const later = row.expiresAt.getTime() - (last as SubscriptionRow).expiresAt.getTime()
    if (later > 0 || (later === 0 && row.id > (last as SubscriptionRow).id)) last = row
  }
  return last
}

/** Queries of subscriptions and usage that answer requests; those of the scheduled jobs are in `scheduled-queries.ts`. */
export const subscriptionsRepository = (db: Db) => {
  const { subscriptions, usage } = subscriptionsTables(db.kit)

  /** All rows of a person, a few at most: ordering them in the query costs more than the query. */
  const rowsOf = db.prepare<SubscriptionRow>('subscriptions_of', (queries) =>
    queries
      .select()
      .from(subscriptions)
      .where(eq(subscriptions.userId, param('userId'))),
  )
  const lockCurrent = db.prepare<SubscriptionRow>('subscription_lock', (queries) =>
    db.forUpdate(
      queries
        .select()
        .from(subscriptions)
        .where(eq(subscriptions.userId, param('userId')))
        .orderBy(desc(subscriptions.expiresAt), desc(subscriptions.id))
        .limit(1),
    ),
  )
  const usageOf = db.prepare<UsageRow>('usage_of', (queries) =>
    queries
      .select()
      .from(usage)
      .where(eq(usage.userId, param('userId'))),
  )
  const lockUsage = db.prepare<UsageRow>('usage_lock', (queries) =>
    db.forUpdate(
      queries
        .select()
        .from(usage)
        .where(and(eq(usage.userId, param('userId')), eq(usage.category, param('category')))),
    ),
  )
  /** Takes one unit of the running period, if one is left. One statement checks and counts, so that concurrent requests cannot pass the limit. */
  const take = db.prepare<{ period: number }>(
    'usage_take',
    (queries) =>
      queries
        .update(usage)
        .set({ consumedValue: sql`${usage.consumedValue} + 1`, updatedAt: param('now') })
        .where(
          and(
            eq(usage.userId, param('userId')),
            eq(usage.category, param('category')),
            gt(usage.resetsAt, param('now')),
            sql`(${usage.limitValue} = -1 or ${usage.consumedValue} < ${usage.limitValue})`,
          ),
        )
        .returning({ period: usage.period }) as any,
  )
  const { either, cast, param: bound } = db.fragments
  const less = 'case when u.consumed_value > s.units then u.consumed_value - s.units else 0 end'
  const runs = `u.category = ${bound('category', 'text')} and u.period = s.period and u.resets_at > ${bound('now', 'timestamptz')}`
  const giveBack = db.batch<{ user_id: string }>(
    'usage_give_back',
    [
      { name: 'user_id', type: 'text' },
      { name: 'period', type: 'bigint' },
      { name: 'units', type: 'bigint' },
    ],
    (source) =>
      either(
        `update usage as u set consumed_value = ${less}, updated_at = :now from ${source} s where u.user_id = s.user_id and ${runs}
          returning user_id`,
        // Locked in key order first: an update takes its rows in any.
        `with s as materialized (select u.user_id, u.category, u.period, g.units from ${source} g
            join usage u on u.user_id = ${cast('g.user_id', 'uuid')} and u.category = :category::text and u.period = g.period
            order by u.user_id for update of u)
          update usage as u set consumed_value = ${less}, updated_at = :now::timestamptz from s where u.user_id = s.user_id and ${runs}
          returning u.user_id`,
      ),
  )
  const countActive = db.prepare<{ count: number }>('subscriptions_active', (queries) =>
    queries
      .select({ count: sql<number>`count(*)`.mapWith(Number) })
      .from(subscriptions)
      .where(and(sql`${subscriptions.status} in ('active', 'trialing')`, gt(subscriptions.expiresAt, param('now')))),
  )

  return {
    statements: { rowsOf, usageOf, take, countActive },
    /** The row with the greatest end (love-parser §6). */
    current: async (userId: string): Promise<SubscriptionRow | undefined> => lastToEnd(await rowsOf.all({ userId })),
    *lockCurrent(tx: Tx, userId: string): Steps<SubscriptionRow | undefined> {
      return (yield* tx.run(lockCurrent, { userId }))[0]
    },
    usageOf: (userId: string) => usageOf.all({ userId }),
    *lockUsage(tx: Tx, userId: string, category: Category): Steps<UsageRow | undefined> {
      return (yield* tx.run(lockUsage, { userId, category }))[0]
    },
    /** Answers the period of the unit taken, or undefined: none is left, the period is over, or nothing is stored. */
    *take(tx: Tx, userId: string, category: Category, now: Date): Steps<number | undefined> {
      return (yield* tx.run(take, { userId, category, now }))[0]?.period
    },
    /** Gives units of a category back, of each user by the period they were taken in. */
    *giveBack(tx: Tx, category: Category, given: { userId: string; period: number; units: number }[], now: Date): Steps<void> {
      const rows = given.map(({ userId, period, units }) => [userId, period, units])
      yield* tx.batch(giveBack, rows, { category, now })
    },
    /** Stores one category as it is now. */
    *putUsage(tx: Tx, row: UsageRow): Steps<void> {
      const { userId: _user, category: _category, ...changed } = row
      yield* q(
        tx
          .insert(usage)
          .values(row)
          .onConflictDoUpdate({ target: [usage.userId, usage.category], set: changed })
          .returning({ period: usage.period }),
      )
    },
    /** New limits with nothing used of them, in a period of their own. `rows` in key order. */
    *renewUsage(tx: Tx, rows: Omit<UsageRow, 'period' | 'consumedValue'>[]): Steps<void> {
      yield* q(
        tx
          .insert(usage)
          .values(rows.map((row) => ({ ...row, consumedValue: 0, period: 1 })))
          .onConflictDoUpdate({
            target: [usage.userId, usage.category],
            set: {
              limitValue: sql`excluded.limit_value`,
              consumedValue: 0,
              resetsAt: sql`excluded.resets_at`,
              period: sql`${usage.period} + 1`,
              updatedAt: sql`excluded.updated_at`,
            },
          })
          .returning({ period: usage.period }),
      )
    },
    *insert(tx: Tx, row: SubscriptionRow): Steps<void> {
      yield* q(tx.insert(subscriptions).values(row).returning({ id: subscriptions.id }))
    },
    *change(tx: Tx, id: string, changed: Partial<SubscriptionRow>): Steps<void> {
      yield* q(tx.update(subscriptions).set(changed).where(eq(subscriptions.id, id)).returning({ id: subscriptions.id }))
    },
    countActive: async (now: Date): Promise<number> => (await countActive.all({ now }))[0]?.count ?? 0,
  }
}
export type SubscriptionsRepository = ReturnType<typeof subscriptionsRepository>

export type PaymentRow = ReturnType<typeof subscriptionsTables>['payments']['$inferSelect']

/** Queries of payments. Rows are locked in the order of their numbers. */
export const paymentsRepository = (db: Db) => {
  const { payments, paymentOrderCounter: counter } = subscriptionsTables(db.kit)
  const byNumber = db.prepare<PaymentRow>('payment_by_number', (queries) =>
    queries
      .select()
      .from(payments)
      .where(eq(payments.orderNumber, param('number'))),
  )
  /** Literal, as in the index of pending payments, so that the index is used. */
  const pending = sql`${payments.status} = 'pending'`

  /** Ids of pending payments made until a time, oldest first. */
  const pendingUntil = (tx: Tx, until: Date, unreminded: boolean, max: number) =>
    q(
      tx
        .select({ number: payments.orderNumber })
        .from(payments)
        .where(and(pending, lte(payments.createdAt, until), unreminded ? sql`${payments.remindedAt} is null` : undefined))
        .orderBy(asc(payments.createdAt))
        .limit(max),
    )
  function* lockPending(tx: Tx, numbers: number[]): Steps<PaymentRow[]> {
    if (numbers.length === 0) return []
    return yield* q(
      tx.forUpdate(
        tx
          .select()
          .from(payments)
          .where(and(inArray(payments.orderNumber, numbers), pending))
          .orderBy(asc(payments.orderNumber)),
      ),
    )
  }
  function* changeAll(tx: Tx, rows: PaymentRow[], changed: Partial<PaymentRow>): Steps<void> {
    if (rows.length === 0) return
    const ids = rows.map((row) => row.id)
    yield* q(tx.update(payments).set(changed).where(inArray(payments.id, ids)).returning({ id: payments.id }))
  }

  return {
    find: async (number: number): Promise<PaymentRow | undefined> => (await byNumber.all({ number }))[0],
    *lock(tx: Tx, number: number): Steps<PaymentRow | undefined> {
      return (yield* q(tx.forUpdate(tx.select().from(payments).where(eq(payments.orderNumber, number)))))[0]
    },
    *pendingOf(tx: Tx, userId: string): Steps<PaymentRow[]> {
      return yield* q(
        tx.forUpdate(
          tx
            .select()
            .from(payments)
            .where(and(eq(payments.userId, userId), pending))
            .orderBy(asc(payments.orderNumber)),
        ),
      )
    },
    /** The next order number: never one that was given before, never below `start`. */
    *nextNumber(tx: Tx, start: number): Steps<number> {
      const least = sql.param(start, counter.last)
      const [row] = yield* q(
        tx
          .insert(counter)
          .values({ id: 1, last: start })
          .onConflictDoUpdate({
            target: counter.id,
            set: { last: sql`case when ${counter.last} < ${least} then ${least} else ${counter.last} + 1 end` },
          })
          .returning({ last: counter.last }),
      )
      return (row as { last: number }).last
    },
    *insert(tx: Tx, row: PaymentRow): Steps<void> {
      yield* q(tx.insert(payments).values(row).returning({ id: payments.id }))
    },
    *change(tx: Tx, id: string, changed: Partial<PaymentRow>): Steps<void> {
      yield* q(tx.update(payments).set(changed).where(eq(payments.id, id)).returning({ id: payments.id }))
    },
    changeAll,
    /** Locks up to `max` pending payments made until a time. */
    *lockPendingUntil(tx: Tx, until: Date, max: number): Steps<PaymentRow[]> {
      const found = yield* pendingUntil(tx, until, false, max)
      return yield* lockPending(
        tx,
        found.map((row) => row.number),
      )
    },
    /** The same for orders without a reminder. */
    *lockUnremindedUntil(tx: Tx, until: Date, max: number): Steps<PaymentRow[]> {
      const found = yield* pendingUntil(tx, until, true, max)
      const rows = yield* lockPending(
        tx,
        found.map((row) => row.number),
      )
      return rows.filter((row) => row.remindedAt === null)
    },
  }
}
export type PaymentsRepository = ReturnType<typeof paymentsRepository>
