import { totalmem } from 'node:os'
import type { Clock } from '../platform/clock.ts'
import { type Log, redactText } from '../platform/log.ts'
import {
  type IngestAnswer,
  type IngestBatch,
  type LeasedTask,
  type LeaseRef,
  PortRefused,
  PortUnavailable,
  StaleLease,
  type WorkerPort,
} from './port.ts'

/** What a running task may use. After `signal` aborts, nothing it sends can have an effect. */
export interface TaskContext {
  task: LeasedTask
  /** Aborts when the lease is lost, the task is cancelled or the worker stops. */
  signal: AbortSignal
  clock: Clock
  log: Log
  /** Prolongs the lease and shows `progress` (JSON, <= 16 KiB). An unreachable server is not an error here: the lease loop handles it. */
  progress(progress: unknown): Promise<void>
  /** Stores a batch under the lease (gifty §3). Throws `PortRefused` (422), `PortUnavailable`; a lost lease aborts `signal` too. */
  ingest(batch: IngestBatch): Promise<IngestAnswer>
}

/** Runs one task and returns the `result` of complete. Throw `TaskFailure` to choose what the failure means. */
export type RunTask = (context: TaskContext) => Promise<unknown>

/** A failure with a verdict: `retryable: false` marks a source broken (gifty §4). */
export class TaskFailure extends Error {
  override name = 'TaskFailure'
  constructor(
    message: string,
    readonly retryable: boolean,
  ) {
    super(message)
  }
}

export interface WorkerOptions {
  port: WorkerPort
  clock: Clock
  log: Log
  /** 1..128 characters, unique among live workers. */
  workerId: string
  hostname: string
  pid: number
  kinds: string[]
  /** Tasks at once in this worker. */
  concurrency: number
  /** 5..3600 */
  leaseSeconds: number
  run: RunTask
  /** Length of one long poll, 0..30; default 20. */
  waitSeconds?: number
}

export interface Worker {
  /** Aborts what runs, gives its leases back and resolves when all is released (or the server cannot be told). */
  stop(): Promise<void>
}

type AbortReason = 'lost' | 'cancelled' | 'stopping'

interface Held {
  lease: LeaseRef
  controller: AbortController
  reason?: AbortReason
  /** When the lease ends by our own clock, ms; no heartbeat got through since. */
  expiresAt: number
  beatAt: number
  done: Promise<void>
}

const VITALS_EVERY_MS = 20_000
const FIRST_BACKOFF_MS = 500
const MAX_BACKOFF_MS = 30_000
/** How long `stop` waits for tasks that do not watch their signal. */
const STOP_GRACE_MS = 5_000

