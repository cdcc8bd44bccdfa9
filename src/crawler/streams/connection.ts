import type { SendQueue } from '../../platform/push/send-queue.ts'
import type { Delivery, Hub, Subscriber } from './hub.ts'
import type { ConnectionRow } from './repository.ts'
import type { Subscriptions } from './tables.ts'

/** Who a stream belongs to: same id, task and principal may resume it. */
export interface Identity {
  connectionId: string
  /** Task of a task stream; empty for the general one. */
  scope: string
  principal: string
}

/**
 * What one client hears of, and its place in the order of all events. Made before its socket or event stream is: what is committed
 * from `attach` on waits in its queue. A class, because a fan-out touches thousands of them.
 */
export class Connection<Q extends SendQueue = SendQueue> implements Subscriber {
  readonly connectionId: string
  readonly scope: string
  readonly principal: string
  /** One life of the identity. */
  readonly socket = crypto.randomUUID()
  ackedSeq: number | null = null
  /** What is stored of it is not what it is. */
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
    if (subscriptions.all) this.hearAll(true)
    for (const task of subscriptions.tasks) this.hearTask(task, true)
    for (const worker of subscriptions.workers) this.hearWorker(worker)
    return from
  }
  hearAll(on: boolean): void {
    this.all = on
    this.hub.hearAll(this, on)
    this.dirty = true
  }
  hearTask(taskId: string, on: boolean): void {
    this.tasks ??= new Set()
    if (on) this.tasks.add(taskId)
    else this.tasks.delete(taskId)
    this.hub.hearTask(this, taskId, on)
    this.dirty = true
  }
  hearWorker(workerId: string): void {
    if (workerId === this.connectionId || this.names?.has(workerId)) return
    this.names ??= new Set()
    this.names.add(workerId)
    this.hub.hearWorker(this, workerId)
    this.dirty = true
  }
  /** Whether it gets the events of a task. */
  hears(taskId: string): boolean {
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
  row(live: boolean, now: Date): Omit<ConnectionRow, 'principal' | 'process'> {
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
