import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { HOUR, SECOND } from '../support/fake-clock.ts'
import { AUTH, makeProcesses, makeRig, path, refusal, restarted, TOKEN } from './rig.ts'

onEachDatabase('crawler leases (gitlab-crawler §7.6, §10)', (database) => {
  test('§17.17: two workers never hold one task; a stale fence is 409; an unfenced update is 409 while leased, 200 afterwards', async () => {
    const [one, two] = await makeProcesses(database, 2)
    for (let n = 0; n < 30; n++) await one.create(`t${n}`)
    const taken = (
      await Promise.all(Array.from({ length: 20 }, (_, n) => (n % 2 ? one : two).lease({ workerId: `w${n}`, max: 2 })))
    ).flat()
    expect(taken).toHaveLength(30)
    expect(new Set(taken.map((task) => task.id)).size).toBe(30)
    const task = taken[0]
    expect(task).toMatchObject({
      status: 'running',
      startedAt: '2026-01-15T12:00:00.000Z',
      credentials: { accessToken: 'glpat-secret-token', tokenType: 'pat', refreshable: false, version: 1 },
      options: { outputFormat: 'json', includeMetadata: false },
      resumeState: null,
      lease: { fence: 1, leaseSeconds: 60, expiresAt: '2026-01-15T12:01:00.000Z', attempt: 1, maxAttempts: 3 },
    })
    const { workerId } = task.lease
    const send = (body: object) => one.send('POST', path(task.id, '/progress'), { type: 'progress', ...body })
    for (const lease of [
      { workerId, fence: 0 },
      { workerId: 'other', fence: 1 },
    ])
      expect((await send({ ...lease, processed: 1 })).body).toMatchObject({
        code: 'LEASE_LOST',
        details: { currentStatus: 'running', taskId: task.id },
      })
    expect(refusal(await send({ processed: 1 }))).toEqual([409, 'TASK_LEASED', 'Task is leased by a worker'])
    one.clock.advance(10 * SECOND)
    expect((await send({ workerId, fence: 1, processed: 1 })).body.data.lease).toEqual({
      fence: 1,
      expiresAt: '2026-01-15T12:01:10.000Z',
    })
    expect((await one.detail(task.id)).metadata).toMatchObject({ leasedBy: workerId, leaseExpiresAt: '2026-01-15T12:01:10.000Z' })
    await send({ workerId, fence: 1, stage: 'completed' })
    expect((await send({ processed: 5 })).body.data).toMatchObject({ ignored: true, currentStatus: 'completed' })
    // What §8 ignores is 200 whatever its fence.
    expect((await send({ workerId: 'x', fence: 99 })).body.data.ignored).toBe(true)
    await one.put(task.id, { status: 'queued' })
    expect((await send({ processed: 5 })).status).toBe(200)
  }, 300_000)

  test('§10: tasks are leased by priority, then createdAt, then id, of the asked types alone', async () => {
    const app = await makeRig(database)
    await app.create('b', { type: 'FETCH_TAGS' })
    await app.create('a')
    await app.create('low', { priority: 'low' })
    app.clock.advance(1000)
    await app.create('late')
    await app.create('urgent', { priority: 'urgent' })
    const ids = async (more: Record<string, unknown> = {}) => (await app.lease(more)).map((task) => task.id)
    expect(await ids({ types: ['FETCH_TAGS', 'FETCH_JOBS'], max: 5 })).toEqual(['b'])
    expect(await ids({ max: 2 })).toEqual(['urgent', 'a'])
    expect(await ids({ max: 50 })).toEqual(['late', 'low'])
    expect(await ids()).toEqual([])
  })

  test('§17.18: a silent worker loses its task: attempt 2 with its resumeState; after attempt 3 it is failed, dead letter', async () => {
    const app = await makeRig(database)
    await app.create('s')
    const [first] = await app.lease()
    await app.report('s', {
      type: 'progress',
      processed: 7,
      itemsByType: { issues: 7 },
      resumeState: { page: 2 },
      workerId: 'w1',
      fence: first.lease.fence,
    })
    app.clock.advance(59 * SECOND)
    await app.tick()
    expect((await app.detail('s')).status).toBe('running')
    app.clock.advance(1 * SECOND)
    await app.tick()
    expect(await app.detail('s')).toMatchObject({ status: 'queued', progress: { processed: 7 }, metadata: { attempts: 1 } })
    expect(await app.lease()).toEqual([])
    app.clock.advance(5 * SECOND)
    const [second] = await app.lease({ workerId: 'w2' })
    expect(second).toMatchObject({ resumeState: { page: 2 }, lease: { attempt: 2, fence: 2 } })
    const late = await app.send('POST', path('s', '/progress'), { type: 'progress', workerId: 'w1', fence: 1, processed: 100 })
    expect(late.body).toMatchObject({ code: 'LEASE_LOST', details: { currentStatus: 'running' } })
    app.clock.advance(60 * SECOND)
    await app.tick()
    app.clock.advance(9 * SECOND)
    expect(await app.lease()).toEqual([])
    app.clock.advance(1 * SECOND)
    expect((await app.lease())[0].lease.attempt).toBe(3)
    app.clock.advance(60 * SECOND)
    await app.tick()
    expect(await app.detail('s')).toMatchObject({
      status: 'failed',
      error: 'Lease expired after 3 attempts',
      metadata: { deadLetter: true },
    })
    await app.put('s', { status: 'queued' })
    expect(await app.detail('s')).toMatchObject({ status: 'queued', metadata: { attempts: 0 }, progress: { processed: 7 } })
    expect((await app.lease())[0].lease).toMatchObject({ attempt: 1, fence: 4 })
  })

  test('§10: without a resumeState the counters of a lost task start from zero, also while it was paused', async () => {
    const app = await makeRig(database)
    await app.create('n')
    await app.lease()
    await app.report('n', { type: 'progress', processed: 7, total: 10, itemsByType: { a: 7 }, workerId: 'w1', fence: 1 })
    expect((await app.report('n', { type: 'paused', workerId: 'w1', fence: 1 })).lease).toBeDefined()
    app.clock.advance(60 * SECOND)
    await app.tick()
    expect(await app.detail('n')).toMatchObject({ status: 'queued', progress: { processed: 0, total: null, percentage: null } })
  })

  test('§10: an unanswered error only loses its lease; a fenced failure worth a retry is queued again', async () => {
    const app = await makeRig(database)
    await app.create('e')
    await app.lease()
    expect((await app.report('e', { type: 'error', error: 'x', workerId: 'w1', fence: 1 })).lease).toBeDefined()
    app.clock.advance(61 * SECOND)
    await app.tick()
    expect(await app.detail('e')).toMatchObject({ status: 'failed', error: 'x' })
    await app.create('r')
    const [task] = await app.lease()
    const failed = { type: 'failed', workerId: 'w1', error: { message: 'GitLab down', retryable: true } }
    expect(await app.report('r', { ...failed, fence: task.lease.fence })).toMatchObject({
      willRetry: true,
      currentStatus: 'queued',
    })
    app.clock.advance(5 * SECOND)
    await app.lease()
    app.clock.advance(1)
    expect(await app.report('r', { ...failed, fence: 2 })).toMatchObject({ willRetry: true })
    app.clock.advance(10 * SECOND)
    await app.lease()
    const last = await app.report('r', { ...failed, fence: 3 })
    expect([last.willRetry, last.currentStatus]).toEqual([undefined, 'failed'])
    await app.create('unfenced')
    expect((await app.report('unfenced', { type: 'failed', retryable: true })).currentStatus).toBe('failed')
  })

  test('§10: status queued under a fence gives the task back without counting the attempt', async () => {
    const app = await makeRig(database)
    await app.create('g')
    await app.lease()
    await app.report('g', {
      type: 'status',
      status: 'queued',
      retryAfterSeconds: 30,
      resumeState: { p: 1 },
      workerId: 'w1',
      fence: 1,
    })
    expect(await app.detail('g')).toMatchObject({ status: 'queued', metadata: { attempts: 0 } })
    app.clock.advance(29 * SECOND)
    expect(await app.lease()).toEqual([])
    app.clock.advance(1 * SECOND)
    expect((await app.lease())[0]).toMatchObject({ resumeState: { p: 1 }, lease: { attempt: 1, fence: 2 } })
  })

  test('§10: a running task without a lease and without reports is queued after two hours; an active one never', async () => {
    const app = await makeRig(database)
    await app.create('quiet')
    await app.create('active')
    await app.report('quiet', { type: 'started' })
    await app.report('active', { type: 'started' })
    app.clock.advance(HOUR)
    await app.report('active', { type: 'progress', processed: 1 })
    app.clock.advance(HOUR)
    await app.tick()
    expect(await app.detail('quiet')).toMatchObject({ status: 'queued', metadata: { attempts: 1 } })
    expect((await app.detail('active')).status).toBe('running')
  })

  test('§7.6: a wait ends with the first task, or with nothing; a caller who is gone gets no lease', async () => {
    const app = await makeRig(database)
    const waiting = app.lease({ waitSeconds: 60, workerId: 'patient' })
    await eventually(() => app.crawler.leasing.waiting() === 1)
    await app.create('w')
    expect((await waiting).map((task: any) => task.lease.workerId)).toEqual(['patient'])
    const idle = app.lease({ waitSeconds: 5 })
    await eventually(() => app.crawler.leasing.waiting() === 1)
    app.clock.advance(5000)
    expect(await idle).toEqual([])
    const gone = new AbortController()
    const call = app.app.handle(
      new Request('http://localhost/api/internal2/tasks/lease', {
        method: 'POST',
        body: JSON.stringify({ workerId: 'gone', waitSeconds: 60 }),
        headers: AUTH,
        signal: gone.signal,
      }),
    )
    await eventually(() => app.crawler.leasing.waiting() === 1)
    gone.abort()
    await eventually(() => app.crawler.leasing.waiting() === 0)
    await call
    await app.create('later')
    // A look that was under way for the one who has gone may take it for a moment, and gives it back.
    const offered = await eventually(
      () => app.lease(),
      (tasks) => tasks.length > 0,
    )
    expect(offered.map((task) => task.id)).toEqual(['later'])
    for (const body of [
      {},
      { workerId: '' },
      { workerId: 'w', max: 51 },
      { workerId: 'w', leaseSeconds: 9 },
      { workerId: 'w', waitSeconds: 61 },
      { workerId: 'w', types: ['x'] },
    ])
      expect((await app.send('POST', '/tasks/lease', body)).status).toBe(400)
  })

  test('§7.8, §7.9: a status change away from running, or a delete, takes the lease', async () => {
    const app = await makeRig(database)
    for (const id of ['p', 'q', 'd']) await app.create(id)
    await app.lease({ max: 3 })
    await app.put('p', { status: 'paused' })
    await app.put('q', { status: 'queued' })
    await app.ok('DELETE', path('d'))
    for (const id of ['p', 'q']) {
      expect((await app.detail(id)).metadata.leasedBy).toBeUndefined()
      expect(refusal(await app.send('POST', path(id, '/progress'), { type: 'progress', workerId: 'w1', fence: 1 }))[1]).toBe(
        'LEASE_LOST',
      )
    }
    expect((await app.report('d', { type: 'progress', workerId: 'w1', fence: 1 })).ignored).toBe(true)
    // The fence only grows, also over a new life.
    const again = await app.lease({ workerId: 'w9' })
    expect(again[0]).toMatchObject({ id: 'q', lease: { fence: 2 } })
  })

  test('§10: a lease, its fence and its end survive a restart', async () => {
    const app = await makeRig(database)
    await app.create('r')
    await app.lease()
    await app.report('r', { type: 'progress', processed: 3, resumeState: [1], workerId: 'w1', fence: 1 })
    const next = await restarted(app)
    expect(await next.report('r', { type: 'progress', processed: 4, workerId: 'w1', fence: 1 })).toMatchObject({
      progress: { processed: 4 },
    })
    app.clock.advance(60 * SECOND)
    await next.tick()
    expect((await next.detail('r')).status).toBe('queued')
  })

  test('§17.6: tokens stand nowhere in clear in the database, and in no answer but a lease', async () => {
    const app = await makeRig(database)
    const secrets = ['glpat-clear-1', 'refresh-clear-2', 'client-clear-3', 'secret-clear-4']
    const [accessToken, refreshToken, clientId, clientSecret] = secrets
    await app.create('s', { credentials: { accessToken, refreshToken, clientId, clientSecret } })
    const read = async () => JSON.stringify([await app.detail('s'), await app.progress('s'), await app.ok('GET', '/tasks')])
    for (const secret of secrets) expect(await read()).not.toContain(secret)
    const [task] = await app.lease()
    expect(task.credentials).toEqual({ accessToken, tokenType: 'oauth2', refreshable: true, version: 1 })
    for (const secret of [...secrets.slice(1)]) expect(JSON.stringify(task)).not.toContain(secret)
    const tables = [
      'crawler_tasks',
      'crawler_accounts',
      'crawler_former_tokens',
      'crawler_events',
      'crawler_timeline',
      'crawler_receipts',
      'crawler_connections',
    ]
    const { sql } = await import('drizzle-orm')
    for (const table of tables) {
      const text = JSON.stringify(await app.db.sql(sql.raw(`select * from ${table}`)))
      for (const secret of [...secrets, TOKEN]) expect([table, text.includes(secret)]).toEqual([table, false])
    }
  })

  test('§12: credentials that cannot be read fail the task', async () => {
    const app = await makeRig(database)
    await app.create('s')
    const other = await restarted(app, { env: { ENCRYPTION_KEYS: `other:${Buffer.alloc(32, 1).toString('base64')}` } })
    expect(await other.lease()).toEqual([])
    expect(await app.detail('s')).toMatchObject({ status: 'failed', error: 'Stored credentials cannot be read' })
  })
})
