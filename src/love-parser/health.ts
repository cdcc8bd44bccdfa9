import { Elysia } from 'elysia'
import { z } from 'zod'
import { unavailable } from '../errors.ts'
import { type Clock, cachedFor, within } from '../platform/clock.ts'
import { createSurface } from '../platform/http/macros.ts'
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
/** How long one question to Telegram serves all who ask: anybody may. */
const SHARED_MS = 1000
/** Probes have no limit and no credential. */
const probes = createSurface<never, never, never, never>({
  name: 'love-parser: probes',
  order: [],
  problem: errorView,
  always: [500, 503],
  invalid: { params: 422, query: 422, body: 422 },
})
const described = (summary: string, description: string) => ({ tags: ['love parser: health'], summary, description })
const healthy = { status: 'ok' } as const
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
const alive = {
  anyone: true,
  response: { 200: z.object({ status: z.literal('ok') }) },
  detail: described('Tell that the process answers', 'Touches no dependency.'),
} as const
/** That the process answers (love-parser §2): mounted whatever families are. */
export const aliveRoutes = () =>
  new Elysia()
    .use(probes)
    .get('/health', () => healthy, alive)
    .get('/api/health', () => healthy, alive)
    .get('/api/v1/health', () => healthy, alive)

/** Probes of the dependencies (love-parser §2). */
export const healthRoutes = ({ clock, ping, pingRedis, gateway, countActiveSessions }: HealthDeps) => {
  /** The answer of a probe within its time. @throws AppError 503 */
  const answered = async <T>(probe: Promise<T>, what: string): Promise<T> => {
    const answer = await within(
      probe.then((value) => ({ value })),
      CHECK_MS,
      clock,
    ).catch((cause) => {
      throw cause?.status === 503 ? cause : unavailable(`${what} is not available`)
    })
    if (!answer) throw unavailable(`${what} does not answer`)
    return answer.value
  }
  const timedProbe = async (probe: () => Promise<void>, what: string) => {
    const since = performance.now()
    await answered(probe(), what)
    return { ...healthy, response_time: Math.round(performance.now() - since) }
  }
  const database = () => timedProbe(ping, 'The database')
  const redis = async () =>
    pingRedis ? timedProbe(pingRedis, 'Redis') : { ...healthy, response_time: 0, mode: 'memory' as const }
  const pingTelegram = cachedFor(clock, SHARED_MS, () => gateway.ping())
  const telegram = async () => {
    const [active_sessions] = await answered(Promise.all([countActiveSessions(), pingTelegram()]), 'Telegram')
    return { ...healthy, active_sessions, mode: gateway.source }
  }
  const dbProbe = { anyone: true, response: { 200: timed }, detail: described('Probe the database', 'One round trip.') } as const
  const redisProbe = {
    anyone: true,
    response: { 200: timed },
    detail: described('Probe Redis', 'One round trip; without Redis the mode is memory.'),
  } as const
  const telegramProbe = {
    anyone: true,
    response: {
      200: z.object({
        status: z.literal('ok'),
        active_sessions: z.int().meta({ examples: [3] }),
        mode: z.enum(['sandbox', 'mtproto']),
      }),
    },
    detail: described('Probe Telegram', 'With the number of active sessions.'),
  } as const
  return new Elysia()
    .use(probes)
    .get('/health/db', database, dbProbe)
    .get('/api/health/db', database, dbProbe)
    .get('/health/redis', redis, redisProbe)
    .get('/api/health/redis', redis, redisProbe)
    .get('/health/telegram', telegram, telegramProbe)
    .get('/api/health/telegram', telegram, telegramProbe)
}
