import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { HOUR, MINUTE } from '../support/fake-clock.ts'
import { makeRig, product, type Rig } from './rig.ts'

interface Leased {
  id: string
  fence: number
  payload: { source_id: number; run_id: number; site_key: string }
}
const SITES = 10
const SOURCES = 30

/** Forces a run of each source and leases them all. */
const runAll = async (app: Rig, sources: number[]): Promise<Leased[]> => {
  for (const id of sources) await app.force(id)
  const leased: Leased[] = []
  for (let tasks = await app.lease('w1', { max: 50 }); tasks.length > 0; tasks = await app.lease('w1', { max: 50 }))
    leased.push(...tasks)
  expect(leased).toHaveLength(sources.length)
  return leased
}
const send = (app: Rig, { id, fence, payload }: Leased, items: unknown[]) =>
  app.post('/internal/ingest-batch', { items, source_id: payload.source_id, task_id: id, worker_id: 'w1', fence })
const note = (app: Rig, { id: _, fence, payload }: Leased, message: string) =>
  app.ok('POST', `/internal/runs/${payload.run_id}/logs`, { lines: [{ level: 'error', message }], worker_id: 'w1', fence })
/** A usual run: ten items. */
const succeed = async (app: Rig, task: Leased) => {
  const site = task.payload.site_key
  const items = Array.from({ length: 10 }, (_, n) => product(`${task.payload.source_id}-${n}`, { site_key: site }))
  expect((await send(app, task, items)).status).toBe(200)
  expect((await app.verb(task, 'complete')).status).toBe(200)
}
const attention = async (app: Rig): Promise<any[]> => {
  app.clock.advance(5000)
  const { items } = await app.ok('GET', '/internal/attention')
  return items.filter(({ id }: any) => !['outbox_stuck', 'no_worker:kind:notification'].includes(id))
}

onEachDatabase('operations: a night', (database) => {
  test('thirty sources, five kinds of trouble: each is named once, grouped, and one call away; then all is well', async () => {
    const app = await makeRig(database)
    const sources: number[] = []
    for (let n = 0; n < SOURCES; n++)
      sources.push((await app.source({ site_key: `site${n % SITES}`, refresh_interval_hours: 24 })).id)
    for (let night = 0; night < 4; night++) {
      for (const task of await runAll(app, sources)) await succeed(app, task)
      app.clock.advance(HOUR)
    }
    expect(await attention(app)).toEqual([])

    // The night: site1 is gone, site2 answers 503, site3 changed its markup, site4 lost half of its goods, and nobody takes the queue.
    const last = sources.pop() as number
    for (const task of await runAll(app, sources)) {
      const { source_id: id, site_key: site, run_id: run } = task.payload
      const fail = (error: string, retryable: boolean) => app.verb(task, 'fail', 'w1', { error, retryable })
      if (site === 'site1') {
        await note(app, task, `list of ${id} is gone`)
        await fail(`HTTP 404 for https://site1.example/${id}`, false)
      } else if (site === 'site2') {
        await note(app, task, `page ${run} answered 503`)
        await fail(`HTTP 503 for https://site2.example/${id}?page=${run}`, true)
      } else if (site === 'site3') {
        await note(app, task, 'no titles')
        await send(app, task, [{ ...product(`${id}-x`, { site_key: site }), title: '' }])
        await app.verb(task, 'complete')
      } else if (site === 'site4') {
        await send(app, task, [product(`${id}-0`, { site_key: site })])
        await app.verb(task, 'complete')
      } else await succeed(app, task)
    }
    await app.force(last)
    app.clock.advance(6 * MINUTE)

    const items = await attention(app)
    expect(items.map(({ id, count }) => [id, count])).toEqual([
      ['no_worker:kind:source.run', 1],
      ['source_broken:site:site1', 3],
      ['all_rejected:site:site3', 3],
      ['source_failing:site:site2', 3],
      ['yield_low:site:site4', 3],
    ])
    const errors = (await app.ok('GET', '/internal/errors')).items
    expect(errors.map(({ message, sites, count }: any) => [message, sites, count]).sort()).toEqual([
      ['All <n> elements were rejected, the first for title: Input should have at least <n> characters', ['site3'], 3],
      ['HTTP 404 for <url>', ['site1'], 3],
      ['HTTP 503 for <url>', ['site2'], 3],
    ])
    // The log of each is one call away.
    for (const { sample_run_id: run, sites } of errors) {
      const { lines } = await app.ok('GET', `/internal/runs/${run}/logs?level=error`)
      expect(lines).toHaveLength(2)
      expect(lines[1].message).toBe((await app.ok('GET', `/internal/runs/${run}`)).error)
      expect(lines[0].message).toContain(
        { site1: 'is gone', site2: 'answered 503', site3: 'no titles' }[sites[0] as string] as string,
      )
      const group = errors.find(({ sample_run_id }: any) => sample_run_id === run).fingerprint
      expect((await app.ok('GET', `/internal/runs?error_group=${group}`)).items).toHaveLength(3)
    }

    // The morning: the shops are back, the broken sources are switched on again, a worker is there.
    const [task] = await app.lease()
    await succeed(app, task)
    for (const source of (await app.ok('GET', '/internal/sources')).filter(({ status }: any) => status === 'broken'))
      await app.ok('POST', `/internal/sources/${source.id}/toggle`, { is_active: true })
    for (const one of await runAll(app, sources)) await succeed(app, one)
    expect(await attention(app)).toEqual([])
  }, 300_000)
})
