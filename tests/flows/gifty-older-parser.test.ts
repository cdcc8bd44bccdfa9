import { expect, test } from 'bun:test'
import { clientOf, INT, NEW_SOURCE, onEachServer, RUN, STORED, TEXT, TIME, TOKEN, UUID } from './rig.ts'

const env = () => ({ FAMILIES: 'gifty' })

onEachServer("Gifty's older parser", env, (server) => {
  test('without leases: forced runs, a batch without a run, errors, and a backlog of categories', async () => {
    const parser = clientOf(`${server.origin()}/api/v1/internal`, TOKEN)
    const site = 'old-shop'
    const item = (n: number, more: Record<string, unknown> = {}) => ({
      title: `Old ${n}`,
      product_url: `https://old.example/${n}`,
      site_key: site,
      price: n,
      ...more,
    })

    // §2.2, §2.6: switched off, so that no schedule takes it; somebody forces it, twice, because the button was slow.
    const made = { url: 'https://old.example/', type: 'list', site_key: site, is_active: false }
    const { id } = await parser.ok('POST', '/sources', made)
    const forced = await parser.ok('POST', `/sources/${id}/force-run?strategy=deep`)
    expect(forced).toEqual({ status: 'ok', message: TEXT, run_id: INT, task_id: UUID })
    expect(await parser.ok('POST', `/sources/${id}/force-run`)).toEqual({ ...forced, message: TEXT })
    expect((await parser.ok('GET', `/sources/${id}`)).status).toBe('queued')

    // §2.3: it reports by the id of its source alone; a third press meets a run under way.
    const report = (status: string) => parser.ok('POST', `/sources/${id}/report-status`, { status })
    expect(await report('running')).toEqual({ status: 'ok' })
    const busy = await parser.send('POST', `/sources/${id}/force-run`)
    expect([busy.status, busy.body]).toEqual([
      ...[409, { error: { code: 'already_running', message: TEXT, fields: { run_id: forced.run_id, task_id: forced.task_id } } }],
    ])
    // §3.2: its batches name no source, or name it in a text; both belong to the one run of the site.
    const nothing = { ...STORED, run_id: forced.run_id }
    expect(await parser.ok('POST', '/ingest-batch', { items: [item(1), item(2)], source_id: 0 })).toEqual({
      ...nothing,
      items_ingested: 2,
    })
    expect(await parser.ok('POST', '/ingest-batch', { items: [item(2), item(3)], source_id: ` ${id} ` })).toEqual({
      ...nothing,
      ...{ items_ingested: 1, items_unchanged: 1 },
    })
    expect(await parser.ok('POST', '/ingest-batch', { items: [], source_id: id, categories: null })).toEqual(nothing)
    expect(await report('waiting')).toEqual({ status: 'ok' })
    const [second, first] = (await parser.ok('GET', `/sources/${id}`)).history
    expect(first).toEqual({
      ...{ ...RUN, id: forced.run_id, source_id: id, task_id: forced.task_id, trigger: 'force' },
      ...{ items_scraped: 4, items_new: 3 },
    })
    expect(second).toMatchObject({ status: 'skipped', error: TEXT })

    // §2.3, §2.4: a run that fails softly is tried again later; one that is broken switches its source off until it is mended.
    await parser.ok('POST', `/sources/${id}/toggle`, { is_active: 'true' })
    await report('running')
    expect(await parser.ok('POST', `/sources/${id}/report-error`, { error: 'Timeout <30 s>', is_broken: false })).toEqual({
      status: 'ok',
    })
    expect(await parser.ok('GET', `/sources/${id}`)).toMatchObject({
      ...{ status: 'error', is_active: true, config: { last_error: 'Timeout <30 s>', retry_count: 1 } },
      history: [{ status: 'failed', trigger: 'worker', error: 'Timeout <30 s>' }, {}, {}],
    })
    await report('running')
    await parser.ok('POST', `/sources/${id}/report-error`, { error: 'Layout changed' })
    const broken = await parser.ok('GET', `/sources/${id}`)
    expect({ ...broken }).toMatchObject({ status: 'broken', is_active: false })
    expect([broken.config.fix_required, broken.config.last_error]).toEqual([true, 'Layout changed'])
    // §2.1: the dashboard sends the config back as it read it; what the server keeps in it is not taken for the source's own.
    const patched = await parser.ok('PATCH', `/sources/${id}`, {
      config: { ...broken.config, note: 'new layout' },
      schedule: null,
    })
    expect(patched.config).toEqual({ fix_required: true, last_stats: { processed_items: 4, new_items: 3 }, note: 'new layout' })
    expect(await parser.ok('POST', `/sources/${id}/toggle?is_active=on`)).toEqual({ status: 'ok', is_active: true })
    expect(await parser.ok('GET', `/sources/${id}`)).toMatchObject({ status: 'waiting', config: { note: 'new layout' } })

    // §3.8, §13.17: sixty categories are more than a day takes: the rest waits in the backlog until somebody picks from it.
    const { remaining } = await parser.ok('GET', '/sources/backlog/stats')
    const categories = Array.from({ length: 60 }, (_, n) => ({
      name: `Shelf ${n}`,
      url: `https://old.example/shelf/${n}`,
      site_key: site,
      parent_url: null,
    }))
    expect(await parser.ok('POST', '/ingest-batch', { items: [], source_id: 0, categories })).toEqual({
      ...STORED,
      categories_ingested: 60,
    })
    const left = 60 - remaining
    expect(await parser.ok('GET', '/sources/backlog/stats')).toEqual({
      discovered_today: 50,
      quota: 50,
      remaining: 0,
      backlog_total: left,
    })
    const backlog = await parser.ok('GET', '/sources/backlog')
    expect(backlog).toHaveLength(left)
    expect(backlog[0]).toEqual({
      ...{
        ...NEW_SOURCE,
        site_key: site,
        priority: 50,
        refresh_interval_hours: 24,
        url: TEXT,
        is_active: false,
        status: 'discovered',
      },
      config: { discovery_name: expect.stringMatching(/^Shelf \d+$/), parent_url: null, discovered_at: TIME },
    })
    expect(await parser.ok('POST', '/sources/backlog/activate', { source_ids: [backlog[0].id] })).toEqual({
      status: 'ok',
      activated_count: 1,
      skipped: [],
    })
    // §2.5: what was activated is due at once; the schedule may have taken it already.
    expect(await parser.ok('GET', `/sources/${backlog[0].id}`)).toMatchObject({
      is_active: true,
      status: expect.stringMatching(/^(?:waiting|queued)$/),
    })
    expect(await parser.ok('GET', '/categories/tasks?limit=500')).toContainEqual({
      external_name: 'Shelf 7',
      products_count: 0,
      sample_titles: [],
    })

    // §1.2: refusals as every client reads them.
    const refusals: [string, string, unknown, Record<string, string>, number, string][] = [
      ['GET', '/nowhere', undefined, {}, 404, 'not_found'],
      ['PUT', '/ingest-batch', undefined, {}, 405, 'method_not_allowed'],
      ['POST', '/ingest-batch', '{"items":', {}, 422, 'validation_error'],
      ['POST', '/ingest-batch', 'items', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
      ['POST', '/ingest-batch', { items: [], source_id: 999_999 }, {}, 404, 'not_found'],
      ['POST', '/ingest-batch', { items: [] }, { 'x-internal-token': 'guess' }, 403, 'forbidden'],
    ]
    for (const [method, path, body, headers, status, code] of refusals) {
      const reply = await parser.send(method, path, body, headers)
      expect([method, path, reply.status, reply.body.error?.code, reply.body.error?.message]).toEqual([
        method,
        path,
        status,
        code,
        TEXT,
      ])
    }
  }, 300_000)
})
