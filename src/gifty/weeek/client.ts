import { z } from 'zod'
import { type Clock, DAY_MS } from '../../platform/clock.ts'
import type { Platform } from '../../platform/index.ts'
import { createUpstream, type Upstream, UpstreamError } from '../../platform/upstream.ts'
import type { TaskType, WeeekTask } from './index.ts'

const PAGE = 100
const MAX_PAGES = 20
/** For all pages of a list together, so that a slow upstream cannot hold a request for minutes. */
const LIST_MS = 40_000

const makeAnswers = () => {
  const id = z.union([z.string().min(1), z.number()])
  const done = z.looseObject({ success: z.unknown().refine((success) => success !== false) })
  return {
    done,
    me: done.extend({ user: z.object({ id }) }),
    workspaces: done.extend({ workspaces: z.array(z.looseObject({ id })) }),
    projects: done.extend({ projects: z.array(z.looseObject({ id, workspaceId: id.nullish() })) }),
    tasksPage: done.extend({ tasks: z.array(z.looseObject({ id })), hasMore: z.boolean().nullish() }),
  }
}
let made: ReturnType<typeof makeAnswers> | undefined
/** With the first call: a start needs none of them. */
const answers = () => {
  made ??= makeAnswers()
  return made
}

/** Weeek's API with one account's token (gifty §11). `success:false` is a failure. All throw UpstreamError. */
export const createWeeekClient = (upstream: Upstream, clock: Clock) => (token: string) => {
  const { done, me, workspaces, projects, tasksPage } = answers()
  const headers = { authorization: `Bearer ${token}` }
  const get = <S extends z.ZodType>(path: string, schema: S, query?: Record<string, string | undefined>): Promise<z.output<S>> =>
    upstream.call({ path, query, headers, read: (body) => schema.parse(body) })
  /** A change; its answer may be empty. */
  const change = (method: 'POST' | 'PUT', path: string, body: unknown): Promise<Record<string, unknown>> =>
    upstream.call({ method, path, headers, body, read: (answer) => (answer === undefined ? {} : done.parse(answer)) })

  return {
    userId: async () => String((await get('/user/me', me)).user.id),
    workspaceIds: async () => new Set((await get('/tm/workspaces', workspaces)).workspaces.map((one) => String(one.id))),
    /** Workspace by project. */
    projectWorkspaces: async () =>
      new Map(
        (await get('/tm/projects', projects)).projects.map((project) => [
          String(project.id),
          project.workspaceId === null || project.workspaceId === undefined ? undefined : String(project.workspaceId),
        ]),
      ),
    /** Tasks of all pages, at most twenty; one that is on two pages is answered once. */
    async tasks(projectId?: string): Promise<WeeekTask[]> {
      const startedAt = clock.now()
      const found = new Map<string, WeeekTask>()
      for (let page = 0, offset = 0; page < MAX_PAGES; page++) {
        if (clock.now() - startedAt >= LIST_MS) throw new UpstreamError(upstream.name, 'timeout')
        const { tasks, hasMore } = await get('/tm/tasks', tasksPage, { projectId, perPage: String(PAGE), offset: String(offset) })
        for (const task of tasks) found.set(String(task.id), task)
        offset += tasks.length
        if (!hasMore) break
      }
      return [...found.values()]
    },
    create: (task: Record<string, unknown>) => change('POST', '/tm/tasks', task),
    setDate: (taskId: string, date: string) => change('PUT', `/tm/tasks/${taskId}`, { date }),
    comment: (taskId: string, text: string) => change('POST', `/tm/tasks/${taskId}/comments`, { text }),
    complete: (taskId: string) => change('POST', `/tm/tasks/${taskId}/complete`, 'completed'),
  }
}
export type WeeekClient = ReturnType<ReturnType<typeof createWeeekClient>>

