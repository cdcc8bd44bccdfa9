import { Elysia } from 'elysia'
import { z } from 'zod'
import type { Principal } from '../../platform/http/family.ts'
import { jsonArrayStream } from '../../platform/http/paging.ts'
import { callOf } from '../../platform/http/pipeline.ts'
import { okResponse } from '../fields.ts'
import { answers, operation } from '../operation.ts'
import * as model from './model.ts'
import type { Subscribers } from './service.ts'

const op = operation('subscribers')
const params = model.chatParams
const actorOf = (request: Request) => callOf(request).principal as Principal

/** Routes of subscribers and invites (gifty §7). */
export const subscribersRoutes = (subscribers: Subscribers) =>
  new Elysia({ prefix: '/telegram' })
    .get(
      '/subscribers',
      ({ query }) =>
        query.limit === undefined
          ? jsonArrayStream(subscribers.all(query.after_id))
          : subscribers.list(query.limit, query.after_id),
      {
        query: model.listQuery,
        detail: op(
          'List subscribers',
          'By id; without `limit` the whole list is streamed.',
          answers(z.array(model.subscriberView), 422),
        ),
      },
    )
    .post('/subscribers', ({ body }) => subscribers.create(body), {
      body: model.subscriberCreate,
      detail: op('Add a subscriber', 'Active, role `user`, language `ru`.', answers(model.subscriberView, 409, 422)),
    })
    .get('/subscribers/by-username/:username', ({ params }) => subscribers.byUsername(params.username), {
      params: model.usernameParams,
      detail: op('Read a subscriber by user name', 'In any case, with or without `@`.', answers(model.subscriberView, 404)),
    })
    .get('/subscribers/:chat_id', ({ params }) => subscribers.byChat(params.chat_id), {
      params,
      detail: op('Read a subscriber', 'By chat id.', answers(model.subscriberView, 404, 422)),
    })
    .patch('/subscribers/:chat_id', ({ params, body, request }) => subscribers.patch(actorOf(request), params.chat_id, body), {
      params,
      body: model.subscriberPatch,
      detail: op(
        'Change a subscriber',
        "Absent and null fields stay. Another person's `is_active` needs a superadmin.",
        answers(model.subscriberView, 404, 409, 422),
      ),
    })
    .post(
      '/subscribers/:chat_id/role',
      ({ params, query, request }) => subscribers.setRole(actorOf(request), params.chat_id, query.role),
      {
        params,
        query: model.roleQuery,
        detail: op(
          'Set the role of a subscriber',
          "Another person's role, and raising one's own, needs a superadmin.",
          answers(okResponse, 404, 422),
        ),
      },
    )
    .post(
      '/subscribers/:chat_id/permissions',
      ({ params, body, request }) => subscribers.setPermissions(actorOf(request), params.chat_id, body),
      {
        params,
        body: model.permissionsBody,
        detail: op(
          'Set the permissions of a subscriber',
          'The body is the list; repeats are dropped. Needs a superadmin.',
          answers(okResponse, 404, 422),
        ),
      },
    )
    .post('/subscribers/:chat_id/subscribe', ({ params, query }) => subscribers.setTopic(params.chat_id, query.topic, true), {
      params,
      query: model.topicQuery,
      detail: op('Subscribe to a topic', 'Repeating it changes nothing.', answers(okResponse, 404, 422)),
    })
    .post('/subscribers/:chat_id/unsubscribe', ({ params, query }) => subscribers.setTopic(params.chat_id, query.topic, false), {
      params,
      query: model.topicQuery,
      detail: op('Unsubscribe from a topic', 'Repeating it changes nothing.', answers(okResponse, 404, 422)),
    })
    .post('/subscribers/:chat_id/language', ({ params, query }) => subscribers.setLanguage(params.chat_id, query.language), {
      params,
      query: model.languageQuery,
      detail: op('Set the language of a subscriber', 'Two to eight letters or hyphens.', answers(okResponse, 404, 422)),
    })
    .get('/topics/:topic/subscribers', ({ params }) => jsonArrayStream(subscribers.ofTopic(params.topic)), {
      params: model.topicParams,
      detail: op(
        'List whom a topic reaches',
        'Active subscribers with a chat, subscribed to the topic or to `all`, by id.',
        answers(z.array(model.subscriberView), 422),
      ),
    })
    .post('/invites', ({ body, request }) => subscribers.invite(actorOf(request), body), {
      body: model.inviteCreate,
      detail: op(
        'Invite a person',
        'A subscriber without a chat, who claims the account with the password. Permissions need a superadmin.',
        answers(model.subscriberView, 400, 409, 422),
      ),
    })
    .post('/invites/claim', ({ body }) => subscribers.claim(body), {
      body: model.inviteClaim,
      detail: op(
        'Claim an invite',
        'Five attempts per user name in 15 minutes, over all processes; success resets them.',
        answers(model.subscriberView, 404, 409, 422, 429),
      ),
    })
