import { Elysia } from 'elysia'
import { z } from 'zod'
import { sessionOf } from '../family.ts'
import type { Replays } from '../idempotency/service.ts'
import { IDEMPOTENCY_KEY, operation } from '../operation.ts'
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

const described = operation('channel search')

/** Channel searches (love-parser §4). */
export const channelSearchRoutes = (searches: ChannelSearch, progress: ProgressStreams, replays: Replays) =>
  new Elysia({ prefix: '/parsing' })
    .post(
      '/search',
      ({ request, body }) => {
        const { user } = sessionOf(request)
        const key = request.headers.get('idempotency-key')
        return replays.once({ userId: user.id, route: '/parsing/search', key, body }, (tx) => searches.accept(tx, user.id, body))
      },
      {
        body: searchRequest,
        detail: described(
          'Start a search',
          'Takes one parsing unit. At least once: a search that is interrupted starts again, its rows are stored once. With an Idempotency-Key a repeat answers the same.',
          { 202: acceptedView },
          { errors: [400, 402, 413, 415, 422], parameters: [IDEMPOTENCY_KEY] },
        ),
      },
    )
    .get('/history', ({ request, query }) => searches.history(sessionOf(request).user.id, query), {
      query: historyQuery,
      detail: described('List searches', 'Newest first.', { 200: z.array(searchEntry) }, { errors: [422] }),
    })
    .get('/:search_id', ({ request, params }) => searches.entry(sessionOf(request).user.id, params.search_id), {
      params: searchParams,
      detail: described('Show a search', 'One entry of the history.', { 200: searchEntry }, { errors: [404, 422] }),
    })
    .get(
      '/:search_id/results',
      ({ request, params, query }) => searches.results(sessionOf(request).user.id, params.search_id, query),
      {
        params: searchParams,
        query: resultsQuery,
        detail: described(
          'Read results',
          'A page by subscribers or activity. Rows appear all at once.',
          { 200: resultsView },
          { errors: [404, 422] },
        ),
      },
    )
    .get(
      '/:search_id/export',
      async ({ request, params, query }) => {
        const { id, source } = await searches.find(sessionOf(request).user.id, params.search_id)
        return exportChannels(query.format, source, (after, limit) => searches.exportPart(id, after, limit))
      },
      {
        params: searchParams,
        query: exportQuery,
        detail: described(
          'Export results',
          'CSV or NDJSON, streamed; the header X-Data-Source says who ran the search.',
          {
            200: {
              'text/csv': z
                .string()
                .meta({ examples: ['channel_id,title,username,subscribers\r\n1001,Tea every day,@teaday,12400\r\n'] }),
              'application/x-ndjson': z.string().meta({ examples: ['{"channel_id":"1001","title":"Tea every day"}\n'] }),
            },
          },
          { errors: [404, 422] },
        ),
      },
    )
    .get(
      '/:search_id/progress',
      async ({ request, params }) => {
        const { user, token } = sessionOf(request)
        const { id } = await searches.find(user.id, params.search_id)
        return progress.open(id, token)
      },
      {
        params: searchParams,
        detail: described(
          'Follow a search',
          'Server-sent events: the snapshot at once, every change, the last one every second; ends after completed or failed.',
          {
            200: {
              'text/event-stream': z.string().meta({
                examples: [
                  'data: {"searchId":"0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34","status":"scanning_channels","progress":40,"current":40,"total":100}\nid: 3\n\n',
                ],
              }),
            },
          },
          { errors: [404, 422] },
        ),
      },
    )
    .post('/:search_id/cancel', ({ request, params }) => searches.cancel(sessionOf(request).user.id, params.search_id), {
      params: searchParams,
      detail: described(
        'Cancel a search',
        'Its unit is given back; no rows are kept.',
        { 200: searchEntry },
        { errors: [400, 404, 413, 415, 422] },
      ),
    })
