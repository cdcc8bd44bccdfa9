import { and, asc, desc, eq, gt, gte, inArray, lt, lte, or, type SQL, sql } from 'drizzle-orm'
import type { Clock } from '../../platform/clock.ts'
import { type Db, param, q, type Steps, type Tx } from '../../platform/db/index.ts'
import type { Log } from '../../platform/log.ts'
import { iso } from '../fields.ts'
import { type Subscriptions, streamsTables } from '../tables.ts'

/** An event before it has its place in the order of all. */
export interface NewEvent {
  type: string
  taskId: string | null
  /** `connection:ID` or `process:ID`; null for all subscribers. */
  target: string | null
  /** Worker that receives it besides the subscribers. */
  holder: string | null
  /** JSON of `{type, data, timestamp, id}`. */
  frame: string
  /** Credentials that go out with the frame and are stored nowhere. */
  secret?: unknown
}

/** An event with its place in the order of all. */
export interface StoredEvent extends NewEvent {
  seq: number
}

const PREFIX = crypto.randomUUID().slice(0, 8)
let made = 0
/** Unique name of a frame. */
const frameId = (): string => `${PREFIX}-${(++made).toString(36)}`

export const frameText = (type: string, data: unknown, now: number): string =>
  JSON.stringify({ type, data, timestamp: iso(now), id: frameId() })

export const newEvent = (
  type: string,
  taskId: string | null,
  data: unknown,
  now: number,
  { target = null, holder = null }: { target?: string | null; holder?: string | null } = {},
): NewEvent => ({ type, taskId, target, holder, frame: frameText(type, data, now) })

/** A frame with its place: `seq` comes first, so that no JSON has to be made anew. */
export const withSeq = (frame: string, seq: number): string => `{"seq":${seq},${frame.slice(1)}`

export const taskUpdate = (
  taskId: string,
  updateType: 'created' | 'updated' | 'deleted' | 'areas_discovered',
  now: number,
  message?: string,
): NewEvent => newEvent('task_update', taskId, { taskId, updateType, message, timestamp: iso(now), serverGenerated: true }, now)

/** An event on its way to subscribers: the text is made once for all of them. */
export interface Delivery extends StoredEvent {
  text: string
  /** Whether the streams of its task end with it. */
  ends: boolean
}
/** A receiver of events: a socket or an SSE stream. */
export interface Subscriber {
  connectionId: string
  /** Task of a task stream, empty for a general one. */
  scope: string
  deliver(delivery: Delivery): void
}

/** Milliseconds between two looks for events of other processes, on Postgres, while this process has subscribers. */
const LOOK_MS = 50
const TAIL_MAX = 1000

/** Events that a purge deletes with one statement. */
const PURGED_AT_ONCE = 2000
/** Held while events get their numbers, so that numbers are given in the order of commits. */
const ORDER_LOCK = 'crawler-events'

