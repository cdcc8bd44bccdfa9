import type { Clock } from '../../platform/clock.ts'
import type { EmbeddingModel, VectorQueries } from './vector-queries.ts'

const WINDOW = 2000
/** Models whose place is remembered. */
const MOST_MODELS = 64
/** After so long all contents are looked at again: one may have been passed that had to wait for its transaction's end. */
const AGAIN_MS = 600_000

export interface PendingDeps {
  queries: Pick<VectorQueries, 'scan'>
  clock: Clock
  /** How long a content's id can be overtaken by higher ones: transactions of other processes commit in any order. */
  lateMs: number
}

/**
 * Contents that have no vector of a model. Looking at all of them each time would take as long as the catalogue is large, so the id up
 * to which all have one is remembered: new contents have higher ids.
 */
export const createPendingContents = ({ queries, clock, lateMs }: PendingDeps) => {
  const places = new Map<string, { floor: number; until: number }>()

  const placeOf = ({ name, version }: EmbeddingModel) => {
    const key = JSON.stringify([name, version])
    let place = places.get(key)
    if (!place || clock.now() >= place.until) {
      if (places.size >= MOST_MODELS) places.clear()
      place = { floor: 0, until: clock.now() + AGAIN_MS }
      places.set(key, place)
    }
    return place
  }

  /** Walks contents in windows until `enough` says so; raises the floor over what is done and old enough. */
  const walk = async (model: EmbeddingModel, size: number, enough: (hash: string) => boolean): Promise<void> => {
    const place = placeOf(model)
    let isDone = true
    for (let after = place.floor; ; ) {
      const window = await queries.scan(model, after, size)
      for (const { id, giftHash, indexedAt, isEmbedded } of window) {
        isDone &&= isEmbedded && clock.now() - indexedAt >= lateMs
        if (isDone) place.floor = id
        if (!isEmbedded && enough(giftHash)) return
      }
      const last = window.at(-1)
      if (window.length < size || !last) return
      after = last.id
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  return {
    /** Hashes of up to `max` products without a vector of their present content, oldest content first. */
    async next(model: EmbeddingModel, max: number): Promise<string[]> {
      const found: string[] = []
      // Those handed out last time, now done, and as many more.
      await walk(model, max * 2, (hash) => found.push(hash) >= max)
      return found
    },
    /** The id below which nothing is known to lack a vector, without looking. */
    known: ({ name, version }: EmbeddingModel): number => places.get(JSON.stringify([name, version]))?.floor ?? 0,
    /** An id below which no content lacks a vector. */
    async floor(model: EmbeddingModel): Promise<number> {
      await walk(model, WINDOW, () => true)
      return placeOf(model).floor
    },
  }
}
export type PendingContents = ReturnType<typeof createPendingContents>
