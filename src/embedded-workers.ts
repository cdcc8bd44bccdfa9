import type { Trawl } from './app.ts'
import { formerDemoPorts } from './development.ts'
import { JobDelayed, JobFailed } from './errors.ts'
import type { Clock } from './platform/clock.ts'
import type { Platform } from './platform/index.ts'
import type { Log } from './platform/log.ts'
import { type Allowed, allowListed, isListed } from './platform/outbound.ts'
import type { Bus } from './platform/shared.ts'
import { fetchUnpacked } from './platform/unpacked.ts'
import {
  type Dispatcher,
  type Engine,
  isRefusal,
  type JobHandler,
  TASK_CANCEL,
  type Task,
  type TaskCancel,
} from './tasks/index.ts'
import { createRuntime, type Job, LeaseGone, type Runtime, type WorkPort } from './workers/runtime.ts'
import { allowOwnOrigin, startWebWorker } from './workers/web/index.ts'

export interface RunnerDeps {
  engine: Engine
  dispatcher: Dispatcher
  bus: Bus
  clock: Clock
  log: Log
  /** Unique among live processes. */
  owner: string
  handlers: Record<string, JobHandler>
}

const BACKOFF_MS = 1000

/** The process's own workers, one a kind, over the engine: the worker runtime without a network in between. */
export const createRunner = ({ engine, dispatcher, bus, clock, log, owner, handlers }: RunnerDeps) => {
  const workers = new Map<string, Runtime>()
  const holderOf = ({ task }: Job<Task>) => ({ id: task.id, owner, fence: task.fence })

  const portOf = (kind: string, { leaseMs }: JobHandler): WorkPort<Task> => {
    const kinds = [kind]
    return {
      lease: (max, waitMs, signal) => dispatcher.lease({ owner, kinds, max, leaseMs }, waitMs, signal),
      async heartbeat(job, progress) {
        const beat = await engine.heartbeat(holderOf(job), leaseMs, progress, kinds)
        if (isRefusal(beat)) return 'lost'
        return beat.cancelRequested ? 'cancelled' : 'kept'
      },
      async complete(job, result) {
        const { id, fence } = job.task
        const refusal = (await engine.complete(owner, [{ id, fence, result }], kinds)).get(id)
        if (refusal?.code === 'invalid') throw new JobFailed(`Result refused: ${refusal.message}`, false)
        if (refusal) throw new LeaseGone(refusal.message)
      },
      async fail(job, { message, retryable }) {
        const answer = await engine.fail(holderOf(job), { error: message, retryable }, kinds)
        if (isRefusal(answer)) throw new LeaseGone(answer.message)
      },
      async release(job, delayMs) {
        const runAfter = delayMs === undefined ? undefined : new Date(clock.now() + delayMs)
        const refusal = (await engine.release([holderOf(job)], kinds, runAfter)).get(job.task.id)
        if (refusal) throw new LeaseGone(refusal.message)
      },
    }
  }

  /** An unexpected error goes to the log in full; the task stores a general text only, because operators of a family read it. */
  const run = async (job: Job<Task>, handler: JobHandler): Promise<unknown> => {
    const { task, signal } = job
    try {
      return await handler.run({ task, holder: holderOf(job), signal })
    } catch (error) {
      if (signal.aborted || error instanceof JobFailed || error instanceof JobDelayed) throw error
      job.log.error('a task failed unexpectedly', { error })
      throw new JobFailed('Unexpected error', true)
    }
  }

  const workerOf = (kind: string): Runtime => {
    const known = workers.get(kind)
    if (known) return known
    const handler = handlers[kind]
    if (!handler) throw new Error(`no handler runs tasks of kind ${kind}`)
    const { concurrency, leaseMs, renewMs, timeoutMs } = handler
    const worker = createRuntime({
      port: portOf(kind, handler),
      run: (job) => run(job, handler),
      clock,
      log,
      concurrency,
      leaseMs,
      renewMs,
      timeoutMs,
      // The database is queried again soon: a longer wait would save nothing.
      firstBackoffMs: BACKOFF_MS,
      mostBackoffMs: BACKOFF_MS,
    })
    workers.set(kind, worker)
    return worker
  }

  const unsubscribe = bus.subscribe(TASK_CANCEL, ({ taskId }: TaskCancel) => {
    for (const worker of workers.values()) worker.cancelled(taskId)
  })

  return {
    /** Takes tasks of these kinds from now on, until `stop`. */
    start(kinds: readonly string[]) {
      for (const kind of kinds) workerOf(kind).start()
    },
    /** Runs what is ready now to its end, one after another; answers how many tasks that were. For tests and one-off commands. */
    async drain(kinds = Object.keys(handlers)): Promise<number> {
      let ran = 0
      for (const kind of kinds) ran += await workerOf(kind).drain()
      return ran
    },
    /** Ends what runs, gives its leases back and resolves when that is done, or after five seconds. */
    async stop() {
      unsubscribe()
      await Promise.all([...workers.values()].map((worker) => worker.stop()))
    },
  }
}

