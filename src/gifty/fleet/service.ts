import { gt, lte, sql } from 'drizzle-orm'
import { z } from 'zod'
import { type AppError, conflict, notFound } from '../../errors.ts'
import { type Clock, isUuid, timeOfId } from '../../platform/clock.ts'
import { bytewise, type Db, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { likePattern } from '../../platform/db/sql.ts'
import { decodeCursor, encodeCursor } from '../../platform/http/lists.ts'
import type { Log } from '../../platform/log.ts'
import type { Redis } from '../../platform/redis/index.ts'
import {
  type Dispatcher,
  type Engine,
  isRefusal,
  OWN_LEASES,
  type Refusal,
  ROW_CLIENT_PREFIX,
  type Task,
  type TaskState,
} from '../../tasks/index.ts'
import { invalidField, invalidRequest } from '../envelope.ts'
import { isoTime, isoTimeOrNull, OK } from '../fields.ts'
import { fleetTables } from '../tables.ts'
import type * as model from './model.ts'
import {
  DEFAULT_KINDS,
  FLEET_KINDS,
  MAX_LOGS,
  PROGRESS_BYTES,
  type TaskInfo,
  type TaskStatus,
  type TaskView,
  tailOf,
  type WorkerView,
  workerHeartbeatBody,
} from './model.ts'

/** A worker without a heartbeat for so long is gone (gifty §8). */
const WORKER_LIFE_MS = 60_000
const ROWS_AT_ONCE = 500
/** Tasks of one part of an export. */
const EXPORT_PAGE = 500

const STATUS: Record<TaskState, TaskStatus> = {
  queued: 'pending',
  // Someone reported that it runs without holding its lease.
  paused: 'leased',
  leased: 'leased',
  cancelling: 'leased',
  completed: 'completed',
  failed: 'failed',
  dead: 'dead',
  cancelled: 'cancelled',
}
const statesOf = (status: TaskStatus) => (Object.keys(STATUS) as TaskState[]).filter((state) => STATUS[state] === status)

/** Each kind's tasks are made with the payload that its view has; the engine keeps it as JSON. */
export const toTask = (task: Task): TaskView =>
  ({
    id: task.id,
    kind: task.kind,
    payload: task.payload,
    fence: task.fence,
    attempt: task.attempts,
    lease_expires_at: isoTime(task.leaseExpiresAt as Date),
    priority: task.priority,
  }) as TaskView
const toTaskInfo = (task: Task): TaskInfo =>
  ({
    id: task.id,
    kind: task.kind,
    payload: task.payload,
    fence: task.fence,
    attempt: task.attempts,
    lease_expires_at: isoTimeOrNull(task.leaseExpiresAt),
    priority: task.priority,
    status: STATUS[task.state],
    state: task.state,
    site_key: task.siteKey,
    group: task.groupKey,
    // Rows that are leased without a name have none.
    worker_id: task.state === 'queued' || task.state === 'paused' ? null : task.leaseOwner || null,
    error: task.error,
    result: task.result ?? null,
    progress: task.progress ?? null,
    max_attempts: task.maxAttempts,
    available_at: isoTime(task.runAfter),
    created_at: isoTime(task.createdAt),
    updated_at: isoTime(task.updatedAt),
    finished_at: isoTimeOrNull(task.finishedAt),
  }) as TaskInfo

/** The wire code of a refused verb. */
const codeOf = (refusal: Refusal) =>
  ({ not_found: 'not_found', stale: 'stale_lease', finished: 'already_finished', invalid: 'validation_error' })[refusal.code]
const refused = (refusal: Refusal): AppError => {
  if (refusal.code === 'not_found') return notFound('Task not found')
  if (refusal.code === 'invalid') return invalidField(['body', 'result'], refusal.message, null)
  return conflict(refusal.message, codeOf(refusal))
}

export interface FleetDeps {
  db: Db
  clock: Clock
  engine: Engine
  dispatcher: Dispatcher
  /** Workers with heartbeats in Redis, where it is configured. Never rejects. */
  redisHeartbeats: (() => Promise<WorkerView[]>) | undefined
  /** The task of a run, where it has one. */
  taskIdOfRun(runId: number): Promise<string | undefined>
}

/** Not one of our own processes, nor who takes rows without the worker protocol. */
const isWorker = (owner: string): boolean => !owner.startsWith(OWN_LEASES) && !owner.startsWith(ROW_CLIENT_PREFIX)
/** A worker that sends no heartbeat, by the leases that it holds. */
const byLease = ({ owner, count, at }: { owner: string; count: number; at: number }): WorkerView => ({
  ...{ worker_id: owner, hostname: owner.slice(0, 255), last_seen: isoTime(new Date(at)), status: 'leased' },
  ...{ concurrent_tasks: count, ram_usage_pct: 0, pid: 0, cpu_usage: 0, memory_usage: 0, tasks_count: count, via: 'lease' },
})

/** One view a process, the newest; by hostname and pid, in byte order as the database has it. */
const newestOf = (views: WorkerView[]): WorkerView[] => {
  const newest = new Map<string, WorkerView>()
  for (const view of views) {
    const key = `${view.hostname}\n${view.pid}`
    const known = newest.get(key)
    if (!known || known.last_seen < view.last_seen) newest.set(key, view)
  }
  return [...newest.values()].sort((a, b) => Buffer.compare(Buffer.from(a.hostname), Buffer.from(b.hostname)) || a.pid - b.pid)
}

/** Which tasks a worker takes: those of these kinds and, of runs, of these sites. */
export type Wanted = Partial<Pick<z.output<typeof model.leaseBody>, 'kinds' | 'site_keys' | 'exclude_site_keys'>>

/** The worker protocol (gifty §4), the same for HTTP and WebSocket, and the list of live workers (§8). */
export const createFleet = ({ db, clock, engine, dispatcher, redisHeartbeats, taskIdOfRun }: FleetDeps) => {
  const { workerHeartbeats } = fleetTables(db.kit)
  /** The lease request to the engine for a worker. */
  const offered = ({ kinds, site_keys, exclude_site_keys }: Wanted) => ({
    kinds: kinds ? FLEET_KINDS.filter((kind) => kinds.includes(kind)) : DEFAULT_KINDS,
    ...(site_keys ? { siteKeys: site_keys } : {}),
    ...(exclude_site_keys ? { excludeSiteKeys: exclude_site_keys } : {}),
  })
  const fits = (progress: unknown) =>
    progress === undefined || Buffer.byteLength(JSON.stringify(progress) ?? '') <= PROGRESS_BYTES
  /** A result as it is stored: with the end of its logs. */
  const cutLogs = (result: unknown): unknown => {
    const logs = (result as { logs?: unknown } | null | undefined)?.logs
    return typeof logs === 'string' && logs.length > MAX_LOGS ? { ...(result as object), logs: tailOf(logs, MAX_LOGS) } : result
  }

  return {
    async lease(body: z.output<typeof model.leaseBody>, signal?: AbortSignal) {
      const request = { owner: body.worker_id, ...offered(body), max: body.max, leaseMs: body.lease_seconds * 1000 }
      return { tasks: (await dispatcher.lease(request, body.wait_seconds * 1000, signal)).map(toTask) }
    },
    async heartbeat(id: string, body: z.output<typeof model.heartbeatBody>) {
      const keeps = fits(body.progress)
      const beat = await engine.heartbeat(
        { id, owner: body.worker_id, fence: body.fence },
        body.lease_seconds ? body.lease_seconds * 1000 : undefined,
        keeps ? body.progress : undefined,
        FLEET_KINDS,
      )
      if (isRefusal(beat)) throw refused(beat)
      return {
        ...OK,
        lease_expires_at: isoTime(beat.leaseExpiresAt),
        cancel_requested: beat.cancelRequested,
        ...(keeps ? {} : { progress_dropped: true as const }),
      }
    },
    async complete(id: string, body: z.output<typeof model.completeBody>) {
      const done = { id, fence: body.fence, result: cutLogs(body.result) }
      const refusal = (await engine.complete(body.worker_id, [done], FLEET_KINDS)).get(id)
      if (refusal) throw refused(refusal)
      return { ...OK, state: 'completed' as const }
    },
    async completeMany(body: z.output<typeof model.completeManyBody>) {
      const done = body.tasks.map((task) => ({ ...task, result: cutLogs(task.result) }))
      const refusals = await engine.complete(body.worker_id, done, FLEET_KINDS)
      return {
        ...OK,
        // A task that is named twice is one.
        completed: new Set(body.tasks.flatMap(({ id }) => (refusals.has(id) ? [] : [id]))).size,
        rejected: [...refusals].map(([id, refusal]) => ({ id, code: codeOf(refusal), message: refusal.message })),
      }
    },
    async fail(id: string, body: z.output<typeof model.failBody>) {
      const outcome = await engine.fail(
        { id, owner: body.worker_id, fence: body.fence },
        { error: body.error, retryable: body.retryable },
        FLEET_KINDS,
      )
      if (isRefusal(outcome)) throw refused(outcome)
      return { ...OK, state: STATUS[outcome.state], next_attempt_at: isoTimeOrNull(outcome.nextAttemptAt) }
    },
    async release(id: string, body: z.output<typeof model.releaseBody>) {
      const runAfter = body.delay_seconds > 0 ? new Date(clock.now() + body.delay_seconds * 1000) : undefined
      const refusal = (await engine.release([{ id, owner: body.worker_id, fence: body.fence }], FLEET_KINDS, runAfter)).get(id)
      if (refusal) throw refused(refusal)
      return OK
    },
    /** Stores a worker's sign of life. It survives a restart, so that the list is whole right after it. */
    async workerHeartbeat(body: z.output<typeof model.workerHeartbeatBody>, via: 'http' | 'ws') {
      const now = new Date(clock.now())
      const row = {
        hostname: body.hostname,
        pid: body.pid,
        workerId: body.worker_id ?? `${body.hostname}:${body.pid}`,
        status: body.status,
        concurrentTasks: body.concurrent_tasks,
        ramUsagePct: body.ram_usage_pct,
        cpuUsage: body.cpu_usage ?? 0,
        via,
        lastSeen: now,
      }
      await db.tx(function* (tx) {
        yield tx
          .insert(workerHeartbeats)
          .values(row)
          .onConflictDoUpdate({ target: [workerHeartbeats.hostname, workerHeartbeats.pid], set: row })
          .returning({ pid: workerHeartbeats.pid })
      })
      return { ...OK, expires_in: WORKER_LIFE_MS / 1000 }
    },
    /**
     * Stores that connected workers are alive. The load that a worker reported earlier stays. One row for each hostname and pid.
     */
    async seen(workers: { worker_id: string; hostname: string; pid: number; tasks: number }[]): Promise<void> {
      const lastSeen = new Date(clock.now())
      const rows = workers.map(({ worker_id, hostname, pid, tasks }) => ({
        hostname,
        pid,
        workerId: worker_id,
        status: 'online',
        concurrentTasks: tasks,
        ramUsagePct: 0,
        cpuUsage: 0,
        via: 'ws' as const,
        lastSeen,
      }))
      const set = { workerId: sql`excluded.worker_id`, via: sql`excluded.via`, lastSeen: sql`excluded.last_seen` }
      await db.tx(function* (tx) {
        for (let from = 0; from < rows.length; from += ROWS_AT_ONCE)
          yield tx
            .insert(workerHeartbeats)
            .values(rows.slice(from, from + ROWS_AT_ONCE))
            .onConflictDoUpdate({ target: [workerHeartbeats.hostname, workerHeartbeats.pid], set })
            .returning({ pid: workerHeartbeats.pid })
      })
    },
    async workers(): Promise<WorkerView[]> {
      const [rows, holders, fromRedis] = await Promise.all([
        db.q
          .select()
          .from(workerHeartbeats)
          .where(gt(workerHeartbeats.lastSeen, new Date(clock.now() - WORKER_LIFE_MS)))
          .orderBy(bytewise(db, workerHeartbeats.hostname), workerHeartbeats.pid),
        engine.holders(),
        redisHeartbeats?.() ?? [],
      ])
      const views = rows.map((row) => ({
        worker_id: row.workerId,
        hostname: row.hostname,
        last_seen: isoTime(row.lastSeen),
        status: row.status,
        concurrent_tasks: row.concurrentTasks,
        ram_usage_pct: row.ramUsagePct,
        pid: row.pid,
        cpu_usage: row.cpuUsage,
        memory_usage: row.ramUsagePct,
        tasks_count: row.concurrentTasks,
        via: row.via,
      }))
      const alive = fromRedis.length === 0 ? views : newestOf([...views, ...fromRedis])
      const known = new Set(alive.map(({ worker_id }) => worker_id))
      return [...alive, ...holders.filter(({ owner }) => !known.has(owner) && isWorker(owner)).map(byLease)]
    },
    *purgeWorkers(tx: Tx, before: Date): Steps<void> {
      yield* q(tx.delete(workerHeartbeats).where(lte(workerHeartbeats.lastSeen, before)).returning({ pid: workerHeartbeats.pid }))
    },

    /** Tasks of every family, newest first (operations §3). */
    async tasks(query: z.output<typeof model.tasksQuery>) {
      const place = query.cursor ? decodeCursor(query.cursor) : undefined
      const after = place?.[0]
      if (query.cursor && !(typeof after === 'string' && isUuid(after)))
        throw invalidField(['query', 'cursor'], 'Input should be a cursor of this list', query.cursor)
      const kinds = query.kind ? new Set(query.kind.split(',').map((kind) => kind.trim())) : undefined
      const ofStatus = query.status ? statesOf(query.status) : undefined
      const isSummary = query.view === 'summary'
      const id = query.run_id ? await taskIdOfRun(query.run_id) : undefined
      if (query.run_id && id === undefined) return { tasks: [], next_cursor: null }
      const { tasks, next, searchedTo } = await engine.list({
        id,
        kinds: kinds ? engine.knownKinds().filter((kind) => kinds.has(kind)) : engine.knownKinds(),
        state: query.state && ofStatus ? query.state.filter((state) => ofStatus.includes(state)) : (query.state ?? ofStatus),
        after: after as string | undefined,
        limit: query.limit,
        from: query.from,
        to: query.to,
        pattern: query.q ? likePattern(query.q) : null,
        site: query.site_key ?? null,
        group: query.group ?? null,
        owner: query.worker_id ?? null,
        source: query.source_id ?? null,
        isSummary,
      })
      return {
        tasks: tasks.map((task) => {
          const { payload, result, progress, ...summary } = toTaskInfo(task)
          return (isSummary ? summary : { ...summary, payload, result, progress }) as model.ListedTask
        }),
        next_cursor: next === undefined ? null : encodeCursor([next]),
        ...(searchedTo === undefined ? {} : { searched_to: isoTime(new Date(timeOfId(searchedTo))) }),
      }
    },
    /** Pages of tasks after another, newest first. */
    async *pages(query: Omit<z.output<typeof model.tasksExportQuery>, 'format'>): AsyncGenerator<model.ListedTask[], void> {
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page: { tasks: model.ListedTask[]; next_cursor: string | null } = await this.tasks({
          ...{ ...query, run_id: null, limit: EXPORT_PAGE, cursor },
        })
        yield page.tasks
        cursor = page.next_cursor
      }
    },
    async task(id: string) {
      const task = await engine.get(id)
      if (!task || !engine.knownKinds().includes(task.kind)) throw notFound('Task not found')
      return toTaskInfo(task) as model.AnyTask
    },
    async redrive(body: z.output<typeof model.redriveBody>) {
      if (!body.ids && !body.kind)
        throw invalidRequest([{ type: 'missing', loc: ['body', 'ids'], msg: 'ids or kind is required', input: null }])
      const { redriven, skipped } = await engine.redrive(
        { ids: body.ids ?? undefined, kind: body.kind ?? undefined, limit: body.limit ?? undefined },
        FLEET_KINDS,
      )
      return { ...OK, redriven: redriven.length, skipped }
    },
    async cancel(id: string) {
      const outcome = await engine.cancel(id, FLEET_KINDS)
      if (isRefusal(outcome)) throw refused(outcome)
      return { ...OK, state: outcome.state === 'cancelling' ? 'cancel_requested' : STATUS[outcome.state] }
    },
    /** Tasks a worker holds now: what counts against a socket's `max` after a reconnect. */
    held: (owner: string) => engine.heldBy(owner, FLEET_KINDS),
    offered,
  }
}
export type Fleet = ReturnType<typeof createFleet>

