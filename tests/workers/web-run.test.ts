import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createDemoShop } from '../../src/ops/demo/shop.ts'
import { silentLog } from '../../src/platform/log.ts'
import { type LeasedTask, PortRefused } from '../../src/workers/port.ts'
import { FetchError } from '../../src/workers/web/errors.ts'
import type { Fetcher } from '../../src/workers/web/fetcher.ts'
import { allowOwnOrigin, createWebRunner, startWebWorker } from '../../src/workers/web/index.ts'
import { readPayload } from '../../src/workers/web/task.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { type FakePort, fakePort, hastyClock, ingested, signalled, webTask } from './doubles.ts'

const ORIGIN = 'http://shop.example'

/** Pages by path; a number is a failing status. */
const web = (pages: Record<string, string | number>): Fetcher & { asked: string[] } => {
  const asked: string[] = []
  return {
    asked,
    async page(url) {
      asked.push(url.replace(ORIGIN, ''))
      const page = pages[url.replace(ORIGIN, '')] ?? 404
      if (typeof page === 'number') throw new FetchError('status', `HTTP ${page}`, page >= 500, page)
      return { url, contentType: 'text/html', link: '', bytes: new TextEncoder().encode(page), text: () => page }
    },
    sitemaps: async () => [],
  }
}

/** Runs one task to its end under a worker, and answers the calls that the server got. */
const run = async (task: LeasedTask, fetcher: Fetcher, port: FakePort = fakePort()) => {
  const ended = signalled()
  port.on.ended = ended.resolve
  port.queue.push(task)
  const worker = startWebWorker({ port, log: silentLog, clock: hastyClock(), fetcher, workerId: 'w1' })
  await ended.promise
  await worker.stop()
  return port
}

const ld = (value: unknown) => `<script type="application/ld+json">${JSON.stringify(value)}</script>`
const product = (id: string | number) => ({ '@type': 'Product', name: `Cup ${id}`, url: `/product/${id}`, offers: { price: 1 } })
const listing = (ids: (string | number)[], next?: string) =>
  (next ? `<link rel="next" href="${next}">` : '') + ld(ids.map(product))
const range = (count: number, from = 0) => Array.from({ length: count }, (_, at) => from + at)

describe('the demo shop, over HTTP', () => {
  const shop = createDemoShop()
  let server: ReturnType<typeof Bun.serve>
  let base = ''
  beforeAll(() => {
    server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request) => shop.handle(request) ?? new Response('{}', { status: 404 }),
    })
    base = `http://127.0.0.1:${server.port}`
  })
  afterAll(() => server.stop(true))

  test('gifty §2.8: discovery finds the 13 categories, deep runs over them bring all 621 products', async () => {
    const port = fakePort()
    const over = signalled()
    let expected = 1
    port.on.ended = () => {
      if (port.seen.completed.length + port.seen.failed.length === expected) over.resolve()
    }
    port.on.ingest = (batch) => {
      for (const { name, url } of batch.categories ?? []) {
        expected++
        port.offer(webTask({ url, site_key: 'demo', config: { discovery_name: name, web: { delay_ms: 0 } } }))
      }
      return ingested(batch)
    }
    port.queue.push(
      webTask({
        url: `${base}/demo/shop`,
        site_key: 'demo',
        type: 'hub',
        strategy: 'discovery',
        config: { web: { delay_ms: 0 } },
      }),
    )
    const worker = startWebWorker({
      port,
      log: silentLog,
      clock: hastyClock(5_000),
      allowPrivate: allowOwnOrigin(server.port!),
      concurrency: 4,
    })
    await over.promise
    await worker.stop()

    expect(port.seen.failed).toEqual([])
    expect(port.categories()).toHaveLength(13)
    expect(port.categories()[0]).toEqual({
      name: 'Электроника',
      url: `${base}/demo/shop/c/elektronika`,
      parent_url: `${base}/demo/shop`,
      site_key: 'demo',
    })
    const products = port.products()
    expect(products).toHaveLength(621)
    expect(new Set(products.map(({ product_url }) => product_url)).size).toBe(621)
    expect(new Set(products.map(({ category }) => category)).size).toBe(13)
    expect(
      products.every((item) => item.price! > 0 && item.currency === 'RUB' && item.image_url && item.site_key === 'demo'),
    ).toBe(true)
    const books = port.seen.completed.map(({ result }) => result.logs as string).find((logs) => logs.includes('/c/knigi,'))
    expect(books).toContain('/c/knigi?page=3: HTTP 500')
    expect(books).toContain('33 pages (1 failed), 30 items (30 new), 0 categories, 0 rejected')
  })
})

