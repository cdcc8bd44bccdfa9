import { afterAll, expect, test } from 'bun:test'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { killLeftovers, ownDirectory, startServer } from '../support/processes.ts'
import { auditIngestion, startIngesting } from './ingesting.ts'
import { reportFault } from './report.ts'

const RESTARTS = 5
const directory = ownDirectory()
afterAll(async () => {
  await killLeftovers()
  directory.remove()
})

test('SIGTERM under load, five times: each stop is clean and in time, nothing answered is lost', async () => {
  // Below the ports that systems give away: while the server is down, no other test may be given its port.
  const env = { PORT: String(10_000 + (process.pid % 10_000)), FAMILIES: 'gifty' }
  let server = await startServer(directory.database, env)
  const load = startIngesting([server.origin])
  const recoveries: number[] = []
  for (let restart = 0; restart < RESTARTS; restart++) {
    await load.recovery(performance.now())
    const askedAt = performance.now()
    server.child.kill('SIGTERM')
    expect([await server.child.exited, await server.errors]).toEqual([0, ''])
    expect(performance.now() - askedAt).toBeLessThan(10_000)
    server = await startServer(directory.database, env)
    recoveries.push(await load.recovery(performance.now()))
  }
  await load.stop()
  server.child.kill('SIGTERM')
  expect(await server.child.exited).toBe(0)
  const db = openSqlite({ path: directory.database })
  const audit = await auditIngestion(db, load)
  await db.close()
  reportFault({
    test: 'SIGTERM under load',
    faults: `${RESTARTS} restarts`,
    acknowledged: load.answered.length * 100,
    ...audit,
    recoveryMs: Math.max(...recoveries),
  })
  expect(audit).toEqual({ lost: 0, duplicated: 0 })
}, 300_000)
