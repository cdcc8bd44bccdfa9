import type { KindPolicy, Refusal } from '../../engine/index.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/log.ts'
import type { WorkLeases } from '../work-leases/service.ts'
import type { PendingContents } from './pending.ts'
import { type EmbeddingQueue, leaseKind, type UnembeddedProduct } from './queue.ts'
import type { EmbeddingModel, NewEmbedding } from './vector-queries.ts'

const ASK_EVERY_MS = 5000

export interface EmbeddingTasksDeps {
  leases: WorkLeases
  queue: EmbeddingQueue
  pending: PendingContents
  model: EmbeddingModel
  clock: Clock
  log: Log
}

/** Embedding for the configured external model as a kind of the worker protocol (gifty §4); the result is `{embedding}`. */
export const embeddingTasks = ({ leases, queue, pending, model, clock, log }: EmbeddingTasksDeps): KindPolicy => {
  /** An id below which no content lacks a vector; undefined before it was found. */
  let floor: number | undefined
  let askAt = Number.NEGATIVE_INFINITY
  const findFloor = () => {
    if (clock.now() < askAt) return
    askAt = clock.now() + ASK_EVERY_MS
    pending.floor(model).then(
      (found) => {
        floor = found
      },
      (error) => log.warn('contents without a vector could not be looked for', { error }),
    )
  }
  return leases.tasks<UnembeddedProduct>({
    kind: 'embedding',
    leaseKind: leaseKind(model),
    queue: queue.queue,
    params: () => ({ after: floor ?? 0, model: model.name, version: model.version }),
    *mayOffer(tx) {
      // Reading all contents inside a lease would hold up everything; the first lease only asks where to begin.
      tx.afterCommit(findFloor)
      return floor !== undefined
    },
    *payloads(_tx, rows) {
      return rows.map(({ gift_id, content_text, content_hash }) => ({
        ...{ gift_id, content_text, content_hash },
        ...{ model_name: model.name, model_version: model.version },
      }))
    },
    *store(tx, done, now) {
      const refused = new Map<string, Refusal>()
      const rows: NewEmbedding[] = []
      for (const { subject, payload, result } of done) {
        const given = (result as { embedding?: unknown } | null | undefined)?.embedding
        const vector = Array.isArray(given) ? queue.vectorOf(given) : { message: 'Input should be a list' }
        if (vector instanceof Float32Array)
          rows.push({ giftHash: subject, contentHash: (payload as { content_hash: string }).content_hash, vector })
        else refused.set(subject, { code: 'invalid', message: `embedding: ${vector.message}` })
      }
      // What was embedded is no longer current, or gone: the work is done, and the new content is another task.
      yield* queue.store(tx, model, rows, now)
      return refused
    },
  })
}
