import { type Clock, createId, DAY_MS } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import {
  decimalOf,
  encodedReceipt,
  hundredthsOf,
  type ReceiptTerms,
  type ReturnPage,
  type RobokassaHash,
  sameSignature,
  signLink,
  signNotification,
} from '../../platform/robokassa.ts'
import { forbidden, invalidField, notFound, Refusal } from '../envelope.ts'
import { keptOf, type PaymentNotification } from '../notifications.ts'
import { say } from '../texts.ts'
import {
  CATEGORIES,
  expiryOfActivation,
  isActive,
  isPlanCode,
  PLANS,
  type Plan,
  type PlanCode,
  planOf,
  shopUnavailable,
} from './periods.ts'
import { NotificationRefused, type RefusalReason } from './refused-notifications.ts'
import type { PaymentRow, PaymentsRepository, SubscriptionRow, SubscriptionsRepository } from './repository.ts'

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
  /** Where a payer returns to, if not where the shop's settings say. */
  success?: ReturnPage | undefined
  fail?: ReturnPage | undefined
  /** Undefined: links carry no receipt. */
  receipt?: ReceiptTerms | undefined
}
export type PaidPlan = Exclude<PlanCode, 'free'>
export interface Purchase {
  payment_id: string
  robokassa_url: string
  order_id: string
}

const CURRENCY = 'RUB'
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
  const { merchantLogin, success, fail } = shop
  const description = `Подписка «${order.plan.name}» на ${order.plan.days} дн.`.slice(0, MAX_DESCRIPTION)
  const receipt = shop.receipt && encodedReceipt(shop.receipt, { name: description, amountMinor: order.amountMinor })
  const parameters = {
    MerchantLogin: merchantLogin,
    OutSum: outSum,
    InvId: invId,
    Description: description,
    ...(receipt === undefined ? {} : { Receipt: receipt }),
    ...(success ? { SuccessUrl2: success.url, SuccessUrl2Method: success.method } : {}),
    ...(fail ? { FailUrl2: fail.url, FailUrl2Method: fail.method } : {}),
    SignatureValue: signLink(shop.hash, { merchantLogin, outSum, invId, receipt, success, fail }, link),
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

/**
 * Whether an address is in a list of addresses and networks (`a.b.c.d`, `a.b.c.d/len`, the same for IPv6). An empty list allows all;
 * an IPv4 address in IPv6 clothes counts as itself.
 */
export const allowList = (entries: readonly string[]): ((address: string) => boolean) => {
  if (entries.length === 0) return () => true
  // Not imported: it brings node's streams along, which a start without a list need not pay for.
  const { BlockList, isIP } = process.getBuiltinModule('node:net')
  const list = new BlockList()
  const family = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/')
    if (bits === undefined) list.addAddress(address, family(address))
    else list.addSubnet(address, Number(bits), family(address))
  }
  return (address) => isIP(address) !== 0 && list.check(address, family(address))
}

export interface WebhookDeps {
  db: Db
  clock: Clock
  payments: PaymentsRepository
  activation: ReturnType<typeof createActivation>
  shop: RobokassaConfig
  touchUser(tx: Tx, userIds: string[]): Steps<void>
}

const refused = (reason: RefusalReason, answer: Refusal, { InvId, OutSum, Sum }: PaymentNotification) =>
  new NotificationRefused(reason, answer, { order: InvId, sum: OutSum ?? Sum })

/** Texts that an amount may have been signed as: the received text, and for JSON also the number with two decimals. */
const signedAmounts = (amount: string, json: boolean): string[] => {
  const hundredths = json ? hundredthsOf(amount) : undefined
  return hundredths === undefined ? [amount] : [...new Set([amount, decimalOf(hundredths)])]
}

