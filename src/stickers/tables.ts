import { type SQL, sql } from 'drizzle-orm'
import { defineTables } from '../platform/db/kit.ts'
import { OPERATIONS, STATES, TYPES, VISIBILITIES } from './stickersets/model.ts'

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

/** What Telegram said about sets, so that a restart does not ask again (stickers §7). */
export const telegramTables = defineTables((k) => {
  const stickersetTelegramCache = k.table(
    'stickerset_telegram_cache',
    { name: k.varchar(200).primaryKey(), payload: k.jsonText().notNull(), fetchedAt: k.at().notNull() },
    (t) => [k.index('stickerset_telegram_cache_fetched_ix').on(t.fetchedAt)],
  )
  return { stickersetTelegramCache }
})

/** Sticker sets, their categories and texts, likes, and the record of changes (stickers §8). */
export const stickersetsTables = defineTables((k) => {
  const stickersets = k.table(
    'stickersets',
    {
      id: k.serial(),
      userId: k.big().notNull(),
      authorId: k.big(),
      name: k.varchar(200).notNull(),
      title: k.varchar(64).notNull(),
      description: k.text(),
      state: k.oneOf(...STATES).notNull(),
      visibility: k.oneOf(...VISIBILITIES).notNull(),
      type: k.oneOf(...TYPES).notNull(),
      blockReason: k.varchar(500),
      createdAt: k.at().notNull(),
      deletedAt: k.at(),
      likesCount: k.int().notNull().default(0),
      /** Title and name with cases folded by JavaScript: SQLite's `lower` knows Latin letters only. */
      searchText: k.text().notNull(),
    },
    (t) => {
      const active = sql`${t.state} = 'ACTIVE'`
      return [
        k.check('stickersets_state_ck', sql`${t.state} in ('ACTIVE', 'DELETED', 'BLOCKED')`),
        k.check('stickersets_visibility_ck', sql`${t.visibility} in ('PUBLIC', 'PRIVATE')`),
        k.check('stickersets_type_ck', sql`${t.type} in ('USER', 'OFFICIAL')`),
        k.check('stickersets_likes_ck', sql`${t.likesCount} >= 0`),
        k.unique('stickersets_name_uq').on(sql`lower(${t.name})`).where(sql`${t.state} in ('ACTIVE', 'BLOCKED')`),
        k.index('stickersets_deleted_ix').on(sql`lower(${t.name})`, t.userId).where(sql`${t.state} = 'DELETED'`),
        k.index('stickersets_author_id_ix').on(t.authorId, t.id).where(active),
        k.index('stickersets_author_created_ix').on(t.authorId, t.createdAt, t.id).where(active),
        k
          .index('stickersets_author_title_ix')
          .on(t.authorId, k.bytewise(t.title) as SQL, t.id)
          .where(active),
        k
          .index('stickersets_author_name_ix')
          .on(t.authorId, k.bytewise(t.name) as SQL, t.id)
          .where(active),
        k.index('stickersets_author_likes_ix').on(t.authorId, t.likesCount, t.id).where(active),
        k
          .index('stickersets_author_visibility_ix')
          .on(t.authorId, k.bytewise(t.visibility) as SQL, t.id)
          .where(active),
        k
          .index('stickersets_public_ix')
          .on(t.likesCount, t.createdAt, t.id)
          .where(sql`${t.state} = 'ACTIVE' and ${t.visibility} = 'PUBLIC'`),
      ]
    },
  )
  const stickerCategories = k.table(
    'sticker_categories',
    {
      id: k.serial(),
      key: k.varchar(50).notNull(),
      nameRu: k.varchar(100).notNull(),
      nameEn: k.varchar(100).notNull(),
      descriptionRu: k.text(),
      descriptionEn: k.text(),
      iconUrl: k.varchar(255),
      displayOrder: k.int().notNull().default(0),
      isActive: k.bool().notNull().default(true),
    },
    (t) => [
      k.unique('sticker_categories_key_uq').on(t.key),
      k.check(
        'sticker_categories_key_ck',
        k.either(sql`length(${t.key}) between 2 and 50 and ${t.key} not glob '*[^a-z_]*'`, sql`${t.key} ~ '^[a-z_]{2,50}$'`),
      ),
    ],
  )
  const setId = () =>
    k
      .big()
      .notNull()
      .references(() => stickersets.id, { onDelete: 'cascade' })
  const stickersetCategories = k.table(
    'stickerset_categories',
    {
      stickersetId: setId(),
      categoryId: k
        .big()
        .notNull()
        .references(() => stickerCategories.id, { onDelete: 'cascade' }),
    },
    (t) => [
      k.primaryKey({ columns: [t.stickersetId, t.categoryId] }),
      k.index('stickerset_categories_category_ix').on(t.categoryId, t.stickersetId),
    ],
  )
  const stickersetDescriptions = k.table(
    'stickerset_descriptions',
    { stickersetId: setId(), language: k.varchar(10).notNull(), description: k.varchar(500).notNull() },
    (t) => [k.primaryKey({ columns: [t.stickersetId, t.language] })],
  )
  const stickersetLikes = k.table(
    'stickerset_likes',
    { userId: k.big().notNull(), stickersetId: setId(), createdAt: k.at().notNull() },
    (t) => [k.primaryKey({ columns: [t.userId, t.stickersetId] }), k.index('stickerset_likes_set_ix').on(t.stickersetId)],
  )
  const stickersetAudit = k.table(
    'stickerset_audit',
    {
      id: k.serial(),
      at: k.at().notNull(),
      /** Name of the token's service. */
      service: k.text().notNull(),
      operation: k.oneOf(...OPERATIONS).notNull(),
      stickersetId: k.big().notNull(),
      userId: k.big(),
      requestId: k.text().notNull(),
    },
    (t) => [
      k.check('stickerset_audit_operation_ck', sql`${t.operation} in ('create', 'revive', 'delete', 'publish', 'unpublish')`),
      k.index('stickerset_audit_set_ix').on(t.stickersetId, t.id),
    ],
  )
  return { stickersets, stickerCategories, stickersetCategories, stickersetDescriptions, stickersetLikes, stickersetAudit }
})
