import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { DAY, HOUR, iso, MINUTE } from '../support/fake-clock.ts'
import { leasedRun, makeProcesses, makeRig, product, products, type Rig } from './rig.ts'

const series = (app: Rig, query: string): Promise<any> => app.ok('GET', `/internal/series?${query}`)
const values = async (app: Rig, query: string): Promise<number[]> =>
  (await series(app, query)).points.map(([, value]: any) => value)
/** A batch under a fresh run of a site, which then completes. */
const runOf = async (app: Rig, site: string, items: unknown[], result?: object) => {
  const { task } = await leasedRun(app, { site_key: site })
  await app.ingest(items, { source_id: task.payload.source_id, task_id: task.id, worker_id: 'w1', fence: task.fence })
  await app.verb(task, 'complete', 'w1', result ? { result } : {})
  await app.services.live.report()
}

onEachDatabase('operations §7: figures over time', (database) => {
  test('items by site, runs by how they ended, tasks by kind; minutes add up to steps', async () => {
    const app = await makeRig(database)
    const start = app.clock.now()
    await runOf(app, 'tea', products(3, { site_key: 'tea' }))
    await runOf(app, 'books', [product('b', { site_key: 'books' }), { ...product('c', { site_key: 'books' }), title: '' }])
    const { task } = await leasedRun(app, { site_key: 'tea' })
    await app.verb(task, 'fail', 'w1', { error: 'HTTP 503' })
    await app.services.live.report()
    app.clock.advance(MINUTE)
    await app.tick()
    await runOf(app, 'tea', products(3, { site_key: 'tea', price: 2 }))
    app.clock.advance(MINUTE)
    await app.tick()
    expect(await series(app, 'name=items_new')).toEqual({
      ...{ name: 'items_new', is: 'sum', step: 60, points: [[iso(Math.floor(start / MINUTE) * MINUTE), 4]] },
    })
    expect(await values(app, 'name=items_new&site_key=tea')).toEqual([3])
    expect(await values(app, 'name=items_updated&site_key=tea')).toEqual([3])
    expect(await values(app, 'name=items_rejected&site_key=books')).toEqual([1])
    expect(await values(app, 'name=runs_completed&step=3600')).toEqual([2])
    expect(await values(app, 'name=runs_partial&site_key=books')).toEqual([1])
    expect(await values(app, 'name=runs_failed')).toEqual([1])
    expect(await values(app, 'name=tasks_completed&kind=source.run')).toEqual([2, 1])
    expect(await values(app, 'name=tasks_completed&step=3600&kind=source.run')).toEqual([3])
    const metrics = await app.platform.metrics.text(app.clock.now())
    expect(metrics).toContain('trawl_runs_total{status="failed",spider="tea"} 1')
    expect(metrics).toContain('trawl_runs_total{status="partial",spider="books"} 1')
    expect(metrics).toContain('trawl_items_rejected_total{spider="books"} 1')
  })

  test('levels are sampled once a minute over all processes, and averaged over a step', async () => {
    const apps = database.dialect === 'postgres' ? await makeProcesses(database, 2) : [await makeRig(database)]
    const [app] = apps as [Rig]
    for (let n = 0; n < 3; n++) await app.force((await app.source()).id)
    for (let minute = 0; minute < 4; minute++) {
      for (const one of apps) {
        one.clock.set(app.clock.now())
        await one.tick()
      }
      if (minute === 1) await app.lease('w1', { max: 2, lease_seconds: 3600 })
      for (const one of apps) one.clock.advance(MINUTE)
    }
    expect(await values(app, 'name=waiting&kind=source.run')).toEqual([3, 1, 1])
    expect(await values(app, 'name=running')).toEqual([2, 2])
    expect((await values(app, 'name=oldest_seconds&kind=source.run')).at(-1)).toBeGreaterThan(100)
  })

  test('minutes are kept two weeks and hours 400 days; an older range is read in hours', async () => {
    const app = await makeRig(database)
    const start = app.clock.now()
    await runOf(app, 'tea', products(5, { site_key: 'tea' }))
    app.clock.advance(HOUR + 5 * MINUTE)
    await app.tick()
    expect(await app.rows("series_points where step = 3600 and name = 'items_new'")).toBe(1)
    app.clock.advance(15 * DAY)
    await app.tick()
    expect(await app.rows("series_points where step = 60 and name = 'items_new'")).toBe(0)
    const old = await series(app, `name=items_new&from=${iso(start - DAY)}&step=60`)
    expect([old.step >= 3600, old.points.map(([, value]: any) => value)]).toEqual([true, [5]])
    app.clock.advance(400 * DAY)
    await app.tick()
    expect(await app.rows("series_points where name = 'items_new'")).toBe(0)
  })

  test('a stop writes what is counted; what cannot be read is refused', async () => {
    const app = await makeRig(database)
    await app.ingest(products(2))
    await app.services.live.stop()
    expect(await app.rows("series_points where name = 'items_new'")).toBe(1)
    for (const query of [
      ...[
        'name=items',
        'name=items_new&kind=scoring',
        'name=waiting&site_key=tea',
        'name=items_new&step=5',
        'name=items_new&x=1',
        '',
      ],
      `name=items_new&from=${iso(app.clock.now())}&to=${iso(app.clock.now() - 1)}`,
    ])
      expect([query, (await app.get(`/internal/series?${query}`)).status]).toEqual([query, 422])
    const wide = await series(app, `name=items_new&from=${iso(app.clock.now() - 13 * DAY)}&step=60`)
    expect(wide.step).toBeGreaterThanOrEqual((13 * DAY) / 2000 / 1000)
  })
})
