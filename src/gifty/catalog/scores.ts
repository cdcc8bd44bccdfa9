import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { RowSource } from '../../tasks/index.ts'

/** A product that wants a score, as a worker gets it. */
export interface UnscoredProduct {
  gift_id: string
  title: string
  category: string | null
  merchant: string | null
  price: number | null
  image_url: string | null
  content_text: string
  content_hash: string
}
export interface ScoreWrite {
  giftHash: string
  score: number
  reasoning: string
  model: string
  version: string
  /** JSON text; null keeps the stored vector. */
  vector: string | null
  /** Hash of the content the score is about; null is the current one. */
  contentHash: string | null
}

/** Products without a score, then those whose content has changed since; newest change first (gifty §5). */
export const unscoredProducts = ({ fragments }: Pick<Db, 'fragments'>): RowSource => ({
  name: 'scoring',
  select: 'p.gift_id, p.title, p.category, p.merchant, p.price, p.image_url, p.content_text, p.content_hash',
  from: 'products p',
  key: 'p.gift_hash',
  contentHash: 'p.content_hash',
  // Literal, as in the partial indices, so that they are used.
  tiers: [
    'p.is_active and p.needs_scoring and p.llm_gift_score is null',
    'p.is_active and p.needs_scoring and p.llm_gift_score is not null',
  ],
  orderBy: `p.updated_at desc, ${fragments.bytewise('p.gift_id')}`,
})

/** How scores reach products. */
export const createScoreStore = (db: Db) => {
  const columns = 'score, reasoning, model, version, vector, content_hash'
  const write = db.batch<{ gift_hash: string }>(
    'products_score',
    [
      { name: 'gift_hash', type: 'text' },
      { name: 'score', type: 'float8' },
      { name: 'reasoning', type: 'text' },
      { name: 'model', type: 'text' },
      { name: 'version', type: 'text' },
      { name: 'vector', type: 'jsonb' },
      { name: 'content_hash', type: 'text' },
    ],
    (source) => {
      const set = `llm_gift_score = s.score, llm_gift_reasoning = s.reasoning, llm_scoring_model = s.model, llm_scoring_version = s.version,
        llm_gift_vector = coalesce(s.vector, products.llm_gift_vector), llm_scored_hash = coalesce(s.content_hash, products.content_hash),
        needs_scoring = coalesce(s.content_hash, products.content_hash) <> products.content_hash`
      return db.fragments.either(
        `update products set ${set}, llm_scored_at = :now from ${source} s where products.gift_hash = s.gift_hash returning products.gift_hash`,
        // Locked in key order first: an update takes its rows in any, and batches of products come at the same time.
        `with given as materialized (select gift_hash, ${columns} from ${source} g),
        locked as materialized (select p.gift_hash from products p where p.gift_hash in (select gift_hash from given) order by p.gift_hash for update)
        update products set ${set}, llm_scored_at = :now::timestamptz
        from given s join locked on locked.gift_hash = s.gift_hash where products.gift_hash = s.gift_hash returning products.gift_hash`,
      )
    },
  )
  return {
    /** Stores scores and answers which of the products exist; one whose content has changed meanwhile is scored again. */
    *write(tx: Tx, scores: ScoreWrite[], now: Date): Steps<Set<string>> {
      const rows = yield* tx.batch(
        write,
        scores.map((row) => [row.giftHash, row.score, row.reasoning, row.model, row.version, row.vector, row.contentHash]),
        { now },
      )
      return new Set(rows.map((row) => row.gift_hash))
    },
  }
}
export type ScoreStore = ReturnType<typeof createScoreStore>