describe('deep', () => {
  test('gifty §2.8, §3: follows rel=next, sends batches of 50 under the lease, shows progress after each', async () => {
    const port = await run(
      webTask({ url: `${ORIGIN}/c/cups` }, 4),
      web({
        '/c/cups': listing(range(40), '/c/cups?page=2'),
        '/c/cups?page=2': listing(range(40, 35), '/c/cups?page=3'), // five repeats
        '/c/cups?page=3': listing(range(40, 75)),
      }),
    )
    const { id } = { id: port.seen.completed[0]!.lease.taskId }
    expect(
      port.seen.batches.map(({ items, sourceId, idempotencyKey, lease }) => [
        items.length,
        sourceId,
        idempotencyKey,
        lease.fence,
      ]),
    ).toEqual([
      [50, 7, `${id}:4:1`, 4],
      [50, 7, `${id}:4:2`, 4],
      [15, 7, `${id}:4:3`, 4],
    ])
    expect(port.seen.heartbeats.map(({ progress }) => progress)).toEqual([
      { pages: 2, pages_failed: 0, items: 50, items_new: 50, categories: 0, rejected: 0 },
      { pages: 3, pages_failed: 0, items: 100, items_new: 100, categories: 0, rejected: 0 },
      { pages: 3, pages_failed: 0, items: 115, items_new: 115, categories: 0, rejected: 0 },
    ])
    expect(port.seen.completed[0]!.result.logs).toContain('3 pages (0 failed), 115 items (115 new)')
  })

  test('gifty §2.8: max_pages bounds listing and product pages together', async () => {
    const fetcher = web({
      '/c/cups': `<div class="product-card"><a href="/product/1">1</a><a href="/product/2">2</a><a href="/product/3">3</a></div>`,
      '/product/1': listing([1]),
      '/product/2': listing([2]),
      '/product/3': listing([3]),
    })
    const port = await run(webTask({ url: `${ORIGIN}/c/cups`, config: { web: { max_pages: 3 } } }), fetcher)
    expect(fetcher.asked).toEqual(['/c/cups', '/product/1', '/product/2'])
    expect(port.products().map(({ title }) => title)).toEqual(['Cup 1', 'Cup 2'])
    expect(port.seen.completed[0]!.result.logs).toContain('1 product pages not read')
  })

  test('a loop of pages ends', async () => {
    const fetcher = web({ '/c/a': listing([1], '/c/a?page=2'), '/c/a?page=2': listing([2], '/c/a') })
    const port = await run(webTask({ url: `${ORIGIN}/c/a` }), fetcher)
    expect(fetcher.asked).toEqual(['/c/a', '/c/a?page=2'])
    expect(port.products()).toHaveLength(2)
  })

  test('a page that cannot be had is reported, and the rest is kept', async () => {
    const fetcher = web({ '/c/a': listing([1], '/c/a?page=2'), '/c/a?page=2': 500 })
    const port = await run(webTask({ url: `${ORIGIN}/c/a` }), fetcher)
    expect(port.products()).toHaveLength(1)
    expect(port.seen.completed[0]!.result.logs).toContain(`${ORIGIN}/c/a?page=2: HTTP 500`)
    expect(port.seen.completed[0]!.result.logs).toContain('2 pages (1 failed)')
  })

  test.each([
    [404, false],
    [500, true],
  ])('gifty §4: a first page that answers %p fails the run, retryable %p', async (status, retryable) => {
    const port = await run(webTask({ url: `${ORIGIN}/c/a` }), web({ '/c/a': status }))
    expect(port.seen.completed).toEqual([])
    expect(port.seen.failed.map((failure) => [failure.error, failure.retryable])).toEqual([
      [`${ORIGIN}/c/a: HTTP ${status}`, retryable],
    ])
  })

  test('gifty §3: rejected items are counted and named; a batch refused as a whole is not fatal', async () => {
    const port = fakePort()
    port.on.ingest = (batch) => {
      if (batch.items.length === 50) throw new PortRefused(422, 'validation_error', 'Invalid request')
      return { ...ingested(batch), rejected: [{ kind: 'item', index: 0, errors: [{ field: 'price', message: 'too low' }] }] }
    }
    await run(webTask({ url: `${ORIGIN}/c/a` }), web({ '/c/a': listing(range(52)) }), port)
    const { logs } = port.seen.completed[0]!.result
    expect(logs).toContain('Batch 1 refused: Invalid request')
    expect(logs).toContain(`Rejected item ${ORIGIN}/product/50: price: too low`)
    expect(logs).toContain('1 items (2 new), 0 categories, 51 rejected')
  })

  test('gifty §3: a product whose price cannot be read is sent without it, and the run counts and names it once', async () => {
    const offers = (id: number, price: string) => ({ ...product(id), offers: { price } })
    const listed = (next: string) => ld([offers(1, '50 kr'), offers(2, '50 Kč'), offers(3, '1,499')]) + next
    const port = await run(
      webTask({ url: `${ORIGIN}/c/a` }),
      web({ '/c/a': listed('<link rel="next" href="/c/a?page=2">'), '/c/a?page=2': listed('') }),
    )
    expect(port.products().map(({ price, currency }) => [price, currency])).toEqual([
      [undefined, undefined],
      [50, 'CZK'],
      [undefined, undefined],
    ])
    expect(port.seen.heartbeats.at(-1)?.progress).toMatchObject({ items: 3, rejected: 0, remarks: 2 })
    const { logs } = port.seen.completed[0]!.result
    expect(logs.match(/stored without price, .*/g)).toEqual([
      'stored without price, price "50 kr": its currency is not known',
      'stored without price, price "1,499": it could mean thousands or decimals',
    ])
    expect(logs).toContain('0 rejected, 2 remarks')
    const named = await run(webTask({ url: `${ORIGIN}/c/a`, config: { currency: 'sek' } }), web({ '/c/a': listed('') }))
    expect(named.products().map(({ price, currency }) => [price, currency])).toEqual([
      [50, 'SEK'],
      [50, 'CZK'],
      [1499, undefined],
    ])
  })

  test('type product reads the page alone, type hub reads its categories, type sitemap its product pages', async () => {
    const pages = {
      '/p/1': listing([1], '/p/2'),
      '/': '<nav><a href="/c/a">A</a><a href="/c/b">B</a></nav>',
      '/c/a': listing([1, 2]),
      '/c/b': listing([3]),
      '/map.xml': `<urlset><url><loc>${ORIGIN}/about</loc></url><url><loc>${ORIGIN}/product/9</loc></url></urlset>`,
      '/product/9': listing([9]),
    }
    const names = async (url: string, type: string) =>
      (await run(webTask({ url, type }), web(pages))).products().map(({ title }) => title)
    expect(await names(`${ORIGIN}/p/1`, 'product')).toEqual(['Cup 1'])
    expect(await names(`${ORIGIN}/`, 'hub')).toEqual(['Cup 1', 'Cup 2', 'Cup 3'])
    expect(await names(`${ORIGIN}/map.xml`, 'sitemap')).toEqual(['Cup 9'])
  })
})

