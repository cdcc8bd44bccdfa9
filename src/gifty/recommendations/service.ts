import { AppError } from '../../errors.ts'
import { giftHash } from '../catalog/identity.ts'
import type { BestScored, CatalogLookup } from '../catalog/lookup.ts'
import type { ProductRow } from '../catalog/repository.ts'
import { toProduct } from '../catalog/service.ts'
import type { Axis, GiftVector } from '../scoring.ts'
import type { ProductSearch } from '../search/service.ts'
import type { Reason, RecommendationsAnswer, RecommendationsRequest } from './index.ts'
import {
  axesScore,
  axisFit,
  type Constraints,
  createConstraints,
  type FoldedProduct,
  fold,
  foldProduct,
  type Profile,
  readProfile,
} from './profile.ts'

export interface Candidate {
  row: ProductRow
  folded: FoldedProduct
  similarity: number | null
}
/** What a score is made of (gifty §6, rule 2). */
export interface Parts {
  similarity: number
  axes: number
  rating: number
  budget: number
  preferences: number
}
export interface Scored extends Candidate {
  score: number
  parts: Parts
}

const STEP = 0.05
const MOST = 0.15
const DEFAULT_RATING = 5

/** 1 within half and all of the budget or without one, falling linearly to 0 at 0 and at a tenth above it. */
export const budgetScore = (price: number | null, budget: number | undefined): number => {
  if (budget === undefined) return 1
  if (price === null) return 0
  const share = price / budget
  if (share < 0.5) return share / 0.5
  return share <= 1 ? 1 : Math.max(0, (1.1 - share) / 0.1)
}
/** How many preferred keywords and categories a product has. */
const preferredCount = ({ text, category }: FoldedProduct, { prefer }: Pick<Profile, 'prefer'>): number =>
  prefer.keywords.filter((keyword) => text.includes(keyword)).length + (prefer.categories.has(category) ? 1 : 0)

const scoreCandidate = (candidate: Candidate, profile: Profile): Scored => {
  const { row, folded } = candidate
  const avoided = profile.avoid.filter((keyword) => folded.text.includes(keyword)).length
  const parts: Parts = {
    similarity: Math.max(0, candidate.similarity ?? 0),
    axes: axesScore(row.llmGiftVector as GiftVector | null, profile),
    rating: (row.llmGiftScore ?? DEFAULT_RATING) / 10,
    budget: budgetScore(row.price, profile.budget),
    preferences: Math.min(MOST, STEP * preferredCount(folded, profile)) - Math.min(MOST, STEP * avoided),
  }
  const score = 0.55 * parts.similarity + 0.25 * parts.axes + 0.15 * parts.rating + 0.05 * parts.budget + parts.preferences
  return { ...candidate, score, parts }
}

/** In byte order, as the databases compare gift ids. */
const compareIds = (a: string, b: string): number => (a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b)))
const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0
  for (let n = 0; n < a.length; n++) sum += (a[n] as number) * (b[n] as number)
  return sum
}

/**
 * Picks up to `limit` gifts, each good and unlike those before it (MMR, gifty §6, rule 4). `vectors` are unit vectors by gift id; what
 * has none is like nothing.
 */
export const pickDiverse = <C extends { row: Pick<ProductRow, 'giftId'>; score: number }>(
  candidates: readonly C[],
  vectors: ReadonlyMap<string, Float32Array>,
  { limit, diversity }: Pick<Profile, 'limit' | 'diversity'>,
): C[] => {
  // In the order of ids, so that the first of equals is the right one.
  const left = [...candidates].sort((a, b) => compareIds(a.row.giftId, b.row.giftId))
  const likeness = new Map<C, number>()
  const picked: C[] = []
  while (picked.length < limit && left.length > 0) {
    let best = 0
    let bestValue = Number.NEGATIVE_INFINITY
    for (let n = 0; n < left.length; n++) {
      const candidate = left[n] as C
      const value = (1 - diversity) * candidate.score - diversity * (likeness.get(candidate) ?? 0)
      if (value > bestValue) {
        best = n
        bestValue = value
      }
    }
    const [next] = left.splice(best, 1) as [C]
    picked.push(next)
    const vector = vectors.get(next.row.giftId)
    for (const candidate of left) {
      const other = vectors.get(candidate.row.giftId)
      const similarity = vector && other ? dot(vector, other) : 0
      likeness.set(candidate, Math.max(likeness.get(candidate) ?? Number.NEGATIVE_INFINITY, similarity))
    }
  }
  return picked
}

const HIGH_AXIS = 0.7
const HIGH_RATING = 8
/** Letters of a word that have to be there: inflections change its end. */
const stemLength = (word: string) => Math.max(4, word.length - 3)

const AXIS_TEXTS: Record<Axis, string> = {
  wow_factor: 'It makes an impression',
  warmth: 'It is a warm gift',
  romance: 'It is romantic',
  practicality: 'It is practical',
  usage_frequency: 'It will be used often',
  occasion_versatility: 'It suits most occasions',
  aesthetics: 'It looks good',
  social_risk: 'It is a safe choice',
  age_suitability: 'It suits the age',
  gender_bias: 'It suits the gender',
}

const mentions = (text: string, interest: string): boolean => {
  const words = fold(interest)
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length > 2)
  return words.length > 0 && words.every((word) => text.includes(word.slice(0, stemLength(word))))
}

/** Why a gift was chosen, for people to read (gifty §6). */
const reasonsFor = ({ row, folded }: Pick<Scored, 'row' | 'folded'>, profile: Profile): Reason[] => {
  const reasons: Reason[] = []
  const text = `${folded.text} ${folded.category}`
  const matched = profile.interests.filter((interest) => mentions(text, interest))
  if (matched.length > 0) reasons.push({ code: 'matches_interest', text: `Matches the interest: ${matched.join(', ')}` })
  const { budget } = profile
  if (budget !== undefined && row.price !== null && row.price <= budget)
    reasons.push({ code: 'fits_budget', text: `Fits the budget: ${row.price} of ${budget}` })
  const high = profile.axes.filter((axis) => (axisFit(axis, row.llmGiftVector as GiftVector | null, profile) ?? 0) >= HIGH_AXIS)
  if (high.length > 0) reasons.push({ code: 'axis_high', text: high.map((axis) => AXIS_TEXTS[axis]).join('. ') })
  if (row.llmGiftScore !== null && row.llmGiftScore >= HIGH_RATING)
    reasons.push({ code: 'highly_rated', text: `Rated ${row.llmGiftScore} of 10 as a gift` })
  if (preferredCount(folded, profile) > 0) reasons.push({ code: 'preferred', text: 'Has what was asked for' })
  return reasons
}

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
const createCandidates = ({ search, lookup, best, passes }: CandidatesDeps) => {
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
    // A text of stop words only counts as empty.
    if (text === '' || vector?.every((part) => part === 0)) {
      const first = async (limit: number) => (await best.first(limit, filter)).map((giftId) => ({ giftId, similarity: null }))
      return { way: 'best', first }
    }
    if (vector) return { way: 'vector', first: (limit) => search.nearest(vector, { limit, filter }) }
    const first = async (limit: number) =>
      (await search.searchText(text, { limit, filter })).map(({ giftId }) => ({ giftId, similarity: null }))
    return { way: 'text', first }
  }

  /** Up to 200 that pass, the nearest first: the index knows no exclusions, so more are fetched until enough pass. */
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

const idOf = (scored: Scored) => scored.row.giftId

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
