import type { Database } from 'bun:sqlite'
import { join } from 'node:path'
import postgres from 'postgres'
import { openFloor } from './floor-work.ts'
import { ownPostgres, postgresUrl } from './postgres-database.ts'
import { HEADERS, median, ownDirectory, type Row, type Running, type Scale, spread, startTrawl } from './rig.ts'

/** Workers at once, and tasks of each lease. */
const WORKERS = 16
const BATCH = 25
/** Callers of force-run at once. */
const CALLERS = 25

/** One side of a line: fills itself with `count` queued runs, then works them off; answers how many it has completed. */
interface Side {
  fill(count: number): Promise<void>
  work(count: number): Promise<number>
}

const post = async (server: Running, path: string, body: unknown): Promise<any> => {
  const response = await fetch(`${server.origin}${path}`, { method: 'POST', headers: HEADERS, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${(await response.text()).slice(0, 300)}`)
  return response.json()
}
/** Sixteen workers that lease and complete over HTTP until `count` tasks are done. */
const workOverHttp = async (server: Running, kind: string, count: number, result?: unknown): Promise<number> => {
  let left = count
  let done = 0
  const worker = async (name: string) => {
    while (left > 0) {
      const max = Math.min(BATCH, left)
      left -= max
      const { tasks } = await post(server, '/internal/workers/lease', { worker_id: name, kinds: [kind], max })
      const items = tasks.map(({ id, fence }: any) => ({ id, fence, result }))
      const answer = await post(server, '/internal/workers/tasks/complete', { worker_id: name, tasks: items })
      done += answer.completed
    }
  }
  await Promise.all(Array.from({ length: WORKERS }, (_, n) => worker(`w${n}`)))
  return done
}

const SOURCES = (count: number, now: string) => `insert into parsing_sources
  (url, url_hash, type, site_key, strategy, priority, refresh_interval_hours, overlap, is_active, status, next_sync_at, config, created_at, updated_at)
  select 'https://shop' || n || '.example/list', 'hash' || n, 'list', 'shop' || n % 50, 'deep', 50, 24, 'skip', true, 'waiting', ${now}, '{}', ${now}, ${now}
  from generate_series(1, ${count}) n`
/** A queued run with its task for each source. */
const RUNS = `with made as (insert into parsing_runs (source_id, site_key, task_id, status, strategy, trigger, last_activity_at, created_at, updated_at)
    select id, site_key, gen_random_uuid(), 'queued', 'deep', 'schedule', now(), now(), now() from parsing_sources returning id, source_id, task_id),
  tasks_made as (insert into tasks (id, kind, payload, priority, state, run_after, max_attempts, dedupe_key, group_key, site_key, created_at, updated_at)
    select m.task_id, 'source.run', jsonb_build_object('source_id', s.id, 'url', s.url, 'site_key', s.site_key, 'type', s.type, 'strategy', 'deep',
      'config', s.config, 'run_id', m.id), 50, 'queued', now(), 5, 'run:' || m.id, 'host:shop' || s.id, s.site_key, now(), now()
    from made m join parsing_sources s on s.id = m.source_id returning id)
  update parsing_sources set status = 'queued', resume_status = 'waiting' where exists (select 1 from tasks_made)`
const CLEAR = [
  'delete from parsing_runs',
  'delete from tasks',
  'vacuum analyze tasks',
  'vacuum analyze parsing_runs',
  'vacuum analyze parsing_sources',
]

const fillPostgres = (sql: postgres.Sql) => async (count: number) => {
  for (const statement of CLEAR) await sql.unsafe(statement)
  const [{ n }] = (await sql.unsafe('select count(*)::int as n from parsing_sources')) as any
  if (n !== count) {
    await sql.unsafe('delete from parsing_sources')
    await sql.unsafe(SOURCES(count, 'now()'))
  }
  await sql.unsafe(RUNS)
}

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
    async work(count) {
      let left = count
      let done = 0
      const worker = async (name: string) => {
        while (left > 0) {
          const max = Math.min(BATCH, left)
          left -= max
          const completed = await pair(name, max)
          done += completed
        }
      }
      await Promise.all(Array.from({ length: WORKERS }, (_, n) => worker(`w${n}`)))
      return done
    },
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
const fillSqlite = async (db: Database, count: number) => {
  const now = Date.now()
  db.run('pragma busy_timeout=10000')
  db.run('begin immediate')
  for (const table of ['parsing_runs', 'tasks', 'parsing_sources']) db.run(`delete from ${table}`)
  const source =
    db.query(`insert into parsing_sources (id, url, url_hash, type, site_key, strategy, priority, refresh_interval_hours, overlap, is_active, status,
    resume_status, next_sync_at, config, created_at, updated_at) values (?1, ?2, ?3, 'list', ?4, 'deep', 50, 24, 'skip', 1, 'queued', 'waiting', ?5, '{}', ?5, ?5)`)
  const run =
    db.query(`insert into parsing_runs (id, source_id, site_key, task_id, status, strategy, trigger, last_activity_at, created_at, updated_at)
    values (?1, ?1, ?2, ?3, 'queued', 'deep', 'schedule', ?4, ?4, ?4)`)
  const task =
    db.query(`insert into tasks (id, kind, payload, priority, state, run_after, max_attempts, dedupe_key, group_key, site_key, created_at, updated_at)
    values (?1, 'source.run', ?2, 50, 'queued', ?3, 5, ?4, ?5, ?6, ?3, ?3)`)
  for (let n = 1; n <= count; n++) {
    const id = Bun.randomUUIDv7()
    const site = `shop${n % 50}`
    const url = `https://shop${n}.example/list`
    source.run(n, url, `hash${n}`, site, now)
    run.run(n, site, id, now)
    const payload = { source_id: n, url, site_key: site, type: 'list', strategy: 'deep', config: {}, run_id: n }
    task.run(id, JSON.stringify(payload), now, `run:${n}`, `host:shop${n}`, site)
  }
  db.run('commit')
}

/** Rates of both sides in turns, tasks a second; the first round warms. */
const compare = async (ours: Side, floor: Side, { rounds, pairs, smoke }: Scale) => {
  const count = Math.max(BATCH * WORKERS, pairs * BATCH) * (smoke ? 1 : 2)
  const rates = { ours: [] as number[], floor: [] as number[] }
  for (let round = 0; round <= rounds; round++)
    for (const side of round % 2 === 0 ? (['ours', 'floor'] as const) : (['floor', 'ours'] as const)) {
      const of = side === 'ours' ? ours : floor
      await of.fill(count)
      const startedAt = performance.now()
      const done = await of.work(count)
      if (done !== count) throw new Error(`${side}: ${done} of ${count} tasks were completed`)
      if (round > 0 || smoke) rates[side].push((count * 1000) / (performance.now() - startedAt))
    }
  return { rates, ratios: rates.ours.map((rate, n) => rate / (rates.floor[n] as number)) }
}
const line = (name: string, target: number, { rates, ratios }: Awaited<ReturnType<typeof compare>>): Row => ({
  name,
  measured: `${Math.round(median(rates.ours))} tasks/s`,
  floor: `${Math.round(median(rates.floor))} tasks/s`,
  value: median(ratios),
  unit: 'ratio',
  target,
  better: 'more',
  note: spread(ratios),
})

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
