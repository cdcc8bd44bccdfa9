import { describe, expect, test } from 'bun:test'
import { createDemoShop } from '../../src/ops/demo/shop.ts'
import { readPage } from '../../src/workers/web/extract/index.ts'

const shop = createDemoShop()
const ORIGIN = 'http://127.0.0.1:3000'
const get = (path: string, init?: RequestInit, origin = ORIGIN) => shop.handle(new Request(origin + path, init))
const read = async (path: string) => readPage(await get(path)!.text(), ORIGIN + path, { siteKey: 'demo' })
const rows: any[] = (await Bun.file(new URL('../../src/ops/demo/products.ndjson', import.meta.url)).text())
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))

describe('demo shop', () => {
  test('other paths are not its business', () => {
    expect(get('/demo/shopping')).toBeUndefined()
    expect(get('/robots.txt')).toBeUndefined()
  })

  test('its rows are rows of the fixture, at most 50 per category', async () => {
    const all = new Set((await Bun.file(new URL('../fixtures/products.ndjson', import.meta.url)).text()).trim().split('\n'))
    const own = (await Bun.file(new URL('../../src/ops/demo/products.ndjson', import.meta.url)).text()).trim().split('\n')
    expect(own).toHaveLength(621)
    expect(own.every((line) => all.has(line))).toBe(true)
    const counts = Map.groupBy(rows, (row) => row.category)
    expect(counts.size).toBe(13)
    expect(Math.max(...[...counts.values()].map((list) => list.length))).toBe(50)
  })

  test('hub: links all 13 categories', async () => {
    const { outline } = await read('/demo/shop')
    const menu = outline.links.filter(({ zone }) => zone === 'menu').map(({ url }) => new URL(url).pathname)
    expect(menu).toHaveLength(13)
    expect(menu.every((path) => /^\/demo\/shop\/c\/[a-z-]+$/.test(path))).toBe(true)
    expect(outline.sitemaps).toEqual([`${ORIGIN}/demo/shop/sitemap.xml`])
  })

  test('category: pages of 20 whole products with rel=next and breadcrumbs, addresses on the asked origin', async () => {
    const first = await read('/demo/shop/c/obuv')
    const expected = rows.filter((row) => row.category === 'Обувь')
    expect(first.products).toHaveLength(20)
    expect(first.products[0]).toEqual({
      title: expected[0].title.replace(/\s+/g, ' ').trim(),
      product_url: `${ORIGIN}/demo/shop/p/${expected[0].raw_data.product_id}`,
      site_key: 'demo',
      description: expect.stringContaining('демонстрационный товар'),
      price: expected[0].price,
      currency: 'RUB',
      image_url: expected[0].image_url,
      merchant: 'Aliexpress',
      category: 'Обувь',
      raw_data: { sku: String(expected[0].raw_data.product_id), availability: 'InStock' },
    })
    expect(first.outline.next).toBe(`${ORIGIN}/demo/shop/c/obuv?page=2`)
    expect(first.crumbs.map(({ name }) => name)).toEqual(['Лавка', 'Обувь'])
    const last = await read('/demo/shop/c/obuv?page=3')
    expect([last.products.length, last.outline.next]).toEqual([expected.length - 40, undefined])
    const elsewhere = await get('/demo/shop/c/obuv', {}, 'https://shop.example')!.text()
    expect(elsewhere).toContain('"url": "https://shop.example/demo/shop/p/')
    expect(elsewhere).not.toContain('127.0.0.1')
  })

  test('the careless page is no JSON but loses nothing', async () => {
    const html = await get('/demo/shop/c/odezhda?page=2')!.text()
    const script = /<script type="application\/ld\+json">([\s\S]*?)<\/script>/.exec(html)![1]!
    expect(() => JSON.parse(script)).toThrow(SyntaxError)
    const data = await read('/demo/shop/c/odezhda?page=2')
    expect([data.products.length, data.brokenScripts]).toEqual([20, 0])
  })

  test('every product page gives its product, whichever way it is marked up', async () => {
    const sources: Record<string, number> = {}
    for (const row of rows.filter(({ category }) => category === 'Обувь' || category === 'Спортивные товары')) {
      const id = row.raw_data.product_id
      const data = await read(`/demo/shop/p/${id}`)
      sources[data.source] = (sources[data.source] ?? 0) + 1
      expect(data.products).toHaveLength(1)
      expect(data.products[0]).toMatchObject({
        title: row.title.replace(/\s+/g, ' ').trim(),
        product_url: `${ORIGIN}/demo/shop/p/${id}`,
        price: row.price,
        currency: 'RUB',
        image_url: row.image_url,
        category: row.category,
        raw_data: { sku: String(id) },
      })
      expect(data.brokenScripts).toBe(data.source === 'opengraph' ? 1 : 0)
    }
    // 96 products: every tenth from the 4th by microdata, every 25th from the 10th by OpenGraph beside truncated JSON-LD.
    expect(sources).toEqual({ 'json-ld': 82, microdata: 10, opengraph: 4 })
  })

  test('a listing of addresses only, and a next page that fails', async () => {
    const second = await read('/demo/shop/c/knigi?page=2')
    expect([second.products.length, second.listUrls.length]).toEqual([0, 10])
    expect(second.outline.next).toBe(`${ORIGIN}/demo/shop/c/knigi?page=3`)
    expect(get('/demo/shop/c/knigi?page=3')!.status).toBe(500)
  })

  test('sitemap lists the categories', async () => {
    const response = get('/demo/shop/sitemap.xml')!
    expect(response.headers.get('content-type')).toBe('application/xml; charset=utf-8')
    expect((await response.text()).match(/<loc>http:\/\/127\.0\.0\.1:3000\/demo\/shop\/c\/[a-z-]+<\/loc>/g)).toHaveLength(13)
  })

  test.each([
    '/x',
    '/c',
    '/c/none',
    '/c/obuv/x',
    '/c/obuv?page=0',
    '/c/obuv?page=4',
    '/c/obuv?page=x',
    '/p/1',
    '/p',
    '/robots.txt',
    '/sitemap.xml/x',
  ])('%s is 404', async (path) => {
    const response = get(`/demo/shop${path}`)!
    expect([response.status, response.headers.get('cache-control')]).toEqual([404, 'no-store'])
  })

  test('pages carry an ETag and answer 304; HEAD has no body; other methods are 405', async () => {
    const page = get('/demo/shop/c/obuv')!
    const etag = page.headers.get('etag')!
    expect(page.headers.get('cache-control')).toBe('public, max-age=60')
    expect(get('/demo/shop/c/obuv', { headers: { 'if-none-match': etag } })!.status).toBe(304)
    expect(get('/demo/shop/c/obuv?page=2', { headers: { 'if-none-match': etag } })!.status).toBe(200)
    const head = get('/demo/shop', { method: 'HEAD' })!
    expect([head.status, await head.text()]).toEqual([200, ''])
    const post = get('/demo/shop', { method: 'POST' })!
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  test('titles are escaped in markup and scripts', async () => {
    const odd = rows.find((row) => /[&<>"']/.test(row.title))
    const html = await get(`/demo/shop/p/${odd.raw_data.product_id}`)!.text()
    const heading = /<h1[^>]*>([\s\S]*?)<\/h1>/.exec(html)![1]!
    expect(heading).not.toMatch(/[<>"']/)
    expect(Bun.escapeHTML(odd.title).replaceAll('&#x27;', '&#39;')).toBe(heading)
  })
})
