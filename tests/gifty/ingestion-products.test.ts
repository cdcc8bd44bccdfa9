import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { normaliseUrl, stripSet } from '../../src/gifty/catalog/identity.ts'
import { onEachDatabase } from '../support/databases.ts'
import { iso, MINUTE, START } from '../support/fake-clock.ts'
import { makeRig, product, type Rig } from './rig.ts'

const read = (app: Rig, n: number | string): Promise<any> =>
  app.ok('GET', `/internal/products/${encodeURIComponent(`shop:https://shop.example/p/${n}`)}`)
const strip = stripSet(undefined)

test('gifty §3.3: spellings of one product URL are one product', () => {
  const table: [string, string | undefined][] = [
    ['https://a.example/x?utm_source=1&x=&b=2#f', 'https://a.example/x?x=&b=2'],
    ['  HTTPS://User:Pw@A.Example:443/Path?B=1 ', 'https://User:Pw@a.example/Path?B=1'],
    ['http://a.example:80/', 'http://a.example/'],
    ['http://a.example:443/', 'http://a.example:443/'],
    ['https://a.example:80/', 'https://a.example:80/'],
    ['//CDN.a.example:8080/x#y', undefined],
    ['https://a.example?', 'https://a.example/'],
    ['https://a.example/?UTM_Source=1&GCLID=2&_openstat=3&asid=4', 'https://a.example/'],
    ['https://a.example/?b=2&a=1&b=1', 'https://a.example/?b=2&a=1&b=1'],
    ['https://a.example/?q=a b+c%20d&e', 'https://a.example/?q=a+b+c+d&e='],
    ['https://a.example/?q=%D1%91&w=ё', 'https://a.example/?q=%D1%91&w=%D1%91'],
    ['https://a.example/?utm_id=1', 'https://a.example/?utm_id=1'],
    ['https://a.example/a%20b/ё?x=1', 'https://a.example/a%20b/ё?x=1'],
    ['https://[::1]:443/x', 'https://[::1]/x'],
    ['https://a.example:/x', 'https://a.example/x'],
    ['ftp://a.example/', undefined],
    ['https:///x', undefined],
    ['https://:80/x', undefined],
    ['https://a.example:1:2/', undefined],
    ['https://a b/', undefined],
    ['a.example/x', undefined],
    ['', undefined],
  ]
  for (const [url, normal] of table) expect([url, normaliseUrl(url, strip)]).toEqual([url, normal])
  expect(normaliseUrl('https://a/?REF=1&utm_source=2', stripSet(['ref']))).toBe('https://a/?utm_source=2')
  expect(normaliseUrl('https://a/?ref=1&utm_source=2', stripSet([]))).toBe('https://a/?ref=1&utm_source=2')
})

test('gifty §3.3: the normal form of a normal form is itself', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.constantFrom(...' \t#?&=:@/%[]+', ':80', ':443', '%zz', '%FF', 'utm_source=1', '\ufeff', '\u00a0', 'İ', 'ΑΣ'),
  )
  const url = fc
    .tuple(fc.constantFrom('http:', 'HTTPS:'), fc.constantFrom('a', 'A.example', ''), fc.array(piece, { maxLength: 8 }))
    .map(([scheme, host, rest]) => `${scheme}//${host}${rest.join('')}`)
  fc.assert(
    fc.property(url, (text) => {
      const once = normaliseUrl(text, strip)
      if (once !== undefined) expect(normaliseUrl(once, strip)).toBe(once)
    }),
    { numRuns: 5000, seed: 20260115 },
  )
})

