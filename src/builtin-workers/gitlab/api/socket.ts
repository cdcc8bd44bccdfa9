import type { Clock } from '../../../platform/clock.ts'
import type { Log } from '../../../platform/log.ts'
import { messageOf } from '../errors.ts'
import { type LeasedTask, refreshAnswer, reportAnswer } from '../model.ts'
import { readableTasks, understood } from './answers.ts'
import { createConnection } from './connection.ts'
import type { ApiEvents, CrawlerApi } from './index.ts'

export interface SocketApiOptions {
  /** API base over http(s), ends in `/api/internal2`. */
  url: string
  token?: string | undefined
  workerId: string
  clock: Clock
  random: () => number
  log: Log
}

const CALL_TIMEOUT_MS = 10_000
const REFRESH_TIMEOUT_MS = 30_000
const MOST_REMEMBERED = 1000

/** The crawler API over one WebSocket (gitlab-crawler §13): tasks are pushed into a request for them, every report is acknowledged. */
export const socketApi = (options: SocketApiOptions): CrawlerApi => {
  const { workerId, log } = options
  let events: ApiEvents | undefined
  let stopped = false
  const waiting: LeasedTask[] = []
  // A resumed connection brings assignments again that the old one may have delivered.
  const seen = new Set<string>()

  const heard = (type: string, data: any) => {
    if (type === 'task_assignment') return assigned(data)
    if (type === 'task_cancellation' && typeof data?.taskId === 'string') return events?.cancelled(data.taskId)
    if (type === 'system' && data?.messageType === 'shutdown') events?.shutdown()
  }
  const connection = createConnection({ ...options, heard })
  const { call } = connection

  const assigned = (data: unknown) => {
    for (const task of readableTasks([data], log)) {
      const key = `${task.id}:${task.lease.fence}`
      if (seen.has(key)) continue
      seen.add(key)
      if (seen.size > MOST_REMEMBERED) seen.delete(seen.values().next().value as string)
      if (stopped) giveBack(task)
      else waiting.push(task)
    }
  }
  const giveBack = ({ id, lease }: LeasedTask) => {
    call('status', { taskId: id, status: 'queued', workerId: lease.workerId, fence: lease.fence }, CALL_TIMEOUT_MS).catch(
      (error) => log.warn('a late lease was not given back', { task_id: id, problem: messageOf(error) }),
    )
  }

  return {
    async lease({ types, max, leaseSeconds, waitSeconds }, signal) {
      if (waiting.length === 0) {
        const request = { max, types, leaseSeconds, waitSeconds, workerId }
        try {
          await call('task_request', request, waitSeconds * 1000 + CALL_TIMEOUT_MS, signal)
        } catch (error) {
          if (!signal.aborted && waiting.length === 0) throw error
        }
      }
      if (!signal.aborted) return waiting.splice(0, max)
      stopped = true
      for (const task of waiting.splice(0)) giveBack(task)
      return []
    },
    async report(taskId, { type, ...fields }, timeoutMs, signal) {
      const { result } = await call(type, { ...fields, taskId }, Math.min(timeoutMs, CALL_TIMEOUT_MS), signal)
      return understood(reportAnswer, result)
    },
    refresh: async (taskId, { fence, credentialsVersion }, signal) =>
      understood(
        refreshAnswer,
        await call('token_refresh_request', { taskId, fence, credentialsVersion, workerId }, REFRESH_TIMEOUT_MS, signal),
      ),
    async heartbeat(taskIds, timeoutMs) {
      const { lostTasks } = await call('heartbeat', { activeTasks: taskIds, clientId: workerId }, timeoutMs)
      return Array.isArray(lostTasks) ? lostTasks.map(String) : []
    },
    listen(ears) {
      events = ears
    },
    close: connection.close,
  }
}
