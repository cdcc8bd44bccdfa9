import { Elysia } from 'elysia'
import { z } from 'zod'
import type { Clock } from '../../platform/clock.ts'
import type { Call } from '../../platform/http/family.ts'
import { documented } from '../../platform/http/openapi.ts'
import type { Platform } from '../../platform/index.ts'
import { accept, storable, taskParams } from '../fields.ts'
import { type CrawlerSurface, PREFIX, problems } from '../surface.ts'
import * as model from './model.ts'
import type { Streams } from './service.ts'
import type { Upgrader } from './sockets.ts'

export interface StreamsRoutesDeps {
  streams: Streams
  clock: Clock
  settings: Pick<Platform['config']['crawler'], 'maxConnections' | 'heartbeatMs'>
  /** Known once the app listens. */
  server(): Upgrader | null | undefined
}
interface Upgrading {
  request: Request
  call: Call
  principal: string
  query: model.ConnectQuery
}

/** WebSockets and event streams (§7.1, §7.2, §7.12, §7.13). */
export const streamsRoutes = (surface: CrawlerSurface, { streams, clock, settings, server }: StreamsRoutesDeps) => {
  const upgrade = ({ request, call, principal, query }: Upgrading, taskId?: string): Promise<undefined> =>
    streams.sockets.connect({ request, server: server(), principal, recheck: call.recheck, query, taskId }).then(() => undefined)
  return new Elysia({ detail: { tags: ['crawler: streams'] } })
    .use(surface)
    .get('/connect', ({ request, call, principal, query }) => upgrade({ request, call, principal, query }), {
      auth: 'upgrade',
      rate: 'general',
      query: model.connectQuery,
      detail: documented({
        summary: 'Open a WebSocket',
        description: 'Events of all tasks, unless `subscribe=none`; resumes by `connectionId`.',
        responses: { 101: z.never(), ...problems(400, 409) },
      }),
    })
    .post(
      '/connect',
      ({ call, body }) => {
        const { connectionId } = storable(body, call.bodyText ?? '')
        return {
          status: 'ready' as const,
          connectionInfo: {
            connectionId: connectionId ?? `conn-${crypto.randomUUID()}`,
            serverTime: new Date(clock.now()).toISOString(),
            activeConnections: streams.count(),
            maxConnections: settings.maxConnections,
            supportedProtocols: [model.PROTOCOL],
            heartbeatInterval: settings.heartbeatMs,
          },
          endpoints: { websocket: `${PREFIX}/connect`, tasks: `${PREFIX}/tasks`, health: `${PREFIX}/health` },
        }
      },
      {
        auth: 'connect',
        rate: 'general',
        bodyLimit: 'single',
        body: model.connectBody,
        response: { 200: model.connectAnswer },
        detail: { summary: 'Ask how to connect', description: 'Without any effect.' },
      },
    )
    .get(
      '/tasks/:id/websocket',
      ({ request, call, principal, params, query }) => upgrade({ request, call, principal, query }, params.id),
      {
        auth: 'upgrade',
        rate: 'general',
        params: taskParams,
        query: model.connectQuery,
        detail: documented({
          summary: "Open a task's WebSocket",
          description: 'Events of this task.',
          responses: { 101: z.never(), ...problems(400, 404, 409) },
        }),
      },
    )
    .post('/tasks/:id/websocket', ({ call, params, body }) => streams.broadcast(params.id, storable(body, call.bodyText ?? '')), {
      auth: 'connect',
      rate: 'general',
      bodyLimit: 'single',
      params: taskParams,
      body: model.messageBody,
      response: { 200: model.messageAnswer },
      detail: {
        summary: 'Send a message to who watches a task',
        description: 'Delivered to all live sockets, and on resume to those that were away.',
      },
    })
    .get(
      '/tasks/:id/events',
      ({ request, call, principal, params, query }) => {
        const header = request.headers.get('last-event-id')
        const lastEventId =
          header === null || header === ''
            ? query.lastEventId
            : accept(z.object({ 'Last-Event-ID': model.lastEventId }), { 'Last-Event-ID': header })['Last-Event-ID']
        return streams.events.open(params.id, principal, lastEventId, call.recheck)
      },
      {
        auth: 'stream',
        rate: 'general',
        params: taskParams,
        query: model.eventsQuery,
        detail: documented({
          summary: "Follow a task's events",
          description: 'Server-sent events; `Last-Event-ID` goes on where a stream ended.',
          responses: {
            200: {
              'text/event-stream': z.string().meta({
                examples: [
                  'id: 118\nevent: status\ndata: {"seq":118,"type":"status","data":{"taskId":"issues-of-platform-api"}}\n\n',
                ],
              }),
            },
          },
        }),
      },
    )
}
