import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { Notifications } from '../notifications.ts'
import { createCleanup, createExpiry, createPaymentCheck, type RemovedData } from './jobs.ts'
import { createPlanEnd, operatorQueries } from './operator-queries.ts'
import {
  CATEGORIES,
  type Category,
  createQuotas,
  isActive,
  type PlanCode,
  planOf,
  quotaNow,
  type RenewalStatus,
  renewalStatusOf,
} from './periods.ts'
import { createActivation, createPurchases, createWebhook, type RobokassaConfig } from './purchases.ts'
import { paymentsRepository, type SubscriptionRow, type SubscriptionsRepository, subscriptionsRepository } from './repository.ts'
import { scheduledQueries } from './scheduled-queries.ts'

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
const createView =
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

export interface SubscriptionsDeps {
  db: Db
  clock: Clock
  config: RobokassaConfig
  notifications: Notifications
  /** Bumps `users.revision`: what dashboards show has changed. `userIds` in key order; called last in a transaction. */
  touchUser(tx: Tx, userIds: string[]): Steps<void>
  /** Of these people, those whose status is active. */
  activeUsers(tx: Tx, userIds: string[]): Steps<ReadonlySet<string>>
  /** Deletes a person's searches with their channels, and segments; running tasks are cancelled (§8 cleanup). */
  deleteUserData(tx: Tx, userId: string): Steps<RemovedData>
}

/**
 * Plans, quotas and payments (love-parser §6) and their scheduled work (§8). The steps for other domains' transactions lock the current
 * subscription, then usage; they do not touch the user, which their caller does last.
 */
export const createSubscriptions = ({
  db,
  clock,
  config,
  notifications,
  touchUser,
  activeUsers,
  deleteUserData,
}: SubscriptionsDeps) => {
  const repository = subscriptionsRepository(db)
  const payments = paymentsRepository(db)
  const queries = scheduledQueries(db)
  const activation = createActivation({ clock, repository })
  const webhook = createWebhook({ db, clock, payments, activation, shop: config, touchUser })
  const operators = operatorQueries(db)
  return {
    ...createQuotas({ repository }),
    ...createPurchases({ clock, payments, shop: config }),
    ensureFree: activation.ensureFree,
    view: createView({ clock, repository }),
    receivePayment: webhook.receive,
    applyPayment: webhook.applyByHand,
    /** For operators. */
    endPlan: createPlanEnd({ activation, repository }),
    findPayment: payments.find,
    listPayments: operators.payments,
    findSubscription: operators.subscription,
    /** How many subscriptions are active, for the gauge. */
    countActive: () => repository.countActive(new Date(clock.now())),
    /** The jobs of §8 that belong to this domain. */
    jobs: {
      'subscription-expiration': createExpiry({ db, queries, notifications, activeUsers, touchUser }),
      'payment-check': createPaymentCheck({ db, payments, notifications }),
      'subscription-cleanup': createCleanup({ db, queries, notifications, deleteUserData, touchUser }),
    },
  }
}
export type Subscriptions = ReturnType<typeof createSubscriptions>
