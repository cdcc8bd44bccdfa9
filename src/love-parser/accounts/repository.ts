import { and, eq, inArray, lte, sql } from 'drizzle-orm'
import { unavailable } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import { type Db, param, q, type Steps, type Tx } from '../../platform/db/index.ts'
import type { Redis } from '../../platform/redis/index.ts'
import { accountsTables, type Profile } from './tables.ts'

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
  const bySession = db.prepare<SeenUser & { revoked: number }>('account_session', (queries) =>
    queries
      .select({
        ...seen,
        revoked:
          sql<number>`(select count(*) from ${tokenBlacklist} where ${tokenBlacklist.tokenHash} = ${param('hash')})`.mapWith(
            Number,
          ),
      })
      .from(users)
      .where(eq(users.id, param('id'))),
  )
  const revocation = db.prepare<{ tokenHash: string }>('account_revocation', (queries) =>
    queries
      .select({ tokenHash: tokenBlacklist.tokenHash })
      .from(tokenBlacklist)
      .where(eq(tokenBlacklist.tokenHash, param('hash'))),
  )

  return {
    /** The user a token names, and whether the token is revoked; one read. */
    async session(id: string, hash: string) {
      return (await bySession.all({ id, hash }))[0]
    },
    async isRevoked(hash: string) {
      return (await revocation.all({ hash })).length > 0
    },
    /** Answers whether the token was not revoked before. */
    async revoke(tokenHash: string, expiresAt: Date) {
      const stored = await db.q
        .insert(tokenBlacklist)
        .values({ tokenHash, expiresAt })
        .onConflictDoNothing()
        .returning({ tokenHash: tokenBlacklist.tokenHash })
      return stored.length > 0
    },
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
  Object.assign(unavailable('Your login cannot be checked at the moment, please try again'), { cause })

/**
 * Revoked tokens in Redis, where every process and other services look (love-parser §2). Fails closed: while Redis is away nobody can
 * say that a token still holds. They are in the database as well, so that a Redis that lost its memory lets nobody back in.
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
