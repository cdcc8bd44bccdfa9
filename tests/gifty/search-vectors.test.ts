import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { onEachDatabase } from '../support/databases.ts'
import { codeOf, makeRig, problemOf, product, type Rig } from './rig.ts'

const DIM = 8
const env = { EMBEDDING_MODEL: 'test-model', EMBEDDING_VERSION: '2', EMBEDDING_DIM: String(DIM) }
const idOf = (n: number | string) => `shop:https://shop.example/p/${n}`
const axis = (n: number, more: Record<number, number> = {}) =>
  Array.from({ length: DIM }, (_, at) => (at === n ? 1 : (more[at] ?? 0)))

/** Stores vectors of products by their ids, as a worker does. */
const embed = async (app: Rig, vectors: Record<string, number[]>, model: Record<string, string> = {}) => {
  const results = await Promise.all(
    Object.entries(vectors).map(async ([id, embedding]) => ({
      gift_id: id,
      content_hash: (await app.ok('GET', `/internal/products/${encodeURIComponent(id)}`)).content_hash,
      embedding,
    })),
  )
  const answer = await app.ok('POST', '/internal/embeddings/submit', {
    model_name: 'test-model',
    model_version: '2',
    ...model,
    results,
  })
  expect(answer.updated).toBe(results.length)
}
const search = async (app: Rig, body: Record<string, unknown>) =>
  (await app.ok('POST', '/internal/products/search', body)).results.map((result: any) => [
    result.product.gift_id.replace('shop:https://shop.example/p/', ''),
    result.similarity,
  ])

