import { eq, inArray } from 'drizzle-orm'
import { q, type Steps, type Tx } from '../platform/db/index.ts'
import { isUuid } from '../platform/ids.ts'
import { type EngineContext, type Holder, stale, unknown } from './context.ts'
import type { createEndings } from './endings.ts'
import { inLeaseOrder, type LeaseRequest, takeReady } from './leasing.ts'
import { isFinished, type Refusal, TASK_PROGRESS, type Task, type TaskState, type Transition } from './model.ts'
import { createQueueLeasing } from './queue-leasing.ts'
import { createQuickVerbs } from './quick.ts'

/** How often a lease is tried anew because messages leave faster than it takes them back. */
const OVERTAKEN_MAX = 5

/** A message began to leave while its task was being leased. */
class Overtaken extends Error {}
/** A verb met a task of a kind its caller may not touch. */
class OtherFamily extends Error {}

/** What a worker says: lease, heartbeat, complete, fail, release. Each verb but the first carries the fence. */
export const createVerbs = (
  {
    db,
    bus,
    random,
    statements,
    tasks,
    announced,
    policies,
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
  }: EngineContext,
  { endExpired }: Pick<ReturnType<typeof createEndings>, 'endExpired'>,
) => {
  const quickly = createQuickVerbs({ db, statements, policies, knownKinds, announced, nowDate })
  /** Tasks that domains make for this lease only, so that rows by the hundred thousand need none before someone wants them. */
  function* provide(tx: Tx, { kinds, max, context }: LeaseRequest, now: Date): Steps<string[]> {
    const ids: string[] = []
    for (const kind of kinds) {
      const hook = policies.get(kind)?.provide
      if (hook) ids.push(...(yield* insert(tx, yield* hook(tx, max, now, [context]), now)))
    }
    return ids
  }
  /** Drops what was supplied and not leased: others went before it. */
  function* forget(tx: Tx, supplied: string[], leased: Task[]): Steps<void> {
    const taken = new Set(leased.map((task) => task.id))
    const left = supplied.filter((id) => !taken.has(id))
    if (left.length > 0) yield* q(tx.delete(tasks).where(inArray(tasks.id, left)).returning({ id: tasks.id }))
  }

  /** Domains hear of their tasks and may withhold some; answers the others. */
  function* runLeasedHooks(tx: Tx, leased: Task[], { context }: LeaseRequest, now: Date): Steps<Task[]> {
    const withheld: Transition[] = []
    // By hook: kinds that share one hear of all their tasks at once.
    for (const [hook, group] of Map.groupBy(leased, (task) => policyOf(task.kind).leased)) {
      const kept = hook ? yield* hook(tx, group, now, () => context) : []
      for (const [id, change] of kept ?? []) withheld.push({ id, ...change })
    }
    if (withheld.length === 0) return leased
    yield* transition(tx, withheld, now)
    const ids = new Set(withheld.map(({ id }) => id))
    return leased.filter(({ id }) => !ids.has(id))
  }
  const leaseHere = (request: LeaseRequest): Promise<Task[]> =>
    db.tx(function* (tx) {
      const now = nowDate()
      if ((yield* tx.run(statements.expiredExists, { now, kinds: knownKinds })).length > 0) yield* endExpired(tx, now)
      const supplied = yield* provide(tx, request, now)
      const leased = yield* takeReady(statements, tx, request, now, announced.queueOf)
      // Thrown, not skipped: the transaction has leased it already.
      if (!(yield* announced.takenBack(tx, leased))) throw new Overtaken()
      yield* forget(tx, supplied, leased)
      return yield* runLeasedHooks(tx, leased, request, now)
    })
  /** Leases those of the named tasks that wait; `gone` are those that do not, and whose messages nobody needs any more. */
  const leaseNamed = (ids: string[], request: LeaseRequest): Promise<{ leased: Task[]; gone: Set<string> }> =>
    db.tx(function* (tx) {
      const now = nowDate()
      const found = yield* lockTasks(tx, ids)
      const waits = (id: string) => found.get(id)?.state === 'queued'
      const wanted = ids.filter((id) => waits(id) && request.kinds.includes(found.get(id)?.kind ?? ''))
      const leased = wanted.length > 0 ? yield* takeReady(statements, tx, request, now, announced.queueOf, wanted) : []
      yield* announced.left(tx, leased)
      return { leased: yield* runLeasedHooks(tx, leased, request, now), gone: new Set(ids.filter((id) => !waits(id))) }
    })
  const leaseFromQueues = createQueueLeasing(announced, leaseNamed)

  /**
   * Leases up to `max` tasks; ends expired leases first, so that a lost task is offered at once. Of announced kinds: first those whose
   * messages wait in the broker, in the order of the queue, then those whose messages have not left.
   */
  const lease = async (request: LeaseRequest): Promise<Task[]> => {
    if (request.kinds.length === 0 || request.max < 1) return []
    // A kind asked for twice would fill the places of the lease twice.
    const kinds = [...new Set(request.kinds)]
    const quick = await quickly.lease({ ...request, kinds })
    if (quick.length > 0) return quick
    const first = await leaseFromQueues({ ...request, kinds })
    const rest = { ...request, kinds, max: request.max - first.length }
    for (let attempt = 1; rest.max > 0; attempt++) {
      try {
        return [...first, ...(await leaseHere(rest))].sort(inLeaseOrder)
      } catch (error) {
        if (!(error instanceof Overtaken)) {
          if (first.length === 0) throw error
          // What is leased already is not lost for a failure of the rest.
          return first
        }
        // Each time another message has left; should that go on, the others are enough for now.
        if (attempt === OVERTAKEN_MAX) rest.kinds = kinds.filter((kind) => announced.queueOf(kind) === undefined)
      }
    }
    return first
  }

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
        const now = nowDate()
        const [row] = yield* tx.run(statements.heartbeat, {
          ...holder,
          now,
          leaseMs: leaseMs ?? null,
          progress: progress === undefined || progress === null ? null : JSON.stringify(progress),
        })
        // Thrown, not returned: the prolongation of another family's lease must not be kept.
        if (row && allowed && !allowed.includes(row.kind)) throw new OtherFamily()
        if (row && progress !== undefined && progress !== null)
          tx.afterCommit(() => bus.publish(TASK_PROGRESS, { taskId: holder.id, kind: row.kind, progress }))
        return row
      })
      .catch((error) => {
        if (error instanceof OtherFamily) return 'other' as const
        throw error
      })
    if (beat === 'other') return unknown
    if (beat) return { leaseExpiresAt: beat.leaseExpiresAt, cancelRequested: beat.state === 'cancelling' }
    const [task] = await statements.get.all({ id: holder.id })
    return task && (!allowed || allowed.includes(task.kind)) ? stale : unknown
  }

  /**
   * Completes a set. Each item stands alone: the answer maps the refused ids, all others are completed (or were, by the same holder).
   * `kinds` limits what may be touched; others are unknown.
   */
  const complete = async (
    owner: string,
    items: { id: string; fence: number; result?: unknown }[],
    allowed: readonly string[],
  ): Promise<Map<string, Refusal>> => {
    const quick = await quickly.complete(owner, items, allowed)
    const left = quick.size === 0 ? items : items.filter(({ id }) => !quick.has(id))
    return left.length === 0 ? new Map() : completeEach(owner, left, allowed)
  }
  const completeEach = (
    owner: string,
    items: { id: string; fence: number; result?: unknown }[],
    allowed: readonly string[],
  ): Promise<Map<string, Refusal>> =>
    db.tx(function* (tx) {
      const now = nowDate()
      const refused = new Map<string, Refusal>()
      const rows = yield* lockTasks(
        tx,
        items.map((item) => item.id),
      )
      const done: { task: Task; result: unknown }[] = []
      const seen = new Set<string>()
      for (const { id, fence, result } of items) {
        const task = rows.get(id)
        const holder = { id, owner, fence }
        // The first item of an id decides: a second one must not refuse what the first has completed, nor the other way round.
        if (seen.has(id)) continue
        seen.add(id)
        if (!task || !allowed.includes(task.kind)) refused.set(id, unknown)
        else if (holds(task, holder, now)) done.push({ task, result })
        else if (
          !(isFinished(task.state) && lastHeldBy(task, holder) && (task.lastEnd === 'complete' || task.lastEnd === 'report'))
        )
          refused.set(id, stale)
      }
      for (const [kind, group] of byKind(done, (item) => item.task.kind)) {
        const hook = policyOf(kind).completed
        if (hook) for (const [id, refusal] of yield* hook(tx, group, now)) refused.set(id, refusal)
      }
      yield* transition(
        tx,
        done
          .filter(({ task }) => !refused.has(task.id))
          .map(({ task, result }) => ({ id: task.id, state: 'completed', lastEnd: 'complete' as const, result })),
        now,
      )
      return refused
    })

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
      if (state === 'queued') yield* announced.queued(tx, [task])
      return { state, nextAttemptAt: runAfter }
    })

  /** Gives leases back: offered again at once or from `runAfter` on, the attempt is not counted. Tasks being cancelled are cancelled. */
  const release = (holders: Holder[], allowed: readonly string[], runAfter?: Date): Promise<Map<string, Refusal>> =>
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
    const back = held.filter((task) => task.state === 'leased')
    const gone = held.filter((task) => task.state === 'cancelling')
    for (const [hook, group] of Map.groupBy(back, (task) => policyOf(task.kind).released)) if (hook) yield* hook(tx, group, now)
    for (const [hook, group] of Map.groupBy(gone, (task) => policyOf(task.kind).cancelled)) if (hook) yield* hook(tx, group, now)
    yield* transition(
      tx,
      held.map(
        (task): Transition =>
          task.state === 'leased'
            ? { id: task.id, state: 'queued', lastEnd: 'release', refundAttempts: 1, runAfter }
            : { id: task.id, state: 'cancelled', lastEnd: 'release' },
      ),
      now,
    )
    yield* announced.queued(tx, back)
    // A delayed one is announced by the sweep that finds it ready.
    if (runAfter === undefined)
      announceReady(
        tx,
        back.map((task) => task.kind),
      )
  }

  /** Takes the lock of live leases and tells which of `holders` still hold theirs (the fence of ingestion). */
  function* holding(tx: Tx, holder: Holder): Steps<Task | Refusal> {
    const task = (yield* lockTasks(tx, [holder.id])).get(holder.id)
    if (!task) return unknown
    return holds(task, holder, nowDate()) ? task : stale
  }

  /** Stores progress under a live lease in the caller's transaction, whose own writes are thereby fenced. */
  function* saveProgress(tx: Tx, holder: Holder, progress: unknown): Steps<Task | Refusal> {
    const task = yield* holding(tx, holder)
    if ('code' in task) return task
    yield tx.update(tasks).set({ progress, updatedAt: nowDate() }).where(eq(tasks.id, holder.id)).returning({ id: tasks.id })
    return { ...task, progress }
  }

  return { lease, heartbeat, complete, fail, release, holding, saveProgress }
}
