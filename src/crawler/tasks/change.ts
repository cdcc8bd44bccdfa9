import { AppError } from '../../errors.ts'
import { hasLease, isLive, prolonged, type Task, type TaskState, type Transition } from '../../tasks/index.ts'
import {
  type CancelReason,
  CREDENTIAL_STATUSES,
  CREDENTIAL_WORDS,
  type CredentialWord,
  iso,
  isTaskType,
  type JobStatus,
  type Status,
  statusOf,
  TASK_TYPES,
  type UpdateType,
} from '../fields.ts'
import type { ProgressFields, ProgressView, Update } from '../progress/model.ts'
import type { ProgressState, StoredTask, TaskRow, TimelineEvent } from './row.ts'

/**
 * A change of a locked task in a transaction: what is stored, sent as events and written into the timeline at the end follows from the
 * difference between `before` and `row`. Lives in memory only, because a transaction may be repeated and then starts from the stored row.
 */
export interface TaskRowChange {
  readonly before: TaskRow
  row: TaskRow
  readonly now: number
  timeline: TimelineEvent[]
  /** Names of the timeline events that the update brings; the server then does not add its own of that name. */
  own: ReadonlySet<string>
  /** Stored events of the server whose place the update's own ones take. */
  replaced: number[]
  /** Sent to subscribers with a change of status. */
  reason?: string
  /** The worker whose lease was revoked, and the reason. */
  revoked?: { owner: string | null; reason: CancelReason }
  /** What kind of update it was, for the progress event. */
  updateType: string
  /** Whether the lease is prolonged by its own length from now. */
  prolonged?: boolean
}

const NONE: ReadonlySet<string> = new Set()
const BASE_DELAY_MS = 5000
const MAX_DELAY_MS = 300_000

export const startChange = (row: TaskRow, now: number): TaskRowChange => ({
  before: row,
  row: { ...row },
  now,
  timeline: [],
  own: NONE,
  replaced: [],
  updateType: 'status',
})

/** Delay before attempt number `attempts` + 1 (§10). */
export const retryDelayMs = (attempts: number): number => Math.min(BASE_DELAY_MS * 2 ** Math.max(0, attempts - 1), MAX_DELAY_MS)

/** Adds an event of the server to the timeline, unless the update brought one of that name. */
export const addTimelineEvent = (change: TaskRowChange, event: string, details?: unknown): void => {
  if (!change.own.has(event)) change.timeline.push({ at: change.now, event, details, byServer: true })
}

/** Ends the lease, if there is one. With a `reason` the holder is notified. */
export const endLease = (change: TaskRowChange, reason?: CancelReason): void => {
  const { row } = change
  if (!hasLease(row)) return
  if (reason && row.leaseOwner !== null) change.revoked = { owner: row.leaseOwner, reason }
  row.state = 'paused'
}

const takeStatus = (change: TaskRowChange, status: JobStatus, failureKind: TaskRow['failureKind'] = null): void => {
  const from = change.row.status
  change.row.status = status
  change.row.failureKind = failureKind
  if (from !== status)
    addTimelineEvent(change, 'status_change', {
      from: statusOf(from),
      to: statusOf(status),
      ...(change.reason ? { reason: change.reason } : {}),
    })
}

export const run = (change: TaskRowChange): void => {
  takeStatus(change, 'running')
  change.row.startedAt ??= new Date(change.now)
  change.row.finishedAt = null
}
export const pause = (change: TaskRowChange, status: JobStatus = 'paused'): void => {
  change.row.finishedAt = null
  takeStatus(change, status)
}
/** Completes a task: its error and its resume state are cleared. */
export const complete = (change: TaskRowChange): void => {
  endLease(change)
  takeStatus(change, 'finished')
  change.row.finishedAt = new Date(change.now)
  change.row.resumeState = null
  change.row.progress = { ...change.row.progress, error: null, errorTimestamp: null }
  addTimelineEvent(change, 'completion')
}
/** Fails a task; `final` and `dead` end its lease, a re-openable failure leaves it to the holder (§10). */
export const fail = (change: TaskRowChange, kind: 'reopenable' | 'final' | 'dead', error?: ProgressState['error']): void => {
  const shown = error ?? change.row.progress.error ?? change.row.progress.message ?? 'Task failed'
  if (shown !== change.row.progress.error)
    change.row.progress = { ...change.row.progress, error: shown, errorTimestamp: change.now }
  takeStatus(change, 'failed', kind)
  change.row.finishedAt = new Date(change.now)
  addTimelineEvent(change, 'error', { message: errorText(change.row.progress.error) })
  if (kind !== 'reopenable') endLease(change)
}
/** Queues the task again, to be leased from `delayMs` milliseconds on. */
export const queue = (change: TaskRowChange, delayMs = 0): void => {
  endLease(change)
  takeStatus(change, 'queued')
  change.row.finishedAt = null
  change.row.runAfter = new Date(change.now + delayMs)
}
/** Queues the task again after a failed attempt, with a delay. The counters stay only if the next one can continue from them (§10). */
export const retry = (change: TaskRowChange): void => {
  if (change.row.resumeState === null) change.row.progress = restartCounters(change.row.progress)
  queue(change, retryDelayMs(change.row.attempts))
}

