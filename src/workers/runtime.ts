import { JobDelayed, JobFailed } from '../errors.ts'
import { backoffMs, type Clock, jittered } from '../platform/clock.ts'
import { type Log, redactText } from '../platform/log.ts'

/** What the runtime has to know of a leased task; a port's own type carries the rest. */
export interface Leased {
  id: string
  kind: string
  /** Grows with every lease of the task. */
  fence: number
  /** Length of this lease where the server decides it, in milliseconds; otherwise the worker's `leaseMs`. */
  leaseMs?: number | null
}

/** The lease is lost: the work ends at once, and no verdict is sent. */
export class LeaseGone extends Error {
  override name = 'LeaseGone'
  constructor(message = 'the lease is gone') {
    super(message)
  }
}

/** The work ends before it is done, because the worker stops or the task is being cancelled: the lease is given back. */
export class Interrupted extends Error {
  override name = 'Interrupted'
  constructor(message = 'the worker is stopping') {
    super(message)
  }
}

/** A task in the hands of this worker. After `signal` aborts, nothing done under its fence should have an effect. */
export interface Job<T extends Leased = Leased> {
  task: T
  /** Aborts when the work has to end at once. Reason: `LeaseGone`, `Interrupted`, or the error of an attempt that took too long. */
  signal: AbortSignal
  /** Aborts when the worker is stopped. With a grace period the work may continue to its next checkpoint, until `signal` aborts. */
  stopping: AbortSignal
  /** Aborts when the lease is gone: the server may not be spoken to about this task any more. */
  lost: AbortSignal
  log: Log
  /** When the lease ends by our own clock, in ms since the epoch. */
  leaseEndsAt(): number
  /** Prolongs the lease now and shows `progress`. Never rejects: what a failure means is decided here. */
  heartbeat(progress?: unknown): Promise<void>
  /** Something else that was sent at this time (ms) has prolonged the lease. */
  prolonged(sentAt: number): void
  /** The lease is gone, as another call has found out. */
  lose(reason: string): void
}

/** What a heartbeat has found: `skipped` when none was sent, because another call of the task prolongs its lease. */
export type Beat = 'kept' | 'cancelled' | 'lost' | 'skipped'

export interface Failure {
  /** Without credentials. */
  message: string
  retryable: boolean
  /** The error of the work. */
  cause: unknown
}

/**
 * A protocol by which tasks are leased. Verbs repeat themselves as far as their protocol allows, end within a bounded time and throw
 * `LeaseGone` when the lease is lost; after any other error the lease runs out by itself, and the task is offered again.
 */
export interface WorkPort<T extends Leased> {
  /** Up to `max` tasks, as soon as there is one; `[]` after `waitMs` or when `signal` aborts. */
  lease(max: number, waitMs: number, signal: AbortSignal): Promise<T[]>
  heartbeat(job: Job<T>, progress?: unknown): Promise<Beat>
  /** Where one call prolongs all leases of a worker: answers the ids of the tasks that are lost. Then `heartbeat` only shows progress. */
  heartbeatAll?(jobs: readonly Job<T>[]): Promise<ReadonlySet<string>>
  /** @throws JobFailed the server refuses this result: the task fails so */
  complete(job: Job<T>, result: unknown): Promise<void>
  fail(job: Job<T>, failure: Failure): Promise<void>
  /** Gives the task back, the attempt uncounted; `delayMs`: not to be offered again before. @throws JobFailed as above */
  release(job: Job<T>, delayMs?: number): Promise<void>
  /** The last act of a stop. `jobs` have not ended in time; their leases count as lost from here on. */
  abandon?(jobs: readonly Job<T>[]): Promise<void>
  /** Least time until the next lease request after this failure, in ms. */
  leaseRetryMs?(error: unknown): number
}

