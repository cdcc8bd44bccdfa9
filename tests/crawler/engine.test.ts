import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { digest } from '../../src/crawler/fields.ts'
import { countStatements } from '../support/count-statements.ts'
import { onEachDatabase } from '../support/databases.ts'
import { HOUR, SECOND, START } from '../support/fake-clock.ts'
import { makeRig, path, type Rig, refusal, restarted, taskData } from './rig.ts'

const run = (app: Rig, text: string) => app.db.sql<any>(sql.raw(text))
/** The engine's task of a crawler task. */
const engineTask = async (app: Rig, id: string) => {
  const [row] = await run(
    app,
    `select t.id, t.kind, t.state, t.attempts, t.fence, t.priority, t.last_end from tasks t join crawler_tasks c on c.engine_task_id = t.id where c.id = '${id}'`,
  )
  return row && { ...row, fence: Number(row.fence) }
}
const TYPES = ['FETCH_ISSUES', 'FETCH_TAGS', 'FETCH_JOBS', 'FETCH_COMMITS', 'FETCH_BRANCHES']
const createMany = (app: Pick<Rig, 'ok'>, count: number, prefix: string) =>
  app.ok('POST', '/tasks/bulk', {
    tasks: Array.from({ length: count }, (_, n) => taskData(`${prefix}${n}`, { type: TYPES[n % TYPES.length] })),
  })

/** A row as the release before this one left it, which kept leases in its own columns and knew no task of the engine. */
const asBefore = async (app: Rig, id: string, columns: Record<string, string | number | null> = {}) => {
  const [row] = await run(app, `select engine_task_id from crawler_tasks where id = '${id}'`)
  await run(app, `delete from tasks where id = '${row.engine_task_id}' returning id`)
  await touched(app, id, { ...columns, engine_task_id: null })
}
/** Columns as that release changes them. */
const touched = (app: Rig, id: string, columns: Record<string, string | number | null>) => {
  const set = Object.entries(columns).map(
    ([name, value]) => `${name} = ${typeof value === 'string' ? `'${value}'` : value === null ? 'null' : value}`,
  )
  return run(app, `update crawler_tasks set ${set.join(', ')} where id = '${id}' returning id`)
}

