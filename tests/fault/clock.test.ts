import { afterAll, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import type { Db } from '../../src/platform/db/index.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { onEachDatabase } from '../support/databases.ts'
import { type FakeClock, fakeClock, HOUR } from '../support/fake-clock.ts'
import { seeded } from './ingesting.ts'
import { reportFault } from './report.ts'

const TICKS = 1000
const STEP_MS = 300_000
const SEED = Number(process.env.TEST_SEED ?? 7)
/** Three days and a half around the night in which Berlin loses an hour (2026-03-29, 02:00), and the one that has it twice (2026-10-25). */
const SPRING = Date.parse('2026-03-27T12:00:00Z')
const AUTUMN = Date.parse('2026-10-24T12:00:00Z')

onEachDatabase('fault: schedulers and the clock', (database) => {
  const apps: TestApp[] = []
  afterAll(async () => {
    for (const app of apps) await app.stop()
  })
  const begin = async (clock: FakeClock) => {
    for (const app of apps.splice(0)) await app.stop()
    const db = await database.fresh()
    apps.push(await createTestApp(db, { clock }), await createTestApp(await database.second(), { clock }))
    return { db, apps: apps as [TestApp, TestApp] }
  }
  const source = async (app: TestApp, more: Record<string, unknown>) => {
    const answer = await app.post('/internal/sources', {
      url: `https://one.example/${crypto.randomUUID()}`,
      type: 'list',
      site_key: 'one',
      refresh_interval_hours: 1,
      ...more,
    })
    expect(answer.status).toBe(200)
    return answer.body.id as number
  }
  /** What two schedulers do in one moment, and a worker that ends at once what they dispatched. */
  const turn = async ([one, two]: [TestApp, TestApp]) => {
    const dispatched = await Promise.all([one.services.sources.tick(), two.services.sources.tick()])
    if (dispatched.every((count) => count === 0)) return 0
    const { body } = await one.post('/internal/workers/lease', { worker_id: 'w', kinds: ['source.run'], max: 100 })
    if (body.tasks.length > 0)
      await two.post('/internal/workers/tasks/complete', {
        worker_id: 'w',
        tasks: body.tasks.map(({ id, fence }: any) => ({ id, fence })),
      })
    return body.tasks.length as number
  }
  const runTimes = async (db: Db, id: number): Promise<number[]> =>
    (
      await db.sql<{ at: number | string }>(
        sql.raw(
          `select ${db.dialect === 'postgres' ? 'extract(epoch from created_at) * 1000' : 'created_at'} as at from parsing_runs where source_id = ${id} order by id`,
        ),
      )
    ).map(({ at }) => Number(at))

  test('two schedulers over 1,000 ticks dispatch each due time once (gifty §2.5, §13.9)', async () => {
    const clock = fakeClock()
    clock.set(SPRING)
    const { db, apps } = await begin(clock)
    const intervals = await Promise.all(Array.from({ length: 5 }, () => source(apps[0], {})))
    const crons = await Promise.all(
      (['Europe/Berlin', 'UTC'] as const).map((timezone) => source(apps[0], { schedule: { cron: '30 2 * * *', timezone } })),
    )
    for (let tick = 0; tick < TICKS; tick++) {
      await turn(apps)
      clock.advance(STEP_MS)
    }
    let expected = 0
    let doubled = 0
    for (const id of intervals) {
      const times = await runTimes(db, id)
      expected += Math.ceil((TICKS * STEP_MS) / HOUR)
      doubled += times.filter((at, n) => n > 0 && at - (times[n - 1] as number) < HOUR).length
      expect(times).toHaveLength(Math.ceil((TICKS * STEP_MS) / HOUR))
    }
    // The night without 02:30 runs at the next valid instant, 03:00 local, which is 01:00 UTC.
    const nights = (utc: string[]) => utc.map((text) => Date.parse(text))
    expect(await runTimes(db, crons[0] as number)).toEqual(
      nights(['2026-03-28T01:30:00Z', '2026-03-29T01:00:00Z', '2026-03-30T00:30:00Z']),
    )
    expect(await runTimes(db, crons[1] as number)).toEqual(
      nights(['2026-03-28T02:30:00Z', '2026-03-29T02:30:00Z', '2026-03-30T02:30:00Z']),
    )
    reportFault({
      test: `two schedulers, 1,000 ticks [${db.dialect}]`,
      faults: 'every tick twice at once',
      acknowledged: expected + 6,
      lost: 0,
      duplicated: doubled,
    })
    expect(doubled).toBe(0)
  }, 300_000)

  test('a clock that jumps both ways, and a night with 02:30 twice: nothing runs twice, nothing is made up for (gifty §13.9, §13.10)', async () => {
    console.log(`clock.test.ts: TEST_SEED=${SEED}`)
    const random = seeded(SEED)
    const clock = fakeClock()
    clock.set(AUTUMN)
    const { db, apps } = await begin(clock)
    const cron = await source(apps[0], { schedule: { cron: '30 2 * * *', timezone: 'Europe/Berlin' } })
    for (let tick = 0; tick < 300; tick++) {
      await turn(apps)
      clock.advance(STEP_MS)
    }
    // 02:30 comes twice that night; the first one counts.
    expect(await runTimes(db, cron)).toEqual([Date.parse('2026-10-25T00:30:00Z')])

    const ids = await Promise.all(Array.from({ length: 5 }, () => source(apps[0], {})))
    let jumps = 0
    for (let tick = 0; tick < 300; tick++) {
      if (tick % 10 === 9) {
        jumps++
        const by = Math.round((random() - 0.4) * 6 * HOUR)
        clock.set(clock.now() + by)
      }
      const done = await turn(apps)
      // At most one run of each source, however much time was skipped.
      expect(done).toBeLessThanOrEqual(ids.length + 1)
      clock.advance(STEP_MS)
    }
    let doubled = 0
    let runs = 0
    for (const id of ids) {
      const times = await runTimes(db, id)
      runs += times.length
      doubled += times.filter((at, n) => n > 0 && at - (times[n - 1] as number) < HOUR).length
    }
    reportFault({
      test: `clock jumps and DST [${db.dialect}]`,
      faults: `${jumps} jumps, two DST nights`,
      acknowledged: runs + 1,
      lost: 0,
      duplicated: doubled,
    })
    expect(doubled).toBe(0)
    expect(runs).toBeGreaterThan(ids.length)
  }, 300_000)
})
