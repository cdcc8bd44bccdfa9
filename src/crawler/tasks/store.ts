import { and, asc, eq, getTableColumns, inArray, lte, sql } from 'drizzle-orm'
import { AppError } from '../../errors.ts'
import { createId } from '../../platform/clock.ts'
import { type Db, inJsonList, param, type Queries, type Steps, type Tx } from '../../platform/db/index.ts'
import type { Bus } from '../../platform/shared.ts'
import { type Engine, hasLease, leaseOf, leaseSource, TASKS_READY, type Task, type Transition } from '../../tasks/index.ts'
import { iso, isoOr, statusOf } from '../fields.ts'
import { type NewEvent, newEvent } from '../streams/hub.ts'
import { isRunning, tasksTables } from '../tables.ts'
import { engineStateOf, errorText, kindOf, type TaskRowChange, taskIdOf, toProgress, transitionOf } from './change.ts'
import type { TasksRepository, TimelineQueries } from './repository.ts'
import type { LeaseRow, ProgressState, StoredTask, TaskRow } from './row.ts'
import type { Adoption } from './service.ts'

/** Reads return fewer events than this (§9). */
const TIMELINE_CAP = 1000

/** Stores events and sends them once they are durable. To be the last step of a transaction. */
export type Emit = (tx: Tx, events: NewEvent[], now: number) => Steps<void>

export const duplicateResource = () =>
  new AppError('DUPLICATE_RESOURCE', 409, 'An active task for this resource and branch already exists')

const STATUS_COLUMNS = [
  ...(['status', 'failureKind', 'accountId', 'run', 'startedAt', 'finishedAt'] as const),
] satisfies readonly (keyof TaskRow)[]
/** Compares by identity: a time that was set again counts as changed, a change keeps the objects that stay. */
const changesCountersOnly = ({ before, row }: TaskRowChange) => STATUS_COLUMNS.every((name) => before[name] === row[name])
const isTerminal = (status: TaskRow['status']) => status === 'finished' || status === 'failed'
const byAge = (a: StoredTask, b: StoredTask) =>
  a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

/**
 * Tasks joined with those of the engine, so that its lease is read and locked in one statement. The engine's row is
 * locked before its own, and sets in the order of the engine's ids, as the engine does.
 */
export const joinedQueries = (db: Db) => {
  const { tasks } = tasksTables(db.kit)
  const { tasks: engineTasks, columns: leaseColumns } = leaseSource(db.kit)
  const { attempts, maxAttempts, fence, availableAt, ...own } = getTableColumns(tasks)
  const columns = { ...own, ...leaseColumns }
  const pair = eq(engineTasks.id, tasks.engineTaskId)
  const joined = (queries: Queries) => queries.select(columns).from(engineTasks).innerJoin(tasks, pair)

  return {
    /** Without a lock; the engine's columns are null in a row that is not adopted yet. */
    get: db.prepare<TaskRow | { [name in keyof TaskRow]: null }>(
      'crawler_task_get',
      (queries) =>
        queries
          .select(columns)
          .from(tasks)
          .leftJoin(engineTasks, pair)
          .where(eq(tasks.id, param('id'))) as any,
    ),
    lock: db.prepare<TaskRow>('crawler_task_lock', (queries) => db.forUpdate(joined(queries).where(eq(tasks.id, param('id'))))),
    lockMany: db.prepare<TaskRow>('crawler_tasks_lock', (queries) =>
      db.forUpdate(
        joined(queries)
          .where(inJsonList(db, tasks.id, 'ids'))
          .orderBy(asc(engineTasks.id)),
      ),
    ),
    lockLeases: db.prepare<LeaseRow>('crawler_leases_lock', (queries) =>
      db.forUpdate(
        queries
          .select({ id: own.id, status: own.status, engineTaskId: own.engineTaskId, ...leaseColumns })
          .from(engineTasks)
          .innerJoin(tasks, pair)
          .where(inJsonList(db, tasks.id, 'ids'))
          .orderBy(asc(engineTasks.id)),
      ),
    ),
    /** Running tasks without a report since `before`, locked; leased ones as well. */
    silent: db.prepare<TaskRow>('crawler_silent', (queries) =>
      db.skipLocked(
        joined(queries)
          .where(and(isRunning(tasks.status), lte(tasks.activeAt, param('before'))))
          .orderBy(asc(tasks.activeAt))
          .limit(sql.placeholder('max')),
      ),
    ),
    /** Tasks that the release before has put back in the queue and that the engine does not offer, locked. */
    unoffered: db.prepare<TaskRow>('crawler_unoffered', (queries) =>
      db.skipLocked(
        joined(queries)
          .where(
            and(
              inArray(tasks.status, ['queued', 'credential_renewed']),
              inArray(engineTasks.state, ['paused', 'completed', 'failed', 'cancelled', 'dead']),
            ),
          )
          .limit(sql.placeholder('max')),
      ),
    ),
    /** Tasks of an account that wait for its credentials, locked. */
    waiting: db.prepare<TaskRow>('crawler_waiting', (queries) =>
      db.forUpdate(
        joined(queries)
          .where(
            and(
              eq(tasks.accountId, param('accountId')),
              inArray(tasks.status, ['credential_expired', 'waiting_credential_renewal']),
            ),
          )
          .orderBy(asc(engineTasks.id)),
      ),
    ),
    ofAccount: db.prepare<TaskRow>('crawler_of_account', (queries) =>
      db.forUpdate(
        joined(queries)
          .where(eq(tasks.accountId, param('accountId')))
          .orderBy(asc(engineTasks.id)),
      ),
    ),
  }
}
export type JoinedQueries = ReturnType<typeof joinedQueries>

