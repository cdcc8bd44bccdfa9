import { invalidField } from '../../errors.ts'
import { toProduct } from '../catalog/service.ts'
import type { SearchAnswer, SearchRequest } from './model.ts'
import type { SearchFilter } from './port.ts'
import type { Search } from './service.ts'

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
