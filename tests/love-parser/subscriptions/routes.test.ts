import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { refusedNotificationsTables } from '../../../src/love-parser/tables.ts'
import { createId } from '../../../src/platform/clock.ts'
import { signNotification } from '../../../src/platform/robokassa.ts'
import { onEachDatabase, type TestDatabase } from '../../support/databases.ts'
import { DAY } from '../../support/fake-clock.ts'
import { makeRig, type Person, type Rig, rigOver, START, statusAndCode } from '../rig.ts'

const ENV = { ROBOKASSA_MERCHANT_LOGIN: 'demo', ROBOKASSA_PASSWORD1: 'pw1', ROBOKASSA_PASSWORD2: 'pw2' }
const BASE = '/api/v1/subscriptions'
const HOOK = `${BASE}/webhook/robokassa`
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const GOLDEN = 'OutSum=950.000000&InvId=1&SignatureValue=f5a0dac16e9fd95f6d7877967673fc066ab1155c10a4244a955ef2110a7ad8a4'

const buying = async (database: TestDatabase, env: Record<string, string> = ENV) => {
  const rig = await makeRig(database, { env })
  return { rig, person: await rig.login() }
}
const purchase = (rig: Rig, person: Person, body: unknown, headers: Record<string, string> = {}) =>
  rig.post(`${BASE}/purchase`, body, { ...person.headers, ...headers })
const hook = (rig: Rig, body: string, headers: Record<string, string> = FORM) => rig.post(HOOK, body, headers)
const signed = (invId: string, outSum: string) =>
  `OutSum=${outSum}&InvId=${invId}&SignatureValue=${signNotification('sha256', { outSum, invId, shp: [] }, 'pw2')}`
const statuses = async (rig: Rig) =>
  (await rig.db.sql<{ status: string }>(sql`select status from payments order by order_number`)).map((row) => row.status)

