import { Elysia } from 'elysia'
import { AppError } from '../../errors.ts'
import { lastOf, queryOf } from '../../platform/http/query.ts'
import { accept, storable } from '../envelope.ts'
import { bodyOf, bodyTextOf, principalOf } from '../family.ts'
import { taskParams } from '../fields.ts'
import { operation } from '../operation.ts'
import { putBody } from '../progress/model.ts'
import { withoutEmpty } from '../streams/conversation.ts'
import type { Creation } from './creation.ts'
import * as model from './model.ts'
import type { Tasks } from './service.ts'

export const keyParameter = {
  in: 'header',
  name: 'Idempotency-Key',
  required: false,
  description: 'A repeat with the same key and body gets the same answer',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
  example: 'create-17',
}

/** The Idempotency-Key of a request. @throws AppError 400 for one that is too long */
export const keyOf = (request: Request): string | undefined => {
  const key = request.headers.get('idempotency-key')
  if (key === null || key === '') return undefined
  if (key.length > 255)
    throw new AppError('VALIDATION_FAILED', 400, 'Validation failed: Idempotency-Key: must have at most 255 characters', {
      details: { fields: [{ field: 'Idempotency-Key', message: 'must have at most 255 characters' }] },
    })
  return key
}
const asking = (request: Request) => ({
  principal: principalOf(request),
  key: keyOf(request),
  text: bodyTextOf(request),
  body: bodyOf(request),
})
const replayed = (yes: boolean): Record<string, string> => (yes ? { 'idempotency-replayed': 'true' } : {})

/** Tasks: made, listed, read, changed, removed (§7.3 to §7.9). */
export const tasksRoutes = (tasks: Tasks, creation: Creation) =>
  new Elysia()
    .get('/tasks', ({ query, request }) => tasks.list(query, lastOf(queryOf(request.url))), {
      query: model.listQuery,
      detail: operation(
        'tasks',
        { auth: 'tasks' },
        'List tasks',
        'By creation time; filters combine with AND, an empty value counts as absent.',
        { 200: model.listAnswer },
        [400],
      ),
    })
    .post(
      '/tasks',
      async ({ request }) => {
        const { answer, replayed: again } = await creation.create(bodyOf(request).data, asking(request))
        return Response.json(answer, { status: 201, headers: replayed(again) })
      },
      {
        detail: operation(
          'tasks',
          { auth: 'tasks', body: 1 },
          'Create a task',
          'An `Idempotency-Key` makes the request repeatable for 24 h.',
          { 201: model.createAnswer },
          [409],
          { requestBody: model.createBody, parameters: [keyParameter] },
        ),
      },
    )
    .post(
      '/tasks/bulk',
      async ({ request }) => {
        const { answer, replayed: again } = await creation.createMany(bodyOf(request), asking(request))
        return Response.json(answer, { headers: replayed(again) })
      },
      {
        detail: operation(
          'tasks',
          { auth: 'tasks', body: 4 },
          'Create up to 1000 tasks',
          'Each stands alone; of equal ids the first wins.',
          { 200: model.bulkAnswer },
          [409],
          { requestBody: model.bulkBodyDocument, parameters: [keyParameter] },
        ),
      },
    )
    .get('/tasks/:id', async ({ params }) => ({ data: await tasks.read(params.id) }), {
      params: taskParams,
      detail: operation('tasks', { auth: 'task' }, 'Read a task', 'Never with credentials.', { 200: model.detailAnswer }, [404]),
    })
    .put(
      '/tasks/:id',
      async ({ request, params: { id } }) => {
        const body = bodyOf(request)
        const { progress } = body
        const given =
          typeof progress === 'object' && progress !== null ? { ...body, progress: withoutEmpty(progress as never) } : body
        const put = storable(accept(putBody, given), bodyTextOf(request))
        return { data: await tasks.change(id, put), message: 'Task updated successfully' }
      },
      {
        params: taskParams,
        detail: operation(
          'tasks',
          { auth: 'task', body: 1 },
          'Change a task',
          'Status, progress, error or credentials; all or nothing.',
          { 200: model.putAnswer },
          [404, 409],
          { requestBody: putBody },
        ),
      },
    )
    .delete(
      '/tasks/:id',
      async ({ request, params: { id: taskId } }) => {
        const status = await tasks.remove(taskId, principalOf(request))
        return { message: `Task ${status === 'failed' ? 'canceled' : 'deleted'} successfully`, data: { taskId, status } }
      },
      {
        params: taskParams,
        detail: operation(
          'tasks',
          { auth: 'task' },
          'Cancel or remove a task',
          'A running one is canceled and kept, any other is removed.',
          { 200: model.deleteAnswer },
          [404],
        ),
      },
    )
