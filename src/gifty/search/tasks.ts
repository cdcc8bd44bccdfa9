import { z } from 'zod'
import type { KindPolicy, Refusal } from '../../tasks/index.ts'
import type { WorkLeases } from '../work-leases/service.ts'
import type { PendingContents } from './pending.ts'
import { type EmbeddingQueue, leaseKind, type UnembeddedProduct } from './queue.ts'
import type { EmbeddingModel, NewEmbedding } from './vector-queries.ts'

const embeddingDone = z.object({ embedding: z.array(z.unknown()) })

export interface EmbeddingTasksDeps {
  leases: WorkLeases
  queue: EmbeddingQueue
  pending: PendingContents
  model: EmbeddingModel
  /** The built-in embedder needs no workers. */
  isBuiltIn: boolean
}

/**
 * Embedding as a kind of the worker protocol (gifty §4), for the configured external model. A content that changed while it was
 * embedded completes its task and stores nothing: the product is offered again with what it is now.
 */
export const embeddingTasks = ({ leases, queue, pending, model, isBuiltIn }: EmbeddingTasksDeps): KindPolicy =>
  leases.tasks<UnembeddedProduct>({
    kind: 'embedding',
    leaseKind: leaseKind(model),
    queue: queue.queue,
    params: {
      model: model.name,
      version: model.version,
      // Asked anew for every lease: the queue need not look at what is done.
      get after() {
        return pending.known(model)
      },
    },
    *mayOffer() {
      return !isBuiltIn
    },
    *payloads(_tx, rows) {
      return rows.map((row) => ({
        gift_id: row.gift_id,
        content_text: row.content_text,
        content_hash: row.content_hash,
        model_name: model.name,
        model_version: model.version,
      }))
    },
    *store(tx, done, now) {
      const refused = new Map<string, Refusal>()
      const rows: NewEmbedding[] = []
      for (const { subject, payload, result } of done) {
        const read = embeddingDone.safeParse(result)
        const vector = read.success ? queue.vectorOf(read.data.embedding) : { message: 'Input should be a list' }
        if (vector instanceof Float32Array)
          rows.push({ giftHash: subject, contentHash: (payload as { content_hash: string }).content_hash, vector })
        else refused.set(subject, { code: 'invalid', message: `embedding: ${vector.message}` })
      }
      yield* queue.store(tx, model, rows, now)
      return refused
    },
  })
