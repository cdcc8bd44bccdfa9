import { dayAfter, dayOf } from './days.ts'
import type { TaskType, WeeekTask } from './model.ts'

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
