import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { DAY, HOUR, iso, MINUTE, START } from '../support/fake-clock.ts'
import { category, codeOf, makeRig, problemOf, product, products } from './rig.ts'

onEachDatabase('gifty sources: detail, backlog, spiders', (database) => {
  test('gifty §13.5: the detail works with config null and a set discovery_name; a 14-digit id is 404', async () => {
    const app = await makeRig(database)
    const plain = await app.source({ config: null })
    const named = await app.source({ config: { discovery_name: 'Toys' } })
    const blank = await app.source({ config: { discovery_name: '' } })
    await app.ingest([product(1, { category: 'Toys' }), product(2, { category: 'Toys', site_key: 'other' }), product(3)], {
      source_id: plain.id,
    })
    await app.ingest([product(4), product(5, { category: 'Toys' })], { source_id: named.id })
    // Of the site and last ingested for it, and none of another site.
    expect(await app.detail(plain.id)).toMatchObject({ total_items: 2, last_run_new: 3 })
    // Its own two, and one more by its category.
    expect(await app.detail(named.id)).toMatchObject({ total_items: 3, last_run_new: 2 })
    expect(await app.detail(blank.id)).toMatchObject({ total_items: 0, last_run_new: 0, history: [] })
    await app.ingest([product(1)], { source_id: blank.id })
    expect((await app.detail(plain.id)).total_items).toBe(1)
    expect(await app.detail(blank.id)).toMatchObject({ total_items: 1, last_run_new: 0 })
    for (const id of ['12345678901234', '0', '-1', '9'.repeat(30)])
      expect(codeOf(await app.get(`/internal/sources/${id}`))).toEqual([404, 'not_found'])
    expect((await app.get('/internal/sources/99')).body.error.message).toBe('Source not found')
    for (const id of ['1.5', 'abc', '1e3', '%20'])
      expect(problemOf(await app.get(`/internal/sources/${id}`))).toMatchObject({ type: 'int_parsing', loc: ['path', 'id'] })
  })

  test('gifty §2.2: the detail of a hub aggregates its site', async () => {
    const app = await makeRig(database)
    const hub = await app.source({ type: 'hub', refresh_interval_hours: 48 })
    const list = await app.source()
    const other = await app.source({ site_key: 'other' })
    await app.ingest(products(3), { source_id: list.id })
    app.clock.advance(20 * MINUTE)
    await app.ingest([product('h1'), product('h2')], { source_id: hub.id })
    app.clock.advance(20 * MINUTE)
    const at = START + 40 * MINUTE
    await app.ingest(products(6), { source_id: list.id })
    await app.ingest([product('o', { site_key: 'other' })], { source_id: other.id })
    const detail = await app.detail(hub.id)
    expect(detail).toMatchObject({
      total_items: 8,
      // Of the hub's newest run and all of the site since: 2 + 3.
      last_run_new: 5,
      status: 'waiting',
      last_synced_at: iso(at),
      next_sync_at: iso(at + 24 * HOUR),
    })
    expect(detail.history.map((run: any) => [run.source_id, run.items_new])).toEqual([
      [list.id, 3],
      [hub.id, 2],
      [list.id, 3],
    ])
    expect((await app.ok('GET', `/internal/sources/${hub.id}/runs`)).items).toEqual(detail.history)
    // Where the site has several statuses the first of running, queued, error, broken shows.
    const second = await app.source()
    await app.error(list.id, 'x', true)
    expect((await app.detail(hub.id)).status).toBe('broken')
    await app.error(second.id, 'x')
    expect((await app.detail(hub.id)).status).toBe('error')
    const third = await app.source()
    await app.force(third.id)
    expect((await app.detail(hub.id)).status).toBe('queued')
    await app.report(other.id, 'running')
    expect((await app.detail(hub.id)).status).toBe('queued')
    await app.report(second.id, 'running')
    expect((await app.detail(hub.id)).status).toBe('running')
    // The row itself is untouched by its site.
    expect((await app.ok('GET', `/internal/sources?limit=1&after_id=${hub.id - 1}`))[0]).toMatchObject({
      status: 'waiting',
      total_items: 0,
    })
    expect(await app.detail(await app.source({ type: 'hub', site_key: 'empty' }).then((row) => row.id))).toMatchObject({
      total_items: 0,
      last_run_new: 0,
      history: [],
      last_synced_at: null,
    })
  })

  test('gifty §2.2: the newest 50 runs are in the detail, all of them by pages without overlap', async () => {
    const app = await makeRig(database)
    const source = await app.source()
    for (let n = 0; n < 53; n++) {
      await app.ingest([product(n)], { source_id: source.id })
      app.clock.advance(11 * MINUTE)
    }
    await app.report(source.id, 'running')
    await app.post(`/internal/sources/${source.id}/force-run`)
    const detail = await app.detail(source.id)
    expect(detail.history).toHaveLength(50)
    expect(detail.history[0]).toMatchObject({ status: 'skipped', error: 'overlap' })
    const seen: number[] = []
    let cursor: string | null = null
    for (let page = 0; page < 5; page++) {
      const path: string = `/internal/sources/${source.id}/runs?limit=20${cursor === null ? '' : `&cursor=${cursor}`}`
      const answer = await app.ok('GET', path)
      seen.push(...answer.items.map((run: any) => run.id))
      cursor = answer.next_cursor
      if (cursor === null) break
    }
    expect(seen).toHaveLength(55)
    expect(seen).toEqual(seen.toSorted((a, b) => b - a))
    expect((await app.ok('GET', `/internal/sources/${source.id}/runs`)).items).toEqual(detail.history)
    const bad = [
      'x',
      'W10',
      Buffer.from('["a"]').toString('base64url'),
      Buffer.from('[1.5]').toString('base64url'),
      Buffer.from('[1e300]').toString('base64url'),
    ]
    for (const text of bad)
      expect(problemOf(await app.get(`/internal/sources/${source.id}/runs?cursor=${text}`))).toMatchObject({
        type: 'value_error',
        loc: ['query', 'cursor'],
      })
    expect(codeOf(await app.get('/internal/sources/99/runs'))).toEqual([404, 'not_found'])
    expect(problemOf(await app.get(`/internal/sources/${source.id}/runs?limit=201`)).type).toBe('less_than_equal')
  })

  test('gifty §13.17: of 60 new categories 50 wait and 10 are discovered; manual sources and repeats use no quota', async () => {
    const app = await makeRig(database)
    const hub = await app.source({ type: 'hub' })
    await app.source({ url: 'https://shop.example/c/3' })
    const all = Array.from({ length: 61 }, (_, n) => category(n))
    expect(await app.ingest([], { source_id: hub.id, categories: all })).toMatchObject({ categories_ingested: 60 })
    const made = (await app.ok('GET', '/internal/sources')).filter((row: any) => row.config.discovered_at)
    expect(made.filter((row: any) => row.status === 'waiting' && row.is_active)).toHaveLength(50)
    const waiting = await app.ok('GET', '/internal/sources/backlog')
    expect(waiting).toHaveLength(10)
    expect(waiting.every((row: any) => row.status === 'discovered' && !row.is_active)).toBe(true)
    const stats = { discovered_today: 50, quota: 50, remaining: 0, backlog_total: 10 }
    expect(await app.ok('GET', '/internal/sources/backlog/stats')).toEqual(stats)
    expect(await app.ingest([], { source_id: hub.id, categories: all })).toMatchObject({ categories_ingested: 0 })
    expect(await app.ok('GET', '/internal/sources/backlog/stats')).toEqual(stats)
    const ids = waiting.slice(0, 3).map((row: any) => row.id)
    expect(await app.ok('POST', '/internal/sources/backlog/activate', { source_ids: [...ids, ids[0], hub.id, '999'] })).toEqual({
      status: 'ok',
      activated_count: 3,
      skipped: [
        { source_id: hub.id, reason: 'not_discovered' },
        { source_id: 999, reason: 'not_found' },
      ],
    })
    expect(await app.detail(ids[0])).toMatchObject({ is_active: true, status: 'waiting', next_sync_at: iso(START) })
    expect(await app.ok('POST', '/internal/sources/backlog/activate', { source_ids: ids })).toMatchObject({ activated_count: 0 })
    expect(await app.ok('GET', '/internal/sources/backlog/stats')).toEqual({ ...stats, backlog_total: 7 })
    // The quota is that of a rolling day.
    app.clock.advance(DAY - 1)
    expect((await app.ok('GET', '/internal/sources/backlog/stats')).remaining).toBe(0)
    app.clock.advance(1)
    expect((await app.ok('GET', '/internal/sources/backlog/stats')).remaining).toBe(50)
    await app.ingest([], { source_id: hub.id, categories: [category('new')] })
    expect(await app.ok('GET', '/internal/sources?status=discovered')).toHaveLength(7)
  })

  test('gifty §3.8: concurrent batches with the same new categories use the quota once', async () => {
    const app = await makeRig(database, { env: { DISCOVERY_DAILY_QUOTA: '12' } })
    const batches = Array.from({ length: 4 }, (_, batch) => [
      ...Array.from({ length: 6 }, (_, n) => category(n)),
      ...Array.from({ length: 2 }, (_, n) => category(`own-${batch}-${n}`)),
    ])
    const answers = await Promise.all(batches.map((categories) => app.ingest([], { categories })))
    expect(answers.reduce((sum, answer) => sum + answer.categories_ingested, 0)).toBe(14)
    expect(await app.ok('GET', '/internal/sources/backlog/stats')).toEqual({
      discovered_today: 12,
      quota: 12,
      remaining: 0,
      backlog_total: 2,
    })
  })

  test('gifty §2.2: the backlog is a list by priority, age and id', async () => {
    const app = await makeRig(database, { env: { DISCOVERY_DAILY_QUOTA: '0' } })
    expect(await app.ok('GET', '/internal/sources/backlog')).toEqual([])
    await app.ingest([], { categories: [category('b')] })
    app.clock.advance(1000)
    await app.ingest([], { categories: [category('c'), category('a')] })
    const [first, ...rest] = await app.ok('GET', '/internal/sources?status=discovered')
    await app.ok('PATCH', `/internal/sources/${rest[1].id}`, { priority: 90 })
    expect((await app.ok('GET', '/internal/sources/backlog')).map((row: any) => row.id)).toEqual([
      rest[1].id,
      first.id,
      rest[0].id,
    ])
    expect(await app.ok('GET', '/internal/sources/backlog?limit=1')).toHaveLength(1)
    expect(problemOf(await app.get('/internal/sources/backlog?limit=501')).type).toBe('less_than_equal')
    expect(problemOf(await app.post('/internal/sources/backlog/activate', { source_ids: [1, 'x'] }))).toMatchObject({
      type: 'int_parsing',
      loc: ['body', 'source_ids', 1],
    })
    expect((await app.post('/internal/sources/backlog/activate', { source_ids: Array(1001).fill(1) })).status).toBe(422)
  })

  test('gifty §2.2: sync-spiders makes inactive hubs of new keys, in request order, and tells once', async () => {
    const app = await makeRig(database)
    await app.source({ site_key: 'known' })
    const spiders = ['zeta', 'known', 'bad key', 'alpha', 'zeta', 'a:b', '', 'x'.repeat(101), 'ёж']
    expect(await app.ok('POST', '/internal/sources/sync-spiders', { available_spiders: spiders })).toEqual({
      status: 'ok',
      new_spiders: ['zeta', 'alpha', 'ёж'],
      rejected: ['bad key', 'a:b', '', 'x'.repeat(101)],
    })
    expect((await app.ok('GET', '/internal/sources?site_key=zeta'))[0]).toMatchObject({
      url: 'https://zeta.placeholder',
      type: 'hub',
      strategy: 'discovery',
      status: 'waiting',
      is_active: false,
      config: { is_new: true, note: expect.any(String) },
    })
    expect(await app.notifications('scraping')).toHaveLength(1)
    expect(await app.ok('POST', '/internal/sources/sync-spiders', { available_spiders: ['alpha'] })).toEqual({
      status: 'ok',
      new_spiders: [],
      rejected: [],
    })
    expect(await app.notifications('scraping')).toHaveLength(1)
    expect(problemOf(await app.post('/internal/sources/sync-spiders', {}))).toMatchObject({
      type: 'missing',
      loc: ['body', 'available_spiders'],
    })
  })

  test('gifty §2.1: logs and errors keep their last 100,000 characters', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    await app.ok('POST', `/internal/sources/${id}/report-logs`, { logs: 'a'.repeat(99_990) })
    await app.ok('POST', `/internal/sources/${id}/report-logs`, { logs: '0123456789'.repeat(2) })
    const logs = (await app.detail(id)).config.last_logs
    expect(logs).toHaveLength(100_000)
    expect(logs).toEndWith(`a\n${'0123456789'.repeat(2)}`)
    // A cut in the middle of a pair leaves no half character behind.
    await app.ok('POST', `/internal/sources/${id}/report-logs`, { logs: `😀${'x'.repeat(99_999)}` })
    expect((await app.detail(id)).config.last_logs.isWellFormed()).toBe(true)
    expect(codeOf(await app.post(`/internal/sources/${id}/report-logs`, { logs: 'x'.repeat(8 * 1024 * 1024) }))).toEqual([
      413,
      'payload_too_large',
    ])
    expect((await app.post(`/internal/sources/${id}/report-logs`, { logs: 'x'.repeat(3 * 1024 * 1024) })).status).toBe(200)
  })
})
