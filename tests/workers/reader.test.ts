import { afterEach, describe, expect, test } from 'bun:test'
import { createReader, type ReaderOptions } from '../../src/workers/web/reader.ts'
import { eventually } from '../support/eventually.ts'

const readers: ReturnType<typeof createReader>[] = []
afterEach(() => {
  for (const reader of readers.splice(0)) reader.close()
})
const make = (options: ReaderOptions = {}) => {
  const reader = createReader(options)
  readers.push(reader)
  return reader
}
/** A thread whose documents are programs: `ready` is not said by a thread without one. */
const thread = (onMessage: string, start = "postMessage({ type: 'ready' })") =>
  URL.createObjectURL(new Blob([`self.onmessage = ({ data }) => { ${onMessage} }\n${start}`], { type: 'text/javascript' }))
const page = (html: string) => ({
  url: 'http://shop.example/x',
  contentType: 'text/html; charset=utf-8',
  bytes: new TextEncoder().encode(html),
})
const product = (name: string) => `<script type="application/ld+json">{"@type":"Product","name":"${name}"}</script>`
const options = { siteKey: 'shop' }
const problemOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no problem',
    ({ name, problem, retryable, message }) => ({ name, problem, retryable, message }),
  )
const titleOf = async (reader: ReturnType<typeof createReader>, name: string) =>
  (await reader.page(page(product(name)), options)).products[0]?.title

/** Runs for ever on documents of `for ever`; grows on `grow`; ends itself on `die`; else reads nothing. */
const ODD = `
  const text = new TextDecoder().decode(data.document.bytes)
  if (text === 'for ever') for (;;) {}
  if (text === 'grow') { const all = []; for (;;) all.push(new Array(1000).fill(all.length)) }
  if (text === 'die') throw new Error('broken')
  postMessage({ type: 'read', value: JSON.stringify({ text }) })`

describe('documents', () => {
  test('pages and sitemaps are read, their bytes moved', async () => {
    const reader = make()
    const document = page(product('Cup'))
    expect((await reader.page(document, options)).products).toMatchObject([{ title: 'Cup', site_key: 'shop' }])
    expect(document.bytes.byteLength).toBe(0)
    const map = page('<urlset><url><loc>http://shop.example/p</loc></url></urlset>')
    expect((await reader.sitemap(map)).urls).toEqual(['http://shop.example/p'])
  })

  test('bytes that lie in a larger buffer leave the rest of it alone', async () => {
    const all = new TextEncoder().encode(`before${product('Cup')}`)
    const { products } = await make().page({ ...page(''), bytes: all.subarray(6) }, options)
    expect(products).toHaveLength(1)
    expect(new TextDecoder().decode(all.subarray(0, 6))).toBe('before')
  })

  test('three megabytes of ordinary HTML are within every budget', async () => {
    const card = (n: number) =>
      `<div class="card" data-id="${n}"><a class="link" href="/product/${n}"><img loading=lazy src="/i/${n}.jpg"><span>Cup ${n} of the shop</span></a><b>10</b></div>\n`
    const html = Array.from({ length: 20_000 }, (_, n) => card(n)).join('')
    expect(html.length).toBeGreaterThan(2.8e6)
    expect((await make().page(page(html + product('Cup')), options)).products).toMatchObject([{ title: 'Cup' }])
  })

  test('a page without its links has all else that it holds', async () => {
    const html = `<link rel=next href="/x?page=2"><h1>Cup</h1><a href="/c/tea">Tea</a>${product('Cup')}`
    const [whole, part] = [undefined, false].map((links) => make().page(page(html), { ...options, links }))
    const { outline, ...rest } = (await whole)!
    expect(outline.links.map(({ url }) => url)).toEqual(['http://shop.example/c/tea'])
    expect(await part).toEqual({ ...rest, outline: { ...outline, links: [] } })
  })

  test('what a page makes of the reader is its own failure', async () => {
    const reader = make()
    expect(await problemOf(reader.sitemap({ ...page(''), bytes: new Uint8Array([0x1f, 0x8b, 1, 2, 3]) }))).toMatchObject({
      name: 'FetchError',
    })
    const broken = { ...page('x'), url: 'no address' }
    expect(await problemOf(reader.page(broken, options))).toMatchObject({ problem: 'unreadable', retryable: false })
    expect(await titleOf(reader, 'Cup')).toBe('Cup')
  })

  test('more documents than threads wait for their turn, large ones too', async () => {
    const reader = make({ threads: 2 })
    const large = product('Cup') + '<p>text</p>'.repeat(60_000)
    const pages = Array.from({ length: 8 }, (_, n) => (n % 3 === 0 ? large : product('Cup')))
    const read = await Promise.all(pages.map((html) => reader.page(page(html), options)))
    expect(read.map(({ products }) => products[0]?.title)).toEqual(pages.map(() => 'Cup'))
  })
})

