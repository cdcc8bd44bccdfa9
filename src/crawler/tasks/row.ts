import type { tasksTables } from './tables.ts'

/** A stored task: JSON is text, times are epoch milliseconds. */
export type TaskRow = ReturnType<typeof tasksTables>['tasks']['$inferSelect']

/** The merged progress of a task (§9), as it is stored beside `resumeState` and `lastUpdate`. */
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
const NEW_PROGRESS = JSON.stringify(newProgress())
/** What every task begins with, whoever makes it: no lease yet, nothing reported. */
export const UNTOUCHED = {
  resumeState: null,
  lastUpdate: null,
  timelineSize: 0,
  timelineTruncated: 0,
  run: 1,
  attempts: 0,
  fence: 0,
  leaseOwner: null,
  leaseSeconds: null,
  leaseExpiresAt: null,
} as const
/** The same and the rest of what does not depend on what is to be done, of a task that is made at `now`, epoch milliseconds. */
export const newAt = (now: number) => ({
  ...UNTOUCHED,
  progress: NEW_PROGRESS,
  createdAt: now,
  startedAt: null,
  finishedAt: null,
  updatedAt: now,
  activeAt: now,
  availableAt: now,
})

/** The text of an error, which a client may give as an object. */
export const errorText = (error: ProgressState['error']): string | null =>
  error === null || typeof error === 'string' ? error : String(error.message)
