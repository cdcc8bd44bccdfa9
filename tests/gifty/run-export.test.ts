import { expect, test } from 'bun:test'
import { parse } from 'csv-parse/sync'
import { sourcesTables } from '../../src/gifty/tables.ts'
import { onEachDatabase } from '../support/databases.ts'
import { DAY, HOUR } from '../support/fake-clock.ts'
import { makeRig, type Rig } from './rig.ts'

/** Ended runs of a source, an hour apart, the last one an hour ago. */
const addRuns = async (app: Rig, sourceId: number, count: number, more: object = {}) => {
  const { parsingRuns } = sourcesTables(app.db.kit)
  const rows = Array.from({ length: count }, (_, n) => {
    const at = new Date(app.clock.now() - (count - n) * HOUR)
    return {
      ...{
        sourceId,
        siteKey: 'shop',
        status: 'failed' as const,
        strategy: 'deep',
        trigger: 'schedule' as const,
        itemsScraped: n,
      },
      ...{ lastActivityAt: at, createdAt: at, updatedAt: at, startedAt: at, finishedAt: at, ...more },
    }
  })
  await app.db.tx(function* (tx) {
    for (let from = 0; from < rows.length; from += 200)
      yield tx
        .insert(parsingRuns)
        .values(rows.slice(from, from + 200))
        .returning({ id: parsingRuns.id })
  })
}
const file = async (app: Rig, path: string) => {
  const response = await app.app.handle(
    new Request(`http://localhost${path}`, { headers: { 'x-internal-token': 'dev-internal-token' } }),
  )
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
}

onEachDatabase('operations §2, §3: files of runs and tasks', (database) => {
  test('all runs of the filters, newest first, as CSV and NDJSON', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    await addRuns(app, id, 1203, { error: '=cmd|"calc", "x"\nsecond line' })
    await addRuns(app, id, 3, { status: 'completed' })
    const csv = await file(app, '/internal/runs/export?status=failed')
    expect([csv.status, csv.type]).toEqual([200, 'text/csv; charset=utf-8'])
    const rows = parse(csv.text, { columns: true }) as Record<string, string>[]
    expect(rows).toHaveLength(1203)
    expect(rows[0]).toMatchObject({
      items_scraped: '1202',
      status: 'failed',
      error: '\'=cmd|"calc", "x"\nsecond line',
      worker_id: '',
    })
    const numbers = rows.map((row) => Number(row.id))
    expect(numbers).toEqual(numbers.toSorted((a, b) => b - a))
    const ndjson = await file(app, '/internal/runs/export?status=failed&format=ndjson&min_items=1000')
    const read = ndjson.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect([read.length, read[0].error]).toEqual([203, '=cmd|"calc", "x"\nsecond line'])
    expect((await file(app, '/internal/runs/export?site_key=nobody')).text.trimEnd().split('\r\n')).toHaveLength(1)
    for (const query of ['format=parquet', 'limit=5', 'status=asleep'])
      expect([query, (await app.get(`/internal/runs/export?${query}`)).status]).toEqual([query, 422])
  })

  test('all tasks of the filters', async () => {
    const app = await makeRig(database)
    const bulk = Array.from({ length: 1100 }, (_, n) => ({
      kind: 'weeek.reminder',
      payload: { chat_id: n, slot: 'today', day: '2026-01-15' },
    }))
    await app.db.tx((tx) => app.engine.enqueue(tx, bulk))
    const rows = parse((await file(app, '/internal/tasks/export?state=queued')).text, { columns: true }) as Record<
      string,
      string
    >[]
    expect(rows).toHaveLength(1100)
    expect(JSON.parse(rows[0]?.payload as string)).toMatchObject({ slot: 'today' })
    expect((await file(app, '/internal/tasks/export?format=ndjson&q=nothing')).text).toBe('')
  })

  test('runs go after RUN_RETENTION_DAYS, but for the newest 20 of a source and open ones', async () => {
    const app = await makeRig(database, { env: { RUN_RETENTION_DAYS: '30' } })
    const [busy, rare] = [await app.source(), await app.source()]
    await addRuns(app, busy.id, 1500)
    await addRuns(app, rare.id, 5)
    const { run_id: open } = await app.force(rare.id)
    await app.ok('POST', `/internal/runs/${open}/logs`, { lines: ['kept'] })
    app.clock.advance(31 * DAY)
    for (let turn = 0; turn < 4; turn++) {
      await app.tick()
      app.clock.advance(60_000)
    }
    expect(
      await app.rows(`parsing_runs where source_id = ${busy.id} and trigger = 'schedule' and status = 'failed'`),
    ).toBeLessThanOrEqual(20)
    const left = await app.runs(busy.id)
    expect(left.length).toBeGreaterThanOrEqual(20)
    expect((await app.runs(rare.id)).length).toBeGreaterThanOrEqual(6)
  })
})