export interface RuntimeOptions<T extends Leased> {
  port: WorkPort<T>
  /** Answers the result. Throw `JobFailed` or `JobDelayed` for a verdict; anything else is a failure worth a retry. */
  run(job: Job<T>): Promise<unknown>
  clock: Clock
  log: Log
  /** Tasks at once. */
  concurrency: number
  /** All durations in milliseconds. */
  leaseMs: number
  /** Longest time without a heartbeat; default a third of the lease. */
  renewMs?: number
  /** Without success this long before its end, a lease counts as lost; default 0. */
  marginMs?: number
  /** An attempt that takes longer has failed; default: none does. */
  timeoutMs?: number
  /** Length of one poll; default 20 s. */
  waitMs?: number
  /** Wait after the first lease request that failed; default 500. It doubles with each further one, up to `mostBackoffMs` (30 s), ± 20 %. */
  firstBackoffMs?: number
  mostBackoffMs?: number
  /** 0..1 */
  random?: () => number
  /** How long a stop may take; default 5 s. */
  stopMs?: number
  /** Milliseconds of that time for which the work may continue before it is aborted; default 0. */
  graceMs?: number
}

export interface Runtime {
  /** Takes tasks from now on, until `stop`. */
  start(): void
  /** Runs what is ready now to its end, one after another; answers how many tasks that were. */
  drain(): Promise<number>
  /** Takes nothing more, ends what runs, gives its leases back; resolves when that is done, at the latest after `stopMs`. */
  stop(): Promise<void>
  /** How many tasks run. */
  size(): number
  /** Called when the server cancels this task. */
  cancelled(taskId: string): void
  /** Called when the server answers that this worker has lost the lease. */
  lost(taskId: string): void
}

type Ending = 'lost' | 'cancelled' | 'timeout' | 'stopping'

interface Held<T extends Leased> extends Job<T> {
  end(reason: Ending, why?: string): void
  /** Why the work was aborted. */
  ending(): Ending | undefined
  beatAt: number
  leaseMs: number
  /** Ends the heartbeats and the time limit. */
  timers: AbortController
  done: Promise<void>
}

/** Milliseconds of pause after an empty poll that took less: a server that answers at once must not be polled in a tight loop. */
const LEAST_POLL_MS = 1000

