import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import postgres from 'postgres'
import { createActivity } from '../../src/gifty/live/activity.ts'
import { createEventStore, eventsOf } from '../../src/gifty/live/events.ts'
import { createSeries } from '../../src/gifty/live/series.ts'
import { createNotifications, notificationKind } from '../../src/gifty/notifications.ts'
import { sourcesRepository } from '../../src/gifty/sources/repository.ts'
import { createRunKinds } from '../../src/gifty/sources/run-kinds.ts'
import { createRunStore } from '../../src/gifty/sources/runs.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { openDatabase } from '../../src/platform/db/open.ts'
import { createLocalBus } from '../../src/platform/shared.ts'
import { createEngine } from '../../src/tasks/index.ts'
import { compare, fillPostgres, fillSqlite, post, type Side } from './fleet-rig.ts'
import { openFloor } from './floor-work.ts'
import { drainEngine } from './peers/drain-engine.ts'
import { ownPostgres, postgresUrl } from './postgres-database.ts'
import {
  HEADERS,
  median,
  ownDirectory,
  type Row,
  type Running,
  type Scale,
  spread,
  startLines,
  startTrawl,
  TOKEN,
} from './rig.ts'

const REPORT_MS = 250
const LISTENERS = 1000
/** Runs that change in each turn of `REPORT_MS`: 200 events a second. */
const CHANGING = 50
const LINES = 500

/** Source runs leased and completed in process, with or without what records events and figures. */
const runsOf = async (url: string, isRecorded: boolean) => {
  // As the sources' own lines: a commit that waits for the disk would hide the rest.
  const db = await openDatabase({ url, poolMax: 10, synchronous: 'NORMAL' })
  const bus = createLocalBus(() => {})
  const engine = createEngine({ db, clock: systemClock, bus })
  const repository = sourcesRepository(db)
  const notifications = createNotifications(engine, systemClock, undefined)
  const store = createRunStore({ db, clock: systemClock, repository, engine, notifications })
  const { kinds } = createRunKinds({ db, repository, store, random: Math.random })
  engine.register([...kinds, notificationKind])
  const activity = isRecorded
    ? createActivity({ db, clock: systemClock, takeTasks: engine.collectChanges(), takeRuns: store.takeChanged })
    : undefined
  const events = createEventStore({ db, bus, clock: systemClock })
  const series = createSeries({ db, clock: systemClock })
  let reporting: Promise<void> = Promise.resolve()
  const report = async () => {
    const seen = await activity?.look()
    if (!seen) return
    series.countActivity(seen)
    await events.add(eventsOf(seen))
    await series.write()
    await db.tx((tx) => events.purge(tx))
  }
  const timer = activity && setInterval(() => (reporting = reporting.then(report)), REPORT_MS)
  return {
    work: async (count: number) => {
      await drainEngine(engine, 'source.run', count)
      return count
    },
    async close() {
      clearInterval(timer)
      await reporting
      await db.close()
    },
  }
}
const recording = async (name: string, sides: Record<'ours' | 'floor', Side>, scale: Scale): Promise<Row> => {
  const { rates, ratios } = await compare(sides.ours, sides.floor, scale)
  return {
    name: `source.run: lease and complete 25 on ${name}, in process, with events and figures, against without`,
    measured: `${median(rates.ours).toFixed(0)} tasks/s`,
    floor: `${median(rates.floor).toFixed(0)} tasks/s`,
    ...{ value: median(ratios), unit: 'ratio', target: 0.9, better: 'more', note: spread(ratios) },
  }
}
const recordingOnSqlite = async (scale: Scale): Promise<Row> => {
  const paths = [join(ownDirectory(), 'with.db'), join(ownDirectory(), 'without.db')] as const
  const fillers = [await openFloor(paths[0], 'NORMAL'), await openFloor(paths[1], 'NORMAL')] as const
  const [ours, floor] = [await runsOf(`sqlite:${paths[0]}`, true), await runsOf(`sqlite:${paths[1]}`, false)]
  const row = await recording(
    'SQLite',
    {
      ours: { fill: (count) => fillSqlite(fillers[0], count), work: ours.work },
      floor: { fill: (count) => fillSqlite(fillers[1], count), work: floor.work },
    },
    scale,
  )
  await Promise.all([ours.close(), floor.close()])
  for (const filler of fillers) filler.close()
  return row
}
const recordingOnPostgres = async (scale: Scale): Promise<Row> => {
  const bases = [await ownPostgres(), await ownPostgres()] as const
  const clients = bases.map(({ url }) => postgres(url, { max: 1, onnotice: () => {} })) as [postgres.Sql, postgres.Sql]
  const [ours, floor] = [await runsOf(bases[0].url, true), await runsOf(bases[1].url, false)]
  const row = await recording(
    'Postgres',
    { ours: { fill: fillPostgres(clients[0]), work: ours.work }, floor: { fill: fillPostgres(clients[1]), work: floor.work } },
    scale,
  )
  await Promise.all([ours.close(), floor.close(), ...clients.map((client) => client.end())])
  for (const base of bases) await base.drop()
  return row
}

