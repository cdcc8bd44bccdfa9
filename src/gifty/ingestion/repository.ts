import { and, eq, gt, lte } from 'drizzle-orm'
import { type Db, q, type Steps, type Tx } from '../../platform/db/index.ts'
import type { IngestAnswer } from './model.ts'
import { ingestionTables } from './tables.ts'

/** Answers kept under an Idempotency-Key. */
export const ingestionRepository = (db: Db) => {
  const { idempotencyKeys: keys } = ingestionTables(db.kit)
  const pending: unknown = null
  return {
    /**
     * Takes a key for this transaction, or answers what it stood for. On Postgres a second request with the key waits here until the
     * first has committed.
     */
    *claim(
      tx: Tx,
      { scope, key, bodyHash }: { scope: string; key: string; bodyHash: string },
      now: Date,
      expiresAt: Date,
    ): Steps<{ bodyHash: string; response: IngestAnswer } | undefined> {
      yield tx
        .delete(keys)
        .where(and(eq(keys.scope, scope), eq(keys.key, key), lte(keys.expiresAt, now)))
        .returning({ key: keys.key })
      const mine = yield* q(
        tx
          .insert(keys)
          .values({ scope, key, bodyHash, response: pending, expiresAt, createdAt: now })
          .onConflictDoNothing()
          .returning({ key: keys.key }),
      )
      if (mine.length > 0) return undefined
      const [stored] = yield* q(
        tx
          .select({ bodyHash: keys.bodyHash, response: keys.response })
          .from(keys)
          .where(and(eq(keys.scope, scope), eq(keys.key, key), gt(keys.expiresAt, now))),
      )
      return stored as { bodyHash: string; response: IngestAnswer }
    },
    *keep(tx: Tx, { scope, key }: { scope: string; key: string }, response: IngestAnswer): Steps<void> {
      yield tx
        .update(keys)
        .set({ response })
        .where(and(eq(keys.scope, scope), eq(keys.key, key)))
        .returning({ key: keys.key })
    },
    *purge(tx: Tx, now: Date): Steps<void> {
      yield tx.delete(keys).where(lte(keys.expiresAt, now)).returning({ key: keys.key })
    },
  }
}
export type IngestionRepository = ReturnType<typeof ingestionRepository>
