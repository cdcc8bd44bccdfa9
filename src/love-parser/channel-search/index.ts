import { Elysia } from 'elysia'
import { z } from 'zod'
import { documented } from '../../platform/http/openapi.ts'
import type { Replays } from '../idempotency.ts'
import { type LoveParserSurface, problems } from '../surface.ts'
import { exportChannels } from './export.ts'
import {
  acceptedView,
  exportQuery,
  historyQuery,
  resultsQuery,
  resultsView,
  searchEntry,
  searchParams,
  searchRequest,
} from './model.ts'
import type { ProgressStreams } from './progress.ts'
import type { ChannelSearch } from './service.ts'

/** Channel searches (love-parser §4). */
export const channelSearchRoutes = (
  surface: LoveParserSurface,
  searches: ChannelSearch,
  progress: ProgressStreams,
  replays: Replays,
) =>
  new Elysia({ prefix: '/parsing', detail: { tags: ['love parser: channel search'] } })
    .use(surface)
    .post(
      '/search',
      ({ principal: { user }, idempotencyKey: key, body }) =>
        replays.once({ userId: user.id, route: '/parsing/search', key, body }, (tx) => searches.accept(tx, user.id, body)),
      {
        rate: 'general',
        bodyLimit: 'json',
        auth: 'user',
        idempotent: true,
        body: searchRequest,
        response: { 202: acceptedView, ...problems(402) },
        detail: {
          summary: 'Start a search',
          description:
            'Takes one parsing unit. At least once: a search that is interrupted starts again, its rows are stored once. With an Idempotency-Key a repeat answers the same.',
        },
      },
    )
    .get('/history', ({ principal, query }) => searches.history(principal.user.id, query), {
      rate: 'general',
      auth: 'user',
      query: historyQuery,
      response: { 200: z.array(searchEntry) },
      detail: { summary: 'List searches', description: 'Newest first.' },
    })
    .get('/:search_id', ({ principal, params }) => searches.entry(principal.user.id, params.search_id), {
      rate: 'general',
      auth: 'user',
      params: searchParams,
      response: { 200: searchEntry, ...problems(404) },
      detail: { summary: 'Show a search', description: 'One entry of the history.' },
    })
    .get('/:search_id/results', ({ principal, params, query }) => searches.results(principal.user.id, params.search_id, query), {
      rate: 'general',
      auth: 'user',
      params: searchParams,
      query: resultsQuery,
      response: { 200: resultsView, ...problems(404) },
      detail: { summary: 'Read results', description: 'A page by subscribers or activity. Rows appear all at once.' },
    })
    .get(
      '/:search_id/export',
      async ({ principal, params, query }) => {
        const { id, source } = await searches.find(principal.user.id, params.search_id)
        return exportChannels(query.format, source, (after, limit) => searches.exportPart(id, after, limit))
      },
      {
        rate: 'general',
        auth: 'user',
        params: searchParams,
        query: exportQuery,
        response: problems(404),
        detail: documented({
          summary: 'Export results',
          description: 'CSV, CSV as Excel reads it, or NDJSON, streamed; the header X-Data-Source says who ran the search.',
          responses: {
            200: {
              'text/csv': z
                .string()
                .meta({ examples: ['channel_id,title,username,subscribers\r\n1001,Tea every day,@teaday,12400\r\n'] }),
              'application/x-ndjson': z.string().meta({ examples: ['{"channel_id":"1001","title":"Tea every day"}\n'] }),
            },
          },
        }),
      },
    )
    .get(
      '/:search_id/progress',
      async ({ principal: { user, token }, params }) => {
        const { id } = await searches.find(user.id, params.search_id)
        return progress.open(id, token)
      },
      {
        rate: 'general',
        auth: 'user',
        params: searchParams,
        response: problems(404),
        detail: documented({
          summary: 'Follow a search',
          description:
            'Server-sent events: the snapshot at once, every change, the last one every second; ends after completed or failed.',
          responses: {
            200: {
              'text/event-stream': z.string().meta({
                examples: [
                  'data: {"searchId":"0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34","status":"scanning_channels","progress":40,"current":40,"total":100}\nid: 3\n\n',
                ],
              }),
            },
          },
        }),
      },
    )
    .post('/:search_id/cancel', ({ principal, params }) => searches.cancel(principal.user.id, params.search_id), {
      rate: 'general',
      bodyLimit: 'json',
      auth: 'user',
      params: searchParams,
      response: { 200: searchEntry, ...problems(404) },
      detail: { summary: 'Cancel a search', description: 'Its unit is given back; no rows are kept.' },
    })