describe('budgets', () => {
  test('a document that takes too long is ended with its thread, and the next one is read', async () => {
    const reader = make({ entry: thread(ODD), budgetMs: 100, threads: 1 })
    expect(await problemOf(reader.page(page('for ever'), options))).toEqual({
      name: 'FetchError',
      problem: 'too_large',
      retryable: false,
      message: 'The page takes more than 0.1 s to read',
    })
    expect(await reader.page(page('plain'), options)).toEqual({ text: 'plain' } as any)
  })

  test('a busy thread really ends', async () => {
    const reader = make({ entry: thread(ODD), budgetMs: 100 })
    await problemOf(reader.page(page('for ever'), options))
    const isQuiet = async () => {
      const before = process.cpuUsage()
      await Bun.sleep(100)
      const { user, system } = process.cpuUsage(before)
      return user + system < 50_000
    }
    await eventually(isQuiet)
  })

  test('a document that takes too much memory is ended, and the memory goes back', async () => {
    const reader = make({ entry: thread(ODD), growth: 64 * 1024 * 1024 })
    const before = process.memoryUsage.rss()
    const problem = { problem: 'too_large', retryable: false, message: 'The page takes more than 64 MB to read' }
    expect(await problemOf(reader.page(page('grow'), options))).toMatchObject(problem)
    await eventually(() => process.memoryUsage.rss() - before < 64 * 1024 * 1024)
    expect(await reader.page(page('plain'), options)).toEqual({ text: 'plain' } as any)
  })

  test('a loop of ours that is held up is not the document’s time', async () => {
    const reader = make({ budgetMs: 200 })
    await titleOf(reader, 'Cup')
    const read = titleOf(reader, 'Mug')
    const until = performance.now() + 600
    while (performance.now() < until);
    expect(await read).toBe('Mug')
  })
})

describe('threads', () => {
  test('one that ends by itself fails its document alone', async () => {
    const reader = make({ entry: thread(ODD) })
    expect(await problemOf(reader.page(page('die'), options))).toMatchObject({ name: 'FetchError', problem: 'unreadable' })
    expect(await reader.page(page('plain'), options)).toEqual({ text: 'plain' } as any)
  })

  test.each([
    ['whose file is not there', 'file:///nowhere/thread.ts'],
    ['that fails while it starts', thread('', "throw new Error('no such library')")],
  ])('one %s fails the run for now, and is never replaced by our own loop', async (_, entry) => {
    const reader = make({ entry })
    const problem = { name: 'JobFailed', retryable: true, message: expect.stringContaining('cannot start') }
    expect(await problemOf(reader.page(page('x'), options))).toMatchObject(problem)
    expect(await problemOf(reader.page(page('x'), options))).toMatchObject(problem)
  })

  test('small documents share one thread; behind one that is held up they go to another', async () => {
    const reader = make({ entry: thread(ODD.replace('{ text }', '{ id: (globalThis.id ??= Math.random()) }')), budgetMs: 3000 })
    const idOf = async () => ((await reader.page(page('plain'), options)) as any).id
    const ids = await Promise.all(Array.from({ length: 8 }, idOf))
    expect(new Set(ids).size).toBe(1)
    const slow = problemOf(reader.page(page('for ever'), options))
    expect(await idOf()).not.toBe(ids[0])
    reader.close()
    expect(await slow).toMatchObject({ problem: 'aborted' })
  })

  test('a task that is aborted ends its document, waiting or being read', async () => {
    const reader = make({ entry: thread(ODD), threads: 1 })
    const stop = new AbortController()
    const two = ['for ever', 'plain'].map((html) => problemOf(reader.page(page(html), options, stop.signal)))
    const other = reader.page(page('plain'), options)
    stop.abort()
    expect(await Promise.all(two)).toMatchObject([{ problem: 'aborted' }, { problem: 'aborted' }])
    expect(await other).toEqual({ text: 'plain' } as any)
  })

  test('close ends all at once; the next document starts a thread anew', async () => {
    const reader = make({ entry: thread(ODD), threads: 2 })
    const three = ['for ever', 'for ever', 'plain'].map((html) => problemOf(reader.page(page(html), options)))
    reader.close()
    expect(await Promise.all(three)).toMatchObject(three.map(() => ({ problem: 'aborted' })))
    expect(await reader.page(page('plain'), options)).toEqual({ text: 'plain' } as any)
  })

  test('an idle one ends; neither keeps a process alive', async () => {
    const script = `
      const { createReader } = await import('${import.meta.dir}/../../src/workers/web/reader.ts')
      const bytes = new TextEncoder().encode('<h1>x')
      const { outline } = await createReader().page({ url: 'http://a/', contentType: 'text/html', bytes }, { siteKey: 'x' })
      console.log(outline.heading)`
    const { exitCode, stdout } = Bun.spawnSync([process.execPath, '-e', script])
    expect([exitCode, stdout.toString()]).toEqual([0, 'x\n'])
    const reader = make({
      idleMs: 1,
      entry: thread(`globalThis.n = (globalThis.n ?? 0) + 1; ${ODD.replace('{ text }', '{ n }')}`),
    })
    const count = async () => ((await reader.page(page('plain'), options)) as any).n
    expect(await count()).toBe(1)
    expect(await count()).toBe(2)
    await eventually(count, (n) => n === 1)
  })
})
