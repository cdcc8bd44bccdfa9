import { z } from 'zod'
import { absent, boolean, foldBlanks, integer, number, object, siteKey, text, time } from '../fields.ts'

/** One scraped product (gifty §3). Absent and null differ: absent keeps a stored value, null clears it. */
export const scrapedProduct = z
  .object({
    title: text(1, 1000).refine((title) => title.trim() !== '', 'Input should not be blank'),
    product_url: text(1, 4096),
    site_key: siteKey(),
    description: text().nullish(),
    price: z.number().min(0).nullish(),
    currency: text(0, 8).nullish(),
    image_url: text().nullish(),
    merchant: text().nullish(),
    category: text().transform(foldBlanks).nullish(),
    raw_data: object().nullish(),
  })
  .meta({ id: 'ScrapedProduct' })
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
export const productView = z.object(productFields).meta({ id: 'Product' })
export type ProductView = z.infer<typeof productView>
export const productDetail = z
  .object({
    ...productFields,
    raw: z.record(z.string(), z.unknown()).nullable(),
    price_history: z.array(z.object({ price: z.number().nullable(), currency: z.string().nullable(), seen_at: time() })),
    embeddings: z.array(
      z.object({ model_name: z.string(), model_version: z.string(), dim: z.int(), embedded_at: time(), stale: z.boolean() }),
    ),
  })
  .meta({ id: 'ProductDetail' })
export type ProductDetail = z.infer<typeof productDetail>

export const productsQuery = z.object({
  site_key: text().optional(),
  category: text().optional(),
  min_price: number(0).optional(),
  max_price: number(0).optional(),
  q: text().optional().describe('full text: every word, in title, description, merchant or category'),
  is_active: absent(boolean(), true),
  gift_id: text().optional(),
  limit: absent(integer(1, 200), 50),
  cursor: text().optional(),
})
export type ProductsQuery = z.output<typeof productsQuery>
export const productsPage = z.object({ items: z.array(productView), next_cursor: z.string().nullable() })
