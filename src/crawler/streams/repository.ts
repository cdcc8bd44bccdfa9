import { and, asc, desc, eq, gt, gte, inArray, lt, lte, or, type SQL, sql } from 'drizzle-orm'
import { type Db, param, q, type Steps, type Tx } from '../../platform/db/index.ts'
import type { NewEvent } from './frames.ts'
import { type Subscriptions, streamsTables } from './tables.ts'

/** An event with its place in the order of all. */
export interface StoredEvent extends NewEvent {
  seq: number
}
export type ConnectionRow = ReturnType<typeof streamsTables>['connections']['$inferSelect']

/** Held while events get their numbers, so that numbers are given in the order of commits. */
const PURGED_AT_ONCE = 2000
const ORDER_LOCK = 'crawler-events'

/** Queries of events, connections and processes. */
export const streamsRepository = (db: Db) => {
  const { events, connections, processes } = streamsTables(db.kit)
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
  const connection = db.prepare<ConnectionRow>('crawler_connections_of', (queries) =>
    db.forUpdate(
      queries
        .select()
        .from(connections)
        .where(eq(connections.connectionId, param('connectionId'))),
    ),
  )
  const beat = db.statement<{ id: string }>(
    'crawler_process_beat',
    'insert into crawler_processes (id, seen_at) values (:id, :now) on conflict (id) do update set seen_at = excluded.seen_at returning id',
  )
  // Sockets of one task differ in nothing that matters here, so they are counted in one pass, without a sort: thousands of them may have
  // closed within the resume window. General ones are grouped by their subscriptions.
  const alive = 'process in (select id from crawler_processes where seen_at >= :aliveSince)'
  const listening = db.statement<{ subscriptions: string | null; live: boolean | number; count: number | string }>(
    'crawler_connections_listening',
    `with own as (select count(*) filter (where live = 1 and process <> :asking and ${alive}) as live,
       count(*) filter (where (live = 0 and closed_at >= :closedSince)
         or (live = 1 and process <> :asking and updated_at >= :closedSince and not ${alive})) as queued
       from crawler_connections where scope = :task)
     select cast(null as text) as subscriptions, 1 = 1 as live, live as count from own
     union all select cast(null as text), 1 = 0, queued from own
     union all select subscriptions, live = 1 and ${alive}, count(*) from crawler_connections
       where scope = '' and (process <> :asking or live = 0)
         and (closed_at >= :closedSince or (live = 1 and (updated_at >= :closedSince or ${alive})))
       group by 1, 2`,
  )
  const store = db.batch<{ connection_id: string }>(
    'crawler_connections_store',
    [
      { name: 'connection_id', type: 'text' },
      { name: 'scope', type: 'text' },
      { name: 'socket', type: 'text' },
      { name: 'live', type: 'bigint' },
      { name: 'closed_at', type: 'bigint' },
      { name: 'sent_seq', type: 'bigint' },
      { name: 'acked_seq', type: 'bigint' },
      { name: 'subscriptions', type: 'text' },
      { name: 'updated_at', type: 'bigint' },
    ],
    // A later socket of the same identity owns the row: the older one's last word must not change it.
    (source) =>
      `update crawler_connections set live = s.live, closed_at = s.closed_at, sent_seq = s.sent_seq, acked_seq = s.acked_seq, subscriptions = s.subscriptions, updated_at = s.updated_at
        from ${source} s where crawler_connections.connection_id = s.connection_id and crawler_connections.scope = s.scope and crawler_connections.socket = s.socket returning crawler_connections.connection_id`,
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
    /** When a process was last seen. */
    *seenAt(tx: Tx, ids: string[]): Steps<Map<string, Date>> {
      if (ids.length === 0) return new Map()
      const rows = yield* q(tx.select().from(processes).where(inArray(processes.id, ids)))
      return new Map(rows.map(({ id, seenAt }) => [id, seenAt]))
    },
    /** All identities of a connection id, locked. */
    *identities(tx: Tx, connectionId: string): Steps<ConnectionRow[]> {
      return yield* tx.run(connection, { connectionId })
    },
    *claim(tx: Tx, row: ConnectionRow): Steps<void> {
      yield tx
        .insert(connections)
        .values(row)
        .onConflictDoUpdate({ target: [connections.connectionId, connections.scope], set: row })
        .returning({ id: connections.connectionId })
    },
    /** Stores positions of connections, only for those that still own their row. */
    *store(tx: Tx, rows: Omit<ConnectionRow, 'principal' | 'process'>[]): Steps<void> {
      yield* tx.batch(
        store,
        rows.map((row) => [
          row.connectionId,
          row.scope,
          row.socket,
          row.live,
          row.closedAt,
          row.sentSeq,
          row.ackedSeq,
          JSON.stringify(row.subscriptions),
          row.updatedAt,
        ]),
      )
    },
    /**
     * How many connections of a task, and general ones by what they have subscribed to (undefined: the task's), but for the live ones of
     * the asking process: live ones of living processes, and those that may still be resumed.
     */
    async listening(
      task: string,
      asking: string,
      since: { aliveSince: number; closedSince: number },
    ): Promise<{ subscriptions: Subscriptions | undefined; live: boolean; count: number }[]> {
      return (await listening.all({ task, asking, ...since })).map(({ subscriptions, live, count }) => ({
        subscriptions: subscriptions === null ? undefined : JSON.parse(subscriptions),
        live: Boolean(live),
        count: Number(count),
      }))
    },
    *beat(tx: Tx, id: string, now: number): Steps<void> {
      yield* tx.run(beat, { id, now })
    },
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
      yield* q(
        tx
          .delete(connections)
          .where(and(sql`${connections.closedAt} is not null`, lte(connections.closedAt, new Date(before))))
          .returning({ id: connections.connectionId }),
      )
      yield* q(
        tx
          .delete(connections)
          .where(
            and(
              lte(connections.updatedAt, new Date(before)),
              sql`not exists (select 1 from ${processes} p where p.id = ${connections.process} and p.seen_at > ${before})`,
            ),
          )
          .returning({ id: connections.connectionId }),
      )
      yield* q(
        tx
          .delete(processes)
          .where(lte(processes.seenAt, new Date(before)))
          .returning({ id: processes.id }),
      )
    },
  }
}
export type StreamsRepository = ReturnType<typeof streamsRepository>
