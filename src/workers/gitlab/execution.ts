import { join } from 'node:path'
import type { Clock } from '../../platform/clock.ts'
import { Interrupted, type Job, LeaseGone } from '../runtime.ts'
import type { CrawlProgress } from './crawl.ts'
import { beginning, continues, crawl, decodeState, type Position, type StoredPage } from './crawl.ts'
import { Deferred } from './errors.ts'
import type { LeasedTask, Shared, Update } from './model.ts'
import { type Plan, planOf } from './plan/index.ts'
import type { Reporter } from './reporter.ts'
import { createClient } from './source/client.ts'
import { type Base, baseOf, createTokens } from './source/credentials.ts'
import { createEncoder, createStore, type Disk, type Part, partsStand, runDirectory, type Store } from './storage.ts'

/** One task at work. */
export interface Work {
  shared: Shared
  task: LeasedTask
  job: Job
  control: Control
  reporter: Reporter
  progress: CrawlProgress
}

/**
 * From the check of a task to its manifest (gitlab-worker §2); answers the `completed` that is left to report.
 * @throws TaskFailure, Deferred, CredentialsExpired, Interrupted, LeaseGone, ReportRefused
 */
export const execute = async (work: Work): Promise<Update> => {
  const { shared, task, job, control, reporter, progress } = work
  const { clock, settings } = shared
  const { options, rateLimits } = task
  const prepared = await prepareTask(task, shared.disk, settings.outputDir, new Date(clock.now()).toISOString())
  const { base, plan, position, directory, pageSize } = prepared

  const bucket = shared.buckets.of(base.origin, task.credentials.accessToken)
  const tokens = createTokens({
    ...shared,
    task,
    control,
    origin: base.origin,
    maxRetries: settings.maxRetries,
    leaseEndsAt: job.leaseEndsAt,
  })
  const format = options?.outputFormat ?? 'json'
  const store = createStore({
    disk: shared.disk,
    root: settings.outputDir,
    directory,
    fence: task.lease.fence,
    encoder: createEncoder(format, plan.columns, options?.includeMetadata ?? false),
    parts: prepared.parts,
    secret: tokens.current,
  })
  progress.open({ host: base.host, position, store, token: tokens.current, discovers: plan.stage === 'discovering' })
  // A resumed task has them already.
  if (!prepared.resumed) for (const text of plan.warnings) progress.warn(text)
  let current = plan.collections[0]?.name

  await reporter.send({
    type: 'started',
    message: prepared.resumed ? `resumed after ${position.page} pages` : 'started',
    stage: position.stage,
    operationType: position.stage === 'finalizing' ? 'finalization' : plan.operationType,
    currentDataType: current,
  })

  const leave = bucket.join({
    perMinute: rateLimits?.requestsPerMinute ?? settings.ratePerMinute,
    ...(rateLimits?.requestsPerHour === undefined ? {} : { perHour: rateLimits.requestsPerHour }),
    burst: rateLimits?.burstLimit ?? settings.burst,
  })
  const client = createClient({
    ...shared,
    base,
    control,
    bucket,
    tokens,
    waits: waitsOf(work),
    costs: progress.costs,
    timeoutMs: settings.requestTimeoutMs,
    maxRetries: settings.maxRetries,
    respectRetryAfter: rateLimits?.respectRetryAfter ?? true,
  })

  const stored = async (page: StoredPage) => {
    reporter.check()
    current = page.collection.name
    const report = progressOf(work, prepared, page)
    if (page.areas.length === 0) return reporter.progress(report)
    await reporter.flush()
    const { areas } = await reporter.send({ ...report, areas: page.areas })
    position.areas.inserted += areas?.inserted ?? 0
    position.areas.jobsCreated += areas?.jobsCreated ?? 0
  }
  try {
    const maxPages = options?.pagination?.maxPages
    const { warn } = progress
    await crawl({
      taskId: task.id,
      plan,
      base,
      client,
      store,
      control,
      clock,
      position,
      pageSize,
      maxPages,
      format,
      warn,
      stored,
    })
  } finally {
    leave()
  }
  return finish(work, prepared, store, current)
}

