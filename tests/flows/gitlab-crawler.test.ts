import { expect, test } from 'bun:test'
import { openClientSocket } from '../support/client-socket.ts'
import { clientOf, eventsOf, INT, MILLIS, onEachServer, TEXT } from './rig.ts'

const BEARER = { authorization: 'Bearer dev-crawler-token' }
const BASE = '/api/internal2'

/** What the GitLab of this flow was asked for at its token endpoint. */
const asked: Record<string, string>[] = []
const gitlab = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    if (new URL(request.url).pathname !== '/oauth/token') return new Response('', { status: 404 })
    asked.push(Object.fromEntries(new URLSearchParams(await request.text())))
    if (asked.at(-1)?.refresh_token === 'spent') return Response.json({ error: 'invalid_grant' }, { status: 400 })
    return Response.json({ access_token: `renewed-${asked.length}`, refresh_token: 'next', token_type: 'Bearer', expires_in: 7200 })
  },
})
const ENDPOINT = `http://127.0.0.1:${gitlab.port}/api/v4`
const env = () => ({ FAMILIES: 'crawler', OUTBOUND_ALLOW: `127.0.0.1:${gitlab.port}` })

interface Frame {
  type: string
  seq?: number
  data?: any
  [key: string]: any
}
const OAUTH = { accessToken: 'first-access', refreshToken: 'first-refresh', clientId: 'app', clientSecret: 'app-secret' }
/** gitlab-crawler §6: a task as the client makes it. */
const taskOf = (id: string | number, more: Record<string, unknown> = {}) => ({
  ...{ id, type: 'FETCH_ISSUES', apiEndpoint: ENDPOINT, credentials: OAUTH, priority: 'normal' },
  options: { resourceId: 'team/app', resourceType: 'project', branch: null, pagination: { pageSize: 50 } },
  ...more,
})
/** gitlab-crawler §6: a Task that was just made. */
const fresh = (id: string) => ({
  ...{ id, type: 'FETCH_ISSUES', status: 'queued', createdAt: MILLIS, updatedAt: MILLIS },
  progress: { processed: 0, total: null, percentage: null, currentStep: 'Task created' },
})
/** gitlab-crawler §3: a refusal. */
const refused = (status: number, code: string, more: Record<string, unknown> = {}, details: Record<string, unknown> = {}) => ({
  ...{ error: TEXT, status, timestamp: MILLIS, code, retryable: false, details: { requestId: 'req-of-mine', ...details } },
  ...more,
})

