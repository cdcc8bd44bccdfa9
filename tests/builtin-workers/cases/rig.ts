import { join } from 'node:path'
import { openSqlite } from '../../../src/platform/db/sqlite.ts'
import { silentLog } from '../../../src/platform/log.ts'
import type { Lookup } from '../../../src/platform/outbound.ts'
import type { Fetcher } from '../../../src/workers/web/fetcher.ts'
import { startWebWorker } from '../../../src/workers/web/index.ts'
import { createTestApp } from '../../support/app.ts'
import { eventually } from '../../support/eventually.ts'
import { hastyClock } from '../../workers/doubles.ts'

const CASES = join(import.meta.dir, '../../fixtures/cases/web')
/** An input of the cases, as text or as its bytes. */
export const caseText = (file: string): Promise<string> => Bun.file(join(CASES, file)).text()
export const caseBytes = (file: string): Promise<Uint8Array> => Bun.file(join(CASES, file)).bytes()

type Served = string | Uint8Array | Response | ((request: Request, asked: number) => Response | Promise<Response>)

/** A page whose only mark is one JSON-LD Product without `url`. */
export const plainPage = (name: string): string =>
  `<script type="application/ld+json">${JSON.stringify({
    '@context': 'https://schema.org',
    '@type': 'Product',
    name,
    offers: { '@type': 'Offer', price: 100, priceCurrency: 'RUB' },
  })}</script>`

export interface ShopCase {
  /** By path with query. A text or bytes answer 200 as HTML in UTF-8; what is not named answers 404. */
  pages: Record<string, Served>
  /** The source's address. Default `/shop/thing`. */
  at?: string
  /** Default `product`. */
  type?: string
  strategy?: 'deep' | 'discovery'
  /** Default 60. */
  maxPages?: number
  /** Beside `worker` and `web` in the source's `config`. */
  config?: Record<string, unknown>
  /** Forced runs, one after the other. Default 1. */
  runs?: number
  /** Instead of the network and its names. */
  network?: { fetcher?: Fetcher; lookup?: Lookup }
}

/**
 * Runs a source against a shop of this test's own, through the whole of Trawl on SQLite: app, HTTP, web worker. Waits take no time.
 * Addresses in the result that are of the shop's origin are paths.
 */
export const runShop = async ({
  pages,
  at = '/shop/thing',
  type = 'product',
  strategy = 'deep',
  maxPages = 60,
  config = {},
  runs = 1,
  network = {},
}: ShopCase) => {
  /** Paths in the order in which they were asked for, robots.txt and guessed sitemaps included. */
  const requests: string[] = []
  const shop = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const { pathname, search } = new URL(request.url)
      const path = pathname + search
      requests.push(path)
      const page = pages[path] ?? pages[pathname]
      if (page === undefined) return new Response('nothing here', { status: 404, headers: { 'content-type': 'text/plain' } })
      if (page instanceof Response) return page.clone()
      if (typeof page === 'function') return page(request, requests.filter((asked) => asked === path).length)
      return new Response(page as BodyInit, { headers: { 'content-type': 'text/html; charset=utf-8' } })
    },
  })
  const origin = `http://127.0.0.1:${shop.port}`
  const pathOf = (address: string | null) => (address?.startsWith(origin) ? address.slice(origin.length) || '/' : address)
  const db = openSqlite({ path: ':memory:' })
  const app = await createTestApp(db, { env: { FAMILIES: 'gifty' } })
  const worker = startWebWorker({
    origin: app.listen(),
    token: 'dev-internal-token',
    clock: hastyClock(),
    // Each second that the run's log waits for more lines passes at once, and must not end the lease.
    leaseSeconds: 3600,
    log: silentLog,
    workerId: 'cases',
    allowPrivate: () => true,
    ...network,
  })
  try {
    const source = await app.post('/internal/sources', {
      url: new URL(at, origin).href,
      type,
      strategy,
      site_key: 'case',
      config: { worker: 'web', web: { delay_ms: 0, max_pages: maxPages }, ...config },
    })
    if (source.status >= 300) throw new Error(`source: ${source.status} ${JSON.stringify(source.body)}`)
    const { id } = source.body
    const ofSource = async () => (await app.get(`/internal/sources/${id}`)).body
    for (let n = 0; n < runs; n++) {
      const forced = await app.post(`/internal/sources/${id}/force-run`)
      if (forced.status !== 200) throw new Error(`force-run: ${forced.status} ${JSON.stringify(forced.body)}`)
      await eventually(
        // Its failure makes a notification besides, which nobody takes here.
        async () => (await app.get('/internal/tasks?limit=200&kind=source.run.web')).body.tasks,
        (tasks: any[]) => tasks.every(({ status }) => status !== 'pending' && status !== 'leased'),
      )
    }
    const after = await ofSource()
    const { items: history } = (await app.get(`/internal/sources/${id}/runs`)).body
    const { items } = (await app.get('/internal/products?site_key=case&limit=200')).body
    const products: any[] = items.map((item: any) => ({
      ...item,
      product_url: pathOf(item.product_url),
      image_url: pathOf(item.image_url),
    }))
    products.sort((a, b) => (a.product_url < b.product_url ? -1 : 1))
    return {
      products,
      /** `[title, price, currency, path]` of each product, by path. */
      brief: products.map(({ title, price, currency, product_url }) => [
        title,
        price,
        price === null ? null : currency,
        product_url,
      ]),
      /** The source's runs, newest first. */
      history,
      source: after,
      /** Sources that discovery made: `[path, name]`. */
      found: ((await app.get('/internal/sources?limit=200')).body as any[])
        .filter((one) => one.id !== id)
        .map((one): [string | null, string | undefined] => [pathOf(one.url), one.config?.discovery_name])
        .sort(),
      requests,
      origin,
    }
  } finally {
    await worker.stop()
    await app.stop()
    await db.close()
    shop.stop(true)
  }
}
