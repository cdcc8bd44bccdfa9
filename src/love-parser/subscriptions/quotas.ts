import type { Steps, Tx } from '../../platform/db/index.ts'
import { isActive, quotaNow } from './periods.ts'
import { type Category, quotaExceeded, subscriptionRequired } from './plans.ts'
import type { SubscriptionRow, SubscriptionsRepository } from './repository.ts'

/** A unit that was taken of a plan: whose, and in which usage period. */
export interface QuotaUnit {
  userId: string
  period: number
}

/**
 * What a plan allows (love-parser §6): steps for the transactions of other domains. None touches the user, whose dashboard changes
 * with them: the caller does so last in its transaction.
 */
export const createQuotas = ({ repository }: { repository: SubscriptionsRepository }) => {
  function* active(tx: Tx, userId: string, now: Date): Steps<SubscriptionRow> {
    const current = yield* repository.lockCurrent(tx, userId)
    if (!current || !isActive(current, now)) throw subscriptionRequired(current !== undefined)
    return current
  }
  return {
    /**
     * Locks the current subscription, which comes before usage in the order of locks.
     * @throws AppError 402 unless it is active (§1: messages differ for none and expired)
     */
    *requireActive(tx: Tx, userId: string, now: Date): Steps<void> {
      yield* active(tx, userId, now)
    },

    /**
     * Takes one unit, after the refill of a period that is over; parallel calls never pass the limit. Answers the period it belongs to.
     * @throws AppError 429 `{limit, used, category, resets_at}` with Retry-After; 402 without an active subscription
     */
    *reserve(tx: Tx, userId: string, category: Category, now: Date): Steps<number> {
      const taken = yield* repository.take(tx, userId, category, now)
      if (taken !== undefined) return taken
      const subscription = yield* active(tx, userId, now)
      const stored = yield* repository.lockUsage(tx, userId, category)
      const quota = quotaNow(category, stored, subscription, now)
      const { limit, used, resetsAt, period } = quota
      if (resetsAt === null || (limit >= 0 && used >= limit)) throw quotaExceeded(category, quota, now)
      yield* repository.putUsage(tx, {
        userId,
        category,
        limitValue: limit,
        consumedValue: used + 1,
        resetsAt,
        period,
        updatedAt: now,
      })
      return period
    },

    /**
     * Gives units back, each by the period it was taken in; those of periods that are over are gone. The caller makes sure that a unit
     * is given back once.
     */
    *release(tx: Tx, category: Category, units: readonly QuotaUnit[], now: Date): Steps<void> {
      const given = [...Map.groupBy(units, (unit) => unit.userId)].map(([userId, own]) => {
        // Periods only grow, so none but the last can still run.
        const period = Math.max(...own.map((unit) => unit.period))
        return { userId, period, units: own.filter((unit) => unit.period === period).length }
      })
      yield* repository.giveBack(tx, category, given, now)
    },
  }
}
