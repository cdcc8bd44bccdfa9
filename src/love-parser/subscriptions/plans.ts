import { AppError } from '../../errors.ts'
import type { Quota } from './periods.ts'

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
