import type { Db } from '../../platform/db/index.ts'
import { decimalOf } from '../../platform/payments/robokassa.ts'
import type { Notifications } from '../notifications/service.ts'
import { CHUNK } from './expiry.ts'
import type { PaymentsRepository } from './payments-repository.ts'
import { DAY_MS } from './periods.ts'
import { PLANS } from './plans.ts'

const GIVEN_UP_AFTER_MS = DAY_MS
const REMIND_AFTER_MS = 30 * 60_000

/** Job `payment-check` (love-parser §8): orders that wait too long are given up, others are reminded of once. */
export const createPaymentCheck =
  ({ db, payments, notifications }: { db: Db; payments: PaymentsRepository; notifications: Notifications }) =>
  async (now: Date): Promise<void> => {
    const before = (ms: number) => new Date(now.getTime() - ms)
    // Each chunk takes its rows out of what is looked for, so that the first page is always the next one.
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
