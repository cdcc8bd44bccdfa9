import { z } from 'zod'
import type { Channel, ChannelMessage } from '../platform/http/asyncapi.ts'
import { okResponse } from './fields.ts'
import * as fleet from './fleet/model.ts'
import { VERBS } from './fleet/model.ts'
import { eventsQuery, liveEvent } from './live/model.ts'
import { notificationPayload } from './notifications.ts'
import { runPayload } from './sources/run-result.ts'

const frameId = () => z.union([z.string().max(200), z.number()]).meta({ examples: ['f-1'] })
const TASK_ID = '0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34'
/** A frame that a worker sends; the answer has its `id`. */
const said = (type: string, summary: string, data: z.ZodType): ChannelMessage => ({
  name: `worker.${type}`,
  summary,
  payload: z.object({ type: z.literal(type), id: frameId(), data }),
})
const pushed = (type: string, summary: string, id: z.ZodType, data: z.ZodType): ChannelMessage => ({
  name: `worker.${type}`,
  summary,
  payload: z.object({ type: z.literal(type), id, data }),
})

const helloAnswer = z
  .object({
    status: z.literal('ok'),
    worker_id: z.string(),
    max: z.int(),
    lease_seconds: z.int(),
    held: z.array(z.string()).describe('tasks that the worker still holds'),
  })
  .meta({ examples: [{ status: 'ok', worker_id: 'worker-1', max: 2, lease_seconds: 60, held: [] }] })
const refusal = z.object({
  code: z.string().meta({ examples: ['stale_lease'] }),
  message: z.string().meta({ examples: ['The lease is not held any more'] }),
  fields: z.record(z.string(), z.unknown()).optional(),
})
const example = (data: object) => ({ examples: [{ task_id: TASK_ID, fence: 1, ...data }] })

/** What of the family is no request with one answer: the workers' socket (gifty §4) and the queues of a broker (§2.7). */
export const giftyChannels: Channel[] = [
  {
    name: 'workerSocket',
    address: '/internal/workers/connect',
    protocol: 'ws',
    title: 'Worker socket',
    description:
      'The worker protocol as JSON frames of at most 2 MiB. `hello` comes first; tasks are pushed while the worker holds fewer than `max`. Every frame is answered by `reply` or `error` with its id.',
    security: ['internalToken', 'dashboard'],
    takes: [
      said('hello', 'Who the worker is and what it takes', fleet.helloData),
      said('lease', 'Lease tasks now', VERBS.lease.meta({ examples: [{ max: 1, wait_seconds: 20 }] })),
      said('heartbeat', 'Prolong a lease, with progress', VERBS.heartbeat.meta(example({ progress: { page: 2 } }))),
      said('complete', 'Complete a task', VERBS.complete.meta(example({ result: {} }))),
      said('fail', 'Report a failed task', VERBS.fail.meta(example({ error: 'the shop answered 503' }))),
      said('release', 'Give a task back', VERBS.release.meta(example({ delay_seconds: 30 }))),
      said('worker_heartbeat', 'Report a live worker', VERBS.worker_heartbeat),
      said('ping', 'Ask for an answer', z.unknown().meta({ examples: [{}] })),
    ],
    sends: [
      pushed('task', 'A task is leased to the worker', z.string().meta({ examples: [TASK_ID] }), fleet.taskView),
      pushed(
        'cancel',
        'Somebody has cancelled a task that the worker holds',
        z.string().meta({ examples: [TASK_ID] }),
        z.object({ task_id: z.string().meta({ examples: [TASK_ID] }) }),
      ),
      pushed(
        'reply',
        'What the same verb answers over HTTP',
        frameId(),
        z.union([
          helloAnswer,
          fleet.leaseAnswer,
          fleet.heartbeatAnswer,
          fleet.completeAnswer,
          fleet.failAnswer,
          fleet.workerHeartbeatAnswer,
          okResponse,
        ]),
      ),
      pushed('error', 'A frame is refused; the socket stays open', frameId().nullable(), refusal),
    ],
  },
  {
    name: 'liveEvents',
    address: '/internal/events',
    protocol: 'sse',
    title: 'Live events of the fleet',
    description:
      'A `snapshot` of each topic, then what happens (operations §6). `id` is a number of the whole database; `Last-Event-ID` goes on behind it, and `reset` says that this was too long ago.',
    query: eventsQuery,
    security: ['internalToken', 'dashboard'],
    sends: [{ name: 'liveEvent', summary: 'Something happened, or how things are', payload: liveEvent }],
  },
  {
    name: 'parsingTasks',
    address: 'parsing_tasks',
    protocol: 'amqp',
    title: 'Runs of sources for spiders on the broker',
    description:
      'One message a run of kind `source.run`; its message id is that of the task. Persistent, with publisher confirms. A redelivered one may be about a run that has ended: its reports are answered with `ignored`.',
    sends: [{ name: 'parsingTask', summary: 'A run to do', payload: runPayload }],
  },
  {
    name: 'notifications',
    address: 'notifications',
    protocol: 'amqp',
    title: 'Notifications for the workers that deliver them',
    description: 'Without a broker each is a task of kind `notification`, which expires after 24 hours.',
    sends: [{ name: 'notification', summary: 'Something that people should hear of', payload: notificationPayload }],
  },
]
