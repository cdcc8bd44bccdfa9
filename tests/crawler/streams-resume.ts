import { expect, test } from 'bun:test'
import type { TestDatabase } from '../support/databases.ts'
import { MINUTE, SECOND } from '../support/fake-clock.ts'
import { BASE, makeProcesses, makeRig, path, restarted } from './rig.ts'
import { leftWith, listenUntilTheEnd, type oneApp, openSocket, progressOf } from './stream-rig.ts'

const { listening, stop } = listenUntilTheEnd()

/** Replacement and resume of sockets (gitlab-crawler §13): part of `streams.test.ts`, so that both parts pay for one start. */
export const resumeOnOneApp = (shared: ReturnType<typeof oneApp>) => {
  test('§17.22: after a reconnect a client gets exactly the 10 updates it missed, in order, once', async () => {
    const { app, origin } = await shared()
    await app.create('t')
    const to = `${path('t', '/websocket')}?connectionId=c1`
    const first = await openSocket(origin, to)
    await app.report('t', { type: 'progress', processed: 1 })
    await first.event('progress')
    await first.event('timeline')
    await first.close()
    await leftWith(app, 0)
    for (let n = 2; n <= 11; n++) await app.report('t', { type: 'progress', processed: n })
    const again = await openSocket(origin, to)
    expect(again.first).toMatchObject({ resumed: true, lost: 0 })
    expect(await progressOf(again, 10)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    await app.report('t', { type: 'progress', processed: 12 })
    expect(await progressOf(again, 1)).toEqual([12])
    expect(again.frames).toEqual([])
    await again.close()
    await leftWith(app, 0)
    // A general socket is another identity; five minutes later it is a new one.
    expect((await openSocket(origin, '/connect?connectionId=c1')).first.resumed).toBe(false)
    app.clock.advance(5 * MINUTE + SECOND)
    expect((await openSocket(origin, to)).first.resumed).toBe(false)
  })

  test('§13 Replacement: a second socket closes the first with 4001; another principal is 409', async () => {
    const { app, origin } = await shared()
    const first = await openSocket(origin, '/connect?connectionId=c')
    const second = await openSocket(origin, '/connect?connectionId=c')
    expect(await first.closed()).toBe(4001)
    expect(second.first.resumed).toBe(true)
    expect(app.crawler.streams.count()).toBe(1)
    const { accessTables } = await import('../../src/access/tables.ts')
    const { subscribers } = accessTables(app.db.kit)
    const at = new Date(app.clock.now())
    await app.db.q
      .insert(subscribers)
      .values({ chatId: 5, isActive: true, role: 'admin', permissions: [], createdAt: at, updatedAt: at })
      .returning()
    const jwt = await app.dashboard.sign({ sub: '5', role: 'admin', jti: 'x' }, 60)
    const stolen = await fetch(`${origin}${BASE}/connect?connectionId=c&token=${jwt}`, {
      headers: {
        upgrade: 'websocket',
        connection: 'Upgrade',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'sec-websocket-version': '13',
      },
    })
    expect([stolen.status, ((await stolen.json()) as any).code]).toEqual([409, 'CONNECTION_ID_TAKEN'])
    const admin = await openSocket(origin, `/connect?connectionId=admin&token=${jwt}`, { headers: {} })
    for (const [type, data] of [
      ['task_request', { max: 1 }],
      ['token_refresh_request', { taskId: 't', fence: 1, credentialsVersion: 1 }],
    ] as const)
      expect(await admin.ask(type, data)).toMatchObject({ type: 'error', data: { code: 'FORBIDDEN' } })
    app.clock.advance(61 * SECOND)
    await app.crawler.streams.sweep()
    expect(await admin.closed()).toBe(1008)
  })

  test('§17.24: DELETE of a leased running task pushes task_cancellation; a second one closes its streams with 4004', async () => {
    const { app, origin } = await shared()
    const worker = await openSocket(origin, '/connect?subscribe=none&connectionId=w')
    await app.create('t')
    await worker.ask('task_request', {})
    const own = await openSocket(origin, path('t', '/websocket'))
    await app.ok('DELETE', path('t'))
    const canceled = await worker.event('task_cancellation')
    expect(canceled.data).toMatchObject({ taskId: 't', reason: 'canceled', graceful: true })
    expect((await own.event('task_cancellation')).data.reason).toBe('canceled')
    await app.ok('DELETE', path('t'))
    expect((await own.event('task_update')).data.updateType).toBe('deleted')
    expect(await own.closed()).toBe(4004)
    expect(worker.isClosed()).toBe(false)
  })

  test('§13: cancellations say why: paused, requeued, lease_lost', async () => {
    const { app, origin } = await shared()
    const worker = await openSocket(origin, '/connect?subscribe=none&connectionId=w')
    for (const id of ['a', 'b', 'c']) await app.create(id)
    await worker.ask('task_request', { max: 3 })
    await app.put('a', { status: 'paused' })
    await app.put('b', { status: 'queued' })
    app.clock.advance(60 * SECOND)
    await app.tick()
    const reasons = [
      await worker.event('task_cancellation'),
      await worker.event('task_cancellation'),
      await worker.event('task_cancellation'),
    ]
    expect(reasons.map((frame) => [frame.data.taskId, frame.data.reason])).toEqual([
      ['a', 'paused'],
      ['b', 'requeued'],
      ['c', 'lease_lost'],
    ])
  })

  test('§13 Resume: assignments come again with credentials while their lease is live, and are left out afterwards', async () => {
    const { app, origin } = await shared()
    const to = '/connect?subscribe=none&connectionId=w'
    const worker = await openSocket(origin, to)
    for (const id of ['live', 'over']) await app.create(id)
    await worker.ask('task_request', { max: 2 })
    const seq = (await worker.event('task_assignment')).seq as number
    await worker.close()
    await leftWith(app, 0)
    await app.ok('DELETE', path('over'))
    const back = await openSocket(origin, `${to}&lastSeq=${seq - 1}`)
    expect(back.first.resumed).toBe(true)
    expect((await back.event('task_assignment')).data).toMatchObject({
      id: 'live',
      credentials: { accessToken: 'glpat-secret-token' },
    })
    expect((await back.event('task_cancellation')).data.taskId).toBe('over')
    expect(back.frames).toEqual([])
  })

  test('§15: events, closed connections and records are purged when their time is over', async () => {
    const { app, origin } = await shared()
    await app.create('t')
    await app.report('t', { type: 'progress', processed: 1, updateId: 'u' })
    const socket = await openSocket(origin, '/connect?connectionId=p')
    await socket.close()
    await leftWith(app, 0)
    app.clock.advance(11 * MINUTE)
    await app.tick()
    expect([await app.rows('crawler_events'), await app.rows('crawler_connections')]).toEqual([1, 0])
    expect(await app.rows('crawler_receipts')).toBe(1)
    app.clock.advance(24 * 60 * MINUTE)
    await app.tick()
    expect(await app.rows('crawler_receipts')).toBe(0)
    await app.report('t', { type: 'progress', processed: 2 })
    const again = await openSocket(origin)
    expect(again.first.lastSeq).toBeGreaterThan(3)
  })
}

/** SQLite takes one process: another connection is the same one. */
const onlyOneProcess = async (database: TestDatabase) => {
  const db = await database.fresh()
  expect(await database.second()).toBe(db)
}

/** What needs several processes or a configuration. */
export const resumeOnOwnApps = (database: TestDatabase) => {
  test('§17.22: missed updates also come after a restart and from another process', async () => {
    const [one, two] = await makeProcesses(database, 2)
    const [origin, other] = [listening(one), listening(two)]
    await one.create('t')
    const to = '/connect?connectionId=c1'
    const first = await openSocket(origin, to)
    await one.report('t', { type: 'progress', processed: 1 })
    await first.event('timeline')
    await first.close()
    await leftWith(one, 0)
    for (let n = 2; n <= 6; n++) await two.report('t', { type: 'progress', processed: n })
    const elsewhere = await openSocket(other, to)
    expect(elsewhere.first.resumed).toBe(true)
    expect(await progressOf(elsewhere, 5)).toEqual([2, 3, 4, 5, 6])
    await stop(two)
    for (let n = 7; n <= 11; n++) await one.report('t', { type: 'progress', processed: n })
    const next = await restarted(one)
    const back = await openSocket(listening(next), to)
    expect(await progressOf(back, 5)).toEqual([7, 8, 9, 10, 11])
  })

  test('§13 Delivery: an update reaches a socket whichever process accepted it', async () => {
    if (database.dialect === 'sqlite') return onlyOneProcess(database)
    const [one, two] = await makeProcesses(database, 2)
    await one.create('t')
    const socket = await openSocket(listening(one))
    for (let n = 1; n <= 5; n++) await two.report('t', { type: 'progress', processed: n })
    one.clock.advance(50)
    expect(await progressOf(socket, 5)).toEqual([1, 2, 3, 4, 5])
    expect((await two.ok('POST', path('t', '/websocket'), { a: 1 })).connectionCount).toBe(1)
  })

  test('§13 Replacement: a second socket of a connection closes the first in another process too', async () => {
    if (database.dialect === 'sqlite') return onlyOneProcess(database)
    const [one, two] = await makeProcesses(database, 2)
    const first = await openSocket(listening(one), '/connect?connectionId=c')
    const second = await openSocket(listening(two), '/connect?connectionId=c')
    expect(second.first.resumed).toBe(true)
    one.clock.advance(50)
    expect(await first.closed()).toBe(4001)
    expect(second.isClosed()).toBe(false)
  })

  test('§13 Resume: after lastSeq, else after the last acked; the newest 1000 of what was missed', async () => {
    const app = await makeRig(database, { env: { CRAWLER_RESUME_MESSAGES: '5' } })
    const origin = listening(app)
    await app.create('t')
    const to = `${path('t', '/websocket')}?connectionId=c`
    const first = await openSocket(origin, to)
    const seqs: number[] = []
    for (let n = 1; n <= 4; n++) {
      await app.report('t', { type: 'progress', processed: n })
      seqs.push((await first.event('progress')).seq as number)
    }
    first.say('ack', { seq: seqs[1] })
    await first.ask('ping')
    await first.close()
    await leftWith(app, 0)
    const acked = await openSocket(origin, to)
    expect(acked.first).toMatchObject({ resumed: true, lastSeq: seqs[1] })
    expect(await progressOf(acked, 2)).toEqual([3, 4])
    await acked.close()
    await leftWith(app, 0)
    const asked = await openSocket(origin, `${to}&lastSeq=${seqs[2]}`)
    expect(await progressOf(asked, 1)).toEqual([4])
    await asked.close()
    await leftWith(app, 0)
    for (let n = 5; n <= 14; n++) await app.report('t', { type: 'progress', processed: n })
    const late = await openSocket(origin, `${to}&lastSeq=${seqs[3]}`)
    expect(late.first.lost).toBe(5)
    expect(await progressOf(late, 5)).toEqual([10, 11, 12, 13, 14])
  })
}
