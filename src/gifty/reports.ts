import { Elysia } from 'elysia'
import { z } from 'zod'
import { type Clock, DAY_MS, MINUTE_MS } from '../platform/clock.ts'
import type { Db } from '../platform/db/index.ts'
import type { CatalogCounts } from './catalog/service.ts'
import { time } from './fields.ts'
import type { GiftySurface } from './surface.ts'

const sites = z.array(
  z
    .object({
      site_key: z.string(),
      total_sources: z.int(),
      status: z.string(),
      last_synced_at: time().nullable(),
      is_active: z.boolean(),
      id: z.int(),
      url: z.string(),
      total_items: z.int(),
      scraped_last_run: z.int(),
    })
    .meta({
      examples: [
        {
          site_key: 'tea',
          total_sources: 3,
          status: 'waiting',
          last_synced_at: '2026-01-15T09:04:12.000Z',
          is_active: true,
          id: 1,
          url: 'https://tea.example/catalogue',
          total_items: 120,
          scraped_last_run: 120,
        },
      ],
    }),
)
const stats = z
  .object({
    scraped_24h: z.int(),
    new_24h: z.int(),
    updated_24h: z.int(),
    runs_24h: z.int(),
    failed_runs_24h: z.int(),
    products_total: z.int(),
    unscored_total: z.int(),
  })
  .meta({
    examples: [
      {
        scraped_24h: 1200,
        new_24h: 40,
        updated_24h: 310,
        runs_24h: 25,
        failed_runs_24h: 1,
        products_total: 5300,
        unscored_total: 12,
      },
    ],
  })

/** What the fleet does, per site and in all (gifty §8). */
export const monitoringRoutes = (surface: GiftySurface, reports: Reports) =>
  new Elysia({ detail: { tags: ['gifty: monitoring'] } })
    .use(surface)
    .get('/monitoring', () => reports.monitoring(), {
      auth: 'internal',
      response: { 200: sites },
      detail: { summary: 'Read the state of each site', description: 'By site key.' },
    })
    .get('/stats', () => reports.stats(), {
      auth: 'internal',
      response: { 200: stats },
      detail: {
        summary: 'Read the figures of the last day',
        description: 'Over runs created in the last 24 hours, and batches that belong to none.',
      },
    })

export interface SiteReport {
  site_key: string
  total_sources: number
  status: string
  last_synced_at: string | null
  is_active: boolean
  id: number
  url: string
  total_items: number
  scraped_last_run: number
}

/** Figures of scraping from the runs and tables (gifty §10). */
export interface ScrapingReport {
  activeSources: number
  unmappedCategories: number
  items: number
  /** Failed and lost runs. */
  errors: number
  /** Items by site key. */
  perSite: [string, number][]
}

