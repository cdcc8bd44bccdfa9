import { describe, expect, test } from 'bun:test'
import { brotliCompressSync } from 'node:zlib'
import { caseText, plainPage, runShop } from './rig.ts'

const html = (body: BodyInit | null, status = 200, headers: Record<string, string> = {}) =>
  new Response(body, { status, headers: { 'content-type': 'text/html', ...headers } })
const card = (n: number) => `<div class="product-card"><a href="/product/${n}">Thing ${n}</a></div>`
const list = (count: number) => Array.from({ length: count }, (_, at) => card(at + 1)).join('')
const plain = (n: number) => html(plainPage(`Thing ${n}`))
const of = (requests: string[], start: string) => requests.filter((path) => path.startsWith(start))

describe('cases web 6: what fails in passing', () => {
  test('http-429-hour: after the first 429 the host is left alone, and the run says so', async () => {
    expect(await caseText('http-429-hour.txt')).toContain('Retry-After: 3600')
    const busy = () => html('', 429, { 'retry-after': '3600' })
    const pages: Record<string, any> = { '/list': list(40) }
    for (let n = 1; n <= 40; n++) pages[`/product/${n}`] = n <= 3 ? plain(n) : busy
    const { brief, history, source, requests } = await runShop({ at: '/list', type: 'list', pages })
    expect(brief.map(([title]) => title)).toEqual(['Thing 1', 'Thing 2', 'Thing 3'])
    expect(of(requests, '/product/')).toEqual(['/product/1', '/product/2', '/product/3', '/product/4'])
    expect(history[0]).toMatchObject({ status: 'failed', error: expect.stringContaining('429') })
    expect(source).toMatchObject({ is_active: true, status: 'error' })
  })

  test('a second run within the hour asks for nothing', async () => {
    const pages = { '/lamp': () => html('', 429, { 'retry-after': '3600' }) }
    const { history, requests, source } = await runShop({ at: '/lamp', pages, runs: 2 })
    expect(of(requests, '/lamp')).toHaveLength(1)
    expect(history.map(({ status }: any) => status)).toEqual(['failed', 'failed'])
    expect(history[0].error).toMatch(/HTTP 429, the host asks to wait 3\d\d\d s/)
    expect(source).toMatchObject({ is_active: true, status: 'error' })
  })

  test('429 without Retry-After, from every page: three pages and their repeats, then the run ends', async () => {
    const pages: Record<string, any> = { '/list': list(40), '/product/1': plain(1) }
    for (let n = 2; n <= 40; n++) pages[`/product/${n}`] = () => html('', 429)
    const { brief, history, requests } = await runShop({ at: '/list', type: 'list', pages })
    expect(brief).toHaveLength(1)
    expect(of(requests, '/product/').length).toBeLessThan(12)
    expect(history[0]).toMatchObject({ status: 'failed', error: expect.stringContaining('429') })
  })

  test.each([408, 425, 429, 500, 502, 503, 504])('a page that answers %p once is asked again', async (status) => {
    const second = (_: Request, asked: number) => (asked === 1 ? html('', status) : plain(2))
    const pages = { '/list': list(3), '/product/1': plain(1), '/product/2': second, '/product/3': plain(3) }
    const { brief, history, requests } = await runShop({ at: '/list', type: 'list', pages })
    expect(brief).toHaveLength(3)
    expect(of(requests, '/product/2')).toHaveLength(2)
    expect(history[0]).toMatchObject({ status: 'completed', error: null })
  })

  test('the first page of a run is asked again too', async () => {
    const pages = { '/lamp': (_: Request, asked: number) => (asked < 3 ? html('', 502) : plain(1)) }
    expect((await runShop({ at: '/lamp', pages })).brief).toHaveLength(1)
  })

  test('a packed body that is cut off is asked again', async () => {
    const packed = brotliCompressSync(plainPage('Thing 1') + '<p>filler</p>'.repeat(50))
    const headers = { 'content-encoding': 'br' }
    const pages = {
      '/lamp': (_: Request, asked: number) =>
        html(new Uint8Array(asked === 1 ? packed.subarray(0, packed.length - 9) : packed), 200, headers),
    }
    const { brief, requests } = await runShop({ at: '/lamp', pages })
    expect(brief).toEqual([['Thing 1', 100, 'RUB', '/lamp']])
    expect(of(requests, '/lamp')).toHaveLength(2)
  })

  test('the budget of repeats is the run’s: a shop that answers 500 throughout is not asked three times as much', async () => {
    const pages: Record<string, any> = { '/list': list(30), '/product/1': plain(1) }
    for (let n = 2; n <= 30; n++) pages[`/product/${n}`] = () => html('', 500)
    const { requests, brief } = await runShop({ at: '/list', type: 'list', pages })
    expect(brief).toHaveLength(1)
    // 60 pages allow six repeats; twenty pages in a row that fail end the run.
    expect(of(requests, '/product/')).toHaveLength(1 + 20 + 6)
  })

  test('a listing of which nothing could be read has failed', async () => {
    const pages: Record<string, any> = { '/list': list(3) }
    for (let n = 1; n <= 3; n++) pages[`/product/${n}`] = () => html('', 500)
    const { history, source } = await runShop({ at: '/list', type: 'list', pages })
    expect(history[0]).toMatchObject({ status: 'failed', error: expect.stringContaining('3 pages could not be read') })
    expect(source).toMatchObject({ is_active: true, status: 'error' })
  })
})

