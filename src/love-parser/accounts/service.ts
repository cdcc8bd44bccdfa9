import { and, eq, inArray, lte, sql } from 'drizzle-orm'
import type { Tokens, VerifiedToken } from '../../access/tokens.ts'
import { type Clock, isUuid } from '../../platform/clock.ts'
import { type Db, param, q, type Steps, type Tx } from '../../platform/db/index.ts'
import type { Redis } from '../../platform/redis/index.ts'
import type { Bus } from '../../platform/shared.ts'
import { forbidden, Refusal, unauthorized } from '../envelope.ts'
import type { SubscriptionView } from '../subscriptions/service.ts'
import { accountsTables, type Profile } from '../tables.ts'
import { say } from '../texts.ts'
import { authUser } from './profile.ts'

type Tables = ReturnType<typeof accountsTables>
export type UserRow = Tables['users']['$inferSelect']
/** A user as an authenticated request sees them. */
export interface SeenUser {
  id: string
  phoneNumber: string | null
  telegramId: number
  telegramUsername: string | null
  fullName: string | null
  status: 'active' | 'blocked'
  profile: Profile
  revision: number
}

/** Queries of people, their Telegram sessions and revoked tokens. Functions that take `tx` are steps of the caller's transaction. */
export const accountsRepository = (db: Db) => {
  const { users, telegramSessions, tokenBlacklist } = accountsTables(db.kit)
  const seen = {
    id: users.id,
    phoneNumber: users.phoneNumber,
    telegramId: users.telegramId,
    telegramUsername: users.telegramUsername,
    fullName: users.fullName,
    status: users.status,
    profile: users.profile,
    revision: users.revision,
  }
  const bySession = db.prepare<SeenUser & { revoked: number; ended: number }>('account_session', (queries) =>
    queries
      .select({
        ...seen,
        revoked:
          sql<number>`(select count(*) from ${tokenBlacklist} where ${tokenBlacklist.tokenHash} = ${param('hash')})`.mapWith(
            Number,
          ),
        ended:
          sql<number>`(select count(*) from ${telegramSessions} where ${telegramSessions.id} = ${param('session')} and not ${telegramSessions.isActive})`.mapWith(
            Number,
          ),
      })
      .from(users)
      .where(eq(users.id, param('id'))),
  )
  return {
    /** The user a token names, whether the token is revoked, and whether its Telegram session has ended; one read. */
    async session(id: string, hash: string, session: string | null) {
      return (await bySession.all({ id, hash, session }))[0]
    },
    /** Of these tokens, by hash, those that are not revoked, whose user is there and not blocked, and whose session has not ended. */
    async holding(tokens: { hash: string; userId: string; session: string | null }[]): Promise<ReadonlySet<string>> {
      const ids = (of: (token: (typeof tokens)[number]) => string | null) => [
        ...new Set(tokens.flatMap((token) => of(token) ?? [])),
      ]
      const asText = (column: typeof users.id | typeof telegramSessions.id) => sql<string>`cast(${column} as text)`
      // One statement: open streams are asked about every few seconds.
      const revoked = db.q
        .select({ is: sql<'revoked' | 'active' | 'over'>`'revoked'`, value: sql<string>`${tokenBlacklist.tokenHash}` })
        .from(tokenBlacklist)
        .where(
          inArray(
            tokenBlacklist.tokenHash,
            ids(({ hash }) => hash),
          ),
        )
      const active = db.q
        .select({ is: sql<'revoked' | 'active' | 'over'>`'active'`, value: asText(users.id) })
        .from(users)
        .where(
          and(
            inArray(
              users.id,
              ids(({ userId }) => userId),
            ),
            eq(users.status, 'active'),
          ),
        )
      const over = db.q
        .select({ is: sql<'revoked' | 'active' | 'over'>`'over'`, value: asText(telegramSessions.id) })
        .from(telegramSessions)
        .where(
          and(
            inArray(
              telegramSessions.id,
              ids(({ session }) => session),
            ),
            sql`not ${telegramSessions.isActive}`,
          ),
        )
      const found = new Set((await revoked.unionAll(active).unionAll(over)).map(({ is, value }) => `${is} ${value}`))
      const holds = ({ hash, userId, session }: (typeof tokens)[number]) =>
        !found.has(`revoked ${hash}`) && found.has(`active ${userId}`) && !found.has(`over ${session}`)
      return new Set(tokens.filter(holds).map(({ hash }) => hash))
    },
    /** Revokes a token and ends its session. Answers whether the token was not revoked before. */
    revoke: (tokenHash: string, expiresAt: Date, session: string | null): Promise<boolean> =>
      db.tx(function* (tx) {
        const stored = yield* q(
          tx
            .insert(tokenBlacklist)
            .values({ tokenHash, expiresAt })
            .onConflictDoNothing()
            .returning({ tokenHash: tokenBlacklist.tokenHash }),
        )
        if (session !== null)
          yield tx
            .update(telegramSessions)
            .set({ isActive: false })
            .where(eq(telegramSessions.id, session))
            .returning({ id: telegramSessions.id })
        return stored.length > 0
      }),
    *purgeRevocations(tx: Tx, now: Date): Steps<void> {
      yield tx.delete(tokenBlacklist).where(lte(tokenBlacklist.expiresAt, now)).returning({ hash: tokenBlacklist.tokenHash })
    },
    async countActiveSessions(): Promise<number> {
      return db.q.$count(telegramSessions, sql`${telegramSessions.isActive}`)
    },
    /** Of these people, those whose status is active. */
    *activeAmong(tx: Tx, ids: string[]): Steps<ReadonlySet<string>> {
      if (ids.length === 0) return new Set()
      const rows = yield* q(
        tx
          .select({ id: users.id })
          .from(users)
          .where(and(inArray(users.id, ids), eq(users.status, 'active'))),
      )
      return new Set(rows.map((row) => row.id))
    },
    /** `profile.notification_channel` of these people. */
    *notificationChannels(tx: Tx, ids: string[]): Steps<ReadonlyMap<string, unknown>> {
      if (ids.length === 0) return new Map()
      const rows = yield* q(tx.select({ id: users.id, profile: users.profile }).from(users).where(inArray(users.id, ids)))
      return new Map(rows.map((row) => [row.id, row.profile.notification_channel]))
    },
    /** Inserts or refreshes the user of a Telegram account; the row stays locked until the transaction ends. */
    *upsert(tx: Tx, user: Tables['users']['$inferInsert']): Steps<UserRow> {
      const { id, createdAt, status, email, ...refreshed } = user
      const [row] = yield* q(
        tx
          .insert(users)
          .values(user)
          .onConflictDoUpdate({
            target: users.telegramId,
            set: { ...refreshed, revision: sql`${users.revision} + 1` },
          })
          .returning(),
      )
      return row as UserRow
    },
    *byTelegramId(tx: Tx, telegramId: number): Steps<UserRow | undefined> {
      return (yield* q(tx.forUpdate(tx.select().from(users).where(eq(users.telegramId, telegramId)))))[0]
    },
    /** Makes `session` the one active session of its user. */
    *replaceSession(tx: Tx, session: Tables['telegramSessions']['$inferInsert']): Steps<void> {
      yield tx
        .update(telegramSessions)
        .set({ isActive: false })
        .where(and(eq(telegramSessions.userId, session.userId), sql`${telegramSessions.isActive}`))
        .returning({ id: telegramSessions.id })
      yield tx.insert(telegramSessions).values(session).returning({ id: telegramSessions.id })
    },
    /** A user as operators see them, without a token. */
    find: async (id: string): Promise<UserRow | undefined> =>
      (await (db.q.select().from(users).where(eq(users.id, id)) as unknown as Promise<UserRow[]>))[0],
    /** The status of a user, whose row stays locked until the transaction ends. */
    *lockStatus(tx: Tx, id: string): Steps<UserRow['status'] | undefined> {
      return (yield* q(tx.forUpdate(tx.select({ status: users.status }).from(users).where(eq(users.id, id)))))[0]?.status
    },
    *setStatus(tx: Tx, id: string, status: UserRow['status'], now: Date): Steps<void> {
      yield tx
        .update(users)
        .set({ status, updatedAt: now, revision: sql`${users.revision} + 1` })
        .where(eq(users.id, id))
        .returning({ id: users.id })
    },
    /** Marks that something changed that the users' dashboards show. The last step of its transaction: it locks the rows. */
    *touch(tx: Tx, ids: string[]): Steps<void> {
      if (ids.length === 0) return
      for (let from = 0; from < ids.length; from += 500)
        yield tx
          .update(users)
          .set({ revision: sql`${users.revision} + 1` })
          .where(inArray(users.id, [...ids].sort().slice(from, from + 500)))
          .returning({ id: users.id })
    },
  }
}
export type AccountsRepository = ReturnType<typeof accountsRepository>

