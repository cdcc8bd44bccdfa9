import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { createLog } from '../../src/platform/log.ts'
import { onEachDatabase } from '../support/databases.ts'
import { category, codeOf, leasedRun, makeRig, product, products } from './rig.ts'

onEachDatabase('elements that are not stored are counted', (database) => {
  const path = '/internal/ingest-batch'
  const bad = (count: number) => products(count, { price: 'none' })
  const under = (task: { id: string; fence: number }, worker = 'w1') => ({
    task_id: task.id,
    worker_id: worker,
    fence: task.fence,
  })
  test('g-M2: a run whose batches are refused has failed, counts what was refused and says why', async () => {
    const lines: any[] = []
    const log = createLog({ level: 'warn', write: (line) => lines.push(JSON.parse(line)) })
    const app = await makeRig(database, { log })
    const { id, task } = await leasedRun(app)
    const refused = await app.post(path, { items: bad(50), source_id: id, ...under(task) })
    expect(refused.status).toBe(422)
    expect((await app.verb(task, 'complete')).status).toBe(200)
    const [run] = await app.runs(id)
    expect(run).toMatchObject({ status: 'failed', items_scraped: 0, items_rejected: 50 })
    expect(run.error).toContain('50')
    expect(run.error).toContain('price')
    expect(await app.detail(id)).toMatchObject({ status: 'error' })
    const [note] = await app.notifications('scraping')
    expect(note.text).toContain('price')
    expect((await app.ok('GET', '/internal/stats')).failed_runs_24h).toBe(1)
    expect(lines.filter(({ message }) => message === 'elements rejected')).toMatchObject([
      { source_id: id, site: 'shop', count: 50, sample: expect.stringContaining('price') },
    ])
  })

  test('g-M2: what is refused of a batch counts too, with a lease and without, also by the source alone or its site', async () => {
    const app = await makeRig(database)
    const { id, task } = await leasedRun(app)
    await app.ingest([product(1), ...bad(3)], { source_id: id, ...under(task), categories: [category(1, { url: 'no' })] })
    await app.ingest([product(2), ...bad(2)], { source_id: id })
    expect((await app.post(path, { items: bad(5), source_id: id })).status).toBe(422)
    expect((await app.post(path, { items: bad(7), source_id: 0 })).status).toBe(422)
    expect((await app.post(path, { items: [], categories: [category(1, { url: null })], source_id: id })).status).toBe(422)
    expect((await app.post(path, { items: bad(1), source_id: 0, ...under(task) })).status).toBe(422)
    await app.verb(task, 'complete')
    const runs = await app.runs(id)
    expect(runs).toMatchObject([{ status: 'completed', items_scraped: 2, items_rejected: 4 + 2 + 5 + 7 + 1 + 1 }])
    const rows = await app.db.sql<{ rejections: unknown }>(sql`select rejections from parsing_runs where id = ${runs[0].id}`)
    const kept = rows[0]?.rejections
    expect((typeof kept === 'string' ? JSON.parse(kept) : kept) as unknown[]).toHaveLength(20)
  })

  test('g-M2: a run without a worker, of which every element was refused, has failed when its batches end', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    await app.ok('POST', `/internal/sources/${id}/force-run`, {})
    // A batch of nothing begins the run, as some spiders send one at their start.
    await app.ingest([], { source_id: id })
    expect((await app.post(path, { items: bad(4), source_id: id })).status).toBe(422)
    app.clock.advance(11 * 60_000)
    expect(await app.services.sources.endIdleRuns()).toBe(1)
    const [run] = await app.runs(id)
    expect(run).toMatchObject({ status: 'failed', items_scraped: 0, items_rejected: 4 })
    expect(run.error).toContain('price')
    expect(await app.detail(id)).toMatchObject({ status: 'error' })
  })

  test('g-M2: the first hundred reasons are kept of any number', async () => {
    const app = await makeRig(database)
    const { id, task } = await leasedRun(app)
    for (let n = 0; n < 3; n++) await app.post(path, { items: bad(60), source_id: id, ...under(task) })
    const [run] = await app.runs(id)
    expect(run.items_rejected).toBe(180)
    const rows = await app.db.sql<{ rejections: unknown }>(sql`select rejections from parsing_runs where id = ${run.id}`)
    const kept = rows[0]?.rejections
    expect((typeof kept === 'string' ? JSON.parse(kept) : kept) as unknown[]).toHaveLength(100)
  })

  test('g-M2: a refused batch of an old attempt is stale and does not count on the new one', async () => {
    const app = await makeRig(database)
    const { id, task } = await leasedRun(app)
    await app.verb(task, 'release')
    const [again] = await app.lease('w2')
    expect(codeOf(await app.post(path, { items: bad(2), source_id: id, ...under(task) }))).toEqual([409, 'stale_lease'])
    expect((await app.runs(id))[0].items_rejected).toBe(0)
    expect((await app.post(path, { items: bad(2), source_id: id, ...under(again, 'w2') })).status).toBe(422)
    expect((await app.runs(id))[0].items_rejected).toBe(2)
  })

  test('g-M2: without an open run the ingest run of the last ten minutes counts, and none is made for refusals alone', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    expect((await app.post(path, { items: bad(2), source_id: id })).status).toBe(422)
    expect(await app.runs(id)).toEqual([])
    await app.ingest([product(1), ...bad(1)], { source_id: id })
    expect((await app.post(path, { items: bad(2), source_id: id })).status).toBe(422)
    expect(await app.runs(id)).toMatchObject([{ status: 'completed', items_scraped: 1, items_rejected: 3 }])
  })
})
