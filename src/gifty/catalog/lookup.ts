import { getTableColumns } from 'drizzle-orm'
import { type Db, inJsonList, type Steps, type Tx } from '../../platform/db/index.ts'
import type { RowSource } from '../../tasks/index.ts'
import { catalogTables } from '../tables.ts'
import { categoryKey } from './identity.ts'
import { type ListedProduct, type ProductRow, productBytes } from './repository.ts'

/** Which products count; absent parts and empty lists do not restrict. A price bound excludes products without a price. */
export interface LookupFilter {
  isActive?: boolean
  minPrice?: number
  maxPrice?: number
  categories?: readonly string[]
  siteKeys?: readonly string[]
  giftHash?: string
  sourceId?: number
  /** Only what has changed since. */
  updatedAfter?: Date
}
export interface GiftKey {
  giftHash: string
  giftId: string
}

const LOOKED_UP_AT_ONCE = 2000

const listOf = (values: readonly string[] | undefined) =>
  values === undefined || values.length === 0 ? null : JSON.stringify(values)

/** A filter as conditions on `products p`, one text for every filter, so that it is compiled once; a null parameter does not restrict. */
export const productConditions = ({ fragments }: Pick<Db, 'fragments'>) => {
  const { param: cast, jsonTexts: elements } = fragments
  const conditions = `(${cast('active', 'boolean')} is null or p.is_active = ${cast('active', 'boolean')})
    and (${cast('min_price', 'float8')} is null or p.price >= ${cast('min_price', 'float8')})
    and (${cast('max_price', 'float8')} is null or p.price <= ${cast('max_price', 'float8')})
    and (${cast('gift', 'text')} is null or p.gift_hash = ${cast('gift', 'text')})
    and (${cast('sites', 'text')} is null or p.site_key in ${elements('sites')})
    and (${cast('categories', 'text')} is null or p.category in ${elements('categories')})
    and (${cast('source', 'bigint')} is null or p.source_id = ${cast('source', 'bigint')})
    and (${cast('updated_after', 'timestamptz')} is null or p.updated_at > ${cast('updated_after', 'timestamptz')})`
  const paramsOf = (filter: LookupFilter) => ({
    active: filter.isActive ?? null,
    min_price: filter.minPrice ?? null,
    max_price: filter.maxPrice ?? null,
    gift: filter.giftHash ?? null,
    sites: listOf(filter.siteKeys),
    categories: listOf(filter.categories),
    source: filter.sourceId ?? null,
    updated_after: filter.updatedAfter ?? null,
  })
  return { conditions, paramsOf, elements }
}

