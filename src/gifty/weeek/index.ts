import { Elysia } from 'elysia'
import { okResponse } from '../fields.ts'
import { answers, operation } from '../operation.ts'
import * as model from './model.ts'
import type { Weeek } from './service.ts'

const op = operation('weeek')
const params = model.taskParams

/** Routes of Weeek (gifty §11). */
export const weeekRoutes = (weeek: Weeek) =>
  new Elysia({ prefix: '/weeek' })
    .post('/connect', ({ body }) => weeek.connect(body), {
      body: model.connectBody,
      detail: op(
        'Connect a Weeek account',
        'Stores the token encrypted once Weeek has accepted it. Errors carry their message as `detail` too.',
        answers(model.connectAnswer, 400, 404, 422, 502),
        { 'x-error-detail': true },
      ),
    })
    .get('/tasks', ({ query }) => weeek.tasks(query), {
      query: model.tasksQuery,
      detail: op(
        'List tasks of an account',
        "Its own ones, or those of the workspace; days are those of the account's zone.",
        answers(model.tasksAnswer, 404, 422, 502),
      ),
    })
    .post('/tasks', ({ body }) => weeek.create(body), {
      body: model.taskCreate,
      detail: op('Create a task', 'Answers what Weeek does.', answers(model.upstreamAnswer, 404, 422, 502)),
    })
    .post(
      '/tasks/:task_id/reschedule',
      ({ params, body }) => weeek.reschedule(body.telegram_chat_id, params.task_id, body.new_date, body.reason),
      {
        params,
        body: model.rescheduleBody,
        detail: op(
          'Move a task to another day',
          'With the reason as a comment; `comment_added` says whether that worked too.',
          answers(model.rescheduleAnswer, 404, 422, 502),
        ),
      },
    )
    .post('/tasks/:task_id/complete', ({ params, body }) => weeek.complete(body.telegram_chat_id, params.task_id), {
      params,
      body: model.completeBody,
      detail: op('Complete a task', 'In Weeek.', answers(okResponse, 404, 422, 502)),
    })
