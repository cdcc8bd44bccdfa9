import type { Steps, Tx } from '../../platform/db/index.ts'
import { digest } from '../fields.ts'
import type { TasksRepository } from './repository.ts'

const DAY_MS = 24 * 3_600_000
const SAME_MOMENT_MS = 10 * 60_000

/** What an update is known by when it comes again: `key` is a digest, kept for `keepMs`. */
export interface Mark {
  taskId: string
  key: string
  keepMs: number
}

/** The marks of an update: by name or key for a day, by its moment and text for ten minutes (§9). */
export const marksOf = (taskId: string, marks: { updateId?: string; key?: string; moment?: string }): Mark[] => {
  const made: Mark[] = []
  const add = (keepMs: number, kind: string, value: string | undefined) => {
    if (value !== undefined) made.push({ taskId, key: digest(kind, taskId, value), keepMs })
  }
  add(DAY_MS, 'update', marks.updateId)
  add(DAY_MS, 'update-key', marks.key)
  add(SAME_MOMENT_MS, 'moment', marks.moment)
  return made
}

/**
 * Updates that were taken once (§9). A task's marks are read and kept under the lock of the task. Requests with an Idempotency-Key are
 * `creation.ts`'s.
 */
export const createReceipts = ({ statements, keepReceipts }: TasksRepository) => ({
  /** Of these marks, the keys that are kept already. */
  *known(tx: Tx, marks: readonly Mark[], now: number): Steps<Set<string>> {
    if (marks.length === 0) return new Set()
    const rows = yield* tx.run(statements.knownReceipts, { keys: JSON.stringify(marks.map(({ key }) => key)), now })
    return new Set(rows.map(({ key }) => key))
  },
  *keep(tx: Tx, marks: readonly Mark[], now: number): Steps<void> {
    if (marks.length > 0)
      yield* keepReceipts(
        tx,
        marks.map(({ key, taskId, keepMs }) => [key, taskId, now + keepMs]),
      )
  },
})
export type Receipts = ReturnType<typeof createReceipts>