/** Queries of the catalogue for domains with their own tables about products: filters, and rows by key. */
export const createCatalogLookup = (db: Db) => {
  const { products } = catalogTables(db.kit)
  const { conditions, paramsOf, elements } = productConditions(db)
  type Key = { gift_hash: string; gift_id: string }
  const passing = db.statement<Key>(
    'lookup_passing',
    `select p.gift_hash, p.gift_id from products p where p.gift_hash in ${elements('hashes')} and ${conditions}`,
  )
  const passingAfter = db.statement<Key>(
    'lookup_passing_after',
    `select p.gift_hash, p.gift_id from products p where p.gift_hash > ${db.fragments.either('likely(:after)', ':after')} and ${conditions}
      order by p.gift_hash limit ${db.fragments.limit('max')}`,
  )
  const { raw, ...listed } = getTableColumns(products)
  const byHash = db.prepare<ProductRow>('lookup_rows', (queries) =>
    queries
      .select()
      .from(products)
      .where(inJsonList(db, products.giftHash, 'hashes')),
  )
  const listedByHash = db.prepare<ListedProduct>('lookup_listed', (queries) =>
    queries
      .select(listed)
      .from(products)
      .where(inJsonList(db, products.giftHash, 'hashes')),
  )
  const sizes = db.prepare<{ giftHash: string; bytes: number }>('lookup_sizes', (queries) =>
    queries
      .select({ giftHash: products.giftHash, bytes: productBytes(db, products) })
      .from(products)
      .where(inJsonList(db, products.giftHash, 'hashes')),
  )
  const texts = db.statement<{ gift_hash: string; content_text: string; content_hash: string }>(
    'lookup_texts',
    `select p.gift_hash, p.content_text, p.content_hash from products p where p.gift_hash in ${elements('hashes')}`,
  )
  const keyOf = (row: Key): GiftKey => ({ giftHash: row.gift_hash, giftId: row.gift_id })

  return {
    /** Those of the given products that pass: gift id by hash. */
    async passing(hashes: readonly string[], filter: LookupFilter): Promise<Map<string, string>> {
      const found = new Map<string, string>()
      for (let from = 0; from < hashes.length; from += LOOKED_UP_AT_ONCE) {
        // SQLite answers at once and would hold up the event loop for all of a long list.
        if (from > 0) await new Promise((resolve) => setImmediate(resolve))
        const part = hashes.slice(from, from + LOOKED_UP_AT_ONCE)
        for (const row of await passing.all({ hashes: JSON.stringify(part), ...paramsOf(filter) }))
          found.set(row.gift_hash, row.gift_id)
      }
      return found
    },
    /** All that pass, in the order of their hashes, a page after a hash. */
    passingAfter: async (after: string, filter: LookupFilter, max: number): Promise<GiftKey[]> =>
      (await passingAfter.all({ after, max, ...paramsOf(filter) })).map(keyOf),
    /** Rows of products, in no order; unknown ones are left out. */
    rows: (hashes: readonly string[]): Promise<ProductRow[]> => byHash.all({ hashes: JSON.stringify(hashes) }),
    /** The same without what lists do not show. */
    listed: (hashes: readonly string[]): Promise<ListedProduct[]> => listedByHash.all({ hashes: JSON.stringify(hashes) }),
    /** Bytes of what can be large of products, by hash; unknown ones are left out. */
    sizes: async (hashes: readonly string[]): Promise<Map<string, number>> =>
      new Map((await sizes.all({ hashes: JSON.stringify(hashes) })).map((row) => [row.giftHash, row.bytes])),
    /** The texts of products that are embedded, with their hashes. */
    async texts(hashes: readonly string[]) {
      const rows = await texts.all({ hashes: JSON.stringify(hashes) })
      return rows.map((row) => ({ giftHash: row.gift_hash, contentText: row.content_text, contentHash: row.content_hash }))
    },
  }
}
export type CatalogLookup = ReturnType<typeof createCatalogLookup>

/** Active products by their score, best first, then those without one, newest change first. Ties by gift id. */
export const createBestScored = (db: Db) => {
  const cast = (name: string) => db.fragments.param(name, 'float8')
  const prices = `(${cast('min_price')} is null or p.price >= ${cast('min_price')}) and (${cast('max_price')} is null or p.price <= ${cast('max_price')})`
  const id = db.fragments.bytewise('p.gift_id')
  const limit = db.fragments.limit('max')
  // The literal conditions are those of the partial indices.
  const scored = db.statement<{ gift_id: string }>(
    'products_best',
    `select p.gift_id from products p where p.is_active and p.llm_gift_score is not null and ${prices} order by p.llm_gift_score desc, ${id} limit ${limit}`,
  )
  const unscored = db.statement<{ gift_id: string }>(
    'products_unrated',
    `select p.gift_id from products p where p.is_active and p.needs_scoring and p.llm_gift_score is null and ${prices}
     order by p.updated_at desc, ${id} limit ${limit}`,
  )
  return {
    statements: { scored, unscored },
    /** Ids of the first `max`. */
    async first(max: number, bounds: { minPrice: number | undefined; maxPrice: number | undefined }): Promise<string[]> {
      const params = { min_price: bounds.minPrice ?? null, max_price: bounds.maxPrice ?? null }
      const best = await scored.all({ ...params, max })
      const rest = best.length < max ? await unscored.all({ ...params, max: max - best.length }) : []
      return [...best, ...rest].map((row) => row.gift_id)
    },
  }
}
export type BestScored = ReturnType<typeof createBestScored>

/** A subquery `(category_key, total)`: active products of each category, for queries that join it. */
export const PRODUCTS_BY_CATEGORY =
  'select category_key, count(*) as total from products where is_active and category_key is not null group by category_key'
const SAMPLES = 3

