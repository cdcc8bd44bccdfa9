import { expect, test } from 'bun:test'
import { parse } from 'csv-parse/sync'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { INTERNAL } from '../support/app.ts'
import { countStatements } from '../support/count-statements.ts'
import { onEachDatabase } from '../support/databases.ts'
import { codeOf, makeRig, problemOf, product, products, type Rig, rigOver } from './rig.ts'

const PATH = '/internal/products/export'
const ask = (app: Rig, query: string): Promise<Response> =>
  app.app.handle(new Request(`http://localhost${PATH}?${query}`, { headers: INTERNAL })) as Promise<Response>
const textOf = async (app: Rig, query = ''): Promise<string> => {
  const answer = await ask(app, query)
  expect(answer.status).toBe(200)
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(await answer.arrayBuffer())
}
const linesOf = async (app: Rig, query = ''): Promise<any[]> =>
  (await textOf(app, `format=ndjson&${query}`))
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
const parquetOf = async (app: Rig, query = ''): Promise<ArrayBuffer> => {
  const answer = await ask(app, `format=parquet&${query}`)
  expect(answer.headers.get('content-type')).toBe('application/vnd.apache.parquet')
  return answer.arrayBuffer()
}
/** Products of the list, without what tells a page from another. */
const listed = async (app: Rig, query = ''): Promise<any[]> => {
  const items: any[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: any = await app.ok('GET', `/internal/products?sort=id&limit=200&${query}${cursor && `&cursor=${cursor}`}`)
    items.push(...page.items)
    cursor = page.next_cursor
  }
  return items
}
const odd = [
  product('a', {
    ...{ title: 'Tea; "black", strong', description: 'two\r\nlines', category: 'Чай', price: 1499.5, merchant: 'Лавка' },
    raw_data: { weight: '100 g', parts: [1, { deep: 'a\nb' }] },
  }),
  product('b', { title: '=HYPERLINK("https://evil.example")', description: '+1', merchant: '@sum', category: '-2', price: null }),
  product('c', { title: '＝1+1', description: null, price: 0, currency: 'EUR' }),
]

