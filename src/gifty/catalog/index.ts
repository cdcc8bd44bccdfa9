import { Elysia } from 'elysia'
import { z } from 'zod'
import { text } from '../fields.ts'
import { type GiftySurface, problems } from '../surface.ts'
import { productDetail, productsPage, productsQuery } from './model.ts'
import type { Catalog } from './service.ts'

/** Read routes of the catalogue (gifty §6). */
export const catalogRoutes = (surface: GiftySurface, catalog: Catalog) =>
  new Elysia({ detail: { tags: ['gifty: catalog'] }, prefix: '/products' })
    .use(surface)
    .get('', ({ query }) => catalog.list(query), {
      auth: 'internal',
      query: productsQuery,
      response: { 200: productsPage },
      detail: {
        summary: 'List products',
        description: 'By relevance with `q`, else newest change first; then by gift id. Keyset pages.',
      },
    })
    .get('/:gift_id', ({ params }) => catalog.detail(params.gift_id), {
      auth: 'internal',
      params: z.object({
        gift_id: text()
          .describe('gift id of the product')
          .meta({ examples: ['tea:https://tea.example/p/1'] }),
      }),
      response: { 200: productDetail, ...problems(404) },
      detail: {
        summary: 'Read a product',
        description: 'The gift id is percent-encoded. With raw data and the newest 100 prices.',
      },
    })
