import { AppError } from '../../errors.ts'
import type { Quota } from './periods.ts'
import type { Category } from './plans.ts'

/** 402, whose messages differ for a person who never had a plan and one whose plan has ended (love-parser §1). */
export const subscriptionRequired = (had: boolean) =>
  new AppError('subscription_required', 402, had ? 'Your subscription has expired' : 'An active subscription is required')

/** 429 of a used up quota with what it is and when it refills (love-parser §1). */
export const quotaExceeded = (category: Category, { limit, used, resetsAt }: Quota, now: Date) => {
  const waitMs = resetsAt ? resetsAt.getTime() - now.getTime() : 0
  return new AppError('rate_limited', 429, `The ${category} limit of your plan is used up`, {
    details: { limit, used, category, resets_at: resetsAt?.toISOString() ?? null },
    headers: { 'retry-after': String(Math.max(1, Math.ceil(waitMs / 1000))) },
  })
}

/** 503 while the shop is not configured (love-parser §6, §10). */
export const shopUnavailable = () =>
  new AppError('unavailable', 503, 'Payments are not available now', { headers: { 'retry-after': '60' } })
