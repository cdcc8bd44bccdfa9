import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { normalised } from '../../platform/search/ngram-embedder.ts'
import { giftHash } from '../catalog/identity.ts'
import { answerSubmit, checkResults } from '../submissions.ts'
import { type EmbeddingsSubmit, embeddingResult, type TasksAnswer, type TasksRequest } from './model.ts'
import type { PendingContents } from './pending.ts'
import { type EmbeddingRows, keyInOther, scopeOf } from './tasks.ts'
import type { EmbeddingModel, NewEmbedding, VectorQueries } from './vector-queries.ts'
import type { VectorIndex } from './vectors.ts'

export interface EmbeddingQueueDeps {
  db: Db
  clock: Clock
  rows: EmbeddingRows
  queries: VectorQueries
  pending: PendingContents
  vectors: VectorIndex
  /** The configured model: its vectors are searched. */
  model: EmbeddingModel
  /** The built-in embedder needs no workers. */
  isBuiltIn: boolean
}

type Refused = { field: string; message: string }
const STALE: Refused = { field: 'content_hash', message: 'stale_content' }
const UNKNOWN: Refused = { field: 'gift_id', message: 'Product not found' }

/** Embeddings by foreign workers (gifty §5). */
export const createEmbeddingQueue = ({
  db,
  clock,
  rows: { configured: ofConfigured, other },
  queries,
  pending,
  vectors,
  model: configured,
  isBuiltIn,
}: EmbeddingQueueDeps) => {
  const { dim } = configured
  const isConfigured = ({ name, version }: EmbeddingModel) => name === configured.name && version === configured.version
  /** Whether the model's rows are tasks that workers of the worker protocol get as well. */
  const isShared = (model: EmbeddingModel) => !isBuiltIn && isConfigured(model)

  /** A unit vector of what a worker sent, or what is wrong with it. */
  const vectorOf = (embedding: unknown[]): Float32Array | Refused => {
    const wrong = (message: string): Refused => ({ field: 'embedding', message })
    if (embedding.length !== dim) return wrong(`Input should have ${dim} numbers`)
    const vector = new Float32Array(dim)
    for (let n = 0; n < dim; n++) {
      const part = embedding[n]
      if (typeof part !== 'number' || !Number.isFinite(part)) return wrong('Input should be finite numbers')
      vector[n] = part
    }
    const unit = normalised(vector)
    return unit.some((part) => part !== 0) && unit.every(Number.isFinite) ? unit : wrong('Input should be a vector with a length')
  }
  /** Stores vectors and answers why some were not written, by hash. Part of the caller's transaction. */
  function* store(tx: Tx, model: EmbeddingModel, rows: NewEmbedding[], now: Date): Steps<Map<string, Refused>> {
    const sorted = [...rows].sort((a, b) => (a.giftHash < b.giftHash ? -1 : 1))
    const written = yield* queries.store(tx, model, sorted, now)
    const missed = sorted.filter((row) => !written.has(row.giftHash)).map((row) => row.giftHash)
    if (isConfigured(model)) {
      const current = sorted.filter((row) => written.has(row.giftHash))
      yield* vectors.storing(tx, current)
      tx.afterCommit(() => vectors.changed(current))
    }
    if (missed.length === 0) return new Map()
    const known = yield* queries.known(tx, missed)
    return new Map(missed.map((hash) => [hash, known.has(hash) ? STALE : UNKNOWN]))
  }

  return {
    store,
    vectorOf,
    /** Hands out products without a vector of the model's and leases them. */
    async tasks({ model_name, model_version, limit, worker_id, lease_seconds }: TasksRequest): Promise<TasksAnswer> {
      const model = { name: model_name, version: model_version, dim }
      const after = await pending.floor(model)
      const claim = { worker: worker_id, leaseMs: lease_seconds * 1000, limit, now: new Date(clock.now()) }
      const params = { after, model: model.name, version: model.version }
      const tasks = await db.tx((tx) =>
        isShared(model)
          ? ofConfigured.claim(tx, { ...claim, params })
          : other.claim(tx, { ...claim, params: { ...params, scope: scopeOf(model) } }),
      )
      return { tasks: tasks.map(({ gift_id, content_text, content_hash }) => ({ gift_id, content_text, content_hash })) }
    },
    /**
     * Stores what workers computed and ends the leases of those products.
     * @throws AppError 413 above 1,000 elements, 422 when every element is malformed
     */
    async submit({ model_name, model_version, results }: EmbeddingsSubmit) {
      const model = { name: model_name, version: model_version, dim }
      const checked = await checkResults(results, embeddingResult, 'gift_id', (result) => result.gift_id)
      const refused = new Map<string, Refused>()
      const rows = new Map<string, NewEmbedding>()
      const names = new Map<string, string>()
      for (const { key, value } of checked.chosen) {
        const vector = vectorOf(value.embedding)
        if (!(vector instanceof Float32Array)) {
          refused.set(key, vector)
          continue
        }
        const hash = giftHash(key)
        names.set(hash, key)
        rows.set(hash, { giftHash: hash, contentHash: value.content_hash, vector })
      }
      await vectors.ready()
      const missed = await db.tx(function* (tx) {
        const now = new Date(clock.now())
        const hashes = [...rows.keys()]
        if (isShared(model)) yield* ofConfigured.close(tx, hashes, now)
        else
          yield* other.close(
            tx,
            hashes.map((hash) => keyInOther(model, hash)),
            now,
          )
        return yield* store(tx, model, [...rows.values()], now)
      })
      for (const [hash, why] of missed) refused.set(names.get(hash) as string, why)
      return answerSubmit('gift_id', results.length, checked, refused, () => ({}))
    },
  }
}
export type EmbeddingQueue = ReturnType<typeof createEmbeddingQueue>
