import type { Db } from '../../platform/db/index.ts'
import { createRowQueue, type KindPolicy, type Refusal, type RowQueue, type RowQueueDeps } from '../../tasks/index.ts'
import { type UnscoredProduct, unscoredProducts } from '../catalog/scores.ts'
import { type Score, type ScoringPayload, score } from './model.ts'
import type { Scoring } from './service.ts'

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

/** Scoring as a kind of the worker protocol (gifty §4): a ScoringResult without gift_id comes back. */
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
