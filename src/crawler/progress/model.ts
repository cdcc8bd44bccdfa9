import { z } from 'zod'
import { optional } from '../../platform/http/schema.ts'
import { credentialsInput } from '../credentials/index.ts'
import {
  CREDENTIAL_WORDS,
  count,
  JOB_STATUSES,
  jsonBytes,
  object,
  objectUpTo,
  STATUSES,
  text,
  time,
  UPDATE_TYPES,
  withoutEmpty,
} from '../fields.ts'
import type { ServerEvent } from '../tasks/row.ts'

/** A discovered group or project, as an update brings it (§11). */
export const areaEntry = z.object({
  type: z.enum(['group', 'project']),
  gitlabId: z.union([z.string().min(1).max(255), z.number()], { error: 'must be a string or a number' }).transform(String),
  fullPath: z.string().min(1).max(1024),
  name: optional(text(1024)),
  webUrl: optional(text(4096)),
  description: text(65_536).nullish(),
  parentPath: text(1024).nullish(),
  discoveredBy: optional(text(255)),
})
export type AreaEntry = z.output<typeof areaEntry>

export const areasResult = z.object({ received: z.int(), inserted: z.int(), jobsCreated: z.int() })
export type AreasResult = z.infer<typeof areasResult>

const timelineEntry = z.object({ timestamp: time(), event: z.string().min(1).max(100), details: z.unknown().optional() })

const itemsByType = object().transform((value, ctx) => {
  const entries = Object.entries(value)
  if (entries.length > 100) ctx.addIssue({ code: 'custom', message: 'must have at most 100 keys' })
  for (const [key, number] of entries) {
    if (key.length < 1 || key.length > 64) ctx.addIssue({ code: 'custom', message: 'keys must have 1 to 64 characters' })
    if (typeof number !== 'number' || !(number >= 0))
      ctx.addIssue({ code: 'custom', message: `${key.slice(0, 64)} must be a number of at least 0` })
  }
  return value as Record<string, number>
})
const errorValue = z.union(
  [text(10_000), objectUpTo(16).refine((value) => typeof value.message === 'string', 'must have a message')],
  { error: 'must be a string of at most 10000 characters or an object of at most 16 KiB with a message' },
)
const credentialStatus = objectUpTo(16).refine(
  (value) => (CREDENTIAL_WORDS as readonly unknown[]).includes(value.type),
  `type must be one of ${CREDENTIAL_WORDS.join(', ')}`,
)
const resumeState = z.unknown().refine((value) => jsonBytes(value) <= 64 * 1024, 'must not be larger than 64 KiB of JSON')

/** What an update may say of a task, beside who speaks (§9). */
const progressFields = {
  processedItems: optional(count()),
  processed: optional(count()),
  totalItems: count().nullable().optional(),
  total: count().nullable().optional(),
  percentage: optional(z.number().min(0).max(100)),
  currentStep: optional(text(255)),
  currentDataType: optional(text(100)),
  stage: optional(text(100)),
  operationType: optional(text(100)),
  lastProcessedId: z
    .union([text(255), z.number()], { error: 'must be a string of at most 255 characters, a number or null' })
    .nullable()
    .optional(),
  message: optional(text(1000)),
  error: optional(errorValue),
  errorTimestamp: optional(time()),
  itemsByType: optional(itemsByType),
  itemsByTypeMode: optional(z.enum(['add', 'total'])),
  groupCount: optional(count()),
  projectCount: optional(count()),
  groupTotal: optional(count()),
  projectTotal: optional(count()),
  metadata: optional(objectUpTo(16)),
  timeline: optional(z.array(timelineEntry).max(1000)),
  resumeState: optional(resumeState),
  credentialStatus: optional(credentialStatus),
  timestamp: optional(time()),
}
const fieldsOnly = z.object(progressFields)
/** The fields that merge into a task's progress. */
export type ProgressFields = z.output<typeof fieldsOnly>

/** An update of a task (§9), as a body or as a frame. */
export const updateBody = z
  .object({
    type: z.enum(UPDATE_TYPES),
    ...progressFields,
    /** Alias of resumeState. */
    progress: optional(resumeState),
    areas: optional(z.array(areaEntry).max(1000)),
    status: optional(z.string().max(100)),
    updateId: optional(text(128)),
    workerId: optional(text(128)),
    fence: optional(z.int().min(0)),
    retryable: optional(z.boolean()),
    retryAfterSeconds: optional(z.number().min(0).max(3600)),
  })
  .meta({
    id: 'CrawlerUpdate',
    examples: [
      {
        type: 'progress',
        processedItems: 50,
        totalItems: 120,
        currentStep: 'issues',
        itemsByType: { issues: 50 },
        resumeState: { cursor: 'page-2' },
        workerId: 'worker-1',
        fence: 1,
      },
    ],
  })
export type Update = z.output<typeof updateBody>

/** A change by an operator (§7.8). */
export const putBody = z
  .object({
    status: optional(z.enum(STATUSES)),
    progress: optional(
      z.preprocess(
        (given) => (typeof given === 'object' && given !== null ? withoutEmpty(given as Record<string, unknown>) : given),
        z.object(progressFields),
      ),
    ),
    error: optional(text(10_000)),
    credentials: optional(credentialsInput),
  })
  .meta({ examples: [{ status: 'paused', error: 'paused by an operator' }] })