/** Ends the lease of a task if it ran out, and queues the task again or fails it (§10). A re-openable failure stays as it is. */
export const settleExpiry = (change: TaskRowChange): void => {
  const { row, now } = change
  if (!hasLease(row) || isLive(row, now)) return
  endLease(change, 'lease_lost')
  const status = statusOf(row.status)
  if (status !== 'running' && status !== 'paused') return
  change.reason = 'lease_lost'
  if (row.attempts >= row.maxAttempts) fail(change, 'dead', `Lease expired after ${row.attempts} attempts`)
  else retry(change)
}
/** Ends a task that runs without a lease and of which no report came for too long: it counts as an attempt (§10). */
export const settleSilence = (change: TaskRowChange): void => {
  change.row.attempts += 1
  change.reason = 'stale'
  if (change.row.attempts >= change.row.maxAttempts) fail(change, 'dead', `Lease expired after ${change.row.attempts} attempts`)
  else retry(change)
}

/** The engine has given the task to a worker (§10). */
export const grant = (change: TaskRowChange): void => {
  change.row.activeAt = new Date(change.now)
  run(change)
}
/** Takes the lease back without counting the attempt. */
export const withhold = (change: TaskRowChange): void => {
  endLease(change)
  change.row.attempts = Math.max(0, change.row.attempts - 1)
}
/** Prolongs the lease by its own length. */
export const prolong = (change: TaskRowChange): void => {
  Object.assign(change.row, prolonged(change.row, change.now))
  change.prolonged = true
}

const lastEndOf = ({ row, reason }: TaskRowChange): Transition['lastEnd'] => {
  if (reason === 'lease_lost') return 'expiry'
  if (row.status === 'finished') return 'complete'
  if (row.status === 'failed') return 'fail'
  return row.status === 'queued' ? 'release' : 'report'
}
/** The transition of the engine's task that belongs to a change; undefined when it stays as it is. */
export const transitionOf = (change: TaskRowChange): Omit<Transition, 'id'> | undefined => {
  const { before, row } = change
  const state = engineStateOf(row, row.state)
  const delayed = row.runAfter.getTime() !== before.runAfter.getTime()
  if (state === before.state && row.attempts === before.attempts && !delayed) return undefined
  return {
    state,
    attempts: row.attempts,
    runAfter: delayed ? row.runAfter : undefined,
    lastEnd: hasLease(before) ? lastEndOf(change) : undefined,
  }
}

/** Kind of imported tasks of an unknown type: they are never leased. */
const OTHER = 'crawler.OTHER'

/** The engine's kind of tasks of a type. */
export const kindOf = (type: string): string => (isTaskType(type) ? `crawler.${type}` : OTHER)
/** The kinds that workers may lease. */
export const LEASED_KINDS: readonly string[] = TASK_TYPES.map(kindOf)
/** All kinds of the family. */
export const KINDS: readonly string[] = [...LEASED_KINDS, OTHER]

/** The id that the client has given, of an engine's task. */
export const taskIdOf = ({ payload }: Pick<Task, 'payload'>): string => (payload as { task_id: string }).task_id

/** The state of the engine's task of a row: on the offer, under its lease, set aside, or ended. */
export const engineStateOf = (
  { status, failureKind }: Pick<StoredTask, 'status' | 'failureKind'>,
  state?: TaskState,
): TaskState => {
  if (state && hasLease({ state })) return state
  if (status === 'queued' || status === 'credential_renewed') return 'queued'
  if (status === 'finished') return 'completed'
  if (status !== 'failed') return 'paused'
  return failureKind === 'reopenable' ? 'paused' : failureKind === 'dead' ? 'dead' : 'failed'
}

