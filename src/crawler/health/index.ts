import { Elysia } from 'elysia'
import { ANONYMOUS, type CrawlerSurface, problems } from '../surface.ts'
import { healthQuery, healthView, operationAnswer, operationBody, unhealthyView } from './model.ts'
import type { Health } from './service.ts'

/** Health of the family (§7.14, §7.15). */
export const healthRoutes = (surface: CrawlerSurface, health: Health) =>
  new Elysia({ detail: { tags: ['crawler: health'] } })
    .use(surface)
    .get(
      '/health',
      async ({ call, principal, query, set, status }) => {
        const depth = principal === ANONYMOUS ? 'basic' : query.details === 'true' ? 'details' : 'services'
        const view = await health.check(depth)
        set.headers['cache-control'] = 'no-store'
        if (view.status !== 'unhealthy') return view
        return status(503, {
          ...view,
          error: 'Health check failed',
          message: 'A service is down',
          code: 'UNHEALTHY',
          retryable: true,
          details: { requestId: call.requestId },
        })
      },
      {
        auth: 'health',
        rate: 'general',
        query: healthQuery,
        response: { 200: healthView, 503: unhealthyView },
        detail: {
          summary: 'Tell how the family is',
          description: 'Public unless `CRAWLER_HEALTH_AUTH=required`; a credential shows more, and `details=true` needs one.',
        },
      },
    )
    .post('/health', ({ body }) => health.operate(body.operation), {
      auth: 'operations',
      rate: 'general',
      bodyLimit: 'single',
      body: operationBody,
      response: { 200: operationAnswer, ...problems(500) },
      detail: {
        summary: 'Check afresh, or drop cached counts',
        description: '`operation`: `deep_check` or `clear_cache`.',
      },
    })
