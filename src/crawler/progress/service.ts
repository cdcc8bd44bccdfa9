import { AppError } from '../../errors.ts'
import { createBatcher } from '../../platform/batcher.ts'
import { type Clock, DAY_MS } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { hasLease, holds, isLive } from '../../tasks/index.ts'
import type { Areas } from '../areas.ts'
import { leaseLost, missingFields, taskNotFound } from '../envelope.ts'
import {
  accept,
  CREDENTIAL_STATUSES,
  type CredentialWord,
  digest,
  iso,
  isoOr,
  statusOf,
  storable,
  withoutEmpty,
} from '../fields.ts'
import { type NewEvent, taskUpdate } from '../streams/hub.ts'
import {
  addTimelineEvent,
  complete,
  credentialWordOf,
  type Effect,
  effectOf,
  endLease,
  fail,
  leaseEndOf,
  mergeProgress,
  pause,
  prolong,
  queue,
  retry,
  run,
  settleExpiry,
  startChange,
  type TaskRowChange,
  toProgress,
  wordOf,
} from '../tasks/change.ts'
import type { TasksRepository, TimelineQueries } from '../tasks/repository.ts'
import type { ServerEvent, TaskRow } from '../tasks/row.ts'
import type { TaskStore } from '../tasks/store.ts'
import {
  type Acknowledged,
  type AreasResult,
  isRepeatedBy,
  REPEATED_WITHIN_MS,
  SERVER_EVENTS,
  type Update,
  updateBody,
} from './model.ts'

/** An update as a client means it, over HTTP or a socket: empty texts count as absent (§9). @throws AppError 400 */
const acceptUpdate = (given: Record<string, unknown>): Update => {
  const update = withoutEmpty(given)
  if (update.type === undefined || update.type === null)
    throw missingFields([{ field: 'type', message: 'is required' }], 'Missing required field: type')
  return accept(updateBody, update)
}

/** What came with an update. */
interface Received {
  /** The request's body, or the frame. */
  text: string
  /** Idempotency-Key header. */
  key?: string
}

const SAME_MOMENT_MS = 10 * 60_000

/** The receipt by which a repeated update is recognised: `key` is a digest, kept for `keepMs` milliseconds. */
interface Mark {
  taskId: string
  key: string
  keepMs: number
}

/** The marks of an update: by name or key for a day, by its moment and text for ten minutes (§9). */
const marksOf = (taskId: string, marks: { updateId?: string; key?: string; moment?: string }): Mark[] => {
  const made: Mark[] = []
  const add = (keepMs: number, kind: string, value: string | undefined) => {
    if (value !== undefined) made.push({ taskId, key: digest(kind, taskId, value), keepMs })
  }
  add(DAY_MS, 'update', marks.updateId)
  add(DAY_MS, 'update-key', marks.key)
  add(SAME_MOMENT_MS, 'moment', marks.moment)
  return made
}

/**
 * Updates that were taken once (§9). A task's marks are read and kept under the lock of the task. The answers kept for requests with an
 * Idempotency-Key are in `tasks/creation.ts`.
 */
export const createReceipts = ({ statements, keepReceipts }: TasksRepository) => ({
  /** Of these marks, the keys that are kept already. */
  *known(tx: Tx, marks: readonly Mark[], now: number): Steps<Set<string>> {
    if (marks.length === 0) return new Set()
    const rows = yield* tx.run(statements.knownReceipts, { keys: JSON.stringify(marks.map(({ key }) => key)), now })
    return new Set(rows.map(({ key }) => key))
  },
  *keep(tx: Tx, marks: readonly Mark[], now: number): Steps<void> {
    if (marks.length > 0)
      yield* keepReceipts(
        tx,
        marks.map(({ key, taskId, keepMs }) => [key, taskId, now + keepMs]),
      )
  },
})
export type Receipts = ReturnType<typeof createReceipts>

/** Updates that go together in one transaction. */
const MOST = 50

interface Report {
  id: string
  update: Update
  marks: Mark[]
}
/** An applied update: the task after it, and the further parts of the answer. */
interface Taken {
  change: TaskRowChange
  more: Pick<Acknowledged, 'ignored' | 'duplicate' | 'willRetry' | 'areas'>
  events?: NewEvent[]
}

/** Decides under the task's lock whether the sender may report for it (§10): whether it is the holder, or the refusal. */
const demandRight = (change: TaskRowChange, update: Update): boolean | AppError => {
  const { row, now } = change
  if (update.workerId !== undefined && update.fence !== undefined)
    return holds(row, { owner: update.workerId, fence: update.fence }, now) || leaseLost(statusOf(row.status))
  return isLive(row, now) ? new AppError('TASK_LEASED', 409, 'Task is leased by a worker') : false
}
const isRetryable = (update: Update) =>
  update.retryable === true || (typeof update.error === 'object' && update.error.retryable === true)

