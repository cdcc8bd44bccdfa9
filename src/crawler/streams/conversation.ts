import { AppError, toAppError } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import { isDeeper, isHostile } from '../../platform/http/request.ts'
import type { Log } from '../../platform/log.ts'
import { refreshBody } from '../credentials/index.ts'
import type { Refresh } from '../credentials/refresh.ts'
import { describeError, invalidField, invalidJson, missingFields, rateLimited } from '../envelope.ts'
import { accept, iso, UPDATE_TYPES } from '../fields.ts'
import { taskRequest } from '../leasing/index.ts'
import type { Leasing } from '../leasing/service.ts'
import type { Progress } from '../progress/service.ts'
import { requireWorker } from '../surface.ts'
import type { Creation } from '../tasks/creation.ts'
import { frameText } from './hub.ts'
import { ackFrame, clientFrame, heartbeatFrame, subscribeFrame } from './model.ts'
import type { Connection } from './sockets.ts'

export interface ConversationDeps {
  clock: Clock
  log: Log
  progress: Progress
  creation: Creation
  leasing: Leasing
  refresh: Refresh
  /** Takes a token of the principal's bucket; answers the seconds to wait when there is none. */
  limit(principal: string, kind: 'general' | 'progress'): number | undefined | Promise<number | undefined>
  /** Tasks on the offer. */
  queued(): Promise<number>
  /** What other processes and this one have committed is delivered. */
  delivered(): Promise<void>
  maxBytes: number
}
type Ref = string | number | undefined
const MALFORMED_MAX = 20
const MALFORMED_MS = 60_000
const isUpdate = (type: string): boolean => (UPDATE_TYPES as readonly string[]).includes(type)

