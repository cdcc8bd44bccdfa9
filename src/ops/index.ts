import { Elysia } from 'elysia'
import { z } from 'zod'
import { missingSecrets } from '../config/secrets.ts'
import { notFound, unauthorized } from '../errors.ts'
import type { Module } from '../module.ts'
import { cachedFor, within } from '../platform/clock.ts'
import { secretMatcher } from '../platform/crypto.ts'
import { createSurface } from '../platform/http/macros.ts'
import { createRefusals } from '../platform/http/rate-limit.ts'
import { type AddressSource, clientIp } from '../platform/http/request.ts'
import type { Platform } from '../platform/index.ts'

/** How long one rendering of the metrics is shared. */
const SHARED_MS = 1000
/** A dependency that does not answer within this time counts as down. */
const CHECK_MS = 1000

export interface OpsState {
  stopping: boolean
}

export interface OpsDeps {
  state: OpsState
  /** The mounted ones. */
  modules: readonly Pick<Module, 'requires'>[]
  /** Known once the app listens. */
  server(): AddressSource | null | undefined
}

/** Whether an address is of this machine or of a private network. A request without a socket comes from this process. */
const isNear = async (address: string): Promise<boolean> => {
  if (address === 'local') return true
  const { default: ipaddr } = await import('ipaddr.js')
  return ipaddr.isValid(address) && ['loopback', 'private', 'uniqueLocal', 'linkLocal'].includes(ipaddr.process(address).range())
}

/** Probes and metrics (architecture §5). */
export const opsRoutes = (platform: Platform, { state, modules, server }: OpsDeps) => {
  const { config, clock, db, broker, metrics, redis } = platform
  const counted = createRefusals('metrics', { platform, server })
  const required = modules.flatMap(({ requires }) => requires)
  const metricsToken = config.metricsToken === undefined ? undefined : secretMatcher(config.metricsToken)
  const databaseAnswers = async () => {
    const answered = db.ping().then(() => true)
    return (await within(answered, CHECK_MS, clock).catch(() => false)) ?? false
  }
  /** The metrics as text. A rendering costs more than other reads, so one is shared by all who ask within a second. */
  const exposition = cachedFor(clock, SHARED_MS, () => metrics.text(clock.now()))
  const ready = z
    .object({
      status: z.enum(['ready', 'not_ready']),
      checks: z.record(z.string(), z.enum(['ok', 'down', 'missing', 'stopping'])),
    })
    .meta({ examples: [{ status: 'ready', checks: { database: 'ok', process: 'ok' } }] })
  const surface = createSurface<'metrics', never, never, undefined>({
    name: 'ops',
    order: ['auth'],
    problem: z.unknown(),
    always: [],
    invalid: { params: 400, query: 400, body: 400 },
    auth: {
      check: ({ request }) =>
        counted(request, async () => {
          if (metricsToken) {
            const token = /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
            if (token === undefined || !metricsToken(token)) throw unauthorized('Metrics need a token')
          } else if (config.production && !(await isNear(clientIp(request, server(), config.trustProxy))))
            throw unauthorized('Metrics need a token')
          return undefined
        }),
      security: () => [{ metrics: [] }],
      statuses: [401, 429],
    },
  })
  return new Elysia()
    .use(surface)
    .get('/livez', () => ({ status: 'ok' as const }), {
      anyone: true,
      response: { 200: z.object({ status: z.literal('ok') }) },
      detail: { tags: ['health'], summary: 'Tell that the process lives', description: 'Touches no dependency.' },
    })
    .get(
      '/readyz',
      async ({ set, status }) => {
        const database = await databaseAnswers()
        const hasSecrets = missingSecrets(required, config).length === 0
        const isReady = database && hasSecrets && !state.stopping
        set.headers['cache-control'] = 'no-store'
        const checks: z.infer<typeof ready>['checks'] = {
          database: database ? 'ok' : 'down',
          // Shown, but no reason to send requests elsewhere: most need no Redis, and every process would be out at once.
          ...(redis ? { redis: redis.isUp() ? 'ok' : 'down' } : {}),
          // Shown, but no reason to send requests elsewhere: without it work waits in the database.
          ...(broker ? { broker: broker.isUp() ? 'ok' : 'down' } : {}),
          // The start is refused without them; named all the same, because every request of a family would fail.
          ...(hasSecrets ? {} : { secrets: 'missing' }),
          process: state.stopping ? 'stopping' : 'ok',
        }
        return isReady ? { status: 'ready', checks } : status(503, { status: 'not_ready', checks })
      },
      {
        anyone: true,
        response: { 200: ready, 503: ready },
        detail: {
          tags: ['health'],
          summary: 'Tell whether requests are welcome',
          description:
            'Asks the database, one second at most. The state of Redis is named where it is configured; without Redis the process is ready.',
        },
      },
    )
    .get(
      '/metrics',
      async ({ set }) => {
        set.headers['content-type'] = metrics.contentType
        return exposition()
      },
      {
        auth: 'metrics',
        response: {
          200: z.string().meta({ examples: ['# TYPE trawl_tasks gauge\ntrawl_tasks{kind="scoring",state="queued"} 12\n'] }),
        },
        detail: { tags: ['ops'], summary: 'Read metrics', description: 'Prometheus text format.' },
      },
    )
}

/** The demo shop under `/demo/shop`. Its rows are loaded with the first visit. */
export const demoRoutes = () => {
  let shop: Promise<{ handle(request: Request): Response | undefined }> | undefined
  const handle = async ({ request }: { request: Request }) => {
    shop ??= import('./demo/shop.ts').then((module) => module.createDemoShop())
    const response = (await shop).handle(request)
    if (!response) throw notFound('Not found')
    return response
  }
  return new Elysia()
    .get('/demo/shop', handle, { detail: { hide: true } })
    .get('/demo/shop/*', handle, { detail: { hide: true } })
}