onEachServer("The GitLab crawler's client and worker", env, (server) => {
  const start = () => clientOf(`${server.origin()}${BASE}`, { ...BEARER, 'x-request-id': 'req-of-mine' })
  const socketTo = async (to: string) => {
    const url = `${server.origin().replace('http', 'ws')}${BASE}${to}`
    const client = await openClientSocket<Frame>(url, { headers: BEARER, protocols: ['gitlab-crawler-v1'] })
    let sent = 0
    return {
      ...client,
      first: await client.next(({ type }) => type === 'connection_ready'),
      event: (type: string, fits: (data: any) => boolean = () => true) =>
        client.next((frame) => frame.type === type && frame.seq !== undefined && fits(frame.data)),
      ask: (type: string, data: unknown = {}): Promise<Frame> => {
        const id = `q${++sent}`
        client.socket.send(JSON.stringify({ type, id, data }))
        return client.next((frame) => frame.data?.refId === id)
      },
    }
  }

  test('a worker of its own: connect, create, lease, progress, pause, stream, complete', async () => {
    const api = start()
    const ok = async (method: string, path: string, body?: unknown) => (await api.ok(method, path, body)).data

    // §7.14, §7.2: is it there, and how does one connect.
    const anyone = clientOf(`${server.origin()}${BASE}`)
    expect(await anyone.ok('GET', '/health')).toEqual({ status: 'healthy', timestamp: MILLIS, version: TEXT, uptime: INT, responseTime: INT })
    expect(await api.ok('POST', '/connect', { connectionId: 'desk-1', clientType: 'crawler', version: '2.1' })).toEqual({
      status: 'ready',
      connectionInfo: {
        ...{ connectionId: 'desk-1', serverTime: MILLIS, activeConnections: 0, maxConnections: 100 },
        ...{ supportedProtocols: ['gitlab-crawler-v1'], heartbeatInterval: 30_000 },
      },
      endpoints: { websocket: `${BASE}/connect`, tasks: `${BASE}/tasks`, health: `${BASE}/health` },
    })
    const nobody = await anyone.send('GET', '/tasks', undefined, { 'x-request-id': 'req-of-mine' })
    expect([nobody.status, nobody.headers.get('www-authenticate'), nobody.body]).toEqual([
      ...[401, 'Bearer', refused(401, 'UNAUTHORIZED', { error: 'Invalid or missing authentication' })],
    ])

    // §13: a board listens to everything.
    const board = await socketTo('/connect?connectionId=board-1')
    expect(board.socket.protocol).toBe('gitlab-crawler-v1')
    expect(board.first).toEqual({
      ...{ type: 'connection_ready', status: 'connection_ready', connectionId: 'board-1', timestamp: MILLIS, heartbeatInterval: 30_000 },
      ...{ message: 'WebSocket connection established', resumed: false, lastSeq: 0, lost: 0 },
      serverCapabilities: { messageQueuing: true, heartbeat: true, reconnection: true, protocolVersion: '1.0' },
    })

    // §7.4, §7.5: tasks, one by one and in bulk; a number is an id too, an id may have a slash and blanks.
    const id = 'team/app issues'
    const made = await api.send('POST', '/tasks', { type: 'task', data: taskOf(id, { priority: 'high' }) })
    expect([made.status, made.headers.get('x-request-id'), made.body]).toEqual([
      ...[201, 'req-of-mine', { data: fresh(id), message: 'Task created successfully' }],
    ])
    expect(await board.event('task_update')).toEqual({
      ...{ type: 'task_update', timestamp: MILLIS, id: TEXT, seq: INT },
      data: { taskId: id, updateType: 'created', timestamp: MILLIS, serverGenerated: true },
    })
    const twice = await api.send('POST', '/tasks', { type: 'task', data: taskOf(id) })
    expect([twice.status, twice.body]).toEqual([
      ...[409, refused(409, 'TASK_EXISTS', { error: 'Task with this ID already exists' }, { taskId: id })],
    ])
    const bulk = await api.ok('POST', '/tasks/bulk', {
      tasks: [taskOf(17), { type: 'task', data: taskOf('bulk-2', { type: 'FETCH_BRANCHES' }) }, taskOf('bulk-3', { type: 'FETCH_STARS' }), taskOf(id)],
    })
    expect(bulk).toEqual({
      data: [
        { index: 0, id: '17', status: 201, data: fresh('17') },
        { index: 1, id: 'bulk-2', status: 201, data: { ...fresh('bulk-2'), type: 'FETCH_BRANCHES' } },
        { index: 2, id: 'bulk-3', status: 400, error: TEXT, code: 'VALIDATION_FAILED', fields: [{ field: 'type', message: TEXT }] },
        { index: 3, id, status: 409, error: 'Task with this ID already exists', code: 'TASK_EXISTS' },
      ],
      meta: { total: 4, created: 2, failed: 2 },
    })
    // §7.3: the list, with filters and pages.
    expect(await api.ok('GET', '/tasks?status=queued&type=FETCH_ISSUES&limit=1&offset=0&order=asc')).toEqual({
      data: [fresh(id)],
      meta: { total: 2, limit: 1, offset: 0, hasMore: true, filters: { status: 'queued', type: 'FETCH_ISSUES', order: 'asc' } },
    })
    const self = `/tasks/${encodeURIComponent(id)}`
    const metadata = {
      ...{ resourceId: 'team/app', resourceType: 'project', apiEndpoint: ENDPOINT, command: 'issues', priority: 'high' },
      ...{ attempts: 0, maxAttempts: 3, run: 1 },
    }
    expect(await ok('GET', self)).toEqual({ ...fresh(id), jobStatus: 'queued', metadata })

    // §7.13: a page follows this one task.
    const gone = new AbortController()
    const events = await fetch(`${server.origin()}${BASE}${self}/events?token=dev-crawler-token`, { signal: gone.signal })
    expect([events.status, events.headers.get('content-type'), events.headers.get('cache-control')]).toEqual([
      ...[200, expect.stringMatching(/^text\/event-stream/), 'no-store'],
    ])
    const stream = eventsOf(events)
    const nextEvent = async (type: string): Promise<any> => {
      for (;;) {
        const { value, done } = await stream.next()
        if (done) throw new Error(`the stream ended before ${type}`)
        if (value.event === type) return { ...value, data: JSON.parse(value.data as string) }
      }
    }
    expect((await nextEvent('connection_ready')).data).toMatchObject({
      ...{ taskId: id, taskInfo: { status: 'queued', jobStatus: 'queued', command: 'issues', createdAt: MILLIS } },
      capabilities: { progressUpdates: true, statusUpdates: true, errorReporting: true, realTimeMessages: true },
    })

    // §7.6, §10: the worker leases the most urgent; credentials come with the lease alone.
    const { data: leased, meta } = await api.ok('POST', '/tasks/lease', { workerId: 'w-1', types: ['FETCH_ISSUES'], max: 1, leaseSeconds: 120, waitSeconds: 5 })
    expect(meta).toEqual({ count: 1, serverTime: MILLIS })
    expect(leased[0]).toEqual({
      ...{ ...fresh(id), status: 'running', jobStatus: 'running', startedAt: MILLIS, progress: expect.any(Object), resumeState: null },
      metadata: { ...metadata, attempts: 1, leasedBy: 'w-1', leaseExpiresAt: MILLIS },
      credentials: { accessToken: 'first-access', tokenType: 'oauth2', refreshable: true, version: 1 },
      options: expect.objectContaining({ resourceId: 'team/app', resourceType: 'project', pagination: { pageSize: 50 } }),
      lease: { workerId: 'w-1', fence: 1, leaseSeconds: 120, expiresAt: MILLIS, attempt: 1, maxAttempts: 3 },
    })
    expect(await board.event('status', ({ taskId }) => taskId === id)).toMatchObject({
      data: { status: 'running', previousStatus: 'queued', startedAt: MILLIS },
    })
    const holder = { workerId: 'w-1', fence: 1 }
    let updates = 0
    const report = (update: Record<string, unknown>) => ok('POST', `${self}/progress`, { ...holder, updateId: `${id}:1:${++updates}`, ...update })

    // §9: progress as the tracker writes it.
    expect(await report({ type: 'started', stage: 'fetching', operationType: 'data_collection', message: 'Begun', taskId: id })).toEqual({
      ...{ taskId: id, status: 'acknowledged', message: `Progress update processed for task ${id}`, timestamp: MILLIS },
      ...{ currentStatus: 'running', lease: { fence: 1, expiresAt: MILLIS } },
      progress: { processed: 0, total: null, percentage: null, currentStep: 'fetching', message: 'Begun' },
    })
    const page = {
      ...{ type: 'progress', processedItems: 50, totalItems: 200, currentDataType: 'issues', itemsByType: { issues: 50 } },
      ...{ currentStep: 'Fetching issues, page 1', lastProcessedId: null, error: null, timestamp: '2026-01-01T00:00:00.123456+03:00' },
      ...{ timeline: [{ timestamp: '2026-01-01T00:00:01Z', event: 'page_fetched', details: { page: 1 } }], metadata: { pages: 1 } },
      ...{ resumeState: { v: 1, page: 2 } },
    }
    const progress = { processed: 50, total: 200, percentage: 25, currentStep: 'Fetching issues, page 1', message: 'Begun' }
    expect(await report(page)).toMatchObject({ currentStatus: 'running', progress })
    // §9: the same update again, because its answer was lost, counts once.
    updates--
    expect(await report(page)).toMatchObject({ duplicate: true, currentStatus: 'running', progress })
    expect((await nextEvent('progress')).data).toMatchObject({ type: 'progress', seq: INT, data: { taskId: id, updateType: TEXT, status: 'running' } })
    expect(await board.event('progress', ({ progress: { processed } }) => processed === 50)).toMatchObject({
      data: { taskId: id, status: 'running', progress: { percentage: 25, itemsByType: { issues: 50 }, stage: 'fetching' } },
    })

    // §12, §7.16: GitLab says 401, so the worker asks for a new token; the answer has what a lease has.
    expect(await ok('POST', `${self}/credentials/refresh`, { ...holder, credentialsVersion: 1 })).toEqual({
      ...{ taskId: id, refreshSuccessful: true },
      credentials: { accessToken: 'renewed-1', tokenType: 'oauth2', expiresAt: MILLIS, refreshable: true, version: 2 },
    })
    expect(asked[asked.length - 1]).toEqual({
      ...{ grant_type: 'refresh_token', refresh_token: 'first-refresh', client_id: 'app', client_secret: 'app-secret' },
    })

    // §7.8, §8: somebody pauses it: the lease is revoked, and what the worker says then is refused.
    const before = await ok('GET', `${self}/progress`)
    const paused = await api.ok('PUT', self, { status: 'paused' })
    expect(paused).toEqual({ data: expect.objectContaining({ id, status: 'paused', jobStatus: 'paused' }), message: 'Task updated successfully' })
    expect(await board.event('task_cancellation')).toMatchObject({ data: { taskId: id, reason: 'paused', graceful: true, timestamp: MILLIS } })
    const late = await api.send('POST', `${self}/progress`, { ...holder, ...page, processedItems: 60, updateId: 'late' })
    expect([late.status, late.body]).toEqual([
      ...[409, refused(409, 'LEASE_LOST', { error: 'Lease lost' }, { taskId: id, currentStatus: 'paused' })],
    ])
    // §1: what GET said of its progress goes back by PUT as it came, nulls and all, and changes nothing of it.
    expect(before.progress).toEqual({
      ...{ processed: 50, processedItems: 50, total: 200, totalItems: 200, percentage: 25, currentStep: 'Fetching issues, page 1' },
      ...{ message: 'Begun', error: null, errorTimestamp: null, metadata: { pages: 1 }, itemsByType: { issues: 50 } },
      ...{ currentDataType: 'issues', lastProcessedId: null, stage: 'fetching', operationType: 'data_collection' },
      ...{ resumeState: { v: 1, page: 2 }, lastAreasDiscovery: null, credentialStatus: null },
    })
    await api.ok('PUT', self, { progress: before.progress })
    const after = await ok('GET', `${self}/progress`)
    expect(after.progress).toEqual(before.progress)
    expect(after).toMatchObject({ taskId: id, status: 'paused', jobStatus: 'paused', timelineTruncated: 0, startedAt: MILLIS, lastUpdate: MILLIS })
    expect(after.timeline.map(({ event }: any) => event)).toEqual(expect.arrayContaining(['page_fetched', 'status_change', 'stage_change']))

    // §8, §10: back in the queue; the next lease has a higher fence, the new token and the place to go on from.
    await api.ok('PUT', self, { status: 'queued' })
    const [resumed] = await ok('POST', '/tasks/lease', { workerId: 'w-2', types: ['FETCH_ISSUES'], waitSeconds: 5 })
    expect(resumed).toMatchObject({
      ...{ id, resumeState: { v: 1, page: 2 }, lease: { workerId: 'w-2', fence: 2, attempt: 2 } },
      ...{ credentials: { accessToken: 'renewed-1', version: 2 }, progress: { processed: 50, total: 200, percentage: 25 } },
    })
    Object.assign(holder, { workerId: 'w-2', fence: 2 })
    expect(await report({ type: 'progress', processed: 200, itemsByType: { issues: 150 }, stage: 'finalizing' })).toMatchObject({
      progress: { processed: 200, total: 200, percentage: 100, currentStep: 'finalizing' },
    })
    expect(await report({ type: 'completed', message: '200 items stored' })).toMatchObject({ currentStatus: 'completed' })
    expect(await nextEvent('status')).toBeDefined()
    expect(await board.event('status', ({ taskId, status }) => taskId === id && status === 'completed')).toMatchObject({
      data: { previousStatus: 'running', completedAt: MILLIS },
    })
    // §8: what comes after the end is acknowledged and ignored.
    expect(await report({ type: 'progress', processed: 900 })).toMatchObject({ ignored: true, currentStatus: 'completed' })
    expect(await ok('GET', self)).toMatchObject({ status: 'completed', jobStatus: 'finished', completedAt: MILLIS, progress: { processed: 200 } })
    expect((await ok('GET', `${self}/progress`)).progress.itemsByType).toEqual({ issues: 200 })
    gone.abort()

    // §7.9: deleted, and then it is not there.
    expect(await api.ok('DELETE', self)).toEqual({ message: 'Task deleted successfully', data: { taskId: id, status: 'deleted' } })
    const missing = await api.send('GET', self)
    expect([missing.status, missing.body]).toEqual([
      ...[404, refused(404, 'TASK_NOT_FOUND', { error: 'Task not found', message: 'Task not found' }, { taskId: id })],
    ])
    await board.close()
  }, 120_000)

  test('a worker over the socket, and a client that never leases', async () => {
    const api = start()
    const ok = async (method: string, path: string, body?: unknown) => (await api.ok(method, path, body)).data

    // §13: the worker asks for work over its socket and is assigned it there.
    const worker = await socketTo('/connect?connectionId=ws-1&subscribe=none')
    const data = taskOf('ws-task', { type: 'FETCH_TAGS', credentials: { ...OAUTH, accessToken: 'ws-access', refreshToken: 'spent' } })
    expect(await worker.ask('task', data)).toMatchObject({ type: 'ack', data: { taskId: 'ws-task', result: { id: 'ws-task' } } })
    const count = await worker.ask('task_request', { max: 1, types: ['FETCH_TAGS'], leaseSeconds: 60 })
    expect(count).toMatchObject({ type: 'ack', data: { count: 1 } })
    expect((await worker.event('task_assignment')).data).toMatchObject({
      ...{ id: 'ws-task', status: 'running', credentials: { accessToken: 'ws-access', version: 1 }, lease: { workerId: 'ws-1', fence: 1 } },
    })
    expect(await worker.ask('progress', { taskId: 'ws-task', workerId: 'ws-1', fence: 1, processed: 5, total: null })).toMatchObject({
      ...{ type: 'ack', data: { taskId: 'ws-task', result: { status: 'acknowledged', progress: { processed: 5, total: null, percentage: null } } } },
    })
    expect(await worker.ask('heartbeat', { activeTasks: ['ws-task', 'no-task'] })).toMatchObject({
      ...{ type: 'heartbeat_response', data: { serverTime: MILLIS, acknowledgement: true, tasksQueued: INT, lostTasks: ['no-task'] } },
    })
    // §12: GitLab refuses the renewal: the answer names the reason, the task waits for new credentials.
    const answer = await worker.ask('token_refresh_request', { taskId: 'ws-task', fence: 1, credentialsVersion: 1 })
    expect(answer).toMatchObject({ type: 'token_refresh_response', data: { taskId: 'ws-task', refreshSuccessful: false, reason: TEXT } })
    const waiting = await ok('GET', '/tasks/ws-task/progress')
    expect(waiting).toMatchObject({ status: 'paused', jobStatus: 'credential_expired' })
    expect(waiting.progress.credentialStatus).toMatchObject({
      ...{ type: 'credential_expiry', severity: TEXT, errorType: TEXT, reason: TEXT, providerId: TEXT, instanceType: TEXT, message: TEXT },
      adminGuidance: expect.arrayContaining([TEXT]),
    })
    expect((await api.ok('GET', '/tasks?status=paused&type=FETCH_TAGS')).data.map(({ id }: any) => id)).toEqual(['ws-task'])
    // §1, §12: the client sends the whole progress back beside new credentials; the task is queued again and the worker gets it.
    await api.ok('PUT', '/tasks/ws-task', { credentials: { accessToken: 'pat-new', tokenType: 'pat' }, progress: waiting.progress })
    expect((await worker.ask('task_request', { max: 1, types: ['FETCH_TAGS'], waitSeconds: 10 })).data).toMatchObject({ count: 1 })
    expect((await worker.event('task_assignment')).data).toMatchObject({
      ...{ id: 'ws-task', credentials: { accessToken: 'pat-new', tokenType: 'pat', refreshable: false, version: 2 }, lease: { fence: 2 } },
    })

    // §7.9, §13: somebody cancels it; the worker hears of it at once, over its socket.
    expect(await api.ok('DELETE', '/tasks/ws-task')).toEqual({
      ...{ message: 'Task canceled successfully', data: { taskId: 'ws-task', status: 'failed' } },
    })
    expect((await worker.event('task_cancellation')).data).toMatchObject({ taskId: 'ws-task', reason: 'canceled', graceful: true })
    expect(await ok('GET', '/tasks/ws-task')).toMatchObject({ status: 'failed', error: 'Task canceled by user request' })

    // §10: an older client never leases: it reports without a fence, over the socket of its task.
    await api.must(201, 'POST', '/tasks', { type: 'task', data: taskOf('plain', { type: 'FETCH_COMMITS', options: { resourceId: 9, branch: 'main' } }) })
    const rival = { type: 'task', data: taskOf('rival', { type: 'FETCH_COMMITS', options: { resourceId: 9, branch: 'main' } }) }
    expect((await api.send('POST', '/tasks', rival)).body).toMatchObject({ status: 409, code: 'DUPLICATE_RESOURCE' })
    const own = await socketTo('/tasks/plain/websocket?connectionId=plain-1')
    expect(own.first).toMatchObject({
      ...{ message: 'WebSocket connection established for task plain', taskId: 'plain', progress: { processed: 0 } },
      taskInfo: { status: 'queued', jobStatus: 'queued', command: 'commits', createdAt: MILLIS },
    })
    expect((await own.ask('started', { message: 'Begun' })).data.result).toMatchObject({ currentStatus: 'running' })
    await api.ok('POST', '/tasks/plain/progress', { type: 'paused' })
    expect((await own.event('status', ({ status }) => status === 'paused')).data).toMatchObject({ previousStatus: 'running' })
    await api.ok('POST', '/tasks/plain/progress', { type: 'resumed' })
    // §13: its connection is lost while others report; with its id it gets what it has missed, in order, once.
    const seen = (await own.event('status', ({ status }) => status === 'running' )).seq as number
    await own.close()
    const history = { timeline: [{ timestamp: '2026-01-01T00:00:00Z', event: 'branch_completed' }] }
    for (const processedItems of [1, 2, 3]) await api.ok('POST', '/tasks/plain/progress', { type: 'progress', processedItems, ...history })
    const back = await socketTo(`/tasks/plain/websocket?connectionId=plain-1&lastSeq=${seen}`)
    expect(back.first).toMatchObject({ resumed: true, lost: 0 })
    const missed = [await back.event('progress'), await back.event('progress'), await back.event('progress')]
    expect(missed.map((frame) => frame.data.progress.processed)).toEqual([1, 2, 3])
    expect(missed.map(({ seq }) => seq)).toEqual(missed.map(({ seq }) => seq).toSorted((a, b) => Number(a) - Number(b)))
    // §7.12: a message for those who follow the task.
    expect(await api.ok('POST', '/tasks/plain/websocket', { note: 'nearly done', taskId: 'other' })).toEqual({
      ...{ status: 'message_sent', taskId: 'plain', message: 'Message broadcasted to 1 connections', connectionCount: 1, queued: INT, timestamp: MILLIS },
    })
    expect((await back.event('message')).data).toEqual({ note: 'nearly done', taskId: 'plain', timestamp: MILLIS, serverGenerated: true })
    // §8: the tracker ends a task by a stage.
    expect((await ok('POST', '/tasks/plain/progress', { type: 'progress', stage: 'completed', processedItems: 3, totalItems: 3 })).currentStatus).toBe('completed')
    await api.ok('DELETE', '/tasks/plain')
    expect(await back.closed()).toBe(4004)
    await worker.close()
  }, 120_000)
})
