import { and, asc, desc, eq, gt, gte, lte, notInArray, sql } from 'drizzle-orm'
import type { Db } from '../../../platform/db/index.ts'
import { UNSCHEDULED } from '../model.ts'
import { sourcesColumns } from '../row.ts'

/** Which sources come due, and what was skipped (operations §11). */
export const scheduleQueries = (db: Db) => {
  const { sources, runs } = sourcesColumns(db)
  const shown = {
    id: sources.id,
    url: sources.url,
    siteKey: sources.siteKey,
    schedule: sources.schedule,
    refreshIntervalHours: sources.refreshIntervalHours,
    nextSyncAt: sources.nextSyncAt,
  }
  const dueUntil = (to: Date, siteKey: string | null | undefined) =>
    and(
      // Literally the index's condition.
      sql`${sources.isActive}`,
      notInArray(sources.status, [...UNSCHEDULED]),
      lte(sources.nextSyncAt, to),
      siteKey ? eq(sources.siteKey, siteKey) : undefined,
    )
  return {
    /** Sources that are due by then, by id. */
    page: (filter: { to: Date; siteKey: string | null | undefined; afterId: number; limit: number }) =>
      db.q
        .select(shown)
        .from(sources)
        .where(and(dueUntil(filter.to, filter.siteKey), gt(sources.id, filter.afterId)))
        .orderBy(asc(sources.id))
        .limit(filter.limit),
    /** The same, the soonest first. */
    soonest: (filter: { to: Date; siteKey: string | null | undefined; limit: number }) =>
      db.q
        .select(shown)
        .from(sources)
        .where(dueUntil(filter.to, filter.siteKey))
        .orderBy(asc(sources.nextSyncAt), asc(sources.id))
        .limit(filter.limit),
    /** Due times that opened no run, newest first. */
    skips: (since: Date, siteKey: string | null | undefined, limit: number) =>
      db.q
        .select({
          id: runs.id,
          sourceId: runs.sourceId,
          siteKey: runs.siteKey,
          createdAt: runs.createdAt,
          reason: runs.reason,
        })
        .from(runs)
        .where(and(eq(runs.status, 'skipped'), gte(runs.createdAt, since), siteKey ? eq(runs.siteKey, siteKey) : undefined))
        .orderBy(desc(runs.id))
        .limit(limit),
  }
}
export type ScheduleQueries = ReturnType<typeof scheduleQueries>
export type DueSource = Awaited<ReturnType<ScheduleQueries['page']>>[number]
