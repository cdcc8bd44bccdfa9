import { Elysia } from 'elysia'
import { z } from 'zod'
import { time } from '../fields.ts'
import { answers, operation } from '../operation.ts'
import type { Reports } from '../reports.ts'

const op = operation('monitoring')
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
export const monitoringRoutes = (reports: Reports) =>
  new Elysia()
    .get('/monitoring', () => reports.monitoring(), { detail: op('Read the state of each site', 'By site key.', answers(sites)) })
    .get('/stats', () => reports.stats(), {
      detail: op(
        'Read the figures of the last day',
        'Over runs created in the last 24 hours, and batches that belong to none.',
        answers(stats),
      ),
    })
