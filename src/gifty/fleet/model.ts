import { z } from 'zod'
import { ROW_FORMATS } from '../../platform/http/row-export.ts'
import { ownExample } from '../../platform/http/schema.ts'
import { TASK_STATES as ENGINE_STATES, ROW_CLIENT_PREFIX } from '../../tasks/index.ts'
import { categoryTask } from '../categories/index.ts'
import {
  absent,
  absentOrNull,
  boolean,
  fenceNumber,
  instant,
  integer,
  listOf,
  nextCursor,
  number,
  siteKey,
  taskName,
  text,
  time,
  workerName,
} from '../fields.ts'
import { notificationPayload } from '../notifications.ts'
import { scoringPayload } from '../scoring.ts'
import { embeddingPayload } from '../search/index.ts'
import { runPayload } from '../sources/run-result.ts'

/** The kinds this protocol covers (gifty §4); tasks of other families are never offered here. */
export const FLEET_KINDS = ['source.run', 'source.run.web', 'scoring', 'category_mapping', 'embedding', 'notification'] as const
/** What a worker that names no kinds gets. */
export const DEFAULT_KINDS = FLEET_KINDS.filter((kind) => kind !== 'source.run.web')
export const TASK_STATUSES = ['pending', 'leased', 'completed', 'failed', 'dead', 'cancelled'] as const
export type TaskStatus = (typeof TASK_STATUSES)[number]
/** Larger progress is dropped, and the lease prolonged all the same. */
export const PROGRESS_BYTES = 16 * 1024
/** What of a text that says how a task went is kept, from its end: that is where the reason stands. */
const MAX_ERROR = 10_000
export const MAX_LOGS = 100_000
export const tailOf = (text: string, max: number): string => (text.length > max ? text.slice(-max).toWellFormed() : text)

const workerId = workerName().refine(
  (name) => !name.startsWith(ROW_CLIENT_PREFIX),
  `Input should not begin with "${ROW_CLIENT_PREFIX}"`,
)
const leaseSeconds = integer(5, 3600)
const fence = fenceNumber()
/** What a worker takes. Sites narrow down the runs of sources alone. */
const wanted = {
  kinds: z.array(z.enum(FLEET_KINDS)).max(100).nullish(),
  site_keys: z.array(siteKey()).max(1000).nullish().describe('only runs of these sites'),
  exclude_site_keys: z.array(siteKey()).max(1000).nullish().describe('no runs of these sites'),
}

export const leaseBody = z
  .object({
    worker_id: workerId,
    ...wanted,
    max: absentOrNull(integer(1, 100), 1),
    lease_seconds: absentOrNull(leaseSeconds, 60),
    wait_seconds: absentOrNull(integer(0, 30), 0),
  })
  .meta({ examples: [{ worker_id: 'worker-1', kinds: ['source.run'], max: 2, lease_seconds: 60, wait_seconds: 20 }] })
export const heartbeatBody = z
  .object({
    worker_id: workerId,
    fence,
    lease_seconds: leaseSeconds.nullish(),
    progress: z.unknown().optional().describe('any JSON, shown with the task'),
  })
  .meta({ examples: [{ worker_id: 'worker-1', fence: 1, progress: { page: 2, pages: 5 } }] })
const result = () =>
  z
    .unknown()
    .optional()
    .describe(
      'by kind: `{logs?}` of a source, `{llm_gift_score, ...}` of `scoring`, `{internal_category_id}` of `category_mapping`, `{embedding}` of `embedding`, anything of a notification',
    )
export const completeBody = z
  .object({ worker_id: workerId, fence, result: result() })
  .meta({ examples: [{ worker_id: 'worker-1', fence: 1, result: { logs: '120 products in 5 pages\n' } }] })
export const completeManyBody = z
  .object({
    worker_id: workerId,
    tasks: z
      .array(z.object({ id: taskName(), fence, result: result() }))
      .min(1)
      .max(500),
  })
  .meta({
    examples: [{ worker_id: 'worker-1', tasks: [{ id: '0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34', fence: 1, result: {} }] }],
  })
export const failBody = z
  .object({
    worker_id: workerId,
    fence,
    error: text().transform((error) => tailOf(error, MAX_ERROR)),
    retryable: absentOrNull(boolean(), true),
  })
  .meta({ examples: [{ worker_id: 'worker-1', fence: 1, error: 'the shop answered 503', retryable: true }] })
