import { and, asc, eq, gt, inArray, isNotNull, isNull, lte, notInArray, or, sql } from 'drizzle-orm'
import { type Broker, BrokerError, type BrokerMessage } from '../platform/broker/index.ts'
import { type Clock, within } from '../platform/clock.ts'
import { type Db, q, type Steps, type Tx } from '../platform/db/index.ts'
import type { Log } from '../platform/log.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Bus } from '../platform/shared.ts'
import { engineTables } from './tables.ts'

/** Bus topic: messages wait in the outbox. */
export const OUTBOX_WAITING = 'engine.outbox-waiting'
/** Longer than a publisher waits for a dead connection; then another process publishes what a killed one has left. */
const CLAIM_MS = 30_000
/** `claimed_until` of a message that may have been sent and that no process is sending now. */
const EPOCH = new Date(0)

export interface OutboxDeps {
  db: Db
  clock: Clock
  bus: Bus
  /** Called with the queue of each message that the broker has confirmed. */
  published?(queues: string[]): void
}

/**
 * Transactional outbox: a message is written with what causes it and leaves afterwards, so that an outage of the broker delays but
 * never loses one. At least once: a crash between confirm and mark sends it again, with the same message id.
 */
export const createOutbox = ({ db, clock, bus, published: onPublished = () => {} }: OutboxDeps) => {
  const { outbox } = engineTables(db.kit)
  const nowDate = () => new Date(clock.now())
  const claimEnd = () => new Date(clock.now() + CLAIM_MS)
  const waiting = isNull(outbox.publishedAt)
  /** Certainly not sent, and claimed by no process. */
  const untouched = and(waiting, isNull(outbox.claimedUntil))
  const announce = (tx: Tx) => tx.afterCommit(() => bus.publish(OUTBOX_WAITING, {}))

  /** Writes messages; one whose id is known already is left out. */
  function* add(tx: Tx, messages: BrokerMessage[]): Steps<void> {
    if (messages.length === 0) return
    const createdAt = nowDate()
    yield tx
      .insert(outbox)
      .values(messages.map((message) => ({ ...message, createdAt })))
      .onConflictDoNothing()
      .returning({ id: outbox.id })
    announce(tx)
  }

  /**
   * Writes messages that are to leave whether or not one with their id has left before. `claimed`: the caller publishes them itself,
   * and the relay does only if the caller has not within half a minute.
   */
  function* renew(tx: Tx, messages: BrokerMessage[], { claimed = false } = {}): Steps<void> {
    const createdAt = nowDate()
    const claimedUntil = claimed ? claimEnd() : null
    for (let from = 0; from < messages.length; from += 500)
      yield tx
        .insert(outbox)
        .values(messages.slice(from, from + 500).map((message) => ({ ...message, claimedUntil, createdAt })))
        .onConflictDoUpdate({
          target: outbox.messageId,
          set: { body: sql`excluded.body`, claimedUntil, publishedAt: null, createdAt },
        })
        .returning({ id: outbox.id })
    if (messages.length > 0 && !claimed) announce(tx)
  }

  /** Withdraws messages that surely have not left; answers the ids of those. */
  function* withdraw(tx: Tx, messageIds: string[]): Steps<Set<string>> {
    if (messageIds.length === 0) return new Set()
    const gone = yield* q(
      tx
        .delete(outbox)
        .where(and(inArray(outbox.messageId, messageIds), untouched))
        .returning({ messageId: outbox.messageId }),
    )
    return new Set(gone.map((row) => row.messageId))
  }
  /** Forgets messages whatever has become of them. */
  function* forget(tx: Tx, messageIds: string[]): Steps<void> {
    if (messageIds.length === 0) return
    yield tx.delete(outbox).where(inArray(outbox.messageId, messageIds)).returning({ id: outbox.id })
  }
  const rewriteBodies = db.batch<{ message_id: string }>(
    'outbox_rewrite',
    [
      { name: 'message_id', type: 'text' },
      { name: 'body', type: 'jsonb' },
    ],
    (source) => `update outbox set body = s.body from ${source} s
      where outbox.message_id = s.message_id and published_at is null and claimed_until is null returning outbox.message_id`,
    'json',
  )
  /** Changes the bodies of messages that surely have not left; answers the ids of those. */
  function* rewrite(tx: Tx, messages: Pick<BrokerMessage, 'messageId' | 'body'>[]): Steps<Set<string>> {
    const rows = messages.map(({ messageId, body }) => [messageId, JSON.stringify(body)])
    return new Set((yield* tx.batch(rewriteBodies, rows)).map((row) => row.message_id))
  }
  /** Which of these the broker has, and since when. */
  function* published(tx: Tx, messageIds: string[]): Steps<Map<string, Date>> {
    if (messageIds.length === 0) return new Map()
    const rows = yield* q(
      tx
        .select({ messageId: outbox.messageId, publishedAt: outbox.publishedAt })
        .from(outbox)
        .where(and(inArray(outbox.messageId, messageIds), isNotNull(outbox.publishedAt))),
    )
    return new Map(rows.map((row) => [row.messageId, row.publishedAt as Date]))
  }

  /** Takes up to `max` waiting messages, oldest first, so that no other process sends them meanwhile. */
  const claim = (max: number) =>
    db.tx(function* (tx) {
      const free = tx.skipLocked(
        tx
          .select({ id: outbox.id })
          .from(outbox)
          .where(
            and(
              waiting,
              // One that ends later than any made now is from before the clock was set back.
              or(isNull(outbox.claimedUntil), lte(outbox.claimedUntil, nowDate()), gt(outbox.claimedUntil, claimEnd())),
            ),
          )
          .orderBy(asc(outbox.id))
          .limit(max),
      )
      const rows = yield* q(tx.update(outbox).set({ claimedUntil: claimEnd() }).where(inArray(outbox.id, free)).returning())
      return rows.sort((a, b) => a.id - b.id)
    })

  /** Stores the outcome of claimed messages. One of unknown outcome is sent again and cannot be withdrawn any more. */
  const conclude = (ends: { confirmed: number[]; unsent: number[]; unknown: number[] }) =>
    db.tx(function* (tx) {
      const now = nowDate()
      // bounded: three ends
      for (const [ids, change] of [
        [ends.confirmed, { publishedAt: now }],
        [ends.unsent, { claimedUntil: null }],
        [ends.unknown, { claimedUntil: EPOCH }],
      ] as const)
        if (ids.length > 0)
          yield tx
            .update(outbox)
            .set(change)
            .where(and(inArray(outbox.id, ids), waiting))
            .returning({ id: outbox.id })
    })

  /** Publishes up to `max` waiting messages at once, oldest first, and marks those the broker confirmed. */
  const relay = async (broker: Broker, max = 100): Promise<{ claimed: number; queues: string[]; error?: unknown }> => {
    const rows = await claim(max)
    if (rows.length === 0) return { claimed: 0, queues: [] }
    const ends = { confirmed: [] as number[], unsent: [] as number[], unknown: [] as number[] }
    const queues: string[] = []
    let failure: unknown
    const sent = await Promise.allSettled(rows.map(({ queue, messageId, body }) => broker.publish({ queue, messageId, body })))
    for (const [n, outcome] of sent.entries()) {
      const { id, queue } = rows[n] as (typeof rows)[number]
      if (outcome.status === 'fulfilled') {
        ends.confirmed.push(id)
        queues.push(queue)
      } else {
        failure ??= outcome.reason
        const safe = outcome.reason instanceof BrokerError && !outcome.reason.mayHaveLeft
        ends[safe ? 'unsent' : 'unknown'].push(id)
      }
    }
    await conclude(ends)
    if (queues.length > 0) onPublished(queues)
    return { claimed: rows.length, queues, ...(failure === undefined ? {} : { error: failure }) }
  }

  /**
   * Publishes a message that its writer has claimed, and marks it.
   * @throws BrokerError when it is not confirmed within `withinMs`; the claim stays
   */
  const send = async (broker: Broker, message: BrokerMessage, withinMs: number): Promise<void> => {
    await broker.publish(message, withinMs)
    await db.tx(function* (tx) {
      yield tx
        .update(outbox)
        .set({ publishedAt: nowDate() })
        .where(and(eq(outbox.messageId, message.messageId), waiting))
        .returning({ id: outbox.id })
    })
    onPublished([message.queue])
  }

  /** Whether a process is about to send a message, or waits for its confirm. */
  const isSending = async (messageId: string): Promise<boolean> =>
    (
      await db.q
        .select({ id: outbox.id })
        .from(outbox)
        .where(and(eq(outbox.messageId, messageId), waiting, gt(outbox.claimedUntil, nowDate())))
    ).length > 0

  /** Ids of tasks that wait, as messages name them. */
  const waitingTasks = sql.raw(`(select ${db.fragments.cast('t.id', 'text')} from tasks t where t.state = 'queued')`)
  /**
   * Forgets messages published before `before`. Those of `lasting` queues are deleted with their task; the message of a queued task stays
   * in any case: a process without a broker, or without the task's family, purges too and knows no such queue.
   */
  function* purge(tx: Tx, before: Date, lasting: readonly string[] = []): Steps<void> {
    yield tx
      .delete(outbox)
      .where(
        and(
          isNotNull(outbox.publishedAt),
          lte(outbox.publishedAt, before),
          lasting.length > 0 ? notInArray(outbox.queue, [...lasting]) : undefined,
          sql`${outbox.messageId} not in ${waitingTasks}`,
        ),
      )
      .returning({ id: outbox.id })
  }

  /** Messages that wait, per queue, for the gauge. */
  const backlog = (): Promise<{ queue: string; count: number }[]> =>
    db.q
      .select({ queue: outbox.queue, count: sql<number>`count(*)`.mapWith(Number) })
      .from(outbox)
      .where(waiting)
      .groupBy(outbox.queue) as unknown as Promise<{ queue: string; count: number }[]>

  return { add, renew, withdraw, forget, rewrite, published, relay, send, isSending, purge, backlog }
}
export type Outbox = ReturnType<typeof createOutbox>

