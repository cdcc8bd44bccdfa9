import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { DAY, iso, MINUTE, START } from '../support/fake-clock.ts'
import { codeOf, GONE, leasedRun, makeRig, problemOf, product, queueNotifications, STALE, UNKNOWN_ID } from './rig.ts'

onEachDatabase('gifty worker protocol: outcomes', (database) => {
  test('gifty §13.11: a killed worker: the task returns with a higher fence, the old complete is 409', async () => {
    const app = await makeRig(database)
    const { id, run_id, task } = await leasedRun(app)
    app.clock.advance(MINUTE)
    const [again] = await app.lease('w2')
    expect(again).toMatchObject({ id: task.id, fence: task.fence + 1, attempt: 2, payload: task.payload })
    const before = [await app.detail(id), await app.task(task.id)]
    expect(codeOf(await app.verb(task, 'complete', 'w1', { result: { logs: 'mine' } }))).toEqual(STALE)
    expect([await app.detail(id), await app.task(task.id)]).toEqual(before)
    expect((await app.verb(again, 'complete', 'w2', { result: { logs: 'done' } })).body).toEqual({
      status: 'ok',
      state: 'completed',
    })
    expect(await app.detail(id)).toMatchObject({
      status: 'waiting',
      config: { last_logs: 'done' },
      history: [{ id: run_id, status: 'completed', started_at: iso(START) }],
    })
    expect(await app.task(task.id)).toMatchObject({ status: 'completed', result: { logs: 'done' }, lease_expires_at: null })
  })

  test('gifty §13.11: the fifth loss is dead and the run lost; redrive revives it with a new run', async () => {
    const app = await makeRig(database)
    const { id, run_id, task } = await leasedRun(app)
    for (let attempt = 2; attempt <= 5; attempt++) {
      app.clock.advance(MINUTE)
      await app.tick()
      expect(await app.runs(id)).toMatchObject([{ id: run_id, status: 'queued' }])
      expect(await app.lease()).toMatchObject([{ attempt, fence: attempt }])
    }
    app.clock.advance(MINUTE)
    await app.tick()
    expect(await app.lease()).toEqual([])
    expect(await app.task(task.id)).toMatchObject({ status: 'dead', error: expect.any(String), attempt: 5 })
    expect(await app.detail(id)).toMatchObject({
      status: 'error',
      next_sync_at: iso(app.clock.now() + 10 * MINUTE),
      config: { retry_count: 1 },
      history: [{ id: run_id, status: 'lost' }],
    })
    await app.report(id, 'running')
    const redrive = (body: unknown) => app.ok('POST', '/internal/tasks/redrive', body)
    expect(await redrive({ ids: [task.id] })).toEqual({
      status: 'ok',
      redriven: 0,
      skipped: [{ id: task.id, reason: expect.any(String) }],
    })
    await app.report(id, 'waiting')
    expect(await redrive({ ids: [task.id, UNKNOWN_ID, 'x'] })).toMatchObject({
      redriven: 1,
      skipped: [{ id: UNKNOWN_ID }, { id: 'x' }],
    })
    const [revived] = await app.lease()
    expect(revived).toMatchObject({ id: task.id, attempt: 1, fence: 6 })
    expect(revived.payload.run_id).not.toBe(run_id)
    expect((await app.runs(id))[0]).toMatchObject({ id: revived.payload.run_id, status: 'running' })
    expect(await redrive({ kind: 'source.run' })).toEqual({ status: 'ok', redriven: 0, skipped: [] })
    expect((await app.verb(revived, 'complete')).status).toBe(200)
  })

  test('gifty §4: complete and fail repeated by the last holder answer 200 again', async () => {
    const app = await makeRig(database)
    const one = await leasedRun(app)
    for (let n = 0; n < 2; n++) expect((await app.verb(one.task, 'complete')).body).toEqual({ status: 'ok', state: 'completed' })
    expect(codeOf(await app.verb(one.task, 'complete', 'w2'))).toEqual(STALE)
    expect(codeOf(await app.verb(one.task, 'fail', 'w1', { error: 'x' }))).toEqual(STALE)
    expect(codeOf(await app.verb(one.task, 'heartbeat'))).toEqual(STALE)
    expect(await app.runs(one.id)).toHaveLength(1)
    const two = await leasedRun(app)
    const failed = { status: 'ok', state: 'failed', next_attempt_at: null }
    for (let n = 0; n < 2; n++) expect((await app.verb(two.task, 'fail', 'w1', { error: 'x' })).body).toEqual(failed)
    expect(codeOf(await app.verb(two.task, 'complete'))).toEqual(STALE)
    expect((await app.detail(two.id)).config.retry_count).toBe(1)
  })

  test('gifty §4: complete or fail after a report has closed the run answers 200', async () => {
    const app = await makeRig(database)
    const one = await leasedRun(app)
    await app.report(one.id, 'waiting')
    expect((await app.verb(one.task, 'complete', 'w1', { result: { logs: 'late' } })).status).toBe(200)
    expect(await app.runs(one.id)).toMatchObject([{ status: 'completed' }])
    const two = await leasedRun(app)
    await app.error(two.id, 'broke down')
    expect(await app.task(two.task.id)).toMatchObject({ status: 'failed', error: 'broke down' })
    expect((await app.verb(two.task, 'fail', 'w1', { error: 'exit 1' })).status).toBe(200)
    expect((await app.detail(two.id)).config).toMatchObject({ retry_count: 1, last_error: 'broke down' })
    expect(codeOf(await app.verb(two.task, 'heartbeat'))).toEqual(STALE)
  })

  test('gifty §4: an invalid result is 422 and the lease stays', async () => {
    const app = await makeRig(database)
    const { id, task } = await leasedRun(app)
    for (const result of [{ logs: 5 }, { logs: ['x'] }, 'text', ['x'], 5])
      expect(problemOf(await app.verb(task, 'complete', 'w1', { result })).loc.slice(0, 2)).toEqual(['body', 'result'])
    expect(await app.task(task.id)).toMatchObject({ status: 'leased', worker_id: 'w1' })
    expect((await app.runs(id))[0].status).toBe('running')
    expect((await app.verb(task, 'complete', 'w1', { result: { logs: null, more: 1 } })).status).toBe(200)
  })

  test('gifty §4: a failed source.run ends as report-error does; not retryable breaks', async () => {
    const app = await makeRig(database)
    const soft = await leasedRun(app)
    await app.verb(soft.task, 'fail', 'w1', { error: 'timeout', retryable: true })
    expect(await app.detail(soft.id)).toMatchObject({
      status: 'error',
      next_sync_at: iso(START + 10 * MINUTE),
      history: [{ status: 'failed', error: 'timeout' }],
    })
    const hard = await leasedRun(app)
    expect((await app.verb(hard.task, 'fail', 'w1', { error: 'captcha', retryable: false })).body.state).toBe('failed')
    expect(await app.detail(hard.id)).toMatchObject({ status: 'broken', is_active: false })
    app.clock.advance(DAY)
    expect(await app.lease()).toEqual([])
  })

  test('gifty §4: other kinds are retried after 10 s x 2^(attempt-1) within 20 %, and dead after five attempts', async () => {
    const app = await makeRig(database)
    const [id] = await queueNotifications(app, 1)
    for (let attempt = 1; attempt <= 5; attempt++) {
      const [task] = await app.lease('bot', { kinds: ['notification'] })
      expect(task).toMatchObject({ id, attempt })
      const { body } = await app.verb(task, 'fail', 'bot', { error: `no ${attempt}` })
      if (attempt === 5) {
        expect(body).toEqual({ status: 'ok', state: 'dead', next_attempt_at: null })
        break
      }
      expect(body.state).toBe('pending')
      const delay = Date.parse(body.next_attempt_at) - app.clock.now()
      expect(Math.abs(delay / (10_000 * 2 ** (attempt - 1)) - 1)).toBeLessThanOrEqual(0.2)
      expect((await app.verb(task, 'fail', 'bot', { error: 'again' })).body).toEqual(body)
      app.clock.advance(delay - 1)
      expect(await app.lease('bot', { kinds: ['notification'] })).toEqual([])
      app.clock.advance(1)
    }
    expect(await app.task(id as string)).toMatchObject({ status: 'dead', error: 'no 5' })
    await app.ok('POST', '/internal/tasks/redrive', { kind: 'notification' })
    const [task] = await app.lease('bot', { kinds: ['notification'] })
    expect(task).toMatchObject({ id, attempt: 1 })
    expect((await app.verb(task, 'fail', 'bot', { error: 'x', retryable: false })).body.state).toBe('dead')
  })

  test('gifty §4: release offers again at once, the attempt is not counted, the run is back in the queue', async () => {
    const app = await makeRig(database)
    const { id, run_id, task } = await leasedRun(app)
    expect((await app.verb(task, 'release')).body).toEqual({ status: 'ok' })
    expect(await app.detail(id)).toMatchObject({ status: 'queued', history: [{ id: run_id, status: 'queued' }] })
    expect(await app.task(task.id)).toMatchObject({ status: 'pending', attempt: 0, worker_id: null })
    expect(codeOf(await app.verb(task, 'release'))).toEqual(STALE)
    expect(await app.lease('w2')).toMatchObject([{ id: task.id, attempt: 1, fence: task.fence + 1 }])
    expect((await app.runs(id))[0].status).toBe('running')
  })

  test('gifty §4: bulk complete takes each as a single complete', async () => {
    const app = await makeRig(database)
    const sources = await Promise.all(Array.from({ length: 4 }, () => app.source()))
    for (const { id } of sources) await app.force(id)
    const tasks = await app.lease('w1', { max: 4 })
    const [one, two, three, four] = tasks as [any, any, any, any]
    const entry = (task: any, more = {}) => ({ id: task.id, fence: task.fence, ...more })
    const bulk = (list: unknown[]) => app.ok('POST', '/internal/workers/tasks/complete', { worker_id: 'w1', tasks: list })
    const answer = await bulk([
      entry(one, { result: { logs: 'one' } }),
      entry(two, { result: { logs: 7 } }),
      entry(three, { fence: 99 }),
      { id: UNKNOWN_ID, fence: 1 },
      entry(four),
      { id: UNKNOWN_ID, fence: 1 },
    ])
    expect(answer).toMatchObject({ status: 'ok', completed: 2 })
    expect(answer.rejected.map(({ id, code, message }: any) => [id, code, typeof message])).toEqual([
      [three.id, 'stale_lease', 'string'],
      [UNKNOWN_ID, 'not_found', 'string'],
      [two.id, 'validation_error', 'string'],
    ])
    expect((await app.detail(one.payload.source_id)).config.last_logs).toBe('one')
    expect((await app.task(two.id)).status).toBe('leased')
    expect(await bulk([entry(one), entry(two), entry(three)])).toEqual({ status: 'ok', completed: 3, rejected: [] })
  })

  test('gifty §4: a task that is named twice in a bulk complete is one, and its first item counts', async () => {
    const app = await makeRig(database)
    for (let n = 0; n < 3; n++) await app.force((await app.source()).id)
    const [one, two, three] = (await app.lease('w1', { max: 3 })) as [any, any, any]
    const tasks = [
      ...[one, one, { ...one, fence: 99 }, { ...one, id: one.id.toUpperCase() }].map(({ id, fence }) => ({ id, fence })),
      ...[{ ...two, fence: 99 }, two, two].map(({ id, fence }) => ({ id, fence })),
      ...[{ ...three, id: three.id.toUpperCase() }, three].map(({ id, fence }) => ({ id, fence })),
    ]
    const answer = await app.ok('POST', '/internal/workers/tasks/complete', { worker_id: 'w1', tasks })
    expect(answer).toMatchObject({ completed: 2, rejected: [{ id: two.id, code: 'stale_lease' }] })
    expect((await Promise.all([one, two, three].map(({ id }) => app.task(id)))).map(({ status }) => status)).toEqual(
      // Nothing of the second has been said that counts.
      ['completed', 'leased', 'completed'],
    )
  })

  test('gifty §4: the id of a task is read in any case', async () => {
    const app = await makeRig(database)
    for (let n = 0; n < 4; n++) await app.force((await app.source()).id)
    const tasks = (await app.lease('w1', { max: 4 })) as any[]
    const [one, two, three, four] = tasks.map((task) => ({ ...task, id: task.id.toUpperCase() }))
    const said = async (task: any, verb: string, more = {}) => (await app.verb(task, verb, 'w1', more)).body.status
    expect((await app.task(one.id)).id).toBe(tasks[0].id)
    expect(await said(one, 'heartbeat')).toBe('ok')
    const source = one.payload.source_id
    const fenced = { worker_id: 'w1', fence: one.fence, task_id: one.id }
    await app.ok('POST', `/internal/sources/${source}/report-logs`, { logs: 'of the task', ...fenced })
    expect((await app.ingest([product(1)], { ...fenced, source_id: source })).status).toBe('ok')
    expect(await said(one, 'complete')).toBe('ok')
    expect(await said(one, 'complete')).toBe('ok')
    expect(await said(two, 'fail', { error: 'broken' })).toBe('ok')
    expect(await said(three, 'release')).toBe('ok')
    expect((await app.post(`/internal/tasks/${three.id}/cancel`)).body.state).toBe('cancelled')
    expect((await app.ok('POST', '/internal/tasks/redrive', { ids: [four.id] })).skipped).toEqual([
      { id: tasks[3].id, reason: 'not_dead' },
    ])
  })

  test('gifty §4: a worker is who it is under every verb, whatever the database drops of its name', async () => {
    const app = await makeRig(database)
    for (const name of ['a\0b', '\ud83dx', 'a"b\\,{}', '😀'])
      for (const [verb, more] of [
        ['complete', {}],
        ['fail', { error: 'x' }],
        ['release', {}],
      ] as const) {
        await app.force((await app.source()).id)
        const [task] = await app.lease(name)
        for (const what of ['heartbeat', verb]) expect((await app.verb(task, what, name, more)).status).toBe(200)
        if (verb !== 'release') expect((await app.verb(task, verb, name, more)).status).toBe(200)
        else await app.post(`/internal/tasks/${task.id}/cancel`)
      }
  })

  test('gifty §4: cancel ends a pending task at once, and a leased one when its lease ends', async () => {
    const app = await makeRig(database)
    const pending = await app.force((await app.source()).id)
    const cancel = (id: string) => app.post(`/internal/tasks/${id}/cancel`)
    expect((await cancel(pending.task_id)).body).toEqual({ status: 'ok', state: 'cancelled' })
    expect(codeOf(await cancel(pending.task_id))).toEqual([409, 'already_finished'])
    expect(codeOf(await cancel(UNKNOWN_ID))).toEqual(GONE)
    expect(codeOf(await cancel('x'))).toEqual(GONE)
    // A complete still counts.
    const one = await leasedRun(app)
    expect((await cancel(one.task.id)).body).toMatchObject({ status: 'ok' })
    expect((await app.task(one.task.id)).status).toBe('leased')
    expect((await app.verb(one.task, 'heartbeat')).body.cancel_requested).toBe(true)
    expect((await app.verb(one.task, 'complete')).body.state).toBe('completed')
    expect((await app.runs(one.id))[0].status).toBe('completed')
    // At the end of its lease, by whichever way, it is cancelled.
    const ends: ((task: any) => Promise<unknown>)[] = [
      (task) => app.verb(task, 'release'),
      (task) => app.verb(task, 'fail', 'w1', { error: 'stopped' }),
      async () => {
        app.clock.advance(MINUTE)
        await app.tick()
      },
    ]
    for (const end of ends) {
      const { id, task } = await leasedRun(app)
      await cancel(task.id)
      await end(task)
      expect((await app.task(task.id)).status).toBe('cancelled')
      expect(await app.detail(id)).toMatchObject({ status: 'waiting', history: [{ status: 'cancelled' }] })
      expect((await app.detail(id)).config).not.toHaveProperty('retry_count')
      expect(codeOf(await app.verb(task, 'complete'))).toEqual(STALE)
      expect(codeOf(await cancel(task.id))).toEqual([409, 'already_finished'])
    }
  })
})
