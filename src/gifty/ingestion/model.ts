import { z } from 'zod'
import { scrapedProduct } from '../catalog/model.ts'
import { foldBlanks, httpUrl, integer, object, siteKey, text } from '../fields.ts'

export const scrapedCategory = z
  .object({ name: text().transform(foldBlanks).nullish(), url: httpUrl(2048), parent_url: text().nullish(), site_key: siteKey() })
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
