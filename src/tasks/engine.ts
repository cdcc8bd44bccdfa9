import type { Steps, Tx } from '../platform/db/index.ts'
import { createAdmin } from './admin.ts'
import { createContext, type EngineDeps } from './context.ts'
import { createDomainApi } from './domain.ts'
import { createGroupCaps } from './group-caps.ts'
import { createLeasing } from './leasing.ts'
import type { Refusal, Transition } from './model.ts'
import { createReaper } from './reaper.ts'
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
    lockTasks: context.lockTasks,
    /** Moves tasks that the caller has locked (`lockTasks`) as their domain says; a queued one is offered from its `runAfter` on. */
    *transition(tx: Tx, items: Transition[], now = nowDate()): Steps<void> {
      yield* context.transition(tx, items, now)
    },
    /** Prolongs the leases of tasks that the caller has locked, each by its own length. */
    *prolong(tx: Tx, ids: string[], now = nowDate()): Steps<void> {
      yield* context.prolong(tx, ids, now)
    },
    register: context.register,
    policyOf: context.policyOf,
    /** Whether tasks of this kind are announced in a queue of the broker. */
    announces: (kind: string) => brokerQueue.queueOf(kind) !== undefined,
    /** Queues in which kinds are announced. */
    queues: brokerQueue.queues,
    notifyWaiters: brokerQueue.notifyWaiters,
    reconcileOutbox: () => brokerQueue.reconcileOutbox(nowDate()),
    send: brokerQueue.send,
    isSending: brokerQueue.isSending,
    published: brokerQueue.published,
    setGroup: (group: Parameters<typeof groups.set>[1]) => db.tx((tx) => groups.set(tx, group, nowDate())),
  }
}

export type Engine = ReturnType<typeof createEngine>
export const isRefusal = (answer: object): answer is Refusal => 'code' in answer && 'message' in answer
