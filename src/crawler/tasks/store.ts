import { AppError } from '../../errors.ts'
import type { Bus } from '../../platform/bus/index.ts'
import type { Steps, Tx } from '../../platform/db/index.ts'
import { TASKS_READY } from '../../tasks/index.ts'
import type { ProgressRepository } from '../progress/repository.ts'
import { eventsOf, type NewEvent } from '../streams/frames.ts'
import type { Draft } from './draft.ts'
import type { TasksRepository } from './repository.ts'
import type { TaskRow } from './row.ts'

/** Reads return fewer events than this (§9). */
const TIMELINE_CAP = 1000

/** Stores events and sends them once they are durable. To be the last step of a transaction. */
export type Emit = (tx: Tx, events: NewEvent[], now: number) => Steps<void>

/** Under which name the tasks of a type are announced to those who wait for them. */
export const readyKind = (type: string): string => `crawler/${type}`
export const duplicateResource = () =>
  new AppError('DUPLICATE_RESOURCE', 409, 'An active task for this resource and branch already exists')

const QUIET = [
  ...(['status', 'failureKind', 'accountId', 'run', 'startedAt', 'finishedAt', 'attempts', 'fence'] as const),
  ...(['leaseOwner', 'leaseSeconds', 'leaseExpiresAt', 'availableAt'] as const),
] satisfies readonly (keyof TaskRow)[]
const isQuiet = ({ before, row }: Draft) => QUIET.every((name) => before[name] === row[name])
const isTerminal = (status: TaskRow['status']) => status === 'finished' || status === 'failed'

export interface TaskStoreDeps {
  repository: TasksRepository
  timeline: ProgressRepository
  emit: Emit
  bus: Bus
}

/** Where changed tasks go: row, timeline and events in one transaction, in this order. */
export const createTaskStore = ({ repository, timeline, emit, bus }: TaskStoreDeps) => {
  const { statements } = repository

  const announce = (tx: Tx, types: Iterable<string>) => {
    const kinds = [...new Set(types)].map(readyKind)
    if (kinds.length > 0) tx.afterCommit(() => bus.publish(TASKS_READY, { kinds }))
  }

  /** Lays the draft's events into its timeline's bounds; answers how many of the oldest stored ones have to go. */
  const fitTimeline = (draft: Draft): number => {
    if (draft.timeline.length === 0) return 0
    draft.timeline.sort((a, b) => a.at - b.at)
    const size = draft.row.timelineSize + draft.timeline.length
    const surplus = size >= TIMELINE_CAP ? size - (TIMELINE_CAP - 1) : 0
    draft.row.timelineSize = size - surplus
    draft.row.timelineTruncated += surplus
    return surplus
  }

  /**
   * Stores drafts, and `more` events after their own. Every task has to be locked.
   * @throws AppError 409 DUPLICATE_RESOURCE when a task would live again beside another one of its resource and branch
   */
  function* save(tx: Tx, drafts: Draft[], more: NewEvent[] = []): Steps<void> {
    const events: NewEvent[] = []
    const loud: TaskRow[] = []
    const appended: Parameters<ProgressRepository['add']>[1] = []
    const surplus: { taskId: string; count: number }[] = []
    const ready: string[] = []
    for (const draft of drafts) {
      const { before, row, now } = draft
      const text = JSON.stringify(draft.progress)
      const drop = fitTimeline(draft)
      if (drop > 0) surplus.push({ taskId: row.id, count: drop })
      for (const { at, event, details } of draft.timeline)
        appended.push({ taskId: row.id, at, event, details: details === undefined ? null : JSON.stringify(details) })
      events.push(...eventsOf(draft, text))
      row.progress = text
      row.updatedAt = now
      if (row.duplicateKey !== null && isTerminal(before.status) && !isTerminal(row.status)) {
        const twins = yield* tx.run(statements.liveTwin, { key: row.duplicateKey, id: row.id })
        if (twins.length > 0) throw duplicateResource()
      }
      if (row.status === 'queued' || row.status === 'credential_renewed')
        if (before.status !== row.status && row.availableAt <= now) ready.push(row.taskType)
      if (drafts.length === 1 && isQuiet(draft)) {
        const { id, progress, resumeState, lastUpdate, timelineSize, timelineTruncated, updatedAt, activeAt } = row
        yield* tx.run(statements.saveQuiet, {
          id,
          progress,
          resumeState,
          lastUpdate,
          timelineSize,
          timelineTruncated,
          updatedAt,
          activeAt,
        })
      } else loud.push(row)
    }
    if (loud.length > 0) yield* repository.save(tx, loud)
    if (appended.length > 0) yield* timeline.add(tx, appended)
    for (const { taskId, count } of surplus) yield* timeline.drop(tx, taskId, count)
    announce(tx, ready)
    events.push(...more)
    if (events.length > 0) yield* emit(tx, events, drafts[0]?.now ?? 0)
  }

  return {
    save,
    announce,
    *lock(tx: Tx, id: string): Steps<TaskRow | undefined> {
      return (yield* tx.run(statements.lock, { id }))[0]
    },
    *lockMany(tx: Tx, ids: string[]): Steps<TaskRow[]> {
      return ids.length === 0 ? [] : yield* tx.run(statements.lockMany, { ids: JSON.stringify(ids) })
    },
    get: async (id: string): Promise<TaskRow | undefined> => (await statements.get.all({ id }))[0],
    /** Removes a task with its timeline and what was remembered of its updates. */
    *remove(tx: Tx, id: string): Steps<void> {
      yield* timeline.removeOf(tx, id)
      yield* tx.run(statements.removeReceipts, { id })
      yield* tx.run(statements.remove, { id })
    },
    emit,
    repository,
  }
}
export type TaskStore = ReturnType<typeof createTaskStore>
