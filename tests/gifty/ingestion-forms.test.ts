import { expect, test } from 'bun:test'
import { currencyIn, readPrice } from '../../src/platform/price.ts'
import { onEachDatabase } from '../support/databases.ts'
import { category, makeRig, product } from './rig.ts'

test('g-F1: a price is read from a text as shops write it', () => {
  const cases: [string, string | null, number | string][] = [
    ['1,499', null, 'ambiguous'],
    ['1.499', null, 'ambiguous'],
    ['12.500', '', 'ambiguous'],
    ['1,499', 'RUB', 1499],
    ['1.499', 'usd', 1499],
    ['1,499 руб.', null, 1499],
    ['12.500 ₫', null, 12500],
    ['$1,499', null, 1499],
    ['1,499', 'KWD', 1.499],
    ['1.499 BHD', null, 1.499],
    ['0,499', null, 0.499],
    ['1234,567', null, 1234.567],
    ['1,499,000', null, 1499000],
    ['1 499,50', null, 1499.5],
    ['1499,5', null, 1499.5],
    ['0,99', null, 0.99],
    ['1,499.50', null, 1499.5],
    ['1.499,50', null, 1499.5],
    ["1'499.50", null, 1499.5],
    ['1\u2009499', null, 1499],
    ['1 499 ₽', null, 1499],
    ['from 20 to 10 EUR', null, 10],
    ['10-20 EUR', null, 10],
    ['1 499,500', null, 1499.5],
    ['.5', null, 0.5],
    ['+5', null, 5],
    ['-5', null, -5],
    ['none', null, 'none'],
    ['', null, 'none'],
    ['1e3', null, 'none'],
    ['0x10', null, 'none'],
  ]
  for (const [text, currency, expected] of cases) {
    const read = readPrice(text, currency)
    expect([text, currency, typeof read === 'string' ? read : read.price]).toEqual([text, currency, expected])
  }
  expect(['5 $', '5 RUR', '5 eur', 'за 5 р.', '5 грн', '5 now'].map((text) => currencyIn(text))).toEqual([
    'USD',
    'RUB',
    'EUR',
    'RUB',
    'UAH',
    undefined,
  ])
})

