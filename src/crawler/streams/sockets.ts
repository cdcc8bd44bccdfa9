import type { AppError } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/log.ts'
import type { SendQueue } from '../../platform/push/send-queue.ts'
import {
  CLOSE,
  endRefused,
  type RawSocket,
  RECHECK_MS,
  type SocketSession,
  sweepSessions,
} from '../../platform/push/socket-session.ts'
import { shuttingDown, taskNotFound, upgradeRequired } from '../envelope.ts'
import { iso, isoOr, statusOf } from '../fields.ts'
import type { Subscriptions } from '../tables.ts'
import { toProgress } from '../tasks/change.ts'
import type { TaskRow } from '../tasks/row.ts'
import type { Conversations } from './conversation.ts'
import type { Delivery, Hub, Subscriber } from './hub.ts'
import { type ConnectQuery, PROTOCOL, type ReadyFrame } from './model.ts'
import type { ConnectionPosition, Opening, Registry, SocketConnection } from './registry.ts'

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
  openConversation,
  task,
  heartbeatMs,
}: {
  clock: Clock
  log: Log
  registry: Registry
  openConversation: Conversations
  task(id: string): Promise<TaskRow | undefined>
  heartbeatMs: number
}) => {
  const open = new Map<SocketSession, SocketConnection>()
  let stopping = false
  let recheckedAt = 0

  const readyText = ({ connection, after, resumed, lost }: Opening, row: TaskRow | undefined): string =>
    JSON.stringify(
      readyFrameOf(
        {
          connectionId: connection.connectionId,
          resumed,
          lastSeq: after,
          lost,
          heartbeatInterval: heartbeatMs,
          now: clock.now(),
        },
        row,
      ),
    )

  /** What Bun calls for one socket. */
  class Handlers {
    // Made with the client's first frame: most clients only listen.
    private conversation: ReturnType<Conversations> | undefined = undefined
    constructor(
      private readonly connection: SocketConnection,
      // Needed once and then dropped, so that an open socket does not keep it in memory.
      private beginning: { opening: Opening; row: TaskRow | undefined } | undefined,
    ) {}
    open(ws: RawSocket) {
      const { queue } = this.connection
      open.set(queue, this.connection)
      queue.opened(ws)
      if (!this.beginning) return
      const { opening, row } = this.beginning
      this.beginning = undefined
      queue.start(readyText(opening, row), opening.missed, opening.after)
    }
    message(_ws: RawSocket, message: string | Uint8Array) {
      this.connection.queue.markAlive()
      this.conversation ??= openConversation(this.connection)
      this.conversation.handleFrame(message).catch((error) => log.error('a crawler frame failed', { error }))
    }
    drain() {
      this.connection.queue.drained()
    }
    pong() {
      this.connection.queue.markAlive()
    }
    ping() {
      this.connection.queue.markAlive()
    }
    close() {
      this.conversation?.leave()
      open.delete(this.connection.queue)
      this.connection.end(CLOSE.goingAway, 'closed')
      registry.leave(this.connection)
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
      connection.queue.recheck = again
      // Bun selects the first offered protocol unless the header is set; an empty one is not sent.
      const headers = { 'sec-websocket-protocol': offered.includes(PROTOCOL) ? PROTOCOL : '' }
      if (!server?.upgrade(request, { data: new Handlers(connection, { opening, row }), headers }))
        throw refused(upgradeRequired())
    },
    /** To be called every second: pings, closes silent and stalled sockets, checks credentials, stores positions (§13). */
    async sweep(): Promise<void> {
      const now = clock.now()
      sweepSessions([...open.keys()], now, {
        pingMs: heartbeatMs,
        silence: { ms: heartbeatMs * 3, code: 4000, reason: 'heartbeat' },
      })
      if (now - recheckedAt < RECHECK_MS) return
      recheckedAt = now
      await endRefused([...open.keys()], log)
    },
    /** Closes all sockets with 1001, after a frame with `text`. */
    async stop(text: string): Promise<void> {
      stopping = true
      for (const [session, connection] of [...open]) {
        session.push(text)
        session.end(CLOSE.goingAway, 'server is shutting down')
        open.delete(session)
        registry.leave(connection)
      }
      await registry.settled()
    },
    isStopping: () => stopping,
  }
}
export type Sockets = ReturnType<typeof createSockets>

