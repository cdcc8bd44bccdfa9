import { and, asc, eq, gt, lte, ne, sql } from 'drizzle-orm'
import { type Db, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { telegramAuthTables } from './tables.ts'

type Tables = ReturnType<typeof telegramAuthTables>
export type AuthStateRow = Tables['authStates']['$inferSelect']
export type AuthStateChange = Partial<Tables['authStates']['$inferInsert']>
export type AttemptRow = Tables['sendCodeAttempts']['$inferSelect']

/** Queries of logins in progress. Functions that take `tx` are steps of the caller's transaction. */
export const telegramAuthRepository = (db: Db) => {
  const { authStates, sendCodeAttempts: attempts } = telegramAuthTables(db.kit)
  return {
    /** Holds the counters of a phone and an address until the transaction ends. */
    *lockCounters(tx: Tx, phone: string, ip: string): Steps<void> {
      yield* tx.exclusive(`send-code phone ${phone}`)
      yield* tx.exclusive(`send-code ip ${ip}`)
    },
    /** Attempts for a phone that count since `since`, oldest first: failed ones do not. */
    *attemptsOfPhone(tx: Tx, phone: string, since: Date): Steps<AttemptRow[]> {
      return yield* q(
        tx
          .select()
          .from(attempts)
          .where(and(eq(attempts.phone, phone), gt(attempts.createdAt, since), ne(attempts.state, 'failed')))
          .orderBy(asc(attempts.createdAt), asc(attempts.id)),
      )
    },
    /** Calls from an address since `since`, oldest first. */
    *attemptsOfIp(tx: Tx, ip: string, since: Date): Steps<AttemptRow[]> {
      return yield* q(
        tx
          .select()
          .from(attempts)
          .where(and(eq(attempts.ip, ip), gt(attempts.createdAt, since)))
          .orderBy(asc(attempts.createdAt), asc(attempts.id)),
      )
    },
    *reserve(tx: Tx, phone: string, ip: string, now: Date): Steps<number> {
      const row = { phone, ip, state: 'reserved' as const, createdAt: now }
      const [made] = yield* q(tx.insert(attempts).values(row).returning({ id: attempts.id }))
      return made?.id as number
    },
    *settle(tx: Tx, id: number, state: 'sent' | 'failed'): Steps<void> {
      yield tx.update(attempts).set({ state }).where(eq(attempts.id, id)).returning({ id: attempts.id })
    },
    *insertState(tx: Tx, row: Tables['authStates']['$inferInsert']): Steps<void> {
      yield tx.insert(authStates).values(row).returning({ id: authStates.id })
    },
    *lockState(tx: Tx, id: string): Steps<AuthStateRow | undefined> {
      return (yield* q(tx.forUpdate(tx.select().from(authStates).where(eq(authStates.id, id)))))[0]
    },
    *updateState(tx: Tx, id: string, change: AuthStateChange): Steps<void> {
      yield tx.update(authStates).set(change).where(eq(authStates.id, id)).returning({ id: authStates.id })
    },
    /** Gives a counted try back: it was not a wrong code. */
    *uncount(tx: Tx, id: string): Steps<void> {
      yield tx
        .update(authStates)
        .set({ failures: sql`${authStates.failures} - 1` })
        .where(and(eq(authStates.id, id), gt(authStates.failures, 0)))
        .returning({ id: authStates.id })
    },
    *purge(tx: Tx, now: Date, attemptsBefore: Date): Steps<void> {
      yield tx.delete(authStates).where(lte(authStates.expiresAt, now)).returning({ id: authStates.id })
      yield tx.delete(attempts).where(lte(attempts.createdAt, attemptsBefore)).returning({ id: attempts.id })
    },
  }
}
export type TelegramAuthRepository = ReturnType<typeof telegramAuthRepository>
