import { Elysia } from 'elysia'
import { z } from 'zod'
import { documented } from '../../platform/http/openapi.ts'
import { MIB } from '../../platform/http/request.ts'
import { EXAMPLE_PRODUCT, productView } from '../catalog/index.ts'
import { absentOrNull, instant, integer, leaseFields, number, text } from '../fields.ts'
import { exampleSubmitAnswer, submitAnswer } from '../submissions.ts'
import type { GiftySurface } from '../surface.ts'
import type { SearchServices } from './service.ts'

/** Both together say "given": absent and null are alike (gifty, notation `x?`). */
const optional = <S extends z.ZodType>(schema: S) => schema.nullish()

export const searchRequest = z
  .object({
    query: optional(text(1, 1000)),
    vector: optional(z.array(number())),
    limit: absentOrNull(integer(1, 100), 20),
    max_price: optional(number(0)),
    min_similarity: optional(number(-1, 1)),
    categories: optional(z.array(text())),
    site_keys: optional(z.array(text())),
    source_id: optional(integer(1)).describe('only products last ingested for this source'),
    updated_after: optional(instant()).describe('only products that have changed since'),
  })
  .meta({ id: 'ProductSearch', examples: [{ query: 'tea for a colleague', limit: 5, max_price: 2000 }] })
export type SearchRequest = z.output<typeof searchRequest>
export const searchAnswer = z
  .object({
    results: z.array(z.object({ product: productView, similarity: z.number().meta({ examples: [0.81] }) })),
    model: z.string().meta({ examples: ['trawl-ngram'] }),
  })
  .meta({ id: 'ProductSearchAnswer' })
export type SearchAnswer = z.infer<typeof searchAnswer>

/** Short enough for the key of an index together. */
const modelFields = {
  model_name: text(1, 200).meta({ examples: ['trawl-ngram'] }),
  model_version: text(1, 200).meta({ examples: ['1'] }),
}

export const tasksRequest = z.object({ ...modelFields, limit: absentOrNull(integer(1, 500), 50), ...leaseFields })
export type TasksRequest = z.output<typeof tasksRequest>
const unembedded = { gift_id: z.string(), content_text: z.string(), content_hash: z.string() }
const { gift_id, content_text, content_hash } = EXAMPLE_PRODUCT
const EXAMPLE_TASK = { gift_id, content_text, content_hash }
export const tasksAnswer = z.object({ tasks: z.array(z.object(unembedded).meta({ examples: [EXAMPLE_TASK] })) })
/** What a worker of the worker protocol gets (gifty §4). */
export const embeddingPayload = z
  .object({ ...unembedded, model_name: z.string(), model_version: z.string() })
  .meta({ id: 'EmbeddingPayload', examples: [{ ...EXAMPLE_TASK, model_name: 'trawl-ngram', model_version: '1' }] })
export type TasksAnswer = z.infer<typeof tasksAnswer>

/** Vectors of a submit are many: checked by `vectorProblem`, which costs a fraction of a schema for every number. */
export const embeddingResult = z
  .object({ gift_id: text(1), content_hash: text(1), embedding: z.array(z.unknown()) })
  .meta({ id: 'EmbeddingResult' })
export const embeddingsSubmit = z.object({ ...modelFields, results: z.array(z.unknown()) })
export type EmbeddingsSubmit = z.output<typeof embeddingsSubmit>
const embeddingsSubmitDocument = z
  .object({
    ...modelFields,
    results: z.array(z.object({ gift_id: z.string(), content_hash: z.string(), embedding: z.array(z.number()) })),
  })
  .meta({
    id: 'EmbeddingsSubmit',
    examples: [
      { model_name: 'trawl-ngram', model_version: '1', results: [{ gift_id, content_hash, embedding: [0.12, -0.03, 0.4] }] },
    ],
  })
const embeddingsAnswer = submitAnswer('gift_id').meta({
  id: 'EmbeddingsAnswer',
  examples: [exampleSubmitAnswer('gift_id', gift_id)],
})

/** Routes of search and of the embeddings queue (gifty §5, §6). */
export const searchRoutes = (surface: GiftySurface, { finder, queue }: SearchServices) =>
  new Elysia()
    .use(surface)
    .post('/products/search', ({ body }) => finder.search(body), {
      auth: 'internal',
      bodyLimit: MIB,
      body: searchRequest,
      response: { 200: searchAnswer },
      detail: {
        tags: ['gifty: catalog'],
        summary: 'Search products by meaning',
        description:
          'By a text or a vector, not both. Active products with an embedding of the configured model; similarity = 1 - cosine distance, highest first, then by gift id.',
      },
    })
    .post('/embeddings/tasks', ({ body }) => queue.tasks(body), {
      auth: 'internal',
      bodyLimit: MIB,
      body: tasksRequest,
      response: { 200: tasksAnswer },
      detail: {
        tags: ['gifty: embeddings'],
        summary: 'Take products to embed',
        description:
          'Active products without an embedding of this model and version, or with one of an older content. Leases what it hands out.',
      },
    })
    .post('/embeddings/submit', ({ body }) => queue.submit(body), {
      auth: 'internal',
      bodyLimit: 32 * MIB,
      body: embeddingsSubmit,
      response: { 200: embeddingsAnswer },
      detail: documented({
        tags: ['gifty: embeddings'],
        summary: 'Submit embeddings',
        description: 'Each element on its own; needs no lease and ends it. Of repeats the last counts.',
        requestBody: embeddingsSubmitDocument,
      }),
    })
