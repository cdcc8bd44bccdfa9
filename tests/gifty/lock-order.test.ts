import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { onEachDatabase } from '../support/databases.ts'
import { MINUTE } from '../support/fake-clock.ts'
import { makeProcesses } from './rig.ts'

const SOURCES = 5
const LOOPS = 16
const STEPS = 60
/** Numbers 0..1 that repeat with the seed (mulberry32). */
const seeded = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
}

onEachDatabase('gifty: everything that locks tasks and sources at once', (database) => {
  test('architecture §6: two processes never wait for each other, and hand out no task twice', async () => {
    const apps = await makeProcesses(database, 2, { broker: 'none' })
    const { clock, db } = apps[0]!
    const ids: number[] = []
    for (let n = 0; n < SOURCES; n++) ids.push((await apps[0]!.source({ site_key: n % 2 ? 's' : 'u' })).id)
    const seed = Number(process.env.TEST_SEED ?? 20260131)
    const random = seeded(seed)
    const of = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T
    const held: { id: string; fence: number; owner: string }[] = []
    const leases: string[] = []
    const failures = new Set<string>()
    const loop = async (n: number) => {
      const app = apps[n % apps.length]!
      const owner = `w${n}`
      const say = async (method: string, path: string, body?: unknown) => {
        const { status, body: answer } = await app.call(method, path, body)
        if (status >= 500) failures.add(`${method} ${path}: ${status} ${JSON.stringify(answer)}`)
        return answer
      }
      const source = () => `/internal/sources/${of(ids)}`
      const ops = [
        async () => {
          const { tasks = [] } = await say('POST', '/internal/workers/lease', {
            worker_id: owner,
            max: 1 + Math.floor(random() * 6),
          })
          for (const { id, fence } of tasks) {
            leases.push(`${id} ${fence}`)
            held.push({ id, fence, owner })
          }
        },
        async () => {
          const mine = held.filter((one) => one.owner === owner).slice(0, 5)
          if (mine.length === 0) return
          for (const one of mine) held.splice(held.indexOf(one), 1)
          await say('POST', '/internal/workers/tasks/complete', {
            worker_id: owner,
            tasks: mine.map(({ id, fence }) => ({ id, fence })),
          })
        },
        async () => {
          const one = of(held)
          if (one) await say('POST', `/internal/workers/tasks/${one.id}/heartbeat`, { worker_id: one.owner, fence: one.fence })
        },
        async () => {
          const one = of(held)
          if (one) await say('POST', `/internal/tasks/${one.id}/cancel`)
        },
        () => say('PATCH', source(), { priority: Math.floor(random() * 5) }),
        () => say('POST', `${source()}/toggle`, { is_active: random() < 0.8 }),
        () => say('POST', `${source()}/force-run`, { strategy: of(['deep', 'discovery']) }),
        () => say('POST', `${source()}/force-run`),
        () => say('POST', `${source()}/report-status`, { status: of(['running', 'waiting', 'waiting', 'error']) }),
        () => app.services.sources.tick(),
        () => app.engine.sweep(),
        async () => clock.advance(random() < 0.2 ? MINUTE : 1000),
      ]
      for (let step = 0; step < STEPS; step++) await of(ops)()
    }
    await Promise.all(Array.from({ length: LOOPS }, (_, n) => loop(n)))
    expect([seed, [...failures]]).toEqual([seed, []])
    expect(new Set(leases).size).toBe(leases.length)
    expect(leases.length).toBeGreaterThan(20)
    const open = `parsing_runs r where r.status in ('queued', 'running')`
    expect(
      await apps[0]!.rows(
        `parsing_sources s where s.status in ('queued', 'running') and s.id not in (select r.source_id from ${open})`,
      ),
    ).toBe(0)
    expect(
      await apps[0]!.rows(`tasks t where t.kind = 'source.run' and t.state in ('queued', 'leased', 'cancelling', 'paused')
        and t.id not in (select r.task_id from ${open} and r.task_id is not null)`),
    ).toBe(0)
    if (database.dialect === 'sqlite') return
    // What a session has counted is there once it has been idle for a moment.
    await db.sql(sql`select pg_stat_force_next_flush()`)
    const [{ deadlocks }] = (await db.sql<{ deadlocks: string }>(
      sql`select deadlocks from pg_stat_database where datname = current_database()`,
    )) as [{ deadlocks: string }]
    expect([seed, Number(deadlocks)]).toEqual([seed, 0])
  }, 300_000)
})
