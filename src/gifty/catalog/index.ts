import { Elysia } from 'elysia'
import { z } from 'zod'
import { documented } from '../../platform/http/openapi.ts'
import { takes } from '../../platform/http/schema.ts'
import { absent, foldBlanks, integer, nextCursor, object, siteKey, text, time } from '../fields.ts'
import { type GiftySurface, problems } from '../surface.ts'
import type { ExportProducts } from './export.ts'
import { exportQuery, productFilters } from './export-model.ts'
import { type PriceHistory, pricesPage, pricesQuery, productRun } from './prices.ts'
import type { Catalog } from './service.ts'

/** A price as a spider brings it; a text is read before the element is checked (gifty §3, prices as text). */
const price = () =>
  takes(z.number().min(0), {
    oneOf: [
      { type: 'number', minimum: 0 },
      { type: 'string', description: 'a price as a page shows it, with signs, codes and separators', examples: ['1 499,50 ₽'] },
    ],
  })

/** One scraped product (gifty §3). Absent and null differ: absent keeps a stored value, null clears it. */
export const scrapedProduct = z
  .object({
    title: text(1, 1000).refine((title) => title.trim() !== '', 'Input should not be blank'),
    product_url: text(1, 4096),
    site_key: siteKey(),
    description: text().nullish(),
    price: price().nullish(),
    currency: text(0, 8).nullish(),
    image_url: text().nullish(),
    merchant: text().nullish(),
    category: text().transform(foldBlanks).nullish(),
    raw_data: object().nullish(),
  })
  .meta({
    id: 'ScrapedProduct',
    examples: [{ title: 'Teapot', product_url: 'https://tea.example/p/2', site_key: 'tea', price: 2300, currency: 'RUB' }],
  })
export type ScrapedProduct = z.output<typeof scrapedProduct>

const productFields = {
  gift_id: z.string(),
  site_key: z.string(),
  source_id: z.int().nullable(),
  title: z.string(),
  description: z.string().nullable(),
  price: z.number().nullable(),
  currency: z.string().nullable(),
  image_url: z.string().nullable(),
  product_url: z.string(),
  merchant: z.string().nullable(),
  category: z.string().nullable(),
  is_active: z.boolean(),
  content_text: z.string(),
  content_hash: z.string(),
  llm_gift_score: z.number().nullable(),
  llm_gift_reasoning: z.string().nullable(),
  llm_gift_vector: z.record(z.string(), z.unknown()).nullable(),
  llm_scoring_model: z.string().nullable(),
  llm_scoring_version: z.string().nullable(),
  llm_scored_at: time().nullable(),
  needs_scoring: z.boolean(),
  created_at: time(),
  updated_at: time(),
  last_seen_at: time(),
}
/** The product of the examples. */
export const EXAMPLE_PRODUCT = {
  gift_id: 'tea:https://tea.example/p/1',
  site_key: 'tea',
  source_id: 1,
  title: 'Black tea in a tin',
  description: null,
  price: 1499.5,
  currency: 'RUB',
  image_url: null,
  product_url: 'https://tea.example/p/1',
  merchant: null,
  category: 'Black tea',
  is_active: true,
  content_text: 'Black tea in a tin Black tea',
  content_hash: '9f2c1d6e0b7a4c58a1e3f5d7092b4c6e8a0f1d3c5b7e9a2c4d6f8b0e1a3c5d7f',
  llm_gift_score: 7.5,
  llm_gift_reasoning: 'A useful present for anyone who drinks tea',
  llm_gift_vector: { warmth: 6, practicality: 8 },
  llm_scoring_model: 'scorer',
  llm_scoring_version: '1',
  llm_scored_at: '2026-01-15T10:00:00.000Z',
  needs_scoring: false,
  created_at: '2026-01-15T09:03:00.000Z',
  updated_at: '2026-01-15T10:00:00.000Z',
  last_seen_at: '2026-01-15T09:03:00.000Z',
}
export const productView = z.object(productFields).meta({ id: 'Product', examples: [EXAMPLE_PRODUCT] })
export type ProductView = z.infer<typeof productView>
export const productDetail = z
  .object({
    ...productFields,
    raw: z.record(z.string(), z.unknown()).nullable(),
    price_history: z.array(z.object({ price: z.number().nullable(), currency: z.string().nullable(), seen_at: time() })),
    embeddings: z.array(
      z.object({ model_name: z.string(), model_version: z.string(), dim: z.int(), embedded_at: time(), stale: z.boolean() }),
    ),
    runs: z.array(productRun).describe('the last ten runs that brought it or changed its price, newest first'),
  })
  .meta({
    id: 'ProductDetail',
    examples: [
      {
        ...EXAMPLE_PRODUCT,
        raw: { weight: '100 g' },
        price_history: [{ price: 1499.5, currency: 'RUB', seen_at: '2026-01-15T09:03:00.000Z' }],
        embeddings: [
          {
            model_name: 'trawl-ngram',
            model_version: '1',
            dim: 384,
            embedded_at: '2026-01-15T09:03:05.000Z',
            stale: false,
          },
        ],
        runs: [{ run_id: 17, seen_at: '2026-01-15T09:03:00.000Z' }],
      },
    ],
  })
