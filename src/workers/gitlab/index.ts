import { hostname } from 'node:os'
import { JobFailed } from '../../errors.ts'
import { type Clock, systemClock } from '../../platform/clock.ts'
import type { Log } from '../../platform/log.ts'
import { allowListed, createOutbound, isListed } from '../../platform/outbound.ts'
import { createRuntime, Interrupted, type Job, type Leased, LeaseGone, messageOf, type WorkPort } from '../runtime.ts'
import type { CrawlerApi } from './api/connection.ts'
import { httpApi } from './api/http.ts'
import { socketApi } from './api/socket.ts'
import { createCrawlProgress } from './crawl.ts'
import { ApiProblem, CredentialsExpired, Deferred, ReportRefused, TaskFailure } from './errors.ts'
import { createControl, execute, type Work } from './execution.ts'
import type { LeasedTask, Settings, Shared, Update } from './model.ts'
import { createReporter, MARGIN_MS } from './reporter.ts'
import { baseOf, createBuckets } from './source/credentials.ts'
import { type Disk, proveWritable, systemDisk } from './storage.ts'

export type { Settings } from './model.ts'
export { TASK_TYPES } from './model.ts'

export interface GitlabWorkerOptions {
  settings: Settings
  /** API base, ends in `/api/internal2`. */
  url: string
  token?: string | undefined
  /** Unix socket of the API instead of a token; HTTP only. */
  socket?: string | undefined
  transport?: 'http' | 'ws'
  /** Instead of the network to the API: messages, when embedded. */
  fetch?: (request: Request) => Promise<Response> | Response
  /** `host:port` of configured GitLab instances: they may be private, and their words may be shown. */
  outboundAllow?: readonly string[]
  log: Log
  clock?: Clock
  random?: () => number
  stopSeconds?: number
  /** Tests stand in for what is outside. */
  disk?: Disk
  gitlabFetch?: (request: Request) => Promise<Response> | Response
  api?: CrawlerApi
}

/** The worker cannot start; the text says what to change. */
export class WorkerUnusable extends Error {
  override name = 'WorkerUnusable'
}

/**
 * Starts the reference worker of the contract "GitLab worker" (§1): in a process of its own, or in the thread of `embedded.ts`.
 * @throws WorkerUnusable when the output directory cannot be written
 */
export const startGitlabWorker = async (options: GitlabWorkerOptions): Promise<GitlabWorker> => {
  const { settings, clock = systemClock, random = Math.random, disk = systemDisk, token, url, socket } = options
  const log = options.log.child({ worker: 'gitlab' })
  const workerId =
    settings.workerId ?? `gitlab-${hostname().slice(0, 80)}-${process.pid}-${Bun.randomUUIDv7().replaceAll('-', '').slice(-8)}`
  try {
    await proveWritable(disk, settings.outputDir)
  } catch (error) {
    throw new WorkerUnusable(`WORKER_OUTPUT_DIR cannot be written: ${messageOf(error)}`)
  }
  const api =
    options.api ??
    (options.transport === 'ws'
      ? socketApi({ url, token, workerId, clock, random, log })
      : httpApi({ url, token, socket, fetch: options.fetch, clock, log }))
  const listed = allowListed(options.outboundAllow ?? [])
  return startLoop({
    api,
    settings,
    workerId,
    clock,
    random,
    log,
    disk,
    buckets: createBuckets(clock),
    fetch: options.gitlabFetch ?? createOutbound({ allowPrivate: listed }),
    isConfigured: (address) => isListed(address, listed),
    ...(options.stopSeconds === undefined ? {} : { stopSeconds: options.stopSeconds }),
  })
}

/** Why a worker has ended; `message` is for the operator. */
export interface Ending {
  reason: 'stopped' | 'server_shutdown' | 'unauthorized'
  message: string
}

export interface GitlabWorker {
  /** Leases nothing more, lets tasks finish their page, gives them back; resolves within `stopSeconds`. */
  stop(): Promise<void>
  /** Resolves when the worker has ended, by `stop` or by itself. */
  ended: Promise<Ending>
}

export interface WorkerOptions extends Omit<Shared, 'unauthorized'> {
  /** How long a stop may take, at most 30; default 28. */
  stopSeconds?: number
}

/** Starts the worker of gitlab-worker §2: the one runtime over the crawler API. */
const startLoop = (options: WorkerOptions): GitlabWorker => {
  const { api, settings, clock, random, log } = options
  const stopMs = (options.stopSeconds ?? 28) * 1000
  const { promise: ended, resolve } = Promise.withResolvers<Ending>()
  let ending: Ending = { reason: 'stopped', message: 'stopped' }
  const endBy = (reason: Ending['reason'], message: string) => {
    ending = { reason, message }
    void stop()
  }

  const { port, run } = crawlerPort({
    ...options,
    unauthorized: () => endBy('unauthorized', 'the crawler API refuses the token (401): check CRAWLER_API_TOKEN'),
  })
  const runtime = createRuntime({
    port,
    run,
    clock,
    random,
    log,
    concurrency: settings.concurrency,
    leaseMs: settings.leaseSeconds * 1000,
    marginMs: MARGIN_MS,
    waitMs: settings.waitSeconds * 1000,
    firstBackoffMs: 1000,
    stopMs,
    // Two thirds for the page in flight, the rest for giving back.
    graceMs: (stopMs * 2) / 3,
  })
  let stopped: Promise<void> | undefined
  const stop = () => (stopped ??= runtime.stop().then(() => resolve(ending)))

  api.listen({
    cancelled: runtime.lost,
    shutdown() {
      log.info('the server is shutting down, so the worker stops')
      endBy('server_shutdown', 'the server is shutting down')
    },
  })
  runtime.start()
  return { stop, ended }
}