onEachDatabase('operations §10: export of products', (database) => {
  test('CSV is read back by a reader of its own', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    await app.ingest(odd, { source_id: id })
    const answer = await ask(app, '')
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="products.csv"')
    const text = await answer.text()
    expect(text.endsWith('\r\n')).toBe(true)
    expect(text).not.toMatch(/[^\r]\n(?!lines)/)
    const rows = parse(text, { columns: true, record_delimiter: '\r\n' }) as any[]
    const items = await listed(app)
    expect(Object.keys(rows[0])).toEqual(Object.keys(items[0]))
    const guarded = (value: unknown) => (/^[=+\-@＝]/.test(String(value)) ? `'${value}` : value === null ? '' : String(value))
    expect(rows).toEqual(
      items.map((item) => Object.fromEntries(Object.entries(item).map(([name, value]) => [name, guarded(value)]))),
    )
    const byId = new Map(rows.map((row) => [row.product_url.at(-1), row]))
    expect(byId.get('b')).toMatchObject({ title: `'=HYPERLINK("https://evil.example")`, description: "'+1", merchant: "'@sum" })
    expect(byId.get('c').title).toBe("'＝1+1")
  })

  test('excel has a byte order mark, semicolons and decimal commas', async () => {
    const app = await makeRig(database)
    await app.ingest(odd)
    const text = await textOf(app, 'excel=true&fields=title,price,is_active')
    expect(text.startsWith('\ufefftitle;price;is_active\r\n')).toBe(true)
    const rows = parse(text, { columns: true, delimiter: ';', bom: true, record_delimiter: '\r\n' }) as any[]
    expect(rows).toContainEqual({ title: 'Tea; "black", strong', price: '1499,5', is_active: 'true' })
  })

  test('NDJSON and Parquet have what the list has, with raw data when asked', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    await app.ingest(odd, { source_id: id })
    const items = await listed(app)
    expect(await linesOf(app)).toEqual(items)
    const details = await Promise.all(
      items.map(({ gift_id }) => app.ok('GET', `/internal/products/${encodeURIComponent(gift_id)}`)),
    )
    const whole = items.map((item, n) => ({ ...item, raw_data: details[n].raw }))
    expect(await linesOf(app, 'include=raw_data')).toEqual(whole)
    expect(await linesOf(app, 'fields=title,raw_data')).toEqual(whole.map(({ title, raw_data }) => ({ title, raw_data })))
    const file = await parquetOf(app, 'include=raw_data')
    const plain = (row: any) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [
          name,
          value instanceof Date ? value.toISOString() : typeof value === 'bigint' ? Number(value) : value,
        ]),
      )
    expect((await parquetReadObjects({ file })).map(plain)).toEqual(whole)
    expect(items[0].source_id).toBe(id)
  })

  test('filters are those of the list, and fields come in their order', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    await app.ingest([product(1, { category: 'Toys' }), product(2, { price: 5 })], { source_id: id })
    const since = new Date(app.clock.now()).toISOString()
    app.clock.advance(1000)
    await app.ingest([product(3, { site_key: 'other', price: 900 })])
    for (const query of [
      ...['site_key=other', 'category=Toys', 'min_price=100', 'max_price=100', 'is_active=false', `source_id=${id}`],
      ...[`updated_after=${since}`, `gift_id=${encodeURIComponent('shop:https://shop.example/p/2')}`, 'gift_id=none'],
    ])
      expect(await linesOf(app, query)).toEqual(await listed(app, query))
    expect((await linesOf(app, `updated_after=${since}`)).map(({ title }) => title)).toEqual(['Gift 3'])
    expect(await linesOf(app, `source_id=${id}`)).toHaveLength(2)
    expect(await textOf(app, 'fields=price,title&site_key=other')).toBe('price,title\r\n900,Gift 3\r\n')
    expect(await textOf(app, 'site_key=nobody&fields=title')).toBe('title\r\n')
    expect(await textOf(app, 'site_key=nobody&format=ndjson')).toBe('')
    expect(await parquetReadObjects({ file: await parquetOf(app, 'site_key=nobody') })).toEqual([])
  })

  test('pages of many and of heavy products; Parquet in groups; after goes on behind a row', async () => {
    const app = await makeRig(database)
    await app.ingest(products(4600, { description: 'x'.repeat(300) }))
    await app.ingest(products(40, { site_key: 'heavy', description: 'y'.repeat(120_000) }))
    const ids = (await linesOf(app, 'fields=gift_id')).map(({ gift_id }) => gift_id)
    expect(new Set(ids).size).toBe(4640)
    expect(ids.length).toBe(4640)
    const file = await parquetOf(app, 'fields=gift_id,description')
    expect(parquetMetadata(file).row_groups.length).toBeGreaterThan(1)
    expect((await parquetReadObjects({ file })).map(({ gift_id }) => gift_id)).toEqual(ids)
    for (const place of [0, 1000, 4000, 4639])
      expect(
        (await linesOf(app, `fields=gift_id&after=${encodeURIComponent(ids[place])}`)).map(({ gift_id }) => gift_id),
      ).toEqual(ids.slice(place + 1))
    // A chunk weighs about a page, however heavy its products are.
    const chunks: number[] = []
    for await (const chunk of (await ask(app, 'format=ndjson')).body as unknown as AsyncIterable<Uint8Array>)
      chunks.push(chunk.length)
    expect(Math.max(...chunks)).toBeLessThan(2.6 * 1024 * 1024)
  })

  test('an export while batches are ingested has every product that existed at its start once', async () => {
    const app = await makeRig(database)
    await app.ingest(products(3500))
    const before = new Set((await linesOf(app, 'fields=gift_id')).map(({ gift_id }) => gift_id))
    const reader = (await ask(app, 'format=ndjson&fields=gift_id,price')).body!.getReader()
    let text = ''
    for (let turn = 0; ; turn++) {
      const { done, value } = await reader.read()
      if (done) break
      text += new TextDecoder().decode(value)
      // Old products change, new ones come between the pages.
      await app.ingest([...products(300, { price: 200 + turn }), ...products(100, { site_key: `new${turn}` })])
    }
    const seen = text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line).gift_id)
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen.filter((id) => before.has(id))).toHaveLength(3500)
  })

  test('a client that goes away ends the reading', async () => {
    const counting = countStatements(await database.fresh())
    const app = await rigOver(counting.db)
    await app.ingest(products(5000))
    const reader = (await ask(app, 'format=ndjson')).body!.getReader()
    await reader.read()
    await reader.cancel()
    const turns = async () => {
      for (let n = 0; n < 20; n++) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await counting.during(turns)).toBe(0)
    // Nobody reads: no page more than one is read ahead.
    const silent = (await ask(app, 'format=ndjson')).body!.getReader()
    await turns()
    expect(await counting.during(turns)).toBe(0)
    await silent.cancel()
  })

  test('refusals', async () => {
    const app = await makeRig(database)
    const refused = async (query: string) => problemOf(await app.get(`${PATH}?${query}`)).loc[1]
    expect(await refused('format=xml')).toBe('format')
    expect(await refused('fields=title,nothing')).toBe('fields')
    expect(await refused('fields=')).toBe('fields')
    expect(await refused('include=embeddings')).toBe('include')
    expect(await refused('updated_after=yesterday')).toBe('updated_after')
    expect(await refused('min_price=5&max_price=4')).toBe('max_price')
    expect(await refused('format=parquet&excel=true')).toBe('excel')
    expect(codeOf(await app.get(`${PATH}?q=tea`))).toEqual([422, 'unknown_parameter'])
    expect(codeOf(await app.get(`${PATH}?limit=5`))).toEqual([422, 'unknown_parameter'])
    expect((await app.get(PATH, {})).status).toBe(401)
  })
})