/** Reports the begin and the end of long waits, with the position reached (gitlab-worker §3.4). */
const waitsOf = ({ shared, control, reporter, progress }: Work) =>
  createWaits({
    clock: shared.clock,
    control,
    mostMs: shared.settings.maxWaitSeconds * 1000,
    paused: async (until) => {
      await reporter.flush()
      const message = `waiting for GitLab's rate limit until ${new Date(until).toISOString()}`
      await reporter.send({ type: 'paused', message, resumeState: progress.state() })
    },
    resumed: async () => {
      await reporter.send({ type: 'resumed', message: 'the rate limit is over', resumeState: progress.state() })
    },
  })

const progressOf = ({ progress }: Work, { plan, position }: PreparedTask, { collection, total, last }: StoredPage) => {
  const processed = progress.processed()
  // GitLab's total counts one whole list, so it is not the task's total when there are several lists or only a rest.
  const known = total !== null && total >= processed && plan.collections.length === 1 ? total : null
  return {
    type: 'progress' as const,
    processed,
    total: last ? totalAtEnd(plan, position, processed) : known,
    currentStep: `Fetching ${collection.name}, page ${position.page}`,
    stage: plan.stage,
    operationType: plan.operationType,
    currentDataType: collection.name,
    itemsByType: { ...position.itemsByType },
    itemsByTypeMode: 'total',
    ...(position.lastId === null || String(position.lastId).length > 255 ? {} : { lastProcessedId: position.lastId }),
    resumeState: progress.state(),
    metadata: progress.metadata(),
  }
}

/** What a task has at its end is its total, unless GitLab has announced more and then refused it (gitlab-worker §3.3). */
const totalAtEnd = (plan: Plan, { total, refused }: Position, processed: number): number =>
  refused && total !== null && plan.collections.length === 1 ? Math.max(total, processed) : processed

const finish = async (
  work: Work,
  { base, plan, position }: PreparedTask,
  store: Store,
  current: string | undefined,
): Promise<Update> => {
  const { shared, task, job, control, reporter, progress } = work
  const { clock } = shared
  await reporter.flush()
  // A worker whose lease has expired must not overwrite the manifest of its successor.
  if (job.leaseEndsAt() - clock.now() < (task.lease.leaseSeconds * 1000) / 2) await reporter.send({ type: 'status' })
  control.check()
  const items = progress.processed()
  const itemsByType = { ...position.itemsByType }
  const manifest = {
    taskId: task.id,
    type: plan.type,
    run: task.metadata.run,
    resourceId: plan.resourceId,
    resourceType: plan.resourceType,
    host: base.host,
    format: task.options?.outputFormat ?? 'json',
    startedAt: position.startedAt,
    completedAt: new Date(clock.now()).toISOString(),
    items,
    itemsByType,
    parts: store.parts(),
    truncated: position.cut.length > 0,
    ...(position.cut.length > 0 ? { truncatedReasons: position.cut.map(progress.clean) } : {}),
    ...(position.leftOut > 0 ? { leftOut: position.leftOut } : {}),
    warnings: position.warnings,
  }
  await store.writeManifest(manifest, () => {
    if (control.lost() || clock.now() >= job.leaseEndsAt()) throw new LeaseGone()
  })
  job.log.info('result stored', { items, ...progress.costs })
  return {
    type: 'completed',
    processed: items,
    total: totalAtEnd(plan, position, items),
    stage: 'finalizing',
    operationType: 'finalization',
    currentDataType: current,
    itemsByType,
    itemsByTypeMode: 'total',
    message: `${items} items stored`,
    metadata: progress.metadata(),
  }
}

/** A checked task with the position where it begins or resumes. */
export interface PreparedTask {
  base: Base
  plan: Plan
  position: Position
  /** Stored by earlier attempts. */
  parts: Part[]
  /** Of the result, relative to the root. */
  directory: string
  pageSize: number
  resumed: boolean
}

