import { and, desc, eq, gt, lte } from 'drizzle-orm'
import { type Db, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { claimTables } from './tables.ts'

/** Queries of claim attempts. */
export const claimsRepository = (db: Db) => {
  const { claimAttempts: attempts } = claimTables(db.kit)
  return {
    /** Holds a name's attempts against all processes, and answers those after `since`, newest first. */
    *lockAttempts(tx: Tx, username: string, since: Date): Steps<Date[]> {
      yield* tx.exclusive(`claim ${username}`)
      const rows = yield* q(
        tx
          .select({ at: attempts.attemptedAt })
          .from(attempts)
          .where(and(eq(attempts.username, username), gt(attempts.attemptedAt, since)))
          .orderBy(desc(attempts.attemptedAt)),
      )
      return rows.map((row) => row.at)
    },
    *add(tx: Tx, username: string, at: Date): Steps<void> {
      yield tx.insert(attempts).values({ username, attemptedAt: at }).returning({ username: attempts.username })
    },
    *forget(tx: Tx, username: string): Steps<void> {
      yield tx.delete(attempts).where(eq(attempts.username, username)).returning({ username: attempts.username })
    },
    *purge(tx: Tx, before: Date): Steps<void> {
      yield tx.delete(attempts).where(lte(attempts.attemptedAt, before)).returning({ username: attempts.username })
    },
  }
}
export type ClaimsRepository = ReturnType<typeof claimsRepository>