/** Read-only reports over several domains' tables (gifty §8, §10). */
export const createReports = (db: Db, clock: Clock, counts: CatalogCounts) => {
  const { param, bytewise, ms } = db.fragments
  const perSite = db.statement<{
    site_key: string
    total_sources: number | string
    running: number
    queued: number
    error: number
    broken: number
    active: number
    last_synced_ms: number | string | null
    id: number | string
    url: string
    scraped_last_run: number | string | null
  }>('report_sites', {
    sqlite: siteReport('is_active', ms('max(last_synced_at)'), 'g.site_key'),
    // In byte order, as SQLite sorts.
    postgres: siteReport('is_active::int', ms('max(last_synced_at)'), 'g.site_key collate "C"'),
  })
  const ofRuns = db.statement<Record<'scraped' | 'fresh' | 'updated' | 'runs' | 'failed', number | string | null>>(
    'report_runs',
    `select sum(items_scraped) as scraped, sum(items_new) as fresh, sum(items_updated) as updated, count(*) as runs,
      sum(case when status in ('failed', 'lost') then 1 else 0 end) as failed from parsing_runs where created_at > ${param('since', 'timestamptz')}`,
  )
  const ofNone = db.statement<Record<'scraped' | 'fresh' | 'updated', number | string | null>>(
    'report_loose',
    `select sum(items_scraped) as scraped, sum(items_new) as fresh, sum(items_updated) as updated from loose_ingests
      where at > ${param('since', 'timestamptz')}`,
  )
  const scraping = db.statement<Record<'sources' | 'unmapped', number | string>>(
    'report_scraping',
    `select (select count(*) from parsing_sources where is_active) as sources,
      (select count(*) from category_maps where internal_category_id is null) as unmapped`,
  )
  const perSpider = db.statement<{ site_key: string; items: number | string; errors: number | string }>(
    'report_spiders',
    `select site_key, sum(items_scraped) as items, sum(case when status in ('failed', 'lost') then 1 else 0 end) as errors
    from parsing_runs group by site_key order by ${bytewise('site_key')}`,
  )

  return {
    async scraping(): Promise<ScrapingReport> {
      const [[totals], sites] = await Promise.all([scraping.all(), perSpider.all()])
      return {
        activeSources: Number(totals?.sources ?? 0),
        unmappedCategories: Number(totals?.unmapped ?? 0),
        items: sites.reduce((sum, site) => sum + Number(site.items), 0),
        errors: sites.reduce((sum, site) => sum + Number(site.errors), 0),
        perSite: sites.filter((site) => Number(site.items) > 0).map((site) => [site.site_key, Number(site.items)]),
      }
    },
    async monitoring(): Promise<SiteReport[]> {
      const [rows, totals] = await Promise.all([perSite.all(), counts.perSite()])
      return rows.map((row) => ({
        site_key: row.site_key,
        total_sources: Number(row.total_sources),
        status: row.running ? 'running' : row.queued ? 'queued' : row.error ? 'error' : row.broken ? 'broken' : 'waiting',
        last_synced_at: row.last_synced_ms === null ? null : new Date(Number(row.last_synced_ms)).toISOString(),
        is_active: Number(row.active) > 0,
        id: Number(row.id),
        url: row.url,
        total_items: totals.get(row.site_key) ?? 0,
        scraped_last_run: Number(row.scraped_last_run ?? 0),
      }))
    },
    async stats() {
      const since = clock.now() - DAY_MS
      const [[runs], [loose], products] = await Promise.all([
        ofRuns.all({ since: new Date(since) }),
        // Counted by the minute in which they began.
        ofNone.all({ since: new Date(since - MINUTE_MS) }),
        counts.totals(),
      ])
      const sum = (figure: 'scraped' | 'fresh' | 'updated') => Number(runs?.[figure] ?? 0) + Number(loose?.[figure] ?? 0)
      return {
        scraped_24h: sum('scraped'),
        new_24h: sum('fresh'),
        updated_24h: sum('updated'),
        runs_24h: Number(runs?.runs ?? 0),
        failed_runs_24h: Number(runs?.failed ?? 0),
        products_total: products.total,
        unscored_total: products.unscored,
      }
    },
  }
}
export type Reports = ReturnType<typeof createReports>

/** One row a site: `id` and `url` of its oldest hub, else its oldest source. */
const siteReport = (active: string, lastSynced: string, order: string) => `select g.*, s.url,
    (select r.items_scraped from parsing_runs r where r.site_key = g.site_key and r.status <> 'skipped' order by r.id desc limit 1) as scraped_last_run
  from (select site_key, count(*) as total_sources,
      max(case when status = 'running' then 1 else 0 end) as running, max(case when status = 'queued' then 1 else 0 end) as queued,
      max(case when status = 'error' then 1 else 0 end) as error, max(case when status = 'broken' then 1 else 0 end) as broken,
      max(${active}) as active, ${lastSynced} as last_synced_ms, coalesce(min(case when type = 'hub' then id end), min(id)) as id
    from parsing_sources group by site_key) g
  join parsing_sources s on s.id = g.id order by ${order}`
