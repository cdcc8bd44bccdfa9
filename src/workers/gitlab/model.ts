import { z } from 'zod'
import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/log.ts'
import type { CrawlerApi } from './api/connection.ts'
import type { Buckets } from './source/credentials.ts'
import type { Disk } from './storage.ts'

/** The task types of gitlab-crawler §5. */
export const TASK_TYPES = [
  'DISCOVER_AREAS',
  'FETCH_PROJECTS',
  'FETCH_GROUPS',
  'FETCH_PROJECT_DETAILS',
  'FETCH_GROUP_DETAILS',
  'FETCH_PROJECT_MEMBERS',
  'FETCH_GROUP_MEMBERS',
  'FETCH_ISSUES',
  'FETCH_MERGE_REQUESTS',
  'FETCH_COMMITS',
  'FETCH_BRANCHES',
  'FETCH_TAGS',
  'FETCH_PIPELINES',
  'FETCH_JOBS',
  'FETCH_DEPLOYMENTS',
  'FETCH_ENVIRONMENTS',
  'FETCH_VULNERABILITIES',
] as const
export type TaskType = (typeof TASK_TYPES)[number]

export type ResourceType = 'project' | 'group' | 'user' | 'instance'

const word = z.union([z.string(), z.number()]).transform(String)
const optional = <S extends z.ZodType>(schema: S) => schema.nullish().transform((value) => value ?? undefined)

const credentials = z.object({
  accessToken: z.string(),
  tokenType: z.enum(['oauth2', 'pat']).catch('pat'),
  refreshable: z.boolean().catch(false),
  version: z.number().catch(1),
})

const rateLimits = z.object({
  requestsPerMinute: optional(z.number()),
  requestsPerHour: optional(z.number()),
  burstLimit: optional(z.number()),
  respectRetryAfter: optional(z.boolean()),
})

const resource = {
  resourceId: optional(word),
  resourceType: optional(z.string()),
  branch: optional(z.string()),
  fromDate: optional(z.string()),
  toDate: optional(z.string()),
}

/** LeasedTask (gitlab-crawler §7.6), as far as the worker reads it. */
export const leasedTask = z.object({
  id: z.string(),
  type: z.string(),
  metadata: z.object({ ...resource, gitlabId: optional(word), apiEndpoint: optional(z.string()), run: z.number().default(1) }),
  credentials,
  options: optional(
    z.object({
      ...resource,
      pagination: optional(
        z.object({ pageSize: optional(z.number()), maxPages: optional(z.number()), cursor: optional(z.string()) }),
      ),
      filters: optional(z.record(z.string(), z.unknown())),
      outputFormat: optional(z.enum(['json', 'csv', 'xml'])),
      includeMetadata: optional(z.boolean()),
    }),
  ),
  rateLimits: optional(rateLimits),
  resumeState: z.unknown(),
  lease: z.object({ workerId: z.string(), fence: z.number(), leaseSeconds: z.number() }),
})
export type LeasedTask = z.output<typeof leasedTask>

/** The answer to a report (gitlab-crawler §7.10), as far as the worker reads it. */
export const reportAnswer = z.object({
  currentStatus: optional(z.string()),
  ignored: optional(z.boolean()),
  areas: optional(z.object({ inserted: z.number().catch(0), jobsCreated: z.number().catch(0) })),
})
export type ReportAnswer = z.output<typeof reportAnswer>

/** The answer of 7.16. */
export const refreshAnswer = z.union([
  z.object({ refreshSuccessful: z.literal(true), credentials }),
  z.object({ refreshSuccessful: z.literal(false), reason: optional(z.string()) }),
])
export type RefreshAnswer = z.output<typeof refreshAnswer>

/** A report's fields beside those that every report carries (gitlab-worker §6, gitlab-crawler §9). */
export interface Update {
  type: 'started' | 'progress' | 'status' | 'paused' | 'resumed' | 'completed' | 'failed'
  [field: string]: unknown
}

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

/** What all tasks of a worker share. */
export interface Shared {
  api: CrawlerApi
  settings: Settings
  workerId: string
  clock: Clock
  random: () => number
  log: Log
  disk: Disk
  buckets: Buckets
  /** The network towards GitLab. */
  fetch: (request: Request) => Promise<Response> | Response
  /** Whether configuration names the host of a URL. */
  isConfigured: (url: URL) => boolean
  /** The API does not know our token: the whole worker ends. */
  unauthorized(): void
}
