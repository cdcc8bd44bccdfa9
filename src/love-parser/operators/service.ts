import type { z } from 'zod'
import type { Audit } from '../../access/audit.ts'
import { requireSuperadmin } from '../../access/tokens.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Db } from '../../platform/db/index.ts'
import type { Principal } from '../../platform/http/family.ts'
import { decodeCursor, encodeCursor } from '../../platform/http/lists.ts'
import { decimalOf, hundredthsOf } from '../../platform/robokassa.ts'
import type { AccountsRepository } from '../accounts/service.ts'
import { invalidField, notFound } from '../envelope.ts'
import type { Notifications } from '../notifications.ts'
import { paymentView } from '../subscriptions/operator-queries.ts'
import type { RefusedNotificationRow, RefusedNotifications } from '../subscriptions/refused-notifications.ts'
import type { Subscriptions } from '../subscriptions/service.ts'
import { say } from '../texts.ts'
import type { applyBody, auditQuery, paymentsQuery, planEndBody, refusedQuery } from './model.ts'

/** Who changes something, and by which request. */
export interface Operator {
  actor: Principal
  requestId: string
  ip: string
}
export interface OperatorsDeps {
  db: Db
  clock: Clock
  audit: Audit
  subscriptions: Pick<Subscriptions, 'view' | 'endPlan' | 'applyPayment' | 'findPayment' | 'listPayments' | 'findSubscription'>
  users: Pick<AccountsRepository, 'find' | 'lockStatus' | 'setStatus' | 'touch'>
  refusedNotifications: Pick<RefusedNotifications, 'list'>
  notifications: Pick<Notifications, 'resend' | 'newestOf'>
}

const SHOWN_REFUSALS = 50
const SHOWN_NOTIFICATIONS = 20

/** A page of rows and where the next one begins; `rows` holds one more than `limit` where there is one. */
const pageOf = <Row, View>(rows: Row[], limit: number, view: (row: Row) => View, place: (row: Row) => (string | number)[]) => {
  const shown = rows.slice(0, limit)
  const last = rows.length > limit ? shown.at(-1) : undefined
  return { items: shown.map(view), ...(last === undefined ? {} : { next_cursor: encodeCursor(place(last)) }) }
}
const badCursor = () => invalidField('cursor', say('cursor'))
/** The time and id of a cursor. @throws AppError 422 */
const placeOf = (cursor: string | undefined): readonly [number, string] | undefined => {
  if (cursor === undefined) return undefined
  const [at, id, ...more] = decodeCursor(cursor) ?? []
  const isPlace = typeof at === 'number' && Math.abs(at) <= 8.64e15 && typeof id === 'string' && /^[0-9a-f-]{36}$/.test(id)
  if (!isPlace || more.length > 0) throw badCursor()
  return [at, id]
}
/** The order number of a cursor. @throws AppError 422 */
const orderBelow = (cursor: string | undefined): number | undefined => {
  if (cursor === undefined) return undefined
  const [number, ...more] = decodeCursor(cursor) ?? []
  if (!Number.isSafeInteger(number) || more.length > 0) throw badCursor()
  return number as number
}
const refusedView = ({ id, reason, orderNumber, sum, address, createdAt }: RefusedNotificationRow) => ({
  id,
  reason,
  order: orderNumber,
  sum,
  address,
  created_at: createdAt.toISOString(),
})
/** All digits but the last two hidden. */
const masked = (phone: string | null) => phone?.replace(/\d(?=\d{2})/g, '*') ?? null

