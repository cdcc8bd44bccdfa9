import type { Clock } from '../../platform/clock.ts'
import { MINUTE_MS } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { Bus } from '../../platform/shared.ts'
import type { Activity, ChangedRun } from './activity.ts'

/** There are newer events: a hint, over all processes. */
export const NEW_EVENTS = 'gifty.live-events'
/** What can be resumed: so many events, and none older than this. */
export const KEPT_EVENTS = 10_000
const KEPT_MS = 10 * MINUTE_MS
/** Events that one statement inserts. */
const PART = 2000

/** An event to add; `topics` begin with the most general one. */
export interface NewEvent {
  topics: string[]
  type: string
  at: number
  data: Record<string, unknown>
}
export interface StoredEvent {
  id: number
  topics: string[]
  type: string
  at: number
  /** JSON. */
  data: string
}

const ofRun = (run: ChangedRun, type: string, at: number): NewEvent => ({
  topics: ['runs', `site:${run.siteKey}`, `source:${run.sourceId}`, `run:${run.id}`],
  type,
  at,
  data: {
    run_id: run.id,
    source_id: run.sourceId,
    site_key: run.siteKey,
    status: run.status === 'completed' && run.isPartial ? 'partial' : run.status,
    trigger: run.trigger,
    strategy: run.strategy,
    worker_id: run.workerId,
    items_scraped: run.itemsScraped,
    items_new: run.itemsNew,
    items_updated: run.itemsUpdated,
    items_rejected: run.itemsRejected,
    pages_failed: run.pagesFailed,
    error: run.error,
  },
})
/** What is shown of an activity: an event a changed run, and one for the tasks of each kind. */
export const eventsOf = ({ at, runs, tasks }: Activity): NewEvent[] => [
  ...runs.map(({ run, type }) => ofRun(run, type, at)),
  ...[...tasks].map(([kind, states]) => ({
    topics: ['tasks'],
    type: 'tasks.changed',
    at,
    data: { kind, ...Object.fromEntries(states) },
  })),
]

/** Live events as they are stored: one sequence for the whole database, in the order of the commits (operations §6). */
export const createEventStore = ({ db, bus, clock }: { db: Db; bus: Bus; clock: Clock }) => {
  const { param, limit } = db.fragments
  const insert = db.batch<{ id: number }>(
    'live_events_add',
    [
      { name: 'topics', type: 'text' },
      { name: 'type', type: 'text' },
      { name: 'at', type: 'bigint' },
      { name: 'data', type: 'text' },
    ],
    (source) =>
      `insert into live_events (topics, type, at, data) select s.topics, s.type, s.at, s.data from ${source} s where true returning id`,
    'json',
  )
  const after = db.statement<{ id: number | string; topics: string; type: string; at: number | string; data: string }>(
    'live_events_after',
    `select id, topics, type, at, data from live_events where id > ${param('after', 'bigint')} order by id limit ${limit('max')}`,
  )
  const bounds = db.statement<{ first: number | string | null; last: number | string | null }>(
    'live_events_bounds',
    'select (select min(id) from live_events) as first, (select max(id) from live_events) as last',
  )
  const trim = db.statement(
    'live_events_trim',
    `delete from live_events where id <= (select max(id) from live_events) - ${KEPT_EVENTS}`,
  )
  const purge = db.statement(
    'live_events_purge',
    `delete from live_events where at < ${param('before', 'bigint')} and id < (select max(id) from live_events)`,
  )
  let added = 0
  return {
    /** Adds events, numbered behind all that are there. Under one lock: a reader never sees a number before a smaller one. */
    async add(events: readonly NewEvent[]): Promise<void> {
      if (events.length === 0) return
      await db.tx(function* (tx) {
        yield* tx.exclusive('live-events')
        // bounded: by the size of a part
        for (let from = 0; from < events.length; from += PART)
          yield* tx.batch(
            insert,
            events
              .slice(from, from + PART)
              .map(({ topics, type, at, data }) => [JSON.stringify(topics), type, at, JSON.stringify(data)]),
          )
        tx.afterCommit(() => bus.publish(NEW_EVENTS, {}))
      })
      // A few at a time, so that a fleet that is busy has no long purge once a minute.
      added += events.length
      if (added < PART) return
      added = 0
      await db.tx((tx) => tx.run(trim))
    },
    /** Events behind number `id`, at most `max`. */
    async after(id: number, max: number): Promise<StoredEvent[]> {
      const rows = await after.all({ after: id, max })
      return rows.map(({ topics, ...row }) => ({
        ...row,
        id: Number(row.id),
        at: Number(row.at),
        topics: JSON.parse(topics) as string[],
      }))
    },
    /** The numbers of the oldest event that is kept and of the newest; 0 where there is none. */
    async bounds(): Promise<{ first: number; last: number }> {
      const [row] = await bounds.all()
      return { first: Number(row?.first ?? 0), last: Number(row?.last ?? 0) }
    },
    /** Removes what can no longer be resumed; the newest event stays, because its number is the sequence. */
    *purge(tx: Tx): Steps<void> {
      yield* tx.run(trim)
      yield* tx.run(purge, { before: clock.now() - KEPT_MS })
    },
  }
}
export type EventStore = ReturnType<typeof createEventStore>
