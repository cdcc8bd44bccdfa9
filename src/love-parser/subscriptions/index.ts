import { Elysia } from 'elysia'
import { z } from 'zod'
import { queryParameters } from '../../platform/http/openapi.ts'
import { callOf } from '../../platform/http/pipeline.ts'
import { ipOf, sessionOf } from '../family.ts'
import type { Replays } from '../idempotency/service.ts'
import { notificationFields, type PaymentNotification, readNotification } from '../notifications/service.ts'
import { IDEMPOTENCY_KEY, OPEN, operation } from '../operation.ts'
import { currentView, PLANS_ANSWER, plansView, purchaseBody, purchaseView, receivedView, toCurrent } from './model.ts'
import type { Subscriptions } from './service.ts'

const described = operation('subscriptions')
/** A bucket of its own, and a body that the family's guard leaves as it came: the signature covers its literal texts. */
const FROM_THE_SHOP = { ...OPEN, 'x-rate-class': 'webhook', 'x-raw-body': true, errors: [403, 404, 422] }

const accepted = z.string().meta({ examples: ['OK1'] })

/** Robokassa repeats a notification until it reads this. */
const received = ({ json, InvId }: PaymentNotification): Response =>
  json
    ? Response.json({ result: 'OK' })
    : new Response(`OK${InvId}`, { headers: { 'content-type': 'text/plain; charset=utf-8' } })

/** Plans and payments (love-parser §6). */
export const subscriptionsRoutes = (subscriptions: Subscriptions, replays: Replays) => {
  const receive = async (request: Request, notification: PaymentNotification): Promise<Response> => {
    await subscriptions.receivePayment(notification, ipOf(request))
    return received(notification)
  }
  const queryOf = (request: Request) => new URL(request.url).searchParams

  return new Elysia({ prefix: '/subscriptions' })
    .get('/plans', () => PLANS_ANSWER, {
      detail: described('List plans', 'The price list.', { 200: plansView }, OPEN),
    })
    .get('/current', async ({ request }) => toCurrent(await subscriptions.view(sessionOf(request).user.id)), {
      detail: described('Show the current subscription', 'The one that ends last.', { 200: currentView }),
    })
    .post(
      '/purchase',
      ({ request, body }) => {
        const { user } = sessionOf(request)
        const key = request.headers.get('idempotency-key')
        return replays.once({ userId: user.id, route: '/subscriptions/purchase', key, body }, function* (tx) {
          return { status: 200, body: yield* subscriptions.purchase(tx, user.id, body.plan_type) }
        })
      },
      {
        body: purchaseBody,
        detail: described(
          'Buy a plan',
          'Stores an order and answers the page where it is paid. A sixth order that waits for money cancels the oldest.',
          { 200: purchaseView },
          { errors: [400, 413, 415, 422], parameters: [IDEMPOTENCY_KEY] },
        ),
      },
    )
    .post(
      '/webhook/robokassa',
      ({ request }) => {
        const contentType = request.headers.get('content-type')
        const bodyText = callOf(request).bodyText ?? ''
        return receive(request, readNotification({ contentType, bodyText, query: queryOf(request) }))
      },
      {
        detail: described(
          'Receive a payment notification',
          'A JSON or form body, or the query. A form is answered with `OK<InvId>`. At least once: a repeat is a success without effect.',
          { 200: { 'application/json': receivedView, 'text/plain': accepted } },
          {
            ...FROM_THE_SHOP,
            requestBody: { 'application/json': notificationFields, 'application/x-www-form-urlencoded': notificationFields },
            errors: [400, 413, 415, ...FROM_THE_SHOP.errors],
          },
        ),
      },
    )
    .get(
      '/webhook/robokassa',
      ({ request }) => receive(request, readNotification({ contentType: null, bodyText: '', query: queryOf(request) })),
      {
        detail: described(
          'Receive a payment notification by GET',
          'The fields stand in the query. Answered with `OK<InvId>`. A repeat is a success without effect.',
          { 200: accepted },
          {
            ...FROM_THE_SHOP,
            parameters: queryParameters(notificationFields),
          },
        ),
      },
    )
}