/** What an operator sees and changes of payments, plans and people (love-parser §12). Every change is audited in its transaction. */
export const createOperators = ({
  db,
  clock,
  audit,
  subscriptions,
  users,
  refusedNotifications,
  notifications,
}: OperatorsDeps) => {
  /** `status` of a user; nothing is written when it is that already. @throws AppError 404 */
  const setStatus = (operator: Operator, id: string, status: 'active' | 'blocked', reason: string) =>
    db.tx(function* (tx) {
      const before = yield* users.lockStatus(tx, id)
      if (before === undefined) throw notFound('user_not_found')
      if (before !== status) {
        const action = status === 'blocked' ? 'user.block' : 'user.unblock'
        const change = { before: { status: before }, after: { status } }
        yield* audit.add(tx, { ...operator, action, target: { kind: 'user', id }, ...change, reason })
        yield* users.setStatus(tx, id, status, new Date(clock.now()))
      }
      return { id, status }
    })

  return {
    async payments({ status, user_id, order, from, to, limit, cursor }: z.output<typeof paymentsQuery>) {
      const filter = { status, userId: user_id, order: order === undefined ? undefined : Number(order), from, to }
      const rows = await subscriptions.listPayments(filter, limit + 1, orderBelow(cursor))
      return pageOf(rows, limit, paymentView, (row) => [row.orderNumber])
    },
    /** @throws AppError 404 */
    async payment(order: string) {
      const row = await subscriptions.findPayment(Number(order))
      if (!row) throw notFound('order_not_found')
      const [subscription, refused] = await Promise.all([
        row.subscriptionId === null ? undefined : subscriptions.findSubscription(row.subscriptionId),
        refusedNotifications.list(String(row.orderNumber), SHOWN_REFUSALS),
      ])
      return {
        ...paymentView(row),
        subscription: subscription
          ? {
              subscription_id: subscription.id,
              plan_type: subscription.planCode ?? subscription.planName,
              status: subscription.status,
              started_at: subscription.startedAt.toISOString(),
              expires_at: subscription.expiresAt.toISOString(),
            }
          : null,
        callback: row.payload,
        refused: refused.map(refusedView),
      }
    },
    async refused({ order, limit, cursor }: z.output<typeof refusedQuery>) {
      const rows = await refusedNotifications.list(order, limit + 1, placeOf(cursor))
      return pageOf(rows, limit, refusedView, (row) => [row.createdAt.getTime(), row.id])
    },
    /** @throws AppError 404 */
    async user(id: string) {
      const user = await users.find(id)
      if (!user) throw notFound('user_not_found')
      const [{ current, plan, status }, sent] = await Promise.all([
        subscriptions.view(id),
        notifications.newestOf(id, SHOWN_NOTIFICATIONS),
      ])
      return {
        id,
        status: user.status,
        phone_number: masked(user.phoneNumber),
        telegram_username: user.telegramUsername,
        created_at: user.createdAt.toISOString(),
        plan: { plan_type: current?.planCode ?? plan, status, expires_at: current?.expiresAt.toISOString() ?? null },
        notifications: sent.map((row) => ({
          id: row.id,
          template: row.template,
          created_at: row.createdAt.toISOString(),
          sent_at: row.sentAt?.toISOString() ?? null,
        })),
      }
    },
    async audit({ target, limit, cursor }: z.output<typeof auditQuery>) {
      const split = target.indexOf(':')
      const of = { kind: target.slice(0, split), id: target.slice(split + 1).toLowerCase() }
      const rows = await audit.list(of, limit + 1, placeOf(cursor))
      return pageOf(
        rows,
        limit,
        (row) => ({
          id: row.id,
          at: row.at.toISOString(),
          actor: { kind: row.actorKind, id: row.actorId, name: row.actorName },
          action: row.action,
          target: { kind: row.targetKind, id: row.targetId },
          before: row.before,
          after: row.after,
          reason: row.reason,
          request_id: row.requestId,
          ip: row.ip,
        }),
        (row) => [row.at.getTime(), row.id],
      )
    },

    /** Ends or shortens the current paid plan. @throws AppError 404, 422 when none runs or `at` lies behind its end */
    async endPlan(operator: Operator, id: string, { reason, at, refund }: z.output<typeof planEndBody>) {
      // Not in the transaction: there the user's row comes last in the order of locks.
      if (!(await users.find(id))) throw notFound('user_not_found')
      return db.tx(function* (tx) {
        const now = new Date(clock.now())
        const { before, after } = yield* subscriptions.endPlan(tx, id, at ?? now, now)
        const paidBack = refund && {
          refund: { amount: decimalOf(hundredthsOf(refund.amount) as number), note: refund.note ?? null },
        }
        const target = { kind: 'user', id }
        yield* audit.add(tx, { ...operator, action: 'plan.end', target, before, after: { ...after, ...paidBack }, reason })
        yield* users.touch(tx, [id])
        return after
      })
    },
    setStatus,

    /**
     * Applies a payment whose notification was lost; a completed one stays as it is, without a row in the audit.
     * @throws AppError 403 below superadmin, 404, 422 without the amount or with another one
     */
    applyPayment(operator: Operator, order: string, { reason, amount }: z.output<typeof applyBody>) {
      requireSuperadmin(operator.actor)
      return db.tx(function* (tx) {
        if (amount === undefined) throw invalidField('amount', say('amount_required'))
        const now = new Date(clock.now())
        const { before, after } = yield* subscriptions.applyPayment(tx, Number(order), hundredthsOf(amount) as number, now)
        if (before.status !== 'completed') {
          const facts = ({ status, subscriptionId }: typeof before) => ({ status, subscription_id: subscriptionId })
          yield* audit.add(tx, {
            ...operator,
            action: 'payment.apply',
            target: { kind: 'payment', id: String(after.orderNumber) },
            before: facts(before),
            after: { ...facts(after), amount: decimalOf(after.amountMinor), user_id: after.userId },
            reason,
          })
          yield* users.touch(tx, [after.userId])
        }
        return paymentView(after)
      })
    },
    /** Sends a user's notification once more. @throws AppError 404 */
    resendNotification: (operator: Operator, id: string, reason: string) =>
      db.tx(function* (tx) {
        const row = yield* notifications.resend(tx, id, new Date(clock.now()))
        if (!row) throw notFound('notification_not_found')
        const after = { template: row.template, user_id: row.userId }
        yield* audit.add(tx, { ...operator, action: 'notification.resend', target: { kind: 'notification', id }, after, reason })
        return { id, template: row.template }
      }),
  }
}
export type Operators = ReturnType<typeof createOperators>
