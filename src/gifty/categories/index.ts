import { Elysia } from 'elysia'
import { z } from 'zod'
import { documented } from '../../platform/http/openapi.ts'
import { MIB } from '../../platform/http/request.ts'
import { type FieldProblem, invalidRequest } from '../envelope.ts'
import { absent, integer, leaseFields, text } from '../fields.ts'
import { exampleSubmitAnswer, submitAnswer, submitBody } from '../submissions.ts'
import type { GiftySurface } from '../surface.ts'
import type { Categories } from './service.ts'

const MAX_TASKS = 500
const MAX_NODES = 20_000

export const tasksQuery = z.object({
  limit: absent(
    integer(1).transform((limit) => Math.min(limit, MAX_TASKS)),
    100,
  ).describe('most tasks; above 500 it is 500'),
  ...leaseFields,
})
export type TasksQuery = z.output<typeof tasksQuery>
export const categoryTask = z
  .object({ external_name: z.string(), products_count: z.int(), sample_titles: z.array(z.string()) })
  .meta({
    id: 'CategoryTask',
    examples: [{ external_name: 'Black tea', products_count: 41, sample_titles: ['Black tea in a tin'] }],
  })
export type CategoryTask = z.infer<typeof categoryTask>

/** The result of a `category_mapping` task (gifty §4). */
export const mapping = z.object({ internal_category_id: integer() })
export const categoryResult = mapping
  .extend({ external_name: text(1) })
  .meta({ id: 'CategoryResult', examples: [{ external_name: 'Black tea', internal_category_id: 2 }] })
const categoriesSubmit = submitBody
const categoriesSubmitDocument = z.object({ results: z.array(categoryResult) }).meta({ id: 'CategoriesSubmit' })
const categoriesAnswer = submitAnswer('external_name').meta({
  id: 'CategoriesAnswer',
  examples: [exampleSubmitAnswer('external_name', 'Black tea')],
})

const treeNode = z.object({ id: integer(), name: text(1), parent_id: integer().nullish() })
export type TreeNode = z.output<typeof treeNode>
const EXAMPLE_TREE = [
  { id: 1, name: 'Drinks', parent_id: null },
  { id: 2, name: 'Tea', parent_id: 1 },
]
const tree = z
  .array(treeNode)
  .max(MAX_NODES)
  .meta({ examples: [EXAMPLE_TREE] })
const treeView = z.array(
  z
    .object({ id: z.int(), name: z.string(), parent_id: z.int().nullable() })
    .meta({ id: 'Category', examples: [EXAMPLE_TREE[1]] }),
)
const treeAnswer = z
  .object({
    status: z.literal('ok'),
    count: z.int().describe('nodes of the tree'),
    unmapped: z.int().describe('mappings that became tasks again'),
  })
  .meta({ examples: [{ status: 'ok', count: 2, unmapped: 0 }] })

const MAX_PROBLEMS = 100

/**
 * The nodes with every parent before its children, so that rows can be written in that order (gifty §5).
 * @throws AppError 422 for an id given twice, an unknown parent or a cycle
 */
export const inTreeOrder = (nodes: TreeNode[]): TreeNode[] => {
  const problems: FieldProblem[] = []
  const refuse = (index: number, field: 'id' | 'parent_id', msg: string, input: number) => {
    if (problems.length < MAX_PROBLEMS) problems.push({ type: 'value_error', loc: ['body', index, field], msg, input })
  }
  const indices = new Map<number, number>()
  for (const [index, { id }] of nodes.entries())
    if (indices.has(id)) refuse(index, 'id', 'The id is given twice', id)
    else indices.set(id, index)
  for (const [index, { parent_id }] of nodes.entries())
    if (typeof parent_id === 'number' && !indices.has(parent_id)) refuse(index, 'parent_id', 'There is no such parent', parent_id)
  if (problems.length > 0) throw invalidRequest(problems)

  const ordered: TreeNode[] = []
  const children = Map.groupBy(nodes, (node) => node.parent_id ?? null)
  // Level by level from the roots: a chain of 20,000 would be too deep for recursion.
  let level = children.get(null) ?? []
  while (level.length > 0) {
    for (const node of level) ordered.push(node)
    level = level.flatMap((node) => children.get(node.id) ?? [])
  }
  if (ordered.length < nodes.length) {
    const reached = new Set(ordered.map((node) => node.id))
    for (const [index, node] of nodes.entries())
      if (!reached.has(node.id)) refuse(index, 'parent_id', 'The parents form a cycle', node.parent_id as number)
    throw invalidRequest(problems)
  }
  return ordered
}

/** Routes of the category queue and of the tree (gifty §5). */
export const categoriesRoutes = (surface: GiftySurface, categories: Categories) =>
  new Elysia({ detail: { tags: ['gifty: categories'] }, prefix: '/categories' })
    .use(surface)
    .get('/tasks', ({ query, call }) => categories.tasks(query, call.bodiless), {
      auth: 'internal',
      query: tasksQuery,
      response: { 200: z.array(categoryTask) },
      detail: {
        summary: 'Take names to map',
        description: 'Names without a mapping, those of most active products first. Leased as products to score are.',
      },
    })
    .post('/submit', ({ body }) => categories.submit(body.results), {
      auth: 'internal',
      bodyLimit: MIB,
      body: categoriesSubmit,
      response: { 200: categoriesAnswer },
      detail: documented({
        summary: 'Submit mappings',
        description:
          'Any integer while the tree is empty, else only its ids. Each element on its own; of repeats the last counts.',
        requestBody: categoriesSubmitDocument,
      }),
    })
    .get('/tree', () => categories.tree(), {
      auth: 'internal',
      response: { 200: treeView },
      detail: { summary: 'Read the tree', description: 'All nodes by id.' },
    })
    .put('/tree', ({ body }) => categories.replaceTree(body), {
      auth: 'internal',
      bodyLimit: 8 * MIB,
      body: tree,
      response: { 200: treeAnswer },
      detail: {
        summary: 'Replace the tree',
        description: 'All or nothing. Mappings to removed ids become tasks again, but not for an empty tree.',
      },
    })
