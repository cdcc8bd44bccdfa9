import { Elysia } from 'elysia'
import { MIB } from '../../platform/http/body.ts'
import { answers, operation } from '../operation.ts'
import * as model from './model.ts'
import type { SearchServices } from './service.ts'

const catalog = operation('catalog')
const embeddings = operation('embeddings')

/** Routes of search and of the embeddings queue (gifty §5, §6). */
export const searchRoutes = ({ finder, queue }: SearchServices) =>
  new Elysia()
    .post('/products/search', ({ body }) => finder.search(body), {
      body: model.searchRequest,
      detail: catalog(
        'Search products by meaning',
        'By a text or a vector, not both. Active products with an embedding of the configured model; similarity = 1 - cosine distance, highest first, then by gift id.',
        answers(model.searchAnswer, 422),
      ),
    })
    .post('/embeddings/tasks', ({ body }) => queue.tasks(body), {
      body: model.tasksRequest,
      detail: embeddings(
        'Take products to embed',
        'Active products without an embedding of this model and version, or with one of an older content. Leases what it hands out.',
        answers(model.tasksAnswer, 422),
      ),
    })
    .post('/embeddings/submit', ({ body }) => queue.submit(body), {
      body: model.embeddingsSubmit,
      detail: embeddings(
        'Submit embeddings',
        'Each element on its own; needs no lease and ends it. Of repeats the last counts.',
        answers(model.embeddingsAnswer, 422),
        { requestBody: model.embeddingsSubmitDocument, 'x-max-body-bytes': 32 * MIB },
      ),
    })
