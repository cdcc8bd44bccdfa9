import type { z } from 'zod'
import { type AppError, badRequest, forbidden, toAppError } from '../../errors.ts'
import type { Bus } from '../../platform/bus/index.ts'
import type { Clock } from '../../platform/clock.ts'
import { cleanValue, isDeeper } from '../../platform/http/body.ts'
import type { Log } from '../../platform/log.ts'
import { type Engine, TASK_CANCEL, type Task, type TaskCancel } from '../../tasks/index.ts'
import { invalidRequest, problemsOf } from '../envelope.ts'
import { frame, VERBS } from './frames.ts'
import * as model from './model.ts'
import { FLEET_KINDS } from './model.ts'
import { type Fleet, toTask } from './service.ts'

/** How often the server pings, and after how much silence it closes (gifty §4). */
export const PING_MS = 20_000
const SILENCE_MS = 60_000
/** One wait for tasks; then the connection asks anew. */
const WAIT_MS = 30_000

/** What is used of Elysia's socket. */
export interface WorkerSocket {
  id: string
  send(data: unknown): unknown
  close(code?: number, reason?: string): unknown
  raw: { ping(): unknown }
}
interface Connection {
  socket: WorkerSocket
  lastHeard: number
  hello?: z.output<typeof model.helloData>
  /** Leases this connection knows of: task id to fence and expiry. */
  held: Map<string, { fence: number; expiresAt: number }>
  recheck: (() => Promise<unknown>) | undefined
  pumping: boolean
  /** Ends the pump's wait, because what it waits for has changed. */
  wait?: AbortController
  closed: AbortController
}

export interface SocketsDeps {
  fleet: Fleet
  engine: Engine
  dispatch: (
    request: { owner: string; kinds: string[]; max: number; leaseMs: number },
    waitMs: number,
    signal: AbortSignal,
  ) => ReturnType<Engine['lease']>
  bus: Bus
  clock: Clock
  log: Log
}

