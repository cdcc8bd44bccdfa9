import { badTask } from '../errors.ts'
import { type LeasedTask, type ResourceType, TASK_TYPES, type TaskType } from '../model.ts'
import { type Base, segment } from '../source/credentials.ts'
import { areaCollections } from './areas.ts'
import { COLLECTIONS, COLUMNS } from './types.ts'

export type Item = Record<string, unknown>

/** One list (or one item) that a task fetches. */
export interface Collection {
  /** Data type: key of itemsByType (gitlab-worker §5). */
  name: string
  /** Path below the API base. */
  path: string
  query: [string, string][]
  paging: 'offset' | 'keyset' | 'single'
  /** The property that identifies its items. */
  identity: 'id' | 'name'
  /** A 404 means that this is no GitLab API. */
  instanceLevel?: boolean
  /** The order of a keyset list that falls back to offsets. */
  descending?: boolean
  /** What continues where GitLab allows no greater offset (§3.2). */
  window?: 'id' | 'created_at'
  /** Which items are stored, where GitLab cannot choose. */
  keep?(item: Item): boolean
  /** Whether no later page can hold wanted items. */
  isPast?(items: Item[]): boolean
  detail?: { path(item: Item): string; merge(item: Item, body: Item): Item }
  /** Its items are areas to report (§8). */
  area?: 'group' | 'project'
}

export interface Plan {
  type: TaskType
  resourceType: ResourceType
  resourceId: string | null
  collections: Collection[]
  columns: readonly string[]
  stage: 'discovering' | 'fetching'
  operationType: 'discovery' | 'branch_crawling' | 'data_collection'
  warnings: string[]
}

/** What the table of types is read with. */
export interface Wanted {
  type: TaskType
  resourceType: ResourceType
  /** The resource as one path segment; empty for an instance. */
  id: string
  branch: string | undefined
  fromDate: string | undefined
  toDate: string | undefined
  filters: Record<string, unknown>
  startedAt: string
}

const GROUP_TYPES = ['FETCH_GROUP_DETAILS', 'FETCH_GROUP_MEMBERS']
const AREA_TYPES = ['DISCOVER_AREAS', 'FETCH_PROJECTS', 'FETCH_GROUPS']
const WIDE_TYPES = ['FETCH_ISSUES', 'FETCH_MERGE_REQUESTS']
const ALLOWED: Partial<Record<TaskType, ResourceType[]>> = {
  DISCOVER_AREAS: ['instance', 'group', 'user', 'project'],
  FETCH_PROJECTS: ['instance', 'group', 'user'],
  FETCH_GROUPS: ['instance', 'group'],
  FETCH_ISSUES: ['project', 'group', 'instance'],
  FETCH_MERGE_REQUESTS: ['project', 'group', 'instance'],
  FETCH_GROUP_DETAILS: ['group'],
  FETCH_GROUP_MEMBERS: ['group'],
}

const impliedType = (type: TaskType, hasId: boolean): ResourceType => {
  if (GROUP_TYPES.includes(type)) return 'group'
  if (AREA_TYPES.includes(type)) return hasId ? 'group' : 'instance'
  return WIDE_TYPES.includes(type) && !hasId ? 'instance' : 'project'
}

/** A date of the task in the form every filter of GitLab takes. @throws TaskFailure BAD_TASK */
const dateOf = (name: string, text: string | undefined): string | undefined => {
  if (text === undefined || text === '') return undefined
  const at = Date.parse(text)
  if (Number.isNaN(at)) throw badTask(`${name} is not a time`)
  return new Date(at).toISOString()
}

/**
 * What to fetch for a task (gitlab-worker §4, §5). `startedAt` bounds lists that grow while they are read.
 * @throws TaskFailure BAD_TASK when the task cannot be executed
 */
export const planOf = (task: LeasedTask, startedAt: string): Plan => {
  const { options, metadata } = task
  const type = TASK_TYPES.find((name) => name === task.type)
  if (!type) throw badTask(`unknown task type ${task.type}`)
  const resourceId = options?.resourceId ?? metadata.resourceId
  const known = metadata.gitlabId ?? resourceId
  // An empty value never widens what a task is about.
  if (resourceId === '' || known === '') throw badTask('resourceId is empty')
  if ((options?.branch ?? metadata.branch) === '') throw badTask('branch is empty')
  const requested = options?.resourceType ?? metadata.resourceType
  const allowed = ALLOWED[type] ?? ['project']
  const resourceType = (requested ?? impliedType(type, known !== undefined)) as ResourceType
  if (!allowed.includes(resourceType)) throw badTask(`${type} does not take the resource type ${resourceType}`)
  if (resourceType !== 'instance' && known === undefined) throw badTask(`resourceId is required for ${type}`)
  if (!/^[\x21-\x7e]+$/.test(task.credentials.accessToken)) throw badTask('the access token cannot be sent in a header')

  const wanted: Wanted = {
    type,
    resourceType,
    id: resourceType === 'instance' ? '' : segment(known as string),
    branch: options?.branch ?? metadata.branch,
    fromDate: dateOf('fromDate', options?.fromDate ?? metadata.fromDate),
    toDate: dateOf('toDate', options?.toDate ?? metadata.toDate),
    filters: options?.filters ?? {},
    startedAt,
  }
  const { collections, columns, warnings } =
    type === 'DISCOVER_AREAS' ? { ...areaCollections(wanted), columns: COLUMNS.area } : COLLECTIONS[type](wanted)
  return {
    type,
    resourceType,
    resourceId: resourceType === 'instance' ? null : (resourceId ?? known ?? null),
    collections,
    columns,
    stage: type === 'DISCOVER_AREAS' ? 'discovering' : 'fetching',
    operationType: AREA_TYPES.includes(type)
      ? 'discovery'
      : ['FETCH_BRANCHES', 'FETCH_TAGS', 'FETCH_COMMITS'].includes(type)
        ? 'branch_crawling'
        : 'data_collection',
    warnings,
  }
}

/** Path and query of a collection's first request. `page` only where an offset list begins later. */
export const firstRequest = (
  base: Base,
  collection: Collection,
  pageSize: number,
  paging = collection.paging,
  page = 1,
): string => {
  const query = new URLSearchParams(collection.query)
  if (paging === 'keyset') query.append('pagination', 'keyset')
  if (paging === 'offset') query.append('page', String(page))
  if (paging !== 'single') query.append('per_page', String(pageSize))
  const text = query.toString()
  return `${base.path}${collection.path}${text === '' ? '' : `?${text}`}`
}
