import { afterEach, describe, expect, test } from 'bun:test'
import { CRAWLER_TASK_TYPES } from '../../../src/config.ts'
import { TASK_TYPES } from '../../../src/workers/gitlab/index.ts'
import { COLUMNS } from '../../../src/workers/gitlab/plan/types.ts'
import { createRig, hashOf, type Rig } from './rig.ts'

let rig: Rig
afterEach(() => rig.stop())

const NOW = '2026-01-15T12:00:00.000Z'
const PROJECT = { resourceId: 'acme/tools' }
const P = '/projects/acme/tools'
const work = 'scope=all&state=all&order_by=created_at&sort=asc'
const offset = (page: number) => `page=${page}&per_page=100`

interface Case {
  type: string
  options: Record<string, unknown>
  asked: string[]
  name?: string
  /** What has to be stored. */
  rows?: (data: Rig['gitlab']['data']) => unknown[]
}

/** Acceptance 1 and 23: what each type asks for, and under which name its items are counted. */
const CASES: Case[] = [
  {
    type: 'FETCH_PROJECTS',
    options: {},
    asked: ['/projects?membership=true&order_by=id&sort=asc&pagination=keyset&per_page=100'],
    name: 'projects',
  },
  {
    type: 'FETCH_PROJECTS',
    options: { resourceId: 'acme', filters: { archived: true, wrong: 1 } },
    asked: [`/groups/acme/projects?include_subgroups=false&with_shared=false&order_by=id&sort=asc&archived=true&${offset(1)}`],
    name: 'projects',
  },
  {
    type: 'FETCH_PROJECTS',
    options: { resourceId: '5', resourceType: 'user' },
    asked: [`/users/5/projects?order_by=id&sort=asc&${offset(1)}`],
    name: 'projects',
  },
  {
    type: 'FETCH_PROJECTS',
    options: { filters: { membership: false, search: 'x y' }, fromDate: '2025-01-01', toDate: '2025-02-01T00:00:00Z' },
    asked: [
      '/projects?order_by=id&sort=asc&last_activity_after=2025-01-01T00:00:00.000Z&last_activity_before=2025-02-01T00:00:00.000Z&membership=false&search=x+y&pagination=keyset&per_page=100',
    ],
    name: 'projects',
  },
  { type: 'FETCH_GROUPS', options: {}, asked: [`/groups?order_by=id&sort=asc&${offset(1)}`], name: 'groups' },
  {
    type: 'FETCH_GROUPS',
    options: { resourceId: 11 },
    asked: [`/groups/11/subgroups?order_by=id&sort=asc&${offset(1)}`],
    name: 'groups',
  },
  {
    type: 'FETCH_GROUPS',
    options: { resourceId: 11, filters: { descendants: true } },
    asked: [`/groups/11/descendant_groups?order_by=id&sort=asc&${offset(1)}`],
    name: 'groups',
  },
  {
    type: 'FETCH_PROJECT_DETAILS',
    options: PROJECT,
    asked: [`${P}?statistics=true&license=true`, `${P}/languages`],
    name: 'projects',
  },
  {
    type: 'FETCH_GROUP_DETAILS',
    options: { resourceId: 'acme/lab' },
    asked: ['/groups/acme/lab?with_projects=false'],
    name: 'groups',
  },
  {
    type: 'FETCH_PROJECT_MEMBERS',
    options: PROJECT,
    asked: [`${P}/members/all?${offset(1)}`],
    name: 'users',
    rows: (data) => data.members,
  },
  {
    type: 'FETCH_PROJECT_MEMBERS',
    options: { ...PROJECT, filters: { direct: true, user_ids: [1, 2] } },
    asked: [`${P}/members?user_ids=1,2&${offset(1)}`],
    name: 'users',
    rows: (data) => data.members.slice(0, 5),
  },
  {
    type: 'FETCH_GROUP_MEMBERS',
    options: { resourceId: 'acme' },
    asked: [`/groups/acme/members/all?${offset(1)}`],
    name: 'users',
  },
  {
    type: 'FETCH_ISSUES',
    options: PROJECT,
    asked: [1, 2, 3].map((page) => `${P}/issues?${work}&${offset(page)}`),
    name: 'issues',
    rows: (data) => data.issues.get(101) as unknown[],
  },
  {
    type: 'FETCH_ISSUES',
    options: { resourceId: 'acme', resourceType: 'group', filters: { labels: ['a', 'b'], state: 'closed' } },
    asked: [`/groups/acme/issues?scope=all&order_by=created_at&sort=asc&labels=a,b&state=closed&${offset(1)}`],
    name: 'issues',
  },
  {
    type: 'FETCH_ISSUES',
    options: { fromDate: '2025-01-01T03:00:00+03:00', toDate: '2025-01-02' },
    asked: [1, 2, 3].map(
      (page) =>
        `/issues?${work}&updated_after=2025-01-01T00:00:00.000Z&updated_before=2025-01-02T00:00:00.000Z&page=${page}&per_page=100`,
    ),
    name: 'issues',
    rows: (data) =>
      [...data.issues.values()]
        .flat()
        .filter((row) => row.updated_at <= '2025-01-02T00:00:00.000Z')
        .sort((a, b) => (a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : a.id - b.id)),
  },
  {
    type: 'FETCH_MERGE_REQUESTS',
    options: { ...PROJECT, branch: 'stable' },
    asked: [1, 2].map(
      (page) => `${P}/merge_requests?${work}&with_merge_status_recheck=false&target_branch=stable&${offset(page)}`,
    ),
    name: 'mergeRequests',
    rows: (data) => data.mergeRequests.filter((row) => row.target_branch === 'stable'),
  },
  {
    type: 'FETCH_COMMITS',
    options: { ...PROJECT, branch: 'main', fromDate: '2025-01-01' },
    asked: [1, 2].map(
      (page) =>
        `${P}/repository/commits?with_stats=true&ref_name=main&since=2025-01-01T00:00:00.000Z&until=${NOW}&${offset(page)}`,
    ),
    name: 'commits',
    rows: (data) => data.commits.slice(0, 200),
  },
  {
    type: 'FETCH_COMMITS',
    options: { ...PROJECT, toDate: '2025-01-01T01:00:00Z' },
    asked: [`${P}/repository/commits?with_stats=true&all=true&until=2025-01-01T01:00:00.000Z&${offset(1)}`],
    name: 'commits',
    rows: (data) => data.commits.slice(0, 61),
  },
  {
    type: 'FETCH_BRANCHES',
    options: PROJECT,
    asked: [1, 2].map((page) => `${P}/repository/branches?${offset(page)}`),
    name: 'branches',
    rows: (data) => data.branches,
  },
  {
    type: 'FETCH_TAGS',
    options: PROJECT,
    asked: [`${P}/repository/tags?order_by=name&sort=asc&${offset(1)}`],
    name: 'tags',
    rows: (data) => data.tags,
  },
  {
    type: 'FETCH_PIPELINES',
    options: { ...PROJECT, branch: 'dev' },
    asked: [`${P}/pipelines?order_by=id&sort=asc&ref=dev&${offset(1)}`],
    name: 'pipelines',
    rows: (data) => data.pipelines.filter((row) => row.ref === 'dev'),
  },
  {
    type: 'FETCH_JOBS',
    options: { ...PROJECT, filters: { scope: ['success', 'failed'] } },
    asked: ['', '&id_before=9160', '&id_before=9060'].map(
      (edge) => `${P}/jobs?order_by=id&sort=desc&scope[]=success&scope[]=failed&pagination=keyset&per_page=100${edge}`,
    ),
    name: 'jobs',
    rows: (data) => [...data.jobs].reverse(),
  },
  {
    type: 'FETCH_JOBS',
    options: { ...PROJECT, filters: { pipelineId: 5003, include_retried: true } },
    asked: [`${P}/pipelines/5003/jobs?include_retried=true&${offset(1)}`],
    name: 'jobs',
    rows: (data) => data.jobs.filter((row) => row.pipeline.id === 5003),
  },
  {
    type: 'FETCH_DEPLOYMENTS',
    options: PROJECT,
    asked: [`${P}/deployments?order_by=id&sort=asc&${offset(1)}`],
    name: 'deployments',
    rows: (data) => data.deployments,
  },
  {
    type: 'FETCH_DEPLOYMENTS',
    options: { ...PROJECT, fromDate: '2025-01-01' },
    asked: [`${P}/deployments?order_by=updated_at&sort=asc&updated_after=2025-01-01T00:00:00.000Z&${offset(1)}`],
    name: 'deployments',
    rows: (data) => data.deployments,
  },
  {
    type: 'FETCH_ENVIRONMENTS',
    options: { ...PROJECT, filters: { search: 'ab', states: 'available' } },
    asked: [`${P}/environments?states=available&${offset(1)}`],
    name: 'environments',
    rows: (data) => data.environments,
  },
  {
    type: 'FETCH_VULNERABILITIES',
    options: { ...PROJECT, filters: { severity: ['high'], state: 'detected' } },
    asked: [`${P}/vulnerabilities?${offset(1)}`],
    name: 'vulnerabilities',
    rows: (data) => data.vulnerabilities.filter((row) => row.severity === 'high' && row.state === 'detected'),
  },
  {
    type: 'DISCOVER_AREAS',
    options: { resourceId: 'acme/tools', resourceType: 'project' },
    asked: [P],
    name: 'projects',
  },
]

