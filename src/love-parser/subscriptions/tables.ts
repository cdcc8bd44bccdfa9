import { sql } from 'drizzle-orm'
import { defineTables } from '../../platform/db/kit.ts'
import { accountsTables } from '../accounts/tables.ts'
import type { PlanCode } from './periods.ts'

/** Subscriptions of users, their usage, and their payments (love-parser §6, §9). */
export const subscriptionsTables = defineTables((k) => {
  const { users } = accountsTables(k)
  const userId = () =>
    k
      .uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' })
  const subscriptions = k.table(
    'subscriptions',
    {
      id: k.uuid().primaryKey(),
      userId: userId(),
      /** Normally a code of the price list; older rows may carry others (§3 dashboard). */
      planCode: k.text(),
      planName: k.text(),
      status: k.oneOf('active', 'trialing', 'expired', 'cancelled').notNull(),
      startedAt: k.at().notNull(),
      expiresAt: k.at().notNull(),
      metadata: k.json<Record<string, unknown>>().notNull(),
      createdAt: k.at().notNull(),
      updatedAt: k.at().notNull(),
    },
    (t) => [
      k.index('subscriptions_user_ix').on(t.userId, t.expiresAt),
      k.index('subscriptions_ending_ix').on(t.expiresAt).where(sql`${t.status} in ('active', 'trialing')`),
      k.check('subscriptions_status_ck', sql`${t.status} in ('active', 'trialing', 'expired', 'cancelled')`),
    ],
  )
  const usage = k.table(
    'usage',
    {
      userId: userId(),
      category: k.oneOf('parsing', 'audience', 'broadcast').notNull(),
      /** −1 is unlimited, 0 none. */
      limitValue: k.int().notNull(),
      consumedValue: k.int().notNull(),
      resetsAt: k.at().notNull(),
      /** Grows with every refill and activation: a unit is given back only within the period it was taken in. */
      period: k.int().notNull(),
      updatedAt: k.at().notNull(),
    },
    (t) => [
      k.primaryKey({ columns: [t.userId, t.category] }),
      k.index('usage_reset_ix').on(t.resetsAt),
      k.check('usage_category_ck', sql`${t.category} in ('parsing', 'audience', 'broadcast')`),
      k.check('usage_consumed_ck', sql`${t.consumedValue} >= 0`),
    ],
  )
  const payments = k.table(
    'payments',
    {
      id: k.uuid().primaryKey(),
      userId: userId(),
      subscriptionId: k.uuid().references(() => subscriptions.id, { onDelete: 'set null' }),
      planCode: k.text().$type<PlanCode>().notNull(),
      /** Hundredths of the currency: decimal(12,2) without a float. */
      amountMinor: k.big().notNull(),
      currency: k.text().notNull(),
      status: k.oneOf('pending', 'completed', 'failed', 'cancelled').notNull(),
      /** Robokassa's InvId. */
      orderNumber: k.big().notNull(),
      isTest: k.bool().notNull(),
      /** The parameters of the shop's callback, and the reason of a failure. No signature. */
      payload: k.json<Record<string, unknown>>().notNull(),
      remindedAt: k.at(),
      paidAt: k.at(),
      createdAt: k.at().notNull(),
      updatedAt: k.at().notNull(),
    },
    (t) => [
      k.unique('payments_order_uq').on(t.orderNumber),
      k.index('payments_user_ix').on(t.userId, t.createdAt),
      k.index('payments_pending_ix').on(t.createdAt).where(sql`${t.status} = 'pending'`),
      k.check('payments_status_ck', sql`${t.status} in ('pending', 'completed', 'failed', 'cancelled')`),
    ],
  )
  /** Source of order numbers: one row, so that a number is never given twice, even after its order is gone. */
  const paymentOrderCounter = k.table('payment_order_counter', {
    id: k.int().primaryKey(),
    last: k.big().notNull(),
  })
  return { subscriptions, usage, payments, paymentOrderCounter }
})