const keyOf = (hash: string) => `auth:token:blacklist:${hash}`
const away = (cause: unknown) =>
  new Refusal('unavailable', 503, say('login_unchecked'), { cause, headers: { 'retry-after': '1' } })

/**
 * Revoked tokens in Redis, where every process and other services look (love-parser §2). Fails closed: while Redis is away every
 * token is refused. The database has them as well, so that a Redis that lost its data does not accept revoked tokens.
 */
export const createRevocations = (redis: Redis, clock: Clock) => ({
  /** @throws AppError 503 */
  async has(hash: string): Promise<boolean> {
    try {
      return (await redis.get(keyOf(hash))) !== undefined
    } catch (error) {
      throw away(error)
    }
  },
  /** Those of the tokens that are revoked, as far as Redis can be asked: while it is away no logout succeeds. */
  async among(hashes: readonly string[]): Promise<ReadonlySet<string>> {
    const found = await redis.getMany(hashes.map(keyOf)).catch(() => [])
    return new Set(hashes.filter((_, at) => found[at] !== undefined))
  },
  /** Until the token would have expired, in milliseconds since the epoch. @throws AppError 503: then nothing is stored */
  async add(hash: string, expiresAt: number): Promise<void> {
    try {
      await redis.set(keyOf(hash), '1', expiresAt - clock.now())
    } catch (error) {
      throw away(error)
    }
  },
})
export type Revocations = ReturnType<typeof createRevocations>

