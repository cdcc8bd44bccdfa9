import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { createScheduledWork, jobKind } from '../../../src/love-parser/scheduled-work.ts'
import { onEachDatabase } from '../../support/databases.ts'
import { DAY, MINUTE } from '../../support/fake-clock.ts'
import { makeRig, type Rig } from '../subscriptions/rig.ts'

const SUCCESS = /^cron_job_runs_total\{job_name="([\w-]+)",status="success"\} (\d+)$/gm
const runsOf = async (one: Pick<Rig, 'metrics'>, at: number, job: string): Promise<number> =>
  Number([...(await one.metrics.text(at)).matchAll(SUCCESS)].find(([, name]) => name === job)?.[2] ?? 0)

onEachDatabase('scheduled work', (database) => {
  test('§8: each slot runs in one process only; a slot missed while all were down runs once', async () => {
    const rig = await makeRig(database)
    const other = await rig.another()
    const turn = async () => {
      await Promise.all([rig.schedules.tick(), other.schedules.tick()])
      await Promise.all([rig.drain('a'), other.drain('b')])
    }
    const total = async (job: string) => (await runsOf(rig, rig.clock.now(), job)) + (await runsOf(other, rig.clock.now(), job))
    await rig.schedules.register()
    await other.schedules.register()
    for (let minute = 0; minute < 10; minute++) {
      rig.clock.advance(MINUTE)
      await turn()
    }
    expect([await total('task-reaper'), await total('payment-check'), await total('subscription-expiration')]).toEqual([10, 2, 2])
    expect([await total('token-cleanup'), await total('subscription-cleanup')]).toEqual([0, 0])
    rig.clock.advance(3 * DAY)
    await turn()
    expect([await total('token-cleanup'), await total('subscription-cleanup'), await total('task-reaper')]).toEqual([1, 1, 11])
  })

  test('§8: a job whose process dies is run by another after the lease; the next slot waits meanwhile', async () => {
    const rig = await makeRig(database)
    const other = await rig.another()
    const id = await rig.free()
    await rig.schedules.register()
    rig.clock.advance(30 * DAY)
    await rig.schedules.tick()
    const lost = await rig.engine.lease({ owner: 'killed', kinds: [jobKind.kind], max: 10, leaseMs: 6 * MINUTE })
    expect(lost).toHaveLength(5)
    rig.clock.advance(5 * MINUTE)
    await rig.schedules.tick()
    expect(await other.drain()).toBe(0)
    rig.clock.advance(MINUTE)
    expect(await other.drain()).toBe(5)
    expect((await rig.view(id)).active).toBe(true)
    const skips = await rig.db.sql<{ name: string; reason: string }>(sql`select name, reason from schedule_skips order by name`)
    expect(skips.map((row) => [row.name, row.reason])).toEqual(
      ['payment-check', 'subscription-expiration', 'task-reaper'].map((job) => [
        `love-parser.${job}`,
        'the run before is not over',
      ]),
    )
  })

  test('§2: runs, failures and durations are counted by job; active subscriptions are a gauge', async () => {
    const { db, clock, metrics, engine, subscriptions, ...rig } = await makeRig(database)
    await rig.free()
    let purged = 0
    const work = createScheduledWork({
      db,
      clock,
      metrics,
      engine,
      subscriptions,
      purges: [
        function* () {
          throw new Error('not now')
        },
        function* () {
          purged++
        },
      ],
    })
    await work.jobs['task-reaper']()
    expect(await work.jobs['token-cleanup']().catch((error) => error.message)).toBe('a part of the cleanup failed')
    expect(purged).toBe(1)
    const text = await metrics.text(clock.now())
    expect(text).toContain('cron_job_runs_total{job_name="task-reaper",status="success"} 1')
    expect(text).toContain('cron_job_runs_total{job_name="token-cleanup",status="error"} 1')
    expect(text).toContain('cron_job_duration_seconds_count{job_name="task-reaper"} 1')
    for (const le of [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300])
      expect(text).toContain(`cron_job_duration_seconds_bucket{le="${le}",job_name="task-reaper"}`)
    expect(text).toMatch(/^subscription_active_count 1$/m)
  })
})
