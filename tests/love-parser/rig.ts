import { expect } from 'bun:test'
import { and, eq } from 'drizzle-orm'
import type { Category } from '../../src/love-parser/subscriptions/periods.ts'
import { accountsTables, type Profile, subscriptionsTables } from '../../src/love-parser/tables.ts'
import { TelegramError, type TelegramGateway } from '../../src/platform/telegram/user-api/port.ts'
import { familyHarness } from '../support/harness.ts'

/** Start of the tests' clock: midnight, so that golden days come out even. */
export const START = Date.parse('2026-01-01T00:00:00.000Z')
export const SECRET = 'development-jwt-secret-not-for-production'

export type Headers = Record<string, string>
export interface Person {
  id: string
  token: string
  headers: Headers
  user: any
}

export { statusAndCode } from '../support/harness.ts'

/** Rate limits are off unless `env` sets them. */
const setup = { families: 'love-parser', headers: {}, env: { RATE_LIMIT_MAX: '0' }, startsAt: START }
export const { rigOver, makeRig } = familyHarness(setup, (app) => {
  const { db } = app
  const anonymous: Headers = {}

  const sendCode = (phone: string, headers: Headers = anonymous) =>
    app.post('/api/v1/telegram/auth/send-code', { phone_number: phone }, headers)
  const verify = (body: unknown, headers: Headers = anonymous) => app.post('/api/v1/telegram/auth/verify-code', body, headers)
  let next = 1
  /** Logs a new account in through the sandbox. */
  const login = async (phone = `+7999${String(next++).padStart(6, '0')}1`): Promise<Person> => {
    const sent = await sendCode(phone)
    expect(sent.status).toBe(200)
    const answer = await verify({ auth_session_id: sent.body.auth_session_id, code: '12345' })
    expect(answer.status).toBe(200)
    const { access_token: token, user } = answer.body
    return { id: user.id, token, headers: { authorization: `Bearer ${token}` }, user }
  }
  const { users } = accountsTables(db.kit)
  const { subscriptions, usage } = subscriptionsTables(db.kit)
  return {
    anonymous,
    sendCode,
    verify,
    login,
    /** Changes a limit of a person's plan. */
    async setLimit(person: Person, category: Category, limitValue: number) {
      const mine = and(eq(usage.userId, person.id), eq(usage.category, category))
      await db.q.update(usage).set({ limitValue }).where(mine).returning({ id: usage.userId })
    },
    async setSubscription(person: Person, change: Partial<typeof subscriptions.$inferInsert>) {
      await db.q.update(subscriptions).set(change).where(eq(subscriptions.userId, person.id)).returning({ id: subscriptions.id })
      await db.tx((tx) => app.loveParser!.accounts.touch(tx, [person.id]))
    },
    async dropSubscriptions(person: Person) {
      await db.q.delete(subscriptions).where(eq(subscriptions.userId, person.id)).returning({ id: subscriptions.id })
    },
    async setUser(person: Person, change: { status?: 'active' | 'blocked'; profile?: Profile; fullName?: string | null }) {
      await db.q.update(users).set(change).where(eq(users.id, person.id)).returning({ id: users.id })
      await db.tx((tx) => app.loveParser!.accounts.touch(tx, [person.id]))
    },
    me: (person: Person) => app.get('/api/v1/auth/me', person.headers),
    search: (person: Person, body: unknown = { query: 'crypto' }, headers: Headers = {}) =>
      app.post('/api/v1/parsing/search', body, { ...person.headers, ...headers }),
    /** Runs searches that are ready now to their end. */
    runSearches: () => app.runner.drain(['love-parser.search']),
    /** A search, accepted and run. */
    async found(person: Person, body: unknown = { query: 'crypto' }): Promise<string> {
      const answer = await app.post('/api/v1/parsing/search', body, person.headers)
      expect(answer.status).toBe(202)
      await app.runner.drain(['love-parser.search'])
      return answer.body.search_id
    },
    entry: async (person: Person, id: string) => (await app.get(`/api/v1/parsing/${id}`, person.headers)).body,
    used: async (person: Person, category: Category) =>
      (await app.get('/api/v1/auth/me', person.headers)).body.limits[`${category}_used`] as number,
  }
})
export type Rig = Awaited<ReturnType<typeof rigOver>>

/** A gateway whose every verb fails unless the test says otherwise. */
export const scriptedGateway = (script: Partial<TelegramGateway>): TelegramGateway => ({
  source: 'mtproto',
  sendCode: async () => {
    throw new TelegramError('unavailable')
  },
  signIn: async () => {
    throw new TelegramError('unavailable')
  },
  checkPassword: async () => {
    throw new TelegramError('unavailable')
  },
  async *search() {
    throw new TelegramError('unavailable')
  },
  ping: async () => {},
  close: async () => {},
  ...script,
})
