import { and, asc, desc, eq, gt, gte, isNotNull, lte, type SQL, sql } from 'drizzle-orm'
import { type BatchColumn, bytesOf, bytewise, type Db, param, type Steps, type Tx } from '../../platform/db/index.ts'
import { catalogTables } from '../tables.ts'

type Tables = ReturnType<typeof catalogTables>
export type ProductRow = Tables['products']['$inferSelect']
/** A product without what can be very large and lists do not show. */
export type ListedProduct = Omit<ProductRow, 'raw'>
/** A product of a list before its row is read. */
export type ProductKey = Pick<ProductRow, 'giftHash' | 'giftId' | 'updatedAt' | 'price'> & { bytes: number }

/** What ingestion writes of a product; `raw` is JSON text, times are epoch milliseconds of the clock. */
export interface ProductWrite {
  giftHash: string
  giftId: string
  siteKey: string
  sourceId: number | null
  title: string
  description: string | null
  price: number | null
  currency: string | null
  imageUrl: string | null
  productUrl: string
  merchant: string | null
  category: string | null
  categoryKey: string | null
  contentText: string
  contentHash: string
  raw: string | null
}

/** A stored product as ingestion compares it; of one that is new all but the first two are null. `raw` is JSON text on SQLite, a value on Postgres. */
export interface StoredProduct {
  gift_hash: string
  is_new: number | boolean
  title: string
  description: string | null
  price: number | null
  currency: string | null
  image_url: string | null
  product_url: string
  merchant: string | null
  category: string | null
  content_hash: string
  source_id: number | string | null
  is_active: number | boolean
  raw: unknown
}

const COLUMNS: BatchColumn[] = [
  { name: 'gift_hash', type: 'text' },
  { name: 'gift_id', type: 'text' },
  { name: 'site_key', type: 'text' },
  { name: 'source_id', type: 'bigint' },
  { name: 'title', type: 'text' },
  { name: 'description', type: 'text' },
  { name: 'price', type: 'float8' },
  { name: 'currency', type: 'text' },
  { name: 'image_url', type: 'text' },
  { name: 'product_url', type: 'text' },
  { name: 'merchant', type: 'text' },
  { name: 'category', type: 'text' },
  { name: 'category_key', type: 'text' },
  { name: 'content_text', type: 'text' },
  { name: 'content_hash', type: 'text' },
  { name: 'raw', type: 'jsonb' },
]
/** What ingestion compares. */
const BEFORE = [
  ...['title', 'description', 'price', 'currency', 'image_url', 'product_url', 'merchant', 'category', 'content_hash'],
  ...['source_id', 'is_active', 'raw'],
]
const NAMES = COLUMNS.map((column) => column.name).join(', ')
const toRow = (product: ProductWrite): unknown[] => [
  product.giftHash,
  product.giftId,
  product.siteKey,
  product.sourceId,
  product.title,
  product.description,
  product.price,
  product.currency,
  product.imageUrl,
  product.productUrl,
  product.merchant,
  product.category,
  product.categoryKey,
  product.contentText,
  product.contentHash,
  product.raw,
]

/** Newest change first, cheapest first (none without a price), or by hash; ties by gift id. `after` is the last product of the page before. */
export type ProductOrder =
  | { by: 'updated'; after?: { updatedAt: Date; giftId: string } }
  | { by: 'price'; after?: { price: number; giftId: string } }
  | { by: 'id'; after?: { giftHash: string } }

export interface ProductFilter {
  siteKey?: string
  categoryKey?: string
  category?: string
  minPrice?: number
  maxPrice?: number
  isActive: boolean
  giftHash?: string
  sourceId?: number
  /** Only what has changed since. */
  updatedAfter?: Date
  /** The order, and with `after` where it goes on. */
  order: ProductOrder
  limit: number
}

/** Bytes of what a list shows of a product and no rule limits. */
export const productBytes = (
  db: Pick<Db, 'dialect'>,
  { description, merchant, category, imageUrl, contentText, llmGiftReasoning }: Tables['products'],
) =>
  sql
    .join(
      [description, merchant, category, imageUrl, contentText, llmGiftReasoning].map((column) => bytesOf(db, column)),
      sql` + `,
    )
    .mapWith(Number) as SQL<number>

