import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { onEachDatabase } from '../support/databases.ts'
import { makeRig, type Rig } from './rig.ts'

/** Values that have broken servers: edges of numbers, texts no database stores, wrong types. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, '', ' ', '0', '-1', '1.5', 'NaN', '\u0000', '\ud800', '😀', [], {}, [[]], {
    a: null,
  }),
  fc.constantFrom<unknown>(0, -0, -1, 1, 0.5, 2 ** 31, 2 ** 53 - 1, -(2 ** 53), 1e21, 1e308, 5e-324),
  fc.constantFrom<unknown>(
    '9'.repeat(30),
    'x'.repeat(3000),
    'ё'.repeat(200),
    '2026-01-01',
    '1 499,50',
    "'; drop table tasks; --",
    '%',
    '\\',
    '{}',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.jsonValue({ maxDepth: 3 }),
)
/** `valid` with some fields made odd, dropped, or added. */
const mutated = (valid: Record<string, unknown>) =>
  fc
    .record(
      Object.fromEntries(
        Object.entries(valid).map(([key, value]) => [key, fc.oneof({ weight: 3, arbitrary: fc.constant(value) }, odd)]),
      ),
      {
        requiredKeys: [],
      },
    )
    .map((body) => body as unknown)
const body = (valid: Record<string, unknown>) => fc.oneof({ weight: 9, arbitrary: mutated(valid) }, odd)

