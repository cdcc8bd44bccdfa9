import { Elysia } from 'elysia'
import { z } from 'zod'
import { documented } from '../../platform/http/openapi.ts'
import { lastEventId } from '../envelope.ts'
import { type GiftySurface, problems } from '../surface.ts'
import * as model from './model.ts'
import type { Live } from './service.ts'

/** Live events and figures over time (operations §6, §7). */
export const liveRoutes = (surface: GiftySurface, live: Live) =>
  new Elysia({ detail: { tags: ['operations'] } })
    .use(surface)
    .get('/events', ({ query, request, call }) => live.streams.open(query.topics, lastEventId(request, 'event'), call.recheck), {
      auth: 'internal',
      query: model.eventsQuery,
      response: problems(503),
      detail: documented({
        summary: 'Follow what happens',
        description:
          'Server-sent events: a `snapshot` of each topic, then what happens. `id` is a number of the whole database; `Last-Event-ID` goes on behind it, within the last 10,000 events or 10 minutes, otherwise `reset` comes first.',
        responses: {
          200: {
            'text/event-stream': z.string().meta({
              examples: [
                'id: 42\nevent: run.ended\ndata: {"topic":"runs","type":"run.ended","at":"2026-01-15T09:04:12.000Z","data":{"run_id":17,"status":"partial"}}\n\n',
              ],
            }),
          },
        },
      }),
    })
    .get('/tasks/counts', ({ query }) => live.taskCounts(query.site_key ?? undefined), {
      auth: 'internal',
      query: model.countsQuery,
      response: { 200: model.taskCounts },
      detail: {
        summary: 'Count tasks',
        description:
          'By kind and state, with rates of the last minutes. With `site_key` without those that have ended, and without rates.',
      },
    })
    .get('/series', ({ query }) => live.read(query), {
      auth: 'internal',
      query: model.seriesQuery,
      response: { 200: model.seriesView },
      detail: {
        summary: 'Read figures over time',
        description: 'Sampled each minute in the same database: minutes are kept 14 days, hours 400 days.',
      },
    })