export interface TaskStoreDeps {
  repository: TasksRepository
  queries: JoinedQueries
  timeline: TimelineQueries
  adoption: Adoption
  /** Made after the store: the engine has to know the kinds, whose hooks use the store. */
  engine: Engine
  emit: Emit
  bus: Bus
}

/** Where changed tasks go: row, timeline, events and the engine's task in one transaction. */
export const createTaskStore = ({ repository, queries, timeline, adoption, engine, emit, bus }: TaskStoreDeps) => {
  const { statements } = repository

  const announce = (tx: Tx, types: Iterable<string>) => {
    const kinds = [...new Set(types)].map(kindOf)
    if (kinds.length > 0) tx.afterCommit(() => bus.publish(TASKS_READY, { kinds }))
  }

  /** Fits the new events into the timeline's limit; answers how many of the oldest stored events have to be removed. */
  const fitTimeline = (change: TaskRowChange): number => {
    change.row.timelineSize -= change.replaced.length
    if (change.timeline.length === 0) return 0
    change.timeline.sort((a, b) => a.at - b.at)
    const size = change.row.timelineSize + change.timeline.length
    const surplus = size >= TIMELINE_CAP ? size - (TIMELINE_CAP - 1) : 0
    change.row.timelineSize = size - surplus
    change.row.timelineTruncated += surplus
    return surplus
  }

  /**
   * Stores changes whose tasks the engine moves itself, and `more` events after their own. Every task has to be locked.
   * @throws AppError 409 DUPLICATE_RESOURCE when a task would live again beside another one of its resource and branch
   */
  function* saveRows(tx: Tx, changes: TaskRowChange[], more: NewEvent[] = []): Steps<void> {
    const events: NewEvent[] = []
    const revived: TaskRow[] = []
    const appended: Parameters<TimelineQueries['add']>[1] = []
    const surplus: { taskId: string; count: number }[] = []
    const replaced: number[] = []
    for (const change of changes) {
      const { before, row, now } = change
      const drop = fitTimeline(change)
      if (drop > 0) surplus.push({ taskId: row.id, count: drop })
      replaced.push(...change.replaced)
      for (const { at, event, details, byServer = false } of change.timeline)
        appended.push({
          taskId: row.id,
          at: new Date(at),
          event,
          details: details === undefined ? null : JSON.stringify(details),
          byServer,
        })
      events.push(...eventsOf(change))
      row.updatedAt = new Date(now)
      if (row.duplicateKey !== null && isTerminal(before.status) && !isTerminal(row.status)) revived.push(row)
    }
    if (yield* repository.haveLiveTwins(tx, revived)) throw duplicateResource()
    const [only] = changes
    if (only && changes.length === 1 && changesCountersOnly(only)) yield* repository.saveCountersOnly(tx, only.row)
    else
      yield* repository.save(
        tx,
        changes.map((change) => change.row),
      )
    if (replaced.length > 0) yield* timeline.removeThese(tx, replaced)
    if (appended.length > 0) yield* timeline.add(tx, appended)
    if (surplus.length > 0) yield* timeline.drop(tx, surplus)
    events.push(...more)
    if (events.length > 0) yield* emit(tx, events, changes[0]?.now ?? 0)
  }

  /** Applies the changes to the engine's tasks, and notifies waiting lease requests of tasks that may be leased now. */
  function* saveTasks(tx: Tx, changes: TaskRowChange[]): Steps<void> {
    const moves: Transition[] = []
    const prolonged: string[] = []
    const ready: string[] = []
    for (const change of changes) {
      const id = change.row.engineTaskId as string
      const move = transitionOf(change)
      if (move) moves.push({ id, ...move })
      else if (change.prolonged && hasLease(change.row)) prolonged.push(id)
      if (move?.state === 'queued' && change.row.runAfter.getTime() <= change.now) ready.push(change.row.taskType)
    }
    const now = new Date(changes[0]?.now ?? 0)
    if (moves.length > 0) yield* engine.transition(tx, moves, now)
    if (prolonged.length > 0) yield* engine.prolong(tx, prolonged, now)
    announce(tx, ready)
  }

  return {
    saveRows,
    /**
     * Stores changes with their engine's tasks, and `more` events after their own. Every task has to be locked.
     * @throws AppError 409 DUPLICATE_RESOURCE
     */
    *save(tx: Tx, changes: TaskRowChange[], more: NewEvent[] = []): Steps<void> {
      yield* saveTasks(tx, changes)
      yield* saveRows(tx, changes, more)
    },
    saveTasks,
    /**
     * Inserts new tasks and those of the engine. Answers the ids that were inserted: of equal ids, resources or spawns the first wins.
     * Rows get their `engineTaskId` here.
     */
    *insert(tx: Tx, rows: StoredTask[], now: number): Steps<Set<string>> {
      const firsts = new Map<string, StoredTask>()
      // The engine offers by age of its ids.
      for (const row of rows.toSorted(byAge)) {
        if (firsts.has(row.id)) continue
        firsts.set(row.id, row)
        row.engineTaskId = createId({ now: () => Math.min(Math.max(0, row.createdAt.getTime()), now) })
      }
      const inserted = yield* repository.insert(tx, [...firsts.values()])
      const made = [...firsts.values()].filter((row) => inserted.has(row.id))
      yield* engine.enqueue(
        tx,
        made.map((row) => ({
          id: row.engineTaskId as string,
          kind: kindOf(row.taskType),
          payload: { task_id: row.id },
          priority: row.priority,
          runAfter: row.availableAt,
        })),
        new Date(now),
      )
      const elsewhere = made.flatMap((row): Transition[] => {
        const state = engineStateOf(row)
        return state === 'queued' ? [] : [{ id: row.engineTaskId as string, state }]
      })
      yield* engine.transition(tx, elsewhere, new Date(now))
      return inserted
    },
    *lock(tx: Tx, id: string): Steps<TaskRow | undefined> {
      const [row] = yield* tx.run(queries.lock, { id })
      if (row || !(yield* adoption.adoptThese(tx, [id]))) return row
      return (yield* tx.run(queries.lock, { id }))[0]
    },
    /** Locked rows by id, in the order of the engine's ids; those that do not exist are left out. */
    *lockMany(tx: Tx, ids: string[]): Steps<Map<string, TaskRow>> {
      const find = () =>
        ids.length === 1 ? tx.run(queries.lock, { id: ids[0] }) : tx.run(queries.lockMany, { ids: JSON.stringify(ids) })
      let rows = yield* find()
      if (rows.length < ids.length && (yield* adoption.adoptThese(tx, ids))) rows = yield* find()
      return new Map(rows.map((row) => [row.id, row]))
    },
    *lockLeases(tx: Tx, ids: string[]): Steps<LeaseRow[]> {
      if (ids.length === 0) return []
      const rows = yield* tx.run(queries.lockLeases, { ids: JSON.stringify(ids) })
      if (rows.length === ids.length || !(yield* adoption.adoptThese(tx, ids))) return rows
      return yield* tx.run(queries.lockLeases, { ids: JSON.stringify(ids) })
    },
    /** The rows of tasks that the engine has locked and hands to a hook, by the engine's ids. */
    *ofTasks(tx: Tx, tasks: Task[]): Steps<Map<string, TaskRow>> {
      const byId = new Map(tasks.map((task) => [taskIdOf(task), task]))
      const rows = yield* tx.run(statements.lockStored, { ids: JSON.stringify([...byId.keys()]) })
      return new Map(
        rows.flatMap((row): [string, TaskRow][] => {
          const task = byId.get(row.id)
          // A row that was removed and made anew has another task.
          return task && row.engineTaskId === task.id ? [[task.id, { ...row, ...leaseOf(task) }]] : []
        }),
      )
    },
    async get(id: string): Promise<TaskRow | undefined> {
      const [row] = await queries.get.all({ id })
      if (row === undefined || row.state !== null) return row as TaskRow | undefined
      await adoption.adopt()
      return (await queries.get.all({ id }))[0] as TaskRow | undefined
    },
    /** Removes a task, the engine's too, with its timeline and the receipts of its updates. */
    *remove(tx: Tx, { id, engineTaskId, taskType }: TaskRow): Steps<void> {
      yield* timeline.removeOf(tx, id)
      yield* tx.run(statements.removeReceipts, { id })
      yield* tx.run(statements.remove, { id })
      yield* engine.deleteTask(tx, { id: engineTaskId as string, kind: kindOf(taskType) })
    },
    announce,
    emit,
    repository,
  }
}
export type TaskStore = ReturnType<typeof createTaskStore>

