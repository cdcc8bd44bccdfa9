import { z } from 'zod'
import { absent, integer, time } from '../fields.ts'

const MAX_DAYS = 90
/** Of every answer: how old its oldest figure is, and what kept one from being fetched. */
const told = {
  last_updated: time(),
  error: z.string().optional().describe('upstream and reason, only when something could not be fetched'),
}

export const statsAnswer = z.object({
  dau: z.number(),
  quiz_completion_rate: z.number().describe('percent'),
  gift_ctr: z.number().describe('percent'),
  total_sessions: z.number(),
  ...told,
})
export const trendsQuery = z.object({
  days: absent(integer(1), 7).transform((days) => Math.min(days, MAX_DAYS)),
})
export const trendsAnswer = z.object({
  dates: z.array(z.string()),
  dau_trend: z.array(z.number()),
  quiz_starts: z.array(z.number()),
  ...told,
})
export const funnelStep = z.object({ name: z.string(), count: z.number(), conversion_rate: z.number().describe('percent') })
export const funnelAnswer = z.object({ steps: z.array(funnelStep), ...told })
export const technicalAnswer = z.object({
  api_health: z.enum(['healthy', 'unknown', 'error']),
  requests_per_minute: z.number(),
  error_rate_5xx: z.number().describe('a second'),
  active_workers: z.int(),
  last_errors: z.array(z.string()).max(5),
  api_latency_ms: z.number().optional().describe('mean of this process, without leases, which wait'),
  redis_memory_mb: z.number().optional().describe('absent without Redis'),
  disk_usage_percent: z
    .number()
    .optional()
    .describe("of the file system with the database's file; absent where the database is elsewhere"),
  ...told,
})
export const scrapingAnswer = z.object({
  active_sources: z.int(),
  unmapped_categories: z.int(),
  total_scraped_items: z.number(),
  ingestion_errors: z.number(),
  spiders: z.record(z.string(), z.object({ items_scraped: z.number() })),
  ...told,
})
export type StatsAnswer = z.infer<typeof statsAnswer>
export type TrendsAnswer = z.infer<typeof trendsAnswer>
export type FunnelAnswer = z.infer<typeof funnelAnswer>
export type TechnicalAnswer = z.infer<typeof technicalAnswer>
export type ScrapingAnswer = z.infer<typeof scrapingAnswer>
