import { expect, test } from 'bun:test'
import { sourcesTables } from '../../src/gifty/tables.ts'
import { onEachDatabase } from '../support/databases.ts'
import { DAY } from '../support/fake-clock.ts'
import { codeOf, GONE, leasedRun, makeProcesses, makeRig, product, products, type Rig, STALE } from './rig.ts'

const remove = (app: Rig, id: number, query = '') => app.send('DELETE', `/internal/sources/${id}${query}`)
const removed = { status: 200, body: { status: 'ok' } }
const history = async (app: Rig) =>
  Promise.all(['parsing_sources', 'parsing_runs', 'run_logs', 'run_events'].map((table) => app.rows(table)))

/** Ended runs of a source, with log lines each, written as rows. */
const addHistory = async (app: Rig, sourceId: number, runs: number, lines: number) => {
  const { parsingRuns, runLogs, runEvents } = sourcesTables(app.db.kit)
  const now = new Date(app.clock.now())
  const row = { sourceId, siteKey: 'shop', status: 'completed', strategy: 'deep', trigger: 'schedule' } as const
  const made: { id: number }[] = []
  for (let n = 0; n < runs; n += 200) {
    const rows = Array.from({ length: Math.min(200, runs - n) }, () => ({
      ...row,
      lastActivityAt: now,
      createdAt: now,
      updatedAt: now,
    }))
    made.push(...((await app.db.q.insert(parsingRuns).values(rows).returning({ id: parsingRuns.id })) as { id: number }[]))
  }
  await app.db.q.insert(runEvents).values({ runId: made[0]?.id as number, at: now, event: 'released', data: {} })
  for (let n = 0; n < lines; n += 500) {
    const rows = Array.from({ length: Math.min(500, lines - n) }, (_, line) => ({
      ...{ runId: made[0]?.id as number, n: n + line + 1, at: now },
      ...{ level: 'info' as const, message: 'x' },
    }))
    await app.db.q.insert(runLogs).values(rows)
  }
}

onEachDatabase('operations §2: a source is removed', (database) => {
  test('operations §2: with its runs, their events and log lines; others keep theirs', async () => {
    const app = await makeRig(database)
    const { id, run_id } = await leasedRun(app)
    await app.ok('POST', `/internal/runs/${run_id}/logs`, { lines: ['one', 'two'] })
    await app.report(id, 'waiting')
    const other = await app.source()
    await addHistory(app, other.id, 3, 2)
    await addHistory(app, id, 5, 10)
    expect(await remove(app, id)).toMatchObject(removed)
    expect(await history(app)).toEqual([1, 3, 2, 1])
    expect(codeOf(await app.get(`/internal/sources/${id}`))).toEqual(GONE)
    expect(codeOf(await app.get(`/internal/runs/${run_id}`))).toEqual(GONE)
    expect(codeOf(await remove(app, id))).toEqual(GONE)
    expect(codeOf(await remove(app, 999_999))).toEqual(GONE)
    expect((await app.ok('GET', '/internal/runs')).items).toHaveLength(3)
  })

  test('operations §2: its products stay, and count for the site; a new source with its url is another one', async () => {
    const app = await makeRig(database)
    const url = 'https://shop.example/list/again'
    const source = await app.source({ url })
    const hub = await app.source({ type: 'hub' })
    await app.ingest(products(3), { source_id: source.id })
    app.clock.advance(DAY)
    expect(await remove(app, source.id)).toMatchObject(removed)
    expect(await app.rows('products')).toBe(3)
    expect((await app.detail(hub.id)).total_items).toBe(3)
    const again = await app.source({ url })
    expect(again.id).toBeGreaterThan(source.id)
    expect((await app.detail(again.id)).history).toEqual([])
    expect(codeOf(await app.post('/internal/ingest-batch', { items: [product(1)], source_id: source.id }))).toEqual(GONE)
    await app.ingest([product(1)], { source_id: again.id })
    expect(await app.rows('products')).toBe(3)
  })

  test('operations §2: 409 while a run is open; `cancel` ends it, and a late word of its worker changes nothing', async () => {
    const app = await makeRig(database)
    const { id, task } = await leasedRun(app)
    expect(codeOf(await remove(app, id))).toEqual([409, 'conflict'])
    expect(codeOf(await remove(app, id, '?cancel=false'))).toEqual([409, 'conflict'])
    expect(await history(app)).toEqual([1, 1, 0, 0])
    expect(await remove(app, id, '?cancel=true')).toMatchObject(removed)
    expect(await history(app)).toEqual([0, 0, 0, 0])
    expect(await app.task(task.id)).toMatchObject({ status: 'cancelled' })
    const late = await app.verb(task, 'complete')
    expect([200, ...STALE]).toContain(late.status)
    expect(await history(app)).toEqual([0, 0, 0, 0])
    app.clock.advance(DAY)
    await app.tick()
    expect(await app.lease()).toEqual([])
  })

  test('operations §2: a queued run, and one that waits behind it, go with their source', async () => {
    const app = await makeRig(database)
    const { id } = await app.source({ overlap: 'queue_one' })
    const { task_id } = await app.force(id)
    await app.force(id)
    expect(await remove(app, id, '?cancel=1')).toMatchObject(removed)
    expect(await app.task(task_id)).toMatchObject({ status: 'cancelled' })
    expect(await app.lease()).toEqual([])
    expect(await history(app)).toEqual([0, 0, 0, 0])
    expect(codeOf(await remove(app, id, '?force=1'))).toEqual([422, 'unknown_parameter'])
  })

  test('operations §2: a long history goes by pages', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    const other = await app.source()
    await addHistory(app, other.id, 2, 3)
    await addHistory(app, id, 1203, 21_000)
    const { run_id } = await app.force(id)
    expect(run_id).toBeGreaterThan(0)
    expect(codeOf(await remove(app, id))).toEqual([409, 'conflict'])
    expect((await history(app))[1]).toBe(1206)
    expect(await remove(app, id, '?cancel=true')).toMatchObject(removed)
    expect(await history(app)).toEqual([1, 2, 3, 1])
  })

  test('operations §2: two processes remove one source while a third runs it: one answer is 200', async () => {
    const processes = await makeProcesses(database, 3)
    const [app, second, third] = processes as [Rig, Rig, Rig]
    for (let round = 0; round < 5; round++) {
      const { id } = await app.source()
      const [one, two] = await Promise.all([
        remove(app, id, '?cancel=true'),
        remove(second, id, '?cancel=true'),
        third.post(`/internal/sources/${id}/force-run`),
        third.tick(),
      ])
      expect([one.status, two.status].sort()).toEqual([200, 404])
      expect(await history(app)).toEqual([0, 0, 0, 0])
    }
    expect(await app.lease()).toEqual([])
  })
})
