import type { Broker } from '../platform/broker/index.ts'
import type { Db, Steps, Tx } from '../platform/db/index.ts'
import type { KindPolicy, Task } from './model.ts'
import type { Outbox } from './outbox.ts'

/** What a broker needs to know of a task. */
type Announcement = Pick<Task, 'id' | 'kind' | 'payload'>

export interface AnnouncedDeps {
  db: Db
  kinds: KindPolicy[]
  announcing: { outbox: Outbox; broker: Broker } | undefined
  /** Tells those who wait for tasks of these kinds to look again. */
  ready(kinds: string[]): void
}

/**
 * Tasks that are announced in a queue of the broker. While such a task is queued the outbox has a row of it, whose state says where
 * its message is: untouched, on its way, or with the broker. Once the task is not queued any more the row is gone, and whoever meets
 * a message of it drops it. Without a broker no kind is announced and nothing here costs a statement.
 */
export const createAnnounced = ({ db, kinds, announcing, ready }: AnnouncedDeps) => {
  const queues = new Map(
    announcing ? kinds.flatMap(({ kind, queue }) => (queue === undefined ? [] : [[kind, queue] as const])) : [],
  )
  const queueOf = (kind: string) => queues.get(kind)
  const messageOf = ({ id, kind, payload }: Announcement) => ({
    queue: queues.get(kind) as string,
    messageId: id,
    body: payload,
  })
  const idsOf = (tasks: Pick<Task, 'id' | 'kind'>[]) => tasks.filter((task) => queues.has(task.kind)).map((task) => task.id)

  /** These tasks have just been queued. `claimed`: the caller publishes their messages. */
  function* queued(tx: Tx, tasks: Announcement[], more?: { claimed: boolean }): Steps<void> {
    if (!announcing) return
    const messages = tasks.filter((task) => queues.has(task.kind)).map(messageOf)
    if (messages.length > 0) yield* announcing.outbox.renew(tx, messages, more)
  }
  /** These tasks are not queued any more. */
  function* left(tx: Tx, tasks: Pick<Task, 'id' | 'kind'>[]): Steps<void> {
    if (announcing) yield* announcing.outbox.forget(tx, idsOf(tasks))
  }
  /** Takes back the messages of tasks that are leased past the broker. Answers whether none of them has begun to leave. */
  function* takenBack(tx: Tx, tasks: Pick<Task, 'id' | 'kind'>[]): Steps<boolean> {
    const ids = idsOf(tasks)
    return !announcing || ids.length === 0 || (yield* announcing.outbox.withdraw(tx, ids)).size === ids.length
  }
  /** Changes the announced payload; answers false if the old one may have left already. */
  function* rewritten(tx: Tx, task: Announcement): Steps<boolean> {
    return !announcing || !queues.has(task.kind) || (yield* announcing.outbox.rewrite(tx, task.id, task.payload))
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
  const stale = db.statement('outbox_stale', {
    sqlite: `delete from outbox where queue = :queue and message_id not in (select id from tasks where kind = :kind and state = 'queued')`,
    postgres: `delete from outbox where queue = :queue::text and not exists (
      select 1 from tasks where tasks.id::text = outbox.message_id and kind = :kind::text and state = 'queued')`,
  })
  /** Puts the outbox in order where processes without the broker have changed tasks: their tasks are announced, ended ones are not. */
  const adopt = async (now: Date): Promise<void> => {
    for (const [kind, queue] of queues)
      await db.tx(function* (tx) {
        yield* tx.run(stale, { kind, queue })
        yield* tx.run(missing, { kind, queue, now })
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
  /** Messages of these queues have just reached the broker: workers that wait over HTTP may take them off again. */
  const reached = (names: string[]) => {
    const wanted = new Set(names)
    const fresh = [...queues].flatMap(([kind, queue]) => (wanted.has(queue) ? [kind] : []))
    if (fresh.length > 0) ready(fresh)
  }

  return {
    queueOf,
    /** Kinds by their queue. */
    kindsOf: (queue: string) => [...queues].flatMap(([kind, of]) => (of === queue ? [kind] : [])),
    queues: [...new Set(queues.values())],
    broker: announcing?.broker,
    queued,
    left,
    takenBack,
    rewritten,
    published,
    adopt,
    send,
    isSending,
    reached,
  }
}
export type Announced = ReturnType<typeof createAnnounced>
