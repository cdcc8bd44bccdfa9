import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { DAY, HOUR, iso, MINUTE, START } from '../support/fake-clock.ts'
import { makeProcesses, makeRig, problemOf, product, products, type Rig } from './rig.ts'

const beat = (app: Rig, more: Record<string, unknown> = {}) =>
  app.ok('POST', '/internal/workers/heartbeat', { hostname: 'h1', pid: 1, concurrent_tasks: 2, ram_usage_pct: 40.5, ...more })

onEachDatabase('gifty monitoring', (database) => {
  test('gifty §13.20: live workers by hostname, with defaults and the old names of their fields', async () => {
    const app = await makeRig(database)
    expect(await app.ok('GET', '/internal/workers')).toEqual([])
    expect(await beat(app, { hostname: 'h2', pid: 7, cpu_usage: 12.5, status: 'busy', worker_id: 'mine' })).toEqual({
      status: 'ok',
      expires_in: 60,
    })
    await beat(app, { pid: 3_000_000_000 })
    await beat(app, { worker_id: null, cpu_usage: null })
    const workers = await app.ok('GET', '/internal/workers')
    const common = {
      last_seen: iso(START),
      concurrent_tasks: 2,
      ram_usage_pct: 40.5,
      memory_usage: 40.5,
      tasks_count: 2,
      via: 'http',
    }
    expect(workers).toEqual([
      { ...common, worker_id: 'h1:1', hostname: 'h1', pid: 1, status: 'online', cpu_usage: 0 },
      { ...common, worker_id: 'h1:3000000000', hostname: 'h1', pid: 3_000_000_000, status: 'online', cpu_usage: 0 },
      { ...common, worker_id: 'mine', hostname: 'h2', pid: 7, status: 'busy', cpu_usage: 12.5 },
    ])
  })

  test('gifty §8: the newest heartbeat per hostname and pid counts, for 60 s, in every process', async () => {
    const [app, other] = (await makeProcesses(database, 2)) as [Rig, Rig]
    await beat(app)
    await beat(app, { pid: 2 })
    app.clock.advance(30_000)
    await beat(other, { concurrent_tasks: 9, worker_id: 'renamed' })
    for (const process of [app, other])
      expect((await process.ok('GET', '/internal/workers')).map((row: any) => [row.pid, row.worker_id, row.tasks_count])).toEqual(
        [
          [1, 'renamed', 9],
          [2, 'h1:2', 2],
        ],
      )
    app.clock.advance(29_999)
    expect(await app.ok('GET', '/internal/workers')).toHaveLength(2)
    app.clock.advance(1)
    expect(await app.ok('GET', '/internal/workers')).toMatchObject([{ pid: 1, last_seen: iso(START + 30_000) }])
    app.clock.advance(30_000)
    expect(await app.ok('GET', '/internal/workers')).toEqual([])
    app.clock.advance(2 * DAY)
    await app.tick()
    expect(await app.rows('worker_heartbeats')).toBe(0)
  })

  test('gifty §4: a heartbeat is checked field by field', async () => {
    const app = await makeRig(database)
    const valid = { hostname: 'h', pid: 1, concurrent_tasks: 1, ram_usage_pct: 1 }
    for (const [change, type] of [
      [{ hostname: undefined }, 'missing'],
      [{ hostname: '' }, 'string_too_short'],
      [{ pid: 'x' }, 'int_parsing'],
      [{ ram_usage_pct: 'x' }, 'float_parsing'],
      [{ concurrent_tasks: 'x' }, 'float_parsing'],
      [{ status: 5 }, 'string_type'],
    ] as const) {
      const problem = problemOf(await app.post('/internal/workers/heartbeat', { ...valid, ...change }))
      expect(problem).toMatchObject({ type, loc: ['body', Object.keys(change)[0] as string] })
    }
  })

  test('gifty §8: monitoring counts per site, by site_key', async () => {
    const app = await makeRig(database)
    expect(await app.ok('GET', '/internal/monitoring')).toEqual([])
    const list = await app.source({ site_key: 'b' })
    const hub = await app.source({ site_key: 'b', type: 'hub', is_active: false })
    await app.source({ site_key: 'b', type: 'hub' })
    const lone = await app.source({ site_key: 'a', is_active: false })
    await app.ingest(products(3, { site_key: 'b' }), { source_id: list.id })
    app.clock.advance(HOUR)
    await app.ingest([product(9, { site_key: 'b' })], { source_id: hub.id })
    await app.report(list.id, 'running')
    await app.post(`/internal/sources/${list.id}/force-run`)
    const sites = () => app.ok('GET', '/internal/monitoring')
    expect(await sites()).toEqual([
      {
        ...{ site_key: 'a', total_sources: 1, status: 'waiting', last_synced_at: null, is_active: false },
        ...{ id: lone.id, url: lone.url, total_items: 0, scraped_last_run: 0 },
      },
      {
        ...{ site_key: 'b', total_sources: 3, status: 'running', last_synced_at: iso(START + HOUR), is_active: true },
        // The newest run that was not skipped is the open one, without items yet.
        ...{ id: hub.id, url: hub.url, total_items: 4, scraped_last_run: 0 },
      },
    ])
    await app.ingest(products(2, { site_key: 'b' }), { source_id: list.id })
    expect((await sites())[1]).toMatchObject({ scraped_last_run: 2 })
    await app.report(list.id, 'waiting')
    const statuses = [
      ['broken', () => app.error(list.id, 'x', true)],
      ['error', () => app.error(hub.id, 'x')],
      ['queued', () => app.force(list.id)],
      ['running', () => app.report(hub.id, 'running')],
    ] as const
    for (const [status, make] of statuses) {
      await make()
      expect((await sites())[1].status).toBe(status)
    }
    // Disabled and discovered sources are no state of a site.
    await app.ok('POST', `/internal/sources/${lone.id}/toggle?is_active=0`)
    expect((await sites())[0].status).toBe('waiting')
    // In byte order on either database.
    await app.source({ site_key: 'B' })
    expect((await sites()).map((site: any) => site.site_key)).toEqual(['B', 'a', 'b'])
  })

  test('gifty §8, g-F4: stats count the runs created in the last 24 h, and what belongs to none', async () => {
    const app = await makeRig(database)
    const zero = {
      scraped_24h: 0,
      new_24h: 0,
      updated_24h: 0,
      runs_24h: 0,
      failed_runs_24h: 0,
      products_total: 0,
      unscored_total: 0,
    }
    expect(await app.ok('GET', '/internal/stats')).toEqual(zero)
    const { id } = await app.source()
    await app.ingest(products(4), { source_id: id })
    app.clock.advance(DAY)
    await app.ingest([product(0), product(1, { price: 5 }), product('new')], { source_id: id })
    await app.error(id, 'x')
    const lost = await app.source()
    await app.force(lost.id)
    for (let n = 0; n < 5; n++) {
      await app.lease()
      app.clock.advance(MINUTE)
      await app.tick()
    }
    await app.ingest([product('nobody')])
    expect(await app.ok('GET', '/internal/stats')).toMatchObject({
      scraped_24h: 4,
      new_24h: 2,
      updated_24h: 1,
      failed_runs_24h: 2,
      products_total: 6,
      unscored_total: 6,
    })
  })
})
