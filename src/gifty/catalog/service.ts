import { notFound } from '../../errors.ts'
import { hashOfText } from '../../platform/http/idempotency.ts'
import { decodeCursor, encodeCursor, rowsThatFit } from '../../platform/http/lists.ts'
import { cleanText } from '../../platform/http/request.ts'
import { invalidField } from '../envelope.ts'
import { isoTime, isoTimeOrNull } from '../fields.ts'
import { categoryKey, giftHash } from './identity.ts'
import type { ProductDetail, ProductsQuery, ProductView } from './index.ts'
import type { CatalogLookup, LookupFilter } from './lookup.ts'
import type { PriceHistory } from './prices.ts'
import type { CatalogRepository, ListedProduct, ProductKey, ProductOrder } from './repository.ts'

/** Milliseconds of a time that a row can have; Postgres knows no year beyond 9999 as we write it. */
const isStoredTime = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < Date.UTC(10_000, 0)

export const toProduct = (row: ListedProduct): ProductView => ({
  gift_id: row.giftId,
  site_key: row.siteKey,
  source_id: row.sourceId,
  title: row.title,
  description: row.description,
  price: row.price,
  currency: row.currency,
  image_url: row.imageUrl,
  product_url: row.productUrl,
  merchant: row.merchant,
  category: row.category,
  is_active: row.isActive,
  content_text: row.contentText,
  content_hash: row.contentHash,
  llm_gift_score: row.llmGiftScore,
  llm_gift_reasoning: row.llmGiftReasoning,
  llm_gift_vector: row.llmGiftVector,
  llm_scoring_model: row.llmScoringModel,
  llm_scoring_version: row.llmScoringVersion,
  llm_scored_at: isoTimeOrNull(row.llmScoredAt),
  needs_scoring: row.needsScoring,
  created_at: isoTime(row.createdAt),
  updated_at: isoTime(row.updatedAt),
  last_seen_at: isoTime(row.lastSeenAt),
})

/** How many products there are: of a site, or of a source (gifty §2.2, detail). */
export const createCatalogCounts = (repository: CatalogRepository) => ({
  ofSite: repository.countOfSite,
  perSite: repository.countPerSite,
  totals: repository.totals,
  /** Products of the site last ingested for the source, or whose category is the source's discovery name. */
  ofSource: ({ id, siteKey, discoveryName }: { id: number; siteKey: string; discoveryName: string }) =>
    repository.countOfSource(id, siteKey, discoveryName === '' ? undefined : categoryKey(discoveryName)),
})
export type CatalogCounts = ReturnType<typeof createCatalogCounts>

/** A product that fits a text; the smaller its `distance` (negative relevance), the better. */
export interface FoundProduct {
  giftHash: string
  giftId: string
  distance: number
}
/** What the catalogue needs of search: products by their words, and the vectors a product has. */
export interface CatalogSearch {
  page(
    text: string,
    filter: LookupFilter,
    wanted: number,
    last?: { distance: number; giftId: string; giftHash: string },
  ): Promise<FoundProduct[]>
  embeddingsOf(hash: string, contentHash: string): Promise<ProductDetail['embeddings']>
}
export interface CatalogDeps {
  repository: CatalogRepository
  search: CatalogSearch
  /** Rows of products, in no order, and their sizes before they are read. */
  lookup: Pick<CatalogLookup, 'listed' | 'sizes'>
  prices: Pick<PriceHistory, 'runsOf'>
}

/** Marks cursors of lists by relevance. */
const BY_RELEVANCE = 'q'

/** An order with the place of a cursor; undefined where the cursor is of another one. */
const orderAt = (by: ProductOrder['by'], cursor: string): ProductOrder | undefined => {
  const [first, second, third] = decodeCursor(cursor) ?? []
  if (by === 'updated')
    return isStoredTime(first) && typeof second === 'string'
      ? { by, after: { updatedAt: new Date(first), giftId: cleanText(second) } }
      : undefined
  if (first !== by) return undefined
  if (by === 'id') return typeof second === 'string' ? { by, after: { giftHash: cleanText(second) } } : undefined
  return typeof second === 'number' && typeof third === 'string'
    ? { by, after: { price: second, giftId: cleanText(third) } }
    : undefined
}
const cursorBehind = (by: ProductOrder['by'], { updatedAt, giftId, giftHash: hash, price }: ProductKey): string =>
  encodeCursor(by === 'updated' ? [updatedAt.getTime(), giftId] : by === 'id' ? [by, hash] : [by, price ?? 0, giftId])