export const releaseBody = z
  .object({
    worker_id: workerId,
    fence,
    delay_seconds: absentOrNull(integer(0, 86_400), 0).describe('how long the task is not offered to anybody'),
  })
  .meta({ examples: [{ worker_id: 'worker-1', fence: 1, delay_seconds: 30 }] })
export const workerHeartbeatBody = z
  .object({
    hostname: text(1, 255),
    concurrent_tasks: number(0),
    ram_usage_pct: number(),
    pid: integer(0),
    cpu_usage: number().nullish(),
    status: absentOrNull(text(0, 64), 'online'),
    worker_id: text(1, 300).nullish(),
  })
  .meta({
    examples: [{ hostname: 'crawler-3', pid: 4117, concurrent_tasks: 2, ram_usage_pct: 41.5, worker_id: 'worker-1' }],
  })
export const tasksQuery = z.strictObject({
  status: z.enum(TASK_STATUSES).nullish().describe('only tasks in this status'),
  state: listOf(ENGINE_STATES).describe('only tasks in these states of the engine, a comma list'),
  kind: text().nullish().describe('only tasks of these kinds, a comma list; one that nobody knows has none'),
  site_key: siteKey().nullish().describe('only runs of this site'),
  source_id: integer(1).nullish().describe('only runs of this source'),
  run_id: integer(1).nullish().describe('the task of this run'),
  worker_id: text(1, 128).nullish().describe('only tasks that this worker has leased last'),
  group: text(1, 200).nullish().describe('only tasks of this group, such as `host:tea.example`'),
  q: text(1, 200).nullish().describe('text in the id, the payload or the error; letters a to z in any case'),
  from: instant().nullish().describe('tasks made since then'),
  to: instant().nullish().describe('and before this'),
  view: z.enum(['full', 'summary']).nullish().describe('`summary` leaves payload, result and progress out'),
  limit: absent(integer(1, 500), 50).describe('most tasks of the page'),
  cursor: text().nullish().describe('`next_cursor` of the page before'),
})
export const tasksExportQuery = tasksQuery
  .omit({ limit: true, cursor: true, run_id: true })
  .extend({ format: z.enum(ROW_FORMATS).default('csv').describe('form of the file') })
export const redriveBody = z
  .object({
    ids: z.array(taskName(0)).max(1000).nullish(),
    kind: text().nullish(),
    limit: integer(1, 1000).nullish().describe('most tasks that live again; of a kind 100 unless given'),
  })
  .meta({ examples: [{ kind: 'scoring', limit: 50 }] })
/** First frame of a socket. */
export const helloData = z
  .object({
    worker_id: workerId,
    hostname: text(1, 255).nullish(),
    pid: integer(0).nullish(),
    ...wanted,
    max: absentOrNull(integer(1, 100), 1),
    lease_seconds: absentOrNull(leaseSeconds, 60),
  })
  .meta({ examples: [{ worker_id: 'worker-1', hostname: 'crawler-3', pid: 4117, kinds: ['source.run'], max: 2 }] })

const taskFields = {
  id: z.string(),
  fence: z.int().describe('rises with each lease'),
  attempt: z.int().describe('from 1'),
  lease_expires_at: time(),
  priority: z.int(),
}
const infoFields = {
  ...taskFields,
  lease_expires_at: time().nullable(),
  status: z.enum(TASK_STATUSES),
  state: z.enum(ENGINE_STATES).describe('as the engine has it: `status` shows `paused` and `cancelling` as leased'),
  worker_id: z.string().nullable(),
  site_key: z.string().nullable(),
  group: z.string().nullable().describe('tasks of one group are limited and paused together'),
  error: z.string().nullable(),
  result: z.unknown(),
  progress: z.unknown(),
  max_attempts: z.int(),
  available_at: time(),
  created_at: time(),
  updated_at: time(),
  finished_at: time().nullable(),
}
const EXAMPLE_TASK = {
  id: '0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34',
  fence: 1,
  attempt: 1,
  lease_expires_at: '2026-01-15T09:01:00.000Z',
  priority: 50,
}
const EXAMPLE_INFO = {
  ...EXAMPLE_TASK,
  status: 'leased',
  state: 'leased',
  worker_id: 'worker-1',
  site_key: null,
  group: null,
  error: null,
  result: null,
  progress: { page: 2, pages: 5 },
  max_attempts: 5,
  available_at: '2026-01-15T09:00:00.000Z',
  created_at: '2026-01-15T09:00:00.000Z',
  updated_at: '2026-01-15T09:00:02.000Z',
  finished_at: null,
}
/** What each kind's tasks are about (gifty §4). */
const PAYLOADS = {
  'source.run': runPayload,
  'source.run.web': runPayload,
  scoring: scoringPayload,
  category_mapping: categoryTask,
  embedding: embeddingPayload,
  notification: notificationPayload,
} satisfies Record<(typeof FLEET_KINDS)[number], z.ZodType>
const NAMES = {
  'source.run': 'SourceRun',
  'source.run.web': 'WebSourceRun',
  scoring: 'Scoring',
  category_mapping: 'CategoryMapping',
  embedding: 'Embedding',
  notification: 'Notification',
} satisfies Record<keyof typeof PAYLOADS, string>

