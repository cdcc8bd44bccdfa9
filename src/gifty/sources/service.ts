import type { Clock } from '../../platform/clock.ts'
import type { Db } from '../../platform/db/index.ts'
import { decodeCursor, encodeCursor, rowsThatFit } from '../../platform/http/lists.ts'
import type { Engine } from '../../tasks/index.ts'
import type { CatalogCounts } from '../catalog/service.ts'
import { invalidField } from '../envelope.ts'
import type { Notifications } from '../notifications.ts'
import { createBacklog } from './backlog.ts'
import { createSourceCommands } from './commands.ts'
import { createForceRun } from './force-run.ts'
import { missingSource, type SourceView, toRun, toSource } from './model.ts'
import { createSourceRemoval } from './removal.ts'
import { createReportCommands, type RunReports } from './reports.ts'
import type { SourceKey, SourcesRepository } from './repository.ts'
import type { SourceRow } from './row.ts'
import type { RunStore } from './runs.ts'
import { createScheduler, type RunSweeps } from './scheduler.ts'

export interface SourcesDeps {
  db: Db
  clock: Clock
  engine: Engine
  repository: SourcesRepository
  store: RunStore
  reports: RunReports
  counts: CatalogCounts
  notifications: Notifications
  discoveryDailyQuota: number
  /** Dispatches in one transaction of the scheduler. */
  dispatchPerTick: number
}

/** Sources (gifty §2): commands, queries, reports, the backlog, the scheduler. Other domains use sources through this service only. */
export const createSources = ({ sweeps, ...deps }: SourcesDeps & { sweeps: RunSweeps }) => {
  const { repository, store, reports } = deps
  return {
    ...createSourceQueries(deps),
    ...createSourceCommands(deps),
    ...createSourceRemoval(deps),
    ...createForceRun(deps),
    ...createReportCommands(deps),
    ...createBacklog(deps),
    ...createScheduler(deps),
    /** Ends running runs without a report or batch for too long. */
    endIdleRuns: sweeps.endIdle,
    /** Ends runs whose message no worker has taken for too long. */
    endUnstartedRuns: sweeps.endUnstarted,
    /** For ingestion: where a batch belongs, read before its transaction and locked in it, and the steps that change that. */
    placeOf: repository.placeOf,
    placeOfTask: repository.placeOfTask,
    placeOfSite: repository.placeOfSite,
    lockOpenOfTask: store.lockOpenOfTask,
    lockForBatch: store.lockForBatch,
    onlyRunningOfSite: repository.onlyRunningOfSite,
    addRejections: repository.addRejections,
    addBatch: reports.addBatch,
    addLoose: repository.addLoose,
    purgeLoose: repository.purgeLoose,
    purgeRuns: repository.purgeRuns,
    addRefusedBatch: reports.addRefusedBatch,
  }
}
export type Sources = ReturnType<typeof createSources>

/** Number of sources whose sizes are read at once. */
const LIST_PAGE = 500
/** Bytes of large columns in a part of a list, which is written in one turn of the event loop. */
const PART_BYTES = 1024 * 1024

/** Lists, details and histories of sources (gifty §2.2). */
const createSourceQueries = ({ repository, counts }: Pick<SourcesDeps, 'repository' | 'counts'>) => {
  const aggregated = async (row: SourceRow & { lastLogs: string | null }): Promise<SourceView> => {
    if (row.type === 'hub') {
      const [site, totalItems, lastRunNew, history] = await Promise.all([
        repository.site(row.siteKey),
        counts.ofSite(row.siteKey),
        repository.newSinceHubRun(row.siteKey),
        repository.historyOfSite(row.siteKey),
      ])
      const status = site?.running
        ? 'running'
        : site?.queued
          ? 'queued'
          : site?.error
            ? 'error'
            : site?.broken
              ? 'broken'
              : row.status
      return toSource(
        { ...row, status, lastSyncedAt: site?.lastSyncedAt ?? null, nextSyncAt: site?.nextSyncAt ?? row.nextSyncAt },
        { logs: row.lastLogs, totalItems, lastRunNew, history },
      )
    }
    const discoveryName = typeof row.config.discovery_name === 'string' ? row.config.discovery_name : ''
    const [totalItems, history] = await Promise.all([
      counts.ofSource({ id: row.id, siteKey: row.siteKey, discoveryName }),
      repository.historyOfSource(row.id),
    ])
    const newest =
      history.find((run) => run.status !== 'skipped') ??
      (history.length === 50 ? await repository.readNewestRun(row.id) : undefined)
    return toSource(row, { logs: row.lastLogs, totalItems, lastRunNew: newest?.itemsNew ?? 0, history })
  }

  const detail = async (id: number): Promise<SourceView> => {
    const row = await repository.find(id)
    if (!row) throw missingSource()
    return aggregated(row)
  }

  /** The rows of a list, no more at a time than a part may weigh. */
  async function* inParts(keys: SourceKey[]): AsyncGenerator<SourceView[]> {
    for (let from = 0; from < keys.length; ) {
      const size = rowsThatFit(keys.slice(from), keys.length, PART_BYTES)
      const rows = await repository.byIds(keys.slice(from, from + size).map(({ id }) => id))
      yield rows.map((row) => toSource(row))
      from += size
    }
  }

  return {
    detail,
    /** All matching sources by id, or the first `limit` of them, a part at a time. */
    async *all(filter: {
      site_key?: string
      status?: string
      is_active?: boolean
      limit?: number
      after_id?: number
    }): AsyncGenerator<SourceView[]> {
      let left = filter.limit ?? Number.POSITIVE_INFINITY
      for (let afterId = filter.after_id; left > 0; ) {
        const limit = Math.min(left, LIST_PAGE)
        const keys = await repository.keys({
          siteKey: filter.site_key,
          status: filter.status,
          isActive: filter.is_active,
          limit,
          afterId,
        })
        yield* inParts(keys)
        if (keys.length < limit) return
        left -= keys.length
        afterId = keys.at(-1)?.id
      }
    },
    /** The backlog, a part at a time. */
    async *backlog(limit: number): AsyncGenerator<SourceView[]> {
      yield* inParts(await repository.backlogKeys(limit))
    },

    async runs(id: number, limit: number, cursor: string | null | undefined) {
      const source = await repository.find(id)
      if (!source) throw missingSource()
      const place = cursor ? decodeCursor(cursor) : undefined
      const before = place?.[0]
      if (cursor && !Number.isSafeInteger(before))
        throw invalidField(['query', 'cursor'], 'Input should be a cursor of this list', cursor)
      const keys = await repository.runKeys(
        source.type === 'hub' ? { siteKey: source.siteKey } : { sourceId: id },
        before as number | undefined,
        limit + 1,
      )
      // Errors can be long: a page ends early before it weighs too much.
      const page = keys.slice(0, rowsThatFit(keys, limit)).map((key) => key.id)
      const last = page.at(-1)
      return {
        items: (await repository.runsOfIds(page)).map(toRun),
        next_cursor: keys.length > page.length && last !== undefined ? encodeCursor([last]) : null,
      }
    },
  }
}
