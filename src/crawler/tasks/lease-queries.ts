import { and, asc, eq, inArray, lte, sql } from 'drizzle-orm'
import { bytewise, type Db, param, type Queries } from '../../platform/db/index.ts'
import type { TaskRow } from './row.ts'
import { tasksTables } from './tables.ts'

/** What leasing asks of the tasks (§10). Conditions of partial indices stand literally, or no planner would use them. */
export const leaseQueries = (db: Db) => {
  const { tasks } = tasksTables(db.kit)
  const skipLocked = (select: any): any => (db.dialect === 'postgres' ? select.for('update', { skipLocked: true }) : select)
  const ready = sql`${tasks.status} in ('queued', 'credential_renewed') and ${tasks.leasable} = 1`
  const id = bytewise(db, tasks.id)
  const offered = () =>
    and(
      ready,
      lte(tasks.availableAt, param('now')),
      sql`(${tasks.leaseExpiresAt} is null or ${tasks.leaseExpiresAt} <= ${param('now')})`,
    )
  const inOrder = (queries: Queries, ofType: boolean) =>
    skipLocked(
      queries
        .select()
        .from(tasks)
        .where(ofType ? and(eq(tasks.taskType, param('type')), offered()) : offered())
        .orderBy(sql`${tasks.priority} desc`, asc(tasks.createdAt), sql`${id}`)
        .limit(sql.placeholder('max')),
    )
  return {
    /** Tasks on the offer in lease order, locked. */
    ready: db.prepare<TaskRow>('crawler_ready', (queries) => inOrder(queries, false)),
    readyOfType: db.prepare<TaskRow>('crawler_ready_type', (queries) => inOrder(queries, true)),
    readyTypeExists: db.prepare<{ one: number }>('crawler_ready_exists', (queries) =>
      queries
        .select({ one: sql<number>`1` })
        .from(tasks)
        .where(and(ready, eq(tasks.taskType, param('type')), lte(tasks.availableAt, param('now'))))
        .limit(1),
    ),
    /** Tasks whose lease has run out, locked. */
    expired: db.prepare<TaskRow>('crawler_expired', (queries) =>
      skipLocked(
        queries
          .select()
          .from(tasks)
          .where(and(sql`${tasks.leaseExpiresAt} is not null`, lte(tasks.leaseExpiresAt, param('now'))))
          .orderBy(id)
          .limit(sql.placeholder('max')),
      ),
    ),
    /** Running tasks without a lease and without a word for long, locked. */
    silent: db.prepare<TaskRow>('crawler_silent', (queries) =>
      skipLocked(
        queries
          .select()
          .from(tasks)
          .where(and(sql`${tasks.status} = 'running' and ${tasks.leaseExpiresAt} is null`, lte(tasks.activeAt, param('before'))))
          .orderBy(asc(tasks.activeAt))
          .limit(sql.placeholder('max')),
      ),
    ),
    /** Tasks of an account that wait for its credentials, locked. */
    waiting: db.prepare<TaskRow>('crawler_waiting', (queries) => {
      const select = queries
        .select()
        .from(tasks)
        .where(
          and(
            eq(tasks.accountId, param('accountId')),
            inArray(tasks.status, ['credential_expired', 'waiting_credential_renewal']),
          ),
        )
        .orderBy(id)
      return (db.dialect === 'postgres' ? (select as any).for('update') : select) as typeof select
    }),
    ofAccount: db.prepare<TaskRow>('crawler_of_account', (queries) => {
      const select = queries
        .select()
        .from(tasks)
        .where(eq(tasks.accountId, param('accountId')))
        .orderBy(id)
      return (db.dialect === 'postgres' ? (select as any).for('update') : select) as typeof select
    }),
  }
}
export type LeaseQueries = ReturnType<typeof leaseQueries>