/** The one worker runtime: leases while it has free places, keeps leases alive, delivers verdicts, gives leases back on a stop. */
export const createRuntime = <T extends Leased>(options: RuntimeOptions<T>): Runtime => {
  const { port, clock, log, concurrency, waitMs = 20_000, marginMs = 0, random = Math.random } = options
  const { firstBackoffMs = 500, mostBackoffMs = 30_000, stopMs = 5000, graceMs = 0 } = options
  const held = new Set<Held<T>>()
  const stopping = new AbortController()
  let freed = () => {}

  const hold = (task: T): Held<T> => {
    const hard = new AbortController()
    const gone = new AbortController()
    const timers = new AbortController()
    const leaseMs = task.leaseMs ?? options.leaseMs
    let ending: Ending | undefined
    let leaseEndsAt = clock.now() + leaseMs
    const job: Held<T> = {
      task,
      signal: hard.signal,
      stopping: stopping.signal,
      lost: gone.signal,
      log: log.child({ task_id: task.id, kind: task.kind }),
      beatAt: clock.now(),
      leaseMs,
      timers,
      done: Promise.resolve(),
      ending: () => ending,
      leaseEndsAt: () => leaseEndsAt,
      prolonged(sentAt) {
        // Answers may come in another order, and no lease ends later than one that begins now: the clock may have been set back.
        leaseEndsAt = Math.max(Math.min(leaseEndsAt, clock.now() + leaseMs), sentAt + leaseMs)
        job.beatAt = Math.max(job.beatAt, sentAt)
      },
      heartbeat: (progress) => beat(job, progress),
      lose: (why) => job.end('lost', why),
      end(reason, why) {
        ending ??= reason
        // Timed-out work that ignores its signal is still running: its lease is kept, so that no other worker gets the task.
        if (reason !== 'timeout') timers.abort()
        if (reason === 'lost') {
          if (!gone.signal.aborted) job.log.warn('lease lost, work dropped', { reason: why })
          gone.abort(new LeaseGone())
        }
        hard.abort(reasonOf(reason))
      },
    }
    return job
  }

  /** One heartbeat; of all jobs where the port has that, unless there is progress to show. */
  const beat = async (job: Held<T>, progress?: unknown): Promise<void> => {
    const sentAt = clock.now()
    const together = port.heartbeatAll !== undefined && progress === undefined
    const jobs = together ? [...held].filter((one) => !one.timers.signal.aborted) : [job]
    for (const one of jobs) one.beatAt = sentAt
    try {
      const lost = together ? await port.heartbeatAll?.(jobs) : undefined
      for (const one of jobs) {
        const answer = lost ? (lost.has(one.task.id) ? 'lost' : 'kept') : await port.heartbeat(one, progress)
        if (answer === 'lost') one.end('lost', 'the server says so')
        else if (answer !== 'skipped') one.prolonged(sentAt)
        if (answer === 'cancelled') one.end('cancelled')
      }
    } catch (error) {
      if (error instanceof LeaseGone) return job.end('lost', error.message)
      const open = jobs.filter((one) => !one.timers.signal.aborted)
      if (open.length > 0) log.warn('heartbeat failed', { tasks: open.map((one) => one.task.id), error: messageOf(error) })
      // Without an answer for a whole lease another worker may have the task by now.
      for (const one of open) if (clock.now() >= one.leaseEndsAt() - marginMs) one.end('lost', 'no heartbeat was answered')
    }
  }

  /** Prolongs a lease whenever nothing else has done so for `renewMs`, until the work has ended. */
  const keep = async (job: Held<T>): Promise<void> => {
    const { signal } = job.timers
    const renewMs = options.renewMs ?? job.leaseMs / 3
    while (!signal.aborted) {
      const passedMs = clock.now() - job.beatAt
      // Less than nothing: the clock was set back, which must not end the heartbeats.
      const dueInMs = passedMs < 0 ? 0 : renewMs - passedMs
      const leftMs = job.leaseEndsAt() - marginMs - clock.now()
      if (dueInMs <= 0) await beat(job)
      else if (leftMs <= 0) job.end('lost', 'no heartbeat was answered')
      else await clock.sleep(Math.min(dueInMs, leftMs), signal)
    }
  }

  const limit = async (job: Held<T>, timeoutMs: number): Promise<void> => {
    await clock.sleep(timeoutMs, job.timers.signal)
    if (!job.timers.signal.aborted) job.end('timeout')
  }

  /** Sends the verdict of the work to the server. */
  const conclude = async (job: Held<T>, outcome: { result: unknown } | { error: unknown }): Promise<void> => {
    if (job.lost.aborted) return
    try {
      // Also after a stop or a cancel: finished work is completed.
      if (!('result' in outcome)) return await settle(job, outcome.error)
      await port.complete(job, outcome.result)
      job.log.info('task completed', { fence: job.task.fence })
    } catch (error) {
      // Without a verdict the task would be leased again and its result refused again.
      if (!(error instanceof JobFailed)) throw error
      await fail(job, error)
    }
  }
  const settle = async (job: Held<T>, error: unknown): Promise<void> => {
    const ending = job.ending()
    if (error instanceof LeaseGone) return job.end('lost', error.message)
    if (error instanceof Interrupted || ending === 'cancelled' || ending === 'stopping') {
      await port.release(job)
      return job.log.info('task given back', { reason: ending ?? 'stopping' })
    }
    if (error instanceof JobDelayed) {
      await port.release(job, error.delayMs)
      return job.log.info('task given back', { reason: error.message, delay_ms: error.delayMs })
    }
    const tooLate = ending === 'timeout' && !(error instanceof JobFailed)
    return fail(job, tooLate ? new JobFailed('The attempt took too long', true) : error)
  }
  const fail = async (job: Held<T>, error: unknown) => {
    const message = redactText(messageOf(error))
    const retryable = error instanceof JobFailed ? error.retryable : true
    await port.fail(job, { message, retryable, cause: error })
    job.log.warn('task failed', { error: message, retryable })
  }

  const attempt = async (job: Held<T>): Promise<{ result: unknown } | { error: unknown }> => {
    try {
      // It arrived with a poll that the stop has broken off.
      if (stopping.signal.aborted) throw new Interrupted()
      void keep(job)
      if (options.timeoutMs !== undefined) void limit(job, options.timeoutMs)
      return { result: await options.run(job) }
    } catch (error) {
      return { error }
    }
  }

  const work = async (job: Held<T>): Promise<void> => {
    try {
      await conclude(job, await attempt(job))
    } catch (error) {
      // The lease runs out by itself, and the task is offered again with a higher fence.
      if (error instanceof LeaseGone) job.end('lost', error.message)
      else job.log.warn('the end of a task was not delivered', { error: messageOf(error) })
    } finally {
      job.timers.abort()
      held.delete(job)
      freed()
    }
  }

  const of = (taskId: string) => [...held].filter(({ task }) => task.id === taskId)
  const take = (task: T): Promise<void> => {
    // A lease with an older fence is lost, even if no answer has said so yet.
    for (const older of of(task.id)) older.end('lost', 'the task was leased again')
    const job = hold(task)
    held.add(job)
    job.log.debug('task leased', { fence: task.fence })
    job.done = work(job)
    return job.done
  }

  const room = () =>
    new Promise<void>((resolve) => {
      freed = resolve
      if (held.size < concurrency || stopping.signal.aborted) resolve()
    })

  const serve = async (): Promise<void> => {
    for (let failures = 0; !stopping.signal.aborted; ) {
      if (held.size >= concurrency) {
        await room()
        continue
      }
      const askedAt = clock.now()
      try {
        const tasks = await port.lease(concurrency - held.size, waitMs, stopping.signal)
        failures = 0
        for (const task of tasks) void take(task)
        if (tasks.length === 0 && clock.now() - askedAt < LEAST_POLL_MS) await clock.sleep(LEAST_POLL_MS, stopping.signal)
      } catch (error) {
        if (stopping.signal.aborted) return
        const backoff = jittered(backoffMs(++failures, mostBackoffMs, firstBackoffMs), random)
        const retryMs = Math.max(port.leaseRetryMs?.(error) ?? 0, backoff)
        log.warn('no lease', { error: messageOf(error), retry_in_ms: retryMs })
        await clock.sleep(retryMs, stopping.signal)
      }
    }
  }

  let serving: Promise<void> = Promise.resolve()
  let stopped: Promise<void> | undefined
  const end = async (): Promise<void> => {
    stopping.abort()
    freed()
    const all = (async () => {
      await serving // no task can arrive after this
      while (held.size > 0) await Promise.all([...held].map((job) => job.done))
    })()
    const over = new AbortController()
    const within = (ms: number) => Promise.race([all, clock.sleep(ms, over.signal)])
    if (graceMs > 0) await within(graceMs)
    for (const job of held) job.end('stopping')
    await within(stopMs - graceMs)
    over.abort()
    if (!port.abandon) return
    const left = [...held]
    for (const job of left) job.end('lost', 'the stop does not wait for it')
    await port.abandon(left).catch((error) => log.warn('leases were not given back', { error: messageOf(error) }))
  }

  return {
    start() {
      serving = serve()
    },
    async drain() {
      let ran = 0
      for (; !stopping.signal.aborted; ran++) {
        const [task] = await port.lease(1, 0, stopping.signal)
        if (!task) break
        await take(task)
      }
      return ran
    },
    stop: () => (stopped ??= end()),
    size: () => held.size,
    cancelled(taskId) {
      for (const job of of(taskId)) job.end('cancelled')
    },
    lost(taskId) {
      for (const job of of(taskId)) job.end('lost', 'the server says so')
    },
  }
}

const reasonOf = (ending: Ending): Error => {
  if (ending === 'lost') return new LeaseGone()
  if (ending === 'timeout') return new Error('The attempt took too long')
  return new Interrupted(ending === 'cancelled' ? 'the task is being cancelled' : undefined)
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message || error.name : String(error))
