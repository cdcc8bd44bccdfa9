import type { Database } from 'bun:sqlite'
import { join } from 'node:path'
import postgres from 'postgres'
import { BATCH, compare, line, post, type Side, WORKERS, workOverHttp, workTogether } from './fleet-rig.ts'
import { openFloor } from './floor-work.ts'
import { ownPostgres, postgresUrl } from './postgres-database.ts'
import { ownDirectory, type Row, type Running, type Scale, startTrawl } from './rig.ts'

const CRAWLER_TOKEN = 'bench-crawler-token'
const CRAWLER = { authorization: `Bearer ${CRAWLER_TOKEN}`, 'content-type': 'application/json' }
const SCORE = {
  llm_gift_score: 7.25,
  llm_gift_reasoning: 'A gift that fits many people and most occasions, and is easy to like',
  llm_scoring_model: 'judge',
  llm_scoring_version: '1',
  llm_gift_vector: {
    wow_factor: 7,
    warmth: 6,
    romance: 2,
    practicality: 5,
    usage_frequency: 4,
    aesthetics: 7,
    gender_bias: 'unisex',
  },
}
const AXES = JSON.stringify(SCORE.llm_gift_vector)

/** Raw SQL of a floor, on either database. Steps of `together` are one transaction; values are bound by number. */
interface Raw {
  dialect: 'sqlite' | 'postgres'
  together(steps: (run: (text: string, values?: unknown[]) => Promise<any[]>) => Promise<number>): Promise<number>
  /** One statement that commits by itself. */
  run(text: string, values?: unknown[]): Promise<any[]>
  close(): Promise<unknown>
}
const rawPostgres = (url: string): Raw => {
  const sql = postgres(url, { max: 10, onnotice: () => {} })
  const by =
    (of: { unsafe: postgres.Sql['unsafe'] }) =>
    (text: string, values: unknown[] = []) =>
      of.unsafe(text, values as any[], { prepare: true }) as unknown as Promise<any[]>
  return {
    dialect: 'postgres',
    together: async (steps) => (await sql.begin((tx) => steps(by(tx)))) as number,
    run: by(sql),
    close: () => sql.end(),
  }
}
/** In process: no statement of another caller comes between the steps of one, because they run one after the other. */
const rawSqlite = (db: Database): Raw => {
  const run = async (text: string, values: unknown[] = []) => db.query(text.replaceAll('$', '?')).all(...(values as any[]))
  let last: Promise<unknown> = Promise.resolve()
  const together: Raw['together'] = (steps) => {
    const mine = last.then(async () => {
      db.run('begin immediate')
      const answer = await steps(run)
      db.run('commit')
      return answer
    })
    last = mine.then(() => new Promise((resolve) => setImmediate(resolve)))
    return mine
  }
  return { dialect: 'sqlite', together, run, close: async () => db.close() }
}
const either = (raw: Raw, sqlite: string, onPostgres: string) => (raw.dialect === 'sqlite' ? sqlite : onPostgres)
const nowOf = (raw: Raw) => either(raw, "(unixepoch('subsec') * 1000)", 'now()')
const idsOf = (raw: Raw, ids: string[]) => (raw.dialect === 'sqlite' ? JSON.stringify(ids) : (ids as unknown))
const inIds = (raw: Raw, column: string, type: string) =>
  `${column} ${either(raw, 'in (select value from json_each($1))', `= any($1::${type}[])`)}`

const LIVE = `state in ('queued', 'leased', 'paused', 'cancelling') and dedupe_key is not null`

