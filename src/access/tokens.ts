import { jwt } from '@elysiajs/jwt'
import { Elysia } from 'elysia'
import { SignJWT } from 'jose'
import type { Clock } from '../platform/clock.ts'
import { createLru } from '../platform/shared.ts'

export interface VerifiedToken {
  claims: Record<string, unknown>
  /** Milliseconds since the epoch. */
  expiresAt: number
  /** SHA-256 of the token, hex: what a revocation is stored under. */
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
 * JWTs of one kind, HS256 only. A token is verified once and then remembered until it expires: verifying costs a request ten times
 * what looking it up does.
 */
export const createTokens = ({ clock, secret, issuer, audience, maxCached = 10_000 }: TokensOptions) => {
  const verifier =
    secret === undefined ? undefined : new Elysia().use(jwt({ name: 'tokens', secret, alg: 'HS256' })).decorator.tokens
  const key = secret === undefined ? undefined : new TextEncoder().encode(secret)
  const verified = createLru<string, VerifiedToken>(maxCached)

  const examine = async (token: string): Promise<VerifiedToken | undefined> => {
    const claims = verifier
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
    /** The token's claims; undefined for a bad signature, another algorithm, an expired one or one without `exp`. */
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