const isSame = (a: ProgressState, b: ProgressState) => a === b || Bun.deepEquals(a, b)

/** The events of a changed task for its subscribers and its holder (§13), in the order in which they happened. */
const eventsOf = (change: TaskRowChange): NewEvent[] => {
  const { before, row, now, timeline, revoked } = change
  const { progress } = row
  const events: NewEvent[] = []
  if (!isSame(progress, before.progress) || row.resumeState !== before.resumeState)
    events.push(
      newEvent(
        'progress',
        row.id,
        {
          taskId: row.id,
          updateType: change.updateType,
          status: statusOf(row.status),
          progress: toProgress(row),
          timestamp: iso(now),
        },
        now,
      ),
    )
  if (row.status !== before.status || row.failureKind !== before.failureKind) {
    const status = statusOf(row.status)
    events.push(
      newEvent(
        'status',
        row.id,
        {
          taskId: row.id,
          status,
          previousStatus: statusOf(before.status),
          reason: change.reason,
          error: status === 'failed' ? errorText(progress.error) : undefined,
          startedAt: isoOr(row.startedAt),
          completedAt: isoOr(row.finishedAt),
        },
        now,
      ),
    )
  }
  if (timeline.length > 0)
    events.push(
      newEvent(
        'timeline',
        row.id,
        { taskId: row.id, events: timeline.map(({ at, event, details }) => ({ timestamp: iso(at), event, details })) },
        now,
      ),
    )
  if (revoked)
    events.push(
      newEvent(
        'task_cancellation',
        row.id,
        { taskId: row.id, reason: revoked.reason, graceful: true, timestamp: iso(now) },
        now,
        { holder: revoked.owner },
      ),
    )
  return events
}
