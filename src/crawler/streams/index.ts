import { Elysia } from 'elysia'
import { z } from 'zod'
import type { Clock } from '../../platform/clock.ts'
import { cleanValue } from '../../platform/http/body.ts'
import { callOf } from '../../platform/http/pipeline.ts'
import type { Platform } from '../../platform/index.ts'
import { accept } from '../envelope.ts'
import { bodyOf, bodyTextOf, PREFIX, principalOf, read } from '../family.ts'
import { taskParams } from '../fields.ts'
import { operation } from '../operation.ts'
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

/** WebSockets and event streams (§7.1, §7.2, §7.12, §7.13). */
export const streamsRoutes = ({ streams, clock, settings, server }: StreamsRoutesDeps) => {
  const upgrade = async (request: Request, query: model.ConnectQuery, taskId?: string): Promise<undefined> => {
    await streams.sockets.connect({
      request,
      server: server(),
      principal: principalOf(request),
      recheck: callOf(request).recheck,
      query,
      taskId,
    })
  }
  return new Elysia()
    .get('/connect', ({ request, query }) => upgrade(request, query), {
      query: model.connectQuery,
      detail: operation(
        'streams',
        { auth: 'stream', upgrade: true },
        'Open a WebSocket',
        'Events of all tasks, unless `subscribe=none`; resumes by `connectionId`.',
        { 101: z.never() },
        [400, 409],
      ),
    })
    .post(
      '/connect',
      ({ request }) => {
        const { connectionId } = read(request, model.connectBody)
        return {
          status: 'ready',
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
        detail: operation(
          'streams',
          { auth: 'connect', body: 1 },
          'Ask how to connect',
          'Without any effect.',
          { 200: model.connectAnswer },
          [],
          { requestBody: model.connectBody },
        ),
      },
    )
    .get('/tasks/:id/websocket', ({ request, params, query }) => upgrade(request, query, params.id), {
      params: taskParams,
      query: model.connectQuery,
      detail: operation(
        'streams',
        { auth: 'stream', upgrade: true },
        "Open a task's WebSocket",
        'Events of this task.',
        { 101: z.never() },
        [400, 404, 409],
      ),
    })
    .post(
      '/tasks/:id/websocket',
      ({ request, params: { id } }) => {
        const body = bodyOf(request)
        return streams.broadcast(id, bodyTextOf(request).includes('\\u') ? (cleanValue(body) as typeof body) : body)
      },
      {
        params: taskParams,
        detail: operation(
          'streams',
          { auth: 'connect', body: 1 },
          'Send a message to who watches a task',
          'Delivered to all live sockets, and on resume to those that were away.',
          { 200: model.messageAnswer },
          [404],
          { requestBody: model.messageBody },
        ),
      },
    )
    .get(
      '/tasks/:id/events',
      ({ request, params, query }) => {
        const header = request.headers.get('last-event-id')
        const lastEventId =
          header === null || header === ''
            ? query.lastEventId
            : accept(z.object({ 'Last-Event-ID': model.lastEventId }), { 'Last-Event-ID': header })['Last-Event-ID']
        return streams.events.open(params.id, principalOf(request), lastEventId)
      },
      {
        params: taskParams,
        query: model.eventsQuery,
        detail: operation(
          'streams',
          { auth: 'stream' },
          "Follow a task's events",
          'Server-sent events; `Last-Event-ID` goes on where a stream ended.',
          {
            200: {
              'text/event-stream': z.string().meta({
                examples: [
                  'id: 118\nevent: status\ndata: {"seq":118,"type":"status","data":{"taskId":"issues-of-platform-api"}}\n\n',
                ],
              }),
            },
          },
          [400, 404],
        ),
      },
    )
}