/** Sources whose runs change four times a second, while a thousand listen. */
const fanOut = async ({ smoke, spanMs, rounds }: Scale): Promise<Row[]> => {
  const path = join(ownDirectory(), 'events.db')
  const server = await startTrawl(path, { FAMILIES: 'gifty', ROLE: 'api' })
  const ids: number[] = []
  for (let n = 0; n < CHANGING; n++) {
    const body = { url: `https://shop.example/list/${n}`, type: 'list', site_key: `shop${n % 5}` }
    ids.push((await post(server, '/internal/sources', body)).id)
  }
  /** Changes every run once; answers how long that took, in ms. */
  const change = async (): Promise<number> => {
    const startedAt = performance.now()
    await Promise.all(ids.map((id) => post(server, `/internal/sources/${id}/report-status`, { status: 'running' })))
    return performance.now() - startedAt
  }
  const drive = async (ms: number): Promise<number> => {
    const took: number[] = []
    for (const until = performance.now() + ms; performance.now() < until; ) {
      const ms = await change()
      took.push(ms)
      await Bun.sleep(Math.max(0, REPORT_MS - ms))
    }
    return median(took)
  }
  await drive(smoke ? 200 : 1000)
  const listeners = smoke ? 20 : LISTENERS
  const times = { without: [] as number[], with: [] as number[] }
  const p99: number[] = []
  let received = 0
  const span = smoke ? 600 : Math.max(spanMs * 2, 3000)
  for (let round = 0; round < Math.min(rounds, 5); round++) {
    times.without.push(await drive(span))
    const child = startLines(
      [
        process.execPath,
        join(import.meta.dir, 'event-listeners.ts'),
        String(server.port),
        TOKEN,
        String(listeners),
        String(span),
      ],
      {},
    )
    await child.next()
    times.with.push(await drive(span))
    const seen = await child.next()
    received += seen.received
    p99.push(seen.p99)
    await child.end()
  }
  await server.stop()
  const ratios = times.with.map((ms, n) => (times.without[n] as number) / ms)
  return [
    {
      name: `events: 200 a second to ${listeners} listeners, p99 from writing to arrival`,
      measured: `${received} received`,
      ...{ floor: '-', value: median(p99), unit: 'ms', target: 250, better: 'less', note: spread(p99) },
    },
    {
      name: `events: ${CHANGING} reports with ${listeners} listeners, against none`,
      measured: `${median(times.with).toFixed(1)} ms`,
      floor: `${median(times.without).toFixed(1)} ms`,
      ...{ value: median(ratios), unit: 'ratio', target: 0.95, better: 'more', note: spread(ratios) },
    },
  ]
}

