import { Elysia } from 'elysia'
import { z } from 'zod'
import { ROLES, type SubscriberQueries } from '../access/subscribers.ts'
import { type DashboardAccess, mayUseDashboard } from '../access/tokens.ts'
import { AppError, badRequest, forbidden, unauthorized } from '../errors.ts'
import { type Clock, createId } from '../platform/clock.ts'
import type { Refusals } from '../platform/http/rate-limit.ts'
import { text } from './fields.ts'
import { type GiftySurface, problems } from './surface.ts'

const authBody = z
  .object({ init_data: text(0, 4096).describe('`initData` of the mini app, as Telegram gives it') })
  .meta({ examples: [{ init_data: 'auth_date=1768467600&user=%7B%22id%22%3A700001%7D&hash=9f2c1d6e' }] })
export const authAnswer = z
  .object({
    status: z.literal('ok'),
    user: z.object({
      id: z.int().describe('chat id'),
      name: z.string().nullable(),
      role: z.enum(ROLES),
      permissions: z.array(z.string()),
    }),
    token: z.string().describe('Bearer of the /internal routes'),
    token_type: z.literal('Bearer'),
    expires_in: z.int().describe('seconds'),
  })
  .meta({
    id: 'DashboardLogin',
    examples: [
      {
        status: 'ok',
        user: { id: 700001, name: 'Ann', role: 'admin', permissions: [] },
        token: 'eyJhbGciOiJIUzI1NiJ9.e30.signature',
        token_type: 'Bearer',
        expires_in: 43200,
      },
    ],
  })
export type AuthAnswer = z.infer<typeof authAnswer>

const MAX_BODY_BYTES = 16 * 1024

/** The dashboard's login (gifty §9): the one route of the family that needs no credential. */
export const webappAuthRoutes = (surface: GiftySurface, counted: Refusals, webappAuth: WebappAuth) =>
  new Elysia({ detail: { tags: ['gifty: dashboard'] }, prefix: '/webapp' })
    .use(surface)
    .post('/auth', ({ body, request }) => counted(request, () => webappAuth.login(body.init_data)), {
      anyone: true,
      bodyLimit: MAX_BODY_BYTES,
      body: authBody,
      response: { 200: authAnswer, ...problems(400, 401, 403, 429) },
      detail: {
        summary: 'Log in to the dashboard',
        description: "Telegram's signed `initData` of an admin for a dashboard token.",
      },
    })

/** How far a phone's clock may run ahead. */
const AHEAD_MS = 60_000

export interface WebappAuthDeps {
  clock: Clock
  subscribers: Pick<SubscriberQueries, 'byChat'>
  dashboard: Pick<DashboardAccess, 'sign' | 'ready'>
  /** Undefined: nothing can be verified, the login answers 503. */
  botToken: string | undefined
  maxAgeSeconds: number
  tokenTtlSeconds: number
}

/** The dashboard's login by Telegram's signed initData (gifty §9). */
export const createWebappAuth = ({
  clock,
  subscribers,
  dashboard,
  botToken,
  maxAgeSeconds,
  tokenTtlSeconds,
}: WebappAuthDeps) => ({
  /**
   * A dashboard token for the subscriber whom Telegram signed.
   * @throws AppError 400 without a user, 401 for a text with several readings, 403 for signature, age or subscriber, 503 without a bot token
   */
  async login(initData: string): Promise<AuthAnswer> {
    if (botToken === undefined || !dashboard.ready)
      throw new AppError('not_configured', 503, 'TELEGRAM_BOT_TOKEN or DASHBOARD_JWT_SECRET is not configured')
    if (hasSeveralReadings(initData)) throw unauthorized('Init data has a control character, or an equals sign in a name')
    const data = verifyInitData(initData, botToken)
    if (!data) throw forbidden('Invalid init data')
    const ageMs = ageOf(data, clock.now())
    if (ageMs === undefined || ageMs > maxAgeSeconds * 1000 || ageMs < -AHEAD_MS)
      throw forbidden('Init data has expired', 'init_data_expired')
    const chatId = userIdOf(data)
    if (chatId === undefined) throw badRequest('User ID not found in init data')
    const subscriber = await subscribers.byChat(chatId)
    if (!mayUseDashboard(subscriber)) throw forbidden('Access denied')
    const { name, role, permissions } = subscriber
    return {
      status: 'ok',
      user: { id: chatId, name, role, permissions },
      token: await dashboard.sign({ sub: String(chatId), role, jti: createId(clock) }, tokenTtlSeconds),
      token_type: 'Bearer',
      expires_in: tokenTtlSeconds,
    }
  },
})
export type WebappAuth = ReturnType<typeof createWebappAuth>

/** What Telegram signed: all pairs but `hash`. */
export type InitData = ReadonlyMap<string, string>

/**
 * Whether the signed text, `name=value` joined by line breaks, could be read as other pairs too: with a line break in a pair, or an equals
 * sign in a name. Telegram sends neither.
 */
const hasSeveralReadings = (text: string): boolean => {
  for (const [name, value] of new URLSearchParams(`&${text}`)) if (/[=\p{Cc}]/u.test(name) || /\p{Cc}/u.test(value)) return true
  return false
}

const HEX_SHA256 = /^[0-9a-f]{64}$/
const hmac = (key: string | Uint8Array, message: string): Buffer =>
  new Bun.CryptoHasher('sha256', key).update(message).digest() as Buffer

/**
 * Reads form-urlencoded initData and checks its signature (gifty §9): pairs sorted by key, blank values kept, `signature` included.
 * Undefined for a repeated key, a missing or non-hex `hash`, or one that the bot's token does not give.
 */
export const verifyInitData = (text: string, botToken: string): InitData | undefined => {
  const pairs = new Map<string, string>()
  // The ampersand keeps a leading question mark, which URLSearchParams would drop.
  for (const [key, value] of new URLSearchParams(`&${text}`)) {
    if (pairs.has(key)) return undefined
    pairs.set(key, value)
  }
  const hash = pairs.get('hash')
  if (hash === undefined || !HEX_SHA256.test(hash)) return undefined
  pairs.delete('hash')
  const lines = [...pairs]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join('\n')
  const expected = hmac(hmac('WebAppData', botToken), lines)
  return crypto.timingSafeEqual(expected, Buffer.from(hash, 'hex')) ? pairs : undefined
}

/** How old signed data is, in milliseconds, negative when it lies ahead; undefined without a usable `auth_date`. */
const ageOf = (data: InitData, now: number): number | undefined => {
  const date = data.get('auth_date')
  return date !== undefined && /^\d{1,13}$/.test(date) ? now - Number(date) * 1000 : undefined
}

/** The id of the signed user, which is that of the chat with the bot; undefined when there is none. */
const userIdOf = (data: InitData): number | undefined => {
  try {
    const user: unknown = JSON.parse(data.get('user') ?? '')
    const id = typeof user === 'object' && user !== null ? (user as { id?: unknown }).id : undefined
    return Number.isSafeInteger(id) ? (id as number) : undefined
  } catch {
    return undefined
  }
}
