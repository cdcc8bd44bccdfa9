import { z } from 'zod'
import { takes } from '../../platform/http/json-schema.ts'
import type { RefreshAnswer } from '../credentials/model.ts'
import { connectionId, orAbsent, text } from '../fields.ts'
import type { LeasedTask } from '../leasing/model.ts'
import { type Acknowledged, type ProgressView, progressView, type TimelineView } from '../progress/model.ts'
import { type CancelReason, JOB_STATUSES, STATUSES, type Status } from '../vocabulary.ts'

export const PROTOCOL = 'gitlab-crawler-v1'

export const connectBody = z
  .object({
    connectionId: connectionId().optional(),
    clientType: text(64).optional(),
    version: text(64).optional(),
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
  .meta({ id: 'CrawlerConnectionReady' })
export type ReadyFrame = z.infer<typeof readyFrame>

/** Data of server frames by type (§13). */
export interface ServerFrameData {
  progress: { taskId: string; updateType: string; status: Status; progress: ProgressView; timestamp: string }
  status: {
    taskId: string
    status: Status
    previousStatus: Status
    reason?: string
    error?: string
    startedAt?: string
    completedAt?: string
  }
  timeline: { taskId: string; events: TimelineView[] }
  task_update: {
    taskId: string
    updateType: 'created' | 'updated' | 'deleted' | 'areas_discovered'
    message?: string
    timestamp: string
    serverGenerated: true
  }
  message: Record<string, unknown> & { taskId: string; timestamp: string; serverGenerated: true }
  task_assignment: LeasedTask
  task_cancellation: { taskId: string; reason: CancelReason; graceful: true; timestamp: string }
  system: {
    messageType: 'shutdown' | 'maintenance' | 'config_update' | 'rate_limit_update'
    message: string
    metadata?: Record<string, unknown>
  }
  ack: { refId?: string | number; taskId?: string; result?: Acknowledged; count?: number; data?: unknown }
  heartbeat_response: {
    serverTime: string
    acknowledgement: true
    tasksQueued: number
    systemStatus: string
    lostTasks: string[]
    refId?: string | number
  }
  token_refresh_response: RefreshAnswer & { refId?: string | number }
  pong: { refId?: string | number; timestamp: string }
  error: {
    code: string
    message: string
    status: number
    refId?: string | number
    retryable: boolean
    taskId?: string
    fields?: { field: string; message: string }[]
  }
}
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
  activeTasks: z
    .array(z.union([z.string(), z.object({ taskId: z.string() }).transform((task) => task.taskId)]))
    .max(1000)
    .default([]),
  clientId: z.string().max(128).optional(),
  workerId: z.string().max(128).optional(),
  systemInfo: z.unknown().optional(),
})
export const subscribeFrame = z.object({ taskId: z.string().min(1).max(255) })
export const ackFrame = z.object({ seq: z.int().min(0) })
