import { AppError } from '../../errors.ts'
import type { ProgressState, TaskRow } from '../tasks/row.ts'
import {
  CREDENTIAL_STATUSES,
  CREDENTIAL_WORDS,
  type CredentialWord,
  type Status,
  statusOf,
  type UpdateType,
} from '../vocabulary.ts'
import type { ProgressFields, Update } from './model.ts'

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

const known = (total: number | null | undefined): number | null => (total === undefined || total === 0 ? null : total)

/** A total is given outright, or as the sum of groups and projects; undefined keeps the old one. */
const totalOf = (update: ProgressFields): number | null | undefined => {
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

const percentageOf = (processed: number, total: number | null): number | null =>
  total === null ? null : Math.min(100, Math.round((processed / total) * 100))

/**
 * A task's progress with an update merged in (§9). `mode` `set` lets the counter of processed items go down, as an operator may.
 * Pure: every accepted update is merged under the task's lock, so none is lost.
 */
export const mergeProgress = (
  old: ProgressState,
  update: ProgressFields,
  now: number,
  mode: 'max' | 'set' = 'max',
): ProgressState => {
  const given = [update.processedItems, update.processed].filter((number) => number !== undefined)
  const processed = given.length === 0 ? old.processed : mode === 'set' ? Math.max(...given) : Math.max(old.processed, ...given)
  const total = totalOf(update)
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
