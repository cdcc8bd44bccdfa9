import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { INTERNAL } from '../support/app.ts'
import { onEachDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { adminOf } from './access-rig.ts'
import { category, makeRig, product, products, queueNotifications, type Rig } from './rig.ts'

/** Samples of a metric: label text to value. */
const samples = async (app: Rig, name: string): Promise<Record<string, number>> => {
  app.clock.advance(10_000)
  const { status, body } = await app.get('/metrics', {})
  expect(status).toBe(200)
  const found: Record<string, number> = {}
  for (const line of String(body).split('\n')) {
    const parts = new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`).exec(line)
    if (parts) found[parts[1] ?? ''] = Number(parts[2])
  }
  return found
}

onEachDatabase('gifty observability', (database) => {
  test('gifty §10: scraped_items_total by spider, ingestion_batches_total by spider and status', async () => {
    const app = await makeRig(database)
    const { id } = await app.source({ site_key: 'tracked' })
    await app.ingest(products(3, { site_key: 'tracked' }), { source_id: id })
    await app.ingest([product(1, { site_key: 'tracked' }), {}], { source_id: id })
    await app.post('/internal/ingest-batch', { items: [{}], source_id: id })
    await app.ingest([product(1, { site_key: 'lone' })], { categories: [category(1, { site_key: 'lone' })] })
    const key = { ...INTERNAL, 'idempotency-key': 'k' }
    for (let n = 0; n < 3; n++)
      await app.post('/internal/ingest-batch', { items: [product(5, { site_key: 'lone' })], source_id: 0 }, key)
    expect(await samples(app, 'scraped_items_total')).toEqual({ 'spider="tracked"': 4, 'spider="lone"': 2 })
    expect(await samples(app, 'ingestion_batches_total')).toEqual({
      'spider="tracked",status="success"': 1,
      'spider="tracked",status="partial"': 1,
      'spider="tracked",status="error"': 1,
      'spider="lone",status="success"': 2,
    })
  })

  test('gifty §10: request metrics name route templates, never paths, and no secret shows', async () => {
    const app = await makeRig(database)
    const bearer = await adminOf(app, 1)
    const { id } = await app.source()
    await app.get(`/internal/sources/${id}`)
    await app.get('/api/v1/internal/sources/424242')
    await app.get('/internal/raw-path-of-nobody')
    await app.get('/internal/sources', bearer)
    await app.get('/internal/sources', { 'x-internal-token': 'a-wrong-token' })
    await app.get('/internal/products?site_key=query-secret')
    const counts = await samples(app, 'http_requests_total')
    const of = (route: string, status: number) =>
      Object.entries(counts).find(
        ([labels]) => labels.includes(`route="${route}"`) && labels.includes(`status_code="${status}"`),
      )?.[1]
    expect(of('/internal/sources/:id', 200)).toBe(1)
    // The alias is one route with its prefix.
    expect(of('/internal/sources/:id', 404)).toBe(1)
    expect(of('unmatched', 404)).toBe(1)
    expect(of('/internal/sources', 403)).toBe(1)
    const { body } = await app.get('/metrics', {})
    const secrets = [
      'dev-internal-token',
      'a-wrong-token',
      (bearer.authorization as string).slice(7),
      '424242',
      'raw-path',
      'query-secret',
    ]
    for (const secret of secrets) expect(String(body).includes(secret)).toBe(false)
  })

  test('gifty §8: gauges of tasks and waiting workers, at most every ten seconds', async () => {
    const app = await makeRig(database)
    await app.force((await app.source()).id)
    await queueNotifications(app, 1)
    expect(await samples(app, 'trawl_tasks')).toEqual({
      'kind="source.run",state="queued"': 1,
      'kind="notification",state="queued"': 1,
    })
    await app.lease()
    const waiting = app.lease('w2', { wait_seconds: 30 })
    await eventually(() => app.dispatcher.waiting() === 1)
    expect(await samples(app, 'trawl_workers_waiting')).toEqual({ '': 1 })
    expect(await samples(app, 'trawl_tasks')).toMatchObject({ 'kind="source.run",state="leased"': 1 })
    app.clock.advance(30_000)
    expect(await waiting).toEqual([])
  })

  test('architecture §5: /metrics with a METRICS_TOKEN opens with it only', async () => {
    const app = await makeRig(database, { env: { METRICS_TOKEN: 'scrape-me' } })
    expect((await app.get('/metrics', {})).status).toBe(401)
    expect((await app.get('/metrics', { authorization: 'Bearer wrong' })).status).toBe(401)
    expect((await app.get('/metrics', { authorization: 'Bearer scrape-me' })).status).toBe(200)
  })

  test('architecture §5: /livez and /health touch no dependency; /readyz is 503 within a second of a database that hangs or fails', async () => {
    const app = await makeRig(database)
    const ready = () => app.get('/readyz', {})
    expect(await ready()).toMatchObject({ status: 200, body: { status: 'ready', checks: { database: 'ok' } } })
    const ping = app.db.ping
    try {
      app.db.ping = () => new Promise(() => {})
      const waiting = ready()
      await eventually(() => app.clock.sleeping() > 0)
      app.clock.advance(1000)
      expect(await waiting).toMatchObject({ status: 503, body: { status: 'not_ready', checks: { database: 'down' } } })
      app.db.ping = () => Promise.reject(new Error('refused'))
      expect((await ready()).status).toBe(503)
      for (const path of ['/livez', '/health', '/api/health', '/api/v1/health'])
        expect(await app.get(path, {})).toMatchObject({ status: 200, body: { status: 'ok' } })
    } finally {
      app.db.ping = ping
    }
    expect((await ready()).status).toBe(200)
    app.state.stopping = true
    expect(await ready()).toMatchObject({ status: 503, body: { checks: { process: 'stopping', database: 'ok' } } })
    expect(await app.db.sql(sql`select 1 as one`)).toHaveLength(1)
  })
})
