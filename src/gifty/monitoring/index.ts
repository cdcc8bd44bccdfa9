import { Elysia } from 'elysia'
import { z } from 'zod'
import { time } from '../fields.ts'
import type { Reports } from '../reports.ts'
import type { GiftySurface } from '../surface.ts'

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
