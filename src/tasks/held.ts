import type { Kit } from '../platform/db/kit.ts'
import type { Holder } from './context.ts'
import type { Task } from './model.ts'
import { engineTables } from './tables.ts'

/** The columns that decide whether a task is leased, by which worker, and from when it may be: for domains that join their rows with tasks. */
export type TaskLease = Pick<
  Task,
  'state' | 'runAfter' | 'attempts' | 'maxAttempts' | 'fence' | 'leaseOwner' | 'leaseExpiresAt' | 'leaseMs'
>

/** The engine's table for such a join, and the columns of a `TaskLease`. */
export const leaseSource = (kit: Kit) => {
  const { tasks } = engineTables(kit)
  const { state, runAfter, attempts, maxAttempts, fence, leaseOwner, leaseExpiresAt, leaseMs } = tasks
  return { tasks, columns: { state, runAfter, attempts, maxAttempts, fence, leaseOwner, leaseExpiresAt, leaseMs } }
}
export const leaseOf = (task: Task): TaskLease => {
  const { state, runAfter, attempts, maxAttempts, fence, leaseOwner, leaseExpiresAt, leaseMs } = task
  return { state, runAfter, attempts, maxAttempts, fence, leaseOwner, leaseExpiresAt, leaseMs }
}

/** Whether a task is under a lease, be it one that has run out and that no sweep has ended yet. */
export const hasLease = ({ state }: Pick<Task, 'state'>): boolean => state === 'leased' || state === 'cancelling'
/** Whether a task is under a lease that has not run out. `now` is a time or epoch milliseconds. */
export const isLive = (task: Pick<Task, 'state' | 'leaseExpiresAt'>, now: Date | number): boolean =>
  hasLease(task) && task.leaseExpiresAt !== null && task.leaseExpiresAt.getTime() > Number(now)
/** Whether the live lease of a task is this holder's. */
export const holds = (
  task: Pick<Task, 'state' | 'leaseExpiresAt' | 'leaseOwner' | 'fence'>,
  { owner, fence }: Pick<Holder, 'owner' | 'fence'>,
  now: Date | number,
): boolean => isLive(task, now) && task.leaseOwner === owner && task.fence === fence
/** What `engine.prolong` makes of a lease. */
export const prolonged = ({ leaseMs }: Pick<Task, 'leaseMs'>, now: Date | number): Pick<Task, 'leaseExpiresAt'> => ({
  leaseExpiresAt: new Date(Number(now) + (leaseMs ?? 0)),
})
