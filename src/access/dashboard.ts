import { forbidden, unauthorized } from '../errors.ts'
import type { Clock } from '../platform/clock.ts'
import type { Principal } from '../platform/http/family.ts'
import { createLru } from '../platform/shared.ts'
import type { SubscriberQueries, SubscriberRow } from './subscribers.ts'
import { createTokens } from './tokens.ts'

/** How long a stored subscriber is believed: a change takes effect within 10 s (gifty §1.1). */
const SUBSCRIBER_CACHE_MS = 5000
const MAX_CACHED_SUBSCRIBERS = 10_000

export interface DashboardClaims {
  /** Chat id. */
  sub: string
  role: string
  jti: string
}

/** The name of a subscriber's credential, as `Principal.id` holds it. */
export const principalIdOf = (subscriberId: number) => `subscriber:${subscriberId}`

/** Whether a subscriber may use the dashboard at all. */
export const mayUseDashboard = (row: SubscriberRow | undefined): row is SubscriberRow =>
  row?.isActive === true && (row.role === 'admin' || row.role === 'superadmin')

export interface DashboardDeps {
  subscribers: Pick<SubscriberQueries, 'byChat'>
  clock: Clock
  /** Undefined: no token verifies and none can be signed. */
  secret: string | undefined
}

/**
 * The dashboard credential: a JWT (HS256 only, issuer `gifty`, audience `dashboard`) that names a stored subscriber. The token is
 * verified once and cached, the subscriber is read every few seconds: the stored row decides, not the token's role.
 */
export const createDashboardAccess = ({ subscribers, clock, secret }: DashboardDeps) => {
  const tokens = createTokens({ clock, secret, issuer: 'gifty', audience: 'dashboard' })
  const known = createLru<number, { principal: Principal | undefined; until: number }>(MAX_CACHED_SUBSCRIBERS)

  const subscriberOf = async (chatId: number) => {
    const now = clock.now()
    const fresh = known.get(chatId)
    if (fresh && fresh.until > now) return fresh.principal
    const row = await subscribers.byChat(chatId)
    const principal: Principal | undefined = mayUseDashboard(row)
      ? { kind: 'dashboard', id: principalIdOf(row.id), role: row.role }
      : undefined
    known.set(chatId, { principal, until: now + SUBSCRIBER_CACHE_MS })
    return principal
  }

  return {
    /**
     * The subscriber of a Bearer token.
     * @throws AppError 401 for a token that does not verify, 403 when the subscriber is gone, inactive or no admin
     */
    async authenticate(token: string): Promise<Principal> {
      const chatId = Number((await tokens.verify(token))?.claims.sub ?? Number.NaN)
      if (!Number.isSafeInteger(chatId)) throw unauthorized('Invalid token')
      const principal = await subscriberOf(chatId)
      if (!principal) throw forbidden('Access denied')
      return principal
    },
    /** Whether a token can be signed. */
    ready: secret !== undefined,
    /** Signs a token for a chat; `ttlSeconds` from now. */
    sign: (claims: DashboardClaims, ttlSeconds: number) => tokens.sign({ ...claims }, ttlSeconds),
  }
}
export type DashboardAccess = ReturnType<typeof createDashboardAccess>
