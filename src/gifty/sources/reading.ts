import { invalidField } from '../../errors.ts'
import { decodeCursor, encodeCursor } from '../../platform/http/paging.ts'
import { missingSource, type SourcesContext } from './context.ts'
import type { SourceView } from './model.ts'
import type { SourceRow } from './row.ts'
import { toRun, toSource } from './view.ts'

const LIST_PAGE = 500

/** Lists, details and histories of sources (gifty §2.2). */
export const createReading = ({ repository, counts }: Pick<SourcesContext, 'repository' | 'counts'>) => {
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

  return {
    detail,
    async list(filter: {
      site_key?: string
      status?: string
      is_active?: boolean
      limit: number
      after_id?: number
    }): Promise<SourceView[]> {
      const rows = await repository.list({
        siteKey: filter.site_key,
        status: filter.status,
        isActive: filter.is_active,
        limit: filter.limit,
        afterId: filter.after_id,
      })
      return rows.map((row) => toSource(row))
    },
    /** All matching sources, a page at a time. */
    async *all(filter: {
      site_key?: string
      status?: string
      is_active?: boolean
      after_id?: number
    }): AsyncGenerator<SourceView[]> {
      for (let afterId = filter.after_id; ; ) {
        const page = await this.list({ ...filter, after_id: afterId, limit: LIST_PAGE })
        if (page.length > 0) yield page
        if (page.length < LIST_PAGE) return
        afterId = page.at(-1)?.id
      }
    },

    async runs(id: number, limit: number, cursor: string | null | undefined) {
      const source = await repository.find(id)
      if (!source) throw missingSource()
      const place = cursor ? decodeCursor(cursor) : undefined
      const before = place?.[0]
      if (cursor && !Number.isSafeInteger(before))
        throw invalidField(['query', 'cursor'], 'Input should be a cursor of this list', cursor)
      const rows = await repository.runs(
        source.type === 'hub' ? { siteKey: source.siteKey } : { sourceId: id },
        before as number | undefined,
        limit + 1,
      )
      const items = rows.slice(0, limit)
      const last = items.at(-1)
      return { items: items.map(toRun), next_cursor: rows.length > limit && last ? encodeCursor([last.id]) : null }
    },
  }
}
