import type { z } from 'zod'
import type { TaskLease } from '../../tasks/index.ts'
import { isoOr, PRIORITIES, statusOf } from '../fields.ts'
import type { tasksTables } from '../tables.ts'
import { errorText, leaseEndOf } from './change.ts'
import type { optionsView, rateLimits, TaskDetail, TaskView } from './model.ts'

/** A stored task. */
export type StoredTask = ReturnType<typeof tasksTables>['tasks']['$inferSelect']
/** What lists show of it. */
export type ListedTask = Pick<
  StoredTask,
  'id' | 'taskType' | 'status' | 'createdAt' | 'startedAt' | 'finishedAt' | 'updatedAt' | 'progress'
>
/** What the release before kept in the row, and the engine's task keeps now. */
export type Retired = 'attempts' | 'maxAttempts' | 'fence' | 'availableAt'
/** A task with the lease columns of the engine's task. */
export type TaskRow = Omit<StoredTask, Retired> & TaskLease
/** The columns that a heartbeat reads; no JSON among them. */
export type LeaseRow = Pick<StoredTask, 'id' | 'status' | 'engineTaskId'> & TaskLease

/** The columns of a new task. */
export const INSERTED = [
  ...([
    'id',
    'taskType',
    'command',
    'status',
    'failureKind',
    'leasable',
    'fullPath',
    'resourceKey',
    'gitlabId',
    'resourceType',
    'branch',
  ] as const),
  ...(['fromDate', 'toDate', 'accountId', 'spawnedFrom', 'spawnRun', 'spawnKey', 'duplicateKey', 'provider', 'userId'] as const),
  ...([
    'apiEndpoint',
    'instance',
    'options',
    'rateLimits',
    'priority',
    'progress',
    'resumeState',
    'lastUpdate',
    'timelineSize',
  ] as const),
  ...(['timelineTruncated', 'run', 'createdAt', 'startedAt', 'finishedAt', 'updatedAt', 'activeAt', 'attempts'] as const),
  ...(['maxAttempts', 'fence', 'availableAt', 'engineTaskId'] as const),
] satisfies readonly (keyof StoredTask)[]
/** The columns that an update may set. */
export const CHANGED = [
  ...([
    'status',
    'failureKind',
    'accountId',
    'progress',
    'resumeState',
    'lastUpdate',
    'timelineSize',
    'timelineTruncated',
  ] as const),
  ...(['run', 'startedAt', 'finishedAt', 'updatedAt', 'activeAt'] as const),
] satisfies readonly (keyof Omit<StoredTask, Retired>)[]

/** Of an update that leaves the status alone. */
export const COUNTER_COLUMNS = [
  ...(['progress', 'resumeState', 'lastUpdate', 'timelineSize', 'timelineTruncated', 'updatedAt', 'activeAt'] as const),
] satisfies readonly (typeof CHANGED)[number][]

/** An event of a task's timeline. */
export interface TimelineEvent {
  at: number
  event: string
  details?: unknown
  byServer?: true
}

export interface TimelineRow {
  taskId: string
  at: Date
  event: string
  /** JSON, or null. */
  details: string | null
  byServer: boolean
}

/** An event of a timeline that the server noted. */
export interface ServerEvent {
  id: number
  taskId: string
  event: string
  details: string | null
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
/** Default columns of a task that is created at `now` (epoch milliseconds). */
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

const or = <T>(value: T | null): T | undefined => (value === null ? undefined : value)

/** A task as lists and answers show it (§6 Task). */
export const toTask = (row: ListedTask): TaskView => {
  const { progress } = row
  const status = statusOf(row.status)
  return {
    id: row.id,
    type: row.taskType,
    status,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    startedAt: isoOr(row.startedAt),
    completedAt: isoOr(row.finishedAt),
    progress: {
      processed: progress.processed,
      total: progress.total,
      percentage: progress.percentage,
      currentStep: progress.currentStep,
    },
    error: status === 'failed' ? or(errorText(progress.error)) : undefined,
  }
}

/** A task with all that may be shown of it (§6 TaskDetail). */
export const toDetail = (row: TaskRow, now: number): TaskDetail => {
  const leaseExpiresAt = leaseEndOf(row, now)
  return {
    ...toTask(row),
    jobStatus: row.status,
    metadata: {
      resourceId: or(row.fullPath),
      resourceType: or(row.resourceType),
      gitlabId: or(row.gitlabId),
      apiEndpoint: or(row.apiEndpoint),
      branch: or(row.branch),
      fromDate: isoOr(row.fromDate),
      toDate: isoOr(row.toDate),
      command: row.command,
      priority: PRIORITIES[row.priority] ?? 'normal',
      attempts: row.attempts,
      maxAttempts: row.maxAttempts,
      run: row.run,
      spawnedFrom: or(row.spawnedFrom),
      leasedBy: leaseExpiresAt === undefined ? undefined : or(row.leaseOwner),
      leaseExpiresAt,
      deadLetter: row.failureKind === 'dead' ? true : undefined,
    },
  }
}