/** Robokassa's notification of a payment (love-parser §6): the eight checks in their order, and its effect, once. */
export const createWebhook = ({ db, clock, payments, activation, shop, touchUser }: WebhookDeps) => {
  const isAllowed = allowList(shop.allowedIps)

  /** Check 4. */
  const checkSignature = (amount: string, notification: PaymentNotification, testPassword: boolean) => {
    const password = (testPassword ? shop.testPasswords : shop.passwords).notification
    // An unset password must not verify: anyone could sign with it.
    if (password === '') throw shopUnavailable()
    const good = signedAmounts(amount, notification.json).some((outSum) =>
      sameSignature(
        signNotification(shop.hash, { outSum, invId: notification.InvId, shp: notification.shp }, password),
        notification.SignatureValue,
      ),
    )
    if (!good) throw refused('signature', forbidden('notification_signature'), notification)
  }

  /** Checks 5 and 6: answers the payment. */
  const checkPayment = (payment: PaymentRow | undefined, amount: string, notification: PaymentNotification): PaymentRow => {
    const refuse = (reason: RefusalReason, answer: Refusal): never => {
      throw refused(reason, answer, notification)
    }
    if (!payment)
      return refuse(
        'order_unknown',
        new Refusal('not_found', 404, say('order_not_found'), { details: { orderId: notification.InvId } }),
      )
    if (notification.IsTest === '1' && !payment.isTest) refuse('test_payment', forbidden('order_is_real'))
    // A test order of before, in a shop that has since stopped testing.
    if (payment.isTest && !shop.testAllowed) refuse('test_payment', forbidden('tests_not_allowed'))
    if (hundredthsOf(amount) !== payment.amountMinor)
      refuse('amount', invalidField(notification.OutSum === undefined ? 'Sum' : 'OutSum', say('amount_differs')))
    if ((notification.OutSumCurrency ?? CURRENCY) !== payment.currency)
      refuse('currency', invalidField('OutSumCurrency', say('currency_differs')))
    if (!isPlanCode(payment.planCode)) refuse('plan', invalidField('InvId', say('plan_not_sold')))
    return payment
  }

  /** Activates what was paid for, and completes the payment; answers it as it then is. */
  function* apply(tx: Tx, payment: PaymentRow, payload: Record<string, unknown>, now: Date): Steps<PaymentRow> {
    const plan = PLANS[payment.planCode]
    const subscriptionId = yield* activation.activate(tx, payment.userId, plan, paidMetadata(plan, payment.id), now)
    const change = { status: 'completed' as const, subscriptionId, payload, paidAt: now, updatedAt: now }
    yield* payments.change(tx, payment.id, change)
    return { ...payment, ...change }
  }

  return {
    /**
     * Applies a notification. A repeat of it is a success without effect, also in parallel.
     * @param clientIp the address it came from
     * @throws NotificationRefused 403, 404 `{orderId}`, 422 by the failed check; AppError 503 while the shop is not configured
     */
    async receive(notification: PaymentNotification, clientIp: string): Promise<void> {
      const isTest = notification.IsTest === '1'
      if (
        notification.MerchantLogin !== undefined &&
        shop.merchantLogin !== '' &&
        notification.MerchantLogin !== shop.merchantLogin
      )
        throw refused('shop', forbidden('notification_shop'), notification)
      if (!isAllowed(clientIp)) throw refused('address', forbidden('notification_address'), notification)
      if (isTest && !shop.testAllowed) throw refused('test_payment', forbidden('tests_not_allowed'), notification)
      const amount = notification.OutSum ?? notification.Sum
      if (amount === undefined) throw refused('amount_missing', invalidField('OutSum', say('required')), notification)
      const number = Number(notification.InvId)
      const found = Number.isSafeInteger(number) ? await payments.find(number) : undefined
      checkSignature(amount, notification, isTest || found?.isTest === true)
      if (checkPayment(found, amount, notification).status === 'completed') return

      await db.tx(function* (tx) {
        const payment = checkPayment(yield* payments.lock(tx, number), amount, notification)
        if (payment.status === 'completed') return
        yield* apply(tx, payment, keptOf(notification), new Date(clock.now()))
        yield* touchUser(tx, [payment.userId])
      })
    },
    /**
     * Applies a payment whose notification was lost, for an operator who has seen the money (§6). Answers the payment before and after;
     * a completed one stays as it is. Does not touch the user: the caller does, last.
     * @throws AppError 404, 422 for another amount or a plan that is not sold, 403 for a test order where tests are not allowed
     */
    *applyByHand(tx: Tx, order: number, amountMinor: number, now: Date): Steps<{ before: PaymentRow; after: PaymentRow }> {
      const before = yield* payments.lock(tx, order)
      if (!before) throw notFound('order_not_found')
      if (before.status === 'completed') return { before, after: before }
      if (before.isTest && !shop.testAllowed) throw forbidden('tests_not_allowed')
      if (amountMinor !== before.amountMinor) throw invalidField('amount', say('amount_differs'))
      if (!isPlanCode(before.planCode)) throw invalidField('order', say('plan_not_sold'))
      const payload = { ...before.payload, source: 'operator', OutSum: decimalOf(amountMinor) }
      return { before, after: yield* apply(tx, before, payload, now) }
    },
  }
}

