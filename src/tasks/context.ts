import type { Broker } from '../platform/broker/index.ts'
import { type Clock, createId, isUuid } from '../platform/clock.ts'
import type { Db, Steps, Tx } from '../platform/db/index.ts'
import type { Kit } from '../platform/db/kit.ts'
import type { Bus } from '../platform/shared.ts'
import { createBrokerQueue } from './broker-queue.ts'
import {
  type KindPolicy,
  type NewTask,
  type Refusal,
  type StatementHooks,
  TASKS_READY,
  type Task,
  type TaskChange,
  type TaskState,
  type TaskStateChange,
  type TasksReady,
  type Transition,
} from './model.ts'
import type { Outbox } from './outbox.ts'
import { engineStatements } from './statements.ts'
import { engineTables } from './tables.ts'

/** Who speaks for a task: a verb counts only if this is its current lease. */
export interface Holder {
  id: string
  owner: string
  fence: number
}

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

export const isFinished = (state: TaskState) =>
  state === 'completed' || state === 'failed' || state === 'cancelled' || state === 'dead'
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

export interface EngineDeps {
  db: Db
  clock: Clock
  bus: Bus
  /** 0..1, for jitter. */
  random?: () => number
  /** Kinds known from the start; modules add theirs by `register`. */
  kinds?: KindPolicy[]
  /** Given when a broker is configured. */
  announcing?: { outbox: Outbox; broker: Broker }
}

/** Changes that may wait to be taken; further ones go uncounted. */
const MAX_CHANGES = 100_000

export const stale: Refusal = { code: 'stale', message: 'The lease is not held any more' }
export const unknown: Refusal = { code: 'not_found', message: 'Task not found' }
export const isRefusal = (answer: object): answer is Refusal => 'code' in answer && 'message' in answer

