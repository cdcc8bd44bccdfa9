import type { Steps, Tx } from '../../platform/db/index.ts'
import { categoryKey, contentHash, contentText, giftHash, giftId } from './identity.ts'
import type { ScrapedProduct } from './index.ts'
import type { CatalogRepository, ProductWrite, StoredProduct } from './repository.ts'

export interface CheckedProduct {
  product: ScrapedProduct
  /** Normal form of its URL. */
  url: string
}
export interface PreparedProduct {
  write: ProductWrite
  /** The fields that the worker sent: absent ones keep their stored values. */
  sent: ScrapedProduct
}
/** Indexes the words of products, in the transaction that stores them. */
export interface DocumentIndex {
  put(tx: Tx, products: readonly ProductWrite[], at: Date, isNew: boolean): Steps<void>
}
export interface StoredCounts {
  inserted: number
  updated: number
  unchanged: number
}

/** Rows as a first ingestion would write them, without repeats, in key order. */
export const prepareProducts = (
  checked: CheckedProduct[],
  sourceId: number | null,
  /** Of new products that name none. */
  currency = 'RUB',
): { products: PreparedProduct[]; duplicates: number } => {
  const byHash = new Map<string, PreparedProduct>()
  let duplicates = 0
  for (const { product: sent, url } of checked) {
    const id = giftId(sent.site_key, url)
    const hash = giftHash(id)
    if (byHash.has(hash)) {
      duplicates++
      continue
    }
    const description = sent.description ?? null
    const merchant = sent.merchant ?? null
    const category = sent.category ?? null
    const imageUrl = sent.image_url ?? null
    const text = contentText({ title: sent.title, category, description, merchant })
    byHash.set(hash, {
      sent,
      write: {
        giftHash: hash,
        giftId: id,
        siteKey: sent.site_key,
        sourceId,
        title: sent.title,
        description,
        price: sent.price ?? null,
        currency: sent.currency ?? currency,
        imageUrl,
        productUrl: url,
        merchant,
        category,
        categoryKey: category === null ? null : categoryKey(category),
        contentText: text,
        contentHash: contentHash(text, imageUrl),
        raw: sent.raw_data ? JSON.stringify(sent.raw_data) : null,
      },
    })
  }
  return { products: [...byHash.values()].sort((a, b) => (a.write.giftHash < b.write.giftHash ? -1 : 1)), duplicates }
}

const sameRaw = (stored: unknown, raw: string | null): boolean => {
  if (stored === null || raw === null) return stored === null && raw === null
  if (typeof stored === 'string') return stored === raw || Bun.deepEquals(JSON.parse(stored), JSON.parse(raw))
  return Bun.deepEquals(stored, JSON.parse(raw))
}

/** The stored row after the new values are laid over it, and whether a scraped column changed. */
const merge = ({ write, sent }: PreparedProduct, stored: StoredProduct): { write: ProductWrite; changed: boolean } => {
  const merged: ProductWrite = {
    ...write,
    description: sent.description === undefined ? stored.description : write.description,
    price: sent.price === undefined ? stored.price : write.price,
    currency: sent.currency === undefined ? stored.currency : sent.currency,
    imageUrl: sent.image_url === undefined ? stored.image_url : write.imageUrl,
    merchant: sent.merchant === undefined ? stored.merchant : write.merchant,
    category: sent.category === undefined ? stored.category : write.category,
  }
  const rawKept = sent.raw_data === undefined
  if (rawKept) merged.raw = stored.raw === null || typeof stored.raw === 'string' ? stored.raw : JSON.stringify(stored.raw)
  const changed =
    merged.title !== stored.title ||
    merged.description !== stored.description ||
    merged.price !== stored.price ||
    merged.currency !== stored.currency ||
    merged.imageUrl !== stored.image_url ||
    merged.merchant !== stored.merchant ||
    merged.category !== stored.category ||
    merged.productUrl !== stored.product_url ||
    !(rawKept || sameRaw(stored.raw, merged.raw))
  if (changed) {
    merged.categoryKey = merged.category === null ? null : categoryKey(merged.category)
    merged.contentText = contentText(merged)
    merged.contentHash = contentHash(merged.contentText, merged.imageUrl)
  }
  return { write: merged, changed }
}

/** Stores a batch's products and their prices (gifty §3, points 4-6). Scores and embeddings stay. */
function* storeProducts(
  repository: CatalogRepository,
  documents: DocumentIndex,
  tx: Tx,
  products: PreparedProduct[],
  at: Date,
): Steps<StoredCounts & { priced: { giftHash: string; price: number | null; currency: string | null }[] }> {
  const counts: StoredCounts = { inserted: 0, updated: 0, unchanged: 0 }
  const byHash = new Map(products.map((product) => [product.write.giftHash, product]))
  const inserts: ProductWrite[] = []
  const rewrites: ProductWrite[] = []
  const reworded: ProductWrite[] = []
  const adoptions: string[] = []
  const priced: { giftHash: string; price: number | null; currency: string | null }[] = []
  for (const stored of yield* repository.store(
    tx,
    products.map((product) => product.write),
    at,
  )) {
    const product = byHash.get(stored.gift_hash) as PreparedProduct
    if (stored.is_new) {
      counts.inserted++
      inserts.push(product.write)
      if (product.write.price !== null) priced.push(product.write)
      continue
    }
    const { write, changed } = merge(product, stored)
    if (changed) {
      counts.updated++
      // The hash covers the beginning of a long description only, its words are all indexed.
      if (write.contentHash !== stored.content_hash || write.description !== stored.description) reworded.push(write)
      // An unattributed batch leaves the product with the source that brought it.
      rewrites.push(
        write.sourceId === null ? { ...write, sourceId: stored.source_id === null ? null : Number(stored.source_id) } : write,
      )
      if (write.price !== stored.price || (write.currency !== stored.currency && write.price !== null)) priced.push(write)
    } else {
      counts.unchanged++
      if (!stored.is_active || (write.sourceId !== null && Number(stored.source_id) !== write.sourceId))
        adoptions.push(stored.gift_hash)
    }
  }
  yield* repository.rewrite(tx, rewrites, at)
  yield* documents.put(tx, inserts, at, true)
  yield* documents.put(tx, reworded, at, false)
  const sourceId = products[0]?.write.sourceId ?? null
  if (adoptions.length > 0) yield* repository.adopt(tx, adoptions, sourceId)
  return { ...counts, priced }
}

/** How other domains write to the catalogue: within their transaction, through this alone. */
export const createCatalogStore = (repository: CatalogRepository, documents: DocumentIndex) => ({
  store: (tx: Tx, products: PreparedProduct[], at: Date) => storeProducts(repository, documents, tx, products, at),
  /** One row of history for each first price and each change (gifty §3, point 6). */
  addPrices: repository.addPrices,
})
export type CatalogStore = ReturnType<typeof createCatalogStore>
