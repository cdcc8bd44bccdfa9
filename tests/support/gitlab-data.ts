/** Deterministic data of a small GitLab: the same seed makes the same bytes. */
export type Row = Record<string, any>

export interface GitlabData {
  groups: Row[]
  projects: Row[]
  /** By project id. */
  issues: Map<number, Row[]>
  mergeRequests: Row[]
  commits: Row[]
  branches: Row[]
  tags: Row[]
  pipelines: Row[]
  jobs: Row[]
  deployments: Row[]
  environments: Row[]
  vulnerabilities: Row[]
  members: Row[]
}

const START = Date.parse('2025-01-01T00:00:00.000Z')
const at = (minutes: number) => new Date(START + minutes * 60_000).toISOString()
const TEXTS = [
  'plain',
  'with, commas, and "quotes"',
  'two\nlines\r\nand a tab\t.',
  'Ошибка при сохранении – 保存 🚀',
  '=HYPERLINK("http://evil.example")',
  '<b>&amp; markup</b> ]]>',
]

const numbers = (seed: number) => {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state
  }
}
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index))

/** The project that has everything. */
export const PROJECT = { id: 101, path: 'acme/tools' }
export const GROUP = { id: 11, path: 'acme' }

export const seedGitlab = ({ issues = 250, seed = 7 }: { issues?: number; seed?: number } = {}): GitlabData => {
  const next = numbers(seed)
  const text = (index: number) => `${TEXTS[index % TEXTS.length]} #${next() % 100_000}`
  const user = (index: number) => ({ id: 1 + (index % 9), username: `user${1 + (index % 9)}`, name: `User ${1 + (index % 9)}` })
  const dated = (index: number) => ({ created_at: at(index * 3), updated_at: at(index * 3 + 60) })

  const groups = [
    { id: 11, path: 'acme', full_path: 'acme', parent_id: null },
    { id: 12, path: 'lab', full_path: 'acme/lab', parent_id: 11 },
    { id: 13, path: 'other', full_path: 'other', parent_id: null },
  ].map((group, index) => ({
    ...group,
    name: `Group ${group.path}`,
    full_name: group.full_path,
    description: text(index),
    visibility: 'private',
    created_at: at(index),
    web_url: `https://gitlab.test/groups/${group.full_path}`,
    runners_token: 'GR1348941-very-secret',
  }))
  const projects = (
    [
      [101, 'acme', 'tools'],
      [102, 'acme/lab', 'rig'],
      [103, 'other', 'site'],
      [104, 'acme', 'docs'],
    ] as const
  ).map(([id, namespace, path], index) => ({
    id,
    name: `Project ${path}`,
    path_with_namespace: `${namespace}/${path}`,
    namespace: { id: groups.find((group) => group.full_path === namespace)?.id, full_path: namespace },
    description: text(index),
    visibility: 'private',
    archived: id === 104,
    default_branch: 'main',
    topics: ['a', 'b'],
    created_at: at(index),
    last_activity_at: at(1000 + index),
    web_url: `https://gitlab.test/${namespace}/${path}`,
    import_url: 'https://robot:hunter2@mirror.test/x.git',
    runners_token: 'GR1348941-very-secret',
    nested: { runners_token: 'GR1348941-very-secret' },
  }))
  const issuesOf = (project: number, count: number) =>
    times(count, (index) => ({
      id: project * 1_000_000 + index,
      iid: index + 1,
      project_id: project,
      title: `Issue ${index + 1}`,
      description: text(index),
      state: index % 3 === 0 ? 'closed' : 'opened',
      labels: ['bug', `l${index % 5}`],
      author: user(index),
      assignees: [user(index + 1)],
      // Some share their time, as imported ones do.
      ...dated(index - (index % 4)),
      web_url: `https://gitlab.test/issues/${index}`,
    }))
  const pipelines = times(150, (index) => ({
    id: 5000 + index,
    iid: index + 1,
    project_id: PROJECT.id,
    sha: `s${index}`,
    ref: index % 2 ? 'main' : 'dev',
    status: 'success',
    source: 'push',
    ...dated(index),
  }))
  return {
    groups,
    projects,
    issues: new Map([
      [101, issuesOf(101, issues)],
      [102, issuesOf(102, 5)],
    ]),
    mergeRequests: times(230, (index) => ({
      id: 70_000 + index,
      iid: index + 1,
      project_id: PROJECT.id,
      title: text(index),
      state: 'merged',
      source_branch: `b${index}`,
      target_branch: index % 2 ? 'main' : 'stable',
      ...dated(index),
    })),
    commits: times(305, (index) => ({
      id: Bun.SHA256.hash(`${seed}:${index}`, 'hex').slice(0, 40),
      short_id: `c${index}`,
      title: text(index),
      message: text(index),
      created_at: at(index),
      committed_date: at(index),
      refs: index < 200 ? ['main'] : ['dev'],
      stats: { additions: next() % 50, deletions: next() % 50 },
    })),
    branches: times(120, (index) => ({
      name: `feature/${String(index).padStart(3, '0')}-é`,
      merged: false,
      commit: { id: `c${index}` },
    })),
    tags: times(45, (index) => ({
      name: `v${String(index).padStart(3, '0')}`,
      target: `c${index}`,
      message: text(index),
      release: null,
    })),
    pipelines,
    jobs: times(260, (index) => ({
      id: 9000 + index,
      name: `job ${index}`,
      stage: 'test',
      status: index % 2 ? 'success' : 'failed',
      created_at: at(index * 10),
      pipeline: { id: 5000 + (index % 150) },
    })),
    deployments: times(70, (index) => ({ id: 300 + index, iid: index, ref: 'main', status: 'success', ...dated(index) })),
    environments: times(15, (index) => ({
      id: 400 + index,
      name: `env ${index}`,
      slug: `env-${index}`,
      state: 'available',
      tier: 'other',
    })),
    vulnerabilities: times(33, (index) => ({
      id: 600 + index,
      title: text(index),
      state: index % 2 ? 'detected' : 'resolved',
      severity: index % 3 ? 'high' : 'low',
      report_type: 'sast',
      ...dated(index),
    })),
    members: times(12, (index) => ({ ...user(index), id: 20 + index, state: 'active', access_level: 30, created_at: at(index) })),
  }
}
