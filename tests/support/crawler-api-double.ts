import type { Clock } from '../../src/platform/clock.ts'
import { type ApiSocket, serveCrawlerApi } from './crawler-api-sockets.ts'

export const API_TOKEN = 'crawler-api-token-0123456789'

interface Task {
  id: string
  type: string
  data: any
  status: 'queued' | 'running' | 'paused' | 'failed' | 'completed'
  attempts: number
  fence: number
  run: number
  lease?: { workerId: string; leaseSeconds: number; expiresAt: number }
  availableAt: number
  resumeState: unknown
  progress: { processed: number; total: number | null; itemsByType: Record<string, number>; error?: any }
  credentials: { accessToken: string; tokenType: string; refreshable: boolean; version: number }
  credentialStatus?: any
  deadLetter?: boolean
  spawnedFrom?: string
}
export interface Report {
  taskId: string
  body: any
  at: number
  status: number
  answer: any
}
export interface Said {
  status: number
  data?: any
  code?: string
  headers?: Record<string, string>
}

export interface ApiDoubleOptions {
  clock: Clock
  token?: string
  /** Before a task is dead. */
  maxAttempts?: number
}

const DEFAULT_FANOUT = {
  group: ['FETCH_GROUP_DETAILS', 'FETCH_GROUP_MEMBERS', 'FETCH_PROJECTS', 'FETCH_ISSUES'],
  project: ['FETCH_PROJECT_DETAILS', 'FETCH_ISSUES', 'FETCH_MERGE_REQUESTS', 'FETCH_BRANCHES', 'FETCH_PIPELINES'],
}

/**
 * As much of the crawler API as its worker talks to (gitlab-crawler §7.6, §7.10, §7.16, §8-§13), in memory: leases with fences and
 * attempts, reports with duplicates, re-queues, cancellation, areas, renewed credentials; over HTTP and WebSocket.
 */
