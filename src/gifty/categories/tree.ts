import type { FieldProblem } from '../../errors.ts'
import { invalidRequest } from '../envelope.ts'
import type { TreeNode } from './model.ts'

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