onEachDatabase('gifty ingestion: products', (database) => {
  test('gifty §13.13: a product is stored under its normal URL, with its content text and hash', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    const raw_data = { offers: [{ price: 1 }], nested: { ok: true, none: null } }
    await app.ingest(
      [
        product(1, {
          product_url: 'https://Shop.example/p/1?utm_source=1&x=&b=2#f',
          title: 'Cup',
          category: 'Kitchen',
          description: 'A blue cup',
          merchant: 'ACME',
          image_url: 'https://shop.example/i.png',
          currency: 'EUR',
          raw_data,
        }),
      ],
      { source_id: id },
    )
    const content_text = 'Cup Kitchen A blue cup ACME'
    expect(await read(app, '1?x=&b=2')).toEqual({
      gift_id: 'shop:https://shop.example/p/1?x=&b=2',
      site_key: 'shop',
      source_id: id,
      title: 'Cup',
      description: 'A blue cup',
      price: 100,
      currency: 'EUR',
      image_url: 'https://shop.example/i.png',
      product_url: 'https://shop.example/p/1?x=&b=2',
      merchant: 'ACME',
      category: 'Kitchen',
      is_active: true,
      content_text,
      content_hash: createHash('sha256').update(`${content_text}|https://shop.example/i.png`).digest('hex'),
      llm_gift_score: null,
      llm_gift_reasoning: null,
      llm_gift_vector: null,
      llm_scoring_model: null,
      llm_scoring_version: null,
      llm_scored_at: null,
      needs_scoring: true,
      created_at: iso(START),
      updated_at: iso(START),
      last_seen_at: iso(START),
      raw: raw_data,
      price_history: [{ price: 100, currency: 'EUR', seen_at: iso(START) }],
      embeddings: [],
      runs: [{ run_id: 1, seen_at: iso(START) }],
    })
    const long = 'я'.repeat(3990)
    await app.ingest([product('long', { title: 'Long', description: `${long}😀😀😀😀`, merchant: '' })])
    const stored = await read(app, 'long')
    expect(stored.content_text).toBe(`Long ${long}😀😀${'😀'.slice(0, 1).toWellFormed()}`)
    expect(stored.content_text).toHaveLength(4000)
  })

  test('gifty §3.4: on update an absent field keeps its value, null clears it', async () => {
    const app = await makeRig(database)
    const full = {
      description: 'd',
      price: 5,
      currency: 'EUR',
      image_url: 'https://i/1',
      merchant: 'm',
      category: 'c',
      raw_data: { a: 1 },
    }
    await app.ingest([product(1, full)])
    const bare = { title: 'Gift 1', product_url: 'https://shop.example/p/1', site_key: 'shop' }
    expect(await app.ingest([bare])).toMatchObject({ items_unchanged: 1 })
    const { raw_data, ...columns } = full
    expect(await read(app, 1)).toMatchObject({ ...columns, raw: raw_data })
    app.clock.advance(MINUTE)
    const cleared = { description: null, price: null, image_url: null, merchant: null, category: null, raw_data: null }
    expect(await app.ingest([{ ...bare, ...cleared, currency: null }])).toMatchObject({ items_updated: 1 })
    const { raw_data: _, ...nulls } = cleared
    expect(await read(app, 1)).toMatchObject({
      ...nulls,
      raw: null,
      // The default is for new rows.
      currency: null,
      content_text: 'Gift 1',
      created_at: iso(START),
      updated_at: iso(START + MINUTE),
    })
  })

  test('gifty §13.15: re-ingest keeps score and vector; changed text queues re-scoring; unchanged data counts unchanged', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    const item = product(1, { description: 'one', raw_data: { b: 1, a: [1, 2] } })
    await app.ingest([item])
    const vector = '{"warmth":5}'
    await app.db.sql(
      database.dialect === 'postgres'
        ? sql`update products set llm_gift_score = 7, llm_gift_vector = ${vector}::text::jsonb, llm_scored_hash = content_hash, needs_scoring = false`
        : sql`update products set llm_gift_score = 7, llm_gift_vector = ${vector}, llm_scored_hash = content_hash, needs_scoring = false`,
    )
    const scored = { llm_gift_score: 7, llm_gift_vector: { warmth: 5 } }
    app.clock.advance(MINUTE)
    const same = { ...item, raw_data: { a: [1, 2], b: 1 } }
    expect(await app.ingest([same], { source_id: id })).toMatchObject({ items_unchanged: 1, items_updated: 0, items_ingested: 0 })
    expect(await read(app, 1)).toMatchObject({
      ...scored,
      ...{ needs_scoring: false, updated_at: iso(START), last_seen_at: iso(START + MINUTE), source_id: id },
    })
    expect(await app.ingest([{ ...item, description: 'two' }])).toMatchObject({ items_updated: 1 })
    expect(await read(app, 1)).toMatchObject({ ...scored, needs_scoring: true, updated_at: iso(START + MINUTE) })
    // Back at the text that was scored.
    await app.ingest([item])
    expect(await read(app, 1)).toMatchObject({ ...scored, needs_scoring: false })
    // The image is part of the content, the price is not.
    await app.ingest([{ ...item, price: 200 }])
    expect(await read(app, 1)).toMatchObject({ price: 200, needs_scoring: false })
    await app.ingest([{ ...item, image_url: 'https://i/2' }])
    expect(await read(app, 1)).toMatchObject({ needs_scoring: true })
  })

  test('gifty §3.6: the first price and each change of price or currency add one history row', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    const steps: Record<string, unknown>[] = [
      { price: null },
      { price: 10 },
      { price: 10 },
      { price: '10,5' },
      { price: 10.5, currency: 'EUR' },
      { price: 10.5, currency: 'EUR', title: 'Other' },
      {},
    ]
    for (const step of steps) {
      const { price, ...rest } = { ...product(1), price: undefined, ...step }
      await app.ingest([price === undefined ? rest : { ...rest, price }], { source_id: id })
      app.clock.advance(1000)
    }
    expect((await read(app, 1)).price_history).toEqual([
      { price: 10.5, currency: 'EUR', seen_at: iso(START + 4000) },
      { price: 10.5, currency: 'RUB', seen_at: iso(START + 3000) },
      { price: 10, currency: 'RUB', seen_at: iso(START + 1000) },
    ])
    const rows = await app.db.sql<{ run_id: number | string }>(sql`select run_id from product_prices`)
    const [run] = await app.runs(id)
    expect(rows.map((row) => Number(row.run_id))).toEqual([run.id, run.id, run.id])
  })

  test('gifty §3: repeats in a batch count as duplicates, the first wins', async () => {
    const app = await makeRig(database)
    const answer = await app.ingest([
      product(1, { title: 'First' }),
      product(1, { title: 'Second', product_url: 'https://SHOP.example/p/1?utm_source=x#y' }),
      product(1, { site_key: 'other' }),
    ])
    expect(answer).toMatchObject({ items_ingested: 2, items_duplicate: 1 })
    expect((await read(app, 1)).title).toBe('First')
  })

  test('gifty §3.4: ingestion brings an inactive product back', async () => {
    const app = await makeRig(database)
    await app.ingest([product(1)])
    await app.db.sql(sql`update products set is_active = ${database.dialect === 'postgres' ? sql`false` : sql`0`}`)
    expect(await app.ok('GET', '/internal/products')).toMatchObject({ items: [] })
    expect(await app.ingest([product(1)])).toMatchObject({ items_unchanged: 1 })
    expect((await read(app, 1)).is_active).toBe(true)
  })

  test('gifty §3: a URL beyond what an index holds is a product like any other', async () => {
    const app = await makeRig(database)
    const tail = `?q=${'ё'.repeat(2000)}`
    const item = product(1, { product_url: `https://shop.example/p/1${tail}` })
    expect(await app.ingest([item])).toMatchObject({ items_ingested: 1 })
    expect(await app.ingest([item])).toMatchObject({ items_unchanged: 1 })
    const [found] = (await app.ok('GET', '/internal/products')).items
    expect(found.gift_id.length).toBeGreaterThan(12_000)
    expect((await app.ok('GET', `/internal/products/${encodeURIComponent(found.gift_id)}`)).gift_id).toBe(found.gift_id)
  })

  test('gifty §3: characters no database stores leave the rest of a product as it is', async () => {
    const app = await makeRig(database)
    const body =
      '{"source_id":0,"items":[{"title":"A\\u0000B \\ud83d \\ud83d\\ude00","product_url":"https://shop.example/p/1\\u0000","site_key":"sh\\u0000op",' +
      '"description":"\\udc00x","raw_data":{"k\\u0000":"v\\ud800","deep":["\\u0000"]},"category":"C\\u0000"}]}'
    const answer = await app.post('/internal/ingest-batch', body)
    expect(answer).toMatchObject({ status: 200, body: { items_ingested: 1 } })
    expect(await read(app, 1)).toMatchObject({
      title: 'AB \ufffd 😀',
      description: '\ufffdx',
      raw: { k: 'v\ufffd', deep: [''] },
      category: 'C',
    })
  })
})
