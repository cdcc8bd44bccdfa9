import { isLive } from '../../tasks/index.ts'
import { iso, isoOr } from '../fields.ts'
import type { ProgressView } from '../progress/model.ts'
import { PRIORITIES, statusOf } from '../vocabulary.ts'
import type { TaskDetail, TaskView } from './model.ts'
import { errorText, type ListedTask, type StoredTask, type TaskRow } from './row.ts'

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

/** When the lease of a task ends; undefined where none is live. */
export const leaseEndOf = (row: TaskRow, now: number): string | undefined =>
  isLive(row, now) && row.leaseExpiresAt ? row.leaseExpiresAt.toISOString() : undefined

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
