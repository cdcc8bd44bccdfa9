import { Elysia } from 'elysia'
import { z } from 'zod'
import { takes } from '../../platform/http/schema.ts'
import { ANONYMOUS, type CrawlerSurface, problems } from '../surface.ts'
import type { Health } from './service.ts'

const state = z.enum(['up', 'degraded', 'down'])
const overall = z.enum(['healthy', 'degraded', 'unhealthy'])
const services = z.object({
  database: z.object({ status: state, responseTime: z.number() }),
  authentication: z.object({ status: state, configured: z.boolean() }),
  jobProcessor: z.object({
    status: state,
    activeJobs: z.int(),
    queuedJobs: z.int(),
    failedJobs: z.int(),
    recentCompletions: z.int(),
  }),
  websockets: z.object({ status: state, activeConnections: z.int(), supportEnabled: z.literal(true) }),
  /** When external: Redis. */
  eventBus: z.object({ status: state }).optional(),
  /** When external: RabbitMQ. */
  dispatcher: z.object({ status: state }).optional(),
})
const system = z.object({
  runtimeVersion: z.string(),
  memoryUsage: z.object({ used: z.number(), free: z.number(), total: z.number() }),
})
const common = {
  status: overall,
  timestamp: z.string(),
  version: z.string(),
  uptime: z.number(),
  responseTime: z.number(),
  services: services.optional(),
  system: system.optional(),
  configuration: z.object({ crawlerApiTokenConfigured: z.boolean(), environment: z.string() }).optional(),
}
const EXAMPLE_HEALTH = {
  status: 'healthy',
  timestamp: '2026-01-15T09:00:00.000Z',
  version: '0.1.0',
  uptime: 3600,
  responseTime: 2,
}
export const healthView = z
  .object({ ...common, data: z.object(common).optional() })
  .meta({ id: 'CrawlerHealth', examples: [EXAMPLE_HEALTH] })
export type HealthView = z.infer<typeof healthView>
export type Services = z.infer<typeof services>
export type SystemFacts = z.infer<typeof system>
/** The one error body that is also a status (§3). */
const unhealthyView = z.object({
  ...common,
  data: z.object(common).optional(),
  error: z.literal('Health check failed'),
  message: z.string(),
  code: z.literal('UNHEALTHY'),
  retryable: z.literal(true),
  details: z.object({ requestId: z.string() }),
})
/** What is asked for; an operation that is none of these has its own refusal (§7.15). */
export const operationBody = z
  .object({ operation: takes(z.unknown(), { type: 'string', enum: ['deep_check', 'clear_cache'] }).optional() })
  .meta({ examples: [{ operation: 'clear_cache' }] })
export const operationAnswer = z
  .object({
    operation: z.string(),
    timestamp: z.string(),
    results: z.object({ database: services.shape.database, jobProcessor: services.shape.jobProcessor, system }).optional(),
    message: z.string().optional(),
  })
  .meta({
    examples: [{ operation: 'clear_cache', timestamp: '2026-01-15T09:00:00.000Z', message: 'Cache cleared successfully' }],
  })

/** `details=true` asks for all there is; anything else, like nothing, for less. */
const healthQuery = z.object({
  details: z.string().optional().describe('`true` asks for all there is, which needs a credential'),
})

/** Health of the family (§7.14, §7.15). */
export const healthRoutes = (surface: CrawlerSurface, health: Health) =>
  new Elysia({ detail: { tags: ['crawler: health'] } })
    .use(surface)
    .get(
      '/health',
      async ({ call, principal, query, set, status }) => {
        const depth = principal === ANONYMOUS ? 'basic' : query.details === 'true' ? 'details' : 'services'
        const view = await health.check(depth)
        set.headers['cache-control'] = 'no-store'
        if (view.status !== 'unhealthy') return view
        return status(503, {
          ...view,
          error: 'Health check failed',
          message: 'A service is down',
          code: 'UNHEALTHY',
          retryable: true,
          details: { requestId: call.requestId },
        })
      },
      {
        auth: 'health',
        rate: 'general',
        query: healthQuery,
        response: { 200: healthView, 503: unhealthyView },
        detail: {
          summary: 'Tell how the family is',
          description: 'Public unless `CRAWLER_HEALTH_AUTH=required`; a credential shows more, and `details=true` needs one.',
        },
      },
    )
    .post('/health', ({ body }) => health.operate(body.operation), {
      auth: 'operations',
      rate: 'general',
      bodyLimit: 'single',
      body: operationBody,
      response: { 200: operationAnswer, ...problems(500) },
      detail: {
        summary: 'Check afresh, or drop cached counts',
        description: '`operation`: `deep_check` or `clear_cache`.',
      },
    })
