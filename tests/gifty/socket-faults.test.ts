import { afterEach, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { FLEET_KINDS } from '../../src/gifty/fleet/model.ts'
import { INTERNAL } from '../support/app.ts'
import { onEachDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { iso, START } from '../support/fake-clock.ts'
import { leasedRun, makeRig, problemOf, queueNotifications, type Rig } from './rig.ts'
import { openSocket, type WorkerSocket } from './socket-rig.ts'

/** Faults of the worker protocol that real clients have met (cases/fleet.md A7, A9, A13, B2, B8). */
/** Whether a sweep of the sockets notes this time as the worker's last sign of life. */
const lastSeen = async (app: Rig, at: number) => {
  app.services.sockets.sweep()
  return (await app.ok('GET', '/internal/workers'))[0]?.last_seen === iso(at)
}

onEachDatabase('gifty worker protocol: faults', (database) => {
  let app: Rig | undefined
  afterEach(() => app?.stop())
  const start = async () => {
    app = await makeRig(database)
    const origin = app.listen()
    return { app, origin, open: () => openSocket(origin, INTERNAL) }
  }
  const queue = async (app: Rig, count: number, more: Record<string, unknown> = {}): Promise<string[]> => {
    const ids: string[] = []
    for (let n = 0; n < count; n++) {
      app.clock.advance(1)
      ids.push((await app.force((await app.source(more)).id)).task_id)
    }
    return ids
  }
  const isQuiet = async (worker: WorkerSocket) => {
    await worker.ask('ping')
    expect(worker.frames).toEqual([])
  }

  test('A9: a hello that names another worker is refused; the first one is obeyed on', async () => {
    const { app, open } = await start()
    const worker = await open()
    await worker.ask('hello', { worker_id: 'first', kinds: ['source.run'] })
    const second = await worker.ask('hello', { worker_id: 'second', kinds: ['notification'] })
    expect(second).toMatchObject({ type: 'error', data: { code: 'conflict' } })
    const [id] = await queue(app, 1)
    const task = await worker.task()
    expect(task.id).toBe(id)
    expect(await app.task(task.id)).toMatchObject({ worker_id: 'first' })
    expect((await worker.ask('heartbeat', { task_id: id, fence: 1 })).type).toBe('reply')
    // A verb that names another worker is not taken for one of this worker's either.
    const foreign = await worker.ask('complete', { task_id: id, fence: 1, worker_id: 'second' })
    expect(foreign).toMatchObject({ type: 'error', data: { fields: { details: [{ loc: ['body', 'worker_id'] }] } } })
    expect((await worker.ask('complete', { task_id: id, fence: 1, worker_id: 'first' })).type).toBe('reply')
  })

  test('A9: a hello of the same worker with other kinds, max and lease_seconds is obeyed by pushes and verbs', async () => {
    const { app, open } = await start()
    const worker = await open()
    await worker.ask('hello', { worker_id: 'w1', kinds: ['source.run'] })
    await eventually(() => app.dispatcher.waiting() === 1)
    await worker.ask('hello', { worker_id: 'w1', kinds: ['notification'], max: 3, lease_seconds: 300 })
    await queue(app, 1)
    await isQuiet(worker)
    const [first] = await queueNotifications(app, 2)
    const task = await worker.task()
    expect(task).toMatchObject({ id: first, kind: 'notification' })
    expect(Date.parse(task.lease_expires_at) - START).toBeGreaterThanOrEqual(300_000)
    expect((await worker.task()).kind).toBe('notification')
    await queueNotifications(app, 1)
    await worker.task()
    await queueNotifications(app, 1)
    await isQuiet(worker)
    // The lease verb takes what hello said for what it does not say itself.
    const { data } = await worker.ask('lease', {})
    expect(data.tasks).toMatchObject([{ kind: 'notification', lease_expires_at: iso(app.clock.now() + 300_000) }])
    expect((await worker.ask('lease', { lease_seconds: 60, kinds: ['source.run'] })).data.tasks).toMatchObject([
      { kind: 'source.run', lease_expires_at: iso(app.clock.now() + 60_000) },
    ])
    // Fewer than it holds: nothing more until it holds fewer.
    await worker.ask('hello', { worker_id: 'w1', kinds: ['notification'], max: 1 })
    await queueNotifications(app, 1)
    await isQuiet(worker)
  })

  test('A9: a worker has one live socket: a newer hello of its name ends the older one with 4001', async () => {
    const { app, open } = await start()
    const older = await open()
    await older.ask('hello', { worker_id: 'w1', kinds: ['source.run'], max: 2 })
    const stranger = await open()
    await stranger.ask('hello', { worker_id: 'w2', kinds: ['notification'] })
    await eventually(() => app.dispatcher.waiting() === 2)
    const newer = await open()
    await newer.ask('hello', { worker_id: 'w1', kinds: ['source.run'], max: 2 })
    expect(await older.closed()).toBe(4001)
    const [id] = await queue(app, 1)
    expect((await newer.task()).id).toBe(id)
    // Cancels go to the live one, and only once.
    await app.ok('POST', `/internal/tasks/${id}/cancel`)
    expect((await newer.next(({ type }) => type === 'cancel')).data).toEqual({ task_id: id })
    await isQuiet(newer)
    await isQuiet(stranger)
    // The same by a socket of another process, known from the bus; an older hello changes nothing.
    const tell = (at: number) => app.platform.bus.publish('gifty.worker-hello', { worker_id: 'w1', socket: 'elsewhere', at })
    tell(app.clock.now() - 1000)
    await isQuiet(newer)
    tell(app.clock.now() + 1)
    expect(await newer.closed()).toBe(4001)
    expect(stranger.isClosed()).toBe(false)
  })

  test('A9: what hello answers as held is pushed again with its fence, and a restarted worker continues', async () => {
    const { app, open } = await start()
    const ids = await queue(app, 3)
    const before = await open()
    await before.ask('hello', { worker_id: 'w1', kinds: ['source.run'], max: 2 })
    const tasks = [await before.task(), await before.task()]
    await app.ok('POST', `/internal/tasks/${tasks[1].id}/cancel`)
    // Half open: it never says goodbye. The new one is here before the server notices.
    const after = await open()
    const hello = await after.ask('hello', { worker_id: 'w1', kinds: ['source.run'], max: 2 })
    expect(hello.data.held.sort()).toEqual(tasks.map((task) => task.id).sort())
    const again = [await after.task(), await after.task()]
    expect(again.map(({ id, fence }) => [id, fence]).sort()).toEqual(tasks.map(({ id, fence }) => [id, fence]).sort())
    expect(again.find(({ id }) => id === tasks[0].id)).toEqual(tasks[0])
    // It had been asked to stop one of them, which the restarted one cannot know.
    expect((await after.next(({ type }) => type === 'cancel')).data).toEqual({ task_id: tasks[1].id })
    await isQuiet(after)
    // What this socket knows is not pushed to it a second time.
    await after.ask('hello', { worker_id: 'w1', kinds: ['source.run'], max: 2 })
    await isQuiet(after)
    expect((await after.ask('complete', { task_id: tasks[0].id, fence: 1 })).type).toBe('reply')
    expect((await after.task()).id).toBe(ids[2])
  })

  test('A9: what a worker leased over HTTP is pushed too, once it says hello', async () => {
    const { app, open } = await start()
    const { task } = await leasedRun(app)
    const worker = await open()
    expect((await worker.ask('hello', { worker_id: 'w1', kinds: ['source.run'] })).data.held).toEqual([task.id])
    expect(await worker.task()).toEqual(task)
  })

  test('A9: hostname and pid of hello are a sign of life, as long as the socket is alive', async () => {
    const { app, open } = await start()
    const worker = await open()
    await worker.ask('hello', { worker_id: 'w1', hostname: 'h', pid: 5 })
    const seen = { worker_id: 'w1', hostname: 'h', pid: 5, via: 'ws', status: 'online', last_seen: iso(START) }
    expect(await app.ok('GET', '/internal/workers')).toMatchObject([seen])
    for (let n = 0; n < 5; n++) {
      app.clock.advance(20_000)
      app.services.sockets.sweep()
      await worker.ask('ping')
    }
    await eventually(() => lastSeen(app, START + 100_000))
    // What the worker says of its load is not overwritten by the mere fact that it is connected.
    await worker.ask('worker_heartbeat', { hostname: 'h', pid: 5, concurrent_tasks: 3, ram_usage_pct: 40, worker_id: 'w1' })
    app.clock.advance(20_000)
    await eventually(() => lastSeen(app, START + 120_000))
    expect(await app.ok('GET', '/internal/workers')).toMatchObject([{ concurrent_tasks: 3, ram_usage_pct: 40 }])
    await worker.close()
    app.clock.advance(60_000)
    app.services.sockets.sweep()
    expect(await app.ok('GET', '/internal/workers')).toEqual([])
  })

  test('gifty §4: a client that says nothing but pongs is alive', async () => {
    const { app, open } = await start()
    const worker = await open()
    await worker.ask('hello', { worker_id: 'w1', hostname: 'h', pid: 5, kinds: ['notification'] })
    for (let n = 0; n < 6; n++) {
      app.clock.advance(20_000)
      // The pong comes on its own, and shows in the worker's last sign of life.
      await eventually(() => lastSeen(app, app.clock.now()))
    }
    expect(worker.isClosed()).toBe(false)
    expect((await worker.ask('ping')).type).toBe('reply')
  })

  test('A13: tasks are pushed only as fast as they leave', async () => {
    const { app, open } = await start()
    const ids = await queue(app, 30, { config: { filler: 'x'.repeat(900_000) } })
    const worker = await open()
    await worker.ask('hello', { worker_id: 'w1', kinds: ['source.run'], max: 30 })
    const got = () => worker.frames.filter(({ type }) => type === 'task').map(({ id }) => id)
    // 27 MB from the database and over the socket.
    await eventually(() => got().length === ids.length || worker.isClosed(), Boolean, 60_000)
    expect(got()).toEqual(ids)
    worker.frames.length = 0
    expect(worker.isClosed()).toBe(false)
    await isQuiet(worker)
  }, 300_000)

  test('A13: tasks pushed to a client that has stopped reading go back to the queue', async () => {
    const { app, origin } = await start()
    const ids = await queue(app, 15, { config: { filler: 'x'.repeat(900_000) } })
    const hello = new TextEncoder().encode(JSON.stringify({ type: 'hello', id: 1, data: { worker_id: 'w1', max: 30 } }))
    const masked = new Uint8Array([0x81, 0x80 | 126, hello.length >> 8, hello.length & 255, 0, 0, 0, 0, ...hello])
    const url = new URL(origin)
    const stuck = await Bun.connect({
      hostname: url.hostname,
      port: Number(url.port),
      socket: {
        open(socket) {
          const head = Object.entries({
            ...INTERNAL,
            Host: 'x',
            Upgrade: 'websocket',
            Connection: 'Upgrade',
            'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
            'Sec-WebSocket-Version': '13',
          }).map(([name, value]) => `${name}: ${value}\r\n`)
          socket.write(`GET /internal/workers/connect HTTP/1.1\r\n${head.join('')}\r\n`)
        },
        data(socket) {
          socket.write(masked)
          socket.pause()
        },
      },
    })
    const count = async (state: string) =>
      Number((await app.db.sql<{ n: number }>(sql`select count(*) as n from tasks where state = ${state}`))[0]?.n)
    await eventually(async () => (await count('leased')) === ids.length, Boolean, 30_000)
    // A third of the lease: others may have them.
    await eventually(() => app.clock.sleeping() > 0, Boolean, 30_000)
    app.clock.advance(20_000)
    await eventually(async () => (await count('queued')) > 5, Boolean, 30_000)
    expect((await app.lease('w2', { max: 5 })).every(({ attempt }: any) => attempt === 1)).toBe(true)
    stuck.end()
  }, 300_000)

  test('B8: unknown kinds in hello and lease are refused with the known ones', async () => {
    const { open } = await start()
    const worker = await open()
    const refused = async (type: string, data: object) => {
      const answer = await worker.ask(type, data)
      expect(answer).toMatchObject({
        type: 'error',
        data: { code: 'validation_error', fields: { details: [{ type: 'enum', loc: ['body', 'kinds', 0] }] } },
      })
      for (const kind of FLEET_KINDS) expect(answer.data.fields.details[0].msg).toContain(`'${kind}'`)
    }
    await refused('hello', { worker_id: 'w1', kinds: ['source.rum'] })
    await worker.ask('hello', { worker_id: 'w1', kinds: ['notification'] })
    await refused('lease', { kinds: ['source.rum'] })
    await refused('hello', { worker_id: 'w1', kinds: ['crawler.page'] })
  })

  test('B2: a task is released for a while, over HTTP and WebSocket', async () => {
    const { app, open } = await start()
    const [first, second] = await queue(app, 2)
    const [task] = await app.lease('w1')
    expect(task.id).toBe(first)
    expect((await app.verb(task, 'release', 'w1', { delay_seconds: 30 })).status).toBe(200)
    expect(await app.task(task.id)).toMatchObject({ status: 'pending', available_at: iso(app.clock.now() + 30_000) })
    expect((await app.lease('w1', { max: 5 })).map(({ id }) => id)).toEqual([second])
    app.clock.advance(30_000)
    const worker = await open()
    await worker.ask('hello', { worker_id: 'w2', kinds: ['source.run'] })
    expect(await worker.task()).toMatchObject({ id: first, attempt: 1 })
    const given = await worker.ask('release', { task_id: first, fence: 2, delay_seconds: 86_400 })
    expect(given.type).toBe('reply')
    expect((await app.task(first as string)).available_at).toBe(iso(app.clock.now() + 86_400_000))
    await isQuiet(worker)
  })

  test('A7: logs, errors and progress that are too long end or keep the lease all the same', async () => {
    const { app, open } = await start()
    const { id, task } = await leasedRun(app)
    const beat = await app.verb(task, 'heartbeat', 'w1', { lease_seconds: 120, progress: { at: 'x'.repeat(1_500_000) } })
    expect(beat.body).toEqual({
      ...{ status: 'ok', lease_expires_at: iso(app.clock.now() + 120_000) },
      ...{ cancel_requested: false, progress_dropped: true },
    })
    expect((await app.task(task.id)).progress).toBeNull()
    const logs = `${'x'.repeat(1_100_000)}😀${'y'.repeat(99_999)}`
    expect(await app.verb(task, 'complete', 'w1', { result: { logs, more: 1 } })).toMatchObject({ status: 200 })
    const kept = (await app.task(task.id)).result
    expect([kept.more, kept.logs.length, kept.logs.slice(1)]).toEqual([1, 100_000, 'y'.repeat(99_999)])
    expect((await app.detail(id)).config.last_logs.endsWith('y'.repeat(99_999))).toBe(true)

    const worker = await open()
    const [second, third, fourth] = await queue(app, 3)
    await worker.ask('hello', { worker_id: 'w1', kinds: ['source.run'] })
    await worker.task()
    const progress = 'x'.repeat(16_385)
    expect((await worker.ask('heartbeat', { task_id: second, fence: 1, progress })).data.progress_dropped).toBe(true)
    expect((await worker.ask('complete', { task_id: second, fence: 1, result: { logs } })).type).toBe('reply')
    expect((await app.task(second as string)).result.logs).toHaveLength(100_000)
    await worker.task()
    const error = `${'x'.repeat(1_500_000)}KeyError: 'Spider not found'`
    expect((await worker.ask('fail', { task_id: third, fence: 1, error })).type).toBe('reply')
    const held = await worker.task()
    expect((await app.verb(held, 'fail', 'w1', { error: error.repeat(4) })).status).toBe(200)
    for (const failed of [third, fourth]) {
      const { error: stored } = await app.task(failed as string)
      expect([stored.length, stored.endsWith("KeyError: 'Spider not found'")]).toEqual([10_000, true])
    }
    // In bulk too.
    const bulk = await leasedRun(app)
    const done = { worker_id: 'w1', tasks: [{ id: bulk.task.id, fence: bulk.task.fence, result: { logs } }] }
    expect(await app.post('/internal/workers/tasks/complete', done)).toMatchObject({ body: { completed: 1 } })
    expect((await app.task(bulk.task.id)).result.logs).toHaveLength(100_000)
    // What is wrong with a word is still reported.
    expect(problemOf(await app.verb(bulk.task, 'fail', 'w1', { error: 5 })).loc).toEqual(['body', 'error'])
  })
})