/** A worker in this process: a client of the API like any other, without a network in between. */
interface EmbeddedWorker {
  stop(): Promise<void>
}
type Host = Pick<Platform, 'config' | 'clock' | 'log'>

/**
 * How the web worker reaches private addresses: what the configuration lists, and the demo shop on our own port, also under the ports that
 * it had at earlier starts.
 */
const privateNetwork = async ({ app, gifty }: Trawl, { demo, outboundAllow }: Host['config']) => {
  const listed = allowListed(outboundAllow)
  if (!demo || !gifty) return { allowPrivate: listed }
  const port = Number(app.server?.port)
  const former = [...(await formerDemoPorts(gifty.services))].filter((one) => one !== port)
  const isFormer: Allowed = (host, at) => former.some((one) => allowOwnOrigin(one)(host, at)) && !listed(host, at)
  const allowPrivate: Allowed = (host, at) => allowOwnOrigin(port)(host, at) || isFormer(host, at) || listed(host, at)
  const connect: typeof fetchUnpacked = (href, init) => {
    const url = new URL(href)
    if (isListed(url, isFormer)) url.port = String(port)
    return fetchUnpacked(url.href, init)
  }
  return { allowPrivate, connect }
}

const startWeb = async (trawl: Trawl, { config, clock, log }: Host): Promise<EmbeddedWorker | undefined> => {
  const { app } = trawl
  if (!config.families.includes('gifty') || !config.internalToken) return undefined
  return startWebWorker({
    log,
    clock,
    origin: 'http://localhost',
    token: config.internalToken,
    fetch: (request) => app.handle(request),
    concurrency: config.embeddedWorkerConcurrency,
    ...(await privateNetwork(trawl, config)),
  })
}

/** The crawler family's reference worker (gitlab-worker §1). */
const startGitlab = async ({ app }: Trawl, { config, clock, log }: Host): Promise<EmbeddedWorker | undefined> => {
  const { token, outboundAllow } = config.crawler
  const needs = !config.families.includes('crawler') ? 'the crawler family' : token ? undefined : 'CRAWLER_API_TOKEN'
  if (!token || needs) {
    log.warn(`the embedded GitLab worker needs ${needs} and does not run`)
    return undefined
  }
  const { startEmbeddedGitlabWorker } = await import('./workers/gitlab/embedded.ts')
  return await startEmbeddedGitlabWorker({
    settings: config.gitlabWorker,
    token,
    outboundAllow,
    fetch: (request) => app.handle(request),
    log,
    clock,
    // Ends before this process closes its open connections.
    stopSeconds: Math.max(1, config.shutdownTimeoutSeconds - 1),
  }).catch((error) => {
    log.error('the embedded GitLab worker does not run', { error })
    return undefined
  })
}

/** The workers of `EMBEDDED_WORKERS` that talk to the API. They give their leases back through the app, which needs no port for that. */
export const embeddedWorkers = (trawl: Trawl, host: Host) => {
  const { embeddedWorkers: wanted } = host.config
  const workers: EmbeddedWorker[] = []
  let stopped = false
  /** Keeps a worker for `stop`, which may have been called while it started. */
  const keep = async (worker: EmbeddedWorker | undefined) => {
    if (worker && stopped) await worker.stop()
    else if (worker) workers.push(worker)
  }
  return {
    async start() {
      if (wanted.includes('web')) await keep(await startWeb(trawl, host))
      if (wanted.includes('gitlab')) await keep(await startGitlab(trawl, host))
    },
    async stop() {
      stopped = true
      await Promise.all(workers.map((worker) => worker.stop()))
    },
  }
}
