import { afterAll, beforeAll, expect, test } from 'bun:test'
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { sql } from 'drizzle-orm'
import type { Db } from '../../src/platform/db/index.ts'
import { openPostgres } from '../../src/platform/db/postgres.ts'
import { createTestApp } from '../support/app.ts'
import { product } from './rig.ts'

/** Postgres with pgvector inside this process: the server of the other tests need not have the extension. */
let lite: PGlite
let server: PGLiteSocketServer
let db: Db
beforeAll(async () => {
  lite = await PGlite.create({ extensions: { vector } })
  server = new PGLiteSocketServer({ db: lite, port: 0, host: '127.0.0.1' })
  await server.start()
  const port = server.getServerConn().split(':').at(-1)
  // Its socket serves one connection at a time.
  db = await openPostgres({
    url: `postgres://postgres@127.0.0.1:${port}/postgres?sslmode=disable`,
    poolMax: 1,
    doubtMs: Number.POSITIVE_INFINITY,
  })
}, 300_000)
afterAll(async () => {
  await db.close()
  await server.stop()
  await lite.close()
})

test('gifty §12: pgvector finds what exact search finds, filters included; old vectors are taken over, new ones kept in step', async () => {
  const app = await createTestApp(db, { env: { EMBEDDING_DIM: '64' } })
  const ok = async (path: string, body: unknown) => {
    const answer = await app.post(path, body)
    expect([path, answer.status]).toEqual([path, 200])
    return answer.body
  }
  const words = ['Кружка', 'Лампа', 'Сумка', 'Шарф', 'Рюкзак', 'Книга', 'Часы', 'Носки']
  const items = Array.from({ length: 600 }, (_, n) =>
    product(n, {
      title: `${words[n % 8]} ${words[(n * 7 + 3) % 8]} модель ${n}`,
      price: n % 5 === 0 ? null : n,
      category: n % 100 === 9 ? 'Rare' : 'Common',
    }),
  )
  await ok('/internal/ingest-batch', { source_id: 0, items: items.slice(0, 300) })
  const { search, embedding } = app.services.search
  expect(await embedding.embedPending()).toBe(300)
  const [made] = await db.sql<{ name: string }>(
    sql`select tablename as name from pg_tables where tablename like 'product_vectors_%'`,
  )
  expect(made?.name).toMatch(/^product_vectors_[0-9a-f]{12}$/)

  // As if the extension had come later: what was embedded before is taken over by the next start.
  await db.sql(sql.raw(`delete from ${made?.name}`))
  const later = await createTestApp(db, { env: { EMBEDDING_DIM: '64' } })
  const { search: found } = later.services.search
  await later.post('/internal/ingest-batch', { source_id: 0, items: items.slice(300) })
  expect(await later.services.search.embedding.embedPending()).toBe(300)
  const [count] = await db.sql<{ n: number | string }>(sql.raw(`select count(*) as n from ${made?.name}`))
  expect(Number(count?.n)).toBe(600)

  const ids = items.map((item) => `shop:${item.product_url}`)
  const vectors = await found.vectorsOf(ids)
  const near = (query: Float32Array, filter: (n: number) => boolean, limit: number) =>
    ids
      .map((giftId, n) => {
        const similarity = (vectors.get(giftId) as Float32Array).reduce((sum, part, at) => sum + part * (query[at] as number), 0)
        return { giftId, n, similarity: Math.round(similarity * 1e6) / 1e6 }
      })
      .filter(({ n }) => filter(n))
      .sort((a, b) => b.similarity - a.similarity || (a.giftId < b.giftId ? -1 : 1))
      .slice(0, limit)
  let hits = 0
  let asked = 0
  for (const text of ['сумка', 'часы лампа', 'рюкзак 17', 'носки книга']) {
    const query = await found.embedQuery(text)
    for (const [filter, passes] of [
      [{}, () => true],
      [{ categories: ['Rare'] }, (n: number) => n % 100 === 9],
      [{ maxPrice: 200 }, (n: number) => n % 5 !== 0 && n <= 200],
    ] as const) {
      const expected = near(query, passes, 10)
      const answered = await found.nearest(query, { limit: 10, filter: { ...filter } })
      expect(answered).toHaveLength(expected.length)
      const right = new Map(expected.map(({ giftId, similarity }) => [giftId, similarity]))
      hits += answered.filter((match) => right.has(match.giftId)).length
      asked += expected.length
      for (const { giftId, similarity } of answered)
        if (right.has(giftId)) expect(similarity).toBeCloseTo(right.get(giftId) as number, 4)
      const order = answered.map((match) => match.similarity)
      expect(order).toEqual([...order].sort((a, b) => b - a))
    }
  }
  // An HNSW graph may miss one; filters must not make it miss more.
  expect(hits / asked).toBeGreaterThanOrEqual(0.95)
  expect(await found.nearest('сумка', { limit: 5, filter: { minSimilarity: 1 } })).toEqual([])
  expect((await search.searchBoth('сумка шарф', { limit: 3 })).every((match) => match.similarity !== null)).toBe(true)

  // A changed content has its new vector at once.
  await later.post('/internal/ingest-batch', { source_id: 0, items: [product(0, { title: 'Совершенно особенный предмет' })] })
  await later.services.search.embedding.embedPending()
  expect((await found.nearest('особенный предмет', { limit: 1 }))[0]?.giftId).toBe('shop:https://shop.example/p/0')
  await app.stop()
  await later.stop()
}, 300_000)
