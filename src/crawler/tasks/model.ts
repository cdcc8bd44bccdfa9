import { z } from 'zod'
import { optional, withDefault } from '../../platform/http/coercion.ts'
import { fanout } from '../areas/model.ts'
import { credentialsInput } from '../credentials/model.ts'
import { objectUpTo, orAbsent, taskId, text, time } from '../fields.ts'
import { FORMATS, JOB_STATUSES, PRIORITIES, RESOURCE_TYPES, STATUSES, TASK_TYPES } from '../vocabulary.ts'

const atLeastOne = () => z.int().min(1)
export const rateLimits = z.object({
  requestsPerMinute: optional(atLeastOne()),
  requestsPerHour: optional(atLeastOne()),
  burstLimit: optional(atLeastOne()),
  respectRetryAfter: withDefault(z.boolean(), true),
})

/** An http(s) address without user info or fragment; the family's settings say which hosts are allowed. */
export const apiEndpoint = z
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

export const taskOptions = z
  .object({
    resourceId: optional(
      z.union([text(1024), z.number()], { error: 'must be a string of at most 1024 characters or a number' }).transform(String),
    ),
    resourceType: optional(z.enum(RESOURCE_TYPES)),
    branch: optional(text(255)),
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
  .meta({ id: 'CrawlerTaskData' })
export type TaskData = z.output<typeof taskData>
export const createBody = z.object({ type: optional(z.string()), data: taskData })
export const bulkBody = z.object({ tasks: z.array(z.unknown()).min(1).max(1000) })

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
export const taskView = z.object(taskFields).meta({ id: 'CrawlerTask' })
export type TaskView = z.infer<typeof taskView>
export const taskMetadata = z.object({
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
export const taskDetail = z.object(detailFields).meta({ id: 'CrawlerTaskDetail' })
export type TaskDetail = z.infer<typeof taskDetail>
export const detailShape = detailFields

export const createAnswer = z.object({ data: taskView, message: z.string() })
export const detailAnswer = z.object({ data: taskDetail })
export const putAnswer = z.object({ data: taskDetail, message: z.string() })
export const deleteAnswer = z.object({
  message: z.string(),
  data: z.object({ taskId: z.string(), status: z.enum(['failed', 'deleted']) }),
})
const fieldProblem = z.object({ field: z.string(), message: z.string() })
export const bulkAnswer = z.object({
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
export type BulkAnswer = z.infer<typeof bulkAnswer>

/** A whole number of at most 15 digits, brought within its limits. */
const integer = (fallback: number, min: number, max?: number) =>
  orAbsent(z.string().regex(/^[+-]?\d{1,15}$/, 'must be an integer')).transform((given) => {
    const value = Math.max(min, given === undefined ? fallback : Number(given))
    return max === undefined ? value : Math.min(max, value)
  })
export const listQuery = z.object({
  status: orAbsent(z.enum(STATUSES)),
  type: orAbsent(z.enum(TASK_TYPES)),
  limit: integer(10, 1, 100),
  offset: integer(0, 0),
  fromDate: orAbsent(time()),
  toDate: orAbsent(time()),
  spawnedFrom: orAbsent(z.string()),
  order: orAbsent(z.enum(['asc', 'desc'])),
})
export type ListQuery = z.output<typeof listQuery>
export const listAnswer = z.object({
  data: z.array(taskView),
  meta: z.object({
    total: z.int(),
    limit: z.int(),
    offset: z.int(),
    hasMore: z.boolean(),
    filters: z.record(z.string(), z.string()).optional(),
  }),
})
export type ListAnswer = z.infer<typeof listAnswer>
