import { describe, expect, test } from 'bun:test'
import { accessTables } from '../../src/access/tables.ts'
import { signNotification } from '../../src/platform/robokassa.ts'
import { INTERNAL } from '../support/app.ts'
import { onEachDatabase, type TestDatabase } from '../support/databases.ts'
import { DAY, iso } from '../support/fake-clock.ts'
import { type Headers, makeRig, type Person, type Rig, statusAndCode } from './rig.ts'

const SHOP = { ROBOKASSA_MERCHANT_LOGIN: 'demo', ROBOKASSA_PASSWORD1: 'pw1', ROBOKASSA_PASSWORD2: 'pw2' }
const BASE = '/internal/love-parser'
const UNKNOWN = '01890000-0000-7000-8000-000000000000'

const start = async (database: TestDatabase) => {
  const rig = await makeRig(database, { env: SHOP })
  const person = await rig.login('+79991112233')
  const buy = async (who = person, plan_type = 'month'): Promise<string> => {
    const answer = await rig.post('/api/v1/subscriptions/purchase', { plan_type }, who.headers)
    expect(answer.status).toBe(200)
    return answer.body.order_id
  }
  const notify = (invId: string, outSum: string, password = 'pw2') =>
    rig.post(
      '/api/v1/subscriptions/webhook/robokassa',
      { InvId: invId, OutSum: outSum, SignatureValue: signNotification('sha256', { outSum, invId, shp: [] }, password) },
      {},
    )
  const operate = (method: 'GET' | 'POST', path: string, body?: unknown, headers: Headers = INTERNAL) =>
    rig.call(method, `${BASE}${path}`, body, headers)
  const audit = async (target: string) => (await operate('GET', `/audit?target=${target}`)).body.items
  return { rig, person, buy, notify, operate, audit }
}
/** Headers of a dashboard user who is stored with a role. */
const dashboard = async (rig: Rig, chatId: number, role: 'user' | 'admin' | 'superadmin'): Promise<Headers> => {
  const { subscribers } = accessTables(rig.db.kit)
  const now = new Date(rig.clock.now())
  const row = { chatId, name: `${role} Ann`, role, isActive: true, permissions: [], createdAt: now, updatedAt: now }
  await rig.db.q.insert(subscribers).values(row).returning({ id: subscribers.id })
  const token = await rig.dashboard.sign({ sub: String(chatId), role, jti: `j${chatId}` }, 86_400)
  return { authorization: `Bearer ${token}` }
}
const current = async (rig: Rig, { headers }: Person) => (await rig.get('/api/v1/subscriptions/current', headers)).body

