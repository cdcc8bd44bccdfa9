import { eq } from 'drizzle-orm'
import { createBatcher } from '../platform/batcher.ts'
import { isUuid } from '../platform/clock.ts'
import type { Steps, Tx } from '../platform/db/index.ts'
import { type EngineContext, type Holder, holds, isFinished, stale, unknown } from './context.ts'
import { type Refusal, TASK_PROGRESS, type Task, type TaskChange, type TaskState, type Transition } from './model.ts'

/** Tasks that one transaction completes for several callers; a single one may complete more. */
const MAX_BATCH = 1000

/** A verb met a task of a kind its caller may not touch. */
class ForeignKindError extends Error {}

export interface Completed {
  id: string
  fence: number
  result?: unknown
}
/** What a caller says of one task. */
interface Verdict extends Completed {
  owner: string
}
interface Held {
  task: Task
  result: unknown
  verdict: Verdict
}
interface Completion {
  owner: string
  items: readonly Completed[]
  allowed: readonly string[]
}

/** What the holder of a lease says of it: heartbeat, complete, fail, release. Each carries the fence (gifty §4). */
export const createWorkerApi = (context: EngineContext) => {
  const {
    db,
    bus,
    random,
    policies,
    statementHooks,
    statements,
    tasks,
    brokerQueue,
    policyOf,
    nowDate,
    lastHeldBy,
    lockTasks,
    transition,
    noteChanges,
    requeue,
  } = context

  /** Prolongs a lease and stores progress. `leaseMs` counts from now; undefined keeps the length the lease has. */
  const heartbeat = async (
    holder: Holder,
    leaseMs: number | undefined,
    progress?: unknown,
    allowed?: readonly string[],
  ): Promise<{ leaseExpiresAt: Date; cancelRequested: boolean } | Refusal> => {
    if (!isUuid(holder.id)) return unknown
    const beat = await db
      .tx(function* (tx) {
        const [row] = yield* tx.run(statements.heartbeat, {
          ...holder,
          now: nowDate(),
          leaseMs: leaseMs ?? null,
          progress: progress === undefined || progress === null ? null : JSON.stringify(progress),
        })
        // Thrown, not returned: the prolongation of another family's lease must not be kept.
        if (row && allowed && !allowed.includes(row.kind)) throw new ForeignKindError()
        if (row && progress !== undefined && progress !== null)
          tx.afterCommit(() => bus.publish(TASK_PROGRESS, { taskId: holder.id, kind: row.kind, progress }))
        return row
      })
      .catch((error) => {
        if (error instanceof ForeignKindError) return 'foreign' as const
        throw error
      })
    if (beat === 'foreign') return unknown
    if (beat) return { leaseExpiresAt: beat.leaseExpiresAt, cancelRequested: beat.state === 'cancelling' }
    const [task] = await statements.get.all({ id: holder.id })
    return task && (!allowed || allowed.includes(task.kind)) ? stale : unknown
  }

  /**
   * Completes in one statement, on Postgres, what is held and needs no hook beside it. Answers those verdicts, and the other tasks by id:
   * locked, or where no kind has hooks as they were a moment ago.
   */
  function* completeAtOnce(
    tx: Tx,
    verdicts: readonly Verdict[],
    allowed: readonly string[],
    now: Date,
  ): Steps<{ done: Set<Verdict>; left: Map<string, Task> } | undefined> {
    if (!statements.completeHeld || !statements.completePlain) return undefined
    const given = verdicts.filter(({ id }) => isUuid(id)).sort((a, b) => (a.id < b.id ? -1 : 1))
    const isPlain = allowed.every((kind) => !policies.get(kind)?.completed)
    const statement = isPlain ? statements.completePlain : statements.completeHeld(statementHooks('completed', allowed))
    const rows = yield* tx.run(statement, {
      ids: given.map(({ id }) => id),
      fences: given.map(({ fence }) => fence),
      owners: given.map(({ owner }) => owner),
      results: given.some(({ result }) => result !== undefined)
        ? JSON.stringify(given.map(({ result }) => result ?? null))
        : null,
      kinds: allowed.filter((kind) => policies.has(kind) && !policyOf(kind).completed),
      now,
    })
    const done = new Set<Verdict>()
    const left = new Map<string, Task>()
    for (const { done: places, ...task } of rows) {
      for (const place of places ?? []) done.add(given[place - 1] as Verdict)
      if (task.id !== null) left.set(task.id, task)
    }
    tx.afterCommit(() => noteChanges([...done].map(({ id }) => ({ id, state: 'completed' as const }))))
    return { done, left }
  }

  /** What verdicts come to that are not carried out yet (`done`): refusals, and what is held, by id. */
  const judge = (
    verdicts: readonly Verdict[],
    { done, left }: { done: ReadonlySet<Verdict>; left: ReadonlyMap<string, Task> },
    allowed: readonly string[],
    now: Date,
  ) => {
    const completedIds = new Set([...done].map(({ id }) => id))
    const refused = new Map<Verdict, Refusal>()
    const held = new Map<string, Held>()
    for (const verdict of verdicts) {
      if (done.has(verdict)) continue
      const task = left.get(verdict.id)
      if (completedIds.has(verdict.id)) refused.set(verdict, stale)
      else if (!task || !allowed.includes(task.kind)) refused.set(verdict, unknown)
      else if (holds(task, verdict, now)) held.set(verdict.id, { task, result: verdict.result, verdict })
      else if (
        !(isFinished(task.state) && lastHeldBy(task, verdict) && (task.lastEnd === 'complete' || task.lastEnd === 'report'))
      )
        refused.set(verdict, stale)
    }
    return { refused, held }
  }

  /** Completes with hooks, after what one statement can do where `atOnce`. Answers what is refused: by the engine first, then by hooks. */
  function* completeWithHooks(
    tx: Tx,
    verdicts: readonly Verdict[],
    allowed: readonly string[],
    atOnce: boolean,
  ): Steps<Map<Verdict, Refusal>> {
    const now = nowDate()
    const first = atOnce ? yield* completeAtOnce(tx, verdicts, allowed, now) : undefined
    const locked = first ?? { done: new Set<Verdict>(), left: yield* lockTasks(tx, [...new Set(verdicts.map(({ id }) => id))]) }
    const { refused, held } = judge(verdicts, locked, allowed, now)
    // By hook: kinds that share one hear of all their tasks at once.
    for (const [hook, group] of Map.groupBy(held.values(), ({ task }) => policyOf(task.kind).completed))
      for (const [id, refusal] of (hook && (yield* hook(tx, group, now))) ?? []) {
        refused.set((held.get(id) as Held).verdict, refusal)
        held.delete(id)
      }
    yield* transition(
      tx,
      [...held.values()].map(({ task, result }) => ({ id: task.id, state: 'completed', lastEnd: 'complete', result })),
      now,
    )
    return refused
  }

  /**
   * Completes what the callers of a batch hold, each task by itself; answers the refused ids of each. The first item of an id decides. Where
   * every kind can end in the statement that completes, a transaction is only for what needs more.
   */
  const completeTogether = async (batch: readonly Completion[]): Promise<Map<string, Refusal>[]> => {
    const allowed = batch[0]?.allowed ?? []
    /** What is said of each id by each caller, once: a request and its repeat may come in one batch. */
    const verdicts = new Map<string, Verdict>()
    const said = batch.map(({ owner, items }) => {
      const own = new Map<string, Verdict>()
      for (const { id, fence, result } of items) {
        // A second item of an id must not refuse what the first has completed, nor the other way round.
        if (own.has(id)) continue
        const key = `${id} ${fence} ${owner}`
        const verdict = verdicts.get(key) ?? { id, owner, fence, result }
        own.set(id, verdict)
        verdicts.set(key, verdict)
      }
      return new Set(own.values())
    })
    const all = [...verdicts.values()]
    const isAtOnce =
      statements.completeHeld !== undefined &&
      allowed.every((kind) => {
        const policy = policies.get(kind)
        return !policy?.completed || policy.inStatement?.completed
      })
    const first = isAtOnce
      ? await db.autocommit(function* (tx) {
          const now = nowDate()
          const outcome = yield* completeAtOnce(tx, all, allowed, now)
          return outcome && judge(all, outcome, allowed, now)
        })
      : undefined
    const refused = first?.refused ?? new Map<Verdict, Refusal>()
    const rest = first ? [...first.held.values()].map(({ verdict }) => verdict) : all
    if (rest.length > 0)
      for (const [verdict, refusal] of await db.tx((tx) => completeWithHooks(tx, rest, allowed, !first)))
        refused.set(verdict, refusal)
    return said.map(
      (own) => new Map([...refused].flatMap(([verdict, refusal]) => (own.has(verdict) ? [[verdict.id, refusal] as const] : []))),
    )
  }
  const completeInBatch = createBatcher<Completion, Map<string, Refusal>>({
    keyOf: ({ allowed }) => allowed.join(),
    fits: (batch, { items }) => batch.reduce((total, one) => total + one.items.length, items.length) <= MAX_BATCH,
    run: completeTogether,
  })
  /**
   * Completes a set. Each item stands alone: the answer maps the refused ids, all others are completed (or were, by the same holder).
   * `allowed` limits the kinds that may be touched; others are unknown.
   */
  const complete = (owner: string, items: readonly Completed[], allowed: readonly string[]): Promise<Map<string, Refusal>> =>
    completeInBatch({ owner, items, allowed })

  /** Reports a failure. The policy decides whether the task is tried again; a task being cancelled is cancelled. */
  const fail = (
    holder: Holder,
    failure: { error: string; retryable: boolean },
    allowed: readonly string[],
  ): Promise<{ state: TaskState; nextAttemptAt: Date | null } | Refusal> =>
    db.tx(function* (tx) {
      const now = nowDate()
      const task = (yield* lockTasks(tx, [holder.id])).get(holder.id)
      if (!task || !allowed.includes(task.kind)) return unknown
      if (!holds(task, holder, now)) {
        if (lastHeldBy(task, holder) && (task.lastEnd === 'fail' || task.lastEnd === 'report'))
          return { state: task.state, nextAttemptAt: task.state === 'queued' ? task.runAfter : null }
        return stale
      }
      const policy = policyOf(task.kind)
      let state: TaskState = 'queued'
      if (task.state === 'cancelling') state = 'cancelled'
      else if (policy.onFailure === 'fail') state = 'failed'
      else if (!failure.retryable || task.attempts >= task.maxAttempts) state = 'dead'
      const delay = policy.retryDelayMs(task.attempts) * (1 + policy.jitter * (2 * random() - 1))
      const runAfter = state === 'queued' ? new Date(now.getTime() + Math.round(delay)) : null
      if (policy.failed) yield* policy.failed(tx, [{ task, ...failure, outcome: state }], now)
      yield* transition(tx, [{ id: task.id, state, lastEnd: 'fail', error: failure.error, runAfter: runAfter ?? undefined }], now)
      if (state === 'queued') yield* brokerQueue.enqueueMessages(tx, [task])
      return { state, nextAttemptAt: runAfter }
    })

  /** Gives leases back: offered again at once or from `runAfter` on, the attempt is not counted. Tasks being cancelled are cancelled. */
  const release = (holders: readonly Holder[], allowed: readonly string[], runAfter?: Date): Promise<Map<string, Refusal>> =>
    db.tx(function* (tx) {
      const now = nowDate()
      const rows = yield* lockTasks(
        tx,
        holders.map((holder) => holder.id),
      )
      const refused = new Map<string, Refusal>()
      const held: Task[] = []
      for (const holder of holders) {
        const task = rows.get(holder.id)
        if (!task || !allowed.includes(task.kind)) refused.set(holder.id, unknown)
        else if (!holds(task, holder, now)) refused.set(holder.id, stale)
        else held.push(task)
      }
      yield* giveBack(tx, held, runAfter, now)
      return refused
    })

  /** Ends leases without an outcome of work: what was being cancelled is cancelled, the rest is queued again. */
  function* giveBack(tx: Tx, held: Task[], runAfter: Date | undefined, now: Date): Steps<void> {
    const changes = new Map<string, TaskChange>()
    const moves = new Map<string, Transition>(
      held.map((task) => [
        task.id,
        task.state === 'leased'
          ? { id: task.id, state: 'queued', lastEnd: 'release', refundAttempts: 1, runAfter }
          : { id: task.id, state: 'cancelled', lastEnd: 'release' },
      ]),
    )
    const back = held.filter((task) => task.state === 'leased')
    for (const [hook, group] of Map.groupBy(back, (task) => policyOf(task.kind).released))
      for (const [id, { change, ...move }] of (hook && (yield* hook(tx, group, now))) ?? []) {
        Object.assign(moves.get(id) ?? {}, move)
        if (change) changes.set(id, change)
      }
    const gone = held.filter((task) => task.state === 'cancelling')
    // bounded: by the hooks
    for (const [hook, group] of Map.groupBy(gone, (task) => policyOf(task.kind).cancelled)) if (hook) yield* hook(tx, group, now)
    // A delayed one is announced by the sweep that finds it ready.
    yield* requeue(tx, held, [...moves.values()], changes, runAfter === undefined || runAfter <= now, now)
  }

  /** Locks a task and answers it, or why this holder's lease of it is not live (the fence of ingestion). */
  function* requireLease(tx: Tx, holder: Holder): Steps<Task | Refusal> {
    const task = (yield* lockTasks(tx, [holder.id])).get(holder.id)
    if (!task) return unknown
    return holds(task, holder, nowDate()) ? task : stale
  }

  /** Stores progress under a live lease in the caller's transaction, whose own writes are thereby fenced. */
  function* saveProgress(tx: Tx, holder: Holder, progress: unknown): Steps<Task | Refusal> {
    const task = yield* requireLease(tx, holder)
    if ('code' in task) return task
    yield tx.update(tasks).set({ progress, updatedAt: nowDate() }).where(eq(tasks.id, holder.id)).returning({ id: tasks.id })
    return { ...task, progress }
  }

  return { heartbeat, complete, fail, release, requireLease, saveProgress }
}
