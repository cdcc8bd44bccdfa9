import { Elysia } from 'elysia'
import { type OperatorSurface, operatorOf, problems } from '../surface.ts'
import * as model from './model.ts'
import type { Operators } from './service.ts'

/** Of the routes that block a user and let one in again. */
const statusChange = {
  auth: 'operator',
  bodyLimit: 'json',
  params: model.idParams,
  body: model.reasonBody,
  response: { 200: model.userStatusView, ...problems(404) },
} as const

/** Payments, plans and people, for operators (love-parser §12). */
export const operatorsRoutes = (surface: OperatorSurface, operators: Operators) =>
  new Elysia({ prefix: '/internal/love-parser', detail: { tags: ['love parser: operators'] } })
    .use(surface)
    .get('/payments', ({ query }) => operators.payments(query), {
      auth: 'operator',
      query: model.paymentsQuery,
      response: { 200: model.paymentsView },
      detail: { summary: 'List payments', description: 'Newest first.' },
    })
    .get('/payments/refused', ({ query }) => operators.refused(query), {
      auth: 'operator',
      query: model.refusedQuery,
      response: { 200: model.refusedPage },
      detail: { summary: 'List refused notifications of payments', description: 'Newest first; kept for 90 days.' },
    })
    .get('/payments/:order', ({ params }) => operators.payment(params.order), {
      auth: 'operator',
      params: model.orderParams,
      response: { 200: model.paymentDetail, ...problems(404) },
      detail: { summary: 'Show a payment', description: 'With its plan, its notification and those that were refused.' },
    })
    .post(
      '/payments/:order/notification/resend',
      ({ principal, call, params, body }) => operators.applyPayment(operatorOf(principal, call), params.order, body),
      {
        auth: 'operator',
        bodyLimit: 'json',
        params: model.orderParams,
        body: model.applyBody,
        response: { 200: model.paymentView, ...problems(404) },
        detail: {
          summary: 'Apply a payment whose notification was lost',
          description:
            'For a superadmin or the service token, who names the amount that came. A completed payment is answered as it is.',
        },
      },
    )
    .get('/users/:id', ({ params }) => operators.user(params.id), {
      auth: 'operator',
      params: model.idParams,
      response: { 200: model.userView, ...problems(404) },
      detail: { summary: 'Show a user', description: 'Status, plan and newest notifications; the phone is hidden.' },
    })
    .post(
      '/users/:id/plan/end',
      ({ principal, call, params, body }) => operators.endPlan(operatorOf(principal, call), params.id, body),
      {
        auth: 'operator',
        bodyLimit: 'json',
        params: model.idParams,
        body: model.planEndBody,
        response: { 200: model.planEndView, ...problems(404) },
        detail: {
          summary: 'End a paid plan',
          description: 'Now, or shortened to a time ahead. The user then stands as after an expiry. 422 when no paid plan runs.',
        },
      },
    )
    .post(
      '/users/:id/block',
      ({ principal, call, params, body }) => operators.setStatus(operatorOf(principal, call), params.id, 'blocked', body.reason),
      {
        ...statusChange,
        detail: { summary: 'Block a user', description: 'Their requests are 403 at once, their streams end within 10 s.' },
      },
    )
    .post(
      '/users/:id/unblock',
      ({ principal, call, params, body }) => operators.setStatus(operatorOf(principal, call), params.id, 'active', body.reason),
      { ...statusChange, detail: { summary: 'Unblock a user', description: 'An active one is answered as it is.' } },
    )
    .post(
      '/notifications/:id/resend',
      ({ principal, call, params, body }) => operators.resendNotification(operatorOf(principal, call), params.id, body.reason),
      {
        auth: 'operator',
        bodyLimit: 'json',
        params: model.idParams,
        body: model.reasonBody,
        response: { 200: model.resentView, ...problems(404) },
        detail: { summary: 'Send a notification again', description: 'To the event bus and, when configured, to RabbitMQ.' },
      },
    )
    .get('/audit', ({ query }) => operators.audit(query), {
      auth: 'operator',
      query: model.auditQuery,
      response: { 200: model.auditPage },
      detail: { summary: 'Read who changed something, and why', description: 'Of one target, newest first.' },
    })
