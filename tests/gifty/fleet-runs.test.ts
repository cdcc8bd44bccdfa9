import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { onEachDatabase } from '../support/databases.ts'
import { HOUR, iso, MINUTE } from '../support/fake-clock.ts'
import { leasedRun, makeRig, problemOf, product, products, type Rig } from './rig.ts'

const list = (app: Rig, query = ''): Promise<any> => app.ok('GET', `/internal/runs${query}`)
const idsOf = async (app: Rig, query = ''): Promise<number[]> => (await list(app, query)).items.map(({ id }: any) => id)
const detail = (app: Rig, id: number): Promise<any> => app.ok('GET', `/internal/runs/${id}`)
const send = (app: Rig, { id, task }: { id: number; task: any }, items: unknown[]) =>
  app.post('/internal/ingest-batch', { items, source_id: id, task_id: task.id, worker_id: 'w1', fence: task.fence })

onEachDatabase('operations §2: runs of the fleet', (database) => {
  test('a run as an operator sees it: worker, attempts, batches, timeline', async () => {
    const app = await makeRig(database)
    const run = await leasedRun(app, { site_key: 'tea' })
    app.clock.advance(20_000)
    await send(app, run, [...products(2), product(0)])
    await app.ok('POST', `/internal/workers/tasks/${run.task.id}/heartbeat`, {
      ...{ worker_id: 'w1', fence: run.task.fence, lease_seconds: 600, progress: { page: 2 } },
    })
    const open = await detail(app, run.run_id)
    expect(open).toMatchObject({ status: 'running', progress: { page: 2 } })
    expect(open.timeline.map(({ event }: any) => event)).toEqual(['queued', 'started', 'batch', 'progress'])
    app.clock.advance(20_000)
    await app.verb(run.task, 'complete')
    const ended = await detail(app, run.run_id)
    expect(ended).toMatchObject({
      ...{ id: run.run_id, source_id: run.id, site_key: 'tea', source_type: 'list', kind: 'source.run', status: 'completed' },
      ...{ outcome: 'completed', worker_id: 'w1', attempts: 1, batches: 1, items_scraped: 2, items_new: 2, items_duplicate: 1 },
      ...{ items_unchanged: 0, items_rejected: 0, pages_failed: 0, error: null, error_group: null, progress: null },
      ...{ rejected: [], failed_pages: [], duration_seconds: 40 },
    })
    expect(ended.timeline.map(({ event, data }: any) => [event, data])).toEqual([
      ['queued', { trigger: 'force', strategy: 'deep' }],
      ['started', { worker_id: 'w1', attempts: 1 }],
      ['batch', { batches: 1, items_scraped: 2, items_new: 2 }],
      ['ended', { status: 'completed' }],
    ])
    expect((await list(app)).items).toEqual([
      Object.fromEntries(
        Object.entries(ended).filter(([name]) => !['timeline', 'rejected', 'failed_pages', 'progress'].includes(name)),
      ),
    ])
  })

  test('progress is shown as it was sent, a text too', async () => {
    const app = await makeRig(database)
    for (const progress of ['page 2 of 7', 5, ['a']]) {
      const run = await leasedRun(app)
      const body = { worker_id: 'w1', fence: run.task.fence, progress }
      await app.ok('POST', `/internal/workers/tasks/${run.task.id}/heartbeat`, body)
      expect((await detail(app, run.run_id)).progress).toEqual(progress)
      await app.verb(run.task, 'complete')
    }
  })

  test('behaviour 4: a run with 14 of 15 items rejected is partial, with 14 samples', async () => {
    const app = await makeRig(database)
    const run = await leasedRun(app)
    const bad = Array.from({ length: 14 }, (_, n) => ({ ...product(n), title: '' }))
    await send(app, run, [...bad, product(99)])
    await app.verb(run.task, 'complete')
    const seen = await detail(app, run.run_id)
    expect(seen).toMatchObject({ status: 'partial', outcome: 'partial', items_rejected: 14, items_scraped: 1 })
    expect(seen.rejected).toHaveLength(14)
    expect(await idsOf(app, '?status=partial')).toEqual([run.run_id])
    expect(await idsOf(app, '?status=completed')).toEqual([])
    // For gifty's unchanged clients it is completed.
    expect((await app.runs(run.id))[0]).toMatchObject({ status: 'completed', outcome: 'partial' })
  })

  test('behaviour 5: a run whose items were all rejected is failed, and so is its source', async () => {
    const app = await makeRig(database)
    const run = await leasedRun(app)
    await send(app, run, [{ ...product(1), title: '' }])
    await app.verb(run.task, 'complete')
    expect(await detail(app, run.run_id)).toMatchObject({ status: 'failed', items_rejected: 1, error_group: expect.any(String) })
    expect((await app.detail(run.id)).status).toBe('error')
  })

  test('a lost lease and a release stand in the timeline, with the worker that had it', async () => {
    const app = await makeRig(database)
    const run = await leasedRun(app)
    await app.verb(run.task, 'release')
    const [again] = await app.lease('w2', { lease_seconds: 60 })
    app.clock.advance(2 * MINUTE)
    await app.tick()
    const [third] = await app.lease('w3')
    expect(third.id).toBe(again.id)
    const { timeline, worker_id, attempts } = await detail(app, run.run_id)
    expect(timeline.map(({ event, data }: any) => [event, data.worker_id])).toEqual([
      ['queued', undefined],
      ['started', 'w3'],
      ['released', 'w1'],
      ['lease_lost', 'w2'],
    ])
    expect([worker_id, attempts]).toEqual(['w3', third.attempt])
  })

  test('filters, alone and together, and pages', async () => {
    const app = await makeRig(database)
    const start = app.clock.now()
    const a = await leasedRun(app, { site_key: 'a', url: 'https://a.example/tea?x=100%25' })
    await send(app, a, products(5))
    await app.verb(a.task, 'complete')
    app.clock.advance(HOUR)
    const b = await leasedRun(app, { site_key: 'b', config: { worker: 'web' } }).catch(() => undefined)
    expect(b).toBeUndefined()
    const [web] = await app.lease('w2', { kinds: ['source.run.web'] })
    await app.post(`/internal/workers/tasks/${web.id}/fail`, { worker_id: 'w2', fence: web.fence, error: 'HTTP 503 at Кафе' })
    app.clock.advance(HOUR)
    const c = await app.source({ site_key: 'c' })
    const queued = (await app.force(c.id)).run_id
    const [, failed] = await idsOf(app)
    const group = (await detail(app, failed as number)).error_group

    for (const [query, right] of [
      ['', [queued, failed, a.run_id]],
      ['status=failed', [failed]],
      ['status=failed,queued', [queued, failed]],
      ['site_key=a', [a.run_id]],
      [`source_id=${a.id}`, [a.run_id]],
      ['trigger=force', [queued, failed, a.run_id]],
      ['trigger=schedule', []],
      ['kind=source.run.web', [failed]],
      ['kind=source.run', [queued, a.run_id]],
      ['kind=source.run,source.run.web', [queued, failed, a.run_id]],
      ['worker_id=w2', [failed]],
      [`error_group=${group}`, [failed]],
      ['q=KAFE', []],
      ['q=Кафе', [failed]],
      ['q=A.EXAMPLE', [a.run_id]],
      ['q=100%2525', [a.run_id]],
      ['q=1%250', []],
      ['min_items=5', [a.run_id]],
      ['max_items=4', [queued, failed]],
      [`from=${iso(start + 1)}`, [queued, failed]],
      [`to=${iso(start + HOUR)}`, [a.run_id]],
      [`from=${iso(start + 1)}&to=${iso(start + HOUR + 1)}&status=failed&q=503`, [failed]],
      [`from=${iso(app.clock.now() + 1)}`, []],
    ] as [string, number[]][])
      expect([query, await idsOf(app, `?${query}`)]).toEqual([query, right])

    const first = await list(app, '?limit=2')
    expect(first.items).toHaveLength(2)
    const second = await list(app, `?limit=2&cursor=${first.next_cursor}`)
    expect([second.items.map(({ id }: any) => id), second.next_cursor]).toEqual([[a.run_id], null])
  })

  test('filters that no index answers look at a bounded number of runs, and the cursor goes on behind them', async () => {
    const app = await makeRig(database)
    const run = await leasedRun(app)
    await app.verb(run.task, 'complete')
    await app.db.sql(
      app.db.fragments.either(
        sql`update sqlite_sequence set seq = ${run.run_id + 24_999} where name = 'parsing_runs'`,
        sql`select setval(pg_get_serial_sequence('parsing_runs', 'id'), ${run.run_id + 24_999}::bigint)`,
      ),
    )
    await app.force(run.id)
    expect(await idsOf(app)).toEqual([run.run_id + 25_000, run.run_id])
    const pages: number[][] = []
    for (let cursor = ''; pages.length < 10; ) {
      const { items, next_cursor } = await list(app, `?worker_id=w1${cursor}`)
      pages.push(items.map(({ id }: any) => id))
      if (next_cursor === null) break
      cursor = `&cursor=${next_cursor}`
    }
    expect(pages).toEqual([[], [], [run.run_id]])
  })

  test('behaviour 18: unknown parameters and bad values are refused', async () => {
    const app = await makeRig(database)
    expect((await app.get('/internal/runs?state=failed')).body.error.code).toBe('unknown_parameter')
    for (const [query, name] of [
      ['status=done', 'status'],
      ['status=', 'status'],
      ['trigger=x', 'trigger'],
      ['source_id=a', 'source_id'],
      ['error_group=zz', 'error_group'],
      ['min_items=-1', 'min_items'],
      ['from=now', 'from'],
      ['limit=501', 'limit'],
      ['cursor=xyz', 'cursor'],
    ])
      expect(problemOf(await app.get(`/internal/runs?${query}`)).loc.slice(0, 2)).toEqual(['query', name as string])
    expect((await app.get('/internal/runs/17')).status).toBe(404)
    expect((await app.get('/internal/runs/x')).status).toBe(422)
  })
})
