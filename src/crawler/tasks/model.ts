import { z } from 'zod'
import { optional, takes, withDefault } from '../../platform/http/schema.ts'
import { credentialsInput } from '../credentials/index.ts'
import {
  FORMATS,
  JOB_STATUSES,
  objectUpTo,
  orAbsent,
  PRIORITIES,
  RESOURCE_TYPES,
  STATUSES,
  TASK_TYPES,
  taskId,
  text,
  time,
} from '../fields.ts'

const FANOUTS = ['default', 'full', 'none'] as const
export const fanout = z.union(
  [
    z.enum(FANOUTS),
    z.object({ group: withDefault(z.array(z.enum(TASK_TYPES)), []), project: withDefault(z.array(z.enum(TASK_TYPES)), []) }),
  ],
  { error: 'must be default, full, none or {group, project} with lists of task types' },
)
export type Fanout = z.output<typeof fanout>

const atLeastOne = () => z.int().min(1)
export const rateLimits = z.object({
  requestsPerMinute: optional(atLeastOne()),
  requestsPerHour: optional(atLeastOne()),
  burstLimit: optional(atLeastOne()),
  respectRetryAfter: withDefault(z.boolean(), true),
})

/** An http(s) address without user info or fragment; the family's settings say which hosts are allowed. */
const apiEndpoint = z
  .string()
  .max(2048)
  .refine((given) => {
    const url = URL.canParse(given) ? new URL(given) : undefined
    return (
      url !== undefined &&
      /^https?:\/\//i.test(given) &&
      url.username === '' &&
      url.password === '' &&
      !given.includes('#') &&
      !given.includes('@')
    )
  }, 'must be an http(s) URL without user info or fragment')

const taskOptions = z
  .object({
    // Empty would be a task about the whole instance.
    resourceId: optional(
      z
        .union([text(1024).min(1), z.number()], { error: 'must be a string of 1 to 1024 characters or a number' })
        .transform(String),
    ),
    resourceType: optional(z.enum(RESOURCE_TYPES)),
    // Empty would be all branches.
    branch: optional(text(255).min(1, 'must not be empty')),
    fromDate: optional(time()),
    toDate: optional(time()),
    pagination: optional(
      z.object({
        pageSize: optional(z.int().min(1).max(100)),
        maxPages: optional(atLeastOne()),
        cursor: optional(z.string()),
      }),
    ),
    filters: optional(objectUpTo(16)),
    outputFormat: withDefault(z.enum(FORMATS), 'json'),
    includeMetadata: withDefault(z.boolean(), false),
    fanout: optional(fanout),
  })
  .refine(({ fromDate, toDate }) => fromDate === undefined || toDate === undefined || fromDate <= toDate, {
    message: 'fromDate must not be after toDate',
    path: ['fromDate'],
  })

/** The same as it is stored and handed out to workers. */
export const rateLimitsView = z.object({
  requestsPerMinute: z.int().optional(),
  requestsPerHour: z.int().optional(),
  burstLimit: z.int().optional(),
  respectRetryAfter: z.boolean(),
})

/** Options as they are stored and handed out to workers: times are texts. */
export const optionsView = z
  .object({
    resourceId: z.string().optional(),
    resourceType: z.enum(RESOURCE_TYPES).optional(),
    branch: z.string().optional(),
    fromDate: z.string().optional(),
    toDate: z.string().optional(),
    pagination: z
      .object({ pageSize: z.int().optional(), maxPages: z.int().optional(), cursor: z.string().optional() })
      .optional(),
    filters: z.record(z.string(), z.unknown()).optional(),
    outputFormat: z.enum(FORMATS),
    includeMetadata: z.boolean(),
    fanout: fanout.optional(),
  })
  .meta({ id: 'CrawlerTaskOptions' })

/** A new task (§6 TaskData). */
export const taskData = z
  .object({
    id: taskId(),
    type: z.enum(TASK_TYPES),
    credentials: credentialsInput,
    apiEndpoint: optional(apiEndpoint),
    rateLimits: optional(rateLimits),
    priority: withDefault(z.enum(PRIORITIES), 'normal'),
    options: withDefault(taskOptions, { outputFormat: 'json', includeMetadata: false }),
  })
  .meta({
    id: 'CrawlerTaskData',
    examples: [
      {
        id: 'issues-of-platform-api',
        type: 'FETCH_ISSUES',
        credentials: { accessToken: 'glpat-example', tokenType: 'pat' },
        apiEndpoint: 'https://gitlab.example/api/v4',
        priority: 'normal',
        options: { resourceId: 'platform/api', resourceType: 'project', pagination: { pageSize: 50 } },
      },
    ],
  })
export type TaskData = z.output<typeof taskData>
export const createBody = z.object({ type: optional(z.string().meta({ examples: ['task'] })), data: taskData })
export const bulkBody = z.object({ tasks: z.array(z.unknown()).min(1).max(1000) })
/** The same as the documentation shows it: its elements are checked one by one. */
export const bulkBodyDocument = z.object({
  tasks: z
    .array(z.union([taskData, z.object({ type: z.string().optional(), data: taskData })]))
    .min(1)
    .max(1000),
})