onEachDatabase('forms of what is ingested', (database) => {
  const listed = async (app: Awaited<ReturnType<typeof makeRig>>) => (await app.ok('GET', '/internal/products')).items as any[]

  test('g-F1: an unreadable price is rejected with its field, one with a currency is read', async () => {
    const app = await makeRig(database)
    const answer = await app.ingest([
      product(1, { price: '1,499' }),
      product(2, { price: '1,499', currency: 'USD' }),
      product(3, { price: '12.500 ₫' }),
      product(4, { price: '1 499,50' }),
      product(5, { price: '0,99', currency: null }),
      product(6, { price: 'cheap' }),
    ])
    expect(answer.rejected.map(({ index, errors }: any) => [index, errors[0].field])).toEqual([
      [0, 'price'],
      [5, 'price'],
    ])
    const prices = new Map((await listed(app)).map((item) => [item.title, [item.price, item.currency]]))
    expect(Object.fromEntries(prices)).toEqual({
      'Gift 2': [1499, 'USD'],
      'Gift 3': [12500, 'VND'],
      'Gift 4': [1499.5, 'RUB'],
      'Gift 5': [0.99, 'RUB'],
    })
  })

  test('gifty §3: the mark of an unknown currency gives no price and a remark, never roubles', async () => {
    const app = await makeRig(database)
    const { id } = await app.source({ config: { currency: 'sek' } })
    const items = [
      product(1, { price: '50 kr' }),
      product(2, { price: '50 kr', currency: 'NOK' }),
      product(3, { price: '50 Kč' }),
      product(4, { price: 'C$ 50' }),
      product(5, { price: '50 XYZ' }),
    ]
    const answer = await app.ingest(items)
    expect(answer).toMatchObject({ items_ingested: 5, rejected: [] })
    expect(answer.remarks).toEqual(
      [0, 4].map((index) => ({ index, field: 'price', message: expect.stringContaining('currency') })),
    )
    const stored = async () =>
      Object.fromEntries((await listed(app)).map((item) => [item.title, item.price && [item.price, item.currency]]))
    expect(await stored()).toEqual({
      'Gift 1': null,
      'Gift 2': [50, 'NOK'],
      'Gift 3': [50, 'CZK'],
      'Gift 4': [50, 'CAD'],
      'Gift 5': null,
    })
    // The source says which crowns are meant; a batch without remarks says nothing of them.
    expect(Object.keys(await app.ingest([product(1, { price: '50 kr' })], { source_id: id }))).not.toContain('remarks')
    expect((await stored())['Gift 1']).toEqual([50, 'SEK'])
    // A price that cannot be read leaves the stored one.
    await app.ingest([product(1, { price: '60 kr' })])
    expect((await stored())['Gift 1']).toEqual([50, 'SEK'])
  })

  test("g-F1: a new product without any mark has its source's currency", async () => {
    const app = await makeRig(database)
    const { id } = await app.source({ config: { currency: 'kzt' } })
    await app.ingest([product(1), product(2, { currency: 'EUR' }), product(3, { price: '5 $' })], { source_id: id })
    expect((await listed(app)).map((item) => item.currency).sort()).toEqual(['EUR', 'KZT', 'USD'])
  })

  test('g-D2: currency null clears the stored currency, an absent one keeps it', async () => {
    const app = await makeRig(database)
    await app.ingest([product(1, { currency: 'USD' })])
    expect(await app.ingest([product(1, { currency: null })])).toMatchObject({ items_updated: 1 })
    expect((await listed(app))[0].currency).toBeNull()
    expect(await app.ingest([product(1, { currency: null })])).toMatchObject({ items_unchanged: 1 })
    expect(await app.ingest([product(1)])).toMatchObject({ items_unchanged: 1 })
    expect((await listed(app))[0].currency).toBeNull()
  })

  test('g-F2: a source has one address however it is written, by POST and PATCH', async () => {
    const app = await makeRig(database)
    const ids = new Set<number>()
    for (const url of [' https://z.test/a ', 'https://z.test/a', 'HTTPS://Z.test/a', '\thttps://Z.TEST/a\n']) {
      const source = await app.source({ url })
      ids.add(source.id)
      expect(source.url).toBe('https://z.test/a')
    }
    expect(ids.size).toBe(1)
    const other = await app.source({ url: 'https://User:Pw@Other.test:80/A?B=C#D' })
    expect(other.url).toBe('https://User:Pw@other.test:80/A?B=C#D')
    expect((await app.patch(`/internal/sources/${other.id}`, { url: ' HTTPS://z.Test/a' })).status).toBe(409)
    expect((await app.ok('PATCH', `/internal/sources/${other.id}`, { url: ' Http://Y.test/Q ' })).url).toBe('http://y.test/Q')
    // A spider's hub can be sent back as it was read.
    await app.ok('POST', '/internal/sources/sync-spiders', { available_spiders: ['Shop-A'] })
    const hub = (await app.ok('GET', '/internal/sources?site_key=Shop-A'))[0]
    expect((await app.ok('POST', '/internal/sources', { url: hub.url, type: 'hub', site_key: 'Shop-A' })).id).toBe(hub.id)
  })

  test('g-F3: names are one whatever their blanks, of products and categories, and so is an address without a path', async () => {
    const app = await makeRig(database)
    expect(
      await app.ingest([product(1, { category: 'Tea  mugs' }), product(2, { category: '  Tea mugs ' })], {
        categories: [category(1, { name: ' Tea\u00a0 mugs' })],
      }),
    ).toMatchObject({ items_ingested: 2, categories_ingested: 1 })
    expect((await app.ok('GET', '/internal/categories/tasks')).map((task: any) => task.external_name)).toEqual(['Tea mugs'])
    expect((await listed(app)).map((item) => item.category)).toEqual(['Tea mugs', 'Tea mugs'])
    expect(
      await app.ingest([product('a', { product_url: 'https://a.test' }), product('b', { product_url: 'https://A.test/' })]),
    ).toMatchObject({ items_ingested: 1, items_duplicate: 1 })
    expect(await app.ingest([product('a', { product_url: 'https://a.test?utm_source=x' })])).toMatchObject({ items_unchanged: 1 })
  })

  test('g-F4: products that belong to no run count in the figures of their day alone', async () => {
    const app = await makeRig(database)
    const stats = async () => {
      const { scraped_24h, new_24h, updated_24h, runs_24h } = await app.ok('GET', '/internal/stats')
      return [scraped_24h, new_24h, updated_24h, runs_24h]
    }
    await Promise.all([1, 2, 3].map((n) => app.ingest([product(n)])))
    expect(await stats()).toEqual([3, 3, 0, 0])
    app.clock.advance(90_000)
    await app.ingest([product(1, { price: 5 }), product(2)])
    expect(await stats()).toEqual([5, 3, 1, 0])
    const { id } = await app.source()
    await app.ingest([product(9)], { source_id: id })
    expect(await stats()).toEqual([6, 4, 1, 1])
    app.clock.advance(86_400_000 + 60_000)
    expect(await stats()).toEqual([0, 0, 0, 0])
    for (let hour = 0; hour < 30; hour++) {
      app.clock.advance(3_600_000)
      await app.tick()
    }
    expect(await app.rows('loose_ingests')).toBe(0)
  })

  test('g-C2: new spiders are notified by name, with what to do, in a message that Telegram takes', async () => {
    const app = await makeRig(database)
    await app.ok('POST', '/internal/sources/sync-spiders', { available_spiders: ['alpha', 'be<ta'] })
    const [note] = await app.notifications('scraping')
    for (const part of ['alpha', 'be&lt;ta', 'url', 'switch']) expect(note.text).toContain(part)
    await app.ok('POST', '/internal/sources/sync-spiders', {
      available_spiders: Array.from({ length: 2000 }, (_, n) => `spider-${n}-${'x'.repeat(80)}`),
    })
    const [, long] = await app.notifications('scraping')
    expect(long.text.length).toBeLessThanOrEqual(4096)
    expect(long.data.new_spiders).toHaveLength(2000)
  })
})