/** Queries of events. */
const eventQueries = (db: Db) => {
  const { events } = streamsTables(db.kit)
  const columns = {
    seq: events.seq,
    taskId: events.taskId,
    type: events.type,
    target: events.target,
    holder: events.holder,
    frame: events.frame,
  }
  const append = db.batch<{ seq: number | string }>(
    'crawler_events_append',
    [
      { name: 'task_id', type: 'text' },
      { name: 'type', type: 'text' },
      { name: 'target', type: 'text' },
      { name: 'holder', type: 'text' },
      { name: 'frame', type: 'text' },
      { name: 'created_at', type: 'bigint' },
    ],
    (source) =>
      `insert into crawler_events (task_id, type, target, holder, frame, created_at) select task_id, type, target, holder, frame, created_at from ${source} s where true returning seq`,
  )
  const tail = db.prepare<StoredEvent>('crawler_events_tail', (queries) =>
    queries
      .select(columns)
      .from(events)
      .where(gt(events.seq, param('after')))
      .orderBy(asc(events.seq))
      .limit(sql.placeholder('max')),
  )
  const head = db.prepare<{ seq: number }>('crawler_events_head', (queries) =>
    queries.select({ seq: events.seq }).from(events).orderBy(desc(events.seq)).limit(1),
  )

  /** The events that a connection with these subscriptions receives. */
  const received = (connectionId: string, { all, tasks, workers }: Subscriptions): SQL | undefined =>
    or(
      eq(events.target, `connection:${connectionId}`),
      and(
        sql`${events.target} is null`,
        all
          ? undefined
          : or(
              tasks.length === 0 ? undefined : inArray(events.taskId, tasks),
              workers.length === 0 ? undefined : inArray(events.holder, workers),
              sql`1 = 0`,
            ),
      ),
    )

  return {
    /** Gives events their places. To be the last step of a transaction: on Postgres others wait from here on. */
    *append(tx: Tx, list: NewEvent[], now: number): Steps<StoredEvent[]> {
      if (list.length === 0) return []
      yield* tx.exclusive(ORDER_LOCK)
      const rows = yield* tx.batch(
        append,
        list.map(({ taskId, type, target, holder, frame }) => [taskId, type, target, holder, frame, now]),
      )
      const seqs = rows.map((row) => Number(row.seq)).sort((a, b) => a - b)
      return list.map((event, n) => ({ ...event, seq: seqs[n] as number }))
    },
    tail: (after: number, max: number) => tail.all({ after, max }),
    head: async (): Promise<number> => (await head.all())[0]?.seq ?? 0,
    /** The newest `max` events of (after, upTo] for these subscriptions, oldest first, and how many there are in all. */
    async missed(
      connectionId: string,
      subscriptions: Subscriptions,
      /** `since` bounds the age of the events that are sent again, not of those that are counted. */
      range: { after: number; upTo: number; since: number },
      max: number,
    ): Promise<{ events: StoredEvent[]; total: number }> {
      const where = and(gt(events.seq, range.after), lte(events.seq, range.upTo), received(connectionId, subscriptions))
      const rows = (await db.q
        .select(columns)
        .from(events)
        .where(and(where, gte(events.createdAt, new Date(range.since))))
        .orderBy(desc(events.seq))
        .limit(max)) as StoredEvent[]
      const [counted] = await db.q
        .select({ n: sql<number>`count(*)`.mapWith(Number) })
        .from(events)
        .where(where)
      return { events: rows.reverse(), total: counted?.n ?? 0 }
    },
    oldest: async (): Promise<number> =>
      (await db.q.select({ seq: events.seq }).from(events).orderBy(asc(events.seq)).limit(1))[0]?.seq ?? 0,
    *purge(tx: Tx, before: number): Steps<void> {
      // From the oldest on, for numbers grow with time. The newest stays: the next number follows from it.
      const newest = sql`(select max(e.seq) from ${events} e)`
      for (;;) {
        const oldest = tx.select({ seq: events.seq }).from(events).orderBy(asc(events.seq)).limit(PURGED_AT_ONCE)
        const gone = yield* q(
          tx
            .delete(events)
            .where(and(inArray(events.seq, oldest), lte(events.createdAt, new Date(before)), lt(events.seq, newest)))
            .returning({ seq: events.seq }),
        )
        if (gone.length < PURGED_AT_ONCE) break
      }
    },
  }
}

/** Subscribers by task or worker. Most keys have one subscriber, which is stored without a Set: thousands of idle sockets stay small. */
const createTopics = () => {
  const byKey = new Map<string, Subscriber | Set<Subscriber>>()
  return {
    of(key: string): Iterable<Subscriber> | undefined {
      const known = byKey.get(key)
      return known === undefined || known instanceof Set ? known : [known]
    },
    has(key: string | null, subscriber: Subscriber): boolean {
      const known = key === null ? undefined : byKey.get(key)
      return known instanceof Set ? known.has(subscriber) : known === subscriber
    },
    add(key: string, subscriber: Subscriber): void {
      const known = byKey.get(key)
      if (known === undefined) byKey.set(key, subscriber)
      else if (known instanceof Set) known.add(subscriber)
      else byKey.set(key, new Set([known, subscriber]))
    },
    remove(key: string, subscriber: Subscriber): void {
      const known = byKey.get(key)
      if (known === subscriber) byKey.delete(key)
      else if (known instanceof Set && known.delete(subscriber) && known.size === 0) byKey.delete(key)
    },
  }
}

/**
 * Delivers events from their transaction to subscribers (§13). On SQLite the one process delivers them as they are committed;
 * on Postgres every process reads them from the table in the order of their numbers, its own as well: commits of two connections may
 * be reported in another order than they happened.
 */