/** The text of an error, which a client may give as an object. */
export const errorText = (error: ProgressState['error']): string | null =>
  error === null || typeof error === 'string' ? error : String(error.message)

/** When the lease of a task ends; undefined where none is live. */
export const leaseEndOf = (row: TaskRow, now: number): string | undefined =>
  isLive(row, now) && row.leaseExpiresAt ? row.leaseExpiresAt.toISOString() : undefined

/** The progress of a task as it is read (§7.11). */
export const toProgress = ({ progress: state, resumeState }: Pick<StoredTask, 'progress' | 'resumeState'>): ProgressView => ({
  processed: state.processed,
  processedItems: state.processed,
  total: state.total,
  totalItems: state.total,
  percentage: state.percentage,
  currentStep: state.currentStep,
  message: state.message,
  error: state.error,
  errorTimestamp: state.errorTimestamp === null ? null : iso(state.errorTimestamp),
  metadata: state.metadata,
  itemsByType: state.itemsByType,
  currentDataType: state.currentDataType,
  lastProcessedId: state.lastProcessedId,
  stage: state.stage,
  operationType: state.operationType,
  resumeState: resumeState === null ? null : JSON.parse(resumeState),
  lastAreasDiscovery: state.lastAreasDiscovery,
  credentialStatus: state.credentialStatus,
})

/** The effect of an update on a task's status (§8); `none` still merges its fields, `ignored` keeps its timeline only. */
export type Effect = 'none' | 'ignored' | 'running' | 'completed' | 'paused' | 'final' | 'reopenable' | 'queued' | CredentialWord

const STATUS_WORDS: Record<string, UpdateType | 'queued'> = {
  started: 'started',
  running: 'started',
  completed: 'completed',
  failed: 'failed',
  paused: 'paused',
  resumed: 'resumed',
  queued: 'queued',
}
/** Words that any update's `status` may hold without changing the status itself. */
const SIDE_WORDS: readonly string[] = ['new_areas_discovered', ...CREDENTIAL_WORDS]

/** Fields that are not about the work itself. */
const SPEAKER = new Set(['type', 'timeline', 'timestamp', 'updateId', 'workerId', 'fence'])
const isTimelineOnly = (update: Update): boolean => {
  if (!update.timeline || update.timeline.length === 0) return false
  for (const name in update) if (!SPEAKER.has(name) && update[name as keyof Update] !== undefined) return false
  return true
}

/**
 * What kind of word an update is.
 * @throws AppError 400 for an unknown `status` of a status update
 */
export const wordOf = (update: Update): UpdateType | 'queued' | 'timeline' => {
  if (update.type === 'status') {
    if (update.status === undefined || SIDE_WORDS.includes(update.status)) return 'status'
    const word = STATUS_WORDS[update.status]
    if (!word)
      throw new AppError('VALIDATION_FAILED', 400, `Validation failed: status: unknown status`, {
        details: { fields: [{ field: 'status', message: 'unknown status' }] },
      })
    return word
  }
  if (update.type !== 'progress') return update.type
  if (update.stage === 'completed' || update.timeline?.some((entry) => entry.event === 'completion')) return 'completed'
  return isTimelineOnly(update) ? 'timeline' : 'progress'
}

/** The credential word of an update: `credentialStatus.type`, or the same word as `status`. */
export const credentialWordOf = (update: Update): CredentialWord | undefined => {
  if (update.credentialStatus) return update.credentialStatus.type as CredentialWord
  return update.status !== undefined && Object.hasOwn(CREDENTIAL_STATUSES, update.status)
    ? (update.status as CredentialWord)
    : undefined
}

type Column = 'queued' | 'running' | 'paused' | 'reopenable' | 'closed'
export const columnOf = (row: Pick<TaskRow, 'status' | 'failureKind'>): Column => {
  const status: Status = statusOf(row.status)
  if (status === 'completed') return 'closed'
  if (status === 'failed') return row.failureKind === 'reopenable' ? 'reopenable' : 'closed'
  return status
}

