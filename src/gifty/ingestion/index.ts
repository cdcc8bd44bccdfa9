import { Elysia } from 'elysia'
import { z } from 'zod'
import { hashOfText, hashOfValue } from '../../platform/http/idempotency.ts'
import { documented } from '../../platform/http/openapi.ts'
import { MIB } from '../../platform/http/request.ts'
import { scrapedProduct } from '../catalog/index.ts'
import { fenceNumber, foldBlanks, httpUrl, integer, object, siteKey, taskName, text, workerName } from '../fields.ts'
import { type GiftySurface, problems } from '../surface.ts'
import type { Ingestion } from './service.ts'

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

const siteFromSource = () => siteKey().nullish().describe('may be absent where the batch names its source or lease')
/** The same batch as the documentation shows it. */
const ingestBatchDocument = ingestBatch
  .extend({
    items: z.array(scrapedProduct.extend({ site_key: siteFromSource() })),
    categories: z.array(scrapedCategory.extend({ site_key: siteFromSource() })).nullish(),
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
    remarks: z
      .array(z.object({ index: z.int(), field: z.string(), message: z.string() }))
      .optional()
      .describe('items that were stored without a field that could not be read; absent when there are none'),
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

/** Members that say who sends a batch, not what it is: the next attempt of a task repeats it under its own fence. */
const LEASE_FIELDS = ['task_id', 'worker_id', 'fence']

/** `POST /internal/ingest-batch` (gifty §3). */
export const ingestionRoutes = (surface: GiftySurface, ingestion: Ingestion) =>
  new Elysia({ detail: { tags: ['gifty: ingestion'] } }).use(surface).post(
    '/ingest-batch',
    async ({ body, call, principal, idempotencyKey: key, set }) => {
      if (key === undefined) return (await ingestion.ingest(body)).answer
      const { answer, replayed } = await ingestion.ingest(body, {
        identity: { scope: principal.id, key },
        fingerprint: {
          value: await hashOfValue(body, LEASE_FIELDS),
          text: await hashOfText(call.bodyText ?? '', 'base64url'),
        },
      })
      if (replayed) set.headers['idempotency-replayed'] = 'true'
      return answer
    },
    {
      auth: 'internal',
      bodyLimit: 32 * MIB,
      idempotent: true,
      body: ingestBatch,
      response: { 200: ingestAnswer, ...problems(404) },
      detail: documented({
        summary: 'Ingest a batch',
        description:
          'Good elements are stored, bad ones reported. An `Idempotency-Key` makes a repeat safe: of a task’s next attempt as well, since `task_id`, `worker_id` and `fence` do not count, nor do white space and the order of keys.',
        requestBody: ingestBatchDocument,
      }),
    },
  )