/** What lists of a large fleet are asked for. */
const LISTS = [
  '/internal/tasks',
  '/internal/tasks?state=dead',
  '/internal/tasks?kind=source.run&state=queued',
  '/internal/tasks?site_key=shop7',
  '/internal/tasks?worker_id=w3&view=summary',
  '/internal/tasks?group=host:shop7.example',
  '/internal/tasks?q=needle',
  '/internal/tasks?source_id=77',
  '/internal/tasks?run_id=500',
  '/internal/tasks?from=2026-01-05T00:00:00Z&to=2026-01-05T01:00:00Z',
  '/internal/runs',
  '/internal/runs?status=failed',
  '/internal/runs?status=partial',
  '/internal/runs?site_key=shop7',
  '/internal/runs?source_id=77',
  '/internal/runs?trigger=force&min_items=90',
  '/internal/runs?q=needle',
  '/internal/runs?from=2026-01-05T00:00:00Z&to=2026-01-05T01:00:00Z',
]
const STATES = "case n % 100 when 0 then 'dead' when 1 then 'failed' when 2 then 'queued' else 'completed' end"
/** Tasks and runs of a million, made ten seconds apart from the first of January 2026 on. */
const fillStatements = (count: number, dialect: 'sqlite' | 'postgres'): string[] => {
  const isLite = dialect === 'sqlite'
  const start = Date.parse('2026-01-01T00:00:00Z')
  const ms = `(${start} + n * ${isLite ? '10000' : '10000::bigint'})`
  const at = isLite ? ms : `to_timestamp(${ms} / 1000.0)`
  const series = isLite
    ? `(with recursive s(n) as (select 1 union all select n + 1 from s where n < ${count}) select n from s)`
    : `generate_series(1, ${count}) n`
  const hex = isLite ? `printf('%012x', ${ms})` : `lpad(to_hex(${ms}), 12, '0')`
  const low = isLite ? `printf('%012x', n)` : `lpad(to_hex(n), 12, '0')`
  const id = `substr(${hex}, 1, 8) || '-' || substr(${hex}, 9, 4) || '-7000-8000-' || ${low}`
  const uuid = isLite ? id : `(${id})::uuid`
  const json = isLite
    ? `json_object('source_id', n % 10000 + 1, 'url', 'https://shop.example/' || n, 'run_id', n)`
    : `jsonb_build_object('source_id', n % 10000 + 1, 'url', 'https://shop.example/' || n, 'run_id', n)`
  const sources = Math.min(10_000, count)
  return [
    `insert into parsing_sources (url, url_hash, type, site_key, strategy, priority, refresh_interval_hours, overlap, is_active, status, next_sync_at, config, created_at, updated_at)
      select 'https://shop.example/' || n, 'hash' || n, 'list', 'shop' || (n % 50), 'deep', 50, 24, 'skip', ${isLite ? 1 : true}, 'waiting', ${at}, '{}', ${at}, ${at}
      from ${series} where n <= ${sources}`,
    `insert into tasks (id, kind, payload, priority, state, run_after, max_attempts, lease_owner, group_key, site_key, created_at, updated_at)
      select ${uuid}, case n % 10 when 0 then 'scoring' else 'source.run' end, ${json}, 50, ${STATES}, ${at}, 5, 'w' || (n % 20), 'host:shop' || (n % 50) || '.example', 'shop' || (n % 50), ${at}, ${at} from ${series}`,
    `insert into parsing_runs (source_id, site_key, task_id, status, strategy, trigger, items_scraped, items_rejected, error, last_activity_at, created_at, updated_at)
      select n % ${sources} + 1, 'shop' || (n % 50), ${uuid}, case n % 100 when 0 then 'failed' else 'completed' end, 'deep', case n % 50 when 0 then 'force' else 'schedule' end, n % 100,
        case n % 40 when 0 then 1 else 0 end, case n % 100 when 0 then 'HTTP 503' end, ${at}, ${at}, ${at} from ${series}`,
  ]
}
/** The slowest of the lists: p99 of each over HTTP. */
const lists = async (name: string, server: Running, { smoke }: Scale, rows: number): Promise<Row> => {
  const slow: [number, string][] = []
  for (const path of LISTS) {
    const took: number[] = []
    for (let n = 0; n < (smoke ? 3 : 120); n++) {
      const startedAt = performance.now()
      const response = await fetch(`${server.origin}${path}`, { headers: HEADERS })
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
      await response.arrayBuffer()
      if (n >= 20 || smoke) took.push(performance.now() - startedAt)
    }
    took.sort((a, b) => a - b)
    slow.push([took[Math.floor(took.length * 0.99)] as number, path])
  }
  slow.sort(([a], [b]) => b - a)
  const [[value, worst]] = slow as [[number, string]]
  return {
    name: `lists of ${rows} tasks and runs on ${name}, over HTTP: p99 of the slowest of ${LISTS.length} filters`,
    measured: worst,
    ...{ floor: '-', value, unit: 'ms', target: 50, better: 'less' },
    note: slow
      .slice(1, 4)
      .map(([ms, path]) => `${ms.toFixed(0)} ms ${path}`)
      .join(', '),
  }
}
const listsOnSqlite = async (scale: Scale): Promise<Row> => {
  const path = join(ownDirectory(), 'lists.db')
  await (await openDatabase({ url: `sqlite:${path}` })).close()
  const rows = scale.smoke ? 2000 : 1_000_000
  const filling = new Database(path)
  for (const statement of fillStatements(rows, 'sqlite')) filling.run(statement)
  filling.run('analyze')
  filling.close()
  const server = await startTrawl(path, { FAMILIES: 'gifty', ROLE: 'api' })
  const row = await lists('SQLite', server, scale, rows)
  await server.stop()
  return row
}
const listsOnPostgres = async (scale: Scale): Promise<Row> => {
  const base = await ownPostgres()
  const rows = scale.smoke ? 2000 : 1_000_000
  const sql = postgres(base.url, { max: 1, onnotice: () => {} })
  for (const statement of fillStatements(rows, 'postgres')) await sql.unsafe(statement)
  await sql.unsafe('vacuum analyze')
  await sql.end()
  const server = await startTrawl('unused', { DATABASE_URL: base.url, FAMILIES: 'gifty', ROLE: 'api' })
  const row = await lists('Postgres', server, scale, rows)
  await server.stop()
  await base.drop()
  return row
}

