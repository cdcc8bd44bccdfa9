import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Client, createClient } from 'trawl/client'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { createTestApp, type TestApp } from '../support/app.ts'

describe('trawl/client', () => {
  let app: TestApp
  let trawl: Client
  const sent: Request[] = []
  beforeAll(async () => {
    app = await createTestApp(openSqlite({ path: ':memory:' }))
    trawl = createClient({
      baseUrl: 'http://localhost/',
      credentials: { internal: 'dev-internal-token', crawler: 'dev-crawler-token', analytics: 'dev-analytics-token' },
      fetch: (request) => {
        sent.push(request)
        return app.app.handle(request)
      },
    })
  })
  afterAll(() => app.stop())

  test('bodies, path and query parameters arrive, and the answer is parsed', async () => {
    const { data: source } = await trawl.post('/internal/sources', {
      body: { url: 'https://tea.example/l', type: 'list', site_key: 'tea', priority: '70' },
    })
    expect(source).toMatchObject({ site_key: 'tea', priority: 70 })
    const id = source?.id as number
    const batch = await trawl.post('/internal/ingest-batch', {
      headers: { 'Idempotency-Key': 'once' },
      body: {
        source_id: id,
        items: [{ title: 'Tea', product_url: 'https://tea.example/p/1', site_key: 'tea', price: '1 499,50' }],
      },
    })
    expect(batch.data?.items_ingested).toBe(1)
    const again = await trawl.post('/internal/ingest-batch', {
      headers: { 'Idempotency-Key': 'once' },
      body: {
        source_id: id,
        items: [{ title: 'Tea', product_url: 'https://tea.example/p/1', site_key: 'tea', price: '1 499,50' }],
      },
    })
    expect(again.response.headers.get('idempotency-replayed')).toBe('true')
    const gift_id = 'tea:https://tea.example/p/1'
    expect((await trawl.get('/internal/products/{gift_id}', { path: { gift_id } })).data?.price).toBe(1499.5)
    const found = await trawl.get('/internal/products', { query: { site_key: 'tea', q: undefined, limit: 5 } })
    expect(found.data?.items.map((item) => item.gift_id)).toEqual([gift_id])
    expect(new URL(sent.at(-1)?.url as string).search).toBe('?site_key=tea&limit=5')
  })

  test('every family gets its own credential', async () => {
    expect((await trawl.get('/api/internal2/tasks')).data?.meta.total).toBe(0)
    expect((await trawl.get('/analytics/funnel')).response.status).toBe(200)
    const answer = await trawl.get('/internal/stickersets/categories')
    expect([answer.response.status, sent.at(-1)?.headers.get('x-internal-token')]).toEqual([401, null])
  })

  test('a refusal is a value with the body of its family', async () => {
    const missing = await trawl.get('/internal/sources/{id}', { path: { id: 404 } })
    expect([missing.data, missing.error?.error.code, missing.response.status]).toEqual([undefined, 'not_found', 404])
    const unknown = await trawl.get('/api/internal2/tasks/{id}', { path: { id: 'a/b' } })
    expect(unknown.error).toMatchObject({ code: 'TASK_NOT_FOUND', details: { taskId: 'a/b' } })
  })

  test('text is text, and an event stream is left to its reader', async () => {
    expect((await trawl.get('/metrics')).data).toContain('trawl_build_info')
    await trawl.post('/api/internal2/tasks', {
      body: { data: { id: 7, type: 'FETCH_ISSUES', credentials: { accessToken: 'glpat' } } },
    })
    const { data, response } = await trawl.get('/api/internal2/tasks/{id}/events', { path: { id: '7' } })
    expect(data).toBeUndefined()
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const first = new TextDecoder().decode((await reader.read()).value)
    await reader.cancel()
    expect(first).toContain('connection_ready')
  })
})
