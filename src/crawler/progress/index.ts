import { Elysia } from 'elysia'
import { z } from 'zod'
import { checkedLater } from '../../platform/http/macros.ts'
import { documented } from '../../platform/http/openapi.ts'
import { taskParams } from '../fields.ts'
import type { CrawlerSurface } from '../surface.ts'
import { acknowledged, progressAnswer, updateBody } from './model.ts'
import type { Progress } from './service.ts'

/** Updates of tasks, and what came of them (§7.10, §7.11). */
export const progressRoutes = (surface: CrawlerSurface, progress: Progress) =>
  new Elysia({ detail: { tags: ['crawler: progress'] } })
    .use(surface)
    .post(
      '/tasks/:id/progress',
      async ({ call, params, body, idempotencyKey: key }) => ({
        data: await progress.report(params.id, body, { text: call.bodyText ?? '', key }),
      }),
      {
        auth: 'task',
        rate: 'progress',
        bodyLimit: 'single',
        idempotent: true,
        params: taskParams,
        body: checkedLater(updateBody),
        response: { 200: z.object({ data: acknowledged }) },
        detail: documented({
          summary: 'Report progress',
          description: 'Merged with what is known; durable when answered. The same update counts once.',
          requestBody: updateBody,
        }),
      },
    )
    .get('/tasks/:id/progress', async ({ params }) => ({ data: await progress.read(params.id) }), {
      auth: 'task',
      rate: 'general',
      params: taskParams,
      response: { 200: progressAnswer },
      detail: { summary: 'Read progress', description: 'With the timeline.' },
    })
