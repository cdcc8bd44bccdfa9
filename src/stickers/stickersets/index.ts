import { Elysia } from 'elysia'
import { z } from 'zod'
import type { Call, Principal } from '../../platform/http/family.ts'
import { MIB } from '../../platform/http/request.ts'
import { JSON_TYPE, languageOfCall } from '../envelope.ts'
import { PUBLIC_PREFIX, problems, type StickersSurface } from '../surface.ts'
import { INFO_STATUSES, type InfoStatus } from '../telegram/service.ts'
import * as model from './model.ts'
import type { Answer, Stickersets } from './service.ts'

// Made once and copied by Response, which is cheaper than an object of headers every time.
const JSON_HEADERS = new Headers({ 'content-type': JSON_TYPE })
const SET_HEADERS = Object.fromEntries(
  INFO_STATUSES.map((info) => [info, new Headers({ 'content-type': JSON_TYPE, 'x-telegram-info': info })]),
) as Record<InfoStatus, Headers>
const reply = (json: string) => new Response(json, { headers: JSON_HEADERS })
const replyWithSets = ({ json, info }: Answer, status = 200) => new Response(json, { status, headers: SET_HEADERS[info] })
const actor = ({ principal, call }: { principal: Principal; call: Call }): model.Actor => ({
  service: principal.id,
  requestId: call.requestId,
})

/** The routes of the gallery (stickers §5). */
export const stickersetsRoutes = (surface: StickersSurface, gallery: Stickersets) =>
  new Elysia({ prefix: '/internal/stickersets', detail: { tags: ['stickers'] } })
    .use(surface)
    .get('/check', async ({ query }) => reply(await gallery.check(query)), {
      auth: 'read',
      query: model.checkQuery,
      response: { 200: model.checkResult },
      detail: {
        summary: 'Ask whether a set is in the gallery',
        description: 'By name or link; never asks Telegram. One of the two is needed, and `url` decides when both are given.',
      },
    })
    .get('/search', async ({ call, query }) => replyWithSets(await gallery.search(query, languageOfCall(call))), {
      auth: 'read',
      query: model.searchQuery,
      response: { 200: model.searchResult },
      detail: {
        summary: 'Search public sets',
        description: 'Every word has to occur in title, name or a category, whatever the case. Most liked first.',
      },
    })
    .get('/categories', async ({ call }) => reply(await gallery.categories(languageOfCall(call))), {
      auth: 'read',
      response: { 200: model.categoryList },
      detail: { summary: 'List active categories', description: 'In display order.' },
    })
    .get(
      '/author/:authorId',
      async ({ call, params, query }) => replyWithSets(await gallery.ofAuthor({ ...params, ...query }, languageOfCall(call))),
      {
        auth: 'read',
        params: model.authorParams,
        query: model.listQuery,
        response: { 200: model.stickerSetPage },
        detail: {
          summary: 'List sets of an author',
          description: 'Active ones, public and private, page by page; of any of the categories where some are given.',
        },
      },
    )
    .get(
      '/:id',
      async ({ call, params, query }) => replyWithSets(await gallery.get(params.id, query.shortInfo, languageOfCall(call))),
      {
        auth: 'read',
        params: model.idParams,
        query: model.getQuery,
        response: { 200: model.stickerSetDto, ...problems(404) },
        detail: {
          summary: 'Read a set',
          description: 'Active or blocked. Trouble with Telegram only makes `telegramStickerSetInfo` stale or null.',
        },
      },
    )
    .post(
      '',
      async ({ call, principal, query, body }) =>
        replyWithSets(await gallery.create({ ...query, ...body }, actor({ call, principal }), languageOfCall(call)), 201),
      {
        auth: 'write',
        bodyLimit: MIB,
        query: model.createQuery,
        body: model.createBody,
        response: { 201: model.stickerSetDto },
        detail: {
          summary: 'Add a set',
          description: 'Once Telegram has confirmed it. The same owner’s deleted set comes back to life, with 201 as well.',
        },
      },
    )
    .delete(
      '/:id',
      async ({ call, principal, params }) => {
        await gallery.remove(params.id, actor({ call, principal }))
        return new Response(null, { status: 204 })
      },
      {
        auth: 'delete',
        params: model.idParams,
        response: { 204: z.never(), ...problems(404) },
        detail: { summary: 'Delete a set', description: 'Only marks it: its owner can create it again.' },
      },
    )
    .post(
      '/:id/publish',
      async ({ call, principal, params }) =>
        replyWithSets(await gallery.publish(params.id, actor({ call, principal }), languageOfCall(call))),
      {
        auth: 'publish',
        params: model.idParams,
        response: { 200: model.stickerSetDto },
        detail: {
          summary: 'Publish a set',
          description: 'The first publication of a name earns its owner 10 ART. Any body is ignored.',
        },
      },
    )
    .post(
      '/:id/unpublish',
      async ({ call, principal, params }) =>
        replyWithSets(await gallery.unpublish(params.id, actor({ call, principal }), languageOfCall(call))),
      {
        auth: 'publish',
        params: model.idParams,
        response: { 200: model.stickerSetDto },
        detail: { summary: 'Take a set back from the public', description: 'Takes no ART back. Any body is ignored.' },
      },
    )

/** The one route that needs no service token: the search of public sets as inline mode sends it (stickers §5.9). */
export const publicStickersetsRoutes = (surface: StickersSurface, gallery: Stickersets) =>
  new Elysia({ prefix: PUBLIC_PREFIX, detail: { tags: ['stickers'] } })
    .use(surface)
    .get('/search', async ({ call, query }) => replyWithSets(await gallery.search(query, languageOfCall(call))), {
      anyone: true,
      query: model.searchQuery,
      response: { 200: model.searchResult },
      detail: {
        summary: 'Search public sets without a token',
        description: 'Answers as `/internal/stickersets/search` does; a service token that is sent changes nothing.',
      },
    })
