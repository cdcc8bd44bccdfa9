import { z } from 'zod'
import { notFound } from '../../errors.ts'
import {
  absent,
  absentOrNull,
  boolean,
  fenceNumber,
  httpUrl,
  instant,
  integer,
  isoTime,
  isoTimeOrNull,
  nextCursor,
  object,
  pageFields,
  siteKey,
  taskName,
  text,
  time,
  workerName,
} from '../fields.ts'
import { isResting } from './due-times.ts'
import type { RunSummary, SourceRow } from './row.ts'
import { scheduleInput, scheduleView } from './schedule/fields.ts'

export const RUN_STATUSES = ['queued', 'running', 'completed', 'failed', 'lost', 'cancelled', 'skipped'] as const
export type RunStatus = (typeof RUN_STATUSES)[number]
/** Levels of a run's log lines, least first (operations §2). */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
/** What a run's timeline is made of (operations §2). */
export const RUN_EVENTS = ['queued', 'started', 'batch', 'progress', 'lease_lost', 'released', 'cancel_asked', 'ended'] as const
export const STRATEGIES = ['deep', 'discovery'] as const
export type Strategy = (typeof STRATEGIES)[number]
/** Free JSON of the client, without the server's keys. */
export type ClientConfig = Record<string, unknown>
/** An element of a batch that was not stored. */
export interface Rejection {
  kind: 'item' | 'category'
  index: number
  errors: { field: string; message: string }[]
}
/** Keys of `config` that the server owns: shown in it, ignored on input, never dispatched (gifty §2.1). */
const SERVER_KEYS = ['last_stats', 'retry_count', 'fix_required', 'last_logs', 'last_error'] as const
/** Statuses that the scheduler passes over. */
export const UNSCHEDULED = ['disabled', 'broken', 'discovered'] as const

export const runView = z
  .object({
    id: z.int(),
    source_id: z.int(),
    task_id: z.string().nullable().describe('its task in the worker protocol'),
    date: time(),
    started_at: time().nullable(),
    finished_at: time().nullable(),
    duration_seconds: z.number().nullable(),
    status: z.enum(RUN_STATUSES),
    strategy: z.string(),
    trigger: z.enum(['schedule', 'force', 'worker', 'ingest']),
    items_scraped: z.int(),
    items_new: z.int(),
    items_updated: z.int(),
    categories_found: z.int(),
    items_rejected: z.int().describe('elements of its batches that were not stored'),
    pages_failed: z.int().describe('pages of the site that its worker could not read'),
    outcome: z
      .enum(['completed', 'partial'])
      .nullable()
      .describe(
        'of a completed run: `partial` when something of it was lost; null while it is open and when it did not complete',
      ),
    error: z.string().nullable(),
  })
  .meta({
    id: 'Run',
    examples: [
      {
        id: 17,
        source_id: 1,
        task_id: '0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34',
        date: '2026-01-15T09:00:02.000Z',
        started_at: '2026-01-15T09:00:02.000Z',
        finished_at: '2026-01-15T09:04:12.000Z',
        duration_seconds: 250,
        status: 'completed',
        strategy: 'deep',
        trigger: 'force',
        items_scraped: 120,
        items_new: 12,
        items_updated: 30,
        categories_found: 0,
        items_rejected: 1,
        pages_failed: 0,
        outcome: 'partial',
        error: null,
      },
    ],
  })
export type RunView = z.infer<typeof runView>

