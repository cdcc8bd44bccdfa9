import { Elysia } from 'elysia'
import { z } from 'zod'
import { MIB } from '../../platform/http/body.ts'
import { callOf } from '../../platform/http/pipeline.ts'
import { answers, operation } from '../operation.ts'
import * as model from './model.ts'
import type { Categories } from './service.ts'

const op = operation('categories')

/** Routes of the category queue and of the tree (gifty §5). */
export const categoriesRoutes = (categories: Categories) =>
  new Elysia({ prefix: '/categories' })
    .get('/tasks', ({ query, request }) => categories.tasks(query, callOf(request).bodiless), {
      query: model.tasksQuery,
      detail: op(
        'Take names to map',
        'Names without a mapping, those of most active products first. Leased as products to score are.',
        answers(z.array(model.categoryTask), 422),
      ),
    })
    .post('/submit', ({ body }) => categories.submit(body.results), {
      body: model.categoriesSubmit,
      detail: op(
        'Submit mappings',
        'Any integer while the tree is empty, else only its ids. Each element on its own; of repeats the last counts.',
        answers(model.categoriesAnswer, 422),
        { requestBody: model.categoriesSubmitDocument },
      ),
    })
    .get('/tree', () => categories.tree(), { detail: op('Read the tree', 'All nodes by id.', answers(model.treeView)) })
    .put('/tree', ({ body }) => categories.replaceTree(body), {
      body: model.tree,
      detail: op(
        'Replace the tree',
        'All or nothing. Mappings to removed ids become tasks again, but not for an empty tree.',
        answers(model.treeAnswer, 422),
        { 'x-max-body-bytes': 8 * MIB },
      ),
    })