onEachDatabase('crawler tasks in the engine (gitlab-crawler §8, §10)', (database) => {
  test('a lease, its release and its expiry take as many statements for 50 tasks of five types as for one, at most 12', async () => {
    const counting = countStatements(await database.fresh())
    const app = await makeRig({ ...database, fresh: async () => counting.db })
    const measured: Record<string, number> = {}
    // The clock is looked at now and then, in a transaction of its own.
    await app.engine.sweep()
    for (const count of [1, 50]) {
      await createMany(app, count, `t${count}-`)
      let taken: any[] = []
      measured[`lease ${count}`] = await counting.during(async () => {
        taken = await app.lease({ max: count })
      })
      expect(taken).toHaveLength(count)
      app.clock.advance(61 * SECOND)
      measured[`expire ${count}`] = await counting.during(() => app.engine.sweep())
      expect(await app.ok('GET', '/tasks?status=queued&limit=1')).toMatchObject({ meta: { total: count } })
      app.clock.advance(5 * SECOND)
      expect(await app.lease({ max: count })).toHaveLength(count)
      const holders = (await run(app, "select id, fence from tasks where state = 'leased'")).map(({ id, fence }: any) => ({
        id,
        owner: 'w1',
        fence: Number(fence),
      }))
      measured[`release ${count}`] = await counting.during(() =>
        app.engine.release(
          holders,
          TYPES.map((type) => `crawler.${type}`),
        ),
      )
      const taken2 = await app.lease({ max: count })
      for (const task of taken2) await app.report(task.id, { type: 'completed', workerId: 'w1', fence: task.lease.fence })
    }
    for (const verb of ['lease', 'expire', 'release']) {
      expect([verb, measured[`${verb} 50`]]).toEqual([verb, measured[`${verb} 1`] as never])
      expect(measured[`${verb} 50`]).toBeLessThanOrEqual(12)
    }
  }, 300_000)

  test('the engine’s task has the state that the crawler row means', async () => {
    const app = await makeRig(database)
    const state = async (id = 's') => (await engineTask(app, id))?.state
    await app.create('s', { priority: 'urgent' })
    expect(await engineTask(app, 's')).toMatchObject({ kind: 'crawler.FETCH_ISSUES', state: 'queued', priority: 3, attempts: 0 })
    await app.report('s', { type: 'started' })
    expect(await state()).toBe('paused')
    await app.put('s', { status: 'queued' })
    expect(await state()).toBe('queued')
    const [{ lease }] = await app.lease()
    const holder = { workerId: 'w1', fence: lease.fence }
    for (const type of ['paused', 'resumed', 'error', 'progress']) {
      await app.report('s', { type, processed: 1, ...holder })
      expect([type, await state()]).toEqual([type, 'leased'])
    }
    await app.report('s', { type: 'status', credentialStatus: { type: 'credential_expiry' }, ...holder })
    expect(await engineTask(app, 's')).toMatchObject({ state: 'paused', attempts: 1 })
    await app.report('s', { type: 'status', credentialStatus: { type: 'credential_resumed' } })
    expect(await state()).toBe('queued')
    const [again] = await app.lease()
    await app.report('s', { type: 'completed', workerId: 'w1', fence: again.lease.fence })
    expect(await engineTask(app, 's')).toMatchObject({ state: 'completed', attempts: 2, fence: 2, last_end: 'complete' })
    await app.put('s', { status: 'queued' })
    expect(await engineTask(app, 's')).toMatchObject({ state: 'queued', attempts: 0, fence: 2 })
    await app.report('s', { type: 'error', error: 'x' })
    expect(await state()).toBe('paused')
    await app.report('s', { type: 'failed', error: 'x' })
    expect(await state()).toBe('failed')
    await app.ok('DELETE', path('s'))
    expect(await app.rows('tasks')).toBe(0)
  })

  test('ended tasks are kept as long as their rows', async () => {
    const app = await makeRig(database)
    await app.create('k')
    await app.report('k', { type: 'completed' })
    app.clock.advance(400 * 24 * HOUR)
    await app.db.tx((tx) => app.engine.purge(tx))
    expect((await engineTask(app, 'k'))?.state).toBe('completed')
  })

  test('a task that cannot be handed out leaves its place to the next one, also of those who wait', async () => {
    const app = await makeRig(database)
    for (const n of [1, 2, 3]) await app.create(`bad${n}`, { priority: 'urgent', credentials: { accessToken: `bad-token-${n}` } })
    await run(app, "update crawler_accounts set access_token = 'broken' returning id")
    await app.create('good')
    expect((await app.lease()).map((task) => task.id)).toEqual(['good'])
    for (const n of [1, 2, 3])
      expect(await app.detail(`bad${n}`)).toMatchObject({
        status: 'failed',
        error: 'Stored credentials cannot be read',
        metadata: { attempts: 0 },
      })
    await app.create('none', { priority: 'urgent', credentials: { accessToken: 'gone-token' } })
    await run(
      app,
      "update crawler_accounts set access_token = null where id = (select account_id from crawler_tasks where id = 'none') returning id",
    )
    await app.create('next')
    expect((await app.lease({ waitSeconds: 60 })).map((task) => task.id)).toEqual(['next'])
    expect(await app.detail('none')).toMatchObject({ jobStatus: 'credential_expired', metadata: { attempts: 0 } })
    expect((await engineTask(app, 'none'))?.state).toBe('paused')
  })

  test('a heartbeat alone keeps a task for longer than tasks without a lease may be silent', async () => {
    const app = await makeRig(database)
    await app.create('long')
    await app.lease({ leaseSeconds: 3600 })
    for (let n = 0; n < 5; n++) {
      app.clock.advance(HOUR / 2)
      expect(await app.crawler.leasing.heartbeat(new Set(['w1']), ['long', 'unknown'])).toEqual(['unknown'])
      await app.tick()
    }
    expect(await app.detail('long')).toMatchObject({ status: 'running', metadata: { leasedBy: 'w1', attempts: 1 } })
    expect((await app.detail('long')).updatedAt).toBe('2026-01-15T12:00:00.000Z')
    expect(await app.crawler.leasing.heartbeat(new Set(['other']), ['long'])).toEqual(['long'])
  })

  test('N-1: rows and live leases of the release before are taken over at the start and by the sweep', async () => {
    const app = await makeRig(database)
    for (const id of ['queued2', 'queued1', 'delayed', 'held', 'lapsed', 'running', 'done', 'dead', 'open', 'expired'])
      await app.create(id)
    await asBefore(app, 'queued2', { created_at: START + 5 })
    await asBefore(app, 'queued1', { created_at: START + 5 })
    await asBefore(app, 'delayed', { available_at: START + 20 * SECOND, attempts: 1, fence: 1 })
    const lease = { status: 'running', started_at: START, attempts: 2, fence: 7, lease_owner: 'old', lease_seconds: 30 }
    await asBefore(app, 'held', { ...lease, lease_expires_at: START + 30 * SECOND, resume_state: '{"page":2}' })
    await asBefore(app, 'lapsed', { ...lease, attempts: 3, lease_expires_at: START - SECOND })
    await asBefore(app, 'running', { status: 'running', started_at: START })
    await asBefore(app, 'done', { status: 'finished', finished_at: START })
    await asBefore(app, 'dead', { status: 'failed', failure_kind: 'dead', finished_at: START })
    await asBefore(app, 'open', { status: 'failed', failure_kind: 'reopenable', finished_at: START })
    await asBefore(app, 'expired', { status: 'credential_expired' })
    expect(await app.rows('tasks')).toBe(0)
    // A row that no sweep has seen yet is read and changed all the same.
    expect(await app.detail('held')).toMatchObject({
      status: 'running',
      metadata: { attempts: 2, leasedBy: 'old', leaseExpiresAt: new Date(START + 30 * SECOND).toISOString() },
    })
    const next = await restarted(app)
    const states: [string, unknown][] = []
    for (const id of ['queued1', 'held', 'lapsed', 'running', 'done', 'dead', 'open', 'expired'])
      states.push([id, (await engineTask(next, id))?.state])
    expect(states).toEqual([
      ['queued1', 'queued'],
      ['held', 'leased'],
      ['lapsed', 'leased'],
      ['running', 'paused'],
      ['done', 'completed'],
      ['dead', 'dead'],
      ['open', 'paused'],
      ['expired', 'paused'],
    ])
    expect(await run(next, 'select id from crawler_tasks where engine_task_id is null or lease_owner is not null')).toEqual([])
    const send = (body: object) => next.send('POST', path('held', '/progress'), { type: 'progress', processed: 1, ...body })
    expect(refusal(await send({ workerId: 'old', fence: 6 }))[1]).toBe('LEASE_LOST')
    expect(refusal(await send({}))[1]).toBe('TASK_LEASED')
    next.clock.advance(10 * SECOND)
    expect((await send({ workerId: 'old', fence: 7 })).body.data.lease).toEqual({
      fence: 7,
      expiresAt: new Date(START + 40 * SECOND).toISOString(),
    })
    await next.tick()
    expect(await next.detail('lapsed')).toMatchObject({ status: 'failed', error: 'Lease expired after 3 attempts' })
    expect((await next.lease({ max: 10 })).map((task) => task.id)).toEqual(['queued1', 'queued2'])
    next.clock.advance(10 * SECOND)
    expect((await next.lease({ max: 10 }))[0]).toMatchObject({ id: 'delayed', lease: { attempt: 2, fence: 2 } })
    next.clock.advance(20 * SECOND)
    await next.tick()
    expect(await next.detail('held')).toMatchObject({ status: 'queued', metadata: { attempts: 2 } })
    next.clock.advance(10 * SECOND)
    expect((await next.lease())[0]).toMatchObject({ id: 'held', resumeState: { page: 2 }, lease: { attempt: 3, fence: 8 } })
    // While both releases run: a request that names a row of the old one finds it at once, a lease after the next sweep.
    await next.create('late')
    await asBefore(next, 'late')
    expect((await next.report('late', { type: 'progress', processed: 3 })).currentStatus).toBe('running')
    await next.create('later')
    await asBefore(next, 'later')
    await next.tick()
    expect((await next.lease()).map((task) => task.id)).toEqual(['later'])
  })

  test('N-1: times are stored as milliseconds and JSON to the letter, as the release before reads them', async () => {
    const app = await makeRig(database)
    const options = { fromDate: '2026-01-01', filters: { z: 1, a: '\u00e9' }, outputFormat: 'csv' }
    await app.create('kept', { type: 'DISCOVER_AREAS', rateLimits: { requestsPerMinute: 5, burstLimit: 2 }, options })
    const area = { type: 'group', gitlabId: 1, fullPath: 'g' }
    const times = ['from_date', 'to_date', 'last_update', 'created_at', 'started_at', 'finished_at', 'updated_at', 'active_at']
    // The first update changes the status, the second leaves it alone: two statements write them.
    for (const processed of [1, 2]) {
      await app.report('kept', {
        ...{ type: 'progress', processed, timestamp: '2026-01-15T11:00:00.5Z', metadata: { z: processed, a: [] } },
        ...{ resumeState: { z: 1, a: 2 }, timeline: [{ timestamp: '2026-01-15T11:00:00Z', event: 'x', details: null }] },
        areas: [area],
      })
      const [row] = await run(app, "select * from crawler_tasks where id = 'kept'")
      expect(row).toMatchObject({
        options:
          '{"fromDate":"2026-01-01T00:00:00.000Z","filters":{"z":1,"a":"\u00e9"},"outputFormat":"csv","includeMetadata":false}',
        rate_limits: '{"requestsPerMinute":5,"burstLimit":2,"respectRetryAfter":true}',
        resume_state: '{"z":1,"a":2}',
      })
      expect(row.progress).toStartWith(`{"processed":${processed},"total":null,"percentage":null,"currentStep":"Task created",`)
      expect(row.progress).toContain(`"metadata":{"z":${processed},"a":[]},"itemsByType":{"groups":1},`)
      expect([...times, 'available_at'].map((name) => (row[name] === null ? null : Number(row[name])))).toEqual([
        ...[Date.UTC(2026, 0, 1), null, START - HOUR + 500],
        ...[START, START, null, START, START, START],
      ])
    }
    const events = await run(app, "select at, details from crawler_timeline where event = 'x'")
    expect(events.map((event) => [Number(event.at), event.details])).toEqual([1, 2].map(() => [START - HOUR, 'null']))
    const [spawned] = await run(app, "select spawn_key from crawler_tasks where task_type = 'FETCH_PROJECTS'")
    expect(spawned.spawn_key).toBe(digest('kept', START, 1, 'group', '1', 'FETCH_PROJECTS'))
    const { timeline } = await app.progress('kept')
    expect(timeline.filter((entry: any) => entry.event === 'x')).toEqual(
      [1, 2].map(() => ({ timestamp: '2026-01-15T11:00:00.000Z', event: 'x', details: null })),
    )
  })

  test('N-1: a step back and forward again loses nothing and hands nothing out twice', async () => {
    const app = await makeRig(database)
    for (const id of ['ended', 'taken', 'again']) await app.create(id)
    await app.report('again', { type: 'failed', error: 'x' })
    // The release before works on rows that have tasks of the engine, which it does not know.
    await touched(app, 'ended', { status: 'finished', finished_at: START })
    const until = START + 60 * SECOND
    const lease = { attempts: 1, fence: 1, lease_owner: 'old', lease_seconds: 60, lease_expires_at: until }
    await touched(app, 'taken', { ...lease, status: 'running', started_at: START })
    await touched(app, 'again', { status: 'queued', failure_kind: null, finished_at: null, attempts: 0 })
    const next = await restarted(app)
    expect(await next.detail('taken')).toMatchObject({
      metadata: { leasedBy: 'old', leaseExpiresAt: new Date(until).toISOString() },
    })
    expect((await next.lease({ max: 10 })).map((task) => task.id)).toEqual(['again'])
    expect((await next.detail('ended')).status).toBe('completed')
    expect((await engineTask(next, 'ended'))?.state).toBe('completed')
    expect((await next.report('taken', { type: 'completed', workerId: 'old', fence: 1 })).currentStatus).toBe('completed')
  })

  test('a lease without a waiting caller is released without counting the attempt', async () => {
    const app = await makeRig(database)
    await app.create('t')
    const kinds = ['crawler.FETCH_ISSUES']
    const taken = await app.dispatcher.lease({ owner: 'gone', kinds, max: 1, leaseMs: 60 * SECOND }, 0)
    expect((await app.detail('t')).metadata).toMatchObject({ leasedBy: 'gone', attempts: 1 })
    await app.engine.release(
      taken.map(({ id, fence }) => ({ id, owner: 'gone', fence })),
      kinds,
    )
    expect(await app.detail('t')).toMatchObject({ status: 'queued', metadata: { attempts: 0 } })
    const { timeline } = await app.progress('t')
    expect(timeline.at(-1)).toMatchObject({ event: 'status_change', details: { to: 'queued', reason: 'released' } })
    expect((await app.lease())[0].lease).toMatchObject({ attempt: 1 })
  })
})
