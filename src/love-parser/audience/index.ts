import { Elysia } from 'elysia'
import { z } from 'zod'
import type { Replays } from '../idempotency.ts'
import { type LoveParserSurface, problems } from '../surface.ts'
import { previewQuery, previewView, segmentChange, segmentParams, segmentRequest, segmentsQuery, segmentView } from './model.ts'
import type { Audience } from './service.ts'

/** Audience segments (love-parser §5). */
export const audienceRoutes = (surface: LoveParserSurface, audience: Audience, replays: Replays) =>
  new Elysia({ prefix: '/audience', detail: { tags: ['love parser: audience'] } })
    .use(surface)
    .post(
      '/segments',
      ({ principal: { user }, idempotencyKey: key, body }) =>
        replays.once({ userId: user.id, route: '/audience/segments', key, body }, (tx) => audience.create(tx, user.id, body)),
      {
        rate: 'general',
        bodyLimit: 'json',
        auth: 'user',
        idempotent: true,
        body: segmentRequest,
        response: { 201: segmentView, ...problems(402, 404) },
        detail: {
          summary: 'Make a segment of a search',
          description: 'Takes one audience unit. While the search runs the segment is processing.',
        },
      },
    )
    .get('/segments', ({ principal, query }) => audience.list(principal.user.id, query), {
      rate: 'general',
      auth: 'user',
      query: segmentsQuery,
      response: { 200: z.array(segmentView) },
      detail: { summary: 'List segments', description: 'Newest first.' },
    })
    .get('/:segment_id', ({ principal, params }) => audience.show(principal.user.id, params.segment_id), {
      rate: 'general',
      auth: 'user',
      params: segmentParams,
      response: { 200: segmentView, ...problems(404) },
      detail: { summary: 'Show a segment', description: 'As the list does.' },
    })
    .put('/:segment_id', ({ principal, params, body }) => audience.change(principal.user.id, params.segment_id, body.filters), {
      rate: 'general',
      bodyLimit: 'json',
      auth: 'user',
      params: segmentParams,
      body: segmentChange,
      response: { 200: segmentView, ...problems(402, 404) },
      detail: { summary: 'Measure a segment again', description: 'With other filters when given; `{}` clears them.' },
    })
    .delete(
      '/:segment_id',
      async ({ principal, params }) => {
        await audience.remove(principal.user.id, params.segment_id)
        return { success: true as const }
      },
      {
        rate: 'general',
        bodyLimit: 'json',
        auth: 'user',
        params: segmentParams,
        response: { 200: z.object({ success: z.literal(true) }), ...problems(404) },
        detail: { summary: 'Delete a segment', description: 'Its unit is given back if it was taken in the running period.' },
      },
    )
    .get(
      '/:segment_id/preview',
      ({ principal, params, query }) => audience.preview(principal.user.id, params.segment_id, query.limit),
      {
        rate: 'general',
        auth: 'user',
        params: segmentParams,
        query: previewQuery,
        response: { 200: previewView, ...problems(404) },
        detail: { summary: 'Preview a segment', description: 'The total as of now and its first recipients.' },
      },
    )
