import { AppError } from '../../errors.ts'
import { giftHash } from '../catalog/identity.ts'
import type { BestScored, CatalogLookup } from '../catalog/lookup.ts'
import type { ProductSearch } from '../search/port.ts'
import { type Constraints, foldProduct, type Profile } from './profile.ts'
import type { Candidate } from './rank.ts'

const WANTED = 200
const GROWTH = 5

export interface CandidatesDeps {
  search: Pick<ProductSearch, 'embedQuery' | 'nearest' | 'searchText' | 'hasVectors'>
  lookup: Pick<CatalogLookup, 'rows'>
  best: BestScored
  passes: Constraints
}
/** How the candidates were found. */
export type Way = 'vector' | 'text' | 'best'
type Found = { giftId: string; similarity: number | null }

/** The products a recommendation is chosen from (gifty §6, rule 1). */
export const createCandidates = ({ search, lookup, best, passes }: CandidatesDeps) => {
  /** The vector of the profile; undefined without an embedder or without embeddings. */
  const vectorOf = async (text: string): Promise<Float32Array | undefined> => {
    if (!(await search.hasVectors())) return undefined
    try {
      return await search.embedQuery(text)
    } catch (error) {
      if (error instanceof AppError && error.code === 'embedder_unavailable') return undefined
      throw error
    }
  }
  const sourceOf = async (profile: Profile): Promise<{ way: Way; first(limit: number): Promise<Found[]> }> => {
    const { text, minPrice, maxPrice } = profile
    const filter = { minPrice, maxPrice }
    const vector = text === '' ? undefined : await vectorOf(text)
    // A text of nothing but small words says as little as none.
    if (text === '' || vector?.every((part) => part === 0)) {
      const first = async (limit: number) => (await best.first(limit, filter)).map((giftId) => ({ giftId, similarity: null }))
      return { way: 'best', first }
    }
    if (vector) return { way: 'vector', first: (limit) => search.nearest(vector, { limit, filter }) }
    const first = async (limit: number) =>
      (await search.searchText(text, { limit, filter })).map(({ giftId }) => ({ giftId, similarity: null }))
    return { way: 'text', first }
  }

  /** Up to 200 that pass, the nearest first: exclusions are not the index's, so ever more are asked for until enough pass. */
  return async (profile: Profile): Promise<{ way: Way; candidates: Candidate[] }> => {
    const { way, first } = await sourceOf(profile)
    const candidates: Candidate[] = []
    const seen = new Set<string>()
    for (let limit = WANTED; ; limit *= GROWTH) {
      const found = await first(limit)
      for (let from = 0; from < found.length && candidates.length < WANTED; from += WANTED) {
        const fresh = found.slice(from, from + WANTED).filter(({ giftId }) => !seen.has(giftId))
        if (fresh.length === 0) continue
        const rows = new Map((await lookup.rows(fresh.map(({ giftId }) => giftHash(giftId)))).map((row) => [row.giftId, row]))
        for (const { giftId, similarity } of fresh) {
          seen.add(giftId)
          const row = rows.get(giftId)
          if (!row || candidates.length >= WANTED) continue
          const folded = foldProduct(row)
          if (passes(profile, row, folded)) candidates.push({ row, folded, similarity })
        }
      }
      if (candidates.length >= WANTED || found.length < limit) return { way, candidates }
    }
  }
}
export type FindCandidates = ReturnType<typeof createCandidates>
