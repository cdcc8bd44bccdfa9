import { Elysia } from 'elysia'
import { callOf } from '../../platform/http/pipeline.ts'
import { bodyOf, isKnown } from '../family.ts'
import { errorView, operation } from '../operation.ts'
import { healthQuery, healthView, operationAnswer, operationBody, unhealthyView } from './model.ts'
import type { Health } from './service.ts'

/** Health of the family (§7.14, §7.15). */
export const healthRoutes = (health: Health) =>
  new Elysia()
    .get(
      '/health',
      async ({ request, query, set }) => {
        const known = isKnown(request)
        const view = await health.check(known ? (query.details === 'true' ? 'details' : 'services') : 'basic')
        set.headers['cache-control'] = 'no-store'
        if (view.status !== 'unhealthy') return view
        set.status = 503
        return {
          ...view,
          error: 'Health check failed',
          message: 'A service is down',
          code: 'UNHEALTHY',
          retryable: true,
          details: { requestId: callOf(request).requestId },
        }
      },
      {
        query: healthQuery,
        detail: operation(
          'health',
          { auth: 'health' },
          'Tell how the family is',
          'Public unless `CRAWLER_HEALTH_AUTH=required`; a credential shows more, and `details=true` needs one.',
          { 200: healthView, 503: unhealthyView },
          [],
          {
            security: [{}, { crawlerToken: [] }, { dashboard: [] }],
          },
        ),
      },
    )
    .post('/health', ({ request }) => health.operate(bodyOf(request).operation), {
      detail: operation(
        'health',
        { auth: 'operations', body: 1 },
        'Check afresh, or drop cached counts',
        '`operation`: `deep_check` or `clear_cache`.',
        { 200: operationAnswer, 500: errorView },
        [],
        { requestBody: operationBody },
      ),
    })
