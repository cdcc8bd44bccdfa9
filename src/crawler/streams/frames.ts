import { iso, isoOr } from '../fields.ts'
import type { TaskRowChange } from '../tasks/change.ts'
import { errorText, type ProgressState, type TaskRow, toProgress } from '../tasks/row.ts'
import { statusOf } from '../vocabulary.ts'
import type { ReadyFrame } from './model.ts'

/** An event before it has its place in the order of all. */
export interface NewEvent {
  type: string
  taskId: string | null
  /** `connection:ID` or `process:ID`; null for all subscribers. */
  target: string | null
  /** Worker that receives it besides the subscribers. */
  holder: string | null
  /** JSON of `{type, data, timestamp, id}`. */
  frame: string
  /** Credentials that go out with the frame and are stored nowhere. */
  secret?: unknown
}

const PREFIX = crypto.randomUUID().slice(0, 8)
let made = 0
/** Unique name of a frame. */
const frameId = (): string => `${PREFIX}-${(++made).toString(36)}`

export const frameText = (type: string, data: unknown, now: number): string =>
  JSON.stringify({ type, data, timestamp: iso(now), id: frameId() })

export const newEvent = (
  type: string,
  taskId: string | null,
  data: unknown,
  now: number,
  { target = null, holder = null }: { target?: string | null; holder?: string | null } = {},
): NewEvent => ({ type, taskId, target, holder, frame: frameText(type, data, now) })

/** A frame with its place: `seq` comes first, so that no JSON has to be made anew. */
export const withSeq = (frame: string, seq: number): string => `{"seq":${seq},${frame.slice(1)}`

export const taskUpdate = (
  taskId: string,
  updateType: 'created' | 'updated' | 'deleted' | 'areas_discovered',
  now: number,
  message?: string,
): NewEvent => newEvent('task_update', taskId, { taskId, updateType, message, timestamp: iso(now), serverGenerated: true }, now)

const isSame = (a: ProgressState, b: ProgressState) => a === b || Bun.deepEquals(a, b)

/** The events of a changed task for its subscribers and its holder (§13), in the order in which they happened. */
export const eventsOf = (change: TaskRowChange): NewEvent[] => {
  const { before, row, now, timeline, revoked } = change
  const { progress } = row
  const events: NewEvent[] = []
  if (!isSame(progress, before.progress) || row.resumeState !== before.resumeState)
    events.push(
      newEvent(
        'progress',
        row.id,
        {
          taskId: row.id,
          updateType: change.updateType,
          status: statusOf(row.status),
          progress: toProgress(row),
          timestamp: iso(now),
        },
        now,
      ),
    )
  if (row.status !== before.status || row.failureKind !== before.failureKind) {
    const status = statusOf(row.status)
    events.push(
      newEvent(
        'status',
        row.id,
        {
          taskId: row.id,
          status,
          previousStatus: statusOf(before.status),
          reason: change.reason,
          error: status === 'failed' ? errorText(progress.error) : undefined,
          startedAt: isoOr(row.startedAt),
          completedAt: isoOr(row.finishedAt),
        },
        now,
      ),
    )
  }
  if (timeline.length > 0)
    events.push(
      newEvent(
        'timeline',
        row.id,
        { taskId: row.id, events: timeline.map(({ at, event, details }) => ({ timestamp: iso(at), event, details })) },
        now,
      ),
    )
  if (revoked)
    events.push(
      newEvent(
        'task_cancellation',
        row.id,
        { taskId: row.id, reason: revoked.reason, graceful: true, timestamp: iso(now) },
        now,
        { holder: revoked.owner },
      ),
    )
  return events
}

/** The first frame of a stream (§13); `row` is the task of a task stream. */
export const readyFrameOf = (
  facts: { connectionId: string; resumed: boolean; lastSeq: number; lost: number; heartbeatInterval: number; now: number },
  row?: TaskRow,
): ReadyFrame => {
  const { now, ...rest } = facts
  const common = {
    type: 'connection_ready',
    status: 'connection_ready',
    ...rest,
    message: row ? `WebSocket connection established for task ${row.id}` : 'WebSocket connection established',
    timestamp: iso(now),
  } as const
  if (!row)
    return {
      ...common,
      serverCapabilities: { messageQueuing: true, heartbeat: true, reconnection: true, protocolVersion: '1.0' },
    }
  return {
    ...common,
    taskId: row.id,
    taskInfo: {
      status: statusOf(row.status),
      jobStatus: row.status,
      command: row.command,
      createdAt: row.createdAt.toISOString(),
      startedAt: isoOr(row.startedAt),
      completedAt: isoOr(row.finishedAt),
    },
    capabilities: { progressUpdates: true, statusUpdates: true, errorReporting: true, realTimeMessages: true },
    progress: toProgress(row),
  }
}