/** Takes the task where the update leads (§8); answers whether it will be tried again. */
const apply = (change: TaskRowChange, effect: Effect, update: Update, fenced: boolean): boolean => {
  const { row } = change
  switch (effect) {
    case 'running':
      run(change)
      return false
    case 'completed':
      complete(change)
      return false
    case 'paused':
      pause(change)
      return false
    case 'reopenable':
      fail(change, 'reopenable', update.error ?? update.message)
      return false
    case 'final':
      if (fenced && isRetryable(update) && row.attempts < row.maxAttempts) {
        change.reason = 'retry'
        addTimelineEvent(change, 'error', { message: typeof update.error === 'object' ? update.error.message : update.error })
        retry(change)
        return true
      }
      // Worth a retry, but no attempt is left: a dead letter, as after lost leases.
      fail(change, fenced && isRetryable(update) ? 'dead' : 'final', update.error ?? update.message)
      return false
    case 'queued':
      if (fenced) row.attempts = Math.max(0, row.attempts - 1)
      change.reason = 'released'
      queue(change, fenced ? (update.retryAfterSeconds ?? 0) * 1000 : 0)
      return false
    case 'credential_expiry':
      change.reason = effect
      endLease(change)
      pause(change, CREDENTIAL_STATUSES[effect])
      return false
    case 'credential_renewal':
    case 'credential_resumed':
      change.reason = effect
      pause(change, CREDENTIAL_STATUSES[effect])
      return false
    case 'none':
      // A second error report replaces the first one.
      if (wordOf(update) === 'error' && row.status === 'failed') fail(change, 'reopenable', update.error ?? update.message)
      return false
    default:
      return false
  }
}

