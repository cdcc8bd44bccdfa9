import { AppError, isUniqueViolation } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { createAdoption } from '../../tasks/adoption.ts'
import { isLive } from '../../tasks/index.ts'
import type { Credentials } from '../credentials/service.ts'
import { taskNotFound } from '../envelope.ts'
import { type Status, statusOf } from '../fields.ts'
import type { Put } from '../progress/model.ts'
import { type NewEvent, newEvent, taskUpdate } from '../streams/hub.ts'
import {
  columnOf,
  complete,
  endLease,
  engineStateOf,
  fail,
  kindOf,
  mergeProgress,
  pause,
  queue,
  restartCounters,
  run,
  startChange,
  type TaskRowChange,
} from './change.ts'
import type { ListAnswer, ListQuery, TaskDetail } from './model.ts'
import type { ListQueries } from './repository.ts'
import { newProgress, toDetail, toTask } from './row.ts'
import { duplicateResource, type JoinedQueries, type TaskStore } from './store.ts'

/** Where an operator may take a task (§8); `reopenable` is a failure that an update may open again. */
const ALLOWED: Record<ReturnType<typeof columnOf> | 'failed', readonly Status[]> = {
  queued: ['running', 'paused', 'failed', 'completed'],
  running: ['queued', 'paused', 'failed', 'completed'],
  paused: ['running', 'queued', 'failed'],
  failed: ['queued'],
  reopenable: ['queued', 'running', 'completed'],
  closed: ['queued'],
}

const cancelNotice = (change: TaskRowChange, reason: 'canceled' | 'deleted' | 'paused' | 'requeued') => {
  const owner = isLive(change.row, change.now) ? change.row.leaseOwner : null
  change.revoked = { owner, reason }
  endLease(change)
}

/** @throws AppError 409 INVALID_TRANSITION */
const takeTo = (change: TaskRowChange, to: Status, error: string | undefined): void => {
  const { row } = change
  const from = statusOf(row.status)
  if (from === to) return
  if (!ALLOWED[columnOf(row)].includes(to))
    throw new AppError('INVALID_TRANSITION', 409, `Cannot change status from ${from} to ${to}`)
  if (to !== 'running' && (from === 'running' || isLive(row, change.now)))
    cancelNotice(change, to === 'paused' ? 'paused' : to === 'queued' ? 'requeued' : 'canceled')
  change.row.activeAt = new Date(change.now)
  if (to === 'running') run(change)
  else if (to === 'paused') pause(change)
  else if (to === 'failed') fail(change, 'final', error)
  else if (to === 'completed') complete(change)
  else putBack(change, from)
}

/** Back in the queue without counting an attempt. The counters stay only if the next run can continue from them. */
const putBack = (change: TaskRowChange, from: Status): void => {
  const { row } = change
  if (from === 'failed') {
    change.row.progress = { ...change.row.progress, error: null, errorTimestamp: null }
    if (row.resumeState === null) change.row.progress = restartCounters(change.row.progress)
    row.attempts = 0
  }
  if (from === 'completed') {
    change.row.progress = newProgress()
    row.resumeState = null
    row.lastUpdate = null
    row.startedAt = null
    row.attempts = 0
    row.run += 1
  }
  queue(change)
}

