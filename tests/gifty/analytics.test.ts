import { afterEach, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { createLog } from '../../src/platform/log.ts'
import { INTERNAL } from '../support/app.ts'
import { onEachDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { iso, START } from '../support/fake-clock.ts'
import { type DoubleAnswer, type DoubleRequest, type UpstreamDouble, upstreamDouble } from '../support/upstream-double.ts'
import { adminOf } from './access-rig.ts'
import { codeOf, makeRig, problemOf, products, type Rig } from './rig.ts'

const TOKEN = { 'x-analytics-token': 'dev-analytics-token' }
/** In this order the five failures that open a circuit are not reached before each route has had its first. */
const ROUTES = ['funnel', 'stats', 'trends', 'technical', 'scraping']
const KEY = 'phx-a-secret-key-of-this-test'

const doubles: UpstreamDouble[] = []
afterEach(async () => {
  for (const double of doubles.splice(0)) await double.stop()
})
const double = (answer: (request: DoubleRequest) => DoubleAnswer) => {
  const made = upstreamDouble(answer)
  doubles.push(made)
  return made
}

/** PostHog as the contract describes it. */
const posthogAnswer = ({ body }: DoubleRequest): DoubleAnswer => {
  const { kind, series, dateRange } = body.query
  if (kind === 'TrendsQuery')
    return {
      json: {
        results: [
          {
            data: series[0].event === 'page_viewed' ? [5, 7, dateRange.date_from === '-1d' ? 42 : 9] : [1, 2, 3],
            labels: ['13-Jan', '14-Jan', '15-Jan'],
          },
        ],
      },
    }
  const counts: Record<string, number> = { quiz_started: 300, quiz_completed: 200, results_shown: 150, gift_clicked: 7 }
  const steps = series.map(({ event }: { event: string }) => ({
    name: event,
    count: counts[event],
    conversionRates: { total: counts[event]! / counts[series[0].event]! },
  }))
  return { json: { results: series.length > 2 ? [steps] : steps } }
}
const vector = (...samples: [Record<string, string>, string][]) => ({
  json: {
    status: 'success',
    data: { resultType: 'vector', result: samples.map(([metric, value]) => ({ metric, value: [1, value] })) },
  },
})
const prometheusAnswer = ({ query }: DoubleRequest): DoubleAnswer => {
  const asked = query.query as string
  if (asked.includes('5..')) return vector([{}, '0.123456'])
  if (asked.startsWith('sum(rate')) return vector([{}, '61.2349'])
  if (asked.startsWith('sum by')) return vector([{ spider: 'a' }, '10'], [{ spider: '__proto__' }, '3'], [{}, '99'])
  return vector([{}, asked.includes('error') ? '4' : '13'])
}
const lokiAnswer = (): DoubleAnswer => ({
  json: {
    status: 'success',
    data: {
      resultType: 'streams',
      result: [
        {
          stream: { job: 'a' },
          values: [
            ['1768478400000000003', `ERROR ${'x'.repeat(300)}`],
            ['1768478400000000001', 'error one'],
          ],
        },
        {
          stream: { job: 'b' },
          values: [
            ['1768478400000000002', 'exception with token=abcdef'],
            ['999', 'error old'],
          ],
        },
      ],
    },
  },
})

onEachDatabase('gifty analytics', (database) => {
  const redisMb = database.dialect === 'postgres' && process.env.TEST_REDIS_URL ? { redis_memory_mb: expect.any(Number) } : {}
  /** The process's own figures; what is not known is left out. */
  const figures = { ...redisMb, api_latency_ms: expect.any(Number), disk_usage_percent: expect.any(Number) }
  const rig = async (
    answers: { posthog?: typeof posthogAnswer; prometheus?: typeof posthogAnswer; loki?: () => DoubleAnswer } = {},
    log = createLog({ level: 'error', now: Date.now }),
  ) => {
    const posthog = double(answers.posthog ?? posthogAnswer)
    const prometheus = double(answers.prometheus ?? prometheusAnswer)
    const loki = double(answers.loki ?? lokiAnswer)
    const app = await makeRig(database, {
      log,
      env: {
        POSTHOG_HOST: `${posthog.origin}/`,
        POSTHOG_API_KEY: KEY,
        POSTHOG_PROJECT_ID: '77',
        PROMETHEUS_URL: prometheus.origin,
        LOKI_URL: loki.origin,
      },
    })
    return { app, posthog, prometheus, loki }
  }
  const get = async (app: Rig, route: string) => {
    const answer = await app.get(`/analytics/${route}`, TOKEN)
    expect([route, answer.status]).toEqual([route, 200])
    return answer.body
  }

  test('gifty §1.1: X-Analytics-Token opens /analytics and nothing else does', async () => {
    const app = await makeRig(database)
    const admin = await adminOf(app, 7)
    for (const prefix of ['/analytics', '/api/v1/analytics'])
      for (const route of ROUTES) {
        const path = `${prefix}/${route}`
        for (const headers of [{}, INTERNAL, admin]) {
          const refused = await app.get(path, headers)
          expect(codeOf(refused)).toEqual([401, 'unauthorized'])
          expect(refused.headers.get('www-authenticate')).toBe('Bearer')
        }
        for (const wrong of ['', 'wrong', 'dev-internal-token'])
          expect(await app.get(path, { 'x-analytics-token': wrong })).toMatchObject({
            status: 403,
            body: { error: { code: 'forbidden', message: 'Invalid analytics token' } },
          })
        expect((await app.get(`${path}/`, TOKEN)).status).toBe(200)
      }
    expect(codeOf(await app.get('/analytics/nothing'))).toEqual([404, 'not_found'])
    expect(codeOf(await app.post('/analytics/stats'))).toEqual([405, 'method_not_allowed'])
    const own = await makeRig(database, { env: { ANALYTICS_API_TOKEN: 'own' } })
    expect((await own.get('/analytics/stats', TOKEN)).status).toBe(403)
    expect((await own.get('/analytics/stats', { 'x-analytics-token': 'own' })).status).toBe(200)
    const off = await makeRig(database, { env: { ANALYTICS_API_TOKEN: '' }, log: createLog({ level: 'silent', now: Date.now }) })
    for (const headers of [{}, TOKEN, { 'x-analytics-token': '' }])
      expect(codeOf(await off.get('/analytics/stats', headers))).toEqual([503, 'not_configured'])
  })

  test("gifty §10: stats ask PostHog in the contract's words and answer its figures", async () => {
    const { app, posthog } = await rig()
    expect(await get(app, 'stats')).toEqual({
      ...{ dau: 42, quiz_completion_rate: 66.67, gift_ctr: 4.67, total_sessions: 300 },
      last_updated: iso(START),
    })
    expect(posthog.requests.map(({ method, path, headers }) => [method, path, headers.authorization])).toEqual(
      Array(3).fill(['POST', '/api/projects/77/query/', `Bearer ${KEY}`]),
    )
    const funnel = (events: string[], from: string) => ({
      query: { kind: 'FunnelsQuery', series: events.map((event) => ({ event })), dateRange: { date_from: from } },
    })
    const trend = (series: unknown, from: string) => ({
      query: { kind: 'TrendsQuery', series: [series], dateRange: { date_from: from }, interval: 'day' },
    })
    const bodies = () => posthog.requests.splice(0).map(({ body }) => body)
    expect(bodies()).toEqual(
      expect.arrayContaining([
        trend({ event: 'page_viewed', math: 'dau' }, '-1d'),
        funnel(['quiz_started', 'quiz_completed'], '-7d'),
        funnel(['results_shown', 'gift_clicked'], '-7d'),
      ]),
    )
    expect(await get(app, 'trends')).toEqual({
      ...{ dates: ['13-Jan', '14-Jan', '15-Jan'], dau_trend: [5, 7, 9], quiz_starts: [1, 2, 3] },
      last_updated: iso(START),
    })
    expect(bodies()).toEqual(
      expect.arrayContaining([trend({ event: 'page_viewed', math: 'dau' }, '-7d'), trend({ event: 'quiz_started' }, '-7d')]),
    )
    expect(await get(app, 'funnel')).toEqual({
      steps: [
        { name: 'quiz_started', count: 300, conversion_rate: 100 },
        { name: 'quiz_completed', count: 200, conversion_rate: 66.67 },
        { name: 'results_shown', count: 150, conversion_rate: 50 },
        { name: 'gift_clicked', count: 7, conversion_rate: 2.33 },
      ],
      last_updated: iso(START),
    })
    expect(bodies()).toEqual([funnel(['quiz_started', 'quiz_completed', 'results_shown', 'gift_clicked'], '-30d')])
  })

  test('gifty §10: trends clamp to 90 days, and less than one is 422', async () => {
    const { app, posthog } = await rig()
    for (const [days, from] of [
      ['90', '-90d'],
      ['91', '-90d'],
      ['100000', '-90d'],
      ['1', '-1d'],
    ]) {
      app.clock.advance(600_000)
      await get(app, `trends?days=${days}`)
      expect(posthog.requests.splice(0).map(({ body }) => body.query.dateRange.date_from)).toEqual([from, from])
    }
    for (const [days, type] of [
      ['0', 'greater_than_equal'],
      ['-1', 'greater_than_equal'],
      ['x', 'int_parsing'],
      ['', 'int_parsing'],
    ])
      expect(problemOf(await app.get(`/analytics/trends?days=${days}`, TOKEN))).toMatchObject({ type, loc: ['query', 'days'] })
    expect(posthog.requests).toHaveLength(0)
  })

  test('gifty §10: technical figures from Prometheus and Loki, rounded, lines cut and without secrets', async () => {
    const { app, prometheus, loki } = await rig()
    await app.ok('POST', '/internal/workers/heartbeat', { hostname: 'h', pid: 1, concurrent_tasks: 1, ram_usage_pct: 1 })
    expect(await get(app, 'technical')).toEqual({
      ...{ api_health: 'healthy', requests_per_minute: 61.23, error_rate_5xx: 0.1235, active_workers: 1 },
      last_errors: [`ERROR ${'x'.repeat(194)}...`, 'exception with token=[redacted]', 'error one', 'error old'],
      ...figures,
      last_updated: iso(START),
    })
    expect(prometheus.requests.map(({ method, path, query }) => [method, path, query.query])).toEqual(
      expect.arrayContaining([
        ['GET', '/api/v1/query', 'sum(rate(http_request_duration_seconds_count[5m])) * 60'],
        ['GET', '/api/v1/query', 'sum(rate(http_request_duration_seconds_count{status_code=~"5.."}[5m]))'],
      ]),
    )
    expect(loki.requests).toMatchObject([
      {
        method: 'GET',
        path: '/loki/api/v1/query_range',
        query: {
          ...{ query: '{job=~".+"} |~ "(?i)(error|exception)"', limit: '5', direction: 'backward' },
          ...{ start: `${START - 3_600_000}000000`, end: `${START}000000` },
        },
      },
    ])
  })

  test('gifty §10: scraping figures from Prometheus where it has data, else from the runs', async () => {
    const { app, prometheus } = await rig()
    const { id } = await app.source()
    await app.source({ is_active: false, site_key: 'b' })
    await app.ingest([...products(3, { category: 'Toys' }), ...products(1, { site_key: 'b', category: 'Mugs' })], {
      source_id: id,
    })
    await app.error((await app.source({ site_key: 'b' })).id, 'x')
    const common = { active_sources: 2, unmapped_categories: 2, last_updated: iso(START) }
    expect(await get(app, 'scraping')).toEqual({
      ...common,
      ...{ total_scraped_items: 13, ingestion_errors: 4 },
      spiders: { a: { items_scraped: 10 }, ['__proto__']: { items_scraped: 3 } },
    })
    expect(prometheus.requests.map(({ query }) => query.query).sort()).toEqual([
      'sum by (spider) (scraped_items_total)',
      'sum(ingestion_batches_total{status="error"})',
      'sum(scraped_items_total)',
    ])
    const own = { ...common, total_scraped_items: 4, ingestion_errors: 1, spiders: { shop: { items_scraped: 4 } } }
    prometheus.answer(() => vector())
    expect(await get(app, 'scraping')).toEqual(own)
    prometheus.answer(() => vector([{}, 'NaN']))
    expect(await get(app, 'scraping')).toEqual(own)
    await prometheus.down()
    expect(await get(app, 'scraping')).toEqual({ ...own, error: 'prometheus_unavailable' })
    const without = await makeRig(database)
    expect(await get(without, 'scraping')).toMatchObject({ active_sources: 0, total_scraped_items: 0, spiders: {} })
  })

  const ZEROS: Record<string, unknown> = {
    stats: { dau: 0, quiz_completion_rate: 0, gift_ctr: 0, total_sessions: 0 },
    trends: { dates: [], dau_trend: [], quiz_starts: [] },
    funnel: { steps: [] },
    technical: {
      ...{ api_health: 'error', requests_per_minute: 0, error_rate_5xx: 0, active_workers: 0, last_errors: [] },
      ...figures,
    },
    scraping: { active_sources: 0, unmapped_categories: 0, total_scraped_items: 0, ingestion_errors: 0, spiders: {} },
  }
  const firstOf = (route: string) => (route === 'technical' || route === 'scraping' ? 'prometheus' : 'posthog')

  test('gifty §13.21: with all upstreams down every route is 200 with zeros and a short error', async () => {
    const lines: string[] = []
    const { app, posthog, prometheus, loki } = await rig({}, createLog({ level: 'debug', write: (line) => lines.push(line) }))
    for (const upstream of [posthog, prometheus, loki]) await upstream.down()
    for (const route of ROUTES)
      expect(await get(app, route)).toEqual({
        ...(ZEROS[route] as object),
        last_updated: iso(START),
        error: `${firstOf(route)}_unavailable`,
      })
    const metrics = await (await app.app.handle(new Request('http://localhost/metrics'))).text()
    expect(metrics).toContain('trawl_upstream_calls_total{upstream="loki",outcome="unavailable"} 1')
    for (const secret of [KEY, posthog.origin, prometheus.origin, loki.origin]) {
      expect(lines.join('')).not.toContain(secret)
      expect(metrics).not.toContain(secret)
    }
  })

  test('gifty §10: without configuration PostHog is an error, Prometheus and Loki are none', async () => {
    const app = await makeRig(database)
    for (const route of ROUTES)
      expect(await get(app, route)).toEqual({
        ...(ZEROS[route] as object),
        ...(route === 'technical' ? { api_health: 'unknown' } : {}),
        last_updated: iso(START),
        ...(firstOf(route) === 'posthog' ? { error: 'posthog_not_configured' } : {}),
      })
  })

  test("gifty §10: whatever an upstream answers, the client gets the contract's shapes and one word", async () => {
    const garbage: [DoubleAnswer, string][] = [
      [new Response('<html>secret stack trace</html>'), 'bad_response'],
      [{ json: null }, 'bad_response'],
      [{ json: { results: 'x', data: { result: 'x' } } }, 'bad_response'],
      [
        { json: { results: [{ data: ['a'], count: 'b' }], status: 'success', data: { result: [{ value: 5, values: 5 }] } } },
        'bad_response',
      ],
      [{ json: { status: 'error', error: 'secret query text' } }, 'bad_response'],
      [{ json: { detail: 'secret' }, status: 401 }, 'bad_response'],
      [{ json: { detail: 'secret' }, status: 502 }, 'unavailable'],
    ]
    for (const [answer, reason] of garbage) {
      const { app } = await rig({
        posthog: () => (answer instanceof Response ? answer.clone() : answer),
        prometheus: () => (answer instanceof Response ? answer.clone() : answer),
        loki: () => (answer instanceof Response ? answer.clone() : answer),
      })
      for (const route of ROUTES)
        expect(await get(app, route)).toEqual({
          ...(ZEROS[route] as object),
          last_updated: iso(START),
          error: `${firstOf(route)}_${reason}`,
        })
      for (const used of doubles.splice(0)) await used.stop()
    }
  })

  test('gifty §10: one upstream that fails costs only its own figures', async () => {
    const { app, loki, posthog } = await rig()
    await loki.down()
    expect(await get(app, 'technical')).toMatchObject({ api_health: 'healthy', last_errors: [], error: 'loki_unavailable' })
    posthog.answer((request) =>
      request.body.query.series[0].event === 'results_shown' ? { json: {}, status: 500 } : posthogAnswer(request),
    )
    expect(await get(app, 'stats')).toMatchObject({
      ...{ dau: 42, quiz_completion_rate: 66.67, gift_ctr: 0, error: 'posthog_unavailable' },
    })
    posthog.answer(() => ({ json: { results: [] } }))
    expect(await get(app, 'funnel')).toEqual({ steps: [], last_updated: iso(START) })
  })

  test('gifty §10: PostHog has ten seconds, the others five, all at the same time', async () => {
    const { app, posthog, prometheus, loki } = await rig({ posthog: () => 'hang', prometheus: () => 'hang', loki: () => 'hang' })
    const technical = get(app, 'technical')
    const stats = get(app, 'stats')
    await eventually(() => posthog.requests.length + prometheus.requests.length + loki.requests.length === 6)
    app.clock.advance(5000)
    expect(await technical).toMatchObject({ api_health: 'error', error: 'prometheus_timeout' })
    app.clock.advance(4999)
    expect(app.clock.sleeping()).toBe(3)
    app.clock.advance(1)
    expect(await stats).toMatchObject({ dau: 0, error: 'posthog_timeout' })
  })

  test('gifty §10: daily users are kept for 300 s, funnels and trends for 600 s, technical figures for 60 s', async () => {
    const { app, posthog, prometheus, loki } = await rig()
    const asked = async (route: string) => {
      for (const upstream of [posthog, prometheus, loki]) upstream.requests.length = 0
      const { last_updated } = await get(app, route)
      return [
        posthog.requests.length + prometheus.requests.length + loki.requests.length,
        (Date.parse(last_updated) - START) / 1000,
      ]
    }
    for (const [route, calls] of [
      ['stats', 3],
      ['trends', 2],
      ['funnel', 1],
      ['technical', 3],
    ] as const)
      expect([route, await asked(route)]).toEqual([route, [calls, 0]])
    app.clock.advance(59_999)
    expect(await asked('technical')).toEqual([0, 0])
    app.clock.advance(1)
    expect(await asked('technical')).toEqual([3, 60])
    app.clock.advance(239_999)
    expect(await asked('stats')).toEqual([0, 0])
    app.clock.advance(1)
    // The oldest figure decides the age: the funnels are still those of the start.
    expect(await asked('stats')).toEqual([1, 0])
    app.clock.advance(299_999)
    for (const route of ['trends', 'funnel']) expect(await asked(route)).toEqual([0, 0])
    app.clock.advance(1)
    expect(await asked('trends')).toEqual([2, 600])
    expect(await asked('funnel')).toEqual([1, 600])
  })

  test('gifty §10: equal queries at once share one call, and a failing store of answers is a miss', async () => {
    const { app, posthog } = await rig()
    await Promise.all(Array.from({ length: 20 }, (_, n) => get(app, n % 2 ? 'stats' : 'funnel')))
    expect(posthog.requests).toHaveLength(4)
    app.platform.kv.get = async () => {
      throw new Error('the store is down')
    }
    app.platform.kv.set = app.platform.kv.get as never
    expect(await get(app, 'stats')).toMatchObject({ dau: 42 })
    expect(posthog.requests).toHaveLength(7)
  })

  test('gifty §13.21: the sixth failing call in a row reaches no upstream, for 30 s; then one probes', async () => {
    const { app, posthog } = await rig({ posthog: () => ({ json: {}, status: 500 }) })
    expect((await get(app, 'stats')).error).toBe('posthog_unavailable')
    expect((await get(app, 'stats')).error).toBe('posthog_unavailable')
    expect(posthog.requests).toHaveLength(5)
    for (const route of ['stats', 'trends', 'funnel']) expect((await get(app, route)).error).toBe('posthog_circuit_open')
    expect(posthog.requests).toHaveLength(5)
    // Another upstream's circuit is its own.
    expect(await get(app, 'technical')).not.toHaveProperty('error')
    app.clock.advance(30_000)
    expect((await get(app, 'funnel')).error).toBe('posthog_unavailable')
    expect((await get(app, 'funnel')).error).toBe('posthog_circuit_open')
    expect(posthog.requests).toHaveLength(6)
    posthog.answer(posthogAnswer)
    app.clock.advance(30_000)
    expect(await get(app, 'funnel')).not.toHaveProperty('error')
    expect(await get(app, 'stats')).toMatchObject({ dau: 42 })
  })

  test('gifty §10: failures in a row leave no timer and no task behind', async () => {
    const { app } = await rig({ posthog: () => ({ json: {}, status: 500 }) })
    for (let n = 0; n < 200; n++) await get(app, 'stats')
    expect(app.clock.sleeping()).toBe(0)
    expect(Number((await app.db.sql<{ n: number }>(sql`select count(*) as n from tasks`))[0]?.n)).toBe(0)
  })
})
