import type { Db } from '../../platform/db/index.ts'
import { attentionTables } from '../tables.ts'

/** Sources of one site with one trouble. */
export interface TroubledSites {
  cause: 'source_broken' | 'all_rejected' | 'source_failing' | 'source_stale'
  siteKey: string
  count: number
  /** ms. */
  since: number
  /** The first of them. */
  id: number
  url: string
  error: string | null
}
/** The newest completed deep runs of a source that does not fail, newest first; batches without a run are none. */
export interface RecentYields {
  id: number
  siteKey: string
  url: string
  syncedAt: number
  items: number[]
}
/** How a kind's tasks stand. Counts end at `COUNTED`. */
export interface KindState {
  kind: string
  dead: number
  /** When the task that has waited longest was due, ms; on SQLite of the hundred oldest. */
  dueAt: number | null
  queued: number
  isHeld: boolean
}

/** Counts go no further: a list of a million tasks is not read to say that there are many. */
export const COUNTED = 1000
/** Sites that are named for one cause. */
const SITES = 200
/** Sources whose yields are compared, those with the newest runs first. */
const COMPARED = 1000
/** A source without a completed run for so many of its intervals is stale (operations §8). */
const STALE_INTERVALS = 3
/** Runs that a yield is compared with (operations §8). */
export const BEFORE = 10

/** What is read to say what is wrong (operations §7): a bounded number of statements, each with a bounded answer. */
export const attentionQueries = (db: Db) => {
  const { attentionMutes } = attentionTables(db.kit)
  const { either, eachOf, param, ms } = db.fragments
  const text = (column: string) => either(column, `(${column})::text`)
  const hours = (ratio: number) =>
    either(`s.refresh_interval_hours * ${ratio * 3_600_000}`, `s.refresh_interval_hours * interval '${ratio} hour'`)

  const ofSites = (name: string, sources: string) =>
    db.statement<Record<keyof TroubledSites, any>>(
      name,
      `select g.cause, g.site_key as "siteKey", g.count, g.since, g.id, s.url, substr(s.last_error, 1, 1000) as error
       from (select cause, site_key, count(*) as count, min(since) as since, min(id) as id from (${sources}) t
         group by cause, site_key order by count(*) desc, site_key limit ${SITES}) g
       join parsing_sources s on s.id = g.id`,
    )
  const rejectedAll = `(select case when r.status = 'failed' and r.items_rejected > 0 and r.items_scraped = 0 then 1 else 0 end
    from parsing_runs r where r.source_id = s.id and r.status <> 'skipped' order by r.id desc limit 1)`
  const failing = ofSites(
    'attention_failing',
    `select s.id, s.site_key, ${ms('s.updated_at')} as since, case when s.status = 'broken' then 'source_broken'
       when ${rejectedAll} = 1 then 'all_rejected' else 'source_failing' end as cause
     from parsing_sources s where s.status = 'broken' or (s.status = 'error' and s.is_active)`,
  )
  const now = param('now', 'timestamptz')
  const stale = ofSites(
    'attention_stale',
    `select s.id, s.site_key, ${ms('coalesce(s.last_synced_at, s.created_at)')} as since, 'source_stale' as cause
     from parsing_sources s where s.is_active and s.status = 'waiting' and (
       (s.schedule is null and coalesce(s.last_synced_at, s.created_at) < ${now} - ${hours(STALE_INTERVALS)})
       or (s.schedule is not null and s.next_sync_at < ${either(`${now} - 3600000`, `${now} - interval '1 hour'`)}))`,
  )
  const yields = db.statement<{ id: any; siteKey: string; url: string; syncedAt: any; items: string }>(
    'attention_yields',
    `select s.id, s.site_key as "siteKey", s.url, ${ms('s.last_synced_at')} as "syncedAt",
       ${text(`(select ${either('json_group_array', 'json_agg')}(x.items) from (select r.items_scraped as items from parsing_runs r
         where r.source_id = s.id and r.status = 'completed' and r.strategy = 'deep'
           and r.trigger <> 'ingest' order by r.id desc limit ${BEFORE + 1}) x)`)} as items
     from parsing_sources s where s.is_active and s.status <> 'error' and s.last_synced_at > ${param('since', 'timestamptz')}
     order by s.last_synced_at desc limit ${COMPARED}`,
  )
  const held = `case when k.value in (select t.kind from tasks t where t.state in ('leased', 'cancelling')) then 1 else 0 end as held`
  const few = (state: string) =>
    `(select count(*) from (select 1 from tasks t where t.kind = k.value and t.state <> 'leased' and t.state = '${state}' limit ${COUNTED + 1}) few)`
  // SQLite looks at the first few of each kind, because it keeps the event loop meanwhile. Postgres would read the whole table to find the
  // few of a rare kind: it counts each state once, from partial indices.
  const kinds = db.statement<{ kind: string; dead: any; dueAt: any; queued: any; held: any }>('attention_kinds', {
    sqlite: `select k.value as kind, ${few('dead')} as dead, (select min(q.run_after) from (select t.run_after from tasks t
         where t.kind = k.value and t.state <> 'leased' and t.state = 'queued' order by t.id limit 100) q where q.run_after <= ${now}) as "dueAt",
       ${few('queued')} as queued, ${held} from ${eachOf('kinds', 'k')}`,
    postgres: `select k.value as kind, least(coalesce(d.count, 0), ${COUNTED + 1}) as dead, ${ms('q.due')} as "dueAt",
       least(coalesce(q.count, 0), ${COUNTED + 1}) as queued, ${held}
     from ${eachOf('kinds', 'k')} left join (select kind, count(*) as count from tasks where state = 'dead' group by kind) d on d.kind = k.value
       left join (select kind, count(*) as count, min(run_after) filter (where run_after <= ${now}) as due from tasks where state = 'queued'
         group by kind) q on q.kind = k.value`,
  })
  const outbox = db.statement<{ since: any }>(
    'attention_outbox',
    `select ${ms('created_at')} as since from outbox where published_at is null order by id limit 1`,
  )

  const toSites = (row: Record<keyof TroubledSites, any>): TroubledSites => ({
    ...row,
    count: Number(row.count),
    since: Number(row.since),
    id: Number(row.id),
  })
  return {
    failingSites: async (): Promise<TroubledSites[]> => (await failing.all()).map(toSites),
    staleSites: async (at: Date): Promise<TroubledSites[]> => (await stale.all({ now: at })).map(toSites),
    /** Of sources that were read since a time. */
    yieldsSince: async (since: Date): Promise<RecentYields[]> =>
      (await yields.all({ since })).map((row) => ({
        ...row,
        id: Number(row.id),
        syncedAt: Number(row.syncedAt),
        items: JSON.parse(row.items ?? '[]') as number[],
      })),
    kindStates: async (names: readonly string[], at: Date): Promise<KindState[]> =>
      (await kinds.all({ kinds: names, now: at })).map(({ kind, dead, dueAt, queued, held }) => ({
        kind,
        dead: Number(dead),
        dueAt: dueAt === null ? null : Number(dueAt),
        queued: Number(queued),
        isHeld: Number(held) > 0,
      })),
    /** Since when the oldest message has waited for the broker, ms. */
    oldestMessage: async (): Promise<number | undefined> => {
      const [row] = await outbox.all()
      return row && Number(row.since)
    },
    mutes: (): Promise<{ id: string; until: Date; reason: string }[]> =>
      db.q
        .select({ id: attentionMutes.id, until: attentionMutes.until, reason: attentionMutes.reason })
        .from(attentionMutes) as unknown as Promise<{ id: string; until: Date; reason: string }[]>,
  }
}
