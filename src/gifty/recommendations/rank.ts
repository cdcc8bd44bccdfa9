import type { ProductRow } from '../catalog/repository.ts'
import type { GiftVector } from '../scoring/axes.ts'
import { axesScore } from './axes.ts'
import type { FoldedProduct } from './constraints.ts'
import type { Profile } from './profile.ts'

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
export const preferredCount = ({ text, category }: FoldedProduct, { prefer }: Pick<Profile, 'prefer'>): number =>
  prefer.keywords.filter((keyword) => text.includes(keyword)).length + (prefer.categories.has(category) ? 1 : 0)

export const scoreCandidate = (candidate: Candidate, profile: Profile): Scored => {
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
