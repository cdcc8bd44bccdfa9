import type { TaskType, WeeekTask } from './model.ts'

const DAY_MS = 86_400_000

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
export const dayAfter = (day: string): string => new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10)

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
