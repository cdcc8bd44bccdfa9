import type { z } from 'zod'
import { hasLease, type TaskLease, type TaskState } from '../../tasks/index.ts'
import type { optionsView, rateLimits } from './model.ts'
import type { tasksTables } from './tables.ts'

/** A stored task. */
export type StoredTask = ReturnType<typeof tasksTables>['tasks']['$inferSelect']
/** What lists show of it. */
export type ListedTask = Pick<
  StoredTask,
  'id' | 'taskType' | 'status' | 'createdAt' | 'startedAt' | 'finishedAt' | 'updatedAt' | 'progress'
>
/** What the release before kept in the row, and the engine's task keeps now. */
export type Retired = 'attempts' | 'maxAttempts' | 'fence' | 'availableAt'
/** A task with what the engine's task says of its lease. */
export type TaskRow = Omit<StoredTask, Retired> & TaskLease
/** What a heartbeat looks at: no JSON is read for it. */
export type LeaseRow = Pick<StoredTask, 'id' | 'status' | 'engineTaskId'> & TaskLease

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

export type RateLimits = z.output<typeof rateLimits>
/** The options of a task as they are stored and handed out: times are texts. */
export type StoredOptions = z.output<typeof optionsView>

/** The merged progress of a task (§9), as it is stored beside `resumeState` and `lastUpdate`. Never changed in place. */
export interface ProgressState {
  processed: number
  total: number | null
  percentage: number | null
  currentStep: string | null
  message: string | null
  error: string | Record<string, unknown> | null
  errorTimestamp: number | null
  metadata: Record<string, unknown>
  itemsByType: Record<string, number>
  currentDataType: string | null
  lastProcessedId: string | number | null
  stage: string | null
  operationType: string | null
  lastAreasDiscovery: { timestamp: string; groups: number; projects: number; inserted: number; jobsCreated: number } | null
  credentialStatus: Record<string, unknown> | null
}

export const newProgress = (): ProgressState => ({
  processed: 0,
  total: null,
  percentage: null,
  currentStep: 'Task created',
  message: null,
  error: null,
  errorTimestamp: null,
  metadata: {},
  itemsByType: {},
  currentDataType: null,
  lastProcessedId: null,
  stage: null,
  operationType: null,
  lastAreasDiscovery: null,
  credentialStatus: null,
})
/** What every task begins with, however it is made: nothing reported. */
export const UNTOUCHED = {
  resumeState: null,
  lastUpdate: null,
  timelineSize: 0,
  timelineTruncated: 0,
  run: 1,
  attempts: 0,
  fence: 0,
  engineTaskId: null,
} as const
/** The same and the rest of what does not depend on what is to be done, of a task that is made at `now`, epoch milliseconds. */
export const newAt = (now: number) => {
  const at = new Date(now)
  return {
    ...UNTOUCHED,
    progress: newProgress(),
    createdAt: at,
    startedAt: null,
    finishedAt: null,
    updatedAt: at,
    activeAt: at,
    availableAt: at,
  }
}

/** The text of an error, which a client may give as an object. */
export const errorText = (error: ProgressState['error']): string | null =>
  error === null || typeof error === 'string' ? error : String(error.message)
