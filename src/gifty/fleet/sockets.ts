import type { z } from 'zod'
import { AppError, badRequest, conflict, forbidden, toAppError } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import { cleanValue, isDeeper } from '../../platform/http/request.ts'
import type { Log } from '../../platform/log.ts'
import {
  CLOSE,
  endRefused,
  type RawSocket,
  RECHECK_MS,
  SessionsByName,
  sweepSessions,
} from '../../platform/push/socket-session.ts'
import type { Bus } from '../../platform/shared.ts'
import { type Engine, type LeaseRequest, TASK_CANCEL, type Task, type TaskCancel } from '../../tasks/index.ts'
import { invalidField, invalidRequest, problemsOf } from '../envelope.ts'
import { Connection, type Hello, rawOf } from './connection.ts'
import * as model from './model.ts'
import { FLEET_KINDS, frame, VERBS } from './model.ts'
import type { Fleet } from './service.ts'

/** How often the server pings, and after how much silence it closes (gifty §4). */
const WATCH = { pingMs: 20_000, silence: { ms: 60_000, code: CLOSE.goingAway, reason: 'no sign of life' } }
/** Milliseconds between two stored signs of life of a connected worker, for `GET /workers`. */
const SEEN_MS = 20_000
/** Milliseconds of one wait for tasks; then the connection requests again. */
const WAIT_MS = 30_000
/** Leases under way on one socket: each holds a wait and a search for tasks. */
const MAX_LEASING = 16
/** Bus topic: a worker sent `hello`; another process then ends its older socket of the same name. */
const WORKER_HELLO = 'gifty.worker-hello'
interface WorkerHello {
  worker_id: string
  socket: string
  at: number
}

export interface SocketsDeps {
  fleet: Fleet
  engine: Engine
  dispatch: (request: LeaseRequest, waitMs: number, signal: AbortSignal) => ReturnType<Engine['lease']>
  bus: Bus
  clock: Clock
  log: Log
}

