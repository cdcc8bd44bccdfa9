import type { Database } from 'bun:sqlite'
import { join } from 'node:path'
import postgres from 'postgres'
import {
  BATCH,
  CLEAR,
  compare,
  fillPostgres,
  fillSqlite,
  line,
  post,
  type Side,
  SOURCES,
  WORKERS,
  workOverHttp,
  workTogether,
} from './fleet-rig.ts'
import { openFloor } from './floor-work.ts'
import { ownPostgres, postgresUrl } from './postgres-database.ts'
import { median, ownDirectory, type Row, type Scale, startTrawl } from './rig.ts'

/** Callers of force-run at once. */
const CALLERS = 25

/** The floor on Postgres: the same changes to the same tables by hand-written sets, one transaction for a lease and one for a completion. */
const floorOnPostgres = (url: string): Side & { close(): Promise<void> } => {
  const sql = postgres(url, { max: 10, onnotice: () => {} })
  const pair = async (owner: string, max: number): Promise<number> => {
    const leased = await sql.begin(async (tx) => {
      const tasks =
        await tx`update tasks set state = 'leased', attempts = attempts + 1, fence = fence + 1, lease_owner = ${owner},
          lease_expires_at = now() + interval '60 s', lease_ms = 60000, last_end = null, updated_at = now()
        where id = any(array(select id from tasks where state = 'queued' and kind = 'source.run' and run_after <= now()
          order by priority desc, run_after, requeues, id limit ${max} for update skip locked)) returning *`
      const ids = tasks.map((task) => task.id as string)
      await tx`with locked as materialized (select s.id from parsing_sources s where s.id in (select source_id from parsing_runs where task_id = any(${ids}::uuid[])
          and status in ('queued', 'running')) order by s.id for update)
        update parsing_sources s set status = 'running', updated_at = now() from locked where s.id = locked.id`
      await tx`update parsing_runs set status = 'running', reported = true, started_at = now(), last_activity_at = now(), updated_at = now()
        where task_id = any(${ids}::uuid[]) and status in ('queued', 'running')`
      return tasks
    })
    const ids = leased.map((task) => task.id as string)
    return sql.begin(async (tx) => {
      await tx`select id from tasks where id = any(${ids}::uuid[]) order by id for update`
      const sources =
        await tx`select s.* from parsing_sources s where s.id in (select source_id from parsing_runs where task_id = any(${ids}::uuid[])
        and status in ('queued', 'running')) order by s.id for update`
      await tx`update parsing_runs set status = 'completed', finished_at = now(), last_activity_at = now(), updated_at = now()
        where task_id = any(${ids}::uuid[]) and status in ('queued', 'running')`
      await tx`update parsing_sources set status = 'waiting', resume_status = null, next_sync_at = now() + interval '24 h', last_synced_at = now(),
        retry_count = 0, last_error = null, last_stats = '{"processed_items": 0, "new_items": 0}', updated_at = now()
        where id = any(${sources.map((source) => source.id)}::bigint[])`
      return (
        await tx`update tasks set state = 'completed', last_end = 'complete', finished_at = now(), lease_expires_at = null, updated_at = now()
          where id = any(${ids}::uuid[]) and state = 'leased' and lease_owner = ${owner} returning id`
      ).length
    })
  }
  return {
    fill: fillPostgres(sql),
    work: (count) => workTogether(count, pair),
    close: () => sql.end(),
  }
}

/** The floor on SQLite: the same in process. */
const floorOnSqlite = (db: Database): Side => {
  const lease = db.query<{ id: string; fence: number }, any>(
    `update tasks set state = 'leased', attempts = attempts + 1, fence = fence + 1, lease_owner = $owner, lease_expires_at = $until, lease_ms = 60000,
       last_end = null, updated_at = $now
     where id in (select id from tasks where state = 'queued' and kind = 'source.run' and run_after <= $now order by priority desc, run_after, requeues, id limit $max)
     returning *`,
  )
  const inIds = '(select value from json_each($ids))'
  const start = [
    db.query(`update parsing_sources set status = 'running', updated_at = $now where id in (select source_id from parsing_runs where task_id in ${inIds}
      and status in ('queued', 'running'))`),
    db.query(`update parsing_runs set status = 'running', reported = 1, started_at = $now, last_activity_at = $now, updated_at = $now
      where task_id in ${inIds} and status in ('queued', 'running')`),
  ]
  const end = [
    db.query(`update parsing_sources set status = 'waiting', resume_status = null, next_sync_at = $now + 86400000, last_synced_at = $now, retry_count = 0,
      last_error = null, last_stats = '{"processed_items":0,"new_items":0}', updated_at = $now
      where id in (select source_id from parsing_runs where task_id in ${inIds} and status in ('queued', 'running'))`),
    db.query(`update parsing_runs set status = 'completed', finished_at = $now, last_activity_at = $now, updated_at = $now
      where task_id in ${inIds} and status in ('queued', 'running')`),
    db.query(`update tasks set state = 'completed', last_end = 'complete', finished_at = $now, lease_expires_at = null, updated_at = $now
      where id in ${inIds} and state = 'leased'`),
  ]
  return {
    fill: (count) => fillSqlite(db, count),
    async work(count) {
      let done = 0
      while (done < count) {
        const now = Date.now()
        db.run('begin immediate')
        const leased = lease.all({ owner: 'floor', now, until: now + 60_000, max: BATCH })
        const ids = JSON.stringify(leased.map((task) => task.id))
        for (const statement of start) statement.run({ ids, now } as any)
        db.run('commit')
        db.run('begin immediate')
        for (const statement of end) statement.run({ ids, now } as any)
        db.run('commit')
        if (leased.length === 0) throw new Error('the floor has run out of tasks')
        done += leased.length
        await new Promise((resolve) => setImmediate(resolve))
      }
      return done
    },
  }
}
const runsOnPostgres = async (scale: Scale): Promise<Row> => {
  const [ours, below] = [await ownPostgres(), await ownPostgres()]
  const server = await startTrawl('unused', { DATABASE_URL: ours.url, FAMILIES: 'gifty', ROLE: 'api' })
  const sql = postgres(ours.url, { max: 1, onnotice: () => {} })
  const floor = floorOnPostgres(below.url)
  const measured = await compare(
    { fill: fillPostgres(sql), work: (count) => workOverHttp(server, 'source.run', count) },
    floor,
    scale,
  )
  await server.stop()
  await Promise.all([sql.end(), floor.close()])
  await ours.drop()
  await below.drop()
  return line(`source.run: lease and complete ${BATCH} by ${WORKERS} workers on Postgres`, 0.5, measured)
}

