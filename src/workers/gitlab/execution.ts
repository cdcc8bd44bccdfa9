import { type Job, LeaseGone } from '../runtime.ts'
import { type Control, createWaits } from './control.ts'
import { crawl, type StoredPage, TRUNCATED } from './crawl.ts'
import type { Ledger } from './ledger.ts'
import type { LeasedTask, Shared, Update } from './model.ts'
import { type Opening, openTask } from './opening.ts'
import type { Reporter } from './reporter.ts'
import { createClient } from './source/client.ts'
import { createTokens } from './source/credentials.ts'
import { createEncoder } from './storage/formats.ts'
import { createStore, type Store } from './storage/store.ts'

/** One task at work. */
export interface Work {
  shared: Shared
  task: LeasedTask
  job: Job
  control: Control
  reporter: Reporter
  ledger: Ledger
}

/**
 * From the check of a task to its manifest (gitlab-worker §2); answers the `completed` that is left to report.
 * @throws TaskFailure, Deferred, CredentialsExpired, Interrupted, LeaseGone, ReportRefused
 */
export const execute = async (work: Work): Promise<Update> => {
  const { shared, task, job, control, reporter, ledger } = work
  const { clock, settings } = shared
  const { options, rateLimits } = task
  const opening = await openTask(task, shared.disk, settings.outputDir, new Date(clock.now()).toISOString())
  const { base, plan, position, directory, pageSize } = opening

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
    parts: opening.parts,
    secret: tokens.current,
  })
  ledger.open({ host: base.host, position, store, token: tokens.current, discovers: plan.stage === 'discovering' })
  // A resumed task has them already.
  if (!opening.resumed) for (const text of plan.warnings) ledger.warn(text)
  let current = plan.collections[0]?.name

  await reporter.send({
    type: 'started',
    message: opening.resumed ? `resumed after ${position.page} pages` : 'started',
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
    costs: ledger.costs,
    timeoutMs: settings.requestTimeoutMs,
    maxRetries: settings.maxRetries,
    respectRetryAfter: rateLimits?.respectRetryAfter ?? true,
  })

  const stored = async (page: StoredPage) => {
    reporter.check()
    current = page.collection.name
    const report = progressOf(work, opening, page)
    if (page.areas.length === 0) return reporter.progress(report)
    await reporter.flush()
    const { areas } = await reporter.send({ ...report, areas: page.areas })
    position.areas.inserted += areas?.inserted ?? 0
    position.areas.jobsCreated += areas?.jobsCreated ?? 0
  }
  try {
    const maxPages = options?.pagination?.maxPages
    const { warn } = ledger
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
  return finish(work, opening, store, current)
}

/** Long waits are told, with what has been reached (gitlab-worker §3.4). */
const waitsOf = ({ shared, control, reporter, ledger }: Work) =>
  createWaits({
    clock: shared.clock,
    control,
    mostMs: shared.settings.maxWaitSeconds * 1000,
    paused: async (until) => {
      await reporter.flush()
      const message = `waiting for GitLab's rate limit until ${new Date(until).toISOString()}`
      await reporter.send({ type: 'paused', message, resumeState: ledger.state() })
    },
    resumed: async () => {
      await reporter.send({ type: 'resumed', message: 'the rate limit is over', resumeState: ledger.state() })
    },
  })

const progressOf = ({ ledger }: Work, { plan, position }: Opening, { collection, total, last }: StoredPage) => {
  const processed = ledger.processed()
  // Of several lists, or of the rest of one, GitLab's total says nothing about the task.
  const known = total !== null && total >= processed && plan.collections.length === 1 ? total : null
  return {
    type: 'progress' as const,
    processed,
    total: last ? processed : known,
    currentStep: `Fetching ${collection.name}, page ${position.page}`,
    stage: plan.stage,
    operationType: plan.operationType,
    currentDataType: collection.name,
    itemsByType: { ...position.itemsByType },
    itemsByTypeMode: 'total',
    ...(position.lastId === null || String(position.lastId).length > 255 ? {} : { lastProcessedId: position.lastId }),
    resumeState: ledger.state(),
    metadata: ledger.metadata(),
  }
}

const finish = async (
  work: Work,
  { base, plan, position }: Opening,
  store: Store,
  current: string | undefined,
): Promise<Update> => {
  const { shared, task, job, control, reporter, ledger } = work
  const { clock } = shared
  await reporter.flush()
  // A worker that slept through its lease must not put its manifest over that of its successor.
  if (job.leaseEndsAt() - clock.now() < (task.lease.leaseSeconds * 1000) / 2) await reporter.send({ type: 'status' })
  control.check()
  const items = ledger.processed()
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
    truncated: position.warnings.some((text) => text.startsWith(TRUNCATED)),
    warnings: position.warnings,
  }
  await store.writeManifest(manifest, () => {
    if (control.lost() || clock.now() >= job.leaseEndsAt()) throw new LeaseGone()
  })
  job.log.info('result stored', { items, ...ledger.costs })
  return {
    type: 'completed',
    processed: items,
    total: items,
    stage: 'finalizing',
    operationType: 'finalization',
    currentDataType: current,
    itemsByType,
    itemsByTypeMode: 'total',
    message: `${items} items stored`,
    metadata: ledger.metadata(),
  }
}
