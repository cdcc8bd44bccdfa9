import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { HOUR, iso, MINUTE, START } from '../support/fake-clock.ts'
import { codeOf, makeRig, problemOf } from './rig.ts'

onEachDatabase('gifty sources', (database) => {
  test('gifty §2.1: a new source has every field, the defaults, and is due now', async () => {
    const app = await makeRig(database)
    const made = await app.ok('POST', '/internal/sources', { url: 'https://a.example/x', type: 'list', site_key: 'a' })
    expect(made).toEqual({
      id: made.id,
      url: 'https://a.example/x',
      type: 'list',
      site_key: 'a',
      strategy: 'deep',
      priority: 50,
      refresh_interval_hours: 24,
      schedule: null,
      overlap: 'skip',
      is_active: true,
      status: 'waiting',
      last_synced_at: null,
      next_sync_at: iso(START),
      created_at: iso(START),
      updated_at: iso(START),
      config: {},
      total_items: 0,
      last_run_new: 0,
      history: null,
    })
    expect(await app.detail(made.id)).toEqual({ ...made, history: [] })
  })

  test('gifty §13.4: a repeated POST of a url keeps what is absent or null', async () => {
    const app = await makeRig(database)
    const given = {
      url: 'https://a.example/x',
      type: 'list',
      site_key: 'a',
      strategy: 'discovery',
      priority: 7,
      refresh_interval_hours: 3,
      is_active: false,
      config: { note: 'mine' },
      schedule: { cron: '0 5 * * *', timezone: 'Europe/Moscow' },
      overlap: 'queue_one',
    }
    const first = await app.ok('POST', '/internal/sources', given)
    app.clock.advance(MINUTE)
    const again = await app.ok('POST', '/internal/sources', { url: given.url, type: 'hub', site_key: 'b' })
    expect(again).toEqual({ ...first, type: 'hub', site_key: 'b', updated_at: iso(START + MINUTE) })
    const nulls = { strategy: null, priority: null, refresh_interval_hours: null, is_active: null, config: null }
    const third = await app.ok('POST', '/internal/sources', {
      ...{ url: given.url, type: 'hub', site_key: 'b' },
      ...nulls,
      schedule: null,
      overlap: null,
    })
    expect(third).toEqual(again)
    const changed = await app.ok('POST', '/internal/sources', { ...given, priority: 8, config: {} })
    expect(changed).toMatchObject({ id: first.id, priority: 8, config: {}, type: 'list' })
    expect(await app.rows('parsing_sources')).toBe(1)
  })

  test('gifty §2.2: concurrent POSTs of one url make one source', async () => {
    const app = await makeRig(database)
    const made = await Promise.all(
      Array.from({ length: 12 }, (_, n) => app.source({ url: 'https://a.example/same', priority: n + 1 })),
    )
    expect(new Set(made.map((source) => source.id)).size).toBe(1)
    expect(await app.rows('parsing_sources')).toBe(1)
  })

  test('gifty §2.2: PATCH changes what it names, ignores site_key and status, and null is unchanged', async () => {
    const app = await makeRig(database)
    const made = await app.source({ config: { a: 1, b: 2 }, schedule: { cron: '0 5 * * *' } })
    app.clock.advance(1000)
    const updated_at = iso(START + 1000)
    const path = `/internal/sources/${made.id}`
    expect(await app.ok('PATCH', path, { site_key: 'other', status: 'broken' })).toEqual({ ...made, updated_at })
    const nulls = Object.fromEntries(
      ['url', 'type', 'strategy', 'priority', 'refresh_interval_hours', 'is_active', 'config', 'overlap'].map((key) => [
        key,
        null,
      ]),
    )
    expect(await app.ok('PATCH', path, nulls)).toEqual({ ...made, updated_at })
    const change = {
      url: 'https://a.example/new',
      type: 'sitemap',
      strategy: 'discovery',
      priority: 1,
      refresh_interval_hours: 8760,
      config: { c: 3 },
      overlap: 'queue_one',
    }
    expect(await app.ok('PATCH', path, change)).toEqual({ ...made, ...change, updated_at })
    expect(await app.ok('PATCH', path, { schedule: null })).toMatchObject({ schedule: null })
    expect(codeOf(await app.patch('/internal/sources/99', { priority: 1 }))).toEqual([404, 'not_found'])
  })

  test('gifty §13.4: PATCH to a used url is 409 and changes nothing', async () => {
    const app = await makeRig(database)
    const one = await app.source()
    const two = await app.source()
    const answer = await app.patch(`/internal/sources/${two.id}`, { url: one.url, priority: 3 })
    expect(codeOf(answer)).toEqual([409, 'conflict'])
    expect(await app.detail(two.id)).toMatchObject({ url: two.url, priority: 50 })
    expect((await app.patch(`/internal/sources/${two.id}`, { url: two.url })).status).toBe(200)
  })

  test('gifty §13.4: logs show in the detail only, and a read config sent back stores no key of the server', async () => {
    const app = await makeRig(database)
    const made = await app.source({ config: { note: 'keep' } })
    await app.ok('POST', `/internal/sources/${made.id}/report-logs`, { logs: 'line 1' })
    await app.error(made.id, 'went <wrong>')
    const read = await app.detail(made.id)
    expect(read.config).toEqual({ note: 'keep', retry_count: 1, last_logs: 'line 1', last_error: 'went <wrong>' })
    const [listed] = await app.ok('GET', '/internal/sources')
    expect(listed.config).toEqual({ note: 'keep', retry_count: 1 })
    const sent = { ...read.config, last_stats: { processed_items: 5 }, fix_required: true, retry_count: 9 }
    expect((await app.ok('PATCH', `/internal/sources/${made.id}`, { config: sent })).config).toEqual({
      note: 'keep',
      retry_count: 1,
    })
    await app.force(made.id)
    const [task] = await app.lease()
    expect(task.payload.config).toEqual({ note: 'keep' })
    // What the server itself keeps is still there.
    expect((await app.detail(made.id)).config).toMatchObject({ last_error: 'went <wrong>', last_logs: 'line 1' })
    await app.ok('POST', '/internal/sources', { url: 'https://b.example/', type: 'list', site_key: 'b', config: sent })
    expect((await app.ok('GET', '/internal/sources?site_key=b'))[0].config).toEqual({ note: 'keep' })
  })

  test('gifty §2.2: the list is by id, filters, pages by after_id, and without limit streams all rows', async () => {
    const app = await makeRig(database)
    const hubs = Array.from({ length: 1201 }, (_, n) => `spider-${n}`)
    await app.ok('POST', '/internal/sources/sync-spiders', { available_spiders: hubs })
    const listed = await app.source({ site_key: 'mine' })
    const all = await app.ok('GET', '/internal/sources')
    expect(all).toHaveLength(1202)
    expect(all.map((row: any) => row.id)).toEqual(all.map((row: any) => row.id).toSorted((a: number, b: number) => a - b))
    expect(all.at(-1)).toEqual(listed)
    expect(await app.ok('GET', '/internal/sources?is_active=YES')).toEqual([listed])
    expect(await app.ok('GET', '/internal/sources?site_key=mine&status=waiting&is_active=1')).toEqual([listed])
    expect(await app.ok('GET', '/internal/sources?site_key=mine&status=error')).toEqual([])
    const page = await app.ok('GET', `/internal/sources?limit=2&after_id=${all[9].id}`)
    expect(page).toEqual(all.slice(10, 12))
    expect(await app.ok('GET', `/internal/sources?after_id=${all[1199].id}`)).toEqual(all.slice(1200))
    expect(await app.ok('GET', '/internal/sources?limit=1000')).toHaveLength(1000)
    for (const [query, type] of [
      ['limit=0', 'greater_than_equal'],
      ['limit=1001', 'less_than_equal'],
      ['limit=', 'int_parsing'],
      ['limit=1.5', 'int_parsing'],
      ['is_active=maybe', 'bool_parsing'],
    ] as const) {
      const problem = problemOf(await app.get(`/internal/sources?${query}`))
      expect(problem).toMatchObject({ type, loc: ['query', query.split('=')[0]!] })
    }
  })

  test('gifty §2.2: fields outside their bounds are 422, those at the bounds are taken', async () => {
    const app = await makeRig(database)
    const valid = { url: 'https://a.example/', type: 'list', site_key: 'a' }
    const refused: [Record<string, unknown>, string, string][] = [
      [{ url: 'ftp://a.example/' }, 'url', 'value_error'],
      [{ url: '/relative' }, 'url', 'value_error'],
      [{ url: `https://a.example/${'x'.repeat(2048)}` }, 'url', 'string_too_long'],
      [{ url: undefined }, 'url', 'missing'],
      [{ url: null }, 'url', 'string_type'],
      [{ type: '' }, 'type', 'string_too_short'],
      [{ type: 'x'.repeat(65) }, 'type', 'string_too_long'],
      [{ site_key: 'a b' }, 'site_key', 'value_error'],
      [{ site_key: 'a:b' }, 'site_key', 'value_error'],
      [{ site_key: 'x'.repeat(101) }, 'site_key', 'string_too_long'],
      [{ strategy: 'x' }, 'strategy', 'enum'],
      [{ priority: 0 }, 'priority', 'greater_than_equal'],
      [{ priority: 101 }, 'priority', 'less_than_equal'],
      [{ priority: 1.5 }, 'priority', 'int_type'],
      [{ refresh_interval_hours: 0 }, 'refresh_interval_hours', 'greater_than_equal'],
      [{ refresh_interval_hours: 8761 }, 'refresh_interval_hours', 'less_than_equal'],
      [{ is_active: 2 }, 'is_active', 'bool_parsing'],
      [{ config: [] }, 'config', 'dict_type'],
      [{ overlap: 'both' }, 'overlap', 'enum'],
      [{ schedule: 'daily' }, 'schedule', 'dict_type'],
    ]
    for (const [change, field, type] of refused)
      expect(problemOf(await app.post('/internal/sources', { ...valid, ...change }))).toMatchObject({
        type,
        loc: ['body', field],
      })
    expect(await app.rows('parsing_sources')).toBe(0)
    const edge = {
      url: `https://a.example/${'x'.repeat(2048 - 18)}`,
      type: 'x'.repeat(64),
      site_key: 'ё'.repeat(100),
      priority: '100',
      refresh_interval_hours: ' 8760 ',
      is_active: 'OFF',
    }
    expect(await app.ok('POST', '/internal/sources', edge)).toMatchObject({
      priority: 100,
      refresh_interval_hours: 8760,
      is_active: false,
    })
  })

  test('gifty §2.2: toggle works by body and by query, the body wins', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    const path = `/internal/sources/${id}/toggle`
    expect(await app.ok('POST', `${path}?is_active=off`)).toEqual({ status: 'ok', is_active: false })
    expect(await app.detail(id)).toMatchObject({ is_active: false, status: 'disabled', next_sync_at: iso(START) })
    expect(await app.ok('POST', path, { is_active: 'y' })).toEqual({ status: 'ok', is_active: true })
    expect(await app.detail(id)).toMatchObject({ is_active: true, status: 'waiting', next_sync_at: iso(START) })
    expect(await app.ok('POST', `${path}?is_active=true`, { is_active: false })).toEqual({ status: 'ok', is_active: false })
    expect(problemOf(await app.post(path))).toMatchObject({ type: 'missing', loc: ['body', 'is_active'], input: null })
    expect(problemOf(await app.post(`${path}?is_active=x`))).toMatchObject({ type: 'bool_parsing', loc: ['query', 'is_active'] })
    expect(codeOf(await app.post('/internal/sources/12345678901234/toggle?is_active=1'))).toEqual([404, 'not_found'])
  })

  test('gifty §2.2: switching on clears the error, fix_required and the counter; an open run keeps its status', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    await app.error(id, 'soft')
    await app.error(id, 'hard', true)
    expect((await app.detail(id)).config).toMatchObject({ fix_required: true, last_error: 'hard' })
    await app.ok('POST', `/internal/sources/${id}/toggle?is_active=1`)
    expect(await app.detail(id)).toMatchObject({ status: 'waiting', is_active: true, config: {} })
    await app.report(id, 'running')
    await app.ok('POST', `/internal/sources/${id}/toggle?is_active=0`)
    expect(await app.detail(id)).toMatchObject({ status: 'disabled', history: [{ status: 'running' }, {}, {}] })
    await app.ok('POST', `/internal/sources/${id}/toggle?is_active=1`)
    expect(await app.detail(id)).toMatchObject({ status: 'running' })
    await app.ok('POST', `/internal/sources/${id}/toggle?is_active=0`)
    await app.report(id, 'waiting')
    expect(await app.detail(id)).toMatchObject({ status: 'disabled', history: [{ status: 'completed' }, {}, {}] })
  })

  test('gifty §2.2: a changed is_active in POST or PATCH acts like toggle, an unchanged one does nothing', async () => {
    const app = await makeRig(database)
    const made = await app.source()
    const path = `/internal/sources/${made.id}`
    await app.error(made.id, 'soft')
    expect(await app.ok('PATCH', path, { is_active: true })).toMatchObject({ status: 'error', config: { retry_count: 1 } })
    expect(await app.ok('PATCH', path, { is_active: 'no' })).toMatchObject({ status: 'disabled', is_active: false })
    const on = await app.ok('POST', '/internal/sources', { url: made.url, type: 'list', site_key: 'shop', is_active: true })
    expect(on).toMatchObject({ status: 'waiting', is_active: true, config: {} })
    expect((await app.detail(made.id)).next_sync_at).toBe(iso(START + 10 * MINUTE))
  })

  test('gifty §2.5: a schedule replaces the interval, is checked, and its time is the next one', async () => {
    const app = await makeRig(database)
    const made = await app.source({ schedule: { cron: ' 30  5 * * 1-5 ', timezone: 'Europe/Moscow' } })
    expect(made.schedule).toEqual({ cron: '30 5 * * 1-5', timezone: 'Europe/Moscow' })
    expect(made.next_sync_at).toBe('2026-01-16T02:30:00.000Z')
    const zoneless = await app.ok('PATCH', `/internal/sources/${made.id}`, { schedule: { cron: '0 13 * * *', timezone: null } })
    expect(zoneless).toMatchObject({ schedule: { cron: '0 13 * * *', timezone: 'UTC' }, next_sync_at: iso(START + HOUR) })
    for (const schedule of [
      { cron: 'daily' },
      { cron: '* * * *' },
      { cron: '*/5 * * * * *' },
      { cron: '61 * * * *' },
      { cron: '0 0 30 2 *' },
      { cron: '0 5 * * *', timezone: 'Mars/Base' },
      { cron: '0 5 * * *', timezone: '+02:00' },
    ])
      for (const answer of [
        await app.patch(`/internal/sources/${made.id}`, { schedule }),
        await app.post('/internal/sources', { url: 'https://c.example/', type: 'list', site_key: 'c', schedule }),
      ])
        expect(problemOf(answer)).toMatchObject({ type: 'value_error', loc: ['body', 'schedule'] })
    expect(problemOf(await app.patch(`/internal/sources/${made.id}`, { schedule: {} })).loc).toEqual(['body', 'schedule', 'cron'])
  })
})
