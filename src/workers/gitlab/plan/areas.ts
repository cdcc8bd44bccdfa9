import { ExactNumber } from '../source/client.ts'
import type { Collection, Item, Wanted } from './index.ts'

const BY_ID: [string, string][] = [
  ['order_by', 'id'],
  ['sort', 'asc'],
]
const groups = (path: string, query: [string, string][], more: Partial<Collection> = {}): Collection => ({
  name: 'groups',
  path,
  query,
  paging: 'offset',
  identity: 'id',
  area: 'group',
  ...more,
})
const projects = (path: string, query: [string, string][], more: Partial<Collection> = {}): Collection => ({
  ...groups(path, query),
  name: 'projects',
  area: 'project',
  ...more,
})

/** The calls of a discovery, in order (gitlab-worker §8). */
export const areaCollections = ({ resourceType, id, filters }: Wanted): { collections: Collection[]; warnings: string[] } => {
  const { own, warnings } = readFilters(filters, [], ['scope'])
  const all = own.scope === 'all'
  if (own.scope !== undefined && !all && own.scope !== 'member')
    warnings.push('filter "scope" is neither member nor all and is ignored')
  const simple: [string, string] = ['simple', 'true']
  if (resourceType === 'instance')
    return {
      collections: [
        groups('/groups', [['all_available', String(all)], ...BY_ID], { instanceLevel: true }),
        projects('/projects', [simple, ...(all ? [] : ([['membership', 'true']] as [string, string][])), ...BY_ID], {
          paging: 'keyset',
          instanceLevel: true,
          window: 'id',
        }),
      ],
      warnings,
    }
  if (resourceType === 'group')
    return {
      collections: [
        groups(`/groups/${id}`, [['with_projects', 'false']], { paging: 'single' }),
        groups(`/groups/${id}/descendant_groups`, BY_ID),
        projects(`/groups/${id}/projects`, [['include_subgroups', 'true'], ['with_shared', 'false'], simple, ...BY_ID]),
      ],
      warnings,
    }
  if (resourceType === 'user') return { collections: [projects(`/users/${id}/projects`, [simple, ...BY_ID])], warnings }
  return { collections: [projects(`/projects/${id}`, [], { paging: 'single' })], warnings }
}

/** An area as the API takes it (gitlab-crawler §11). */
export interface Area {
  type: 'group' | 'project'
  gitlabId: string | number
  fullPath: string
  name?: string
  webUrl?: string
  description?: string
  parentPath?: string
  discoveredBy: string
}

const MOST_PATH = 1024
/** GitLab's own limit; a page of them stays far below the API's body limit. */
const MOST_TEXT = 2000

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value.slice(0, MOST_TEXT) : undefined

/** The area of a group or project (gitlab-worker §8); undefined when it has no id or path, which the API would refuse. */
export const areaOf = (type: 'group' | 'project', item: Item, taskId: string): Area | undefined => {
  const id = item.id instanceof ExactNumber ? String(item.id) : item.id
  const fullPath = type === 'group' ? item.full_path : item.path_with_namespace
  if ((typeof id !== 'number' && typeof id !== 'string') || typeof fullPath !== 'string') return undefined
  if (fullPath === '' || fullPath.length > MOST_PATH) return undefined
  const parent =
    type === 'group'
      ? fullPath.includes('/')
        ? fullPath.slice(0, fullPath.lastIndexOf('/'))
        : undefined
      : text((item.namespace as Item | null | undefined)?.full_path)
  const rest = { name: text(item.name), webUrl: text(item.web_url), description: text(item.description), parentPath: parent }
  return {
    type,
    gitlabId: id,
    fullPath,
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
    discoveredBy: taskId,
  }
}

/** The row of an area in csv and xml (gitlab-worker §5). */
export const areaRow = (type: 'group' | 'project', item: Item): Item => {
  const area = areaOf(type, item, '')
  return {
    type,
    id: item.id,
    name: item.name,
    full_path: area?.fullPath,
    parent_path: area?.parentPath,
    web_url: item.web_url,
    description: item.description,
  }
}

/** `options.filters` of a task, checked against the filters that its type accepts (gitlab-worker §5). */
export interface Filters {
  /** Values that go into the query. */
  params: Record<string, string>
  /** Values of the worker's own keys, as given. */
  own: Record<string, unknown>
  warnings: string[]
}

const scalar = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined

/** A filter's text: lists are joined by commas, as GitLab reads them; undefined when it has none. */
const filterText = (value: unknown): string | undefined => {
  if (!Array.isArray(value)) return scalar(value)
  const parts = value.map(scalar)
  return parts.includes(undefined) ? undefined : parts.join(',')
}

/** A filter's values as a list of texts. */
export const filterList = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).flatMap((one) => {
    const text = scalar(one)
    return text === undefined || text === '' ? [] : [text]
  })

export const isOn = (value: unknown): boolean => value === true || value === 'true' || value === 1 || value === '1'

/** Unknown keys and unusable values are ignored with a warning; absent and empty ones silently. */
export const readFilters = (given: Record<string, unknown>, accepted: readonly string[], ownKeys: readonly string[]): Filters => {
  const filters: Filters = { params: {}, own: {}, warnings: [] }
  for (const [key, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === '') continue
    if (ownKeys.includes(key)) filters.own[key] = value
    else if (!accepted.includes(key)) filters.warnings.push(`filter "${key.slice(0, 100)}" is unknown and ignored`)
    else {
      const text = filterText(value)
      if (text === undefined) filters.warnings.push(`filter "${key}" has an unusable value and is ignored`)
      else filters.params[key] = text
    }
  }
  return filters
}