describe('the result', () => {
  const resultOf = async (fetcher: Fetcher, payload: Record<string, unknown> = {}) =>
    (await run(webTask({ url: `${ORIGIN}/c/a`, ...payload }), fetcher)).seen.completed[0]?.result

  test('operations §2: pages that were not read, products that were not sent', async () => {
    const nameless = { '@type': 'Product', url: '/product/3' }
    const fetcher = web({
      '/c/a': `${ld([product(1), nameless])}<link rel="next" href="/c/a?page=2">`,
      '/c/a?page=2': 403,
    })
    const { logs, ...rest } = await resultOf(fetcher)
    expect(rest).toEqual({
      pages: 2,
      pages_failed: 1,
      failed_pages: [{ url: `${ORIGIN}/c/a?page=2`, status: 403, reason: 'HTTP 403' }],
      rejected: 1,
      remarks: 0,
    })
    expect(logs).toContain('2 pages (1 failed)')
  })

  test('operations §2: a limit that was reached; not one that was just enough', async () => {
    const pages = { '/c/a': listing([1], '/c/a?page=2'), '/c/a?page=2': listing([2]) }
    const limited = (max_pages: number) => resultOf(web(pages), { config: { web: { max_pages } } })
    expect((await limited(1)).ended_early).toBe('the limit of 1 pages was reached')
    expect((await limited(2)).ended_early).toBeUndefined()
  })

  test('a page that takes too long to read is not read again, and the run goes on', async () => {
    const fetcher = web({ '/c/a': '<div class="product-card"><a href="/product/1">1</a><a href="/product/2">2</a></div>' })
    const { page } = fetcher
    fetcher.page = async (url, options) => {
      if (url.endsWith('/product/1')) throw new FetchError('too_large', 'The page takes more than 3 s to read', false)
      return url.endsWith('/product/2')
        ? { ...(await page(`${ORIGIN}/c/a`)), url, bytes: Buffer.from(listing([2])) }
        : page(url, options)
    }
    const port = await run(webTask({ url: `${ORIGIN}/c/a` }), fetcher)
    expect(port.products().map(({ title }) => title)).toEqual(['Cup 2'])
    expect(port.seen.completed[0]!.result).toMatchObject({
      pages: 3,
      pages_failed: 1,
      failed_pages: [{ url: `${ORIGIN}/product/1`, status: null, reason: 'The page takes more than 3 s to read' }],
    })
  })

  test('the next product page is fetched while one is read, within the limit of pages, and counted', async () => {
    const links = range(3, 1).map((id) => `<a href="/product/${id}">${id}</a>`)
    const fetcher = web({
      '/c/a': `<div class="product-card">${links.join('')}</div>`,
      '/product/1': ld([product(1), { '@type': 'Product', url: '/product/x' }]),
      '/product/2': 500,
    })
    const { logs, ...rest } = await resultOf(fetcher, { config: { web: { max_pages: 3 } } })
    expect(logs.indexOf('/product/2: HTTP 500, asked again')).toBeGreaterThan(0)
    expect(logs.indexOf('/product/2: HTTP 500, asked again')).toBeLessThan(logs.indexOf('/product/1: skipped'))
    expect(fetcher.asked).toEqual(['/c/a', '/product/1', ...Array(3).fill('/product/2')])
    expect(rest).toMatchObject({ pages: 3, pages_failed: 1, ended_early: 'the limit of 3 pages was reached' })
  })

  test('a page fetched ahead that ends the run is counted as failed, and nothing more is asked for', async () => {
    const links = range(3, 1).map((id) => `<a href="/product/${id}">${id}</a>`)
    const fetcher = web({ '/c/a': `<div class="product-card">${links.join('')}</div>`, '/product/1': listing([1]) })
    const { page } = fetcher
    fetcher.page = async (url, options) => {
      if (!url.endsWith('/product/2')) return page(url, options)
      throw new FetchError('paused', 'HTTP 503, the host asks to wait 60 s', true, 503, 60_000)
    }
    const port = await run(webTask({ url: `${ORIGIN}/c/a` }), fetcher)
    expect(fetcher.asked).toEqual(['/c/a', '/product/1'])
    expect(port.products().map(({ title }) => title)).toEqual(['Cup 1'])
    expect(port.seen.heartbeats.at(-1)?.progress).toMatchObject({ pages: 3, pages_failed: 1 })
    expect(port.seen.failed).toMatchObject([{ retryable: true }])
  })

  test('a page fetched ahead is given up when the run fails meanwhile', async () => {
    const ids = range(60, 1)
    const fetcher = web({
      '/c/a': `<div class="product-card"><a href="/product/100">1</a><a href="/product/101">2</a></div>`,
      '/product/100': ld(ids.map(product)),
    })
    const { page } = fetcher
    const asked = signalled<AbortSignal | undefined>()
    fetcher.page = async (url, options) => {
      if (!url.endsWith('/product/101')) return page(url, options)
      asked.resolve(options?.signal)
      return new Promise((_, reject) =>
        options?.signal?.addEventListener('abort', () => reject(new FetchError('aborted', 'Stopped', true))),
      )
    }
    const port = fakePort()
    port.on.ingest = () => {
      throw new PortRefused(404, 'not_found', 'no such source')
    }
    const { fail } = port
    let wasGivenUp: boolean | undefined
    port.fail = async (...verdict) => {
      wasGivenUp = (await asked.promise)?.aborted
      await fail(...verdict)
    }
    await run(webTask({ url: `${ORIGIN}/c/a` }), fetcher, port)
    expect(wasGivenUp).toBe(true)
  })

  test('a product that two listings name by different addresses is fetched once, ahead or not', async () => {
    const links = (paths: string[]) =>
      `<div class="product-card">${paths.map((path) => `<a href="${path}">x</a>`).join('')}</div>`
    const a = range(15, 1).map((id) => `/product/${id}`)
    // The first listing's turn ends with a product page fetched ahead; the second names them all with a slash.
    const b = [...a.map((path) => `${path}/`), '/product/70', '/product/71']
    const fetcher = web({
      '/': '<nav><a href="/c/a">A</a><a href="/c/b">B</a></nav>',
      '/c/a': links(a),
      '/c/b': links(b),
      ...Object.fromEntries([...a, ...b].map((path) => [path, listing([path.replaceAll(/\D/g, '')])])),
    })
    const port = await run(webTask({ url: `${ORIGIN}/`, type: 'hub', config: { web: { max_pages: 20 } } }), fetcher)
    const products = fetcher.asked.filter((path) => path.startsWith('/product/')).map((path) => path.replace(/\/$/, ''))
    expect(products.toSorted()).toEqual([...new Set(products)].toSorted())
    expect(port.products()).toHaveLength(17)
  })

  test('of many failed pages the first hundred are named', async () => {
    const links = range(150).map((id) => `<a href="/product/${id}">${id}</a>`)
    const fetcher = web({ '/c/a': `<div class="product-card">${links.join('')}</div>`, '/product/0': listing([0]) })
    const { pages_failed, failed_pages } = await resultOf(fetcher)
    expect([pages_failed, failed_pages.length]).toEqual([149, 100])
  })
})