/** Updates of tasks: merged, counted once, fenced (§7.10, §7.11, §9, §10). */
export const createProgress = ({
  db,
  clock,
  store,
  receipts,
  areas,
  timeline,
}: {
  db: Db
  clock: Clock
  store: TaskStore
  receipts: Receipts
  areas: Areas
  timeline: TimelineQueries
}) => {
  const acknowledge = (
    change: Pick<TaskRowChange, 'row' | 'now'>,
    more: Pick<Acknowledged, 'ignored' | 'duplicate' | 'willRetry' | 'areas'> = {},
  ): Acknowledged => {
    const { row, now } = change
    const { processed, total, percentage, currentStep, message } = row.progress
    const expiresAt = leaseEndOf(row, now)
    return {
      taskId: row.id,
      status: 'acknowledged',
      message: `Progress update processed for task ${row.id}`,
      timestamp: iso(now),
      currentStatus: statusOf(row.status),
      progress: { processed, total, percentage, currentStep, message },
      ...more,
      lease: expiresAt === undefined ? undefined : { fence: row.fence, expiresAt },
    }
  }
  const keepTimeline = (change: TaskRowChange, update: Update) => {
    for (const { timestamp, event, details } of update.timeline ?? []) change.timeline.push({ at: timestamp, event, details })
  }

  function* discover(
    tx: Tx,
    change: TaskRowChange,
    update: Update,
  ): Steps<{ result: AreasResult; events: NewEvent[] } | undefined> {
    if (!update.areas || update.areas.length === 0) return undefined
    const { row, now } = change
    const { result, newGroups, newProjects, spawned } = yield* areas.discover(tx, row, update.areas, now)
    const groups = update.areas.filter((area) => area.type === 'group').length
    const itemsByType = { ...row.progress.itemsByType }
    if (!update.itemsByType && update.groupCount === undefined && update.projectCount === undefined) {
      if (newGroups > 0) itemsByType.groups = (itemsByType.groups ?? 0) + newGroups
      if (newProjects > 0) itemsByType.projects = (itemsByType.projects ?? 0) + newProjects
    }
    row.progress = {
      ...row.progress,
      itemsByType,
      lastAreasDiscovery: {
        timestamp: iso(now),
        groups,
        projects: update.areas.length - groups,
        inserted: result.inserted,
        jobsCreated: result.jobsCreated,
      },
    }
    addTimelineEvent(change, 'areas_discovered', { ...result })
    const message = `${result.received} areas, ${result.inserted} new, ${result.jobsCreated} tasks`
    return {
      result,
      events: [
        taskUpdate(row.id, 'areas_discovered', now, message),
        ...spawned.map((task) => taskUpdate(task.id, 'created', now)),
      ],
    }
  }

  /** Merges the update's fields and leads the task where it goes; answers whether it will be tried again. */
  const take = (change: TaskRowChange, update: Update, effect: Effect, fenced: boolean): boolean => {
    const { row, now } = change
    const old = row.progress
    const word: CredentialWord | undefined = credentialWordOf(update)
    const merged = mergeProgress(old, update, now, { isComplete: effect === 'completed' })
    if (word && !update.credentialStatus) merged.credentialStatus = { type: word }
    row.progress = merged
    const resume = update.resumeState !== undefined ? update.resumeState : update.progress
    if (resume !== undefined) row.resumeState = resume === null ? null : JSON.stringify(resume)
    row.lastUpdate = new Date(update.timestamp ?? now)
    row.activeAt = new Date(now)
    if (merged.stage !== old.stage) addTimelineEvent(change, 'stage_change', { from: old.stage, to: merged.stage })
    if (word) addTimelineEvent(change, 'credential_status_change', { type: word })
    const willRetry = apply(change, effect, update, fenced)
    if (fenced && hasLease(row)) prolong(change)
    return willRetry
  }

  /** Takes one update of a locked task into its change, or refuses it. */
  function* takeOne(tx: Tx, change: TaskRowChange, update: Update, noted: readonly ServerEvent[]): Steps<Taken | AppError> {
    settleExpiry(change)
    change.updateType = update.type
    if (update.timeline) change.own = new Set(update.timeline.map((entry) => entry.event))
    change.replaced = noted.filter((event) => isRepeatedBy(event, update)).map(({ id }) => id)
    const effect = effectOf(update, change.row)
    if (effect === 'ignored') {
      keepTimeline(change, update)
      return { change, more: { ignored: true } }
    }
    const fenced = demandRight(change, update)
    if (fenced instanceof AppError) return fenced
    keepTimeline(change, update)
    const found = yield* discover(tx, change, update)
    const willRetry = take(change, update, effect, fenced)
    return { change, more: { willRetry: willRetry ? true : undefined, areas: found?.result }, events: found?.events }
  }
  /** Takes updates of different tasks in one transaction, each as if it came alone. Answers them in their order. */
  const takeAll = (reports: readonly Report[]): Promise<(Acknowledged | AppError)[]> =>
    db.tx(function* (tx) {
      const now = clock.now()
      const rows = yield* store.lockMany(
        tx,
        reports.map(({ id }) => id),
      )
      const known = yield* receipts.known(
        tx,
        reports.flatMap(({ marks }) => marks),
        now,
      )
      const speakers = reports.filter(({ update }) => update.timeline?.some(({ event }) => SERVER_EVENTS.has(event)))
      const noted =
        speakers.length === 0
          ? []
          : yield* timeline.ofServer(
              tx,
              speakers.map(({ id }) => id),
              now - REPEATED_WITHIN_MS,
            )
      const taken: (Taken | AppError)[] = []
      // bounded: an update with areas is alone in its batch, others run no statement here
      for (const { id, update, marks } of reports) {
        const row = rows.get(id)
        const change = row && startChange(row, now)
        if (!change) taken.push(taskNotFound())
        else if (marks.some(({ key }) => known.has(key))) taken.push({ change, more: { duplicate: true } })
        else
          taken.push(
            yield* takeOne(
              tx,
              change,
              update,
              noted.filter(({ taskId }) => taskId === id),
            ),
          )
      }
      const isSaved = (one: Taken | AppError): one is Taken => !(one instanceof AppError) && !one.more.duplicate
      yield* receipts.keep(
        tx,
        reports.flatMap(({ marks }, n) => (isSaved(taken[n] as Taken) ? marks : [])),
        now,
      )
      const saved = taken.filter(isSaved)
      if (saved.length > 0)
        yield* store.save(
          tx,
          saved.map(({ change }) => change),
          saved.flatMap(({ events = [] }) => events),
        )
      return taken.map((one) => (one instanceof AppError ? one : acknowledge(one.change, one.more)))
    })
  const bringsAreas = ({ update }: Report) => (update.areas?.length ?? 0) > 0
  /** Updates that arrive while a batch is stored form the next batch, up to `MOST` updates of different tasks. */
  const together = createBatcher<Report, Acknowledged | AppError>({
    keyOf: () => '',
    fits: (batch, more) =>
      batch.length < MOST && !bringsAreas(more) && !batch.some((one) => one.id === more.id || bringsAreas(one)),
    run: takeAll,
  })

  return {
    /**
     * Takes one update of a task, as it came; durable when it resolves.
     * @throws AppError 400; 404; 409 LEASE_LOST, TASK_LEASED
     */
    async report(id: string, given: Record<string, unknown>, { text, key }: Received): Promise<Acknowledged> {
      const update = storable(acceptUpdate(given), text)
      wordOf(update)
      const moment = update.timestamp === undefined ? undefined : JSON.stringify(given)
      const answer = await together({ id, update, marks: marksOf(id, { updateId: update.updateId, key, moment }) })
      if (answer instanceof AppError) throw answer
      return answer
    },
    /** A task's progress with its timeline (§7.11). @throws AppError 404 */
    async read(id: string) {
      const row: TaskRow | undefined = await store.get(id)
      if (!row) throw taskNotFound()
      const events = await timeline.ofTask(id)
      return {
        taskId: id,
        status: statusOf(row.status),
        jobStatus: row.status,
        createdAt: row.createdAt.toISOString(),
        startedAt: isoOr(row.startedAt),
        completedAt: isoOr(row.finishedAt),
        lastUpdate: (row.lastUpdate ?? row.updatedAt).toISOString(),
        progress: toProgress(row),
        timeline: events.map(({ at, event, details }) => ({
          timestamp: at.toISOString(),
          event,
          details: details === null ? undefined : JSON.parse(details),
        })),
        timelineTruncated: row.timelineTruncated,
      }
    },
  }
}
export type Progress = ReturnType<typeof createProgress>
