import { defineTables } from '../../platform/db/kit.ts'
import { catalogTables } from '../catalog/tables.ts'

/** What of a product can be found by its words, and its vectors (gifty §5, §12). */
export const searchTables = defineTables((k) => {
  const { products } = catalogTables(k)
  /**
   * One row per product, rewritten when its content changes: a new content has a new, higher id, so that readers of changes
   * (embeddings) continue after the last id seen. The full-text index over it is hand-written SQL, since the dialects
   * share none: the FTS5 table `product_words` with the same rowids, or the column `document tsvector`.
   */
  const productDocuments = k.table(
    'product_documents',
    {
      id: k.serial(),
      giftHash: k
        .text()
        .notNull()
        .references(() => products.giftHash, { onDelete: 'cascade' }),
      contentHash: k.text().notNull(),
      indexedAt: k.at().notNull(),
    },
    (t) => [k.unique('product_documents_gift_uq').on(t.giftHash)],
  )
  const productEmbeddings = k.table(
    'product_embeddings',
    {
      giftHash: k
        .text()
        .notNull()
        .references(() => products.giftHash, { onDelete: 'cascade' }),
      modelName: k.text().notNull(),
      modelVersion: k.text().notNull(),
      dim: k.int().notNull(),
      /** A unit vector: 32-bit floats, little endian. */
      embedding: k.bytes().notNull(),
      contentHash: k.text().notNull(),
      embeddedAt: k.at().notNull(),
    },
    (t) => [
      k.primaryKey({ columns: [t.giftHash, t.modelName, t.modelVersion] }),
      k.index('product_embeddings_news_ix').on(t.modelName, t.modelVersion, t.embeddedAt),
    ],
  )
  /** Stems of the products' texts, each with one full word: candidates for the correction of a misspelt word. */
  const searchTerms = k.table('search_terms', { stem: k.text().primaryKey(), word: k.text().notNull() })
  /** The trigrams of those stems, by length: the stems that share most with a misspelt one. */
  const searchTermGrams = k.table(
    'search_term_grams',
    { gram: k.text().notNull(), length: k.int().notNull(), stem: k.text().notNull() },
    (t) => [k.primaryKey({ columns: [t.gram, t.length, t.stem] })],
  )
  /** Up to which document id a follower of the contents has come. */
  const searchProgress = k.table('search_progress', { follower: k.text().primaryKey(), position: k.big().notNull() })
  return { productDocuments, productEmbeddings, searchTerms, searchTermGrams, searchProgress }
})
