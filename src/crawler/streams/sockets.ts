import { type AppError, toAppError } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/log.ts'
import { shuttingDown, taskNotFound, upgradeRequired } from '../envelope.ts'
import type { TaskRow } from '../tasks/row.ts'
import type { Connection } from './connection.ts'
import type { Conversations } from './conversation.ts'
import { type ConnectQuery, PROTOCOL } from './model.ts'
import { readyFrameOf } from './ready.ts'
import type { Opening, Registry } from './registry.ts'

/** How often a dashboard credential is looked at again: a change takes effect within 10 s (§2). */
const RECHECK_MS = 5000

/** Bun's socket, as it is used here. */
interface RawSocket {
  data: SocketData
  sendText(text: string): number
  getBufferedAmount(): number
  ping(): unknown
  close(code?: number, reason?: string): void
}
interface SocketData {
  open(ws: RawSocket): void
  message(ws: RawSocket, message: string | Uint8Array): void
  drain(ws: RawSocket): void
  pong(ws: RawSocket): void
  ping(ws: RawSocket): void
  close(ws: RawSocket): void
}
/** What upgrades a request: the server that received it. */
export interface Upgrader {
  upgrade(request: Request, options: { data: unknown; headers?: Record<string, string> }): boolean
}
export interface ConnectRequest {
  request: Request
  server: Upgrader | null | undefined
  principal: string
  recheck: (() => Promise<unknown>) | undefined
  query: ConnectQuery
  taskId?: string
}

/** WebSockets of clients (§13): opened, fed, watched, drained. */
export const createSockets = ({
  clock,
  log,
  registry,
  converse,
  task,
  heartbeatMs,
}: {
  clock: Clock
  log: Log
  registry: Registry
  converse: Conversations
  task(id: string): Promise<TaskRow | undefined>
  heartbeatMs: number
}) => {
  const raws = new Map<Connection, RawSocket>()
  let stopping = false
  let recheckedAt = 0

  const dataOf = (opening: Opening, task: TaskRow | undefined): SocketData => {
    const { connection } = opening
    // Needed once: what a socket goes on with must not hold what it began with.
    let beginning: { opening: Opening; row: TaskRow | undefined } | undefined = { opening, row: task }
    // With its first word: most clients only listen.
    let conversation: ReturnType<Conversations> | undefined
    const heard = () => {
      connection.lastHeard = clock.now()
    }
    return {
      open(ws) {
        raws.set(connection, ws)
        heard()
        if (!beginning) return
        const { row } = beginning
        const { missed, after, resumed, lost } = beginning.opening
        beginning = undefined
        const first = readyFrameOf(
          {
            connectionId: connection.connectionId,
            resumed,
            lastSeq: after,
            lost,
            heartbeatInterval: heartbeatMs,
            now: clock.now(),
          },
          row,
        )
        if (connection.isEnded()) return ws.close(4001, 'replaced')
        connection.start(
          {
            // 0 is a frame that was dropped: the socket is about to close. -1 is one that waits inside the socket.
            write: (text) => ws.sendText(text) > 0,
            buffered: () => ws.getBufferedAmount(),
            end: (code, reason) => ws.close(code, reason),
          },
          JSON.stringify(first),
          missed,
          after,
        )
      },
      message(_ws, message) {
        heard()
        conversation ??= converse(connection)
        conversation.hear(message).catch((error) => log.error('a crawler frame failed', { error }))
      },
      drain() {
        heard()
        connection.outlet.drained()
      },
      pong: heard,
      ping: heard,
      close() {
        conversation?.leave()
        raws.delete(connection)
        registry.leave(connection)
      },
    }
  }
  const recheck = async (connection: Connection) => {
    try {
      await connection.recheck?.()
    } catch (error) {
      const { status } = toAppError(error)
      if (status === 401 || status === 403) connection.end(1008, 'the credential has ended')
      else log.warn('a credential could not be looked at', { error })
    }
  }

  return {
    /**
     * Turns a request into a socket. Everything that can refuse comes before the upgrade.
     * @throws AppError 404, 409, 503
     */
    async connect({ request, server, principal, recheck: again, query, taskId }: ConnectRequest): Promise<void> {
      if (stopping) throw shuttingDown()
      if (taskId !== undefined && !(await task(taskId))) throw taskNotFound()
      const connectionId = query.connectionId ?? `conn-${crypto.randomUUID()}`
      const opening = await registry.open(
        { connectionId, scope: taskId ?? '', principal },
        { lastSeq: query.lastSeq, subscribe: query.subscribe ?? 'all' },
      )
      const { connection } = opening
      // Read once events are waited for: what the first frame shows is not older than they are.
      const row = taskId === undefined ? undefined : await task(taskId)
      const offered = (request.headers.get('sec-websocket-protocol') ?? '').split(',').map((name) => name.trim())
      const refused = (error: AppError) => {
        registry.leave(connection)
        return error
      }
      if (taskId !== undefined && !row) throw refused(taskNotFound())
      if (stopping) throw refused(shuttingDown())
      connection.recheck = again
      const headers: Record<string, string> = offered.includes(PROTOCOL) ? { 'sec-websocket-protocol': PROTOCOL } : {}
      if (!server?.upgrade(request, { data: dataOf(opening, row), headers })) throw refused(upgradeRequired())
    },
    /** Every second: pings, silent and stalled sockets, ended credentials, where each stands (§13). */
    async sweep(): Promise<void> {
      const now = clock.now()
      const look = now - recheckedAt >= RECHECK_MS
      if (look) recheckedAt = now
      for (const [connection, ws] of raws) {
        connection.outlet.check()
        if (now - connection.lastHeard >= heartbeatMs * 3) connection.end(4000, 'heartbeat')
        else if (now - connection.lastPing >= heartbeatMs) {
          connection.lastPing = now
          ws.ping()
        }
        if (look && connection.recheck) await recheck(connection)
      }
    },
    /** Closes all sockets with 1001; `text` is said first. */
    async stop(text: string): Promise<void> {
      stopping = true
      for (const connection of [...raws.keys()]) {
        connection.outlet.push(text)
        connection.end(1001, 'server is shutting down')
        raws.delete(connection)
        registry.leave(connection)
      }
      await registry.settled()
    },
    isStopping: () => stopping,
  }
}
export type Sockets = ReturnType<typeof createSockets>
