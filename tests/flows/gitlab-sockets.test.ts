import { expect, test } from 'bun:test'
import { crawlerClient, env, OAUTH, socketTo, taskOf } from './crawler.ts'
import { INT, MILLIS, onEachServer, TEXT } from './rig.ts'

onEachServer("The GitLab crawler's sockets", env, (server) => {
  test('a worker over the socket, and a client that never leases', async () => {
    const api = crawlerClient(server)
    const ok = async (method: string, path: string, body?: unknown) => (await api.ok(method, path, body)).data

    // §13: the worker asks for work over its socket and is assigned it there.
    const worker = await socketTo(server, '/connect?connectionId=ws-1&subscribe=none')
    const data = taskOf('ws-task', {
      type: 'FETCH_TAGS',
      credentials: { ...OAUTH, accessToken: 'ws-access', refreshToken: 'spent' },
    })
    expect(await worker.ask('task', data)).toMatchObject({ type: 'ack', data: { taskId: 'ws-task', result: { id: 'ws-task' } } })
    const count = await worker.ask('task_request', { max: 1, types: ['FETCH_TAGS'], leaseSeconds: 60 })
    expect(count).toMatchObject({ type: 'ack', data: { count: 1 } })
    expect((await worker.event('task_assignment')).data).toMatchObject({
      ...{
        id: 'ws-task',
        status: 'running',
        credentials: { accessToken: 'ws-access', version: 1 },
        lease: { workerId: 'ws-1', fence: 1 },
      },
    })
    expect(
      await worker.ask('progress', { taskId: 'ws-task', workerId: 'ws-1', fence: 1, processed: 5, total: null }),
    ).toMatchObject({
      ...{
        type: 'ack',
        data: {
          taskId: 'ws-task',
          result: { status: 'acknowledged', progress: { processed: 5, total: null, percentage: null } },
        },
      },
    })
    expect(await worker.ask('heartbeat', { activeTasks: ['ws-task', 'no-task'] })).toMatchObject({
      ...{
        type: 'heartbeat_response',
        data: { serverTime: MILLIS, acknowledgement: true, tasksQueued: INT, lostTasks: ['no-task'] },
      },
    })
    // §12: GitLab refuses the renewal: the answer names the reason, the task waits for new credentials.
    const answer = await worker.ask('token_refresh_request', { taskId: 'ws-task', fence: 1, credentialsVersion: 1 })
    expect(answer).toMatchObject({
      type: 'token_refresh_response',
      data: { taskId: 'ws-task', refreshSuccessful: false, reason: TEXT },
    })
    const waiting = await ok('GET', '/tasks/ws-task/progress')
    expect(waiting).toMatchObject({ status: 'paused', jobStatus: 'credential_expired' })
    // A copy: `toMatchObject` of Bun writes its matchers into what it is given.
    expect({ ...waiting.progress.credentialStatus }).toMatchObject({
      ...{
        type: 'credential_expiry',
        severity: TEXT,
        errorType: TEXT,
        reason: TEXT,
        providerId: TEXT,
        instanceType: TEXT,
        message: TEXT,
      },
      adminGuidance: expect.arrayContaining([TEXT]),
    })
    expect((await api.ok('GET', '/tasks?status=paused&type=FETCH_TAGS')).data.map(({ id }: any) => id)).toEqual(['ws-task'])
    // §1, §12: the client sends the whole progress back beside new credentials; the task is queued again and the worker gets it.
    await api.ok('PUT', '/tasks/ws-task', {
      credentials: { accessToken: 'pat-new', tokenType: 'pat' },
      progress: waiting.progress,
    })
    expect((await worker.ask('task_request', { max: 1, types: ['FETCH_TAGS'], waitSeconds: 10 })).data).toMatchObject({
      count: 1,
    })
    expect((await worker.event('task_assignment')).data).toMatchObject({
      ...{
        id: 'ws-task',
        credentials: { accessToken: 'pat-new', tokenType: 'pat', refreshable: false, version: 2 },
        lease: { fence: 2 },
      },
    })

    // §7.9, §13: somebody cancels it; the worker hears of it at once, over its socket.
    expect(await api.ok('DELETE', '/tasks/ws-task')).toEqual({
      ...{ message: 'Task canceled successfully', data: { taskId: 'ws-task', status: 'failed' } },
    })
    expect((await worker.event('task_cancellation')).data).toMatchObject({
      taskId: 'ws-task',
      reason: 'canceled',
      graceful: true,
    })
    expect(await ok('GET', '/tasks/ws-task')).toMatchObject({ status: 'failed', error: 'Task canceled by user request' })

    // §10: an older client never leases: it reports without a fence, over the socket of its task.
    await api.must(201, 'POST', '/tasks', {
      type: 'task',
      data: taskOf('plain', { type: 'FETCH_COMMITS', options: { resourceId: 9, branch: 'main' } }),
    })
    const rival = { type: 'task', data: taskOf('rival', { type: 'FETCH_COMMITS', options: { resourceId: 9, branch: 'main' } }) }
    expect((await api.send('POST', '/tasks', rival)).body).toMatchObject({ status: 409, code: 'DUPLICATE_RESOURCE' })
    const own = await socketTo(server, '/tasks/plain/websocket?connectionId=plain-1')
    expect(own.first).toMatchObject({
      ...{ message: 'WebSocket connection established for task plain', taskId: 'plain', progress: { processed: 0 } },
      taskInfo: { status: 'queued', jobStatus: 'queued', command: 'commits', createdAt: MILLIS },
    })
    expect((await own.ask('started', { message: 'Begun' })).data.result).toMatchObject({ currentStatus: 'running' })
    await api.ok('POST', '/tasks/plain/progress', { type: 'paused' })
    expect((await own.event('status', ({ status }) => status === 'paused')).data).toMatchObject({ previousStatus: 'running' })
    await api.ok('POST', '/tasks/plain/progress', { type: 'resumed' })
    // §13: its connection is lost while others report; with its id it gets what it has missed, in order, once.
    const seen = (await own.event('status', ({ status }) => status === 'running')).seq as number
    await own.close()
    const history = { timeline: [{ timestamp: '2026-01-01T00:00:00Z', event: 'branch_completed' }] }
    for (const processedItems of [1, 2, 3])
      await api.ok('POST', '/tasks/plain/progress', { type: 'progress', processedItems, ...history })
    const back = await socketTo(server, `/tasks/plain/websocket?connectionId=plain-1&lastSeq=${seen}`)
    expect(back.first).toMatchObject({ resumed: true, lost: 0 })
    const missed = [await back.event('progress'), await back.event('progress'), await back.event('progress')]
    expect(missed.map((frame) => frame.data.progress.processed)).toEqual([1, 2, 3])
    expect(missed.map(({ seq }) => seq)).toEqual(missed.map(({ seq }) => seq).toSorted((a, b) => Number(a) - Number(b)))
    // §7.12: a message for those who follow the task.
    expect(await api.ok('POST', '/tasks/plain/websocket', { note: 'nearly done', taskId: 'other' })).toEqual({
      ...{
        status: 'message_sent',
        taskId: 'plain',
        message: 'Message broadcasted to 1 connections',
        connectionCount: 1,
        queued: 0,
        timestamp: MILLIS,
      },
    })
    expect((await back.event('message')).data).toEqual({
      note: 'nearly done',
      taskId: 'plain',
      timestamp: MILLIS,
      serverGenerated: true,
    })
    // §8: the tracker ends a task by a stage.
    expect(
      (await ok('POST', '/tasks/plain/progress', { type: 'progress', stage: 'completed', processedItems: 3, totalItems: 3 }))
        .currentStatus,
    ).toBe('completed')
    await api.ok('DELETE', '/tasks/plain')
    expect(await back.closed()).toBe(4004)
    await worker.close()
  }, 300_000)
})
