import type { Platform } from '../../platform/index.ts'
import type { RowQueueDeps } from '../../tasks/index.ts'
import { giftHash } from '../catalog/identity.ts'
import type { CatalogLookup, LookupFilter } from '../catalog/lookup.ts'
import type { CatalogSearch } from '../catalog/service.ts'
import { isoTime } from '../fields.ts'
import { createEmbedder, createEmbedding, createPendingContents, type Embedder } from './embedding.ts'
import { chooseVectors, createExactVectors, type VectorIndex } from './exact-vectors.ts'
import { byDistance, createFinder, createTextSearch, type Ranked, type TextSearch, textQueries } from './finder.ts'
import { createPgvector } from './pgvector.ts'
import { createEmbeddingQueue, createEmbeddingRows, embeddingKinds } from './queue.ts'
import { createSpelling } from './spelling.ts'
import { documentsRepository, type VectorQueries, vectorQueries } from './vector-queries.ts'

/**
 * How slowly a rank loses weight. Half of the usual 60: with two good lists of a few dozen the first places should say more. The
 * labelled queries of the bench find little difference from 10 to 60.
 */
const RANK_OFFSET = 30

export interface RankedItem {
  key: string
  weight: number
}

/**
 * Reciprocal rank fusion: an item's worth is the sum of weight / (30 + rank) over the lists that name it, ranks from 1. Best first;
 * equals in the order of their keys.
 */
export const fuseRanks = (lists: readonly (readonly RankedItem[])[]): string[] => {
  const worth = new Map<string, number>()
  for (const list of lists)
    list.forEach(({ key, weight }, n) => {
      worth.set(key, (worth.get(key) ?? 0) + weight / (RANK_OFFSET + n + 1))
    })
  return [...worth].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([key]) => key)
}

/** Which products may be answered; an absent part does not restrict. */
export interface SearchFilter {
  minPrice?: number
  /** Excludes products without a price, as `minPrice` does. */
  maxPrice?: number
  categories?: readonly string[]
  siteKeys?: readonly string[]
  sourceId?: number
  /** Only what has changed since. */
  updatedAfter?: Date
  /** -1..1; only where similarities are compared. */
  minSimilarity?: number
}

export interface SearchOptions {
  /** Most matches answered, 1..1000. */
  limit: number
  filter?: SearchFilter
}

/** A product and how near it is: `similarity` = 1 - cosine distance, -1..1. */
export interface Nearest {
  giftId: string
  similarity: number
}

/** A product found by its words. */
export interface TextMatch {
  giftId: string
  /** 1 is the best match. */
  rank: number
  /** All words of the query are in the product, not only some of them. */
  complete: boolean
}

/** A product of the fused ranking; `similarity` is null where the product has no embedding yet. */
export interface HybridMatch {
  giftId: string
  rank: number
  similarity: number | null
}

/**
 * Search for other domains of the family. All queries cover active products; vectors are those of the configured model and version
 * (gifty §6).
 */
export interface ProductSearch {
  /** The model and version that vectors belong to. */
  readonly model: { name: string; version: string; dim: number }
  /**
   * The nearest products of a vector or of a text, similarity desc, then gift id. Exact: filters never cost a match.
   * @throws AppError 503 `embedder_unavailable` for a text that cannot be embedded
   */
  nearest(of: string | Float32Array, options: SearchOptions): Promise<Nearest[]>
  /** Full text over title, category, merchant and description: products with all words first, then those with some, best first. */
  searchText(text: string, options: SearchOptions): Promise<TextMatch[]>
  /**
   * Both, fused by reciprocal ranks.
   * @throws AppError 503 `embedder_unavailable`
   */
  searchBoth(text: string, options: SearchOptions): Promise<HybridMatch[]>
  /**
   * A unit vector of the text, all zero for a text without words.
   * @throws AppError 503 `embedder_unavailable`
   */
  embedQuery(text: string): Promise<Float32Array>
  /** Unit vectors of products, for those that have a current or an older one. */
  vectorsOf(giftIds: readonly string[]): Promise<Map<string, Float32Array>>
  /** Whether any product has a vector: without one `nearest` answers nothing. */
  hasVectors(): Promise<boolean>
}

/** How deep both rankings are read before they are fused. */
const FUSED_DEPTH = 100
/** What a place in each ranking is worth; chosen on the labelled queries of the bench, where neighbouring values do about as well. */
const WEIGHTS = { allWords: 1, someWords: 0.8, vector: 0.7 }

export interface ProductSearchDeps {
  text: TextSearch
  vectors: VectorIndex
  queries: VectorQueries
  lookup: CatalogLookup
  embedder: Embedder
}

const isZero = (vector: Float32Array) => vector.every((part) => part === 0)
const active = ({ minPrice, maxPrice, categories, siteKeys, sourceId, updatedAfter }: SearchFilter = {}): LookupFilter => ({
  isActive: true,
  minPrice,
  maxPrice,
  categories,
  siteKeys,
  sourceId,
  updatedAfter,
})

