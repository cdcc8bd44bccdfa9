import { jwt } from '@elysiajs/jwt'
import { eq } from 'drizzle-orm'
import { Elysia } from 'elysia'
import { forbidden, unauthorized } from '../errors.ts'
import type { Clock } from '../platform/clock.ts'
import { type Db, param } from '../platform/db/index.ts'
import type { Principal } from '../platform/http/family.ts'
import { accessTables } from './tables.ts'

/** How long a stored subscriber is believed: a change takes effect within 10 s (gifty §1.1). */
const SUBSCRIBER_CACHE_MS = 5000
const MAX_CACHED_TOKENS = 10_000

export interface DashboardClaims {
  /** Chat id. */
  sub: string
  role: string
  jti: string
}
interface Verified {
  chatId: number
  expiresAt: number
  subscriber?: { principal: Principal | undefined; until: number }
}

/**
 * The dashboard credential: a JWT (HS256 only, issuer `gifty`, audience `dashboard`) that names a stored subscriber. The token is
 * verified once and remembered, the subscriber is looked at every few seconds: the stored row decides, not the token's role.
 */
export const createDashboardAccess = ({ db, clock, secret }: { db: Db; clock: Clock; secret: string | undefined }) => {
  const { subscribers } = accessTables(db.kit)
  const byChat = db.prepare<{ id: number; role: string; isActive: boolean }>('access_subscriber', (queries) =>
    queries
      .select({ id: subscribers.id, role: subscribers.role, isActive: subscribers.isActive })
      .from(subscribers)
      .where(eq(subscribers.chatId, param('chatId'))),
  )
  const signer =
    secret === undefined ? undefined : new Elysia().use(jwt({ name: 'dashboard', secret, alg: 'HS256' })).decorator.dashboard
  const verified = new Map<string, Verified>()

  const remember = (token: string, entry: Verified) => {
    verified.set(token, entry)
    if (verified.size > MAX_CACHED_TOKENS) verified.delete(verified.keys().next().value as string)
    return entry
  }
  const verify = async (token: string): Promise<Verified> => {
    const known = verified.get(token)
    if (known) {
      if (known.expiresAt > clock.now()) return known
      verified.delete(token)
      throw unauthorized('Invalid token')
    }
    const claims = signer
      ? await signer.verify(token, {
          algorithms: ['HS256'],
          issuer: 'gifty',
          audience: 'dashboard',
          currentDate: new Date(clock.now()),
        } as never)
      : false
    const chatId = claims ? Number(claims.sub) : Number.NaN
    const expiry = claims ? (claims as { exp?: number }).exp : undefined
    if (!claims || !Number.isSafeInteger(chatId) || typeof expiry !== 'number') throw unauthorized('Invalid token')
    return remember(token, { chatId, expiresAt: expiry * 1000 })
  }

  return {
    /**
     * Who a Bearer token names.
     * @throws AppError 401 for a token that does not verify, 403 when the subscriber is gone, inactive or no admin
     */
    async authenticate(token: string): Promise<Principal> {
      const entry = await verify(token)
      const now = clock.now()
      if (!entry.subscriber || entry.subscriber.until <= now) {
        const [row] = await byChat.all({ chatId: entry.chatId })
        const allowed = row?.isActive && (row.role === 'admin' || row.role === 'superadmin')
        entry.subscriber = {
          principal: allowed ? { kind: 'dashboard', id: `subscriber:${row.id}`, role: row.role } : undefined,
          until: now + SUBSCRIBER_CACHE_MS,
        }
      }
      if (!entry.subscriber.principal) throw forbidden('Access denied')
      return entry.subscriber.principal
    },
    /** Signs a token for a chat; `ttlSeconds` from now. */
    async sign(claims: DashboardClaims, ttlSeconds: number): Promise<string> {
      if (!signer) throw new Error('no dashboard secret is configured')
      const issuedAt = Math.floor(clock.now() / 1000)
      return signer.sign({ ...claims, iss: 'gifty', aud: 'dashboard', iat: issuedAt, exp: issuedAt + ttlSeconds } as never)
    },
  }
}
export type DashboardAccess = ReturnType<typeof createDashboardAccess>