/** The table of §8: an update of a kind meets a task in a state. */
export const effectOf = (update: Update, row: Pick<TaskRow, 'status' | 'failureKind'>): Effect => {
  const column = columnOf(row)
  if (column === 'closed') return 'ignored'
  const credential = credentialWordOf(update)
  const word = wordOf(update)
  if (credential) return credential
  switch (word) {
    case 'started':
    case 'resumed':
      return column === 'running' ? 'none' : 'running'
    case 'progress':
      if (column === 'running') return 'none'
      if (column === 'paused') return row.status === 'credential_renewed' ? 'running' : 'none'
      return 'running'
    case 'completed':
      return 'completed'
    case 'paused':
      if (column === 'reopenable') return 'ignored'
      return column === 'paused' ? 'none' : 'paused'
    case 'failed':
      return 'final'
    case 'error':
      return column === 'reopenable' ? 'none' : 'reopenable'
    case 'queued':
      return column === 'running' || column === 'paused' ? 'queued' : 'none'
    default:
      return 'none'
  }
}

/**
 * A total is given outright, or as the sum of groups and projects; undefined keeps the old one. 0 means unknown while a task is on its
 * way, and none when it has come to its end.
 */
const totalOf = (update: ProgressFields, isComplete: boolean): number | null | undefined => {
  const known = (total: number | null) => (total === 0 && !isComplete ? null : total)
  const given = update.totalItems !== undefined ? update.totalItems : update.total
  if (given !== undefined) return known(given)
  if (update.groupTotal === undefined && update.projectTotal === undefined) return undefined
  return known((update.groupTotal ?? 0) + (update.projectTotal ?? 0))
}

const itemsOf = (old: Record<string, number>, update: ProgressFields): Record<string, number> => {
  const { itemsByType, itemsByTypeMode, groupCount, projectCount } = update
  if (!itemsByType && groupCount === undefined && projectCount === undefined) return old
  const items = new Map(Object.entries(old))
  for (const [key, number] of Object.entries(itemsByType ?? {}))
    items.set(key, itemsByTypeMode === 'total' ? number : (items.get(key) ?? 0) + number)
  const atLeast = (key: string, number: number | undefined) => {
    if (number !== undefined && !(itemsByType && Object.hasOwn(itemsByType, key)))
      items.set(key, Math.max(items.get(key) ?? 0, number))
  }
  atLeast('groups', groupCount)
  atLeast('projects', projectCount)
  return Object.fromEntries(items)
}

export const percentageOf = (processed: number, total: number | null): number | null =>
  total === null ? null : total === 0 ? 100 : Math.min(100, Math.round((processed / total) * 100))

/**
 * A task's progress with an update merged in (§9). `mode` `set` lets the counter of processed items go down, as an operator may;
 * `isComplete`: the task is completed with this update, or was before.
 * Pure: every accepted update is merged under the task's lock, so none is lost.
 */
export const mergeProgress = (
  old: ProgressState,
  update: ProgressFields,
  now: number,
  { mode = 'max', isComplete = false }: { mode?: 'max' | 'set'; isComplete?: boolean } = {},
): ProgressState => {
  const given = [update.processedItems, update.processed].filter((number) => number !== undefined)
  const processed = given.length === 0 ? old.processed : mode === 'set' ? Math.max(...given) : Math.max(old.processed, ...given)
  const total = totalOf(update, isComplete)
  const newTotal = total === undefined ? old.total : total
  return {
    processed,
    total: newTotal,
    percentage: update.percentage ?? percentageOf(processed, newTotal),
    currentStep: update.currentStep ?? update.stage ?? update.currentDataType ?? old.currentStep,
    message: update.message ?? old.message,
    error: update.error ?? old.error,
    errorTimestamp: update.errorTimestamp ?? (update.error === undefined ? old.errorTimestamp : (update.timestamp ?? now)),
    metadata: update.metadata ? { ...old.metadata, ...update.metadata } : old.metadata,
    itemsByType: itemsOf(old.itemsByType, update),
    currentDataType: update.currentDataType ?? old.currentDataType,
    lastProcessedId: update.lastProcessedId === undefined ? old.lastProcessedId : update.lastProcessedId,
    stage: update.stage ?? old.stage,
    operationType: update.operationType ?? old.operationType,
    lastAreasDiscovery: old.lastAreasDiscovery,
    credentialStatus: update.credentialStatus ?? old.credentialStatus,
  }
}

/** Counters from zero, for a run that does not resume where the last one stopped (§8, §10). */
export const restartCounters = (state: ProgressState): ProgressState => ({
  ...state,
  processed: 0,
  total: null,
  percentage: null,
  itemsByType: {},
  lastProcessedId: null,
})
