import { z } from 'zod'
import { optional, takes, withDefault } from '../../platform/http/schema.ts'
import { refreshAnswer } from '../credentials/index.ts'
import { CANCEL_REASONS, connectionId, JOB_STATUSES, orAbsent, STATUSES, text } from '../fields.ts'
import { leasedTask } from '../leasing/index.ts'
import { acknowledged, progressView, timelineView } from '../progress/model.ts'
import { taskView } from '../tasks/model.ts'

export const PROTOCOL = 'gitlab-crawler-v1'

export const connectBody = z
  .object({
    connectionId: optional(connectionId()),
    clientType: optional(text(64)),
    version: optional(text(64)),
  })
  .meta({ examples: [{ connectionId: 'console-1', clientType: 'console', version: '1.0' }] })
export const connectAnswer = z
  .object({
    status: z.literal('ready'),
    connectionInfo: z.object({
      connectionId: z.string(),
      serverTime: z.string(),
      activeConnections: z.int(),
      maxConnections: z.int(),
      supportedProtocols: z.array(z.string()),
      heartbeatInterval: z.int(),
    }),
    endpoints: z.object({ websocket: z.string(), tasks: z.string(), health: z.string() }),
  })
  .meta({
    examples: [
      {
        status: 'ready',
        connectionInfo: {
          connectionId: 'console-1',
          serverTime: '2026-01-15T09:00:00.000Z',
          activeConnections: 3,
          maxConnections: 100,
          supportedProtocols: [PROTOCOL],
          heartbeatInterval: 30_000,
        },
        endpoints: {
          websocket: '/api/internal2/connect',
          tasks: '/api/internal2/tasks',
          health: '/api/internal2/health',
        },
      },
    ],
  })
export const messageBody = z.looseObject({}).meta({ examples: [{ note: 'paused for the night' }] })
export const messageAnswer = z
  .object({
    status: z.literal('message_sent'),
    taskId: z.string(),
    message: z.string(),
    connectionCount: z.int(),
    queued: z.int(),
    timestamp: z.string(),
  })
  .meta({
    examples: [
      {
        status: 'message_sent',
        taskId: 'issues-of-platform-api',
        message: 'Message broadcasted to 2 connections',
        connectionCount: 2,
        queued: 0,
        timestamp: '2026-01-15T09:00:05.000Z',
      },
    ],
  })
export type MessageAnswer = z.infer<typeof messageAnswer>

const seq = takes(
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number),
  undefined,
  { type: 'integer', minimum: 0 },
)
/** Query of an upgrade (§7.1); the guard reads `token`. */
export const connectQuery = z.object({
  token: z.string().optional().describe('a bearer credential, for clients that cannot send headers'),
  connectionId: orAbsent(connectionId()).describe('name under which the connection can be resumed; a new one when absent'),
  lastSeq: orAbsent(seq).describe('last event that the client has taken, to resume after it'),
  subscribe: orAbsent(z.enum(['all', 'none'])).describe('events to begin with; `all` when absent'),
})
export type ConnectQuery = z.output<typeof connectQuery>
export const eventsQuery = z.object({
  token: z.string().optional().describe('a bearer credential, for clients that cannot send headers'),
  lastEventId: orAbsent(seq).describe('last event that the client has taken, where it cannot send `Last-Event-ID`'),
})
export const lastEventId = seq

/** The first frame of every stream (§13): flat, unlike all others. */
export const readyFrame = z
  .object({
    type: z.literal('connection_ready'),
    status: z.literal('connection_ready'),
    connectionId: z.string(),
    message: z.string(),
    timestamp: z.string(),
    heartbeatInterval: z.int(),
    resumed: z.boolean(),
    lastSeq: z.int(),
    lost: z.int(),
    serverCapabilities: z
      .object({
        messageQueuing: z.literal(true),
        heartbeat: z.literal(true),
        reconnection: z.literal(true),
        protocolVersion: z.literal('1.0'),
      })
      .optional(),
    taskId: z.string().optional(),
    taskInfo: z
      .object({
        status: z.enum(STATUSES),
        jobStatus: z.enum(JOB_STATUSES),
        command: z.string(),
        createdAt: z.string(),
        startedAt: z.string().optional(),
        completedAt: z.string().optional(),
      })
      .optional(),
    capabilities: z
      .object({
        progressUpdates: z.literal(true),
        statusUpdates: z.literal(true),
        errorReporting: z.literal(true),
        realTimeMessages: z.literal(true),
      })
      .optional(),
    progress: progressView.optional(),
  })
  .meta({
    id: 'CrawlerConnectionReady',
    examples: [
      {
        type: 'connection_ready',
        status: 'connection_ready',
        connectionId: 'console-1',
        message: 'WebSocket connection established',
        timestamp: '2026-01-15T09:00:00.000Z',
        heartbeatInterval: 30_000,
        resumed: false,
        lastSeq: 117,
        lost: 0,
        serverCapabilities: { messageQueuing: true, heartbeat: true, reconnection: true, protocolVersion: '1.0' },
      },
    ],
  })
