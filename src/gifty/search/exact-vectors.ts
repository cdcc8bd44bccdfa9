import { AppError } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Steps, Tx } from '../../platform/db/index.ts'
import { createExactIndex, type ExactIndex } from '../../platform/search/exact-index.ts'
import type { CatalogLookup, LookupFilter } from '../catalog/lookup.ts'
import { byDistance, type Ranked, takeTopK } from './finder.ts'
import type { EmbeddingModel, StoredVector, VectorQueries } from './vector-queries.ts'

/** Vectors read between two turns of the event loop. */
const LOADED_AT_ONCE = 500
/** After so many candidates the products that pass the filter are read instead: few do. */
const MOST_CANDIDATES = 4096
const PASSING_AT_ONCE = 1000
/** Milliseconds between two reads of other processes' vectors, and how far back they go: commits may be late. */
const NEWS_EVERY_MS = 1000
const NEWS_OVERLAP_MS = 10_000

export interface ExactVectorsDeps {
  queries: VectorQueries
  lookup: CatalogLookup
  clock: Clock
  model: EmbeddingModel
  /** Most memory of the vectors. */
  maxBytes: number
  /** Whether other processes store vectors too. */
  shared: boolean
}

/** Exact search over vectors held by a thread of this process; loaded at the first use, kept up to date from then on. */
export const createExactVectors = ({ queries, lookup, clock, model, maxBytes, shared }: ExactVectorsDeps): VectorIndex => {
  let index: ExactIndex | undefined
  let loading: Promise<ExactIndex> | undefined
  /** Keys changed while loading: their vectors in the database's answer may be older. */
  let fresh: Set<string> | undefined
  let newsSince = 0
  let askedAt = 0

  const put = (to: ExactIndex, rows: readonly StoredVector[]) => {
    if (rows.length === 0) return
    const vectors = new Float32Array(rows.length * model.dim)
    rows.forEach(({ vector }, n) => {
      vectors.set(vector, n * model.dim)
    })
    to.put(
      rows.map((row) => row.giftHash),
      vectors,
    )
  }
  const bound = (rows: number) => {
    if (rows * model.dim * 4 > maxBytes)
      throw new AppError('unavailable', 503, 'There are more embeddings than EMBEDDING_MEMORY_MB holds')
  }
  const load = async (): Promise<ExactIndex> => {
    const { total, latest } = await queries.count(model)
    bound(total)
    newsSince = latest
    askedAt = clock.now()
    fresh = new Set()
    const made = createExactIndex({ dim: model.dim, expectedRows: Math.ceil(total * 1.1) })
    index = made
    try {
      for (let after = ''; ; ) {
        const rows = await queries.load(model, after, LOADED_AT_ONCE)
        put(
          made,
          rows.filter((row) => !fresh?.has(row.giftHash)),
        )
        const last = rows.at(-1)
        if (rows.length < LOADED_AT_ONCE || !last) break
        after = last.giftHash
        await new Promise((resolve) => setImmediate(resolve))
      }
    } catch (error) {
      made.close()
      index = undefined
      throw error
    } finally {
      fresh = undefined
    }
    return made
  }
  const ready = async (): Promise<ExactIndex> => {
    loading ??= load().catch((error) => {
      // The next search tries again.
      loading = undefined
      throw error
    })
    const made = await loading
    if (shared && clock.now() - askedAt >= NEWS_EVERY_MS) {
      askedAt = clock.now()
      const { vectors, latest } = await queries.news(model, newsSince - NEWS_OVERLAP_MS)
      newsSince = Math.max(newsSince, latest)
      put(made, vectors)
    }
    bound(made.size())
    return made
  }

  /** Compares all products that pass the filter, page by page: for filters that few of the nearest products pass. */
  const findAmongPassing = async (
    made: ExactIndex,
    vector: Float32Array,
    filter: LookupFilter,
    wanted: number,
    maxDistance: number,
  ): Promise<Ranked[]> => {
    let best: Ranked[] = []
    for (let after = ''; ; ) {
      const keys = await lookup.passingAfter(after, filter, PASSING_AT_ONCE)
      const ids = new Map(keys.map((key) => [key.giftHash, key.giftId]))
      for (const { key, similarity } of await made.score(vector, [...ids.keys()]))
        if (-similarity <= maxDistance) best.push({ giftHash: key, giftId: ids.get(key) as string, distance: -similarity })
      best = best.sort(byDistance).slice(0, wanted)
      const last = keys.at(-1)
      if (keys.length < PASSING_AT_ONCE || !last) return best
      after = last.giftHash
    }
  }

  return {
    // Vectors are added after the commit, so nothing has to be prepared before.
    ready: async () => {},
    *storing() {},
    async find(vector, filter, wanted, minSimilarity) {
      const made = await ready()
      const maxDistance = minSimilarity === undefined ? Number.POSITIVE_INFINITY : -minSimilarity
      const { found, complete } = await takeTopK({
        fetch: async (count) =>
          (await made.search(vector, count)).map(({ key, similarity }) => ({ giftHash: key, distance: -similarity })),
        passing: (hashes) => lookup.passing(hashes, filter),
        wanted,
        most: Math.max(MOST_CANDIDATES, wanted * 3),
        maxDistance,
      })
      return complete ? found : findAmongPassing(made, vector, filter, wanted, maxDistance)
    },
    async similarities(vector, hashes) {
      const scored = await (await ready()).score(vector, hashes)
      return new Map(scored.map(({ key, similarity }) => [key, similarity]))
    },
    changed(rows) {
      if (!index) return
      for (const row of rows) fresh?.add(row.giftHash)
      put(index, rows)
    },
    async close() {
      await loading?.catch(() => {})
      index?.close()
    },
  }
}

/** Vectors of the configured model, compared: the port whose adapters are `exact-vectors` and `pgvector`. */
export interface VectorIndex {
  /** To be awaited before vectors are stored: chooses the adapter. */
  ready(): Promise<void>
  /** The `wanted` nearest products that pass; `distance` is the negative similarity, at most `-minSimilarity`. */
  find(vector: Float32Array, filter: LookupFilter, wanted: number, minSimilarity?: number): Promise<Ranked[]>
  /** Cosine similarity of given products, those without a vector left out. */
  similarities(vector: Float32Array, hashes: readonly string[]): Promise<Map<string, number>>
  /** Part of the transaction that stores vectors. */
  storing(tx: Tx, rows: readonly StoredVector[]): Steps<void>
  /** Vectors that this process has just stored. */
  changed(rows: readonly StoredVector[]): void
  close(): Promise<void>
}

/** Uses `better` if its `prepare` answers true, otherwise `plain`. Decided at the first use. */
export const chooseVectors = (plain: VectorIndex, better: { index: VectorIndex; prepare(): Promise<boolean> }): VectorIndex => {
  let chosen = plain
  let choosing: Promise<void> | undefined
  const ready = () => {
    choosing ??= better.prepare().then(
      (can) => {
        if (can) chosen = better.index
      },
      (error) => {
        choosing = undefined
        throw error
      },
    )
    return choosing
  }
  return {
    ready,
    async find(...args) {
      await ready()
      return chosen.find(...args)
    },
    async similarities(...args) {
      await ready()
      return chosen.similarities(...args)
    },
    storing: (tx, rows) => chosen.storing(tx, rows),
    changed: (rows) => chosen.changed(rows),
    async close() {
      await plain.close()
      await better.index.close()
    },
  }
}
