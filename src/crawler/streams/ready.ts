import { iso, isoOr } from '../fields.ts'
import type { TaskRow } from '../tasks/row.ts'
import { toProgress } from '../tasks/view.ts'
import { statusOf } from '../vocabulary.ts'
import type { ReadyFrame } from './model.ts'

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
