import { Elysia } from 'elysia'
import { z } from 'zod'
import type { Clock } from '../../platform/clock.ts'
import { cleanValue } from '../../platform/http/body.ts'
import { callOf } from '../../platform/http/pipeline.ts'
import type { Platform } from '../../platform/index.ts'
import { accept } from '../envelope.ts'
import { bodyOf, bodyTextOf, PREFIX, principalOf, read, taskOf } from '../family.ts'
import { operation } from '../operation.ts'
import { idParameter } from '../tasks/index.ts'
import * as model from './model.ts'
import type { Streams } from './service.ts'
import type { Upgrader } from './sockets.ts'

const query = (...names: string[]) => names.map((name) => ({ in: 'query', name, required: false, schema: { type: 'string' } }))

export interface StreamsRoutesDeps {
  streams: Streams
  clock: Clock
  settings: Pick<Platform['config']['crawler'], 'maxConnections' | 'heartbeatMs'>
  /** Known once the app listens. */
  server(): Upgrader | null | undefined
}

/** WebSockets and event streams (§7.1, §7.2, §7.12, §7.13). */
export const streamsRoutes = ({ streams, clock, settings, server }: StreamsRoutesDeps) => {
  const upgrade = async (request: Request, given: Record<string, unknown>, taskId?: string): Promise<undefined> => {
    await streams.sockets.connect({
      request,
      server: server(),
      principal: principalOf(request),
      recheck: callOf(request).recheck,
      query: accept(model.connectQuery, given),
      taskId,
    })
  }
  return new Elysia()
    .get('/connect', ({ request, query: given }) => upgrade(request, given), {
      detail: operation(
        'streams',
        { auth: 'stream', upgrade: true },
        'Open a WebSocket',
        'Events of all tasks, unless `subscribe=none`; resumes by `connectionId`.',
        { 101: z.never() },
        [400, 409],
        { parameters: query('token', 'connectionId', 'lastSeq', 'subscribe') },
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
    .get('/tasks/:id/websocket', ({ request, query: given }) => upgrade(request, given, taskOf(request)), {
      detail: operation(
        'streams',
        { auth: 'stream', upgrade: true },
        "Open a task's WebSocket",
        'Events of this task.',
        { 101: z.never() },
        [400, 404, 409],
        { parameters: [idParameter, ...query('token', 'connectionId', 'lastSeq', 'subscribe')] },
      ),
    })
    .post(
      '/tasks/:id/websocket',
      ({ request }) => {
        const id = taskOf(request)
        const body = bodyOf(request)
        return streams.broadcast(id, bodyTextOf(request).includes('\\u') ? (cleanValue(body) as typeof body) : body)
      },
      {
        detail: operation(
          'streams',
          { auth: 'connect', body: 1 },
          'Send a message to who watches a task',
          'Delivered to all live sockets, and on resume to those that were away.',
          { 200: model.messageAnswer },
          [404],
          { requestBody: model.messageBody, parameters: [idParameter] },
        ),
      },
    )
    .get(
      '/tasks/:id/events',
      ({ request, query: given }) => {
        const header = request.headers.get('last-event-id')
        const lastEventId =
          header === null || header === ''
            ? accept(model.eventsQuery, given).lastEventId
            : accept(z.object({ 'Last-Event-ID': model.lastEventId }), { 'Last-Event-ID': header })['Last-Event-ID']
        return streams.events.open(taskOf(request), principalOf(request), lastEventId)
      },
      {
        detail: operation(
          'streams',
          { auth: 'stream' },
          "Follow a task's events",
          'Server-sent events; `Last-Event-ID` goes on where a stream ended.',
          { 200: { 'text/event-stream': z.string() } },
          [400, 404],
          { parameters: [idParameter, ...query('token', 'lastEventId')] },
        ),
      },
    )
}