/** Search over products: by words, by vectors, by both (gifty §6). */
export const createProductSearch = ({ text, vectors, queries, lookup, embedder }: ProductSearchDeps) => {
  const { model } = embedder
  const embedQuery = (of: string) => embedder.embedQuery(of)

  const nearest = async (vector: Float32Array, limit: number, filter?: SearchFilter): Promise<Ranked[]> =>
    isZero(vector) ? [] : vectors.find(vector, active(filter), limit, filter?.minSimilarity)

  /** The fused ranking; products without a vector are in it, unless a least similarity is given. */
  const both = async (query: string, vector: Float32Array, limit: number, filter?: SearchFilter) => {
    const depth = Math.max(FUSED_DEPTH, limit)
    const [byText, byVector] = await Promise.all([text.find(query, active(filter), depth), nearest(vector, depth, filter)])
    const ids = new Map([...byText, ...byVector].map((match) => [match.giftHash, match.giftId]))
    const similarities = new Map(byVector.map((match) => [match.giftHash, 0 - match.distance]))
    const unknown = byText.filter((match) => !similarities.has(match.giftHash)).map((match) => match.giftHash)
    if (!isZero(vector))
      for (const [hash, similarity] of await vectors.similarities(vector, unknown)) similarities.set(hash, similarity)
    return fuseRanks([
      byText.map((match) => ({ key: match.giftHash, weight: match.complete ? WEIGHTS.allWords : WEIGHTS.someWords })),
      byVector.map((match) => ({ key: match.giftHash, weight: WEIGHTS.vector })),
    ])
      .map((hash) => ({ giftHash: hash, giftId: ids.get(hash) as string, similarity: similarities.get(hash) ?? null }))
      .filter(({ similarity }) => filter?.minSimilarity === undefined || (similarity ?? -2) >= filter.minSimilarity)
  }

  const port: ProductSearch = {
    model,
    embedQuery,
    async nearest(of, { limit, filter }) {
      const vector = typeof of === 'string' ? await embedQuery(of) : of
      return (await nearest(vector, limit, filter)).map(({ giftId, distance }) => ({ giftId, similarity: 0 - distance }))
    },
    async searchText(query, { limit, filter }) {
      const found = await text.find(query, active(filter), limit)
      return found.map(({ giftId, complete }, n) => ({ giftId, complete, rank: n + 1 }))
    },
    async searchBoth(query, { limit, filter }) {
      const found = await both(query, await embedQuery(query), limit, filter)
      return found.slice(0, limit).map(({ giftId, similarity }, n): HybridMatch => ({ giftId, similarity, rank: n + 1 }))
    },
    async vectorsOf(giftIds) {
      const ids = new Map(giftIds.map((id) => [giftHash(id), id]))
      const stored = await queries.of(model, [...ids.keys()])
      return new Map(stored.map((row) => [ids.get(row.giftHash) as string, row.vector]))
    },
    hasVectors: () => queries.any(model),
  }

  return {
    ...port,
    /**
     * What `POST /products/search` answers: products by similarity, then gift id. For a text the built-in embedder's neighbours
     * and the full text choose together which products these are; the similarities of an external model are used as they are.
     */
    async similar(of: { query: string } | { vector: Float32Array }, limit: number, filter: SearchFilter): Promise<Ranked[]> {
      const vector = 'vector' in of ? of.vector : await embedQuery(of.query)
      if ('vector' in of || !embedder.embedContent) return nearest(vector, limit, filter)
      const found = (await both(of.query, vector, limit, filter)).filter(({ similarity }) => similarity !== null)
      return found
        .slice(0, limit)
        .map(({ giftHash: hash, giftId, similarity }) => ({ giftHash: hash, giftId, distance: -(similarity as number) }))
        .sort(byDistance)
    },
    rows: lookup.rows,
  }
}
export type Search = ReturnType<typeof createProductSearch>

/** Ids of other processes' transactions become visible within it, or with the next full look. */
const LATE_MS = 10_000

export interface SearchDeps {
  platform: Pick<Platform, 'db' | 'clock' | 'log' | 'config'>
  lookup: CatalogLookup
  engine: RowQueueDeps['engine']
}

/** The search domain, wired. */
export const searchServices = ({ platform, lookup, engine }: SearchDeps) => {
  const { db, clock, log, config } = platform
  const documents = documentsRepository(db)
  const queries = vectorQueries(db)
  const embedder = createEmbedder(config.embedding, log)
  const { model } = embedder
  const shared = db.isShared
  const exact = createExactVectors({ queries, lookup, clock, model, maxBytes: config.embedding.memoryBytes, shared })
  const vectors = shared ? chooseVectors(exact, createPgvector({ db, log, queries, model })) : exact
  const pending = createPendingContents({ queries, clock, lateMs: shared ? LATE_MS : 0 })
  const spelling = createSpelling({ db, clock, lookup, lateMs: shared ? LATE_MS : 0 })
  const text = createTextSearch(textQueries(db), lookup, spelling)
  const search = createProductSearch({ text, vectors, queries, lookup, embedder })
  const embedding = createEmbedding({ db, clock, log, documents, queries, lookup, vectors, pending, embedder, spelling })
  const forCatalog: CatalogSearch = {
    page: text.page,
    async embeddingsOf(hash, contentHash) {
      return (await queries.list(hash)).map(({ embeddedAt, contentHash: of, ...embedding }) => ({
        ...embedding,
        embedded_at: isoTime(embeddedAt),
        stale: of !== contentHash,
      }))
    },
  }
  const { isBuiltIn } = config.embedding
  const rows = createEmbeddingRows({ db, clock, engine })
  const queue = createEmbeddingQueue({ db, clock, rows, queries, pending, vectors, model, isBuiltIn })
  return {
    /** Kinds of the worker protocol. */
    kinds: embeddingKinds({ rows, queue, pending, model, isBuiltIn }),
    /** Before the first vector is stored: pgvector may have to make its table. */
    ready: vectors.ready,
    documents,
    /** Search for other domains. */
    search,
    finder: createFinder(search),
    queue,
    /** Background work; `start` it where a process runs it. */
    embedding,
    forCatalog,
    async stop() {
      await embedding.stop()
      await vectors.close()
    },
  }
}
export type SearchServices = ReturnType<typeof searchServices>