const TIMEOUT_MS = 10_000
/** Weeek as a whole does not answer; any other status is about one account or one task. */
const isOutage = (error: unknown) =>
  error instanceof UpstreamError && (error.status === undefined || (error.status >= 502 && error.status <= 504))

/** Clients of the configured Weeek, by token. */
export const weeekClients = ({ config, clock, metrics }: Platform) => {
  const calls = metrics.counter('trawl_upstream_calls_total', 'Calls to services of others')
  const upstream = createUpstream({
    name: 'weeek',
    base: config.weeekApiBase,
    timeoutMs: TIMEOUT_MS,
    retries: 1,
    breaker: { failures: 5, openMs: 30_000, strict: false, counts: isOutage },
    clock,
    observe: (outcome) => calls.inc({ upstream: 'weeek', outcome }),
  })
  return createWeeekClient(upstream, clock)
}

const formats = new Map<string, Intl.DateTimeFormat>()
const formatOf = (zone: string): Intl.DateTimeFormat => {
  let format = formats.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
    })
    formats.set(zone, format)
  }
  return format
}

/** Whether a text names an IANA zone; plain offsets do not: they know no daylight saving. */
export const isZone = (zone: string): boolean => {
  if (/^[+-]/.test(zone)) return false
  try {
    formatOf(zone)
    return true
  } catch {
    return false
  }
}

/** What the calendar and the clock on the wall of a zone show: `YYYY-MM-DD`, and the hour 0..23. */
export const wallOf = (zone: string, at: number): { day: string; hour: number } => {
  const parts: Record<string, string> = {}
  for (const { type, value } of formatOf(zone).formatToParts(at)) parts[type] = value
  return { day: `${parts.year?.padStart(4, '0')}-${parts.month}-${parts.day}`, hour: Number(parts.hour) }
}

/** The day after a `YYYY-MM-DD`. */
const dayAfter = (day: string): string => new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10)

/** Whether a text is a `YYYY-MM-DD` of the calendar. */
export const isDay = (text: string): boolean => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const at = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text)
}

/** The day of a task's `date` in a zone: a plain day as it is, an instant as the zone's calendar has it; undefined for anything else. */
export const dayOf = (date: unknown, zone: string): string | undefined => {
  if (typeof date !== 'string') return undefined
  const day = date.slice(0, 10)
  if (!isDay(day)) return undefined
  if (!/(?:Z|[+-]\d{2}:?\d{2})$/i.test(date.slice(10))) return day
  const at = Date.parse(date)
  return Number.isNaN(at) ? day : wallOf(zone, at).day
}

export interface Narrowing {
  type: TaskType
  /** The account's user. */
  userId: string
  /** The account's zone, and the day its calendar shows. */
  zone: string
  today: string
  /** The workspace to keep; tasks whose project is not known to be in it are left out. */
  workspace: { id: string; ofProject: ReadonlyMap<string, string | undefined> } | undefined
}

const isCompleted = (task: WeeekTask) => task.isCompleted === true || task.completed === true || task.status === 'completed'

const belongsTo = (task: WeeekTask, userId: string) =>
  [task.userId, ...(Array.isArray(task.userIds) ? task.userIds : [])].some(
    (id) => id !== null && id !== undefined && String(id) === userId,
  )

/** The tasks that a list of a type shows (gifty §11), as they came. */
export const narrow = (tasks: WeeekTask[], { type, userId, zone, today, workspace }: Narrowing): WeeekTask[] => {
  const tomorrow = dayAfter(today)
  const wanted = (task: WeeekTask): boolean => {
    if (workspace && workspace.ofProject.get(String(task.projectId)) !== workspace.id) return false
    if (type !== 'workspace' && !belongsTo(task, userId)) return false
    if (type === 'all' || type === 'workspace') return true
    const day = dayOf(task.date, zone)
    if (day === undefined || isCompleted(task)) return false
    return type === 'today' ? day === today : type === 'tomorrow' ? day === tomorrow : day < today
  }
  return tasks.filter(wanted)
}
