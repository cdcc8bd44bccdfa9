import { expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { FLEET_KINDS } from '../../src/gifty/fleet/model.ts'
import { engineTables } from '../../src/tasks/tables.ts'
import { onEachDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { DAY, HOUR, iso, MINUTE, START } from '../support/fake-clock.ts'
import { codeOf, GONE, leasedRun, makeRig, problemOf, queueNotifications, STALE, UNKNOWN_ID } from './rig.ts'

onEachDatabase('gifty worker protocol', (database) => {
  test('gifty §4: a lease hands out by priority, then oldest, to one worker', async () => {
    // Published tasks come in the order of their queue (§2.7).
    const app = await makeRig(database, { broker: 'none' })
    for (const priority of [10, 90, 10, 50]) {
      app.clock.advance(1)
      await app.force((await app.source({ priority })).id)
    }
    const tasks = await app.lease('w1', { max: 3, lease_seconds: 90 })
    expect(tasks.map((task) => [task.payload.source_id, task.priority])).toEqual([
      [2, 90],
      [4, 50],
      [1, 10],
    ])
    expect(tasks[0]).toEqual({
      id: expect.any(String),
      kind: 'source.run',
      payload: expect.objectContaining({ source_id: 2 }),
      fence: 1,
      attempt: 1,
      lease_expires_at: iso(app.clock.now() + 90_000),
      priority: 90,
    })
    expect(await app.lease('w2', { max: 100 })).toHaveLength(1)
    expect(await app.lease('w2', { max: 100 })).toEqual([])
  })

  test('gifty §4: without kinds all but source.run.web are offered; unknown kinds are 422 that names the known (B8)', async () => {
    const app = await makeRig(database)
    const web = await app.force((await app.source({ config: { worker: 'web' } })).id)
    const any = (more = {}) => app.ok('POST', '/internal/workers/lease', { worker_id: 'w', max: 10, ...more })
    expect(await any()).toEqual({ tasks: [] })
    expect(await any({ kinds: [] })).toEqual({ tasks: [] })
    const typo = problemOf(await app.post('/internal/workers/lease', { worker_id: 'w', kinds: ['source.run', 'source.rum'] }))
    expect(typo).toMatchObject({ type: 'enum', loc: ['body', 'kinds', 1], input: 'source.rum' })
    for (const kind of FLEET_KINDS) expect(typo.msg).toContain(`'${kind}'`)
    expect((await any({ kinds: ['source.run.web', 'source.run.web'] })).tasks).toMatchObject([{ id: web.task_id }])
    await app.force((await app.source()).id)
    await queueNotifications(app, 1)
    expect((await any({ kinds: null })).tasks.map((task: any) => task.kind)).toEqual(['source.run', 'notification'])
  })

  test('gifty §4: the inputs of the verbs have bounds', async () => {
    const app = await makeRig(database)
    const lease = '/internal/workers/lease'
    const verb = (name: string) => `/internal/workers/tasks/${UNKNOWN_ID}/${name}`
    const held = { worker_id: 'w', fence: 1 }
    const refused: [string, unknown, string, string[]][] = [
      [lease, {}, 'missing', ['worker_id']],
      [lease, { worker_id: '' }, 'string_too_short', ['worker_id']],
      [lease, { worker_id: 'x'.repeat(129) }, 'string_too_long', ['worker_id']],
      [lease, { worker_id: 'w', max: 0 }, 'greater_than_equal', ['max']],
      [lease, { worker_id: 'w', max: 101 }, 'less_than_equal', ['max']],
      [lease, { worker_id: 'w', max: true }, 'int_type', ['max']],
      [lease, { worker_id: 'w', lease_seconds: 4 }, 'greater_than_equal', ['lease_seconds']],
      [lease, { worker_id: 'w', lease_seconds: 3601 }, 'less_than_equal', ['lease_seconds']],
      [lease, { worker_id: 'w', wait_seconds: 31 }, 'less_than_equal', ['wait_seconds']],
      [lease, { worker_id: 'w', kinds: 'source.run' }, 'list_type', ['kinds']],
      [verb('complete'), { worker_id: 'w' }, 'missing', ['fence']],
      [verb('fail'), held, 'missing', ['error']],
      [verb('fail'), { ...held, error: 'x', retryable: 'perhaps' }, 'bool_parsing', ['retryable']],
      [verb('release'), { worker_id: 'w', fence: '1.5' }, 'int_parsing', ['fence']],
      [verb('release'), { ...held, delay_seconds: -1 }, 'greater_than_equal', ['delay_seconds']],
      [verb('release'), { ...held, delay_seconds: 86_401 }, 'less_than_equal', ['delay_seconds']],
      ['/internal/workers/tasks/complete', { worker_id: 'w', tasks: [] }, 'value_error', ['tasks']],
      [
        '/internal/workers/tasks/complete',
        { worker_id: 'w', tasks: Array(501).fill({ id: 'x', fence: 1 }) },
        'value_error',
        ['tasks'],
      ],
      ['/internal/tasks/redrive', {}, 'missing', ['ids']],
      ['/internal/tasks/redrive', { kind: 'source.run', limit: 1001 }, 'less_than_equal', ['limit']],
    ]
    for (const [path, body, type, field] of refused)
      expect(problemOf(await app.post(path, body))).toMatchObject({ type, loc: ['body', ...field] })
    for (const [query, type] of [
      ['limit=501', 'less_than_equal'],
      ['status=queued', 'enum'],
      ['cursor=x', 'value_error'],
      [`cursor=${Buffer.from('["x"]').toString('base64url')}`, 'value_error'],
    ] as const)
      expect(problemOf(await app.get(`/internal/tasks?${query}`)).type).toBe(type)
  })

  test('gifty §4: a heartbeat prolongs the lease and keeps the progress', async () => {
    const app = await makeRig(database)
    const { task } = await leasedRun(app)
    app.clock.advance(30_000)
    const progress = { done: 3, of: 10 }
    const beat = await app.verb(task, 'heartbeat', 'w1', { lease_seconds: 120, progress })
    expect(beat.body).toEqual({ status: 'ok', lease_expires_at: iso(START + 150_000), cancel_requested: false })
    await app.verb(task, 'heartbeat', 'w1', { lease_seconds: 120, progress: null })
    expect(await app.task(task.id)).toEqual({
      ...task,
      lease_expires_at: iso(START + 150_000),
      status: 'leased',
      state: 'leased',
      site_key: 'shop',
      group: 'host:shop.example',
      finished_at: null,
      worker_id: 'w1',
      error: null,
      result: null,
      progress,
      max_attempts: 5,
      available_at: iso(START),
      created_at: iso(START),
      updated_at: iso(START + 30_000),
    })
    app.clock.advance(119_999)
    expect((await app.verb(task, 'heartbeat')).status).toBe(200)
  })

  test('gifty §4: other worker, old fence, expired lease 409 stale_lease, unknown task 404, and nothing changes', async () => {
    const app = await makeRig(database)
    const { task } = await leasedRun(app)
    const before = await app.task(task.id)
    for (const verb of ['heartbeat', 'complete', 'fail', 'release']) {
      const more = verb === 'fail' ? { error: 'x' } : {}
      expect(codeOf(await app.verb(task, verb, 'w2', more))).toEqual(STALE)
      expect(codeOf(await app.verb({ ...task, fence: 0 }, verb, 'w1', more))).toEqual(STALE)
      expect(codeOf(await app.verb({ ...task, fence: 2 ** 53 - 1 }, verb, 'w1', more))).toEqual(STALE)
      for (const id of [UNKNOWN_ID, 'no-uuid', '%00'])
        expect(codeOf(await app.verb({ id, fence: 1 }, verb, 'w1', more))).toEqual(GONE)
    }
    expect(await app.task(task.id)).toEqual(before)
    app.clock.advance(MINUTE)
    for (const verb of ['heartbeat', 'complete', 'fail', 'release'])
      expect(codeOf(await app.verb(task, verb, 'w1', verb === 'fail' ? { error: 'x' } : {}))).toEqual(STALE)
    for (const path of [`/internal/tasks/${UNKNOWN_ID}`, '/internal/tasks/x']) expect(codeOf(await app.get(path))).toEqual(GONE)
  })

  test('gifty §4: the list is newest first, filters, and pages without overlap', async () => {
    const app = await makeRig(database)
    const ids = await queueNotifications(app, 7)
    await app.force((await app.source()).id)
    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: any = await app.ok('GET', `/internal/tasks?kind=notification&limit=3${cursor && `&cursor=${cursor}`}`)
      seen.push(...page.tasks.map((task: any) => task.id))
      cursor = page.next_cursor
    }
    expect(seen).toEqual(ids.toReversed())
    await app.lease('bot', { kinds: ['notification'], max: 2 })
    const of = async (query: string) => (await app.ok('GET', `/internal/tasks?${query}`)).tasks.length
    expect(await of('status=leased')).toBe(2)
    expect(await of('status=pending')).toBe(6)
    expect(await of('status=pending&kind=source.run')).toBe(1)
    expect(await of('kind=nonsense')).toBe(0)
    expect(await of('')).toBe(8)
  })

  test('gifty §4: a long poll wakes on a new task, and ends with [] after its wait', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    const waiting = app.lease('w1', { wait_seconds: 30 })
    await eventually(() => app.dispatcher.waiting() === 1)
    const { task_id } = await app.force(id)
    expect(await waiting).toMatchObject([{ id: task_id }])
    const idle = app.lease('w2', { wait_seconds: 5 })
    await eventually(() => app.dispatcher.waiting() === 1)
    app.clock.advance(5000)
    expect(await idle).toEqual([])
    // A lost lease wakes a waiting worker too, once the sweep has found it.
    const second = app.lease('w2', { wait_seconds: 30 })
    await eventually(() => app.dispatcher.waiting() === 1)
    app.clock.advance(25_000)
    expect(app.dispatcher.waiting()).toBe(1)
    app.clock.advance(4000)
    await app.verb({ id: task_id, fence: 1 }, 'release')
    expect(await second).toMatchObject([{ id: task_id, fence: 2 }])
  })

  test('gifty §4: finished tasks are kept 7 days, dead ones 30', async () => {
    const app = await makeRig(database)
    const done = await leasedRun(app)
    await app.verb(done.task, 'complete')
    const [dead] = await queueNotifications(app, 1)
    const [task] = await app.lease('bot', { kinds: ['notification'] })
    await app.verb(task, 'fail', 'bot', { error: 'x', retryable: false })
    const exists = async (id: string) => (await app.get(`/internal/tasks/${id}`)).status === 200
    app.clock.advance(7 * DAY - HOUR)
    await app.tick()
    expect(await exists(done.task.id)).toBe(true)
    app.clock.advance(2 * HOUR)
    await app.tick()
    expect(await exists(done.task.id)).toBe(false)
    expect(await exists(dead as string)).toBe(true)
    app.clock.advance(23 * DAY - 2 * HOUR)
    await app.tick()
    expect(await exists(dead as string)).toBe(true)
    app.clock.advance(2 * HOUR)
    await app.tick()
    expect(await exists(dead as string)).toBe(false)
    // The run outlives its task.
    expect((await app.runs(done.id)).at(-1)).toMatchObject({ id: done.run_id, status: 'completed' })
  })

  test('gifty §4: tasks of other families are never offered, listed, redriven, cancelled or touched by a verb', async () => {
    const app = await makeRig(database)
    const at = new Date(START)
    const { tasks } = engineTables(app.db.kit)
    const row = (state: 'queued' | 'leased' | 'dead', n: number) => ({
      ...{ id: `01890000-0000-7000-8000-00000000000${n}`, kind: 'crawler.page', payload: {}, priority: 10, maxAttempts: 5 },
      ...{ state, runAfter: at, createdAt: at, updatedAt: at, fence: 1, attempts: 1, leaseOwner: 'w1' },
      ...(state === 'leased' ? { leaseExpiresAt: new Date(START + HOUR) } : {}),
    })
    await app.db.tx(function* (tx) {
      yield tx
        .insert(tasks)
        .values([row('queued', 1), row('leased', 2), row('dead', 3)])
        .returning({ id: tasks.id })
    })
    const read = () => app.db.q.select().from(tasks).where(eq(tasks.kind, 'crawler.page'))
    const before = await read()
    const foreign = { worker_id: 'w1', kinds: ['crawler.page'], max: 100 }
    expect(problemOf(await app.post('/internal/workers/lease', foreign)).loc).toEqual(['body', 'kinds', 0])
    expect(await app.lease('w1', { kinds: null, max: 100 })).toEqual([])
    expect((await app.ok('GET', '/internal/tasks')).tasks).toEqual([])
    expect((await app.ok('GET', '/internal/tasks?kind=crawler.page')).tasks).toEqual([])
    for (const { id } of before) {
      expect(codeOf(await app.get(`/internal/tasks/${id}`))).toEqual(GONE)
      expect(codeOf(await app.post(`/internal/tasks/${id}/cancel`))).toEqual(GONE)
      for (const verb of ['heartbeat', 'complete', 'fail', 'release'])
        for (const fence of [1, 2]) expect(codeOf(await app.verb({ id, fence }, verb, 'w1', { error: 'x' }))).toEqual(GONE)
      const hold = { task_id: id, worker_id: 'w1', fence: 1 }
      expect(codeOf(await app.post('/internal/ingest-batch', { items: [], source_id: 0, ...hold }))).toEqual(STALE)
    }
    const ids = before.map((task) => task.id)
    const bulk = { worker_id: 'w1', tasks: ids.map((id) => ({ id, fence: 1 })) }
    expect(await app.ok('POST', '/internal/workers/tasks/complete', bulk)).toMatchObject({ completed: 0 })
    expect(await app.ok('POST', '/internal/tasks/redrive', { ids })).toMatchObject({ redriven: 0 })
    expect(await app.ok('POST', '/internal/tasks/redrive', { kind: 'crawler.page' })).toMatchObject({ redriven: 0 })
    app.clock.advance(40 * DAY)
    await app.tick()
    expect(await read()).toEqual(before)
  })
})
