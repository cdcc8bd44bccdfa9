import { describe, expect, test } from 'bun:test'
import { createFetcher } from '../../../src/workers/web/fetcher.ts'
import { hastyClock } from '../../workers/doubles.ts'
import { caseText, plainPage, runShop, type ShopCase } from './rig.ts'

/** Sitemaps as they are found (kinds 8 and S of the cases). */
type Answer = Extract<ShopCase['pages'][string], (...args: never[]) => unknown>
const xml =
  (text: string): Answer =>
  (request) =>
    new Response(text.replaceAll('https://shop.example', new URL(request.url).origin), {
      headers: { 'content-type': 'application/xml' },
    })
const urlset = (...paths: string[]) =>
  `<urlset>${paths.map((path) => `<url><loc>https://shop.example${path}</loc></url>`).join('')}</urlset>`

const files: { name: string; sitemap: string; pages?: string[]; right: string[]; before: string }[] = [
  { name: 'sitemap-image-loc-first', sitemap: await caseText('sitemap-image-loc-first.xml'), right: ['/p/1'], before: 'nothing' },
  { name: 'sitemap-rss', sitemap: await caseText('sitemap-rss.xml'), right: ['/p/1'], before: 'nothing' },
  {
    name: 'Atom',
    sitemap:
      '<feed xmlns="http://www.w3.org/2005/Atom"><link rel="self" href="https://shop.example/p/9"/><entry><link rel="enclosure" href="https://shop.example/p/8"/><link href="https://shop.example/p/1"/></entry></feed>',
    right: ['/p/1'],
    before: 'nothing',
  },
  {
    name: 'a document type without entities, an image with a loc of its own, a prefix',
    sitemap:
      '<?xml version="1.0"?><!DOCTYPE urlset SYSTEM "http://10.0.0.1/x.dtd"><s:urlset xmlns:s="x"><s:url><image:image><image:loc>https://shop.example/p/8</image:loc></image:image><s:loc> https://shop.example/p/1?a=1&amp;b=2 </s:loc></s:url></s:urlset>',
    right: ['/p/1?a=1&b=2'],
    before: 'refused',
  },
  {
    name: 'products first, then what may be one; service pages never',
    sitemap: urlset('/about', '/green-tea', '/catalog/tea/', '/catalog/tea/black/', '/tea?id=5', '/product/1'),
    right: ['/catalog/tea/black/', '/green-tea', '/product/1', '/tea?id=5'],
    before: '/product/1 alone',
  },
]

describe('sitemaps', () => {
  test.each(files.map((one) => [one.name, one] as const))('%s', async (_, { sitemap, right }) => {
    const { brief, requests, history } = await runShop({
      type: 'sitemap',
      at: '/sitemap.xml',
      pages: {
        '/sitemap.xml': xml(sitemap),
        ...Object.fromEntries([...right, '/p/8', '/p/9', '/about'].map((path) => [path, plainPage(path)])),
        '/catalog/tea/': '<h1>Tea</h1>',
      },
    })
    expect(brief.map(([, , , path]) => path)).toEqual(right)
    expect(requests).not.toContain('/about')
    expect(history[0].status).toBe('completed')
  })

  const large = (count: number) => (request: Request) => {
    const { origin } = new URL(request.url)
    const entry = (id: number) =>
      `<url><loc>${origin}/p/large-collection-of-things-for-home-and-garden-${id}</loc><lastmod>2026-11-01T10:00:00+03:00</lastmod><changefreq>daily</changefreq><priority>0.8</priority></url>`
    return `<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${Array.from({ length: count }, (_, id) => entry(id)).join('')}</urlset>`
  }
  const things = Object.fromEntries(
    Array.from({ length: 60 }, (_, id) => [`/p/large-collection-of-things-for-home-and-garden-${id}`, plainPage(`Thing ${id}`)]),
  )

  test('sitemap-large: 30,000 addresses in 6 MB, and 60,000 packed, as many as max_pages allows', async () => {
    const plain = await runShop({
      type: 'sitemap',
      at: '/sitemap.xml',
      pages: {
        '/sitemap.xml': (request) => new Response(large(30_000)(request), { headers: { 'content-type': 'application/xml' } }),
        ...things,
      },
    })
    expect([plain.products.length, plain.history[0].status]).toEqual([60, 'completed'])
    const packed = await runShop({
      type: 'sitemap',
      at: '/sitemap.xml.gz',
      pages: {
        '/sitemap.xml.gz': (request) =>
          new Response(Bun.gzipSync(new TextEncoder().encode(large(60_000)(request))), {
            headers: { 'content-type': 'application/gzip' },
          }),
        ...things,
      },
    })
    expect([packed.products.length, packed.history[0].status]).toEqual([60, 'completed'])
  })

  test.each([
    ['addresses of www', 'https://shop.example/sitemap.xml', {}],
    [
      'a redirect to www',
      'https://shop.example/sitemap.xml',
      { 'https://shop.example/sitemap.xml': 'https://www.shop.example/sitemap.xml' },
    ],
    [
      'a move to another host',
      'https://old.example/sitemap.xml',
      { 'https://old.example/sitemap.xml': 'https://www.shop.example/sitemap.xml' },
    ],
  ] as const)('sitemap-www: %s', async (_, at, moved: Record<string, string>) => {
    const sitemap = await caseText('sitemap-www.xml')
    const fetcher = createFetcher({
      clock: hastyClock(),
      lookup: async () => ['93.184.216.34'],
      connect: async (address, init) => {
        const url = new URL(address)
        const host = new Headers(init.headers as Record<string, string>).get('host') ?? url.host
        const asked = `https://${host}${url.pathname}`
        if (moved[asked]) return new Response(null, { status: 302, headers: { location: moved[asked] } })
        if (url.pathname === '/sitemap.xml') return new Response(sitemap, { headers: { 'content-type': 'application/xml' } })
        if (host === 'www.shop.example' && url.pathname.startsWith('/p/'))
          return new Response(plainPage(url.pathname), { headers: { 'content-type': 'text/html' } })
        return new Response('none', { status: 404 })
      },
    })
    const { brief } = await runShop({ type: 'sitemap', at, pages: {}, network: { fetcher } })
    expect(brief.map(([, , , address]) => address)).toEqual(['https://www.shop.example/p/1', 'https://www.shop.example/p/2'])
  })
})
