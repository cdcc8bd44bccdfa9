import { hasLease, isLive, prolonged, type Task, type Transition } from '../../tasks/index.ts'
import { restartCounters } from '../progress/effect.ts'
import { type CancelReason, isTaskType, type JobStatus, statusOf, TASK_TYPES } from '../vocabulary.ts'
import { engineStateOf, errorText, type ProgressState, type TaskRow } from './row.ts'

/** An event of a task's timeline. */
export interface TimelineEvent {
  at: number
  event: string
  details?: unknown
}

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
  updateType: 'status',
})

/** Delay before attempt number `attempts` + 1 (§10). */
export const retryDelayMs = (attempts: number): number => Math.min(BASE_DELAY_MS * 2 ** Math.max(0, attempts - 1), MAX_DELAY_MS)

/** Adds an event of the server to the timeline, unless the update brought one of that name. */
export const addTimelineEvent = (change: TaskRowChange, event: string, details?: unknown): void => {
  if (!change.own.has(event)) change.timeline.push({ at: change.now, event, details })
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
