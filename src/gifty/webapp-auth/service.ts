import { type DashboardAccess, mayUseDashboard } from '../../access/dashboard.ts'
import type { SubscriberQueries } from '../../access/subscribers.ts'
import { AppError, badRequest, forbidden } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import { createId } from '../../platform/clock.ts'
import { ageOf, userIdOf, verifyInitData } from './init-data.ts'
import type { AuthAnswer } from './model.ts'

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
   * @throws AppError 400 without a user, 403 for signature, age or subscriber, 503 without a bot token
   */
  async login(initData: string): Promise<AuthAnswer> {
    if (botToken === undefined || !dashboard.ready)
      throw new AppError('not_configured', 503, 'TELEGRAM_BOT_TOKEN or DASHBOARD_JWT_SECRET is not configured')
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
