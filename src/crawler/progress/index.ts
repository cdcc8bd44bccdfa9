import { Elysia } from 'elysia'
import { z } from 'zod'
import { storable } from '../envelope.ts'
import { bodyOf, bodyTextOf } from '../family.ts'
import { taskParams } from '../fields.ts'
import { operation } from '../operation.ts'
import { acceptUpdate } from '../streams/conversation.ts'
import { keyOf, keyParameter } from '../tasks/index.ts'
import { acknowledged, progressAnswer, updateBody } from './model.ts'
import type { Progress } from './service.ts'

/** Updates of tasks, and what came of them (§7.10, §7.11). */
export const progressRoutes = (progress: Progress) =>
  new Elysia()
    .post(
      '/tasks/:id/progress',
      async ({ request, params: { id } }) => {
        const given = bodyOf(request)
        const update = storable(acceptUpdate(given), bodyTextOf(request))
        return { data: await progress.report(id, update, { key: keyOf(request), given }) }
      },
      {
        params: taskParams,
        detail: operation(
          'progress',
          { auth: 'task', rate: 'progress', body: 1 },
          'Report progress',
          'Merged with what is known; durable when answered. The same update counts once.',
          { 200: z.object({ data: acknowledged }) },
          [404, 409],
          { requestBody: updateBody, parameters: [keyParameter] },
        ),
      },
    )
    .get('/tasks/:id/progress', async ({ params }) => ({ data: await progress.read(params.id) }), {
      params: taskParams,
      detail: operation('progress', { auth: 'task' }, 'Read progress', 'With the timeline.', { 200: progressAnswer }, [404]),
    })