export const sourceView = z
  .object({
    id: z.int(),
    url: z.string(),
    type: z.string(),
    site_key: z.string(),
    strategy: z.enum(STRATEGIES),
    priority: z.int(),
    refresh_interval_hours: z.int(),
    schedule: scheduleView.nullable(),
    overlap: z.enum(['skip', 'queue_one']),
    is_active: z.boolean(),
    status: z.string(),
    last_synced_at: time().nullable(),
    next_sync_at: time().nullable().describe('null when its schedule has ended'),
    created_at: time(),
    updated_at: time(),
    config: z.record(z.string(), z.unknown()),
    total_items: z.int(),
    last_run_new: z.int(),
    history: z.array(runView).nullable(),
  })
  .meta({
    id: 'ParsingSource',
    examples: [
      {
        id: 1,
        url: 'https://tea.example/catalogue',
        type: 'list',
        site_key: 'tea',
        strategy: 'deep',
        priority: 50,
        refresh_interval_hours: 24,
        schedule: null,
        overlap: 'skip',
        is_active: true,
        status: 'waiting',
        last_synced_at: '2026-01-15T09:04:12.000Z',
        next_sync_at: '2026-01-16T09:04:12.000Z',
        created_at: '2026-01-10T12:00:00.000Z',
        updated_at: '2026-01-15T09:04:12.000Z',
        config: { currency: 'RUB', last_stats: { processed_items: 120, new_items: 12 } },
        total_items: 120,
        last_run_new: 12,
        history: null,
      },
    ],
  })
export type SourceView = z.infer<typeof sourceView>

const sourceFields = {
  strategy: z.enum(STRATEGIES),
  priority: integer(1, 100),
  refresh_interval_hours: integer(1, 8760),
  is_active: boolean(),
  config: object(),
  overlap: z.enum(['skip', 'queue_one']),
}

export const listQuery = z.object({
  site_key: text().optional().describe('only sources of this site'),
  status: text().optional().describe('only sources in this status'),
  is_active: boolean().optional().describe('only active sources, or only inactive ones'),
  limit: integer(1, 1000).optional().describe('most sources; all of them when absent'),
  after_id: integer().optional().describe('only sources with a greater id: the last one of the page before'),
})
export const sourceCreate = z
  .object({
    url: httpUrl(2048),
    type: text(1, 64),
    site_key: siteKey(),
    strategy: sourceFields.strategy.nullish(),
    priority: sourceFields.priority.nullish(),
    refresh_interval_hours: sourceFields.refresh_interval_hours.nullish(),
    is_active: sourceFields.is_active.nullish(),
    config: sourceFields.config.nullish(),
    schedule: scheduleInput.nullish(),
    overlap: sourceFields.overlap.nullish(),
  })
  .meta({
    examples: [
      {
        url: 'https://tea.example/catalogue',
        type: 'list',
        site_key: 'tea',
        strategy: 'deep',
        priority: 50,
        refresh_interval_hours: 24,
        config: { currency: 'RUB' },
      },
    ],
  })
export const sourcePatch = z
  .object({
    url: httpUrl(2048).nullish(),
    type: text(1, 64).nullish(),
    strategy: sourceFields.strategy.nullish(),
    priority: sourceFields.priority.nullish(),
    refresh_interval_hours: sourceFields.refresh_interval_hours.nullish(),
    is_active: sourceFields.is_active.nullish(),
    config: sourceFields.config.nullish(),
    overlap: sourceFields.overlap.nullish(),
    schedule: scheduleInput.nullish(),
    next_sync_at: instant().nullish().describe('when it is due next; the time that it has is no change'),
  })
  .meta({ examples: [{ priority: 80, schedule: { cron: '0 6 * * *', timezone: 'Europe/Moscow' } }] })
export const removeQuery = z.strictObject({ cancel: absent(boolean(), false).describe('cancels the open run before') })
export type SourceCreate = z.infer<typeof sourceCreate>
export type SourcePatch = z.infer<typeof sourcePatch>

export const forceRunInput = z
  .object({ strategy: z.enum(STRATEGIES).nullish().describe("instead of the source's own strategy") })
  .meta({ examples: [{ strategy: 'deep' }] })
export const forceRunResponse = z
  .object({
    status: z.literal('ok'),
    message: z.string(),
    run_id: z.int().nullable(),
    task_id: z.string().nullable(),
    queued_after: z.int().optional().describe('the open run after which this one starts'),
  })
  .meta({
    examples: [{ status: 'ok', message: 'Run queued', run_id: 17, task_id: '0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34' }],
  })
export const toggleInput = z
  .object({ is_active: boolean().nullish().describe('whether the scheduler dispatches the source') })
  .meta({ examples: [{ is_active: false }] })
