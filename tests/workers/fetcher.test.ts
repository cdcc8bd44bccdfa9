import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { type AddressInfo, createServer } from 'node:net'
import { brotliCompressSync, constants } from 'node:zlib'
import { decodePage } from '../../src/workers/web/extract/charset.ts'
import { createFetcher, type FetcherOptions, type Page } from '../../src/workers/web/fetcher.ts'
import { allowOwnOrigin } from '../../src/workers/web/index.ts'
import { eventually } from '../support/eventually.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { hastyClock, signalled } from './doubles.ts'

type Handler = (request: Request) => Response | Promise<Response>
const NO_ROBOTS: Handler = () => new Response('no', { status: 404 })
let site: Record<string, Handler> = {}
let asked: string[] = []
let server: ReturnType<typeof Bun.serve>
let base = ''

beforeAll(() => {
  server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      const { pathname } = new URL(request.url)
      asked.push(pathname)
      return site[pathname]?.(request) ?? new Response('nothing here', { status: 404 })
    },
  })
  base = `http://127.0.0.1:${server.port}`
})
afterAll(() => server.stop(true))
beforeEach(() => {
  site = { '/robots.txt': NO_ROBOTS }
  asked = []
})

const fetcher = (options: Partial<FetcherOptions> = {}) =>
  createFetcher({ clock: hastyClock(), allowPrivate: allowOwnOrigin(server.port!), ...options })
const html = (body: BodyInit, headers: Record<string, string> = {}) =>
  new Response(body, { headers: { 'content-type': 'text/html', ...headers } })
const textOf = ({ bytes, contentType }: Page) => decodePage(bytes, contentType)
const problemOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no problem',
    ({ problem, retryable, status, message }) => ({ problem, retryable, status, message }),
  )

/** "Привет" and its page in single-byte encodings. */
const CP1251 = [0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2]
const KOI8R = [0xf0, 0xd2, 0xc9, 0xd7, 0xc5, 0xd4]
const bytes = (...parts: (string | number[])[]) =>
  new Uint8Array(parts.flatMap((part) => (typeof part === 'string' ? [...new TextEncoder().encode(part)] : part)))

