import type { LookupFilter } from '../catalog/lookup.ts'
import type { Ranked } from './rounds.ts'
import type { StoredVector } from './vector-queries.ts'

/** Vectors of the configured model, compared: the port whose adapters are `exact-vectors` and `pgvector`. */
export interface VectorIndex {
  /** The `wanted` nearest products that pass; `cost` is the negative similarity, not below `-1` nor above `-minSimilarity`. */
  find(vector: Float32Array, filter: LookupFilter, wanted: number, minSimilarity?: number): Promise<Ranked[]>
  /** Cosine similarity of given products, those without a vector left out. */
  similarities(vector: Float32Array, hashes: readonly string[]): Promise<Map<string, number>>
  /** Vectors that this process has just stored. */
  changed(rows: readonly StoredVector[]): void
  close(): Promise<void>
}
