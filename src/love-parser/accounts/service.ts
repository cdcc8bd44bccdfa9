import type { Tokens, VerifiedToken } from '../../access/tokens.ts'
import { AppError, forbidden, unauthorized } from '../../errors.ts'
import { type Clock, isUuid } from '../../platform/clock.ts'
import type { Bus } from '../../platform/shared.ts'
import type { SubscriptionView } from '../subscriptions/service.ts'
import { authUser } from './model.ts'
import type { AccountsRepository, Revocations, SeenUser } from './repository.ts'

/** Life of a token in seconds: 30 days. */
const TOKEN_SECONDS = 2_592_000
/** Bus topic: a token was revoked, so that open streams under it end. */
export const TOKEN_REVOKED = 'love-parser.token-revoked'
export interface TokenRevoked {
  hash: string
}

/** The user of a request, and the token it was authenticated with. */
export interface Session {
  user: SeenUser
  token: VerifiedToken
}

export interface AccountsDeps {
  clock: Clock
  bus: Bus
  tokens: Tokens
  repository: AccountsRepository
  /** Undefined without Redis; checked beside the database, which has every revocation too. */
  revocations: Revocations | undefined
  subscriptionOf(userId: string, now: Date): Promise<SubscriptionView>
}

/** People and their tokens (love-parser §2, §3). */
export const createAccounts = ({ clock, bus, tokens, repository, revocations, subscriptionOf }: AccountsDeps) => ({
  /** A correctly signed, unexpired token; undefined otherwise. Its user may be missing or blocked. */
  verify: (token: string) => tokens.verify(token),

  /**
   * The user behind a verified token, in one read, and beside it a look into Redis: events may be lost, so no process may cache whether a
   * token is revoked. @throws AppError 401, 403 for a blocked user, 503 while Redis is configured and away
   */
  async session(token: VerifiedToken, allowBlocked = false): Promise<Session> {
    const id = token.claims.sub
    if (typeof id !== 'string' || !isUuid(id)) throw unauthorized('The token is not valid')
    const stored = repository.session(id.toLowerCase(), token.hash)
    const [user, revoked] = revocations ? await Promise.all([stored, revocations.has(token.hash)]) : [await stored, false]
    if (!user || revoked || user.revoked > 0) throw unauthorized('The token is not valid')
    if (user.status === 'blocked' && !allowBlocked) throw forbidden('This account is blocked')
    return { user, token }
  },

  /** Whether the token of an open stream still holds. While Redis is away nobody can log out, so the database alone decides. */
  async stillHolds(token: VerifiedToken): Promise<boolean> {
    if (token.expiresAt <= clock.now() || (await repository.isRevoked(token.hash))) return false
    return !(await revocations?.has(token.hash).catch(() => false))
  },

  me: async ({ user }: Session) => authUser(user, await subscriptionOf(user.id, new Date(clock.now()))),

  /** Revokes the session's token until it would have expired. @throws AppError 401 when it was revoked meanwhile, 503 when it cannot be stored */
  async logout({ token }: Session): Promise<void> {
    await revocations?.add(token.hash, token.expiresAt)
    const first = await repository.revoke(token.hash, new Date(token.expiresAt)).catch((cause) => {
      throw new AppError('unavailable', 503, 'Logging out is not possible at the moment, please try again', { cause })
    })
    if (!first) throw unauthorized('The token is not valid')
    bus.publish(TOKEN_REVOKED, { hash: token.hash } satisfies TokenRevoked)
  },

  /** A token for a user's Telegram session, valid for 30 days. */
  sign: (user: { id: string; telegramId: number }, sessionId: string) =>
    tokens.sign({ sub: user.id, sessionId, telegramId: String(user.telegramId) }, TOKEN_SECONDS),

  view: authUser,
  touch: repository.touch,
  countActiveSessions: repository.countActiveSessions,
  purgeRevocations: repository.purgeRevocations,
})
export type Accounts = ReturnType<typeof createAccounts>
