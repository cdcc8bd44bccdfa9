import { Elysia } from 'elysia'
import { z } from 'zod'
import { text } from '../fields.ts'
import { answers, operation } from '../operation.ts'
import { productDetail, productsPage, productsQuery } from './model.ts'
import type { Catalog } from './service.ts'

const op = operation('catalog')

/** Read routes of the catalogue (gifty §6). */
export const catalogRoutes = (catalog: Catalog) =>
  new Elysia({ prefix: '/products' })
    .get('', ({ query }) => catalog.list(query), {
      query: productsQuery,
      detail: op(
        'List products',
        'By relevance with `q`, else newest change first; then by gift id. Keyset pages.',
        answers(productsPage, 422),
      ),
    })
    .get('/:gift_id', ({ params }) => catalog.detail(params.gift_id), {
      params: z.object({
        gift_id: text()
          .describe('gift id of the product')
          .meta({ examples: ['tea:https://tea.example/p/1'] }),
      }),
      detail: op(
        'Read a product',
        'The gift id is percent-encoded. With raw data and the newest 100 prices.',
        answers(productDetail, 404),
      ),
    })
