import { AppError, forbidden } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { decimalOf, hundredthsOf, sameSignature, signNotification } from '../../platform/payments/robokassa.ts'
import { invalidField } from '../envelope.ts'
import { type createActivation, paidMetadata } from './activation.ts'
import { keptOf, type PaymentNotification } from './notification.ts'
import type { PaymentRow, PaymentsRepository } from './payments-repository.ts'
import { isPlanCode, PLANS, shopUnavailable } from './plans.ts'
import { CURRENCY, type RobokassaConfig } from './purchases.ts'

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

/** Texts that an amount may have been signed as: what was received, and for JSON the same with two decimals. */
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
    if (!good) throw forbidden('The signature of the notification is wrong')
  }

  /** Checks 5 and 6: answers the payment. */
  const checkPayment = (payment: PaymentRow | undefined, amount: string, notification: PaymentNotification): PaymentRow => {
    if (!payment) throw new AppError('not_found', 404, 'Order not found', { details: { orderId: notification.InvId } })
    if (notification.IsTest === '1' && !payment.isTest) throw forbidden('A test payment cannot pay a real order')
    // A test order of before, in a shop that has since stopped testing.
    if (payment.isTest && !shop.testAllowed) throw forbidden('Test payments are not allowed')
    if (hundredthsOf(amount) !== payment.amountMinor)
      throw invalidField(notification.OutSum === undefined ? 'Sum' : 'OutSum', 'Differs from the amount of the order')
    if ((notification.OutSumCurrency ?? CURRENCY) !== payment.currency)
      throw invalidField('OutSumCurrency', 'Differs from the currency of the order')
    if (!isPlanCode(payment.planCode)) throw invalidField('InvId', 'The plan of this order is not sold any more')
    return payment
  }

  return {
    /**
     * Applies a notification. A repeat of it is a success without effect, also in parallel.
     * @param clientIp the address it came from
     * @throws AppError 403, 404 `{orderId}`, 422 by the failed check; 503 while the shop is not configured
     */
    async receive(notification: PaymentNotification, clientIp: string): Promise<void> {
      const isTest = notification.IsTest === '1'
      if (
        notification.MerchantLogin !== undefined &&
        shop.merchantLogin !== '' &&
        notification.MerchantLogin !== shop.merchantLogin
      )
        throw forbidden('The notification is for another shop')
      if (!isAllowed(clientIp)) throw forbidden('Notifications are not accepted from this address')
      if (isTest && !shop.testAllowed) throw forbidden('Test payments are not allowed')
      const amount = notification.OutSum ?? notification.Sum
      if (amount === undefined) throw invalidField('OutSum', 'This field is required')
      const number = Number(notification.InvId)
      const found = Number.isSafeInteger(number) ? await payments.find(number) : undefined
      checkSignature(amount, notification, isTest || found?.isTest === true)
      if (checkPayment(found, amount, notification).status === 'completed') return

      await db.tx(function* (tx) {
        const payment = checkPayment(yield* payments.lock(tx, number), amount, notification)
        if (payment.status === 'completed') return
        const now = new Date(clock.now())
        const plan = PLANS[payment.planCode]
        const subscriptionId = yield* activation.activate(tx, payment.userId, plan, paidMetadata(plan, payment.id), now)
        yield* payments.change(tx, payment.id, {
          status: 'completed',
          subscriptionId,
          payload: keptOf(notification),
          paidAt: now,
          updatedAt: now,
        })
        yield* touchUser(tx, [payment.userId])
      })
    },
  }
}
