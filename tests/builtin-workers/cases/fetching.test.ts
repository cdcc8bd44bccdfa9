import { describe, expect, test } from 'bun:test'
import { createServer } from 'node:net'
import { caseText, plainPage, runShop } from './rig.ts'

const to = (location: string, headers: Record<string, string> = {}) =>
  new Response(null, { status: 302, headers: { location, ...headers } })
const page = (name: string) => new Response(plainPage(name), { headers: { 'content-type': 'text/html' } })

describe('cases web 12: cookies', () => {
  const seen = (request: Request) => (request.headers.get('cookie') ?? '').split('; ')

  test('http-cookie-redirect: a cookie is kept from one redirect to the next', async () => {
    expect(await caseText('http-cookie-redirect.txt')).toContain('Set-Cookie: seen=1; Path=/')
    const lamp = (request: Request) =>
      seen(request).includes('seen=1') ? page('Lamp') : to('/lamp', { 'set-cookie': 'seen=1; Path=/' })
    const { brief, requests } = await runShop({ at: '/lamp', pages: { '/lamp': lamp } })
    expect(brief).toEqual([['Lamp', 100, 'RUB', '/lamp']])
    expect(requests.filter((path) => path === '/lamp')).toHaveLength(2)
  })

  test('cookies of a page are sent with the next ones, by path, and not to robots.txt; the next run begins without any', async () => {
    const sent: string[] = []
    const note = (request: Request) => sent.push(`${new URL(request.url).pathname} ${request.headers.get('cookie') ?? '-'}`)
    const pages = {
      '/robots.txt': (request: Request) => {
        note(request)
        return new Response('', { status: 404 })
      },
      '/list': (request: Request) => {
        note(request)
        const headers = new Headers({ 'content-type': 'text/html' })
        headers.append('set-cookie', 'a=1')
        headers.append('set-cookie', 'b=2; Path=/elsewhere')
        headers.append('set-cookie', 'c=3; Domain=example.com')
        headers.append('set-cookie', 'd=4; Secure')
        headers.append('set-cookie', `e=${'x'.repeat(5000)}`)
        return new Response('<div class="product-card"><a href="/product/1">One</a></div>', { headers })
      },
      '/product/1': (request: Request) => {
        note(request)
        return page('One')
      },
    }
    await runShop({ at: '/list', type: 'list', pages, runs: 2 })
    expect(sent).toEqual(['/robots.txt -', '/list -', '/product/1 a=1', '/list -', '/product/1 a=1'])
  })

  test('a host that sets cookies without end gets a bounded header', async () => {
    let longest = 0
    const pages: Record<string, any> = {
      '/list': Array.from({ length: 20 }, (_, n) => `<div class="product-card"><a href="/product/${n}">P</a></div>`).join(''),
    }
    for (let n = 0; n < 20; n++)
      pages[`/product/${n}`] = (request: Request) => {
        longest = Math.max(longest, request.headers.get('cookie')?.length ?? 0)
        const headers = new Headers({ 'content-type': 'text/html' })
        for (let k = 0; k < 40; k++) headers.append('set-cookie', `c${n}_${k}=${'v'.repeat(300)}; Path=/`)
        return new Response(plainPage(`P${n}`), { headers })
      }
    const { brief } = await runShop({ at: '/list', type: 'list', pages })
    expect(brief).toHaveLength(20)
    expect(longest).toBeGreaterThan(5000)
    expect(longest).toBeLessThanOrEqual(8192)
  })
})

/** A server on a raw socket: bytes by path; everything else is 404. */
const rawServer = async (answers: Record<string, string | Buffer>) => {
  const asked: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (data) => {
      const path = String(data).split(' ')[1]!
      asked.push(path)
      socket.end(answers[path] ?? 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return { asked, origin: `http://127.0.0.1:${port}`, close: () => server.close() }
}
const answer = (body: string) =>
  `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`

describe('cases web 14: bytes of header fields', () => {
  test.each([
    ['UTF-8', Buffer.from('/товар'), '/%D1%82%D0%BE%D0%B2%D0%B0%D1%80'],
    ['windows-1251', Buffer.from([0x2f, 0xf2, 0xee]), '/%F2%EE'],
    ['percent-encoded', Buffer.from('/%D1%82'), '/%D1%82'],
  ])('http-location-utf8: Location in %s', async (_, location, path) => {
    const head = await caseText('http-location-utf8.txt')
    expect(head).toContain('Location: /товар')
    const go = Buffer.concat([
      Buffer.from('HTTP/1.1 302 Found\r\nLocation: '),
      location,
      Buffer.from('\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'),
    ])
    const shop = await rawServer({ '/go': go, [path]: answer(plainPage('Thing')) })
    try {
      const { products } = await runShop({ at: `${shop.origin}/go`, pages: {} })
      expect(shop.asked).toEqual(['/robots.txt', '/go', path])
      expect(products.map(({ title, product_url }) => [title, product_url])).toEqual([['Thing', shop.origin + path]])
    } finally {
      shop.close()
    }
  })

  test('a Location or a Link beyond 8 KiB is ignored', async () => {
    const long = `/x?${'y'.repeat(9000)}`
    const { requests, source } = await runShop({ at: '/lamp', pages: { '/lamp': () => to(long) } })
    expect(requests).toEqual(['/robots.txt', '/lamp'])
    expect(source).toMatchObject({ is_active: true, status: 'error' })
    const link = `<a>;rel=${'z'.repeat(9000)}, </c?page=2>; rel="next"`
    const listing = new Response('<p>', { headers: { 'content-type': 'text/html', link } })
    expect((await runShop({ at: '/c', type: 'list', pages: { '/c': listing } })).requests).toEqual(['/robots.txt', '/c'])
  })
})

describe('cases web R: robots.txt at its edges', () => {
  test('robots-redirect-loop: as if there were none', async () => {
    expect(await caseText('robots-redirect-loop.txt')).toContain('302')
    const { brief, requests } = await runShop({
      at: '/lamp',
      pages: { '/robots.txt': () => to('/robots.txt'), '/lamp': page('Lamp') },
    })
    expect(brief).toEqual([['Lamp', 100, 'RUB', '/lamp']])
    expect(requests.filter((path) => path === '/robots.txt')).toHaveLength(6)
  })

  test('one that fails in passing is asked for again, one that goes on failing fails the run softly', async () => {
    const robots = (good: number) => (_: Request, asked: number) => new Response('', { status: asked < good ? 503 : 404 })
    const passing = await runShop({ at: '/lamp', pages: { '/robots.txt': robots(3), '/lamp': page('Lamp') } })
    expect(passing.brief).toHaveLength(1)
    const failing = await runShop({ at: '/lamp', pages: { '/robots.txt': robots(99), '/lamp': page('Lamp') } })
    expect(failing.source).toMatchObject({ is_active: true, status: 'error' })
    expect(failing.requests).toEqual(['/robots.txt', '/robots.txt', '/robots.txt'])
  })

  test('a redirect to an address that is refused is no answer, and no reason to break the source', async () => {
    const { source } = await runShop({
      at: '/lamp',
      pages: { '/robots.txt': () => to('http://169.254.169.254/'), '/lamp': page('Lamp') },
    })
    expect(source).toMatchObject({ is_active: true, status: 'error' })
  })
})
