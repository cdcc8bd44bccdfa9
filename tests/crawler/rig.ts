import { expect } from 'bun:test'
import { familyHarness } from '../support/harness.ts'

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

const KEY = `test:${Buffer.alloc(32, 'nine').toString('base64')}`
export const UNLIMITED = { CRAWLER_RATE_LIMIT: '0', CRAWLER_PROGRESS_RATE_LIMIT: '0', ENCRYPTION_KEYS: KEY }

/** Without rate limits, unless a test sets them. */
const setup = { families: 'crawler', prefix: BASE, headers: AUTH, env: UNLIMITED }
export const { rigOver, makeRig, makeProcesses, restarted } = familyHarness(setup, (app) => {
  const { crawler, send, ok, count } = app
  if (!crawler) throw new Error('the crawler family is not mounted')
  const create = async (id: string | number, more: Record<string, any> = {}) =>
    (await ok('POST', '/tasks', { type: 'task', data: taskData(id, more) })).data
  return {
    crawler,
    create,
    report: async (id: string, update: Record<string, unknown>, headers: Record<string, string> = {}) =>
      (await ok('POST', path(id, '/progress'), update, { ...AUTH, ...headers })).data,
    detail: async (id: string) => (await ok('GET', path(id))).data,
    progress: async (id: string) => (await ok('GET', path(id, '/progress'))).data,
    put: (id: string, body: unknown) => send('PUT', path(id), body),
    lease: async (more: Record<string, unknown> = {}): Promise<any[]> =>
      (await ok('POST', '/tasks/lease', { workerId: 'w1', ...more })).data,
    rows: (table: string) => count(table),
  }
})
export type Rig = Awaited<ReturnType<typeof rigOver>>

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