export const toggleResponse = z.object({ status: z.literal('ok'), is_active: z.boolean() })

/** Which run a report is about, and under which lease it was made: `task_id`, `worker_id` and `fence` go together. */
const reportOf = {
  run_id: integer()
    .nullish()
    .describe('the run that the report is about; the open one when absent')
    .meta({ examples: [17] }),
  task_id: taskName().nullish(),
  worker_id: workerName().nullish(),
  fence: fenceNumber().nullish(),
}
export type ReportOf = z.output<z.ZodObject<typeof reportOf>>
export const reportStatus = z
  .object({ status: z.enum(['queued', 'running', 'waiting', 'error', 'broken']), ...reportOf })
  .meta({ examples: [{ status: 'running', run_id: 17 }] })
export const reportLogs = z
  .object({ logs: text(), ...reportOf })
  .meta({ examples: [{ logs: '2026-01-15 09:00:02 page 1: 60 products\n', run_id: 17 }] })
export const reportError = z
  .object({ error: text(), is_broken: absentOrNull(boolean(), true), ...reportOf })
  .meta({ examples: [{ error: 'the catalogue answered 503', is_broken: false, run_id: 17 }] })
export const reportResponse = z
  .object({
    status: z.literal('ok'),
    ignored: z
      .literal(true)
      .optional()
      .describe('set when nothing was changed: the named run had ended, or another attempt is under way'),
  })
  .meta({ examples: [{ status: 'ok' }] })

export const syncSpiders = z
  .object({ available_spiders: z.array(text()).max(5000).describe('site keys that the fleet has spiders for') })
  .meta({ examples: [{ available_spiders: ['tea', 'books'] }] })
export const syncSpidersResponse = z
  .object({
    status: z.literal('ok'),
    new_spiders: z.array(z.string()),
    rejected: z.array(z.string()),
  })
  .meta({ examples: [{ status: 'ok', new_spiders: ['books'], rejected: [] }] })
export const backlogQuery = z.object({ limit: absent(integer(1, 500), 50).describe('most sources') })
export const backlogActivate = z.object({ source_ids: z.array(integer()).max(1000) }).meta({ examples: [{ source_ids: [4, 5] }] })
export const backlogActivateResponse = z
  .object({
    status: z.literal('ok'),
    activated_count: z.int(),
    skipped: z.array(z.object({ source_id: z.int(), reason: z.enum(['not_found', 'not_discovered']) })),
  })
  .meta({ examples: [{ status: 'ok', activated_count: 1, skipped: [{ source_id: 5, reason: 'not_discovered' }] }] })
export const backlogStats = z
  .object({ discovered_today: z.int(), quota: z.int(), remaining: z.int(), backlog_total: z.int() })
  .meta({ examples: [{ discovered_today: 12, quota: 50, remaining: 38, backlog_total: 3 }] })

export const runsQuery = z.object(pageFields(50))
export const runsPage = z.object({ items: z.array(runView), next_cursor: nextCursor() })

/** What a client sent as config, without the server's keys: clients send back what they read (gifty §2.1). */
export const clientConfig = (config: Record<string, unknown> | null | undefined): ClientConfig => {
  if (!config) return {}
  const own = { ...config }
  for (const key of SERVER_KEYS) delete own[key]
  return own
}

/** Whether something of a completed run was lost (operations §2). */
const isPartial = (run: RunSummary) => run.itemsRejected > 0 || run.pagesFailed > 0 || run.outcomeReason !== null

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
  pages_failed: run.pagesFailed,
  outcome: run.status === 'completed' ? (isPartial(run) ? 'partial' : 'completed') : null,
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
    next_sync_at: isResting(row.nextSyncAt) ? null : isoTime(row.nextSyncAt),
    created_at: isoTime(row.createdAt),
    updated_at: isoTime(row.updatedAt),
    config,
    total_items: detail?.totalItems ?? 0,
    last_run_new: detail?.lastRunNew ?? 0,
    history: detail ? detail.history.map(toRun) : null,
  }
}

export const missingSource = () => notFound('Source not found')