describe('bodies', () => {
  test('security H3: a length that chunks make void is no limit', async () => {
    const chunk = `100000\r\n${'x'.repeat(0x100000)}\r\n`
    const shop = createServer((socket) => {
      socket.on('error', () => {}) // the fetcher hangs up
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n')
        socket.end(`${chunk.repeat(8)}0\r\n\r\n`)
      })
    })
    await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve))
    const { port } = shop.address() as AddressInfo
    const web = fetcher({ allowPrivate: allowOwnOrigin(port) })
    const problem = await problemOf(web.page(`http://127.0.0.1:${port}/long`))
    shop.close()
    expect(problem).toMatchObject({ problem: 'too_large' })
  })

  test('gzip and brotli are unpacked', async () => {
    const text = new TextEncoder().encode('<p>unpacked</p>')
    site['/gzip'] = () => html(Bun.gzipSync(text), { 'content-encoding': 'gzip' })
    site['/br'] = () => html(new Uint8Array(brotliCompressSync(text)), { 'content-encoding': 'br' })
    const web = fetcher()
    for (const path of ['/gzip', '/br']) expect(textOf(await web.page(base + path))).toBe('<p>unpacked</p>')
  })

  test.each([
    ['Content-Type header, windows-1251', bytes(CP1251), 'text/html; charset=windows-1251'],
    ['Content-Type header, koi8-r in quotes', bytes(KOI8R), 'text/html; charset="KOI8-R"'],
    ['meta charset', bytes('<meta charset="windows-1251">', CP1251), 'text/html'],
    ['meta http-equiv', bytes('<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">', KOI8R), 'text/html'],
    ['XML declaration', bytes('<?xml version="1.0" encoding="windows-1251"?>', CP1251), 'text/xml'],
    ['UTF-8 without a word', bytes('Привет'), 'text/html'],
    ['byte order mark over a lying header', bytes([0xef, 0xbb, 0xbf], 'Привет'), 'text/html; charset=windows-1251'],
    ['an unknown charset', bytes('Привет'), 'text/html; charset=klingon'],
  ])('charset: %s', async (_, body, contentType) => {
    site['/page'] = () => new Response(body, { headers: { 'content-type': contentType } })
    expect(textOf(await fetcher().page(`${base}/page`)).replace(/^<[^>]*>/, '')).toBe('Привет')
  })

  test('security decision 3: only what was asked for is unpacked', async () => {
    let accepted: string | null = null
    site['/deflate'] = (request) => {
      accepted = request.headers.get('accept-encoding')
      return html(Bun.deflateSync(new TextEncoder().encode('<p>')), { 'content-encoding': 'deflate' })
    }
    expect(await problemOf(fetcher().page(`${base}/deflate`))).toMatchObject({ problem: 'unreadable', retryable: false })
    expect(accepted as string | null).toBe('gzip, br')
  })

  test('security H3: of a packed bomb no more is unpacked than fits', async () => {
    const fast = { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } }
    const bomb = new Uint8Array(brotliCompressSync(Buffer.alloc(512 * 1024 * 1024, ' '), fast))
    site['/bomb'] = () => html(bomb, { 'content-encoding': 'br' })
    Bun.gc(true)
    const web = fetcher()
    const before = process.memoryUsage.rss()
    for (let n = 0; n < 8; n++) expect(await problemOf(web.page(`${base}/bomb`))).toMatchObject({ problem: 'too_large' })
    expect(process.memoryUsage.rss() - before).toBeLessThan(128 * 1024 * 1024)
  })

  test('a body that is cut off is a lost connection', async () => {
    const packed = Bun.gzipSync(crypto.getRandomValues(new Uint8Array(5000)))
    site['/cut'] = () => html(packed.subarray(0, 3000), { 'content-encoding': 'gzip' })
    expect(await problemOf(fetcher().page(`${base}/cut`))).toMatchObject({ problem: 'network', retryable: true })
  })

  test('security H4: an address beyond 2,048 characters is not visited', async () => {
    const problem = await problemOf(fetcher().page(`${base}/${'x'.repeat(2048)}`))
    expect(problem).toMatchObject({ problem: 'refused', retryable: false })
    expect(asked).toEqual([])
  })

  test('a body beyond 5 MiB is given up, declared, chunked or packed', async () => {
    const big = new Uint8Array(5 * 1024 * 1024 + 1)
    site['/declared'] = () => html(big)
    site['/packed'] = () => html(Bun.gzipSync(big), { 'content-encoding': 'gzip' })
    site['/fits'] = () => html(big.subarray(1))
    const web = fetcher()
    const tooLarge = { problem: 'too_large', retryable: false, status: undefined, message: 'Page exceeds 5242880 bytes' }
    expect(await problemOf(web.page(`${base}/declared`))).toEqual(tooLarge)
    expect(await problemOf(web.page(`${base}/packed`))).toEqual(tooLarge)
    expect((await web.page(`${base}/fits`)).bytes.byteLength).toBe(5 * 1024 * 1024)
  })

  test('a body that stalls ends after 15 s', async () => {
    const clock = fakeClock()
    const stalled = signalled()
    site['/slow'] = () =>
      html(
        new ReadableStream({
          async pull(controller) {
            controller.enqueue(new TextEncoder().encode('<p>'))
            stalled.resolve()
            await new Promise(() => {})
          },
        }),
      )
    const page = problemOf(fetcher({ clock }).page(`${base}/slow`))
    await stalled.promise
    clock.advance(15_000)
    expect(await page).toMatchObject({ problem: 'timeout', retryable: true, message: 'No complete answer within 15 s' })
  })
})

