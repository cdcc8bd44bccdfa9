import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { createAdoption } from '../../tasks/adoption.ts'
import { kindOf } from './kinds.ts'
import { engineStateOf } from './row.ts'

/** Gives rows of the release before, which kept leases in them, their tasks of the engine. */
export const createTaskAdoption = (db: Db, clock: Clock) => {
  const adoption = createAdoption({
    db,
    table: 'crawler_tasks',
    columns: ['task_type', 'status', 'failure_kind', 'priority', 'created_at'],
    taskOf: (row) => ({
      kind: kindOf(row.task_type),
      payload: { task_id: row.id },
      priority: row.priority,
      state: engineStateOf({ status: row.status, failureKind: row.failure_kind }),
      createdAt: Number(row.created_at),
    }),
  })
  return {
    /** Whether there was one among these ids. */
    *adoptThese(tx: Tx, ids: string[]): Steps<boolean> {
      return (yield* adoption.adoptThese(tx, ids, new Date(clock.now()))) > 0
    },
    adopt: (): Promise<void> => adoption.adopt(new Date(clock.now())),
  }
}
export type Adoption = ReturnType<typeof createTaskAdoption>
