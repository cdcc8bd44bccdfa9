import { z } from 'zod'
import { CATEGORIES, PLAN_CODES, PLANS } from './periods.ts'
import type { PaidPlan } from './purchases.ts'
import type { SubscriptionView } from './service.ts'

const limit = z
  .int()
  .min(-1)
  .describe('−1 unlimited, 0 none')
  .meta({ examples: [10] })

export const plansView = z
  .object({
    plans: z.array(
      z.object({
        type: z.enum(PLAN_CODES),
        name: z.string().meta({ examples: [PLANS.week.name] }),
        price: z
          .int()
          .describe('roubles')
          .meta({ examples: [PLANS.week.price] }),
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
  .meta({
    id: 'CurrentSubscription',
    examples: [
      {
        plan_type: 'month',
        status: 'active',
        expires_at: '2026-02-14T09:00:00.000Z',
        renewal_status: 'manual',
        auto_renewal_enabled: false,
      },
    ],
  })

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
export const purchaseBody = z
  .object({ plan_type: z.enum(PAID_PLANS) })
  .meta({ id: 'Purchase', examples: [{ plan_type: 'month' }] })
export const purchaseView = z
  .object({ payment_id: z.uuid(), robokassa_url: z.url(), order_id: z.string().describe('decimal') })
  .meta({
    id: 'PurchaseAnswer',
    examples: [
      {
        payment_id: '0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e56',
        robokassa_url: 'https://auth.robokassa.ru/Merchant/Index.aspx?MerchantLogin=demo&OutSum=950.00&InvId=1',
        order_id: '1',
      },
    ],
  })
export const receivedView = z.object({ result: z.literal('OK') }).meta({ id: 'NotificationAnswer' })
