import { toProduct } from '../catalog/service.ts'
import type { ProductSearch } from '../search/port.ts'
import type { RecommendationsAnswer, RecommendationsRequest } from './model.ts'
import { createConstraints, readProfile } from './profile.ts'
import { type CandidatesDeps, createCandidates, pickDiverse, reasonsFor, type Scored, scoreCandidate } from './rank.ts'

export interface RecommendationsDeps extends Omit<CandidatesDeps, 'passes'> {
  search: CandidatesDeps['search'] & Pick<ProductSearch, 'vectorsOf'>
  /** Keywords of goods that are recommended to adults only. */
  adultKeywords: readonly string[]
}

/** Recommendations (gifty §6): a profile in, ranked gifts with reasons out. */
export const createRecommendations = ({ adultKeywords, ...deps }: RecommendationsDeps) => {
  const findCandidates = createCandidates({ ...deps, passes: createConstraints(adultKeywords) })
  return {
    /** @throws AppError 422 when the price bounds contradict each other */
    async recommend(request: RecommendationsRequest): Promise<RecommendationsAnswer> {
      const profile = readProfile(request)
      const { way, candidates } = await findCandidates(profile)
      const scored = candidates.map((candidate) => scoreCandidate(candidate, profile))
      const vectors = scored.length > 1 && profile.diversity > 0 ? await deps.search.vectorsOf(scored.map(idOf)) : new Map()
      const picked = pickDiverse(scored, vectors, profile)
      const gifts = picked.map((gift) => ({
        ...toProduct(gift.row),
        score: gift.score,
        similarity: gift.similarity,
        reasons: reasonsFor(gift, profile),
      }))
      return {
        engine_version: 'vector_v1',
        featured_gift: gifts[0] ?? null,
        gifts,
        debug: profile.debug
          ? {
              way,
              profile_text: profile.text,
              axes: profile.axes,
              min_price: profile.minPrice ?? null,
              max_price: profile.maxPrice ?? null,
              candidates: scored.length,
              scores: picked.map((gift) => ({ gift_id: idOf(gift), score: gift.score, ...gift.parts })),
            }
          : null,
      }
    },
  }
}
export type Recommendations = ReturnType<typeof createRecommendations>

const idOf = (scored: Scored) => scored.row.giftId
