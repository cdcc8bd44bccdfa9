import { and, asc, desc, eq, gt, inArray, lt, lte, notInArray, type SQL, sql } from 'drizzle-orm'
import { bytesOf, type Db, param, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { columnList } from '../../platform/db/sql.ts'
import { backlogQueries } from './backlog.ts'
import { UNSCHEDULED } from './model.ts'
import {
  type IngestPlace,
  isOpen,
  isOpenRun,
  type RunSummary,
  type SourceChange,
  type SourceRow,
  sourcesColumns,
  type Tables,
  urlHash,
} from './row.ts'
import { runLogQueries } from './run-history/logs.ts'
import { runQueries } from './run-queries.ts'
import type { RunRowChange } from './runs.ts'

/** A source of a list before its row is read. */
export type SourceKey = { id: number; bytes: number }

/** Queries of ended runs, and of a site as a whole. */
const historyQueries = (db: Db) => {
  const { sources, runs } = sourcesColumns(db)
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
    itemsRejected: runs.itemsRejected,
    pagesFailed: runs.pagesFailed,
    outcomeReason: runs.outcomeReason,
    taskId: runs.taskId,
    startedAt: runs.startedAt,
    finishedAt: runs.finishedAt,
    createdAt: runs.createdAt,
  }
  const newest = (name: string, of: SQL) =>
    db.prepare<RunSummary>(name, (queries) => queries.select(shownOfRun).from(runs).where(of).orderBy(desc(runs.id)).limit(50))
  const historyOfSource = newest('run_history', eq(runs.sourceId, param('id')))
  const historyOfSite = newest('run_history_site', eq(runs.siteKey, param('site')))
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
    statements: { historyOfSource },
    historyOfSource: (sourceId: number) => historyOfSource.all({ id: sourceId }),
    historyOfSite: (siteKey: string) => historyOfSite.all({ site: siteKey }),
    /** Which runs a list has, newest first, with the bytes of what can be large. */
    runKeys: (
      of: { sourceId: number } | { siteKey: string },
      beforeId: number | undefined,
      limit: number,
    ): Promise<{ id: number; bytes: number }[]> =>
      db.q
        .select({ id: runs.id, bytes: bytesOf(db, runs.error) })
        .from(runs)
        .where(
          and(
            'siteKey' in of ? eq(runs.siteKey, of.siteKey) : eq(runs.sourceId, of.sourceId),
            beforeId === undefined ? undefined : lt(runs.id, beforeId),
          ),
        )
        .orderBy(desc(runs.id))
        .limit(limit),
    /** Runs of these ids, newest first. */
    runsOfIds: async (ids: readonly number[]): Promise<RunSummary[]> =>
      ids.length === 0
        ? []
        : db.q
            .select(shownOfRun)
            .from(runs)
            .where(inArray(runs.id, [...ids]))
            .orderBy(desc(runs.id)),
    site: async (siteKey: string) => (await site.all({ site: siteKey }))[0],
    newSinceHubRun: async (siteKey: string): Promise<number> =>
      Number((await newSinceHubRun.all({ site: siteKey }))[0]?.total ?? 0),
  }
}