describe('requests', () => {
  test('say who asks, and send neither credentials nor fragment', async () => {
    const received = signalled<Record<string, string | null>>()
    site['/page'] = (request) => {
      const { headers } = request
      received.resolve({ agent: headers.get('user-agent'), auth: headers.get('authorization'), host: headers.get('host') })
      return html('x')
    }
    const page = await fetcher().page(`http://user:pass@127.0.0.1:${server.port}/page#part`)
    expect(await received.promise).toEqual({ agent: 'TrawlBot/1.0', auth: null, host: `127.0.0.1:${server.port}` })
    expect(page.url).toBe(`${base}/page`)
  })

  test('connect to the checked address with the name in Host and SNI, resolving once per hop (no rebinding)', async () => {
    const calls: unknown[] = []
    let lookups = 0
    const web = createFetcher({
      clock: hastyClock(),
      lookup: async () => (lookups++ % 2 === 0 ? ['93.184.216.34'] : ['2606:4700::1111']),
      connect: async (url, init) => {
        calls.push([url, new Headers(init.headers as Record<string, string>).get('host'), init.tls, init.redirect])
        return url.endsWith('/robots.txt') ? new Response('', { status: 404 }) : html('x')
      },
    })
    await web.page('https://shop.example/a')
    expect(calls).toEqual([
      ['https://[2606:4700::1111]/robots.txt', 'shop.example', { serverName: 'shop.example' }, 'manual'],
      ['https://93.184.216.34/a', 'shop.example', { serverName: 'shop.example' }, 'manual'],
    ])
    await web.page('http://other.example:8080/b')
    expect(calls.slice(2)).toEqual([
      ['http://[2606:4700::1111]:8080/robots.txt', 'other.example:8080', undefined, 'manual'],
      ['http://93.184.216.34:8080/b', 'other.example:8080', undefined, 'manual'],
    ])
    expect(lookups).toBe(4)
  })

  test('the next address is tried when one does not answer', async () => {
    const tried: string[] = []
    const web = createFetcher({
      clock: hastyClock(),
      lookup: async () => ['93.184.216.34', '93.184.216.35'],
      connect: async (url) => {
        tried.push(url)
        if (url.includes('.34')) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
        return url.endsWith('/robots.txt') ? new Response('', { status: 404 }) : html('x')
      },
    })
    expect(textOf(await web.page('http://shop.example/'))).toBe('x')
    expect(tried.filter((url) => !url.endsWith('robots.txt'))).toEqual(['http://93.184.216.34/', 'http://93.184.216.35/'])
  })

  test('loopback is refused without a request unless configuration allows it', async () => {
    expect(await problemOf(createFetcher({ clock: hastyClock() }).page(`${base}/page`))).toMatchObject({
      problem: 'refused',
      retryable: false,
    })
    expect(asked).toEqual([])
  })

  test('stop while waiting for the host’s turn', async () => {
    const clock = fakeClock()
    site['/page'] = () => html('x')
    const web = fetcher({ clock })
    await web.page(`${base}/page`, { delayMs: 60_000 })
    const stop = new AbortController()
    const second = problemOf(web.page(`${base}/page`, { delayMs: 60_000, signal: stop.signal }))
    await eventually(() => clock.sleeping() === 1)
    stop.abort()
    expect(await second).toMatchObject({ problem: 'aborted' })
    expect(asked.filter((path) => path === '/page')).toHaveLength(1)
  })
})

describe('redirects', () => {
  const to = (location: string) => () => new Response(null, { status: 302, headers: { location } })

  test('are followed, relative ones too, and the final address is answered', async () => {
    site['/a'] = to('/b?x=1')
    site['/b'] = () => html('here')
    const page = await fetcher().page(`${base}/a`)
    expect([page.url, textOf(page)]).toEqual([`${base}/b?x=1`, 'here'])
  })

  test('end after five', async () => {
    site['/loop'] = to('/loop')
    expect(await problemOf(fetcher().page(`${base}/loop`))).toMatchObject({ problem: 'redirects', retryable: false })
    expect(asked.filter((path) => path === '/loop')).toHaveLength(6)
  })

  test.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://10.0.0.1/',
    'http://localhost:1/',
    'file:///etc/passwd',
    'gopher://x/',
  ])('to %s are refused', async (location) => {
    site['/a'] = to(location)
    expect(await problemOf(fetcher().page(`${base}/a`))).toMatchObject({ problem: 'refused', retryable: false })
  })

  test('from a foreign site to an allowed private origin are refused', async () => {
    const web = fetcher({
      lookup: async () => ['93.184.216.34'],
      connect: async (url) =>
        url.endsWith('/robots.txt')
          ? new Response('', { status: 404 })
          : new Response(null, { status: 302, headers: { location: `${base}/demo/shop` } }),
    })
    expect(await problemOf(web.page('http://evil.example/'))).toMatchObject({ problem: 'refused', retryable: false })
  })
})