onEachDatabase('love-parser §12 operators', (database) => {
  describe('M1: who may call', () => {
    test('the internal token or a dashboard JWT, in the family envelope, with this family alone', async () => {
      const { rig, person, operate } = await start(database)
      expect((await operate('GET', '/payments')).body).toEqual({ items: [] })
      for (const [headers, status, code] of [
        [{}, 401, 'AUTH_ERROR'],
        [person.headers, 401, 'AUTH_ERROR'],
        [{ 'x-internal-token': 'wrong' }, 403, 'FORBIDDEN'],
        [await dashboard(rig, 3, 'user'), 403, 'FORBIDDEN'],
        [await dashboard(rig, 1, 'admin'), 200, undefined],
        [await dashboard(rig, 2, 'superadmin'), 200, undefined],
      ] as [Headers, number, string | undefined][])
        expect(statusAndCode(await operate('GET', '/payments', undefined, headers))).toEqual([status, code])
      expect(statusAndCode(await operate('GET', '/nothing'))).toEqual([404, 'NOT_FOUND'])
      expect(statusAndCode(await operate('POST', `/users/${person.id}/block`, { reason: 'x y z' }, {}))).toEqual([
        401,
        'AUTH_ERROR',
      ])
    })

    test('an admin changes people and plans, but applies no payment', async () => {
      const { rig, person, buy, operate, audit } = await start(database)
      const admin = await dashboard(rig, 1, 'admin')
      const order = await buy()
      const body = { reason: 'the money is there', amount: '950.00' }
      const path = `/payments/${order}/notification/resend`
      expect(statusAndCode(await operate('POST', path, body, admin))).toEqual([403, 'FORBIDDEN'])
      expect(await audit(`payment:${order}`)).toEqual([])
      expect((await operate('POST', path, body, await dashboard(rig, 2, 'superadmin'))).status).toBe(200)
      expect((await audit(`payment:${order}`))[0].actor).toEqual({
        kind: 'dashboard',
        id: expect.stringMatching(/^subscriber:\d+$/),
        name: 'superadmin Ann',
      })
      expect((await operate('POST', `/users/${person.id}/block`, { reason: 'spam' }, admin)).status).toBe(200)
    })
  })

  describe('M1: payments', () => {
    test('are listed newest first, by status, user, order and time, page by page', async () => {
      const { rig, person, buy, operate } = await start(database)
      const other = await rig.login('+79995556677')
      const orders = [await buy(), await buy(other, 'week')]
      rig.clock.advance(DAY)
      orders.push(await buy(person, 'year'))
      const listed = async (query: string) => {
        const { status, body } = await operate('GET', `/payments${query}`)
        expect(status).toBe(200)
        return body.items.map((item: any) => item.order)
      }
      expect(await listed('')).toEqual(orders.toReversed())
      expect(await listed(`?user_id=${other.id}`)).toEqual([orders[1]])
      expect(await listed(`?order=${orders[0]}`)).toEqual([orders[0]])
      expect(await listed('?status=completed')).toEqual([])
      expect(await listed('?status=pending')).toHaveLength(3)
      expect(await listed(`?from=${iso(rig.clock.now())}`)).toEqual([orders[2]])
      expect(await listed(`?to=${iso(rig.clock.now() - 1)}`)).toEqual([orders[1], orders[0]])

      const first = (await operate('GET', '/payments?limit=2')).body
      expect(first.items.map((item: any) => item.order)).toEqual([orders[2], orders[1]])
      const second = (await operate('GET', `/payments?limit=2&cursor=${first.next_cursor}`)).body
      expect(second.items.map((item: any) => item.order)).toEqual([orders[0]])
      expect(second).not.toHaveProperty('next_cursor')
      for (const query of ['cursor=x', 'status=paid', 'user_id=7', 'order=x', 'from=yesterday', 'limit=0'])
        expect([query, (await operate('GET', `/payments?${query}`)).status]).toEqual([query, 422])
    })

    test('one shows its user, plan, kept notification and the refused ones of its order', async () => {
      const { person, buy, notify, operate } = await start(database)
      const order = await buy()
      const another = await buy()
      expect((await notify(order, '950.00', 'wrong')).status).toBe(403)
      expect((await notify(order, '1.00')).status).toBe(422)
      expect((await notify(another, '2.00')).status).toBe(422)
      const pending = (await operate('GET', `/payments/${order}`)).body
      expect(pending).toMatchObject({ order, user_id: person.id, status: 'pending', subscription: null, callback: {} })
      expect(pending.refused.map((row: any) => [row.reason, row.sum])).toEqual([
        ['amount', '1.00'],
        ['signature', '950.00'],
      ])
      expect((await notify(order, '950.00')).status).toBe(200)
      const paid = (await operate('GET', `/payments/${order}`)).body
      expect(paid).toMatchObject({ status: 'completed', subscription: { plan_type: 'month', status: 'active' } })
      expect(paid.callback).toMatchObject({ OutSum: '950.00', InvId: order })
      expect(JSON.stringify(paid)).not.toContain('SignatureValue')

      const all = (await operate('GET', '/payments/refused?limit=2')).body
      expect(all.items.map((row: any) => row.order)).toEqual([another, order])
      const rest = (await operate('GET', `/payments/refused?limit=2&cursor=${all.next_cursor}`)).body
      expect([rest.items.map((row: any) => row.reason), rest.next_cursor]).toEqual([['signature'], undefined])
      expect((await operate('GET', `/payments/refused?order=${another}`)).body.items).toHaveLength(1)
      expect(statusAndCode(await operate('GET', '/payments/999'))).toEqual([404, 'NOT_FOUND'])
    })

    test('a lost confirmation is applied once, with the amount that came, and audited', async () => {
      const { rig, person, buy, operate, audit } = await start(database)
      const order = await buy()
      const path = `/payments/${order}/notification/resend`
      const reason = 'seen in the shop'
      for (const body of [{ reason }, { reason, amount: '949.99' }, { amount: '950.00' }, { reason: 'x', amount: '950' }])
        expect((await operate('POST', path, body)).status).toBe(422)
      expect((await current(rig, person)).plan_type).toBe('free')
      expect(await audit(`payment:${order}`)).toEqual([])

      rig.clock.advance(DAY)
      const headers = { ...INTERNAL, 'x-request-id': 'operator-1' }
      const answers = await Promise.all([1, 2, 3].map(() => operate('POST', path, { reason, amount: 950 }, headers)))
      for (const answer of answers) expect(answer.body).toMatchObject({ order, status: 'completed', amount: '950.00' })
      expect(await current(rig, person)).toMatchObject({
        plan_type: 'month',
        status: 'active',
        expires_at: iso(rig.clock.now() + 30 * DAY),
      })
      const entries = await audit(`payment:${order}`)
      expect(entries).toEqual([
        {
          id: expect.any(String),
          at: iso(rig.clock.now()),
          actor: { kind: 'service', id: 'service', name: null },
          action: 'payment.apply',
          target: { kind: 'payment', id: order },
          before: { status: 'pending', subscription_id: null },
          after: { status: 'completed', subscription_id: expect.any(String), amount: '950.00', user_id: person.id },
          reason,
          request_id: 'operator-1',
          ip: expect.any(String),
        },
      ])
      expect(statusAndCode(await operate('POST', '/payments/999/notification/resend', { reason, amount: 1 }))).toEqual([
        404,
        'NOT_FOUND',
      ])
    })
  })

  describe('M1: plans and people', () => {
    test('a paid plan is ended now: the user stands as after an expiry, and who, why and the refund are kept', async () => {
      const { rig, person, buy, notify, operate, audit } = await start(database)
      const path = `/users/${person.id}/plan/end`
      const body = { reason: 'refunded', refund: { amount: '950', note: 'by the shop' } }
      expect(statusAndCode(await operate('POST', path, body))).toEqual([422, 'VALIDATION_ERROR'])
      await notify(await buy(), '950.00')
      expect((await rig.get('/api/v1/dashboard', person.headers)).body.subscription).toMatchObject({ status: 'active' })
      const ends = iso(rig.clock.now() + 30 * DAY)

      expect((await operate('POST', path, body)).body).toMatchObject({ status: 'expired', expires_at: iso(rig.clock.now()) })
      expect((await current(rig, person)).status).toBe('expired')
      expect((await rig.get('/api/v1/dashboard', person.headers)).body.subscription).toMatchObject({ status: 'expired' })
      expect(statusAndCode(await rig.search(person))).toEqual([402, 'SUBSCRIPTION_REQUIRED'])
      expect(await audit(`user:${person.id}`)).toMatchObject([
        {
          action: 'plan.end',
          before: { plan_type: 'month', status: 'active', expires_at: ends },
          after: { plan_type: 'month', status: 'expired', refund: { amount: '950.00', note: 'by the shop' } },
          reason: 'refunded',
        },
      ])
      expect((await operate('POST', path, body)).status).toBe(422)
      expect(await audit(`user:${person.id}`)).toHaveLength(1)
      expect(statusAndCode(await operate('POST', `/users/${UNKNOWN}/plan/end`, body))).toEqual([404, 'NOT_FOUND'])
    })

    test('or shortened to a time ahead, when the expiry job ends it; not beyond its end', async () => {
      const { rig, person, buy, notify, operate } = await start(database)
      await notify(await buy(), '950.00')
      const path = `/users/${person.id}/plan/end`
      const late = await operate('POST', path, { reason: 'too late', at: iso(rig.clock.now() + 31 * DAY) })
      expect([late.status, Object.keys(late.body.error.details.fieldErrors)]).toEqual([422, ['at']])
      const at = iso(rig.clock.now() + 2 * DAY)
      expect((await operate('POST', path, { reason: 'half of it', at })).body).toMatchObject({ status: 'active', expires_at: at })
      expect((await rig.search(person)).status).toBe(202)
      rig.clock.advance(2 * DAY)
      await rig.schedules.tick()
      await rig.runner.drain(['love-parser.job'])
      expect(await current(rig, person)).toMatchObject({ status: 'expired', expires_at: at })
    })

    test('a blocked user is 403 at once and again let in when unblocked; nothing is audited twice', async () => {
      const { rig, person, operate, audit } = await start(database)
      const path = `/users/${person.id}`
      expect((await operate('POST', `${path}/block`, {})).status).toBe(422)
      for (let n = 0; n < 2; n++)
        expect((await operate('POST', `${path}/block`, { reason: 'spam' })).body).toEqual({ id: person.id, status: 'blocked' })
      expect(statusAndCode(await rig.me(person))).toEqual([403, 'FORBIDDEN'])
      rig.clock.advance(1)
      expect((await operate('POST', `${path}/unblock`, { reason: 'was a mistake' })).body.status).toBe('active')
      expect((await rig.me(person)).status).toBe(200)
      const entries = await audit(`user:${person.id}`)
      expect(entries.map((entry: any) => [entry.action, entry.before, entry.after])).toEqual([
        ['user.unblock', { status: 'blocked' }, { status: 'active' }],
        ['user.block', { status: 'active' }, { status: 'blocked' }],
      ])
      const first = (await operate('GET', `/audit?target=user:${person.id}&limit=1`)).body
      const second = (await operate('GET', `/audit?target=user:${person.id}&limit=1&cursor=${first.next_cursor}`)).body
      expect([...first.items, ...second.items]).toEqual(entries)
      expect(statusAndCode(await operate('POST', `/users/${UNKNOWN}/block`, { reason: 'spam' }))).toEqual([404, 'NOT_FOUND'])
      expect((await operate('GET', '/audit?target=all')).status).toBe(422)
    })

    test('a user is shown with plan and notifications, the phone hidden; a notification is sent again', async () => {
      const { rig, person, buy, operate, audit } = await start(database)
      await buy()
      rig.clock.advance(30 * 60_000)
      await rig.schedules.tick()
      const sent: any[] = []
      rig.platform.bus.subscribe('love-parser.notification', (message) => sent.push(message))
      const work = () => rig.runner.drain(['love-parser.job', 'love-parser.notifications'])
      await work()
      expect(sent).toHaveLength(1)
      const { body } = await operate('GET', `/users/${person.id}`)
      expect(body).toEqual({
        id: person.id,
        status: 'active',
        phone_number: '+*********33',
        telegram_username: 'sandbox_2233',
        created_at: expect.any(String),
        plan: { plan_type: 'free', status: 'active', expires_at: expect.any(String) },
        notifications: [
          {
            id: sent[0].notificationId,
            template: 'PAYMENT_PENDING_REMINDER',
            created_at: expect.any(String),
            sent_at: expect.any(String),
          },
        ],
      })
      const path = `/notifications/${sent[0].notificationId}/resend`
      expect((await operate('POST', path, { reason: 'not received' })).body.template).toBe('PAYMENT_PENDING_REMINDER')
      await work()
      expect(sent).toEqual([sent[0], sent[0]])
      expect((await audit(`notification:${sent[0].notificationId}`))[0]).toMatchObject({ action: 'notification.resend' })
      expect((await operate('POST', `/notifications/${UNKNOWN}/resend`, { reason: 'not there' })).status).toBe(404)
      expect((await operate('GET', `/users/${UNKNOWN}`)).status).toBe(404)
    })
  })
})