/** Reads of tasks, and the changes by operators (§7.3, §7.7 to §7.9). */
export const createTasks = ({
  db,
  clock,
  store,
  credentials,
  queries,
  lists,
}: {
  db: Db
  clock: Clock
  store: TaskStore
  credentials: Credentials
  queries: JoinedQueries
  lists: ListQueries
}) => {
  const merge = (change: TaskRowChange, put: Put) => {
    if (put.progress) {
      const isComplete = put.status === 'completed' || change.row.status === 'finished'
      change.row.progress = mergeProgress(change.row.progress, put.progress, change.now, { mode: 'set', isComplete })
      if (put.progress.resumeState !== undefined)
        change.row.resumeState = put.progress.resumeState === null ? null : JSON.stringify(put.progress.resumeState)
      for (const { timestamp, event, details } of put.progress.timeline ?? [])
        change.timeline.push({ at: timestamp, event, details })
    }
    if (put.error !== undefined) change.row.progress = { ...change.row.progress, error: put.error, errorTimestamp: change.now }
  }

  return {
    /** @throws AppError 404 */
    async read(id: string): Promise<TaskDetail> {
      const row = await store.get(id)
      if (!row) throw taskNotFound()
      return toDetail(row, clock.now())
    },
    exists: async (id: string): Promise<boolean> => (await store.get(id)) !== undefined,
    async list(query: ListQuery, given: Record<string, string>): Promise<ListAnswer> {
      const { rows, total } = await lists.list(query)
      const filters = Object.fromEntries(
        (['status', 'type', 'fromDate', 'toDate', 'spawnedFrom', 'order'] as const)
          .filter((name) => given[name] !== undefined && given[name] !== '')
          .map((name) => [name, given[name] as string]),
      )
      return {
        data: rows.map((row) => toTask(row)),
        meta: {
          total,
          limit: query.limit,
          offset: query.offset,
          hasMore: query.offset + rows.length < total,
          filters: Object.keys(filters).length > 0 ? filters : undefined,
        },
      }
    },
    /**
     * Changes a task as an operator asks (§7.8), all or nothing.
     * @throws AppError 404; 409 INVALID_TRANSITION or DUPLICATE_RESOURCE
     */
    async change(id: string, put: Put): Promise<TaskDetail> {
      try {
        return await db.tx(function* (tx) {
          const now = clock.now()
          const row = yield* store.lock(tx, id)
          if (!row) throw taskNotFound()
          const change = startChange(row, now)
          const others: TaskRowChange[] = []
          if (put.status === 'completed') merge(change, put)
          if (put.status !== undefined) takeTo(change, put.status, put.error)
          if (put.status !== 'completed') merge(change, put)
          if (put.credentials) {
            const account = yield* credentials.replace(tx, row.accountId, put.credentials, now)
            const touched =
              account === row.accountId
                ? yield* tx.run(queries.waiting, { accountId: account })
                : yield* tx.run(queries.ofAccount, { accountId: row.accountId })
            for (const other of touched) {
              const one = other.id === id ? change : startChange(other, now)
              one.row.accountId = account
              if (one.row.status === 'credential_expired' || one.row.status === 'waiting_credential_renewal') {
                one.reason = 'credentials_replaced'
                if (isLive(one.row, now)) cancelNotice(one, 'requeued')
                queue(one)
              }
              if (one !== change) others.push(one)
            }
          }
          const asked =
            put.status !== undefined || put.progress !== undefined || put.error !== undefined || put.credentials !== undefined
          if (!asked) return toDetail(row, now)
          const updated: NewEvent[] = [taskUpdate(id, 'updated', now)]
          yield* store.save(tx, [change, ...others], updated)
          return toDetail(change.row, now)
        })
      } catch (error) {
        // Two tasks of one resource that are opened again at the same moment.
        if (isUniqueViolation(error)) throw duplicateResource()
        throw error
      }
    },
    /**
     * Cancels a running task, removes any other (§7.9).
     * @throws AppError 404
     */
    remove(id: string, principal: string): Promise<'failed' | 'deleted'> {
      return db.tx(function* (tx) {
        const now = clock.now()
        const row = yield* store.lock(tx, id)
        if (!row) throw taskNotFound()
        const change = startChange(row, now)
        const canceled = row.status === 'running'
        yield* store.repository.writeAudit(tx, {
          taskId: id,
          taskType: row.taskType,
          action: canceled ? 'canceled' : 'deleted',
          statusBefore: row.status,
          principal,
          at: new Date(now),
        })
        if (canceled) {
          change.reason = 'canceled'
          cancelNotice(change, 'canceled')
          fail(change, 'final', 'Task canceled by user request')
          yield* store.save(tx, [change])
          return 'failed'
        }
        const events: NewEvent[] = []
        if (isLive(row, now))
          events.push(
            newEvent(
              'task_cancellation',
              id,
              { taskId: id, reason: 'deleted', graceful: true, timestamp: new Date(now).toISOString() },
              now,
              { holder: row.leaseOwner },
            ),
          )
        events.push(taskUpdate(id, 'deleted', now))
        yield* store.remove(tx, row)
        yield* store.emit(tx, events, now)
        return 'deleted'
      })
    },
  }
}
export type Tasks = ReturnType<typeof createTasks>

/** Gives rows of the release before, which kept leases in them, their tasks of the engine. */
export const createTaskAdoption = (db: Db, clock: Clock) => {
  const adoption = createAdoption({
    db,
    table: 'crawler_tasks',
    columns: ['task_type', 'status', 'failure_kind', 'priority', 'created_at'],
    taskOf: (row) => ({
      kind: kindOf(row.task_type),
      payload: { task_id: row.id },
      priority: row.priority,
      state: engineStateOf({ status: row.status, failureKind: row.failure_kind }),
      createdAt: Number(row.created_at),
    }),
  })
  return {
    /** Whether there was one among these ids. */
    *adoptThese(tx: Tx, ids: string[]): Steps<boolean> {
      return (yield* adoption.adoptThese(tx, ids, new Date(clock.now()))) > 0
    },
    adopt: (): Promise<void> => adoption.adopt(new Date(clock.now())),
  }
}
export type Adoption = ReturnType<typeof createTaskAdoption>
