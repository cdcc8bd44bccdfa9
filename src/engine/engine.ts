import { q, type Steps, type Tx } from '../platform/db/index.ts'
import { createId } from '../platform/ids.ts'
import { createContext, type EngineDeps } from './context.ts'
import { createEndings } from './endings.ts'
import { setGroup } from './leasing.ts'
import type { NewTask, Refusal } from './model.ts'
import { createOperator } from './operator.ts'
import { createVerbs } from './verbs.ts'

/**
 * The durable task engine (DESIGN §4). At least once: a task is offered again when its lease ends without a word; the fence makes
 * its effect once. Every verb names the kinds it may touch, so that a family never reaches another's tasks.
 */
export const createEngine = (deps: EngineDeps) => {
  const context = createContext(deps)
  const { db, clock, tasks, policyOf, nowDate, announceReady, lockTasks } = context
  const { endExpired, ...endings } = createEndings(context)

  /** Inserts tasks in the caller's transaction. Answers the ids of those inserted; a live one with the same dedupe key wins. */
  function* enqueue(tx: Tx, news: NewTask[], now = nowDate()): Steps<string[]> {
    if (news.length === 0) return []
    const rows = news.map((task) => ({
      id: task.id ?? createId(clock),
      kind: task.kind,
      payload: task.payload,
      priority: task.priority ?? 10,
      state: 'queued' as const,
      runAfter: task.runAfter ?? now,
      maxAttempts: policyOf(task.kind).maxAttempts,
      dedupeKey: task.dedupeKey ?? null,
      groupKey: task.groupKey ?? null,
      expiresAt: task.expiresAt ?? null,
      createdAt: now,
      updatedAt: now,
    }))
    const inserted: string[] = []
    for (let from = 0; from < rows.length; from += 500) {
      const part = yield* q(
        tx
          .insert(tasks)
          .values(rows.slice(from, from + 500))
          .onConflictDoNothing()
          .returning({ id: tasks.id }),
      )
      inserted.push(...part.map((row) => row.id))
    }
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
    setGroup: (group: Parameters<typeof setGroup>[2]) => db.tx((tx) => setGroup(db, tx, group, nowDate())),
    policyOf,
  }
}

export type Engine = ReturnType<typeof createEngine>
export const isRefusal = (answer: object): answer is Refusal => 'code' in answer && 'message' in answer
