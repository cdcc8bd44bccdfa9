import { z } from 'zod'
import { httpUrl, integer, object, siteKey, text } from '../fields.ts'

/** `"1 499,50"` (spaces group, comma or point before decimals), a number, or a decimal string. */
const toPrice = (value: unknown): unknown => {
  if (typeof value !== 'string') return value
  const plain = value.replace(/[\s\u00a0\u202f']/g, '').replace(',', '.')
  return /^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(plain) ? Number(plain) : value
}

/** One scraped product (gifty §3). Absent and null differ: absent keeps a stored value, null clears it. */
export const scrapedProduct = z
  .object({
    title: text(1, 1000).refine((title) => title.trim() !== '', 'Input should not be blank'),
    product_url: text(1, 4096),
    site_key: siteKey(),
    description: text().nullish(),
    price: z.preprocess(toPrice, z.number().min(0)).nullish(),
    currency: text(0, 8).nullish(),
    image_url: text().nullish(),
    merchant: text().nullish(),
    category: text().nullish(),
    raw_data: object().nullish(),
  })
  .meta({ id: 'ScrapedProduct' })
export type ScrapedProduct = z.output<typeof scrapedProduct>

export const scrapedCategory = z
  .object({ name: text().nullish(), url: httpUrl(2048), parent_url: text().nullish(), site_key: siteKey() })
  .meta({ id: 'ScrapedCategory' })
export type ScrapedCategory = z.output<typeof scrapedCategory>

/** The batch as it is checked at once; its elements are checked one by one, because a bad one does not refuse the others. */
export const ingestBatch = z.object({
  items: z.array(z.unknown()),
  categories: z.array(z.unknown()).nullish(),
  source_id: integer(0),
  stats: z.unknown().optional(),
  task_id: text(1, 128).nullish(),
  worker_id: text(1, 128).nullish(),
  fence: integer(0).nullish(),
})
export type IngestBatch = z.output<typeof ingestBatch>

/** The same batch as the documentation shows it. */
export const ingestBatchDocument = ingestBatch
  .extend({
    items: z.array(scrapedProduct),
    categories: z.array(scrapedCategory).nullish(),
    stats: object().nullish().describe('ignored'),
  })
  .meta({ id: 'IngestBatch' })

export const ingestAnswer = z
  .object({
    status: z.literal('ok'),
    items_ingested: z.int().describe('inserted'),
    items_updated: z.int().describe('a scraped column changed'),
    items_unchanged: z.int(),
    items_duplicate: z.int().describe('repeats within the batch; the first wins'),
    categories_ingested: z.int().describe('sources created'),
    run_id: z.int().nullable(),
    rejected: z.array(
      z.object({
        kind: z.enum(['item', 'category']),
        index: z.int(),
        errors: z.array(z.object({ field: z.string(), message: z.string() })),
      }),
    ),
  })
  .meta({ id: 'IngestAnswer' })
export type IngestAnswer = z.infer<typeof ingestAnswer>