/** Lines appended to the logs of ten runs at once, 500 in a call. */
const logs = async (name: string, env: Record<string, string>, { smoke, rounds }: Scale): Promise<Row> => {
  const server = await startTrawl(join(ownDirectory(), 'logs.db'), { FAMILIES: 'gifty', ROLE: 'api', ...env })
  const runs: number[] = []
  for (let n = 0; n < 10; n++) {
    const { id } = await post(server, '/internal/sources', { url: `https://logs.example/${n}`, type: 'list', site_key: 'logs' })
    runs.push((await post(server, `/internal/sources/${id}/force-run`, {})).run_id)
  }
  const lines = Array.from({ length: LINES }, (_, n) => ({
    level: 'info',
    message: `page ${n}: 60 products in 812 ms, 3 links to follow`,
  }))
  const rates: number[] = []
  for (let round = 0; round <= Math.min(rounds, 5); round++) {
    const calls = smoke ? 1 : 8
    const startedAt = performance.now()
    await Promise.all(
      runs.map(async (id) => {
        for (let n = 0; n < calls; n++) await post(server, `/internal/runs/${id}/logs`, { lines })
      }),
    )
    if (round > 0 || smoke) rates.push((runs.length * calls * LINES * 1000) / (performance.now() - startedAt))
  }
  await server.stop()
  return {
    name: `logs: lines appended in batches of ${LINES} on ${name}, over HTTP, against 20,000 a second`,
    measured: `${median(rates).toFixed(0)} lines/s`,
    floor: '20000 lines/s',
    ...{
      value: median(rates) / 20_000,
      unit: 'ratio',
      target: 1,
      better: 'more',
      note: spread(rates.map((rate) => rate / 20_000)),
    },
  }
}

/** What an operator's view costs, and how quick it is (operations §2, §3, §6, §7). */
export const benchOperations = async (scale: Scale): Promise<Row[]> => {
  const rows = [
    await recordingOnSqlite(scale),
    ...(await fanOut(scale)),
    await listsOnSqlite(scale),
    await logs('SQLite', {}, scale),
  ]
  if (!postgresUrl) return rows
  const base = await ownPostgres()
  rows.push(
    await recordingOnPostgres(scale),
    await listsOnPostgres(scale),
    await logs('Postgres', { DATABASE_URL: base.url }, scale),
  )
  await base.drop()
  return rows
}