export const createHub = ({
  db,
  clock,
  log,
  processId,
  onControl,
}: {
  db: Db
  clock: Clock
  log: Log
  processId: string
  /** Words between processes: `process:ID` events. */
  onControl(event: StoredEvent): void
}) => {
  const stored = eventQueries(db)
  const all = new Set<Subscriber>()
  const tasks = createTopics()
  const workers = createTopics()
  const connections = createTopics()
  const attached = new Set<Subscriber>()
  const secrets = new Map<number, unknown>()
  const shared = db.isShared
  let cursor = -1
  let waiting: StoredEvent[] = []
  let scheduled = false
  let pulling: Promise<void> | undefined
  let again = false
  let closed = false
  let stopLooking: AbortController | undefined

  const textOf = (event: StoredEvent): string => {
    const secret = secrets.get(event.seq)
    if (secret === undefined) return withSeq(event.frame, event.seq)
    secrets.delete(event.seq)
    return withSeq(withSecret(event.frame, secret), event.seq)
  }
  const dispatch = (event: StoredEvent): void => {
    const { target, taskId, holder } = event
    if (target !== null) {
      if (target === `process:${processId}`) onControl(event)
      const own = target.startsWith('connection:') ? connections.of(target.slice(11)) : undefined
      if (!own) return
      const delivery: Delivery = { ...event, text: textOf(event), ends: false }
      for (const subscriber of own) if (subscriber.scope === '' || subscriber.scope === taskId) subscriber.deliver(delivery)
      return
    }
    const ofTask = taskId === null ? undefined : tasks.of(taskId)
    // A worker without a name of its own is called like its connection.
    const ofHolder = holder === null ? undefined : workers.of(holder)
    const ofName = holder === null ? undefined : connections.of(holder)
    if (all.size === 0 && !ofTask && !ofHolder && !ofName) return
    const ends = event.type === 'task_update' && event.frame.includes('"updateType":"deleted"')
    const delivery: Delivery = { ...event, text: textOf(event), ends }
    for (const subscriber of all) subscriber.deliver(delivery)
    // A copy: a subscriber whose task was removed unsubscribes while it handles that event.
    if (ofTask) for (const subscriber of [...ofTask]) if (!all.has(subscriber)) subscriber.deliver(delivery)
    for (const holders of [ofHolder, ofName])
      for (const subscriber of holders ?? [])
        if (!all.has(subscriber) && !tasks.has(taskId, subscriber) && !(holders === ofName && workers.has(holder, subscriber)))
          subscriber.deliver(delivery)
  }
  const flush = () => {
    scheduled = false
    const events = waiting
    waiting = []
    for (const event of events) dispatch(event)
  }
  const readOn = async (): Promise<void> => {
    try {
      do {
        again = false
        const events = await stored.tail(cursor, TAIL_MAX)
        for (const event of events) {
          cursor = event.seq
          dispatch(event)
        }
        if (events.length === TAIL_MAX) again = true
      } while (again && !closed)
    } catch (error) {
      log.warn('events could not be read', { error })
    } finally {
      pulling = undefined
    }
  }
  /** Reads the events committed since the last read, one read at a time; resolves when they are delivered. */
  const pull = (): Promise<void> => {
    if (pulling) again = true
    else pulling = readOn()
    return pulling
  }
  const look = async (signal: AbortSignal) => {
    while (!signal.aborted) {
      await clock.sleep(LOOK_MS, signal)
      if (!signal.aborted) await pull()
    }
  }
  /** Hands on events that have just been committed. */
  const publish = (events: StoredEvent[]): void => {
    if (closed) return
    for (const event of events) if (event.secret !== undefined && attached.size > 0) secrets.set(event.seq, event.secret)
    if (shared) {
      if (attached.size > 0) void pull()
      return
    }
    cursor = Math.max(cursor, events.at(-1)?.seq ?? cursor)
    waiting.push(...events)
    // All that was committed in one turn goes out together.
    if (!scheduled) {
      scheduled = true
      queueMicrotask(flush)
    }
  }

  return {
    /** Stores events and hands them on once they are durable: the last step of a transaction. */
    *emit(tx: Tx, events: NewEvent[], now: number): Steps<void> {
      const placed = yield* stored.append(tx, events, now)
      tx.afterCommit(() => publish(placed))
    },
    append: stored.append,
    missed: stored.missed,
    oldest: stored.oldest,
    purge: stored.purge,
    /** To be awaited before `attach`: from here on no event is missed. */
    async ready(): Promise<void> {
      if (cursor >= 0 && !(shared && attached.size === 0)) return
      const head = await stored.head()
      if (cursor < 0 || (shared && attached.size === 0)) cursor = Math.max(cursor, head)
    },
    /** Begins to deliver; answers the number after which events come. */
    attach(subscriber: Subscriber): number {
      attached.add(subscriber)
      connections.add(subscriber.connectionId, subscriber)
      if (shared && !stopLooking && !closed) {
        stopLooking = new AbortController()
        void look(stopLooking.signal)
      }
      return cursor
    },
    detach(subscriber: Subscriber, topics: { tasks: Iterable<string>; workers: Iterable<string> }): void {
      attached.delete(subscriber)
      all.delete(subscriber)
      connections.remove(subscriber.connectionId, subscriber)
      for (const key of topics.tasks) tasks.remove(key, subscriber)
      for (const key of topics.workers) workers.remove(key, subscriber)
      if (attached.size === 0) {
        secrets.clear()
        stopLooking?.abort()
        stopLooking = undefined
      }
    },
    subscribeAll(subscriber: Subscriber, on: boolean): void {
      if (on) all.add(subscriber)
      else all.delete(subscriber)
    },
    subscribeTask: (subscriber: Subscriber, taskId: string, on: boolean): void =>
      on ? tasks.add(taskId, subscriber) : tasks.remove(taskId, subscriber),
    subscribeWorker: (subscriber: Subscriber, workerId: string): void => workers.add(workerId, subscriber),
    cursor: () => cursor,
    /** Resolves when the events committed so far are delivered. */
    delivered: async (): Promise<void> => {
      if (shared) await pull()
    },
    close() {
      closed = true
      stopLooking?.abort()
    },
  }
}
export type Hub = ReturnType<typeof createHub>

/** A stored assignment with the credentials it is sent with. */
export const withSecret = (frame: string, credentials: unknown): string => {
  const parsed = JSON.parse(frame)
  parsed.data = { ...parsed.data, credentials }
  return JSON.stringify(parsed)
}
