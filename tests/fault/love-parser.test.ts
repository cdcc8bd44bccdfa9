import { Database } from 'bun:sqlite'
import { afterAll, expect, test } from 'bun:test'
import { eventually } from '../support/eventually.ts'
import { killLeftovers, ownDirectory, startServer } from '../support/processes.ts'

const directory = ownDirectory()
afterAll(async () => {
  await killLeftovers()
  directory.remove()
})
const env = { EMBEDDED_WORKERS: 'telegram', TELEGRAM_SANDBOX_STEP_MS: '150' }

test('love-parser §4: a search interrupted by kill -9 resumes after the restart and completes once', async () => {
  let server = await startServer(directory.database, env)
  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${server.origin}/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    return (await response.json()) as any
  }
  const { auth_session_id } = await call('POST', '/telegram/auth/send-code', { phone_number: '+79991112233' })
  const { access_token } = await call('POST', '/telegram/auth/verify-code', { auth_session_id, code: '12345' })
  const headers = { authorization: `Bearer ${access_token}` }
  const { search_id } = await call('POST', '/parsing/search', { query: 'crypto' }, headers)
  /** The newest snapshot, as the first event of a stream has it. */
  const snapshot = async () => {
    const response = await fetch(`${server.origin}/api/v1/parsing/${search_id}/progress`, { headers })
    const reader = response.body!.getReader()
    const { value } = await reader.read()
    await reader.cancel()
    return JSON.parse(new TextDecoder().decode(value).split('\n')[0]!.slice('data: '.length))
  }
  const half = await eventually(snapshot, (seen) => seen.progress >= 20)
  expect(half).toMatchObject({ status: 'scanning_channels', attempt: 1 })
  server.child.kill('SIGKILL')
  await server.child.exited

  server = await startServer(directory.database, env)
  const entry = () => call('GET', `/parsing/${search_id}`, undefined, headers)
  const done = await eventually(entry, (seen) => seen.status === 'completed' || seen.status === 'failed')
  expect(done).toMatchObject({ status: 'completed', results_count: 100, error: null })
  expect(await snapshot()).toMatchObject({ status: 'completed', attempt: 2, results: 100 })
  const { limits } = await call('GET', '/auth/me', undefined, headers)
  expect(limits.parsing_used).toBe(1)
  server.child.kill('SIGTERM')
  expect(await server.child.exited).toBe(0)

  const db = new Database(directory.database, { readonly: true })
  expect(db.query('select count(*) as n, count(distinct channel_id) as ids from parsed_channels').get()).toEqual({
    n: 100,
    ids: 100,
  })
  expect(db.query("select count(*) as n from tasks where kind = 'love-parser.search' and state = 'completed'").get()).toEqual({
    n: 1,
  })
  expect(db.query('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' })
  db.close()
}, 300_000)

test('love-parser §10: SIGTERM closes open streams, gives the running search back and ends within ten seconds', async () => {
  const own = ownDirectory()
  const server = await startServer(own.database, { ...env, TELEGRAM_SANDBOX_STEP_MS: '5000' })
  const call = async (path: string, body?: unknown, headers: Record<string, string> = {}) =>
    (await (
      await fetch(`${server.origin}/api/v1${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: body === undefined ? undefined : JSON.stringify(body),
      })
    ).json()) as any
  const { auth_session_id } = await call('/telegram/auth/send-code', { phone_number: '+79991112233' })
  const { access_token } = await call('/telegram/auth/verify-code', { auth_session_id, code: '12345' })
  const headers = { authorization: `Bearer ${access_token}` }
  const { search_id } = await call('/parsing/search', { query: 'crypto' }, headers)
  await eventually(
    () => call(`/parsing/${search_id}`, undefined, headers),
    (entry) => entry.status === 'processing',
  )
  const response = await fetch(`${server.origin}/api/v1/parsing/${search_id}/progress`, { headers })
  const startedAt = performance.now()
  server.child.kill('SIGTERM')
  await response.text()
  expect(await server.child.exited).toBe(0)
  expect(performance.now() - startedAt).toBeLessThan(10_000)
  const db = new Database(own.database, { readonly: true })
  expect(db.query("select state, attempts from tasks where kind = 'love-parser.search'").get()).toEqual({
    state: 'queued',
    attempts: 0,
  })
  db.close()
  own.remove()
}, 300_000)
