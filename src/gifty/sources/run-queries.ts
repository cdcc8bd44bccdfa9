import { and, asc, desc, eq, gt, inArray, lte, ne } from 'drizzle-orm'
import { MINUTE_MS } from '../../platform/clock.ts'
import { type BatchColumn, type Db, param, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { columnList, rowDecoder } from '../../platform/db/sql.ts'
import type { Task } from '../../tasks/index.ts'
import { errorGroupOf } from '../error-group.ts'
import { sourcesTables } from '../tables.ts'
import type { Rejection } from './model.ts'
import { appendedLogs, isOpen, isOpenRun, itemsBefore, type RunChange, type RunRow, sourcesColumns } from './row.ts'
import type { RunLosses } from './run-result.ts'

/** Runs of a source that are kept however old they are. */
const KEPT_RUNS = 20
/** Rejected elements that a run keeps with their reasons. */
const KEPT_REJECTIONS = 100

/** What a run begins with, in the order of `insertRuns`. */
const INSERTED: BatchColumn[] = [
  { name: 'source_id', type: 'bigint' },
  { name: 'site_key', type: 'text' },
  { name: 'task_id', type: 'text' },
  { name: 'status', type: 'text' },
  { name: 'strategy', type: 'text' },
  { name: 'trigger', type: 'text' },
  { name: 'reason', type: 'text' },
  { name: 'error', type: 'text' },
  { name: 'error_group', type: 'text' },
  { name: 'items_scraped', type: 'bigint' },
  { name: 'items_new', type: 'bigint' },
  { name: 'items_updated', type: 'bigint' },
  { name: 'items_unchanged', type: 'bigint' },
  { name: 'categories_found', type: 'bigint' },
  { name: 'items_rejected', type: 'bigint' },
  { name: 'items_duplicate', type: 'bigint' },
  { name: 'batches', type: 'bigint' },
  { name: 'reported', type: 'boolean' },
  { name: 'is_hub', type: 'boolean' },
  { name: 'started_at', type: 'timestamptz' },
  { name: 'finished_at', type: 'timestamptz' },
  { name: 'last_activity_at', type: 'timestamptz' },
  { name: 'created_at', type: 'timestamptz' },
  { name: 'updated_at', type: 'timestamptz' },
]

/** A run to insert: absent columns are null, 0 or false. */
export type NewRun = Pick<
  RunRow,
  'sourceId' | 'siteKey' | 'status' | 'strategy' | 'trigger' | 'isHub' | 'lastActivityAt' | 'createdAt' | 'updatedAt'
> &
  Partial<Omit<RunRow, 'id'>>

/** Of a run that has failed (operations §7). */
const groupOf = ({ status, error }: Pick<NewRun, 'status' | 'error'>): string | null =>
  error && (status === 'failed' || status === 'lost') ? errorGroupOf(error) : null

/** Queries of runs: the open and the newest of a source, those of tasks, those without reports. */
export const runQueries = (db: Db) => {
  const { runs, runColumns } = sourcesColumns(db)
  const { looseIngests } = sourcesTables(db.kit)
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

  const { either, param: bound, inList, cast } = db.fragments
  // Of a run all but what can be long.
  const runColumnList = (alias: string) => columnList(runColumns, alias)
  const openRunsOfTasks = db.statement<RunRow>(
    'runs_open_of_tasks',
    `select ${runColumnList('r')} from parsing_runs r where ${inList('r.task_id', 'ids', 'uuid')} and ${isOpenRun('r')} order by r.id`,
    runs,
  )
  const openRunsOf = db.statement<RunRow>(
    'runs_open_of_sources',
    `select ${runColumnList('r')} from parsing_runs r${either(' indexed by parsing_runs_open_uq', '')} where ${inList('r.source_id', 'ids', 'bigint')} and r.status in ('queued', 'running')`,
    runs,
  )
  const startSources = db.statement<{ id: number }>('runs_start_sources', {
    sqlite: `update parsing_sources set status = 'running', updated_at = :now where status <> 'running' and id in (
      select source_id from parsing_runs r where ${inList('r.task_id', 'ids')} and ${isOpenRun('r')}) returning id`,
    // Locked in the order of their ids first; an update takes its rows in any.
    postgres: `with locked as materialized (select s.id from parsing_sources s where s.id in (
        select r.source_id from parsing_runs r where ${inList('r.task_id', 'ids', 'uuid')} and ${isOpenRun('r')}) order by s.id for update)
      update parsing_sources s set status = 'running', updated_at = :now::timestamptz from locked where s.id = locked.id and s.status <> 'running' returning s.id`,
  })
  const startRuns = db.batch<{ id: number }>(
    'runs_start',
    [
      { name: 'task_id', type: 'text' },
      { name: 'worker_id', type: 'text' },
      { name: 'attempts', type: 'bigint' },
    ],
    (source) => `update parsing_runs as r set status = 'running', reported = ${db.fragments.true},
        started_at = coalesce(r.started_at, ${bound('now', 'timestamptz')}), worker_id = s.worker_id, attempts = s.attempts,
        last_activity_at = ${bound('now', 'timestamptz')}, updated_at = ${bound('now', 'timestamptz')}
      from ${source} s where r.task_id = ${cast('s.task_id', 'uuid')} and ${isOpenRun('r')} returning ${either('id', 'r.id')}`,
    'json',
  )
  const appended = either(
    `substr(case when coalesce(r.logs, '') = '' then s.logs when substr(r.logs, -1) = char(10) then r.logs || s.logs else r.logs || char(10) || s.logs end, -100000)`,
    appendedLogs('s.logs'),
  )
  const saveRuns = db.batch<{ id: number }>(
    'runs_save',
    [
      { name: 'id', type: 'bigint' },
      { name: 'status', type: 'text' },
      { name: 'strategy', type: 'text' },
      { name: 'error', type: 'text' },
      { name: 'error_group', type: 'text' },
      { name: 'reported', type: 'boolean' },
      { name: 'started_at', type: 'timestamptz' },
      { name: 'finished_at', type: 'timestamptz' },
      { name: 'last_activity_at', type: 'timestamptz' },
      { name: 'logs', type: 'text' },
    ],
    (source) => `update parsing_runs as r set status = s.status, strategy = s.strategy, error = coalesce(s.error, r.error),
        error_group = coalesce(s.error_group, r.error_group), reported = s.reported,
        started_at = s.started_at, finished_at = s.finished_at, last_activity_at = s.last_activity_at, updated_at = ${bound('now', 'timestamptz')},
        logs = case when s.logs is null then r.logs else ${appended} end
      from ${source} s where r.id = s.id returning ${either('id', 'r.id')}`,
    'json',
  )
  const insertRuns = db.batch<Record<string, unknown>>(
    'runs_insert',
    INSERTED,
    (source) => `insert into parsing_runs (${INSERTED.map(({ name }) => name).join(', ')})
      select ${INSERTED.map(({ name }) => (name === 'task_id' ? cast('s.task_id', 'uuid') : `s.${name}`)).join(', ')}
      from ${source} s where true on conflict do nothing returning ${runColumnList('parsing_runs')}`,
    'json',
  )
  const decodeRun = rowDecoder(runs)
  const itemsOfRunsBefore = db.statement<{ id: number | string; items: number | string | null }>(
    'runs_items_before',
    `select r.id, ${itemsBefore} as items from parsing_runs r where ${inList('r.id', 'ids', 'bigint')}`,
  )
  const rejections = db.statement<{ id: number | string; rejections: unknown }>(
    'runs_rejections',
    `select r.id, r.rejections from parsing_runs r where ${inList('r.id', 'ids', 'bigint')} and r.rejections is not null`,
    runs,
  )
  const addRejections = db.statement<{ id: number }>(
    'runs_add_rejections',
    `update parsing_runs set items_rejected = items_rejected + ${bound('count', 'int')}, rejections = ${either(':rejections', ':rejections::jsonb')},
      last_activity_at = ${bound('now', 'timestamptz')}, updated_at = ${bound('now', 'timestamptz')} where id = ${bound('id', 'bigint')} returning id`,
  )
  const saveLosses = db.batch<{ id: number }>(
    'runs_save_losses',
    [
      { name: 'id', type: 'bigint' },
      { name: 'items_rejected', type: 'bigint' },
      { name: 'pages_failed', type: 'bigint' },
      { name: 'failed_pages', type: 'jsonb' },
      { name: 'outcome_reason', type: 'text' },
    ],
    (source) => `update parsing_runs as r set items_rejected = s.items_rejected, pages_failed = s.pages_failed,
        failed_pages = s.failed_pages, outcome_reason = s.outcome_reason
      from ${source} s where r.id = s.id returning ${either('id', 'r.id')}`,
    'json',
  )

  const addLoose = db.statement<{ shard: number }>(
    'loose_ingests_add',
    `insert into loose_ingests (at, shard, items_scraped, items_new, items_updated)
     values (${bound('at', 'timestamptz')}, ${bound('shard', 'int')}, ${bound('scraped', 'bigint')}, ${bound('new', 'bigint')}, ${bound('updated', 'bigint')})
     on conflict (at, shard) do update set items_scraped = loose_ingests.items_scraped + excluded.items_scraped,
       items_new = loose_ingests.items_new + excluded.items_new, items_updated = loose_ingests.items_updated + excluded.items_updated
     returning shard`,
  )

  const before = bound('before', 'timestamptz')
  // By the number of the newest old run: a look by the time alone would go through all of the others.
  const old = `r.id > ${bound('after', 'bigint')} and r.created_at < ${before}
    and r.id <= coalesce((select o.id from parsing_runs o where o.created_at < ${before} order by o.created_at desc limit 1), 0)`
  const oldRuns = db.statement<{ last: number | string | null; count: number | string }>(
    'runs_old',
    `select max(id) as last, count(*) as count from (select r.id from parsing_runs r where ${old} order by r.id limit ${db.fragments.limit('max')}) w`,
  )
  const purgeRuns = db.statement<{ id: number }>(
    'runs_purge',
    `delete from parsing_runs where id in (select r.id from parsing_runs r where ${old} and r.id <= ${bound('last', 'bigint')}
      and r.status not in ('queued', 'running')
      and exists (select 1 from parsing_runs n where n.source_id = r.source_id and n.id > r.id order by n.id limit 1 offset ${KEPT_RUNS - 1})) returning id`,
  )
  return {
    /** Counts a batch that belongs to no run. */
    *addLoose(tx: Tx, counts: { scraped: number; new: number; updated: number }, shard: number, now: Date): Steps<void> {
      const at = new Date(Math.floor(now.getTime() / MINUTE_MS) * MINUTE_MS)
      yield* tx.run(addLoose, { ...counts, shard, at })
    },
    *purgeLoose(tx: Tx, before: Date): Steps<void> {
      yield tx.delete(looseIngests).where(lte(looseIngests.at, before)).returning({ shard: looseIngests.shard })
    },
    /**
     * Removes ended runs that began before a time and are not among the newest `KEPT_RUNS` of their source, with their lines and events: of
     * at most `max` old runs behind number `after`. Answers the number of the last one looked at, undefined when there are no more.
     */
    *purgeRuns(tx: Tx, before: Date, after: number, max: number): Steps<number | undefined> {
      const [looked] = yield* tx.run(oldRuns, { before, after, max })
      if (!looked || looked.last === null) return undefined
      yield* tx.run(purgeRuns, { before, after, last: looked.last })
      return Number(looked.count) < max ? undefined : Number(looked.last)
    },
    /** The hot ones, for a look at their plans. */
    statements: { openRun, newestRun, openRunsOf },
    /** Open runs of these tasks, by id. */
    *openRunsOfTasks(tx: Tx, taskIds: readonly string[]): Steps<RunRow[]> {
      return taskIds.length === 0 ? [] : yield* tx.run(openRunsOfTasks, { ids: taskIds })
    },
    *openRunsOf(tx: Tx, sourceIds: readonly number[]): Steps<RunRow[]> {
      return sourceIds.length === 0 ? [] : yield* tx.run(openRunsOf, { ids: sourceIds })
    },
    /** The open runs of leased tasks are running, and so are their sources. */
    *startRunsOfTasks(tx: Tx, leased: readonly Pick<Task, 'id' | 'leaseOwner' | 'attempts'>[], now: Date): Steps<void> {
      yield* tx.run(startSources, { ids: leased.map(({ id }) => id), now })
      yield* tx.batch(
        startRuns,
        leased.map(({ id, leaseOwner, attempts }) => [id, leaseOwner, attempts]),
        { now },
      )
    },
    /** Stores what events have changed of runs; `logs` are appended, of which the last 100,000 characters are kept. */
    *saveRuns(tx: Tx, changed: { run: RunRow; logs: string | undefined }[], now: Date): Steps<void> {
      yield* tx.batch(
        saveRuns,
        changed.map(({ run, logs }) => [
          run.id,
          run.status,
          run.strategy,
          run.error,
          groupOf(run),
          run.reported,
          run.startedAt,
          run.finishedAt,
          run.lastActivityAt,
          logs ?? null,
        ]),
        { now },
      )
    },
    /** Inserts runs, in the order of the list; one whose source has an open run is left out. */
    *insertRuns(tx: Tx, rows: readonly NewRun[]): Steps<RunRow[]> {
      const inserted = yield* tx.batch(
        insertRuns,
        rows.map((row) => [
          row.sourceId,
          row.siteKey,
          row.taskId ?? null,
          row.status,
          row.strategy,
          row.trigger,
          row.reason ?? null,
          row.error ?? null,
          groupOf(row),
          row.itemsScraped ?? 0,
          row.itemsNew ?? 0,
          row.itemsUpdated ?? 0,
          row.itemsUnchanged ?? 0,
          row.categoriesFound ?? 0,
          row.itemsRejected ?? 0,
          row.itemsDuplicate ?? 0,
          row.batches ?? 0,
          row.reported ?? false,
          row.isHub,
          row.startedAt ?? null,
          row.finishedAt ?? null,
          row.lastActivityAt,
          row.createdAt,
          row.updatedAt,
        ]),
      )
      return inserted.map((row) => decodeRun(row) as RunRow)
    },
    /** Items of the completed run of the same strategy before each of these, by the id of the later one; 0 where there was none. */
    *itemsOfRunsBefore(tx: Tx, ids: readonly number[]): Steps<Map<number, number>> {
      const rows = yield* tx.run(itemsOfRunsBefore, { ids })
      return new Map(rows.map((row) => [Number(row.id), Number(row.items ?? 0)]))
    },
    /** The first rejected element of each of these runs. */
    *firstRejections(tx: Tx, ids: readonly number[]): Steps<Map<number, Rejection>> {
      const rows = yield* tx.run(rejections, { ids })
      return new Map(
        rows.flatMap((row) => {
          const [first] = row.rejections as Rejection[]
          return first ? [[Number(row.id), first] as const] : []
        }),
      )
    },
    /** Counts rejected elements of a batch on a locked run, which keeps the first hundred with their reasons. */
    *addRejections(tx: Tx, id: number, rejected: readonly Rejection[], now: Date): Steps<void> {
      const [known] = yield* tx.run(rejections, { ids: [id] })
      const kept = [...((known?.rejections as Rejection[] | undefined) ?? []), ...rejected].slice(0, KEPT_REJECTIONS)
      yield* tx.run(addRejections, { id, count: rejected.length, rejections: JSON.stringify(kept), now })
    },
    /** Stores what the workers of ended runs say was lost. The runs' sources are locked, so that no batch counts meanwhile. */
    *saveLosses(tx: Tx, changed: { run: RunRow; losses: RunLosses }[]): Steps<void> {
      if (changed.length === 0) return
      yield* tx.batch(
        saveLosses,
        changed.map(({ run, losses }) => [
          run.id,
          run.itemsRejected,
          run.pagesFailed,
          JSON.stringify(losses.failedPages),
          run.outcomeReason,
        ]),
        {},
      )
    },
    *openRun(tx: Tx, sourceId: number): Steps<RunRow | undefined> {
      return (yield* tx.run(openRun, { id: sourceId }))[0]
    },
    *newestRun(tx: Tx, sourceId: number): Steps<RunRow | undefined> {
      return (yield* tx.run(newestRun, { id: sourceId }))[0]
    },
    /** The same as it is stored now, outside a transaction. */
    readNewestRun: async (sourceId: number): Promise<RunRow | undefined> => (await newestRun.all({ id: sourceId }))[0],
    *run(tx: Tx, id: number): Steps<RunRow | undefined> {
      return (yield* q(tx.select(runColumns).from(runs).where(eq(runs.id, id))))[0]
    },
    *runsOfTasks(tx: Tx, taskIds: string[]): Steps<RunRow[]> {
      if (taskIds.length === 0) return []
      return yield* q(tx.select(runColumns).from(runs).where(inArray(runs.taskId, taskIds)).orderBy(asc(runs.id)))
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
    /** Running runs without a report or batch since `before`, by id. */
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
