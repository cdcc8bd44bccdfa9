import { badTask } from '../errors.ts'
import type { TaskType } from '../model.ts'
import { segment } from '../source/credentials.ts'
import { type Filters, filterList, isOn, readFilters } from './areas.ts'
import type { Collection, Item, Wanted } from './index.ts'

const words = (text: string): readonly string[] => text.trim().split(/[\s,]+/)

const PROJECT = words(`id name path_with_namespace namespace description visibility archived default_branch topics star_count
  forks_count open_issues_count created_at last_activity_at http_url_to_repo ssh_url_to_repo web_url statistics`)
const GROUP = words('id name path full_path full_name parent_id description visibility created_at web_url statistics')

/** Columns of the csv and xml formats (gitlab-worker §5). */
export const COLUMNS = {
  area: words('type id name full_path parent_path web_url description'),
  project: PROJECT,
  group: GROUP,
  projectDetails: [
    ...PROJECT,
    ...words('creator_id owner permissions license forked_from_project ci_config_path languages'),
  ] as readonly string[],
  groupDetails: [...GROUP, ...words('shared_with_groups project_creation_level subgroup_creation_level')] as readonly string[],
  member: words(`id username name state locked access_level membership_state created_at expires_at web_url avatar_url email
    group_saml_identity`),
  issue: words(`id iid project_id title description state labels milestone author assignees issue_type confidential weight
    created_at updated_at closed_at due_date user_notes_count upvotes downvotes time_stats task_completion_status references
    web_url`),
  mergeRequest: words(`id iid project_id title description state draft source_branch target_branch author assignees reviewers
    labels milestone sha merge_commit_sha squash_commit_sha created_at updated_at merged_at merge_user closed_at
    detailed_merge_status has_conflicts user_notes_count time_stats web_url`),
  commit: words(`id short_id title message author_name author_email authored_date committer_name committer_email committed_date
    created_at parent_ids stats trailers web_url`),
  branch: words('name commit merged protected default developers_can_push developers_can_merge can_push web_url'),
  tag: words('name message target commit release protected created_at'),
  pipeline: words('id iid project_id sha ref status source name created_at updated_at web_url'),
  pipelineDetails: words('started_at finished_at duration queued_duration coverage user detailed_status yaml_errors tag'),
  job: words(`id name stage status ref tag coverage allow_failure created_at started_at finished_at erased_at duration
    queued_duration failure_reason user commit pipeline runner tag_list artifacts artifacts_expire_at web_url`),
  deployment: words('id iid ref sha status created_at updated_at user environment deployable'),
  environment: words('id name slug description external_url state tier created_at updated_at auto_stop_at last_deployment'),
  vulnerability: words(`id title description state severity confidence report_type created_at updated_at resolved_at dismissed_at
    finding project project_default_branch`),
} as const

interface Made {
  collections: Collection[]
  columns: readonly string[]
  warnings: string[]
}
type Query = [string, string][]

const BY_ID: Query = [
  ['order_by', 'id'],
  ['sort', 'asc'],
]
const BY_CREATION: Query = [
  ['scope', 'all'],
  ['state', 'all'],
  ['order_by', 'created_at'],
  ['sort', 'asc'],
]

/** The fixed query with a task's dates and filters; a filter replaces a fixed value of the same name. */
const queryOf = (fixed: Query, dates: [string, string | undefined][], { params }: Pick<Filters, 'params'>): Query => [
  ...fixed.filter(([name]) => !(name in params)),
  ...dates.filter((pair): pair is [string, string] => pair[1] !== undefined),
  ...Object.entries(params),
]
const between = ({ fromDate, toDate }: Wanted, after: string, before: string): [string, string | undefined][] => [
  [after, fromDate],
  [before, toDate],
]
/** For lists that GitLab cannot cut by date. An item without the time stays. */
const within = ({ fromDate, toDate }: Wanted, field: string) => {
  if (fromDate === undefined && toDate === undefined) return undefined
  const from = fromDate === undefined ? -Infinity : Date.parse(fromDate)
  const to = toDate === undefined ? Infinity : Date.parse(toDate)
  return (item: Item): boolean => {
    const at = Date.parse(String(item[field]))
    return Number.isNaN(at) || (at >= from && at <= to)
  }
}
const withDetail = (path: (item: Item) => string): Collection['detail'] => ({
  path,
  merge: (item, body) => ({ ...item, ...body }),
})

const list = (name: string, path: string, query: Query, more: Partial<Collection> = {}): Collection => ({
  name,
  path,
  query,
  paging: 'offset',
  identity: 'id',
  ...more,
})
const one = (collection: Collection, columns: readonly string[], { warnings }: Pick<Filters, 'warnings'>): Made => ({
  collections: [collection],
  columns,
  warnings,
})

const PROJECT_FILTERS = `membership owned starred archived visibility search topic simple statistics min_access_level`.split(' ')
const GROUP_FILTERS = `all_available owned min_access_level top_level_only statistics search`.split(' ')
const WORK_FILTERS = `state labels milestone author_id assignee_id search created_after created_before`.split(' ')

