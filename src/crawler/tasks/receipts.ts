import { AppError } from '../../errors.ts'
import type { Steps, Tx } from '../../platform/db/index.ts'
import { digest } from '../fields.ts'
import type { TasksRepository } from './repository.ts'

const DAY_MS = 24 * 3_600_000
const SAME_MOMENT_MS = 10 * 60_000

/** What was taken once: requests with an Idempotency-Key (§7.4), updates with a name of their own (§9). */
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
      for (const [key, keepMs] of wanted) {
        const taken = yield* tx.run(statements.takeReceipt, { key, taskId, bodyHash: null, expiresAt: now + keepMs, now })
        if (taken.length === 0) first = false
      }
      return first
    },
    /**
     * Runs `effect` for the first request of a key, and answers what that one answered to all later ones. A failing effect is
     * forgotten. Concurrent requests wait here for the first one.
     * @throws AppError 409 IDEMPOTENCY_CONFLICT for another body
     */
    *once<T>(
      tx: Tx,
      request: { scope: string; key: string | undefined; bodyHash: string },
      now: number,
      effect: (tx: Tx, keep: (answer: T) => Steps<void>) => Steps<T>,
    ): Steps<{ answer: T; replayed: boolean }> {
      if (request.key === undefined) return { answer: yield* effect(tx, function* () {}), replayed: false }
      const key = digest(request.scope, request.key)
      const { bodyHash } = request
      const taken = yield* tx.run(statements.takeReceipt, { key, taskId: null, bodyHash, expiresAt: now + DAY_MS, now })
      if (taken.length > 0) {
        const answer = yield* effect(tx, function* (kept) {
          yield* tx.run(statements.answerReceipt, { key, response: JSON.stringify(kept) })
        })
        return { answer, replayed: false }
      }
      const [known] = yield* tx.run(statements.getReceipt, { key })
      if (!known || known.bodyHash !== bodyHash || known.response === null)
        throw new AppError('IDEMPOTENCY_CONFLICT', 409, 'Idempotency key was used with a different request')
      return { answer: JSON.parse(known.response), replayed: true }
    },
  }
}
export type Receipts = ReturnType<typeof createReceipts>