/** The worker protocol over WebSocket (gifty §4): verbs as frames, pushed tasks, pushed cancels. */
export const createWorkerSockets = ({ fleet, engine, dispatch, bus, clock, log }: SocketsDeps) => {
  const connections = new Map<string, Connection>()
  const parse = <S extends z.ZodType>(schema: S, data: unknown): z.output<S> => {
    const result = schema.safeParse(data ?? {}, { reportInput: true })
    if (!result.success) throw invalidRequest(problemsOf(result.error, ['body']))
    return result.data
  }
  const send = (connection: Connection, type: string, id: string | number | null, data: unknown): boolean => {
    // Bun answers 0 for a frame it dropped.
    const sent = connection.socket.send(JSON.stringify({ type, id, data }))
    return sent !== 0
  }
  const sendError = (connection: Connection, id: string | number | null, error: AppError) =>
    send(connection, 'error', id, {
      code: error.code,
      message: error.message,
      ...(error.details && Object.keys(error.details).length > 0 ? { fields: error.details } : {}),
    })

  const end = (connection: Connection) => {
    connection.closed.abort()
    connection.wait?.abort()
  }

  const release = (owner: string, tasks: { id: string; fence: number }[]) =>
    engine
      .release(
        tasks.map((task) => ({ ...task, owner })),
        FLEET_KINDS,
      )
      .catch((error) => log.warn('tasks that could not be sent could not be released', { error }))

  /** A dashboard credential can end while its socket is open: a change takes effect within 10 s (gifty §1.1). */
  const isStillAllowed = async ({ recheck }: Connection): Promise<boolean> => {
    try {
      await recheck?.()
      return true
    } catch (error) {
      const { status } = toAppError(error)
      if (status === 401 || status === 403) return false
      throw error
    }
  }

  const push = (connection: Connection, owner: string, tasks: Task[]) => {
    for (const task of tasks) {
      connection.held.set(task.id, { fence: task.fence, expiresAt: (task.leaseExpiresAt as Date).getTime() })
      if (send(connection, 'task', task.id, toTask(task))) continue
      connection.held.delete(task.id)
      void release(owner, [task])
    }
  }

  /** Pushes tasks while the worker holds fewer than it can. One pump per connection. */
  const pump = async (connection: Connection) => {
    if (connection.pumping || !connection.hello) return
    connection.pumping = true
    try {
      while (!connection.closed.signal.aborted) {
        const { worker_id: owner, kinds, max, lease_seconds } = connection.hello
        const now = clock.now()
        for (const [id, lease] of connection.held) if (lease.expiresAt <= now) connection.held.delete(id)
        const free = max - connection.held.size
        if (free <= 0) return
        connection.wait = new AbortController()
        const tasks = await dispatch(
          { owner, kinds: fleet.offered(kinds), max: free, leaseMs: lease_seconds * 1000 },
          WAIT_MS,
          connection.wait.signal,
        )
        const allowed = tasks.length === 0 || (await isStillAllowed(connection))
        if (connection.closed.signal.aborted || !allowed) {
          if (tasks.length > 0) await release(owner, tasks)
          if (!allowed) connection.socket.close(1008, 'the credential has ended')
          return
        }
        push(connection, owner, tasks)
      }
    } catch (error) {
      log.warn('pushing tasks to a worker failed', { error })
      connection.socket.close(1011, 'tasks are not available')
    } finally {
      connection.pumping = false
    }
  }

  /** After a verb that ends a lease: the place is free again, unless the verb was refused and the lease stays. */
  const ending = async <T>(connection: Connection, taskId: string, verb: Promise<T>): Promise<T> => {
    const free = () => {
      connection.held.delete(taskId)
      void pump(connection)
    }
    try {
      const answer = await verb
      free()
      return answer
    } catch (error) {
      const { status } = toAppError(error)
      if (status === 404 || status === 409) free()
      throw error
    }
  }

  const answer = async (connection: Connection, type: string, data: unknown): Promise<unknown> => {
    if (type === 'ping') return { status: 'ok' }
    if (type === 'hello') {
      const hello = parse(model.helloData, data)
      connection.hello = hello
      // The same worker may go on with leases it took before: they count.
      connection.held = new Map(
        (await fleet.held(hello.worker_id)).map((lease) => [
          lease.id,
          { fence: lease.fence, expiresAt: lease.leaseExpiresAt.getTime() },
        ]),
      )
      return {
        status: 'ok',
        worker_id: hello.worker_id,
        max: hello.max,
        lease_seconds: hello.lease_seconds,
        held: [...connection.held.keys()],
      }
    }
    const hello = connection.hello
    if (!hello) throw badRequest('Say hello first')
    const worker_id = hello.worker_id
    switch (type) {
      case 'lease': {
        const body = parse(VERBS.lease, data)
        const leased = await fleet.lease({ ...body, kinds: body.kinds ?? hello.kinds, worker_id }, connection.closed.signal)
        for (const task of leased.tasks)
          connection.held.set(task.id, { fence: task.fence, expiresAt: Date.parse(task.lease_expires_at) })
        // The pump waits for as many as were free before.
        if (leased.tasks.length > 0) connection.wait?.abort()
        return leased
      }
      case 'heartbeat': {
        const body = parse(VERBS.heartbeat, data)
        const beat = await fleet.heartbeat(body.task_id, {
          ...body,
          worker_id,
        })
        connection.held.set(body.task_id, { fence: body.fence, expiresAt: Date.parse(beat.lease_expires_at) })
        return beat
      }
      case 'complete': {
        const body = parse(VERBS.complete, data)
        return ending(connection, body.task_id, fleet.complete(body.task_id, { ...body, worker_id }))
      }
      case 'fail': {
        const body = parse(VERBS.fail, data)
        return ending(connection, body.task_id, fleet.fail(body.task_id, { ...body, worker_id }))
      }
      case 'release': {
        const body = parse(VERBS.release, data)
        return ending(connection, body.task_id, fleet.release(body.task_id, { ...body, worker_id }))
      }
      case 'worker_heartbeat':
        return fleet.workerHeartbeat({ ...parse(VERBS.worker_heartbeat, data) }, 'ws')
      default:
        throw badRequest(`Unknown frame type: ${type.slice(0, 32)}`)
    }
  }

  const unsubscribe = bus.subscribe(TASK_CANCEL, ({ taskId, owner }: TaskCancel) => {
    for (const connection of connections.values())
      if (connection.hello?.worker_id === owner) send(connection, 'cancel', taskId, { task_id: taskId })
  })

  return {
    /** `recheck` asks again whether the credential of the upgrade still holds. */
    open(socket: unknown, recheck?: () => Promise<unknown>) {
      const ws = socket as WorkerSocket
      connections.set(ws.id, {
        socket: ws,
        lastHeard: clock.now(),
        held: new Map(),
        recheck,
        pumping: false,
        closed: new AbortController(),
      })
    },
    async message(socket: unknown, message: unknown) {
      const connection = connections.get((socket as WorkerSocket).id)
      if (!connection) return
      connection.lastHeard = clock.now()
      const checked =
        typeof message === 'object' && !(message instanceof Uint8Array) && !isDeeper(message)
          ? frame.safeParse(cleanValue(message))
          : undefined
      if (!checked?.success) {
        sendError(connection, null, badRequest('A frame is a JSON object {type, id, data}'))
        return
      }
      const { type, id, data } = checked.data
      try {
        if (!(await isStillAllowed(connection))) {
          sendError(connection, id, forbidden('Access denied'))
          connection.socket.close(1008, 'the credential has ended')
          return
        }
        send(connection, 'reply', id, await answer(connection, type, data))
        if (type === 'hello') void pump(connection)
      } catch (error) {
        const known = toAppError(error)
        if (known.status >= 500) log.error('worker frame failed', { type, error })
        sendError(connection, id, known)
      }
    },
    pong(socket: unknown) {
      const connection = connections.get((socket as WorkerSocket).id)
      if (connection) connection.lastHeard = clock.now()
    },
    close(socket: unknown) {
      const connection = connections.get((socket as WorkerSocket).id)
      connections.delete((socket as WorkerSocket).id)
      if (connection) end(connection)
    },
    /** Every 20 s: pings all, closes the silent, and lets those with an expired lease have new tasks. */
    sweep() {
      const now = clock.now()
      for (const connection of connections.values()) {
        if (now - connection.lastHeard >= SILENCE_MS) connection.socket.close(1001, 'no sign of life')
        else {
          connection.socket.raw.ping()
          void pump(connection)
        }
      }
    },
    /** Closes all sockets; their leases stay with the workers until they expire. */
    stop() {
      unsubscribe()
      for (const connection of connections.values()) {
        end(connection)
        connection.socket.close(1001, 'the server stops')
      }
    },
    count: () => connections.size,
  }
}
export type WorkerSockets = ReturnType<typeof createWorkerSockets>
