import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { createRowQueue, type KindPolicy, type Refusal, type RowQueue, type RowQueueDeps } from '../../tasks/index.ts'
import { giftHash } from '../catalog/identity.ts'
import { type ScoreStore, type UnscoredProduct, unscoredProducts } from '../catalog/lookup.ts'
import { answerSubmit, checkResults } from '../submissions.ts'
import { type Score, type ScoringPayload, type ScoringTask, score, scoringResult, type TasksQuery } from './index.ts'

export interface ScoringDeps {
  db: Db
  clock: Clock
  queue: ScoringQueue
  scores: ScoreStore
}

/** Scoring by foreign workers (gifty §5). */
export const createScoring = ({ db, clock, queue, scores }: ScoringDeps) => {
  /** Stores scores by product hash; `handedOut` are the hashes of the contents they are about. Answers which products exist. */
  function* store(
    tx: Tx,
    given: { giftHash: string; score: Score }[],
    handedOut: ReadonlyMap<string, string | null>,
    now: Date,
  ): Steps<Set<string>> {
    const rows = given
      .map(({ giftHash: hash, score }) => ({
        giftHash: hash,
        score: score.llm_gift_score,
        reasoning: score.llm_gift_reasoning,
        model: score.llm_scoring_model,
        version: score.llm_scoring_version,
        vector: score.llm_gift_vector ? JSON.stringify(score.llm_gift_vector.axes) : null,
        contentHash: handedOut.get(hash) ?? null,
      }))
      .sort((a, b) => (a.giftHash < b.giftHash ? -1 : 1))
    return yield* scores.write(tx, rows, now)
  }

  return {
    store,
    /** Hands out products that want a score and leases them; with `peek` it only shows them. */
    async tasks(query: TasksQuery, peek = false): Promise<ScoringTask[]> {
      const claim = { limit: query.limit, worker: query.worker_id, leaseMs: query.lease_seconds * 1000 }
      const payloads = await db.tx((tx) => {
        const now = new Date(clock.now())
        return peek ? queue.peek(tx, { ...claim, now }) : queue.claim(tx, { ...claim, now })
      })
      return payloads.map(({ content_hash: _, ...task }) => task)
    },
    /**
     * Stores what workers found and ends the leases of those products.
     * @throws AppError 413 above 1,000 elements, 422 when every element is malformed
     */
    async submit(results: unknown[]) {
      const checked = await checkResults(results, scoringResult, 'gift_id', (result) => result.gift_id)
      const byHash = new Map(checked.chosen.map(({ key, value }) => [giftHash(key), { key, value }]))
      const known = await db.tx(function* (tx) {
        const now = new Date(clock.now())
        const handedOut = yield* queue.close(tx, [...byHash.keys()], now)
        const given = [...byHash].map(([hash, { value }]) => ({ giftHash: hash, score: value }))
        return yield* store(tx, given, handedOut, now)
      })
      const refused = new Map(
        [...byHash]
          .filter(([hash]) => !known.has(hash))
          .map(([, { key }]) => [key, { field: 'gift_id', message: 'Product not found' }]),
      )
      const ignored = new Map<number, string[]>()
      for (const { index, value } of checked.chosen) ignored.set(index, value.llm_gift_vector?.ignored ?? [])
      return answerSubmit('gift_id', results.length, checked, refused, (index) => ({ ignored: ignored.get(index) ?? [] }))
    },
  }
}
export type Scoring = ReturnType<typeof createScoring>

export type ScoringQueue = RowQueue<UnscoredProduct, ScoringPayload>

/** Products that want a score, as tasks of the kind `scoring`. */
export const createScoringQueue = (deps: RowQueueDeps & { db: Db }): ScoringQueue =>
  createRowQueue<UnscoredProduct, ScoringPayload>(deps, {
    kind: 'scoring',
    source: unscoredProducts(deps.db),
    *payloads(_tx, rows) {
      return rows.map(({ task_key: _, ...payload }) => payload)
    },
  })

/** Scoring as a kind of the worker protocol (gifty §4): the result is a ScoringResult without gift_id. */
export const scoringKind = (queue: ScoringQueue, scoring: Scoring): KindPolicy =>
  queue.policy({
    *store(tx, done, now) {
      const refused = new Map<string, Refusal>()
      const given: { giftHash: string; score: Score }[] = []
      const hashes = new Map<string, string | null>()
      for (const { key, payload, result } of done) {
        const read = score.safeParse(result)
        if (read.success) {
          given.push({ giftHash: key, score: read.data })
          hashes.set(key, (payload as ScoringPayload).content_hash)
        } else {
          const [issue] = read.error.issues
          refused.set(key, { code: 'invalid', message: `${issue?.path.join('.') || 'result'}: ${issue?.message}` })
        }
      }
      const known = yield* scoring.store(tx, given, hashes, now)
      for (const { giftHash } of given)
        if (!known.has(giftHash)) refused.set(giftHash, { code: 'invalid', message: 'Product not found' })
      return refused
    },
  })
