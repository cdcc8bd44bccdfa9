import { notFound } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import { decodeCursor, encodeCursor } from '../../platform/http/lists.ts'
import { invalidField } from '../envelope.ts'
import type { SiteDetail, SiteFields, SitesQuery, SiteView, YieldView } from './model.ts'
import { type FieldCounts, SITE_FIELDS, type SiteQueries, type StoredYield } from './queries.ts'

/** Products that are sampled for how full their fields are, in parts: SQLite keeps the event loop while it reads one. */
const SAMPLED = 10_000
const PART = 500
/** Values that are shown of a field. */
const VALUES = 3

const toYield = (run: StoredYield): YieldView => {
  const isPartial = run.status === 'completed' && (run.rejected > 0 || run.pages > 0 || run.lost > 0)
  return {
    ...{ run_id: run.id, source_id: run.source, at: new Date(Number(run.at)).toISOString() },
    status: isPartial ? 'partial' : run.status,
    ...{ items: run.scraped, items_new: run.fresh, items_updated: run.updated, items_rejected: run.rejected },
    pages_failed: run.pages,
  }
}
/** 0..1, to four digits. */
const share = (part: number, whole: number): number => (whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 10_000)

/** Sites as operators see them (operations §10): their sources, runs and products. */
export const createSites = ({ queries, clock }: { queries: SiteQueries; clock: Clock }) => {
  const viewsOf = async (sites: readonly string[]): Promise<SiteView[]> => {
    if (sites.length === 0) return []
    const [sources, items, yields] = await Promise.all([queries.sources(sites), queries.items(sites), queries.yields(sites)])
    const bySite = Map.groupBy(sources, ({ siteKey }) => siteKey)
    const now = clock.now()
    return sites.map((site) => {
      const own = bySite.get(site) ?? []
      const times = own.flatMap(({ syncedAt }) => syncedAt ?? [])
      const last = times.length === 0 ? null : Math.max(...times)
      const runs = yields.get(site) ?? []
      const errors = runs.filter(({ status }) => status === 'failed' || status === 'lost').length
      return {
        site_key: site,
        sources: Object.fromEntries(own.map(({ status, count }) => [status, count])),
        sources_active: own.reduce((sum, { active }) => sum + active, 0),
        items: items.get(site) ?? 0,
        last_success_at: last === null ? null : new Date(last).toISOString(),
        freshness_seconds: last === null ? null : Math.max(0, Math.floor((now - last) / 1000)),
        yields: runs.map(toYield),
        error_share: runs.length === 0 ? null : share(errors, runs.length),
      }
    })
  }
  /** How many of the products that changed last have each field, and how many of the very last. */
  const sample = async (site: string): Promise<{ all: FieldCounts; newest: FieldCounts }> => {
    const newest = await queries.filled(site, 0, PART)
    const all = { ...newest }
    for (let skip = PART, last = newest; skip < SAMPLED && last.total === PART; skip += PART) {
      await new Promise((resolve) => setImmediate(resolve))
      last = await queries.filled(site, skip, PART)
      for (const name of ['total', ...SITE_FIELDS] as const) all[name] += last[name]
    }
    return { all, newest }
  }
  const known = async (site: string) => {
    if (!(await queries.isKnown(site))) throw notFound('Site not found')
  }

  return {
    /** @throws AppError 422 */
    async list({ limit, cursor }: SitesQuery): Promise<{ items: SiteView[]; next_cursor: string | null }> {
      const [behind] = cursor === undefined ? [''] : (decodeCursor(cursor) ?? [])
      if (typeof behind !== 'string') throw invalidField(['query', 'cursor'], 'Input should be a cursor of this list', cursor)
      const keys = await queries.keys(behind, limit + 1)
      const page = keys.slice(0, limit)
      return {
        items: await viewsOf(page),
        next_cursor: keys.length > limit ? encodeCursor([page.at(-1) as string]) : null,
      }
    },
    /** @throws AppError 404 */
    async detail(site: string): Promise<SiteDetail> {
      await known(site)
      const [[view], { all }] = await Promise.all([viewsOf([site]), sample(site)])
      const fill = Object.fromEntries(SITE_FIELDS.map((field) => [field, share(all[field], all.total)]))
      return { ...(view as SiteView), fill, sampled: all.total }
    },
    /** @throws AppError 404 */
    async fields(site: string): Promise<SiteFields> {
      await known(site)
      const [{ all, newest }, rows] = await Promise.all([sample(site), queries.samples(site)])
      return SITE_FIELDS.map((field) => ({
        field,
        filled: share(all[field], all.total),
        filled_newest: share(newest[field], newest.total),
        sample: [...new Set(rows.map((row) => row[field]))].filter((value) => value !== null && value !== '').slice(0, VALUES),
      })) as SiteFields
    },
  }
}
export type Sites = ReturnType<typeof createSites>
