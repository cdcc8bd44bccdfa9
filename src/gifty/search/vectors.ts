import type { Steps, Tx } from '../../platform/db/index.ts'
import type { LookupFilter } from '../catalog/lookup.ts'
import type { Ranked } from './finder.ts'
import type { StoredVector } from './vector-queries.ts'

/** Vectors of the configured model, compared: the port whose adapters are `exact-vectors` and `pgvector`. */
export interface VectorIndex {
  /** Before anything is stored: which adapter it is has to be known. */
  ready(): Promise<void>
  /** The `wanted` nearest products that pass; `cost` is the negative similarity, at most `-minSimilarity`. */
  find(vector: Float32Array, filter: LookupFilter, wanted: number, minSimilarity?: number): Promise<Ranked[]>
  /** Cosine similarity of given products, those without a vector left out. */
  similarities(vector: Float32Array, hashes: readonly string[]): Promise<Map<string, number>>
  /** Part of the transaction that stores vectors. */
  storing(tx: Tx, rows: readonly StoredVector[]): Steps<void>
  /** Vectors that this process has just stored. */
  changed(rows: readonly StoredVector[]): void
  close(): Promise<void>
}

/** The adapter in use: `better` once it has said that it can be, otherwise `plain`. Asked at the first use. */
export const chooseVectors = (plain: VectorIndex, better: { index: VectorIndex; prepare(): Promise<boolean> }): VectorIndex => {
  let chosen = plain
  let choosing: Promise<void> | undefined
  const ready = () => {
    choosing ??= better.prepare().then(
      (can) => {
        if (can) chosen = better.index
      },
      (error) => {
        choosing = undefined
        throw error
      },
    )
    return choosing
  }
  return {
    ready,
    async find(...asked) {
      await ready()
      return chosen.find(...asked)
    },
    async similarities(...asked) {
      await ready()
      return chosen.similarities(...asked)
    },
    storing: (tx, rows) => chosen.storing(tx, rows),
    changed: (rows) => chosen.changed(rows),
    async close() {
      await plain.close()
      await better.index.close()
    },
  }
}
