import { DAY_MS } from '../../platform/clock.ts'
import type { Steps, Tx } from '../../platform/db/index.ts'
import { Refusal } from '../envelope.ts'
import { say } from '../texts.ts'
import type { SubscriptionRow, SubscriptionsRepository, UsageRow } from './repository.ts'

type Ending = Pick<SubscriptionRow, 'status' | 'expiresAt'>

/** Active = status active or trialing and not yet ended (love-parser §6). */
export const isActive = (subscription: Ending | undefined, now: Date): boolean =>
  subscription !== undefined &&
  (subscription.status === 'active' || subscription.status === 'trialing') &&
  subscription.expiresAt > now

/** The first of the times `from`, `from + step`, ... that lies after `now`. */
export const nextAfter = (from: Date, stepDays: number, now: Date): Date => {
  if (from > now) return from
  const step = stepDays * DAY_MS
  const steps = Math.floor((now.getTime() - from.getTime()) / step) + 1
  return new Date(from.getTime() + steps * step)
}

const earlier = (a: Date, b: Date): Date => (a < b ? a : b)

/**
 * When a plan ends that is activated now in place of `current` (love-parser §6). The same plan is prolonged; what is left of another
 * one is worth its price: R * price(C) * days(P) / (price(P) * days(C)) milliseconds, rounded down, without a float.
 */
export const expiryOfActivation = (
  plan: Plan,
  current: Pick<SubscriptionRow, 'planCode' | 'planName' | 'expiresAt'> | undefined,
  now: Date,
): Date => {
  const left = current ? Math.max(0, current.expiresAt.getTime() - now.getTime()) : 0
  const old = current ? planOf(current) : plan
  let carried = left
  if (old.code !== plan.code)
    // A free plan is worth nothing, whichever of the two it is.
    carried =
      plan.price === 0
        ? 0
        : Number((BigInt(left) * BigInt(old.price) * BigInt(plan.days)) / (BigInt(plan.price) * BigInt(old.days)))
  return new Date(now.getTime() + plan.days * DAY_MS + carried)
}

/** What a person may still use of one category. Times in milliseconds; `limit` −1 is unlimited. */
export interface Quota {
  limit: number
  used: number
  resetsAt: Date | null
  /** The period that a unit taken now belongs to. */
  period: number
  /** Whether it differs from the stored row: a period is over, or nothing is stored yet. */
  changed: boolean
}

/**
 * A category as it stands now: at `resets_at`, while the subscription is active, used becomes 0 and `resets_at` advances by the plan's
 * days as often as needed, capped at the subscription's end (love-parser §6). Nothing is written.
 */
export const quotaNow = (
  category: Category,
  stored: Pick<UsageRow, 'limitValue' | 'consumedValue' | 'resetsAt' | 'period'> | undefined,
  subscription: SubscriptionRow | undefined,
  now: Date,
): Quota => {
  const active = subscription !== undefined && isActive(subscription, now)
  if (!stored) {
    if (!active) return { limit: 0, used: 0, resetsAt: null, period: 1, changed: false }
    const plan = planOf(subscription)
    const resetsAt = earlier(
      nextAfter(new Date(subscription.startedAt.getTime() + plan.days * DAY_MS), plan.days, now),
      subscription.expiresAt,
    )
    return { limit: plan.limits[category], used: 0, resetsAt, period: 1, changed: true }
  }
  const { limitValue: limit, consumedValue: used, resetsAt, period } = stored
  if (!active || resetsAt > now) return { limit, used, resetsAt, period, changed: false }
  const next = earlier(nextAfter(resetsAt, planOf(subscription).days, now), subscription.expiresAt)
  return { limit, used: 0, resetsAt: next, period: period + 1, changed: true }
}

/** Whether billing renews a subscription by itself: the words that older rows use for yes (love-parser §3 dashboard). */
const renewsItself = ({ autoRenew, auto_renew, renewal }: Record<string, unknown>): boolean => {
  const yes = (value: unknown) =>
    typeof value === 'string'
      ? ['true', '1', 'yes', 'auto'].includes(value.trim().toLowerCase())
      : value === true || (typeof value === 'number' && value !== 0)
  return yes(autoRenew) || yes(auto_renew) || renewal === 'auto'
}

