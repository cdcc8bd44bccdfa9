import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { DAY, HOUR, iso, MINUTE, START } from '../support/fake-clock.ts'
import { category, codeOf, makeRig, problemOf, product, products } from './rig.ts'

onEachDatabase('gifty runs', (database) => {
  test('gifty §13.7: running, 3 batches, waiting: one run with summed counters, also with source_id 0', async () => {
    for (const attributed of [true, false]) {
      const app = await makeRig(database)
      const source = await app.source({ refresh_interval_hours: 6 })
      await app.report(source.id, 'running')
      app.clock.advance(MINUTE)
      const source_id = attributed ? source.id : 0
      const first = await app.ingest(products(3), { source_id })
      await app.ingest([product(0, { price: 5 }), product(9)], { source_id, categories: [category(1)] })
      await app.ingest([product(0, { price: 5 })], { source_id: String(source_id) })
      app.clock.advance(MINUTE)
      await app.report(source.id, 'waiting')
      const at = START + 2 * MINUTE
      const runs = await app.runs(source.id)
      expect(runs).toEqual([
        {
          id: first.run_id,
          source_id: source.id,
          date: iso(START),
          started_at: iso(START),
          finished_at: iso(at),
          duration_seconds: 120,
          status: 'completed',
          strategy: 'deep',
          trigger: 'worker',
          items_scraped: 6,
          items_new: 4,
          items_updated: 1,
          items_rejected: 0,
          pages_failed: 0,
          outcome: 'completed',
          categories_found: 1,
          task_id: null,
          error: null,
        },
      ])
      expect(await app.detail(source.id)).toMatchObject({
        status: 'waiting',
        last_synced_at: iso(at),
        next_sync_at: iso(at + 6 * HOUR),
        config: { last_stats: { processed_items: 6, new_items: 4 } },
        last_run_new: 4,
      })
    }
  })

  test('gifty §2.4: a run without items leaves the statistics of a discovery', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    await app.report(id, 'running')
    await app.ingest([], { source_id: id, categories: [category(1), category(2)] })
    await app.report(id, 'waiting')
    expect((await app.detail(id)).config.last_stats).toEqual({ processed_items: 0, new_items: 0 })
  })

  test('operations §2: a run that lost something is partial, and its source rests as after any other', async () => {
    const app = await makeRig(database)
    const { id } = await app.source({ refresh_interval_hours: 6 })
    const endRun = async (result: object, items: object[] = [product(1)]) => {
      const { run_id } = await app.force(id)
      const [task] = await app.lease()
      await app.ingest(items, { source_id: id })
      const answer = await app.verb(task, 'complete', 'w1', { result })
      const run = (await app.runs(id)).find((one: any) => one.id === run_id)
      return { answer, run, source: await app.detail(id) }
    }
    const failed_pages = Array.from({ length: 120 }, (_, n) => ({
      url: `https://shop.example/${n}`,
      ...(n === 0 ? {} : { status: 503 }),
      reason: n === 0 ? 'No complete answer within 15 s' : 'HTTP 503',
    }))
    const lost = await endRun({ logs: 'done', pages: 200, pages_failed: 130, failed_pages, rejected: 2 })
    expect(lost.run).toMatchObject({ status: 'completed', outcome: 'partial', pages_failed: 130, items_rejected: 2, error: null })
    expect(lost.source).toMatchObject({ status: 'waiting', next_sync_at: iso(app.clock.now() + 6 * HOUR) })
    expect(lost.source.config.last_stats).toEqual({ processed_items: 1, new_items: 1, rejected: 2, pages_failed: 130 })
    const [stored] = await app.query(`select failed_pages from parsing_runs where id = ${lost.run.id}`)
    const kept = typeof stored.failed_pages === 'string' ? JSON.parse(stored.failed_pages) : stored.failed_pages
    expect(kept).toHaveLength(100)
    expect(kept.slice(0, 2)).toEqual([
      { url: 'https://shop.example/0', status: null, reason: 'No complete answer within 15 s' },
      { url: 'https://shop.example/1', status: 503, reason: 'HTTP 503' },
    ])
    expect((await endRun({ ended_early: 'the budget of 200 pages is used up' })).run).toMatchObject({ outcome: 'partial' })
    const whole = await endRun({ pages: 3, pages_failed: 0, failed_pages: [], rejected: 0, ended_early: null })
    expect(whole.run).toMatchObject({ status: 'completed', outcome: 'completed', pages_failed: 0 })
    expect(whole.source.config.last_stats).toEqual({ processed_items: 1, new_items: 0 })
    const unread = await endRun({ pages: 2, pages_failed: 2, failed_pages: failed_pages.slice(0, 2) }, [])
    expect(unread.run).toMatchObject({
      status: 'failed',
      outcome: null,
      pages_failed: 2,
      error: 'All 2 pages failed, the first: https://shop.example/0: No complete answer within 15 s',
    })
    expect(unread.source).toMatchObject({ status: 'error', is_active: true })
  })

  test('gifty §4: a result that cannot be read is refused and the lease stays', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    await app.force(id)
    const [task] = await app.lease()
    for (const [result, message] of [
      [{ pages_failed: -1 }, 'result.pages_failed'],
      [{ pages: 'many' }, 'result.pages'],
      [{ failed_pages: [{ url: 'https://a.example/' }] }, 'result.failed_pages.0.reason'],
      [{ ended_early: 1 }, 'result.ended_early'],
    ] as const) {
      const { status, body } = await app.verb(task, 'complete', 'w1', { result })
      expect(status).toBe(422)
      expect(JSON.stringify(body)).toContain(message)
    }
    expect((await app.verb(task, 'complete')).status).toBe(200)
  })

  test('gifty §2.3: a report or a lease opens or starts the one run there can be', async () => {
    const app = await makeRig(database)
    const one = await app.source()
    await app.report(one.id, 'running')
    expect(await app.runs(one.id)).toMatchObject([{ status: 'running', trigger: 'worker', started_at: iso(START) }])
    app.clock.advance(MINUTE)
    await app.report(one.id, 'running')
    expect(await app.runs(one.id)).toMatchObject([{ started_at: iso(START) }])
    const two = await app.source()
    const { run_id, task_id } = await app.force(two.id)
    expect(await app.runs(two.id)).toMatchObject([{ id: run_id, status: 'queued', started_at: null, date: iso(START + MINUTE) }])
    app.clock.advance(MINUTE)
    const [task] = await app.lease()
    expect(task.id).toBe(task_id)
    expect(await app.runs(two.id)).toMatchObject([{ id: run_id, status: 'running', started_at: iso(START + 2 * MINUTE) }])
    expect((await app.detail(two.id)).status).toBe('running')
    // A foreign report starts a queued run; its task is not offered to anyone else then.
    const three = await app.source()
    const forced = await app.force(three.id)
    await app.report(three.id, 'running', forced.run_id)
    expect(await app.lease()).toEqual([])
    await app.report(three.id, 'waiting')
    expect(await app.task(forced.task_id)).toMatchObject({ status: 'completed' })
    expect(await app.runs(three.id)).toMatchObject([{ id: forced.run_id, status: 'completed' }])
  })

  test('gifty §2.3: at most one run of a source is open, however many reports come at once', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    await Promise.all([
      ...Array.from({ length: 8 }, () => app.report(id, 'running')),
      ...Array.from({ length: 8 }, () => app.force(id).catch(() => undefined)),
    ])
    const runs = await app.runs(id)
    expect(runs.filter((run) => run.status === 'running' || run.status === 'queued')).toHaveLength(1)
    expect(runs.filter((run) => !['running', 'queued', 'skipped'].includes(run.status))).toEqual([])
  })

  test('gifty §2.3: concurrent batches and reports lose nothing of each other', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    await app.report(id, 'running')
    await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        await app.ingest([product(n)], { source_id: id })
        await app.ok('POST', `/internal/sources/${id}/report-logs`, { logs: `line ${n}` })
        await app.report(id, 'running')
      }),
    )
    expect(await app.runs(id)).toMatchObject([{ items_scraped: 10, items_new: 10, status: 'running' }])
    const lines = (await app.detail(id)).config.last_logs.split('\n')
    expect(lines.toSorted()).toEqual(Array.from({ length: 10 }, (_, n) => `line ${n}`))
  })

  test('gifty §2.3: batches without an open run share a completed ingest run for ten minutes', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    const { run_id } = await app.ingest([product(1)], { source_id: id })
    expect(await app.runs(id)).toMatchObject([{ id: run_id, trigger: 'ingest', status: 'completed', items_new: 1 }])
    app.clock.advance(10 * MINUTE)
    expect(await app.ingest([product(2)], { source_id: id })).toMatchObject({ run_id })
    app.clock.advance(10 * MINUTE)
    expect(await app.ingest([product(3)], { source_id: id })).toMatchObject({ run_id })
    expect(await app.runs(id)).toMatchObject([{ items_scraped: 3, finished_at: iso(START + 20 * MINUTE) }])
    app.clock.advance(10 * MINUTE + 1)
    expect((await app.ingest([product(4)], { source_id: id })).run_id).not.toBe(run_id)
    expect(await app.runs(id)).toHaveLength(2)
    expect(await app.detail(id)).toMatchObject({
      status: 'waiting',
      last_synced_at: iso(START + 30 * MINUTE + 1),
      next_sync_at: iso(START + 30 * MINUTE + 1 + DAY),
      config: { last_stats: { processed_items: 1, new_items: 1 } },
    })
  })

  test('gifty §2.4: ingest without an open run keeps disabled, broken, discovered and error', async () => {
    const app = await makeRig(database, { env: { DISCOVERY_DAILY_QUOTA: '0' } })
    const disabled = await app.source()
    await app.ok('POST', `/internal/sources/${disabled.id}/toggle?is_active=0`)
    const broken = await app.source()
    await app.error(broken.id, 'gone', true)
    const failing = await app.source()
    await app.error(failing.id, 'slow')
    const { next_sync_at } = await app.detail(failing.id)
    await app.ingest([], { categories: [category(1)] })
    const [discovered] = await app.ok('GET', '/internal/sources/backlog')
    app.clock.advance(MINUTE)
    const at = iso(START + MINUTE)
    for (const { id } of [disabled, broken, failing, discovered]) await app.ingest([product(id)], { source_id: id })
    const synced = { last_synced_at: at, next_sync_at: iso(START + MINUTE + DAY) }
    expect(await app.detail(disabled.id)).toMatchObject({ status: 'disabled', ...synced })
    expect(await app.detail(broken.id)).toMatchObject({
      status: 'broken',
      ...synced,
      config: { fix_required: true, last_error: 'gone', last_stats: { processed_items: 1, new_items: 1 } },
    })
    expect(await app.detail(discovered.id)).toMatchObject({ status: 'discovered', ...synced })
    expect(await app.detail(failing.id)).toMatchObject({
      status: 'error',
      last_synced_at: at,
      next_sync_at,
      config: { retry_count: 1, last_error: 'slow' },
    })
  })

  test('gifty §2.3: a batch starts a queued run', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    const { run_id } = await app.force(id)
    app.clock.advance(MINUTE)
    expect(await app.ingest([product(1)], { source_id: id })).toMatchObject({ run_id })
    expect(await app.runs(id)).toMatchObject([{ id: run_id, status: 'running', started_at: iso(START + MINUTE), items_new: 1 }])
    expect(await app.lease()).toEqual([])
  })

  test('gifty §2.3: report waiting without an open run frees a queued or running source only', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    await app.report(id, 'queued')
    expect(await app.detail(id)).toMatchObject({ status: 'queued', history: [] })
    await app.report(id, 'waiting')
    expect(await app.detail(id)).toMatchObject({ status: 'waiting', last_synced_at: null, next_sync_at: iso(START), history: [] })
    await app.error(id, 'x')
    await app.report(id, 'waiting')
    expect((await app.detail(id)).status).toBe('error')
  })

  test('gifty §2.3: report-status error is a soft report-error, broken a broken one', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    await app.report(id, 'running')
    await app.report(id, 'error')
    expect(await app.detail(id)).toMatchObject({ status: 'error', config: { retry_count: 1 }, history: [{ status: 'failed' }] })
    app.clock.advance(HOUR)
    await app.report(id, 'broken')
    expect(await app.detail(id)).toMatchObject({ status: 'broken', is_active: false, config: { fix_required: true } })
  })

  test('gifty §2.2: report-error is broken by default', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    const path = `/internal/sources/${id}/report-error`
    expect(await app.ok('POST', path, { error: 'x' })).toEqual({ status: 'ok' })
    expect(await app.detail(id)).toMatchObject({ status: 'broken', is_active: false })
    expect(problemOf(await app.post(path, {}))).toMatchObject({ type: 'missing', loc: ['body', 'error'] })
    expect(problemOf(await app.post(path, { error: 5 }))).toMatchObject({ type: 'string_type', input: 5 })
    expect(problemOf(await app.post(path, { error: 'x', is_broken: 'x' })).loc).toEqual(['body', 'is_broken'])
    expect(await app.ok('POST', path, { error: 'x', is_broken: null })).toEqual({ status: 'ok' })
  })

  test('gifty §13.8: reports on unknown ids are 404, on a closed run ignored', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    const other = await app.source()
    const foreign = (await app.force(other.id)).run_id
    const bodies = { 'report-status': { status: 'running' }, 'report-error': { error: 'x' }, 'report-logs': { logs: 'x' } }
    for (const [route, body] of Object.entries(bodies)) {
      expect(codeOf(await app.post(`/internal/sources/999/${route}`, body))).toEqual([404, 'not_found'])
      for (const run_id of [foreign, 999, 0])
        expect(codeOf(await app.post(`/internal/sources/${id}/${route}`, { ...body, run_id }))).toEqual([404, 'not_found'])
    }
    const { run_id } = await app.force(id)
    await app.report(id, 'running', run_id)
    await app.report(id, 'waiting', run_id)
    const before = await app.detail(id)
    for (const status of ['running', 'waiting', 'error', 'broken', 'queued'])
      expect(await app.report(id, status, run_id)).toEqual({ status: 'ok', ignored: true })
    expect(await app.ok('POST', `/internal/sources/${id}/report-error`, { error: 'x', run_id })).toEqual({
      status: 'ok',
      ignored: true,
    })
    expect(await app.detail(id)).toEqual(before)
    const cancelled = await app.force(id)
    await app.ok('POST', `/internal/tasks/${cancelled.task_id}/cancel`)
    expect(await app.report(id, 'running', cancelled.run_id)).toEqual({ status: 'ok', ignored: true })
    expect(await app.runs(id)).toMatchObject([{ status: 'cancelled' }, { status: 'completed' }])
  })

  test('gifty §2.3: logs go to the open, else the newest run, and late ones to the run they name', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    const logs = (text: string, run_id?: number) => app.ok('POST', `/internal/sources/${id}/report-logs`, { logs: text, run_id })
    const shown = async () => (await app.detail(id)).config.last_logs
    await logs('before any run')
    expect(await shown()).toBe('before any run')
    const { run_id } = await app.force(id)
    await app.report(id, 'running')
    await logs('one')
    await logs('two', run_id)
    expect(await shown()).toBe('one\ntwo')
    await app.report(id, 'waiting')
    expect(await logs('three', run_id)).toEqual({ status: 'ok', ignored: true })
    expect(await shown()).toBe('one\ntwo\nthree')
    await app.report(id, 'running')
    await logs('next')
    expect(await shown()).toBe('next')
    // What comes late of an older run does not hide the newest one's.
    await logs('four', run_id)
    expect(await shown()).toBe('next')
  })

  test('gifty §13.6: force-run queues, answers the same run while queued, and is refused while running', async () => {
    // A published run keeps its strategy: see amqp-force.test.ts.
    const app = await makeRig(database, { broker: 'none' })
    const source = await app.source()
    const path = `/internal/sources/${source.id}/force-run`
    const first = await app.ok('POST', path)
    expect(first).toEqual({ status: 'ok', message: expect.any(String), run_id: expect.any(Number), task_id: expect.any(String) })
    expect(await app.detail(source.id)).toMatchObject({ status: 'queued', next_sync_at: iso(START + 30 * MINUTE) })
    expect(await app.ok('POST', path)).toMatchObject({ run_id: first.run_id, task_id: first.task_id })
    expect(await app.ok('POST', `${path}?strategy=deep`, { strategy: 'discovery' })).toMatchObject({ run_id: first.run_id })
    const [task] = await app.lease()
    expect(task.payload).toEqual({
      source_id: source.id,
      url: source.url,
      site_key: 'shop',
      type: 'list',
      strategy: 'discovery',
      config: {},
      run_id: first.run_id,
    })
    expect(await app.runs(source.id)).toMatchObject([{ strategy: 'discovery', trigger: 'force' }])
    const refused = await app.post(path)
    expect(codeOf(refused)).toEqual([409, 'already_running'])
    expect(refused.body.error.fields).toEqual({ run_id: first.run_id, task_id: first.task_id })
    expect(await app.runs(source.id)).toMatchObject([
      { status: 'skipped', error: 'overlap', trigger: 'force' },
      { status: 'running' },
    ])
    for (const answer of [await app.post(`${path}?strategy=x`), await app.post(path, { strategy: 'x' })])
      expect(problemOf(answer)).toMatchObject({ type: 'enum', input: 'x' })
    expect(codeOf(await app.post('/internal/sources/99/force-run'))).toEqual([404, 'not_found'])
  })

  test('gifty §2.6: without a broker a force-run that meets a queued run answers with it, also when that is cancelled meanwhile', async () => {
    const app = await makeRig(database, { broker: 'none' })
    const { id } = await app.source()
    const forced = await app.force(id)
    const [again, cancelled] = await Promise.all([
      app.post(`/internal/sources/${id}/force-run`),
      app.post(`/internal/tasks/${forced.task_id}/cancel`),
    ])
    expect([cancelled.status, again.status]).toEqual([200, 200])
    expect(await app.runs(id)).toMatchObject(
      // Whichever came first: the same run, or a new one after the cancelled one.
      again.body.run_id === forced.run_id
        ? [{ id: forced.run_id, status: 'cancelled' }]
        : [
            { id: again.body.run_id, status: 'queued' },
            { id: forced.run_id, status: 'cancelled' },
          ],
    )
  })

  test('gifty §2.6: force-run works on inactive and broken sources, and their status comes back', async () => {
    const app = await makeRig(database)
    const { id } = await app.source({ schedule: { cron: '0 5 * * *' } })
    await app.error(id, 'x', true)
    const before = await app.detail(id)
    await app.force(id)
    expect(await app.detail(id)).toMatchObject({ status: 'queued', is_active: false, next_sync_at: before.next_sync_at })
    const [task] = await app.lease()
    expect((await app.verb(task, 'complete')).status).toBe(200)
    expect(await app.detail(id)).toMatchObject({ status: 'broken', is_active: false })
    await app.ingest([product(1)], { source_id: id })
    await app.force(id)
    expect((await app.detail(id)).config.last_stats).toEqual({ processed_items: 1, new_items: 1, status: 'queued_manual' })
  })

  test('gifty §2.6: with queue_one a force-run during a run starts one run after it', async () => {
    const app = await makeRig(database)
    const { id } = await app.source({ overlap: 'queue_one' })
    await app.report(id, 'running')
    const [open] = await app.runs(id)
    for (let n = 0; n < 3; n++)
      expect(await app.force(id)).toEqual({
        status: 'ok',
        message: expect.any(String),
        run_id: null,
        task_id: null,
        queued_after: open.id,
      })
    expect(await app.runs(id)).toHaveLength(1)
    await app.report(id, 'waiting')
    expect(await app.runs(id)).toMatchObject([{ status: 'queued', trigger: 'force' }, { status: 'completed' }])
    expect((await app.detail(id)).status).toBe('queued')
    await app.lease()
    await app.report(id, 'waiting')
    expect(await app.runs(id)).toHaveLength(2)
  })
})
