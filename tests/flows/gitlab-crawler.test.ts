import { expect, test } from 'bun:test'
import { asked, BASE, crawlerClient, ENDPOINT, env, fresh, refused, socketTo, taskOf } from './crawler.ts'
import { clientOf, eventsOf, INT, MILLIS, onEachServer, TEXT } from './rig.ts'

onEachServer("The GitLab crawler's client", env, (server) => {
  test('a worker of its own: connect, create, lease, progress, pause, stream, complete', async () => {
    const api = crawlerClient(server)
    const ok = async (method: string, path: string, body?: unknown) => (await api.ok(method, path, body)).data

    // §7.14, §7.2: is it there, and how does one connect.
    const anyone = clientOf(`${server.origin()}${BASE}`)
    expect(await anyone.ok('GET', '/health')).toEqual({
      status: 'healthy',
      timestamp: MILLIS,
      version: TEXT,
      uptime: INT,
      responseTime: INT,
    })
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
    const board = await socketTo(server, '/connect?connectionId=board-1')
    expect(board.socket.protocol).toBe('gitlab-crawler-v1')
    expect(board.first).toEqual({
      ...{
        type: 'connection_ready',
        status: 'connection_ready',
        connectionId: 'board-1',
        timestamp: MILLIS,
        heartbeatInterval: 30_000,
      },
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
      tasks: [
        taskOf(17),
        { type: 'task', data: taskOf('bulk-2', { type: 'FETCH_BRANCHES' }) },
        taskOf('bulk-3', { type: 'FETCH_STARS' }),
        taskOf(id),
      ],
    })
    expect(bulk).toEqual({
      data: [
        { index: 0, id: '17', status: 201, data: fresh('17') },
        { index: 1, id: 'bulk-2', status: 201, data: { ...fresh('bulk-2'), type: 'FETCH_BRANCHES' } },
        {
          index: 2,
          id: 'bulk-3',
          status: 400,
          error: TEXT,
          code: 'VALIDATION_FAILED',
          fields: [{ field: 'type', message: TEXT }],
        },
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
    const { data: leased, meta } = await api.ok('POST', '/tasks/lease', {
      workerId: 'w-1',
      types: ['FETCH_ISSUES'],
      max: 1,
      leaseSeconds: 120,
      waitSeconds: 5,
    })
    expect(meta).toEqual({ count: 1, serverTime: MILLIS })
    expect(leased[0]).toEqual({
      ...{
        ...fresh(id),
        status: 'running',
        jobStatus: 'running',
        startedAt: MILLIS,
        progress: expect.any(Object),
        resumeState: null,
      },
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
    const report = (update: Record<string, unknown>) =>
      ok('POST', `${self}/progress`, { ...holder, updateId: `${id}:1:${++updates}`, ...update })

    // §9: progress as the tracker writes it.
    expect(
      await report({ type: 'started', stage: 'fetching', operationType: 'data_collection', message: 'Begun', taskId: id }),
    ).toEqual({
      ...{ taskId: id, status: 'acknowledged', message: `Progress update processed for task ${id}`, timestamp: MILLIS },
      ...{ currentStatus: 'running', lease: { fence: 1, expiresAt: MILLIS } },
      progress: { processed: 0, total: null, percentage: null, currentStep: 'fetching', message: 'Begun' },
    })
    const page = {
      ...{ type: 'progress', processedItems: 50, totalItems: 200, currentDataType: 'issues', itemsByType: { issues: 50 } },
      ...{
        currentStep: 'Fetching issues, page 1',
        lastProcessedId: null,
        error: null,
        timestamp: '2026-01-01T00:00:00.123456+03:00',
      },
      ...{
        timeline: [{ timestamp: '2026-01-01T00:00:01Z', event: 'page_fetched', details: { page: 1 } }],
        metadata: { pages: 1 },
      },
      ...{ resumeState: { v: 1, page: 2 } },
    }
    const progress = { processed: 50, total: 200, percentage: 25, currentStep: 'Fetching issues, page 1', message: 'Begun' }
    expect(await report(page)).toMatchObject({ currentStatus: 'running', progress })
    // §9: the same update again, because its answer was lost, counts once.
    updates--
    expect(await report(page)).toMatchObject({ duplicate: true, currentStatus: 'running', progress })
    expect((await nextEvent('progress')).data).toMatchObject({
      type: 'progress',
      seq: INT,
      data: { taskId: id, updateType: TEXT, status: 'running' },
    })
    expect(await board.event('progress', ({ progress: { processed } }) => processed === 50)).toMatchObject({
      data: { taskId: id, status: 'running', progress: { percentage: 25, itemsByType: { issues: 50 }, stage: 'fetching' } },
    })

    // §12, §7.16: GitLab says 401, so the worker asks for a new token; the answer has what a lease has.
    expect(await ok('POST', `${self}/credentials/refresh`, { ...holder, credentialsVersion: 1 })).toEqual({
      ...{ taskId: id, refreshSuccessful: true },
      credentials: { accessToken: 'after-first-refresh', tokenType: 'oauth2', expiresAt: MILLIS, refreshable: true, version: 2 },
    })
    expect(asked[asked.length - 1]).toEqual({
      ...{ grant_type: 'refresh_token', refresh_token: 'first-refresh', client_id: 'app', client_secret: 'app-secret' },
    })

    // §7.8, §8: somebody pauses it: the lease is revoked, and what the worker says then is refused.
    const before = await ok('GET', `${self}/progress`)
    const paused = await api.ok('PUT', self, { status: 'paused' })
    expect(paused).toEqual({
      data: expect.objectContaining({ id, status: 'paused', jobStatus: 'paused' }),
      message: 'Task updated successfully',
    })
    expect(await board.event('task_cancellation')).toMatchObject({
      data: { taskId: id, reason: 'paused', graceful: true, timestamp: MILLIS },
    })
    const late = await api.send('POST', `${self}/progress`, { ...holder, ...page, processedItems: 60, updateId: 'late' })
    expect([late.status, late.body]).toEqual([
      ...[409, refused(409, 'LEASE_LOST', { error: 'Lease lost' }, { taskId: id, currentStatus: 'paused' })],
    ])
    // §1: what GET said of its progress goes back by PUT as it came, nulls and all. §9: counters by type would be added.
    expect(before.progress).toEqual({
      ...{
        processed: 50,
        processedItems: 50,
        total: 200,
        totalItems: 200,
        percentage: 25,
        currentStep: 'Fetching issues, page 1',
      },
      ...{ message: 'Begun', error: null, errorTimestamp: null, metadata: { pages: 1 }, itemsByType: { issues: 50 } },
      ...{ currentDataType: 'issues', lastProcessedId: null, stage: 'fetching', operationType: 'data_collection' },
      ...{ resumeState: { v: 1, page: 2 }, lastAreasDiscovery: null, credentialStatus: null },
    })
    await api.ok('PUT', self, { progress: { ...before.progress, itemsByTypeMode: 'total' } })
    const after = await ok('GET', `${self}/progress`)
    expect(after.progress).toEqual(before.progress)
    expect(after).toMatchObject({
      taskId: id,
      status: 'paused',
      jobStatus: 'paused',
      timelineTruncated: 0,
      startedAt: MILLIS,
      lastUpdate: MILLIS,
    })
    expect(after.timeline.map(({ event }: any) => event)).toEqual(
      expect.arrayContaining(['page_fetched', 'status_change', 'stage_change']),
    )

    // §8, §10: back in the queue; the next lease has a higher fence, the new token and the place to go on from.
    await api.ok('PUT', self, { status: 'queued' })
    const [resumed] = await ok('POST', '/tasks/lease', { workerId: 'w-2', types: ['FETCH_ISSUES'], waitSeconds: 5 })
    expect(resumed).toMatchObject({
      ...{ id, resumeState: { v: 1, page: 2 }, lease: { workerId: 'w-2', fence: 2, attempt: 2 } },
      ...{
        credentials: { accessToken: 'after-first-refresh', version: 2 },
        progress: { processed: 50, total: 200, percentage: 25 },
      },
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
    expect(await ok('GET', self)).toMatchObject({
      status: 'completed',
      jobStatus: 'finished',
      completedAt: MILLIS,
      progress: { processed: 200 },
    })
    expect((await ok('GET', `${self}/progress`)).progress.itemsByType).toEqual({ issues: 200 })
    gone.abort()

    // §7.9: deleted, and then it is not there.
    expect(await api.ok('DELETE', self)).toEqual({
      message: 'Task deleted successfully',
      data: { taskId: id, status: 'deleted' },
    })
    const missing = await api.send('GET', self)
    expect([missing.status, missing.body]).toEqual([
      ...[404, refused(404, 'TASK_NOT_FOUND', { error: 'Task not found', message: 'Task not found' }, { taskId: id })],
    ])
    await board.close()
  }, 300_000)
})
