import { Elysia } from 'elysia'
import type { GiftySurface } from '../surface.ts'
import * as model from './model.ts'
import type { Analytics } from './service.ts'

/** Routes of the analytics proxy (gifty §10), opened by X-Analytics-Token. */
export const analyticsRoutes = (surface: GiftySurface, analytics: Analytics) =>
  new Elysia({ detail: { tags: ['gifty: analytics'] } })
    .use(surface)
    .get('/stats', () => analytics.stats(), {
      auth: 'analytics',
      response: { 200: model.statsAnswer },
      detail: { summary: 'Read the figures of the product', description: 'Daily users, quiz and gifts of the last week.' },
    })
    .get('/trends', ({ query }) => analytics.trends(query.days), {
      auth: 'analytics',
      query: model.trendsQuery,
      response: { 200: model.trendsAnswer },
      detail: { summary: 'Read daily figures', description: 'Users and started quizzes a day, at most 90 days.' },
    })
    .get('/funnel', () => analytics.funnel(), {
      auth: 'analytics',
      response: { 200: model.funnelAnswer },
      detail: { summary: 'Read the funnel', description: 'From the quiz to the gift, over 30 days.' },
    })
    .get('/technical', () => analytics.technical(), {
      auth: 'analytics',
      response: { 200: model.technicalAnswer },
      detail: { summary: 'Read the health of the service', description: 'From Prometheus and Loki, where configured.' },
    })
    .get('/scraping', () => analytics.scraping(), {
      auth: 'analytics',
      response: { 200: model.scrapingAnswer },
      detail: {
        summary: 'Read what the fleet has scraped',
        description: 'From Prometheus where it has data, else from the runs.',
      },
    })
