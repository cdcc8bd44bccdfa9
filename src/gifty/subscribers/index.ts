import { Elysia } from 'elysia'
import { z } from 'zod'
import { jsonArrayStream } from '../../platform/http/lists.ts'
import { MIB } from '../../platform/http/request.ts'
import { okResponse } from '../fields.ts'
import { type GiftySurface, problems } from '../surface.ts'
import * as model from './model.ts'
import type { Subscribers } from './service.ts'

const params = model.chatParams

/** Routes of subscribers and invites (gifty §7). */
export const subscribersRoutes = (surface: GiftySurface, subscribers: Subscribers) =>
  new Elysia({ detail: { tags: ['gifty: subscribers'] }, prefix: '/telegram' })
    .use(surface)
    .get(
      '/subscribers',
      ({ query }) =>
        query.limit === undefined
          ? jsonArrayStream(subscribers.all(query.after_id))
          : subscribers.list(query.limit, query.after_id),
      {
        auth: 'internal',
        query: model.listQuery,
        response: { 200: z.array(model.subscriberView) },
        detail: { summary: 'List subscribers', description: 'By id; without `limit` the whole list is streamed.' },
      },
    )
    .post('/subscribers', ({ body }) => subscribers.create(body), {
      auth: 'internal',
      bodyLimit: MIB,
      body: model.subscriberCreate,
      response: { 200: model.subscriberView, ...problems(409) },
      detail: { summary: 'Add a subscriber', description: 'Active, role `user`, language `ru`.' },
    })
    .get('/subscribers/by-username/:username', ({ params }) => subscribers.byUsername(params.username), {
      auth: 'internal',
      params: model.usernameParams,
      response: { 200: model.subscriberView, ...problems(404) },
      detail: { summary: 'Read a subscriber by user name', description: 'In any case, with or without `@`.' },
    })
    .get('/subscribers/:chat_id', ({ params }) => subscribers.byChat(params.chat_id), {
      auth: 'internal',
      params,
      response: { 200: model.subscriberView, ...problems(404) },
      detail: { summary: 'Read a subscriber', description: 'By chat id.' },
    })
    .patch('/subscribers/:chat_id', ({ params, body, principal }) => subscribers.patch(principal, params.chat_id, body), {
      auth: 'internal',
      bodyLimit: MIB,
      params,
      body: model.subscriberPatch,
      response: { 200: model.subscriberView, ...problems(404, 409) },
      detail: {
        summary: 'Change a subscriber',
        description: "Absent and null fields stay. Another person's `is_active` needs a superadmin.",
      },
    })
    .post(
      '/subscribers/:chat_id/role',
      ({ params, query, principal }) => subscribers.setRole(principal, params.chat_id, query.role),
      {
        auth: 'internal',
        bodyLimit: MIB,
        params,
        query: model.roleQuery,
        response: { 200: okResponse, ...problems(404) },
        detail: {
          summary: 'Set the role of a subscriber',
          description: "Another person's role, and raising one's own, needs a superadmin.",
        },
      },
    )
    .post(
      '/subscribers/:chat_id/permissions',
      ({ params, body, principal }) => subscribers.setPermissions(principal, params.chat_id, body),
      {
        auth: 'internal',
        bodyLimit: MIB,
        params,
        body: model.permissionsBody,
        response: { 200: okResponse, ...problems(404) },
        detail: {
          summary: 'Set the permissions of a subscriber',
          description: 'The body is the list; repeats are dropped. Needs a superadmin.',
        },
      },
    )
    .post(
      '/subscribers/:chat_id/subscribe',
      ({ params, query, principal }) => subscribers.setTopic(principal, params.chat_id, query.topic, true),
      {
        auth: 'internal',
        bodyLimit: MIB,
        params,
        query: model.topicQuery,
        response: { 200: okResponse, ...problems(404) },
        detail: { summary: 'Subscribe to a topic', description: 'Repeating it changes nothing.' },
      },
    )
    .post(
      '/subscribers/:chat_id/unsubscribe',
      ({ params, query, principal }) => subscribers.setTopic(principal, params.chat_id, query.topic, false),
      {
        auth: 'internal',
        bodyLimit: MIB,
        params,
        query: model.topicQuery,
        response: { 200: okResponse, ...problems(404) },
        detail: { summary: 'Unsubscribe from a topic', description: 'Repeating it changes nothing.' },
      },
    )
    .post(
      '/subscribers/:chat_id/language',
      ({ params, query, principal }) => subscribers.setLanguage(principal, params.chat_id, query.language),
      {
        auth: 'internal',
        bodyLimit: MIB,
        params,
        query: model.languageQuery,
        response: { 200: okResponse, ...problems(404) },
        detail: { summary: 'Set the language of a subscriber', description: 'Two to eight letters or hyphens.' },
      },
    )
    .get('/topics/:topic/subscribers', ({ params }) => jsonArrayStream(subscribers.ofTopic(params.topic)), {
      auth: 'internal',
      params: model.topicParams,
      response: { 200: z.array(model.subscriberView) },
      detail: {
        summary: 'List whom a topic reaches',
        description: 'Active subscribers with a chat, subscribed to the topic or to `all`, by id.',
      },
    })
    .post('/invites', ({ body, principal }) => subscribers.invite(principal, body), {
      auth: 'internal',
      bodyLimit: MIB,
      body: model.inviteCreate,
      response: { 200: model.subscriberView, ...problems(400, 409) },
      detail: {
        summary: 'Invite a person',
        description: 'A subscriber without a chat, who claims the account with the password. Permissions need a superadmin.',
      },
    })
    .post('/invites/claim', ({ body }) => subscribers.claim(body), {
      auth: 'internal',
      bodyLimit: MIB,
      body: model.inviteClaim,
      response: { 200: model.subscriberView, ...problems(404, 409, 429) },
      detail: {
        summary: 'Claim an invite',
        description: 'Five attempts per user name in 15 minutes, over all processes; success resets them.',
      },
    })
