import { and, desc, eq, inArray, lt, type SQL, sql } from 'drizzle-orm'
import { bytesOf, type Db, param } from '../../platform/db/index.ts'
import { type RunSummary, sourcesColumns } from './row.ts'

/** What is shown of runs that were, and of a site as a whole. */
export const historyQueries = (db: Db) => {
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
