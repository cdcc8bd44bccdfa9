import { sql } from 'drizzle-orm'
import { defineTables } from '../../platform/db/kit.ts'

/** Products and their prices (gifty §12). */
export const catalogTables = defineTables((k) => {
  const products = k.table(
    'products',
    {
      /** SHA-256 of the gift id, base64url: a gift id can be longer than what a btree key may hold. */
      giftHash: k.text().primaryKey(),
      giftId: k.text().notNull(),
      siteKey: k.text().notNull(),
      sourceId: k.big(),
      title: k.text().notNull(),
      description: k.text(),
      price: k.real(),
      currency: k.text(),
      imageUrl: k.text(),
      productUrl: k.text().notNull(),
      merchant: k.text(),
      category: k.text(),
      /** The category, or its digest where it is too long for an index. */
      categoryKey: k.text(),
      isActive: k.bool().notNull(),
      contentText: k.text().notNull(),
      contentHash: k.text().notNull(),
      llmGiftScore: k.real(),
      llmGiftReasoning: k.text(),
      llmGiftVector: k.json<Record<string, number | string>>(),
      llmScoringModel: k.text(),
      llmScoringVersion: k.text(),
      llmScoredAt: k.at(),
      llmScoredHash: k.text(),
      needsScoring: k.bool().notNull(),
      raw: k.json<Record<string, unknown>>(),
      createdAt: k.at().notNull(),
      updatedAt: k.at().notNull(),
      lastSeenAt: k.at().notNull(),
    },
    (t) => [
      k.index('products_site_category_ix').on(t.siteKey, t.categoryKey),
      k.index('products_source_ix').on(t.sourceId, t.siteKey),
      k.index('products_category_ix').on(t.categoryKey).where(sql`${t.isActive}`),
      k.index('products_updated_ix').on(k.desc(t.updatedAt)),
      // Two indices, because products without a score come before those with an old one: one index for both would need a sort or a skip.
      k
        .index('products_unscored_ix')
        .on(k.desc(t.updatedAt))
        .where(sql`${t.isActive} and ${t.needsScoring} and ${t.llmGiftScore} is null`),
      k
        .index('products_rescoring_ix')
        .on(k.desc(t.updatedAt))
        .where(sql`${t.isActive} and ${t.needsScoring} and ${t.llmGiftScore} is not null`),
      k.index('products_best_ix').on(k.desc(t.llmGiftScore)).where(sql`${t.isActive} and ${t.llmGiftScore} is not null`),
      k.index('products_price_ix').on(t.price),
    ],
  )
  const productPrices = k.table(
    'product_prices',
    {
      id: k.serial(),
      giftHash: k.text().notNull(),
      price: k.real(),
      currency: k.text(),
      runId: k.big(),
      seenAt: k.at().notNull(),
    },
    (t) => [k.index('product_prices_seen_ix').on(t.giftHash, k.desc(t.seenAt))],
  )
  return { products, productPrices }
})
