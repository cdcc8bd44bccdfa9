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
 * A locked task, and the engine's with it, while a transaction changes it: what is stored, announced and written into the timeline at its
 * end follows from the difference to `before`. Only in memory: a body may run twice, so it starts from the stored row each time.
 */
export interface Draft {
  readonly before: TaskRow
  row: TaskRow
  readonly now: number
  timeline: TimelineEvent[]
  /** Events that the update brings itself, which the server then does not add. */
  own: ReadonlySet<string>
  /** Told to subscribers with a change of status. */
  reason?: string
  /** The worker whose lease was taken away, and why. */
  revoked?: { owner: string | null; reason: CancelReason }
  /** What kind of update it was, for the progress event. */
  updateType: string
  /** Whether the lease goes on for its length from now. */
  prolonged?: boolean
}

const NONE: ReadonlySet<string> = new Set()
const BASE_DELAY_MS = 5000
const MAX_DELAY_MS = 300_000

export const openDraft = (row: TaskRow, now: number): Draft => ({
  before: row,
  row: { ...row },
  now,
  timeline: [],
  own: NONE,
  updateType: 'status',
})

/** Delay before attempt number `attempts` + 1 (§10). */
export const retryDelayMs = (attempts: number): number => Math.min(BASE_DELAY_MS * 2 ** Math.max(0, attempts - 1), MAX_DELAY_MS)

/** An event of the server's own, unless the update brought one of that name. */
export const note = (draft: Draft, event: string, details?: unknown): void => {
  if (!draft.own.has(event)) draft.timeline.push({ at: draft.now, event, details })
}

/** Ends the lease, if there is one. `reason` is for a holder who does not expect it. */
export const endLease = (draft: Draft, reason?: CancelReason): void => {
  const { row } = draft
  if (!hasLease(row)) return
  if (reason && row.leaseOwner !== null) draft.revoked = { owner: row.leaseOwner, reason }
  row.state = 'paused'
}

const takeStatus = (draft: Draft, status: JobStatus, failureKind: TaskRow['failureKind'] = null): void => {
  const from = draft.row.status
  draft.row.status = status
  draft.row.failureKind = failureKind
  if (from !== status)
    note(draft, 'status_change', {
      from: statusOf(from),
      to: statusOf(status),
      ...(draft.reason ? { reason: draft.reason } : {}),
    })
}

export const run = (draft: Draft): void => {
  takeStatus(draft, 'running')
  draft.row.startedAt ??= new Date(draft.now)
  draft.row.finishedAt = null
}
export const pause = (draft: Draft, status: JobStatus = 'paused'): void => {
  draft.row.finishedAt = null
  takeStatus(draft, status)
}
/** Completes a task: its errors and its place are of no more use. */
export const complete = (draft: Draft): void => {
  endLease(draft)
  takeStatus(draft, 'finished')
  draft.row.finishedAt = new Date(draft.now)
  draft.row.resumeState = null
  draft.row.progress = { ...draft.row.progress, error: null, errorTimestamp: null }
  note(draft, 'completion')
}
/** Fails a task; `final` and `dead` end its lease, a re-openable failure leaves it to the holder (§10). */
export const fail = (draft: Draft, kind: 'reopenable' | 'final' | 'dead', error?: ProgressState['error']): void => {
  const told = error ?? draft.row.progress.error ?? draft.row.progress.message ?? 'Task failed'
  if (told !== draft.row.progress.error) draft.row.progress = { ...draft.row.progress, error: told, errorTimestamp: draft.now }
  takeStatus(draft, 'failed', kind)
  draft.row.finishedAt = new Date(draft.now)
  note(draft, 'error', { message: errorText(draft.row.progress.error) })
  if (kind !== 'reopenable') endLease(draft)
}
/** Back on the offer, from `delayMs` on. */
export const queue = (draft: Draft, delayMs = 0): void => {
  endLease(draft)
  takeStatus(draft, 'queued')
  draft.row.finishedAt = null
  draft.row.runAfter = new Date(draft.now + delayMs)
}
/** After an attempt that came to nothing: later, with the counters only where the next one can go on from them (§10). */
export const retry = (draft: Draft): void => {
  if (draft.row.resumeState === null) draft.row.progress = restartCounters(draft.row.progress)
  queue(draft, retryDelayMs(draft.row.attempts))
}

/** What becomes of a task whose lease ran out, if it did (§10). A re-openable failure stays as it is. */
export const settleExpiry = (draft: Draft): void => {
  const { row, now } = draft
  if (!hasLease(row) || isLive(row, now)) return
  endLease(draft, 'lease_lost')
  const status = statusOf(row.status)
  if (status !== 'running' && status !== 'paused') return
  draft.reason = 'lease_lost'
  if (row.attempts >= row.maxAttempts) fail(draft, 'dead', `Lease expired after ${row.attempts} attempts`)
  else retry(draft)
}
/** A running task that nobody leased and nobody spoke of: its silence counts as an attempt (§10). */
export const settleSilence = (draft: Draft): void => {
  draft.row.attempts += 1
  draft.reason = 'stale'
  if (draft.row.attempts >= draft.row.maxAttempts) fail(draft, 'dead', `Lease expired after ${draft.row.attempts} attempts`)
  else retry(draft)
}

/** The engine has given the task to a worker (§10). */
export const grant = (draft: Draft): void => {
  draft.row.activeAt = new Date(draft.now)
  run(draft)
}
/** Takes the lease back as if it had never been given. */
export const withhold = (draft: Draft): void => {
  endLease(draft)
  draft.row.attempts = Math.max(0, draft.row.attempts - 1)
}
/** Prolongs the lease by its own length. */
export const prolong = (draft: Draft): void => {
  Object.assign(draft.row, prolonged(draft.row, draft.now))
  draft.prolonged = true
}

const lastEndOf = ({ row, reason }: Draft): Transition['lastEnd'] => {
  if (reason === 'lease_lost') return 'expiry'
  if (row.status === 'finished') return 'complete'
  if (row.status === 'failed') return 'fail'
  return row.status === 'queued' ? 'release' : 'report'
}
/** How the engine's task moves with the draft; undefined where it stays as it is. */
export const moveOf = (draft: Draft): Omit<Transition, 'id'> | undefined => {
  const { before, row } = draft
  const state = engineStateOf(row, row.state)
  const delayed = row.runAfter.getTime() !== before.runAfter.getTime()
  if (state === before.state && row.attempts === before.attempts && !delayed) return undefined
  return {
    state,
    attempts: row.attempts,
    runAfter: delayed ? row.runAfter : undefined,
    lastEnd: hasLease(before) ? lastEndOf(draft) : undefined,
  }
}

/** Tasks of imported rows whose type nobody knows: they are never leased. */
const OTHER = 'crawler.OTHER'

/** The engine's kind of tasks of a type. */
export const kindOf = (type: string): string => (isTaskType(type) ? `crawler.${type}` : OTHER)
/** The kinds that workers may lease. */
export const LEASED_KINDS: readonly string[] = TASK_TYPES.map(kindOf)
/** All kinds of the family. */
export const KINDS: readonly string[] = [...LEASED_KINDS, OTHER]

/** The id that the client has given, of an engine's task. */
export const taskIdOf = ({ payload }: Pick<Task, 'payload'>): string => (payload as { task_id: string }).task_id
