/** The values of the crawler's API (gitlab-crawler §5), and the values that are stored for them. */

export const STATUSES = ['queued', 'running', 'completed', 'failed', 'paused'] as const
export type Status = (typeof STATUSES)[number]

export const JOB_STATUSES = [
  'queued',
  'running',
  'finished',
  'failed',
  'paused',
  'credential_expired',
  'waiting_credential_renewal',
  'credential_renewed',
] as const
export type JobStatus = (typeof JOB_STATUSES)[number]

/** The stored statuses of one status of the API. */
export const STORED: Record<Status, readonly JobStatus[]> = {
  queued: ['queued'],
  running: ['running'],
  completed: ['finished'],
  failed: ['failed'],
  paused: ['paused', 'credential_expired', 'waiting_credential_renewal', 'credential_renewed'],
}
const WORDS = Object.fromEntries(
  Object.entries(STORED).flatMap(([status, stored]) => stored.map((word) => [word, status])),
) as Record<JobStatus, Status>
export const statusOf = (stored: JobStatus): Status => WORDS[stored]

/** What a task's update can be. */
export const UPDATE_TYPES = ['progress', 'status', 'error', 'completed', 'failed', 'started', 'paused', 'resumed'] as const
export type UpdateType = (typeof UPDATE_TYPES)[number]

/** Credential words of an update, and the stored status each leads to (§9). */
export const CREDENTIAL_STATUSES = {
  credential_expiry: 'credential_expired',
  credential_renewal: 'waiting_credential_renewal',
  credential_resumed: 'credential_renewed',
} as const satisfies Record<string, JobStatus>
export type CredentialWord = keyof typeof CREDENTIAL_STATUSES
export const CREDENTIAL_WORDS = Object.keys(CREDENTIAL_STATUSES) as CredentialWord[]

/** Task types with the command each is stored as; `spawned` and `group` name the word of a spawned task where it differs. */
const COMMANDS = {
  DISCOVER_AREAS: { command: 'GROUP_PROJECT_DISCOVERY' },
  FETCH_PROJECTS: { command: 'project', spawned: 'groupProjects' },
  FETCH_GROUPS: { command: 'group', spawned: 'groupSubgroups' },
  FETCH_PROJECT_DETAILS: { command: 'project' },
  FETCH_GROUP_DETAILS: { command: 'group' },
  FETCH_PROJECT_MEMBERS: { command: 'projectMembers' },
  FETCH_GROUP_MEMBERS: { command: 'groupMembers' },
  FETCH_ISSUES: { command: 'issues', group: 'groupIssues' },
  FETCH_MERGE_REQUESTS: { command: 'mergeRequests' },
  FETCH_COMMITS: { command: 'commits' },
  FETCH_BRANCHES: { command: 'branches' },
  FETCH_TAGS: { command: 'tags' },
  FETCH_PIPELINES: { command: 'pipelines' },
  FETCH_JOBS: { command: 'jobs' },
  FETCH_DEPLOYMENTS: { command: 'deployments' },
  FETCH_ENVIRONMENTS: { command: 'environments' },
  FETCH_VULNERABILITIES: { command: 'vulnerabilities' },
} as const satisfies Record<string, { command: string; spawned?: string; group?: string }>
export type TaskType = keyof typeof COMMANDS
export const TASK_TYPES = Object.keys(COMMANDS) as [TaskType, ...TaskType[]]
export const isTaskType = (type: string): type is TaskType => Object.hasOwn(COMMANDS, type)

/** The command a task is stored with; `area` is the kind of area that spawned it. */
export const commandOf = (type: TaskType, area?: 'group' | 'project'): string => {
  const words: { command: string; spawned?: string; group?: string } = COMMANDS[type]
  if (area === 'group' && words.group) return words.group
  return (area && words.spawned) ?? words.command
}
/** The type of an imported row by its command (§15); an unknown command stays as it is. */
export const typeOfCommand = (command: string): string => {
  if (command === 'project') return 'FETCH_PROJECT_DETAILS'
  if (command === 'group') return 'FETCH_GROUP_DETAILS'
  for (const [type, words] of Object.entries(COMMANDS)) if (Object.values(words).includes(command as never)) return type
  return command
}

export const PRIORITIES = ['low', 'normal', 'high', 'urgent'] as const
export type Priority = (typeof PRIORITIES)[number]
export const RESOURCE_TYPES = ['project', 'group', 'user', 'instance'] as const
export const FORMATS = ['json', 'csv', 'xml'] as const
export const CANCEL_REASONS = ['canceled', 'deleted', 'paused', 'requeued', 'lease_lost'] as const
export type CancelReason = (typeof CANCEL_REASONS)[number]
