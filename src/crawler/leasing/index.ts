import { Elysia } from 'elysia'
import { z } from 'zod'
import type { Clock } from '../../platform/clock.ts'
import { optional, withDefault } from '../../platform/http/schema.ts'
import { credentialsView, EXAMPLE_CREDENTIALS } from '../credentials/index.ts'
import { shuttingDown } from '../envelope.ts'
import { storable, TASK_TYPES } from '../fields.ts'
import { type CrawlerSurface, problems, requireWorker } from '../surface.ts'
import { detailShape, EXAMPLE_DETAIL, optionsView, rateLimitsView } from '../tasks/model.ts'
import type { Leasing } from './service.ts'

const shared = {
  types: optional(z.array(z.enum(TASK_TYPES))),
  max: withDefault(z.int().min(1).max(50), 1),
  leaseSeconds: withDefault(z.int().min(10).max(3600), 60),
  waitSeconds: withDefault(z.number().min(0).max(60), 0),
}
/** A request for tasks (§7.6). Seconds. */
export const leaseBody = z
  .object({ workerId: z.string().min(1).max(128), ...shared })
  .meta({ examples: [{ workerId: 'worker-1', types: ['FETCH_ISSUES'], max: 2, leaseSeconds: 60, waitSeconds: 20 }] })
/** The same over a socket, where the connection stands in for the worker's name (§13). */
export const taskRequest = z
  .object({ workerId: optional(z.string().min(1).max(128)), ...shared })
  .meta({ examples: [{ types: ['FETCH_ISSUES'], max: 2 }] })
export type LeaseRequest = z.output<typeof leaseBody>

/** A task in the hands of a worker, with what it needs (§7.6). */
export const leasedTask = z
  .object({
    ...detailShape,
    credentials: credentialsView,
    type: z.enum(TASK_TYPES),
    options: optionsView,
    rateLimits: rateLimitsView.optional(),
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
  .meta({
    id: 'CrawlerLeasedTask',
    examples: [
      {
        ...EXAMPLE_DETAIL,
        credentials: EXAMPLE_CREDENTIALS,
        options: { resourceId: 'platform/api', resourceType: 'project', outputFormat: 'json', includeMetadata: false },
        resumeState: null,
        lease: {
          workerId: 'worker-1',
          fence: 1,
          leaseSeconds: 60,
          expiresAt: '2026-01-15T09:01:02.000Z',
          attempt: 1,
          maxAttempts: 3,
        },
      },
    ],
  })
export type LeasedTask = z.infer<typeof leasedTask>
export const leaseAnswer = z.object({
  data: z.array(leasedTask),
  meta: z
    .object({ count: z.int(), serverTime: z.string() })
    .meta({ examples: [{ count: 1, serverTime: '2026-01-15T09:00:02.000Z' }] }),
})

/** Leases over HTTP (§7.6). */
export const leasingRoutes = (surface: CrawlerSurface, leasing: Leasing, clock: Clock, isStopping: () => boolean) =>
  new Elysia({ detail: { tags: ['crawler: leasing'] } }).use(surface).post(
    '/tasks/lease',
    async ({ request, call, body, principal }) => {
      requireWorker(principal)
      if (isStopping()) throw shuttingDown()
      const data = await leasing.lease(storable(body, call.bodyText ?? ''), request.signal)
      return { data, meta: { count: data.length, serverTime: new Date(clock.now()).toISOString() } }
    },
    {
      auth: 'tasks',
      rate: 'general',
      bodyLimit: 'single',
      body: leaseBody,
      response: { 200: leaseAnswer, ...problems(403) },
      detail: {
        summary: 'Lease tasks',
        description:
          'By priority, then age; waits up to `waitSeconds` for the first. At least once: the fence makes the effect once.',
      },
    },
  )
