import { createHmac } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { accessTables } from '../../../src/access/tables.ts'
import { notificationsTables, subscriptionsTables } from '../../../src/love-parser/tables.ts'
import { createLog } from '../../../src/platform/log.ts'
import { weeekDouble } from '../../gifty/weeek-rig.ts'
import { createTestApp, INTERNAL } from '../../support/app.ts'
import type { TestDatabase } from '../../support/databases.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { type Document, readDocument } from './document.ts'

export const BOT_TOKEN = '123456:a-bot-token-of-the-fuzz'
export const ADMIN_CHAT = 700_001
export const SHOP_PASSWORD = 'shop-password-two'
export const METRICS_TOKEN = 'metrics-token-of-the-fuzz'
export const JWT_SECRET = 'jwt-secret-of-the-fuzz-0123456789abcdef'
export const DASHBOARD_SECRET = 'dashboard-secret-of-the-fuzz-0123456789'
/** Everything that can be configured is, so that an answer 503 has no excuse. */
const ENV = {
  TELEGRAM_BOT_TOKEN: BOT_TOKEN,
  TELEGRAM_BOT_MODE: 'sandbox',
  ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 'five').toString('base64')}`,
  JWT_SECRET,
  DASHBOARD_JWT_SECRET: DASHBOARD_SECRET,
  METRICS_TOKEN,
  ROBOKASSA_MERCHANT_LOGIN: 'demo',
  ROBOKASSA_PASSWORD1: 'shop-password-one',
  ROBOKASSA_PASSWORD2: SHOP_PASSWORD,
  // Clients of the fuzz are distinguished by the address that they claim, or the limits of logins would end them all.
  TRUST_PROXY: '1',
  RATE_LIMIT_MAX: '0',
  CRAWLER_RATE_LIMIT: '0',
  CRAWLER_PROGRESS_RATE_LIMIT: '0',
  PARSING_CHANNEL_LIMIT: '10',
  CRAWLER_OAUTH_CLIENT_ID: 'client',
}

export type Headers = Record<string, string>
export interface Person {
  phone: string
  id: string
  token: string
}

/** What a mini app would send for a chat (gifty §9). */
export const initDataOf = (chatId: number, at: number): string => {
  const pairs: [string, string][] = [
    ['auth_date', String(Math.floor(at / 1000))],
    ['user', JSON.stringify({ id: chatId, first_name: 'Ann' })],
  ]
  const secret = createHmac('sha256', 'WebAppData').update(BOT_TOKEN).digest()
  const lines = pairs.map(([key, value]) => `${key}=${value}`).sort()
  const hash = createHmac('sha256', secret).update(lines.join('\n')).digest('hex')
  return new URLSearchParams([...pairs, ['hash', hash]]).toString()
}

/** The whole app with everything configured, doubles for what it would call, and the people who may call it. */
export const createWorld = async (database: TestDatabase) => {
  const weeek = weeekDouble([{ id: 1, title: 'Call', date: '2026-01-15', projectId: 1, userId: 'u-1', completed: false }])
  let renewals = 0
  const oauth = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () => Response.json({ access_token: `renewed-${++renewals}`, refresh_token: `refresh-${renewals}`, expires_in: 7200 }),
  })
  const errors: string[] = []
  const clock = fakeClock()
  const log = createLog({ level: 'error', now: clock.now, write: (line) => errors.push(line.trim()) })
  const db = await database.fresh()
  const app = await createTestApp(db, { clock, log, env: { ...ENV, WEEEK_API_BASE: weeek.origin } })
  const document: Document = readDocument(await (await app.app.handle(new Request('http://localhost/docs/json'))).json())

  const { subscribers } = accessTables(db.kit)
  const at = new Date(clock.now())
  const person = (chatId: number, role: 'admin' | 'user') => ({
    ...{ chatId, role, isActive: true, permissions: [], createdAt: at, updatedAt: at },
  })
  await db.q
    .insert(subscribers)
    .values([person(ADMIN_CHAT, 'admin'), person(ADMIN_CHAT + 1, 'user')])
    .returning({ id: subscribers.id })

  let logins = 0
  const login = async (phone: string): Promise<Person> => {
    const from = { 'x-forwarded-for': `10.9.${++logins >> 8}.${logins & 255}` }
    const sent = await app.post('/api/v1/telegram/auth/send-code', { phone_number: phone }, from)
    const done = await app.post(
      '/api/v1/telegram/auth/verify-code',
      { auth_session_id: sent.body.auth_session_id, code: '12345' },
      from,
    )
    if (done.status !== 200)
      throw new Error(`the login of ${phone} failed: ${sent.status} ${done.status} ${JSON.stringify(done.body)}`)
    return { phone, id: done.body.user.id, token: done.body.access_token }
  }
  const { usage } = subscriptionsTables(db.kit)
  /** Lets a person do as much as they like: plans are another test's matter. */
  const unlimited = (who: Person) =>
    db.q.update(usage).set({ limitValue: -1 }).where(eq(usage.userId, who.id)).returning({ id: usage.userId })
  const people = [await login('+79990000001'), await login('+79990000011')]
  for (const who of people) await unlimited(who)
  /** A new token for the first person after a logout or an expiry; five codes an hour are what a number gets. */
  const again = async () => {
    clock.advance(20 * 60_000)
    people[0] = await login('+79990000001')
    await unlimited(people[0])
  }

  /** Whom operators look at, block and end the plan of: no other request is this person's. */
  const customer = await login('+79990000031')
  const bought = await app.post(
    '/api/v1/subscriptions/purchase',
    { plan_type: 'month' },
    { authorization: `Bearer ${customer.token}` },
  )
  const order = bought.body.order_id
  const pay = { reason: 'the fuzz', amount: '950.00' }
  const applied = await app.post(`/internal/love-parser/payments/${order}/notification/resend`, pay, INTERNAL)
  if (applied.status !== 200) throw new Error(`the plan of the customer: ${applied.status} ${JSON.stringify(applied.body)}`)
  const notification = Bun.randomUUIDv7()
  await db.q
    .insert(notificationsTables(db.kit).notifications)
    .values({
      id: notification,
      userId: customer.id,
      channel: 'telegram',
      template: 'PAYMENT_PENDING_REMINDER',
      message: 'A payment waits',
      metadata: {},
      dedupeKey: 'fuzz',
      createdAt: at,
    })
    .returning({ id: notificationsTables(db.kit).notifications.id })

  const dashboardToken = await app.dashboard.sign({ sub: String(ADMIN_CHAT), role: 'admin', jti: 'j' }, 86_400 * 365)

  return {
    ...app,
    db,
    document,
    errors,
    people,
    customer,
    notification,
    login,
    unlimited,
    again,
    /** Base of the API of a GitLab that renews any token. */
    gitlabEndpoint: `http://127.0.0.1:${oauth.port}/api/v4`,
    weeek,
    /** Of a stored admin. */
    dashboardToken,
    /** Everything that happens by itself: due schedules, sources, searches, notices, vectors. */
    async work() {
      await app.tick()
      await app.runner.drain()
      await app.services.search.embedding.embedPending()
      await app.services.search.embedding.learn()
    },
    async close() {
      await app.stop()
      await weeek.stop()
      await oauth.stop(true)
    },
  }
}
export type World = Awaited<ReturnType<typeof createWorld>>