/** Starts a worker of the protocol in gifty §4: long poll, heartbeats at a third of the lease, release on stop. */
export const startWorker = (options: WorkerOptions): Worker => {
  const { port, clock, log, workerId, kinds, concurrency, leaseSeconds, waitSeconds = 20 } = options
  const held = new Set<Held>()
  const stopping = new AbortController()
  const leaseMs = leaseSeconds * 1000
  let freed: () => void = () => {}

  const abort = (item: Held, reason: AbortReason) => {
    if (item.reason) return
    item.reason = reason
    item.controller.abort(new Error(`task ${reason}`))
  }

  const beat = async (item: Held, progress?: unknown) => {
    const sentAt = clock.now()
    item.beatAt = sentAt
    try {
      const { cancelRequested } = await port.heartbeat(item.lease, { leaseSeconds, progress }, item.controller.signal)
      item.expiresAt = sentAt + leaseMs
      if (cancelRequested) abort(item, 'cancelled')
    } catch (error) {
      if (error instanceof StaleLease) return abort(item, 'lost')
      if (item.controller.signal.aborted) return
      log.warn('heartbeat failed', { task_id: item.lease.taskId, error: messageOf(error) })
      // Without an answer for a whole lease the task belongs to somebody else by now.
      if (clock.now() >= item.expiresAt) abort(item, 'lost')
    }
  }

  const finish = async (item: Held, task: LeasedTask, outcome: { result: unknown } | { error: unknown }) => {
    const taskLog = log.child({ task_id: task.id, kind: task.kind })
    if (item.reason === 'lost') return taskLog.warn('lease lost, work dropped')
    if (item.reason) {
      await port.release(item.lease)
      return taskLog.info('task released', { reason: item.reason })
    }
    if ('result' in outcome) {
      try {
        await port.complete(item.lease, outcome.result)
        return taskLog.info('task completed', { fence: task.fence })
      } catch (error) {
        // The server refuses this result for ever; without a word it would be leased out again and refused again.
        if (!(error instanceof PortRefused)) throw error
        outcome = { error: new TaskFailure(`Result refused: ${error.message}`, false) }
      }
    }
    const { error } = outcome
    const message = redactText(messageOf(error))
    await port.fail(item.lease, { error: message, retryable: error instanceof TaskFailure ? error.retryable : true })
    taskLog.warn('task failed', { error: message })
  }

  const work = async (item: Held, task: LeasedTask) => {
    const context: TaskContext = {
      task,
      signal: item.controller.signal,
      clock,
      log: log.child({ task_id: task.id }),
      progress: (progress) => beat(item, progress),
      ingest: async (batch) => {
        try {
          return await port.ingest(item.lease, batch, item.controller.signal)
        } catch (error) {
          if (error instanceof StaleLease) abort(item, 'lost')
          throw error
        }
      },
    }
    try {
      let outcome: { result: unknown } | { error: unknown }
      try {
        outcome = { result: await options.run(context) }
      } catch (error) {
        outcome = { error }
      }
      await finish(item, task, outcome)
    } catch (error) {
      // Nobody could be told: the lease expires and the task is offered again with a higher fence.
      const level = error instanceof StaleLease || error instanceof PortUnavailable ? 'warn' : 'error'
      log[level]('task outcome not delivered', { task_id: task.id, error: messageOf(error) })
    } finally {
      held.delete(item)
      freed()
    }
  }

  const take = (task: LeasedTask) => {
    const now = clock.now()
    const item: Held = {
      lease: { taskId: task.id, workerId, fence: task.fence },
      controller: new AbortController(),
      expiresAt: now + leaseMs,
      beatAt: now,
      done: Promise.resolve(),
    }
    held.add(item)
    if (stopping.signal.aborted) abort(item, 'stopping')
    item.done = work(item, task)
  }

  const poll = async () => {
    let failures = 0
    while (!stopping.signal.aborted) {
      if (held.size >= concurrency) {
        await new Promise<void>((resolve) => {
          freed = resolve
          if (stopping.signal.aborted || held.size < concurrency) resolve()
        })
        continue
      }
      try {
        const max = concurrency - held.size
        const askedAt = clock.now()
        const tasks = await port.lease({ workerId, kinds, max, leaseSeconds, waitSeconds }, stopping.signal)
        failures = 0
        for (const task of tasks) take(task)
        // A server that does not hold the poll would otherwise be asked in a tight loop.
        if (tasks.length === 0 && clock.now() - askedAt < 250) await clock.sleep(1000, stopping.signal)
      } catch (error) {
        if (stopping.signal.aborted) return
        failures++
        const waitMs =
          error instanceof PortRefused ? MAX_BACKOFF_MS : Math.min(FIRST_BACKOFF_MS * 2 ** (failures - 1), MAX_BACKOFF_MS)
        log.warn('no lease', { error: messageOf(error), retry_in_ms: waitMs })
        await clock.sleep(waitMs, stopping.signal)
      }
    }
  }

  /** One timer for all leases: each is renewed when a third of it has passed since its last heartbeat. */
  const keepLeases = async () => {
    const every = leaseMs / 3
    while (!stopping.signal.aborted) {
      await clock.sleep(every, stopping.signal)
      if (stopping.signal.aborted) return
      const due = [...held].filter((item) => !item.reason && clock.now() - item.beatAt >= every / 2)
      await Promise.all(due.map((item) => beat(item)))
    }
  }

  const reportVitals = async () => {
    let cpu = process.cpuUsage()
    let at = clock.now()
    while (!stopping.signal.aborted) {
      const usage = process.cpuUsage(cpu)
      const passedMs = clock.now() - at
      cpu = process.cpuUsage()
      at = clock.now()
      try {
        await port.workerHeartbeat({
          workerId,
          hostname: options.hostname,
          pid: options.pid,
          concurrentTasks: held.size,
          ramUsagePct: round1((process.memoryUsage.rss() / totalmem()) * 100),
          cpuUsage: passedMs > 0 ? round1((usage.user + usage.system) / 10 / passedMs) : 0,
          status: 'online',
        })
      } catch (error) {
        log.debug('worker heartbeat failed', { error: messageOf(error) })
      }
      await clock.sleep(VITALS_EVERY_MS, stopping.signal)
    }
  }

  const loops = [poll(), keepLeases(), reportVitals()].map((loop) =>
    loop.catch((error) => log.error('worker loop ended', { error: messageOf(error) })),
  )

  let stopped: Promise<void> | undefined
  const stop = async () => {
    stopping.abort()
    freed()
    await loops[0] // no task can arrive after this
    for (const item of held) abort(item, 'stopping')
    const done = new AbortController()
    await Promise.race([Promise.all([...held].map((item) => item.done)), clock.sleep(STOP_GRACE_MS, done.signal)])
    done.abort()
    // Tasks that ignore their signal lose their lease here; the fence makes whatever they still send harmless. The server is asked
    // too, because the poll that was broken off may have been answered with a lease that never arrived.
    const leases = new Map([...held].map((item) => [item.lease.taskId, item.lease]))
    try {
      for (const lease of await port.leases(workerId, kinds)) leases.set(lease.taskId, lease)
    } catch (error) {
      log.warn('the server did not tell what is still leased', { error: messageOf(error) })
    }
    await Promise.all(
      [...leases.values()].map((lease) =>
        port.release(lease).catch((error) => log.warn('lease not released', { task_id: lease.taskId, error: messageOf(error) })),
      ),
    )
  }
  return { stop: () => (stopped ??= stop()) }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message || error.name : String(error))
const round1 = (value: number) => Math.round(value * 10) / 10
