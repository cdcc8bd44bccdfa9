import type { Steps, Tx } from '../../platform/db/index.ts'
import { digest } from '../fields.ts'
import type { TasksRepository } from './repository.ts'

const DAY_MS = 24 * 3_600_000
const SAME_MOMENT_MS = 10 * 60_000

/** Updates that were taken once (§9). Requests with an Idempotency-Key are `creation.ts`'s. */
export const createReceipts = (repository: TasksRepository) => {
  const { statements } = repository

  return {
    /**
     * Whether an update of a task is the first of its kind: by name or key for a day, by its moment and text for ten minutes.
     * A caller that throws afterwards takes this back with its transaction.
     */
    *isFirst(tx: Tx, taskId: string, marks: { updateId?: string; key?: string; moment?: string }, now: number): Steps<boolean> {
      let first = true
      const wanted: [string, number][] = []
      if (marks.updateId !== undefined) wanted.push([digest('update', taskId, marks.updateId), DAY_MS])
      if (marks.key !== undefined) wanted.push([digest('update-key', taskId, marks.key), DAY_MS])
      if (marks.moment !== undefined) wanted.push([digest('moment', taskId, marks.moment), SAME_MOMENT_MS])
      // bounded: by the three marks
      for (const [key, keepMs] of wanted) {
        const taken = yield* tx.run(statements.takeReceipt, { key, taskId, expiresAt: now + keepMs, now })
        if (taken.length === 0) first = false
      }
      return first
    },
  }
}
export type Receipts = ReturnType<typeof createReceipts>
