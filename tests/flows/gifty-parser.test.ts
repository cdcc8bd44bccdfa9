import { expect, test } from 'bun:test'
import { eventually } from '../support/eventually.ts'
import { clientOf, INT, initDataOf, NEW_SOURCE, onEachServer, RUN, STORED, TEXT, TIME, TOKEN, UUID } from './rig.ts'

const BOT = '123456:bot-of-the-gifty-flow'
const SHOP = 'gift-house'
const PRODUCT = 'https://gift-house.example/p'
const gift = (n: number, more: Record<string, unknown> = {}) => ({
  title: `Teapot ${n}`,
  product_url: `${PRODUCT}/${n}`,
  site_key: SHOP,
  price: 100 + n,
  ...more,
})

const env = () => ({ FAMILIES: 'gifty', TELEGRAM_BOT_TOKEN: BOT, TELEGRAM_BOT_MODE: 'sandbox' })

onEachServer("Gifty's parser", env, (server) => {
  test('a scheduled run from the lease to the mini app: sources, batches, logs, discovery, search', async () => {
    const parser = clientOf(`${server.origin()}/internal`, TOKEN)

    // §2.2: at its start the parser names its spiders; each new one is a hub that waits for somebody to switch it on.
    expect(await parser.ok('POST', '/sources/sync-spiders', { available_spiders: [SHOP, 'bad key'] })).toEqual({
      status: 'ok',
      new_spiders: [SHOP],
      rejected: ['bad key'],
    })
    const [hub] = await parser.ok('GET', `/sources?site_key=${SHOP}`)
    expect(hub).toMatchObject({ url: `https://${SHOP}.placeholder`, type: 'hub', strategy: 'discovery', is_active: false })

    // §2.2: an upsert by url; the second time with the required fields alone, which leaves the others as they are.
    const url = `HTTPS://Gift-House.example/teapots`
    const wanted = { url, type: 'list', site_key: SHOP, priority: '70', refresh_interval_hours: 12 }
    const source = await parser.ok('POST', '/sources', {
      ...wanted,
      config: { currency: 'RUB', note: 'spring' },
      schedule: null,
    })
    expect(source).toEqual({ ...NEW_SOURCE, site_key: SHOP, url: 'https://gift-house.example/teapots' })
    const again = await parser.ok('POST', '/sources', { url: source.url, type: 'list', site_key: SHOP, strategy: null })
    expect({ ...again, status: 'waiting', next_sync_at: TIME, updated_at: TIME }).toEqual({
      ...source,
      next_sync_at: TIME,
      updated_at: TIME,
    })

    // §2.5, §4: it is due now, so the worker is given its run; the poll waits on the server.
    const worker = { worker_id: 'parser-1' }
    const alive = { hostname: 'parser-host', concurrent_tasks: 1, ram_usage_pct: 41.5, pid: 77, ...worker }
    expect(await parser.ok('POST', '/workers/heartbeat', alive)).toEqual({ status: 'ok', expires_in: 60 })
    const { tasks } = await parser.ok('POST', '/workers/lease', { ...worker, kinds: ['source.run'], wait_seconds: 30 })
    expect(tasks).toEqual([
      {
        ...{ id: UUID, kind: 'source.run', fence: 1, attempt: 1, lease_expires_at: TIME, priority: 70 },
        payload: {
          ...{ source_id: source.id, url: source.url, site_key: SHOP, type: 'list', strategy: 'deep', run_id: INT },
          config: { currency: 'RUB', note: 'spring' },
        },
      },
    ])
    const [task] = tasks
    const { run_id } = task.payload
    const fence = { task_id: task.id, worker_id: 'parser-1', fence: 1 }

    // §2.2: it reports that it runs, and keeps its lease.
    expect(await parser.ok('POST', `/sources/${source.id}/report-status`, { status: 'running', run_id, ...fence })).toEqual({
      status: 'ok',
    })
    const beat = { ...worker, fence: 1, lease_seconds: 120, progress: { page: 1 } }
    expect(await parser.ok('POST', `/workers/tasks/${task.id}/heartbeat`, beat)).toEqual({
      ...{ status: 'ok', lease_expires_at: TIME, cancel_requested: false },
    })

    // §3: the first batch: prices as shops write them, fields that are null, one gift twice, one that cannot be stored.
    const batch = (items: unknown[], categories: unknown[] = []) => ({
      items,
      categories,
      source_id: source.id,
      stats: { any: 1 },
      ...fence,
    })
    const odd = batch(
      [
        gift(1, { price: '1 499 ₽', category: '  Tea   things ', image_url: '//cdn.example/1.png' }),
        gift(2, { price: '2.450,-', currency: 'EUR' }),
        gift(3, { price: '50 kr' }),
        gift(4, {
          ...{
            price: null,
            currency: null,
            description: null,
            image_url: null,
            merchant: null,
            category: null,
            raw_data: null,
          },
        }),
        gift(5, { product_url: `${PRODUCT}/5?utm_source=tg&x=&b=2#top`, image_url: 'data:image/png;base64,AA' }),
        gift(1, { title: 'Teapot 1 once more', product_url: `${PRODUCT}/1?gclid=1` }),
        gift(6, { price: 'soon' }),
        gift(7, { title: null }),
      ],
      // §3.8: categories become sources; one without a name is taken too.
      [
        { name: 'Cups', url: 'https://gift-house.example/cups', parent_url: source.url, site_key: SHOP },
        { name: null, url: 'https://gift-house.example/sale', site_key: SHOP },
      ],
    )
    const key = { 'idempotency-key': `${task.id}-1` }
    const first = await parser.send('POST', '/ingest-batch', odd, key)
    expect([first.status, first.body]).toEqual([
      200,
      {
        ...STORED,
        ...{ items_ingested: 5, items_duplicate: 1, categories_ingested: 2, run_id },
        rejected: [
          { kind: 'item', index: 6, errors: [{ field: 'price', message: TEXT }] },
          { kind: 'item', index: 7, errors: [{ field: 'title', message: TEXT }] },
        ],
        remarks: [
          { index: 2, field: 'price', message: TEXT },
          { index: 4, field: 'image_url', message: TEXT },
        ],
      },
    ])
    // §3: the connection broke before the answer, so the parser sends the same once more.
    const replay = await parser.send('POST', '/ingest-batch', odd, key)
    expect([replay.status, replay.body, replay.headers.get('idempotency-replayed')]).toEqual([200, first.body, 'true'])
    // §3: the next pages; a gift of the first page stands there again with another price.
    expect(
      await parser.ok(
        'POST',
        '/ingest-batch',
        batch([gift(8), gift(2, { price: 2400, currency: 'EUR' }), gift(4, { price: null })]),
      ),
    ).toEqual({
      ...STORED,
      ...{ items_ingested: 1, items_updated: 1, items_unchanged: 1, run_id },
    })
    // §3: a page of which nothing can be used is refused as a whole, and an old fence stores nothing.
    const useless = await parser.send('POST', '/ingest-batch', batch([{ title: 'No address' }]))
    expect([useless.status, useless.body.error.code, useless.body.error.message]).toEqual([
      422,
      'validation_error',
      'Invalid request',
    ])
    expect(useless.body.error.fields.details[0]).toEqual({
      ...{ type: 'missing', loc: ['body', 'items', 0, 'product_url'], msg: TEXT, input: null },
    })
    const stale = await parser.send('POST', '/ingest-batch', { ...batch([gift(9)]), fence: 9 })
    expect([stale.status, stale.body]).toEqual([409, { error: { code: 'stale_lease', message: TEXT } }])

    // §2.2, §4: logs, then the end, with what it could not read; sent twice, because the first answer was lost.
    expect(await parser.ok('POST', `/sources/${source.id}/report-logs`, { logs: 'page 1 read', run_id, ...fence })).toEqual({
      status: 'ok',
    })
    const failed = [{ url: `${source.url}?page=3`, status: 502, reason: 'bad gateway' }]
    const done = {
      ...worker,
      fence: 1,
      result: { logs: 'page 2 read', pages: 3, pages_failed: 1, failed_pages: failed, rejected: 0 },
    }
    for (let times = 0; times < 2; times++)
      expect(await parser.ok('POST', `/workers/tasks/${task.id}/complete`, done)).toEqual({ status: 'ok', state: 'completed' })

    // §2.1, §2.3, §2.4: what the dashboard shows of it.
    const detail = await parser.ok('GET', `/sources/${source.id}`)
    expect(detail).toEqual({
      ...NEW_SOURCE,
      ...{ url: source.url, last_synced_at: TIME, total_items: 6, last_run_new: 6 },
      config: {
        ...{ currency: 'RUB', note: 'spring', last_logs: expect.stringMatching(/page 1 read\n(?:.*\n)*page 2 read$/) },
        last_stats: { processed_items: 8, new_items: 6, rejected: 3, pages_failed: 1 },
      },
      history: [
        {
          ...{ ...RUN, id: run_id, source_id: source.id, task_id: task.id, outcome: 'partial' },
          ...{ items_scraped: 8, items_new: 6, items_updated: 1, categories_found: 2, items_rejected: 3, pages_failed: 1 },
        },
      ],
    })
    expect(await parser.ok('GET', `/sources/${source.id}/runs`)).toEqual({ items: detail.history, next_cursor: null })
    expect(await parser.ok('GET', `/tasks/${task.id}`)).toMatchObject({
      status: 'completed',
      worker_id: 'parser-1',
      result: done.result,
    })

    // §3.8, §2.2: the categories are sources of the shop now.
    const cups = (await parser.ok('GET', `/sources?site_key=${SHOP}`)).find(
      (one: any) => one.url === 'https://gift-house.example/cups',
    )
    expect(cups).toMatchObject({
      ...{ type: 'list', strategy: 'deep', priority: 50, refresh_interval_hours: 24, is_active: true },
      config: { discovery_name: 'Cups', parent_url: source.url, discovered_at: TIME },
    })
    expect(await parser.ok('GET', '/sources/backlog/stats')).toEqual({
      discovered_today: 2,
      quota: 50,
      remaining: 48,
      backlog_total: 0,
    })
    expect(await parser.ok('GET', '/sources/backlog?limit=5')).toEqual([])
    expect(await parser.ok('POST', '/sources/backlog/activate', { source_ids: [cups.id, 999_999] })).toEqual({
      ...{ status: 'ok', activated_count: 0 },
      skipped: [
        { source_id: cups.id, reason: 'not_discovered' },
        { source_id: 999_999, reason: 'not_found' },
      ],
    })

    // §8: monitoring.
    expect(await parser.ok('GET', '/workers')).toEqual([
      {
        ...{
          worker_id: 'parser-1',
          hostname: 'parser-host',
          last_seen: TIME,
          status: 'online',
          concurrent_tasks: 1,
          via: 'http',
        },
        ...{ ram_usage_pct: 41.5, pid: 77, cpu_usage: 0, memory_usage: 41.5, tasks_count: 1 },
      },
    ])
    expect(await parser.ok('GET', '/monitoring')).toEqual([
      {
        ...{ site_key: SHOP, total_sources: 4, status: TEXT, last_synced_at: detail.last_synced_at, is_active: true },
        ...{ id: hub.id, url: hub.url, total_items: 6, scraped_last_run: INT },
      },
    ])
    expect(await parser.ok('GET', '/stats')).toMatchObject({
      new_24h: 6,
      updated_24h: 1,
      failed_runs_24h: 0,
      products_total: 6,
      unscored_total: 6,
    })

    // §9: the mini app logs its admin in and goes on with the dashboard's token, below /api/v1.
    await parser.ok('POST', '/telegram/subscribers', { chat_id: 4242, name: 'Ann' })
    expect(await parser.ok('POST', '/telegram/subscribers/4242/role?role=admin')).toEqual({ status: 'ok' })
    const anyone = clientOf(`${server.origin()}/api/v1/internal`)
    const login = await anyone.ok('POST', '/webapp/auth', { init_data: initDataOf(BOT, { id: 4242, first_name: 'Ann' }) })
    expect(login).toEqual({
      ...{ status: 'ok', token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/), token_type: 'Bearer', expires_in: 43_200 },
      user: { id: 4242, name: 'Ann', role: 'admin', permissions: [] },
    })
    const app = clientOf(`${server.origin()}/api/v1/internal`, { authorization: `Bearer ${login.token}` })

    // §6: the gifts are seen: by text, by filter, each with its prices.
    const words = await app.ok('GET', `/products?q=teapot&site_key=${SHOP}&limit=3`)
    expect([words.items.length, words.next_cursor]).toEqual([3, TEXT])
    const rest = await app.ok(
      'GET',
      `/products?q=teapot&site_key=${SHOP}&limit=3&cursor=${encodeURIComponent(words.next_cursor)}`,
    )
    expect(rest.next_cursor).toBeNull()
    const found = new Map<string, any>([...words.items, ...rest.items].map((item: any) => [item.gift_id, item]))
    expect([...found.keys()].sort()).toEqual(['1', '2', '3', '4', '5?x=&b=2', '8'].map((tail) => `${SHOP}:${PRODUCT}/${tail}`))
    expect(found.get(`${SHOP}:${PRODUCT}/1`)).toEqual({
      ...{ gift_id: `${SHOP}:${PRODUCT}/1`, site_key: SHOP, source_id: source.id, title: 'Teapot 1', description: null },
      ...{ price: 1499, currency: 'RUB', image_url: 'https://cdn.example/1.png', product_url: `${PRODUCT}/1`, merchant: null },
      ...{ category: 'Tea things', is_active: true, content_text: 'Teapot 1 Tea things', content_hash: TEXT },
      ...{ llm_gift_score: null, llm_gift_reasoning: null, llm_gift_vector: null, llm_scoring_model: null },
      ...{ llm_scoring_version: null, llm_scored_at: null, needs_scoring: true },
      ...{ created_at: TIME, updated_at: TIME, last_seen_at: TIME },
    })
    expect(['3', '4', '5?x=&b=2'].map((tail) => found.get(`${SHOP}:${PRODUCT}/${tail}`).price)).toEqual([null, null, 105])
    const second = await app.ok('GET', `/products/${encodeURIComponent(`${SHOP}:${PRODUCT}/2`)}`)
    expect(second.price_history).toEqual([
      { price: 2400, currency: 'EUR', seen_at: TIME },
      { price: 2450, currency: 'EUR', seen_at: TIME },
    ])
    const cheap = await app.ok('GET', '/products?min_price=100&max_price=110')
    expect(cheap.items.map(({ price }: any) => price).sort()).toEqual([105, 108])

    // §6: search by meaning, as soon as the built-in embedder has read them, and recommendations from the same catalogue.
    const near = await eventually(
      () => app.ok('POST', '/products/search', { query: 'teapot 8', limit: 6, site_keys: [SHOP], max_price: null }),
      ({ results }) => results.length === 6,
    )
    expect(near.model).toEqual(TEXT)
    expect(near.results[0]).toEqual({ product: found.get(`${SHOP}:${PRODUCT}/8`), similarity: INT })
    const order = near.results.map(({ similarity }: any) => similarity)
    expect(order).toEqual(order.toSorted((a: number, b: number) => b - a))
    const wish = { recipient_age: 30, recipient_gender: 'female', interests: ['teapot'], budget: 110, top_n: 2, occasion: null }
    const advice = await app.ok('POST', '/recommendations', { ...wish, constraints: { budget_strictness: 'strict' } })
    const gifts = [
      expect.objectContaining({ gift_id: TEXT, score: INT, similarity: INT, reasons: expect.any(Array) }),
      expect.any(Object),
    ]
    expect(advice).toEqual({ engine_version: 'vector_v1', featured_gift: advice.gifts[0], gifts, debug: null })
    expect(advice.gifts.map(({ price }: any) => price).sort()).toEqual([105, 108])
    for (const { score, reasons } of advice.gifts) {
      expect(score).toBeGreaterThan(0)
      expect(reasons).toContainEqual({ code: 'fits_budget', text: TEXT })
    }
  }, 300_000)
})
