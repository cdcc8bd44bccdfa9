import { z } from 'zod'
import { optional, takes } from '../../platform/http/schema.ts'
import { hundredthsOf } from '../../platform/robokassa.ts'
import { integer, uuid } from '../fields.ts'
import type { TextKey } from '../texts.ts'

/** Requests and answers of the operator's routes (love-parser §12). */
const text = (key: TextKey): string => key
const ORDER = /^\d{1,15}$/

const order = () =>
  z
    .string()
    .regex(ORDER, { message: text('order_number') })
    .describe('number of the order')
    .meta({ examples: ['1'] })
const time = () =>
  z.iso
    .datetime({ offset: true, error: text('time') })
    .transform((iso) => new Date(iso))
    .meta({ examples: ['2026-01-31T09:00:00Z'] })
const reason = () => z.string().trim().min(3).max(500).describe('why, for the audit')
const amount = () =>
  takes(
    z.preprocess(
      (value) => (typeof value === 'number' ? String(value) : value),
      z.string().refine((value) => hundredthsOf(value) !== undefined, { message: text('amount') }),
    ),
    { type: ['string', 'number'] },
  ).describe('roubles, such as `950.00`')
const page = {
  limit: integer(1, 100).default(50).describe('most entries of a page'),
  cursor: z.string().max(200).optional().describe('`next_cursor` of the page before'),
}

export const paymentsQuery = z.object({
  status: z.enum(['pending', 'completed', 'failed', 'cancelled']).optional().describe('of the payment'),
  user_id: uuid().optional().describe('whose payments'),
  order: order().optional(),
  from: time().optional().describe('ordered at this time or later'),
  to: time().optional().describe('ordered at this time or earlier'),
  ...page,
})
export const refusedQuery = z.object({ order: order().optional(), ...page })
export const auditQuery = z.object({
  target: z
    .string()
    .regex(/^(?:user:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|payment:\d{1,15}|notification:[0-9a-f-]{36})$/i, {
      message: text('audit_target'),
    })
    .describe('`user:ID`, `payment:ORDER` or `notification:ID`')
    .meta({ examples: ['payment:1'] }),
  ...page,
})
export const orderParams = z.object({ order: order() })
export const idParams = z.object({
  id: uuid()
    .describe('id of the user, or of the notification')
    .meta({ examples: ['0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e56'] }),
})
export const reasonBody = z.object({ reason: reason() }).meta({ examples: [{ reason: 'asked for by the user' }] })
export const planEndBody = z
  .object({
    reason: reason(),
    at: optional(time().describe('when the plan is to end; now, unless it lies ahead')),
    refund: optional(
      z.object({ amount: amount(), note: optional(z.string().trim().max(500)) }).describe('what was paid back, for the audit'),
    ),
  })
  .meta({ examples: [{ reason: 'refunded', refund: { amount: '950.00', note: 'by the shop' } }] })
export const applyBody = z
  .object({ reason: reason(), amount: optional(amount()) })
  .meta({ examples: [{ reason: 'the money is there, the notification is not', amount: '950.00' }] })

const instant = z.iso.datetime()
/** What the examples show. */
const PAYMENT = {
  id: '0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e56',
  order: '1',
  user_id: '0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e57',
  subscription_id: null,
  plan_type: 'month',
  amount: '950.00',
  currency: 'RUB',
  status: 'pending' as const,
  is_test: false,
  created_at: '2026-01-15T09:00:00.000Z',
  paid_at: null,
}
const REFUSED = {
  id: '0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e58',
  reason: 'signature',
  order: '1',
  sum: '950.00',
  address: '185.59.216.65',
  created_at: '2026-01-15T09:01:00.000Z',
}
const nextCursor = z.string().optional().describe('absent on the last page')
export const paymentView = z
  .object({
    id: z.uuid(),
    order: z.string(),
    user_id: z.uuid(),
    subscription_id: z.uuid().nullable(),
    plan_type: z.string(),
    amount: z.string(),
    currency: z.string(),
    status: z.enum(['pending', 'completed', 'failed', 'cancelled']),
    is_test: z.boolean(),
    created_at: instant,
    paid_at: instant.nullable(),
  })
  .meta({
    id: 'OperatorPayment',
    examples: [PAYMENT],
  })
