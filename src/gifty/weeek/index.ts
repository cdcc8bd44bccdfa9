import { Elysia } from 'elysia'
import { MIB } from '../../platform/http/body.ts'
import { okResponse } from '../fields.ts'
import { type GiftySurface, problems } from '../surface.ts'
import * as model from './model.ts'
import type { Weeek } from './service.ts'

const params = model.taskParams

/** Routes of Weeek (gifty §11). */
export const weeekRoutes = (surface: GiftySurface, weeek: Weeek) =>
  new Elysia({ detail: { tags: ['gifty: weeek'] }, prefix: '/weeek' })
    .use(surface)
    .post('/connect', ({ body }) => weeek.connect(body), {
      auth: 'internal',
      bodyLimit: MIB,
      body: model.connectBody,
      response: { 200: model.connectAnswer, ...problems(400, 404, 502) },
      detail: {
        summary: 'Connect a Weeek account',
        description: 'Stores the token encrypted once Weeek has accepted it. Errors carry their message as `detail` too.',
      },
      errorDetail: true,
    })
    .get('/tasks', ({ query }) => weeek.tasks(query), {
      auth: 'internal',
      query: model.tasksQuery,
      response: { 200: model.tasksAnswer, ...problems(404, 502) },
      detail: {
        summary: 'List tasks of an account',
        description: "Its own ones, or those of the workspace; days are those of the account's zone.",
      },
    })
    .post('/tasks', ({ body }) => weeek.create(body), {
      auth: 'internal',
      bodyLimit: MIB,
      body: model.taskCreate,
      response: { 200: model.upstreamAnswer, ...problems(404, 502) },
      detail: { summary: 'Create a task', description: 'Answers what Weeek does.' },
    })
    .post(
      '/tasks/:task_id/reschedule',
      ({ params, body }) => weeek.reschedule(body.telegram_chat_id, params.task_id, body.new_date, body.reason),
      {
        auth: 'internal',
        bodyLimit: MIB,
        params,
        body: model.rescheduleBody,
        response: { 200: model.rescheduleAnswer, ...problems(404, 502) },
        detail: {
          summary: 'Move a task to another day',
          description: 'With the reason as a comment; `comment_added` says whether that worked too.',
        },
      },
    )
    .post('/tasks/:task_id/complete', ({ params, body }) => weeek.complete(body.telegram_chat_id, params.task_id), {
      auth: 'internal',
      bodyLimit: MIB,
      params,
      body: model.completeBody,
      response: { 200: okResponse, ...problems(404, 502) },
      detail: { summary: 'Complete a task', description: 'In Weeek.' },
    })
