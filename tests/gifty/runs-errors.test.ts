import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { DAY, HOUR, iso, MINUTE, START } from '../support/fake-clock.ts'
import { makeRig, product } from './rig.ts'

onEachDatabase('gifty runs: errors and losses', (database) => {
  test('gifty §13.8: soft errors delay 10, 20, 30 min, the 4th breaks; each notifies', async () => {
    const app = await makeRig(database)
    const { id } = await app.source({ site_key: 'a<b>&' })
    for (let n = 1; n <= 3; n++) {
      await app.error(id, `error <${n}>`)
      expect(await app.detail(id)).toMatchObject({
        status: 'error',
        is_active: true,
        next_sync_at: iso(app.clock.now() + n * 10 * MINUTE),
        config: { retry_count: n, last_error: `error <${n}>` },
        history: Array.from({ length: n }, () => ({ status: 'failed', trigger: 'worker' })),
      })
      app.clock.advance(HOUR)
    }
    const { next_sync_at } = await app.detail(id)
    await app.error(id, 'fourth')
    const detail = await app.detail(id)
    expect(detail).toMatchObject({ status: 'broken', is_active: false, next_sync_at })
    expect(detail.config).toEqual({ fix_required: true, last_error: 'fourth' })
    const notifications = await app.notifications('scraping')
    expect(notifications.map((notification) => notification.data)).toEqual([
      ...Array(3).fill({ source_id: id, site_key: 'a<b>&', is_broken: false }),
      { source_id: id, site_key: 'a<b>&', is_broken: true },
    ])
    expect(notifications[0]).toMatchObject({ timestamp: iso(START) })
    expect(notifications[0].text).toContain('a&lt;b&gt;&amp;')
    expect(notifications[0].text).toContain('error &lt;1&gt;')
  })

  test('gifty §13.8: a successful run resets the count of failed ones', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    for (let n = 0; n < 3; n++) {
      await app.error(id, 'x')
      app.clock.advance(HOUR)
    }
    await app.report(id, 'running')
    await app.report(id, 'waiting')
    const detail = await app.detail(id)
    expect(detail).toMatchObject({ status: 'waiting', config: { last_stats: expect.anything() } })
    expect(detail.config).not.toHaveProperty('retry_count')
    expect(detail.config).not.toHaveProperty('last_error')
    app.clock.advance(HOUR)
    await app.error(id, 'x')
    expect(await app.detail(id)).toMatchObject({ status: 'error', config: { retry_count: 1 } })
  })

  test('gifty §13.8: timeout plus exit error of one run count once, the text is appended', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    await app.report(id, 'running')
    await app.error(id, 'timeout')
    app.clock.advance(9 * MINUTE)
    await app.error(id, 'exit code 1')
    expect(await app.runs(id)).toMatchObject([{ status: 'failed', error: 'timeout\nexit code 1' }])
    expect(await app.detail(id)).toMatchObject({
      status: 'error',
      next_sync_at: iso(START + 10 * MINUTE),
      config: { retry_count: 1, last_error: 'timeout\nexit code 1' },
    })
    expect(await app.notifications('scraping')).toHaveLength(1)
    // A broken one still breaks, uncounted.
    await app.error(id, 'captcha', true)
    expect(await app.detail(id)).toMatchObject({ status: 'broken', is_active: false, config: { fix_required: true } })
    expect(await app.runs(id)).toHaveLength(1)
    expect(await app.notifications('scraping')).toHaveLength(1)
  })

  test('gifty §2.3: after ten minutes, or where no run had started, a further error counts', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    await app.report(id, 'running')
    await app.error(id, 'one')
    app.clock.advance(10 * MINUTE)
    await app.error(id, 'two')
    await app.error(id, 'three')
    expect(await app.runs(id)).toMatchObject([{ error: 'three' }, { error: 'two' }, { error: 'one' }])
    expect((await app.detail(id)).config.retry_count).toBe(3)
  })

  test('gifty §2.4: a soft error keeps disabled and broken', async () => {
    const app = await makeRig(database)
    const off = await app.source()
    await app.ok('POST', `/internal/sources/${off.id}/toggle?is_active=0`)
    const broken = await app.source()
    await app.error(broken.id, 'x', true)
    for (const [{ id }, status] of [
      [off, 'disabled'],
      [broken, 'broken'],
    ] as const) {
      app.clock.advance(HOUR)
      const at = app.clock.now()
      await app.report(id, 'running')
      await app.error(id, 'soft')
      expect(await app.detail(id)).toMatchObject({
        status,
        is_active: false,
        next_sync_at: iso(at + 10 * MINUTE),
        config: { retry_count: 1 },
      })
    }
  })

  test('gifty §2.4: an inactive source gets back the status it had, or the one it was given since', async () => {
    const app = await makeRig(database)
    await app.ok('POST', '/internal/sources/sync-spiders', { available_spiders: ['hub'] })
    const [hub] = await app.ok('GET', '/internal/sources')
    await app.force(hub.id)
    await app.lease()
    await app.report(hub.id, 'waiting')
    expect(await app.detail(hub.id)).toMatchObject({ status: 'waiting', is_active: false })
    await app.report(hub.id, 'running')
    await app.ok('POST', `/internal/sources/${hub.id}/toggle?is_active=1`)
    await app.ok('POST', `/internal/sources/${hub.id}/toggle?is_active=0`)
    await app.ingest([product(1)], { source_id: hub.id })
    expect((await app.detail(hub.id)).status).toBe('running')
    await app.report(hub.id, 'waiting')
    expect(await app.detail(hub.id)).toMatchObject({ status: 'disabled', is_active: false })
  })

  test('gifty §2.3: a running run without a word for RUN_IDLE_TIMEOUT_SECONDS is lost, a soft error', async () => {
    const app = await makeRig(database, { env: { RUN_IDLE_TIMEOUT_SECONDS: '1200' } })
    const { id } = await app.source()
    const { run_id, task_id } = await app.force(id)
    await app.report(id, 'running')
    app.clock.advance(20 * MINUTE - 1)
    await app.tick()
    expect((await app.runs(id))[0].status).toBe('running')
    // Each of these is a word: a batch, a report, logs.
    await app.ingest([product(1)], { source_id: id })
    app.clock.advance(20 * MINUTE - 1)
    await app.report(id, 'running')
    app.clock.advance(20 * MINUTE - 1)
    await app.ok('POST', `/internal/sources/${id}/report-logs`, { logs: 'still here' })
    app.clock.advance(20 * MINUTE - 1)
    await app.tick()
    expect((await app.runs(id))[0].status).toBe('running')
    app.clock.advance(10_001)
    await app.tick()
    const detail = await app.detail(id)
    expect(detail).toMatchObject({
      status: 'error',
      next_sync_at: iso(app.clock.now() + 10 * MINUTE),
      config: { retry_count: 1 },
      history: [{ id: run_id, status: 'lost', error: expect.any(String) }],
    })
    expect((await app.task(task_id)).status).toBe('dead')
    expect(await app.notifications('scraping')).toHaveLength(1)
    // The exit error that follows is of the same run.
    await app.error(id, 'killed')
    expect((await app.detail(id)).config.retry_count).toBe(1)
  })

  test('gifty §2.3: a live lease is a word, and a queued run waits for a worker for ever', async () => {
    const app = await makeRig(database)
    const queued = await app.source({ priority: 1 })
    const leased = await app.source({ priority: 90 })
    for (const { id } of [leased, queued]) await app.force(id)
    const [task] = await app.lease('w1', { lease_seconds: 3600 })
    for (let hour = 0; hour < 3; hour++) {
      app.clock.advance(HOUR - 1000)
      await app.tick()
      expect((await app.verb(task, 'heartbeat', 'w1', { lease_seconds: 3600 })).status).toBe(200)
    }
    expect((await app.runs(leased.id))[0].status).toBe('running')
    expect((await app.runs(queued.id))[0].status).toBe('queued')
  })

  test('gifty §2.3: batches without a report complete the run 10 min after the last one', async () => {
    const app = await makeRig(database)
    const one = await app.source()
    const empty = await app.source()
    for (const { id } of [one, empty]) await app.force(id)
    await app.ingest([product(1), product(2)], { source_id: one.id })
    await app.ingest([], { source_id: empty.id })
    app.clock.advance(9 * MINUTE)
    await app.ingest([product(3)], { source_id: one.id })
    app.clock.advance(MINUTE)
    await app.tick()
    expect((await app.runs(one.id))[0].status).toBe('running')
    expect(await app.runs(empty.id)).toMatchObject([{ status: 'completed', error: null }])
    app.clock.advance(9 * MINUTE)
    await app.tick()
    expect(await app.detail(one.id)).toMatchObject({
      status: 'waiting',
      last_synced_at: iso(START + 19 * MINUTE),
      next_sync_at: iso(START + 19 * MINUTE + DAY),
      history: [{ status: 'completed', items_scraped: 3 }],
      config: { last_stats: { processed_items: 3, new_items: 3 } },
    })
    const tasks = (await app.ok('GET', '/internal/tasks?kind=source.run')).tasks
    expect(tasks.map((task: any) => task.status)).toEqual(['completed', 'completed'])
  })

  test('gifty §2.3: a short idle timeout is for runs that reported, batches alone have their ten minutes', async () => {
    const app = await makeRig(database, { env: { RUN_IDLE_TIMEOUT_SECONDS: '60' } })
    const batches = await app.source()
    await app.force(batches.id)
    await app.ingest([product(1)], { source_id: batches.id })
    const reported = await app.source()
    await app.report(reported.id, 'running')
    app.clock.advance(MINUTE)
    await app.tick()
    expect((await app.runs(reported.id))[0].status).toBe('lost')
    expect((await app.runs(batches.id))[0].status).toBe('running')
    app.clock.advance(9 * MINUTE)
    await app.tick()
    expect((await app.runs(batches.id))[0].status).toBe('completed')
  })

  test('gifty §2.3: idle runs end although a hundred older ones are alive by their leases', async () => {
    const app = await makeRig(database, { env: { RUN_IDLE_TIMEOUT_SECONDS: '3600' } })
    const hubs = Array.from({ length: 104 }, (_, n) => `s${n}`)
    await app.ok('POST', '/internal/sources/sync-spiders', { available_spiders: hubs })
    const sources = await app.ok('GET', '/internal/sources')
    const idle = sources.pop()
    for (const { id } of sources) await app.force(id)
    expect(await app.lease('w1', { max: 100, lease_seconds: 3600 })).toHaveLength(100)
    expect(await app.lease('w1', { max: 100, lease_seconds: 3600 })).toHaveLength(3)
    await app.report(idle.id, 'running')
    app.clock.advance(HOUR - 1000)
    for (const task of (await app.ok('GET', '/internal/tasks?status=leased&limit=200')).tasks)
      await app.verb(task, 'heartbeat', 'w1', { lease_seconds: 3600 })
    app.clock.advance(2000)
    await app.tick()
    expect((await app.runs(idle.id))[0].status).toBe('lost')
    expect(await app.ok('GET', '/internal/sources?status=running')).toHaveLength(103)
  })

  test('gifty §2.4: a cancelled run leaves the status from before it', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    await app.error(id, 'soft')
    const { task_id } = await app.force(id)
    expect(await app.ok('POST', `/internal/tasks/${task_id}/cancel`)).toEqual({ status: 'ok', state: 'cancelled' })
    expect(await app.detail(id)).toMatchObject({ status: 'error', history: [{ status: 'cancelled' }, { status: 'failed' }] })
    expect((await app.detail(id)).config.retry_count).toBe(1)
  })

  test('gifty §2.7: without AMQP a notification is a task that expires after 24 h', async () => {
    const app = await makeRig(database, { broker: 'none' })
    const { id } = await app.source()
    await app.error(id, 'one')
    const [task] = (await app.ok('GET', '/internal/tasks?kind=notification')).tasks
    expect(task).toMatchObject({ status: 'pending', priority: 10, max_attempts: 5 })
    app.clock.advance(DAY - 1)
    expect(await app.lease('bot', { kinds: ['notification'] })).toMatchObject([{ id: task.id, attempt: 1 }])
    await app.ok('POST', `/internal/workers/tasks/${task.id}/release`, { worker_id: 'bot', fence: 1 })
    app.clock.advance(1)
    expect(await app.lease('bot', { kinds: ['notification'] })).toEqual([])
    await app.tick()
    expect((await app.task(task.id)).status).toBe('cancelled')
  })
})
