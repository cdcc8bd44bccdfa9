import { describe, expect, test } from 'bun:test'
import type { FetchError } from '../../src/workers/web/errors.ts'
import { FetchError as FetchErrorClass } from '../../src/workers/web/errors.ts'
import type { Fetcher } from '../../src/workers/web/fetcher.ts'
import { createReader } from '../../src/workers/web/reader.ts'
import { collectSitemaps, readSitemap, sitemapText } from '../../src/workers/web/sitemap.ts'

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
  test('urlset, with one entry, with prefixes, CDATA and entities', () => {
    expect(readSitemap(urlset('https://a/1')).urls).toEqual(['https://a/1'])
    expect(
      readSitemap('<s:urlset xmlns:s="x"><s:url><s:loc> https://a/1?x=1&amp;y=&#50; </s:loc></s:url></s:urlset>').urls,
    ).toEqual(['https://a/1?x=1&y=2'])
    expect(readSitemap('<urlset><url><loc><![CDATA[https://a/1?x=1&y=2]]></loc></url><url/></urlset>').urls).toEqual([
      'https://a/1?x=1&y=2',
    ])
    expect(readSitemap('https://a/1\nnot a url\r\nhttps://a/2').urls).toEqual(['https://a/1', 'https://a/2'])
  })

  test.each([
    [
      'billion laughs',
      '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]><urlset><url><loc>&b;</loc></url></urlset>',
    ],
    ['an external entity', '<!DOCTYPE urlset SYSTEM "http://10.0.0.1/x.dtd"><urlset/>'],
  ])('%s is refused', (_, text) => {
    expect(() => readSitemap(text)).toThrow('document type')
  })

  test('a page in place of a sitemap has no addresses', () => {
    expect(readSitemap('<html><body><p>Not found</p></body></html>')).toEqual({ urls: [], sitemaps: [] })
  })

  test('an index leads through packed files to the addresses of this host, each file once', async () => {
    const files = {
      'https://a/sitemap.xml': index(
        'https://a/1.xml.gz',
        'https://a/2.xml',
        'https://a/sitemap.xml',
        'https://other/3.xml',
        'https://a/gone.xml',
      ),
      'https://a/1.xml.gz': Bun.gzipSync(new TextEncoder().encode(urlset('https://a/c/one', 'https://other/c/x'))),
      'https://a/2.xml': urlset('https://a/c/two', 'https://a/c/one'),
    }
    const web = serve(files)
    const problems: [string, string][] = []
    const urls = await collectSitemaps({ fetcher: web, reader: createReader() }, ['https://a/sitemap.xml'], {
      host: 'a',
      maxFiles: 10,
      report: (url: string, problem: FetchError) => problems.push([url, problem.message]),
    })
    expect(urls).toEqual(['https://a/c/one', 'https://a/c/two'])
    expect(web.asked).toEqual(['https://a/sitemap.xml', 'https://a/1.xml.gz', 'https://a/2.xml', 'https://a/gone.xml'])
    expect(problems).toEqual([['https://a/gone.xml', 'HTTP 404']])
  })

  test('the number of files is bounded', async () => {
    const web = serve(Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`https://a/${at}`, index(`https://a/${at + 1}`)])))
    await collectSitemaps({ fetcher: web, reader: createReader() }, ['https://a/0'], { host: 'a', maxFiles: 3, report: () => {} })
    expect(web.asked).toHaveLength(3)
  })

  test('a packed bomb is refused', () => {
    expect(() => sitemapText(Bun.gzipSync(new Uint8Array(11 * 1024 * 1024)), 'application/gzip')).toThrow('cannot be unpacked')
  })
})
