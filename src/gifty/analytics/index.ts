import { Elysia } from 'elysia'
import { z } from 'zod'
import { absent, integer, time } from '../fields.ts'
import type { GiftySurface } from '../surface.ts'
import type { Analytics } from './service.ts'

const MAX_DAYS = 90
/** Of every answer: how old its oldest figure is, and what kept one from being fetched. */
const availability = {
  last_updated: time(),
  error: z.string().optional().describe('upstream and reason, only when something could not be fetched'),
}

export const statsAnswer = z
  .object({
    dau: z.number(),
    quiz_completion_rate: z.number().describe('percent'),
    gift_ctr: z.number().describe('percent'),
    total_sessions: z.number(),
    ...availability,
  })
  .meta({
    examples: [
      { dau: 310, quiz_completion_rate: 62.5, gift_ctr: 18.2, total_sessions: 1400, last_updated: '2026-01-15T09:00:00.000Z' },
    ],
  })
const trendsQuery = z.object({
  days: absent(integer(1), 7)
    .transform((days) => Math.min(days, MAX_DAYS))
    .describe('days up to today; above 90 it is 90'),
})
export const trendsAnswer = z
  .object({
    dates: z.array(z.string()),
    dau_trend: z.array(z.number()),
    quiz_starts: z.array(z.number()),
    ...availability,
  })
  .meta({
    examples: [
      {
        dates: ['14-Jan-2026', '15-Jan-2026'],
        dau_trend: [305, 310],
        quiz_starts: [120, 131],
        last_updated: '2026-01-15T09:00:00.000Z',
      },
    ],
  })
const funnelStep = z
  .object({ name: z.string(), count: z.number(), conversion_rate: z.number().describe('percent') })
  .meta({ examples: [{ name: 'quiz_started', count: 1400, conversion_rate: 100 }] })
export const funnelAnswer = z.object({ steps: z.array(funnelStep), ...availability })
export const technicalAnswer = z
  .object({
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
    ...availability,
  })
  .meta({
    examples: [
      {
        api_health: 'healthy',
        requests_per_minute: 84,
        error_rate_5xx: 0,
        active_workers: 3,
        last_errors: [],
        api_latency_ms: 4.2,
        last_updated: '2026-01-15T09:00:00.000Z',
      },
    ],
  })
export const scrapingAnswer = z
  .object({
    active_sources: z.int(),
    unmapped_categories: z.int(),
    total_scraped_items: z.number(),
    ingestion_errors: z.number(),
    spiders: z.record(z.string(), z.object({ items_scraped: z.number() })),
    ...availability,
  })
  .meta({
    examples: [
      {
        active_sources: 42,
        unmapped_categories: 3,
        total_scraped_items: 120_000,
        ingestion_errors: 2,
        spiders: { tea: { items_scraped: 1200 } },
        last_updated: '2026-01-15T09:00:00.000Z',
      },
    ],
  })
export type StatsAnswer = z.infer<typeof statsAnswer>
export type TrendsAnswer = z.infer<typeof trendsAnswer>
export type FunnelAnswer = z.infer<typeof funnelAnswer>
export type TechnicalAnswer = z.infer<typeof technicalAnswer>
export type ScrapingAnswer = z.infer<typeof scrapingAnswer>

/** Routes of the analytics proxy (gifty §10), opened by X-Analytics-Token. */
export const analyticsRoutes = (surface: GiftySurface, analytics: Analytics) =>
  new Elysia({ detail: { tags: ['gifty: analytics'] } })
    .use(surface)
    .get('/stats', () => analytics.stats(), {
      auth: 'analytics',
      response: { 200: statsAnswer },
      detail: { summary: 'Read the figures of the product', description: 'Daily users, quiz and gifts of the last week.' },
    })
    .get('/trends', ({ query }) => analytics.trends(query.days), {
      auth: 'analytics',
      query: trendsQuery,
      response: { 200: trendsAnswer },
      detail: { summary: 'Read daily figures', description: 'Users and started quizzes a day, at most 90 days.' },
    })
    .get('/funnel', () => analytics.funnel(), {
      auth: 'analytics',
      response: { 200: funnelAnswer },
      detail: { summary: 'Read the funnel', description: 'From the quiz to the gift, over 30 days.' },
    })
    .get('/technical', () => analytics.technical(), {
      auth: 'analytics',
      response: { 200: technicalAnswer },
      detail: { summary: 'Read the health of the service', description: 'From Prometheus and Loki, where configured.' },
    })
    .get('/scraping', () => analytics.scraping(), {
      auth: 'analytics',
      response: { 200: scrapingAnswer },
      detail: {
        summary: 'Read what the fleet has scraped',
        description: 'From Prometheus where it has data, else from the runs.',
      },
    })
