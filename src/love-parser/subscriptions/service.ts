import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { Notifications } from '../notifications/service.ts'
import { createActivation } from './activation.ts'
import { createCleanup, type RemovedData } from './cleanup.ts'
import { createExpiry } from './expiry.ts'
import { createPaymentCheck } from './payment-check.ts'
import { paymentsRepository } from './payments-repository.ts'
import { createPurchases, type RobokassaConfig } from './purchases.ts'
import { createQuotas } from './quotas.ts'
import { subscriptionsRepository } from './repository.ts'
import { subscriptionSets } from './sets.ts'
import { createView } from './view.ts'
import { createWebhook } from './webhook.ts'

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
  const sets = subscriptionSets(db)
  const activation = createActivation({ clock, repository })
  return {
    ...createQuotas({ repository }),
    ...createPurchases({ clock, payments, shop: config }),
    ensureFree: activation.ensureFree,
    view: createView({ clock, repository }),
    receivePayment: createWebhook({ db, clock, payments, activation, shop: config, touchUser }).receive,
    /** How many subscriptions are active, for the gauge. */
    countActive: () => repository.countActive(new Date(clock.now())),
    /** The jobs of §8 that belong to this domain. */
    jobs: {
      'subscription-expiration': createExpiry({ db, sets, notifications, activeUsers, touchUser }),
      'payment-check': createPaymentCheck({ db, payments, notifications }),
      'subscription-cleanup': createCleanup({ db, sets, notifications, deleteUserData, touchUser }),
    },
  }
}
export type Subscriptions = ReturnType<typeof createSubscriptions>