/** Products that want a score, newest first, and no task. */
const fillProducts = async (raw: Raw, count: number) => {
  for (const table of ['tasks', 'products']) await raw.run(`delete from ${table}`)
  const series = either(
    raw,
    `(with recursive s(n) as (select 1 union all select n + 1 from s where n < ${count}) select n from s)`,
    `generate_series(1, ${count})`,
  )
  const at = either(raw, '1700000000000 + n', `timestamptz '2026-01-01' + n * interval '1 ms'`)
  await raw.run(`insert into products (gift_hash, gift_id, site_key, title, price, currency, product_url, merchant, category, category_key, is_active, content_text,
      content_hash, needs_scoring, created_at, updated_at, last_seen_at)
    select 'hash' || n, 'shop:https://shop.example/p/' || n, 'shop', 'A product with a name of some length ' || n, 19.5, 'EUR', 'https://shop.example/p/' || n, 'Shop',
      'Toys', 'Toys', true, 'A product with a name of some length ' || n || ' Toys and a description that says what it is good for Shop', 'content' || n, true, ${at}, ${at}, ${at}
    from ${series} s${either(raw, '', '(n)')}`)
  // As in a fleet that has worked for a while: on an empty table Postgres would plan for an empty one, and keep the plan as it grows.
  await raw.run(`insert into tasks (id, kind, payload, priority, state, run_after, max_attempts, dedupe_key, created_at, updated_at, finished_at)
    select ${either(raw, 'lower(hex(randomblob(16)))', 'gen_random_uuid()')}, 'scoring', '{}', 10, 'completed', ${at}, 5, 'old' || n, ${at}, ${at}, ${at}
    from ${series} s${either(raw, '', '(n)')}`)
  if (raw.dialect === 'postgres') for (const table of ['tasks', 'products']) await raw.run(`vacuum analyze ${table}`)
}
/** The same changes by hand: tasks made of unscored products as they are leased; the tasks ended and the scores written. */
const scoreByHand = (raw: Raw) => async (worker: string, max: number) => {
  const now = nowOf(raw)
  const later = either(raw, `${now} + 60000`, `${now} + interval '60 s'`)
  const payload = `${either(raw, 'json_object', 'jsonb_build_object')}('gift_id', gift_id, 'title', title, 'category', category, 'merchant', merchant, 'price', price,
    'image_url', image_url, 'content_text', content_text, 'content_hash', content_hash)`
  const rows = `select gift_hash, ${payload} as payload from products p where is_active and needs_scoring and llm_gift_score is null
    and not coalesce((select true from tasks t where t.kind = 'scoring' and t.dedupe_key = p.gift_hash and ${LIVE}), false)
    order by updated_at desc, gift_id limit $2`
  const id = either(raw, 'lower(hex(randomblob(16)))', 'gen_random_uuid()')
  let leased: any[] = []
  await raw.together(async (run) => {
    // Or two would make tasks of the same rows.
    if (raw.dialect === 'postgres') await run('select pg_advisory_xact_lock(1)')
    leased = await run(
      `insert into tasks (id, kind, payload, priority, state, run_after, attempts, max_attempts, lease_owner, lease_expires_at, lease_ms, fence, dedupe_key,
          requeues, expires_at, created_at, updated_at)
        select ${id}, 'scoring', payload, 10, 'leased', ${now}, 1, 5, $1, ${later}, 60000, 1, gift_hash, 0, ${later}, ${now}, ${now}
        from (${rows}${either(raw, '', '::int')}) r where true on conflict do nothing returning id, payload`,
      [worker, max],
    )
    return leased.length
  })
  if (leased.length === 0) return 0
  return raw.together(async (run) => {
    const done = await run(
      `update tasks set state = 'completed', last_end = 'complete', finished_at = ${now}, lease_expires_at = null, updated_at = ${now}
        where ${inIds(raw, 'id', 'uuid')} and state = 'leased' and lease_owner = $2 returning dedupe_key, payload ->> 'content_hash' as content_hash`,
      [
        idsOf(
          raw,
          leased.map((task) => task.id),
        ),
        worker,
      ],
    )
    const given = done.map((row) => ({ key: row.dedupe_key, hash: row.content_hash, score: SCORE.llm_gift_score, vector: AXES }))
    const scores = either(
      raw,
      `(select value ->> 'key' as key, value ->> 'hash' as hash, value ->> 'score' as score, value ->> 'vector' as vector from json_each($1))`,
      `jsonb_to_recordset($1::text::jsonb) as`,
    )
    await run(
      `update products set llm_gift_score = s.score, llm_gift_reasoning = $2, llm_scoring_model = $3, llm_scoring_version = $4, llm_gift_vector = s.vector${either(raw, '', '::jsonb')},
        llm_scored_hash = s.hash, needs_scoring = s.hash <> products.content_hash, llm_scored_at = ${now}
        from ${scores} s${either(raw, '', '(key text, hash text, score float8, vector text)')} where products.gift_hash = s.key`,
      [JSON.stringify(given), SCORE.llm_gift_reasoning, SCORE.llm_scoring_model, SCORE.llm_scoring_version],
    )
    return done.length
  })
}

