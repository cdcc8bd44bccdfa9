import type { Clock } from '../../platform/clock.ts'
import { isActive, quotaNow, type RenewalStatus, renewalStatusOf } from './periods.ts'
import { CATEGORIES, type Category, type PlanCode, planOf } from './plans.ts'
import type { SubscriptionRow, SubscriptionsRepository } from './repository.ts'

/** A person's plan as every part of the family shows it (love-parser §3, §6). */
export interface SubscriptionView {
  /** The row with the greatest end, if there ever was one. */
  current: Pick<SubscriptionRow, 'id' | 'planCode' | 'planName' | 'startedAt' | 'expiresAt'> | undefined
  active: boolean
  status: 'active' | 'expired'
  /** The plan in the dashboard's words: year, month, week or free. */
  plan: PlanCode
  /** `manual` without a row. */
  renewalStatus: RenewalStatus
  autoRenewal: boolean
  /** With the refill that is due; nothing is written. */
  limits: Record<Category, { limit: number; used: number; resetsAt: Date | null }>
}

/** Two prepared reads outside a transaction; answers the view of a person. */
export const createView =
  ({ clock, repository }: { clock: Clock; repository: SubscriptionsRepository }) =>
  async (userId: string, now = new Date(clock.now())): Promise<SubscriptionView> => {
    const [current, usage] = await Promise.all([repository.current(userId), repository.usageOf(userId)])
    const limits = {} as SubscriptionView['limits']
    for (const category of CATEGORIES) {
      const stored = usage.find((row) => row.category === category)
      const { limit, used, resetsAt } = quotaNow(category, stored, current, now)
      limits[category] = { limit, used, resetsAt }
    }
    const active = isActive(current, now)
    const renewalStatus = current ? renewalStatusOf(current, now) : 'manual'
    return {
      current,
      active,
      status: active ? 'active' : 'expired',
      plan: current ? planOf(current).code : 'free',
      renewalStatus,
      autoRenewal: renewalStatus === 'auto',
      limits,
    }
  }
