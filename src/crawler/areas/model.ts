import { z } from 'zod'
import { optional } from '../../platform/http/coercion.ts'
import { text } from '../fields.ts'
import { TASK_TYPES, type TaskType } from '../vocabulary.ts'

/** A discovered group or project, as an update brings it (§11). */
export const areaEntry = z.object({
  type: z.enum(['group', 'project']),
  gitlabId: z.union([z.string().min(1).max(255), z.number()], { error: 'must be a string or a number' }).transform(String),
  fullPath: z.string().min(1).max(1024),
  name: optional(text(1024)),
  webUrl: optional(text(4096)),
  description: text(65_536).nullish(),
  parentPath: text(1024).nullish(),
  discoveredBy: optional(text(255)),
})
export type AreaEntry = z.output<typeof areaEntry>

const FANOUTS = ['default', 'full', 'none'] as const
export const fanout = z.union(
  [
    z.enum(FANOUTS),
    z.object({ group: z.array(z.enum(TASK_TYPES)).default([]), project: z.array(z.enum(TASK_TYPES)).default([]) }),
  ],
  { error: 'must be default, full, none or {group, project} with lists of task types' },
)
export type Fanout = z.output<typeof fanout>

const DEFAULT_GROUP: TaskType[] = ['FETCH_GROUP_DETAILS', 'FETCH_GROUP_MEMBERS', 'FETCH_PROJECTS', 'FETCH_ISSUES']
const DEFAULT_PROJECT: TaskType[] = [
  'FETCH_PROJECT_DETAILS',
  'FETCH_ISSUES',
  'FETCH_MERGE_REQUESTS',
  'FETCH_BRANCHES',
  'FETCH_PIPELINES',
]
/** Types that an area of a kind spawns. */
export const spawnedTypes = (choice: Fanout, area: 'group' | 'project'): TaskType[] => {
  if (choice === 'none') return []
  if (typeof choice === 'object') return [...new Set(choice[area])]
  if (area === 'group') return choice === 'full' ? [...DEFAULT_GROUP, 'FETCH_GROUPS', 'FETCH_MERGE_REQUESTS'] : DEFAULT_GROUP
  if (choice === 'default') return DEFAULT_PROJECT
  return [
    ...DEFAULT_PROJECT,
    'FETCH_PROJECT_MEMBERS',
    'FETCH_COMMITS',
    'FETCH_TAGS',
    'FETCH_JOBS',
    'FETCH_DEPLOYMENTS',
    'FETCH_ENVIRONMENTS',
    'FETCH_VULNERABILITIES',
  ]
}

export const areasResult = z.object({ received: z.int(), inserted: z.int(), jobsCreated: z.int() })
export type AreasResult = z.infer<typeof areasResult>
