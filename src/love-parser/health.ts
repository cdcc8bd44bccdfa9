import { Elysia } from 'elysia'
import { z } from 'zod'
import { unavailable } from '../errors.ts'
import type { Clock } from '../platform/clock.ts'
import { documented } from '../platform/http/openapi.ts'
import type { TelegramGateway } from '../platform/telegram/user-api/port.ts'
import { errorView } from './envelope.ts'

export interface HealthDeps {
  clock: Clock
  /** Rejects when the database does not answer. */
  ping(): Promise<void>
  /** Undefined when Redis is not configured; rejects when it does not answer. */
  pingRedis: (() => Promise<void>) | undefined
  gateway: TelegramGateway
  countActiveSessions(): Promise<number>
}

const CHECK_MS = 5000
/** Probes are nobody's route: no limit, no credential. */
const described = (summary: string, description: string, ok: z.ZodType) =>
  documented({
    tags: ['love parser: health'],
    summary,
    description,
    responses: { 200: ok, 500: errorView, 503: errorView },
    security: [],
  })
const healthy = { status: 'ok' } as const
const aliveDetail = described('Tell that the process answers', 'Touches no dependency.', z.object({ status: z.literal('ok') }))
const timed = z.object({
  status: z.literal('ok'),
  response_time: z
    .int()
    .describe('ms')
    .meta({ examples: [2] }),
  mode: z.literal('memory').optional(),
})

/** Routes of which the pipeline answers each GET by itself. */
export const ALIVE = Object.fromEntries(
  ['/health', '/api/health', '/api/v1/health'].map((path) => [path, JSON.stringify(healthy)]),
)
/** That the process answers (love-parser §2): mounted whatever families are. */
export const aliveRoutes = () =>
  new Elysia()
    .get('/health', () => healthy, { detail: aliveDetail })
    .get('/api/health', () => healthy, { detail: aliveDetail })
    .get('/api/v1/health', () => healthy, { detail: aliveDetail })

/** Probes of the dependencies (love-parser §2). */
export const healthRoutes = ({ clock, ping, pingRedis, gateway, countActiveSessions }: HealthDeps) => {
  /** The answer of a probe within its time. @throws AppError 503 */
  const answered = async <T>(probe: Promise<T>, what: string): Promise<T> => {
    const done = new AbortController()
    const late = clock.sleep(CHECK_MS, done.signal).then((): T => {
      throw unavailable(`${what} does not answer`)
    })
    // The one that comes second has nobody left to hear it.
    late.catch(() => {})
    return Promise.race([probe, late])
      .catch((cause) => {
        throw cause?.status === 503 ? cause : unavailable(`${what} is not available`)
      })
      .finally(() => done.abort())
  }
  const timedProbe = async (probe: () => Promise<void>, what: string) => {
    const since = performance.now()
    await answered(probe(), what)
    return { ...healthy, response_time: Math.round(performance.now() - since) }
  }
  const database = () => timedProbe(ping, 'The database')
  const redis = async () =>
    pingRedis ? timedProbe(pingRedis, 'Redis') : { ...healthy, response_time: 0, mode: 'memory' as const }
  const telegram = async () => {
    const [active_sessions] = await answered(Promise.all([countActiveSessions(), gateway.ping()]), 'Telegram')
    return { ...healthy, active_sessions, mode: gateway.source }
  }
  const dbDetail = described('Probe the database', 'One round trip.', timed)
  const redisDetail = described('Probe Redis', 'One round trip; without Redis the mode is memory.', timed)
  const telegramDetail = described(
    'Probe Telegram',
    'With the number of active sessions.',
    z.object({ status: z.literal('ok'), active_sessions: z.int().meta({ examples: [3] }), mode: z.enum(['sandbox', 'mtproto']) }),
  )
  return new Elysia()
    .get('/health/db', database, { detail: dbDetail })
    .get('/api/health/db', database, { detail: dbDetail })
    .get('/health/redis', redis, { detail: redisDetail })
    .get('/api/health/redis', redis, { detail: redisDetail })
    .get('/health/telegram', telegram, { detail: telegramDetail })
    .get('/api/health/telegram', telegram, { detail: telegramDetail })
}
