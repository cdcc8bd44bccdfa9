import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { onEachDatabase } from '../support/databases.ts'
import { DAY, HOUR, iso, MINUTE } from '../support/fake-clock.ts'
import { leasedRun, makeProcesses, makeRig, problemOf, product, products, queueNotifications, type Rig } from './rig.ts'

/** The list once what is shared of it is too old. */
const attention = async (app: Rig): Promise<any[]> => {
  app.clock.advance(5000)
  return (await app.ok('GET', '/internal/attention')).items
}
/** Of everything but notifications, which nobody takes in these tests. */
const named = async (app: Rig) =>
  (await attention(app))
    .filter(({ id }) => !['outbox_stuck', 'no_worker:kind:notification'].includes(id))
    .map(({ id, scope, count }) => [id, scope, count])
/** A run of a leased task from lease to completion, with `count` items. */
const complete = async (app: Rig, id: number, count: number, from = 0) => {
  await app.force(id)
  const [task] = await app.lease()
  const items = Array.from({ length: count }, (_, n) => product(from + n))
  if (count > 0) await app.ingest(items, { source_id: id, task_id: task.id, worker_id: 'w1', fence: task.fence })
  expect((await app.verb(task, 'complete')).status).toBe(200)
}

onEachDatabase('operations §7: attention', (database) => {
  test('a fleet that is well has nothing on its list', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    await complete(app, id, 3)
    expect(await attention(app)).toEqual([])
  })

  test('a broken, a failing and a rejecting source are each named once, and no more when they are well', async () => {
    const app = await makeRig(database)
    const broken = await leasedRun(app, { site_key: 'a' })
    await app.error(broken.id, 'HTTP 404 for https://a.example/list\nat page 1', true)
    const failing = await leasedRun(app, { site_key: 'b' })
    await app.error(failing.id, 'HTTP 503')
    const rejecting = await leasedRun(app, { site_key: 'c' })
    const { task } = rejecting
    await app.post('/internal/ingest-batch', {
      ...{
        items: [
          { ...product(1), title: '' },
          { ...product(2), title: '' },
        ],
        source_id: rejecting.id,
      },
      ...{ task_id: task.id, worker_id: 'w1', fence: task.fence },
    })
    await app.verb(task, 'complete')
    const items = await attention(app)
    expect(items.map(({ id, severity, scope, count }) => [id, severity, scope, count])).toEqual([
      ['source_broken:site:a', 'error', `source:${broken.id}`, 1],
      ['all_rejected:site:c', 'error', `source:${rejecting.id}`, 1],
      ['source_failing:site:b', 'warning', `source:${failing.id}`, 1],
    ])
    expect(items[0]).toMatchObject({ title: 'A source of a is broken', cause: 'source_broken' })
    expect(items[0].detail).toEndWith(': HTTP 404 for https://a.example/list')
    expect(items[0].actions).toContainEqual({
      ...{ label: 'Run it again', method: 'POST', path: `/internal/sources/${broken.id}/force-run`, body: {} },
    })
    // What the list proposes mends it.
    for (const { method, path, body } of items[0].actions.slice(1)) await app.ok(method, path, body)
    await app.ok('POST', `/internal/workers/tasks/${(await app.lease())[0].id}/complete`, { worker_id: 'w1', fence: 1 })
    for (const { id } of [failing, rejecting]) await complete(app, id, 1, 100 * id)
    expect(await named(app)).toEqual([])
  })

  test('sources of one site with one trouble are one item', async () => {
    const app = await makeRig(database)
    const first = await leasedRun(app, { site_key: 'a' })
    await app.error(first.id, 'x', true)
    app.clock.advance(MINUTE)
    const second = await leasedRun(app, { site_key: 'a' })
    await app.error(second.id, 'y', true)
    const [item, ...more] = await attention(app)
    expect(more).toEqual([])
    expect(item).toMatchObject({ id: 'source_broken:site:a', scope: 'site:a', count: 2, title: '2 sources of a are broken' })
    expect(Date.parse(item.since)).toBeLessThan(app.clock.now() - MINUTE)
  })

  test('operations §8: ten runs of 100 items and one of 40 are a low yield, once; a usual run ends it', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    for (let run = 0; run < 10; run++) {
      await complete(app, id, 100)
      expect(await named(app)).toEqual([])
    }
    await complete(app, id, 51)
    expect(await named(app)).toEqual([])
    await complete(app, id, 40)
    const [item, ...more] = await attention(app)
    expect(more).toEqual([])
    expect(item).toMatchObject({ id: 'yield_low:site:shop', cause: 'yield_low', scope: `source:${id}`, count: 1 })
    expect(item.detail).toEndWith('40 items, usually 100.')
    await complete(app, id, 100)
    expect(await named(app)).toEqual([])
  })

  test('a source that fails is not named for its yield as well, and batches without a run are no runs', async () => {
    const app = await makeRig(database)
    const failing = await app.source({ site_key: 'a' })
    for (const count of [100, 100, 100, 100, 10]) await complete(app, failing.id, count)
    await app.force(failing.id)
    await app.error(failing.id, 'HTTP 503')
    const fed = await app.source({ site_key: 'b' })
    for (const count of [100, 100, 100, 100, 10]) {
      await app.ingest(products(count), { source_id: fed.id })
      app.clock.advance(HOUR)
    }
    expect((await named(app)).map(([id]) => id)).toEqual(['source_failing:site:a'])
  })

  test('operations §8: a source is stale after three of its intervals, one with a cron text an hour after its time', async () => {
    const app = await makeRig(database)
    const interval = await app.source({ site_key: 'a', refresh_interval_hours: 2 })
    await complete(app, interval.id, 1)
    const cron = await app.source({ site_key: 'b', schedule: { cron: '0 * * * *', timezone: 'UTC' } })
    await app.source({ site_key: 'off', is_active: false })
    app.clock.advance(5.9 * HOUR)
    expect((await named(app)).map(([id]) => id)).toEqual(['source_stale:site:b'])
    app.clock.advance(0.2 * HOUR)
    expect((await named(app)).toSorted()).toEqual([
      ['source_stale:site:a', `source:${interval.id}`, 1],
      ['source_stale:site:b', `source:${cron.id}`, 1],
    ])
  })

  test('tasks that nobody takes, that wait although workers are there, and dead ones are named by kind', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    await app.force(id)
    app.clock.advance(5 * MINUTE - 5000)
    expect(await named(app)).toEqual([])
    expect(await named(app)).toEqual([['no_worker:kind:source.run', 'kind:source.run', 1]])
    const [task] = await app.lease('w1', { lease_seconds: 3600 })
    expect(await named(app)).toEqual([])
    const other = await app.source()
    await app.force(other.id)
    app.clock.advance(15 * MINUTE)
    const [old] = await attention(app)
    expect(old).toMatchObject({ id: 'queue_old:kind:source.run', severity: 'warning', count: 1 })
    expect(old.detail).toBe('1 wait, the oldest one for 15 minutes.')
    for (const one of [task, ...(await app.lease())]) await app.verb(one, 'complete')
    await queueNotifications(app, 3)
    const leased = async () => (await app.lease('w1', { kinds: ['notification'] }))[0]
    for (const one of [await leased(), await leased()]) await app.verb(one, 'fail', 'w1', { error: 'gone', retryable: false })
    const [dead, ...more] = await attention(app)
    expect(more).toEqual([])
    expect(dead).toMatchObject({ id: 'tasks_dead:kind:notification', scope: 'kind:notification', count: 2 })
    const { method, path, body } = dead.actions.at(-1)
    expect(await app.ok(method, path, body)).toMatchObject({ redriven: 2 })
    expect(await named(app)).toEqual([])
  })

  test('a muted item comes last until its time, in every process; who muted it is in the audit', async () => {
    const [app, other] = (await makeProcesses(database, 2)) as [Rig, Rig]
    const broken = await leasedRun(app, { site_key: 'a' })
    await app.error(broken.id, 'x', true)
    const failing = await leasedRun(app, { site_key: 'b' })
    await app.error(failing.id, 'y')
    const ofSites = async (process: Rig) => (await attention(process)).filter(({ id }) => id.includes(':site:'))
    const until = iso(app.clock.now() + DAY)
    const id = encodeURIComponent('source_broken:site:a')
    expect(await other.ok('POST', `/internal/attention/${id}/mute`, { until, reason: 'they move' })).toEqual({
      ...{ id: 'source_broken:site:a', until, reason: 'they move' },
    })
    for (const process of [app, other])
      expect((await ofSites(process)).map((item) => [item.id, item.muted_until])).toEqual([
        ['source_failing:site:b', undefined],
        ['source_broken:site:a', until],
      ])
    const [row] = await app.db.sql<any>(sql`select action, target_id, reason, actor_kind from audit_log`)
    expect(row).toEqual({
      ...{ action: 'attention.mute', target_id: 'source_broken:site:a', reason: 'they move', actor_kind: 'service' },
    })
    app.clock.advance(DAY)
    expect((await ofSites(app)).map((item) => [item.id, item.muted_until])).toEqual([
      ['source_broken:site:a', undefined],
      ['source_failing:site:b', undefined],
    ])
    app.clock.advance(2 * DAY)
    await app.tick()
    expect(await app.rows('attention_mutes')).toBe(0)
  })

  test('behaviour 18: an unknown parameter and bad values are refused', async () => {
    const app = await makeRig(database)
    const { status, body } = await app.get('/internal/attention?site_key=a&x=1')
    expect([status, body.error.code]).toEqual([422, 'unknown_parameter'])
    expect(body.error.fields.details.map(({ type, loc }: any) => [type, ...loc])).toEqual([
      ['unknown_parameter', 'query', 'site_key'],
      ['unknown_parameter', 'query', 'x'],
    ])
    const until = iso(app.clock.now())
    for (const [path, sent, loc] of [
      ['disk_low', { reason: 'x' }, ['body', 'until']],
      ['disk_low', { until: 'tomorrow', reason: 'x' }, ['body', 'until']],
      ['disk_low', { until, reason: '' }, ['body', 'reason']],
      ['disk_low', { until, reason: 'x'.repeat(501) }, ['body', 'reason']],
      ['Disk%20low', { until, reason: 'x' }, ['path', 'id']],
    ] as const)
      expect(problemOf(await app.post(`/internal/attention/${path}/mute`, sent))).toMatchObject({ loc })
    expect(await app.rows('attention_mutes')).toBe(0)
  })
})