const members =
  (of: 'projects' | 'groups') =>
  ({ id, filters }: Wanted): Made => {
    const read = readFilters(filters, ['query', 'state', 'user_ids'], ['direct'])
    const path = `/${of}/${id}/members${isOn(read.own.direct) ? '' : '/all'}`
    return one(list('users', path, queryOf([], [], read)), COLUMNS.member, read)
  }

/** Issues or merge requests of a project, a group or the whole instance. */
const work = (name: string, path: string, wanted: Wanted, fixed: Query, read: Filters, columns: readonly string[]): Made => {
  const { resourceType, id } = wanted
  const owner = resourceType === 'instance' ? '' : `/${resourceType}s/${id}`
  return one(
    list(name, `${owner}/${path}`, queryOf(fixed, between(wanted, 'updated_after', 'updated_before'), read), {
      window: 'created_at',
      instanceLevel: resourceType === 'instance',
    }),
    columns,
    read,
  )
}

/** The calls of every type but DISCOVER_AREAS (the table of gitlab-worker §5). */
export const COLLECTIONS: Record<Exclude<TaskType, 'DISCOVER_AREAS'>, (wanted: Wanted) => Made> = {
  FETCH_PROJECTS: (wanted) => {
    const { resourceType, id } = wanted
    const instance = resourceType === 'instance'
    const read = readFilters(
      wanted.filters,
      instance ? PROJECT_FILTERS : [...PROJECT_FILTERS, 'include_subgroups', 'with_shared'],
      [],
    )
    if (instance)
      return one(
        list(
          'projects',
          '/projects',
          queryOf([['membership', 'true'], ...BY_ID], between(wanted, 'last_activity_after', 'last_activity_before'), read),
          { paging: 'keyset', instanceLevel: true, window: 'id' },
        ),
        COLUMNS.project,
        read,
      )
    const own: Query =
      resourceType === 'group'
        ? [
            ['include_subgroups', 'false'],
            ['with_shared', 'false'],
          ]
        : []
    return one(
      list('projects', `/${resourceType}s/${id}/projects`, queryOf([...own, ...BY_ID], [], read), {
        keep: within(wanted, 'last_activity_at'),
      }),
      COLUMNS.project,
      read,
    )
  },
  FETCH_GROUPS: ({ resourceType, id, filters }) => {
    const read = readFilters(filters, GROUP_FILTERS, ['descendants'])
    const instance = resourceType === 'instance'
    const path = instance ? '/groups' : `/groups/${id}/${isOn(read.own.descendants) ? 'descendant_groups' : 'subgroups'}`
    return one(list('groups', path, queryOf(BY_ID, [], read), { instanceLevel: instance }), COLUMNS.group, read)
  },
  FETCH_PROJECT_DETAILS: ({ id, filters }) => {
    const read = readFilters(filters, ['with_custom_attributes'], [])
    const fixed: Query = [
      ['statistics', 'true'],
      ['license', 'true'],
    ]
    const languages = {
      path: () => `/projects/${id}/languages`,
      merge: (item: Item, body: Item) => ({ ...item, languages: body }),
    }
    return one(
      list('projects', `/projects/${id}`, queryOf(fixed, [], read), { paging: 'single', detail: languages }),
      COLUMNS.projectDetails,
      read,
    )
  },
  FETCH_GROUP_DETAILS: ({ id, filters }) => {
    const read = readFilters(filters, ['with_custom_attributes'], [])
    const query = queryOf([['with_projects', 'false']], [], read)
    return one(list('groups', `/groups/${id}`, query, { paging: 'single' }), COLUMNS.groupDetails, read)
  },
  FETCH_PROJECT_MEMBERS: members('projects'),
  FETCH_GROUP_MEMBERS: members('groups'),
  FETCH_ISSUES: (wanted) => {
    const read = readFilters(wanted.filters, [...WORK_FILTERS, 'issue_type', 'confidential', 'with_labels_details'], [])
    return work('issues', 'issues', wanted, BY_CREATION, read, COLUMNS.issue)
  },
  FETCH_MERGE_REQUESTS: (wanted) => {
    const read = readFilters(wanted.filters, [...WORK_FILTERS, 'reviewer_id', 'source_branch', 'target_branch', 'view'], [])
    const branch: Query = wanted.branch ? [['target_branch', wanted.branch]] : []
    const fixed: Query = [...BY_CREATION, ['with_merge_status_recheck', 'false'], ...branch]
    return work('mergeRequests', 'merge_requests', wanted, fixed, read, COLUMNS.mergeRequest)
  },
  FETCH_COMMITS: (wanted) => {
    const { id, branch, fromDate, toDate, startedAt } = wanted
    const read = readFilters(wanted.filters, ['path', 'author', 'first_parent', 'trailers', 'order'], [])
    const fixed: Query = [['with_stats', 'true'], branch ? ['ref_name', branch] : ['all', 'true']]
    // An open end would move with every push, and the pages with it.
    const dates: [string, string | undefined][] = [
      ['since', fromDate],
      ['until', toDate ?? startedAt],
    ]
    return one(list('commits', `/projects/${id}/repository/commits`, queryOf(fixed, dates, read)), COLUMNS.commit, read)
  },
  FETCH_BRANCHES: ({ id, filters }) => {
    const read = readFilters(filters, ['search', 'regex'], [])
    const path = `/projects/${id}/repository/branches`
    return one(list('branches', path, queryOf([], [], read), { identity: 'name' }), COLUMNS.branch, read)
  },
  FETCH_TAGS: ({ id, filters }) => {
    const read = readFilters(filters, ['search'], [])
    const fixed: Query = [
      ['order_by', 'name'],
      ['sort', 'asc'],
    ]
    const path = `/projects/${id}/repository/tags`
    return one(list('tags', path, queryOf(fixed, [], read), { identity: 'name' }), COLUMNS.tag, read)
  },
  FETCH_PIPELINES: (wanted) => {
    const { id, branch } = wanted
    const accepted = 'scope status ref sha source username created_after created_before'.split(' ')
    const read = readFilters(wanted.filters, accepted, ['details'])
    const details = isOn(read.own.details)
    const path = `/projects/${id}/pipelines`
    const query = queryOf(
      [...BY_ID, ...(branch ? ([['ref', branch]] as Query) : [])],
      between(wanted, 'updated_after', 'updated_before'),
      read,
    )
    return one(
      list('pipelines', path, query, details ? { detail: withDetail((item) => `${path}/${segment(String(item.id))}`) } : {}),
      details ? [...COLUMNS.pipeline, ...COLUMNS.pipelineDetails] : COLUMNS.pipeline,
      read,
    )
  },
  FETCH_JOBS: (wanted) => {
    const { id, filters } = wanted
    const ofPipeline = filters.pipelineId !== undefined && filters.pipelineId !== null
    if (filters.pipelineId === '') throw badTask('filters.pipelineId is empty')
    const read = readFilters(filters, ofPipeline ? ['include_retried'] : [], ['pipelineId', 'scope'])
    const scope: Query = filterList(read.own.scope ?? []).map((value) => ['scope[]', value])
    const keep = within(wanted, 'created_at')
    if (ofPipeline) {
      const path = `/projects/${id}/pipelines/${segment(String(read.own.pipelineId))}/jobs`
      return one(list('jobs', path, [...queryOf([], [], read), ...scope], { keep }), COLUMNS.job, read)
    }
    const from = wanted.fromDate === undefined ? undefined : Date.parse(wanted.fromDate)
    const fixed: Query = [
      ['order_by', 'id'],
      ['sort', 'desc'],
    ]
    return one(
      list('jobs', `/projects/${id}/jobs`, [...queryOf(fixed, [], read), ...scope], {
        paging: 'keyset',
        descending: true,
        keep,
        ...(from === undefined
          ? {}
          : { isPast: (items) => items.length > 0 && items.every((item) => Date.parse(String(item.created_at)) < from) }),
      }),
      COLUMNS.job,
      read,
    )
  },
  FETCH_DEPLOYMENTS: (wanted) => {
    const read = readFilters(wanted.filters, ['environment', 'status'], [])
    const dated = wanted.fromDate !== undefined || wanted.toDate !== undefined
    const fixed: Query = [
      ['order_by', dated ? 'updated_at' : 'id'],
      ['sort', 'asc'],
    ]
    const query = queryOf(fixed, between(wanted, 'updated_after', 'updated_before'), read)
    return one(list('deployments', `/projects/${wanted.id}/deployments`, query), COLUMNS.deployment, read)
  },
  FETCH_ENVIRONMENTS: ({ id, filters }) => {
    const read = readFilters(filters, ['name', 'search', 'states'], ['details'])
    if (read.params.search !== undefined && read.params.search.length < 3) {
      delete read.params.search
      read.warnings.push('filter "search" has fewer than 3 characters and is ignored')
    }
    const path = `/projects/${id}/environments`
    const detail = isOn(read.own.details) ? { detail: withDetail((item) => `${path}/${segment(String(item.id))}`) } : {}
    return one(list('environments', path, queryOf([], [], read), detail), COLUMNS.environment, read)
  },
  FETCH_VULNERABILITIES: (wanted) => {
    const read = readFilters(wanted.filters, [], ['state', 'severity', 'report_type'])
    const dated = within(wanted, 'updated_at')
    const filterLists = Object.entries(read.own).map(([field, value]) => [field, filterList(value)] as const)
    const keep = (item: Item) =>
      (dated?.(item) ?? true) && filterLists.every(([field, values]) => values.includes(String(item[field])))
    return one(list('vulnerabilities', `/projects/${wanted.id}/vulnerabilities`, [], { keep }), COLUMNS.vulnerability, read)
  },
}
