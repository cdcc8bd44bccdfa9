import { expect } from 'bun:test'
import { sql } from 'drizzle-orm'
import type { Db } from '../../src/platform/db/index.ts'
import { createTestApp, type TestAppOptions } from '../support/app.ts'
import type { TestDatabase } from '../support/databases.ts'
import { fakeClock } from '../support/fake-clock.ts'

export const TOKEN = 'dev-crawler-token'
export const AUTH = { authorization: `Bearer ${TOKEN}` }
export const BASE = '/api/internal2'

/** A new task as a client sends it. */
export const taskData = (id: string | number, more: Record<string, any> = {}) => ({
  id,
  type: 'FETCH_ISSUES',
  credentials: { accessToken: 'glpat-secret-token' },
  apiEndpoint: 'https://gitlab.example/api/v4',
  ...more,
})
export const path = (id: string, rest = '') => `/tasks/${encodeURIComponent(id)}${rest}`

const around = async (db: Db, options: TestAppOptions) => {
  const app = await createTestApp(db, options)
  const crawler = app.crawler
  if (!crawler) throw new Error('the crawler family is not mounted')
  const send = (method: string, to: string, body?: unknown, headers: Record<string, string> = AUTH) =>
    app.call(method, `${BASE}${to}`, body, headers)
  /** The body of an answer that has to be a success. */
  const ok = async (method: string, to: string, body?: unknown, headers: Record<string, string> = AUTH): Promise<any> => {
    const answer = await send(method, to, body, headers)
    if (answer.status < 200 || answer.status > 299)
      throw new Error(`${method} ${to}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  const create = async (id: string | number, more: Record<string, any> = {}) =>
    (await ok('POST', '/tasks', { type: 'task', data: taskData(id, more) })).data
  return {
    ...app,
    crawler,
    db,
    send,
    ok,
    create,
    report: async (id: string, update: Record<string, unknown>, headers: Record<string, string> = {}) =>
      (await ok('POST', path(id, '/progress'), update, { ...AUTH, ...headers })).data,
    detail: async (id: string) => (await ok('GET', path(id))).data,
    progress: async (id: string) => (await ok('GET', path(id, '/progress'))).data,
    put: (id: string, body: unknown) => send('PUT', path(id), body),
    lease: async (more: Record<string, unknown> = {}): Promise<any[]> =>
      (await ok('POST', '/tasks/lease', { workerId: 'w1', ...more })).data,
    rows: async (table: string): Promise<number> =>
      Number((await db.sql<{ n: number }>(sql.raw(`select count(*) as n from ${table}`)))[0]?.n),
  }
}
export type Rig = Awaited<ReturnType<typeof around>>

/** The app over an empty database with a standing clock and no rate limits. */
export const makeRig = async (database: TestDatabase, { env, ...options }: TestAppOptions = {}): Promise<Rig> =>
  around(await database.fresh(), { env: { ...UNLIMITED, ...env }, ...options })

/** Two processes on one database, sharing a clock: own connections on Postgres, the one connection on SQLite. */
export const makeProcesses = async (database: TestDatabase, { env, ...options }: TestAppOptions = {}): Promise<[Rig, Rig]> => {
  const shared = { clock: fakeClock(), env: { ...UNLIMITED, ...env }, ...options }
  return [await around(await database.fresh(), shared), await around(await database.second(), shared)]
}
/** A process that starts on what another one has left. */
export const restarted = (rig: Rig, { env, ...options }: TestAppOptions = {}): Promise<Rig> =>
  around(rig.db, { clock: rig.clock, env: { ...UNLIMITED, ...env }, ...options })
const KEY = `test:${Buffer.alloc(32, 9).toString('base64')}`
export const UNLIMITED = { CRAWLER_RATE_LIMIT: '0', CRAWLER_PROGRESS_RATE_LIMIT: '0', ENCRYPTION_KEYS: KEY }

/** What a refusal says. */
export const refusal = (answer: { status: number; body: any }) => [answer.status, answer.body?.code, answer.body?.error]
/** The envelope of every refusal (§3). */
export const expectEnvelope = (answer: { status: number; headers: Headers; body: any }) => {
  expect(answer.body).toMatchObject({
    error: expect.any(String),
    status: answer.status,
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
    code: expect.any(String),
    retryable: expect.any(Boolean),
    details: { requestId: answer.headers.get('x-request-id') as string },
  })
}
