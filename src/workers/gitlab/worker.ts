import { backoffMs, jittered } from '../waiting.ts'
import { type Control, createControl } from './control.ts'
import { ApiProblem, messageOf } from './errors.ts'
import type { LeasedTask } from './model.ts'
import type { Shared } from './shared.ts'
import { type RunningTask, startTask } from './task.ts'

/** Why a worker is over; `message` says it to the operator. */
export interface Ending {
  reason: 'stopped' | 'server_shutdown' | 'unauthorized'
  message: string
}

export interface GitlabWorker {
  /** Leases nothing more, lets tasks finish their page, gives them back; resolves within `stopSeconds`. */
  stop(): Promise<void>
  /** Resolves when the worker has ended, asked to or not. */
  ended: Promise<Ending>
}

export interface WorkerOptions extends Omit<Shared, 'unauthorized'> {
  /** How long a stop may take, at most 30; default 28. */
  stopSeconds?: number
}

const MOST_BACKOFF_MS = 30_000
/** A server that does not hold the poll would otherwise be asked in a tight loop. */
const LEAST_POLL_MS = 1000

interface Held extends RunningTask {
  control: Control
  fence: number
}

/** The loop of gitlab-worker §2: leases while it has room, keeps leases alive, ends as it was told to. */
export const startLoop = (options: WorkerOptions): GitlabWorker => {
  const { api, settings, clock, random, log, workerId } = options
  const { concurrency, leaseSeconds, waitSeconds, types } = settings
  const stopMs = (options.stopSeconds ?? 28) * 1000
  const held = new Map<string, Held>()
  const stopping = new AbortController()
  let wake = () => {}
  let ending: Ending = { reason: 'stopped', message: 'stopped' }

  const shared: Shared = {
    ...options,
    unauthorized() {
      ending = { reason: 'unauthorized', message: 'the crawler API refuses the token (401): check CRAWLER_API_TOKEN' }
      void stop()
    },
  }

  const take = (task: LeasedTask) => {
    const control = createControl(clock, stopping.signal)
    held.get(task.id)?.control.lose() // under an older fence it is lost, whether we have heard so or not
    const running: Held = { ...startTask(shared, task, control), control, fence: task.lease.fence }
    held.set(task.id, running)
    log.info('task leased', { task_id: task.id, type: task.type, fence: task.lease.fence })
    void running.done.then(() => {
      if (held.get(task.id) === running) held.delete(task.id)
      wake()
    })
  }

  const room = () =>
    new Promise<void>((resolve) => {
      wake = resolve
      if (held.size < concurrency || stopping.signal.aborted) resolve()
    })

  const poll = async () => {
    for (let failures = 0; !stopping.signal.aborted; ) {
      if (held.size >= concurrency) {
        await room()
        continue
      }
      const askedAt = clock.now()
      try {
        const max = concurrency - held.size
        const tasks = await api.lease({ workerId, types, max, leaseSeconds, waitSeconds }, stopping.signal)
        failures = 0
        for (const task of tasks) take(task)
        if (tasks.length === 0 && clock.now() - askedAt < LEAST_POLL_MS) await clock.sleep(LEAST_POLL_MS, stopping.signal)
      } catch (error) {
        if (stopping.signal.aborted) return
        if (error instanceof ApiProblem && error.status === 401) return shared.unauthorized()
        const told = error instanceof ApiProblem ? (error.retryAfterMs ?? 0) : 0
        const waitMs = Math.max(told, jittered(backoffMs(++failures, MOST_BACKOFF_MS), random))
        log.warn('no lease', { problem: messageOf(error), retry_in_ms: waitMs })
        await clock.sleep(waitMs, stopping.signal)
      }
    }
  }

  /** One heartbeat for all tasks, where the transport has it; over HTTP each task keeps its own lease. */
  const beat = async () => {
    const { heartbeat } = api
    if (!heartbeat) return
    const ended = endSignal.signal
    while (!ended.aborted) {
      await clock.sleep((leaseSeconds * 1000) / 3, ended)
      const tasks = [...held]
      if (ended.aborted || tasks.length === 0) continue
      const sentAt = clock.now()
      try {
        const lost = new Set(
          await heartbeat(
            tasks.map(([id]) => id),
            10_000,
          ),
        )
        for (const [id, task] of tasks)
          if (lost.has(id)) task.control.lose()
          else task.prolonged(sentAt)
      } catch (error) {
        log.warn('heartbeat failed', { problem: messageOf(error) })
      }
    }
  }

  const endSignal = new AbortController()
  let stopped: Promise<void> | undefined
  const end = async () => {
    stopping.abort()
    wake()
    const over = new AbortController()
    const all = (async () => {
      await polling // no task can arrive after this
      while (held.size > 0) await Promise.all([...held.values()].map((task) => task.done))
    })()
    // Two thirds for the page in flight, the rest for giving back.
    void clock.sleep((stopMs * 2) / 3, over.signal).then(() => {
      if (!over.signal.aborted) for (const { control } of held.values()) control.hurry()
    })
    await Promise.race([all, clock.sleep(stopMs, over.signal)])
    over.abort()
    for (const { control } of held.values()) control.lose()
    endSignal.abort()
    await api.close()
    resolveEnded(ending)
  }
  const stop = () => (stopped ??= end())

  let resolveEnded: (ending: Ending) => void = () => {}
  const ended = new Promise<Ending>((resolve) => {
    resolveEnded = resolve
  })
  api.listen({
    cancelled: (taskId) => held.get(taskId)?.control.lose(),
    shutdown() {
      ending = { reason: 'server_shutdown', message: 'the server is shutting down' }
      log.info('the server is shutting down, so the worker stops')
      void stop()
    },
  })
  const failed = (error: unknown) => log.error('a loop of the worker ended', { problem: messageOf(error) })
  const polling = poll().catch(failed)
  beat().catch(failed)
  return { stop, ended }
}
