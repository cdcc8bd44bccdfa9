/**
 * Search for other domains of the family. All queries cover active products; vectors are those of the configured model
 * and version (gifty §6).
 */

/** Which products may be answered; an absent part does not restrict. */
export interface SearchFilter {
  minPrice?: number
  /** Excludes products without a price, as `minPrice` does. */
  maxPrice?: number
  categories?: readonly string[]
  siteKeys?: readonly string[]
  /** -1..1; only where similarities are compared. */
  minSimilarity?: number
}

export interface SearchOptions {
  /** Most matches answered, 1..1000. */
  limit: number
  filter?: SearchFilter
}

/** A product and how near it is: `similarity` = 1 - cosine distance, -1..1. */
export interface Nearest {
  giftId: string
  similarity: number
}

/** A product found by its words. */
export interface TextMatch {
  giftId: string
  /** 1 is the best match. */
  rank: number
  /** All words of the query are in the product, not only some of them. */
  complete: boolean
}

/** A product of the fused ranking; `similarity` is null where the product has no embedding yet. */
export interface HybridMatch {
  giftId: string
  rank: number
  similarity: number | null
}

export interface ProductSearch {
  /** The model and version that vectors belong to. */
  readonly model: { name: string; version: string; dim: number }
  /**
   * The nearest products of a vector or of a text, similarity desc, then gift id. Exact: filters never cost a match.
   * @throws AppError 503 `embedder_unavailable` for a text that cannot be embedded
   */
  nearest(of: string | Float32Array, options: SearchOptions): Promise<Nearest[]>
  /** Full text over title, category, merchant and description: products with all words first, then those with some, best first. */
  searchText(text: string, options: SearchOptions): Promise<TextMatch[]>
  /**
   * Both, fused by reciprocal ranks.
   * @throws AppError 503 `embedder_unavailable`
   */
  searchBoth(text: string, options: SearchOptions): Promise<HybridMatch[]>
  /**
   * A unit vector of the text, all zero for a text without words.
   * @throws AppError 503 `embedder_unavailable`
   */
  embedQuery(text: string): Promise<Float32Array>
  /** Unit vectors of products, for those that have a current or an older one. */
  vectorsOf(giftIds: readonly string[]): Promise<Map<string, Float32Array>>
  /** Whether any product has a vector: without one `nearest` answers nothing. */
  hasVectors(): Promise<boolean>
}