export type ProductDetail = z.infer<typeof productDetail>

const SORTS = ['updated', 'price', 'id'] as const
export const productsQuery = z.object({
  ...productFilters,
  q: text().optional().describe('full text: every word, in title, description, merchant or category'),
  sort: z
    .enum(SORTS)
    .optional()
    .describe(
      '`updated` (newest change first, the default), `price` (cheapest first, none without a price) or `id`; not with `q`',
    ),
  limit: absent(integer(1, 200), 50).describe('most products of the page'),
  cursor: text().optional().describe('`next_cursor` of the page before'),
})
export type ProductsQuery = z.output<typeof productsQuery>
const productsPage = z.object({ items: z.array(productView), next_cursor: nextCursor() })

const productParams = z.object({
  gift_id: text()
    .describe('gift id of the product')
    .meta({ examples: ['tea:https://tea.example/p/1'] }),
})

/** Read routes of the catalogue (gifty §6, operations §10). */
export const catalogRoutes = (surface: GiftySurface, catalog: Catalog, exported: ExportProducts, prices: PriceHistory) =>
  new Elysia({ detail: { tags: ['gifty: catalog'] }, prefix: '/products' })
    .use(surface)
    .get('', ({ query }) => catalog.list(query), {
      auth: 'internal',
      query: productsQuery,
      response: { 200: productsPage },
      detail: {
        summary: 'List products',
        description: 'By relevance with `q`, else by `sort`, newest change first; then by gift id. Keyset pages.',
      },
    })
    .get('/export', ({ query }) => exported(query), {
      auth: 'internal',
      query: exportQuery,
      response: problems(),
      detail: documented({
        tags: ['operations'],
        summary: 'Export products',
        description:
          'CSV, NDJSON or Parquet, streamed, in an order of its own that never changes. Cut off, it goes on behind the last row with `after`. What existed at its start comes once, whatever is ingested meanwhile.',
        responses: {
          200: {
            'text/csv': z
              .string()
              .meta({ examples: ['gift_id,title,price\r\ntea:https://tea.example/p/1,Black tea in a tin,1499.5\r\n'] }),
            'application/x-ndjson': z
              .string()
              .meta({ examples: ['{"gift_id":"tea:https://tea.example/p/1","title":"Black tea in a tin","price":1499.5}\n'] }),
            'application/vnd.apache.parquet': z.string().meta({ format: 'binary', examples: ['PAR1'] }),
          },
        },
      }),
    })
    .get('/:gift_id/prices', ({ params, query }) => prices.page(params.gift_id, query), {
      auth: 'internal',
      params: productParams,
      query: pricesQuery,
      response: { 200: pricesPage, ...problems(404) },
      detail: {
        tags: ['operations'],
        summary: 'List the prices of a product',
        description: 'Its first price and every change, newest first, with the run that brought it. Keyset pages.',
      },
    })
    .get('/:gift_id', ({ params }) => catalog.detail(params.gift_id), {
      auth: 'internal',
      params: productParams,
      response: { 200: productDetail, ...problems(404) },
      detail: {
        summary: 'Read a product',
        description: 'The gift id is percent-encoded. With raw data, the newest 100 prices and the last runs.',
      },
    })