onEachDatabase('routes of plans and payments', (database) => {
  test('§6: GET plans is public and has the four plans in their order', async () => {
    const rig = await makeRig(database)
    const { status, body } = await rig.get(`${BASE}/plans`, {})
    expect(status).toBe(200)
    expect(body.plans.map((plan: any) => plan.type)).toEqual(['free', 'week', 'month', 'year'])
    expect(body.plans[2]).toEqual({
      type: 'month',
      name: 'Месяц',
      price: 950,
      currency: 'RUB',
      limits: { parsing: 50, audience: 50, broadcast: 50 },
    })
  })

  test('§6: GET current, with a plan, after its end and without a row', async () => {
    const { rig, person } = await buying(database)
    const current = () => rig.get(`${BASE}/current`, person.headers)
    expect((await current()).body).toEqual({
      plan_type: 'free',
      status: 'active',
      expires_at: '2026-01-31T00:00:00.000Z',
      renewal_status: 'manual',
      auto_renewal_enabled: false,
    })
    await rig.setSubscription(person, { planCode: 'pro-monthly', metadata: { autoRenew: true } })
    expect((await current()).body).toMatchObject({ plan_type: 'pro-monthly', renewal_status: 'auto', auto_renewal_enabled: true })
    await rig.setSubscription(person, { expiresAt: new Date(START) })
    expect((await current()).body).toMatchObject({
      status: 'expired',
      expires_at: '2026-01-01T00:00:00.000Z',
      renewal_status: 'expired',
    })
    await rig.dropSubscriptions(person)
    expect((await current()).body).toEqual({
      plan_type: 'free',
      status: 'expired',
      expires_at: null,
      renewal_status: 'manual',
      auto_renewal_enabled: false,
    })
    expect(statusAndCode(await rig.get(`${BASE}/current`, {}))).toEqual([401, 'AUTH_ERROR'])
  })

  test('§11.18: a purchase answers payment, page and order', async () => {
    const { rig, person } = await buying(database)
    const { status, body } = await purchase(rig, person, { plan_type: 'month' })
    expect(status).toBe(200)
    expect(body).toEqual({
      payment_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      robokassa_url: expect.stringContaining('&SignatureValue=598488a951eb129706a8622adc41cc81593ad72e2b1905a66a89b5b8eeaad4c0'),
      order_id: '1',
    })
  })

  test('§1, §6: a purchase is refused with 401, 422 and 503, and stores nothing', async () => {
    const { rig, person } = await buying(database, {})
    expect(statusAndCode(await rig.post(`${BASE}/purchase`, { plan_type: 'gold' }, {}))).toEqual([401, 'AUTH_ERROR'])
    for (const body of [{}, { plan_type: 'free' }, { plan_type: 'gold' }, { plan_type: null }]) {
      const answer = await purchase(rig, person, body)
      expect(statusAndCode(answer)).toEqual([422, 'VALIDATION_ERROR'])
      expect(Object.keys(answer.body.error.details.fieldErrors)).toEqual(['plan_type'])
    }
    expect(statusAndCode(await purchase(rig, person, { plan_type: 'week' }))).toEqual([503, 'SERVICE_UNAVAILABLE'])
    expect(await statuses(rig)).toEqual([])
  })

  test('§1: a purchase with the same Idempotency-Key makes one order', async () => {
    const { rig, person } = await buying(database)
    const key = { 'idempotency-key': 'buy-1' }
    const answers = await Promise.all(Array.from({ length: 4 }, () => purchase(rig, person, { plan_type: 'week' }, key)))
    expect(new Set(answers.map((answer) => answer.body.payment_id)).size).toBe(1)
    expect(answers.filter((answer) => answer.headers.get('idempotency-replayed') === 'true')).toHaveLength(3)
    expect(statusAndCode(await purchase(rig, person, { plan_type: 'year' }, key))).toEqual([422, 'VALIDATION_ERROR'])
    expect(await statuses(rig)).toEqual(['pending'])
  })

  test('§11.19: a form is answered OK1 as text, GET too, JSON with a result; the plan, its limits and the dashboard change', async () => {
    const { rig, person } = await buying(database)
    await purchase(rig, person, { plan_type: 'month' })
    const first = await rig.get('/api/v1/dashboard', person.headers)
    expect(first.body.subscription.plan).toBe('free')
    const answer = await hook(rig, GOLDEN)
    expect([answer.status, answer.body, answer.headers.get('content-type')]).toEqual([200, 'OK1', 'text/plain; charset=utf-8'])
    expect((await rig.get(`${HOOK}?${GOLDEN}`, {})).body).toBe('OK1')
    const { SignatureValue } = Object.fromEntries(new URLSearchParams(GOLDEN))
    const json = await rig.post(HOOK, `{"OutSum":950.000000,"InvId":1,"SignatureValue":"${SignatureValue}"}`, {})
    expect([json.status, json.body]).toEqual([200, { result: 'OK' }])
    expect((await rig.me(person)).body).toMatchObject({
      subscription: { plan_type: 'month', status: 'active', expires_at: new Date(START + 30 * DAY).toISOString() },
      limits: { parsing_limit: 50, parsing_used: 0, parsing_resets_at: new Date(START + 30 * DAY).toISOString() },
    })
    expect((await rig.get('/api/v1/dashboard', person.headers)).body.subscription).toMatchObject({
      plan: 'month',
      status: 'active',
    })
  })

  test('§11.20: signed 1.00 is 422 and the payment pending; of 20 parallel duplicates one counts and all succeed', async () => {
    const { rig, person } = await buying(database)
    await purchase(rig, person, { plan_type: 'month' })
    expect(statusAndCode(await hook(rig, signed('1', '1.00')))).toEqual([422, 'VALIDATION_ERROR'])
    expect(await statuses(rig)).toEqual(['pending'])
    const answers = await Promise.all(Array.from({ length: 20 }, () => hook(rig, signed('1', '950.00'))))
    expect(answers.every((answer) => answer.status === 200 && answer.body === 'OK1')).toBe(true)
    expect((await rig.get(`${BASE}/current`, person.headers)).body.expires_at).toBe(new Date(START + 30 * DAY).toISOString())
  })

  test('§6 checks on the wire: 400, 415, 422, 403, 404 with orderId', async () => {
    const { rig } = await buying(database)
    expect(statusAndCode(await rig.post(HOOK, '{', {}))).toEqual([400, 'VALIDATION_ERROR'])
    expect(statusAndCode(await rig.post(HOOK, '', {}))).toEqual([400, 'VALIDATION_ERROR'])
    expect(statusAndCode(await hook(rig, '<xml/>', { 'content-type': 'text/xml' }))).toEqual([415, 'VALIDATION_ERROR'])
    const missing = await hook(rig, 'OutSum=1')
    expect(statusAndCode(missing)).toEqual([422, 'VALIDATION_ERROR'])
    expect(missing.body.error.details).toEqual({
      formErrors: [],
      fieldErrors: { SignatureValue: ['This field is required'], InvId: ['This field is required'] },
    })
    expect((await rig.post(HOOK, '[]', {})).body.error.details).toEqual({
      formErrors: ['The body must be a JSON object'],
      fieldErrors: {},
    })
    expect(statusAndCode(await hook(rig, `${GOLDEN}&MerchantLogin=other`))).toEqual([403, 'FORBIDDEN'])
    expect(statusAndCode(await hook(rig, 'InvId=1&SignatureValue=x&OutSum=950'))).toEqual([403, 'FORBIDDEN'])
    const unknown = await hook(rig, signed('77', '950.00'))
    expect(statusAndCode(unknown)).toEqual([404, 'NOT_FOUND'])
    expect(unknown.body.error.details).toEqual({ orderId: '77' })
    expect(statusAndCode(await rig.call('PUT', HOOK, {}, {}))).toEqual([404, 'NOT_FOUND'])
  })

  const refusals = (rig: Rig) =>
    rig.query(
      'select reason, order_number, sum, address, created_at from refused_payment_notifications order by created_at, reason',
    )
  const warnings = (rig: Rig) =>
    rig.lines.map((line) => JSON.parse(line)).filter(({ level, message }) => level === 'warn' && /notification/.test(message))
  const counted = async (rig: Rig, reason: string) =>
    new RegExp(`^payment_notifications_refused_total\\{reason="${reason}"\\} (\\d+)$`, 'm').exec(
      (await rig.get('/metrics', {})).body,
    )?.[1]

  test('M2: every refused notification is stored, logged once at warn and counted by its reason; a repeat is none', async () => {
    const { rig, person } = await buying(database, { ...ENV, ROBOKASSA_ALLOWED_IPS: '1.2.3.0/24', TRUST_PROXY: '1' })
    await purchase(rig, person, { plan_type: 'month' })
    const good = { 'x-forwarded-for': '1.2.3.4' }
    const json = { ...good, 'content-type': 'application/json' }
    const cases: [
      reason: string,
      status: number,
      body: string,
      headers: Record<string, string>,
      order: string | null,
      sum: string | null,
    ][] = [
      ['unreadable', 400, '{', json, null, null],
      ['unreadable', 415, 'x', { ...good, 'content-type': 'text/xml' }, null, null],
      ['fields', 422, 'OutSum=7&InvId=1', { ...FORM, ...good }, '1', '7'],
      ['fields', 422, 'Sum=7&InvId=abc&SignatureValue=x', { ...FORM, ...good }, 'abc', '7'],
      ['fields', 422, '[]', json, null, null],
      ['shop', 403, `${GOLDEN}&MerchantLogin=other`, { ...FORM, ...good }, '1', '950.000000'],
      ['address', 403, GOLDEN, { ...FORM, 'x-forwarded-for': '9.9.9.9' }, '1', '950.000000'],
      ['amount_missing', 422, 'InvId=1&SignatureValue=x', { ...FORM, ...good }, '1', null],
      ['signature', 403, '{"InvId":1,"SignatureValue":"x","OutSum":950.10}', json, '1', '950.10'],
      ['order_unknown', 404, signed('77', '950.00'), { ...FORM, ...good }, '77', '950.00'],
      ['test_payment', 403, `${signed('1', '950.00')}&IsTest=1`, { ...FORM, ...good }, '1', '950.00'],
      ['amount', 422, signed('1', '1.00'), { ...FORM, ...good }, '1', '1.00'],
      ['currency', 422, `${signed('1', '950.00')}&OutSumCurrency=USD`, { ...FORM, ...good }, '1', '950.00'],
    ]
    // An unset test password would be 503.
    const passwords = { ...ENV, ROBOKASSA_TEST_PASSWORD1: 'pw1', ROBOKASSA_TEST_PASSWORD2: 'pw2' }
    const tested = await rigOver(rig.db, {
      clock: rig.clock,
      env: { ...passwords, ROBOKASSA_ALLOWED_IPS: '1.2.3.0/24', TRUST_PROXY: '1' },
    })
    for (const [n, [reason, status, body, headers, order, sum]] of cases.entries()) {
      tested.clock.advance(1000)
      const before = Number(await counted(tested, reason))
      expect([reason, (await hook(tested, body, headers)).status]).toEqual([reason, status])
      const rows = await refusals(tested)
      expect(rows).toHaveLength(n + 1)
      expect(rows[n]).toMatchObject({ reason, order_number: order, sum, address: headers['x-forwarded-for'] })
      expect(new Date(rows[n].created_at).getTime()).toBe(tested.clock.now())
      expect(warnings(tested)).toHaveLength(n + 1)
      expect(warnings(tested)[n]).toMatchObject({ reason, order, sum, address: headers['x-forwarded-for'] })
      // What is rendered is shared for a second.
      tested.clock.advance(1000)
      expect([reason, Number(await counted(tested, reason))]).toEqual([reason, before + 1])
    }
    expect((await tested.get(`${HOOK}?${signed('1', '1.00')}`, good)).status).toBe(422)
    expect(await refusals(tested)).toHaveLength(cases.length + 1)

    for (let n = 0; n < 2; n++) expect((await hook(tested, GOLDEN, { ...FORM, ...good })).body).toBe('OK1')
    expect(await refusals(tested)).toHaveLength(cases.length + 1)
    expect(JSON.stringify([await refusals(tested), tested.lines])).not.toMatch(/pw1|pw2|f5a0dac1|SignatureValue/)
  })

  test('M2: what is stored is bounded: length of texts, rows of a reason, age', async () => {
    const { rig } = await buying(database)
    const long = '9'.repeat(5000)
    expect((await hook(rig, `InvId=${long}&SignatureValue=x&OutSum=${long}`)).status).toBe(403)
    expect((await refusals(rig))[0]).toMatchObject({ order_number: '9'.repeat(64), sum: '9'.repeat(64) })
    expect((await hook(rig, signed('77', '950.00'))).status).toBe(404)
    const { refusedNotifications } = refusedNotificationsTables(rig.db.kit)
    rig.clock.advance(1000)
    const createdAt = new Date(rig.clock.now())
    await rig.db.q
      .insert(refusedNotifications)
      .values(Array.from({ length: 999 }, () => ({ id: createId(rig.clock), reason: 'signature', address: '', createdAt })))
      .returning({ id: refusedNotifications.id })
    for (let n = 0; n < 2; n++) {
      rig.clock.advance(1000)
      await hook(rig, `InvId=${n + 2}&SignatureValue=x&OutSum=1`)
    }
    expect(await rig.count('refused_payment_notifications', "reason = 'signature'")).toBe(1000)
    // The oldest have gone, and none of another reason.
    expect(await rig.count('refused_payment_notifications', `order_number = '${'9'.repeat(64)}'`)).toBe(0)
    expect(await rig.count('refused_payment_notifications', "order_number in ('2', '3')")).toBe(2)
    expect(await rig.count('refused_payment_notifications', "reason = 'order_unknown'")).toBe(1)

    const purge = () => rig.db.tx((tx) => rig.loveParser!.refusedNotifications.purge(tx, new Date(rig.clock.now())))
    rig.clock.advance(89 * DAY)
    await purge()
    expect(await rig.count('refused_payment_notifications')).toBe(1001)
    rig.clock.advance(DAY)
    await purge()
    expect(await rig.count('refused_payment_notifications')).toBe(0)
  })

  test('M2: the shop gets its answer although the refusal cannot be stored', async () => {
    const { rig } = await buying(database)
    await rig.db.sql(sql`alter table refused_payment_notifications rename to away`)
    expect((await hook(rig, signed('77', '950.00'))).status).toBe(404)
    await rig.db.sql(sql`alter table away rename to refused_payment_notifications`)
    expect(rig.errors()).toMatchObject([{ reason: 'order_unknown', order: '77' }])
    expect(await counted(rig, 'order_unknown')).toBe('1')
  })

  test('§6: ROBOKASSA_ALLOWED_IPS is asked with the address behind the trusted proxies', async () => {
    const { rig, person } = await buying(database, { ...ENV, ROBOKASSA_ALLOWED_IPS: '185.59.216.0/24', TRUST_PROXY: '1' })
    await purchase(rig, person, { plan_type: 'month' })
    const from = (address: string) => hook(rig, GOLDEN, { ...FORM, 'x-forwarded-for': address })
    expect(statusAndCode(await from('1.2.3.4'))).toEqual([403, 'FORBIDDEN'])
    expect(statusAndCode(await from('185.59.216.65, 1.2.3.4'))).toEqual([403, 'FORBIDDEN'])
    expect((await from('185.59.216.65')).body).toBe('OK1')
  })

  test('§10: no password, signature or payment page is stored or answered', async () => {
    const { rig, person } = await buying(database)
    await purchase(rig, person, { plan_type: 'month' })
    await hook(rig, GOLDEN)
    const stored = await rig.db.sql<{ payload: unknown; metadata: unknown }>(
      sql`select p.payload as payload, s.metadata as metadata from payments p join subscriptions s on s.id = p.subscription_id`,
    )
    const texts = [stored, (await hook(rig, 'InvId=1&SignatureValue=x&OutSum=950')).body, (await rig.me(person)).body].map(
      (value) => JSON.stringify(value),
    )
    for (const text of texts) expect(text).not.toMatch(/pw1|pw2|f5a0dac1|SignatureValue/)
    expect(stored).toHaveLength(1)
  })
})
