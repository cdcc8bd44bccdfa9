import { and, inArray, sql } from 'drizzle-orm'
import { q, type Steps, type Tx } from '../platform/db/index.ts'
import type { EngineContext } from './context.ts'
import { TASKS_READY, type Task, type TaskChange, type TaskState, type Transition } from './model.ts'
import { REAP_MAX } from './statements.ts'

/** Ends leases that ran out without a verdict, and queued tasks whose time is over. Only this file decides that a lease has expired. */
export const createReaper = ({
  db,
  bus,
  policies,
  statements,
  tasks,
  brokerQueue,
  policyOf,
  nowDate,
  knownKinds,
  clockWatch,
  transition,
  requeue,
}: EngineContext) => {
  /** Where a task goes whose lease has run out. */
  const moveOf = (task: Task, now: Date): { task: Task; outcome: TaskState; move: Transition } => {
    const policy = policyOf(task.kind)
    const verdict = typeof policy.onExpiry === 'function' ? policy.onExpiry(task) : policy.onExpiry
    const last = verdict === 'dead' || (verdict === 'requeue' && task.attempts >= task.maxAttempts)
    const outcome: TaskState = task.state === 'cancelling' ? 'cancelled' : last ? 'dead' : 'queued'
    const move: Transition = { id: task.id, state: outcome, lastEnd: 'expiry' }
    if (outcome === 'dead') move.error = 'the lease was lost in every attempt'
    if (outcome === 'queued') move.runAfter = new Date(now.getTime() + policy.expiryDelayMs(task.attempts))
    if (verdict === 'refund') move.refundAttempts = 1
    return { task, outcome, move }
  }

  /** Ends expired leases, at most `REAP_MAX`; answers how many. */
  function* reapExpired(tx: Tx, now: Date, known: readonly string[] = knownKinds()): Steps<number> {
    const ended = (yield* tx.run(statements.lockExpired, { now, known })).map((task) => moveOf(task, now))
    if (ended.length === 0) return 0
    const changes = new Map<string, TaskChange>()
    // bounded: by the hooks; kinds that share one get all their tasks in one call
    for (const [hook, group] of Map.groupBy(ended, (end) => policyOf(end.task.kind).expired)) {
      const instead = hook && (yield* hook(tx, group, now))
      for (const end of instead ? group : []) {
        const { change, ...move } = instead?.get(end.task.id) ?? {}
        Object.assign(end.move, move)
        if (change) changes.set(end.task.id, change)
      }
    }
    yield* requeue(
      tx,
      ended.map(({ task }) => task),
      ended.map(({ move }) => move),
      changes,
      true,
      now,
    )
    return ended.length
  }

  /** Ends all expired leases of one kind in the caller's transaction, so that it finds their tasks queued. */
  function* reapKind(tx: Tx, kind: string, now: Date): Steps<void> {
    while ((yield* reapExpired(tx, now, [kind])) === REAP_MAX);
  }

  /** Cancels queued tasks that were not taken in time, at most `REAP_MAX`; answers how many. */
  function* cancelOverdue(tx: Tx, now: Date): Steps<number> {
    const overdue = yield* tx.run(statements.lockOverdue, { now, known: knownKinds() })
    if (overdue.length === 0) return 0
    // bounded: by the hooks
    for (const [hook, group] of Map.groupBy(overdue, (task) => policyOf(task.kind).cancelled))
      if (hook) yield* hook(tx, group, now)
    yield* transition(
      tx,
      overdue.map((task) => ({ id: task.id, state: 'cancelled', error: 'expired before anyone took it' })),
      now,
    )
    yield* brokerQueue.forgetMessages(tx, overdue)
    return overdue.length
  }

  /** Repeats a part in transactions of its own until it finds less than a full set; answers the sum. */
  const exhaust = async (part: (tx: Tx, now: Date) => Steps<number>): Promise<number> => {
    for (let total = 0; ; ) {
      const count = await db.tx((tx) => part(tx, nowDate()))
      total += count
      if (count < REAP_MAX) return total
    }
  }

  /** One sweep: ends expired leases and overdue tasks, and announces delayed tasks that have become ready. */
  const sweep = async (): Promise<{ expired: number }> => {
    await clockWatch.settle()
    const expired = await exhaust(reapExpired)
    await exhaust(cancelOverdue)
    // What a domain provides has no task yet; a waiting lease finds out whether there is anything.
    const provided = knownKinds().filter((kind) => policies.get(kind)?.provide)
    const known = knownKinds().filter((kind) => !policies.get(kind)?.provide)
    const ready = [...provided, ...(await statements.readyKinds.all({ known, now: nowDate() })).map(({ kind }) => kind)]
    // Here alone: every process sweeps. It is also how a waiter gets its task whose event another process sent in vain.
    if (ready.length > 0) bus.publishHere(TASKS_READY, { kinds: ready })
    return { expired }
  }

  /**
   * Ends the leases of holders whose names begin with `prefix` and that are known to be gone: the next sweep queues their tasks again,
   * instead of after the rest of the lease. `kinds` are those that such holders work on.
   */
  const releaseLeasesByOwnerPrefix = (prefix: string, kinds: readonly string[] = knownKinds()): Promise<number> =>
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

  return { reapExpired, reapKind, sweep, releaseLeasesByOwnerPrefix }
}
export type Reaper = ReturnType<typeof createReaper>