const source = {
  ...{ url: 'https://a.example/', type: 'list', site_key: 'a', strategy: 'deep', priority: 5, refresh_interval_hours: 1 },
  ...{ is_active: true, config: { worker: 'web' }, schedule: { cron: '* * * * *', timezone: 'UTC' }, overlap: 'skip' },
}
const held = { worker_id: 'w1', fence: 1 }
const element = {
  ...{ title: 'T', product_url: 'https://a.example/p', site_key: 'a', description: 'd', price: 5, currency: 'EUR' },
  ...{ image_url: 'i', merchant: 'm', category: 'c', raw_data: { a: 1 } },
}
const discovered = { name: 'n', url: 'https://a.example/c', parent_url: 'p', site_key: 'a' }
const scoreOf = {
  ...{ gift_id: 'a:https://a.example/p', llm_gift_score: 5, llm_gift_reasoning: 'r', llm_scoring_model: 'm' },
  ...{ llm_scoring_version: '1', llm_gift_vector: { warmth: 1, age_suitability: { teen: 2 }, gender_bias: 'unisex' } },
}
const profile = {
  ...{ age: 5, gender: 'male', relationship: 'friend', occasion: 'birthday', vibe: 'v', interests: ['t'], budget: 5, limit: 3 },
  ...{ diversity: 0.5, debug: true, interests_description: 'd', constraints: { exclude_keywords: ['x'], min_price: 1 } },
}
/** What a client can send, by route; `:id` and `:task` stand for one that exists. */
const routes = {
  'POST /internal/sources': body(source),
  'PATCH /internal/sources/:id': body(source),
  'POST /internal/sources/:id/toggle': body({ is_active: true }),
  'POST /internal/sources/:id/force-run': body({ strategy: 'deep' }),
  'POST /internal/sources/:id/report-status': body({ status: 'running', run_id: 1 }),
  'POST /internal/sources/:id/report-logs': body({ logs: 'x', run_id: 1 }),
  'POST /internal/sources/:id/report-error': body({ error: 'x', is_broken: false, run_id: 1 }),
  'POST /internal/sources/sync-spiders': fc.record({ available_spiders: fc.oneof(fc.array(odd, { maxLength: 6 }), odd) }),
  'POST /internal/sources/backlog/activate': fc.record({ source_ids: fc.oneof(fc.array(odd, { maxLength: 6 }), odd) }),
  'POST /internal/ingest-batch': fc.record({
    items: fc.oneof(fc.array(body(element), { maxLength: 4 }), odd),
    categories: fc.oneof(fc.array(body(discovered), { maxLength: 3 }), odd),
    source_id: fc.oneof(fc.constant(0), fc.constant(1), odd),
  }),
  'POST /internal/workers/lease': body({ worker_id: 'w1', kinds: ['source.run', 'notification'], max: 2, lease_seconds: 60 }),
  'POST /internal/workers/tasks/:task/heartbeat': body({ ...held, lease_seconds: 60, progress: { a: 1 } }),
  'POST /internal/workers/tasks/:task/complete': body({ ...held, result: { logs: 'x' } }),
  'POST /internal/workers/tasks/:task/fail': body({ ...held, error: 'x', retryable: true }),
  'POST /internal/workers/tasks/:task/release': body(held),
  'POST /internal/workers/tasks/complete': fc.record({
    worker_id: fc.constant('w1'),
    tasks: fc.array(body({ id: 'x', fence: 1, result: {} }), { maxLength: 3 }),
  }),
  'POST /internal/workers/heartbeat': body({
    hostname: 'h',
    pid: 1,
    concurrent_tasks: 1,
    ram_usage_pct: 1,
    cpu_usage: 1,
    status: 's',
    worker_id: 'w',
  }),
  'POST /internal/scoring/submit': fc.record({ results: fc.oneof(fc.array(body(scoreOf), { maxLength: 4 }), odd) }),
  'POST /internal/categories/submit': fc.record({
    results: fc.oneof(fc.array(body({ external_name: 'c', internal_category_id: 1 }), { maxLength: 4 }), odd),
  }),
  'PUT /internal/categories/tree': fc.oneof(fc.array(body({ id: 1, name: 'n', parent_id: 2 }), { maxLength: 4 }), odd),
  'POST /internal/recommendations': body(profile),
  'POST /internal/tasks/redrive': body({ ids: ['x'], kind: 'notification', limit: 5 }),
  'POST /internal/tasks/:task/cancel': fc.constant({}),
  'POST /internal/telegram/subscribers': body({ chat_id: 8, name: 'n', slug: '@s' }),
  'PATCH /internal/telegram/subscribers/7': body({ name: 'n', slug: 's', is_active: true }),
  'POST /internal/telegram/subscribers/7/permissions': fc.oneof(fc.array(odd, { maxLength: 4 }), odd),
  'POST /internal/telegram/invites': body({ username: 'u', password: '', name: 'n', mentor_id: 1, permissions: ['p'] }),
  'POST /internal/telegram/invites/claim': body({ username: 'u', password: '', chat_id: 9, name: 'n' }),
  'POST /internal/webapp/auth': body({ init_data: 'auth_date=1&user=%7B%22id%22%3A7%7D&hash=00' }),
  'POST /internal/weeek/connect': body({ telegram_chat_id: 9, weeek_api_token: 't', timezone: 'UTC' }),
  'POST /internal/weeek/tasks': body({ telegram_chat_id: 9, title: 't', project_id: 1, board_id: 'b', due_date: '2026-01-01' }),
  'POST /internal/weeek/tasks/1/reschedule': body({ telegram_chat_id: 9, new_date: '2026-01-01', reason: 'r' }),
  'POST /internal/weeek/tasks/1/complete': body({ telegram_chat_id: 9 }),
}
/** Queries of the read routes, by name. */
const queries: Record<string, string[]> = {
  '/internal/sources': ['site_key', 'status', 'is_active', 'limit', 'after_id'],
  '/internal/sources/backlog': ['limit'],
  '/internal/sources/:id/runs': ['limit', 'cursor'],
  '/internal/scoring/tasks': ['limit', 'worker_id', 'lease_seconds'],
  '/internal/categories/tasks': ['limit', 'worker_id', 'lease_seconds'],
  '/internal/tasks': ['status', 'kind', 'limit', 'cursor'],
  '/internal/telegram/subscribers': ['limit', 'after_id'],
  '/internal/weeek/tasks': ['telegram_chat_id', 'type', 'project_id'],
  '/analytics/trends': ['days'],
  '/internal/products': ['site_key', 'category', 'min_price', 'max_price', 'is_active', 'gift_id', 'limit', 'cursor'],
}
const queryValue = odd.map((value) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')))
const cursor = fc.array(odd, { maxLength: 3 }).map((place) => Buffer.from(JSON.stringify(place)).toString('base64url'))
const reads = fc.constantFrom(...Object.keys(queries)).chain((path) =>
  fc
    .record(Object.fromEntries((queries[path] as string[]).map((name) => [name, name === 'cursor' ? cursor : queryValue])), {
      requiredKeys: [],
    })
    .map((query) => [path, query as Record<string, string>] as const),
)
const KNOWN = new Set([200, 400, 403, 404, 409, 413, 415, 422, 429])
const CREDENTIALS = { 'x-internal-token': 'dev-internal-token', 'x-analytics-token': 'dev-analytics-token' }

onEachDatabase('gifty fuzz', (database) => {
  const place = async (app: Rig) => {
    const { id } = await app.source()
    const { task_id } = await app.force(id)
    await app.ok('PATCH', `/internal/sources/${id}`, { overlap: 'queue_one' })
    return (path: string) => path.replace(':id', String(id)).replace(':task', task_id)
  }

  test('gifty §1.2: whatever a body holds, the answer is 200 or a documented refusal', async () => {
    const app = await makeRig(database, { env: { TELEGRAM_BOT_TOKEN: 'a-bot-token', WEEEK_API_BASE: 'http://127.0.0.1:1' } })
    const at = await place(app)
    await app.ok('POST', '/internal/telegram/subscribers', { chat_id: 7 })
    const request = fc
      .constantFrom(...Object.keys(routes))
      .chain((route) => routes[route as keyof typeof routes].map((given) => [route, given] as const))
    await fc.assert(
      fc.asyncProperty(request, async ([route, given]) => {
        const [method, path] = route.split(' ') as [string, string]
        app.clock.advance(10_000)
        const answer = await app.call(method, at(path), given)
        // Nobody listens at Weeek's address here.
        const known = KNOWN.has(answer.status) || (answer.status === 502 && path.startsWith('/internal/weeek/'))
        if (!known) throw new Error(`${route}: ${answer.status} ${JSON.stringify(answer.body)}`)
        if (answer.status !== 200)
          expect(Object.keys(answer.body)).toEqual(path.endsWith('/connect') ? ['error', 'detail'] : ['error'])
      }),
      { numRuns: 2200, seed: 20260115 },
    )
    // What all of that has left behind can still be worked with and read.
    await app.tick()
    for (const path of ['/sources', '/tasks', '/products', '/monitoring', '/stats', '/workers', '/telegram/subscribers'])
      await app.ok('GET', `/internal${path}`)
  })

  test('gifty §1.2: whatever a query holds, the answer is 200 or a documented refusal', async () => {
    const app = await makeRig(database)
    const at = await place(app)
    await fc.assert(
      fc.asyncProperty(reads, async ([path, query]) => {
        const answer = await app.get(`${at(path)}?${new URLSearchParams(query)}`, CREDENTIALS)
        if (!KNOWN.has(answer.status)) throw new Error(`${path} ${JSON.stringify(query)}: ${answer.status}`)
      }),
      { numRuns: 800, seed: 20260115 },
    )
  })
})
