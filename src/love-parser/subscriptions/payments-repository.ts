import { and, asc, eq, inArray, lte, sql } from 'drizzle-orm'
import { type Db, param, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { subscriptionsTables } from './tables.ts'

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
  /** Literal, as the index of pending payments says it. */
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
    /** The same for those nobody was reminded of. */
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
