import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { onEachDatabase } from '../support/databases.ts'
import { iso, MINUTE, START } from '../support/fake-clock.ts'
import { category, codeOf, makeProcesses, makeRig, problemOf, product, products, type Rig } from './rig.ts'

const NOTHING = { products: 0, product_prices: 0, category_maps: 0, parsing_runs: 0, idempotency_keys: 0 }

onEachDatabase('gifty ingestion', (database) => {
  const stored = async (app: Awaited<ReturnType<typeof makeRig>>) =>
    Object.fromEntries(await Promise.all(Object.keys(NOTHING).map(async (table) => [table, await app.rows(table)])))
  const path = '/internal/ingest-batch'

  test('gifty §13.13: of 50 items with a bad one 49 are stored and one is rejected with index and field', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    const items = products(50)
    items[17] = product(17, { price: 'cheap' })
    const answer = await app.ingest(items, { source_id: id, stats: { any: 'thing' } })
    expect(answer).toEqual({
      status: 'ok',
      items_ingested: 49,
      items_updated: 0,
      items_unchanged: 0,
      items_duplicate: 0,
      categories_ingested: 0,
      run_id: expect.any(Number),
      rejected: [{ kind: 'item', index: 17, errors: [{ field: 'price', message: expect.any(String) }] }],
    })
    expect(await app.rows('products')).toBe(49)
    expect(await app.runs(id)).toMatchObject([{ items_scraped: 49, items_new: 49 }])
  })

  test('gifty §3: every refused element is named, items and categories alike', async () => {
    const app = await makeRig(database)
    const bad = [
      [{ title: '' }, 'title'],
      [{ title: '  ' }, 'title'],
      [{ title: 'x'.repeat(1001) }, 'title'],
      [{ product_url: 'ftp://a/' }, 'product_url'],
      [{ product_url: '/p/1' }, 'product_url'],
      [{ product_url: `https://a/${'x'.repeat(4096)}` }, 'product_url'],
      [{ site_key: 'a b' }, 'site_key'],
      [{ price: -1 }, 'price'],
      [{ price: '' }, 'price'],
      [{ currency: 'x'.repeat(9) }, 'currency'],
      [{ raw_data: [] }, 'raw_data'],
      [{ merchant: 5 }, 'merchant'],
    ] as const
    const answer = await app.ingest([...bad.map(([change], n) => product(n, change)), 'nothing', null, product('good')], {
      categories: [category(1, { url: '//shop.example/c' }), category(2, { url: null }), category(3)],
    })
    expect(answer).toMatchObject({ items_ingested: 1, categories_ingested: 1 })
    expect(answer.rejected.map(({ kind, index, errors }: any) => [kind, index, errors[0].field])).toEqual([
      ...bad.map(([, field], n) => ['item', n, field]),
      ['item', bad.length, ''],
      ['item', bad.length + 1, ''],
      ['category', 0, 'url'],
      ['category', 1, 'url'],
    ])
  })

  test('gifty §13.13: all bad, items missing or no list 422, unknown source 404: nothing stored', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    const allBad = await app.post(path, { items: [product(1, { title: '' }), 5], source_id: id })
    expect(allBad.status).toBe(422)
    expect(allBad.body.error.fields.details).toMatchObject([
      { type: 'string_too_short', loc: ['body', 'items', 0, 'title'], input: '' },
      { type: 'dict_type', loc: ['body', 'items', 1], input: 5 },
    ])
    expect(problemOf(await app.post(path, { source_id: id }))).toMatchObject({ type: 'missing', loc: ['body', 'items'] })
    expect(problemOf(await app.post(path, { items: {}, source_id: id })).type).toBe('list_type')
    expect(problemOf(await app.post(path, { items: null, source_id: id })).type).toBe('list_type')
    expect(problemOf(await app.post(path, { items: [] })).loc).toEqual(['body', 'source_id'])
    expect(problemOf(await app.post(path, { items: [], source_id: -1 })).type).toBe('greater_than_equal')
    expect(problemOf(await app.post(path, { items: [], source_id: id, categories: {} })).type).toBe('list_type')
    const unknown = await app.post(path, { items: products(2), source_id: 999, categories: [category(1)] })
    expect(codeOf(unknown)).toEqual([404, 'not_found'])
    expect(unknown.body.error.message).toBe('Source not found')
    expect(await stored(app)).toEqual(NOTHING)
    expect(await app.rows('parsing_sources')).toBe(1)
    // An empty batch is no failure.
    expect(await app.ingest([])).toMatchObject({ items_ingested: 0, run_id: null, rejected: [] })
  })

  test('gifty §13.13: 5,000 elements are taken, 5,001 in both lists are 413', async () => {
    const app = await makeRig(database)
    const one = product(1)
    const items = Array.from({ length: 4999 }, () => one)
    expect(await app.ingest(items, { categories: [category(1)] })).toMatchObject({ items_ingested: 1, items_duplicate: 4998 })
    const tooMany = await app.post(path, { items, source_id: 0, categories: [category(1), category(2)] })
    expect(codeOf(tooMany)).toEqual([413, 'payload_too_large'])
    expect(tooMany.body.error.message).toContain('5000')
  })

  test('gifty §13.13: string source_id, price "1 499", null category name are accepted', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    const prices: [unknown, number | null][] = [
      ['1 499', 1499],
      ['1 499,50', 1499.5],
      ['1\u00a0499,5', 1499.5],
      ['12\u202f345\u202f678,90', 12345678.9],
      ['99.9', 99.9],
      [0, 0],
      ['.5', 0.5],
      [null, null],
    ]
    const answer = await app.ingest(
      prices.map(([price], n) => product(n, { price, source_id: 'ignored' })),
      { source_id: ` ${id} `, categories: [category(1, { name: null, parent_url: null })] },
    )
    expect(answer).toMatchObject({ items_ingested: prices.length, categories_ingested: 1, rejected: [] })
    for (const [n, [, price]] of prices.entries()) {
      const found = (await app.ok('GET', `/internal/products?gift_id=shop:https://shop.example/p/${n}`)).items
      expect(found).toMatchObject([{ price, currency: 'RUB', source_id: id }])
    }
    const [, discovered] = await app.ok('GET', '/internal/sources')
    expect(discovered.config).toEqual({ discovery_name: '', parent_url: null, discovered_at: iso(START) })
    expect(await app.rows('category_maps')).toBe(0)
  })

  test('gifty §3.2: a batch with source_id 0 makes no run of a source whose run ends while it comes in', async () => {
    const [one, two] = (await makeProcesses(database, 2, { broker: 'none' })) as [Rig, Rig]
    const { id } = await one.source()
    for (let round = 0; round < 20; round++) {
      await one.report(id, 'running')
      const [run] = await one.runs(id)
      const answers = await Promise.all([
        two.report(id, 'waiting'),
        ...Array.from({ length: 4 }, (_, n) => one.ingest([product(`${round}.${n}`)])),
      ])
      for (const { run_id } of answers.slice(1)) expect([null, run.id]).toContain(run_id)
    }
    expect((await one.runs(id)).filter(({ trigger }) => trigger === 'ingest')).toEqual([])
  })

  test('gifty §3.2: source_id 0 belongs to the only running source of the site, else to none', async () => {
    const app = await makeRig(database)
    const one = await app.source({ config: { strip_params: ['ref'] } })
    const two = await app.source()
    await app.source({ site_key: 'other' })
    await app.force(one.id)
    expect(await app.ingest([product(1)])).toMatchObject({ run_id: null })
    await app.report(one.id, 'running')
    const { run_id } = await app.ingest([product(2, { product_url: 'https://shop.example/2?ref=a&utm_source=b' })])
    expect((await app.runs(one.id))[0]).toMatchObject({ id: run_id, items_scraped: 1 })
    // The parameters are those of the source it belongs to.
    expect((await app.ok('GET', `/internal/products?limit=1`)).items).toMatchObject([
      { source_id: one.id, product_url: 'https://shop.example/2?utm_source=b' },
    ])
    expect(await app.ingest([product(3), product(4, { site_key: 'other' })])).toMatchObject({ run_id: null })
    expect(await app.ingest([], { categories: [category(1)] })).toMatchObject({ run_id })
    await app.report(two.id, 'running')
    expect(await app.ingest([product(5)])).toMatchObject({ run_id: null, items_ingested: 1 })
    // An unattributed batch leaves a product with the source that brought it.
    await app.ingest([product(6)], { source_id: two.id })
    for (const title of ['Gift 6', 'Changed']) {
      await app.ingest([product(6, { title })])
      const gift = encodeURIComponent('shop:https://shop.example/p/6')
      expect(await app.ok('GET', `/internal/products/${gift}`)).toMatchObject({ title, source_id: two.id })
    }
  })

  test('gifty §3: a fence that is stale stores nothing, a live one attributes to its run', async () => {
    const app = await makeRig(database)
    const leased = await app.source({ config: { strip_params: ['ref'] } })
    const other = await app.source()
    const { run_id } = await app.force(leased.id)
    await app.report(other.id, 'running')
    const [task] = await app.lease('w1')
    const hold = { task_id: task.id, worker_id: 'w1', fence: task.fence }
    const stale = [
      { ...hold, fence: task.fence + 1 },
      { ...hold, worker_id: 'w2' },
      { ...hold, task_id: '01890000-0000-7000-8000-000000000000' },
      { ...hold, task_id: 'no uuid' },
    ]
    for (const holder of stale)
      expect(codeOf(await app.post(path, { items: [product(1)], source_id: leased.id, ...holder }))).toEqual([409, 'stale_lease'])
    for (const part of [{ task_id: task.id }, { worker_id: 'w1', fence: 1 }, { ...hold, fence: null }])
      expect(problemOf(await app.post(path, { items: [product(1)], source_id: 0, ...part })).type).toBe('value_error')
    expect(codeOf(await app.post(path, { items: [product(1)], source_id: 999, ...hold }))).toEqual([404, 'not_found'])
    expect(await app.rows('products')).toBe(0)
    const url = 'https://shop.example/1?ref=a'
    for (const source_id of [leased.id, 0, other.id])
      expect(await app.ingest([product(1, { product_url: url })], { source_id, ...hold })).toMatchObject({ run_id })
    expect((await app.ok('GET', '/internal/products')).items).toMatchObject([
      { source_id: leased.id, product_url: 'https://shop.example/1' },
    ])
    expect(await app.runs(leased.id)).toMatchObject([{ items_scraped: 3, items_new: 1 }])
    expect(await app.runs(other.id)).toMatchObject([{ items_scraped: 0 }])
    // The lease ends: what the slow worker still sends is refused, and the next holder's counts.
    app.clock.advance(MINUTE)
    expect(codeOf(await app.post(path, { items: [product(2)], source_id: 0, ...hold }))).toEqual([409, 'stale_lease'])
    const [again] = await app.lease('w2')
    expect(codeOf(await app.post(path, { items: [product(2)], source_id: 0, ...hold }))).toEqual([409, 'stale_lease'])
    const newHold = { task_id: task.id, worker_id: 'w2', fence: again.fence }
    expect(await app.ingest([product(2)], newHold)).toMatchObject({ run_id, items_ingested: 1 })
  })

  test('gifty §4: a redriven task has a new run, and its batches belong to that', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    const first = await app.force(id)
    for (let n = 0; n < 5; n++) {
      await app.lease('w1')
      app.clock.advance(MINUTE)
      await app.tick()
    }
    await app.ok('POST', '/internal/tasks/redrive', { ids: [first.task_id] })
    const [task] = await app.lease('w1')
    const { run_id } = await app.ingest([product(1)], { task_id: task.id, worker_id: 'w1', fence: task.fence })
    expect(run_id).toBe(task.payload.run_id)
    expect(run_id).not.toBe(first.run_id)
  })

  test('gifty §13.16: 36 concurrent batches with the same items in opposite orders all answer 200', async () => {
    const app = await makeRig(database)
    const sources = await Promise.all([app.source(), app.source(), app.source()])
    const items = products(40, { category: 'Toys' })
    const categories = Array.from({ length: 10 }, (_, n) => category(n))
    const answers = await Promise.all(
      Array.from({ length: 36 }, (_, n) => {
        const price = 100 + (n % 5)
        const mine = items.map((item) => ({ ...item, price, category: `Toys ${n % 3}` }))
        const source_id = n % 4 === 3 ? 0 : sources[n % 3]?.id
        return app.post(path, {
          items: n % 2 === 0 ? mine : mine.toReversed(),
          categories: n % 2 === 0 ? categories.toReversed() : categories,
          source_id,
        })
      }),
    )
    expect(answers.map((answer) => answer.status)).toEqual(Array(36).fill(200))
    expect(answers.reduce((sum, answer) => sum + answer.body.items_ingested, 0)).toBe(40)
    expect(answers.reduce((sum, answer) => sum + answer.body.categories_ingested, 0)).toBe(10)
    expect(await app.rows('products')).toBe(40)
    expect(await app.rows('category_maps')).toBe(13)
    const scraped = (await Promise.all(sources.map(({ id }) => app.runs(id)))).flat()
    expect(scraped.reduce((sum, run) => sum + run.items_scraped, 0)).toBe(27 * 40)
  })

  test('gifty §3.7: distinct non-blank categories and discovered names enter category_maps once', async () => {
    const app = await makeRig(database)
    const long = 'x'.repeat(5000)
    const items = ['Toys', 'Toys', '', '   ', null, long, 'Книги'].map((name, n) => product(n, { category: name }))
    await app.ingest(items, {
      categories: [category(1, { name: 'Found' }), category(2, { name: '' }), category(3, { name: 'Toys' })],
    })
    await app.ingest(items)
    const rows = await app.db.sql<{ external_name: string; internal_category_id: unknown }>(
      sql`select external_name, internal_category_id from category_maps`,
    )
    expect(rows.map((row) => row.external_name).toSorted()).toEqual(['Found', 'Toys', long, 'Книги'].toSorted())
    expect(rows.every((row) => row.internal_category_id === null)).toBe(true)
  })

  test('gifty §2.8: a source discovered under a web source inherits worker and web, any other only its own facts', async () => {
    const app = await makeRig(database)
    const web = await app.source({ type: 'hub', config: { worker: 'web', web: { max_pages: 3 }, note: 'mine' } })
    const plain = await app.source({ config: { worker: 'spider', web: { max_pages: 3 } } })
    await app.ingest([], {
      source_id: web.id,
      categories: [
        category(1, { parent_url: 'https://shop.example/' }),
        category(2, { url: 'HTTPS://Shop.Example:443/c/1?gclid=x#y' }),
      ],
    })
    await app.ingest([], { source_id: plain.id, categories: [category(3)] })
    const [, , first, second] = await app.ok('GET', '/internal/sources')
    expect(first).toMatchObject({
      ...{ url: 'https://shop.example/c/1', type: 'list', strategy: 'deep', priority: 50, refresh_interval_hours: 24 },
      ...{ site_key: 'shop', is_active: true, status: 'waiting', next_sync_at: iso(START) },
    })
    expect(first.config).toEqual({
      discovery_name: 'Category 1',
      parent_url: 'https://shop.example/',
      discovered_at: iso(START),
      worker: 'web',
      web: { max_pages: 3 },
    })
    expect(second.config).toEqual({ discovery_name: 'Category 3', parent_url: null, discovered_at: iso(START) })
    expect(await app.rows('parsing_sources')).toBe(4)
    await app.tick()
    const kinds = (await app.ok('GET', '/internal/tasks')).tasks.map((task: any) => [task.kind, task.payload.source_id])
    expect(kinds.toSorted()).toEqual([
      ['source.run', second.id],
      ['source.run.web', first.id],
    ])
  })
})
