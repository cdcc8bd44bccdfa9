import { Elysia } from 'elysia'
import { z } from 'zod'
import { callOf } from '../../platform/http/pipeline.ts'
import { queryOf, rereadQuery } from '../../platform/http/query.ts'
import { JSON_TYPE, languageOfCall } from '../envelope.ts'
import { errorView, operation } from '../operation.ts'
import { INFO_STATUSES, type InfoStatus } from '../telegram/service.ts'
import * as model from './model.ts'
import { readCreateBody } from './requests.ts'
import type { Answer, Stickersets } from './service.ts'

// Made once and copied by Response, which is cheaper than an object of headers every time.
const JSON_HEADERS = new Headers({ 'content-type': JSON_TYPE })
const SET_HEADERS = Object.fromEntries(
  INFO_STATUSES.map((info) => [info, new Headers({ 'content-type': JSON_TYPE, 'x-telegram-info': info })]),
) as Record<InfoStatus, Headers>
const reply = (json: string) => new Response(json, { headers: JSON_HEADERS })
const replyWithSets = ({ json, info }: Answer, status = 200) => new Response(json, { status, headers: SET_HEADERS[info] })
const language = (request: Request) => languageOfCall(callOf(request))
const actor = (request: Request): model.Actor => {
  const { principal, requestId } = callOf(request)
  return { service: principal?.id ?? '', requestId }
}

/** The routes of the gallery (stickers §5). */
export const stickersetsRoutes = (gallery: Stickersets) =>
  new Elysia({ prefix: '/internal/stickersets' })
    .onTransform(({ request, query }) => rereadQuery(query, queryOf(request.url)))
    .get('/check', ({ query }) => gallery.check(query).then(reply), {
      query: model.checkQuery,
      detail: operation(
        'read',
        'Ask whether a set is in the gallery',
        'By name or link; never asks Telegram. One of the two is needed, and `url` decides when both are given.',
        { 200: model.checkResult, 400: errorView },
      ),
    })
    .get('/search', async ({ request, query }) => replyWithSets(await gallery.search(query, language(request))), {
      query: model.searchQuery,
      detail: operation(
        'read',
        'Search public sets',
        'Every word has to occur in title, name or a category, whatever the case. Most liked first.',
        { 200: model.searchResult, 400: errorView },
      ),
    })
    .get('/categories', async ({ request }) => reply(await gallery.categories(language(request))), {
      detail: operation('read', 'List active categories', 'In display order.', { 200: model.categoryList }),
    })
    .get(
      '/author/:authorId',
      async ({ request, params, query }) => replyWithSets(await gallery.ofAuthor({ ...params, ...query }, language(request))),
      {
        params: model.authorParams,
        query: model.listQuery,
        detail: operation(
          'read',
          'List sets of an author',
          'Active ones, public and private, page by page; of any of the categories where some are given.',
          { 200: model.stickerSetPage, 400: errorView },
        ),
      },
    )
    .get(
      '/:id',
      async ({ request, params, query }) => replyWithSets(await gallery.get(params.id, query.shortInfo, language(request))),
      {
        params: model.idParams,
        query: model.getQuery,
        detail: operation(
          'read',
          'Read a set',
          'Active or blocked. Trouble with Telegram only makes `telegramStickerSetInfo` stale or null.',
          { 200: model.stickerSetDto, 400: errorView, 404: errorView },
        ),
      },
    )
    .post(
      '',
      async ({ request, query, body }) =>
        replyWithSets(await gallery.create({ ...query, ...body }, actor(request), language(request)), 201),
      {
        parse: readCreateBody,
        query: model.createQuery,
        body: model.createBody,
        detail: operation(
          'write',
          'Add a set',
          'Once Telegram has confirmed it. The same owner’s deleted set comes back to life, with 201 as well.',
          { 201: model.stickerSetDto, 400: errorView, 413: errorView, 415: errorView },
        ),
      },
    )
    .delete(
      '/:id',
      async ({ request, params }) => {
        await gallery.remove(params.id, actor(request))
        return new Response(null, { status: 204 })
      },
      {
        parse: 'none',
        params: model.idParams,
        detail: operation('delete', 'Delete a set', 'Only marks it: its owner can create it again.', {
          204: z.never(),
          400: errorView,
          404: errorView,
        }),
      },
    )
    .post(
      '/:id/publish',
      async ({ request, params }) => replyWithSets(await gallery.publish(params.id, actor(request), language(request))),
      {
        parse: 'none',
        params: model.idParams,
        detail: operation(
          'publish',
          'Publish a set',
          'The first publication of a name earns its owner 10 ART. Any body is ignored.',
          { 200: model.stickerSetDto, 400: errorView },
        ),
      },
    )
    .post(
      '/:id/unpublish',
      async ({ request, params }) => replyWithSets(await gallery.unpublish(params.id, actor(request), language(request))),
      {
        parse: 'none',
        params: model.idParams,
        detail: operation('publish', 'Take a set back from the public', 'Takes no ART back. Any body is ignored.', {
          200: model.stickerSetDto,
          400: errorView,
        }),
      },
    )
