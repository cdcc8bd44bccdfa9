import { messageOf } from '../../runtime.ts'
import { type LeasedTask, refreshAnswer, reportAnswer } from '../model.ts'
import {
  type ApiEvents,
  type ConnectionOptions,
  type CrawlerApi,
  createConnection,
  readableTasks,
  understood,
} from './connection.ts'

export interface SocketApiOptions extends Omit<ConnectionOptions, 'heard'> {
  /** API base over http(s), ends in `/api/internal2`. */
  url: string
}

const CALL_TIMEOUT_MS = 10_000
const REFRESH_TIMEOUT_MS = 30_000
/** How long a request for tasks may bring some after a stop, and how long giving one back may take. */
const LINGER_MS = 1_000
const LAST_WORD_MS = 1_000
const MOST_REMEMBERED = 1000

/** The crawler API over one WebSocket (gitlab-crawler §13): tasks are pushed into a request for them, every report is acknowledged. */
export const socketApi = (options: SocketApiOptions): CrawlerApi => {
  const { workerId, clock, log } = options
  let events: ApiEvents | undefined
  let stopped = false
  const waiting: LeasedTask[] = []
  let asking: Promise<unknown> | undefined
  const givingBack = new Set<Promise<void>>()
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
    const { workerId: holder, fence } = lease
    const given: Promise<void> = call('status', { taskId: id, status: 'queued', workerId: holder, fence }, LAST_WORD_MS)
      .catch((error) => log.warn('a late lease was not given back', { task_id: id, problem: messageOf(error) }))
      .finally(() => givingBack.delete(given))
    givingBack.add(given)
  }

  return {
    async lease({ types, max, leaseSeconds, waitSeconds }, signal) {
      if (waiting.length === 0) {
        const request = { max, types, leaseSeconds, waitSeconds, workerId }
        // Not given up with `signal`: the server goes on with it, and its tasks have to be given back.
        const asked = call('task_request', request, waitSeconds * 1000 + CALL_TIMEOUT_MS).finally(() => {
          if (asking === asked) asking = undefined
        })
        asking = asked
        asked.catch(() => {}) // heard in the race, if still awaited
        const gone = new AbortController()
        const stop = new Promise<void>((resolve) => {
          if (signal.aborted) resolve()
          signal.addEventListener('abort', () => resolve(), { signal: gone.signal })
        })
        try {
          await Promise.race([asked, stop])
        } catch (error) {
          if (!signal.aborted && waiting.length === 0) throw error
        } finally {
          gone.abort()
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
    async close() {
      // What a stop gives back is what a request still under way is answered with, at once.
      const over = new AbortController()
      await Promise.race([asking?.catch(() => {}), clock.sleep(LINGER_MS, over.signal)])
      over.abort()
      await Promise.all(givingBack)
      await connection.close()
    },
  }
}