/** Handles the frames of WebSocket clients and sends the replies (§13). One per process; its result makes a handler per socket. */
export const createConversations = (deps: ConversationDeps) => {
  const { clock, log, progress, creation, leasing, refresh, limit, queued, delivered, maxBytes } = deps

  return (connection: Connection) => {
    const gone = new AbortController()
    const malformed: number[] = []
    /** Updates of one socket are stored one after the other, in the order of their frames. */
    let updates: Promise<unknown> = Promise.resolve()

    const send = (type: string, data: unknown) => connection.queue.push(frameText(type, data, clock.now()))
    const refuse = (error: AppError, ref: Ref, taskId?: string) => {
      const { code, message, status, retryable } = describeError(error)
      send('error', { code, message, status, refId: ref, retryable, taskId, ...error.details })
    }
    const taskOf = (input: Record<string, unknown>): string => {
      const { scope } = connection
      const named = input.taskId === undefined || input.taskId === null || input.taskId === '' ? undefined : String(input.taskId)
      if (scope === '') {
        if (named === undefined)
          throw missingFields([{ field: 'taskId', message: 'is required' }], 'Missing required field: taskId')
        return named
      }
      if (named !== undefined && named !== scope) throw invalidField('taskId', "must be this socket's task")
      return scope
    }
    const answer = async (type: string, input: Record<string, unknown>, data: unknown, ref: Ref, text: string): Promise<void> => {
      if (isUpdate(type)) {
        const taskId = taskOf(input)
        const { taskId: _taskId, ...fields } = input
        const result = await progress.report(taskId, { ...fields, type }, { text })
        return send('ack', { refId: ref, taskId, result })
      }
      switch (type) {
        case 'ping':
          return send('pong', { refId: ref, timestamp: iso(clock.now()) })
        case 'ack': {
          const { seq } = accept(ackFrame, input)
          connection.ackedSeq = Math.max(connection.ackedSeq ?? 0, seq)
          connection.dirty = true
          return
        }
        case 'subscribe':
        case 'unsubscribe': {
          const on = type === 'subscribe'
          const { taskId } = accept(subscribeFrame, input)
          if (connection.scope !== '' && taskId !== connection.scope) throw invalidField('taskId', "must be this socket's task")
          if (taskId === '*') connection.subscribeAll(on)
          else connection.subscribeTask(taskId, on)
          return send('ack', { refId: ref, taskId: taskId === '*' ? undefined : taskId })
        }
        case 'heartbeat': {
          const { activeTasks, workerId, clientId } = accept(heartbeatFrame, input)
          const owners = new Set([...connection.workers(), ...[workerId, clientId].filter((name) => name !== undefined)])
          const lostTasks = await leasing.heartbeat(owners, activeTasks)
          const now = iso(clock.now())
          return send('heartbeat_response', {
            refId: ref,
            serverTime: now,
            acknowledgement: true,
            tasksQueued: await queued(),
            systemStatus: 'healthy',
            lostTasks,
          })
        }
        case 'task': {
          const { answer } = await creation.create(data, { principal: connection.principal, text })
          return send('ack', { refId: ref, taskId: answer.data.id, result: answer.data })
        }
        case 'task_request': {
          requireWorker(connection.principal)
          const request = accept(taskRequest, input)
          const workerId = request.workerId ?? connection.connectionId
          connection.subscribeWorker(workerId)
          const tasks = await leasing.lease({ ...request, workerId }, gone.signal, connection.connectionId)
          await delivered()
          return send('ack', { refId: ref, count: tasks.length })
        }
        case 'token_refresh_request': {
          requireWorker(connection.principal)
          const taskId = taskOf(input)
          const workerId =
            typeof input.workerId === 'string' ? input.workerId : ((await ownerAmong(taskId)) ?? connection.connectionId)
          const refreshRequest = accept(refreshBody, { ...input, workerId })
          return send('token_refresh_response', { refId: ref, ...(await refresh.refresh(taskId, refreshRequest)) })
        }
        default:
          throw new AppError('UNKNOWN_OPERATION', 400, `Unknown operation: ${type.slice(0, 64)}`)
      }
    }
    /** The worker name under which this connection holds a task. */
    const ownerAmong = async (taskId: string): Promise<string | undefined> => {
      const owner = await leasing.ownerOf(taskId)
      return owner !== undefined && connection.workers().includes(owner) ? owner : undefined
    }
    const isMalformed = (): void => {
      const now = clock.now()
      malformed.push(now)
      while ((malformed[0] ?? now) <= now - MALFORMED_MS) malformed.shift()
      if (malformed.length > MALFORMED_MAX) connection.end(1008, 'too many malformed frames')
    }
    const parse = (text: string) => {
      try {
        const value: unknown = JSON.parse(text)
        if ((text.length > 1000 && isDeeper(value)) || isHostile(text, value)) return undefined
        const frame = clientFrame.safeParse(value)
        return frame.success ? frame.data : undefined
      } catch {
        return undefined
      }
    }

    return {
      /** Handles one frame of the client. */
      async handleFrame(message: string | Uint8Array): Promise<void> {
        if (typeof message !== 'string') return connection.end(1003, 'text frames only')
        if (message.length > maxBytes || Buffer.byteLength(message) > maxBytes) return connection.end(1009, 'frame too big')
        const frame = parse(message)
        const update = frame !== undefined && isUpdate(frame.type)
        const ref = frame?.id
        let named: string | undefined
        const handle = async () => {
          try {
            const wait = limit(connection.principal, update ? 'progress' : 'general')
            const seconds = wait instanceof Promise ? await wait : wait
            if (seconds !== undefined) throw rateLimited(seconds)
            if (!frame) {
              isMalformed()
              throw invalidJson()
            }
            const { type, id: _id, data, ...beside } = frame
            const input = typeof data === 'object' && data !== null && !Array.isArray(data) ? { ...beside, ...data } : beside
            if (typeof input.taskId === 'string') named = input.taskId
            await answer(type, input, data, ref, message)
          } catch (error) {
            const known = toAppError(error)
            if (known.status >= 500 && known.code === 'internal_error')
              log.error('a crawler frame failed', { type: frame?.type, error })
            if (!connection.queue.isEnded()) refuse(known, ref, named ?? (connection.scope === '' ? undefined : connection.scope))
          }
        }
        if (!update) return handle()
        updates = updates.then(handle)
        await updates
      },
      /** The socket is closed: waiting task requests end without tasks. */
      leave() {
        gone.abort()
      },
    }
  }
}
export type Conversations = ReturnType<typeof createConversations>