export const paymentsView = z.object({ items: z.array(paymentView), next_cursor: nextCursor })
const refusedView = z
  .object({
    id: z.uuid(),
    reason: z.string(),
    order: z.string().nullable(),
    sum: z.string().nullable(),
    address: z.string(),
    created_at: instant,
  })
  .meta({ id: 'RefusedNotification', examples: [REFUSED] })
export const refusedPage = z.object({ items: z.array(refusedView), next_cursor: nextCursor })
const planView = z.object({
  subscription_id: z.uuid(),
  plan_type: z.string().nullable(),
  status: z.string(),
  started_at: instant,
  expires_at: instant,
})
export const paymentDetail = paymentView
  .extend({
    subscription: planView.nullable(),
    callback: z.looseObject({}).describe('the kept parameters of the notification, without signature'),
    refused: z.array(refusedView).describe('refused notifications of this order, the newest 50'),
  })
  .meta({ id: 'OperatorPaymentDetail', examples: [{ ...PAYMENT, subscription: null, callback: {}, refused: [REFUSED] }] })
export const userView = z
  .object({
    id: z.uuid(),
    status: z.enum(['active', 'blocked']),
    phone_number: z.string().nullable().describe('all but the last two digits are hidden'),
    telegram_username: z.string().nullable(),
    created_at: instant,
    plan: z.object({
      plan_type: z.string(),
      status: z.enum(['active', 'expired']),
      expires_at: instant.nullable(),
    }),
    notifications: z
      .array(z.object({ id: z.uuid(), template: z.string(), created_at: instant, sent_at: instant.nullable() }))
      .describe('the newest 20'),
  })
  .meta({
    id: 'OperatorUser',
    examples: [
      {
        id: PAYMENT.user_id,
        status: 'active',
        phone_number: '+*********33',
        telegram_username: 'ann',
        created_at: '2026-01-01T09:00:00.000Z',
        plan: { plan_type: 'free', status: 'active', expires_at: '2026-01-31T09:00:00.000Z' },
        notifications: [],
      },
    ],
  })
export const planEndView = z
  .object({ subscription_id: z.uuid(), plan_type: z.string().nullable(), status: z.string(), expires_at: instant })
  .meta({
    id: 'EndedPlan',
    examples: [
      {
        subscription_id: '0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e59',
        plan_type: 'month',
        status: 'expired',
        expires_at: '2026-01-20T09:00:00.000Z',
      },
    ],
  })
export const userStatusView = z
  .object({ id: z.uuid(), status: z.enum(['active', 'blocked']) })
  .meta({ id: 'OperatorUserStatus', examples: [{ id: PAYMENT.user_id, status: 'blocked' }] })
export const resentView = z
  .object({ id: z.uuid(), template: z.string() })
  .meta({ id: 'ResentNotification', examples: [{ id: REFUSED.id, template: 'PAYMENT_PENDING_REMINDER' }] })
export const auditPage = z.object({
  items: z.array(
    z
      .object({
        id: z.uuid(),
        at: instant,
        actor: z.object({ kind: z.string(), id: z.string(), name: z.string().nullable() }),
        action: z.string(),
        target: z.object({ kind: z.string(), id: z.string() }),
        before: z.looseObject({}).nullable(),
        after: z.looseObject({}).nullable(),
        reason: z.string(),
        request_id: z.string(),
        ip: z.string(),
      })
      .meta({
        id: 'AuditEntry',
        examples: [
          {
            id: '0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e5a',
            at: '2026-01-20T09:00:00.000Z',
            actor: { kind: 'dashboard', id: 'subscriber:7', name: 'Ann' },
            action: 'user.block',
            target: { kind: 'user', id: PAYMENT.user_id },
            before: { status: 'active' },
            after: { status: 'blocked' },
            reason: 'spam',
            request_id: '3f1c7a52',
            ip: '203.0.113.7',
          },
        ],
      }),
  ),
  next_cursor: nextCursor,
})
