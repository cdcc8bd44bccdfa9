import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { createApp } from '../../src/app.ts'
import type { Broker } from '../../src/platform/broker/index.ts'
import type { Db } from '../../src/platform/db/index.ts'
import { openPostgres } from '../../src/platform/db/postgres.ts'
import { type Person, rigOver, START } from '../love-parser/rig.ts'
import { ownPostgres } from '../support/databases.ts'
import { EVERY_FAMILY } from '../support/harness.ts'

/**
 * Postgres' plans of what the routes really ask, at 100,000 rows: the server explains each statement as it runs it (auto_explain) and
 * says so as a notice. A missing index changes no answer, only the number of rows that are read for it.
 */
const ROWS = 100_000
/** Rows that one answer may read of one table: pages, sets and what is looked at to fill them. */
const FEW = 2500
const CRAWLER = { authorization: 'Bearer dev-crawler-token' }

interface Node {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  Plans?: Node[]
}

const own = process.env.TEST_DATABASE_URL ? ownPostgres : undefined
if (!own) console.warn('skipped: plans of routes [postgres] (TEST_DATABASE_URL is not set)')

describe.skipIf(!own)('plans of routes at 100,000 rows [postgres]', () => {
  let database: Awaited<ReturnType<typeof ownPostgres>>
  let db: Db
  let rig: Awaited<ReturnType<typeof rigOver>>
  let person: Person
  let search: string
  const plans: Node[] = []
  const run = (text: string) => db.sql(sql.raw(text))

  /** Makes `n` rows of the one that is there; `changed` says what differs, `n` counts. */
  const multiply = async (table: string, n: number, changed: Record<string, string>, where = 'true') => {
    const columns = (
      await db.sql<{ name: string }>(
        sql`select column_name as name from information_schema.columns where table_schema = 'public' and table_name = ${table} order by ordinal_position`,
      )
    ).map((row) => row.name)
    const values = columns.map((name) => changed[name] ?? `t.${name}`)
    await run(
      `insert into ${table} (${columns.join(', ')}) overriding system value select ${values.join(', ')} from (select * from ${table} where ${where} limit 1) t, generate_series(1, ${n}) n`,
    )
  }
  /** Runs something and answers the plans' nodes that touch a table. */
  const explained = async (what: () => Promise<unknown>): Promise<Node[]> => {
    plans.length = 0
    await what()
    const nodes: Node[] = []
    const walk = (node: Node) => {
      if (node['Relation Name'] !== undefined || node['Index Name'] !== undefined) nodes.push(node)
      for (const child of node.Plans ?? []) walk(child)
    }
    for (const plan of plans) walk(plan)
    return nodes
  }
  const readRows = (node: Node) =>
    (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)) *
    node['Actual Loops']
  /** No statement of it reads more than a few rows of any table, and one of them uses the index. */
  const expectIndex = async (index: string, what: () => Promise<unknown>) => {
    const nodes = await explained(what)
    expect(nodes.map((node) => node['Index Name'])).toContain(index)
    const greedy = nodes
      .filter((node) => readRows(node) > FEW)
      .map((node) => `${node['Node Type']} ${node['Relation Name'] ?? node['Index Name']}: ${readRows(node)} rows`)
    expect(greedy).toEqual([])
  }

  beforeAll(async () => {
    database = await (own as typeof ownPostgres)()
    const setUp = await openPostgres({ url: database.url, poolMax: 2 })
    for (const [name, value] of [
      ['session_preload_libraries', "'auto_explain'"],
      ['auto_explain.log_min_duration', '0'],
      ['auto_explain.log_analyze', 'on'],
      ['auto_explain.log_timing', 'off'],
      ['auto_explain.log_format', "'json'"],
      ['auto_explain.log_level', "'notice'"],
    ])
      await setUp.sql(
        sql.raw(
          `do $$ begin execute format('alter database %I set ${name} = %L', current_database(), ${value?.startsWith("'") ? value : `'${value}'`}); end $$`,
        ),
      )
    await setUp.close()
    db = await openPostgres({
      url: database.url,
      poolMax: 4,
      onNotice: ({ message = '' }) => {
        const json = /plan:\s*(\{[\s\S]*\})\s*$/.exec(message)?.[1]
        if (json) plans.push(JSON.parse(json).Plan as Node)
      },
    })
    // Rows that no code has written are announced nowhere: with a broker no worker could lease them.
    rig = await rigOver(db, { env: { ...EVERY_FAMILY, CRAWLER_RATE_LIMIT: '0' }, broker: 'none' })
    person = await rig.login()
    const at = `to_timestamp(${START / 1000})`
    await rig.post('/internal/sources', { url: 'https://one.example/', type: 'list', site_key: 'one' })
    await rig.post('/internal/sources/1/force-run', {})
    await multiply('parsing_sources', ROWS, {
      id: '1000 + n',
      url: "'https://s' || n || '.example/'",
      url_hash: "'h' || n",
      status: "'waiting'",
      priority: '1 + n % 100',
      // All of the past are done with, but for one in a thousand.
      next_sync_at: `${at} + (case when n % 1000 = 0 then -n else n end) * interval '1 second'`,
    })
    // One in a hundred belongs to one source.
    await multiply('parsing_runs', ROWS, {
      id: '1000 + n',
      source_id: 'case when n % 100 = 0 then 2000 else 1001 + n % 9999 end',
      task_id: 'gen_random_uuid()',
      status: "'completed'",
    })
    await multiply('tasks', ROWS, {
      id: 'gen_random_uuid()',
      state: "case when n % 50 = 0 then 'dead' when n % 3 = 0 then 'queued' else 'completed' end",
      dedupe_key: 'null',
      group_key: "'host:' || n % 500",
    })
    await rig.post('/internal/ingest-batch', {
      source_id: 0,
      items: [{ title: 'One', product_url: 'https://one.example/p', site_key: 'one', price: 1 }],
    })
    await multiply('products', ROWS, {
      gift_hash: "'h' || n",
      gift_id: "'one:' || n",
      updated_at: `${at} + n * interval '1 second'`,
      needs_scoring: 'n % 2 = 0',
      llm_gift_score: 'case when n % 4 = 0 then null else 5 end',
    })
    const task = { id: 'one', type: 'FETCH_ISSUES', credentials: { accessToken: 'glpat-plans' } }
    const made = await rig.post('/api/internal2/tasks', { type: 'task', data: task }, CRAWLER)
    expect(made).toMatchObject({ status: 201 })
    await multiply('crawler_tasks', ROWS, {
      id: "'t' || n",
      status: "case when n % 10 = 0 then 'running' else 'finished' end",
      created_at: 'created_at + n',
    })
    const created = await rig.post('/api/v1/parsing/search', { query: 'crypto' }, person.headers)
    search = created.body.search_id
    await run(`update parsing_history set status = 'completed', result_count = 50000`)
    await multiply('parsing_history', 1000, {
      id: 'gen_random_uuid()',
      task_id: 'gen_random_uuid()',
      created_at: "created_at - n * interval '1 minute'",
    })
    await run(`insert into parsed_channels (search_id, channel_id, title, member_count, activity_score, activity_level)
      select '${search}', n::text, 'c' || n, n * 7919::bigint % 50000, (n * 7919::bigint % 1000) / 1000.0, 'low' from generate_series(1, ${ROWS / 2}) n`)
    await run(`insert into parsed_channels (search_id, channel_id, title, member_count, activity_score, activity_level)
      select h.id, n::text, 'c' || n, n, 0.5, 'low' from (select id from parsing_history where id <> '${search}' limit 50) h, generate_series(1, 1000) n`)
    await run('analyze')
  }, 300_000)
  afterAll(async () => {
    await rig?.stop()
    await db?.close()
    await database?.drop()
  })

  test('gifty §2.5: due sources are read by their index, in the order of their priority', () =>
    expectIndex('parsing_sources_due_ix', () => rig.services.sources.tick()))
  test('gifty §2.2: the history of a source with 1,000 runs is a page of its index', () =>
    expectIndex('parsing_runs_history_ix', async () =>
      expect((await rig.get('/internal/sources/2000/runs?limit=50')).body.items).toHaveLength(50),
    ))
  test('gifty §5: unscored products are read in the order of their index', () =>
    expectIndex('products_unscored_ix', async () =>
      expect((await rig.get('/internal/scoring/tasks?limit=50')).body).toHaveLength(50),
    ))
  test('gifty §4: a page of tasks, and of those in one state', async () => {
    await expectIndex('tasks_kind_ix', async () =>
      expect((await rig.get('/internal/tasks?kind=source.run&limit=50')).body.tasks).toHaveLength(50),
    )
    await expectIndex('tasks_kind_ix', async () =>
      expect((await rig.get('/internal/tasks?kind=source.run&status=dead&limit=50')).body.tasks).toHaveLength(50),
    )
  })
  test('gifty §4: a lease reads ready tasks in order', () =>
    expectIndex('tasks_offer_ix', async () =>
      expect(
        (await rig.post('/internal/workers/lease', { worker_id: 'w', kinds: ['source.run'], max: 25 })).body.tasks,
      ).toHaveLength(25),
    ))
  test('operations §3: a search of tasks reads a window of 5,000, by their ids', async () => {
    for (const query of ['q=needle', 'site_key=nobody', 'worker_id=w', 'group=host:x', 'source_id=77']) {
      const nodes = await explained(async () =>
        expect((await rig.get(`/internal/tasks?${query}&limit=10`)).body.tasks).toEqual([]),
      )
      expect(nodes.map((node) => node['Index Name'])).toContain('tasks_pkey')
      expect([query, Math.max(...nodes.map(readRows)) <= 5000]).toEqual([query, true])
    }
  })
  test('operations §2: runs of a status, a site and a source are read by their indices', async () => {
    await expectIndex('parsing_runs_status_ix', async () =>
      expect((await rig.get('/internal/runs?status=failed&limit=10')).body.items).toHaveLength(0),
    )
    await expectIndex('parsing_runs_history_ix', async () =>
      expect((await rig.get('/internal/runs?source_id=2000&limit=10')).body.items).toHaveLength(10),
    )
    await expectIndex('parsing_runs_site_ix', async () =>
      expect((await rig.get('/internal/runs?site_key=nobody&limit=10')).body.items).toHaveLength(0),
    )
  })
  test('gifty §4: a page of leased tasks is found by their leases', () =>
    expectIndex('tasks_lease_ix', async () =>
      expect((await rig.get('/internal/tasks?kind=source.run&status=leased&limit=10')).body.tasks).toHaveLength(10),
    ))
  test('gifty §4: a purge looks at no task that has been made since', () =>
    expectIndex('tasks_kind_ix', async () => expect(await rig.db.tx((tx) => createApp(rig.platform).engine.purge(tx))).toBe(0)))
  test('gifty §2.7: with a broker a lease begins at the messages that have not left, however many wait there', async () => {
    await run(`insert into outbox (queue, message_id, body, published_at, created_at)
      select 'parsing_tasks', id::text, '{}', now(), now() from tasks where kind = 'source.run' and state = 'queued'`)
    await run('update outbox set published_at = null where id in (select id from outbox order by id limit 30)')
    await run('analyze outbox')
    const empty: Broker = {
      ...{ isUp: () => true, take: async () => [], publish: async () => {} },
      ...{ onUp: () => () => {}, close: async () => {} },
    }
    const { engine } = createApp({ ...rig.platform, broker: empty })
    await expectIndex('outbox_unpublished_ix', async () =>
      expect(await engine.lease({ owner: 'w', kinds: ['source.run', 'notification'], max: 25, leaseMs: 60_000 })).toHaveLength(
        25,
      ),
    )
    await run('delete from outbox')
  })
  test('gitlab-crawler §7.3: a page of tasks with a status', async () => {
    const nodes = await explained(async () => {
      const answer = await rig.get('/api/internal2/tasks?status=running&limit=10', CRAWLER)
      expect(answer.body.data).toHaveLength(10)
    })
    expect(nodes.map((node) => node['Index Name'])).toContain('crawler_tasks_status_ix')
    expect(nodes.map((node) => node['Node Type'])).not.toContain('Seq Scan')
  })
  test('love-parser §6: a page of 100,000 results, by each order', async () => {
    for (const [by, index] of [
      ['subscribers', 'parsed_channels_members_ix'],
      ['activity', 'parsed_channels_activity_ix'],
    ] as const)
      await expectIndex(index, async () =>
        expect(
          (await rig.get(`/api/v1/parsing/${search}/results?limit=50&sort_by=${by}`, person.headers)).body.results,
        ).toHaveLength(50),
      )
  })
  test('love-parser §6: a page of the history of one with 1,000 searches', () =>
    expectIndex('parsing_history_user_ix', async () =>
      expect((await rig.get('/api/v1/parsing/history?limit=20', person.headers)).body).toHaveLength(20),
    ))
})
