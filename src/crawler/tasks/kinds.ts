import type { Task } from '../../tasks/index.ts'
import { isTaskType, TASK_TYPES } from '../vocabulary.ts'

/** Tasks of imported rows whose type nobody knows: they are never leased. */
const OTHER = 'crawler.OTHER'

/** The engine's kind of tasks of a type. */
export const kindOf = (type: string): string => (isTaskType(type) ? `crawler.${type}` : OTHER)
/** The kinds that workers may lease. */
export const LEASED_KINDS: readonly string[] = TASK_TYPES.map(kindOf)
/** All kinds of the family. */
export const KINDS: readonly string[] = [...LEASED_KINDS, OTHER]

/** The id that the client has given, of an engine's task. */
export const taskIdOf = ({ payload }: Pick<Task, 'payload'>): string => (payload as { task_id: string }).task_id
