import { Elysia } from 'elysia'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { type Clock, HOUR_MS, within } from '../platform/clock.ts'
import { takes } from '../platform/http/schema.ts'
import { ANONYMOUS, type CrawlerSurface, problems } from './surface.ts'

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

const CACHE_MS = 1000
const SLOW_MS = 5000
/** A database that has not answered by then is down. */
const GIVE_UP_MS = 6000

/** Milliseconds since `began`, with two decimals: the clock's other digits are noise. */
const msSince = (began: number): number => Math.round((performance.now() - began) * 100) / 100

export interface Counts {
  running: number
  queued: number
  failed: number
  finishedSince: number
}
/** A checked dependency, and the result of the check. */
interface Look {
  database: Services['database']
  jobs: Services['jobProcessor']
}

/** Health of the family (§7.14). The database is probed at most once a second; requests in between share that answer. */
export const createHealth = ({
  clock,
  version,
  configured,
  environment,
  ping,
  counts,
  sockets,
  eventBusIsUp,
  dispatcherIsUp,
}: {
  clock: Clock
  version: string
  /** Whether a token is configured. */
  configured: boolean
  environment: string
  ping(): Promise<void>
  counts(since: number): Promise<Counts>
  /** Live sockets of this process. */
  sockets(): number
  /** Undefined when events stay in the process. */
  eventBusIsUp: (() => boolean) | undefined
  /** Undefined when work is handed out by the database alone. */
  dispatcherIsUp: (() => boolean) | undefined
}) => {
  const startedAt = clock.now()
  let cached: { look: Promise<Look>; at: number } | undefined

  const measure = async (): Promise<Look> => {
    const began = performance.now()
    try {
      const counting = ping().then(() => counts(clock.now() - HOUR_MS))
      const known = await within(counting, GIVE_UP_MS, clock)
      const responseTime = msSince(began)
      if (!known) throw new Error('the database does not answer')
      return {
        database: { status: responseTime > SLOW_MS ? 'degraded' : 'up', responseTime },
        jobs: {
          status: 'up',
          activeJobs: known.running,
          queuedJobs: known.queued,
          failedJobs: known.failed,
          recentCompletions: known.finishedSince,
        },
      }
    } catch {
      const responseTime = msSince(began)
      return {
        database: { status: 'down', responseTime },
        jobs: { status: 'down', activeJobs: 0, queuedJobs: 0, failedJobs: 0, recentCompletions: 0 },
      }
    }
  }
  const look = (): Promise<Look> => {
    const now = clock.now()
    if (!cached || now - cached.at >= CACHE_MS || now < cached.at) cached = { look: measure(), at: now }
    return cached.look
  }
  const system = (): SystemFacts => {
    const { heapUsed, rss } = process.memoryUsage()
    const total = Math.max(rss, heapUsed)
    return {
      runtimeVersion: `bun ${Bun.version}`,
      memoryUsage: { used: heapUsed, free: Math.max(0, total - heapUsed), total },
    }
  }

  return {
    /** Numbers of tasks by status, at most one second old. */
    counts: async () => {
      const { jobs } = await look()
      return { queued: jobs.queuedJobs }
    },
    /** `level`: what the caller may see. */
    async check(level: 'basic' | 'services' | 'details'): Promise<HealthView> {
      const began = performance.now()
      const { database, jobs } = await look()
      const services: Services = {
        database,
        authentication: { status: configured ? 'up' : 'degraded', configured },
        jobProcessor: jobs,
        websockets: { status: 'up', activeConnections: sockets(), supportEnabled: true },
        ...(eventBusIsUp ? { eventBus: { status: eventBusIsUp() ? 'up' : 'down' } } : {}),
        // Never down: this family's tasks do not pass it, and what waits for it waits in the database.
        ...(dispatcherIsUp ? { dispatcher: { status: dispatcherIsUp() ? 'up' : 'degraded' } } : {}),
      }
      const states = Object.values(services).map((service) => service.status)
      const now = clock.now()
      const view: HealthView = {
        status: states.includes('down') ? 'unhealthy' : states.includes('degraded') ? 'degraded' : 'healthy',
        timestamp: new Date(now).toISOString(),
        version,
        uptime: Math.max(0, (now - startedAt) / 1000),
        responseTime: msSince(began),
      }
      if (level === 'basic') return view
      view.services = services
      if (level === 'services') return view
      view.system = system()
      view.configuration = { crawlerApiTokenConfigured: configured, environment }
      return { ...view, data: { ...view } }
    },
    /**
     * An operator's wish (§7.15).
     * @throws AppError 400 UNKNOWN_OPERATION; 500 when the database does not answer
     */
    async operate(operation: unknown) {
      const timestamp = new Date(clock.now()).toISOString()
      if (operation === 'clear_cache') {
        cached = undefined
        return { operation, timestamp, message: 'Cache cleared successfully' }
      }
      if (operation !== 'deep_check') {
        const name = typeof operation === 'string' ? operation : (JSON.stringify(operation) ?? 'undefined')
        throw new AppError('UNKNOWN_OPERATION', 400, `Unknown operation: ${name.slice(0, 100)}`)
      }
      const { database, jobs } = await measure()
      if (database.status === 'down') throw new AppError('INTERNAL', 500, 'Operation failed')
      return { operation, timestamp, results: { database, jobProcessor: jobs, system: system() } }
    },
  }
}
export type Health = ReturnType<typeof createHealth>
