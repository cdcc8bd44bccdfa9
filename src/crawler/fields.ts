import { z } from 'zod'
import { cleanValue } from '../platform/http/request.ts'
import { emptyAsAbsent } from '../platform/http/schema.ts'
import { problemsOf, validationFailed } from './envelope.ts'

/** The words of the crawler's API (gitlab-crawler §5), what is stored for them, and how fields are read (§1). */

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
/** Types that without a resource mean the whole instance, although their command never did. */
const isOfInstance = (type: string) => type === 'FETCH_ISSUES' || type === 'FETCH_MERGE_REQUESTS'
/**
 * What the command of an imported row means (§15): its type, and the kind of resource where the word says more than the type. `project`
 * and `group` are one resource, or the list of all where the row names none; `issues` were never those of a whole instance. An unknown
 * command stays as it is.
 */
export const meaningOfCommand = (command: string, hasResource: boolean): { type: string; resourceType?: 'group' | 'project' } => {
  if (command === 'project') return { type: hasResource ? 'FETCH_PROJECT_DETAILS' : 'FETCH_PROJECTS' }
  if (command === 'group') return { type: hasResource ? 'FETCH_GROUP_DETAILS' : 'FETCH_GROUPS' }
  for (const [type, words] of Object.entries<{ command: string; spawned?: string; group?: string }>(COMMANDS)) {
    if (command === words.command) return isOfInstance(type) && !hasResource ? { type, resourceType: 'project' } : { type }
    if (command === words.spawned || command === words.group) return { type, resourceType: 'group' }
  }
  return { type: command }
}

export const PRIORITIES = ['low', 'normal', 'high', 'urgent'] as const
export type Priority = (typeof PRIORITIES)[number]
export const RESOURCE_TYPES = ['project', 'group', 'user', 'instance'] as const
export const FORMATS = ['json', 'csv', 'xml'] as const
export const CANCEL_REASONS = ['canceled', 'deleted', 'paused', 'requeued', 'lease_lost'] as const
export type CancelReason = (typeof CANCEL_REASONS)[number]

const TIME =
  /^(\d{4})-?(\d{2})-?(\d{2})(?:[Tt ](\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?)?\s*([Zz]|[+-]\d{2}(?::?\d{2})?)?)?$/

/** Milliseconds of an ISO-8601 time with 0 to 9 fraction digits; no zone means UTC (§1). Undefined for what is none. */
export const parseTime = (text: string): number | undefined => {
  const found = TIME.exec(text)
  if (!found) return undefined
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = found
  const date = Date.UTC(Number(year), Number(month) - 1, Number(day))
  const given = new Date(date)
  if (given.getUTCMonth() !== Number(month) - 1 || given.getUTCDate() !== Number(day)) return undefined
  if (Number(minute) > 59 || Number(second) > 59) return undefined
  const ms = (Number(hour) * 3600 + Number(minute) * 60 + Number(second)) * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3))
  if (ms > 86_400_000) return undefined
  if (zone === 'Z' || zone === 'z') return date + ms
  const offset = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(':', '') || '0')
  if (offset > 24 * 60) return undefined
  return date + ms - (zone.startsWith('-') ? -offset : offset) * 60_000
}

/** An ISO-8601 time; milliseconds since the epoch after parsing. */
export const time = () =>
  z
    .string()
    .describe('an ISO-8601 time; UTC where it names no zone')
    .transform((text, ctx) => {
      const at = parseTime(text)
      if (at === undefined) {
        ctx.addIssue({ code: 'custom', message: 'must be an ISO-8601 time' })
        return z.NEVER
      }
      return at
    })
export const iso = (at: number): string => new Date(at).toISOString()
/** Leaves an absent time out. */
export const isoOr = (at: Date | null): string | undefined => at?.toISOString()
/** The time of a field after parsing, as columns have it. */
export const dateOr = (at: number | undefined): Date | null => (at === undefined ? null : new Date(at))

/** The value of a parameter, which counts as absent when it is empty. */
export const orAbsent = <S extends z.ZodType>(schema: S) => z.preprocess(emptyAsAbsent, schema.optional()).optional()
/** The task that a path names: what does not decode reaches the schema as undefined. */
export const taskParams = z.object({
  id: z
    .string()
    .describe('id of the task, URL-encoded')
    .meta({ examples: ['issues-of-platform-api'] }),
})

/** An object without its empty texts, which count as absent. */
export const withoutEmpty = (given: Record<string, unknown>): Record<string, unknown> => {
  for (const name in given)
    if (given[name] === '') return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
  return given
}
export const text = (max: number) => z.string().max(max)
export const count = () => z.number().min(0)
/** Not `z.record`, which drops a key named `__proto__`. */
export const object = () =>
  z
    .custom<Record<string, unknown>>(
      (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
      'must be an object',
    )
    .meta({ type: 'object' })
export const objectUpTo = (kib: number) =>
  object().refine((value) => jsonBytes(value) <= kib * 1024, `must not be larger than ${kib} KiB of JSON`)
export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '')

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/
/** A task's id (§6): addressable in a path once encoded. An integer becomes its decimal text. */
export const taskId = () =>
  z.union([z.string(), z.int()], { error: 'must be a string or an integer' }).transform((given, ctx) => {
    const id = String(given)
    if (id.length < 1 || id.length > 255) ctx.addIssue({ code: 'custom', message: 'must have 1 to 255 characters' })
    else if (CONTROL.test(id) || !id.isWellFormed()) ctx.addIssue({ code: 'custom', message: 'must not have control characters' })
    else if (id === '.' || id === '..') ctx.addIssue({ code: 'custom', message: 'must not be . or ..' })
    return id
  })

const CONNECTION_ID = /^[A-Za-z0-9._:-]{1,128}$/
export const connectionId = () => z.string().regex(CONNECTION_ID, 'must be 1 to 128 of A-Z a-z 0-9 . _ : -')

/** sha256 of texts, hex: what long or several texts are keyed by, since neither may stand in a btree. */
export const digest = (...parts: (string | number | null | undefined)[]): string =>
  new Bun.CryptoHasher('sha256').update(JSON.stringify(parts)).digest('hex')

/**
 * A value in the shape of a schema, without the characters no database stores: those go only after the schema has seen them.
 * @throws AppError 400 VALIDATION_FAILED with all problems
 */
export const accept = <S extends z.ZodType>(schema: S, value: unknown, base: PropertyKey[] = []): z.output<S> => {
  const result = schema.safeParse(value, { reportInput: true })
  if (!result.success) throw validationFailed(problemsOf(result.error, base))
  return result.data
}
/** Drops U+0000 and lone surrogates, which Postgres does not store; what has none is handed back as it is. */
export const storable = <T>(value: T, text: string): T => (text.includes('\\u') ? (cleanValue(value) as T) : value)
