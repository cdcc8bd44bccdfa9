import { totalmem } from 'node:os'
import { JobFailed } from '../errors.ts'
import type { Clock } from '../platform/clock.ts'
import type { Log } from '../platform/log.ts'
import {
  type IngestAnswer,
  type IngestBatch,
  type LeasedTask,
  type LeaseRef,
  PortRefused,
  type RunLogLine,
  StaleLease,
  type WorkerPort,
} from './port.ts'
import { createRuntime, type Job, messageOf, type WorkPort } from './runtime.ts'

/** What a running task may use. After `signal` aborts, nothing it sends can have an effect. */
export interface TaskContext {
  task: LeasedTask
  /** Aborts when the lease is lost, the task is cancelled or the worker stops. */
  signal: AbortSignal
  clock: Clock
  log: Log
  /** Prolongs the lease and shows `progress` (JSON, <= 16 KiB). An unreachable server is not an error here: the runtime handles it. */
  progress(progress: unknown): Promise<void>
  /** Stores a batch under the lease (gifty §3). Throws `PortRefused` (422), `PortUnavailable`; a lost lease aborts `signal` too. */
  ingest(batch: IngestBatch): Promise<IngestAnswer>
  /** Appends to the log of the task's run. Throws as `ingest` does; also after `signal` has aborted, while the lease holds. */
  appendLog(runId: number, lines: RunLogLine[]): Promise<void>
}

/** Runs one task and returns the `result` of complete. Throw `JobFailed` to choose what the failure means: `retryable: false` marks a source broken. */
export type RunTask = (context: TaskContext) => Promise<unknown>

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
  /** 0..1, for jitter. */
  random?: () => number
}

export interface Worker {
  /** Aborts what runs, gives its leases back and resolves when all is released (or the server cannot be reached). */
  stop(): Promise<void>
}

const VITALS_EVERY_MS = 20_000
/** Milliseconds before a refused lease request is repeated: trying sooner does not help. */
const REFUSED_RETRY_MS = 30_000

/** Starts a worker of the protocol in gifty §4: long poll, heartbeats at a third of the lease, release on stop. */
export const startWorker = (options: WorkerOptions): Worker => {
  const { port, clock, log, workerId, kinds, leaseSeconds, concurrency, random } = options
  const over = new AbortController()
  const leaseOf = ({ task }: Job<LeasedTask>): LeaseRef => ({ taskId: task.id, workerId, fence: task.fence })

  const work: WorkPort<LeasedTask> = {
    lease: (max, waitMs, signal) => port.lease({ workerId, kinds, max, leaseSeconds, waitSeconds: waitMs / 1000 }, signal),
    async heartbeat(job, progress) {
      const { cancelRequested } = await port.heartbeat(leaseOf(job), { leaseSeconds, progress }, job.signal)
      return cancelRequested ? 'cancelled' : 'kept'
    },
    async complete(job, result) {
      try {
        await port.complete(leaseOf(job), result)
      } catch (error) {
        if (error instanceof PortRefused) throw new JobFailed(`Result refused: ${error.message}`, false)
        throw error
      }
    },
    fail: (job, { message, retryable }) => port.fail(leaseOf(job), { error: message, retryable }),
    release: (job) => port.release(leaseOf(job)),
    /**
     * Tasks that ignore their signal lose their lease here; the fence makes whatever they still send harmless. The server is asked too,
     * because the poll that was broken off may have been answered with a lease that never arrived.
     */
    async abandon(jobs) {
      const leases = new Map(jobs.map((job) => [job.task.id, leaseOf(job)]))
      try {
        for (const lease of await port.leases(workerId, kinds)) leases.set(lease.taskId, lease)
      } catch (error) {
        log.warn('the server did not answer which tasks are still leased', { error: messageOf(error) })
      }
      const release = (lease: LeaseRef) =>
        port.release(lease).catch((error) => log.warn('lease not released', { task_id: lease.taskId, error: messageOf(error) }))
      await Promise.all([...leases.values()].map(release))
    },
    leaseRetryMs: (error) => (error instanceof PortRefused ? REFUSED_RETRY_MS : 0),
  }

  /** A call under a job's lease; one that has been lost ends the job. */
  const underLease = async <T>(job: Job<LeasedTask>, call: () => Promise<T>): Promise<T> => {
    try {
      return await call()
    } catch (error) {
      if (error instanceof StaleLease) job.lose(error.message)
      throw error
    }
  }
  const run = (job: Job<LeasedTask>): Promise<unknown> =>
    options.run({
      task: job.task,
      signal: job.signal,
      clock,
      log: job.log,
      progress: job.heartbeat,
      ingest: (batch) => underLease(job, () => port.ingest(leaseOf(job), batch, job.signal)),
      appendLog: (runId, lines) => underLease(job, () => port.appendLog(leaseOf(job), runId, lines)),
    })

  const runtime = createRuntime({
    port: work,
    run,
    clock,
    log,
    concurrency,
    leaseMs: leaseSeconds * 1000,
    ...(random ? { random } : {}),
  })

  const reportVitals = async () => {
    let cpu = process.cpuUsage()
    let at = clock.now()
    while (!over.signal.aborted) {
      const usage = process.cpuUsage(cpu)
      const passedMs = clock.now() - at
      cpu = process.cpuUsage()
      at = clock.now()
      try {
        await port.workerHeartbeat({
          workerId,
          hostname: options.hostname,
          pid: options.pid,
          concurrentTasks: runtime.size(),
          ramUsagePct: round1((process.memoryUsage.rss() / totalmem()) * 100),
          cpuUsage: passedMs > 0 ? round1((usage.user + usage.system) / 10 / passedMs) : 0,
          status: 'online',
        })
      } catch (error) {
        log.debug('worker heartbeat failed', { error: messageOf(error) })
      }
      await clock.sleep(VITALS_EVERY_MS, over.signal)
    }
  }

  runtime.start()
  void reportVitals()
  return {
    stop() {
      over.abort()
      return runtime.stop()
    },
  }
}

const round1 = (value: number) => Math.round(value * 10) / 10