export type RenewalStatus = 'auto' | 'manual' | 'expired'

/** `renewal_status` of a row: expired unless active; free is not billed, so it is manual (love-parser §3, §6). */
export const renewalStatusOf = (subscription: SubscriptionRow, now: Date): RenewalStatus => {
  if (!isActive(subscription, now)) return 'expired'
  return subscription.planCode !== 'free' && renewsItself(subscription.metadata) ? 'auto' : 'manual'
}

export const PLAN_CODES = ['free', 'week', 'month', 'year'] as const
export type PlanCode = (typeof PLAN_CODES)[number]
export const CATEGORIES = ['parsing', 'audience', 'broadcast'] as const
export type Category = (typeof CATEGORIES)[number]
/** A limit that is none. */
export const UNLIMITED = -1

export interface Plan {
  code: PlanCode
  name: string
  /** Whole roubles. */
  price: number
  days: number
  /** Units a period; −1 unlimited, 0 none. */
  limits: Record<Category, number>
}

/** The price list, in the order it is shown (love-parser §6). */
export const PLANS: Record<PlanCode, Plan> = {
  free: { code: 'free', name: 'Бесплатный', price: 0, days: 30, limits: { parsing: 1, audience: 1, broadcast: 0 } },
  week: { code: 'week', name: 'Неделя', price: 450, days: 7, limits: { parsing: 10, audience: 10, broadcast: 10 } },
  month: { code: 'month', name: 'Месяц', price: 950, days: 30, limits: { parsing: 50, audience: 50, broadcast: 50 } },
  year: { code: 'year', name: 'Год', price: 5750, days: 365, limits: { parsing: -1, audience: -1, broadcast: -1 } },
}

/** Whether a text is a code of the price list. */
export const isPlanCode = (code: string | null): code is PlanCode => (PLAN_CODES as readonly (string | null)[]).includes(code)

/**
 * The plan of the price list that a stored row stands for: the code (else the name) that contains year, month or week, in that
 * precedence, else free (love-parser §3 dashboard). Rows of older systems carry codes such as `pro-monthly`.
 */
export const planOf = ({ planCode, planName }: { planCode: string | null; planName: string | null }): Plan => {
  const text = (planCode ?? planName ?? '').toLowerCase()
  return PLANS[(['year', 'month', 'week'] as const).find((code) => text.includes(code)) ?? 'free']
}

/** 402, whose messages differ for a person who never had a plan and one whose plan has ended (love-parser §1). */
const subscriptionRequired = (had: boolean) =>
  new Refusal('subscription_required', 402, say(had ? 'subscription_expired' : 'subscription_required'))

/** 429 of a used up quota with what it is and when it refills (love-parser §1). */
const quotaExceeded = (category: Category, { limit, used, resetsAt }: Quota, now: Date) => {
  const waitMs = resetsAt ? resetsAt.getTime() - now.getTime() : 0
  return new Refusal('rate_limited', 429, say('quota_used_up', { category }), {
    details: { limit, used, category, resets_at: resetsAt?.toISOString() ?? null },
    headers: { 'retry-after': String(Math.max(1, Math.ceil(waitMs / 1000))) },
  })
}

/** 503 while the shop is not configured (love-parser §6, §10). */
export const shopUnavailable = () => new Refusal('unavailable', 503, say('payments_away'), { headers: { 'retry-after': '60' } })

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
      const returned = [...Map.groupBy(units, (unit) => unit.userId)].map(([userId, own]) => {
        // Periods only grow, so none but the last can still run.
        const period = Math.max(...own.map((unit) => unit.period))
        return { userId, period, units: own.filter((unit) => unit.period === period).length }
      })
      yield* repository.giveBack(tx, category, returned, now)
    },
  }
}