/** Crawler tasks are made over HTTP once, and queued anew by hand before each round. */
const makeCrawlerTasks = async (server: Running, count: number) => {
  for (let made = 0; made < count; made += 500) {
    const tasks = Array.from({ length: Math.min(500, count - made) }, (_, n) => ({
      id: `seed-${made + n}`,
      type: 'FETCH_ISSUES',
      credentials: { accessToken: 'bench-access-token' },
      apiEndpoint: 'https://gitlab.example/api/v4',
      options: { resourceId: `group/project-${made + n}` },
    }))
    await post(server, '/api/internal2/tasks/bulk', { tasks }, CRAWLER)
  }
}
const queueAgain = async (raw: Raw) => {
  for (const table of ['crawler_timeline', 'crawler_events']) await raw.run(`delete from ${table}`)
  await raw.run(
    `update tasks set state = 'queued', attempts = 0, lease_owner = null, lease_ms = null, last_end = null, finished_at = null where state <> 'queued'`,
  )
  await raw.run(
    `update crawler_tasks set status = 'queued', started_at = null, finished_at = null, timeline_size = 0 where status <> 'queued'`,
  )
  if (raw.dialect === 'postgres')
    for (const table of ['tasks', 'crawler_tasks', 'crawler_timeline', 'crawler_events']) await raw.run(`vacuum analyze ${table}`)
}
/** A lease of 25, and a report of each that it is done: 25 at once, as a crawler that works on so many sends them. */
const crawlOverHttp = (server: Running, count: number) =>
  workTogether(count, async (workerId, max) => {
    const { data } = await post(server, '/api/internal2/tasks/lease', { workerId, max, leaseSeconds: 60 }, CRAWLER)
    const report = ({ id, lease: { fence } }: any) =>
      post(
        server,
        `/api/internal2/tasks/${id}/progress`,
        { type: 'completed', workerId, fence, processed: 10, total: 10 },
        CRAWLER,
      )
    for (const { data: answer } of await Promise.all(data.map(report)))
      if (answer.currentStatus !== 'completed') throw new Error(JSON.stringify(answer))
    return data.length
  })
const frame = (task: string, type: string) =>
  JSON.stringify({
    type,
    data: { taskId: task, timestamp: '2026-01-01T00:00:00.000Z', serverGenerated: true, status: 'running' },
    id: 'floor',
  })
/** The same changes by hand: a lease in sets (task, crawler's row, two events and a line of the timeline each), and a transaction for each report. */
const crawlByHand = (raw: Raw) => async (worker: string, max: number) => {
  const now = nowOf(raw)
  const ms = either(raw, now, '(extract(epoch from now()) * 1000)::bigint')
  const later = either(raw, `${now} + 60000`, `${now} + interval '60 s'`)
  /** The rows of one insert, from a JSON list of lists. */
  const rowsOf = (columns: number) =>
    either(
      raw,
      `select ${Array.from({ length: columns }, (_, n) => `value ->> ${n}`).join(', ')}, ${ms} from json_each($1)`,
      `select ${Array.from({ length: columns }, (_, n) => `value ->> ${n}`).join(', ')}, ${ms} from jsonb_array_elements($1::text::jsonb)`,
    )
  const append = async (run: Raw['run'], events: string[][], lines: string[][]) => {
    await run(`insert into crawler_events (task_id, type, frame, created_at) ${rowsOf(3)}`, [JSON.stringify(events)])
    await run(`insert into crawler_timeline (task_id, event, details, at) ${rowsOf(3)}`, [JSON.stringify(lines)])
  }
  let ids: { engine: string; task: string }[] = []
  await raw.together(async (run) => {
    const found = `select id from tasks where state = 'queued' and kind = 'crawler.FETCH_ISSUES' and run_after <= ${now} order by priority desc, run_after, requeues, id limit $2`
    const leased = await run(
      `update tasks set state = 'leased', attempts = attempts + 1, fence = fence + 1, lease_owner = $1, lease_expires_at = ${later}, lease_ms = 60000, last_end = null,
        updated_at = ${now} where id ${either(raw, `in (${found})`, `= any(array(${found}::int for update skip locked))`)} returning id, payload ->> 'task_id' as task`,
      [worker, max],
    )
    ids = leased.map(({ id, task }) => ({ engine: id, task }))
    const tasks = ids.map(({ task }) => task)
    await run(
      `update crawler_tasks set status = 'running', started_at = ${ms}, active_at = ${ms}, updated_at = ${ms}, timeline_size = timeline_size + 1 where ${inIds(raw, 'id', 'text')}`,
      [idsOf(raw, tasks)],
    )
    await append(
      run,
      tasks.flatMap((task) => [
        [task, 'status', frame(task, 'status')],
        [task, 'timeline', frame(task, 'timeline')],
      ]),
      tasks.map((task) => [task, 'status_change', '{"from":"queued","to":"running"}']),
    )
    return ids.length
  })
  const reports = ids.map(({ engine, task }) =>
    raw.together(async (run) => {
      const [row] = await run(
        `select c.* from crawler_tasks c join tasks t on t.id = c.engine_task_id where c.id = $1 and t.state = 'leased' and t.lease_owner = $2${either(raw, '', ' for update')}`,
        [task, worker],
      )
      const progress = JSON.stringify({ ...JSON.parse(row.progress), processed: 10, total: 10, percentage: 100 })
      await run(
        `update tasks set state = 'completed', last_end = 'report', finished_at = ${now}, lease_expires_at = null, updated_at = ${now} where id = $1${either(raw, '', '::uuid')} returning id`,
        [engine],
      )
      await run(
        `update crawler_tasks set status = 'finished', progress = $2, finished_at = ${ms}, active_at = ${ms}, updated_at = ${ms}, timeline_size = timeline_size + 2 where id = $1 returning id`,
        [task, progress],
      )
      await append(
        run,
        ['progress', 'status', 'timeline'].map((type) => [task, type, frame(task, type)]),
        [
          [task, 'status_change', '{"from":"running","to":"completed"}'],
          [task, 'completion', ''],
        ],
      )
      return 1
    }),
  )
  return (await Promise.all(reports)).length
}

