import type { Clock } from '../../platform/clock.ts'
import { createId } from '../../platform/clock.ts'
import type { Steps, Tx } from '../../platform/db/index.ts'
import { DAY_MS, expiryOfActivation, isActive } from './periods.ts'
import { CATEGORIES, PLANS, type Plan, planOf } from './plans.ts'
import type { SubscriptionRow, SubscriptionsRepository } from './repository.ts'

/** In the order of usage's key. */
const CATEGORIES_IN_KEY_ORDER = [...CATEGORIES].sort()

/** How plans begin (love-parser §6 Activation). */
export const createActivation = ({ clock, repository }: { clock: Clock; repository: SubscriptionsRepository }) => {
  /** The current row, locked, with nobody else starting a plan of this person: a person without a row has nothing else to lock. */
  function* hold(tx: Tx, userId: string): Steps<SubscriptionRow | undefined> {
    yield* tx.exclusive(`love-parser.plan:${userId}`)
    return yield* repository.lockCurrent(tx, userId)
  }

  function* begin(
    tx: Tx,
    userId: string,
    plan: Plan,
    replaced: SubscriptionRow | undefined,
    metadata: Record<string, unknown>,
    now: Date,
  ): Steps<string> {
    const row = {
      planCode: plan.code,
      planName: plan.name,
      status: 'active' as const,
      startedAt: now,
      expiresAt: expiryOfActivation(plan, replaced, now),
      metadata,
      updatedAt: now,
    }
    const id = replaced?.id ?? createId(clock)
    if (replaced) yield* repository.change(tx, id, row)
    else yield* repository.insert(tx, { id, userId, createdAt: now, ...row })
    const resetsAt = new Date(now.getTime() + plan.days * DAY_MS)
    yield* repository.renewUsage(
      tx,
      CATEGORIES_IN_KEY_ORDER.map((category) => ({
        userId,
        category,
        limitValue: plan.limits[category],
        resetsAt,
        updatedAt: now,
      })),
    )
    return id
  }

  return {
    /** Activates a plan in place of the current one; answers the subscription's id. Does not touch the user: the caller does, last. */
    *activate(tx: Tx, userId: string, plan: Plan, metadata: Record<string, unknown>, now: Date): Steps<string> {
      return yield* begin(tx, userId, plan, yield* hold(tx, userId), metadata, now)
    },
    /**
     * A login's free period, when no plan is active (love-parser §3, §6). Answers whether it was granted. Does not touch the user: the
     * caller does, last.
     */
    *ensureFree(tx: Tx, userId: string, now: Date): Steps<boolean> {
      const current = yield* hold(tx, userId)
      if (isActive(current, now)) return false
      const metadata = { plan_type: 'free', source: 'login' }
      // The row of a paid plan stays as it is: it tells that there was one (§8 cleanup).
      const replaced = current && isFree(current) ? current : undefined
      if (current && !replaced && current.expiresAt > now)
        // A plan that was cancelled before its end would hide the new one, which ends earlier.
        yield* repository.change(tx, current.id, { status: 'expired', expiresAt: now, updatedAt: now })
      yield* begin(tx, userId, PLANS.free, replaced, metadata, now)
      return true
    },
  }
}

/** What a paid plan's row says about its payment (love-parser §6 Apply). */
export const paidMetadata = (plan: Plan, paymentId: string) => ({
  plan_type: plan.code,
  plan_name: plan.name,
  price: plan.price,
  source: 'robokassa',
  renewal: 'manual',
  autoRenew: false,
  last_payment_id: paymentId,
})

/** Whether a row is of the free plan, which renews itself; every other one ends. */
export const isFree = (row: Pick<SubscriptionRow, 'planCode' | 'planName'>): boolean =>
  row.planCode === 'free' || (row.planCode === null && planOf(row).code === 'free')
