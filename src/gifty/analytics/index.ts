import { Elysia } from 'elysia'
import { answers, operation } from '../operation.ts'
import * as model from './model.ts'
import type { Analytics } from './service.ts'

const op = operation('analytics', 'analytics')

/** Routes of the analytics proxy (gifty §10), opened by X-Analytics-Token. */
export const analyticsRoutes = (analytics: Analytics) =>
  new Elysia()
    .get('/stats', () => analytics.stats(), {
      detail: op('Read the figures of the product', 'Daily users, quiz and gifts of the last week.', answers(model.statsAnswer)),
    })
    .get('/trends', ({ query }) => analytics.trends(query.days), {
      query: model.trendsQuery,
      detail: op('Read daily figures', 'Users and started quizzes a day, at most 90 days.', answers(model.trendsAnswer, 422)),
    })
    .get('/funnel', () => analytics.funnel(), {
      detail: op('Read the funnel', 'From the quiz to the gift, over 30 days.', answers(model.funnelAnswer)),
    })
    .get('/technical', () => analytics.technical(), {
      detail: op('Read the health of the service', 'From Prometheus and Loki, where configured.', answers(model.technicalAnswer)),
    })
    .get('/scraping', () => analytics.scraping(), {
      detail: op(
        'Read what the fleet has scraped',
        'From Prometheus where it has data, else from the runs.',
        answers(model.scrapingAnswer),
      ),
    })
