import { notFound } from '../../../errors.ts'
import { decodeCursor, encodeCursor, rowsThatFit } from '../../../platform/http/lists.ts'
import type { Engine, Task } from '../../../tasks/index.ts'
import { invalidField } from '../../envelope.ts'
import { isoTime } from '../../fields.ts'
import { toRun } from '../model.ts'
import type { FleetRunView, RunDetail, RunsQuery } from './model.ts'
import type { ListedRun, RunQueries } from './queries.ts'

const toFleetRun = (row: ListedRun): FleetRunView => {
  const run = toRun(row)
  return {
    ...run,
    status: run.outcome === 'partial' ? 'partial' : run.status,
    site_key: row.siteKey,
    url: row.url,
    source_type: row.sourceType,
    kind: row.isWeb ? 'source.run.web' : 'source.run',
    worker_id: row.workerId,
    attempts: row.attempts,
    items_unchanged: row.itemsUnchanged,
    items_duplicate: row.itemsDuplicate,
    batches: row.batches,
    outcome_reason: row.outcomeReason,
    last_activity_at: isoTime(row.lastActivityAt),
    error_group: row.errorGroup,
    log_lines: row.logLines,
  }
}

/** Runs, and bytes of their errors, of one part of an export. */
const EXPORT_PAGE = 500
const EXPORT_BYTES = 1024 * 1024

type TimelineEvent = RunDetail['timeline'][number]
/** What happened to a run, from its row and the stored events, by time. */
const timelineOf = (
  row: ListedRun,
  stored: Awaited<ReturnType<RunQueries['events']>>,
  task: Task | undefined,
): TimelineEvent[] => {
  const at = (event: TimelineEvent['event'], time: Date, data: Record<string, unknown>): TimelineEvent => ({
    at: isoTime(time),
    event,
    data,
  })
  const { startedAt, finishedAt, batches } = row
  const lastBatchAt = finishedAt && row.lastActivityAt > finishedAt ? finishedAt : row.lastActivityAt
  const view = toFleetRun(row)
  return [
    at('queued', row.createdAt, { trigger: row.trigger, strategy: row.strategy }),
    ...(startedAt ? [at('started', startedAt, { worker_id: row.workerId, attempts: row.attempts })] : []),
    ...stored.map(({ at: time, event, data }) => ({ at: isoTime(time), event, data: data ?? null })),
    ...(batches > 0 ? [at('batch', lastBatchAt, { batches, items_scraped: row.itemsScraped, items_new: row.itemsNew })] : []),
    ...(task?.progress ? [at('progress', task.updatedAt, { progress: task.progress })] : []),
    ...(task?.state === 'cancelling' ? [at('cancel_asked', task.updatedAt, {})] : []),
    ...(finishedAt
      ? [at('ended', finishedAt, { status: view.status, ...(view.error === null ? {} : { error: view.error.slice(0, 1000) }) })]
      : []),
  ].sort((a, b) => a.at.localeCompare(b.at))
}

/** Runs of the whole fleet, as operators read them (operations §2). */
export const createFleetRuns = (queries: RunQueries, engine: Pick<Engine, 'get'>) => ({
  /** A page of runs after another, newest first, from those that there are now. */
  async *pages(query: Omit<RunsQuery, 'limit' | 'cursor'>): AsyncGenerator<FleetRunView[], void> {
    let below: number | undefined
    do {
      const { keys, windowEnd } = await queries.page({ ...query, limit: EXPORT_PAGE, cursor: null }, below)
      const ids = keys.slice(0, rowsThatFit(keys, EXPORT_PAGE, EXPORT_BYTES)).map(({ id }) => id)
      yield (await queries.byIds(ids)).map(toFleetRun)
      below = keys.length > ids.length ? ids.at(-1) : windowEnd
    } while (below !== undefined)
  },
  async list(query: RunsQuery): Promise<{ items: FleetRunView[]; next_cursor: string | null }> {
    const place = query.cursor ? decodeCursor(query.cursor) : undefined
    const below = place?.[0]
    if (query.cursor && (place?.length !== 1 || !Number.isSafeInteger(below)))
      throw invalidField(['query', 'cursor'], 'Input should be a cursor of this list', query.cursor)
    const { keys, windowEnd } = await queries.page(query, below as number | undefined)
    // Errors can be long: a page ends early before it weighs too much.
    const ids = keys.slice(0, rowsThatFit(keys, query.limit)).map(({ id }) => id)
    const next = keys.length > ids.length ? ids.at(-1) : windowEnd
    return {
      items: (await queries.byIds(ids)).map(toFleetRun),
      next_cursor: next === undefined ? null : encodeCursor([next]),
    }
  },
  /** @throws AppError 404 */
  async detail(id: number): Promise<RunDetail> {
    const [row, stored] = await Promise.all([queries.details(id), queries.events(id)])
    if (!row) throw notFound('Run not found')
    const isOpen = row.status === 'queued' || row.status === 'running'
    const task = isOpen && row.taskId ? await engine.get(row.taskId) : undefined
    return {
      ...toFleetRun(row),
      progress: task?.progress ?? null,
      timeline: timelineOf(row, stored, task),
      rejected: row.rejections ?? [],
      failed_pages: row.failedPages ?? [],
    }
  },
})
export type FleetRuns = ReturnType<typeof createFleetRuns>
