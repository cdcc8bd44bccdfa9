import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { DAY, HOUR, iso, MINUTE, START } from '../support/fake-clock.ts'
import { codeOf, leasedRun, makeRig, product, queueNotifications, STALE } from './rig.ts'

const YEARLY = { refresh_interval_hours: 8760 }
const statusOf = async (app: any, id: number) => (await app.detail(id)).status
const cron = (text: string, timezone?: string) => ({ schedule: { cron: text, ...(timezone ? { timezone } : {}) } })

/** Right results of faults that were found in the scheduler, the leases and the reports (cases of the fleet; ids as there). */
onEachDatabase('fleet cases: sources and runs', (database) => {
  for (const [spelling, schedule] of [
    ['the same', { cron: '0 6 * * *' }],
    ['more blanks', { cron: ' 0  6 * * * ' }],
    ['the default zone', { cron: '0 6 * * *', timezone: 'UTC' }],
    ['the zone in lower case', { cron: '0 6 * * *', timezone: 'utc' }],
    ['another name of the zone', { cron: '0 6 * * *', timezone: 'Etc/UTC' }],
    ['leading zeros', { cron: '00 06 * * *' }],
    ['no zone', { cron: '0 6 * * *', timezone: null }],
  ] as const)
    test(`A1: a schedule written again as ${spelling} leaves a time that is due`, async () => {
      const app = await makeRig(database)
      const made = await app.source({ url: 'https://a1.example', ...cron('0 6 * * *') })
      const due = '2026-01-16T06:00:00.000Z'
      expect(made.next_sync_at).toBe(due)
      app.clock.set(Date.parse(due) + 30 * MINUTE)
      expect((await app.source({ url: 'https://a1.example', schedule })).next_sync_at).toBe(due)
      expect((await app.ok('PATCH', `/internal/sources/${made.id}`, { schedule })).next_sync_at).toBe(due)
      await app.tick()
      expect(await app.runs(made.id)).toHaveLength(1)
    })

  test('A1: a source that is sent back as it was read changes nothing of its schedule', async () => {
    const app = await makeRig(database)
    const { id } = await app.source({ ...cron('*/10 * * * *', 'Europe/Berlin') })
    const before = await app.detail(id)
    app.clock.advance(HOUR)
    const after = await app.ok('PATCH', `/internal/sources/${id}`, before)
    expect(after.next_sync_at).toBe(before.next_sync_at)
  })

  test('A2: an idle run whose lease has just ended belongs to the reaper, in either order', async () => {
    for (const idleFirst of [true, false]) {
      const app = await makeRig(database)
      const { id, task } = await leasedRun(app)
      for (let n = 0; n < 200; n++) {
        app.clock.advance(30_000)
        expect((await app.verb(task, 'heartbeat')).status).toBe(200)
      }
      app.clock.advance(61_000)
      if (idleFirst) await app.services.sources.endIdleRuns()
      await app.watch()
      await app.services.sources.endIdleRuns()
      expect(await app.runs(id)).toMatchObject([{ status: 'queued' }])
      expect(await app.task(task.id)).toMatchObject({ status: 'pending' })
      expect(await app.lease('w2')).toMatchObject([{ id: task.id, attempt: 2 }])
    }
  })

  test('A3: cron times that meet a running run take no dispatch from others, and count as skipped', async () => {
    const app = await makeRig(database)
    for (let n = 0; n < 20; n++) {
      const { id } = await app.source({ ...cron('* * * * *'), priority: 90 })
      await app.report(id, 'running')
    }
    const { id } = await app.source({ priority: 10 })
    app.clock.advance(2 * MINUTE)
    expect(await app.services.sources.dispatch()).toEqual({ dispatched: 1, skipped: 20 })
    expect(await statusOf(app, id)).toBe('queued')
  })

  test('A4: the next time is derived again when interval or schedule change, and only then', async () => {
    const app = await makeRig(database)
    const { id, task } = await leasedRun(app, YEARLY)
    await app.verb(task, 'complete')
    const path = `/internal/sources/${id}`
    const next = async (change: Record<string, unknown>) => (await app.ok('PATCH', path, change)).next_sync_at
    expect(await next({ refresh_interval_hours: 1 })).toBe(iso(START + HOUR))
    expect(await next({ refresh_interval_hours: 1, priority: 7 })).toBe(iso(START + HOUR))
    expect(await next(cron('0 0 1 1 *'))).toBe('2027-01-01T00:00:00.000Z')
    expect(await next(cron('0 0 1 1 *', 'Europe/Moscow'))).toBe('2026-12-31T21:00:00.000Z')
    expect(await next({ schedule: null })).toBe(iso(START + HOUR))
    // By POST as well.
    const { url } = await app.detail(id)
    expect((await app.source({ url, refresh_interval_hours: 2 })).next_sync_at).toBe(iso(START + 2 * HOUR))
  })

  test('A4: a retry that is due earlier stays, and a source that never ran waits for no interval', async () => {
    const app = await makeRig(database)
    const { id, task } = await leasedRun(app, YEARLY)
    await app.verb(task, 'fail', 'w1', { error: 'x' })
    expect((await app.ok('PATCH', `/internal/sources/${id}`, { refresh_interval_hours: 5 })).next_sync_at).toBe(
      iso(START + 10 * MINUTE),
    )
    const fresh = await app.source(YEARLY)
    expect((await app.ok('PATCH', `/internal/sources/${fresh.id}`, { refresh_interval_hours: 5 })).next_sync_at).toBe(iso(START))
  })

  test('A5: a queued run is leased with the present values of its source', async () => {
    const app = await makeRig(database, { broker: 'none' })
    const { id } = await app.source({ priority: 10 })
    await app.tick()
    const change = { config: { worker: 'web', depth: 2 }, priority: 77, url: 'https://other.example/list' }
    await app.ok('PATCH', `/internal/sources/${id}`, change)
    expect(await app.lease()).toEqual([])
    const [task] = await app.lease('w1', { kinds: ['source.run.web'] })
    expect(task).toMatchObject({ kind: 'source.run.web', priority: 77, payload: { config: change.config, url: change.url } })
    // Changed while it is held: it follows when it comes back, after a release and after a lost lease.
    await app.ok('PATCH', `/internal/sources/${id}`, { config: { depth: 3 }, priority: 20 })
    await app.verb(task, 'release')
    const [again] = await app.lease()
    expect(again).toMatchObject({ id: task.id, priority: 20, payload: { config: { depth: 3 } } })
    await app.ok('PATCH', `/internal/sources/${id}`, { config: { depth: 4 } })
    app.clock.advance(MINUTE)
    await app.watch()
    expect((await app.lease())[0]).toMatchObject({ id: task.id, payload: { config: { depth: 4 } } })
  })

  test('A6: each named task is redriven or skipped with a reason, and skipped ones of a kind hide no others', async () => {
    const app = await makeRig(database, { broker: 'none' })
    const ids = await queueNotifications(app, 150)
    const before = await app.task(ids[0] as string)
    for (let left = 150; left > 0; left -= 100)
      for (const task of await app.lease('w1', { kinds: ['notification'], max: 100 }))
        await app.verb(task, 'fail', 'w1', { error: 'x', retryable: false })
    app.clock.advance(HOUR)
    const redrive = (body: unknown) => app.ok('POST', '/internal/tasks/redrive', body)
    expect(await redrive({ ids: ids.slice(0, 3), limit: 2 })).toEqual({
      status: 'ok',
      redriven: 2,
      skipped: [{ id: ids[2], reason: 'limit' }],
    })
    expect(await redrive({ ids })).toMatchObject({ redriven: 148, skipped: [{ reason: 'not_dead' }, { reason: 'not_dead' }] })
    // What a new one has, its expiry as well.
    const after = await app.task(ids[0] as string)
    expect(after).toMatchObject({ status: 'pending', attempt: 0, error: null, result: null, progress: null })
    expect(Date.parse(after.available_at) - Date.parse(before.available_at)).toBeGreaterThanOrEqual(HOUR)
    app.clock.advance(24 * HOUR)
    await app.watch()
    expect(await app.task(ids[0] as string)).toMatchObject({ status: 'cancelled' })
  })

  test('A6: a redrive by kind passes over runs whose source has an open one', async () => {
    const app = await makeRig(database, { broker: 'none' })
    const dead: string[] = []
    for (let n = 0; n < 3; n++) {
      const { id, task } = await leasedRun(app)
      for (let attempt = 1; attempt < 5; attempt++) {
        app.clock.advance(MINUTE)
        await app.watch()
        expect(await app.lease()).toHaveLength(1)
      }
      app.clock.advance(MINUTE)
      await app.watch()
      dead.push(task.id)
      if (n < 2) await app.report(id, 'running')
    }
    expect(await app.ok('POST', '/internal/tasks/redrive', { kind: 'source.run', limit: 1 })).toMatchObject({
      redriven: 1,
      skipped: [
        { id: dead[0], reason: 'run_open' },
        { id: dead[1], reason: 'run_open' },
      ],
    })
  })

  test('A8: what an earlier attempt reports does not end the run of the present one', async () => {
    const app = await makeRig(database)
    const { id, run_id, task } = await leasedRun(app)
    app.clock.advance(MINUTE)
    const [second] = await app.lease('w2')
    expect(second).toMatchObject({ id: task.id, attempt: 2 })
    const report = (verb: string, body: Record<string, unknown>) => app.post(`/internal/sources/${id}/report-${verb}`, body)
    for (const [verb, body] of [
      ['status', { status: 'waiting', run_id }],
      ['status', { status: 'error' }],
      ['error', { error: 'late', is_broken: false }],
    ] as const)
      expect((await report(verb, body)).body).toEqual({ status: 'ok', ignored: true })
    const old = { task_id: task.id, worker_id: 'w1', fence: task.fence }
    expect(codeOf(await report('status', { status: 'waiting', ...old }))).toEqual(STALE)
    expect(codeOf(await report('logs', { logs: 'late', ...old }))).toEqual(STALE)
    expect((await report('status', { status: 'waiting', task_id: task.id })).status).toBe(422)
    const now = { task_id: task.id, worker_id: 'w2', fence: second.fence }
    expect((await app.post('/internal/ingest-batch', { items: [product(1)], source_id: id, ...now })).status).toBe(200)
    expect((await app.verb(second, 'heartbeat', 'w2')).status).toBe(200)
    expect((await report('status', { status: 'waiting', ...now })).body).toEqual({ status: 'ok' })
    expect(await app.runs(id)).toMatchObject([{ id: run_id, status: 'completed' }])
  })

  test('A14, B3: switching off withdraws what waits, however the first run ends', async () => {
    const app = await makeRig(database)
    const { id, task } = await leasedRun(app, { overlap: 'queue_one' })
    expect(await app.force(id)).toMatchObject({ queued_after: expect.any(Number) })
    await app.ok('POST', `/internal/sources/${id}/toggle`, { is_active: false })
    await app.ok('POST', `/internal/tasks/${task.id}/cancel`)
    await app.verb(task, 'release')
    expect((await app.runs(id)).map((run) => run.status)).toEqual(['cancelled'])
    expect(await statusOf(app, id)).toBe('disabled')
  })

  for (const [how, off] of [
    ['toggle', (app: any, id: number) => app.ok('POST', `/internal/sources/${id}/toggle`, { is_active: false })],
    ['PATCH', (app: any, id: number) => app.ok('PATCH', `/internal/sources/${id}`, { is_active: false })],
    ['POST', async (app: any, id: number) => app.source({ url: (await app.detail(id)).url, is_active: false })],
  ] as const)
    test(`B3: a queued run of a source that is switched off by ${how} is not handed out`, async () => {
      const app = await makeRig(database)
      const { id } = await app.source()
      await app.tick()
      expect(await statusOf(app, id)).toBe('queued')
      await off(app, id)
      expect(await app.lease()).toEqual([])
      expect(await app.runs(id)).toMatchObject([{ status: 'cancelled', error: 'The source was switched off' }])
      expect(await statusOf(app, id)).toBe('disabled')
      // Forced, it runs all the same, and comes back when it is released.
      await app.force(id)
      const [task] = await app.lease()
      await app.verb(task, 'release')
      expect(await app.lease()).toMatchObject([{ id: task.id }])
      await app.verb({ id: task.id, fence: task.fence + 1 }, 'complete')
      expect(await statusOf(app, id)).toBe('disabled')
    })

  test('B3: a running run continues; one that comes back after the switch is not offered again', async () => {
    const app = await makeRig(database)
    const { id, task } = await leasedRun(app)
    await app.ok('POST', `/internal/sources/${id}/toggle`, { is_active: false })
    expect((await app.verb(task, 'heartbeat')).status).toBe(200)
    app.clock.advance(MINUTE)
    await app.watch()
    expect(await app.lease()).toEqual([])
    expect(await app.runs(id)).toMatchObject([{ status: 'cancelled' }])
    expect(await app.task(task.id)).toMatchObject({ status: 'cancelled' })
  })

  test('B2: a released task goes behind waiting ones of its priority, and waits for its delay', async () => {
    const app = await makeRig(database, { broker: 'none' })
    const [a, b] = [await app.source(), await app.source()]
    const first = await app.force(a.id)
    const second = await app.force(b.id)
    const [leased] = await app.lease()
    expect(leased.id).toBe(first.task_id)
    expect((await app.verb(leased, 'release', 'w1', { delay_seconds: 30 })).status).toBe(200)
    expect(await app.task(leased.id)).toMatchObject({ status: 'pending', attempt: 0, available_at: iso(START + 30_000) })
    expect(await app.runs(a.id)).toMatchObject([{ status: 'queued' }])
    const [other] = await app.lease()
    expect(other.id).toBe(second.task_id)
    expect(await app.lease()).toEqual([])
    app.clock.advance(30_000)
    expect((await app.lease())[0].id).toBe(first.task_id)
    // Without a delay they take turns.
    await app.verb(other, 'release')
    const turns: string[] = []
    await app.verb({ id: first.task_id, fence: 2 }, 'release')
    for (let n = 0; n < 4; n++) {
      const [next] = await app.lease()
      turns.push(next.id)
      await app.verb(next, 'release')
    }
    expect(turns).toEqual([other.id, leased.id, other.id, leased.id])
  })

  test('B2: a task whose worker was lost goes behind waiting ones of its priority', async () => {
    const app = await makeRig(database, { broker: 'none' })
    const { task } = await leasedRun(app)
    const other = await app.force((await app.source()).id)
    app.clock.advance(MINUTE)
    expect(await app.lease('w2')).toMatchObject([{ id: other.task_id }])
    expect(await app.lease('w3')).toMatchObject([{ id: task.id, attempt: 2 }])
  })

  test('B5: waiting raises a task by one a minute; equals go by age, and the answer shows its own priority', async () => {
    for (const [minutes, first] of [
      [41, 'notification'],
      [39, 'source.run'],
    ] as const) {
      const app = await makeRig(database, { broker: 'none' })
      await queueNotifications(app, 1)
      app.clock.advance(minutes * MINUTE)
      await app.force((await app.source()).id)
      const [task] = await app.lease('w1', { kinds: null })
      expect([minutes, task.kind, task.priority]).toEqual([minutes, first, first === 'notification' ? 10 : 50])
    }
  })

  test('B7: all that is due is dispatched in one tick, and retries are spread', async () => {
    let drawn = 0
    const app = await makeRig(database, { random: () => drawn++ / 60 })
    for (let n = 0; n < 50; n++) await app.source()
    await app.tick()
    const tasks = await app.lease('w1', { max: 100 })
    expect(tasks).toHaveLength(50)
    for (const task of tasks) await app.verb(task, 'fail', 'w1', { error: 'x' })
    const times = (await app.ok('GET', '/internal/sources')).map((source: any) => Date.parse(source.next_sync_at) - START)
    expect(Math.min(...times)).toBeGreaterThanOrEqual(10 * MINUTE)
    expect(Math.max(...times)).toBeLessThanOrEqual(12 * MINUTE)
    expect(new Set(times).size).toBeGreaterThan(40)
  })

  for (const count of [500, 1000])
    test(`S1: a list of exactly ${count} sources has no further page`, async () => {
      const app = await makeRig(database)
      const rows = Array.from({ length: count }, (_, n) => `s${n}`)
      await app.ok('POST', '/internal/sources/sync-spiders', { available_spiders: rows })
      expect(await app.ok('GET', '/internal/sources')).toHaveLength(count)
      expect(await app.ok('GET', `/internal/sources?status=waiting`)).toHaveLength(count)
    })

  test('g-M1: a worker gets runs of its sites alone, and others are not touched by it', async () => {
    const app = await makeRig(database, { broker: 'none' })
    for (const site of ['shop-a', 'shop-b', 'shop-c']) await app.force((await app.source({ site_key: site })).id)
    await queueNotifications(app, 1)
    const sites = async (more: Record<string, unknown>) =>
      (await app.lease('w1', { max: 10, ...more })).map((task) => task.payload.site_key)
    expect(await sites({ site_keys: [] })).toEqual([])
    expect(await sites({ site_keys: ['shop-b'] })).toEqual(['shop-b'])
    expect(await sites({ exclude_site_keys: ['shop-a'] })).toEqual(['shop-c'])
    const [notification] = await app.lease('w1', { kinds: ['notification', 'source.run'], site_keys: ['nowhere'] })
    expect(notification.kind).toBe('notification')
    // A waiting lease of one site is not answered with another's run, nor does it keep its neighbour from its own.
    const waiting = (site: string) => app.lease('w2', { site_keys: [site], wait_seconds: 30 })
    const [d, e] = [waiting('shop-d'), waiting('shop-e')]
    await eventually(() => app.dispatcher.waiting() === 2)
    await app.force((await app.source({ site_key: 'shop-e' })).id)
    expect((await e).map((task) => task.payload.site_key)).toEqual(['shop-e'])
    app.clock.advance(30_000)
    expect(await d).toEqual([])
  })

  test('g-M5, g-C3: the refusal of a running source names run and task, by which it is freed', async () => {
    const app = await makeRig(database)
    const { id, run_id, task } = await leasedRun(app)
    const refused = await app.post(`/internal/sources/${id}/force-run`)
    expect(codeOf(refused)).toEqual([409, 'already_running'])
    expect(refused.body.error.fields).toEqual({ run_id, task_id: task.id })
    expect(refused.body.error.message).toBe(`The source is already running since ${iso(START)} (run ${run_id})`)
    expect((await app.runs(id)).at(-1)).toMatchObject({ id: run_id, task_id: task.id })
    await app.ok('POST', `/internal/tasks/${task.id}/cancel`)
    await app.verb(task, 'release')
    expect(await app.force(id)).toMatchObject({ message: 'Run queued' })
  })

  test('g-M6: a deep run without an item after one with items is noted', async () => {
    const app = await makeRig(database)
    const { id, task } = await leasedRun(app)
    await app.ingest([product(1), product(2)], { source_id: id })
    await app.verb(task, 'complete')
    expect(await app.notifications('scraping')).toEqual([])
    await app.force(id)
    const [empty] = await app.lease()
    await app.verb(empty, 'complete')
    expect((await app.runs(id))[0]).toMatchObject({ status: 'completed', error: expect.stringContaining('2 items') })
    expect(await app.notifications('scraping')).toMatchObject([{ data: { source_id: id, is_broken: false } }])
  })

  test('g-C5: last_stats says queued_manual during a forced run alone, however that ends', async () => {
    const app = await makeRig(database)
    const { id, task } = await leasedRun(app)
    await app.ingest([product(1)], { source_id: id })
    await app.verb(task, 'complete')
    const stats = async () => (await app.detail(id)).config.last_stats
    const before = { processed_items: 1, new_items: 1 }
    for (const [verb, body] of [
      ['fail', { error: 'x' }],
      ['release', {}],
    ] as const) {
      const { task_id } = await app.force(id)
      expect(await stats()).toEqual({ ...before, status: 'queued_manual' })
      const [forced] = await app.lease()
      if (verb === 'release') await app.ok('POST', `/internal/tasks/${task_id}/cancel`)
      await app.verb(forced, verb, 'w1', body)
      expect(await stats()).toEqual(before)
    }
    await app.force(id)
    const [empty] = await app.lease()
    await app.verb(empty, 'complete')
    expect(await stats()).toEqual({ processed_items: 0, new_items: 0 })
  })

  test('g-B2, g-C2: a notification has the end of a long error and the address of its source', async () => {
    const app = await makeRig(database)
    const { task } = await leasedRun(app, { url: 'https://shop.example/?a=1&b=<2>' })
    const error = `${'Traceback <frame> & more\n'.repeat(400)}KeyError: 'Spider not found: s1'`
    await app.verb(task, 'fail', 'w1', { error })
    const [{ text }] = await app.notifications('scraping')
    expect(text).toContain("KeyError: 'Spider not found: s1'")
    expect(text).toContain('https://shop.example/?a=1&amp;b=&lt;2&gt;')
    expect(text.length).toBeLessThanOrEqual(4096)
    expect(text).not.toMatch(/&(?!amp;|lt;|gt;|quot;)/)
  })

  test('T1: statements of a lease, a completion, a loss and a release do not depend on the number of runs', async () => {
    const { countStatements } = await import('../support/count-statements.ts')
    const counting = countStatements(await database.fresh())
    const app = await makeRig({ ...database, fresh: async () => counting.db }, { broker: 'none' })
    await app.watch()
    const counts: Record<string, number[]> = {}
    const note = async <T>(name: string, what: () => Promise<T>): Promise<T> => {
      let answer: T | undefined
      const count = await counting.during(async () => {
        answer = await what()
      })
      counts[name] = [...(counts[name] ?? []), count]
      return answer as T
    }
    for (const max of [1, 5, 20, 100]) {
      for (let n = 0; n < max; n++) await app.force((await app.source()).id)
      const leased = await note('lease', () => app.lease('w1', { max }))
      expect(leased).toHaveLength(max)
      app.clock.advance(MINUTE)
      await note('loss', () => app.engine.sweep())
      const again = await app.lease('w1', { max })
      await note('release', () =>
        app.engine.release(
          again.map(({ id, fence }) => ({ id, fence, owner: 'w1' })),
          ['source.run'],
        ),
      )
      const last = await app.lease('w1', { max })
      const done = last.map(({ id, fence }) => ({ id, fence, result: { logs: `log of ${id}` } }))
      const answer = await note('complete', () =>
        app.ok('POST', '/internal/workers/tasks/complete', { worker_id: 'w1', tasks: done }),
      )
      expect(answer.completed).toBe(max)
    }
    for (const [name, of] of Object.entries(counts)) {
      expect([name, Math.max(...of) - Math.min(...of)]).toEqual([name, 0])
      expect([name, Math.max(...of)]).toEqual([name, Math.min(12, Math.max(...of))])
    }
    console.log(`fleet-cases.test.ts: statements ${JSON.stringify(counts)} [${database.dialect}]`)
  }, 300_000)

  test('T1: a lease of every kind takes at most 12 statements, and twice as many when it ends lost leases first', async () => {
    const { countStatements } = await import('../support/count-statements.ts')
    const counting = countStatements(await database.fresh())
    const app = await makeRig({ ...database, fresh: async () => counting.db }, { broker: 'none' })
    /** A lease of the default kinds by a worker that has tasks of three of them before it. */
    const lease = async (round: number, lost: number) => {
      const made = Array.from({ length: 60 }, (_, n) =>
        product(`${round} ${n}`, { product_url: `https://shop.example/${round}/${n}` }),
      )
      await app.ingest(made)
      for (let n = 0; n < 60; n++) await app.force((await app.source()).id)
      if (lost > 0) {
        expect(await app.lease('lost', { max: lost })).toHaveLength(lost)
        app.clock.advance(HOUR)
      }
      let tasks: { kind: string }[] = []
      const count = await counting.during(async () => {
        tasks = (await app.ok('POST', '/internal/workers/lease', { worker_id: `w${round}`, max: 100 })).tasks
      })
      expect(new Set(tasks.map(({ kind }) => kind))).toContain('source.run')
      expect(tasks).toHaveLength(100)
      return count
    }
    const plain = [await lease(1, 0), await lease(2, 0)]
    const reaping = [await lease(3, 1), await lease(4, 40)]
    console.log(
      `fleet-cases.test.ts: statements of a lease of all kinds ${plain}, with lost ones ${reaping} [${database.dialect}]`,
    )
    expect(Math.max(...plain)).toBeLessThanOrEqual(12)
    expect(Math.max(...reaping)).toBeLessThanOrEqual(24)
  }, 300_000)

  test('B7: sources that are a day late do not starve others', async () => {
    const app = await makeRig(database)
    for (let n = 0; n < 45; n++) await app.source({ priority: 1 + (n % 3) })
    app.clock.advance(DAY)
    expect(await app.services.sources.tick()).toBe(45)
    expect(await app.services.sources.tick()).toBe(0)
  })
})
