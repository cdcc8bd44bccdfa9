import { sql } from 'drizzle-orm'
import { defineTables } from '../../platform/db/kit.ts'

/** The events that a connection receives. */
export interface Subscriptions {
  all: boolean
  tasks: string[]
  /** Names it leases under. */
  workers: string[]
}

/** The tables of streams (gitlab-crawler §13): events in commit order, and the position of each connection. */
export const streamsTables = defineTables((k) => {
  const events = k.table(
    'crawler_events',
    {
      /** Grows in commit order, so that a client that resumes after a number misses no earlier one. */
      seq: k.serial(),
      taskId: k.text(),
      type: k.text().notNull(),
      /** `connection:ID` or `process:ID` for those alone; null for all subscribers. */
      target: k.text(),
      /** Worker that receives it besides the subscribers. */
      holder: k.text(),
      /** The frame's JSON without its sequence number, and without credentials; text, for it goes out as it is. */
      frame: k.text().notNull(),
      createdAt: k.epoch().notNull(),
    },
    (t) => [
      k.index('crawler_events_task_ix').on(t.taskId, t.seq),
      k.index('crawler_events_target_ix').on(t.target, t.seq).where(sql`${t.target} is not null`),
      k.index('crawler_events_holder_ix').on(t.holder, t.seq).where(sql`${t.holder} is not null`),
    ],
  )
  const connections = k.table(
    'crawler_connections',
    {
      connectionId: k.text().notNull(),
      /** The task of a task socket; empty for the general one. */
      scope: k.text().notNull(),
      principal: k.text().notNull(),
      /** One life of the connection: a later socket of the same identity has another. */
      socket: k.text().notNull(),
      /** The process that has the live socket. */
      process: k.text().notNull(),
      live: k.flag().notNull(),
      closedAt: k.epoch(),
      sentSeq: k.big().notNull(),
      ackedSeq: k.big(),
      subscriptions: k.jsonAsText<Subscriptions>().notNull(),
      updatedAt: k.epoch().notNull(),
    },
    (t) => [
      k.primaryKey({ columns: [t.connectionId, t.scope] }),
      k.index('crawler_connections_scope_ix').on(t.scope),
      k.index('crawler_connections_closed_ix').on(t.closedAt).where(sql`${t.closedAt} is not null`),
      k.index('crawler_connections_process_ix').on(t.process),
    ],
  )
  /** Living processes, so that sockets of a dead one are not counted. */
  const processes = k.table('crawler_processes', { id: k.text().primaryKey(), seenAt: k.epoch().notNull() })
  return { events, connections, processes }
})
