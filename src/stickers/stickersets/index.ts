import { Elysia } from 'elysia'
import { z } from 'zod'
import { callOf } from '../../platform/http/pipeline.ts'
import { JSON_TYPE, languageOfCall } from '../envelope.ts'
import { errorView, operation, PREVIEW, parameter, pathId, queryId, SHORT_INFO } from '../operation.ts'
import { INFO_STATUSES, type InfoStatus } from '../telegram/service.ts'
import { type Actor, categoryList, checkResult, createBody, SORTS, searchResult, stickerSetDto, stickerSetPage } from './model.ts'
import { parseCheck, parseCreate, parseGet, parseId, parseList, parseSearch } from './requests.ts'
import type { Answer, Stickersets } from './service.ts'

// Made once and copied by Response, which is cheaper than an object of headers every time.
const JSON_HEADERS = new Headers({ 'content-type': JSON_TYPE })
const SET_HEADERS = Object.fromEntries(
  INFO_STATUSES.map((info) => [info, new Headers({ 'content-type': JSON_TYPE, 'x-telegram-info': info })]),
) as Record<InfoStatus, Headers>
const reply = (json: string) => new Response(json, { headers: JSON_HEADERS })
const replyWithSets = ({ json, info }: Answer, status = 200) => new Response(json, { status, headers: SET_HEADERS[info] })
const language = (request: Request) => languageOfCall(callOf(request))
const actor = (request: Request): Actor => {
  const { principal, requestId } = callOf(request)
  return { service: principal?.id ?? '', requestId }
}

/** The routes of the gallery (stickers §5). They read requests themselves, to tell all problems of one at once. */
export const stickersetsRoutes = (gallery: Stickersets) =>
  new Elysia({ prefix: '/internal/stickersets' })
    .get('/check', ({ request }) => gallery.check(parseCheck(request)).then(reply), {
      detail: operation(
        'read',
        'Ask whether a set is in the gallery',
        'By name or link; never asks Telegram. One of the two is needed, and `url` decides when both are given.',
        { 200: checkResult, 400: errorView },
        {
          parameters: [
            parameter('query', 'name', { type: 'string', maxLength: 200 }),
            parameter('query', 'url', { type: 'string', maxLength: 2048 }),
          ],
        },
      ),
    })
    .get('/search', async ({ request }) => replyWithSets(await gallery.search(parseSearch(request), language(request))), {
      detail: operation(
        'read',
        'Search public sets',
        'Every word has to occur in title, name or a category, whatever the case. Most liked first.',
        { 200: searchResult, 400: errorView },
        {
          parameters: [
            parameter('query', 'query', { type: 'string', maxLength: 100, default: '' }),
            parameter('query', 'limit', { type: 'integer', minimum: 1, maximum: 100, default: 20 }),
            parameter('query', 'offset', { type: 'integer', minimum: 0, maximum: 2_147_483_647, default: 0 }),
            SHORT_INFO,
            PREVIEW,
          ],
        },
      ),
    })
    .get('/categories', async ({ request }) => reply(await gallery.categories(language(request))), {
      detail: operation('read', 'List active categories', 'In display order.', { 200: categoryList }),
    })
    .get(
      '/author/:authorId',
      async ({ request, params }) =>
        replyWithSets(await gallery.ofAuthor(parseList(request, params.authorId), language(request))),
      {
        detail: operation(
          'read',
          'List sets of an author',
          'Active ones, public and private, page by page; of any of the categories where some are given.',
          { 200: stickerSetPage, 400: errorView },
          {
            parameters: [
              pathId('authorId'),
              parameter('query', 'page', { type: 'integer', minimum: 0, maximum: 2_147_483_647, default: 0 }),
              parameter('query', 'size', { type: 'integer', minimum: 1, maximum: 100, default: 20 }),
              parameter('query', 'sort', { type: 'string', enum: SORTS, default: 'createdAt' }),
              parameter('query', 'direction', { type: 'string', enum: ['ASC', 'DESC'], default: 'DESC' }),
              parameter('query', 'categoryKeys', { type: 'string', description: 'comma-separated' }),
              SHORT_INFO,
              PREVIEW,
            ],
          },
        ),
      },
    )
    .get(
      '/:id',
      async ({ request, params }) => {
        const { id, shortInfo } = parseGet(request, params.id)
        return replyWithSets(await gallery.get(id, shortInfo, language(request)))
      },
      {
        detail: operation(
          'read',
          'Read a set',
          'Active or blocked. Trouble with Telegram only makes `telegramStickerSetInfo` stale or null.',
          { 200: stickerSetDto, 400: errorView, 404: errorView },
          { parameters: [pathId('id'), SHORT_INFO] },
        ),
      },
    )
    .post(
      '',
      async ({ request }) =>
        replyWithSets(await gallery.create(await parseCreate(request), actor(request), language(request)), 201),
      {
        parse: 'none',
        detail: operation(
          'write',
          'Add a set',
          'Once Telegram has confirmed it. The same owner’s deleted set comes back to life, with 201 as well.',
          { 201: stickerSetDto, 400: errorView, 413: errorView, 415: errorView },
          { parameters: [queryId('userId', true), queryId('authorId'), SHORT_INFO], requestBody: createBody },
        ),
      },
    )
    .delete(
      '/:id',
      async ({ request, params }) => {
        await gallery.remove(parseId(params.id), actor(request))
        return new Response(null, { status: 204 })
      },
      {
        parse: 'none',
        detail: operation(
          'delete',
          'Delete a set',
          'Only marks it: its owner can create it again.',
          { 204: z.never(), 400: errorView, 404: errorView },
          { parameters: [pathId('id')] },
        ),
      },
    )
    .post(
      '/:id/publish',
      async ({ request, params }) => replyWithSets(await gallery.publish(parseId(params.id), actor(request), language(request))),
      {
        parse: 'none',
        detail: operation(
          'publish',
          'Publish a set',
          'The first publication of a name earns its owner 10 ART. Any body is ignored.',
          { 200: stickerSetDto, 400: errorView },
          { parameters: [pathId('id')] },
        ),
      },
    )
    .post(
      '/:id/unpublish',
      async ({ request, params }) =>
        replyWithSets(await gallery.unpublish(parseId(params.id), actor(request), language(request))),
      {
        parse: 'none',
        detail: operation(
          'publish',
          'Take a set back from the public',
          'Takes no ART back. Any body is ignored.',
          { 200: stickerSetDto, 400: errorView },
          { parameters: [pathId('id')] },
        ),
      },
    )
