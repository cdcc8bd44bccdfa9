import { afterAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { ownPostgres } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { killLeftovers, startServer } from '../support/processes.ts'

const PRELOAD = join(import.meta.dir, '../support/skewed-clock.ts')
afterAll(() => killLeftovers())

/** Two processes over one Postgres, one of whose clocks is wrong (cases of the fleet, A11). */
describe.skipIf(!process.env.TEST_DATABASE_URL)('fault: processes whose clocks differ [postgres]', () => {
  for (const aheadMs of [90_000, -90_000])
    test(`A11: one that is ${aheadMs / 1000} s ahead takes no live lease, and what it makes is seen at once`, async () => {
      const database = await ownPostgres()
      const env = { DATABASE_URL: database.url, FAMILIES: 'gifty' }
      const right = await startServer('', env)
      const wrong = await startServer('', { ...env, CLOCK_AHEAD_MS: String(aheadMs), BUN_OPTIONS: `--preload=${PRELOAD}` })
      const source = async (server: typeof right) => {
        const url = `https://a.example/${crypto.randomUUID()}`
        const { body } = await server.call('POST', '/internal/sources', { url, type: 'list', site_key: 'a', is_active: false })
        return (await server.call('POST', `/internal/sources/${body.id}/force-run`)).body.task_id as string
      }
      const lease = async (server: typeof right, worker_id: string, more = {}) =>
        (await server.call('POST', '/internal/workers/lease', { worker_id, kinds: ['source.run'], lease_seconds: 30, ...more }))
          .body.tasks
      // The skew is real: a process without the database's clock would write it.
      expect(Math.abs(Date.parse((await wrong.said('listening')).time) - Date.now())).toBeLessThan(60_000)
      const made = await source(right)
      const [held] = await lease(right, 'w1')
      expect(held.id).toBe(made)
      // Several sweeps of the wrong one later the lease is as it was.
      const sweeps = performance.now() + 3000
      await eventually(
        async () => performance.now(),
        (now) => now > sweeps,
      )
      expect(await lease(wrong, 'w2')).toEqual([])
      const beat = await right.call('POST', `/internal/workers/tasks/${held.id}/heartbeat`, {
        worker_id: 'w1',
        fence: held.fence,
      })
      expect(beat.status).toBe(200)
      // Made by the wrong one, leased from the right one at once.
      const other = await source(wrong)
      expect(await lease(right, 'w3')).toMatchObject([{ id: other }])
      // And a lease that the wrong one gave lasts as long as it was taken for.
      const third = await source(right)
      const [theirs] = await lease(wrong, 'w4')
      expect(theirs.id).toBe(third)
      expect(Math.abs(Date.parse(theirs.lease_expires_at) - Date.now() - 30_000)).toBeLessThan(10_000)
      for (const server of [right, wrong]) {
        server.child.kill('SIGTERM')
        expect(await server.child.exited).toBe(0)
      }
      await database.drop()
    }, 300_000)
})
