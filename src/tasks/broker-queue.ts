import { type Broker, BrokerError, type Delivery } from '../platform/broker/index.ts'
import { isUuid } from '../platform/clock.ts'
import type { Db, Steps, Tx } from '../platform/db/index.ts'
import type { LeaseRequest } from './leasing.ts'
import type { KindPolicy, Task } from './model.ts'
import type { Outbox } from './outbox.ts'

/** The columns of a task that its message is made of. */
type Announcement = Pick<Task, 'id' | 'kind' | 'payload'>

export interface BrokerQueueDeps {
  db: Db
  /** Kinds by name; modules may add some later. */
  policies: ReadonlyMap<string, KindPolicy>
  announcing: { outbox: Outbox; broker: Broker } | undefined
  /** Wakes leases that wait for tasks of these kinds. */
  ready(kinds: string[]): void
}

/**
 * Tasks that are announced in a queue of the broker (gifty §2.7). While such a task is queued the outbox has a row of it, whose state says
 * where its message is: untouched, on its way, or with the broker. Once the task is not queued any more the row is gone, and a message of
 * it is dropped when a consumer reads it. Without a broker no kind is announced and nothing here costs a statement.
 */
export const createBrokerQueue = ({ db, policies, announcing, ready }: BrokerQueueDeps) => {
  const queueOf = (kind: string) => (announcing ? policies.get(kind)?.queue : undefined)
  /** Whether tasks of this kind are announced in a queue. */
  const announces = (kind: string): boolean => queueOf(kind) !== undefined
  const announcedKinds = () => [...policies.keys()].filter(announces)
  const messageOf = ({ id, kind, payload }: Announcement) => ({
    queue: queueOf(kind) as string,
    messageId: id,
    body: payload,
  })
  const idsOf = (tasks: readonly Pick<Task, 'id' | 'kind'>[]) =>
    tasks.filter((task) => announces(task.kind)).map((task) => task.id)

  /** These tasks have just been queued. `claimed`: the caller publishes their messages. */
  function* enqueueMessages(tx: Tx, tasks: readonly Announcement[], more?: { claimed: boolean }): Steps<void> {
    if (!announcing) return
    const messages = tasks.filter((task) => announces(task.kind)).map(messageOf)
    if (messages.length > 0) yield* announcing.outbox.renew(tx, messages, more)
  }
  /** These tasks are not queued any more. */
  function* forgetMessages(tx: Tx, tasks: readonly Pick<Task, 'id' | 'kind'>[]): Steps<void> {
    if (announcing) yield* announcing.outbox.forget(tx, idsOf(tasks))
  }
  /** Withdraws the messages of tasks that go past the broker. Answers the ids of those that may have left. */
  function* withdrawMessages(tx: Tx, tasks: readonly Pick<Task, 'id' | 'kind'>[]): Steps<string[]> {
    const ids = idsOf(tasks)
    if (!announcing || ids.length === 0) return []
    const withdrawn = yield* announcing.outbox.withdraw(tx, ids)
    return ids.filter((id) => !withdrawn.has(id))
  }
  /** Changes announced payloads; answers the ids of those whose old one may have left already. */
  function* rewriteMessages(tx: Tx, tasks: readonly Announcement[]): Steps<ReadonlySet<string>> {
    const announced = tasks.filter((task) => announces(task.kind))
    if (!announcing || announced.length === 0) return new Set()
    const changed = yield* announcing.outbox.rewrite(tx, announced.map(messageOf))
    return new Set(announced.filter(({ id }) => !changed.has(id)).map(({ id }) => id))
  }
  function* published(tx: Tx, ids: string[]): Steps<Map<string, Date>> {
    return announcing ? yield* announcing.outbox.published(tx, ids) : new Map()
  }

  const missing = db.statement('outbox_missing', {
    sqlite: `insert into outbox (queue, message_id, body, created_at) select :queue, id, payload, :now from tasks
      where kind = :kind and state = 'queued' and id not in (select message_id from outbox where queue = :queue) on conflict do nothing`,
    postgres: `insert into outbox (queue, message_id, body, created_at) select :queue::text, id::text, payload, :now::timestamptz from tasks
      where kind = :kind::text and state = 'queued' and not exists (select 1 from outbox o where o.message_id = tasks.id::text)
      on conflict do nothing`,
  })
  const surplus = db.statement('outbox_stale', {
    sqlite: `delete from outbox where queue = :queue and message_id not in (select id from tasks where kind = :kind and state = 'queued')`,
    postgres: `delete from outbox where queue = :queue::text and not exists (
      select 1 from tasks where tasks.id::text = outbox.message_id and kind = :kind::text and state = 'queued')`,
  })
  /** Puts the outbox in order where processes without the broker have changed tasks: their tasks are announced, ended ones are not. */
  const reconcileOutbox = async (now: Date): Promise<void> => {
    // bounded: by the kinds
    for (const kind of announcedKinds())
      await db.tx(function* (tx) {
        yield* tx.run(surplus, { kind, queue: queueOf(kind) })
        yield* tx.run(missing, { kind, queue: queueOf(kind), now })
      })
  }
  /**
   * Publishes the message of a task that was enqueued with `announcedByCaller`.
   * @throws BrokerError when it is not confirmed in time
   */
  const send = async (task: Announcement, withinMs: number): Promise<void> => {
    if (announcing) await announcing.outbox.send(announcing.broker, messageOf(task), withinMs)
  }
  /** Whether the message of a task is on its way to the broker: claimed and not confirmed. */
  const isSending = async (taskId: string): Promise<boolean> => (await announcing?.outbox.isSending(taskId)) ?? false
  /** Messages of these queues have just reached the broker: leases that wait over HTTP may take them off again. */
  const notifyWaiters = (queues: readonly string[]) => {
    const fresh = announcedKinds().filter((kind) => queues.includes(queueOf(kind) as string))
    if (fresh.length > 0) ready(fresh)
  }

  return {
    queueOf,
    announces,
    kindsOf: (queue: string) => announcedKinds().filter((kind) => queueOf(kind) === queue),
    queues: () => [...new Set(announcedKinds().map((kind) => queueOf(kind) as string))],
    broker: announcing?.broker,
    enqueueMessages,
    forgetMessages,
    withdrawMessages,
    rewriteMessages,
    published,
    reconcileOutbox,
    send,
    isSending,
    notifyWaiters,
  }
}
export type BrokerQueue = ReturnType<typeof createBrokerQueue>

