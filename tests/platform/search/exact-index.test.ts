import { expect, test } from 'bun:test'
import { normalised } from '../../../src/platform/search/embedders.ts'
import { createExactIndex } from '../../../src/platform/search/exact-index.ts'

const DIM = 19
const seeded = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}
const random = seeded(7)
const vectors = (count: number) =>
  Array.from({ length: count }, () => normalised(Float32Array.from({ length: DIM }, () => random() - 0.5)))
const joined = (rows: Float32Array[]) => {
  const all = new Float32Array(rows.length * DIM)
  rows.forEach((row, n) => {
    all.set(row, n * DIM)
  })
  return all
}
const cosine = (a: Float32Array, b: Float32Array) => Math.round(a.reduce((sum, part, n) => sum + part * b[n]!, 0) * 1e6) / 1e6

test('finds exactly what comparing every vector finds, for any k', async () => {
  const rows = vectors(700)
  const index = createExactIndex({ dim: DIM, expectedRows: 10 })
  for (let from = 0; from < rows.length; from += 100)
    index.put(
      rows.slice(from, from + 100).map((_, n) => `k${from + n}`),
      joined(rows.slice(from, from + 100)),
    )
  expect(index.size()).toBe(700)
  for (const query of vectors(5)) {
    const best = rows.map((row) => cosine(query, row)).sort((a, b) => b - a)
    for (const k of [1, 2, 10, 699, 700, 5000]) {
      const found = await index.search(query, k)
      expect(found.map((hit) => hit.similarity)).toEqual(best.slice(0, k))
      for (const { key, similarity } of found.slice(0, 3)) expect(cosine(query, rows[Number(key.slice(1))]!)).toBe(similarity)
    }
    const scored = await index.score(query, ['k3', 'unknown', 'k5'])
    expect(scored).toEqual([
      { key: 'k3', similarity: cosine(query, rows[3]!) },
      { key: 'k5', similarity: cosine(query, rows[5]!) },
    ])
  }
  index.close()
})

test('replaces the vector of a known key, and answers many questions at once', async () => {
  const [a, b] = vectors(2) as [Float32Array, Float32Array]
  const index = createExactIndex({ dim: DIM, expectedRows: 0 })
  expect(await index.search(a, 3)).toEqual([])
  index.put(['x', 'y'], joined([a, a]))
  index.put(['x'], joined([b]))
  expect(index.size()).toBe(2)
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => index.search(n % 2 === 0 ? a : b, 1)))
  answers.forEach((answer, n) => {
    expect(answer).toEqual([{ key: n % 2 === 0 ? 'y' : 'x', similarity: 1 }])
  })
  index.close()
})

test('a question to a closed index is an error, not a wait without end', async () => {
  const index = createExactIndex({ dim: DIM, expectedRows: 1 })
  const [a] = vectors(1) as [Float32Array]
  const waiting = index.search(a, 1)
  index.close()
  expect(waiting).rejects.toThrow('closed')
  expect(index.search(a, 1)).rejects.toThrow('closed')
})
