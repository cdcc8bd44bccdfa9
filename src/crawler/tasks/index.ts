import { Elysia } from 'elysia'
import { z } from 'zod'
import type { Call } from '../../platform/http/family.ts'
import { checkedLater } from '../../platform/http/macros.ts'
import { documented } from '../../platform/http/openapi.ts'
import { lastOf, queryOf } from '../../platform/http/request.ts'
import { storable, taskParams } from '../fields.ts'
import { acknowledged, progressAnswer, putBody, updateBody } from '../progress/model.ts'
import type { Progress } from '../progress/service.ts'
import { type CrawlerSurface, problems } from '../surface.ts'
import type { Asking, Creation } from './creation.ts'
import * as model from './model.ts'
import type { Tasks } from './service.ts'

const asking = (call: Call, principal: string, key: string | undefined): Asking => ({
  principal,
  ...(key === undefined ? {} : { key }),
  text: call.bodyText ?? '',
  body: call.body,
})
const replayed = (yes: boolean): Record<string, string> => (yes ? { 'idempotency-replayed': 'true' } : {})

/** Tasks: made, listed, read, changed, removed (§7.3 to §7.9). */
export const tasksRoutes = (surface: CrawlerSurface, tasks: Tasks, creation: Creation) =>
  new Elysia({ detail: { tags: ['crawler: tasks'] } })
    .use(surface)
    .get('/tasks', ({ query, request }) => tasks.list(query, lastOf(queryOf(request.url))), {
      auth: 'tasks',
      rate: 'general',
      query: model.listQuery,
      response: { 200: model.listAnswer },
      detail: {
        summary: 'List tasks',
        description: 'By creation time; filters combine with AND, an empty value counts as absent.',
      },
    })
    .post(
      '/tasks',
      async ({ call, principal, idempotencyKey, body }) => {
        const { answer, replayed: again } = await creation.create(body.data, asking(call, principal, idempotencyKey))
        return Response.json(answer, { status: 201, headers: replayed(again) })
      },
      {
        auth: 'tasks',
        rate: 'general',
        bodyLimit: 'single',
        idempotent: true,
        body: checkedLater(model.createBody),
        response: { 201: model.createAnswer },
        detail: documented({
          summary: 'Create a task',
          description: 'An `Idempotency-Key` makes the request repeatable for 24 h.',
          requestBody: model.createBody,
        }),
      },
    )
    .post(
      '/tasks/bulk',
      async ({ call, principal, idempotencyKey, body }) => {
        const { answer, replayed: again } = await creation.createMany(body, asking(call, principal, idempotencyKey))
        return Response.json(answer, { headers: replayed(again) })
      },
      {
        auth: 'tasks',
        rate: 'general',
        bodyLimit: 'bulk',
        idempotent: true,
        body: checkedLater(model.bulkBody),
        response: { 200: model.bulkAnswer },
        detail: documented({
          summary: 'Create up to 1000 tasks',
          description: 'Each stands alone; of equal ids the first wins.',
          requestBody: model.bulkBodyDocument,
        }),
      },
    )
    .get('/tasks/:id', async ({ params }) => ({ data: await tasks.read(params.id) }), {
      auth: 'task',
      rate: 'general',
      params: taskParams,
      response: { 200: model.detailAnswer },
      detail: { summary: 'Read a task', description: 'Never with credentials.' },
    })
    .put(
      '/tasks/:id',
      async ({ call, params, body }) => ({
        data: await tasks.change(params.id, storable(body, call.bodyText ?? '')),
        message: 'Task updated successfully',
      }),
      {
        auth: 'task',
        rate: 'general',
        bodyLimit: 'single',
        params: taskParams,
        body: putBody,
        response: { 200: model.putAnswer, ...problems(409) },
        detail: { summary: 'Change a task', description: 'Status, progress, error or credentials; all or nothing.' },
      },
    )
    .delete(
      '/tasks/:id',
      async ({ principal, params }) => {
        const status = await tasks.remove(params.id, principal)
        return {
          message: `Task ${status === 'failed' ? 'canceled' : 'deleted'} successfully`,
          data: { taskId: params.id, status },
        }
      },
      {
        auth: 'task',
        rate: 'general',
        params: taskParams,
        response: { 200: model.deleteAnswer },
        detail: {
          summary: 'Cancel or remove a task',
          description: 'A running one is canceled and kept, any other is removed.',
        },
      },
    )

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