export type ReadyFrame = z.infer<typeof readyFrame>

const refId = z.union([z.string(), z.number()]).optional().describe('`id` of the frame that is answered')
const taskId = z.string().meta({ examples: ['issues-of-platform-api'] })
const at = z.string().meta({ examples: ['2026-01-15T09:00:05.000Z'] })
/** Data of server frames by type (§13): events first, then replies. */
export const serverFrameData = {
  progress: z.object({
    taskId,
    updateType: z.string().meta({ examples: ['progress'] }),
    status: z.enum(STATUSES).meta({ examples: ['running'] }),
    progress: progressView,
    timestamp: at,
  }),
  status: z
    .object({
      taskId: z.string(),
      status: z.enum(STATUSES),
      previousStatus: z.enum(STATUSES),
      reason: z.string().optional(),
      error: z.string().optional(),
      startedAt: z.string().optional(),
      completedAt: z.string().optional(),
    })
    .meta({ examples: [{ taskId: 'issues-of-platform-api', status: 'completed', previousStatus: 'running' }] }),
  timeline: z.object({ taskId, events: z.array(timelineView) }),
  task_update: z.object({
    taskId,
    updateType: z.enum(['created', 'updated', 'deleted', 'areas_discovered']),
    message: z.string().optional(),
    timestamp: at,
    serverGenerated: z.literal(true),
  }),
  message: z.looseObject({ taskId, timestamp: at, serverGenerated: z.literal(true) }),
  task_assignment: leasedTask,
  task_cancellation: z.object({ taskId, reason: z.enum(CANCEL_REASONS), graceful: z.literal(true), timestamp: at }),
  system: z.object({
    messageType: z.enum(['shutdown', 'maintenance', 'config_update', 'rate_limit_update']),
    message: z.string().meta({ examples: ['The server stops'] }),
    metadata: z.record(z.string(), z.unknown()).optional(),
  }),
  ack: z
    .object({
      refId,
      taskId: z.string().optional(),
      result: z
        .union([acknowledged, taskView])
        .optional()
        .describe('of an update and of a create: what the same over HTTP answers'),
      count: z.int().optional().describe('of a request for tasks: how many were assigned'),
      data: z.unknown().optional(),
    })
    .meta({ examples: [{ refId: 'f-1', taskId: 'issues-of-platform-api' }] }),
  heartbeat_response: z
    .object({
      serverTime: z.string(),
      acknowledgement: z.literal(true),
      tasksQueued: z.int(),
      systemStatus: z.string(),
      lostTasks: z.array(z.string()).describe('tasks named in the heartbeat that the worker does not hold'),
      refId,
    })
    .meta({
      examples: [
        {
          serverTime: '2026-01-15T09:00:05.000Z',
          acknowledgement: true,
          tasksQueued: 3,
          systemStatus: 'healthy',
          lostTasks: [],
          refId: 'f-2',
        },
      ],
    }),
  token_refresh_response: refreshAnswer.shape.data.extend({ refId }).meta({
    examples: [{ taskId: 'issues-of-platform-api', refreshSuccessful: false, reason: 'no refresh token', refId: 'f-3' }],
  }),
  pong: z.object({ refId, timestamp: at }),
  error: z
    .object({
      code: z.string(),
      message: z.string(),
      status: z.int().describe('of the same refusal over HTTP'),
      refId,
      retryable: z.boolean(),
      taskId: z.string().optional(),
      fields: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
    })
    .meta({
      examples: [
        {
          code: 'LEASE_LOST',
          message: 'Lease lost',
          status: 409,
          refId: 'f-4',
          retryable: false,
          taskId: 'issues-of-platform-api',
        },
      ],
    }),
}
export type ServerFrameData = { [T in keyof typeof serverFrameData]: z.infer<(typeof serverFrameData)[T]> }
export type ServerFrame =
  | ReadyFrame
  | {
      [T in keyof ServerFrameData]: { type: T; data: ServerFrameData[T]; timestamp: string; id: string; seq?: number }
    }[keyof ServerFrameData]

/** What is common to all client frames; the rest stands beside `type` or in `data`. */
export const clientFrame = z.looseObject({
  type: z.string(),
  id: z
    .union([z.string().max(255), z.number()])
    .optional()
    .catch(undefined),
  data: z.unknown().optional(),
})
export const heartbeatFrame = z.object({
  activeTasks: withDefault(
    z.array(z.union([z.string(), z.object({ taskId: z.string() }).transform((task) => task.taskId)])).max(1000),
    [],
  ),
  clientId: optional(z.string().max(128)),
  workerId: optional(z.string().max(128)),
  systemInfo: optional(z.unknown()),
})
export const subscribeFrame = z.object({ taskId: z.string().min(1).max(255) })
export const ackFrame = z.object({ seq: z.int().min(0) })
