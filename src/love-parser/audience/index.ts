import { Elysia } from 'elysia'
import { z } from 'zod'
import { sessionOf } from '../family.ts'
import type { Replays } from '../idempotency/service.ts'
import { IDEMPOTENCY_KEY, operation } from '../operation.ts'
import { previewQuery, previewView, segmentChange, segmentParams, segmentRequest, segmentsQuery, segmentView } from './model.ts'
import type { Audience } from './service.ts'

const described = operation('audience')

/** Audience segments (love-parser §5). */
export const audienceRoutes = (audience: Audience, replays: Replays) =>
  new Elysia({ prefix: '/audience' })
    .post(
      '/segments',
      ({ request, body }) => {
        const { user } = sessionOf(request)
        const key = request.headers.get('idempotency-key')
        return replays.once({ userId: user.id, route: '/audience/segments', key, body }, (tx) =>
          audience.create(tx, user.id, body),
        )
      },
      {
        body: segmentRequest,
        detail: described(
          'Make a segment of a search',
          'Takes one audience unit. While the search runs the segment is processing.',
          { 201: segmentView },
          { errors: [400, 402, 404, 413, 415, 422], parameters: [IDEMPOTENCY_KEY] },
        ),
      },
    )
    .get('/segments', ({ request, query }) => audience.list(sessionOf(request).user.id, query), {
      query: segmentsQuery,
      detail: described('List segments', 'Newest first.', { 200: z.array(segmentView) }, { errors: [422] }),
    })
    .get('/:segment_id', ({ request, params }) => audience.show(sessionOf(request).user.id, params.segment_id), {
      params: segmentParams,
      detail: described('Show a segment', 'As the list does.', { 200: segmentView }, { errors: [404, 422] }),
    })
    .put(
      '/:segment_id',
      ({ request, params, body }) => audience.change(sessionOf(request).user.id, params.segment_id, body.filters),
      {
        params: segmentParams,
        body: segmentChange,
        detail: described(
          'Measure a segment again',
          'With other filters when given; `{}` clears them.',
          { 200: segmentView },
          { errors: [400, 402, 404, 413, 415, 422] },
        ),
      },
    )
    .delete(
      '/:segment_id',
      async ({ request, params }) => {
        await audience.remove(sessionOf(request).user.id, params.segment_id)
        return { success: true as const }
      },
      {
        params: segmentParams,
        detail: described(
          'Delete a segment',
          'Its unit is given back if it was taken in the running period.',
          { 200: z.object({ success: z.literal(true) }) },
          { errors: [400, 404, 413, 415, 422] },
        ),
      },
    )
    .get(
      '/:segment_id/preview',
      ({ request, params, query }) => audience.preview(sessionOf(request).user.id, params.segment_id, query.limit),
      {
        params: segmentParams,
        query: previewQuery,
        detail: described(
          'Preview a segment',
          'The total as of now and its first recipients.',
          { 200: previewView },
          {
            errors: [404, 422],
          },
        ),
      },
    )
