import { toProduct } from '../catalog/service.ts'
import { invalidField } from '../envelope.ts'
import type { SearchAnswer, SearchRequest } from './model.ts'
import type { SearchFilter } from './port.ts'
import type { Search } from './service.ts'

/** A product that an index offers; the lower `cost`, the better it fits. */
export interface Candidate {
  giftHash: string
  cost: number
}
export interface Ranked extends Candidate {
  giftId: string
}

/** In byte order, as both databases compare gift ids. */
export const compareBytes = (a: string, b: string): number => (a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b)))
export const byCost = (a: Ranked, b: Ranked): number => a.cost - b.cost || compareBytes(a.giftId, b.giftId)

export interface Rounds {
  /** The `count` best candidates of the index, best first; fewer only if there are no more. */
  fetch(count: number): Promise<Candidate[]>
  /** Gift ids by hash of those that may be answered. */
  passing(hashes: string[]): Promise<Map<string, string>>
  wanted: number
  /** Only what comes after it. */
  after?: { cost: number; giftId: string }
  /** More than so many are not fetched at once. */
  most?: number
  /** Dearer ones are not wanted. */
  costMax?: number
}

const FIRST = 64
const GROWTH = 6

/**
 * The first `wanted` candidates that pass, by cost and then gift id: an index knows no filters, so ever more are fetched until enough
 * of them pass. Exact: what costs as much as the last one fetched waits for the next round, since its equals may be missing.
 * `complete` is false when `most` were not enough.
 */
export const firstPassing = async (rounds: Rounds): Promise<{ found: Ranked[]; complete: boolean }> => {
  const { wanted, after, most = Number.POSITIVE_INFINITY, costMax = Number.POSITIVE_INFINITY } = rounds
  for (let count = Math.max(FIRST, wanted * 3); ; count = Math.min(most, count * GROWTH)) {
    const candidates = await rounds.fetch(count)
    const last = candidates.length < count ? Number.POSITIVE_INFINITY : (candidates.at(-1)?.cost ?? Number.POSITIVE_INFINITY)
    const sure = candidates.filter((candidate) => candidate.cost < last && candidate.cost <= costMax)
    const passing = await rounds.passing(sure.map((candidate) => candidate.giftHash))
    const found: Ranked[] = []
    for (const { giftHash, cost } of sure) {
      const giftId = passing.get(giftHash)
      if (giftId === undefined) continue
      if (after && (cost < after.cost || (cost === after.cost && compareBytes(giftId, after.giftId) <= 0))) continue
      found.push({ giftHash, giftId, cost })
    }
    if (found.length >= wanted || last === Number.POSITIVE_INFINITY || last > costMax)
      return { found: found.sort(byCost).slice(0, wanted), complete: true }
    if (count >= most) return { found: found.sort(byCost), complete: false }
  }
}

const presentList = (values: string[] | null | undefined) => (values && values.length > 0 ? values : undefined)

/** `POST /products/search` (gifty §6). */
export const createFinder = (search: Search) => {
  const vectorOf = (vector: number[]): Float32Array => {
    if (vector.length !== search.model.dim)
      throw invalidField(['body', 'vector'], `Input should have ${search.model.dim} numbers`, null)
    const given = Float32Array.from(vector)
    const length = Math.hypot(...vector)
    if (!Number.isFinite(length) || length === 0 || given.every((part) => part === 0))
      throw invalidField(['body', 'vector'], 'Input should be a vector with a length', null)
    return given.map((_, n) => (vector[n] as number) / length)
  }

  return {
    /** @throws AppError 422 unless exactly one of query and vector is there, 503 `embedder_unavailable` for a query */
    async search(request: SearchRequest): Promise<SearchAnswer> {
      const { query, vector, limit } = request
      if (typeof query === 'string' && vector)
        throw invalidField(['body', 'vector'], 'Only one of query and vector may be given', null)
      const filter: SearchFilter = {
        maxPrice: request.max_price ?? undefined,
        minSimilarity: request.min_similarity ?? undefined,
        categories: presentList(request.categories),
        siteKeys: presentList(request.site_keys),
      }
      if (typeof query !== 'string' && !vector) throw invalidField(['body', 'query'], 'One of query and vector is required', null)
      const found = await search.similar(vector ? { vector: vectorOf(vector) } : { query: query as string }, limit, filter)
      const rows = new Map((await search.rows(found.map((match) => match.giftHash))).map((row) => [row.giftHash, row]))
      return {
        results: found.flatMap(({ giftHash, cost }) => {
          const row = rows.get(giftHash)
          return row ? [{ product: toProduct(row), similarity: 0 - cost }] : []
        }),
        model: search.model.name,
      }
    },
  }
}
export type Finder = ReturnType<typeof createFinder>
