import type { Delivery, Hub, Subscriber } from './hub.ts'
import { createOutlet, type Outlet, type Sink } from './outlet.ts'
import type { ConnectionRow, Subscriptions } from './repository.ts'

/** Who a stream belongs to: same id, task and principal may resume it. */
export interface Identity {
  connectionId: string
  /** Task of a task stream; empty for the general one. */
  scope: string
  principal: string
}

const NO_SINK: Sink = { write: () => true, buffered: () => 0, end() {} }

/**
 * A stream of events to one client. Made before its socket is: what is committed from then on waits in it, until `start` sends the
 * first frame, what was missed, and then all that waits, in the order of numbers.
 */
export const createConnection = (
  identity: Identity,
  { hub, now, format = (delivery) => delivery.text }: { hub: Hub; now: () => number; format?: (delivery: Delivery) => string },
) => {
  // Made when there is something to keep: thousands of sockets only listen.
  let tasks: Set<string> | undefined
  let workers: Set<string> | undefined
  let all = false
  let from = 0
  let waiting: Delivery[] | undefined = []
  let sink = NO_SINK
  let ended = false
  let detached = false
  const outlet: Outlet = createOutlet(
    {
      write: (text) => sink.write(text),
      buffered: () => sink.buffered(),
      end(code, reason) {
        sink.end(code, reason)
        connection.detach()
      },
    },
    now,
  )
  const send = (delivery: Delivery) => {
    outlet.push(
      format(delivery),
      delivery.seq,
      delivery.type === 'progress' && delivery.taskId !== null ? delivery.taskId : undefined,
    )
    if (delivery.ends && identity.scope !== '' && delivery.taskId === identity.scope) connection.end(4004, 'task deleted')
  }
  const connection = {
    ...identity,
    /** One life of the identity. */
    socket: crypto.randomUUID(),
    lastHeard: now(),
    lastPing: now(),
    ackedSeq: null as number | null,
    /** Asks again whether the credential still holds. */
    recheck: undefined as (() => Promise<unknown>) | undefined,
    /** What is stored of it is not what it is. */
    dirty: false,
    outlet,
    deliver(delivery: Delivery): void {
      if (delivery.seq <= from || ended) return
      connection.dirty = true
      if (waiting) waiting.push(delivery)
      else send(delivery)
    },
    /** Joins the hub; answers the number after which events are live. */
    attach(subscriptions: Subscriptions): number {
      from = hub.attach(connection)
      if (subscriptions.all) connection.hearAll(true)
      for (const task of subscriptions.tasks) connection.hearTask(task, true)
      for (const worker of subscriptions.workers) connection.hearWorker(worker)
      return from
    },
    hearAll(on: boolean): void {
      all = on
      hub.hearAll(connection, on)
      connection.dirty = true
    },
    hearTask(taskId: string, on: boolean): void {
      tasks ??= new Set()
      if (on) tasks.add(taskId)
      else tasks.delete(taskId)
      hub.hearTask(connection, taskId, on)
      connection.dirty = true
    },
    hearWorker(workerId: string): void {
      if (workerId === identity.connectionId || workers?.has(workerId)) return
      workers ??= new Set()
      workers.add(workerId)
      hub.hearWorker(connection, workerId)
      connection.dirty = true
    },
    /** Whether it is told of a task. */
    hears: (taskId: string): boolean => all || identity.scope === taskId || (tasks?.has(taskId) ?? false),
    /** Names it leases under: its own, and those it has taken. */
    workers: (): string[] => [identity.connectionId, ...(workers ?? [])],
    /** The sink is open: first frame, what was missed after `after`, what waits. */
    start(to: Sink, first: string, missed: { text: string; seq: number }[], after: number): void {
      sink = to
      outlet.startAfter(after)
      outlet.push(first)
      for (const { text, seq } of missed) outlet.push(text, seq)
      const late = waiting ?? []
      waiting = undefined
      for (const delivery of late) if (!ended) send(delivery)
    },
    end(code: number, reason: string): void {
      if (ended) return
      ended = true
      outlet.end(code, reason)
    },
    isEnded: () => ended,
    detach(): void {
      ended = true
      if (detached) return
      detached = true
      hub.detach(connection, { tasks: tasks ?? [], workers: workers ?? [] })
    },
    subscriptions: (): Subscriptions => ({ all, tasks: [...(tasks ?? [])], workers: connection.workers() }),
    /** As it is stored. */
    row: (live: boolean): Omit<ConnectionRow, 'principal' | 'process'> => ({
      connectionId: identity.connectionId,
      scope: identity.scope,
      socket: connection.socket,
      live: live ? 1 : 0,
      closedAt: live ? null : now(),
      sentSeq: outlet.sentSeq(),
      ackedSeq: connection.ackedSeq,
      subscriptions: JSON.stringify(connection.subscriptions()),
      updatedAt: now(),
    }),
  } satisfies Subscriber & Record<string, unknown>
  return connection
}
export type Connection = ReturnType<typeof createConnection>
