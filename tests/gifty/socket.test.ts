import { afterEach, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { INTERNAL } from '../support/app.ts'
import { onEachDatabase } from '../support/databases.ts'
import { eventually, turns } from '../support/eventually.ts'
import { iso, MINUTE, START } from '../support/fake-clock.ts'
import { adminOf } from './access-rig.ts'
import { rawHead, rawHttp } from './raw-http.ts'
import { makeRig, queueNotifications, type Rig } from './rig.ts'
import { openSocket } from './socket-rig.ts'

onEachDatabase('gifty worker socket', (database) => {
  let app: Rig | undefined
  afterEach(() => app?.stop())
  const start = async () => {
    app = await makeRig(database)
    const origin = app.listen()
    return { app, origin, open: (headers: Record<string, string> = INTERNAL) => openSocket(origin, headers) }
  }
  /** Forced runs of new sources; answers the task ids. */
  const queue = async (app: Rig, count: number): Promise<string[]> => {
    const ids: string[] = []
    for (let n = 0; n < count; n++) {
      app.clock.advance(1)
      ids.push((await app.force((await app.source()).id)).task_id)
    }
    return ids
  }
  const UPGRADE = {
    ...{ Host: 'localhost', Connection: 'Upgrade', Upgrade: 'websocket' },
    ...{ 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' },
  }

  test('crawler D1: no subprotocol is ever selected, and the socket works', async () => {
    const { app, origin } = await start()
    for (const path of ['/internal/workers/connect', '/api/v1/internal/workers/connect'])
      for (const offered of [undefined, 'foo', 'foo, bar', 'gitlab-crawler-v1']) {
        const more: Record<string, string> = offered === undefined ? {} : { 'Sec-WebSocket-Protocol': offered }
        const { status, head } = await rawHttp(origin, rawHead(`GET ${path}`, { ...UPGRADE, ...INTERNAL, ...more }))
        expect([offered, status, /^sec-websocket-protocol:/im.test(head)]).toEqual([offered, 101, false])
      }
    expect((await app.get('/internal/workers/connect')).headers.has('sec-websocket-protocol')).toBe(false)
  })

  test('gifty §4: credentials are checked at the upgrade; without one 426', async () => {
    const { app, origin, open } = await start()
    const bearer = await adminOf(app, 1)
    const status = async (headers: Record<string, string>, path = '/internal/workers/connect') =>
      (await rawHttp(origin, rawHead(`GET ${path}`, headers))).status
    expect(await status(UPGRADE)).toBe(401)
    expect(await status({ ...UPGRADE, 'X-Internal-Token': 'wrong' })).toBe(403)
    expect(await status({ ...UPGRADE, Authorization: 'Bearer x' })).toBe(401)
    for (const path of ['/internal/workers/connect', '/api/v1/internal/workers/connect'])
      for (const headers of [INTERNAL, bearer]) expect(await status({ ...UPGRADE, ...headers }, path)).toBe(101)
    // A host so short that Elysia would not find the path by itself.
    expect(await status({ ...UPGRADE, ...INTERNAL, Host: 'api' })).toBe(101)
    const plain = await app.get('/internal/workers/connect')
    expect([plain.status, plain.body.error.code]).toEqual([426, 'upgrade_required'])
    expect((await app.get('/internal/workers/connect', {})).status).toBe(401)
    // An incomplete handshake is answered with the family's envelope too.
    const { 'Sec-WebSocket-Key': _key, ...keyless } = UPGRADE
    for (const part of [keyless, { ...UPGRADE, 'Sec-WebSocket-Key': 'short' }, { ...UPGRADE, 'Sec-WebSocket-Version': '99' }]) {
      const half = await rawHttp(origin, rawHead('GET /internal/workers/connect', { ...part, ...INTERNAL }))
      expect([half.status, JSON.parse(half.body).error.code]).toEqual([426, 'upgrade_required'])
    }
    expect((await open(bearer)).isClosed()).toBe(false)
  })

  test('gifty §4: after hello the server pushes while the worker holds fewer than max', async () => {
    const { app, open } = await start()
    const ids = await queue(app, 4)
    const worker = await open()
    expect((await worker.ask('hello', { worker_id: 'w1', kinds: ['source.run'], max: 2, lease_seconds: 90 })).type).toBe('reply')
    const first = await worker.task()
    expect(first).toEqual({
      id: ids[0],
      kind: 'source.run',
      payload: expect.objectContaining({ run_id: expect.any(Number) }),
      fence: 1,
      attempt: 1,
      lease_expires_at: iso(app.clock.now() + 90_000),
      priority: 50,
    })
    const second = await worker.task()
    expect(second.id).toBe(ids[1])
    expect((await worker.ask('ping')).data).toEqual({ status: 'ok' })
    expect(worker.frames).toEqual([])
    const done = await worker.ask('complete', { task_id: first.id, fence: first.fence, result: { logs: 'ok' } })
    expect(done).toMatchObject({ type: 'reply', data: { status: 'ok', state: 'completed' } })
    expect((await worker.task()).id).toBe(ids[2])
    // A refused complete leaves the lease where it was, so its place is not free.
    const refused = await worker.ask('complete', { task_id: second.id, fence: second.fence, result: 'text' })
    expect(refused).toMatchObject({
      type: 'error',
      data: { code: 'validation_error', fields: { details: [{ loc: ['body', 'result'] }] } },
    })
    await worker.ask('ping')
    expect(worker.frames).toEqual([])
    await worker.ask('fail', { task_id: second.id, fence: second.fence, error: 'x' })
    expect((await worker.task()).id).toBe(ids[3])
    await worker.ask('ping')
    expect(worker.frames).toEqual([])
  })

  test('gifty §4: an idle worker gets what comes; release gives it back to be pushed again', async () => {
    const { app, open } = await start()
    const worker = await open()
    await worker.ask('hello', { worker_id: 'w1' })
    await eventually(() => app.dispatcher.waiting() === 1)
    const [id] = await queue(app, 1)
    const task = await worker.task()
    expect(task).toMatchObject({ id, fence: 1 })
    expect(await worker.ask('release', { task_id: id, fence: 1 })).toMatchObject({ type: 'reply', data: { status: 'ok' } })
    expect(await worker.task()).toMatchObject({ id, fence: 2, attempt: 1 })
  })

  test('gifty §4: replies and errors correlate by id; the verbs answer as over HTTP', async () => {
    const { app, open } = await start()
    const worker = await open()
    expect(await worker.ask('lease', { max: 1 }, 'early')).toMatchObject({ type: 'error', id: 'early' })
    expect(await worker.ask('hello', { worker_id: '' }, 1)).toMatchObject({
      type: 'error',
      id: 1,
      data: {
        code: 'validation_error',
        message: 'Invalid request',
        fields: { details: [{ type: 'string_too_short', loc: ['body', 'worker_id'] }] },
      },
    })
    await worker.ask('hello', { worker_id: 'w1', kinds: ['notification'] })
    const ids = await queue(app, 2)
    const answers = await Promise.all([
      worker.ask('lease', { kinds: ['source.run'], max: 2 }, 'a'),
      worker.ask('ping', {}, 'b'),
      worker.ask('heartbeat', { task_id: ids[0], fence: 9 }, 'c'),
      worker.ask('complete', { task_id: '01890000-0000-7000-8000-000000000000', fence: 1 }, 'd'),
      worker.ask('complete', { fence: 1 }, 'e'),
      worker.ask('nonsense', {}, 42),
    ])
    expect(answers.map(({ id, type, data }) => [id, type, data.code])).toEqual([
      ['a', 'reply', undefined],
      ['b', 'reply', undefined],
      ['c', 'error', 'stale_lease'],
      ['d', 'error', 'not_found'],
      ['e', 'error', 'validation_error'],
      [42, 'error', 'bad_request'],
    ])
    expect(answers[0]?.data.tasks.map((task: any) => [task.id, task.fence])).toEqual(ids.map((id) => [id, 1]))
    const beat = await worker.ask('heartbeat', { task_id: ids[0], fence: 1, lease_seconds: 120, progress: { done: 1 } })
    expect(beat.data).toEqual({ status: 'ok', lease_expires_at: iso(app.clock.now() + 120_000), cancel_requested: false })
    expect((await app.task(ids[0] as string)).progress).toEqual({ done: 1 })
  })

  test('gifty §1.1: an admin who is deactivated is out of an open socket within 10 s too', async () => {
    const { app, open } = await start()
    const bearer = await adminOf(app, 1)
    const talking = await open(bearer)
    const idle = await open(bearer)
    await talking.ask('hello', { worker_id: 'w1', kinds: ['notification'] })
    await idle.ask('hello', { worker_id: 'w2', kinds: ['source.run'] })
    await eventually(() => app.dispatcher.waiting() === 2)
    await app.db.sql(sql`update telegram_subscribers set role = 'user'`)
    app.clock.advance(10_000)
    expect(await talking.ask('ping')).toMatchObject({ type: 'error', data: { code: 'forbidden' } })
    // Nothing is pushed to it any more: the task is there for others.
    const [id] = await queue(app, 1)
    for (const socket of [talking, idle]) await eventually(() => socket.isClosed())
    expect(idle.frames).toEqual([])
    await eventually(async () => (await app.task(id as string)).status === 'pending')
    expect(await app.lease('w3')).toMatchObject([{ id, attempt: 1 }])
  })

  test('gifty §4: what a worker leases itself counts against max like what is pushed', async () => {
    const { app, open } = await start()
    const worker = await open()
    await worker.ask('hello', { worker_id: 'w1', kinds: ['source.run'], max: 1 })
    await eventually(() => app.dispatcher.waiting() === 1)
    await queueNotifications(app, 1)
    const { data } = await worker.ask('lease', { kinds: ['notification'] })
    expect(data.tasks).toHaveLength(1)
    const [id] = await queue(app, 1)
    // What would be pushed had its time, and comes before the answer to a question that is asked later.
    await turns(100)
    await worker.ask('ping')
    expect(worker.frames).toEqual([])
    await worker.ask('complete', { task_id: data.tasks[0].id, fence: 1 })
    expect((await worker.task()).id).toBe(id)
  })

  test('gifty §4: a bad frame gets an error with id null and the socket stays', async () => {
    const { open } = await start()
    const worker = await open()
    const bad = [
      ...[
        '',
        'nonsense',
        '{',
        '[]',
        'null',
        '5',
        '"x"',
        '{}',
        '{"type":"ping"}',
        '{"type":5,"id":"a"}',
        '{"type":"ping","id":{}}',
      ],
      ...[`{"type":"ping","id":"${'x'.repeat(201)}"}`, `{"type":"ping","id":1,"data":${'['.repeat(5000)}${']'.repeat(5000)}}`],
      ...['['.repeat(500_000), new TextEncoder().encode('{"type":"ping","id":1}'), new Uint8Array([0, 255, 254])],
    ]
    for (const frame of bad) {
      worker.raw(frame)
      const error = await worker.next(({ type }) => type === 'error')
      expect(error).toMatchObject({ id: null, data: { code: 'bad_request', message: expect.any(String) } })
    }
    expect((await worker.ask('ping')).type).toBe('reply')
    expect(worker.frames).toEqual([])
  })

  test('gifty §4: a frame over 2 MiB closes the socket, one below is taken', async () => {
    const { app, open } = await start()
    const [id] = await queue(app, 1)
    const worker = await open()
    await worker.ask('hello', { worker_id: 'w1', kinds: ['source.run'] })
    await worker.task()
    const logs = 'x'.repeat(2 * 1024 * 1024 - 1000)
    expect((await worker.ask('complete', { task_id: id, fence: 1, result: { logs } })).type).toBe('reply')
    worker.raw(JSON.stringify({ type: 'ping', id: 1, data: 'x'.repeat(2 * 1024 * 1024) }))
    await eventually(() => worker.isClosed())
  })

  test('gifty §13.12: a cancel reaches the holder, and only it', async () => {
    const { app, open } = await start()
    const [id] = await queue(app, 1)
    const holder = await open()
    const other = await open()
    await other.ask('hello', { worker_id: 'w2', kinds: ['notification'] })
    await holder.ask('hello', { worker_id: 'w1', kinds: ['source.run'] })
    await holder.task()
    await app.ok('POST', `/internal/tasks/${id}/cancel`)
    expect(await holder.next(({ type }) => type === 'cancel')).toEqual({
      type: 'cancel',
      id: id as string,
      data: { task_id: id },
    })
    expect((await holder.ask('heartbeat', { task_id: id, fence: 1 })).data.cancel_requested).toBe(true)
    await other.ask('ping')
    expect(other.frames).toEqual([])
    expect((await holder.ask('fail', { task_id: id, fence: 1, error: 'stopped' })).data.state).toBe('cancelled')
  })

  test('gifty §4: leases survive a disconnect, and the same worker continues with them', async () => {
    const { app, open } = await start()
    const ids = await queue(app, 2)
    const before = await open()
    await before.ask('hello', { worker_id: 'w1', kinds: ['source.run'], max: 1 })
    const task = await before.task()
    await before.close()
    await eventually(() => app.services.sockets.count() === 0)
    expect(await app.task(task.id)).toMatchObject({ status: 'leased', worker_id: 'w1' })
    const after = await open()
    await after.ask('hello', { worker_id: 'w1', kinds: ['source.run'], max: 1 })
    // The lease it holds is pushed again (A9) and counts: nothing is pushed on top.
    expect(await after.task()).toEqual(task)
    await after.ask('ping')
    expect(after.frames).toEqual([])
    expect(await after.ask('complete', { task_id: task.id, fence: task.fence })).toMatchObject({ type: 'reply' })
    expect((await after.task()).id).toBe(ids[1])
    // A task that no worker continues is offered again once its lease has ended.
    await after.close()
    app.clock.advance(MINUTE)
    expect(await app.lease('w2')).toMatchObject([{ id: ids[1], fence: 2 }])
  })

  test('gifty §4: a place whose lease has expired is filled again at the next sweep', async () => {
    const { app, open } = await start()
    const worker = await open()
    await worker.ask('hello', { worker_id: 'w1', kinds: ['source.run'], max: 1, lease_seconds: 30 })
    const [id] = await queue(app, 1)
    expect(await worker.task()).toMatchObject({ id, fence: 1 })
    app.clock.advance(30_000)
    app.services.sockets.sweep()
    expect(await worker.task()).toMatchObject({ id, fence: 2 })
  })

  test('gifty §4: the server pings, a pong counts as a word, and 60 s of silence closes', async () => {
    const { app, open } = await start()
    const alive = await open()
    await alive.ask('hello', { worker_id: 'w1' })
    for (let n = 0; n < 6; n++) {
      app.clock.advance(20_000)
      app.services.sockets.sweep()
      // The answer to this follows the pong of the client on the same connection.
      await alive.ask('ping')
    }
    expect(alive.isClosed()).toBe(false)
    app.clock.advance(59_999)
    app.services.sockets.sweep()
    await alive.ask('ping')
    expect(alive.isClosed()).toBe(false)
    const silent = await open()
    app.clock.advance(60_000)
    app.services.sockets.sweep()
    for (const socket of [alive, silent]) await eventually(() => socket.isClosed())
    await eventually(() => app.services.sockets.count() === 0)
  })

  test('gifty §13.20: a worker_heartbeat over the socket lists the worker via ws', async () => {
    const { app, open } = await start()
    const worker = await open()
    await worker.ask('hello', { worker_id: 'w1', hostname: 'h', pid: 5 })
    const beat = await worker.ask('worker_heartbeat', { hostname: 'h', pid: 5, concurrent_tasks: 1, ram_usage_pct: 2 })
    expect(beat.data).toEqual({ status: 'ok', expires_in: 60 })
    expect(await app.ok('GET', '/internal/workers')).toMatchObject([{ hostname: 'h', pid: 5, via: 'ws', last_seen: iso(START) }])
  })
})
