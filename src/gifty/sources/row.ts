import { getTableColumns, type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../platform/db/index.ts'
import type { StatementHooks } from '../../tasks/index.ts'
import { sourcesTables } from '../tables.ts'

export type Tables = ReturnType<typeof sourcesTables>
/** A source as the domain works with it. Its logs can be long, so only queries that show them read them. */
export type SourceRow = Omit<Tables['parsingSources']['$inferSelect'], 'lastLogs'>
/** A run without what can be long: its logs, rejected elements and failed pages. */
export type RunRow = Omit<Tables['parsingRuns']['$inferSelect'], 'logs' | 'rejections' | 'failedPages'>
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
  | 'itemsRejected'
  | 'pagesFailed'
  | 'outcomeReason'
  | 'taskId'
  | 'startedAt'
  | 'finishedAt'
  | 'createdAt'
>
/** Where a batch belongs, as far as can be known before its transaction: a source, and the task of its open run. */
export type IngestPlace = Pick<SourceRow, 'id' | 'siteKey' | 'config'> & { taskId: string | null }
export type SourceChange = Partial<Tables['parsingSources']['$inferInsert']>
export type RunChange = Partial<{
  [K in keyof Tables['parsingRuns']['$inferInsert']]: Tables['parsingRuns']['$inferInsert'][K] | SQL
}>

/** Literal, as in the partial indices: with bound values no dialect could use them. */
export const isOpen = (runs: Tables['parsingRuns']): SQL => sql`${runs.status} in ('queued', 'running')`
/** A URL can be longer than what a btree key may hold. */
export const urlHash = (url: string): string => new Bun.CryptoHasher('sha256').update(url).digest('base64url')

/** The tables of sources and runs, and the columns the domain works with: all but the logs. */
export const sourcesColumns = (db: Db) => {
  const { parsingSources: sources, parsingRuns: runs } = sourcesTables(db.kit)
  const { lastLogs, ...sourceColumns } = getTableColumns(sources)
  const { logs, rejections, failedPages, ...runColumns } = getTableColumns(runs)
  return { sources, sourceColumns, lastLogs, runs, runColumns, logs, rejections, failedPages }
}

/**
 * Whether a run is open, of runs that are found by their task or number. No index of states answers it so: with thousands of open runs, or with
 * statistics of a time when there were none, a planner would take one of those and read them all.
 */
export const isOpenRun = (alias: string) => `coalesce(${alias}.status, '') in ('queued', 'running')`
/** The open run `r` of each task on Postgres, looked up one by one: without `offset` the planner may read the whole table for a few tasks. */
const runsOfTask = (id: string) =>
  `join lateral (select * from parsing_runs o where o.task_id = ${id} and ${isOpenRun('o')} offset 0) r on true`
const NOW = ':now::timestamptz'
/** On Postgres the logs of run `r` with `more` below, of which the last 100,000 characters are kept. */
export const appendedLogs = (more: string) => `right(case when coalesce(r.logs, '') = '' then ${more}
  when right(r.logs, 1) = chr(10) then r.logs || ${more} else r.logs || chr(10) || ${more} end, 100000)`
/** Whether the result of a task (`given`) is one that `completed` of run-kinds.ts accepts, without logs or a loss: `runResult` of run-result.ts. */
const isOrdinary = (given: string) => `(${given} is null or jsonb_typeof(${given}) = 'null'
  or (jsonb_typeof(${given}) = 'object' and coalesce(${given} -> 'logs', 'null') in ('null', '""')
    and coalesce(jsonb_typeof(${given} -> 'pages'), 'null') in ('null', 'number') and coalesce(${given} ->> 'pages', '0') ~ '^[0-9]{1,15}$'
    and coalesce(${given} -> 'pages_failed', 'null') in ('null', '0') and coalesce(${given} -> 'rejected', 'null') in ('null', '0')
    and coalesce(${given} -> 'failed_pages', 'null') in ('null', '[]') and coalesce(${given} -> 'ended_early', 'null') in ('null', '""')))`
/** Items of the completed run of the same strategy before run `r`. */
export const itemsBefore = `(select b.items_scraped from parsing_runs b where b.source_id = r.source_id and b.id < r.id and coalesce(b.status, '') = 'completed'
  and b.strategy = r.strategy and b.trigger <> 'ingest' order by b.id desc limit 1)`

/**
 * The ordinary start and end of runs as parts of the engine's statements on Postgres: a lease or a completion of any number of source tasks
 * is one round trip. They change what `startRunsOfTasks` and `completeRun` change; `tests/gifty/run-statements.test.ts` compares them.
 *
 * An end is ordinary unless it needs more than the rows themselves: a cron text (its next time is computed in JavaScript), a run to start
 * afterwards, a refused result, one with logs or losses, a run of refusals alone, or one that came back empty. Those are left to the hook.
 */
export const runStatements: StatementHooks = {
  name: 'runs',
  // Sources are locked in the order of their ids, as everywhere; an update would take its rows in any order.
  leased: `runs_leased as materialized (select r.id as run_id, s.id as source_id, s.status, t.owner, t.attempts from taken t
      ${runsOfTask('t.id')} join parsing_sources s on s.id = r.source_id order by s.id for update of s),
    runs_sources as (update parsing_sources s set status = 'running', updated_at = ${NOW} from runs_leased l
      where s.id = l.source_id and l.status <> 'running'),
    runs_started as (update parsing_runs r set status = 'running', reported = true, started_at = coalesce(r.started_at, ${NOW}),
      worker_id = l.owner, attempts = l.attempts, last_activity_at = ${NOW}, updated_at = ${NOW} from runs_leased l where r.id = l.run_id and ${isOpenRun('r')})`,
  completed: `runs_held as materialized (select r.id as run_id, s.id as source_id from locked l
      ${runsOfTask('l.id')} join parsing_sources s on s.id = r.source_id
      where l.completes and l.kind in ('source.run', 'source.run.web') and s.schedule is null and s.queued_after is null and ${isOrdinary('l.given')}
      order by s.id for update of s),
    runs_ended as (update parsing_runs r set status = 'completed', reported = true, started_at = coalesce(r.started_at, ${NOW}), finished_at = ${NOW},
        last_activity_at = ${NOW}, updated_at = ${NOW}
      from runs_held h where r.id = h.run_id and ${isOpenRun('r')} and not (r.items_rejected > 0 and r.items_scraped = 0 and r.categories_found = 0)
        and not (r.strategy = 'deep' and r.items_scraped = 0 and r.items_rejected = 0 and coalesce(${itemsBefore}, 0) > 0)
      returning r.task_id as id, h.source_id, r.strategy, r.items_scraped, r.items_new, r.items_rejected, r.categories_found),
    runs_rested as (update parsing_sources s set status = case when s.is_active then 'waiting' else coalesce(s.resume_status, s.status) end,
        resume_status = null, next_sync_at = ${NOW} + s.refresh_interval_hours * interval '1 hour', last_synced_at = ${NOW}, retry_count = 0,
        last_error = null, is_forced = false, updated_at = ${NOW},
        last_stats = jsonb_strip_nulls((case when e.items_scraped > 0 or e.strategy <> 'discovery'
          then jsonb_build_object('processed_items', e.items_scraped, 'new_items', e.items_new)
          else jsonb_build_object('status', 'discovery_completed', 'categories_found', e.categories_found) end)
          || jsonb_build_object('rejected', nullif(e.items_rejected, 0)))
      from runs_ended e where s.id = e.source_id)`,
}
