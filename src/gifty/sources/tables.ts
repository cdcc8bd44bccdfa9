import { sql } from 'drizzle-orm'
import { defineTables } from '../../platform/db/kit.ts'
import { type ClientConfig, type Rejection, RUN_STATUSES, type RunStatus, type Schedule } from './model.ts'

/** Parsing sources and their runs (gifty §12). */
export const sourcesTables = defineTables((k) => {
  const parsingSources = k.table(
    'parsing_sources',
    {
      id: k.serial(),
      url: k.text().notNull(),
      /** A URL can be longer than what a btree key may hold. */
      urlHash: k.text().notNull(),
      type: k.text().notNull(),
      siteKey: k.text().notNull(),
      strategy: k.oneOf('deep', 'discovery').notNull(),
      priority: k.int().notNull(),
      refreshIntervalHours: k.int().notNull(),
      schedule: k.json<Schedule>(),
      overlap: k.oneOf('skip', 'queue_one').notNull(),
      isActive: k.bool().notNull(),
      status: k.text().notNull(),
      lastSyncedAt: k.at(),
      nextSyncAt: k.at().notNull(),
      /** The client's part of `config`; the server's keys have columns of their own. */
      config: k.json<ClientConfig>().notNull(),
      retryCount: k.int().notNull().default(0),
      fixRequired: k.bool().notNull().default(false),
      lastError: k.text(),
      lastLogs: k.text(),
      lastStats: k.json<Record<string, unknown>>(),
      /** What the status was before the open run, or has been set to since. */
      resumeStatus: k.text(),
      /** Whether the open run was forced: shown as `last_stats.status` until it ends. */
      isForced: k.bool().notNull().default(false),
      /** When it was switched off, until the next start: a run released after it is not queued again. */
      switchedOffAt: k.at(),
      /** A run to start once the open one closes (overlap `queue_one`). */
      queuedAfter: k.oneOf('schedule', 'force'),
      /** Set when discovery found the source. */
      discoveredAt: k.at(),
      /** Set when a discovered source used discovery quota. */
      activatedAt: k.at(),
      createdAt: k.at().notNull(),
      updatedAt: k.at().notNull(),
    },
    (t) => [
      k.unique('parsing_sources_url_uq').on(t.urlHash),
      k.index('parsing_sources_due_ix').on(t.nextSyncAt, k.desc(t.priority)).where(sql`${t.isActive}`),
      k.index('parsing_sources_site_ix').on(t.siteKey, t.type),
      k.index('parsing_sources_status_ix').on(t.status, k.desc(t.priority), t.createdAt),
      k.index('parsing_sources_quota_ix').on(t.activatedAt).where(sql`${t.activatedAt} is not null`),
    ],
  )
  const parsingRuns = k.table(
    'parsing_runs',
    {
      id: k.serial(),
      sourceId: k
        .big()
        .notNull()
        .references(() => parsingSources.id, { onDelete: 'cascade' }),
      /** Copied from the source, which never changes it: a hub's history is that of its site. */
      siteKey: k.text().notNull(),
      taskId: k.uuid(),
      status: k.oneOf(...RUN_STATUSES).notNull(),
      strategy: k.text().notNull(),
      trigger: k.oneOf('schedule', 'force', 'worker', 'ingest').notNull(),
      reason: k.text(),
      error: k.text(),
      itemsScraped: k.big().notNull().default(0),
      itemsNew: k.big().notNull().default(0),
      itemsUpdated: k.big().notNull().default(0),
      itemsUnchanged: k.big().notNull().default(0),
      categoriesFound: k.big().notNull().default(0),
      itemsRejected: k.big().notNull().default(0),
      /** The first hundred rejected elements with their reasons. */
      rejections: k.json<Rejection[]>(),
      /** Whether a worker ever reported on it; batches alone do not count. */
      reported: k.bool().notNull().default(false),
      isHub: k.bool().notNull().default(false),
      logs: k.text(),
      startedAt: k.at(),
      finishedAt: k.at(),
      lastActivityAt: k.at().notNull(),
      createdAt: k.at().notNull(),
      updatedAt: k.at().notNull(),
    },
    (t) => [
      k.unique('parsing_runs_open_uq').on(t.sourceId).where(sql`${t.status} in ('queued', 'running')`),
      k.index('parsing_runs_history_ix').on(t.sourceId, k.desc(t.id)),
      k.index('parsing_runs_task_ix').on(t.taskId),
      k.index('parsing_runs_site_ix').on(t.siteKey, k.desc(t.id)),
      k.index('parsing_runs_created_ix').on(t.createdAt),
      k.index('parsing_runs_idle_ix').on(t.lastActivityAt).where(sql`${t.status} in ('queued', 'running')`),
      k.check(
        'parsing_runs_status_ck',
        sql`${t.status} in (${sql.raw(RUN_STATUSES.map((status: RunStatus) => `'${status}'`).join(', '))})`,
      ),
    ],
  )
  /** What batches brought that belong to no run, by the minute. Several rows a minute, so that batches do not wait for each other. */
  const looseIngests = k.table(
    'loose_ingests',
    {
      at: k.at().notNull(),
      shard: k.int().notNull(),
      itemsScraped: k.big().notNull(),
      itemsNew: k.big().notNull(),
      itemsUpdated: k.big().notNull(),
    },
    (t) => [k.primaryKey({ columns: [t.at, t.shard] })],
  )
  return { parsingSources, parsingRuns, looseIngests }
})