/** Figures of the broker and of the messages that wait for it; answers what counts the messages it has confirmed. */
export const brokerMetrics = (metrics: Metrics, broker: Pick<Broker, 'isUp'>, backlog: Outbox['backlog']) => {
  const up = metrics.gauge('trawl_broker_up', 'Whether the broker can be reached')
  const waiting = metrics.gauge('trawl_outbox_messages', 'Messages that wait for the broker')
  const sent = metrics.counter('trawl_published_messages_total', 'Messages the broker has confirmed')
  metrics.onScrape({
    async refresh() {
      up.set({}, broker.isUp() ? 1 : 0)
      waiting.reset()
      for (const { queue, count } of await backlog()) waiting.set({ queue }, count)
    },
  })
  return (queues: string[]) => {
    for (const queue of queues) sent.inc({ queue })
  }
}

/** Messages on their way at once. */
const BATCH = 250
/** How long `stop` waits for confirms. */
const STOP_MS = 2000

export interface RelayDeps {
  outbox: Outbox
  broker: Broker
  bus: Bus
  clock: Clock
  log: Log
}

/**
 * Publishes the outbox to the broker. No request waits for it: it is woken by commits, by the tick of the scheduled jobs and when the
 * broker comes back. Any number of processes may run one.
 */
export const createRelay = ({ outbox, broker, bus, clock, log }: RelayDeps) => {
  let running: Promise<void> | undefined
  let again = false
  let stopped = false
  /** Set while messages fail, so that an outage is logged once. */
  let failing = false

  const drain = async () => {
    try {
      do {
        again = false
        const { claimed, error } = await outbox.relay(broker, BATCH)
        if (error !== undefined) {
          if (!failing) log.warn('messages could not be published and stay in the outbox', { error })
          failing = true
          return
        }
        if (claimed > 0) failing = false
        if (claimed === BATCH) again = true
      } while (again && !stopped && broker.isUp())
    } catch (error) {
      // The database failed: the next tick tries again.
      log.warn('the outbox could not be relayed', { error })
    } finally {
      // In the same turn as the last check of `again`: otherwise a wake in between would be lost.
      running = undefined
    }
  }
  /** Publishes what waits; does nothing while the broker is away. */
  const wake = (): Promise<void> => {
    if (stopped || !broker.isUp()) return Promise.resolve()
    again = true
    running ??= drain()
    return running
  }
  const unsubscribes: (() => void)[] = []
  return {
    /** Subscribes to commits and to the broker's return; the tick wakes it as well. */
    start() {
      unsubscribes.push(
        bus.subscribe(OUTBOX_WAITING, () => void wake()),
        broker.onUp(() => void wake()),
      )
    },
    wake,
    /** Resolves when the messages being sent are confirmed or have failed, or after two seconds. */
    async stop() {
      stopped = true
      for (const unsubscribe of unsubscribes) unsubscribe()
      await within(Promise.resolve(running), STOP_MS, clock)
    },
  }
}
