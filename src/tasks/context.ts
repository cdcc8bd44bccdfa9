import type { Broker } from '../platform/broker/index.ts'
import type { Bus } from '../platform/bus/index.ts'
import type { Clock } from '../platform/clock.ts'
import type { Db, Steps, Tx } from '../platform/db/index.ts'
import { createId, isUuid } from '../platform/ids.ts'
import { createAnnounced } from './announced.ts'
import { holds } from './held.ts'
import { isFinished, type KindPolicy, type NewTask, type Refusal, TASKS_READY, type Task, type Transition } from './model.ts'
import type { Outbox } from './outbox.ts'
import { engineStatements } from './statements.ts'
import { engineTables } from './tables.ts'

/** Who speaks for a task: the verb counts only if this is its current lease. */
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
  kinds: KindPolicy[]
  /** Given when a broker is configured. */
  announcing?: { outbox: Outbox; broker: Broker }
}

export const stale: Refusal = { code: 'stale', message: 'The lease is not held any more' }
export const unknown: Refusal = { code: 'not_found', message: 'Task not found' }

/** What all verbs of the engine share: statements, policies, the lock on tasks and the settlement of sets. */
export const createContext = ({ db, clock, bus, random = Math.random, kinds, announcing }: EngineDeps) => {
  const policies = new Map(kinds.map((kind) => [kind.kind, kind]))
  const statements = engineStatements(db)
  const { tasks } = engineTables(db.kit)
  const announced = createAnnounced({ db, kinds, announcing, ready: (kinds) => bus.publish(TASKS_READY, { kinds }) })
  const policyOf = (kind: string): KindPolicy => {
    const policy = policies.get(kind)
    if (!policy) throw new Error(`no policy is defined for tasks of kind ${kind}`)
    return policy
  }
  const nowDate = () => new Date(clock.now())
  // A process that mounts some families only leaves the others' tasks alone: it does not know what their ends mean.
  const knownKinds = JSON.stringify(kinds.map((kind) => kind.kind))
  const announceReady = (tx: Tx, ready: Iterable<string>) => {
    const names = [...new Set(ready)]
    if (names.length > 0) tx.afterCommit(() => bus.publish(TASKS_READY, { kinds: names }))
  }
  const byKind = <T>(items: T[], kindOf: (item: T) => string): Map<string, T[]> => Map.groupBy(items, kindOf)
  const lastHeldBy = (task: Task, holder: Holder) => task.leaseOwner === holder.owner && task.fence === holder.fence

  /** Inserts tasks and answers the ids of those inserted; a live one with the same dedupe key wins. Tells nobody. */
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
    const inserted = (yield* tx.run(statements.insert, { items: JSON.stringify(rows), now })).map(({ id }) => id)
    const announcing = rows.filter((row) => announced.queueOf(row.kind) !== undefined && inserted.includes(row.id))
    const byCaller = new Set(news.flatMap((task) => (task.announcedByCaller && task.id ? [task.id] : [])))
    for (const claimed of [false, true])
      yield* announced.queued(
        tx,
        announcing.filter((row) => byCaller.has(row.id) === claimed),
        { claimed },
      )
    return inserted
  }

  function* lockTasks(tx: Tx, ids: string[]): Steps<Map<string, Task>> {
    const known = ids.filter(isUuid)
    if (known.length === 0) return new Map()
    const rows = yield* tx.run(statements.lockTasks, { ids: JSON.stringify(known) })
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
  function* prolong(tx: Tx, ids: string[], now: Date): Steps<void> {
    if (ids.length > 0) yield* tx.run(statements.prolong, { ids: JSON.stringify(ids), now })
  }

  return {
    db,
    clock,
    bus,
    random,
    kinds,
    policies,
    statements,
    tasks,
    announced,
    policyOf,
    nowDate,
    knownKinds,
    announceReady,
    byKind,
    holds,
    lastHeldBy,
    insert,
    lockTasks,
    transition,
    prolong,
  }
}
export type EngineContext = ReturnType<typeof createContext>
