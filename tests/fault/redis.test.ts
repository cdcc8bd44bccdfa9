import { expect, test } from 'bun:test'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { eventually } from '../support/eventually.ts'
import { killLeftovers, ownDirectory, type Server, startServer } from '../support/processes.ts'
import { onPrivateRedis } from '../support/services.ts'
import { auditIngestion, startIngesting } from './ingesting.ts'
import { reportFault } from './report.ts'

const PEOPLE = 10
const DOWN_MS = 3000

const post = async (server: Server, path: string, body: unknown, headers: Record<string, string> = {}) => {
  const response = await fetch(`${server.origin}/api/v1${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  })
  return { status: response.status, body: (await response.json()) as any }
}
const login = async (server: Server, n: number) => {
  const sent = await post(server, '/telegram/auth/send-code', { phone_number: `+79990000${String(n).padStart(2, '0')}1` })
  const { body } = await post(server, '/telegram/auth/verify-code', { auth_session_id: sent.body.auth_session_id, code: '12345' })
  return { authorization: `Bearer ${body.access_token}` }
}
const logout = async (server: Server, headers: Record<string, string>) =>
  (await fetch(`${server.origin}/api/v1/auth/logout`, { headers })).status
const me = async (server: Server, headers: Record<string, string>) =>
  (await fetch(`${server.origin}/api/v1/auth/me`, { headers })).status

onPrivateRedis('fault: a Redis that goes away or forgets', (redis) => {
  test('stopped, frozen and flushed: writes go on, no logged-out token is accepted, and everything comes back (love-parser §10)', async () => {
    const directory = ownDirectory()
    const server = await startServer(directory.database, { REDIS_URL: redis.url, RATE_LIMIT_MAX: '0' })
    const load = startIngesting([server.origin])
    const people = await Promise.all(Array.from({ length: PEOPLE }, (_, n) => login(server, n)))
    const [gone, here] = [people.slice(0, PEOPLE / 2), people.slice(PEOPLE / 2)]
    for (const headers of gone) expect(await logout(server, headers)).toBe(200)
    const recoveries: number[] = []
    let admitted = 0
    const check = async () => {
      for (const headers of gone) if ((await me(server, headers)) === 200) admitted++
    }

    const flush = Bun.spawnSync(['redis-cli', '-u', redis.url, 'flushall'])
    expect(flush.exitCode).toBe(0)
    await check()
    for (const headers of here) expect(await me(server, headers)).toBe(200)

    for (const trouble of ['stop', 'freeze'] as const) {
      if (trouble === 'stop') await redis.kill()
      else redis.freeze()
      // How long it is away is the subject.
      const down = Bun.sleep(DOWN_MS)
      const answered = load.answered.length
      for (const headers of people) {
        const since = performance.now()
        expect([401, 503]).toContain(await me(server, headers))
        expect(performance.now() - since).toBeLessThan(5000)
      }
      expect((await fetch(`${server.origin}/health`)).status).toBe(200)
      expect((await server.call('GET', '/internal/workers')).status).toBe(200)
      await down
      // Ingestion has not felt any of it.
      expect(load.answered.length).toBeGreaterThan(answered)
      if (trouble === 'stop') await redis.start()
      else redis.resume()
      const since = performance.now()
      await eventually(
        () => me(server, here[0] as Record<string, string>),
        (status) => status === 200,
      )
      recoveries.push(performance.now() - since)
      await check()
    }
    await load.stop()
    server.child.kill('SIGTERM')
    expect(await server.child.exited).toBe(0)
    const db = openSqlite({ path: directory.database })
    const audit = await auditIngestion(db, load)
    await db.close()
    await killLeftovers()
    directory.remove()
    reportFault({
      test: 'Redis killed, frozen, FLUSHALL',
      faults: '3',
      acknowledged: load.answered.length * 100 + gone.length,
      lost: audit.lost + admitted,
      duplicated: audit.duplicated,
      recoveryMs: Math.max(...recoveries),
    })
    expect({ ...audit, admitted }).toEqual({ lost: 0, duplicated: 0, admitted: 0 })
  }, 300_000)
})