/** What all parts of the engine share: policies, statements, the lock on tasks and the moves of sets. */
export const createContext = ({ db, clock, bus, random = Math.random, kinds = [], announcing }: EngineDeps) => {
  const policies = new Map<string, KindPolicy>()
  const statements = engineStatements(db)
  const { tasks } = engineTables(db.kit)
  const publishReady = (message: TasksReady) => bus.publish(TASKS_READY, message)
  const brokerQueue = createBrokerQueue({ db, policies, announcing, ready: (ready) => publishReady({ kinds: ready }) })
  const clockWatch = createClockWatch({ db, clock })
  const policyOf = (kind: string): KindPolicy => {
    const policy = policies.get(kind)
    if (!policy) throw new Error(`no policy is defined for tasks of kind ${kind}`)
    return policy
  }
  /** Adds kinds, before any task of them is touched. A kind is defined once. */
  const register = (more: readonly KindPolicy[]): void => {
    for (const policy of more) {
      if (policies.has(policy.kind)) throw new Error(`the kind ${policy.kind} is defined twice`)
      policies.set(policy.kind, policy)
    }
  }
  register(kinds)
  /** What domains of these kinds do inside the engine's statements, once each. */
  const statementHooks = (verb: 'leased' | 'completed', kinds: readonly string[]): StatementHooks[] => [
    ...new Set(
      kinds.flatMap((kind) => {
        const hooks = policies.get(kind)?.inStatement
        return hooks?.[verb] ? [hooks] : []
      }),
    ),
  ]
  const nowDate = () => new Date(clockWatch.now())
  const announceReady = (tx: Tx, ready: readonly Pick<Task, 'kind' | 'siteKey'>[]) => {
    if (ready.length === 0) return
    const message: TasksReady = { kinds: [...new Set(ready.map(({ kind }) => kind))] }
    tx.afterCommit(() => publishReady(message))
  }
  /** What tasks came to in this process since it was last taken; undefined until somebody takes it. */
  let changes: TaskStateChange[] | undefined
  const noteChanges = (more: readonly TaskStateChange[]) => {
    if (changes && changes.length < MAX_CHANGES) for (const change of more) changes.push(change)
  }
  /** Begins to collect what tasks come to in this process. Answers what takes it: the changes since the last time. */
  const collectChanges = () => {
    changes = []
    return (): TaskStateChange[] => {
      const taken = changes ?? []
      changes = []
      return taken
    }
  }
  const lastHeldBy = (task: Task, holder: Holder) => task.leaseOwner === holder.owner && task.fence === holder.fence

  /** Inserts tasks and answers the ids of those inserted; a live one with the same dedupe key wins. Announces nothing to waiting leases. */
  function* insert(tx: Tx, news: NewTask[], now: Date): Steps<string[]> {
    if (news.length === 0) return []
    const rows = news.map((task) => ({
      id: task.id ?? createId(clock),
      kind: task.kind,
      payload: task.payload,
      priority: task.priority ?? 10,
      run_after: (task.runAfter ?? now).getTime(),
      max_attempts: policyOf(task.kind).maxAttempts,
      dedupe_key: task.dedupeKey ?? null,
      group_key: task.groupKey ?? null,
      site_key: task.siteKey ?? null,
      expires_at: task.expiresAt?.getTime() ?? null,
    }))
    const inserted = new Set((yield* tx.run(statements.insert, { items: JSON.stringify(rows), now })).map(({ id }) => id))
    const announced = rows.filter((row) => brokerQueue.announces(row.kind) && inserted.has(row.id))
    const byCaller = new Set(news.flatMap((task) => (task.announcedByCaller && task.id ? [task.id] : [])))
    // bounded: two sets
    for (const claimed of [false, true])
      yield* brokerQueue.enqueueMessages(
        tx,
        announced.filter((row) => byCaller.has(row.id) === claimed),
        { claimed },
      )
    const made = rows.flatMap(({ id, kind }) => (inserted.has(id) ? [{ id, kind, state: 'queued' as const }] : []))
    tx.afterCommit(() => noteChanges(made))
    return [...inserted]
  }

  /** Inserts tasks that waiting leases may take at once. Answers the ids of those inserted; a live one with the same dedupe key wins. */
  function* enqueue(tx: Tx, news: NewTask[], now = nowDate()): Steps<string[]> {
    const inserted = yield* insert(tx, news, now)
    announceReady(
      tx,
      news.map(({ kind, siteKey = null }) => ({ kind, siteKey })),
    )
    return inserted
  }

  /** Tasks by id, locked in the order of their ids. Malformed ids are left out. */
  function* lockTasks(tx: Tx, ids: readonly string[]): Steps<Map<string, Task>> {
    const known = ids.filter(isUuid)
    if (known.length === 0) return new Map()
    const rows = yield* tx.run(statements.lock, { ids: known })
    return new Map(rows.map((row) => [row.id, row]))
  }
  /** Moves tasks that the caller has locked (`lockTasks`), and ends their leases; a queued one can be leased from its `runAfter` on. */
  function* transition(tx: Tx, items: Transition[], now = nowDate()): Steps<void> {
    if (items.length === 0) return
    const rows = items.map(({ id, state, lastEnd, attempts, refundAttempts = 0, runAfter, error, result }) => ({
      id,
      state,
      last_end: lastEnd ?? null,
      attempts: attempts ?? null,
      back: refundAttempts,
      run_after: runAfter?.getTime() ?? null,
      error: error ?? null,
      result,
      finished_at: isFinished(state) ? now.getTime() : null,
    }))
    yield* tx.run(statements.transition, { items: JSON.stringify(rows), now })
    tx.afterCommit(() => noteChanges(items))
  }
  /** Prolongs the leases of tasks that the caller has locked, each by its own length. */
  function* prolong(tx: Tx, ids: readonly string[], now = nowDate()): Steps<void> {
    if (ids.length > 0) yield* tx.run(statements.prolong, { ids, now })
  }

  /** Writes what queued tasks are about, as they stand in `changed`. */
  function* rewrite(tx: Tx, changed: readonly Task[], now: Date): Steps<void> {
    if (changed.length === 0) return
    const items = changed.map(({ id, kind, priority, payload, groupKey, siteKey }) => ({
      id,
      kind,
      priority,
      payload,
      group_key: groupKey,
      site_key: siteKey,
    }))
    yield* tx.run(statements.rewrite, { items: JSON.stringify(items), now })
  }

  /**
   * Moves locked tasks, and changes what those are about that are queued again (`changes`, by id). Answers the queued ones as they are then;
   * their messages are enqueued, and waiting leases woken where `isReady`.
   */
  function* requeue(
    tx: Tx,
    tasks: readonly Task[],
    moves: readonly Transition[],
    changes: ReadonlyMap<string, TaskChange>,
    isReady: boolean,
    now: Date,
  ): Steps<void> {
    yield* transition(tx, [...moves], now)
    const queued = new Set(moves.flatMap(({ id, state }) => (state === 'queued' ? [id] : [])))
    const back = tasks
      .filter(({ id }) => queued.has(id))
      .map((task) => ({ before: task, after: { ...task, ...changes.get(task.id) } }))
    yield* rewrite(
      tx,
      back.filter(({ before, after }) => !Bun.deepEquals(before, after)).map(({ after }) => after),
      now,
    )
    const after = back.map((task) => task.after)
    yield* brokerQueue.enqueueMessages(tx, after)
    if (isReady) announceReady(tx, after)
  }

  return {
    db,
    clock,
    bus,
    random,
    policies,
    statements,
    tasks,
    brokerQueue,
    clockWatch,
    policyOf,
    statementHooks,
    register,
    nowDate,
    /** The kinds this process knows: it leaves others alone, because it does not know what their ends mean. */
    knownKinds: () => [...policies.keys()],
    publishReady,
    noteChanges,
    collectChanges,
    announceReady,
    lastHeldBy,
    insert,
    enqueue,
    lockTasks,
    transition,
    rewrite,
    requeue,
    prolong,
  }
}
export type EngineContext = ReturnType<typeof createContext>

