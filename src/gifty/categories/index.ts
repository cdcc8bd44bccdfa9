import { Elysia } from 'elysia'
import { z } from 'zod'
import { MIB } from '../../platform/http/body.ts'
import { documented } from '../../platform/http/openapi.ts'
import type { GiftySurface } from '../surface.ts'
import * as model from './model.ts'
import type { Categories } from './service.ts'

/** Routes of the category queue and of the tree (gifty §5). */
export const categoriesRoutes = (surface: GiftySurface, categories: Categories) =>
  new Elysia({ detail: { tags: ['gifty: categories'] }, prefix: '/categories' })
    .use(surface)
    .get('/tasks', ({ query, call }) => categories.tasks(query, call.bodiless), {
      auth: 'internal',
      query: model.tasksQuery,
      response: { 200: z.array(model.categoryTask) },
      detail: {
        summary: 'Take names to map',
        description: 'Names without a mapping, those of most active products first. Leased as products to score are.',
      },
    })
    .post('/submit', ({ body }) => categories.submit(body.results), {
      auth: 'internal',
      bodyLimit: MIB,
      body: model.categoriesSubmit,
      response: { 200: model.categoriesAnswer },
      detail: documented({
        summary: 'Submit mappings',
        description:
          'Any integer while the tree is empty, else only its ids. Each element on its own; of repeats the last counts.',
        requestBody: model.categoriesSubmitDocument,
      }),
    })
    .get('/tree', () => categories.tree(), {
      auth: 'internal',
      response: { 200: model.treeView },
      detail: { summary: 'Read the tree', description: 'All nodes by id.' },
    })
    .put('/tree', ({ body }) => categories.replaceTree(body), {
      auth: 'internal',
      bodyLimit: 8 * MIB,
      body: model.tree,
      response: { 200: model.treeAnswer },
      detail: {
        summary: 'Replace the tree',
        description: 'All or nothing. Mappings to removed ids become tasks again, but not for an empty tree.',
      },
    })
