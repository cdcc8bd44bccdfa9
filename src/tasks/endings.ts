import { and, eq, inArray, isNotNull, lte, sql } from 'drizzle-orm'
import { q, type Steps, type Tx } from '../platform/db/index.ts'
import { type EngineContext, unknown } from './context.ts'
import { isFinished, type Refusal, TASK_CANCEL, TASKS_READY, type Task, type TaskState, type Transition } from './model.ts'
import { stateIs } from './tables.ts'

/** Most expired leases one sweep transaction ends; more are ended by the next. */
const SWEEP_MAX = 500

/** How tasks end or are held back without a word of their holder: expiry, cancel, the domain's own reports. */
export const createEndings = ({
  db,
  bus,
  policies,
  statements,
  tasks,
  announced,
  policyOf,
  nowDate,
  knownKinds,
  announceReady,
  byKind,
  lockTasks,
  transition,
}: EngineContext) => {
  function* endExpired(tx: Tx, now: Date): Steps<number> {
    const rows = yield* tx.run(statements.lockExpired, { now, kinds: knownKinds, max: SWEEP_MAX })
    const ended = rows.map((task) => {
      const policy = policyOf(task.kind)
      const verdict = typeof policy.onExpiry === 'function' ? policy.onExpiry(task) : policy.onExpiry
      const last = verdict === 'dead' || (verdict === 'requeue' && task.attempts >= task.maxAttempts)
      const outcome: TaskState = task.state === 'cancelling' ? 'cancelled' : last ? 'dead' : 'queued'
      const move: Transition = { id: task.id, state: outcome, lastEnd: 'expiry' }
      if (outcome === 'dead') move.error = 'the lease was lost in every attempt'
      const delay = policy.expiryDelayMs(task.attempts)
      if (outcome === 'queued' && delay > 0) move.runAfter = new Date(now.getTime() + delay)
      if (verdict === 'refund') move.refundAttempts = 1
      return { task, outcome, move }
    })
    // By hook: kinds that share one hear of all their tasks at once.
    for (const [hook, group] of Map.groupBy(ended, (end) => policyOf(end.task.kind).expired)) {
      const instead = hook ? yield* hook(tx, group, now) : undefined
      if (instead) for (const end of group) Object.assign(end.move, instead.get(end.task.id))
    }
    yield* transition(
      tx,
      ended.map(({ move }) => move),
      now,
    )
    const back = ended.filter(({ move }) => move.state === 'queued').map((end) => end.task)
    yield* announced.queued(tx, back)
    announceReady(
      tx,
      back.map((task) => task.kind),
    )
    return ended.length
  }

  /** One sweep: ends expired leases and overdue tasks, and announces delayed tasks that have become ready. */
  const sweep = async (): Promise<{ expired: number }> => {
    let expired = 0
    for (;;) {
      const ended = await db.tx((tx) => endExpired(tx, nowDate()))
      expired += ended
      if (ended < SWEEP_MAX) break
    }
    await db.tx(function* (tx) {
      const now = nowDate()
      const overdue = yield* q(
        tx
          .select({ id: tasks.id })
          .from(tasks)
          .where(
            and(
              stateIs(tasks.state).queued,
              isNotNull(tasks.expiresAt),
              lte(tasks.expiresAt, now),
              inArray(tasks.kind, [...policies.keys()]),
            ),
          )
          .limit(SWEEP_MAX),
      )
      const locked = yield* lockTasks(
        tx,
        overdue.map((row) => row.id),
      )
      const still = [...locked.values()].filter((task) => task.state === 'queued')
      for (const [kind, group] of byKind(still, (task) => task.kind)) {
        const hook = policyOf(kind).cancelled
        if (hook) yield* hook(tx, group, now)
      }
      yield* transition(
        tx,
        still.map((task) => ({
          id: task.id,
          state: 'cancelled',
          lastEnd: task.lastEnd,
          error: 'expired before anyone took it',
        })),
        now,
      )
      yield* announced.left(tx, still)
    })
    const ready: string[] = []
    // Kind by kind, because the first row of each is enough: a list of the distinct kinds would read the whole backlog.
    // What a domain supplies has no task yet; a waiting lease finds out whether there is anything.
    for (const [kind, policy] of policies)
      if (policy.provide || (await statements.readyExists.all({ kind, now: nowDate() })).length > 0) ready.push(kind)
    // Here alone: every process sweeps. It is also how a waiter gets its task whose event another process sent in vain.
    if (ready.length > 0) bus.publishHere(TASKS_READY, { kinds: ready })
    return { expired }
  }

  /** Cancels: a queued task at once, a leased one when its holder lets go. Answers the new state, or `finished`. */
  const cancel = (id: string, allowed: readonly string[]): Promise<{ state: TaskState } | Refusal> =>
    db.tx(function* (tx) {
      const now = nowDate()
      const task = (yield* lockTasks(tx, [id])).get(id)
      if (!task || !allowed.includes(task.kind)) return unknown
      if (isFinished(task.state)) return { code: 'finished' as const, message: 'The task has already finished' }
      if (task.state === 'leased' || task.state === 'cancelling') {
        yield tx.update(tasks).set({ state: 'cancelling', updatedAt: now }).where(eq(tasks.id, id)).returning({ id: tasks.id })
        const owner = task.leaseOwner as string
        tx.afterCommit(() => bus.publish(TASK_CANCEL, { taskId: id, owner }))
        return { state: 'cancelling' as const }
      }
      const hook = policyOf(task.kind).cancelled
      if (hook) yield* hook(tx, [task], now)
      yield* transition(tx, [{ id, state: 'cancelled', lastEnd: 'cancel' }], now)
      yield* announced.left(tx, [task])
      return { state: 'cancelled' as const }
    })

  /** Ends a live task because its domain has closed the matter (a report); a later verb of its holder is answered as done. */
  function* closeByReport(
    tx: Tx,
    ids: string[],
    state: 'completed' | 'failed' | 'cancelled' | 'dead',
    error: string | null,
    now: Date,
  ): Steps<void> {
    const live = [...(yield* lockTasks(tx, ids)).values()].filter((task) => !isFinished(task.state))
    yield* transition(
      tx,
      live.map((task) => ({ id: task.id, state, lastEnd: 'report', error })),
      now,
    )
    yield* announced.left(tx, live)
  }

  /**
   * Ends the leases of holders whose names begin with `prefix` and who are known to be gone: the next sweep offers their tasks again,
   * instead of after the rest of the lease. `kinds` are those that such holders work on.
   */
  const endLeasesOf = (prefix: string, kinds: readonly string[] = [...policies.keys()]): Promise<number> =>
    db.tx(function* (tx) {
      const now = nowDate()
      const ended = yield* q(
        tx
          .update(tasks)
          .set({ leaseExpiresAt: now, updatedAt: now })
          .where(
            and(
              sql`${tasks.state} in ('leased', 'cancelling')`,
              inArray(tasks.kind, [...kinds]),
              sql`substr(${tasks.leaseOwner}, 1, ${prefix.length}) = ${prefix}`,
            ),
          )
          .returning({ id: tasks.id }),
      )
      return ended.length
    })

  /**
   * Cancels queued tasks whose matter goes another way; their last holder's late word stays stale. Answers which of them nobody works
   * on now.
   */
  function* withdraw(tx: Tx, ids: string[], error: string, now: Date): Steps<Set<string>> {
    const found = yield* lockTasks(tx, ids)
    const idle = ids.filter((id) => !['leased', 'cancelling'].includes(found.get(id)?.state ?? ''))
    yield* transition(
      tx,
      idle.flatMap((id) => {
        const task = found.get(id)
        return task && !isFinished(task.state) ? [{ id, state: 'cancelled' as const, lastEnd: task.lastEnd, error }] : []
      }),
      now,
    )
    yield* announced.left(
      tx,
      idle.flatMap((id) => found.get(id) ?? []),
    )
    return new Set(idle)
  }

  /** Takes queued tasks off the offer, because someone works on them without a lease; `closeByReport` ends them. */
  function* setAside(tx: Tx, ids: string[], now: Date): Steps<void> {
    const queued = [...(yield* lockTasks(tx, ids)).values()].filter((task) => task.state === 'queued')
    yield* transition(
      tx,
      queued.map((task) => ({ id: task.id, state: 'paused', lastEnd: task.lastEnd })),
      now,
    )
    yield* announced.left(tx, queued)
  }

  /**
   * Changes what a task that nobody holds will be about. `late`: somebody has it, or it is queued no more; `published`: its message
   * may have left, so that nobody can tell which one will be read.
   */
  function* replacePayload(tx: Tx, id: string, payload: unknown, now: Date): Steps<'replaced' | 'late' | 'published'> {
    const task = (yield* lockTasks(tx, [id])).get(id)
    if (task?.state !== 'queued') return 'late'
    if (!(yield* announced.rewritten(tx, { ...task, payload }))) return 'published'
    yield tx.update(tasks).set({ payload, updatedAt: now }).where(eq(tasks.id, id)).returning({ id: tasks.id })
    return 'replaced'
  }

  /** Deletes a task as if it had never been: one that nobody has heard of, or whose domain deletes what it was about. */
  function* discard(tx: Tx, task: Pick<Task, 'id' | 'kind'>): Steps<void> {
    yield* announced.left(tx, [task])
    yield tx.delete(tasks).where(eq(tasks.id, task.id)).returning({ id: tasks.id })
  }

  return { endExpired, sweep, cancel, closeByReport, withdraw, setAside, replacePayload, discard, endLeasesOf }
}
