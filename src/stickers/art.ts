import { and, eq } from 'drizzle-orm'
import { type Db, q, type Steps, type Tx } from '../platform/db/index.ts'
import { artTables } from './tables.ts'

/** What earns ART: both happen at most once per name, between them (stickers §6). */
export type AwardRule = 'UPLOAD_STICKERSET' | 'PUBLISH_STICKERSET'

/** ART for the first publication of a name. */
const PUBLICATION_AWARD = 10

export interface Award {
  rule: AwardRule
  /** The owner, who is credited. */
  userId: number
  stickerSetId: number
  /** Normalised. */
  name: string
}

/** The reward balance (stickers §6). All functions are steps of the transaction that changes the set. */
export const createArt = (repository: ArtRepository) => ({
  /** An owner has a profile, with balance 0 at first. */
  ensureProfile: repository.ensureProfile,

  /**
   * Credits the first publication of a name, once for ever; answers whether it did. The profile is locked before the ledger is
   * touched, in this order everywhere, so that two awards cannot wait for each other and `balance_after` is the balance.
   */
  *awardPublication(tx: Tx, { rule, userId, stickerSetId, name }: Award, at: Date): Steps<boolean> {
    yield* repository.ensureProfile(tx, userId, at)
    const balance = yield* repository.lockBalance(tx, userId)
    const balanceAfter = balance + PUBLICATION_AWARD
    const entered = yield* repository.enter(tx, {
      userId,
      ruleCode: rule,
      direction: 'CREDIT',
      delta: PUBLICATION_AWARD,
      balanceAfter,
      metadata: { stickerSetId, name },
      externalId: `sticker-publish:${name}`,
      performedBy: userId,
      createdAt: at,
    })
    if (!entered) return false
    if (!(yield* repository.setBalance(tx, userId, balance, balanceAfter, at)))
      throw new Error('a locked balance was changed by another')
    return true
  },
})
export type Art = ReturnType<typeof createArt>

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
