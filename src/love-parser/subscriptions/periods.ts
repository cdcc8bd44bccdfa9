import type { Category, Plan } from './plans.ts'
import { planOf } from './plans.ts'
import type { SubscriptionRow, UsageRow } from './repository.ts'

export const DAY_MS = 86_400_000

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
  /** Whether this is not what is stored: a period is over, or nothing is stored yet. */
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