/** The identity of a stream: a client with the same id, task and principal may resume it. */
export interface Identity {
  connectionId: string
  /** Task of a task stream; empty for the general one. */
  scope: string
  principal: string
}

/**
 * The subscriptions of one client, and its place in the order of all events. Made before its socket or event stream: what is committed
 * from `attach` on waits in its queue. A class, because a fan-out touches thousands of them.
 */
export class Connection<Q extends SendQueue = SendQueue> implements Subscriber {
  readonly connectionId: string
  readonly scope: string
  readonly principal: string
  /** One life of the identity. */
  readonly socket = crypto.randomUUID()
  ackedSeq: number | null = null
  /** Set when the stored position is out of date. */
  dirty = false
  private all = false
  // Made when there is something to keep: thousands of sockets only listen.
  private tasks: Set<string> | undefined = undefined
  private names: Set<string> | undefined = undefined
  private detached = false

  constructor(
    identity: Identity,
    readonly queue: Q,
    private readonly hub: Hub,
    /** How an event is written; as it is where undefined. */
    private readonly format?: (delivery: Delivery) => string,
  ) {
    this.connectionId = identity.connectionId
    this.scope = identity.scope
    this.principal = identity.principal
    queue.onEnd = () => this.detach()
  }
  deliver(delivery: Delivery): void {
    const { taskId } = delivery
    this.dirty = true
    this.queue.push(
      this.format ? this.format(delivery) : delivery.text,
      delivery.seq,
      delivery.type === 'progress' && taskId !== null ? taskId : undefined,
    )
    if (delivery.ends && this.scope !== '' && taskId === this.scope) this.queue.finish(4004, 'task deleted')
  }
  /** Joins the hub; answers the number after which events are live. */
  attach(subscriptions: Subscriptions): number {
    const from = this.hub.attach(this)
    this.queue.acceptAfter(from)
    if (subscriptions.all) this.subscribeAll(true)
    for (const task of subscriptions.tasks) this.subscribeTask(task, true)
    for (const worker of subscriptions.workers) this.subscribeWorker(worker)
    return from
  }
  subscribeAll(on: boolean): void {
    this.all = on
    this.hub.subscribeAll(this, on)
    this.dirty = true
  }
  subscribeTask(taskId: string, on: boolean): void {
    this.tasks ??= new Set()
    if (on) this.tasks.add(taskId)
    else this.tasks.delete(taskId)
    this.hub.subscribeTask(this, taskId, on)
    this.dirty = true
  }
  subscribeWorker(workerId: string): void {
    if (workerId === this.connectionId || this.names?.has(workerId)) return
    this.names ??= new Set()
    this.names.add(workerId)
    this.hub.subscribeWorker(this, workerId)
    this.dirty = true
  }
  /** Whether it gets the events of a task. */
  isSubscribedTo(taskId: string): boolean {
    return this.all || this.scope === taskId || (this.tasks?.has(taskId) ?? false)
  }
  /** Names it leases under: its own, and those it has taken. */
  workers(): string[] {
    return [this.connectionId, ...(this.names ?? [])]
  }
  end(code: number, reason: string): void {
    this.queue.end(code, reason)
  }
  detach(): void {
    if (this.detached) return
    this.detached = true
    this.hub.detach(this, { tasks: this.tasks ?? [], workers: this.names ?? [] })
  }
  /** As it is stored. */
  row(live: boolean, now: Date): ConnectionPosition {
    const subscriptions: Subscriptions = { all: this.all, tasks: [...(this.tasks ?? [])], workers: this.workers() }
    return {
      connectionId: this.connectionId,
      scope: this.scope,
      socket: this.socket,
      live,
      closedAt: live ? null : now,
      sentSeq: this.queue.sentSeq,
      ackedSeq: this.ackedSeq,
      subscriptions,
      updatedAt: now,
    }
  }
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
