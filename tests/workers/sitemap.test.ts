import { describe, expect, test } from 'bun:test'
import type { FetchError } from '../../src/workers/web/errors.ts'
import { FetchError as FetchErrorClass } from '../../src/workers/web/errors.ts'
import type { Fetcher } from '../../src/workers/web/fetcher.ts'
import { createReader } from '../../src/workers/web/reader.ts'
import { readSitemapDocument } from '../../src/workers/web/sitemap.ts'
import { collectSitemaps } from '../../src/workers/web/sitemaps.ts'

const readSitemap = (text: string | Uint8Array, contentType = 'application/xml') =>
  readSitemapDocument({
    url: 'https://a/sitemap.xml',
    contentType,
    bytes: typeof text === 'string' ? new TextEncoder().encode(text) : text,
  })

const urlset = (...urls: string[]) =>
  `<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${urls.map((url) => `<url><loc>${url}</loc><lastmod>2026-01-01</lastmod></url>`).join('')}</urlset>`
const index = (...urls: string[]) =>
  `<sitemapindex>${urls.map((url) => `<sitemap><loc>${url}</loc></sitemap>`).join('')}</sitemapindex>`

const serve = (files: Record<string, string | Uint8Array>): Fetcher & { asked: string[] } => {
  const asked: string[] = []
  return {
    asked,
    async page(url) {
      asked.push(url)
      const file = files[url]
      if (file === undefined) throw new FetchErrorClass('status', 'HTTP 404', false, 404)
      return {
        url,
        contentType: 'text/xml',
        link: '',
        bytes: typeof file === 'string' ? new TextEncoder().encode(file) : file,
      }
    },
    sitemaps: async () => [],
  }
}

