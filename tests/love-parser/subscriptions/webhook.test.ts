import { describe, expect, test } from 'bun:test'
import { keptOf, readNotification } from '../../../src/love-parser/notifications.ts'
import { allowList } from '../../../src/love-parser/subscriptions/purchases.ts'
import { signNotification } from '../../../src/platform/robokassa.ts'
import { onEachDatabase } from '../../support/databases.ts'
import { DAY, HOUR } from '../../support/fake-clock.ts'
import { makeRig, paid, type Rig, refusal, START } from './rig.ts'

const GOLDEN = 'f5a0dac16e9fd95f6d7877967673fc066ab1155c10a4244a955ef2110a7ad8a4'
const GOLDEN_SHP = '943b8eaf48ebed1a65bb857a99694d7028c3ee7d74ca7176f5b76108c6e46c49'
const IP = '1.2.3.4'

const form = (bodyText: string, contentType: string | null = 'application/x-www-form-urlencoded') =>
  readNotification({ contentType, bodyText, query: new URLSearchParams() })
const json = (bodyText: string) => readNotification({ contentType: 'application/json', bodyText, query: new URLSearchParams() })
const query = (text: string) => readNotification({ contentType: null, bodyText: '', query: new URLSearchParams(text) })
const fieldsRefused = (read: () => unknown): unknown => {
  try {
    read()
  } catch (error) {
    const { status, details } = error as { status: number; details?: { formErrors: string[]; fieldErrors: object } }
    return details ? [status, details.formErrors.length, Object.keys(details.fieldErrors)] : status
  }
  return undefined
}

describe('reading a notification', () => {
  test('§6: values of a form are decoded, and otherwise taken literally', () => {
    const read = form(`OutSum=950.000000&InvId=1&SignatureValue=${GOLDEN}&Shp_b=a+b%2Bc&Shp_a=%D1%8F&EMail=x`)
    expect(read).toMatchObject({ OutSum: '950.000000', InvId: '1', SignatureValue: GOLDEN, json: false })
    expect(read.shp).toEqual([
      ['Shp_b', 'a b+c'],
      ['Shp_a', 'я'],
    ])
    expect(keptOf(read)).toEqual({ InvId: '1', OutSum: '950.000000', Shp_a: 'я', Shp_b: 'a b+c' } as never)
  })

  test('§6: JSON numbers keep the text they were written as; InvId may be an integer or a string', () => {
    expect(json(`{"OutSum":950.000000,"InvId":1,"SignatureValue":"x","IsTest":1,"Shp_n":1.50}`)).toMatchObject({
      OutSum: '950.000000',
      InvId: '1',
      IsTest: '1',
      shp: [['Shp_n', '1.50']],
      json: true,
    })
    expect(json(`{"Sum":"950","InvId":"7","SignatureValue":"x","OutSum":null}`)).toMatchObject({ Sum: '950', InvId: '7' })
  })

  test('§6: the query counts when there is no body; the first of two values counts', () => {
    expect(query('InvId=1&SignatureValue=x&OutSum=1&OutSum=2')).toMatchObject({ OutSum: '1', json: false })
    expect(form('InvId=1&__proto__=2&SignatureValue=x').InvId).toBe('1')
  })

  test('§6 check 1: missing or unusable SignatureValue and InvId are 422 on them', () => {
    expect(fieldsRefused(() => form('OutSum=1'))).toEqual([422, 0, ['SignatureValue', 'InvId']])
    expect(fieldsRefused(() => form('InvId=&SignatureValue='))).toEqual([422, 0, ['SignatureValue', 'InvId']])
    for (const invId of ['abc', '-1', '1.5', '1e3', ' 1'])
      expect(fieldsRefused(() => form(`SignatureValue=x&InvId=${invId}`))).toEqual([422, 0, ['InvId']])
    expect(fieldsRefused(() => json('{"InvId":1.5,"SignatureValue":{}}'))).toEqual([422, 0, ['SignatureValue', 'InvId']])
    expect(fieldsRefused(() => json('{"InvId":1,"SignatureValue":"x","Shp_a":[]}'))).toEqual([422, 0, ['Shp_a']])
    for (const body of ['[]', 'null', '"x"', '1']) expect(fieldsRefused(() => json(body))).toEqual([422, 1, []])
  })

  test('§1: malformed JSON is 400, another media type 415', () => {
    for (const body of ['', '{', '{"InvId":01}']) expect(fieldsRefused(() => json(body))).toEqual([400, 1, []])
    expect(fieldsRefused(() => form('InvId=1', 'text/plain'))).toBe(415)
    expect(fieldsRefused(() => form('InvId=1', null))).toBe(415)
  })
})

