import { describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { onEachDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { MINUTE, SECOND } from '../support/fake-clock.ts'
import { AUTH, BASE, makeRig, path, refusal, TOKEN, taskData } from './rig.ts'
import { leftWith, listenUntilTheEnd, oneApp, openSocket } from './stream-rig.ts'
import { resumeOnOneApp, resumeOnOwnApps } from './streams-resume.ts'

const { listening } = listenUntilTheEnd()
/** Status line and headers of an upgrade's answer, as they are on the wire. */
const upgradeHead = (origin: string, target: string, offered: string | undefined): Promise<string[]> =>
  new Promise((resolve, reject) => {
    const { host, hostname, port } = new URL(origin)
    const lines = [
      `GET ${target} HTTP/1.1`,
      `Host: ${host}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
      `Authorization: ${AUTH.authorization}`,
      ...(offered === undefined ? [] : [`Sec-WebSocket-Protocol: ${offered}`]),
    ]
    let got = ''
    const socket = connect(Number(port), hostname, () => socket.write(`${lines.join('\r\n')}\r\n\r\n`))
    socket.on('error', reject)
    socket.on('data', (bytes) => {
      got += bytes.toString('latin1')
      const end = got.indexOf('\r\n\r\n')
      if (end < 0) return
      socket.destroy()
      resolve(got.slice(0, end).split('\r\n'))
    })
  })

onEachDatabase('crawler sockets (gitlab-crawler §13)', (database) => {
  describe('on one app', () => {
    const shared = oneApp(database)

    test('§17.20: a socket opens with connection_ready; without upgrade headers it is 400; the 101st connection is 503', async () => {
      const { app, origin } = await shared()
      const socket = await openSocket(origin, `/connect?connectionId=mine&token=${TOKEN}`, {
        headers: {},
        protocols: ['other', 'gitlab-crawler-v1'],
      })
      expect(socket.socket.protocol).toBe('gitlab-crawler-v1')
      expect(socket.first).toEqual({
        type: 'connection_ready',
        status: 'connection_ready',
        connectionId: 'mine',
        message: 'WebSocket connection established',
        timestamp: expect.any(String),
        heartbeatInterval: 30_000,
        resumed: false,
        lastSeq: 0,
        lost: 0,
        serverCapabilities: { messageQueuing: true, heartbeat: true, reconnection: true, protocolVersion: '1.0' },
      })
      expect(refusal(await app.send('GET', '/connect'))).toEqual([400, 'UPGRADE_REQUIRED', 'WebSocket upgrade required'])
      const denied = (to: string, headers: Record<string, string>) =>
        fetch(`${origin}${BASE}${to}`, {
          headers: {
            upgrade: 'websocket',
            connection: 'Upgrade',
            'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
            'sec-websocket-version': '13',
            ...headers,
          },
        })
      expect((await denied('/connect', {})).status).toBe(401)
      expect((await denied('/connect?connectionId=a%20b', AUTH)).status).toBe(400)
      expect((await denied('/connect?lastSeq=x', AUTH)).status).toBe(400)
      expect((await denied('/tasks/none/websocket', AUTH)).status).toBe(404)
      const sockets = await Promise.all(Array.from({ length: 99 }, () => openSocket(origin)))
      const full = await denied('/connect', AUTH)
      expect([full.status, ((await full.json()) as any).code, full.headers.get('retry-after')]).toEqual([
        503,
        'TOO_MANY_CONNECTIONS',
        '10',
      ])
      expect((await app.ok('POST', '/connect', {})).connectionInfo).toMatchObject({
        connectionId: expect.stringMatching(/^conn-/),
        activeConnections: 100,
        maxConnections: 100,
        supportedProtocols: ['gitlab-crawler-v1'],
      })
      expect((await app.ok('GET', '/health')).services.websockets.activeConnections).toBe(100)
      await sockets[0]?.close()
      await leftWith(app, 99)
      await openSocket(origin)
    })

    test('crawler D1: only gitlab-crawler-v1 is ever selected, on both sockets', async () => {
      const { app, origin } = await shared()
      await app.create('t')
      for (const to of ['/connect', path('t', '/websocket')])
        for (const [offered, selected] of [
          [undefined, undefined],
          ['foo', undefined],
          ['foo, bar', undefined],
          ['gitlab-crawler-v2', undefined],
          ['x, gitlab-crawler-v1', 'gitlab-crawler-v1'],
          ['gitlab-crawler-v1,x', 'gitlab-crawler-v1'],
        ]) {
          const head = await upgradeHead(origin, `${BASE}${to}`, offered)
          expect(head[0]).toStartWith('HTTP/1.1 101')
          const answered = head.filter((line) => /^sec-websocket-protocol:/i.test(line)).map((line) => line.split(': ')[1])
          expect([to, offered, answered]).toEqual([to, offered, selected === undefined ? [] : [selected]])
        }
    })

    test('§17.21: a client that only listens gets progress as it happens, and connectionCount counts who received a message', async () => {
      const { app, origin } = await shared()
      await app.create('a/b', { options: { resourceId: 'x' } })
      const general = await openSocket(origin)
      const own = await openSocket(origin, path('a/b', '/websocket'))
      expect(own.first).toMatchObject({
        message: 'WebSocket connection established for task a/b',
        taskId: 'a/b',
        taskInfo: { status: 'queued', jobStatus: 'queued', command: 'issues' },
        capabilities: { realTimeMessages: true },
        progress: { processed: 0, currentStep: 'Task created', stage: null },
      })
      await app.report('a/b', {
        type: 'progress',
        processed: 5,
        total: 10,
        timeline: [{ timestamp: '2026-01-15T12:00:00Z', event: 'note' }],
      })
      for (const socket of [general, own]) {
        const progress = await socket.event('progress')
        expect(progress).toMatchObject({
          data: { taskId: 'a/b', updateType: 'progress', status: 'running', progress: { processed: 5, percentage: 50 } },
        })
        const status = await socket.event('status')
        expect(status.data).toMatchObject({
          taskId: 'a/b',
          status: 'running',
          previousStatus: 'queued',
          startedAt: expect.any(String),
        })
        const timeline = await socket.event('timeline')
        expect(timeline.data.events.map((event: any) => event.event)).toEqual(['note', 'status_change'])
        expect((progress.seq as number) < (status.seq as number) && (status.seq as number) < (timeline.seq as number)).toBe(true)
      }
      await app.create('other')
      expect((await general.event('task_update')).data).toMatchObject({
        taskId: 'other',
        updateType: 'created',
        serverGenerated: true,
      })
      const nobody = await openSocket(origin, '/connect?subscribe=none')
      const sent = await app.ok('POST', path('a/b', '/websocket'), { text: 'hi', taskId: 'forged', timestamp: 'x' })
      expect(sent).toMatchObject({
        status: 'message_sent',
        taskId: 'a/b',
        message: 'Message broadcasted to 2 connections',
        connectionCount: 2,
        queued: 0,
      })
      expect((await own.event('message')).data).toEqual({
        text: 'hi',
        taskId: 'a/b',
        timestamp: sent.timestamp,
        serverGenerated: true,
      })
      await nobody.ask('subscribe', { taskId: 'a/b' })
      await own.close()
      await leftWith(app, 2)
      expect(await app.ok('POST', path('a/b', '/websocket'), { n: 2 })).toMatchObject({ connectionCount: 2, queued: 1 })
      expect((await nobody.event('message')).data.n).toBe(2)
      expect((await app.send('POST', path('none', '/websocket'), {})).status).toBe(404)
      expect((await app.send('POST', path('a/b', '/websocket'), '[]')).status).toBe(400)
      expect(own.frames).toEqual([])
    })

    test('§13: a worker over the socket: request, updates, heartbeat, refusals', async () => {
      const { app, origin } = await shared()
      const worker = await openSocket(origin, '/connect?subscribe=none&connectionId=w')
      const watcher = await openSocket(origin)
      expect((await worker.ask('task', taskData('made'))).data).toMatchObject({ taskId: 'made', result: { status: 'queued' } })
      await app.create('second')
      expect((await worker.ask('task_request', { max: 2, types: ['FETCH_ISSUES'] })).data.count).toBe(2)
      const [one, two] = [await worker.event('task_assignment'), await worker.event('task_assignment')]
      expect(one.data).toMatchObject({
        id: 'made',
        credentials: { accessToken: 'glpat-secret-token' },
        lease: { workerId: 'w', fence: 1 },
      })
      expect(two.data.id).toBe('second')
      const mine = { taskId: 'made', workerId: 'w', fence: 1 }
      expect((await worker.ask('progress', { ...mine, processed: 3 })).data).toMatchObject({
        taskId: 'made',
        result: { status: 'acknowledged', progress: { processed: 3 } },
      })
      worker.raw(JSON.stringify({ type: 'progress', id: 'flat', ...mine, processed: 4 }))
      expect((await worker.next((frame) => frame.data.refId === 'flat')).data.result.progress.processed).toBe(4)
      expect((await worker.ask('progress', { ...mine, fence: 7 })).data).toMatchObject({
        code: 'LEASE_LOST',
        status: 409,
        retryable: false,
        taskId: 'made',
        currentStatus: 'running',
      })
      expect((await worker.ask('progress', {})).data).toMatchObject({ code: 'MISSING_FIELDS', status: 400 })
      expect((await worker.ask('fly', {})).data).toMatchObject({ code: 'UNKNOWN_OPERATION', message: 'Unknown operation: fly' })
      app.clock.advance(50 * SECOND)
      expect((await worker.ask('heartbeat', { activeTasks: ['made', 'second', 'nobody'] })).data).toMatchObject({
        acknowledgement: true,
        systemStatus: 'healthy',
        lostTasks: ['nobody'],
      })
      app.clock.advance(50 * SECOND)
      await app.tick()
      expect((await app.detail('made')).status).toBe('running')
      expect((await worker.ask('started', { taskId: 'nobody' })).data).toMatchObject({ code: 'TASK_NOT_FOUND' })
      expect(JSON.stringify(watcher.frames)).not.toContain('glpat-secret-token')
      expect(watcher.frames.some((frame) => frame.type === 'task_assignment')).toBe(false)
      const waiting = worker.ask('task_request', { waitSeconds: 60 })
      await eventually(() => app.crawler.leasing.waiting() === 1)
      await app.create('third')
      expect((await waiting).data.count).toBe(1)
      expect((await worker.event('task_assignment')).data.id).toBe('third')
    })

    test('crawler F1: null in an optional field of a frame, a bulk create or a connect counts as absent; what was read is taken back', async () => {
      const { app, origin } = await shared()
      const none = (...names: string[]) => Object.fromEntries(names.map((name) => [name, null]))
      const options = none('resourceId', 'resourceType', 'branch', 'outputFormat', 'fromDate', 'toDate', 'pagination', 'filters')
      const task = (id: string) => ({
        ...{ id, type: 'FETCH_PROJECTS', apiEndpoint: null, rateLimits: none('requestsPerMinute', 'burstLimit'), priority: null },
        ...{ options, credentials: { accessToken: 'T', ...none('refreshToken', 'clientId', 'tokenType', 'expiresAt') } },
      })
      expect(await app.ok('POST', '/tasks/bulk', { tasks: [task('bulk')] })).toMatchObject({ meta: { created: 1, failed: 0 } })
      const connecting = none('clientType', 'connectionId', 'capabilities', 'protocol', 'taskId')
      expect((await app.send('POST', '/connect', connecting)).status).toBe(200)
      const worker = await openSocket(origin, '/connect?subscribe=none&connectionId=w')
      expect((await worker.ask('task', task('framed'))).data).toMatchObject({ result: { status: 'queued' } })
      for (const id of ['bulk', 'framed']) expect((await app.detail(id)).metadata).toMatchObject({ priority: 'normal' })
      const asking = { max: 2, ...none('types', 'leaseSeconds', 'waitSeconds') }
      expect((await worker.ask('task_request', asking)).data.count).toBe(2)
      await worker.event('task_assignment')
      const { data: leased } = await worker.event('task_assignment')
      const mine = { taskId: leased.id, workerId: 'w', fence: leased.lease.fence }
      await worker.ask('progress', { ...mine, processed: 3, stage: 'fetching', message: 'half', itemsByType: { projects: 3 } })
      const { progress } = await app.progress(leased.id)
      const optional = [
        'processed',
        'total',
        'stage',
        'message',
        'timeline',
        'metadata',
        'itemsByType',
        'resumeState',
        'error',
        'updateId',
      ]
      for (const update of [none(...optional, 'timestamp'), { ...progress, itemsByTypeMode: 'total' }]) {
        const answer = await worker.ask('progress', { ...mine, ...update })
        expect([update, answer.data]).toMatchObject([update, { result: { status: 'acknowledged', progress: { processed: 3 } } }])
        expect((await app.progress(leased.id)).progress).toEqual(progress)
      }
      expect((await worker.ask('heartbeat', none('activeTasks', 'status', 'metrics'))).data).toMatchObject({
        acknowledgement: true,
      })
    })

    test('§17.25: malformed JSON is an error frame and the socket lives; a binary frame is 1003, a big one 1009, 21 malformed ones 1008', async () => {
      const { origin } = await shared()
      const socket = await openSocket(origin)
      for (const bad of ['{"type":', 'null', '[]', '"x"', '{"data":{}}', '{"type":5}', '']) {
        socket.raw(bad)
        expect((await socket.next((frame) => frame.type === 'error')).data).toMatchObject({
          code: 'INVALID_JSON',
          message: 'Invalid request body',
          status: 400,
        })
      }
      expect((await socket.ask('ping')).type).toBe('pong')
      const binary = await openSocket(origin)
      binary.raw(new Uint8Array([1, 2, 3]))
      expect(await binary.closed()).toBe(1003)
      const big = await openSocket(origin)
      big.raw(JSON.stringify({ type: 'ping', data: 'x'.repeat(1_100_000) }))
      expect(await big.closed()).toBe(1009)
      for (let n = 0; n < 20; n++) socket.raw('x')
      expect(await socket.closed()).toBe(1008)
    })

    test('§13: a task socket speaks of its own task only; subscriptions can be changed', async () => {
      const { app, origin } = await shared()
      for (const id of ['a', 'b']) await app.create(id)
      const own = await openSocket(origin, path('a', '/websocket'))
      expect((await own.ask('progress', { processed: 1 })).data.taskId).toBe('a')
      expect((await own.ask('progress', { processed: 1, taskId: 'b' })).data).toMatchObject({
        code: 'VALIDATION_FAILED',
        taskId: 'b',
      })
      const general = await openSocket(origin)
      await general.ask('unsubscribe', { taskId: '*' })
      await general.ask('subscribe', { taskId: 'b' })
      await app.report('a', { type: 'progress', processed: 2 })
      await app.report('b', { type: 'progress', processed: 3 })
      expect((await general.event('progress')).data.taskId).toBe('b')
      expect(general.frames.filter((frame) => frame.data?.taskId === 'a')).toEqual([])
    })

    test('§13 Heartbeat: pings each interval, closes with 4000 after three of silence', async () => {
      const { app, origin } = await shared()
      const alive = await openSocket(origin)
      app.clock.advance(30 * SECOND)
      await app.crawler.streams.sweep()
      await alive.ask('ping')
      app.clock.advance(89 * SECOND)
      await app.crawler.streams.sweep()
      expect(alive.isClosed()).toBe(false)
      app.clock.advance(91 * SECOND)
      await app.crawler.streams.sweep()
      expect(await alive.closed()).toBe(4000)
    })

    resumeOnOneApp(shared)
  })

  test('§4: over its limit a frame is refused and has no effect', async () => {
    const app = await makeRig(database, { env: { CRAWLER_RATE_LIMIT: '10', CRAWLER_PROGRESS_RATE_LIMIT: '2' } })
    const origin = listening(app)
    await app.create('t')
    const socket = await openSocket(origin)
    for (let n = 1; n <= 2; n++) await socket.ask('progress', { taskId: 't', processed: n })
    const refused = await socket.ask('progress', { taskId: 't', processed: 3 })
    expect(refused.data).toMatchObject({ code: 'RATE_LIMITED', status: 429, retryable: true, retryAfter: 30 })
    for (let n = 0; n < 8; n++) expect((await socket.ask('ping')).type).toBe('pong')
    expect((await socket.ask('ping')).data.code).toBe('RATE_LIMITED')
    app.clock.advance(MINUTE)
    expect((await app.progress('t')).progress.processed).toBe(2)
  })

  test('§13: before a stop closes the sockets with 1001, a system frame announces it', async () => {
    const app = await makeRig(database)
    const socket = await openSocket(listening(app))
    await app.crawler.streams.stop()
    expect((await socket.next((frame) => frame.type === 'system')).data.messageType).toBe('shutdown')
    expect(await socket.closed()).toBe(1001)
  })

  resumeOnOwnApps(database)
})
