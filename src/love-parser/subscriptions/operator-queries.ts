import { and, desc, eq, gte, lt, lte } from 'drizzle-orm'
import type { Db, Tx } from '../../platform/db/index.ts'
import { decimalOf } from '../../platform/robokassa.ts'
import { Refusal, refusedRequest } from '../envelope.ts'
import { subscriptionsTables } from '../tables.ts'
import { say } from '../texts.ts'
import { isActive } from './periods.ts'
import { type createActivation, isFree } from './purchases.ts'
import type { PaymentRow, SubscriptionRow, SubscriptionsRepository } from './repository.ts'

/** Which payments an operator asks for; times are those of the order. */
export interface PaymentFilter {
  status?: PaymentRow['status'] | undefined
  userId?: string | undefined
  order?: number | undefined
  from?: Date | undefined
  to?: Date | undefined
}

/** What operators read of payments and plans (love-parser §6). */
export const operatorQueries = (db: Db) => {
  const { payments, subscriptions } = subscriptionsTables(db.kit)
  return {
    /** Newest first: order numbers only grow. `below` is the last number of the page before. */
    payments: ({ status, userId, order, from, to }: PaymentFilter, limit: number, below?: number): Promise<PaymentRow[]> =>
      db.q
        .select()
        .from(payments)
        .where(
          and(
            status && eq(payments.status, status),
            userId === undefined ? undefined : eq(payments.userId, userId),
            order === undefined ? undefined : eq(payments.orderNumber, order),
            from && gte(payments.createdAt, from),
            to && lte(payments.createdAt, to),
            below === undefined ? undefined : lt(payments.orderNumber, below),
          ),
        )
        .orderBy(desc(payments.orderNumber))
        .limit(limit) as unknown as Promise<PaymentRow[]>,
    subscription: async (id: string): Promise<SubscriptionRow | undefined> =>
      (await (db.q.select().from(subscriptions).where(eq(subscriptions.id, id)) as unknown as Promise<SubscriptionRow[]>))[0],
  }
}

/** What of a plan an operator's change shows. */
const planFacts = ({ id, planCode, planName, status, expiresAt }: SubscriptionRow) => ({
  subscription_id: id,
  plan_type: planCode ?? planName,
  status,
  expires_at: expiresAt.toISOString(),
})

/** Ending a paid plan by hand (love-parser §6): the person then stands as after its expiry. */
export const createPlanEnd = ({
  activation,
  repository,
}: {
  activation: Pick<ReturnType<typeof createActivation>, 'hold'>
  repository: SubscriptionsRepository
}) =>
  /**
   * Ends the current paid plan at a time, which is now unless it lies ahead. Does not touch the user: the caller does, last.
   * @throws AppError 422 when no paid plan runs, or for a time after its end
   */
  function* endPlan(tx: Tx, userId: string, at: Date, now: Date) {
    const current = yield* activation.hold(tx, userId)
    if (!current || isFree(current) || !isActive(current, now)) throw refusedRequest('no_paid_plan')
    if (at > current.expiresAt)
      throw new Refusal('validation_error', 422, say('end_after_plan'), {
        problems: [{ path: ['at'], said: say('end_after_plan') }],
      })
    // Ahead it is only shortened: the expiry job ends it then.
    const change = at > now ? { expiresAt: at } : { status: 'expired' as const, expiresAt: now }
    yield* repository.change(tx, current.id, { ...change, updatedAt: now })
    return { before: planFacts(current), after: planFacts({ ...current, ...change }) }
  }

/** A payment as operators see it. */
export const paymentView = (row: PaymentRow) => ({
  id: row.id,
  order: String(row.orderNumber),
  user_id: row.userId,
  subscription_id: row.subscriptionId,
  plan_type: row.planCode as string,
  amount: decimalOf(row.amountMinor),
  currency: row.currency,
  status: row.status,
  is_test: row.isTest,
  created_at: row.createdAt.toISOString(),
  paid_at: row.paidAt?.toISOString() ?? null,
})
