import { and, desc, eq, gte, inArray, lt, lte, or, type SQL, sql } from 'drizzle-orm'
import type { Db, Steps, Tx } from '../../../platform/db/index.ts'
import { likePattern } from '../../../platform/db/sql.ts'
import { sourcesTables } from '../../tables.ts'
import type { Rejection } from '../model.ts'
import { sourcesColumns } from '../row.ts'
import type { FailedPage } from '../run-result.ts'
import type { RunsQuery } from './model.ts'

/** Ids that one page looks through where no index answers its filters. */
const WINDOW = 10_000
/** Ids follow the times at which runs were made, but two processes may differ by so many. */
const LOOSE_IDS = 1000

export type ListedRun = Awaited<ReturnType<RunQueries['byIds']>>[number]

/** Reading runs of the whole fleet (operations §2). */
export const fleetRunQueries = (db: Db) => {
  const { runs, runColumns, sources } = sourcesColumns(db)
  const { parsingRuns, runEvents } = sourcesTables(db.kit)
  const { either, bytes, param } = db.fragments
  const worker = sql.raw(either("json_extract(parsing_sources.config, '$.worker')", "parsing_sources.config ->> 'worker'"))
  const isWeb = sql`coalesce(${worker}, '') = 'web'`
  const contains = (column: SQL, text: string) => sql`${column} ${sql.raw(db.fragments.like)} ${likePattern(text)} escape '\\'`
  const isLost = sql`(${runs.itemsRejected} > 0 or ${runs.pagesFailed} > 0 or ${runs.outcomeReason} is not null)`
  const statusIs = (status: NonNullable<RunsQuery['status']>[number]): SQL | undefined =>
    status === 'partial'
      ? and(eq(runs.status, 'completed'), isLost)
      : status === 'completed'
        ? and(eq(runs.status, 'completed'), sql`not ${isLost}`)
        : eq(runs.status, status)
  /** Conditions that an index answers; those that have to be looked at row by row; whether there are any of these. */
  const conditions = (query: RunsQuery) => {
    const indexed = [
      query.status ? or(...query.status.map(statusIs)) : undefined,
      query.site_key ? eq(runs.siteKey, query.site_key) : undefined,
      query.source_id ? eq(runs.sourceId, query.source_id) : undefined,
      query.error_group ? eq(runs.errorGroup, query.error_group) : undefined,
      query.from ? gte(runs.createdAt, query.from) : undefined,
      query.to ? lt(runs.createdAt, query.to) : undefined,
    ]
    const scanned = [
      query.trigger ? inArray(runs.trigger, query.trigger) : undefined,
      query.kind?.length === 1 ? (query.kind[0] === 'source.run.web' ? isWeb : sql`not (${isWeb})`) : undefined,
      query.worker_id ? eq(runs.workerId, query.worker_id) : undefined,
      query.min_items !== null && query.min_items !== undefined ? gte(runs.itemsScraped, query.min_items) : undefined,
      query.max_items !== null && query.max_items !== undefined ? lte(runs.itemsScraped, query.max_items) : undefined,
      query.q
        ? or(
            contains(sql`${sources.url}`, query.q),
            contains(sql`${runs.siteKey}`, query.q),
            contains(sql`coalesce(${runs.error}, '')`, query.q),
          )
        : undefined,
    ]
    // Partial runs and others that completed stand under one status in the index.
    const isSplit = query.status?.some((status) => status === 'partial' || status === 'completed')
    return { all: and(...indexed, ...scanned), isScan: isSplit || scanned.some((one) => one !== undefined) }
  }
  const newestBefore = db.statement<{ id: number | string }>(
    'runs_newest_before',
    `select id from parsing_runs where created_at < ${param('to', 'timestamptz')} order by created_at desc limit 1`,
  )
  const oldestSince = db.statement<{ id: number | string }>(
    'runs_oldest_since',
    `select id from parsing_runs where created_at >= ${param('from', 'timestamptz')} order by created_at limit 1`,
  )
  const bounds = db.statement<{ least: number | string | null; most: number | string | null }>(
    'runs_bounds',
    // Two subqueries: SQLite reads the whole table for two aggregates at once.
    'select (select min(id) from parsing_runs) as least, (select max(id) from parsing_runs) as most',
  )
  const bytesOf = sql<number>`${sql.raw(bytes('parsing_runs.error'))}`.mapWith(Number)

  /** Ids of a page, newest first, with the weight of their errors; `windowEnd` is the last id that was looked at, where more follow. */
  const page = async (query: RunsQuery, below: number | undefined) => {
    const [[ends], [last], [first]] = await Promise.all([
      bounds.all(),
      query.to ? newestBefore.all({ to: query.to }) : [],
      query.from ? oldestSince.all({ from: query.from }) : [],
    ])
    const none = { keys: [] as { id: number; bytes: number }[], windowEnd: undefined as number | undefined }
    if (!ends || ends.most === null || (query.to && !last) || (query.from && !first)) return none
    const most = Math.min(
      (below ?? Number.POSITIVE_INFINITY) - 1,
      last ? Number(last.id) + LOOSE_IDS : Number.POSITIVE_INFINITY,
      Number(ends.most),
    )
    const least = Math.max(Number(ends.least), first ? Number(first.id) - LOOSE_IDS : 0)
    const { all, isScan } = conditions(query)
    const windowStart = isScan ? Math.max(least, most - WINDOW + 1) : least
    const keys = (await db.q
      .select({ id: runs.id, bytes: bytesOf })
      .from(runs)
      .innerJoin(sources, eq(sources.id, runs.sourceId))
      .where(and(all, gte(runs.id, windowStart), lte(runs.id, most)))
      .orderBy(desc(runs.id))
      .limit(query.limit + 1)) as { id: number; bytes: number }[]
    return { keys, windowEnd: isScan && windowStart > least ? windowStart : undefined }
  }

  const shown = { ...runColumns, url: sources.url, sourceType: sources.type, isWeb: sql<boolean>`${isWeb}`.mapWith(Boolean) }
  const byIds = (ids: number[]) =>
    db.q
      .select(shown)
      .from(runs)
      .innerJoin(sources, eq(sources.id, runs.sourceId))
      .where(inArray(runs.id, ids))
      .orderBy(desc(runs.id))
  const details = (id: number) =>
    db.q
      .select({ ...shown, rejections: parsingRuns.rejections, failedPages: parsingRuns.failedPages })
      .from(runs)
      .innerJoin(sources, eq(sources.id, runs.sourceId))
      .where(eq(runs.id, id))
  return {
    page,
    byIds: async (ids: number[]) => (ids.length === 0 ? [] : await byIds(ids)),
    details: async (id: number) =>
      (await details(id))[0] as
        | ((typeof byIds extends (...args: never[]) => PromiseLike<(infer Row)[]> ? Row : never) & {
            rejections: Rejection[] | null
            failedPages: FailedPage[] | null
          })
        | undefined,
    events: (runId: number) =>
      db.q
        .select({ at: runEvents.at, event: runEvents.event, data: runEvents.data })
        .from(runEvents)
        .where(eq(runEvents.runId, runId))
        .orderBy(runEvents.id)
        .limit(1000),
  }
}
export type RunQueries = ReturnType<typeof fleetRunQueries>

/** Writes what happened to runs and cannot be read from their rows. One statement for all. */
export const runEventWriter = (db: Db) => {
  const add = db.batch<{ id: number }>(
    'run_events_add',
    [
      { name: 'run_id', type: 'bigint' },
      { name: 'at', type: 'timestamptz' },
      { name: 'event', type: 'text' },
      { name: 'data', type: 'jsonb' },
    ],
    (source) =>
      `insert into run_events (run_id, at, event, data) select s.run_id, s.at, s.event, s.data from ${source} s where true returning id`,
    'json',
  )
  return function* (
    tx: Tx,
    events: readonly { runId: number; at: Date; event: 'lease_lost' | 'released'; data: Record<string, unknown> }[],
  ): Steps<void> {
    if (events.length === 0) return
    yield* tx.batch(
      add,
      events.map(({ runId, at, event, data }) => [runId, at, event, JSON.stringify(data)]),
    )
  }
}