/**
 * Checks a task (gitlab-worker §4) and reads its resumeState (§7): it resumes only if every part is still there.
 * @throws TaskFailure BAD_TASK
 */
const prepareTask = async (task: LeasedTask, disk: Disk, root: string, now: string): Promise<PreparedTask> => {
  const base = baseOf(task.metadata.apiEndpoint)
  const plan = planOf(task, now)
  const pagination = task.options?.pagination
  const pageSize = Math.min(100, Math.max(1, Math.trunc(pagination?.pageSize ?? 100)))
  const fresh = beginning(base, plan, pageSize, pagination?.cursor)
  const directory = runDirectory({
    host: base.host,
    resource: plan.resourceId ?? 'instance',
    type: plan.type,
    taskId: task.id,
    run: task.metadata.run,
  })
  const common = { base, directory, pageSize }

  const old = task.resumeState === null ? undefined : decodeState(base.host, task.resumeState, plan.collections.length)
  if (old && continues(base, plan, old.position)) {
    // Unreadable parts count as missing: the task starts over, and its first write reports what is wrong with the disk.
    const stand = await partsStand(disk, join(root, directory), old.parts).catch(() => false)
    // The plan of the first start: an open end of its dates stays where it was.
    if (stand) return { ...common, ...old, plan: planOf(task, old.position.startedAt), resumed: true }
  }
  const position: Position = {
    ...fresh,
    stage: plan.stage,
    page: 0,
    lastId: null,
    boundaryIds: [],
    since: null,
    itemsByType: Object.fromEntries(plan.collections.map(({ name }) => [name, 0])),
    total: null,
    listTotal: null,
    cut: [],
    refused: false,
    leftOut: 0,
    startedAt: now,
    warnings: [],
    areas: { inserted: 0, jobsCreated: 0 },
  }
  return { ...common, plan, position, parts: [], resumed: false }
}

/** Tells a running task when it has to end. */
export interface Control {
  /** Aborts GitLab requests and waits: the lease is gone, or a stop cannot wait for the page. */
  signal: AbortSignal
  /** Waits `ms` milliseconds. @throws LeaseGone, Interrupted as soon as the task has to end */
  sleep(ms: number): Promise<void>
  /** Between two steps. @throws LeaseGone, Interrupted when the task has to end */
  check(): void
  lost(): boolean
}

/** When the worker is stopped, a task finishes its page and is then released into the queue. */
export const createControl = (clock: Clock, { signal, stopping, lost }: Pick<Job, 'signal' | 'stopping' | 'lost'>): Control => {
  const either = AbortSignal.any([signal, stopping])
  const control: Control = {
    signal,
    lost: () => lost.aborted,
    async sleep(ms) {
      control.check()
      await clock.sleep(ms, either)
      control.check()
    },
    check() {
      if (lost.aborted) throw new LeaseGone()
      if (either.aborted) throw new Interrupted()
    },
  }
  return control
}

/** Waits for GitLab while holding the task (gitlab-worker §3.4). */
export interface Waits {
  /** @throws Deferred when the wait is longer than a task may be held; LeaseGone, Interrupted */
  hold(ms: number): Promise<void>
}

export interface WaitsOptions {
  clock: Clock
  control: Control
  mostMs: number
  /** Called once at the first of several long waits; `resumed` once after the last. */
  paused(until: number): Promise<void>
  resumed(): Promise<void>
}

const LONG_MS = 30_000

const createWaits = ({ clock, control, mostMs, paused, resumed }: WaitsOptions): Waits => {
  let long = 0
  return {
    async hold(ms) {
      if (ms > mostMs) throw new Deferred(ms)
      if (ms <= LONG_MS) return control.sleep(ms)
      const until = clock.now() + ms
      if (long++ === 0) await paused(until)
      try {
        await control.sleep(Math.max(0, until - clock.now()))
      } finally {
        long--
      }
      if (long === 0) await resumed()
    },
  }
}