describe('GitLab worker: types', () => {
  for (const { type, options, asked, name, rows } of CASES)
    test(`gitlab-worker §9.1, §9.23: ${type} ${JSON.stringify(options)}`, async () => {
      rig = await createRig()
      const { id } = rig.task(type, options)
      const task = await rig.finish(id)
      expect(task.progress.error).toBeUndefined()
      expect(rig.gitlab.asked()).toEqual(asked)
      const manifest = rig.manifest(id)
      const items = rig.items(id)
      expect(task.progress).toEqual({
        processed: items.length,
        total: items.length,
        itemsByType: { [name as string]: items.length },
      })
      expect(items.length).toBeGreaterThan(0)
      expect(manifest).toMatchObject({
        taskId: id,
        type,
        run: 1,
        items: items.length,
        itemsByType: task.progress.itemsByType,
        truncated: false,
      })
      if (rows) expect(hashOf(items)).toBe(hashOf(rows(rig.gitlab.data)))
    })

  test('gitlab-worker §5: details are fetched for each item and merged into it; one that is refused is a warning', async () => {
    rig = await createRig()
    rig.gitlab.on = ({ asked }) =>
      asked.endsWith('/environments/403') ? Response.json({ message: '403' }, { status: 403 }) : undefined
    const pipelines = rig.task('FETCH_PIPELINES', { ...PROJECT, filters: { details: true } }).id
    const environments = rig.task('FETCH_ENVIRONMENTS', { ...PROJECT, filters: { details: 'true' } }).id
    await rig.finish(pipelines)
    await rig.finish(environments)
    expect(rig.items(pipelines)).toEqual(rig.gitlab.data.pipelines.map((row) => ({ ...row, duration: 12 })))
    expect(
      rig
        .items(environments)
        .filter((row) => row.last_deployment === undefined)
        .map((row) => row.id),
    ).toEqual([403])
    expect(rig.manifest(environments).warnings).toEqual(['403 for /api/v4/projects/acme%2Ftools/environments/403'])
  })

  test('gitlab-worker §5: jobs end at the first page older than fromDate, and newer ones than toDate are left out', async () => {
    rig = await createRig()
    const { jobs } = rig.gitlab.data
    const [from, to] = [jobs[170]?.created_at, jobs[200]?.created_at]
    const { id } = rig.task('FETCH_JOBS', { ...PROJECT, fromDate: from, toDate: to, pagination: { pageSize: 50 } })
    await rig.finish(id)
    expect(rig.items(id).map((job) => job.id)).toEqual(
      jobs
        .slice(170, 201)
        .map((job) => job.id)
        .reverse(),
    )
    expect(rig.gitlab.calls).toHaveLength(3)
  })

  test('the configuration and the worker know the same 17 types', async () => {
    rig = await createRig()
    expect([...CRAWLER_TASK_TYPES]).toEqual([...TASK_TYPES])
    expect(TASK_TYPES).toHaveLength(17)
    expect(Object.values(COLUMNS).every((columns) => new Set(columns).size === columns.length)).toBe(true)
  })
})
