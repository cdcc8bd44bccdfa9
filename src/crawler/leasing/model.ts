import { z } from 'zod'
import { optional, withDefault } from '../../platform/http/coercion.ts'
import { credentialsView } from '../credentials/model.ts'
import { detailShape } from '../tasks/model.ts'
import { TASK_TYPES } from '../vocabulary.ts'

const shared = {
  types: optional(z.array(z.enum(TASK_TYPES))),
  max: withDefault(z.int().min(1).max(50), 1),
  leaseSeconds: withDefault(z.int().min(10).max(3600), 60),
  waitSeconds: withDefault(z.number().min(0).max(60), 0),
}
/** A request for tasks (§7.6). Seconds. */
export const leaseBody = z.object({ workerId: z.string().min(1).max(128), ...shared })
/** The same over a socket, where the connection stands in for the worker's name (§13). */
export const taskRequest = z.object({ workerId: optional(z.string().min(1).max(128)), ...shared })
export type LeaseRequest = z.output<typeof leaseBody>

/** A task in the hands of a worker, with what it needs (§7.6). */
export const leasedTask = z
  .object({
    ...detailShape,
    credentials: credentialsView,
    options: z.record(z.string(), z.unknown()),
    rateLimits: z.record(z.string(), z.unknown()).optional(),
    resumeState: z.unknown().nullable(),
    lease: z.object({
      workerId: z.string(),
      fence: z.int(),
      leaseSeconds: z.int(),
      expiresAt: z.string(),
      attempt: z.int(),
      maxAttempts: z.int(),
    }),
  })
  .meta({ id: 'CrawlerLeasedTask' })
export type LeasedTask = z.infer<typeof leasedTask>
export const leaseAnswer = z.object({ data: z.array(leasedTask), meta: z.object({ count: z.int(), serverTime: z.string() }) })