describe('sitemaps', () => {
  test('urlset, with one entry, with prefixes, CDATA and entities; plain lists; other encodings', async () => {
    const urls = async (text: string | Uint8Array, contentType?: string) => (await readSitemap(text, contentType)).urls
    expect(await urls(urlset('https://a/1'))).toEqual(['https://a/1'])
    expect(await urls('<s:urlset xmlns:s="x"><s:url><s:loc> https://a/1?x=1&amp;y=&#50; </s:loc></s:url></s:urlset>')).toEqual([
      'https://a/1?x=1&y=2',
    ])
    expect(await urls('<urlset><url><loc><![CDATA[https://a/1?x=1&y=2]]></loc></url><url/></urlset>')).toEqual([
      'https://a/1?x=1&y=2',
    ])
    expect(await urls('https://a/1\nnot a url\r\nhttps://a/2')).toEqual(['https://a/1', 'https://a/2'])
    const wide = Buffer.from(`\ufeff${urlset('https://a/ж')}`, 'utf16le')
    expect(await urls(wide, 'text/xml')).toEqual(['https://a/%D0%B6'])
    const cyrillic = Buffer.from(`<?xml version="1.0" encoding="windows-1251"?>${urlset('https://a/#')}`, 'latin1')
    cyrillic[cyrillic.indexOf('#')] = 0xe6
    expect(await urls(cyrillic, 'text/xml')).toEqual(['https://a/%D0%B6'])
  })

  test('a cut file gives what is there', async () => {
    const whole = urlset(...Array.from({ length: 5000 }, (_, at) => `https://a/${at}`))
    const { urls } = await readSitemap(whole.slice(0, whole.length / 2))
    expect(urls.length).toBeGreaterThan(2000)
    expect(urls.every((url, at) => url === `https://a/${at}`)).toBe(true)
  })

  test('entities are refused, or stay what they are; a document type alone is harmless', async () => {
    const laughs =
      '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]><urlset><url><loc>https://a/&b;</loc></url></urlset>'
    await expect(readSitemap(laughs)).rejects.toThrow('declares entities')
    expect((await readSitemap('<urlset><url><loc>https://a/&b;</loc></url></urlset>')).urls).toEqual(['https://a/&b;'])
    expect((await readSitemap(`<!DOCTYPE urlset SYSTEM "http://10.0.0.1/x.dtd">${urlset('https://a/1')}`)).urls).toEqual([
      'https://a/1',
    ])
  })

  test('a page in place of a sitemap is no empty sitemap', async () => {
    await expect(readSitemap('<html><body><p>Not found</p><a href="/x">x</a></body></html>')).rejects.toThrow(
      'a web page, not a sitemap',
    )
  })

  test('at most 50,000 addresses, each of 2,048 characters; deep nesting is refused', async () => {
    const many = urlset(...Array.from({ length: 50_010 }, (_, at) => `https://a/${at}`))
    const cut = await readSitemap(many)
    expect([cut.urls.length, cut.isCut]).toEqual([50_000, true])
    const long = await readSitemap(urlset(...Array.from({ length: 10_000 }, (_, at) => `https://a/${'x'.repeat(2000)}${at}`)))
    expect([long.urls.length < 6000, long.isCut]).toEqual([true, true])
    expect(await readSitemap(urlset(`https://a/${'x'.repeat(1_000_000)}`, 'https://a/1'))).toEqual({
      urls: ['https://a/1'],
      sitemaps: [],
      tooLong: 1,
      isCut: false,
    })
    await expect(readSitemap('<a>'.repeat(200_000))).rejects.toThrow('nests deeper')
  })

  const collect = (
    web: Fetcher,
    start: string,
    options: { maxFiles?: number; keep?: number; problems?: [string, string][] } = {},
  ) =>
    collectSitemaps({ fetcher: web, reader: createReader() }, [start], {
      hosts: new Set(['a']),
      maxFiles: options.maxFiles ?? 10,
      keep: { category: options.keep ?? 100 },
      report: (url: string, problem: FetchError) => options.problems?.push([url, problem.message]),
    })

  test('an index leads through packed files to the addresses of this shop, each file once', async () => {
    const files = {
      'https://a/sitemap.xml': index(
        'https://a/1.xml.gz',
        'https://www.a/2.xml',
        'https://a/sitemap.xml',
        'https://other/3.xml',
        'https://a/gone.xml',
      ),
      'https://a/1.xml.gz': Bun.gzipSync(new TextEncoder().encode(urlset('https://a/c/one', 'https://other/c/x'))),
      'https://www.a/2.xml': urlset('https://www.a/c/two', 'https://www.a/c/one/', 'https://a/p/1'),
    }
    const web = serve(files)
    const problems: [string, string][] = []
    const { kept, counts, foreign } = await collect(web, 'https://a/sitemap.xml', { problems })
    expect(kept.category).toEqual(['https://a/c/one', 'https://www.a/c/two'])
    expect([kept.product, counts.product, counts.category, foreign]).toEqual([[], 1, 3, 1])
    expect(web.asked).toEqual(['https://a/sitemap.xml', 'https://a/1.xml.gz', 'https://www.a/2.xml', 'https://a/gone.xml'])
    expect(problems).toEqual([['https://a/gone.xml', 'HTTP 404']])
  })

  test('the numbers of files and of addresses are bounded, and what is left out is counted', async () => {
    const chain = serve(
      Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`https://a/${at}`, index(`https://a/${at + 1}`)])),
    )
    expect((await collect(chain, 'https://a/0', { maxFiles: 3 })).filesLeft).toBe(1)
    expect(chain.asked).toHaveLength(3)
    const web = serve({ 'https://a/s': urlset(...Array.from({ length: 20 }, (_, at) => `https://a/c/${at}`)) })
    const { kept, counts } = await collect(web, 'https://a/s', { keep: 5 })
    expect([kept.category.length, counts.category]).toEqual([5, 20])
  })

  test('a packed bomb and a broken archive are refused', async () => {
    await expect(readSitemap(Bun.gzipSync(new Uint8Array(51 * 1024 * 1024).fill(0x20)))).rejects.toThrow('exceeds')
    await expect(readSitemap(new Uint8Array([0x1f, 0x8b, 8, 0, 1, 2, 3]))).rejects.toThrow('cannot be unpacked')
  })
})
