import { and, asc, eq, getTableColumns, inArray, lte, sql } from 'drizzle-orm'
import { type Db, inJsonList, param, type Queries } from '../../platform/db/index.ts'
import { leaseSource } from '../../tasks/index.ts'
import type { LeaseRow, TaskRow } from './row.ts'
import { isRunning, tasksTables } from './tables.ts'

/**
 * Tasks joined with those of the engine, so that who may do what with one is read and locked in one statement. The engine's row is
 * locked before its own, and sets in the order of the engine's ids, as the engine does.
 */
export const joinedQueries = (db: Db) => {
  const { tasks } = tasksTables(db.kit)
  const { tasks: engineTasks, columns: leaseColumns } = leaseSource(db.kit)
  const { attempts, maxAttempts, fence, availableAt, ...own } = getTableColumns(tasks)
  const columns = { ...own, ...leaseColumns }
  const pair = eq(engineTasks.id, tasks.engineTaskId)
  const joined = (queries: Queries) => queries.select(columns).from(engineTasks).innerJoin(tasks, pair)

  return {
    /** Without a lock; the engine's columns are null in a row that is not adopted yet. */
    get: db.prepare<TaskRow | { [name in keyof TaskRow]: null }>(
      'crawler_task_get',
      (queries) =>
        queries
          .select(columns)
          .from(tasks)
          .leftJoin(engineTasks, pair)
          .where(eq(tasks.id, param('id'))) as any,
    ),
    lock: db.prepare<TaskRow>('crawler_task_lock', (queries) => db.forUpdate(joined(queries).where(eq(tasks.id, param('id'))))),
    lockMany: db.prepare<TaskRow>('crawler_tasks_lock', (queries) =>
      db.forUpdate(
        joined(queries)
          .where(inJsonList(db, tasks.id, 'ids'))
          .orderBy(asc(engineTasks.id)),
      ),
    ),
    lockLeases: db.prepare<LeaseRow>('crawler_leases_lock', (queries) =>
      db.forUpdate(
        queries
          .select({ id: own.id, status: own.status, engineTaskId: own.engineTaskId, ...leaseColumns })
          .from(engineTasks)
          .innerJoin(tasks, pair)
          .where(inJsonList(db, tasks.id, 'ids'))
          .orderBy(asc(engineTasks.id)),
      ),
    ),
    /** Running tasks of which nothing was heard since `before`, locked; those under a lease as well. */
    quiet: db.prepare<TaskRow>('crawler_quiet', (queries) =>
      db.skipLocked(
        joined(queries)
          .where(and(isRunning(tasks.status), lte(tasks.activeAt, param('before'))))
          .orderBy(asc(tasks.activeAt))
          .limit(sql.placeholder('max')),
      ),
    ),
    /** Tasks that the release before has put back in the queue and that the engine does not offer, locked. */
    unoffered: db.prepare<TaskRow>('crawler_unoffered', (queries) =>
      db.skipLocked(
        joined(queries)
          .where(
            and(
              inArray(tasks.status, ['queued', 'credential_renewed']),
              inArray(engineTasks.state, ['paused', 'completed', 'failed', 'cancelled', 'dead']),
            ),
          )
          .limit(sql.placeholder('max')),
      ),
    ),
    /** Tasks of an account that wait for its credentials, locked. */
    waiting: db.prepare<TaskRow>('crawler_waiting', (queries) =>
      db.forUpdate(
        joined(queries)
          .where(
            and(
              eq(tasks.accountId, param('accountId')),
              inArray(tasks.status, ['credential_expired', 'waiting_credential_renewal']),
            ),
          )
          .orderBy(asc(engineTasks.id)),
      ),
    ),
    ofAccount: db.prepare<TaskRow>('crawler_of_account', (queries) =>
      db.forUpdate(
        joined(queries)
          .where(eq(tasks.accountId, param('accountId')))
          .orderBy(asc(engineTasks.id)),
      ),
    ),
  }
}
export type JoinedQueries = ReturnType<typeof joinedQueries>
