import { z } from 'zod'
import { ROW_CLIENT_PREFIX } from '../../tasks/index.ts'
import { absent, boolean, integer, number, siteKey, text, time } from '../fields.ts'

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

const workerId = text(1, 128).refine(
  (name) => !name.startsWith(ROW_CLIENT_PREFIX),
  `Input should not begin with "${ROW_CLIENT_PREFIX}"`,
)
const leaseSeconds = integer(5, 3600)
const fence = integer(0)
/** What a worker takes. Sites narrow down the runs of sources alone. */
const wanted = {
  kinds: z.array(z.enum(FLEET_KINDS)).max(100).nullish(),
  site_keys: z.array(siteKey()).max(1000).nullish().describe('only runs of these sites'),
  exclude_site_keys: z.array(siteKey()).max(1000).nullish().describe('no runs of these sites'),
}

export const leaseBody = z.object({
  worker_id: workerId,
  ...wanted,
  max: absent(integer(1, 100), 1),
  lease_seconds: absent(leaseSeconds, 60),
  wait_seconds: absent(integer(0, 30), 0),
})
export const heartbeatBody = z.object({
  worker_id: workerId,
  fence,
  lease_seconds: leaseSeconds.nullish(),
  progress: z.unknown().optional(),
})
export const completeBody = z.object({ worker_id: workerId, fence, result: z.unknown().optional() })
export const completeManyBody = z.object({
  worker_id: workerId,
  tasks: z
    .array(z.object({ id: text(1, 128), fence, result: z.unknown().optional() }))
    .min(1)
    .max(500),
})
export const failBody = z.object({
  worker_id: workerId,
  fence,
  error: text().transform((error) => tailOf(error, MAX_ERROR)),
  retryable: absent(boolean(), true),
})
export const releaseBody = z.object({
  worker_id: workerId,
  fence,
  /** How long the task is not offered to anybody. */
  delay_seconds: absent(integer(0, 86_400), 0),
})
export const workerHeartbeatBody = z.object({
  hostname: text(1, 255),
  concurrent_tasks: number(0),
  ram_usage_pct: number(),
  pid: integer(0),
  cpu_usage: number().nullish(),
  status: absent(text(0, 64), 'online'),
  worker_id: text(1, 300).nullish(),
})
export const tasksQuery = z.object({
  status: z.enum(TASK_STATUSES).optional(),
  kind: text().optional(),
  limit: absent(integer(1, 200), 50),
  cursor: text().optional(),
})
export const redriveBody = z.object({
  ids: z.array(text(0, 128)).max(1000).nullish(),
  kind: text().nullish(),
  limit: integer(1, 1000).nullish().describe('most tasks that live again; of a kind 100 unless given'),
})
/** First frame of a socket. */
export const helloData = z.object({
  worker_id: workerId,
  hostname: text(1, 255).nullish(),
  pid: integer(0).nullish(),
  ...wanted,
  max: absent(integer(1, 100), 1),
  lease_seconds: absent(leaseSeconds, 60),
})

const taskFields = {
  id: z.string(),
  kind: z.string(),
  payload: z.unknown(),
  fence: z.int(),
  attempt: z.int(),
  lease_expires_at: time(),
  priority: z.int(),
}
/** A task as who holds its lease sees it. */
export const taskView = z.object(taskFields).meta({ id: 'Task' })
export type TaskView = z.infer<typeof taskView>
/** A task as an operator sees it. */
export const taskInfo = z
  .object({
    ...taskFields,
    lease_expires_at: time().nullable(),
    status: z.enum(TASK_STATUSES),
    worker_id: z.string().nullable(),
    error: z.string().nullable(),
    result: z.unknown(),
    progress: z.unknown(),
    max_attempts: z.int(),
    available_at: time(),
    created_at: time(),
    updated_at: time(),
  })
  .meta({ id: 'TaskInfo' })
export type TaskInfo = z.infer<typeof taskInfo>

const ok = z.literal('ok')
export const leaseAnswer = z.object({ tasks: z.array(taskView) })
export const heartbeatAnswer = z.object({
  status: ok,
  lease_expires_at: time(),
  cancel_requested: z.boolean(),
  /** The progress was too large and has not been stored. */
  progress_dropped: z.literal(true).optional(),
})
export const completeAnswer = z.object({ status: ok, state: z.literal('completed') })
export const completeManyAnswer = z.object({
  status: ok,
  completed: z.int(),
  rejected: z.array(z.object({ id: z.string(), code: z.string(), message: z.string() })),
})
export const failAnswer = z.object({ status: ok, state: z.enum(TASK_STATUSES), next_attempt_at: time().nullable() })
export const workerHeartbeatAnswer = z.object({ status: ok, expires_in: z.int() })
export const tasksPage = z.object({ tasks: z.array(taskInfo), next_cursor: z.string().nullable() })
export const redriveAnswer = z.object({
  status: ok,
  redriven: z.int(),
  skipped: z.array(z.object({ id: z.string(), reason: z.string() })),
})
export const cancelAnswer = z.object({ status: ok, state: z.string() })
export const workerView = z.object({
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
  via: z.enum(['http', 'ws', 'redis']),
})
export type WorkerView = z.infer<typeof workerView>