/** Milliseconds. A smaller step back is normal jitter of the clock. */
const JUMP_MS = 2000
/** How often the time is kept for a process that starts after the clock was set back. */
const KEEP_MS = 30_000

/**
 * Notices that the clock was set back, and moves the times of live tasks back by the same amount: ready tasks stay ready, and a lease lasts as
 * long as it was taken for. The last known time is kept in the database, so that of several processes one moves the tasks, and one that
 * starts later notices as well.
 */
const createClockWatch = ({ db, clock }: { db: Db; clock: Clock }) => {
  const { either, param } = db.fragments
  const now = param('now', 'timestamptz')
  const read = db.statement<{ seen_ms: number | string; moves: number }>('task_clock_read', {
    sqlite: 'select seen_at as seen_ms, moves from task_clock where id = 1',
    postgres: 'select extract(epoch from seen_at) * 1000 as seen_ms, moves from task_clock where id = 1 for update',
  })
  const keep = db.statement<{ moves: number }>(
    'task_clock_keep',
    `insert into task_clock (id, seen_at, moves) values (1, ${now}, ${param('moves', 'int')})
      on conflict (id) do update set seen_at = ${now}, moves = ${param('moves', 'int')} returning moves`,
  )
  const by = either('- :ms', `- :ms::float8 * interval '1 millisecond'`)
  const moveBack = db.statement<{ id: string }>(
    'task_clock_move_back',
    `update tasks set run_after = run_after ${by}, lease_expires_at = lease_expires_at ${by}, expires_at = expires_at ${by}
      where state in ('queued', 'leased', 'paused', 'cancelling') returning id`,
  )
  /** The latest time this process has seen, and how often the tasks had been moved back by then. */
  let latest = Number.NEGATIVE_INFINITY
  let moves: number | undefined
  let keptAt = Number.NEGATIVE_INFINITY

  function* look(tx: Tx, at: number, before: number): Steps<number> {
    const [kept] = yield* tx.run(read)
    if (!kept) return (yield* tx.run(keep, { now: new Date(at), moves: 0 }))[0]?.moves ?? 0
    // A process that starts compares with what is kept; a running one with its own memory, unless another has moved the tasks meanwhile.
    const wentBack = moves === undefined ? Number(kept.seen_ms) - at : kept.moves > moves ? 0 : before - at
    const isBack = wentBack > JUMP_MS
    if (isBack) yield* tx.run(moveBack, { ms: wentBack })
    return (yield* tx.run(keep, { now: new Date(at), moves: kept.moves + (isBack ? 1 : 0) }))[0]?.moves ?? 0
  }

  return {
    /** Milliseconds since the epoch. */
    now: () => clock.now(),
    /** Before times are compared: costs nothing while the clock goes forward. */
    async settle(): Promise<void> {
      const at = clock.now()
      const before = latest
      const isBack = at < latest - JUMP_MS
      latest = isBack ? at : Math.max(latest, at)
      if (!isBack && at >= keptAt && at - keptAt < KEEP_MS) return
      keptAt = at
      moves = await db.tx((tx) => look(tx, at, before))
    },
  }
}
