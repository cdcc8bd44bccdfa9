import { join } from 'node:path'
import { createApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { openDatabase } from '../../src/platform/db/open.ts'
import { createPlatform } from '../../src/platform/index.ts'
import { silentLog } from '../../src/platform/log.ts'
import { createNgramEmbedder, normalised } from '../../src/platform/search/embedders.ts'
import { createExactIndex } from '../../src/platform/search/exact-index.ts'
import { createProducts } from './ingest.ts'
import { median, ownDirectory, type Row, type Scale, seededRandom, spread } from './rig.ts'
import { METHODS, qualityOf, rankAll, readProducts, readQueries } from './search-quality.ts'

const DIM = 384
const K = 10
const BATCH = 500

const percentile = (values: number[], part: number) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * part)] as number

/** The app over a database of its own, without a port. */
const openApp = async (path: string) => {
  const config = loadConfig({ NODE_ENV: 'test', DEMO: '0', FAMILIES: 'gifty' })
  const db = await openDatabase({ url: `sqlite:${path}`, synchronous: 'OFF' })
  const platform = await createPlatform(config, { db, log: silentLog, version: 'bench' })
  const trawl = createApp(platform)
  const search = trawl.gifty?.services.search
  if (!search) throw new Error('gifty is not mounted')
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await trawl.app.handle(
      new Request(`http://localhost${path}`, {
        method,
        headers: { 'x-internal-token': 'dev-internal-token', 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    )
    if (response.status !== 200) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as any
  }
  return {
    call,
    search,
    async close() {
      await search.stop()
      await platform.close()
    },
  }
}

const fill = async (app: Awaited<ReturnType<typeof openApp>>, batches: Iterable<unknown[]>) => {
  for (const items of batches) await app.call('POST', '/internal/ingest-batch', { source_id: 0, items })
}

/** Recall and nDCG of the first ten over the labelled queries; each line is a method. */
const benchQuality = async (): Promise<Row[]> => {
  const app = await openApp(join(ownDirectory(), 'quality.db'))
  const products = await readProducts()
  await fill(
    app,
    Array.from({ length: Math.ceil(products.length / BATCH) }, (_, n) => products.slice(n * BATCH, (n + 1) * BATCH)),
  )
  const { search, embedding } = app.search
  await embedding.learn()
  await embedding.embedPending()
  const titleOf = new Map<string, string>()
  for (let cursor = ''; ; ) {
    const page = await app.call('GET', `/internal/products?limit=200${cursor}`)
    for (const item of page.items) titleOf.set(item.gift_id, item.title)
    if (page.next_cursor === null) break
    cursor = `&cursor=${page.next_cursor}`
  }
  const answered = async (query: string, limit: number) =>
    (await search.similar({ query }, limit, {})).map((match) => match.giftId)
  const ranked = await rankAll({ ...search, answered }, titleOf)
  await app.close()
  const titles = [...titleOf.values()]
  const quality = Object.fromEntries(METHODS.map((method) => [method, qualityOf(ranked[method], titles)]))
  const best = (of: 'recall' | 'ndcg') => Math.max(quality.text?.[of] ?? 0, quality.vector?.[of] ?? 0)
  const total = (await readQueries()).length
  const kinds = (method: (typeof METHODS)[number]) =>
    (['plain', 'form', 'misspelt'] as const)
      .map((kind) => {
        const of = qualityOf(
          ranked[method].filter(({ query }) => query.kind === kind),
          titles,
        )
        return `${kind} ${of.recall.toFixed(2)}/${of.ndcg.toFixed(2)}`
      })
      .join(', ')
  return METHODS.flatMap((method): Row[] =>
    (['recall', 'ndcg'] as const).map((of) => ({
      name: `${of === 'recall' ? 'recall@10' : 'nDCG@10'}, ${method}`,
      measured: `${total} queries`,
      floor: '-',
      value: quality[method]?.[of] ?? 0,
      unit: 'ratio',
      target: method === 'hybrid' ? best(of) : undefined,
      better: 'more',
      note: of === 'recall' ? kinds(method) : undefined,
    })),
  )
}

const dot = (all: Float32Array, at: number, query: Float32Array): number => {
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  for (let n = 0; n < DIM; n += 4) {
    a += (query[n] as number) * (all[at + n] as number)
    b += (query[n + 1] as number) * (all[at + n + 1] as number)
    c += (query[n + 2] as number) * (all[at + n + 2] as number)
    d += (query[n + 3] as number) * (all[at + n + 3] as number)
  }
  return a + b + c + d
}
/** What the thread is measured against: one loop over one array, in this thread, that keeps the ten best. */
const bareLoop = (all: Float32Array, query: Float32Array): number[] => {
  const rows: number[] = []
  const scores: number[] = []
  for (let row = 0, at = 0; at < all.length; row++, at += DIM) {
    const score = dot(all, at, query)
    if (scores.length === K && score <= (scores[K - 1] as number)) continue
    let place = scores.length
    while (place > 0 && score > (scores[place - 1] as number)) place--
    scores.splice(place, 0, score)
    rows.splice(place, 0, row)
    if (scores.length > K) {
      scores.pop()
      rows.pop()
    }
  }
  return rows
}

/** k=10 in 100,000 x 384, and what the event loop feels of it. */
const benchVectors = async (scale: Scale): Promise<Row[]> => {
  const rows = scale.smoke ? 2000 : 100_000
  const random = seededRandom(5)
  const all = new Float32Array(rows * DIM)
  const index = createExactIndex({ dim: DIM, expectedRows: rows })
  for (let from = 0; from < rows; from += 1000) {
    for (let row = from; row < from + 1000; row++)
      all.set(normalised(Float32Array.from({ length: DIM }, () => random() - 0.5)), row * DIM)
    index.put(
      Array.from({ length: 1000 }, (_, n) => String(from + n)),
      all.slice(from * DIM, (from + 1000) * DIM),
    )
  }
  const queries = Array.from({ length: 8 }, () => normalised(Float32Array.from({ length: DIM }, () => random() - 0.5)))
  const ratios: number[] = []
  const ours: number[] = []
  const floor: number[] = []
  // How late a timer of a millisecond comes while the thread works.
  const delays: number[] = []
  const watched = async (run: () => Promise<unknown>) => {
    let isOver = false
    const watch = (async () => {
      while (!isOver) {
        const askedAt = performance.now()
        await new Promise((resolve) => setTimeout(resolve, 1))
        delays.push(performance.now() - askedAt - 1)
      }
    })()
    await run()
    isOver = true
    await watch
  }
  // The first rounds warm the compilers of both threads.
  for (let round = -2; round < scale.rounds; round++) {
    const times = { ours: 0, floor: 0 }
    for (const side of round % 2 === 0 ? (['ours', 'floor'] as const) : (['floor', 'ours'] as const)) {
      const startedAt = performance.now()
      for (const query of queries) {
        if (side === 'floor') bareLoop(all, query)
        else {
          await index.search(query, K)
        }
      }
      times[side] = (performance.now() - startedAt) / queries.length
    }
    if (round < 0 && !scale.smoke) continue
    ratios.push(times.ours / times.floor)
    ours.push(times.ours)
    floor.push(times.floor)
  }
  for (let round = 0; round < scale.rounds; round++) for (const query of queries) await watched(() => index.search(query, K))
  for (const query of queries.slice(0, 2))
    if ((await index.search(query, K)).map((hit) => hit.key).join() !== bareLoop(all, query).join())
      throw new Error('the thread finds something else than the loop')
  index.close()
  return [
    {
      name: `exact vector search, ${rows} x ${DIM}, k=10, of a bare loop`,
      measured: `${median(ours).toFixed(1)} ms`,
      floor: `${median(floor).toFixed(1)} ms`,
      value: median(ratios),
      unit: 'ratio',
      target: 1.3,
      better: 'less',
      note: spread(ratios),
    },
    {
      name: 'event loop delay meanwhile, p99',
      measured: `p50 ${median(delays).toFixed(1)} ms`,
      floor: '-',
      value: percentile(delays, 0.99),
      unit: 'ms',
      target: 20,
      better: 'less',
    },
  ]
}

/** Full text and re-embedding over as many products as the issue asks for, made of 2,000 real titles. */
const benchCatalogue = async (scale: Scale): Promise<Row[]> => {
  const count = scale.smoke ? 1000 : 100_000
  const app = await openApp(join(ownDirectory(), 'catalogue.db'))
  const batch = await createProducts()
  await fill(
    app,
    Array.from({ length: count / BATCH }, () => batch()),
  )
  const { search, embedding } = app.search
  await embedding.learn()
  const startedAt = performance.now()
  const embedded = await embedding.embedPending()
  const seconds = (performance.now() - startedAt) / 1000
  if (embedded !== count) throw new Error(`${embedded} products were embedded`)

  const { embed } = createNgramEmbedder(DIM)
  const titles = (await readProducts()).map((product) => product.title)
  const aloneAt = performance.now()
  for (let n = 0; n < count; n++) embed(titles[n % titles.length] as string)
  const alone = (performance.now() - aloneAt) / 1000

  const queries = await readQueries()
  const times = { words: [] as number[], list: [] as number[], meaning: [] as number[] }
  const timed = async (into: number[], run: () => Promise<unknown>) => {
    const began = performance.now()
    await run()
    into.push(performance.now() - began)
  }
  await search.nearest('сумка', { limit: 1 })
  for (let round = 0; round < (scale.smoke ? 1 : 3); round++)
    for (const { query } of queries) {
      await timed(times.list, () => app.call('GET', `/internal/products?q=${encodeURIComponent(query)}&limit=20`))
      await timed(times.words, () => search.searchText(query, { limit: 20 }))
      await timed(times.meaning, () => app.call('POST', '/internal/products/search', { query }))
    }
  await app.close()
  const p99 = (values: number[]) => percentile(values, 0.99)
  const rate = (of: number) => count / of
  return [
    {
      name: `full text, GET /products?q=, ${count} products, p50`,
      measured: `p99 ${p99(times.list).toFixed(0)} ms`,
      floor: '-',
      value: median(times.list),
      unit: 'ms',
      target: 5,
      better: 'less',
    },
    {
      name: 'full text, all words then some, p50',
      measured: `p99 ${p99(times.words).toFixed(0)} ms`,
      floor: '-',
      value: median(times.words),
      unit: 'ms',
      target: undefined,
      better: 'less',
    },
    {
      name: 'POST /products/search by query, hybrid, p50',
      measured: `p99 ${p99(times.meaning).toFixed(0)} ms`,
      floor: '-',
      value: median(times.meaning),
      unit: 'ms',
      target: undefined,
      better: 'less',
    },
    {
      name: `re-embedding ${count} products, read and stored`,
      measured: `${Math.round(rate(seconds))} products/s`,
      floor: '10000 products/s asked',
      value: rate(seconds) / 10_000,
      unit: 'ratio',
      target: 1,
      better: 'more',
      note: `the embedder alone ${Math.round(rate(alone))}/s`,
    },
  ]
}

/** Search: quality over labelled queries, vectors against a bare loop, full text and embedding at size. */
export const benchSearch = async (scale: Scale): Promise<Row[]> => [
  ...(await benchQuality()),
  ...(await benchVectors(scale)),
  ...(await benchCatalogue(scale)),
]