/** Kinds of other protocols and families, as the list of tasks shows them (operations §3). */
export const OTHER_KINDS = [
  'embedding.other',
  'weeek.reminder',
  'love-parser.search',
  'love-parser.notifications',
  'love-parser.job',
  'crawler.DISCOVER_AREAS',
  'crawler.FETCH_PROJECTS',
  'crawler.FETCH_GROUPS',
  'crawler.FETCH_PROJECT_DETAILS',
  'crawler.FETCH_GROUP_DETAILS',
  'crawler.FETCH_PROJECT_MEMBERS',
  'crawler.FETCH_GROUP_MEMBERS',
  'crawler.FETCH_ISSUES',
  'crawler.FETCH_MERGE_REQUESTS',
  'crawler.FETCH_COMMITS',
  'crawler.FETCH_BRANCHES',
  'crawler.FETCH_TAGS',
  'crawler.FETCH_PIPELINES',
  'crawler.FETCH_JOBS',
  'crawler.FETCH_DEPLOYMENTS',
  'crawler.FETCH_ENVIRONMENTS',
  'crawler.FETCH_VULNERABILITIES',
  'crawler.OTHER',
] as const

/** A kind's tasks: which kind it is says what the payload is. */
const ofKind = <K extends keyof typeof PAYLOADS, F extends z.ZodRawShape>(
  kind: K,
  prefix: string,
  fields: F,
  example: object,
  isListed = false,
) => {
  const payload = PAYLOADS[kind]
  // As a type it is there: who asks for no summary always gets it.
  const shown = isListed ? (payload.optional() as unknown as typeof payload) : payload
  return z.object({ ...fields, kind: z.literal(kind), payload: shown }).meta({
    id: `${prefix}${NAMES[kind]}`,
    examples: [{ ...example, kind, payload: ownExample(payload) }],
  })
}
const ofAllKinds = <F extends z.ZodRawShape>(prefix: string, fields: F, example: object, isListed = false) =>
  z.discriminatedUnion('kind', [
    ofKind('source.run', prefix, fields, example, isListed),
    ofKind('source.run.web', prefix, fields, example, isListed),
    ofKind('scoring', prefix, fields, example, isListed),
    ofKind('category_mapping', prefix, fields, example, isListed),
    ofKind('embedding', prefix, fields, example, isListed),
    ofKind('notification', prefix, fields, example, isListed),
  ])
/** A task as who holds its lease sees it. */
export const taskView = ofAllKinds('Task', taskFields, EXAMPLE_TASK).meta({ id: 'Task' })
export type TaskView = z.infer<typeof taskView>
/** A task as an operator sees it. */
export const taskInfo = ofAllKinds('TaskInfo', infoFields, EXAMPLE_INFO).meta({ id: 'TaskInfo' })
export type TaskInfo = z.infer<typeof taskInfo>
/** Kinds whose payloads this family does not describe. */
const otherTask = z.object({ ...infoFields, kind: z.enum(OTHER_KINDS), payload: z.unknown() }).meta({
  id: 'TaskInfoOther',
  examples: [{ ...EXAMPLE_INFO, kind: 'crawler.FETCH_ISSUES', payload: { task_id: '01J9ZK3V7Q8W5N4M2B1C0D9E8F' } }],
})
/** A task of any family, as an operator sees it. */
export const anyTask = z.discriminatedUnion('kind', [...taskInfo.options, otherTask]).meta({ id: 'AnyTaskInfo' })
export type AnyTask = z.infer<typeof anyTask>
/** The same in a list, where `view=summary` leaves out what can be large. */
const listedFields = { ...infoFields, result: z.unknown().optional(), progress: z.unknown().optional() }
const listedTask = z
  .discriminatedUnion('kind', [
    ...ofAllKinds('ListedTask', listedFields, EXAMPLE_INFO, true).options,
    z.object({ ...listedFields, kind: z.enum(OTHER_KINDS), payload: z.unknown().optional() }).meta({
      id: 'ListedTaskOther',
      examples: [{ ...EXAMPLE_INFO, kind: 'crawler.FETCH_ISSUES', payload: { task_id: '01J9ZK3V7Q8W5N4M2B1C0D9E8F' } }],
    }),
  ])
  .meta({ id: 'ListedTask' })