describe('cases web 13: a source breaks only on what stays', () => {
  const once = (first: () => Response) => ({ '/lamp': (_: Request, asked: number) => (asked === 1 ? first() : plain(1)) })
  const isSoft = async (first: () => Response) => {
    const { source, history, brief } = await runShop({ at: '/lamp', pages: once(first), runs: 2 })
    expect(history.map(({ status }: any) => status)).toEqual(['completed', 'failed'])
    expect(source).toMatchObject({ is_active: true, status: 'waiting' })
    expect(brief).toEqual([['Thing 1', 100, 'RUB', '/lamp']])
  }

  test('http-403-once', async () => {
    expect(await caseText('http-403-once.txt')).toContain('403')
    await isSoft(() => html('no', 403))
  })
  test.each([204, 401, 402, 405, 406, 418, 451])('an answer %p', (status) => isSoft(() => html(null, status)))
  test('a picture in place of the page', () => isSoft(() => html('\x89PNG', 200, { 'content-type': 'image/png' })))
  test('bytes that are no page', () => isSoft(() => html('\x7fELF', 200, { 'content-type': 'application/octet-stream' })))
  test('a page over 5 MiB', () => isSoft(() => html('<p>'.repeat(2_000_000))))
  test('a coding that was not asked for', () => isSoft(() => html('x', 200, { 'content-encoding': 'zstd' })))

  test('a redirect loop', async () => {
    const away = () => new Response(null, { status: 302, headers: { location: '/lamp' } })
    const pages = { '/lamp': (_: Request, asked: number) => (asked <= 6 ? away() : plain(1)) }
    const { source, history, brief } = await runShop({ at: '/lamp', pages, runs: 2 })
    expect(history.map(({ status }: any) => status)).toEqual(['completed', 'failed'])
    expect(source).toMatchObject({ is_active: true, status: 'waiting' })
    expect(brief).toHaveLength(1)
  })

  test.each(['application/octet-stream', 'binary/octet-stream', 'application/force-download'])(
    'HTML that is declared as %s is read',
    async (type) => {
      const page = `\n<!doctype html><title>x</title>${plainPage('Thing 1')}`
      const { brief } = await runShop({ at: '/lamp', pages: { '/lamp': html(page, 200, { 'content-type': type }) } })
      expect(brief).toEqual([['Thing 1', 100, 'RUB', '/lamp']])
    },
  )

  test.each([404, 410])('its own address that answers %p breaks it', async (status) => {
    const { source } = await runShop({ at: '/lamp', pages: { '/lamp': () => html('', status) } })
    expect(source).toMatchObject({ is_active: false, status: 'broken' })
  })

  test('so does an address that robots.txt forbids', async () => {
    const pages = { '/robots.txt': 'User-agent: *\nDisallow: /lamp', '/lamp': plain(1) }
    expect((await runShop({ at: '/lamp', pages })).source).toMatchObject({ is_active: false, status: 'broken' })
  })
})

test.each([509, 520, 522, 524, 529, 530])('a page that a proxy answers with %p once is asked again', async (status) => {
  const second = (_: Request, asked: number) => (asked === 1 ? html('', status) : plain(2))
  const pages = { '/list': list(3), '/product/1': plain(1), '/product/2': second, '/product/3': plain(3) }
  const { brief, history } = await runShop({ at: '/list', type: 'list', pages })
  expect(brief).toHaveLength(3)
  expect(history[0]).toMatchObject({ status: 'completed', error: null })
})

test.each(['utf-8', 'none', 'binary', 'identity'])('a page of "Content-Encoding: %s" is not packed', async (coding) => {
  const pages = { '/lamp': () => html(plainPage('Lamp'), 200, { 'content-encoding': coding }) }
  expect((await runShop({ at: '/lamp', pages })).brief).toHaveLength(1)
})

test('a sitemap that is a web page fails the run, where it was completed with nothing', async () => {
  const home =
    '<!doctype html><html><head><meta charset="utf-8"><title>Shop</title></head><body><a href="/product/1">1</a></body></html>'
  const { history, source } = await runShop({ at: '/sitemap.xml', type: 'sitemap', pages: { '/sitemap.xml': home } })
  expect(history[0]).toMatchObject({ status: 'failed', error: expect.stringContaining('a web page, not a sitemap') })
  expect(source).toMatchObject({ is_active: true, status: 'error' })
})
