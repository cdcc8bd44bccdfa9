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
