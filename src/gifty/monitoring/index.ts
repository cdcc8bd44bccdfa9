import { Elysia } from 'elysia'
import { z } from 'zod'
import { time } from '../fields.ts'
import type { Reports } from '../reports.ts'
import type { GiftySurface } from '../surface.ts'

const sites = z.array(
  z.object({
    site_key: z.string(),
    total_sources: z.int(),
    status: z.string(),
    last_synced_at: time().nullable(),
    is_active: z.boolean(),
    id: z.int(),
    url: z.string(),
    total_items: z.int(),
    scraped_last_run: z.int(),
  }),
)
const stats = z.object({
  scraped_24h: z.int(),
  new_24h: z.int(),
  updated_24h: z.int(),
  runs_24h: z.int(),
  failed_runs_24h: z.int(),
  products_total: z.int(),
  unscored_total: z.int(),
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
