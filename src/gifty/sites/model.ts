import { z } from 'zod'
import { absent, integer, nextCursor, siteKey, text, time } from '../fields.ts'

export const sitesQuery = z.strictObject({
  limit: absent(integer(1, 500), 50).describe('most rows of the page'),
  cursor: text().optional().describe('`next_cursor` of the page before'),
})
export type SitesQuery = z.output<typeof sitesQuery>
export const siteParams = z.object({ key: siteKey().describe('site key') })
export const noQuery = z.strictObject({})

/** How a run of a site ended. */
const yieldView = z.object({
  run_id: z.int(),
  source_id: z.int(),
  at: time().describe('when it ended'),
  status: z.enum(['completed', 'partial', 'failed', 'lost', 'cancelled']),
  items: z.int().describe('items stored'),
  items_new: z.int(),
  items_updated: z.int(),
  items_rejected: z.int(),
  pages_failed: z.int(),
})
export type YieldView = z.output<typeof yieldView>

const shown = {
  site_key: z.string(),
  sources: z.record(z.string(), z.int()).describe('sources by status'),
  sources_active: z.int().describe('sources that are switched on'),
  items: z.int().describe('products of the site'),
  last_success_at: time().nullable().describe('when a run of one of its sources last succeeded'),
  freshness_seconds: z.int().nullable().describe('seconds since then'),
  yields: z.array(yieldView).describe('its last 30 runs that have ended, newest first'),
  error_share: z.number().min(0).max(1).nullable().describe('share of these that failed or were lost; null without any'),
}
const example = {
  ...{ site_key: 'tea', sources: { waiting: 2, error: 1 }, sources_active: 3, items: 1240 },
  ...{ last_success_at: '2026-01-15T09:04:12.000Z', freshness_seconds: 3600, error_share: 0 },
  yields: [
    {
      ...{ run_id: 17, source_id: 1, at: '2026-01-15T09:04:12.000Z', status: 'partial' as const, items: 120, items_new: 12 },
      ...{ items_updated: 30, items_rejected: 1, pages_failed: 0 },
    },
  ],
}
export const siteView = z.object(shown).meta({ id: 'Site', examples: [example] })
export type SiteView = z.output<typeof siteView>
export const sitesPage = z
  .object({ items: z.array(siteView), next_cursor: nextCursor() })
  .meta({ examples: [{ items: [example], next_cursor: null }] })
export const siteDetail = z
  .object({
    ...shown,
    fill: z.record(z.string(), z.number().min(0).max(1)).describe('share of the sampled products that have each field'),
    sampled: z.int().describe('products that were sampled: those changed last, at most 10,000'),
  })
  .meta({
    id: 'SiteDetail',
    examples: [{ ...example, fill: { title: 1, price: 0.98, image_url: 0.41 }, sampled: 1240 }],
  })
export type SiteDetail = z.output<typeof siteDetail>

const siteField = z.object({
  field: z.string(),
  filled: z.number().min(0).max(1).describe('share of the sampled products that have it: those changed last, at most 10,000'),
  filled_newest: z.number().min(0).max(1).describe('share among the 500 that changed last: lower where a selector has broken'),
  sample: z
    .array(z.union([z.string(), z.number()]))
    .max(3)
    .describe('its newest different values; texts are cut at 200 characters'),
})
export const siteFields = z.array(siteField).meta({
  id: 'SiteFields',
  examples: [[{ field: 'price', filled: 0.98, filled_newest: 0.4, sample: [1499.5, 2300, 990] }]],
})
export type SiteFields = z.output<typeof siteFields>