interface Kind {
  name: string
  family: 'gifty' | 'crawler'
  /** Before the first round. */
  make(server: Running, count: number): Promise<void>
  fill(raw: Raw, count: number): Promise<void>
  work(server: Running, count: number): Promise<number>
  byHand(raw: Raw): (worker: string, max: number) => Promise<number>
}
const KINDS: Kind[] = [
  {
    name: `scoring: lease and complete ${BATCH} by ${WORKERS} workers`,
    family: 'gifty',
    make: async () => {},
    fill: fillProducts,
    work: (server, count) => workOverHttp(server, 'scoring', count, SCORE),
    byHand: scoreByHand,
  },
  {
    name: `crawler task: lease ${BATCH}, report each, by ${WORKERS} workers`,
    family: 'crawler',
    make: makeCrawlerTasks,
    fill: queueAgain,
    work: crawlOverHttp,
    byHand: crawlByHand,
  },
]

const measure = async (kind: Kind, on: 'SQLite' | 'Postgres', scale: Scale): Promise<Row> => {
  const databases = on === 'Postgres' ? [await ownPostgres(), await ownPostgres()] : []
  const urls = [0, 1].map((n) => databases[n]?.url ?? join(ownDirectory(), 'kinds.db'))
  const env = { FAMILIES: kind.family, ROLE: 'api', CRAWLER_RATE_LIMIT: '0', CRAWLER_PROGRESS_RATE_LIMIT: '0' }
  const start = (n: number) =>
    startTrawl(urls[n] as string, on === 'Postgres' ? { ...env, DATABASE_URL: urls[n] as string } : env)
  const open = async (n: number) => {
    if (on === 'Postgres') return rawPostgres(urls[n] as string)
    const db = await openFloor(urls[n] as string, 'NORMAL')
    db.run('pragma busy_timeout=10000')
    return rawSqlite(db)
  }
  // As many as `compare` asks for.
  const count = Math.max(BATCH * WORKERS, scale.pairs * BATCH) * (scale.smoke ? 1 : 2)
  const maker = await start(1)
  await kind.make(maker, count)
  await maker.stop()
  const server = await start(0)
  await kind.make(server, count)
  const [filling, floor] = [await open(0), await open(1)]
  const byHand = kind.byHand(floor)
  const ours: Side = { fill: (n) => kind.fill(filling, n), work: (n) => kind.work(server, n) }
  const below: Side = { fill: (n) => kind.fill(floor, n), work: (n) => workTogether(n, byHand) }
  const measured = await compare(ours, below, scale)
  await server.stop()
  await Promise.all([filling.close(), floor.close()])
  for (const database of databases) await database.drop()
  return line(`${kind.name} on ${on}`, on === 'Postgres' ? 0.5 : 0.3, measured)
}

/** Scoring by the worker protocol and crawler tasks by the crawler's, over HTTP, against raw SQL that changes the same tables in sets. */
export const benchKinds = async (scale: Scale): Promise<Row[]> => {
  const rows: Row[] = []
  if (!postgresUrl) console.error('left out: scoring and crawler tasks on Postgres (TEST_DATABASE_URL is not set)')
  for (const kind of KINDS)
    for (const on of postgresUrl ? (['SQLite', 'Postgres'] as const) : (['SQLite'] as const))
      rows.push(await measure(kind, on, scale))
  return rows
}
