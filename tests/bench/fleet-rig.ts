import type { Database } from 'bun:sqlite'
import type postgres from 'postgres'
import { HEADERS, median, type Row, type Running, type Scale, spread } from './rig.ts'

/** Workers at once, and tasks of each lease. */
export const WORKERS = 16
export const BATCH = 25
/** One side of a line: fills itself with `count` queued runs, then works them off; answers how many it has completed. */
export interface Side {
  fill(count: number): Promise<void>
  work(count: number): Promise<number>
}

export const post = async (
  server: Running,
  path: string,
  body: unknown,
  headers: Record<string, string> = HEADERS,
): Promise<any> => {
  const response = await fetch(`${server.origin}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${(await response.text()).slice(0, 300)}`)
  return response.json()
}
/** Sixteen workers that go on with `pair` (a lease of at most `max` and its completions, which answers how many) until `count` are done. */
export const workTogether = async (count: number, pair: (worker: string, max: number) => Promise<number>): Promise<number> => {
  let left = count
  let done = 0
  const worker = async (name: string) => {
    while (left > 0) {
      const max = Math.min(BATCH, left)
      left -= max
      const completed = await pair(name, max)
      // What others held a place for meanwhile is left to do.
      left += max - completed
      done += completed
    }
  }
  await Promise.all(Array.from({ length: WORKERS }, (_, n) => worker(`w${n}`)))
  return done
}
/** The same by the worker protocol over HTTP. */
export const workOverHttp = (server: Running, kind: string, count: number, result?: unknown): Promise<number> =>
  workTogether(count, async (worker, max) => {
    const { tasks } = await post(server, '/internal/workers/lease', { worker_id: worker, kinds: [kind], max })
    if (tasks.length === 0) return 0
    const items = tasks.map(({ id, fence }: any) => ({ id, fence, result }))
    return (await post(server, '/internal/workers/tasks/complete', { worker_id: worker, tasks: items })).completed
  })

export const SOURCES = (count: number, now: string) => `insert into parsing_sources
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
export const CLEAR = [
  'delete from parsing_runs',
  'delete from tasks',
  'vacuum analyze tasks',
  'vacuum analyze parsing_runs',
  'vacuum analyze parsing_sources',
]

export const fillPostgres = (sql: postgres.Sql) => async (count: number) => {
  for (const statement of CLEAR) await sql.unsafe(statement)
  const [{ n }] = (await sql.unsafe('select count(*)::int as n from parsing_sources')) as any
  if (n !== count) {
    await sql.unsafe('delete from parsing_sources')
    await sql.unsafe(SOURCES(count, 'now()'))
  }
  await sql.unsafe(RUNS)
}

export const fillSqlite = async (db: Database, count: number) => {
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
export const compare = async (ours: Side, floor: Side, { rounds, pairs, smoke }: Scale) => {
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
export const line = (name: string, target: number, { rates, ratios }: Awaited<ReturnType<typeof compare>>): Row => ({
  name,
  measured: `${Math.round(median(rates.ours))} tasks/s`,
  floor: `${Math.round(median(rates.floor))} tasks/s`,
  value: median(ratios),
  unit: 'ratio',
  target,
  better: 'more',
  note: spread(ratios),
})
