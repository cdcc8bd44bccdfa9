import type { Steps, Tx } from '../platform/db/index.ts'
import { createContext, type EngineDeps } from './context.ts'
import { createEndings } from './endings.ts'
import { setGroup } from './leasing.ts'
import type { NewTask, Refusal, Transition } from './model.ts'
import { createOperator } from './operator.ts'
import { createVerbs } from './verbs.ts'

/**
 * The durable task engine (DESIGN §4). At least once: a task is offered again when its lease ends without a word; the fence makes
 * its effect once. Every verb names the kinds it may touch, so that a family never reaches another's tasks.
 */
export const createEngine = (deps: EngineDeps) => {
  const context = createContext(deps)
  const { db, policyOf, nowDate, announceReady, insert, lockTasks, announced } = context
  const { endExpired, ...endings } = createEndings(context)

  /** Inserts tasks in the caller's transaction. Answers the ids of those inserted; a live one with the same dedupe key wins. */
  function* enqueue(tx: Tx, news: NewTask[], now = nowDate()): Steps<string[]> {
    if (news.length === 0) return []
    const inserted = yield* insert(tx, news, now)
    announceReady(
      tx,
      news.map((task) => task.kind),
    )
    return inserted
  }

  return {
    enqueue,
    ...createVerbs(context, { endExpired }),
    ...endings,
    ...createOperator(context),
    lockTasks,
    /** Moves tasks that the caller has locked (`lockTasks`) as their domain says; a queued one is offered from its `runAfter` on. */
    *transition(tx: Tx, items: Transition[], now = nowDate()): Steps<void> {
      yield* context.transition(tx, items, now)
    },
    /** Prolongs the leases of tasks that the caller has locked, each by its own length. */
    *prolong(tx: Tx, ids: string[], now = nowDate()): Steps<void> {
      yield* context.prolong(tx, ids, now)
    },
    /** Whether tasks of this kind are announced in a queue of the broker. */
    announces: (kind: string) => announced.queueOf(kind) !== undefined,
    /** Queues in which kinds are announced. */
    queues: announced.queues,
    reached: announced.reached,
    adopt: () => announced.adopt(nowDate()),
    send: announced.send,
    isSending: announced.isSending,
    published: announced.published,
    setGroup: (group: Parameters<typeof setGroup>[2]) => db.tx((tx) => setGroup(db, tx, group, nowDate())),
    policyOf,
  }
}

export type Engine = ReturnType<typeof createEngine>
export const isRefusal = (answer: object): answer is Refusal => 'code' in answer && 'message' in answer