describe('discovery', () => {
  test('gifty §3: categories from navigation, sitemap, breadcrumbs and subcategories, with parents; nothing else', async () => {
    const crumbs = ld({
      '@type': 'BreadcrumbList',
      itemListElement: [
        { position: 1, name: 'Home', item: `${ORIGIN}/` },
        { position: 2, name: 'Garden', item: `${ORIGIN}/c/garden` },
        { position: 3, name: 'Pots', item: `${ORIGIN}/c/pots` },
      ],
    })
    const port = await run(
      webTask({ url: `${ORIGIN}/`, type: 'hub', strategy: 'discovery' }),
      web({
        '/': '<nav><a href="/c/tea">Tea</a><a href="/c/pots">Pots</a><a href="/cart">Cart</a><a href="/product/1">Deal</a></nav>',
        '/sitemap.xml': `<urlset>${['/c/tea', '/c/red-cups', '/product/5', '/blog/x'].map((path) => `<url><loc>${ORIGIN}${path}</loc></url>`).join('')}</urlset>`,
        '/c/tea': '<ul class="submenu"><li><a href="/c/tea/green">Green</a></li></ul>',
        '/c/pots': crumbs,
        '/c/red-cups': '<h1>Red cups</h1>',
        '/c/garden': '',
        '/c/tea/green': 503,
      }),
    )
    expect(
      port.categories().map(({ name, url, parent_url }) => [name, url.replace(ORIGIN, ''), parent_url?.replace(ORIGIN, '')]),
    ).toEqual([
      ['Tea', '/c/tea', '/'],
      ['Pots', '/c/pots', '/'],
      ['Red cups', '/c/red-cups', undefined],
      ['Green', '/c/tea/green', '/c/tea'],
      ['Garden', '/c/garden', '/'],
    ])
    expect(port.seen.completed[0]!.result.logs).toContain('Discovery: 5 categories sent')
  })
})

describe('task', () => {
  test('gifty §2.8: config.web is clamped to sane numbers', () => {
    const read = (web: unknown) => {
      const { maxPages, delayMs } = readPayload({ source_id: 1, url: 'http://a/', site_key: 's', config: { web } })
      return [maxPages, delayMs]
    }
    expect(read(undefined)).toEqual([200, 500])
    expect(read({ max_pages: 5, delay_ms: '20' })).toEqual([5, 20])
    expect(read({ max_pages: 0, delay_ms: -1 })).toEqual([1, 0])
    expect(read({ max_pages: 1e9, delay_ms: 1e9 })).toEqual([10_000, 60_000])
    expect(read({ max_pages: 'many', delay_ms: Number.NaN })).toEqual([200, 500])
  })

  test('a payload that is none fails for good', async () => {
    const context: any = {
      task: { payload: { url: 5 } },
      clock: fakeClock(),
      log: silentLog,
      signal: new AbortController().signal,
    }
    await expect(createWebRunner({ fetcher: web({}) }).run(context)).rejects.toMatchObject({
      name: 'JobFailed',
      retryable: false,
    })
  })
})