export type Put = z.output<typeof putBody>

const nullable = <S extends z.ZodType>(schema: S) => schema.nullable()
/** A task's progress as it is read (§7.11): what is not known is null. */
export const progressView = z
  .object({
    processed: z.number(),
    processedItems: z.number(),
    total: nullable(z.number()),
    totalItems: nullable(z.number()),
    percentage: nullable(z.number()),
    currentStep: nullable(z.string()),
    message: nullable(z.string()),
    error: z.unknown().nullable().describe('a text, or an object with a message'),
    errorTimestamp: nullable(z.string()),
    metadata: z.record(z.string(), z.unknown()),
    itemsByType: z.record(z.string(), z.number()),
    currentDataType: nullable(z.string()),
    lastProcessedId: nullable(z.union([z.string(), z.number()])),
    stage: nullable(z.string()),
    operationType: nullable(z.string()),
    resumeState: z.unknown().nullable().describe('any JSON that the worker has left for the next attempt'),
    lastAreasDiscovery: nullable(
      z.object({ timestamp: z.string(), groups: z.int(), projects: z.int(), inserted: z.int(), jobsCreated: z.int() }),
    ),
    credentialStatus: nullable(z.record(z.string(), z.unknown())),
  })
  .meta({
    id: 'CrawlerProgress',
    examples: [
      {
        processed: 50,
        processedItems: 50,
        total: 120,
        totalItems: 120,
        percentage: 42,
        currentStep: 'issues',
        message: null,
        error: null,
        errorTimestamp: null,
        metadata: {},
        itemsByType: { issues: 50 },
        currentDataType: null,
        lastProcessedId: null,
        stage: null,
        operationType: null,
        resumeState: { cursor: 'page-2' },
        lastAreasDiscovery: null,
        credentialStatus: null,
      },
    ],
  })
export type ProgressView = z.infer<typeof progressView>

export const timelineView = z
  .object({ timestamp: z.string(), event: z.string(), details: z.unknown().optional() })
  .meta({ examples: [{ timestamp: '2026-01-15T09:00:05.000Z', event: 'stage_change', details: { stage: 'issues' } }] })
export type TimelineView = z.infer<typeof timelineView>
export const progressAnswer = z.object({
  data: z.object({
    taskId: z.string().meta({ examples: ['issues-of-platform-api'] }),
    status: z.enum(STATUSES).meta({ examples: ['running'] }),
    jobStatus: z.enum(JOB_STATUSES).meta({ examples: ['running'] }),
    createdAt: z.string().meta({ examples: ['2026-01-15T09:00:00.000Z'] }),
    startedAt: z.string().optional(),
    completedAt: z.string().optional(),
    lastUpdate: z.string().meta({ examples: ['2026-01-15T09:00:05.000Z'] }),
    progress: progressView,
    timeline: z.array(timelineView),
    timelineTruncated: z
      .int()
      .describe('older events that were dropped')
      .meta({ examples: [0] }),
  }),
})

/** What an update is answered with (§7.10); also `result` of an ack frame. */
export const acknowledged = z
  .object({
    taskId: z.string(),
    status: z.literal('acknowledged'),
    message: z.string(),
    timestamp: z.string(),
    currentStatus: z.enum(STATUSES),
    progress: z.object({
      processed: z.number(),
      total: nullable(z.number()),
      percentage: nullable(z.number()),
      currentStep: nullable(z.string()),
      message: nullable(z.string()),
    }),
    ignored: z.literal(true).optional(),
    duplicate: z.literal(true).optional(),
    willRetry: z.literal(true).optional(),
    lease: z.object({ fence: z.int(), expiresAt: z.string() }).optional(),
    areas: areasResult.optional(),
  })
  .meta({
    id: 'CrawlerAcknowledged',
    examples: [
      {
        taskId: 'issues-of-platform-api',
        status: 'acknowledged',
        message: 'Progress update processed for task issues-of-platform-api',
        timestamp: '2026-01-15T09:00:05.000Z',
        currentStatus: 'running',
        progress: { processed: 50, total: 120, percentage: 42, currentStep: 'issues', message: null },
        lease: { fence: 1, expiresAt: '2026-01-15T09:01:05.000Z' },
      },
    ],
  })
export type Acknowledged = z.infer<typeof acknowledged>

/** Events that the server notes by itself (§9). */
export const SERVER_EVENTS = new Set([
  'stage_change',
  'status_change',
  'completion',
  'error',
  'areas_discovered',
  'credential_status_change',
])
/** A client may report a change and its own event for it in two requests, this far apart. */
export const REPEATED_WITHIN_MS = 10_000
const targetOf = (details: unknown): unknown => {
  const { toStage, toStatus, to } = (details ?? {}) as Record<string, unknown>
  return toStage ?? toStatus ?? to
}
/** Whether an update has its own event for the change that the server has noted: of the same name and, where both name it, the same target. */
export const isRepeatedBy = ({ event, details }: ServerEvent, { timeline = [] }: Update): boolean => {
  const target = details === null ? undefined : targetOf(JSON.parse(details))
  return timeline.some((own) => own.event === event && [undefined, target].includes(targetOf(own.details) as undefined))
}
