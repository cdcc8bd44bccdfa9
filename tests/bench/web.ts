import { parseDocument } from 'htmlparser2'
import { silentLog } from '../../src/platform/log.ts'
import { FetchError } from '../../src/workers/web/errors.ts'
import { allowOwnOrigin, startWebWorker } from '../../src/workers/web/index.ts'
import { createReader } from '../../src/workers/web/reader.ts'
import { fakePort, hastyClock, ingested, webTask } from '../workers/doubles.ts'
import { median, type Row, type Scale, spread, startProcess } from './rig.ts'

/** Runs of the shop before the first one that counts: the code of the worker and of its thread is compiled meanwhile. */
const WARM_UP = 5
const MB = 1024 * 1024
const HTML = 'text/html; charset=utf-8'

/** A worker that reads the whole demo shop again and again: discovery, then each category. Two tasks at once, as it comes. */
const startShopWorker = (origin: string) => {
  const port = fakePort()
  let expected = 0
  let over = () => {}
  port.on.ended = () => {
    if (port.seen.completed.length + port.seen.failed.length === expected) over()
  }
  const offer = (url: string, more: object = {}) => {
    expected++
    port.offer(webTask({ url, site_key: 'demo', config: { web: { delay_ms: 0 } }, ...more }))
  }
  port.on.ingest = (batch) => {
    for (const { url } of batch.categories ?? []) offer(url)
    return ingested(batch)
  }
  const allowPrivate = allowOwnOrigin(Number(new URL(origin).port))
  // One page of the shop fails on purpose, and is asked for again: the pauses before that are not the worker's time.
  const worker = startWebWorker({ port, log: silentLog, clock: hastyClock(5000), allowPrivate })
  return {
    /** One run over all of it; answers its pages and ms. */
    async run() {
      const before = port.seen.completed.length
      const ended = new Promise<void>((resolve) => {
        over = resolve
      })
      const since = performance.now()
      offer(`${origin}/demo/shop`, { type: 'hub', strategy: 'discovery' })
      await ended
      const ms = performance.now() - since
      if (port.seen.failed.length > 0) throw new Error(`a run failed: ${port.seen.failed[0]?.error}`)
      return { ms, pages: port.seen.completed.slice(before).reduce((sum, { result }) => sum + result.pages, 0) }
    },
    stop: () => worker.stop(),
  }
}

/** Addresses of the shop's listings and of the products of the category that only links to them: what the worker reads. */
const pagesOf = async (origin: string): Promise<string[]> => {
  const found = new Set([`${origin}/demo/shop`])
  for (const address of found) {
    const text = await (await fetch(address)).text()
    const isBooks = address.includes('/c/knigi')
    for (const [, path] of text.matchAll(/href="(\/demo\/shop\/(?:c|p)\/[^"]+)"/g))
      if (path?.includes('/c/') || isBooks) found.add(origin + path)
  }
  return [...found].filter((address) => !address.endsWith('/knigi?page=3'))
}

/** Pages a second over HTTP, against fetching and parsing the same pages one after another. */
const benchShop = async ({ rounds, smoke }: Scale): Promise<Row> => {
  const shop = await startProcess([process.execPath, 'tests/bench/web-shop.ts'], {})
  const origin = new URL(shop.origin).origin
  const worker = startShopWorker(origin)
  const addresses = await pagesOf(origin)
  const floor = async () => {
    const since = performance.now()
    for (const address of addresses) parseDocument(await (await fetch(address)).text())
    return { ms: performance.now() - since, pages: addresses.length }
  }
  const rates = { ours: [] as number[], floor: [] as number[] }
  const warmUp = smoke ? 0 : WARM_UP
  for (let round = 0; round < warmUp + rounds; round++)
    for (const side of round % 2 === 0 ? (['ours', 'floor'] as const) : (['floor', 'ours'] as const)) {
      const { ms, pages } = await (side === 'ours' ? worker.run() : floor())
      if (round >= warmUp) rates[side].push((pages / ms) * 1000)
    }
  await worker.stop()
  await shop.stop()
  const ratios = rates.ours.map((rate, round) => rate / rates.floor[round]!)
  return {
    name: 'web worker: a run over the demo shop, against fetch and htmlparser2 in one loop',
    measured: `${median(rates.ours).toFixed(0)} pages/s`,
    floor: `${median(rates.floor).toFixed(0)} pages/s`,
    value: median(ratios),
    unit: 'ratio',
    target: 0.2,
    better: 'more',
    note: spread(ratios),
  }
}

const LD = JSON.stringify({
  ...{ '@context': 'https://schema.org', '@type': 'Product', name: 'Cup', sku: 'c-1', image: '/cup.jpg' },
  offers: { '@type': 'Offer', price: '10.00', priceCurrency: 'EUR', availability: 'https://schema.org/InStock' },
})
const menu = (entries: number) =>
  Array.from(
    { length: entries },
    (_, n) => `<li class="menu-item"><a class="menu-link" href="/category/cat-${n}"><span>Category ${n}</span></a></li>`,
  ).join('')
