import type { Db } from '../../platform/db/index.ts'

/** What a scraper fills of a product, and the column of each. */
const COLUMNS = {
  ...{ title: 'title', product_url: 'product_url', description: 'description', price: 'price', currency: 'currency' },
  ...{ image_url: 'image_url', merchant: 'merchant', category: 'category', raw_data: 'raw' },
}
export type SiteField = keyof typeof COLUMNS
export const SITE_FIELDS = Object.keys(COLUMNS) as SiteField[]

/** Runs whose yields are shown, and the newest runs among which these are looked for: the others were skipped, or are open. */
const YIELDS = 30
const RUNS_LOOKED_AT = 500
/** Products whose values are looked at for a sample, and how much of a text is shown. */
const SAMPLED_ROWS = 100
const SHOWN_CHARACTERS = 200

/** A run that has ended, as `yields` answers it. */
export interface StoredYield {
  id: number
  source: number
  status: 'completed' | 'failed' | 'lost' | 'cancelled'
  /** ms. */
  at: number
  scraped: number
  fresh: number
  updated: number
  rejected: number
  pages: number
  lost: number
}
/** How many of some products have each field. */
export type FieldCounts = Record<SiteField, number> & { total: number }

/** Queries of sites (operations §10): each is one statement for a page of sites, or for a part of the products of one. */
export const siteQueries = (db: Db) => {
  const { either, eachOf, inList, limit, ms, param, bytes } = db.fragments
  const text = (expression: string) => either(expression, `(${expression})::text`)
  const after = param('after', 'text')
  // Site keys of products by one look into the index each: reading all of a million products takes a second.
  const keys = db.statement<{ siteKey: string }>(
    'sites_keys',
    `with recursive known(site_key) as (
       select min(site_key) from products where site_key > ${after}
       union all select (select min(p.site_key) from products p where p.site_key > k.site_key) from known k where k.site_key is not null)
     select site_key as "siteKey" from (
       select * from (select site_key from known where site_key is not null limit ${limit('max')}) a
       union select * from (select distinct site_key from parsing_sources where site_key > ${after} order by site_key limit ${limit('max')}) b) c
     order by site_key limit ${limit('max')}`,
  )
  const isKnown = db.statement<{ known: number | null }>(
    'sites_known',
    `select coalesce((select 1 from parsing_sources where site_key = ${param('site', 'text')} limit 1),
       (select 1 from products where site_key = ${param('site', 'text')} limit 1)) as known`,
  )
  const sources = db.statement<{ siteKey: string; status: string; count: any; active: any; synced: any }>(
    'sites_sources',
    `select site_key as "siteKey", status, count(*) as count, sum(case when is_active then 1 else 0 end) as active,
       ${ms('max(last_synced_at)')} as synced
     from parsing_sources where ${inList('site_key', 'sites')} group by site_key, status`,
  )
  const items = db.statement<{ siteKey: string; count: number | string }>(
    'sites_items',
    `select site_key as "siteKey", count(*) as count from products where ${inList('site_key', 'sites')} group by site_key`,
  )
  const object = either('json_object', 'json_build_object')
  const list = either('json_group_array', 'json_agg')
  const yields = db.statement<{ siteKey: string; yields: string | null }>(
    'sites_yields',
    `select s.value as "siteKey", ${text(`(select ${list}(${object}('id', x.id, 'source', x.source_id, 'status', x.status,
         'at', ${ms('x.ended_at')}, 'scraped', x.items_scraped, 'fresh', x.items_new, 'updated', x.items_updated, 'rejected', x.items_rejected,
         'pages', x.pages_failed, 'lost', x.lost))
       from (select n.* from (select r.id, r.source_id, r.status, coalesce(r.finished_at, r.updated_at) as ended_at, r.items_scraped, r.items_new, r.items_updated,
           r.items_rejected, r.pages_failed, case when r.outcome_reason is null then 0 else 1 end as lost
         from parsing_runs r where r.site_key = s.value order by r.id desc limit ${RUNS_LOOKED_AT}) n
         where n.status in ('completed', 'failed', 'lost', 'cancelled') order by n.id desc limit ${YIELDS}) x)`)} as yields
     from ${eachOf('sites', 's')}`,
  )
  const isFilled = (field: SiteField) =>
    field === 'price' || field === 'raw_data' ? `${COLUMNS[field]} is not null` : `${bytes(COLUMNS[field])} > 0`
  const newest = `from products where site_key = ${param('site', 'text')} order by updated_at desc limit ${limit('max')}`
  const filled = db.statement<Record<SiteField | 'total', number | string | null>>(
    'sites_filled',
    `select count(*) as total, ${SITE_FIELDS.map((field) => `sum(n.${field}) as ${field}`).join(', ')}
     from (select ${SITE_FIELDS.map((field) => `case when ${isFilled(field)} then 1 else 0 end as ${field}`).join(', ')}
       ${newest} offset ${limit('skip')}) n`,
  )
  const shownOf = (field: SiteField) =>
    field === 'price'
      ? 'price'
      : `substr(${either(COLUMNS[field], `(${COLUMNS[field]})::text`)}, 1, ${SHOWN_CHARACTERS}) as ${field}`
  const samples = db.statement<Record<SiteField, string | number | null>>(
    'sites_samples',
    `select ${SITE_FIELDS.map(shownOf).join(', ')} ${newest}`,
  )

  return {
    /** Keys of sites that have sources or products, in their order, behind one. */
    keys: async (behind: string, max: number): Promise<string[]> =>
      (await keys.all({ after: behind, max })).map(({ siteKey }) => siteKey),
    isKnown: async (site: string): Promise<boolean> => ((await isKnown.all({ site }))[0]?.known ?? null) !== null,
    /** Sources of sites by status. */
    sources: async (sites: readonly string[]) =>
      (await sources.all({ sites })).map(({ siteKey, status, count, active, synced }) => ({
        ...{ siteKey, status, count: Number(count), active: Number(active) },
        syncedAt: synced === null ? null : Number(synced),
      })),
    items: async (sites: readonly string[]): Promise<Map<string, number>> =>
      new Map((await items.all({ sites })).map(({ siteKey, count }) => [siteKey, Number(count)])),
    /** The last runs of sites that have ended, newest first. */
    yields: async (sites: readonly string[]): Promise<Map<string, StoredYield[]>> =>
      new Map((await yields.all({ sites })).map((row) => [row.siteKey, JSON.parse(row.yields ?? '[]') as StoredYield[]])),
    /** How many of the products of a site have each field: of `max` of them behind the `skip` that changed last. */
    filled: async (site: string, skip: number, max: number): Promise<FieldCounts> => {
      const [row] = await filled.all({ site, skip, max })
      const count = (name: SiteField | 'total') => Number(row?.[name] ?? 0)
      return { total: count('total'), ...Object.fromEntries(SITE_FIELDS.map((field) => [field, count(field)])) } as FieldCounts
    },
    samples: (site: string) => samples.all({ site, max: SAMPLED_ROWS }),
  }
}
export type SiteQueries = ReturnType<typeof siteQueries>