const progressBrief = z.object({
  processed: z.number(),
  total: z.number().nullable(),
  percentage: z.number().nullable(),
  currentStep: z.string().nullable(),
})
const taskFields = {
  id: z.string(),
  type: z.string(),
  status: z.enum(STATUSES),
  createdAt: z.string(),
  updatedAt: z.string(),
  startedAt: z.string().optional(),
  completedAt: z.string().optional(),
  progress: progressBrief,
  error: z.string().optional(),
}
const EXAMPLE_TASK = {
  id: 'issues-of-platform-api',
  type: 'FETCH_ISSUES',
  status: 'running',
  createdAt: '2026-01-15T09:00:00.000Z',
  updatedAt: '2026-01-15T09:00:05.000Z',
  startedAt: '2026-01-15T09:00:02.000Z',
  progress: { processed: 50, total: 120, percentage: 42, currentStep: 'issues' },
}
export const taskView = z.object(taskFields).meta({ id: 'CrawlerTask', examples: [EXAMPLE_TASK] })
export type TaskView = z.infer<typeof taskView>
const taskMetadata = z.object({
  resourceId: z.string().optional(),
  resourceType: z.string().optional(),
  gitlabId: z.string().optional(),
  apiEndpoint: z.string().optional(),
  branch: z.string().optional(),
  fromDate: z.string().optional(),
  toDate: z.string().optional(),
  command: z.string(),
  priority: z.enum(PRIORITIES),
  attempts: z.int(),
  maxAttempts: z.int(),
  run: z.int(),
  spawnedFrom: z.string().optional(),
  leasedBy: z.string().optional(),
  leaseExpiresAt: z.string().optional(),
  deadLetter: z.boolean().optional(),
})
const detailFields = { ...taskFields, jobStatus: z.enum(JOB_STATUSES), metadata: taskMetadata }
/** The task of the examples, as its details show it. */
export const EXAMPLE_DETAIL = {
  ...EXAMPLE_TASK,
  jobStatus: 'running',
  metadata: {
    resourceId: 'platform/api',
    resourceType: 'project',
    apiEndpoint: 'https://gitlab.example/api/v4',
    command: 'issues',
    priority: 'normal',
    attempts: 1,
    maxAttempts: 3,
    run: 1,
    leasedBy: 'worker-1',
    leaseExpiresAt: '2026-01-15T09:01:02.000Z',
  },
}
export const taskDetail = z.object(detailFields).meta({ id: 'CrawlerTaskDetail', examples: [EXAMPLE_DETAIL] })
export type TaskDetail = z.infer<typeof taskDetail>
export const detailShape = detailFields

export const createAnswer = z.object({
  data: taskView,
  message: z.string().meta({ examples: ['Task created successfully'] }),
})
export const detailAnswer = z.object({ data: taskDetail })
export const putAnswer = z.object({
  data: taskDetail,
  message: z.string().meta({ examples: ['Task updated successfully'] }),
})
export const deleteAnswer = z
  .object({
    message: z.string(),
    data: z.object({ taskId: z.string(), status: z.enum(['failed', 'deleted']) }),
  })
  .meta({
    examples: [{ message: 'Task canceled successfully', data: { taskId: 'issues-of-platform-api', status: 'failed' } }],
  })
const fieldProblem = z.object({ field: z.string(), message: z.string() })
export const bulkAnswer = z
  .object({
    data: z.array(
      z.object({
        index: z.int(),
        id: z.string().nullable(),
        status: z.union([z.literal(201), z.literal(400), z.literal(409)]),
        data: taskView.optional(),
        error: z.string().optional(),
        code: z.string().optional(),
        fields: z.array(fieldProblem).optional(),
      }),
    ),
    meta: z.object({ total: z.int(), created: z.int(), failed: z.int() }),
  })
  .meta({
    examples: [
      {
        data: [
          { index: 0, id: 'issues-of-platform-api', status: 201, data: EXAMPLE_TASK },
          {
            index: 1,
            id: 'issues-of-platform-api',
            status: 409,
            error: 'Task with this ID already exists',
            code: 'TASK_EXISTS',
          },
        ],
        meta: { total: 2, created: 1, failed: 1 },
      },
    ],
  })
export type BulkAnswer = z.infer<typeof bulkAnswer>

/** A whole number of at most 15 digits, brought within its limits. */
const integer = (fallback: number, min: number, max?: number) =>
  takes(
    orAbsent(z.string().regex(/^[+-]?\d{1,15}$/, 'must be an integer')).transform((given) => {
      const value = Math.max(min, given === undefined ? fallback : Number(given))
      return max === undefined ? value : Math.min(max, value)
    }),
    undefined,
    { type: 'integer', default: fallback },
  )
export const listQuery = z.object({
  status: orAbsent(z.enum(STATUSES)).describe('only tasks in this status'),
  type: orAbsent(z.enum(TASK_TYPES)).describe('only tasks of this type'),
  limit: integer(10, 1, 100).describe('most tasks; below 1 it is 1, above 100 it is 100'),
  offset: integer(0, 0).describe('tasks to leave out at the beginning; below 0 it is 0'),
  fromDate: orAbsent(time()).describe('made at this time or later'),
  toDate: orAbsent(time()).describe('made at this time or earlier'),
  spawnedFrom: orAbsent(z.string()).describe('only tasks that this one spawned'),
  order: orAbsent(z.enum(['asc', 'desc'])).describe('by creation time'),
})
export type ListQuery = z.output<typeof listQuery>
export const listAnswer = z.object({
  data: z.array(taskView),
  meta: z
    .object({
      total: z.int(),
      limit: z.int(),
      offset: z.int(),
      hasMore: z.boolean(),
      filters: z.record(z.string(), z.string()).optional(),
    })
    .meta({ examples: [{ total: 1, limit: 10, offset: 0, hasMore: false, filters: { status: 'running' } }] }),
})
export type ListAnswer = z.infer<typeof listAnswer>