const runsOnSqlite = async (scale: Scale): Promise<Row> => {
  const paths = [join(ownDirectory(), 'fleet.db'), join(ownDirectory(), 'floor.db')] as const
  const [filling, below] = [await openFloor(paths[0], 'NORMAL'), await openFloor(paths[1], 'NORMAL')]
  const server = await startTrawl(paths[0], { FAMILIES: 'gifty', ROLE: 'api' })
  const measured = await compare(
    { fill: (count) => fillSqlite(filling, count), work: (count) => workOverHttp(server, 'source.run', count) },
    floorOnSqlite(below),
    scale,
  )
  await server.stop()
  filling.close()
  below.close()
  return line(`source.run: lease and complete ${BATCH} by ${WORKERS} workers on SQLite`, 0.3, measured)
}

/** Runs forced one by one by 25 callers at once, against the raw statements of one. */
const forceRuns = async ({ rounds, smoke }: Scale): Promise<Row> => {
  const [ours, below] = [await ownPostgres(), await ownPostgres()]
  const server = await startTrawl('unused', { DATABASE_URL: ours.url, FAMILIES: 'gifty', ROLE: 'api' })
  const sql = postgres(ours.url, { max: 1, onnotice: () => {} })
  const raw = postgres(below.url, { max: 10, onnotice: () => {} })
  const count = smoke ? 50 : 1000
  const force = async (id: number) => void (await post(server, `/internal/sources/${id}/force-run`, {}))
  const forceRaw = (id: number) =>
    raw.begin(async (tx) => {
      const [source] = await tx`select * from parsing_sources where id = ${id} for update`
      const [run] =
        await tx`insert into parsing_runs (source_id, site_key, task_id, status, strategy, trigger, last_activity_at, created_at, updated_at)
          values (${id}, ${source?.site_key}, gen_random_uuid(), 'queued', 'deep', 'force', now(), now(), now()) returning id, task_id`
      await tx`insert into tasks (id, kind, payload, priority, state, run_after, max_attempts, dedupe_key, group_key, site_key, created_at, updated_at)
        values (${run?.task_id}, 'source.run', ${tx.json({ source_id: id, url: source?.url, run_id: run?.id })}, 50, 'queued', now(), 5, ${`run:${run?.id}`},
          ${`host:${id}`}, ${source?.site_key}, now(), now())`
      await tx`update parsing_sources set status = 'queued', resume_status = ${source?.status}, next_sync_at = now() + interval '30 min', updated_at = now() where id = ${id}`
    })
  const all = async (ids: number[], one: (id: number) => Promise<unknown>) => {
    const left = [...ids]
    const caller = async () => {
      for (let id = left.pop(); id !== undefined; id = left.pop()) await one(id)
    }
    await Promise.all(Array.from({ length: CALLERS }, caller))
  }
  const rates = { ours: [] as number[], floor: [] as number[] }
  for (let round = 0; round <= rounds; round++)
    for (const side of round % 2 === 0 ? (['ours', 'floor'] as const) : (['floor', 'ours'] as const)) {
      const of = side === 'ours' ? sql : raw
      for (const statement of ['delete from parsing_sources', ...CLEAR, SOURCES(count, 'now()')]) await of.unsafe(statement)
      const ids = (await of.unsafe('select id from parsing_sources')).map((row) => Number(row.id))
      const startedAt = performance.now()
      await all(ids, side === 'ours' ? force : forceRaw)
      if (round > 0 || smoke) rates[side].push((count * 1000) / (performance.now() - startedAt))
    }
  await server.stop()
  await Promise.all([sql.end(), raw.end()])
  await ours.drop()
  await below.drop()
  const ratios = rates.ours.map((rate, n) => rate / (rates.floor[n] as number))
  return {
    ...line(`source.run: force-run by ${CALLERS} callers on Postgres`, 0.4, { rates, ratios }),
    measured: `${Math.round(median(rates.ours))} runs/s`,
    floor: `${Math.round(median(rates.floor))} runs/s`,
  }
}

/** The kinds a fleet uses, over HTTP: leases, completions and forced runs with all that they change, against raw SQL that does the same. */
export const benchFleet = async (scale: Scale): Promise<Row[]> => {
  const rows = [await runsOnSqlite(scale)]
  if (!postgresUrl) {
    console.error('left out: the fleet on Postgres (TEST_DATABASE_URL is not set)')
    return rows
  }
  return [...rows, await runsOnPostgres(scale), await forceRuns(scale)]
}
