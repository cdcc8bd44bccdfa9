import { Elysia } from 'elysia'
import { z } from 'zod'
import { AppError } from '../../errors.ts'
import { documented } from '../../platform/http/openapi.ts'
import { isHandshake, MIB } from '../../platform/http/request.ts'
import { rowExport } from '../../platform/http/row-export.ts'
import { okResponse, taskName } from '../fields.ts'
import { type GiftySurface, problems } from '../surface.ts'
import * as model from './model.ts'
import type { Fleet } from './service.ts'
import type { WorkerSockets } from './sockets.ts'

const params = z.object({
  id: taskName(0, Number.MAX_SAFE_INTEGER).describe('id of the task'),
})
/** A word that ends or keeps a lease is not refused for its size: what is too long in it is cut. */
const LARGE = 8 * MIB

const upgradeRequired = () =>
  new AppError('upgrade_required', 426, 'This address speaks WebSocket', { headers: { upgrade: 'websocket' } })

/** Routes of the worker protocol (gifty §4) and of the live workers (§8). */
export const fleetRoutes = (surface: GiftySurface, fleet: Fleet, sockets: WorkerSockets) =>
  new Elysia({ detail: { tags: ['gifty: workers'] } })
    .use(surface)
    .post('/workers/lease', ({ body, request }) => fleet.lease(body, request.signal), {
      auth: 'internal',
      bodyLimit: MIB,
      body: model.leaseBody,
      response: { 200: model.leaseAnswer },
      detail: {
        summary: 'Lease tasks',
        description:
          'By priority, then oldest; waits up to `wait_seconds` for something to lease. At least once: the fence makes the effect once.',
      },
    })
    .post('/workers/tasks/complete', ({ body }) => fleet.completeMany(body), {
      auth: 'internal',
      bodyLimit: LARGE,
      body: model.completeManyBody,
      response: { 200: model.completeManyAnswer },
      detail: { summary: 'Complete tasks', description: 'Each as a single complete; refused ones are listed.' },
    })
    .post('/workers/tasks/:id/heartbeat', ({ params, body }) => fleet.heartbeat(params.id, body), {
      auth: 'internal',
      bodyLimit: LARGE,
      params,
      body: model.heartbeatBody,
      response: { 200: model.heartbeatAnswer, ...problems(404, 409) },
      detail: {
        summary: 'Prolong a lease',
        description:
          'With progress, if there is any, of at most 16 KiB of JSON: larger progress is dropped, which the answer states. The answer also states whether the task should stop.',
      },
    })
    .post('/workers/tasks/:id/complete', ({ params, body }) => fleet.complete(params.id, body), {
      auth: 'internal',
      bodyLimit: LARGE,
      params,
      body: model.completeBody,
      response: { 200: model.completeAnswer, ...problems(404, 409) },
      detail: {
        summary: 'Complete a task',
        description: 'Repeating it is answered alike. Of `result.logs` the last 100,000 characters are kept.',
      },
    })
    .post('/workers/tasks/:id/fail', ({ params, body }) => fleet.fail(params.id, body), {
      auth: 'internal',
      bodyLimit: LARGE,
      params,
      body: model.failBody,
      response: { 200: model.failAnswer, ...problems(404, 409) },
      detail: {
        summary: 'Report a failed task',
        description:
          'Tried again after a delay, unless it is not retryable or the attempts are used up. Of `error` the last 10,000 characters are kept.',
      },
    })
    .post('/workers/tasks/:id/release', ({ params, body }) => fleet.release(params.id, body), {
      auth: 'internal',
      bodyLimit: MIB,
      params,
      body: model.releaseBody,
      response: { 200: okResponse, ...problems(404, 409) },
      detail: { summary: 'Give a task back', description: 'Offered again after `delay_seconds`; the attempt is not counted.' },
    })
    .post('/workers/heartbeat', ({ body }) => fleet.workerHeartbeat(body, 'http'), {
      auth: 'internal',
      bodyLimit: MIB,
      body: model.workerHeartbeatBody,
      response: { 200: model.workerHeartbeatAnswer },
      detail: { summary: 'Report a live worker', description: 'Shown for 60 seconds.' },
    })
    .get('/workers', () => fleet.workers(), {
      auth: 'internal',
      response: { 200: z.array(model.workerView) },
      detail: {
        summary: 'List live workers',
        description: 'By hostname; heartbeats of the last 60 seconds, then those that hold leases and send none.',
      },
    })
    .get('/tasks', ({ query }) => fleet.tasks(query), {
      auth: 'internal',
      query: model.tasksQuery,
      response: { 200: model.tasksPage },
      detail: {
        summary: 'List tasks',
        description:
          'Of every kind of every family, newest first. What filters cannot find by an index is looked for among 5,000 tasks at a time, which `searched_to` shows.',
      },
    })
    .get(
      '/tasks/export',
      ({ query: { format, ...query } }) => rowExport(fleet.pages(query), { format, columns: model.TASK_COLUMNS, name: 'tasks' }),
      {
        auth: 'internal',
        query: model.tasksExportQuery,
        response: problems(),
        detail: documented({
          summary: 'Export tasks',
          description: 'Those of the same filters, newest first, streamed.',
          responses: {
            200: {
              'text/csv': z
                .string()
                .meta({ examples: ['id,kind,state\r\n0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34,scoring,dead\r\n'] }),
              'application/x-ndjson': z
                .string()
                .meta({ examples: ['{"id":"0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34","kind":"scoring"}\n'] }),
            },
          },
        }),
      },
    )
    .get('/tasks/:id', ({ params }) => fleet.task(params.id), {
      auth: 'internal',
      params,
      response: { 200: model.anyTask, ...problems(404) },
      detail: { summary: 'Read a task', description: 'With its result and progress.' },
    })
    .post('/tasks/redrive', ({ body }) => fleet.redrive(body), {
      auth: 'internal',
      bodyLimit: MIB,
      body: model.redriveBody,
      response: { 200: model.redriveAnswer },
      detail: { summary: 'Give dead tasks a new life', description: 'By ids or by kind, oldest first; attempts start anew.' },
    })
    .post('/tasks/:id/cancel', ({ params }) => fleet.cancel(params.id), {
      auth: 'internal',
      bodyLimit: MIB,
      params,
      response: { 200: model.cancelAnswer, ...problems(404, 409) },
      detail: {
        summary: 'Cancel a task',
        description: 'A pending one at once; a leased one is asked to stop, and is cancelled when its lease ends.',
      },
    })
    .get(
      '/workers/connect',
      () => {
        throw upgradeRequired()
      },
      {
        auth: 'internal',
        detail: documented({
          summary: 'Open a worker socket',
          description: 'WebSocket: the same verbs as frames `{type, id, data}`; tasks are pushed after `hello`.',
          responses: { 101: z.never(), ...problems(426) },
        }),
      },
    )
    .ws('/workers/connect', {
      auth: 'internal',
      // Half a handshake is none.
      beforeHandle({ request, set }) {
        if (!isHandshake(request)) throw upgradeRequired()
        // Bun selects the first subprotocol that is offered; an empty text selects none.
        set.headers['sec-websocket-protocol'] = ''
      },
      open: (ws) => sockets.open(ws, ws.data.call.recheck),
      message: (ws, message) => sockets.message(ws, message),
      drain: (ws) => sockets.drained(ws),
      ping: (ws) => sockets.heard(ws),
      pong: (ws) => sockets.heard(ws),
      close: (ws) => sockets.close(ws),
    })
