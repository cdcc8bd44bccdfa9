import { and, eq, inArray, lte, sql } from 'drizzle-orm'
import { AppError } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import { type Db, param, q, type Steps, type Tx } from '../../platform/db/index.ts'
import type { Log } from '../../platform/log.ts'
import type { Numbered } from '../../platform/push/send-queue.ts'
import { SessionsByName, SocketSession } from '../../platform/push/socket-session.ts'
import type { Credentials } from '../credentials/service.ts'
import { tooManyConnections } from '../envelope.ts'
import type { Leasing } from '../leasing/service.ts'
import { type Subscriptions, streamsTables } from '../tables.ts'
import { type Hub, newEvent, type StoredEvent, withSecret, withSeq } from './hub.ts'
import { Connection, type Identity } from './sockets.ts'

/** A process that has not been seen for this long is taken for dead. */
const ALIVE_MS = 15_000

export type SocketConnection = Connection<SocketSession>
export interface Opening {
  connection: SocketConnection
  resumed: boolean
  /** The number after which the stream resumes. */
  after: number
  missed: Numbered[]
  lost: number
}
const keyOf = ({ connectionId, scope }: Pick<Identity, 'connectionId' | 'scope'>) => `${connectionId} ${scope}`
const taken = () => new AppError('CONNECTION_ID_TAKEN', 409, 'connectionId belongs to another client')

type ConnectionRow = ReturnType<typeof streamsTables>['connections']['$inferSelect']
/** What a client's own process stores of its connection. */
export type ConnectionPosition = Omit<ConnectionRow, 'principal' | 'process'>