const HEARTBEAT_KEYS = 'worker_heartbeat:'
const MGET_MAX = 500

/** A time as workers write it: ISO 8601, UTC where no zone is named, or seconds or milliseconds since the epoch. */
const seenAt = z.union([
  z
    .string()
    .transform((text) => Date.parse(/(?:z|[+-]\d\d:?\d\d)$/i.test(text.trim()) ? text : `${text}Z`))
    .refine(Number.isFinite),
  z
    .number()
    .transform((value) => (value < 1e11 ? value * 1000 : value))
    .refine((value) => Math.abs(value) <= 8.64e15),
])
/** The body of the HTTP heartbeat, and when it was written. */
const heartbeat = workerHeartbeatBody.extend({ last_seen: seenAt.nullish() })

const parseHeartbeat = (text: string | undefined): z.output<typeof heartbeat> | undefined => {
  try {
    return text === undefined ? undefined : heartbeat.safeParse(JSON.parse(text)).data
  } catch {
    // Other services may write such a key (gifty §8): a value that is no heartbeat is ignored.
    return undefined
  }
}

/** Live workers that write heartbeats to Redis (gifty §8): a key lives as long as its worker does. Empty while Redis is away. */
export const createRedisHeartbeats = (redis: Redis, clock: Clock, log: Log) => async (): Promise<WorkerView[]> => {
  try {
    const keys = await redis.keysThatBegin(HEARTBEAT_KEYS)
    const views: WorkerView[] = []
    for (let from = 0; from < keys.length; from += MGET_MAX)
      for (const text of await redis.getMany(keys.slice(from, from + MGET_MAX))) {
        const beat = parseHeartbeat(text)
        if (!beat) continue
        views.push({
          worker_id: beat.worker_id ?? `${beat.hostname}:${beat.pid}`,
          hostname: beat.hostname,
          last_seen: isoTime(new Date(beat.last_seen ?? clock.now())),
          status: beat.status,
          concurrent_tasks: beat.concurrent_tasks,
          ram_usage_pct: beat.ram_usage_pct,
          pid: beat.pid,
          cpu_usage: beat.cpu_usage ?? 0,
          memory_usage: beat.ram_usage_pct,
          tasks_count: beat.concurrent_tasks,
          via: 'redis',
        })
      }
    return views
  } catch (error) {
    log.debug('worker heartbeats could not be read from redis', { error })
    return []
  }
}
