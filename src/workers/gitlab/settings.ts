import type { TaskType } from './model.ts'

/** How a worker works: the variables of gitlab-worker §1, in their units. */
export interface Settings {
  /** Unique among running workers; a name is made up without it. */
  workerId?: string | undefined
  types: readonly TaskType[]
  /** Tasks at once, 1..50. */
  concurrency: number
  leaseSeconds: number
  waitSeconds: number
  /** Storage root. */
  outputDir: string
  requestTimeoutMs: number
  /** Of tasks without rateLimits. */
  ratePerMinute: number
  burst: number
  maxRetries: number
  /** Longest wait for GitLab while holding a task. */
  maxWaitSeconds: number
  progressIntervalMs: number
}