export type ListedTask = z.infer<typeof listedTask>
/** The columns of an export. */
export const TASK_COLUMNS = [...Object.keys(EXAMPLE_INFO), 'kind', 'payload'] as (keyof ListedTask)[]

const ok = z.literal('ok')
export const leaseAnswer = z.object({ tasks: z.array(taskView) })
export const heartbeatAnswer = z
  .object({
    status: ok,
    lease_expires_at: time(),
    cancel_requested: z.boolean(),
    progress_dropped: z.literal(true).optional().describe('the progress was too large and has not been stored'),
  })
  .meta({ examples: [{ status: 'ok', lease_expires_at: '2026-01-15T09:02:00.000Z', cancel_requested: false }] })
export const completeAnswer = z.object({ status: ok, state: z.literal('completed') })
export const completeManyAnswer = z
  .object({
    status: ok,
    completed: z.int(),
    rejected: z.array(z.object({ id: z.string(), code: z.string(), message: z.string() })),
  })
  .meta({ examples: [{ status: 'ok', completed: 1, rejected: [] }] })
export const failAnswer = z
  .object({ status: ok, state: z.enum(TASK_STATUSES), next_attempt_at: time().nullable() })
  .meta({ examples: [{ status: 'ok', state: 'pending', next_attempt_at: '2026-01-15T09:01:10.000Z' }] })
export const workerHeartbeatAnswer = z.object({
  status: ok,
  expires_in: z
    .int()
    .describe('seconds')
    .meta({ examples: [60] }),
})
export const tasksPage = z.object({
  tasks: z.array(listedTask),
  next_cursor: nextCursor().describe('null on the last page; a page may be empty although more follow'),
  searched_to: time()
    .optional()
    .describe('set where filters had to look at one task after another: those made since then were looked at for this page'),
})
export const redriveAnswer = z
  .object({
    status: ok,
    redriven: z.int(),
    skipped: z.array(z.object({ id: z.string(), reason: z.string() })),
  })
  .meta({
    examples: [{ status: 'ok', redriven: 3, skipped: [{ id: '0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34', reason: 'not_dead' }] }],
  })
export const cancelAnswer = z.object({ status: ok, state: z.string().meta({ examples: ['cancelled'] }) })
export const workerView = z
  .object({
    worker_id: z.string(),
    hostname: z.string(),
    last_seen: time(),
    status: z.string(),
    concurrent_tasks: z.number(),
    ram_usage_pct: z.number(),
    pid: z.int(),
    cpu_usage: z.number(),
    memory_usage: z.number(),
    tasks_count: z.number(),
    via: z.enum(['http', 'ws', 'redis', 'lease']).describe('`lease`: it sends no heartbeat and holds leases'),
  })
  .meta({
    examples: [
      {
        worker_id: 'worker-1',
        hostname: 'crawler-3',
        last_seen: '2026-01-15T09:00:30.000Z',
        status: 'online',
        concurrent_tasks: 2,
        ram_usage_pct: 41.5,
        pid: 4117,
        cpu_usage: 12,
        memory_usage: 41.5,
        tasks_count: 2,
        via: 'http',
      },
    ],
  })
export type WorkerView = z.infer<typeof workerView>

/** What every frame of the worker protocol has (gifty §4). */
export const frame = z.object({ type: text(1, 32), id: z.union([z.string().max(200), z.number()]), data: z.unknown().optional() })
/** The HTTP body plus the task; the worker is known from `hello`. */
const ofTask = { worker_id: workerName().nullish(), task_id: taskName() }
export const VERBS = {
  lease: leaseBody.extend({ worker_id: workerName().nullish() }),
  heartbeat: heartbeatBody.extend(ofTask),
  complete: completeBody.extend(ofTask),
  fail: failBody.extend(ofTask),
  release: releaseBody.extend(ofTask),
  worker_heartbeat: workerHeartbeatBody,
}