/** The worker protocol over WebSocket (gifty §4): verbs as frames, pushed tasks, pushed cancels. */
export const createWorkerSockets = ({ fleet, engine, dispatch, bus, clock, log }: SocketsDeps) => {
  const connections = new Map<RawSocket, Connection>()
  const workers = new SessionsByName<Connection>()
  let telling = false

  const parse = <S extends z.ZodType>(schema: S, data: unknown): z.output<S> => {
    const result = schema.safeParse(data ?? {}, { reportInput: true })
    if (!result.success) throw invalidRequest(problemsOf(result.error, ['body']))
    return result.data
  }
  const release = (owner: string, tasks: { id: string; fence: number }[]): Promise<unknown> =>
    engine
      .release(
        tasks.map(({ id, fence }) => ({ id, fence, owner })),
        FLEET_KINDS,
      )
      .catch((error) => log.warn('tasks that could not be sent could not be released', { error }))

  /** Resolves when the socket has room for a task; false when the pump has to end, or it is later than `latest`, before that. */
  const hasRoom = async ({ session }: Connection, { signal }: AbortController, latest = Number.POSITIVE_INFINITY) => {
    while (!session.isDrained() && !session.isEnded() && !signal.aborted && clock.now() < latest) {
      const waited = new AbortController()
      const wait = Math.min(latest - clock.now(), WAIT_MS)
      await Promise.race([session.whenDrained(), clock.sleep(wait, AbortSignal.any([signal, waited.signal]))])
      waited.abort()
    }
    return session.isDrained() && !session.isEnded() && !signal.aborted
  }
  /** Pushes what the worker has held since before this socket: it may have forgotten it. */
  const pushHeld = async (connection: Connection, turn: AbortController, { worker_id }: Hello): Promise<void> => {
    for (const [id, lease] of connection.held) {
      if (lease.known || !(await hasRoom(connection, turn))) continue
      // One at a time: payloads can be large, and each waits until the one before has left.
      const task = await engine.get(id)
      if (turn.signal.aborted) return
      const isLeased = task?.state === 'leased' || task?.state === 'cancelling'
      if (isLeased && task.leaseOwner === worker_id && task.fence === lease.fence)
        connection.sendTask(task, task.leaseExpiresAt as Date)
      else connection.held.delete(id)
    }
  }
  /** Pushes leased tasks one after the other, each when the one before has left; gives back those that cannot be sent in time. */
  const push = async (connection: Connection, turn: AbortController, { worker_id, lease_seconds }: Hello, tasks: Task[]) => {
    const latest = clock.now() + (lease_seconds * 1000) / 3
    for (const [at, task] of tasks.entries()) {
      if (!(await hasRoom(connection, turn, latest))) return release(worker_id, tasks.slice(at))
      connection.sendTask(task, task.leaseExpiresAt as Date)
    }
  }
  const fill = async (connection: Connection, turn: AbortController, hello: Hello): Promise<void> => {
    const { session } = connection
    const { worker_id: owner, max, lease_seconds } = hello
    await pushHeld(connection, turn, hello)
    while (await hasRoom(connection, turn)) {
      connection.cancelled.clear()
      const now = clock.now()
      for (const [id, lease] of connection.held) if (lease.expiresAt <= now) connection.held.delete(id)
      const free = max - connection.held.size
      if (free <= 0) return
      const request = { owner, ...fleet.offered(hello), max: free, leaseMs: lease_seconds * 1000 }
      connection.wait = new AbortController()
      const tasks = await dispatch(request, WAIT_MS, connection.wait.signal)
      if (tasks.length === 0) continue
      if (turn.signal.aborted) await release(owner, tasks)
      // A dashboard credential can end while its socket is open: a change takes effect within 10 s (gifty §1.1).
      else if (await session.isAllowed()) await push(connection, turn, hello, tasks)
      else {
        await release(owner, tasks)
        connection.end(CLOSE.policy, 'the credential has ended')
      }
    }
  }
  /** Pushes tasks while the worker holds fewer than it can. One pump a connection. */
  const pump = (connection: Connection): void => {
    const { hello, session } = connection
    if (!hello || connection.greeting || session.isEnded()) return
    if (connection.pumping) {
      connection.again = true
      return
    }
    connection.again = false
    connection.turn = new AbortController()
    connection.pumping = fill(connection, connection.turn, hello)
      .catch((error) => {
        log.warn('pushing tasks to a worker failed', { error })
        connection.end(CLOSE.internal, 'tasks are not available')
      })
      .finally(() => {
        connection.pumping = undefined
        if (connection.again) pump(connection)
      })
  }

  /** After a verb that ends a lease: the place is free again, unless the verb was refused and the lease stays. */
  const ending = async <T>(connection: Connection, taskId: string, verb: Promise<T>): Promise<T> => {
    const free = () => {
      connection.held.delete(taskId)
      pump(connection)
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
  /** Stores that connected workers are alive, those that have named their process. */
  const tellSeen = async (of: Iterable<Connection>): Promise<void> => {
    const now = clock.now()
    const rows = new Map<string, Parameters<Fleet['seen']>[0][number]>()
    for (const connection of of) {
      const { hostname, pid, worker_id } = connection.hello ?? {}
      if (!worker_id || !hostname || typeof pid !== 'number') continue
      connection.seenAt = now
      rows.set(`${hostname} ${pid}`, { worker_id, hostname, pid, tasks: connection.held.size })
    }
    if (rows.size > 0)
      await fleet.seen([...rows.values()]).catch((error) => log.warn('connected workers could not be stored', { error }))
  }
  /** Ends the socket that a worker had before, wherever it is; it may be half open. */
  const replaceOlder = async (connection: Connection, worker_id: string): Promise<void> => {
    if (workers.get(worker_id) === connection) return
    const older = workers.replace(worker_id)
    workers.set(worker_id, connection)
    connection.helloAt = clock.now()
    bus.publish(WORKER_HELLO, { worker_id, socket: connection.id, at: connection.helloAt } satisfies WorkerHello)
    // Tasks that it had leased and not pushed are released before this socket gets the list of its held tasks.
    await older?.pumping
  }
  const greet = async (connection: Connection, data: unknown) => {
    const hello = parse(model.helloData, data)
    const before = connection.hello
    if (before && before.worker_id !== hello.worker_id)
      throw conflict('This socket belongs to another worker: say hello on a new one')
    connection.greeting = true
    try {
      connection.stopPump()
      await connection.pumping
      await replaceOlder(connection, hello.worker_id)
      const leases = await fleet.held(hello.worker_id)
      connection.held = new Map(
        leases.map(({ id, fence, leaseExpiresAt }) => {
          const lease = connection.held.get(id)
          return [id, { fence, expiresAt: leaseExpiresAt.getTime(), known: lease?.fence === fence && lease.known }]
        }),
      )
      connection.hello = hello
      await tellSeen([connection])
      return {
        status: 'ok',
        worker_id: hello.worker_id,
        max: hello.max,
        lease_seconds: hello.lease_seconds,
        held: leases.map(({ id }) => id),
      }
    } finally {
      if (!connection.hello || connection.session.isEnded()) workers.release(hello.worker_id, connection)
    }
  }
  const answer = async (connection: Connection, type: string, data: unknown): Promise<unknown> => {
    if (type === 'ping') return { status: 'ok' }
    if (type === 'hello') return greet(connection, data)
    const { hello, session } = connection
    if (!hello) throw badRequest('Say hello first')
    const { worker_id } = hello
    const read = <S extends z.ZodType<{ worker_id?: string | null }>>(schema: S): z.output<S> & { worker_id: string } => {
      const body = parse(schema, data)
      if (body.worker_id && body.worker_id !== worker_id)
        throw invalidField(['body', 'worker_id'], 'Input should be the worker of hello', body.worker_id)
      return { ...body, worker_id }
    }
    switch (type) {
      case 'lease': {
        if (connection.leasing >= MAX_LEASING)
          throw new AppError('rate_limited', 429, `A socket has at most ${MAX_LEASING} leases under way: wait for their replies`)
        const given = (data ?? {}) as { lease_seconds?: unknown }
        const body = read(VERBS.lease)
        connection.leasing++
        const leasing = fleet.lease(
          {
            ...body,
            kinds: body.kinds ?? hello.kinds,
            site_keys: body.site_keys ?? hello.site_keys,
            exclude_site_keys: body.exclude_site_keys ?? hello.exclude_site_keys,
            lease_seconds:
              given.lease_seconds === undefined || given.lease_seconds === null ? hello.lease_seconds : body.lease_seconds,
          },
          connection.closed.signal,
        )
        const leased = await leasing.finally(() => connection.leasing--)
        if (session.isEnded()) await release(worker_id, leased.tasks)
        for (const task of leased.tasks) connection.knows(task.id, task.fence, Date.parse(task.lease_expires_at))
        // The pump waits for as many as were free before.
        if (leased.tasks.length > 0) connection.wait.abort()
        return leased
      }
      case 'heartbeat': {
        const body = read(VERBS.heartbeat)
        const wasHeld = connection.held.has(body.task_id)
        const beat = await fleet.heartbeat(body.task_id, body)
        // Unless it has been completed meanwhile, which has made its place free.
        if (!wasHeld || connection.held.has(body.task_id))
          connection.knows(body.task_id, body.fence, Date.parse(beat.lease_expires_at))
        return beat
      }
      case 'complete': {
        const body = read(VERBS.complete)
        return ending(connection, body.task_id, fleet.complete(body.task_id, body))
      }
      case 'fail': {
        const body = read(VERBS.fail)
        return ending(connection, body.task_id, fleet.fail(body.task_id, body))
      }
      case 'release': {
        const body = read(VERBS.release)
        return ending(connection, body.task_id, fleet.release(body.task_id, body))
      }
      case 'worker_heartbeat':
        return fleet.workerHeartbeat(parse(VERBS.worker_heartbeat, data), 'ws')
      default:
        throw badRequest(`Unknown frame type: ${type.slice(0, 32)}`)
    }
  }
  const handle = async (connection: Connection, { type, id, data }: z.output<typeof frame>): Promise<void> => {
    try {
      if (!(await connection.session.isAllowed())) {
        connection.refuse(id, forbidden('Access denied'))
        connection.end(CLOSE.policy, 'the credential has ended')
        return
      }
      connection.send('reply', id, await answer(connection, type, data))
    } catch (error) {
      const known = toAppError(error)
      if (known.status >= 500) log.error('worker frame failed', { type, error })
      connection.refuse(id, known)
    }
    if (type !== 'hello') return
    // After the reply, and also after a refusal: pushes continue.
    connection.greeting = false
    pump(connection)
  }

  let recheckedAt = 0
  const unsubscribe = [
    bus.subscribe(TASK_CANCEL, ({ taskId, owner }: TaskCancel) => {
      const holder = workers.get(owner)
      if (holder?.pumping && !holder.held.get(taskId)?.known) holder.cancelled.add(taskId)
      holder?.send('cancel', taskId, { task_id: taskId })
    }),
    bus.subscribe(WORKER_HELLO, ({ worker_id, socket, at }: WorkerHello) => {
      const mine = workers.get(worker_id)
      // Of two sockets that sent `hello` at about the same time, both processes keep the same one.
      if (mine && mine.id !== socket && (mine.helloAt < at || (mine.helloAt === at && mine.id < socket)))
        workers.replace(worker_id)
    }),
  ]

  return {
    /** `recheck` checks again whether the credential of the upgrade still holds. */
    open(socket: unknown, recheck?: () => Promise<unknown>) {
      const connection = new Connection(clock.now)
      connections.set(rawOf(socket), connection)
      connection.session.recheck = recheck
      connection.session.opened(rawOf(socket))
      connection.session.start()
    },
    async message(socket: unknown, message: unknown): Promise<void> {
      const connection = connections.get(rawOf(socket))
      if (!connection) return
      connection.session.markAlive()
      const checked =
        typeof message === 'object' && !(message instanceof Uint8Array) && !isDeeper(message)
          ? frame.safeParse(cleanValue(message))
          : undefined
      if (!checked?.success) {
        connection.refuse(null, badRequest('A frame is a JSON object {type, id, data}'))
        return
      }
      const handled = connection.greeted.then(() => handle(connection, checked.data))
      if (checked.data.type === 'hello') connection.greeted = handled
      await handled
    },
    /** A ping or pong of the client. */
    heard: (socket: unknown) => connections.get(rawOf(socket))?.session.markAlive(),
    /** The socket's buffer has become smaller. */
    drained: (socket: unknown) => connections.get(rawOf(socket))?.session.drained(),
    close(socket: unknown) {
      const connection = connections.get(rawOf(socket))
      if (!connection) return
      connections.delete(rawOf(socket))
      if (connection.hello) workers.release(connection.hello.worker_id, connection)
      connection.end(CLOSE.goingAway, 'closed')
    },
    /** To be called every second: pings, ends the silent, and lets those with an expired lease have new tasks. */
    sweep() {
      const now = clock.now()
      const all = [...connections.values()]
      sweepSessions(
        all.map(({ session }) => session),
        now,
        WATCH,
      )
      for (const connection of all) pump(connection)
      if (now - recheckedAt >= RECHECK_MS) {
        recheckedAt = now
        const sessions = all.map(({ session }) => session)
        void endRefused(sessions, log)
      }
      // One at a time: an earlier one that comes late must not make workers look older than they are.
      if (telling) return
      telling = true
      void tellSeen(all.filter(({ seenAt, session }) => now - seenAt >= SEEN_MS && !session.isEnded())).finally(() => {
        telling = false
      })
    },
    /** Closes all sockets; their leases stay with the workers until they expire. */
    stop() {
      for (const end of unsubscribe) end()
      for (const connection of connections.values()) connection.end(CLOSE.goingAway, 'the server stops')
    },
    count: () => connections.size,
  }
}
export type WorkerSockets = ReturnType<typeof createWorkerSockets>
