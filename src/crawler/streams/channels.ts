import { z } from 'zod'
import type { Channel, ChannelMessage } from '../../platform/http/asyncapi.ts'
import { refreshBody } from '../credentials/index.ts'
import { taskRequest } from '../leasing/index.ts'
import { updateBody } from '../progress/model.ts'
import { taskData } from '../tasks/model.ts'
import * as model from './model.ts'

const frameId = () =>
  z
    .union([z.string(), z.number()])
    .optional()
    .meta({ examples: ['f-1'] })
const at = () => z.string().meta({ examples: ['2026-01-15T09:00:05.000Z'] })
const sequence = () =>
  z
    .int()
    .describe('place in the order of all events; replies have none')
    .meta({ examples: [118] })
const TASK = 'issues-of-platform-api'

type ServerFrameType = keyof typeof model.serverFrameData
const SUMMARIES: Record<ServerFrameType, string> = {
  progress: 'The progress of a task has changed',
  status: 'The status of a task has changed',
  timeline: 'Events were added to the timeline of a task',
  task_update: 'A task was created, changed, deleted, or has found areas',
  message: 'A message that somebody sent to who watches a task',
  task_assignment: 'A task is leased to this connection',
  task_cancellation: 'The lease of a task has been taken back',
  system: 'Something about the server itself',
  ack: 'A frame has been accepted',
  heartbeat_response: 'The answer to a heartbeat',
  token_refresh_response: 'The answer to a request for a newer token',
  pong: 'The answer to a ping',
  error: 'A frame is refused; the socket stays open',
}
const REPLIES: ServerFrameType[] = ['ack', 'heartbeat_response', 'token_refresh_response', 'pong', 'error']
/** Events that only sockets get: they belong to a worker's connection. */
const OF_CONNECTIONS: ServerFrameType[] = ['task_assignment', 'system']

const serverFrame = (type: ServerFrameType) => {
  const frame = {
    type: z.literal(type),
    data: model.serverFrameData[type],
    timestamp: at(),
    id: z.string().meta({ examples: ['5f0e6b1a-2c'] }),
  }
  return z.object(REPLIES.includes(type) ? frame : { seq: sequence(), ...frame })
}
const types = Object.keys(model.serverFrameData) as ServerFrameType[]
const sent = (prefix: string, chosen: ServerFrameType[]): ChannelMessage[] => [
  { name: `${prefix}.connection_ready`, summary: 'The first frame: flat, unlike all others', payload: model.readyFrame },
  ...chosen.map((type) => ({ name: `${prefix}.${type}`, summary: SUMMARIES[type], payload: serverFrame(type) })),
]
const said = (prefix: string, type: string, summary: string, data: z.ZodType): ChannelMessage => ({
  name: `${prefix}.client.${type}`,
  summary,
  payload: z.object({ type: z.literal(type), id: frameId(), data }),
})
const { type: updateType, ...update } = updateBody.shape
const taken = (prefix: string): ChannelMessage[] => [
  {
    name: `${prefix}.client.update`,
    summary: 'An update of a task: the same as over HTTP',
    payload: z.object({ type: updateType, id: frameId(), data: z.object({ taskId: z.string(), ...update }) }).meta({
      examples: [{ type: 'progress', id: 'f-1', data: { taskId: TASK, processedItems: 50, workerId: 'worker-1', fence: 1 } }],
    }),
  },
  said(prefix, 'task', 'Create a task', taskData),
  said(prefix, 'task_request', 'Lease tasks; they come as assignments', taskRequest),
  said(
    prefix,
    'heartbeat',
    "Prolong the worker's leases of these tasks",
    model.heartbeatFrame.meta({ examples: [{ workerId: 'worker-1', activeTasks: [TASK] }] }),
  ),
  said(
    prefix,
    'token_refresh_request',
    'Ask for a newer access token',
    refreshBody
      .extend({ taskId: z.string(), workerId: z.string().optional() })
      .meta({ examples: [{ taskId: TASK, fence: 1, credentialsVersion: 1 }] }),
  ),
  said(prefix, 'subscribe', 'Hear events of a task, or of all (`*`)', model.subscribeFrame.meta({ examples: [{ taskId: '*' }] })),
  said(prefix, 'unsubscribe', 'Hear them no more', model.subscribeFrame.meta({ examples: [{ taskId: TASK }] })),
  said(prefix, 'ack', 'Say up to which event all has been taken', model.ackFrame.meta({ examples: [{ seq: 118 }] })),
  said(prefix, 'ping', 'Ask for a pong', z.object({})),
]
const CREDENTIALS = ['crawlerToken', 'dashboard']
const FRAMES =
  'JSON frames `{type, data, timestamp, id, seq?}`; fields of a client may also stand beside `type`. A connection resumes by its `connectionId` within five minutes.'

/** Sockets and event streams of the crawler (§13, §14). */
export const crawlerChannels: Channel[] = [
  {
    name: 'crawlerSocket',
    address: '/api/internal2/connect',
    protocol: 'ws',
    title: 'Events of all tasks',
    description: `Begins with a subscription to all tasks, unless \`subscribe=none\`. ${FRAMES}`,
    query: model.connectQuery,
    security: CREDENTIALS,
    sends: sent('crawler', types),
    takes: taken('crawler'),
  },
  {
    name: 'crawlerTaskSocket',
    address: '/api/internal2/tasks/{id}/websocket',
    protocol: 'ws',
    title: 'Events of one task',
    description: `Takes frames about this task alone, which need not name it. Closed with 4004 when the task is deleted. ${FRAMES}`,
    parameters: { id: 'id of the task, URL-encoded' },
    query: model.connectQuery,
    security: CREDENTIALS,
    sends: sent('crawlerTask', types),
    takes: taken('crawlerTask'),
  },
  {
    name: 'crawlerTaskEvents',
    address: '/api/internal2/tasks/{id}/events',
    protocol: 'sse',
    title: 'Events of one task, as server-sent events',
    description:
      'The event is the type of the frame, its id the `seq`, its data the frame. `Last-Event-ID` resumes. Stays open after a terminal status, ends after `deleted`.',
    parameters: { id: 'id of the task, URL-encoded' },
    security: CREDENTIALS,
    sends: [
      ...sent(
        'crawlerEvents',
        types.filter((type) => !REPLIES.includes(type) && !OF_CONNECTIONS.includes(type)),
      ),
      {
        name: 'crawlerEvents.gap',
        summary: 'Comes before the first event when some can not be sent again',
        payload: z.object({
          type: z.literal('gap'),
          data: z.object({ lost: z.int().meta({ examples: [12] }) }),
          timestamp: at(),
          id: z.string().meta({ examples: ['5f0e6b1a-2d'] }),
        }),
      },
    ],
  },
]