/** Reading the catalogue (gifty §6, the read routes). */
export const createCatalog = ({ repository, search, lookup, prices: history }: CatalogDeps) => {
  const badCursor = (cursor: unknown) => invalidField(['query', 'cursor'], 'Input should be a cursor of this list', cursor)

  /** Products of a page in its order. */
  const viewsOf = async (page: readonly { giftHash: string }[]): Promise<ProductView[]> => {
    const rows = new Map((await lookup.listed(page.map((key) => key.giftHash))).map((row) => [row.giftHash, row]))
    return page.flatMap((key) => rows.get(key.giftHash) ?? []).map(toProduct)
  }

  /** The list by relevance: a text is in the query. */
  const listFound = async (text: string, query: ProductsQuery) => {
    let last: { distance: number; giftId: string; giftHash: string } | undefined
    const { cursor: _, limit: __, ...question } = query
    // A place in one order is none in another: a cursor goes on with the question it came from.
    const asked = (await hashOfText(JSON.stringify(question), 'base64url')).slice(0, 16)
    if (query.cursor !== undefined) {
      const [mark, distance, giftId, of] = decodeCursor(query.cursor) ?? []
      if (mark !== BY_RELEVANCE || typeof distance !== 'number' || typeof giftId !== 'string' || of !== asked)
        throw badCursor(query.cursor)
      const id = cleanText(giftId)
      last = { distance, giftId: id, giftHash: giftHash(id) }
    }
    const filter: LookupFilter = {
      isActive: query.is_active,
      minPrice: query.min_price,
      maxPrice: query.max_price,
      siteKeys: query.site_key === undefined ? undefined : [query.site_key],
      categories: query.category === undefined ? undefined : [query.category],
      giftHash: query.gift_id === undefined ? undefined : giftHash(query.gift_id),
      sourceId: query.source_id,
      updatedAfter: query.updated_after,
    }
    const found = await search.page(text, filter, query.limit + 1, last)
    const sizes = await lookup.sizes(found.map((match) => match.giftHash))
    const page = found.slice(
      0,
      rowsThatFit(
        found.map((match) => ({ bytes: sizes.get(match.giftHash) ?? 0 })),
        query.limit,
      ),
    )
    const end = page.at(-1)
    return {
      items: await viewsOf(page),
      next_cursor: found.length > page.length && end ? encodeCursor([BY_RELEVANCE, end.distance, end.giftId, asked]) : null,
    }
  }

  return {
    async list(query: ProductsQuery): Promise<{ items: ProductView[]; next_cursor: string | null }> {
      if (query.min_price !== undefined && query.max_price !== undefined && query.min_price > query.max_price)
        throw invalidField(['query', 'max_price'], 'Input should not be less than min_price', query.max_price)
      if (query.q !== undefined && query.q.trim() !== '') {
        if (query.sort !== undefined) throw invalidField(['query', 'sort'], 'sort does not go with q', query.sort)
        return listFound(query.q, query)
      }
      const by = query.sort ?? 'updated'
      const order = query.cursor === undefined ? { by } : orderAt(by, query.cursor)
      if (!order) throw badCursor(query.cursor)
      const keys = await repository.keys({
        siteKey: query.site_key,
        ...(query.category === undefined ? {} : { categoryKey: categoryKey(query.category), category: query.category }),
        minPrice: query.min_price,
        maxPrice: query.max_price,
        isActive: query.is_active,
        giftHash: query.gift_id === undefined ? undefined : giftHash(query.gift_id),
        sourceId: query.source_id,
        updatedAfter: query.updated_after,
        order,
        limit: query.limit + 1,
      })
      const page = keys.slice(0, rowsThatFit(keys, query.limit))
      const last = page.at(-1)
      return {
        items: await viewsOf(page),
        next_cursor: keys.length > page.length && last ? cursorBehind(by, last) : null,
      }
    },

    /** @throws AppError 404 */
    async detail(giftId: string): Promise<ProductDetail> {
      const hash = giftHash(giftId)
      const row = await repository.find(hash)
      if (!row) throw notFound('Product not found')
      const [prices, runs] = await Promise.all([repository.prices(hash), history.runsOf(hash)])
      return {
        ...toProduct(row),
        raw: row.raw,
        price_history: prices.map((price) => ({ price: price.price, currency: price.currency, seen_at: isoTime(price.seenAt) })),
        embeddings: await search.embeddingsOf(hash, row.contentHash),
        runs,
      }
    },
  }
}
export type Catalog = ReturnType<typeof createCatalog>
