import { Elysia } from 'elysia'
import { z } from 'zod'
import type { Call } from '../../platform/http/family.ts'
import { documented } from '../../platform/http/openapi.ts'
import type { Replays } from '../idempotency.ts'
import { notificationFields, type PaymentNotification, readNotification } from '../notifications.ts'
import { ipOf, type LoveParserSurface, problems } from '../surface.ts'
import { CATEGORIES, PLAN_CODES, PLANS } from './periods.ts'
import type { PaidPlan } from './purchases.ts'
import { NotificationRefused, type RefusedNotifications } from './refused-notifications.ts'
import type { Subscriptions, SubscriptionView } from './service.ts'

const accepted = z.string().meta({ examples: ['OK1'] })

/** Robokassa repeats a notification until it reads this. */
const received = ({ json, InvId }: PaymentNotification): Response =>
  json
    ? Response.json({ result: 'OK' })
    : new Response(`OK${InvId}`, { headers: { 'content-type': 'text/plain; charset=utf-8' } })

/** Plans and payments (love-parser §6). */
export const subscriptionsRoutes = (
  surface: LoveParserSurface,
  subscriptions: Subscriptions,
  refusedNotifications: RefusedNotifications,
  replays: Replays,
) => {
  const receive = async (call: Call, request: Parameters<typeof readNotification>[0]): Promise<Response> => {
    try {
      const notification = readNotification(request)
      await subscriptions.receivePayment(notification, ipOf(call))
      return received(notification)
    } catch (error) {
      if (error instanceof NotificationRefused) await refusedNotifications.note(error, ipOf(call))
      throw error
    }
  }
  const queryOf = (request: Request) => new URL(request.url).searchParams

  return new Elysia({ prefix: '/subscriptions', detail: { tags: ['love parser: subscriptions'] } })
    .use(surface)
    .get('/plans', () => PLANS_ANSWER, {
      rate: 'general',
      anyone: true,
      response: { 200: plansView },
      detail: { summary: 'List plans', description: 'The price list.' },
    })
    .get('/current', async ({ principal }) => toCurrent(await subscriptions.view(principal.user.id)), {
      rate: 'general',
      auth: 'user',
      response: { 200: currentView },
      detail: { summary: 'Show the current subscription', description: 'The one that ends last.' },
    })
    .post(
      '/purchase',
      ({ principal: { user }, idempotencyKey: key, body }) =>
        replays.once({ userId: user.id, route: '/subscriptions/purchase', key, body }, function* (tx) {
          return { status: 200, body: yield* subscriptions.purchase(tx, user.id, body.plan_type) }
        }),
      {
        rate: 'general',
        bodyLimit: 'json',
        auth: 'user',
        idempotent: true,
        body: purchaseBody,
        response: { 200: purchaseView },
        detail: {
          summary: 'Buy a plan',
          description:
            'Stores an order and answers the page where it is paid. A sixth order that waits for money cancels the oldest.',
        },
      },
    )
    .post(
      '/webhook/robokassa',
      ({ request, call }) => {
        const contentType = request.headers.get('content-type')
        return receive(call, { contentType, bodyText: call.bodyText ?? '', query: queryOf(request) })
      },
      {
        rate: 'webhook',
        bodyLimit: 'raw',
        anyone: true,
        response: problems(403, 404, 422),
        detail: documented({
          summary: 'Receive a payment notification',
          description:
            'A JSON or form body, or the query. A form is answered with `OK<InvId>`. At least once: a repeat is a success without effect.',
          responses: { 200: { 'application/json': receivedView, 'text/plain': accepted } },
          requestBody: { 'application/json': notificationFields, 'application/x-www-form-urlencoded': notificationFields },
        }),
      },
    )
    .get(
      '/webhook/robokassa',
      ({ request, call }) => receive(call, { contentType: null, bodyText: '', query: queryOf(request) }),
      {
        rate: 'webhook',
        anyone: true,
        response: { 200: accepted, ...problems(403, 404, 422) },
        detail: documented({
          summary: 'Receive a payment notification by GET',
          description: 'The fields stand in the query. Answered with `OK<InvId>`. A repeat is a success without effect.',
          query: notificationFields,
        }),
      },
    )
}

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
const toCurrent = ({ current, plan, status, renewalStatus, autoRenewal }: SubscriptionView): z.infer<typeof currentView> => ({
  plan_type: current?.planCode ?? plan,
  status,
  expires_at: current?.expiresAt.toISOString() ?? null,
  renewal_status: renewalStatus,
  auto_renewal_enabled: autoRenewal,
})

const PAID_PLANS = ['week', 'month', 'year'] as const satisfies readonly PaidPlan[]
const purchaseBody = z.object({ plan_type: z.enum(PAID_PLANS) }).meta({ id: 'Purchase', examples: [{ plan_type: 'month' }] })
const purchaseView = z.object({ payment_id: z.uuid(), robokassa_url: z.url(), order_id: z.string().describe('decimal') }).meta({
  id: 'PurchaseAnswer',
  examples: [
    {
      payment_id: '0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e56',
      robokassa_url: 'https://auth.robokassa.ru/Merchant/Index.aspx?MerchantLogin=demo&OutSum=950.00&InvId=1',
      order_id: '1',
    },
  ],
})
const receivedView = z.object({ result: z.literal('OK') }).meta({ id: 'NotificationAnswer' })
