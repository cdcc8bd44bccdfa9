import { z } from 'zod'
import { scrapedProduct } from '../catalog/model.ts'
import { fenceNumber, foldBlanks, httpUrl, integer, object, siteKey, taskName, text, workerName } from '../fields.ts'

export const scrapedCategory = z
  .object({ name: text().transform(foldBlanks).nullish(), url: httpUrl(2048), parent_url: text().nullish(), site_key: siteKey() })
  .meta({ id: 'ScrapedCategory', examples: [{ name: 'Green tea', url: 'https://tea.example/green', site_key: 'tea' }] })
export type ScrapedCategory = z.output<typeof scrapedCategory>

/** The batch as it is checked at once; its elements are checked one by one, because a bad one does not refuse the others. */
export const ingestBatch = z.object({
  items: z.array(z.unknown()),
  categories: z.array(z.unknown()).nullish(),
  source_id: integer(0).describe('0 where the source is not known'),
  stats: z.unknown().optional(),
  task_id: taskName().nullish().describe('with `worker_id` and `fence`: the lease under which the batch was scraped'),
  worker_id: workerName().nullish(),
  fence: fenceNumber().nullish(),
})
export type IngestBatch = z.output<typeof ingestBatch>

/** The same batch as the documentation shows it. */
export const ingestBatchDocument = ingestBatch
  .extend({
    items: z.array(scrapedProduct),
    categories: z.array(scrapedCategory).nullish(),
    stats: object().nullish().describe('ignored'),
  })
  .meta({
    id: 'IngestBatch',
    examples: [
      {
        source_id: 1,
        items: [
          {
            title: 'Black tea in a tin',
            product_url: 'https://tea.example/p/1',
            site_key: 'tea',
            price: '1 499,50 ₽',
            category: 'Black tea',
          },
          { title: 'Teapot', product_url: 'https://tea.example/p/2', site_key: 'tea', price: 2300, currency: 'RUB' },
        ],
        categories: [{ name: 'Green tea', url: 'https://tea.example/green', site_key: 'tea' }],
      },
    ],
  })

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
  .meta({
    id: 'IngestAnswer',
    examples: [
      {
        status: 'ok',
        items_ingested: 1,
        items_updated: 0,
        items_unchanged: 0,
        items_duplicate: 0,
        categories_ingested: 1,
        run_id: 17,
        rejected: [{ kind: 'item', index: 1, errors: [{ field: 'title', message: 'Field required' }] }],
      },
    ],
  })
export type IngestAnswer = z.infer<typeof ingestAnswer>