export const crawlerApiDouble = ({ clock, token = API_TOKEN, maxAttempts = 3 }: ApiDoubleOptions) => {
  const tasks = new Map<string, Task>()
  const reports: Report[] = []
  const seen = new Set<string>()
  const areas = new Map<string, any>()
  const spawned = new Set<string>()
  const sockets = new Set<ApiSocket>()
  let wake: (() => void)[] = []
  const changed = () => {
    const all = wake
    wake = []
    for (const resolve of all) resolve()
  }

  const double = {
    tasks,
    reports,
    areas,
    /** Stands before every call; an answer is given instead of the usual. */
    on: undefined as ((name: string, taskId: string, body: any) => Said | Promise<Said> | undefined) | undefined,
    /** Called after a call has had its effect, before it is answered. */
    after: undefined as ((name: string, taskId: string, body: any) => Said | Promise<Said> | undefined) | undefined,
    /** What a refresh brings; undefined: GitLab refuses. */
    refresh: undefined as (() => Promise<string | undefined>) | undefined,
    refreshes: 0,
    leases: [] as any[],
    heartbeats: [] as any[],
    of: (taskId: string) => reports.filter((report) => report.taskId === taskId),
    kinds: (taskId: string) => double.of(taskId).map(({ body }) => body.type),
    create(data: any) {
      const { credentials, options = {} } = data
      const task: Task = {
        id: data.id,
        type: data.type,
        data: { ...data, options },
        status: 'queued',
        attempts: 0,
        fence: 0,
        run: 1,
        availableAt: 0,
        resumeState: null,
        progress: { processed: 0, total: null, itemsByType: {} },
        credentials: { tokenType: 'pat', refreshable: false, version: 1, ...credentials },
        ...(data.spawnedFrom ? { spawnedFrom: data.spawnedFrom } : {}),
      }
      tasks.set(task.id, task)
      changed()
      return task
    },
    task: (id: string) => tasks.get(id) as Task,
    cancel(id: string) {
      const task = tasks.get(id) as Task
      Object.assign(task, { status: 'failed', lease: undefined, progress: { ...task.progress, error: 'canceled' } })
      for (const socket of sockets)
        socket.send({ type: 'task_cancellation', data: { taskId: id, reason: 'canceled', graceful: true } })
    },
    putCredentials(id: string, accessToken: string) {
      const task = tasks.get(id) as Task
      task.credentials = { ...task.credentials, accessToken, version: task.credentials.version + 1 }
      task.status = 'queued'
      changed()
    },
    /** Resolves when the task has this status. */
    async until(id: string, ...wanted: Task['status'][]) {
      while (!wanted.includes((tasks.get(id) as Task).status)) await new Promise<void>((resolve) => wake.push(resolve))
    },
    /** Takes back the leases that have run out. */
    sweep: () => expire(),
    shutdown() {
      for (const socket of sockets) socket.send({ type: 'system', data: { messageType: 'shutdown', message: 'bye' } })
    },
    dropSockets() {
      for (const socket of sockets) socket.close()
    },
    handle: async (request: Request): Promise<Response> => {
      const path = new URL(request.url).pathname.replace(/^\/api\/internal2/, '')
      const body: any = await request.json().catch(() => undefined)
      const said =
        request.headers.get('authorization') === `Bearer ${token}`
          ? await call(path, body, request.signal)
          : { status: 401, code: 'UNAUTHORIZED' }
      return said.status === 200
        ? Response.json({ data: said.data })
        : Response.json(
            { error: said.code, code: said.code, status: said.status },
            { status: said.status, headers: said.headers ?? {} },
          )
    },
    /** Listens on a port, WebSockets included; answers the API base and how to stop. */
    serve: () =>
      serveCrawlerApi({ token, sockets, handle: (request) => double.handle(request), call: (...given) => call(...given) }),
  }

  const expire = () => {
    for (const task of tasks.values()) {
      if (!task.lease || task.lease.expiresAt > clock.now()) continue
      task.lease = undefined
      requeue(task, 5000 * 2 ** (task.attempts - 1))
    }
  }
  const requeue = (task: Task, delayMs: number) => {
    task.lease = undefined
    const dead = task.attempts >= maxAttempts
    task.status = dead ? 'failed' : 'queued'
    if (dead) task.deadLetter = true
    task.availableAt = clock.now() + Math.min(delayMs, 300_000)
  }

  const call = async (path: string, body: any, caller?: AbortSignal): Promise<Said> => {
    const [, , id = '', verb = ''] = path.split('/')
    const taskId = decodeURIComponent(id)
    const name =
      path === '/tasks/lease' ? 'lease' : path === '/heartbeat' ? 'heartbeat' : verb === 'credentials' ? 'refresh' : 'report'
    const put = await double.on?.(name, taskId, body)
    if (put) {
      if (name === 'report') reports.push({ taskId, body, at: clock.now(), status: put.status, answer: put })
      return put
    }
    expire()
    const said =
      name === 'lease' ? await lease(body, caller) : name === 'heartbeat' ? heartbeat(body) : await ofTask(name, taskId, body)
    if (name === 'report') reports.push({ taskId, body, at: clock.now(), status: said.status, answer: said.data })
    changed()
    return (await double.after?.(name, taskId, body)) ?? said
  }

  const lease = async (body: any, caller?: AbortSignal): Promise<Said> => {
    double.leases.push(body)
    const until = clock.now() + body.waitSeconds * 1000
    for (;;) {
      expire()
      if (caller?.aborted) return { status: 200, data: [] }
      const due = [...tasks.values()]
        .filter((task) => task.status === 'queued' && task.availableAt <= clock.now())
        .slice(0, body.max)
      if (due.length > 0 || clock.now() >= until) return { status: 200, data: due.map((task) => grant(task, body)) }
      const done = new AbortController()
      const soonest = Math.min(
        until,
        ...[...tasks.values()].flatMap((task) => [
          task.lease?.expiresAt ?? until,
          task.status === 'queued' ? task.availableAt : until,
        ]),
      )
      await Promise.race([
        new Promise<void>((resolve) => wake.push(resolve)),
        clock.sleep(Math.max(1, soonest - clock.now()), done.signal),
      ])
      done.abort()
    }
  }
  const grant = (task: Task, { workerId, leaseSeconds }: any) => {
    task.attempts++
    task.fence++
    task.status = 'running'
    task.lease = { workerId, leaseSeconds, expiresAt: clock.now() + leaseSeconds * 1000 }
    const { options, apiEndpoint, rateLimits } = task.data
    return {
      id: task.id,
      type: task.type,
      status: 'running',
      metadata: { ...options, apiEndpoint, run: task.run, gitlabId: task.data.gitlabId },
      credentials: task.credentials,
      options,
      rateLimits,
      resumeState: task.resumeState,
      lease: { workerId, fence: task.fence, leaseSeconds, attempt: task.attempts, maxAttempts },
    }
  }

  const heartbeat = ({ activeTasks, clientId }: any): Said => {
    double.heartbeats.push(activeTasks)
    const lostTasks = activeTasks.filter((id: string) => tasks.get(id)?.lease?.workerId !== clientId)
    for (const id of activeTasks) {
      const held = tasks.get(id)?.lease
      if (held && held.workerId === clientId) held.expiresAt = clock.now() + held.leaseSeconds * 1000
    }
    return { status: 200, data: { lostTasks, acknowledgement: true } }
  }

  const ofTask = async (name: string, taskId: string, body: any): Promise<Said> => {
    const task = tasks.get(taskId)
    if (!task) return { status: 404, code: 'TASK_NOT_FOUND' }
    const held = task.lease && task.fence === body.fence
    if (name === 'refresh') {
      if (!held) return { status: 409, code: 'LEASE_LOST' }
      if (task.credentials.version > body.credentialsVersion)
        return { status: 200, data: { taskId, refreshSuccessful: true, credentials: task.credentials } }
      double.refreshes++
      const renewed = await double.refresh?.()
      if (renewed === undefined) return { status: 200, data: { taskId, refreshSuccessful: false, reason: 'invalid_grant' } }
      for (const other of tasks.values())
        if (other.credentials.accessToken === task.credentials.accessToken && other !== task)
          other.credentials = { ...other.credentials, accessToken: renewed, version: other.credentials.version + 1 }
      task.credentials = { ...task.credentials, accessToken: renewed, version: task.credentials.version + 1 }
      return { status: 200, data: { taskId, refreshSuccessful: true, credentials: task.credentials } }
    }
    if (JSON.stringify(body).length > 1_048_576) return { status: 413, code: 'PAYLOAD_TOO_LARGE' }
    if (
      JSON.stringify(body.resumeState ?? null).length > 65_536 ||
      body.updateId?.length > 128 ||
      JSON.stringify(body.metadata ?? {}).length > 16_384
    )
      return { status: 400, code: 'VALIDATION_FAILED' }
    if (task.status === 'completed' || task.status === 'failed')
      return { status: 200, data: { taskId, currentStatus: task.status, ignored: true } }
    const key = `${taskId} ${body.updateId}`
    if (body.updateId && seen.has(key)) return { status: 200, data: { taskId, currentStatus: task.status, duplicate: true } }
    if (!held) return { status: 409, code: 'LEASE_LOST' }
    seen.add(key)
    const lease = task.lease as NonNullable<Task['lease']>
    lease.expiresAt = clock.now() + lease.leaseSeconds * 1000
    if (body.resumeState !== undefined) task.resumeState = body.resumeState
    if (typeof body.processed === 'number') task.progress.processed = Math.max(task.progress.processed, body.processed)
    if (body.total !== undefined) task.progress.total = body.total
    if (body.itemsByType) task.progress.itemsByType = { ...task.progress.itemsByType, ...body.itemsByType }
    if (body.error) task.progress.error = body.error
    const outcome = apply(task, body)
    return { status: 200, data: { taskId, currentStatus: task.status, ...outcome } }
  }
  const apply = (task: Task, body: any): object => {
    if (body.type === 'started' || body.type === 'resumed') task.status = 'running'
    if (body.type === 'paused') task.status = 'paused'
    if (body.credentialStatus) {
      task.credentialStatus = body.credentialStatus
      task.lease = undefined
    }
    if (body.type === 'completed') Object.assign(task, { status: 'completed', lease: undefined, resumeState: null })
    if (body.type === 'status' && body.status === 'queued') {
      task.attempts--
      Object.assign(task, { status: 'queued', lease: undefined, availableAt: clock.now() + (body.retryAfterSeconds ?? 0) * 1000 })
    }
    if (body.type === 'failed') {
      if (body.retryable && task.attempts < maxAttempts) {
        requeue(task, 5000 * 2 ** (task.attempts - 1))
        return { willRetry: true }
      }
      Object.assign(task, { status: 'failed', lease: undefined, deadLetter: body.retryable === true })
    }
    return body.areas ? { areas: spawn(task, body.areas) } : {}
  }
  const spawn = (parent: Task, found: any[]) => {
    let inserted = 0
    let jobsCreated = 0
    for (const area of found) {
      const key = `${area.type} ${area.gitlabId}`
      if (!areas.has(key)) inserted++
      areas.set(key, area)
      for (const type of DEFAULT_FANOUT[area.type as 'group' | 'project']) {
        const once = `${parent.id} ${parent.run} ${area.fullPath} ${type}`
        if (spawned.has(once)) continue
        spawned.add(once)
        jobsCreated++
      }
    }
    return { received: found.length, inserted, jobsCreated }
  }
  return double
}
export type CrawlerApiDouble = ReturnType<typeof crawlerApiDouble>
