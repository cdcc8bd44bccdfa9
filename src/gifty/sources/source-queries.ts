import { and, asc, desc, eq, gt, inArray, lte, notInArray, or, sql } from 'drizzle-orm'
import { type Db, param, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { UNSCHEDULED } from './model.ts'
import { isOpen, type SourceChange, type SourceRow, sourcesColumns, type Tables, urlHash } from './row.ts'

/** Sources themselves: one by one, as lists, and those that are due. */
export const sourceQueries = (db: Db) => {
  const { sources, sourceColumns, lastLogs, runs, logs } = sourcesColumns(db)
  const find = db.prepare<SourceRow & { lastLogs: string | null }>('source_find', (queries) =>
    queries
      .select()
      .from(sources)
      .where(eq(sources.id, param('id'))),
  )
  const lock = db.prepare<SourceRow>('source_lock', (queries) => {
    const select = queries
      .select(sourceColumns)
      .from(sources)
      .where(eq(sources.id, param('id')))
    return (db.dialect === 'postgres' ? select.for('update') : select) as typeof select
  })

  return {
    /** With its logs, for the detail. */
    find: async (id: number): Promise<(SourceRow & { lastLogs: string | null }) | undefined> => (await find.all({ id }))[0],
    /** The logs a source shows, and those of a run. */
    *logsOf(tx: Tx, of: { sourceId: number } | { runId: number }): Steps<string | null> {
      if ('runId' in of) return (yield* q(tx.select({ logs }).from(runs).where(eq(runs.id, of.runId))))[0]?.logs ?? null
      return (yield* q(tx.select({ logs: lastLogs }).from(sources).where(eq(sources.id, of.sourceId))))[0]?.logs ?? null
    },
    /** The row, locked until the transaction ends: whoever changes a source or its runs holds this first. */
    *lock(tx: Tx, id: number): Steps<SourceRow | undefined> {
      return (yield* tx.run(lock, { id }))[0]
    },
    *lockByUrl(tx: Tx, url: string): Steps<SourceRow | undefined> {
      return (yield* q(
        tx.forUpdate(
          tx
            .select(sourceColumns)
            .from(sources)
            .where(eq(sources.urlHash, urlHash(url))),
        ),
      ))[0]
    },
    *lockMany(tx: Tx, ids: number[]): Steps<SourceRow[]> {
      if (ids.length === 0) return []
      return yield* q(
        tx.forUpdate(tx.select(sourceColumns).from(sources).where(inArray(sources.id, ids)).orderBy(asc(sources.id))),
      )
    },
    *insert(tx: Tx, row: Tables['parsingSources']['$inferInsert']): Steps<SourceRow> {
      return (yield* q(tx.insert(sources).values(row).returning(sourceColumns)))[0] as SourceRow
    },
    *update(tx: Tx, id: number, change: SourceChange): Steps<SourceRow> {
      return (yield* q(tx.update(sources).set(change).where(eq(sources.id, id)).returning(sourceColumns)))[0] as SourceRow
    },
    list: (filter: {
      siteKey?: string
      status?: string
      isActive?: boolean
      afterId?: number
      limit: number
    }): Promise<SourceRow[]> =>
      db.q
        .select(sourceColumns)
        .from(sources)
        .where(
          and(
            filter.siteKey === undefined ? undefined : eq(sources.siteKey, filter.siteKey),
            filter.status === undefined ? undefined : eq(sources.status, filter.status),
            filter.isActive === undefined ? undefined : eq(sources.isActive, filter.isActive),
            filter.afterId === undefined ? undefined : gt(sources.id, filter.afterId),
          ),
        )
        .orderBy(asc(sources.id))
        .limit(filter.limit),
    /** Due sources in dispatch order (gifty §2.5), locked; those another process holds are left to it. */
    *due(tx: Tx, now: Date, limit: number): Steps<SourceRow[]> {
      const open = tx
        .select({ one: sql`1` })
        .from(runs)
        .where(and(eq(runs.sourceId, sources.id), isOpen(runs)))
      return yield* q(
        tx.skipLocked(
          tx
            .select(sourceColumns)
            .from(sources)
            .where(
              and(
                // Literally the index's condition: a bound parameter would keep SQLite from using it.
                sql`${sources.isActive}`,
                lte(sources.nextSyncAt, now),
                notInArray(sources.status, [...UNSCHEDULED]),
                or(sql`${sources.schedule} is not null`, sql`not exists ${open}`),
              ),
            )
            .orderBy(desc(sources.priority), asc(sources.nextSyncAt), asc(sources.id))
            .limit(limit),
        ),
      )
    },
  }
}
