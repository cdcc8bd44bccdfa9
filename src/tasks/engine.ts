import type { Steps, Tx } from '../platform/db/index.ts'
import { createAdmin } from './admin.ts'
import { createContext, type EngineContext, type EngineDeps, isFinished } from './context.ts'
import { createGroupCaps } from './lease-statements.ts'
import { createLeasing } from './leasing.ts'
import type { Task, TaskChange } from './model.ts'
import { createReaper } from './reaper.ts'
import { createTaskQueries } from './task-queries.ts'
import { createWorkerApi } from './worker-api.ts'

/**
 * The durable task engine (architecture §6). At least once: a task is offered again when its lease ends without a verdict; the fence makes
 * its effect once. Every verb names the kinds it may touch, so that a family never reaches another's tasks.
 */
export const createEngine = (deps: EngineDeps) => {
  const context = createContext(deps)
  const { db, nowDate, brokerQueue } = context
  const { reapExpired, ...reaper } = createReaper(context)
  const groups = createGroupCaps(db, context.statements)

  return {
    ...createDomainApi(context),
    ...createLeasing(context, { reapExpired }),
    ...createWorkerApi(context),
    ...reaper,
    ...createAdmin(context),
    ...createTaskQueries(context),
    collectChanges: context.collectChanges,
    enqueue: context.enqueue,
    lockTasks: context.lockTasks,
    transition: context.transition,
    prolong: context.prolong,
    register: context.register,
    policyOf: context.policyOf,
    knownKinds: context.knownKinds,
    /** Whether tasks of this kind are announced in a queue of the broker. */
    announces: brokerQueue.announces,
    /** Queues in which kinds are announced. */
    queues: brokerQueue.queues,
    notifyWaiters: brokerQueue.notifyWaiters,
    reconcileOutbox: () => brokerQueue.reconcileOutbox(nowDate()),
    send: brokerQueue.send,
    isSending: brokerQueue.isSending,
    published: brokerQueue.published,
    /** Caps of groups whose key begins so, by key. */
    capsOf: groups.capsOf,
    setGroup: (group: Parameters<typeof groups.set>[1]) => db.tx((tx) => groups.set(tx, group, nowDate())),
  }
}

export type Engine = ReturnType<typeof createEngine>

/** What a domain does to its own tasks in its own transaction, because its rows say so (reports, switches, changes of a source). */
const createDomainApi = (context: EngineContext) => {
  const { brokerQueue, announceReady, lockTasks, transition } = context

  /** Ends live tasks because their domain has closed the matter; a later verb of a holder is answered as done. */
  function* finishExternally(
    tx: Tx,
    ends: readonly { id: string; state: 'completed' | 'failed' | 'cancelled' | 'dead'; error?: string | null }[],
    now: Date,
  ): Steps<void> {
    if (ends.length === 0) return
    const found = yield* lockTasks(
      tx,
      ends.map(({ id }) => id),
    )
    const live = ends.flatMap((end) => {
      const task = found.get(end.id)
      return task && !isFinished(task.state) ? [{ task, end }] : []
    })
    yield* transition(
      tx,
      live.map(({ end }) => ({ ...end, lastEnd: 'report' as const })),
      now,
    )
    yield* brokerQueue.forgetMessages(
      tx,
      live.map(({ task }) => task),
    )
  }

  /**
   * Cancels queued tasks that are not needed any more; a later verdict of an earlier holder is refused as stale. Answers the ids of those
   * that no worker holds now.
   */
  function* cancelQueued(tx: Tx, ids: readonly string[], error: string, now: Date): Steps<Set<string>> {
    const found = yield* lockTasks(tx, ids)
    const idle = ids.filter((id) => !['leased', 'cancelling'].includes(found.get(id)?.state ?? ''))
    const waiting = idle.flatMap((id) => {
      const task = found.get(id)
      return task && !isFinished(task.state) ? [task] : []
    })
    yield* transition(
      tx,
      waiting.map(({ id }) => ({ id, state: 'cancelled' as const, error })),
      now,
    )
    yield* brokerQueue.forgetMessages(tx, waiting)
    return new Set(idle)
  }

  /** Takes queued tasks off the offer, because they are worked on without a lease; `finishExternally` ends them. */
  function* pauseQueued(tx: Tx, ids: readonly string[], now: Date): Steps<void> {
    const queued = [...(yield* lockTasks(tx, ids)).values()].filter((task) => task.state === 'queued')
    yield* transition(
      tx,
      queued.map(({ id }) => ({ id, state: 'paused' as const })),
      now,
    )
    yield* brokerQueue.forgetMessages(tx, queued)
  }

  /**
   * Changes queued tasks. Answers for each id: `changed`; `late` when it is not queued any more; `published` when its message may have
   * been sent, so that a consumer may still read the old payload.
   */
  function* changeQueued(
    tx: Tx,
    changes: ReadonlyMap<string, TaskChange>,
    now: Date,
  ): Steps<Map<string, 'changed' | 'late' | 'published'>> {
    const found = yield* lockTasks(tx, [...changes.keys()])
    const answers = new Map<string, 'changed' | 'late' | 'published'>()
    const wanted: { before: Task; after: Task }[] = []
    for (const [id, change] of changes) {
      const before = found.get(id)
      if (before?.state === 'queued') wanted.push({ before, after: { ...before, ...change } })
      else answers.set(id, 'late')
    }
    const announcedBefore = wanted.filter(({ before }) => brokerQueue.announces(before.kind))
    const stay = announcedBefore.filter(({ after }) => brokerQueue.announces(after.kind))
    const leave = announcedBefore.filter(({ after }) => !brokerQueue.announces(after.kind))
    const sent = new Set(
      yield* brokerQueue.rewriteMessages(
        tx,
        stay.map(({ after }) => after),
      ),
    )
    for (const id of yield* brokerQueue.withdrawMessages(
      tx,
      leave.map(({ before }) => before),
    ))
      sent.add(id)
    const changed = wanted.filter(({ before }) => !sent.has(before.id)).map(({ after }) => after)
    for (const { before } of wanted) answers.set(before.id, sent.has(before.id) ? 'published' : 'changed')
    yield* context.rewrite(tx, changed, now)
    const stayed = new Set(stay.map(({ after }) => after.id))
    yield* brokerQueue.enqueueMessages(
      tx,
      changed.filter((task) => !stayed.has(task.id)),
    )
    announceReady(tx, changed)
    return answers
  }

  /** Deletes a task with its message: one that no worker has seen, or whose domain deletes the row it belongs to. */
  function* deleteTask(tx: Tx, task: Pick<Task, 'id' | 'kind'>): Steps<void> {
    yield* brokerQueue.forgetMessages(tx, [task])
    yield* tx.run(context.statements.remove, { ids: [task.id] })
  }

  return { finishExternally, cancelQueued, pauseQueued, changeQueued, deleteTask }
}
