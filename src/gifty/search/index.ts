import { Elysia } from 'elysia'
import { MIB } from '../../platform/http/body.ts'
import { documented } from '../../platform/http/openapi.ts'
import type { GiftySurface } from '../surface.ts'
import * as model from './model.ts'
import type { SearchServices } from './service.ts'

/** Routes of search and of the embeddings queue (gifty §5, §6). */
export const searchRoutes = (surface: GiftySurface, { finder, queue }: SearchServices) =>
  new Elysia()
    .use(surface)
    .post('/products/search', ({ body }) => finder.search(body), {
      auth: 'internal',
      bodyLimit: MIB,
      body: model.searchRequest,
      response: { 200: model.searchAnswer },
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
      body: model.tasksRequest,
      response: { 200: model.tasksAnswer },
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
      body: model.embeddingsSubmit,
      response: { 200: model.embeddingsAnswer },
      detail: documented({
        tags: ['gifty: embeddings'],
        summary: 'Submit embeddings',
        description: 'Each element on its own; needs no lease and ends it. Of repeats the last counts.',
        requestBody: model.embeddingsSubmitDocument,
      }),
    })
