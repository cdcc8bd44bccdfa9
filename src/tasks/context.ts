import type { Broker } from '../platform/broker/index.ts'
import type { Bus } from '../platform/bus/index.ts'
import { type Clock, createId, isUuid } from '../platform/clock.ts'
import type { Db, Steps, Tx } from '../platform/db/index.ts'
import { createBrokerQueue } from './broker-queue.ts'
import { createClockWatch } from './clock-watch.ts'
import {
  isFinished,
  type KindPolicy,
  type NewTask,
  type Refusal,
  type StatementHooks,
  TASKS_READY,
  type Task,
  type TaskChange,
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

export const stale: Refusal = { code: 'stale', message: 'The lease is not held any more' }
export const unknown: Refusal = { code: 'not_found', message: 'Task not found' }

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
    const announced = rows.filter((row) => brokerQueue.queueOf(row.kind) !== undefined && inserted.has(row.id))
    const byCaller = new Set(news.flatMap((task) => (task.announcedByCaller && task.id ? [task.id] : [])))
    // bounded: two sets
    for (const claimed of [false, true])
      yield* brokerQueue.enqueueMessages(
        tx,
        announced.filter((row) => byCaller.has(row.id) === claimed),
        { claimed },
      )
    return [...inserted]
  }

  /** Tasks by id, locked in the order of their ids. Malformed ids are left out. */
  function* lockTasks(tx: Tx, ids: readonly string[]): Steps<Map<string, Task>> {
    const known = ids.filter(isUuid)
    if (known.length === 0) return new Map()
    const rows = yield* tx.run(statements.lock, { ids: known })
    return new Map(rows.map((row) => [row.id, row]))
  }
  /** Moves tasks that the caller has locked, and ends their leases. */
  function* transition(tx: Tx, items: Transition[], now: Date): Steps<void> {
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
  }
  /** Prolongs the leases of tasks that the caller has locked, each by its own length. */
  function* prolong(tx: Tx, ids: readonly string[], now: Date): Steps<void> {
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
    announceReady,
    lastHeldBy,
    insert,
    lockTasks,
    transition,
    rewrite,
    requeue,
    prolong,
  }
}
export type EngineContext = ReturnType<typeof createContext>
