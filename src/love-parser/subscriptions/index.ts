import { Elysia } from 'elysia'
import { z } from 'zod'
import type { Call } from '../../platform/http/family.ts'
import { documented } from '../../platform/http/openapi.ts'
import type { Replays } from '../idempotency/service.ts'
import { notificationFields, type PaymentNotification, readNotification } from '../notifications/service.ts'
import { ipOf, type LoveParserSurface, problems } from '../surface.ts'
import { currentView, PLANS_ANSWER, plansView, purchaseBody, purchaseView, receivedView, toCurrent } from './model.ts'
import type { Subscriptions } from './service.ts'

/** Robokassa repeats a notification until it reads this. */
const received = ({ json, InvId }: PaymentNotification): Response =>
  json
    ? Response.json({ result: 'OK' })
    : new Response(`OK${InvId}`, { headers: { 'content-type': 'text/plain; charset=utf-8' } })

/** Plans and payments (love-parser §6). */
export const subscriptionsRoutes = (surface: LoveParserSurface, subscriptions: Subscriptions, replays: Replays) => {
  const receive = async (call: Call, notification: PaymentNotification): Promise<Response> => {
    await subscriptions.receivePayment(notification, ipOf(call))
    return received(notification)
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
        return receive(call, readNotification({ contentType, bodyText: call.bodyText ?? '', query: queryOf(request) }))
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
          responses: { 200: { 'application/json': receivedView, 'text/plain': z.string() } },
          requestBody: notificationFields,
        }),
      },
    )
    .get(
      '/webhook/robokassa',
      ({ request, call }) => receive(call, readNotification({ contentType: null, bodyText: '', query: queryOf(request) })),
      {
        rate: 'webhook',
        anyone: true,
        response: { 200: z.string(), ...problems(403, 404, 422) },
        detail: documented({
          summary: 'Receive a payment notification by GET',
          description: 'The fields stand in the query. Answered with `OK<InvId>`. A repeat is a success without effect.',
          parameters: Object.keys(notificationFields.shape).map((name) => ({
            in: 'query',
            name,
            required: name === 'InvId' || name === 'SignatureValue',
            schema: { type: 'string' },
          })),
        }),
      },
    )
}
