import { and, eq } from 'drizzle-orm'
import { type Db, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { artTables } from './tables.ts'

type Tables = ReturnType<typeof artTables>
export type LedgerEntry = Omit<Tables['stickerArtTransactions']['$inferInsert'], 'id'>

/** Queries of balances and the ledger. */
export const artRepository = (db: Db) => {
  const { stickerProfiles: profiles, stickerArtTransactions: ledger } = artTables(db.kit)
  return {
    *ensureProfile(tx: Tx, userId: number, at: Date): Steps<void> {
      yield tx
        .insert(profiles)
        .values({ userId, artBalance: 0, createdAt: at, updatedAt: at })
        .onConflictDoNothing()
        .returning({ userId: profiles.userId })
    },
    *lockBalance(tx: Tx, userId: number): Steps<number> {
      const [row] = yield* q(
        tx.forUpdate(tx.select({ balance: profiles.artBalance }).from(profiles).where(eq(profiles.userId, userId))),
      )
      return (row as { balance: number }).balance
    },
    /** Answers whether the entry is new: one with the same external id is left as it is. */
    *enter(tx: Tx, entry: LedgerEntry): Steps<boolean> {
      const insert = tx.insert(ledger).values(entry).onConflictDoNothing({ target: ledger.externalId })
      const rows = yield* q(insert.returning({ id: ledger.id }))
      return rows.length > 0
    },
    *setBalance(tx: Tx, userId: number, from: number, to: number, at: Date): Steps<boolean> {
      const rows = yield* q(
        tx
          .update(profiles)
          .set({ artBalance: to, updatedAt: at })
          .where(and(eq(profiles.userId, userId), eq(profiles.artBalance, from)))
          .returning({ userId: profiles.userId }),
      )
      return rows.length > 0
    },
  }
}
export type ArtRepository = ReturnType<typeof artRepository>