/** Where messages go that are not of our making: nothing is thrown away unread. */
const DEAD_LETTERS = 'trawl.dead_letters'
/** How often one lease reads the queue again because the messages it took were stale. */
const ROUNDS = 20
const BURY_MS = 1000

/**
 * Leases of tasks whose messages wait in a queue of the broker (gifty §2.7): the message is taken off, the lease is stored, then the
 * message is acknowledged. After a crash in between the broker delivers the message again; it is then dropped, because its task is no
 * longer queued. While the broker is away nothing is taken, and lease requests do not wait for it.
 */
export const createBrokerLeasing = (
  { broker, queueOf, kindsOf }: BrokerQueue,
  leaseByIds: (ids: string[], request: LeaseRequest) => Promise<{ leased: Task[]; gone: Set<string> }>,
) => {
  /** A message without the id of a task cannot be ours: it is kept for an operator. */
  const bury = async (queue: string, delivery: Delivery): Promise<void> => {
    const body = { queue, message_id: delivery.messageId ?? null, content: new TextDecoder().decode(delivery.content) }
    try {
      await broker?.publish({ queue: DEAD_LETTERS, messageId: crypto.randomUUID(), body }, BURY_MS)
      delivery.accept()
    } catch {
      delivery.giveBack()
    }
  }

  /** One look: takes, leases, settles. Answers undefined when the queue had no more. */
  const look = async (queue: string, request: LeaseRequest): Promise<{ leased: Task[]; kept: Delivery[]; more: boolean }> => {
    const taken = (await broker?.take(queue, request.max)) ?? []
    const ours = taken.filter(({ messageId }) => messageId !== undefined && isUuid(messageId))
    const strange = taken.filter((delivery) => !ours.includes(delivery))
    const ids = [...new Set(ours.map((delivery) => delivery.messageId as string))]
    try {
      const { leased, gone } = ids.length > 0 ? await leaseByIds(ids, request) : { leased: [], gone: new Set<string>() }
      const held = new Set(leased.map((task) => task.id))
      const kept: Delivery[] = []
      for (const delivery of ours) {
        const id = delivery.messageId as string
        if (held.has(id) || gone.has(id)) delivery.accept()
        else kept.push(delivery)
      }
      await Promise.all(strange.map((delivery) => bury(queue, delivery)))
      return { leased, kept, more: taken.length === request.max }
    } catch (error) {
      for (const delivery of taken) delivery.giveBack()
      throw error
    }
  }

  const leaseFrom = async (queue: string, request: LeaseRequest): Promise<Task[]> => {
    const leased: Task[] = []
    // Tasks that may not run now, because of their group. Back at the end only: given back at once they would be met again at once.
    const kept: Delivery[] = []
    try {
      for (let round = 0; round < ROUNDS && leased.length < request.max; round++) {
        const found = await look(queue, { ...request, max: request.max - leased.length })
        leased.push(...found.leased)
        kept.push(...found.kept)
        if (!found.more) break
      }
    } catch (error) {
      if (leased.length === 0 && !(error instanceof BrokerError)) throw error
    } finally {
      for (const delivery of kept) delivery.giveBack()
    }
    return leased
  }

  return async (request: LeaseRequest): Promise<Task[]> => {
    if (!broker?.isUp()) return []
    const leased: Task[] = []
    for (const queue of new Set(request.kinds.map(queueOf)))
      if (queue !== undefined && leased.length < request.max) {
        const kinds = kindsOf(queue).filter((kind) => request.kinds.includes(kind))
        leased.push(...(await leaseFrom(queue, { ...request, kinds, max: request.max - leased.length })))
      }
    return leased
  }
}
