import { z } from 'zod'
import { type FieldProblem, invalidRequest } from '../envelope.ts'
import { absent, integer, leaseFields, text } from '../fields.ts'
import { exampleSubmitAnswer, submitAnswer, submitBody } from '../submissions.ts'

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
export const categoriesSubmit = submitBody
export const categoriesSubmitDocument = z.object({ results: z.array(categoryResult) }).meta({ id: 'CategoriesSubmit' })
export const categoriesAnswer = submitAnswer('external_name').meta({
  id: 'CategoriesAnswer',
  examples: [exampleSubmitAnswer('external_name', 'Black tea')],
})

const treeNode = z.object({ id: integer(), name: text(1), parent_id: integer().nullish() })
export type TreeNode = z.output<typeof treeNode>
const EXAMPLE_TREE = [
  { id: 1, name: 'Drinks', parent_id: null },
  { id: 2, name: 'Tea', parent_id: 1 },
]
export const tree = z
  .array(treeNode)
  .max(MAX_NODES)
  .meta({ examples: [EXAMPLE_TREE] })
export const treeView = z.array(
  z
    .object({ id: z.int(), name: z.string(), parent_id: z.int().nullable() })
    .meta({ id: 'Category', examples: [EXAMPLE_TREE[1]] }),
)
export const treeAnswer = z
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
