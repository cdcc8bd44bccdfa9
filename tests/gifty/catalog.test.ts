import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { onEachDatabase } from '../support/databases.ts'
import { iso, START } from '../support/fake-clock.ts'
import { codeOf, makeRig, problemOf, product } from './rig.ts'

onEachDatabase('gifty catalogue', (database) => {
  test('gifty §6: filters, and newest change first, then gift_id in byte order', async () => {
    const app = await makeRig(database)
    expect(await app.ok('GET', '/internal/products')).toEqual({ items: [], next_cursor: null })
    const toys = { category: 'Toys' }
    await app.ingest([product('b', { price: 10, ...toys }), product('B', { price: 20 }), product('ё', { price: null, ...toys })])
    app.clock.advance(1000)
    await app.ingest([
      product('z', { price: 30, site_key: 'other', ...toys }),
      product('a', { price: 10, category: `${'T'.repeat(300)}` }),
    ])
    const list = async (query = '') => (await app.ok('GET', `/internal/products?${query}`)).items.map((item: any) => item.title)
    // Byte order: upper case before lower case, also where the database's collation says otherwise.
    expect(await list()).toEqual(['Gift z', 'Gift a', 'Gift B', 'Gift b', 'Gift ё'])
    expect(await list('site_key=other')).toEqual(['Gift z'])
    expect(await list('category=Toys')).toEqual(['Gift z', 'Gift b', 'Gift ё'])
    expect(await list(`category=${'T'.repeat(300)}`)).toEqual(['Gift a'])
    expect(await list('category=toys')).toEqual([])
    expect(await list('min_price=20')).toEqual(['Gift z', 'Gift B'])
    expect(await list('max_price=10')).toEqual(['Gift a', 'Gift b'])
    expect(await list('min_price=10.5&max_price=20.0')).toEqual(['Gift B'])
    expect(await list('min_price=10&max_price=10')).toEqual(['Gift a', 'Gift b'])
    expect(await list('site_key=shop&category=Toys&max_price=50')).toEqual(['Gift b'])
    expect(await list(`gift_id=${encodeURIComponent('other:https://shop.example/p/z')}`)).toEqual(['Gift z'])
    expect(await list('gift_id=nothing')).toEqual([])
    await app.db.sql(
      sql`update products set is_active = ${database.dialect === 'postgres' ? sql`false` : sql`0`} where price = 10`,
    )
    expect(await list()).toEqual(['Gift z', 'Gift B', 'Gift ё'])
    expect(await list('is_active=no')).toEqual(['Gift a', 'Gift b'])
    // A change moves a product to the front, an unchanged one stays.
    app.clock.advance(1000)
    await app.ingest([product('B', { price: 21 }), product('z', { price: 30, site_key: 'other', ...toys })])
    expect(await list('limit=2')).toEqual(['Gift B', 'Gift z'])
  })

  test('gifty §6: pages go on after the last row, without overlap or gap, whatever comes in between', async () => {
    const app = await makeRig(database)
    for (let n = 0; n < 4; n++) {
      await app.ingest(Array.from({ length: 5 }, (_, i) => product(`${n}-${i}`)))
      if (n % 2) app.clock.advance(1)
    }
    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: any = await app.ok('GET', `/internal/products?limit=3${cursor && `&cursor=${cursor}`}`)
      seen.push(...page.items.map((item: any) => item.gift_id))
      cursor = page.next_cursor
      await app.ingest([product(`later-${seen.length}`)])
    }
    const first = seen.filter((id) => !id.includes('later'))
    expect(seen).toHaveLength(20)
    expect(new Set(first).size).toBe(20)
    const whole = (await app.ok('GET', '/internal/products?limit=200')).items.map((item: any) => item.gift_id)
    expect(whole.filter((id: string) => !id.includes('later'))).toEqual(first)
  })

  test('gifty §6: a bad cursor, min > max and limits out of bounds are 422', async () => {
    const app = await makeRig(database)
    const place = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    for (const cursor of [
      'x',
      '',
      place(['a', 'b']),
      place([1]),
      place([1.5, 'a']),
      place([9e15, 'a']),
      place([-1, 'a']),
      place({}),
    ])
      expect(problemOf(await app.get(`/internal/products?cursor=${cursor}`))).toMatchObject({
        type: 'value_error',
        loc: ['query', 'cursor'],
      })
    expect(problemOf(await app.get('/internal/products?min_price=2&max_price=1'))).toMatchObject({
      loc: ['query', 'max_price'],
      input: 1,
    })
    expect(problemOf(await app.get('/internal/products?limit=0')).type).toBe('greater_than_equal')
    expect(problemOf(await app.get('/internal/products?limit=201')).type).toBe('less_than_equal')
    expect(problemOf(await app.get('/internal/products?is_active=perhaps')).type).toBe('bool_parsing')
    expect(problemOf(await app.get('/internal/products?max_price=dear')).type).toBe('float_parsing')
  })

  test('gifty §6: a product is read by its percent-encoded gift_id, with raw and its newest 100 prices', async () => {
    const app = await makeRig(database)
    const url = 'https://shop.example/p/%D1%91/x?a=1%2B1&b=%25+c'
    for (let n = 0; n < 103; n++) {
      await app.ingest([product(1, { product_url: url, price: n, raw_data: { n } })])
      app.clock.advance(1000)
    }
    const [listed] = (await app.ok('GET', '/internal/products')).items
    const { raw, price_history, embeddings, runs, ...rest } = await app.ok(
      'GET',
      `/internal/products/${encodeURIComponent(listed.gift_id)}`,
    )
    expect(rest).toEqual(listed)
    expect(runs).toEqual([])
    expect(listed).toMatchObject({ gift_id: `shop:${url}`, product_url: url })
    expect(raw).toEqual({ n: 102 })
    expect(embeddings).toEqual([])
    expect(price_history).toHaveLength(100)
    expect(price_history[0]).toEqual({ price: 102, currency: 'RUB', seen_at: iso(START + 102_000) })
    expect(price_history[99].price).toBe(3)
    for (const id of ['nothing', encodeURIComponent('shop:https://shop.example/p/'), 'x'.repeat(5000)])
      expect(codeOf(await app.get(`/internal/products/${id}`))).toEqual([404, 'not_found'])
  })
})