/** A leased task of the crawler API, as the runtime counts it. */
export interface Assignment extends Leased {
  of: LeasedTask
}

const MOST_MESSAGE = 900
const MOST_RETRY_AFTER_S = 3600
const HEARTBEAT_MS = 10_000

/** The crawler API (gitlab-worker §2) as a port of the worker runtime: its verbs are reports, each of which keeps the lease. */
const crawlerPort = (shared: Shared) => {
  const { api, settings, workerId } = shared
  const { types, leaseSeconds } = settings
  const works = new WeakMap<Job<Assignment>, Work>()
  const workOf = (job: Job<Assignment>): Work => {
    const known = works.get(job)
    if (known) return known
    const task = job.task.of
    const work: Work = {
      shared,
      task,
      job,
      control: createControl(shared.clock, job),
      reporter: createReporter({ ...shared, task, job, intervalMs: settings.progressIntervalMs }),
      progress: createCrawlProgress(workerId, task.credentials.accessToken),
    }
    works.set(job, work)
    return work
  }

  const port: WorkPort<Assignment> = {
    async lease(max, waitMs, signal) {
      try {
        const tasks = await api.lease({ workerId, types, max, leaseSeconds, waitSeconds: waitMs / 1000 }, signal)
        return tasks.map((of) => ({ id: of.id, kind: of.type, fence: of.lease.fence, leaseMs: of.lease.leaseSeconds * 1000, of }))
      } catch (error) {
        if (!(error instanceof ApiProblem && error.status === 401)) throw error
        shared.unauthorized()
        return []
      }
    },
    heartbeat: (job) => workOf(job).reporter.heartbeat(),
    complete: async (job, result) => void (await workOf(job).reporter.send(result as Update)),
    fail: (job, { cause }) => fail(workOf(job), cause),
    async release(job, delayMs) {
      const work = workOf(job)
      const retryAfterSeconds = delayMs === undefined ? undefined : Math.min(Math.ceil(delayMs / 1000), MOST_RETRY_AFTER_S)
      // The position reached is reported before the task is released.
      await work.reporter.flush()
      await work.reporter.send({
        type: 'status',
        status: 'queued',
        ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
        ...stateOf(work),
      })
    },
    abandon: () => api.close(),
    leaseRetryMs: (error) => (error instanceof ApiProblem ? (error.retryAfterMs ?? 0) : 0),
  }
  const { heartbeat } = api
  if (heartbeat)
    port.heartbeatAll = async (jobs) =>
      new Set(
        await heartbeat(
          jobs.map((job) => job.task.id),
          HEARTBEAT_MS,
        ),
      )

  /** Takes a leased task and works until it has ended; answers its `completed`. */
  const run = async (job: Job<Assignment>): Promise<Update> => {
    const work = workOf(job)
    try {
      return await execute(work)
    } catch (error) {
      if (error instanceof LeaseGone || error instanceof Interrupted || error instanceof CredentialsExpired) throw error
      if (error instanceof Deferred || error instanceof ReportRefused) throw error
      const { code, message, retryable, httpStatus } =
        error instanceof TaskFailure ? error : new TaskFailure('INTERNAL', messageOf(error), true)
      throw new TaskFailure(code, work.progress.clean(message).slice(0, MOST_MESSAGE), retryable, httpStatus)
    }
  }
  return { port, run }
}

/** Reports to the API why a task did not complete (gitlab-worker §2, §3). */
const fail = async (work: Work, error: unknown): Promise<void> => {
  // The API refused the report's content, so none of it is sent again.
  if (error instanceof ReportRefused) return failed(work, error, {})
  try {
    await work.reporter.flush()
  } catch (problem) {
    if (!(problem instanceof ReportRefused)) throw problem
    return failed(work, problem, {})
  }
  const state = stateOf(work)
  if (!(error instanceof CredentialsExpired)) return failed(work, error, state)
  await work.reporter.send({ type: 'paused', ...expiryOf(work.task, error.revoked), ...state })
}

const failed = async ({ reporter, progress }: Work, error: unknown, state: object): Promise<void> => {
  const { code, httpStatus } = error instanceof TaskFailure ? error : { code: 'INTERNAL', httpStatus: undefined }
  const retryable = error instanceof JobFailed ? error.retryable : true
  const message = progress.clean(messageOf(error)).slice(0, MOST_MESSAGE)
  await reporter.send({
    type: 'failed',
    error: { code, message, retryable, ...(httpStatus === undefined ? {} : { httpStatus }) },
    retryable,
    ...state,
    metadata: progress.metadata(),
  })
}

const stateOf = ({ progress }: Work) => {
  const resumeState = progress.state()
  return resumeState ? { resumeState } : {}
}

/** What an operator has to know about a refused token (gitlab-worker §3.5). */
const expiryOf = (task: LeasedTask, revoked: boolean) => {
  const { hostname, host, origin } = baseOf(task.metadata.apiEndpoint)
  const oauth = task.credentials.tokenType === 'oauth2'
  const message = `GitLab refuses the access token: it is ${revoked ? 'revoked' : 'expired or not valid'}`
  return {
    message,
    credentialStatus: {
      type: 'credential_expiry',
      severity: 'HIGH',
      errorType: `${oauth ? 'OAUTH2' : 'PAT'}_${revoked ? 'REVOKED' : 'EXPIRED'}`,
      providerId: host,
      instanceType: hostname === 'gitlab.com' ? 'gitlab-cloud' : 'gitlab-self-hosted',
      message,
      adminGuidance: [
        `Renew ${oauth ? 'the OAuth authorization' : 'the personal access token'} at ${origin} with the scope read_api`,
        `Send it as credentials.accessToken with PUT /api/internal2/tasks/${encodeURIComponent(task.id)}; the task then goes on`,
      ],
    },
  }
}
