import { describe, expect, test } from 'bun:test'
import { PLANS } from '../../../src/love-parser/subscriptions/periods.ts'
import { paymentLink } from '../../../src/love-parser/subscriptions/purchases.ts'
import { onEachDatabase } from '../../support/databases.ts'
import { DAY } from '../../support/fake-clock.ts'
import { makeRig, paid, refusal, SHOP } from './rig.ts'

describe('the payment link', () => {
  const order = { number: 1, amountMinor: 95_000, plan: PLANS.month, isTest: false }
  const description = encodeURIComponent('Подписка «Месяц» на 30 дн.')

  test('§11.18: parameters in their order with the golden signatures', () => {
    expect(paymentLink(SHOP, order)).toBe(
      `https://auth.robokassa.ru/Merchant/Index.aspx?MerchantLogin=demo&OutSum=950.00&InvId=1&Description=${description}&SignatureValue=598488a951eb129706a8622adc41cc81593ad72e2b1905a66a89b5b8eeaad4c0`,
    )
    expect(paymentLink({ ...SHOP, hash: 'md5' }, order)).toEndWith('&SignatureValue=e0d7590fabc98690fe4a37848b52ebbc')
  })

  test('§6: a test order is signed with the test password and says IsTest=1', () => {
    const url = new URL(paymentLink(SHOP, { ...order, isTest: true }))
    expect([...url.searchParams.keys()]).toEqual(['MerchantLogin', 'OutSum', 'InvId', 'Description', 'SignatureValue', 'IsTest'])
    const signature = new Bun.CryptoHasher('sha256').update('demo:950.00:1:test1').digest('hex')
    expect(url.searchParams.get('SignatureValue')).toBe(signature)
  })

  test('§6: pages to return to and a receipt are in the link and in its signature, in the documented order', () => {
    const success = { url: 'https://app.example/paid?from=shop&x=1', method: 'GET' } as const
    const fail = { url: 'https://app.example/failed', method: 'POST' } as const
    const receipt = { sno: 'usn_income', tax: 'none', paymentMethod: 'full_payment', paymentObject: 'service' }
    const signature = (text: string) => new Bun.CryptoHasher('sha256').update(text).digest('hex')

    const url = new URL(paymentLink({ ...SHOP, success, fail, receipt }, order))
    expect([...url.searchParams.keys()]).toEqual([
      ...['MerchantLogin', 'OutSum', 'InvId', 'Description', 'Receipt', 'SuccessUrl2', 'SuccessUrl2Method', 'FailUrl2'],
      ...['FailUrl2Method', 'SignatureValue'],
    ])
    // Decoded once by the shop it is what was signed, decoded twice the JSON.
    const received = url.searchParams.get('Receipt')!
    expect(JSON.parse(decodeURIComponent(received))).toEqual({
      sno: 'usn_income',
      items: [
        {
          name: 'Подписка «Месяц» на 30 дн.',
          quantity: 1,
          sum: 950,
          payment_method: 'full_payment',
          payment_object: 'service',
          tax: 'none',
        },
      ],
    })
    expect(received).toMatch(/^[\w.!~*'()%-]+$/)
    expect(url.searchParams.get('SuccessUrl2')).toBe(success.url)
    expect(url.searchParams.get('SignatureValue')).toBe(
      signature(`demo:950.00:1:${received}:${success.url}:GET:${fail.url}:POST:pw1`),
    )

    const only = new URL(paymentLink({ ...SHOP, fail }, order)).searchParams
    expect([only.has('SuccessUrl2'), only.get('SignatureValue')]).toEqual([
      false,
      signature(`demo:950.00:1:${fail.url}:POST:pw1`),
    ])
    const { sno: _, ...terms } = receipt
    const bare = new URL(paymentLink({ ...SHOP, receipt: terms }, order)).searchParams
    expect(JSON.parse(decodeURIComponent(bare.get('Receipt')!))).not.toHaveProperty('sno')
    expect(bare.get('SignatureValue')).toBe(signature(`demo:950.00:1:${bare.get('Receipt')}:pw1`))
  })

  test('§6: descriptions name the plan in at most 100 characters; a page with a query of its own keeps it', () => {
    for (const plan of Object.values(PLANS)) {
      const text = new URL(paymentLink(SHOP, { ...order, plan })).searchParams.get('Description')!
      expect(text).toContain(plan.name)
      expect(text.length).toBeLessThanOrEqual(100)
    }
    expect(paymentLink({ ...SHOP, paymentUrl: 'https://pay.example/x?a=1' }, order)).toStartWith(
      'https://pay.example/x?a=1&MerchantLogin=demo&',
    )
  })
})

onEachDatabase('purchases', (database) => {
  test('§6: a purchase stores a pending payment with plan, amount and currency', async () => {
    const rig = await makeRig(database)
    const id = await rig.free()
    const { payment_id, robokassa_url, order_id } = await rig.order(id, 'year')
    expect(order_id).toBe('1')
    expect(robokassa_url).toContain('&OutSum=5750.00&InvId=1&')
    expect(await rig.paymentsOf(id)).toEqual([
      expect.objectContaining({
        id: payment_id,
        planCode: 'year',
        amountMinor: 575_000,
        currency: 'RUB',
        status: 'pending',
        isTest: false,
        orderNumber: 1,
        payload: {},
      }),
    ])
  })

  test('§6: 503 while login or a password that applies is missing, and nothing is stored', async () => {
    for (const shop of [
      { merchantLogin: '' },
      { passwords: { link: '', notification: 'pw2' } },
      { passwords: { link: 'pw1', notification: '' } },
      { isTest: true, testPasswords: { link: 'test1', notification: '' } },
    ]) {
      const rig = await makeRig(database, { shop })
      const id = await rig.free()
      expect((await refusal(rig.order(id))).slice(0, 2)).toEqual([503, 'unavailable'])
      expect(await rig.paymentsOf(id)).toEqual([])
    }
  })

  test('§11.20: of six purchases the oldest is cancelled, and still activates when paid', async () => {
    const rig = await makeRig(database)
    const id = await rig.free()
    for (let n = 0; n < 6; n++) await rig.order(id, 'month')
    expect((await rig.paymentsOf(id)).map((row) => [row.orderNumber, row.status])).toEqual([
      [1, 'cancelled'],
      [2, 'pending'],
      [3, 'pending'],
      [4, 'pending'],
      [5, 'pending'],
      [6, 'pending'],
    ])
    await rig.subscriptions.receivePayment(paid('1', '950.00'), '1.2.3.4')
    expect((await rig.paymentsOf(id))[0]!.status).toBe('completed')
    expect(await rig.view(id)).toMatchObject({ active: true, plan: 'month' })
  })

  test('§6: parallel purchases leave five pending, with numbers of their own', async () => {
    const rig = await makeRig(database)
    const [id, other] = [await rig.free(), await rig.free()]
    const second = await database.second()
    const orders = await Promise.all(
      Array.from({ length: 14 }, (_, n) =>
        (n % 2 ? rig.db : second).tx((tx) => rig.subscriptions.purchase(tx, n < 10 ? id : other, 'week', rig.now())),
      ),
    )
    expect(new Set(orders.map((order) => order.order_id)).size).toBe(14)
    const statuses = (await rig.paymentsOf(id)).map((row) => row.status)
    expect(statuses.filter((status) => status === 'pending')).toHaveLength(5)
    expect(statuses.filter((status) => status === 'cancelled')).toHaveLength(5)
    expect(await rig.paymentsOf(other)).toHaveLength(4)
  })

  test('§6, §10: numbers begin at ROBOKASSA_INV_ID_START and are never used again', async () => {
    const rig = await makeRig(database, { shop: { invIdStart: 500 } })
    const id = await rig.free()
    expect([(await rig.order(id)).order_id, (await rig.order(id)).order_id]).toEqual(['500', '501'])
    const { sql } = await import('drizzle-orm')
    await rig.db.sql(sql`delete from payments`)
    expect((await rig.order(id)).order_id).toBe('502')
    // A purchase that is rolled back may leave a gap, but never a number twice.
    await rig.db
      .tx(function* (tx) {
        yield* rig.subscriptions.purchase(tx, id, 'week', rig.now())
        throw new Error('no')
      })
      .catch(() => {})
    rig.clock.advance(DAY)
    expect(Number((await rig.order(id)).order_id)).toBeGreaterThan(502)
  })
})
