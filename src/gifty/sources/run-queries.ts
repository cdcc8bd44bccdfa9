import { and, asc, desc, eq, gt, inArray, lte, ne } from 'drizzle-orm'
import { type Db, param, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { isOpen, type RunChange, type RunRow, sourcesColumns, type Tables } from './row.ts'

/** Runs while they live: the open and the newest of a source, those of tasks, those without a word. */
export const runQueries = (db: Db) => {
  const { runs, runColumns } = sourcesColumns(db)
  const openRun = db.prepare<RunRow>('run_open', (queries) =>
    queries
      .select(runColumns)
      .from(runs)
      .where(and(eq(runs.sourceId, param('id')), isOpen(runs))),
  )
  const newestRun = db.prepare<RunRow>('run_newest', (queries) =>
    queries
      .select(runColumns)
      .from(runs)
      .where(and(eq(runs.sourceId, param('id')), ne(runs.status, 'skipped')))
      .orderBy(desc(runs.id))
      .limit(1),
  )

  return {
    /** The hot ones, for a look at their plans. */
    statements: { openRun, newestRun },
    openRun: async (sourceId: number): Promise<RunRow | undefined> => (await openRun.all({ id: sourceId }))[0],
    *openRunInside(tx: Tx, sourceId: number): Steps<RunRow | undefined> {
      return (yield* tx.run(openRun, { id: sourceId }))[0]
    },
    newestRun: async (sourceId: number): Promise<RunRow | undefined> => (await newestRun.all({ id: sourceId }))[0],
    *newestRunInside(tx: Tx, sourceId: number): Steps<RunRow | undefined> {
      return (yield* tx.run(newestRun, { id: sourceId }))[0]
    },
    *run(tx: Tx, id: number): Steps<RunRow | undefined> {
      return (yield* q(tx.select(runColumns).from(runs).where(eq(runs.id, id))))[0]
    },
    *runsOfTasks(tx: Tx, taskIds: string[]): Steps<RunRow[]> {
      if (taskIds.length === 0) return []
      return yield* q(tx.select(runColumns).from(runs).where(inArray(runs.taskId, taskIds)).orderBy(asc(runs.id)))
    },
    *insertRun(tx: Tx, row: Tables['parsingRuns']['$inferInsert']): Steps<RunRow> {
      return (yield* q(tx.insert(runs).values(row).returning(runColumns)))[0] as RunRow
    },
    *updateRun(tx: Tx, id: number, change: RunChange): Steps<RunRow> {
      return (yield* q(tx.update(runs).set(change).where(eq(runs.id, id)).returning(runColumns)))[0] as RunRow
    },
    *moveRunsToSite(tx: Tx, sourceId: number, siteKey: string): Steps<void> {
      yield tx.update(runs).set({ siteKey }).where(eq(runs.sourceId, sourceId)).returning({ id: runs.id })
    },
    *deleteRun(tx: Tx, id: number): Steps<void> {
      yield tx.delete(runs).where(eq(runs.id, id)).returning({ id: runs.id })
    },
    /** Running runs without a word since `before`, by id. */
    *idleRuns(tx: Tx, before: Date, afterId: number, limit: number): Steps<RunRow[]> {
      return yield* q(
        tx
          .select(runColumns)
          .from(runs)
          .where(and(isOpen(runs), eq(runs.status, 'running'), lte(runs.lastActivityAt, before), gt(runs.id, afterId)))
          .orderBy(asc(runs.id))
          .limit(limit),
      )
    },
    /** Queued runs that have not changed since `before`, by id. */
    *waitingRuns(tx: Tx, before: Date, afterId: number, limit: number): Steps<RunRow[]> {
      return yield* q(
        tx
          .select(runColumns)
          .from(runs)
          .where(and(isOpen(runs), eq(runs.status, 'queued'), lte(runs.lastActivityAt, before), gt(runs.id, afterId)))
          .orderBy(asc(runs.id))
          .limit(limit),
      )
    },
    /** The only running run among a site's sources, if it is the only one. */
    *onlyRunningOfSite(tx: Tx, siteKey: string): Steps<RunRow | undefined> {
      const found = yield* q(
        tx
          .select(runColumns)
          .from(runs)
          .where(and(eq(runs.siteKey, siteKey), eq(runs.status, 'running')))
          .limit(2),
      )
      return found.length === 1 ? found[0] : undefined
    },
  }
}
