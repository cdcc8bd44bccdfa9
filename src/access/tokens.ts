import { jwt } from '@elysiajs/jwt'
import { Elysia } from 'elysia'
import { SignJWT } from 'jose'
import { AppError, forbidden, unauthorized } from '../errors.ts'
import type { Clock } from '../platform/clock.ts'
import { secretMatcher } from '../platform/crypto.ts'
import type { Call, Principal } from '../platform/http/family.ts'
import { createLru } from '../platform/shared.ts'
import type { SubscriberQueries, SubscriberRow } from './subscribers.ts'

export interface VerifiedToken {
  claims: Record<string, unknown>
  /** Milliseconds since the epoch. */
  expiresAt: number
  /** SHA-256 of the token in its canonical form, which is the only one that verifies, hex: what a revocation is stored under. */
  hash: string
}
export interface TokensOptions {
  clock: Clock
  /** Undefined: nothing can be signed and nothing verifies. */
  secret: string | undefined
  /** Demanded of every token, and put into those signed. */
  issuer?: string
  audience?: string
  maxCached?: number
}

/**
 * Whether each part of a JWT is base64url in its one spelling: no padding, no other alphabet, no unused bits set. A token that could be
 * written in a second way would live on in that way after it was revoked.
 */
const isCanonical = (token: string): boolean => {
  const parts = token.split('.')
  return parts.length === 3 && parts.every((part) => Buffer.from(part, 'base64url').toString('base64url') === part)
}

/**
 * JWTs of one kind, HS256 only. A token is verified once and then remembered until it expires: verifying costs a request ten times
 * what looking it up does.
 */
export const createTokens = ({ clock, secret, issuer, audience, maxCached = 10_000 }: TokensOptions) => {
  const verifier =
    secret === undefined ? undefined : new Elysia().use(jwt({ name: 'tokens', secret, alg: 'HS256' })).decorator.tokens
  const key = secret === undefined ? undefined : new TextEncoder().encode(secret)
  const verified = createLru<string, VerifiedToken>(maxCached)

  const examine = async (token: string): Promise<VerifiedToken | undefined> => {
    const claims =
      verifier && isCanonical(token)
        ? await verifier.verify(token, {
            algorithms: ['HS256'],
            ...(issuer === undefined ? {} : { issuer }),
            ...(audience === undefined ? {} : { audience }),
            currentDate: new Date(clock.now()),
          } as never)
        : false
    const expiry = claims ? (claims as { exp?: unknown }).exp : undefined
    if (!claims || typeof expiry !== 'number') return undefined
    const hash = new Bun.CryptoHasher('sha256').update(token).digest('hex')
    const entry = { claims: claims as Record<string, unknown>, expiresAt: expiry * 1000, hash }
    verified.set(token, entry)
    return entry
  }

  return {
    /** The token's claims; undefined for a bad signature, another spelling or algorithm, an expired one or one without `exp`. */
    verify(token: string): VerifiedToken | undefined | Promise<VerifiedToken | undefined> {
      const known = verified.get(token)
      if (!known) return examine(token)
      if (known.expiresAt > clock.now()) return known
      verified.delete(token)
      return undefined
    },
    /** Signs claims; `iat` is now, `exp` is `ttlSeconds` later. */
    async sign(claims: Record<string, unknown>, ttlSeconds: number): Promise<string> {
      if (!key) throw new Error('no secret for tokens is configured')
      const issuedAt = Math.floor(clock.now() / 1000)
      // Not by the plugin's `sign`, which takes `iat` from the system's clock whatever it is given.
      const token = new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + ttlSeconds)
      if (issuer !== undefined) token.setIssuer(issuer)
      if (audience !== undefined) token.setAudience(audience)
      return token.sign(key)
    },
  }
}
export type Tokens = ReturnType<typeof createTokens>

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
      ? { kind: 'dashboard', id: principalIdOf(row.id), role: row.role, ...(row.name === null ? {} : { name: row.name }) }
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

export interface InternalAccessDeps {
  /** INTERNAL_API_TOKEN; undefined: no token opens anything. */
  internalToken: string | undefined
  dashboard: DashboardAccess
}

/**
 * Who calls an operator's route of any family (gifty §1.1): the service token, which alone decides where it is sent, or else the JWT of a
 * dashboard user. `call.recheck` asks again whether a person is still let in.
 */
export const createInternalAccess = ({ internalToken, dashboard }: InternalAccessDeps) => {
  const isInternal = internalToken === undefined ? undefined : secretMatcher(internalToken)

  const byDashboard = async (authorization: string, call: Call): Promise<Principal> => {
    const jwt = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
    if (jwt === undefined) throw unauthorized('Malformed Authorization header')
    const principal = await dashboard.authenticate(jwt)
    call.recheck = () => dashboard.authenticate(jwt)
    return principal
  }
  /** @throws AppError 401 without a credential or with a token that does not verify, 403 for a wrong one */
  return ({ headers }: Request, call: Call): Principal | Promise<Principal> => {
    const token = headers.get('x-internal-token')
    if (token !== null) {
      if (!isInternal?.(token)) throw forbidden('Invalid internal token')
      return { kind: 'service', id: 'service' }
    }
    const authorization = headers.get('authorization')
    if (authorization !== null && /^Bearer\b/i.test(authorization)) return byDashboard(authorization, call)
    throw unauthorized('Missing internal token')
  }
}
export type InternalAccess = ReturnType<typeof createInternalAccess>

/** The service token and a superadmin may do everything; an admin may not. @throws AppError 403 */
export const requireSuperadmin = (principal: Principal): void => {
  if (principal.kind !== 'service' && principal.role !== 'superadmin')
    throw new AppError('forbidden', 403, 'Only a superadmin may do this')
}
