import { and, asc, desc, eq, getTableColumns, gt, inArray, lt, lte, ne, notInArray, or, type SQL, sql } from 'drizzle-orm'
import { type Db, param, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { UNSCHEDULED } from './model.ts'
import { sourcesTables } from './tables.ts'

type Tables = ReturnType<typeof sourcesTables>
/** A source as the domain works with it. Its logs can be long, so only who shows them reads them. */
export type SourceRow = Omit<Tables['parsingSources']['$inferSelect'], 'lastLogs'>
/** A run without its logs. */
export type RunRow = Omit<Tables['parsingRuns']['$inferSelect'], 'logs'>
/** A run as lists show it: without its logs, which can be 100,000 characters. */
export type RunSummary = Pick<
  RunRow,
  | 'id'
  | 'sourceId'
  | 'status'
  | 'strategy'
  | 'trigger'
  | 'reason'
  | 'error'
  | 'itemsScraped'
  | 'itemsNew'
  | 'itemsUpdated'
  | 'categoriesFound'
  | 'startedAt'
  | 'finishedAt'
  | 'createdAt'
>
export type SourceChange = Partial<Tables['parsingSources']['$inferInsert']>
export type RunChange = Partial<{
  [K in keyof Tables['parsingRuns']['$inferInsert']]: Tables['parsingRuns']['$inferInsert'][K] | SQL
}>

/** Literal, as the partial indices say it: with bound values neither dialect could use them. */
const isOpen = (runs: Tables['parsingRuns']): SQL => sql`${runs.status} in ('queued', 'running')`
/** A URL can be longer than what a btree key may hold. */
export const urlHash = (url: string): string => new Bun.CryptoHasher('sha256').update(url).digest('base64url')

/** Queries of sources and runs. Functions that take `tx` are steps of the caller's transaction. */
export const sourcesRepository = (db: Db) => {
  const { parsingSources: sources, parsingRuns: runs } = sourcesTables(db.kit)
  const { lastLogs, ...sourceColumns } = getTableColumns(sources)
  const { logs, ...runColumns } = getTableColumns(runs)
  const shownOfRun: { [K in keyof RunSummary]: (typeof runs)[K] } = {
    id: runs.id,
    sourceId: runs.sourceId,
    status: runs.status,
    strategy: runs.strategy,
    trigger: runs.trigger,
    reason: runs.reason,
    error: runs.error,
    itemsScraped: runs.itemsScraped,
    itemsNew: runs.itemsNew,
    itemsUpdated: runs.itemsUpdated,
    categoriesFound: runs.categoriesFound,
    startedAt: runs.startedAt,
    finishedAt: runs.finishedAt,
    createdAt: runs.createdAt,
  }
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
  const historyOfSource = db.prepare<RunSummary>('run_history', (queries) =>
    queries
      .select(shownOfRun)
      .from(runs)
      .where(eq(runs.sourceId, param('id')))
      .orderBy(desc(runs.id))
      .limit(50),
  )
  const historyOfSite = db.prepare<RunSummary>('run_history_site', (queries) =>
    queries
      .select(shownOfRun)
      .from(runs)
      .where(eq(runs.siteKey, param('site')))
      .orderBy(desc(runs.id))
      .limit(50),
  )
  const site = db.prepare<{
    running: number
    queued: number
    error: number
    broken: number
    lastSyncedAt: Date | null
    nextSyncAt: Date
  }>('source_site', (queries) =>
    queries
      .select({
        running: sql<number>`max(case when ${sources.status} = 'running' then 1 else 0 end)`.mapWith(Number),
        queued: sql<number>`max(case when ${sources.status} = 'queued' then 1 else 0 end)`.mapWith(Number),
        error: sql<number>`max(case when ${sources.status} = 'error' then 1 else 0 end)`.mapWith(Number),
        broken: sql<number>`max(case when ${sources.status} = 'broken' then 1 else 0 end)`.mapWith(Number),
        lastSyncedAt: sql<Date | null>`max(${sources.lastSyncedAt})`.mapWith(sources.lastSyncedAt),
        nextSyncAt: sql<Date>`min(${sources.nextSyncAt})`.mapWith(sources.nextSyncAt),
      })
      .from(sources)
      .where(eq(sources.siteKey, param('site'))),
  )
  const newSinceHubRun = db.statement<{ total: number | string | null }>(
    'run_new_since_hub',
    `select sum(items_new) as total from parsing_runs where site_key = :site and id >= (
       select max(id) from parsing_runs where site_key = :site and is_hub and status <> 'skipped')`,
  )

  return {
    /** The hot ones, for a look at their plans. */
    statements: { openRun, newestRun, historyOfSource },
    /** With its logs, for the detail. */
    find: async (id: number): Promise<(SourceRow & { lastLogs: string | null }) | undefined> => (await find.all({ id }))[0],
    /** The logs a source shows, and those of a run. */
    *logsOf(tx: Tx, of: { sourceId: number } | { runId: number }): Steps<string | null> {
      if ('runId' in of) return (yield* q(tx.select({ logs }).from(runs).where(eq(runs.id, of.runId))))[0]?.logs ?? null
      return (yield* q(tx.select({ logs: lastLogs }).from(sources).where(eq(sources.id, of.sourceId))))[0]?.logs ?? null
    },
    /** Makes waiting, active sources of those that are discovered. */
    *activate(tx: Tx, ids: number[], now: Date): Steps<void> {
      if (ids.length === 0) return
      yield tx
        .update(sources)
        .set({ isActive: true, status: 'waiting', nextSyncAt: now, updatedAt: now })
        .where(inArray(sources.id, ids))
        .returning({ id: sources.id })
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
    /** Inserts those whose URL is new; answers their rows. */
    *insertNew(tx: Tx, rows: Tables['parsingSources']['$inferInsert'][]): Steps<SourceRow[]> {
      const inserted: SourceRow[] = []
      for (let from = 0; from < rows.length; from += 200)
        inserted.push(
          ...(yield* q(
            tx
              .insert(sources)
              .values(rows.slice(from, from + 200))
              .onConflictDoNothing()
              .returning(),
          )),
        )
      return inserted
    },
    *update(tx: Tx, id: number, change: SourceChange): Steps<SourceRow> {
      return (yield* q(tx.update(sources).set(change).where(eq(sources.id, id)).returning(sourceColumns)))[0] as SourceRow
    },
    *moveRunsToSite(tx: Tx, sourceId: number, siteKey: string): Steps<void> {
      yield tx.update(runs).set({ siteKey }).where(eq(runs.sourceId, sourceId)).returning({ id: runs.id })
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
    backlog: (limit: number): Promise<SourceRow[]> =>
      db.q
        .select(sourceColumns)
        .from(sources)
        .where(eq(sources.status, 'discovered'))
        .orderBy(desc(sources.priority), asc(sources.createdAt), asc(sources.id))
        .limit(limit),
    backlogTotal: async (): Promise<number> =>
      (
        await db.q
          .select({ total: sql<number>`count(*)`.mapWith(Number) })
          .from(sources)
          .where(eq(sources.status, 'discovered'))
      )[0]?.total ?? 0,
    /** Discovered sources that became active since `since`: the quota used. */
    quotaUsed: async (since: Date): Promise<number> =>
      (
        await db.q
          .select({ used: sql<number>`count(*)`.mapWith(Number) })
          .from(sources)
          .where(gt(sources.activatedAt, since))
      )[0]?.used ?? 0,
    *quotaUsedInside(tx: Tx, since: Date): Steps<number> {
      return (
        (yield* q(
          tx
            .select({ used: sql<number>`count(*)`.mapWith(Number) })
            .from(sources)
            .where(gt(sources.activatedAt, since)),
        ))[0]?.used ?? 0
      )
    },
    *existingUrlHashes(tx: Tx, hashes: string[]): Steps<Set<string>> {
      const found = new Set<string>()
      for (let from = 0; from < hashes.length; from += 500)
        for (const row of yield* q(
          tx
            .select({ urlHash: sources.urlHash })
            .from(sources)
            .where(inArray(sources.urlHash, hashes.slice(from, from + 500))),
        ))
          found.add(row.urlHash)
      return found
    },
    *existingSiteKeys(tx: Tx, keys: string[]): Steps<Set<string>> {
      const found = new Set<string>()
      for (let from = 0; from < keys.length; from += 500)
        for (const row of yield* q(
          tx
            .selectDistinct({ siteKey: sources.siteKey })
            .from(sources)
            .where(inArray(sources.siteKey, keys.slice(from, from + 500))),
        ))
          found.add(row.siteKey)
      return found
    },

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

    site: async (siteKey: string) => (await site.all({ site: siteKey }))[0],
    newSinceHubRun: async (siteKey: string): Promise<number> =>
      Number((await newSinceHubRun.all({ site: siteKey }))[0]?.total ?? 0),

    openRun: async (sourceId: number): Promise<RunRow | undefined> => (await openRun.all({ id: sourceId }))[0],
    *openRunInside(tx: Tx, sourceId: number): Steps<RunRow | undefined> {
      return (yield* tx.run(openRun, { id: sourceId }))[0]
    },
    *newestRunInside(tx: Tx, sourceId: number): Steps<RunRow | undefined> {
      return (yield* tx.run(newestRun, { id: sourceId }))[0]
    },
    newestRun: async (sourceId: number): Promise<RunRow | undefined> => (await newestRun.all({ id: sourceId }))[0],
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
    *deleteRun(tx: Tx, id: number): Steps<void> {
      yield tx.delete(runs).where(eq(runs.id, id)).returning({ id: runs.id })
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
    historyOfSource: (sourceId: number) => historyOfSource.all({ id: sourceId }),
    historyOfSite: (siteKey: string) => historyOfSite.all({ site: siteKey }),
    runs: (of: { sourceId: number } | { siteKey: string }, beforeId: number | undefined, limit: number): Promise<RunSummary[]> =>
      db.q
        .select(shownOfRun)
        .from(runs)
        .where(
          and(
            'siteKey' in of ? eq(runs.siteKey, of.siteKey) : eq(runs.sourceId, of.sourceId),
            beforeId === undefined ? undefined : lt(runs.id, beforeId),
          ),
        )
        .orderBy(desc(runs.id))
        .limit(limit),
  }
}
export type SourcesRepository = ReturnType<typeof sourcesRepository>