/** Queries of connections, and of the processes that have them. */
const connectionQueries = (db: Db) => {
  const { connections, processes } = streamsTables(db.kit)
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

  return {
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
    *store(tx: Tx, rows: ConnectionPosition[]): Steps<void> {
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

/** The sockets of this process, and the stored connections of all processes (§13 Resume, Replacement, Limit). */
export const createRegistry = ({
  db,
  clock,
  log,
  hub,
  leasing,
  credentials,
  processId,
  maxConnections,
  resumeMs,
  resumeMessages,
}: {
  db: Db
  clock: Clock
  log: Log
  hub: Hub
  leasing: Pick<Leasing, 'isLive'>
  credentials: Credentials
  processId: string
  maxConnections: number
  resumeMs: number
  resumeMessages: number
}) => {
  const repository = connectionQueries(db)
  const live = new SessionsByName<SocketConnection>()
  /** Closed sockets that are not stored yet: a client that reconnects at once resumes from them. */
  const closing = new Map<string, Promise<void>>()
  let opening = 0

  /** A stored assignment as it may be sent again: with credentials, while its lease is live. */
  const reassigned = async ({ frame, seq }: StoredEvent): Promise<string | undefined> => {
    const { data } = JSON.parse(frame)
    const row = await leasing.isLive(data.id, data.lease.fence)
    const account = row && (await credentials.get(row.accountId))
    try {
      const view = account && credentials.view(account)
      return view && withSeq(withSecret(frame, view), seq)
    } catch {
      return undefined
    }
  }
  const textsOf = async (events: StoredEvent[]): Promise<Numbered[]> => {
    const texts: Numbered[] = []
    for (const event of events) {
      const text = event.type === 'task_assignment' ? await reassigned(event) : withSeq(event.frame, event.seq)
      if (text !== undefined) texts.push({ text, seq: event.seq })
    }
    return texts
  }
  const leave = (connection: SocketConnection): void => {
    const key = keyOf(connection)
    connection.detach()
    live.release(key, connection)
    connection.dirty = false
    const row = connection.row(false, new Date(clock.now()))
    const stored = db
      .tx((tx) => repository.store(tx, [row]))
      .catch((error) => log.warn('where a connection stands could not be stored', { error }))
      .finally(() => {
        if (closing.get(key) === stored) closing.delete(key)
      })
    closing.set(key, stored)
  }
  const replace = (key: string) => {
    const older = live.replace(key)
    if (older) leave(older)
  }

  return {
    /**
     * Makes a connection, with the events it has missed, before its socket is opened.
     * @throws AppError 409 CONNECTION_ID_TAKEN, 503 TOO_MANY_CONNECTIONS
     */
    async open(identity: Identity, wanted: { lastSeq?: number; subscribe: 'all' | 'none' }): Promise<Opening> {
      const key = keyOf(identity)
      const replacing = live.has(key)
      if (live.size + opening - (replacing ? 1 : 0) >= maxConnections) throw tooManyConnections()
      opening++
      try {
        for (const other of live.values())
          if (other.connectionId === identity.connectionId && other.principal !== identity.principal) throw taken()
        replace(key)
        await closing.get(key)
        await hub.ready()
        const connection = new Connection(identity, new SocketSession(clock.now), hub)
        const scoped = identity.scope !== ''
        const fresh: Subscriptions = {
          all: !scoped && wanted.subscribe === 'all',
          tasks: scoped ? [identity.scope] : [],
          workers: [identity.connectionId],
        }
        const claimed = await db.tx(function* (tx) {
          const now = clock.now()
          let known: ConnectionRow | undefined
          // Its sockets count as live from the first on.
          yield* repository.beat(tx, processId, now)
          const identities = yield* repository.identities(tx, identity.connectionId)
          const seenAt = yield* repository.seenAt(
            tx,
            identities.filter((row) => row.live).map((row) => row.process),
          )
          for (const row of identities) {
            const seen = row.live
              ? Math.max(row.updatedAt.getTime(), seenAt.get(row.process)?.getTime() ?? 0)
              : (row.closedAt?.getTime() ?? 0)
            if (seen + resumeMs < now) continue
            if (row.principal !== identity.principal) throw taken()
            if (row.scope === identity.scope) known = row
          }
          const subscriptions: Subscriptions = known?.subscriptions ?? fresh
          const after = known ? (wanted.lastSeq ?? known.ackedSeq ?? known.sentSeq) : undefined
          yield* repository.claim(tx, {
            ...identity,
            socket: connection.socket,
            process: processId,
            live: true,
            closedAt: null,
            sentSeq: after ?? hub.cursor(),
            ackedSeq: known?.ackedSeq ?? null,
            subscriptions,
            updatedAt: new Date(now),
          })
          if (known?.live && known.process !== processId) {
            const replaced = newEvent('replaced', null, { key, socket: connection.socket }, now, {
              target: `process:${known.process}`,
            })
            yield* hub.emit(tx, [replaced], now)
          }
          return { subscriptions, after, ackedSeq: known?.ackedSeq ?? null }
        })
        connection.ackedSeq = claimed.ackedSeq
        // Two that came at the same moment: the later one stays.
        replace(key)
        const from = connection.attach(claimed.subscriptions)
        live.set(key, connection)
        const { after } = claimed
        if (after === undefined) return { connection, resumed: false, after: from, missed: [], lost: 0 }
        try {
          const { events, total } = await hub.missed(
            identity.connectionId,
            claimed.subscriptions,
            { after, upTo: from, since: 0 },
            resumeMessages,
          )
          return { connection, resumed: true, after, missed: await textsOf(events), lost: total - events.length }
        } catch (error) {
          leave(connection)
          throw error
        }
      } finally {
        opening--
      }
    },
    leave,
    count: () => live.size,
    pending: () => [...live.values()].reduce((sum, connection) => sum + connection.queue.pending(), 0),
    /** A word from another process: this identity is connected there now. */
    replaced: (event: StoredEvent): void => {
      const { data } = JSON.parse(event.frame)
      if (live.get(data.key)?.socket !== data.socket) replace(data.key)
    },
    /** Numbers of subscribers of a task over all processes: open sockets, and closed ones that may still resume (§7.12). */
    async listeners(taskId: string): Promise<{ live: number; queued: number }> {
      const now = clock.now()
      // One that has just closed would count as live until that is stored.
      await Promise.all([...closing.values()])
      const rows = await repository.listening(taskId, processId, { aliveSince: now - ALIVE_MS, closedSince: now - resumeMs })
      const counted = { live: 0, queued: 0 }
      // Those of this process are here: thousands of them need not be stored and read for each message.
      for (const connection of live.values()) if (connection.isSubscribedTo(taskId)) counted.live++
      for (const { subscriptions, live, count } of rows)
        if (!subscriptions || subscriptions.all || subscriptions.tasks.includes(taskId))
          counted[live ? 'live' : 'queued'] += count
      return counted
    },
    /** Stores the positions of connections that have moved. */
    async storeAll(): Promise<void> {
      const moved = [...live.values()].filter((connection) => connection.dirty)
      if (moved.length === 0) return
      const rows = moved.map((connection) => {
        connection.dirty = false
        return connection.row(true, new Date(clock.now()))
      })
      await db.tx((tx) => repository.store(tx, rows))
    },
    beat: () => db.tx((tx) => repository.beat(tx, processId, clock.now())),
    purge: repository.purge,
    settled: () => Promise.all(closing.values()),
  }
}
export type Registry = ReturnType<typeof createRegistry>
