import { Elysia } from 'elysia'
import { z } from 'zod'
import { AppError } from '../../errors.ts'
import { MIB } from '../../platform/http/body.ts'
import { isHandshake } from '../../platform/http/handshake.ts'
import { callOf } from '../../platform/http/pipeline.ts'
import { okResponse, text } from '../fields.ts'
import { answers, operation } from '../operation.ts'
import * as model from './model.ts'
import type { Fleet } from './service.ts'
import type { WorkerSockets } from './sockets.ts'

const params = z.object({
  id: text()
    .describe('id of the task')
    .meta({ examples: ['0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34'] }),
})
const op = operation('workers')
/** A word that ends or keeps a lease is not refused for its size: what is too long in it is cut. */
const LARGE = { 'x-max-body-bytes': 8 * MIB }

/** No request succeeds here but by becoming a socket. */
const { 200: _ok, ...refusals } = answers(z.never(), 426)
const upgradeRequired = () =>
  new AppError('upgrade_required', 426, 'This address speaks WebSocket', { headers: { upgrade: 'websocket' } })

/** Routes of the worker protocol (gifty §4) and of the live workers (§8). */
export const fleetRoutes = (fleet: Fleet, sockets: WorkerSockets) =>
  new Elysia()
    .post('/workers/lease', ({ body, request }) => fleet.lease(body, request.signal), {
      body: model.leaseBody,
      detail: op(
        'Lease tasks',
        'By priority, then oldest; waits up to `wait_seconds` for something to lease. At least once: the fence makes the effect once.',
        answers(model.leaseAnswer, 422),
      ),
    })
    .post('/workers/tasks/complete', ({ body }) => fleet.completeMany(body), {
      body: model.completeManyBody,
      detail: op(
        'Complete tasks',
        'Each as a single complete; refused ones are listed.',
        answers(model.completeManyAnswer, 422),
        LARGE,
      ),
    })
    .post('/workers/tasks/:id/heartbeat', ({ params, body }) => fleet.heartbeat(params.id, body), {
      params,
      body: model.heartbeatBody,
      detail: op(
        'Prolong a lease',
        'With progress, if there is any, of at most 16 KiB of JSON: larger one is dropped, and the answer says so. Tells whether the task should stop.',
        answers(model.heartbeatAnswer, 404, 409, 422),
        LARGE,
      ),
    })
    .post('/workers/tasks/:id/complete', ({ params, body }) => fleet.complete(params.id, body), {
      params,
      body: model.completeBody,
      detail: op(
        'Complete a task',
        'Repeating it is answered alike. Of `result.logs` the last 100,000 characters are kept.',
        answers(model.completeAnswer, 404, 409, 422),
        LARGE,
      ),
    })
    .post('/workers/tasks/:id/fail', ({ params, body }) => fleet.fail(params.id, body), {
      params,
      body: model.failBody,
      detail: op(
        'Report a failed task',
        'Tried again after a delay, unless it is not retryable or the attempts are used up. Of `error` the last 10,000 characters are kept.',
        answers(model.failAnswer, 404, 409, 422),
        LARGE,
      ),
    })
    .post('/workers/tasks/:id/release', ({ params, body }) => fleet.release(params.id, body), {
      params,
      body: model.releaseBody,
      detail: op(
        'Give a task back',
        'Offered again after `delay_seconds`; the attempt is not counted.',
        answers(okResponse, 404, 409, 422),
      ),
    })
    .post('/workers/heartbeat', ({ body }) => fleet.workerHeartbeat(body, 'http'), {
      body: model.workerHeartbeatBody,
      detail: op('Report a live worker', 'Shown for 60 seconds.', answers(model.workerHeartbeatAnswer, 422)),
    })
    .get('/workers', () => fleet.workers(), {
      detail: op('List live workers', 'By hostname; heartbeats of the last 60 seconds.', answers(z.array(model.workerView))),
    })
    .get('/tasks', ({ query }) => fleet.tasks(query), {
      query: model.tasksQuery,
      detail: op('List tasks', 'Newest first.', answers(model.tasksPage, 422)),
    })
    .get('/tasks/:id', ({ params }) => fleet.task(params.id), {
      params,
      detail: op('Read a task', 'With its result and progress.', answers(model.taskInfo, 404)),
    })
    .post('/tasks/redrive', ({ body }) => fleet.redrive(body), {
      body: model.redriveBody,
      detail: op(
        'Give dead tasks a new life',
        'By ids or by kind, oldest first; attempts start anew.',
        answers(model.redriveAnswer, 422),
      ),
    })
    .post('/tasks/:id/cancel', ({ params }) => fleet.cancel(params.id), {
      params,
      detail: op(
        'Cancel a task',
        'A pending one at once; a leased one is asked to stop, and is cancelled when its lease ends.',
        answers(model.cancelAnswer, 404, 409),
      ),
    })
    .get(
      '/workers/connect',
      () => {
        throw upgradeRequired()
      },
      {
        detail: op(
          'Open a worker socket',
          'WebSocket: the same verbs as frames `{type, id, data}`; tasks are pushed after `hello`.',
          { ...refusals, 101: z.never() },
        ),
      },
    )
    .ws('/workers/connect', {
      // Half a handshake is none.
      beforeHandle({ request }) {
        if (!isHandshake(request)) throw upgradeRequired()
      },
      open: (ws) => sockets.open(ws, callOf(ws.data.request).recheck),
      message: (ws, message) => sockets.message(ws, message),
      drain: (ws) => sockets.drained(ws),
      ping: (ws) => sockets.heard(ws),
      pong: (ws) => sockets.heard(ws),
      close: (ws) => sockets.close(ws),
    })
