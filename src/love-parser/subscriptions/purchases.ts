import type { Clock } from '../../platform/clock.ts'
import { createId } from '../../platform/clock.ts'
import type { Steps, Tx } from '../../platform/db/index.ts'
import { decimalOf, type RobokassaHash, signLink } from '../../platform/payments/robokassa.ts'
import type { PaymentsRepository } from './payments-repository.ts'
import { PLANS, type Plan, type PlanCode, shopUnavailable } from './plans.ts'

/** The shop, as `config.ts` reads it (love-parser §10). Empty texts are not set. */
export interface RobokassaConfig {
  merchantLogin: string
  passwords: { link: string; notification: string }
  testPasswords: { link: string; notification: string }
  /** New orders are test orders. */
  isTest: boolean
  /** Test payments count. */
  testAllowed: boolean
  hash: RobokassaHash
  /** Addresses and networks that may notify; none allows all. */
  allowedIps: readonly string[]
  invIdStart: number
  paymentUrl: string
}
export type PaidPlan = Exclude<PlanCode, 'free'>
export interface Purchase {
  payment_id: string
  robokassa_url: string
  order_id: string
}

export const CURRENCY = 'RUB'
/** Most orders of a person that wait for money. */
const MAX_PENDING = 5
const MAX_DESCRIPTION = 100

/** The page where an order is paid (love-parser §6): parameters in this order. */
export const paymentLink = (
  shop: RobokassaConfig,
  order: { number: number; amountMinor: number; plan: Plan; isTest: boolean },
): string => {
  const invId = String(order.number)
  const outSum = decimalOf(order.amountMinor)
  const { link } = order.isTest ? shop.testPasswords : shop.passwords
  const parameters = {
    MerchantLogin: shop.merchantLogin,
    OutSum: outSum,
    InvId: invId,
    Description: `Подписка «${order.plan.name}» на ${order.plan.days} дн.`.slice(0, MAX_DESCRIPTION),
    SignatureValue: signLink(shop.hash, { merchantLogin: shop.merchantLogin, outSum, invId }, link),
    ...(order.isTest ? { IsTest: '1' } : {}),
  }
  const query = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  return `${shop.paymentUrl}${shop.paymentUrl.includes('?') ? '&' : '?'}${query.join('&')}`
}

/** `POST /subscriptions/purchase` (love-parser §6). */
export const createPurchases = ({
  clock,
  payments,
  shop,
}: {
  clock: Clock
  payments: PaymentsRepository
  shop: RobokassaConfig
}) => ({
  /**
   * Stores a pending order in the caller's transaction; with five pending ones the oldest is cancelled.
   * @throws AppError 503 while the shop is not configured
   */
  *purchase(tx: Tx, userId: string, planCode: PaidPlan, now = new Date(clock.now())): Steps<Purchase> {
    const { link, notification } = shop.isTest ? shop.testPasswords : shop.passwords
    // Without the second one the payment could be made, but never be applied.
    if (shop.merchantLogin === '' || link === '' || notification === '') throw shopUnavailable()
    // Counted by one request at a time, or two of them would both find room for the last place.
    yield* tx.exclusive(`love-parser.orders:${userId}`)
    const waiting = yield* payments.pendingOf(tx, userId)
    yield* payments.changeAll(tx, waiting.slice(0, Math.max(0, waiting.length - MAX_PENDING + 1)), {
      status: 'cancelled',
      payload: { reason: 'superseded' },
      updatedAt: now,
    })
    const plan = PLANS[planCode]
    const amountMinor = plan.price * 100
    const number = yield* payments.nextNumber(tx, shop.invIdStart)
    const id = createId(clock)
    yield* payments.insert(tx, {
      id,
      userId,
      subscriptionId: null,
      planCode,
      amountMinor,
      currency: CURRENCY,
      status: 'pending',
      orderNumber: number,
      isTest: shop.isTest,
      payload: {},
      remindedAt: null,
      paidAt: null,
      createdAt: now,
      updatedAt: now,
    })
    return {
      payment_id: id,
      robokassa_url: paymentLink(shop, { number, amountMinor, plan, isTest: shop.isTest }),
      order_id: String(number),
    }
  },
})