describe('statuses', () => {
  test.each([
    [404, false],
    [410, false],
    [403, true],
    [408, true],
    [500, true],
    [429, true],
    [503, true],
  ])('HTTP %p, retryable %p', async (status, retryable) => {
    site['/page'] = () => new Response('x', { status })
    expect(await problemOf(fetcher().page(`${base}/page`))).toEqual({
      problem: 'status',
      retryable,
      status,
      message: `HTTP ${status}`,
    })
    expect(asked.filter((path) => path === '/page')).toHaveLength(1)
  })

  test('Retry-After is waited for, in seconds and as a date', async () => {
    const clock = hastyClock()
    const answers = [
      new Response('', { status: 429, headers: { 'retry-after': '7' } }),
      new Response('', { status: 503, headers: { 'retry-after': new Date(clock.now() + 7_000 + 5_000).toUTCString() } }),
      html('at last'),
    ]
    site['/page'] = () => answers.shift()!
    expect(textOf(await fetcher({ clock }).page(`${base}/page`))).toBe('at last')
    expect(clock.slept).toEqual([7_000, 5_000])
  })

  test('Retry-After is waited for twice, and never longer than 30 s', async () => {
    const clock = hastyClock()
    site['/busy'] = () => new Response('', { status: 429, headers: { 'retry-after': '1' } })
    site['/later'] = () => new Response('', { status: 503, headers: { 'retry-after': '3600' } })
    const web = fetcher({ clock })
    expect(await problemOf(web.page(`${base}/busy`))).toMatchObject({ status: 429, retryable: true })
    expect(clock.slept).toEqual([1_000, 1_000])
    const later = { problem: 'paused', status: 503, retryable: true, message: 'HTTP 503, the host asks to wait 3600 s' }
    expect(await problemOf(web.page(`${base}/later`))).toEqual(later)
    expect(clock.slept).toEqual([1_000, 1_000, 1_000]) // the third busy answer holds for the next page
    // Nobody in this process asks the host until its time is over, not even for robots.txt.
    const before = asked.length
    expect(await problemOf(web.page(`${base}/other`))).toEqual(later)
    expect(asked).toHaveLength(before)
  })
})

describe('robots.txt and pacing', () => {
  test('rules for us are obeyed and read once per host', async () => {
    site['/robots.txt'] = () =>
      new Response('User-agent: *\nAllow: /\n\nUser-agent: TrawlBot\nDisallow: /private\nCrawl-delay: 2\n')
    site['/open'] = () => html('x')
    const clock = hastyClock()
    const web = fetcher({ clock })
    await web.page(`${base}/open`, { delayMs: 10 })
    await web.page(`${base}/open`, { delayMs: 10 })
    expect(await problemOf(web.page(`${base}/private/x`))).toMatchObject({ problem: 'robots', retryable: false })
    expect(asked).toEqual(['/robots.txt', '/open', '/open'])
    expect(clock.slept).toEqual([2_000])
  })

  test('a robots.txt that fails three times means no for now; it is asked again after five minutes', async () => {
    let status = 503
    site['/robots.txt'] = () => new Response('', { status })
    site['/page'] = () => html('x')
    const clock = fakeClock()
    const web = fetcher({ clock })
    for (let n = 0; n < 3; n++)
      expect(await problemOf(web.page(`${base}/page`))).toMatchObject({ problem: 'robots_unavailable', retryable: true })
    status = 404
    expect(await problemOf(web.page(`${base}/page`))).toMatchObject({ problem: 'robots_unavailable' })
    clock.advance(5 * 60_000)
    expect(textOf(await web.page(`${base}/page`))).toBe('x')
  })

  test('redirect targets are asked for as well', async () => {
    site['/robots.txt'] = () => new Response('User-agent: *\nDisallow: /closed')
    site['/a'] = () => new Response(null, { status: 301, headers: { location: '/closed' } })
    expect(await problemOf(fetcher().page(`${base}/a`))).toMatchObject({ problem: 'robots' })
  })

  test('Sitemap lines are answered', async () => {
    site['/robots.txt'] = () => new Response(`Sitemap: ${base}/s1.xml\nsitemap: ${base}/s2.xml\n`)
    expect(await fetcher().sitemaps(`${base}/x`)).toEqual([`${base}/s1.xml`, `${base}/s2.xml`])
  })

  test('requests of concurrent tasks to one host are spaced together', async () => {
    const clock = fakeClock()
    site['/page'] = () => html('x')
    const web = fetcher({ clock })
    let done = 0
    const three = [1, 2, 3].map(() => web.page(`${base}/page`, { delayMs: 500 }).then(() => done++))
    for (const count of [1, 2, 3]) {
      await eventually(() => done === count)
      await eventually(() => clock.sleeping() === 3 - count)
      clock.advance(500)
    }
    await Promise.all(three)
    expect(asked).toEqual(['/robots.txt', '/page', '/page', '/page'])
  })
})
