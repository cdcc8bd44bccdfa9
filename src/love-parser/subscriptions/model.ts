import { z } from 'zod'
import { CATEGORIES, PLAN_CODES, PLANS } from './periods.ts'
import type { PaidPlan } from './purchases.ts'
import type { SubscriptionView } from './service.ts'

const limit = z.int().min(-1).describe('−1 unlimited, 0 none')

export const plansView = z
  .object({
    plans: z.array(
      z.object({
        type: z.enum(PLAN_CODES),
        name: z.string(),
        price: z.int(),
        currency: z.literal('RUB'),
        limits: z.object({ parsing: limit, audience: limit, broadcast: limit }),
      }),
    ),
  })
  .meta({ id: 'Plans' })

/** The price list as `GET /subscriptions/plans` answers it (love-parser §6). */
export const PLANS_ANSWER: z.infer<typeof plansView> = {
  plans: PLAN_CODES.map((code) => {
    const { name, price, limits } = PLANS[code]
    return {
      type: code,
      name,
      price,
      currency: 'RUB',
      limits: Object.fromEntries(CATEGORIES.map((c) => [c, limits[c]])) as typeof limits,
    }
  }),
}

export const currentView = z
  .object({
    plan_type: z.string(),
    status: z.enum(['active', 'expired']),
    expires_at: z.iso.datetime().nullable(),
    renewal_status: z.enum(['auto', 'manual', 'expired']),
    auto_renewal_enabled: z.boolean(),
  })
  .meta({ id: 'CurrentSubscription' })

/** `GET /subscriptions/current` (love-parser §6). */
export const toCurrent = ({
  current,
  plan,
  status,
  renewalStatus,
  autoRenewal,
}: SubscriptionView): z.infer<typeof currentView> => ({
  plan_type: current?.planCode ?? plan,
  status,
  expires_at: current?.expiresAt.toISOString() ?? null,
  renewal_status: renewalStatus,
  auto_renewal_enabled: autoRenewal,
})

const PAID_PLANS = ['week', 'month', 'year'] as const satisfies readonly PaidPlan[]
export const purchaseBody = z.object({ plan_type: z.enum(PAID_PLANS) }).meta({ id: 'Purchase' })
export const purchaseView = z
  .object({ payment_id: z.uuid(), robokassa_url: z.url(), order_id: z.string().describe('decimal') })
  .meta({ id: 'PurchaseAnswer' })
export const receivedView = z.object({ result: z.literal('OK') }).meta({ id: 'NotificationAnswer' })