/** In the order of usage's key. */
const CATEGORIES_IN_KEY_ORDER = [...CATEGORIES].sort()

/** How plans begin (love-parser §6 Activation). */
export const createActivation = ({ clock, repository }: { clock: Clock; repository: SubscriptionsRepository }) => {
  /** Locks the current row and the person: a person without a row has nothing else to lock against a second plan. */
  function* hold(tx: Tx, userId: string): Steps<SubscriptionRow | undefined> {
    yield* tx.exclusive(`love-parser.plan:${userId}`)
    return yield* repository.lockCurrent(tx, userId)
  }

  function* begin(
    tx: Tx,
    userId: string,
    plan: Plan,
    replaced: SubscriptionRow | undefined,
    metadata: Record<string, unknown>,
    now: Date,
  ): Steps<string> {
    const row = {
      planCode: plan.code,
      planName: plan.name,
      status: 'active' as const,
      startedAt: now,
      expiresAt: expiryOfActivation(plan, replaced, now),
      metadata,
      updatedAt: now,
    }
    const id = replaced?.id ?? createId(clock)
    if (replaced) yield* repository.change(tx, id, row)
    else yield* repository.insert(tx, { id, userId, createdAt: now, ...row })
    const resetsAt = new Date(now.getTime() + plan.days * DAY_MS)
    yield* repository.renewUsage(
      tx,
      CATEGORIES_IN_KEY_ORDER.map((category) => ({
        userId,
        category,
        limitValue: plan.limits[category],
        resetsAt,
        updatedAt: now,
      })),
    )
    return id
  }

  return {
    hold,
    /** Activates a plan in place of the current one; answers the subscription's id. Does not touch the user: the caller does, last. */
    *activate(tx: Tx, userId: string, plan: Plan, metadata: Record<string, unknown>, now: Date): Steps<string> {
      return yield* begin(tx, userId, plan, yield* hold(tx, userId), metadata, now)
    },
    /**
     * A login's free period, when no plan is active (love-parser §3, §6). Answers whether it was granted. Does not touch the user: the
     * caller does, last.
     */
    *ensureFree(tx: Tx, userId: string, now: Date): Steps<boolean> {
      const current = yield* hold(tx, userId)
      if (isActive(current, now)) return false
      const metadata = { plan_type: 'free', source: 'login' }
      // The row of a paid plan stays as it is: the cleanup (§8) reads from it that there was one.
      const replaced = current && isFree(current) ? current : undefined
      if (current && !replaced && current.expiresAt > now)
        // A plan that was cancelled before its end would hide the new one, which ends earlier.
        yield* repository.change(tx, current.id, { status: 'expired', expiresAt: now, updatedAt: now })
      yield* begin(tx, userId, PLANS.free, replaced, metadata, now)
      return true
    },
  }
}

/** The metadata of a paid plan about its payment (love-parser §6 Apply). */
const paidMetadata = (plan: Plan, paymentId: string) => ({
  plan_type: plan.code,
  plan_name: plan.name,
  price: plan.price,
  source: 'robokassa',
  renewal: 'manual',
  autoRenew: false,
  last_payment_id: paymentId,
})

/** Whether a row is of the free plan, which renews itself; every other one ends. */
export const isFree = (row: Pick<SubscriptionRow, 'planCode' | 'planName'>): boolean =>
  row.planCode === 'free' || (row.planCode === null && planOf(row).code === 'free')
