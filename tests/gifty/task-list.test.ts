import { expect, test } from 'bun:test'
import { FLEET_KINDS, OTHER_KINDS } from '../../src/gifty/fleet/model.ts'
import { TASK_WINDOW } from '../../src/tasks/task-queries.ts'
import { onEachDatabase } from '../support/databases.ts'
import { iso, MINUTE } from '../support/fake-clock.ts'
import { EVERY_FAMILY } from '../support/harness.ts'
import { leasedRun, makeRig, type Rig } from './rig.ts'

/** Shorter than a lease. */
const STEP = MINUTE / 4
const list = async (app: Rig, query = ''): Promise<any> => app.ok('GET', `/internal/tasks${query}`)
/** Without the notification of a failure, which a broker may have taken. */
const ids = async (app: Rig, query: string): Promise<string[]> =>
  (await list(app, query)).tasks.filter(({ kind }: any) => kind !== 'notification').map((task: any) => task.id)
/** A task of another family, past its domain. */
const foreign = (app: Rig, kind: string, payload: object = {}) =>
  app.db.tx((tx) => app.engine.enqueue(tx, [{ kind, payload }])).then(([id]) => id as string)

onEachDatabase('operations §3: tasks of every family', (database) => {
  test('every kind that the server knows is in the document', async () => {
    const app = await makeRig(database, { env: EVERY_FAMILY })
    expect([...FLEET_KINDS, ...OTHER_KINDS].sort()).toEqual([...app.engine.knownKinds()].sort() as never)
  })

  test('tasks of other families are listed and read; the worker protocol does not touch them', async () => {
    const app = await makeRig(database, { env: EVERY_FAMILY })
    const id = await foreign(app, 'crawler.FETCH_ISSUES', { task_id: 't1' })
    expect((await list(app)).tasks).toMatchObject([
      { id, kind: 'crawler.FETCH_ISSUES', state: 'queued', payload: { task_id: 't1' } },
    ])
    expect(await app.ok('GET', `/internal/tasks/${id}`)).toMatchObject({ id, site_key: null, group: null, finished_at: null })
    expect((await app.post(`/internal/tasks/${id}/cancel`, {})).status).toBe(404)
  })

  test('filters by state, kind, site, source, run, worker, group, text and time', async () => {
    const app = await makeRig(database, { env: EVERY_FAMILY })
    const tea = await leasedRun(app, { site_key: 'tea', url: 'https://tea.example/list' })
    app.clock.advance(STEP)
    const books = await leasedRun(app, { site_key: 'books', url: 'https://books.example/list' })
    await app.verb(books.task, 'fail', 'w1', { error: 'HTTP 503 for page 7', retryable: true })
    app.clock.advance(STEP)
    const other = await foreign(app, 'love-parser.job', { job: 'expire-50%' })
    const [first, second] = [tea.task.id, books.task.id]
    const found: Record<string, string[]> = {
      'state=leased': [first],
      'state=failed,queued': [other, second],
      'status=leased': [first],
      'status=leased&state=queued': [],
      'kind=source.run': [second, first],
      'kind=love-parser.job,source.run.web': [other],
      'kind=nobody': [],
      'site_key=tea': [first],
      [`source_id=${books.id}`]: [second],
      [`run_id=${tea.run_id}`]: [first],
      'run_id=999': [],
      [`run_id=${tea.run_id}&state=queued`]: [],
      'worker_id=w1': [second, first],
      'group=host:books.example': [second],
      'q=page 7': [second],
      'q=PAGE%207': [second],
      'q=50%25': [other],
      [`q=${first.slice(0, 20)}`]: [first],
      [`from=${iso(app.clock.now() - STEP)}`]: [other, second],
      [`to=${iso(app.clock.now() - STEP)}`]: [first],
      [`from=${iso(app.clock.now() - STEP)}&to=${iso(app.clock.now())}&q=503`]: [second],
    }
    for (const [query, expected] of Object.entries(found)) expect([query, await ids(app, `?${query}`)]).toEqual([query, expected])
    const summary = (await list(app, '?view=summary')).tasks[0]
    expect(['payload' in summary, 'result' in summary, 'progress' in summary, summary.id]).toEqual([false, false, false, other])
    for (const query of ['stat=leased', 'state=asleep', 'limit=501', 'source_id=0', 'from=yesterday', 'view=short', 'cursor=x'])
      expect((await app.get(`/internal/tasks?${query}`)).status).toBe(422)
    expect((await app.get('/internal/tasks?stat=leased')).body.error.code).toBe('unknown_parameter')
    expect((await app.get('/internal/tasks/counts?kind=x')).body.error.code).toBe('unknown_parameter')
  })

  test('a search that no index answers looks at a window, says so, and goes on to the end', async () => {
    const app = await makeRig(database, { env: EVERY_FAMILY })
    const old = await foreign(app, 'love-parser.job', { job: 'needle' })
    const bulk = Array.from({ length: TASK_WINDOW + 500 }, (_, n) => ({ kind: 'love-parser.job', payload: { job: `hay ${n}` } }))
    app.clock.advance(MINUTE)
    const madeAt = app.clock.now()
    await app.db.tx((tx) => app.engine.enqueue(tx, bulk))
    const first = await list(app, '?q=needle')
    expect([first.tasks, first.searched_to]).toEqual([[], iso(madeAt)])
    const second = await list(app, `?q=needle&cursor=${first.next_cursor}`)
    expect([second.tasks.map((task: any) => task.id), second.next_cursor, second.searched_to]).toEqual([[old], null, undefined])
    // Pages of a filter that finds much are full, and together they have every task once.
    const seen = new Set<string>()
    let cursor = ''
    for (
      let page = await list(app, '?q=hay&limit=500&view=summary');
      ;
      page = await list(app, `?q=hay&limit=500&view=summary&cursor=${cursor}`)
    ) {
      for (const { id } of page.tasks) seen.add(id)
      if (page.next_cursor === null) break
      cursor = page.next_cursor
    }
    expect(seen.size).toBe(TASK_WINDOW + 500)
  }, 120_000)

  test('counts by kind and state, with the oldest and the rates of the last minutes', async () => {
    const app = await makeRig(database, { env: EVERY_FAMILY })
    const madeAt = app.clock.now()
    const { task } = await leasedRun(app, { site_key: 'tea' })
    await foreign(app, 'crawler.FETCH_TAGS')
    await app.verb(task, 'complete')
    await app.services.live.report()
    app.clock.advance(MINUTE)
    await app.tick()
    const { items } = await app.ok('GET', '/internal/tasks/counts')
    const of = (kind: string, state: string) => items.find((item: any) => item.kind === kind && item.state === state)
    expect(of('crawler.FETCH_TAGS', 'queued')).toEqual({
      ...{ kind: 'crawler.FETCH_TAGS', state: 'queued', count: 1, oldest_at: iso(madeAt) },
      ...{ per_minute_1: 1, per_minute_15: 1 / 15 },
    })
    expect(of('source.run', 'completed')).toMatchObject({ count: 1, oldest_at: null, per_minute_1: 1 })
    await app.force(1)
    expect((await app.ok('GET', '/internal/tasks/counts?site_key=tea')).items).toEqual([
      { kind: 'source.run', state: 'queued', count: 1, oldest_at: iso(app.clock.now()) },
    ])
  })

  test('who holds leases and sends no heartbeat is among the workers', async () => {
    const app = await makeRig(database, { env: EVERY_FAMILY })
    await leasedRun(app)
    expect(await app.ok('GET', '/internal/workers')).toMatchObject([{ worker_id: 'w1', via: 'lease', tasks_count: 1 }])
    await app.ok('POST', '/internal/workers/heartbeat', {
      ...{ hostname: 'h', concurrent_tasks: 1, ram_usage_pct: 1, pid: 1, worker_id: 'w1' },
    })
    expect(await app.ok('GET', '/internal/workers')).toMatchObject([{ worker_id: 'w1', via: 'http' }])
  })
})
