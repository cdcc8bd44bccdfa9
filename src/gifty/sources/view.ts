import { isoTime, isoTimeOrNull } from '../fields.ts'
import { type ClientConfig, type RunView, SERVER_KEYS, type SourceView } from './model.ts'
import type { RunSummary, SourceRow } from './row.ts'

/** What a client sent as config, without the server's keys: clients send back what they read (gifty §2.1). */
export const clientConfig = (config: Record<string, unknown> | null | undefined): ClientConfig => {
  if (!config) return {}
  const own = { ...config }
  for (const key of SERVER_KEYS) delete own[key]
  return own
}

export const toRun = (run: RunSummary): RunView => ({
  id: run.id,
  source_id: run.sourceId,
  task_id: run.taskId,
  date: isoTime(run.startedAt ?? run.createdAt),
  started_at: isoTimeOrNull(run.startedAt),
  finished_at: isoTimeOrNull(run.finishedAt),
  duration_seconds:
    run.startedAt && run.finishedAt ? Math.max(0, run.finishedAt.getTime() - run.startedAt.getTime()) / 1000 : null,
  status: run.status,
  strategy: run.strategy,
  trigger: run.trigger,
  items_scraped: run.itemsScraped,
  items_new: run.itemsNew,
  items_updated: run.itemsUpdated,
  categories_found: run.categoriesFound,
  items_rejected: run.itemsRejected,
  error: run.error ?? run.reason,
})

export interface SourceDetail {
  logs: string | null
  totalItems: number
  lastRunNew: number
  history: RunSummary[]
}

/** The row as the contract's ParsingSource; logs and the last error only in the detail. */
export const toSource = (row: SourceRow, detail?: SourceDetail): SourceView => {
  const config: Record<string, unknown> = { ...row.config }
  if (row.lastStats) config.last_stats = row.isForced ? { ...row.lastStats, status: 'queued_manual' } : row.lastStats
  if (row.retryCount > 0) config.retry_count = row.retryCount
  if (row.fixRequired) config.fix_required = true
  if (detail && detail.logs !== null) config.last_logs = detail.logs
  if (detail && row.lastError !== null) config.last_error = row.lastError
  return {
    id: row.id,
    url: row.url,
    type: row.type,
    site_key: row.siteKey,
    strategy: row.strategy,
    priority: row.priority,
    refresh_interval_hours: row.refreshIntervalHours,
    schedule: row.schedule ?? null,
    overlap: row.overlap,
    is_active: row.isActive,
    status: row.status,
    last_synced_at: isoTimeOrNull(row.lastSyncedAt),
    next_sync_at: isoTime(row.nextSyncAt),
    created_at: isoTime(row.createdAt),
    updated_at: isoTime(row.updatedAt),
    config,
    total_items: detail?.totalItems ?? 0,
    last_run_new: detail?.lastRunNew ?? 0,
    history: detail ? detail.history.map(toRun) : null,
  }
}