/** Examples of what a category holds. */
export const createCategorySamples = (db: Db) => {
  const titles = db.statement<{ category: string; titles: string | string[] }>('products_titles_of_categories', {
    sqlite: `select k.value as category, (select json_group_array(title) from
        (select p.title from products p where p.is_active and p.category_key = k.value limit ${SAMPLES})) as titles
      from json_each(:keys) k`,
    postgres: `select k.key as category, coalesce(s.titles, '[]'::jsonb) as titles
      from jsonb_array_elements_text(:keys::text::jsonb) as k(key)
      left join lateral (select jsonb_agg(t.title) as titles from
        (select p.title from products p where p.is_active and p.category_key = k.key limit ${SAMPLES}) t) s on true`,
  })
  return {
    /** Titles of up to 3 active products of each category, by the category's name. */
    *of(tx: Tx, names: string[]): Steps<Map<string, string[]>> {
      if (names.length === 0) return new Map()
      const rows = yield* tx.run(titles, { keys: JSON.stringify(names.map(categoryKey)) })
      const byKey = new Map(
        rows.map((row) => [row.category, typeof row.titles === 'string' ? (JSON.parse(row.titles) as string[]) : row.titles]),
      )
      return new Map(names.map((name) => [name, byKey.get(categoryKey(name)) ?? []]))
    },
  }
}
export type CategorySamples = ReturnType<typeof createCategorySamples>

/** A product that wants a score, as a worker gets it. */
export interface UnscoredProduct {
  gift_id: string
  title: string
  category: string | null
  merchant: string | null
  price: number | null
  image_url: string | null
  content_text: string
  content_hash: string
}
export interface ScoreWrite {
  giftHash: string
  score: number
  reasoning: string
  model: string
  version: string
  /** JSON text; null keeps the stored vector. */
  vector: string | null
  /** Hash of the content the score is about; null is the current one. */
  contentHash: string | null
}

/** Products without a score, then those whose content has changed since; newest change first (gifty §5). */
export const unscoredProducts = ({ fragments }: Pick<Db, 'fragments'>): RowSource => ({
  name: 'scoring',
  select: 'p.gift_id, p.title, p.category, p.merchant, p.price, p.image_url, p.content_text, p.content_hash',
  from: 'products p',
  key: 'p.gift_hash',
  contentHash: 'p.content_hash',
  // Literal, as in the partial indices, so that they are used.
  tiers: [
    'p.is_active and p.needs_scoring and p.llm_gift_score is null',
    'p.is_active and p.needs_scoring and p.llm_gift_score is not null',
  ],
  orderBy: `p.updated_at desc, ${fragments.bytewise('p.gift_id')}`,
})

/** How scores reach products. */
export const createScoreStore = (db: Db) => {
  const columns = 'score, reasoning, model, version, vector, content_hash'
  const write = db.batch<{ gift_hash: string }>(
    'products_score',
    [
      { name: 'gift_hash', type: 'text' },
      { name: 'score', type: 'float8' },
      { name: 'reasoning', type: 'text' },
      { name: 'model', type: 'text' },
      { name: 'version', type: 'text' },
      { name: 'vector', type: 'jsonb' },
      { name: 'content_hash', type: 'text' },
    ],
    (source) => {
      const set = `llm_gift_score = s.score, llm_gift_reasoning = s.reasoning, llm_scoring_model = s.model, llm_scoring_version = s.version,
        llm_gift_vector = coalesce(s.vector, products.llm_gift_vector), llm_scored_hash = coalesce(s.content_hash, products.content_hash),
        needs_scoring = coalesce(s.content_hash, products.content_hash) <> products.content_hash`
      return db.fragments.either(
        `update products set ${set}, llm_scored_at = :now from ${source} s where products.gift_hash = s.gift_hash returning products.gift_hash`,
        // Locked in key order first: an update takes its rows in any, and batches of products come at the same time.
        `with given as materialized (select gift_hash, ${columns} from ${source} g),
        locked as materialized (select p.gift_hash from products p where p.gift_hash in (select gift_hash from given) order by p.gift_hash for update)
        update products set ${set}, llm_scored_at = :now::timestamptz
        from given s join locked on locked.gift_hash = s.gift_hash where products.gift_hash = s.gift_hash returning products.gift_hash`,
      )
    },
  )
  return {
    /** Stores scores and answers which of the products exist; one whose content has changed meanwhile is scored again. */
    *write(tx: Tx, scores: ScoreWrite[], now: Date): Steps<Set<string>> {
      const rows = yield* tx.batch(
        write,
        scores.map((row) => [row.giftHash, row.score, row.reasoning, row.model, row.version, row.vector, row.contentHash]),
        { now },
      )
      return new Set(rows.map((row) => row.gift_hash))
    },
  }
}
export type ScoreStore = ReturnType<typeof createScoreStore>