/** Queries of products and prices. */
export const catalogRepository = (db: Db) => {
  const { products, productPrices } = catalogTables(db.kit)
  const { either, param: bound } = db.fragments
  const now = bound('now', 'timestamptz')

  /**
   * Inserts new rows and touches existing ones, in key order: that takes all row locks in one order, so that concurrent batches
   * cannot deadlock, and answers the stored values as they were.
   */
  const store = db.batch<StoredProduct>('products_store', COLUMNS, (source) => {
    const isNew = either('products.rowid > :last_rowid', '(xmax = 0)')
    // Of a new row the caller knows everything; sending it back cost a third of an ingestion's time.
    const before = BEFORE.map((name) => `case when ${isNew} then null else ${name} end as ${name}`).join(', ')
    return `insert into products (${NAMES}, is_active, needs_scoring, created_at, updated_at, last_seen_at)
      select ${NAMES}, true, true, ${now}, ${now}, ${now} from ${source} s where true order by gift_hash
      on conflict (gift_hash) do update set last_seen_at = excluded.last_seen_at
      returning gift_hash, ${isNew} as is_new, ${before}`
  })
  /** Writes the scraped columns of stored products. Scores and embeddings are not touched; changed content is scored again. */
  const rewrite = db.batch<never>(
    'products_rewrite',
    COLUMNS,
    (
      source,
    ) => `update products set source_id = s.source_id, title = s.title, description = s.description, price = s.price, currency = s.currency,
        image_url = s.image_url, product_url = s.product_url, merchant = s.merchant, category = s.category, category_key = s.category_key,
        content_text = s.content_text, content_hash = s.content_hash, raw = s.raw, is_active = true,
        needs_scoring = s.content_hash is distinct from products.llm_scored_hash, updated_at = ${now}
      from ${source} s where products.gift_hash = s.gift_hash`,
  )
  /** Moves unchanged products to another source, and back to life. */
  const adopt = db.batch<never>(
    'products_adopt',
    [
      { name: 'gift_hash', type: 'text' },
      { name: 'source_id', type: 'bigint' },
    ],
    (source) =>
      `update products set source_id = coalesce(s.source_id, products.source_id), is_active = true from ${source} s where products.gift_hash = s.gift_hash`,
  )
  const addPrices = db.batch<never>(
    'prices_add',
    [
      { name: 'gift_hash', type: 'text' },
      { name: 'price', type: 'float8' },
      { name: 'currency', type: 'text' },
    ],
    (source) => `insert into product_prices (gift_hash, price, currency, run_id, seen_at)
      select gift_hash, price, currency, ${bound('run_id', 'bigint')}, ${now} from ${source} s where true`,
  )
  /** Distinguishes inserted rows from updated ones on SQLite. */
  const lastRowid = either(
    db.statement<{ last: number | null }>('products_last_rowid', 'select max(rowid) as last from products'),
    undefined,
  )

  const countOfSite = db.statement<{ total: number | string }>(
    'products_of_site',
    'select count(*) as total from products where site_key = :site',
  )
  const countOfSource = db.statement<{ total: number | string }>(
    'products_of_source',
    'select count(*) as total from products where source_id = :id and site_key = :site',
  )
  const countOfSourceOrCategory = db.statement<{ total: number | string }>(
    'products_of_source_or_category',
    `select (select count(*) from products where source_id = :id and site_key = :site)
       + (select count(*) from products where site_key = :site and category_key = :category and (source_id is null or source_id <> :id)) as total`,
  )
  const find = db.prepare<ProductRow>('product_find', (queries) =>
    queries
      .select()
      .from(products)
      .where(eq(products.giftHash, param('hash'))),
  )
  const prices = db.prepare<{ price: number | null; currency: string | null; seenAt: Date }>('product_prices', (queries) =>
    queries
      .select({ price: productPrices.price, currency: productPrices.currency, seenAt: productPrices.seenAt })
      .from(productPrices)
      .where(eq(productPrices.giftHash, param('hash')))
      .orderBy(desc(productPrices.seenAt), desc(productPrices.id))
      .limit(100),
  )
  const giftId: SQL = bytewise(db, products.giftId)
  /** What a page begins behind. The first condition alone bounds the index range. */
  const behind = (order: ProductOrder): SQL | undefined => {
    if (order.by === 'id') return order.after && gt(products.giftHash, order.after.giftHash)
    if (order.by === 'updated')
      return (
        order.after &&
        and(
          lte(products.updatedAt, order.after.updatedAt),
          sql`(${products.updatedAt} < ${sql.param(order.after.updatedAt, products.updatedAt)} or ${giftId} > ${order.after.giftId})`,
        )
      )
    return and(
      isNotNull(products.price),
      order.after &&
        and(
          gte(products.price, order.after.price),
          sql`(${products.price} > ${order.after.price} or ${giftId} > ${order.after.giftId})`,
        ),
    )
  }
  const orderOf = ({ by }: ProductOrder): SQL[] =>
    by === 'id' ? [asc(products.giftHash)] : [by === 'price' ? asc(products.price) : desc(products.updatedAt), asc(giftId)]
  const totals = db.statement<{ total: number | string; unscored: number | string }>(
    'products_totals',
    `select (select count(*) from products) as total,
      (select count(*) from products where is_active and needs_scoring and llm_gift_score is null)
      + (select count(*) from products where is_active and needs_scoring and llm_gift_score is not null) as unscored`,
  )
  const perSite = db.statement<{ site_key: string; total: number | string }>(
    'products_per_site',
    'select site_key, count(*) as total from products group by site_key',
  )

  return {
    *store(tx: Tx, rows: ProductWrite[], at: Date): Steps<StoredProduct[]> {
      const [{ last } = { last: 0 }] = lastRowid ? yield* tx.run(lastRowid) : []
      return yield* tx.batch(store, rows.map(toRow), { now: at, last_rowid: last ?? 0 })
    },
    *rewrite(tx: Tx, rows: ProductWrite[], at: Date): Steps<void> {
      yield* tx.batch(rewrite, rows.map(toRow), { now: at })
    },
    *adopt(tx: Tx, hashes: string[], sourceId: number | null): Steps<void> {
      yield* tx.batch(
        adopt,
        hashes.map((hash) => [hash, sourceId]),
      )
    },
    *addPrices(
      tx: Tx,
      rows: { giftHash: string; price: number | null; currency: string | null }[],
      runId: number | null,
      at: Date,
    ): Steps<void> {
      yield* tx.batch(
        addPrices,
        rows.map((row) => [row.giftHash, row.price, row.currency]),
        { run_id: runId, now: at },
      )
    },
    countOfSite: async (site: string) => Number((await countOfSite.all({ site }))[0]?.total ?? 0),
    countOfSource: async (id: number, site: string, category: string | undefined) =>
      Number(
        (
          await (category === undefined ? countOfSource.all({ id, site }) : countOfSourceOrCategory.all({ id, site, category }))
        )[0]?.total ?? 0,
      ),
    countPerSite: async () => new Map((await perSite.all()).map((row) => [row.site_key, Number(row.total)])),
    totals: async () => {
      const [row] = await totals.all()
      return { total: Number(row?.total ?? 0), unscored: Number(row?.unscored ?? 0) }
    },
    find: async (hash: string): Promise<ProductRow | undefined> => (await find.all({ hash }))[0],
    prices: (hash: string) => prices.all({ hash }),
    /** Which products a list has, in its order, with the bytes of what can be large. */
    keys: (filter: ProductFilter): Promise<ProductKey[]> =>
      db.q
        .select({
          giftHash: products.giftHash,
          giftId: products.giftId,
          updatedAt: products.updatedAt,
          price: products.price,
          bytes: productBytes(db, products),
        })
        .from(products)
        .where(
          and(
            eq(products.isActive, filter.isActive),
            filter.siteKey === undefined ? undefined : eq(products.siteKey, filter.siteKey),
            filter.categoryKey === undefined
              ? undefined
              : and(eq(products.categoryKey, filter.categoryKey), eq(products.category, filter.category as string)),
            filter.minPrice === undefined ? undefined : gte(products.price, filter.minPrice),
            filter.maxPrice === undefined ? undefined : lte(products.price, filter.maxPrice),
            filter.giftHash === undefined ? undefined : eq(products.giftHash, filter.giftHash),
            filter.sourceId === undefined ? undefined : eq(products.sourceId, filter.sourceId),
            filter.updatedAfter === undefined ? undefined : gt(products.updatedAt, filter.updatedAfter),
            behind(filter.order),
          ),
        )
        .orderBy(...orderOf(filter.order))
        .limit(filter.limit),
  }
}
export type CatalogRepository = ReturnType<typeof catalogRepository>