onEachDatabase('gifty vector search', (database) => {
  test('gifty §13.23: an empty catalogue finds nothing, 200', async () => {
    const app = await makeRig(database)
    expect(await app.ok('POST', '/internal/products/search', { query: 'сумка' })).toEqual({ results: [], model: 'trawl-ngram' })
    expect(await app.ok('POST', '/internal/products/search', { vector: Array(384).fill(1) })).toEqual({
      results: [],
      model: 'trawl-ngram',
    })
    expect(await app.services.search.search.hasVectors()).toBe(false)
    await app.stop()
  })

  test('gifty §6: similarity is 1 - cosine distance, desc, then gift_id in byte order', async () => {
    const app = await makeRig(database, { env })
    await app.ingest([product('a'), product('B'), product('b'), product('c'), product('d'), product('none')])
    await embed(app, {
      [idOf('a')]: axis(0),
      [idOf('b')]: axis(0, { 1: 4 / 3 }),
      [idOf('B')]: axis(0, { 1: 4 / 3 }).map((part) => part * 7),
      [idOf('c')]: axis(1),
      [idOf('d')]: axis(0).map((part) => -part),
    })
    expect(await search(app, { vector: axis(0).map((part) => part * 3) })).toEqual([
      ['a', 1],
      ['B', 0.6],
      ['b', 0.6],
      ['c', 0],
      ['d', -1],
    ])
    expect(await search(app, { vector: axis(0), limit: 2 })).toEqual([
      ['a', 1],
      ['B', 0.6],
    ])
    expect(await search(app, { vector: axis(0), min_similarity: 0.5 })).toHaveLength(3)
    expect(await search(app, { vector: axis(0), min_similarity: '-0.5' })).toHaveLength(4)
    expect(await search(app, { vector: axis(0), min_similarity: 1 })).toEqual([['a', 1]])
    await app.stop()
  })

  test('gifty §13.23: filters hold: price, categories, sites, active products, model and version', async () => {
    const app = await makeRig(database, { env })
    await app.ingest([
      product(1, { price: 10, category: 'Toys' }),
      product(2, { price: 20, category: 'Toys' }),
      product(3, { price: null, category: 'Books' }),
      product(4, { price: 10, category: 'Books', site_key: 'other' }),
      product(5),
    ])
    const near = (n: number) => axis(0, { 1: n / 10 })
    await embed(app, {
      [idOf(1)]: near(1),
      [idOf(2)]: near(2),
      [idOf(3)]: near(3),
      'other:https://shop.example/p/4': near(4),
    })
    await embed(app, { [idOf(5)]: axis(0) }, { model_version: '1' })
    const ids = async (more: Record<string, unknown>) =>
      (await search(app, { vector: axis(0), ...more })).map(([id]: any) => id.at(-1))
    expect(await ids({})).toEqual(['1', '2', '3', '4'])
    expect(await ids({ max_price: 15 })).toEqual(['1', '4'])
    expect(await ids({ max_price: '15.5', categories: ['Books'] })).toEqual(['4'])
    expect(await ids({ categories: ['Books', 'Nothing'] })).toEqual(['3', '4'])
    expect(await ids({ categories: [], site_keys: null })).toEqual(['1', '2', '3', '4'])
    expect(await ids({ site_keys: ['other'] })).toEqual(['4'])
    expect(await ids({ site_keys: ['nowhere'] })).toEqual([])
    await app.db.sql(
      sql`update products set is_active = ${database.dialect === 'postgres' ? sql`false` : sql`0`} where price = 20`,
    )
    expect(await ids({})).toEqual(['1', '3', '4'])
    // A price that changes counts at once, a vector too.
    await app.ingest([product(1, { price: 99, category: 'Toys' })])
    expect(await ids({ max_price: 50 })).toEqual(['4'])
    await app.stop()
  })

  test('gifty §6: a filter that few pass costs no match, however many are nearer', async () => {
    const app = await makeRig(database, {
      env: { ...env, EMBEDDING_MODEL: 'trawl-ngram', EMBEDDING_VERSION: '1', EMBEDDING_DIM: '64' },
    })
    for (let part = 0; part < 3; part++)
      await app.ingest(
        Array.from({ length: 1000 }, (_, n) => {
          const at = part * 1000 + n
          return product(at, { title: `Кружка ${at % 50}`, category: at % 1500 === 7 ? 'Rare' : 'Common' })
        }),
      )
    expect(await app.services.search.embedding.embedPending()).toBe(3000)
    const { search: finder } = app.services.search
    const rare = await finder.nearest('Кружка 3', { limit: 10, filter: { categories: ['Rare'] } })
    expect(rare.map((match) => match.giftId).sort()).toEqual([idOf(1507), idOf(7)])
    // Sixty products have one and the same vector: all of them come, in the order of their ids.
    const equal = await finder.nearest('Кружка 3', { limit: 60 })
    expect(new Set(equal.map((match) => match.similarity)).size).toBe(1)
    expect(equal.map((match) => match.giftId)).toEqual(equal.map((match) => match.giftId).sort())
    expect((await finder.nearest('Кружка 3', { limit: 40 })).map((match) => match.giftId)).toEqual(
      equal.slice(0, 40).map((match) => match.giftId),
    )
    await app.stop()
  }, 300_000)

  test('gifty §6: both or none of query and vector, wrong length, limits: 422', async () => {
    const app = await makeRig(database, { env })
    const bad = async (body: unknown, loc: (string | number)[]) =>
      expect(problemOf(await app.post('/internal/products/search', body)).loc).toEqual(['body', ...loc])
    await bad({}, ['query'])
    await bad({ query: null, vector: null }, ['query'])
    await bad({ query: 'a', vector: axis(0) }, ['vector'])
    await bad({ vector: [1, 2] }, ['vector'])
    await bad({ vector: axis(0).map(() => 0) }, ['vector'])
    await bad({ vector: ['x', ...axis(0).slice(1)] }, ['vector', 0])
    await bad({ query: '' }, ['query'])
    await bad({ query: 'a'.repeat(1001) }, ['query'])
    await bad({ query: 'a', limit: 0 }, ['limit'])
    await bad({ query: 'a', limit: 101 }, ['limit'])
    await bad({ query: 'a', limit: 'many' }, ['limit'])
    await bad({ query: 'a', min_similarity: 1.5 }, ['min_similarity'])
    await bad({ query: 'a', max_price: -1 }, ['max_price'])
    await bad({ query: 'a', categories: 'Toys' }, ['categories'])
    expect(await search(app, { vector: axis(0).map((part) => part * 1e300) })).toEqual([])
    await app.stop()
  })

  test('gifty §6: an external model: vectors are searched, a query without its embedder is 503', async () => {
    const app = await makeRig(database, { env })
    await app.ingest([product(1)])
    await embed(app, { [idOf(1)]: axis(0) })
    expect(codeOf(await app.post('/internal/products/search', { query: 'сумка' }))).toEqual([503, 'embedder_unavailable'])
    expect(await search(app, { vector: axis(0) })).toEqual([['1', 1]])
    expect(await app.services.search.embedding.embedPending()).toBe(0)
    await app.stop()

    const asked: unknown[] = []
    let answer = () => Response.json({ data: [{ embedding: axis(0, { 1: 4 / 3 }) }] })
    const double = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      async fetch(request) {
        asked.push(await request.json())
        return answer()
      },
    })
    const second = await makeRig(database, {
      env: { ...env, EMBEDDING_API_URL: `http://127.0.0.1:${double.port}/v1/embeddings` },
    })
    await second.ingest([product(1), product(2, { title: 'сумка' })])
    await embed(second, { [idOf(1)]: axis(0), [idOf(2)]: axis(2) })
    // The model is taken at its word: the product that has the word is not nearer for it.
    expect(await search(second, { query: 'сумка' })).toEqual([
      ['1', 0.6],
      ['2', 0],
    ])
    expect(asked).toEqual([{ model: 'test-model', input: ['сумка'] }])
    answer = () => new Response('upstream secret', { status: 500 })
    const failed = await second.post('/internal/products/search', { query: 'сумка' })
    expect(codeOf(failed)).toEqual([503, 'embedder_unavailable'])
    expect(JSON.stringify(failed.body)).not.toContain('secret')
    expect(await search(second, { vector: axis(0), limit: 1 })).toEqual([['1', 1]])
    double.stop(true)
    await second.stop()
  })

  test('gifty §6: the built-in embedder embeds new and changed content; the detail shows its vectors', async () => {
    const app = await makeRig(database)
    await app.ingest([
      product(1, { title: 'Женская сумка через плечо' }),
      product(2, { title: 'Набор гаечных ключей' }),
      product(3, { title: 'Женские сапоги' }),
    ])
    expect(await app.services.search.embedding.embedPending()).toBe(3)
    expect(await app.services.search.embedding.embedPending()).toBe(0)
    const first = await app.ok('POST', '/internal/products/search', { query: 'сумочки женские через плечо' })
    expect(first.results[0].product.title).toBe('Женская сумка через плечо')
    const similarities = first.results.map((result: any) => result.similarity)
    expect(similarities).toEqual([...similarities].sort((a: number, b: number) => b - a))
    expect(await app.ok('POST', '/internal/products/search', { query: 'сумочки женские через плечо' })).toEqual(first)
    const detail = () => app.ok('GET', `/internal/products/${encodeURIComponent(idOf(2))}`)
    const shown = { model_name: 'trawl-ngram', model_version: '1', dim: 384, embedded_at: '2026-01-15T12:00:00.000Z' }
    expect((await detail()).embeddings).toEqual([{ ...shown, stale: false }])
    await app.ingest([product(2, { title: 'Сумка для ноутбука' })])
    expect((await detail()).embeddings).toEqual([{ ...shown, stale: true }])
    app.clock.advance(5000)
    expect(await app.services.search.embedding.embedPending()).toBe(1)
    expect((await detail()).embeddings).toEqual([{ ...shown, embedded_at: '2026-01-15T12:00:05.000Z', stale: false }])
    const { results } = await app.ok('POST', '/internal/products/search', { query: 'ноутбук', limit: 1 })
    expect(results[0].product.gift_id).toBe(idOf(2))
    // A text of no words is near nothing.
    expect((await app.ok('POST', '/internal/products/search', { query: '!!!' })).results).toEqual([])
    await app.stop()
  })

  test('what recommendations ask: nearest by text, words, both, and the vectors themselves', async () => {
    const app = await makeRig(database)
    await app.ingest([
      product(1, { title: 'Женская сумка', price: 10 }),
      product(2, { title: 'Мужская сумка', price: 20 }),
      product(3, { title: 'Лампа', price: null }),
    ])
    const { search: finder } = app.services.search
    expect(await finder.hasVectors()).toBe(false)
    expect(await finder.searchBoth('сумка женская', { limit: 2 })).toEqual([
      { giftId: idOf(1), rank: 1, similarity: null },
      { giftId: idOf(2), rank: 2, similarity: null },
    ])
    await app.services.search.embedding.embedPending()
    expect(await finder.hasVectors()).toBe(true)
    expect(await finder.searchText('сумка женская', { limit: 5 })).toEqual([
      { giftId: idOf(1), rank: 1, complete: true },
      { giftId: idOf(2), rank: 2, complete: false },
    ])
    const both = await finder.searchBoth('сумка женская', { limit: 5, filter: { minPrice: 5, maxPrice: 15 } })
    expect(both.map((match) => match.giftId)).toEqual([idOf(1)])
    const vector = await finder.embedQuery('Женская сумка')
    const vectors = await finder.vectorsOf([idOf(1), idOf(3), 'unknown'])
    expect([...vectors.keys()].sort()).toEqual([idOf(1), idOf(3)])
    expect(vectors.get(idOf(1))).toEqual(vector)
    expect((await finder.nearest(vector, { limit: 1 }))[0]).toEqual({ giftId: idOf(1), similarity: 1 })
    expect((await finder.nearest('лампа', { limit: 5, filter: { minSimilarity: 0.9 } })).map((match) => match.giftId)).toEqual([
      idOf(3),
    ])
    await app.stop()
  })

  test('more vectors than the memory allows are 503, never half a search', async () => {
    const app = await makeRig(database, { env: { EMBEDDING_MEMORY_MB: '1', EMBEDDING_DIM: '4096' } })
    await app.ingest(Array.from({ length: 65 }, (_, n) => product(n)))
    await app.services.search.embedding.embedPending()
    expect(codeOf(await app.post('/internal/products/search', { query: 'gift' }))).toEqual([503, 'unavailable'])
    await app.stop()
  })
})