/** Sources themselves: one by one, as lists, and those that are due. */
const sourceQueries = (db: Db) => {
  const { sources, sourceColumns, lastLogs, runs } = sourcesColumns(db)
  const find = db.prepare<SourceRow & { lastLogs: string | null }>('source_find', (queries) =>
    queries
      .select()
      .from(sources)
      .where(eq(sources.id, param('id'))),
  )
  const lock = db.statement<SourceRow>(
    'source_lock',
    `select ${columnList(sourceColumns, 's')} from parsing_sources s where s.id = ${db.fragments.param('id', 'bigint')}${db.fragments.forUpdate('s')}`,
    sources,
  )

  const bytes = sql<number>`${bytesOf(db, sources.config)} + ${bytesOf(db, sources.lastError)} + ${bytesOf(db, sources.url)}`
  const key = { id: sources.id, bytes: bytes.mapWith(Number) }
  const placed = { id: sources.id, siteKey: sources.siteKey, config: sources.config, taskId: runs.taskId }
  const placeOf = db.prepare<IngestPlace>('source_place', (queries) =>
    queries
      .select(placed)
      .from(sources)
      .leftJoin(runs, and(eq(runs.sourceId, sources.id), isOpen(runs)))
      .where(eq(sources.id, param('id'))),
  )
  // A task that was redriven has a run for each of its lives.
  const placeOfTask = db.prepare<IngestPlace>('source_place_of_task', (queries) =>
    queries
      .select(placed)
      .from(runs)
      .innerJoin(sources, eq(sources.id, runs.sourceId))
      .where(eq(runs.taskId, param('task')))
      .orderBy(desc(runs.id))
      .limit(1),
  )
  const placesOfSite = db.prepare<IngestPlace>('source_places_of_site', (queries) =>
    queries
      .select(placed)
      .from(runs)
      .innerJoin(sources, eq(sources.id, runs.sourceId))
      .where(and(eq(runs.siteKey, param('site')), eq(runs.status, 'running')))
      .limit(2),
  )

  const { either, param: bound, inList, forUpdate } = db.fragments
  const lockMany = (name: string, skip?: 'skip locked') =>
    db.statement<SourceRow>(
      name,
      `select ${columnList(sourceColumns, 's')} from parsing_sources s where ${inList('s.id', 'ids', 'bigint')} order by s.id${forUpdate('s', skip)}`,
      sources,
    )
  const [waiting, skipping] = [lockMany('sources_lock_many'), lockMany('sources_lock_free', 'skip locked')]
  const lockOfOpenTasks = db.statement<SourceRow>(
    'sources_lock_of_tasks',
    `select ${columnList(sourceColumns, 's')} from parsing_sources s where s.id in (select r.source_id from parsing_runs r
      where ${inList('r.task_id', 'ids', 'uuid')} and ${isOpenRun('r')}) order by s.id${forUpdate('s')}`,
    sources,
  )
  const save = db.batch<{ id: number }>(
    'sources_save',
    [
      { name: 'id', type: 'bigint' },
      { name: 'status', type: 'text' },
      { name: 'is_active', type: 'boolean' },
      { name: 'resume_status', type: 'text' },
      { name: 'queued_after', type: 'text' },
      { name: 'is_forced', type: 'boolean' },
      { name: 'switched_off_at', type: 'timestamptz' },
      { name: 'next_sync_at', type: 'timestamptz' },
      { name: 'last_synced_at', type: 'timestamptz' },
      { name: 'retry_count', type: 'bigint' },
      { name: 'fix_required', type: 'boolean' },
      { name: 'last_stats', type: 'jsonb' },
      { name: 'has_new_error', type: 'boolean' },
      { name: 'last_error', type: 'text' },
      { name: 'logs_of', type: 'bigint' },
    ],
    (
      source,
    ) => `update parsing_sources as p set status = s.status, is_active = s.is_active, resume_status = s.resume_status, queued_after = s.queued_after,
        is_forced = s.is_forced, switched_off_at = s.switched_off_at, next_sync_at = s.next_sync_at, last_synced_at = s.last_synced_at,
        retry_count = s.retry_count, fix_required = s.fix_required, last_stats = s.last_stats, updated_at = ${bound('now', 'timestamptz')},
        last_error = case when s.has_new_error then s.last_error else p.last_error end,
        last_logs = case when s.logs_of is null then p.last_logs else (select r.logs from parsing_runs r where r.id = s.logs_of) end
      from ${source} s where p.id = s.id returning ${either('id', 'p.id')}`,
    'json',
  )

  return {
    /** Sources whose open run belongs to one of these tasks, locked in the order of their ids. */
    *lockOfOpenTasks(tx: Tx, taskIds: readonly string[]): Steps<SourceRow[]> {
      return taskIds.length === 0 ? [] : yield* tx.run(lockOfOpenTasks, { ids: taskIds })
    },
    /** Stores what events of runs have changed of locked sources; those with new logs show the logs of their open run. */
    *saveSources(
      tx: Tx,
      changes: readonly Pick<RunRowChange, 'source' | 'run' | 'hasNewError' | 'logs'>[],
      now: Date,
    ): Steps<void> {
      yield* tx.batch(
        save,
        changes.map(({ source, run, hasNewError = false, logs }) => [
          source.id,
          source.status,
          source.isActive,
          source.resumeStatus,
          source.queuedAfter,
          source.isForced,
          source.switchedOffAt,
          source.nextSyncAt,
          source.lastSyncedAt,
          source.retryCount,
          source.fixRequired,
          source.lastStats === null ? null : JSON.stringify(source.lastStats),
          hasNewError,
          hasNewError ? source.lastError : null,
          logs === undefined || !run ? null : run.id,
        ]),
        { now },
      )
    },
    /** With its logs, for the detail. */
    find: async (id: number): Promise<(SourceRow & { lastLogs: string | null }) | undefined> => (await find.all({ id }))[0],
    /** A source with the task of its open run. */
    placeOf: async (id: number): Promise<IngestPlace | undefined> => (await placeOf.all({ id }))[0],
    /** The source of a task's newest run. */
    placeOfTask: async (taskId: string): Promise<IngestPlace | undefined> => (await placeOfTask.all({ task: taskId }))[0],
    /** The only running source of a site, if there is only one. */
    placeOfSite: async (siteKey: string): Promise<IngestPlace | undefined> => {
      const found = await placesOfSite.all({ site: siteKey })
      return found.length === 1 ? found[0] : undefined
    },
    /** The logs a source shows. */
    *logsOf(tx: Tx, id: number): Steps<string | null> {
      return (yield* q(tx.select({ logs: lastLogs }).from(sources).where(eq(sources.id, id))))[0]?.logs ?? null
    },
    /** The row, locked until the transaction ends. Every change of a source or its runs takes this lock first. */
    *lock(tx: Tx, id: number): Steps<SourceRow | undefined> {
      return (yield* tx.run(lock, { id }))[0]
    },
    *idByUrl(tx: Tx, url: string): Steps<number | undefined> {
      return (yield* q(
        tx
          .select({ id: sources.id })
          .from(sources)
          .where(eq(sources.urlHash, urlHash(url))),
      ))[0]?.id
    },
    /** Rows locked in the order of their ids. With `skip locked` those that another transaction holds are left out instead of waited for. */
    *lockMany(tx: Tx, ids: readonly number[], skip?: 'skip locked'): Steps<SourceRow[]> {
      return ids.length === 0 ? [] : yield* tx.run(skip ? skipping : waiting, { ids })
    },
    *insert(tx: Tx, row: Tables['parsingSources']['$inferInsert']): Steps<SourceRow> {
      return (yield* q(tx.insert(sources).values(row).returning(sourceColumns)))[0] as SourceRow
    },
    *update(tx: Tx, id: number, change: SourceChange): Steps<SourceRow> {
      return (yield* q(tx.update(sources).set(change).where(eq(sources.id, id)).returning(sourceColumns)))[0] as SourceRow
    },
    /** Which sources a list has, in the order of their ids, with the bytes of what can be large. */
    keys: (filter: {
      siteKey?: string
      status?: string
      isActive?: boolean
      afterId?: number
      limit: number
    }): Promise<SourceKey[]> =>
      db.q
        .select(key)
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
    /** Those waiting in the backlog, by priority, age and id. */
    backlogKeys: (limit: number): Promise<SourceKey[]> =>
      db.q
        .select(key)
        .from(sources)
        .where(eq(sources.status, 'discovered'))
        .orderBy(desc(sources.priority), asc(sources.createdAt), asc(sources.id))
        .limit(limit),
    /** The rows of these ids, in their order; one that is gone is left out. */
    byIds: async (ids: readonly number[]): Promise<SourceRow[]> => {
      const rows = await db.q
        .select(sourceColumns)
        .from(sources)
        .where(inArray(sources.id, [...ids]))
      const byId = new Map(rows.map((row) => [row.id, row]))
      return ids.flatMap((id) => byId.get(id) ?? [])
    },
    /**
     * Due sources in dispatch order (gifty §2.5), locked; those another process holds are left to it. `open`: those with a cron text whose
     * open run their time meets, instead of those without an open run.
     */
    *due(tx: Tx, now: Date, limit: number, { open: withOpen }: { open: boolean }): Steps<SourceRow[]> {
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
                withOpen ? and(sql`${sources.schedule} is not null`, sql`exists ${open}`) : sql`not exists ${open}`,
              ),
            )
            .orderBy(desc(sources.priority), asc(sources.nextSyncAt), asc(sources.id))
            .limit(limit),
        ),
      )
    },
  }
}

/** Queries of sources and runs. Functions that take `tx` are steps of the caller's transaction. */
export const sourcesRepository = (db: Db) => {
  const { statements: ofRuns, ...runs } = runQueries(db)
  const { statements: ofHistory, ...history } = historyQueries(db)
  return {
    /** Log lines of runs. */
    logs: runLogQueries(db),
    /** The hot ones, for a look at their plans. */
    statements: { ...ofRuns, ...ofHistory },
    ...sourceQueries(db),
    ...backlogQueries(db),
    ...runs,
    ...history,
  }
}
export type SourcesRepository = ReturnType<typeof sourcesRepository>