/** Life of a token in seconds: 30 days. */
const TOKEN_SECONDS = 2_592_000
/** Bus topic: a token was revoked, so that open streams under it end. */
export const TOKEN_REVOKED = 'love-parser.token-revoked'
export interface TokenRevoked {
  hash: string
}

/** The Telegram session of a token; null for one without, which holds until it expires. */
const sessionOf = ({ claims: { sessionId } }: VerifiedToken): string | null =>
  typeof sessionId === 'string' && isUuid(sessionId) ? sessionId.toLowerCase() : null

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
    if (typeof id !== 'string' || !isUuid(id)) throw unauthorized('token_invalid')
    const session = sessionOf(token)
    const stored = repository.session(id.toLowerCase(), token.hash, session)
    const [user, revoked] = revocations ? await Promise.all([stored, revocations.has(token.hash)]) : [await stored, false]
    if (!user || revoked || user.revoked > 0 || user.ended > 0) throw unauthorized('token_invalid')
    if (user.status === 'blocked' && !allowBlocked) throw forbidden('account_blocked')
    return { user, token }
  },

  /** The hashes of those tokens of open streams that still hold. While Redis is away no logout succeeds, so the database alone decides. */
  async stillHolding(tokens: VerifiedToken[]): Promise<ReadonlySet<string>> {
    const alive = tokens.filter((token) => token.expiresAt > clock.now())
    const hashes = alive.map(({ hash }) => hash)
    const [held, revoked] = await Promise.all([
      repository.holding(
        alive.map((token) => ({
          hash: token.hash,
          userId: String(token.claims.sub).toLowerCase(),
          session: sessionOf(token),
        })),
      ),
      revocations?.among(hashes),
    ])
    return new Set(hashes.filter((hash) => held.has(hash) && !revoked?.has(hash)))
  },

  me: async ({ user }: Session) => authUser(user, await subscriptionOf(user.id, new Date(clock.now()))),

  /** Revokes the token until it would have expired, and ends its session. @throws AppError 401 when it was revoked meanwhile, 503 when it cannot be stored */
  async logout({ token }: Session): Promise<void> {
    await revocations?.add(token.hash, token.expiresAt)
    const first = await repository.revoke(token.hash, new Date(token.expiresAt), sessionOf(token)).catch((cause) => {
      throw new Refusal('unavailable', 503, say('logout_impossible'), { cause })
    })
    if (!first) throw unauthorized('token_invalid')
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
