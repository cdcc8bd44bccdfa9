import { sql } from 'drizzle-orm'
import { defineTables } from '../../platform/db/kit.ts'

const DIRECTIONS = ['CREDIT', 'DEBIT'] as const

export interface AwardMetadata {
  stickerSetId: number
  name: string
}

/** Balances and the ledger of ART (stickers §6, §8). */
export const artTables = defineTables((k) => {
  const stickerProfiles = k.table(
    'sticker_profiles',
    {
      /** Telegram id. */
      userId: k.big().primaryKey(),
      artBalance: k.big().notNull().default(0),
      createdAt: k.at().notNull(),
      updatedAt: k.at().notNull(),
    },
    (t) => [k.check('sticker_profiles_balance_ck', sql`${t.artBalance} >= 0`)],
  )
  const stickerArtTransactions = k.table(
    'sticker_art_transactions',
    {
      id: k.serial(),
      userId: k
        .big()
        .notNull()
        .references(() => stickerProfiles.userId),
      ruleCode: k.text().notNull(),
      direction: k.oneOf(...DIRECTIONS).notNull(),
      delta: k.big().notNull(),
      balanceAfter: k.big().notNull(),
      metadata: k.json<AwardMetadata>(),
      /** Idempotency key. */
      externalId: k.text().notNull(),
      performedBy: k.big().notNull(),
      createdAt: k.at().notNull(),
    },
    (t) => [
      k.check('sticker_art_transactions_direction_ck', sql`${t.direction} in ('CREDIT', 'DEBIT')`),
      k.check('sticker_art_transactions_delta_ck', sql`${t.delta} <> 0`),
      k.unique('sticker_art_transactions_external_uq').on(t.externalId),
      k.index('sticker_art_transactions_user_ix').on(t.userId, k.desc(t.createdAt)),
    ],
  )
  return { stickerProfiles, stickerArtTransactions }
})
