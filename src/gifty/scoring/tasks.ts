import type { KindPolicy, Refusal } from '../../tasks/index.ts'
import type { UnscoredProduct } from '../catalog/scores.ts'
import type { WorkQueue } from '../work-leases/queue.ts'
import type { WorkLeases } from '../work-leases/service.ts'
import { type Score, score } from './model.ts'
import { SCORING, type Scoring, toScoringTask } from './service.ts'

/** Scoring as a kind of the worker protocol (gifty §4): the scoring task with its hash, and a ScoringResult without gift_id. */
export const scoringTasks = (leases: WorkLeases, queue: WorkQueue<UnscoredProduct>, scoring: Scoring): KindPolicy =>
  leases.tasks({
    kind: SCORING,
    queue,
    *payloads(_tx, rows) {
      return rows.map((row) => ({ ...toScoringTask(row), content_hash: row.lease_hash }))
    },
    *store(tx, done, now) {
      const refused = new Map<string, Refusal>()
      const given: { giftHash: string; score: Score }[] = []
      const hashes = new Map<string, string | null>()
      for (const { subject, payload, result } of done) {
        const read = score.safeParse(result)
        if (read.success) {
          given.push({ giftHash: subject, score: read.data })
          hashes.set(subject, (payload as { content_hash: string }).content_hash)
        } else {
          const [issue] = read.error.issues
          refused.set(subject, { code: 'invalid', message: `${issue?.path.join('.') || 'result'}: ${issue?.message}` })
        }
      }
      const known = yield* scoring.store(tx, given, hashes, now)
      for (const { giftHash } of given)
        if (!known.has(giftHash)) refused.set(giftHash, { code: 'invalid', message: 'Product not found' })
      return refused
    },
  })