test('§6: ROBOKASSA_ALLOWED_IPS takes addresses and networks; none allows all', () => {
  expect(allowList([])('anything')).toBe(true)
  const allowed = allowList(['1.2.3.4', '185.59.216.0/24', '2001:db8::/32'])
  for (const address of ['1.2.3.4', '::ffff:1.2.3.4', '185.59.216.255', '2001:db8:1::1']) expect(allowed(address)).toBe(true)
  for (const address of ['1.2.3.5', '185.59.217.1', '2001:db9::1', '', 'unknown']) expect(allowed(address)).toBe(false)
})

onEachDatabase('payment notifications', (database) => {
  const receive = (rig: Rig, notification: ReturnType<typeof paid>, ip = IP) => rig.subscriptions.receivePayment(notification, ip)
  const ordered = async (options = {}, plan: 'week' | 'month' | 'year' = 'month') => {
    const rig = await makeRig(database, options)
    const id = await rig.free()
    await rig.order(id, plan)
    return { rig, id }
  }
  const statusOf = async (rig: Rig, id: string) => (await rig.paymentsOf(id)).map((row) => row.status)

  test('§11.19: the golden form notification is applied, upper-case hex too, and with Shp_ parameters', async () => {
    for (const signature of [GOLDEN, GOLDEN.toUpperCase()]) {
      const { rig, id } = await ordered()
      await receive(rig, form(`OutSum=950.000000&InvId=1&SignatureValue=${signature}`) as never)
      expect(await statusOf(rig, id)).toEqual(['completed'])
    }
    const { rig, id } = await ordered()
    await receive(rig, form(`Shp_b=2&OutSum=950.000000&InvId=1&SignatureValue=${GOLDEN_SHP}&Shp_a=1`) as never)
    expect(await statusOf(rig, id)).toEqual(['completed'])
  })

  test('§6 Apply: activation, metadata, a completed payment with the parameters and no signature, a new revision', async () => {
    const { rig, id } = await ordered()
    const before = await rig.revisionOf(id)
    rig.clock.advance(HOUR)
    await receive(rig, paid('1', '950', { MerchantLogin: 'demo', OutSumCurrency: 'RUB', shp: [] }))
    const [payment] = await rig.paymentsOf(id)
    const [row] = await rig.rowsOf(id)
    expect(payment).toMatchObject({ status: 'completed', subscriptionId: row!.id, paidAt: new Date(START + HOUR) })
    expect(payment!.payload).toEqual({ InvId: '1', OutSum: '950', MerchantLogin: 'demo', OutSumCurrency: 'RUB' })
    expect(row).toMatchObject({
      planCode: 'month',
      planName: 'Месяц',
      status: 'active',
      startedAt: new Date(START + HOUR),
      metadata: {
        plan_type: 'month',
        plan_name: 'Месяц',
        price: 950,
        source: 'robokassa',
        renewal: 'manual',
        autoRenew: false,
        last_payment_id: payment!.id,
      },
    })
    expect(await rig.revisionOf(id)).toBe(before + 1)
    expect(await rig.rowsOf(id)).toHaveLength(1)
  })

  test('§11.21: first month: limits 50, resets_at = expiry; month twice +60 d; then week: limits 10', async () => {
    const rig = await makeRig(database)
    const id = await rig.free()
    await rig.buy(id, 'month')
    const end = new Date(START + 30 * DAY)
    expect(await rig.view(id)).toMatchObject({
      current: { expiresAt: end },
      limits: { parsing: { limit: 50, used: 0, resetsAt: end }, broadcast: { limit: 50, used: 0, resetsAt: end } },
    })
    await rig.buy(id, 'month')
    expect((await rig.view(id)).current!.expiresAt).toEqual(new Date(START + 60 * DAY))
    rig.clock.advance(30 * DAY)
    await rig.buy(id, 'week')
    expect(await rig.view(id)).toMatchObject({
      current: { expiresAt: new Date(START + 37 * DAY + 1_276_800_000) },
      limits: { parsing: { limit: 10, used: 0, resetsAt: new Date(START + 37 * DAY) } },
    })
  })

  test('§6 checks: each is refused with its status, in their order, and changes nothing', async () => {
    const { rig, id } = await ordered({ shop: { allowedIps: ['1.2.3.4'], testAllowed: false } })
    const wrong = { SignatureValue: 'x' }
    const cases: [ReturnType<typeof paid>, string, number, unknown?][] = [
      // (2) before (3): another shop, another address, a test; without an amount and with a wrong signature.
      [paid('1', '950', { ...wrong, OutSum: undefined, MerchantLogin: 'other' }), IP, 403],
      [paid('1', '950', { ...wrong, OutSum: undefined }), '9.9.9.9', 403],
      [paid('1', '950', { ...wrong, OutSum: undefined, IsTest: '1' }), IP, 403],
      // (3) before (4)
      [
        paid('1', '950', { ...wrong, OutSum: undefined }),
        IP,
        422,
        { formErrors: [], fieldErrors: { OutSum: ['This field is required'] } },
      ],
      // (4) before (5): a wrong signature does not tell whether the order exists.
      [paid('99', '950', wrong), IP, 403],
      [paid('1', '950', { SignatureValue: '' }), IP, 403],
      [paid('1', '950', {}, 'pw1'), IP, 403],
      [paid('1', '950', { shp: [['Shp_a', '1']] }), IP, 403],
      [paid('1', '950.0', { OutSum: '950.00' }), IP, 403],
      // (5)
      [paid('99', '950'), IP, 404, { orderId: '99' }],
      [paid('99999999999999999999', '950'), IP, 404, { orderId: '99999999999999999999' }],
      // (6)
      [paid('1', '1.00'), IP, 422, { formErrors: [], fieldErrors: { OutSum: ['Differs from the amount of the order'] } }],
      [paid('1', '950.001'), IP, 422],
      [paid('1', 'abc'), IP, 422],
      [paid('1', '950', { OutSumCurrency: 'USD' }), IP, 422],
    ]
    for (const [notification, ip, status, details] of cases) {
      const refused = await refusal(receive(rig, notification, ip))
      expect([refused[0], notification.OutSum, ip]).toEqual([status, notification.OutSum, ip])
      if (details) expect(refused[2]).toEqual(details)
    }
    expect(await statusOf(rig, id)).toEqual(['pending'])
    expect((await rig.view(id)).plan).toBe('free')
  })

  test('§11.20: correctly signed 1.00 -> 422, payment pending', async () => {
    const { rig, id } = await ordered()
    expect((await refusal(receive(rig, paid('1', '1.00'))))[0]).toBe(422)
    expect(await statusOf(rig, id)).toEqual(['pending'])
  })

  test('§6 check 6: the stored plan has to exist', async () => {
    const { rig } = await ordered()
    const { sql } = await import('drizzle-orm')
    await rig.db.sql(sql`update payments set plan_code = 'gold'`)
    expect((await refusal(receive(rig, paid('1', '950'))))[0]).toBe(422)
  })

  test('§6: Sum stands in for OutSum; amounts compare as decimals', async () => {
    for (const amount of ['950', '950,00', '950.000000', '0950.0']) {
      const { rig, id } = await ordered()
      await receive(rig, paid('1', amount, { OutSum: undefined, Sum: amount }))
      expect(await statusOf(rig, id)).toEqual(['completed'])
    }
  })

  test('§6: for JSON the amount with two decimals is accepted as signed too; for a form it is not', async () => {
    const { SignatureValue } = paid('1', '950.00')
    const { rig, id } = await ordered()
    expect((await refusal(receive(rig, paid('1', '950', { SignatureValue }))))[0]).toBe(403)
    await receive(rig, json(`{"OutSum":950,"InvId":1,"SignatureValue":"${SignatureValue}"}`) as never)
    expect(await statusOf(rig, id)).toEqual(['completed'])
    const literal = await ordered()
    await receive(literal.rig, json(`{"OutSum":950.000000,"InvId":1,"SignatureValue":"${GOLDEN}"}`) as never)
    expect(await statusOf(literal.rig, literal.id)).toEqual(['completed'])
  })

  test('§6: every hash the shop may be set to, and no other than that', async () => {
    const hashes = ['md5', 'ripemd160', 'sha1', 'sha256', 'sha384', 'sha512'] as const
    for (const hash of hashes) {
      const { rig, id } = await ordered({ shop: { hash } })
      const sign = (by: (typeof hashes)[number]) => signNotification(by, { outSum: '950.00', invId: '1', shp: [] }, 'pw2')
      for (const other of hashes)
        if (other !== hash)
          expect((await refusal(receive(rig, paid('1', '950.00', { SignatureValue: sign(other) }))))[0]).toBe(403)
      await receive(rig, paid('1', '950.00', { SignatureValue: sign(hash) }))
      expect(await statusOf(rig, id)).toEqual(['completed'])
    }
  })

  test('§6: IsTest=1 and test orders use the test passwords; a test never pays a real order', async () => {
    const real = await ordered()
    expect((await refusal(receive(real.rig, paid('1', '950', { IsTest: '1' }))))[0]).toBe(403)
    expect(await refusal(receive(real.rig, paid('1', '950', { IsTest: '1' }, 'test2')))).toEqual([403, 'forbidden', undefined])
    expect(await statusOf(real.rig, real.id)).toEqual(['pending'])

    const tested = await ordered({ shop: { isTest: true } })
    expect((await refusal(receive(tested.rig, paid('1', '950'))))[0]).toBe(403)
    await receive(tested.rig, paid('1', '950', { IsTest: '1' }, 'test2'))
    expect(await statusOf(tested.rig, tested.id)).toEqual(['completed'])
    const unsaid = await ordered({ shop: { isTest: true } })
    await receive(unsaid.rig, paid('1', '950', {}, 'test2'))
    expect(await statusOf(unsaid.rig, unsaid.id)).toEqual(['completed'])
  })

  test('§10: a test order of before is not applied once tests are not allowed', async () => {
    const { rig, id } = await ordered({ shop: { isTest: true, testAllowed: false } })
    expect((await refusal(receive(rig, paid('1', '950', {}, 'test2'))))[0]).toBe(403)
    expect(await statusOf(rig, id)).toEqual(['pending'])
  })

  test('§6: an unset password verifies nothing: 503', async () => {
    const { rig } = await ordered()
    const bare = await makeRig(database, { shop: { passwords: { link: '', notification: '' } } })
    expect((await refusal(receive(bare, paid('1', '950', {}, ''))))[0]).toBe(503)
    expect(rig).toBeDefined()
  })

  test('issue 3: 20 parallel identical webhooks: one extension, all succeed', async () => {
    const rig = await makeRig(database)
    const id = await rig.free()
    await rig.order(id)
    const other = await rig.another()
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 ? rig : other).subscriptions.receivePayment(paid('1', '950.00'), IP)),
    )
    await receive(rig, paid('1', '950.00'))
    expect((await rig.view(id)).current!.expiresAt).toEqual(new Date(START + 30 * DAY))
    expect(await rig.usageOf(id)).toMatchObject({ limitValue: 50, period: 2 })
  })

  test('§6: two orders of a person without any plan, paid at the same moment, both count', async () => {
    const rig = await makeRig(database)
    const id = await rig.user()
    await rig.order(id)
    await rig.order(id)
    const other = await rig.another()
    await Promise.all([
      rig.subscriptions.receivePayment(paid('1', '950.00'), IP),
      other.subscriptions.receivePayment(paid('2', '950.00'), IP),
    ])
    expect((await rig.rowsOf(id)).map((row) => row.expiresAt)).toEqual([new Date(START + 60 * DAY)])
  })

  test('§6: failed and cancelled orders paid late are applied', async () => {
    const { rig, id } = await ordered()
    rig.clock.advance(25 * HOUR)
    await rig.work.jobs['payment-check']()
    expect(await statusOf(rig, id)).toEqual(['failed'])
    await receive(rig, paid('1', '950.00'))
    expect(await statusOf(rig, id)).toEqual(['completed'])
    expect((await rig.view(id)).current!.expiresAt).toEqual(new Date(START + 25 * HOUR + 30 * DAY))
  })
})
