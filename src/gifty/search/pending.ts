import { LRUCache } from 'lru-cache'
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
  const places = new LRUCache<string, { floor: number; until: number }>({ max: MOST_MODELS })

  const placeOf = ({ name, version }: EmbeddingModel) => {
    const key = JSON.stringify([name, version])
    let place = places.get(key)
    if (!place || clock.now() >= place.until) {
      place = { floor: 0, until: clock.now() + AGAIN_MS }
      places.set(key, place)
    }
    return place
  }

  /** Walks contents in windows until `enough` says so; raises the floor over what is done and old enough. Answers the last id seen. */
  const walk = async (model: EmbeddingModel, from: number, size: number, enough: (hash: string) => boolean): Promise<number> => {
    const place = placeOf(model)
    let isDone = from <= place.floor
    for (let after = from; ; ) {
      const window = await queries.scan(model, after, size)
      for (const { id, giftHash, indexedAt, isEmbedded } of window) {
        isDone &&= isEmbedded && clock.now() - indexedAt >= lateMs
        if (isDone) place.floor = id
        after = id
        if (!isEmbedded && enough(giftHash)) return after
      }
      if (window.length < size) return after
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  return {
    /**
     * Up to `max` products without a vector of their present content, oldest content first: those after `last`, or after the floor.
     * `last` of the answer is where to go on.
     */
    async next(model: EmbeddingModel, max: number, last?: number): Promise<{ hashes: string[]; last: number }> {
      const hashes: string[] = []
      const seen = await walk(model, last ?? placeOf(model).floor, max, (hash) => hashes.push(hash) >= max)
      return { hashes, last: seen }
    },
    /** The id below which nothing is known to lack a vector, without looking. */
    known: ({ name, version }: EmbeddingModel): number => places.get(JSON.stringify([name, version]))?.floor ?? 0,
    /** An id below which no content lacks a vector. */
    async floor(model: EmbeddingModel): Promise<number> {
      await walk(model, placeOf(model).floor, WINDOW, () => true)
      return placeOf(model).floor
    },
  }
}
export type PendingContents = ReturnType<typeof createPendingContents>