const card = (n: number) =>
  `<div class="product-card" data-id="${n}"><a class="product-card__link" href="/product/item-${n}"><img loading="lazy" src="/img/${n}.jpg" alt="Item ${n}"></a>` +
  `<div class="product-card__title"><a href="/product/item-${n}">Item ${n} of the shop</a></div><div class="product-card__price">${n},99 €</div></div>\n`
/** A product's page of so many bytes: half of it text and scripts, or nothing but links and cards. */
const productPage = (bytes: number, kind: 'usual' | 'dense'): string => {
  const part =
    kind === 'dense'
      ? Array.from({ length: 40 }, (_, n) => card(n)).join('')
      : `${Array.from({ length: 4 }, (_, n) => card(n)).join('')}<section class="text">${'<p>A cup is a small container for drinking, usually with a handle.</p>'.repeat(20)}</section><script>${'window.data=window.data||[];'.repeat(80)}</script>`
  const head = `<!doctype html><html lang="en"><head><title>Cup | Shop</title><script type="application/ld+json">${LD}</script></head>`
  const body = `<body><nav><ul class="menu">${menu(kind === 'dense' ? 600 : 120)}</ul></nav><h1>Cup</h1>`
  return head + body + part.repeat(Math.ceil(bytes / part.length)).slice(0, bytes - head.length - body.length)
}

/** Median ms of a page in the thread, as a run reads a product's page and as it reads a listing. */
const benchPages = async ({ rounds, smoke }: Scale): Promise<Row[]> => {
  const reader = createReader()
  const encoder = new TextEncoder()
  const msOf = async (html: string, links: boolean) => {
    const document = { url: 'https://shop.example/product/cup', contentType: HTML, bytes: encoder.encode(html) }
    const since = performance.now()
    const { products } = await reader.page(document, { siteKey: 'shop', links })
    const ms = performance.now() - since
    if (products.length === 0) throw new Error('the product of the page was not read')
    return ms
  }
  const rows: Row[] = []
  for (const kind of ['usual', 'dense'] as const) {
    const html = productPage(200_000, kind)
    const times = { with: [] as number[], without: [] as number[] }
    for (let turn = 0; turn < (smoke ? 2 : 20 + rounds * 5); turn++) {
      const both = { with: await msOf(html, true), without: await msOf(html, false) }
      if (turn < (smoke ? 0 : 20)) continue
      times.with.push(both.with)
      times.without.push(both.without)
    }
    rows.push({
      name: `web worker: a product page of 200 kB in the thread, ${kind === 'dense' ? 'all links and cards' : 'half text'}, with its links`,
      measured: `${median(times.with).toFixed(1)} ms`,
      floor: `${median(times.without).toFixed(1)} ms without links`,
      value: median(times.with),
      unit: 'ms',
      target: 15,
      better: 'less',
      note: spread(times.with),
    })
  }
  reader.close()
  return rows
}

/** The slowest of pages of 5 MB that mean harm: read or refused, each is within the thread's 3 s. */
const benchHostile = async (): Promise<Row> => {
  const pages = {
    elements: '<div>'.repeat(MB),
    links: '<a href=/p/1><b>'.repeat(MB / 3),
    scopes: '<div itemscope itemprop=offers itemtype="https://schema.org/Product">'.repeat(75_000),
    brackets: `<script type="application/ld+json">${'['.repeat(5 * MB)}</script>`,
    quotes: `<div ${'a="'.repeat(1.7 * MB)}`,
    entities: '&amp'.repeat(1.3 * MB),
  }
  const reader = createReader()
  let slowest = { name: '', ms: 0 }
  for (const [name, html] of Object.entries(pages)) {
    const document = { url: 'https://shop.example/x', contentType: HTML, bytes: new TextEncoder().encode(html.slice(0, 5 * MB)) }
    const since = performance.now()
    await reader.page(document, { siteKey: 'shop' }).catch((error) => {
      if (!(error instanceof FetchError)) throw error
    })
    const ms = performance.now() - since
    if (ms > slowest.ms) slowest = { name, ms }
  }
  reader.close()
  return {
    name: 'web worker: the slowest hostile page of 5 MB',
    measured: `${slowest.ms.toFixed(0)} ms`,
    floor: '-',
    value: slowest.ms,
    unit: 'ms',
    target: 3000,
    better: 'less',
    note: slowest.name,
  }
}

/** What reading pages costs the built-in web worker. */
export const benchWeb = async (scale: Scale): Promise<Row[]> => [
  await benchShop(scale),
  ...(await benchPages(scale)),
  await benchHostile(),
]
