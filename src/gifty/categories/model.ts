import { z } from 'zod'
import { absent, integer, leaseFields, text } from '../fields.ts'
import { submitAnswer, submitBody } from '../submissions.ts'

const MAX_TASKS = 500
const MAX_NODES = 20_000

export const tasksQuery = z.object({
  limit: absent(
    integer(1).transform((limit) => Math.min(limit, MAX_TASKS)),
    100,
  ),
  ...leaseFields,
})
export type TasksQuery = z.output<typeof tasksQuery>
export const categoryTask = z
  .object({ external_name: z.string(), products_count: z.int(), sample_titles: z.array(z.string()) })
  .meta({ id: 'CategoryTask' })
export type CategoryTask = z.infer<typeof categoryTask>

/** The result of a `category_mapping` task (gifty §4). */
export const mapping = z.object({ internal_category_id: integer() })
export const categoryResult = mapping.extend({ external_name: text(1) }).meta({ id: 'CategoryResult' })
export const categoriesSubmit = submitBody
export const categoriesSubmitDocument = z.object({ results: z.array(categoryResult) }).meta({ id: 'CategoriesSubmit' })
export const categoriesAnswer = submitAnswer('external_name').meta({ id: 'CategoriesAnswer' })

const treeNode = z.object({ id: integer(), name: text(1), parent_id: integer().nullish() })
export type TreeNode = z.output<typeof treeNode>
export const tree = z.array(treeNode).max(MAX_NODES)
export const treeView = z.array(
  z.object({ id: z.int(), name: z.string(), parent_id: z.int().nullable() }).meta({ id: 'Category' }),
)
export const treeAnswer = z.object({
  status: z.literal('ok'),
  count: z.int().describe('nodes of the tree'),
  unmapped: z.int().describe('mappings that became tasks again'),
})
