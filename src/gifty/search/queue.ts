import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { normalised } from '../../platform/search/ngram-embedder.ts'
import { giftHash } from '../catalog/identity.ts'
import { answerSubmit, checkResults } from '../submissions.ts'
import type { WorkLeases } from '../work-leases/service.ts'
import { type EmbeddingsSubmit, embeddingResult, type TasksAnswer, type TasksRequest } from './model.ts'
import type { PendingContents } from './pending.ts'
import type { EmbeddingModel, NewEmbedding, VectorQueries } from './vector-queries.ts'
import type { VectorIndex } from './vectors.ts'

/** Kind of the leases of one model: a product may be embedded by several at once. */
export const leaseKind = ({ name, version }: Pick<EmbeddingModel, 'name' | 'version'>) =>
  `embedding:${JSON.stringify([name, version])}`

/** A product that wants a vector, as handed out. */
export interface UnembeddedProduct {
  gift_id: string
  content_text: string
  content_hash: string
}

export interface EmbeddingQueueDeps {
  db: Db
  clock: Clock
  leases: WorkLeases
  queries: VectorQueries
  pending: PendingContents
  vectors: VectorIndex
  /** The configured model: its vectors are searched. */
  model: EmbeddingModel
}

type Refused = { field: string; message: string }
const STALE: Refused = { field: 'content_hash', message: 'stale_content' }
const UNKNOWN: Refused = { field: 'gift_id', message: 'Product not found' }

/** Embeddings by foreign workers (gifty §5). */
export const createEmbeddingQueue = ({ db, clock, leases, queries, pending, vectors, model: configured }: EmbeddingQueueDeps) => {
  const { dim } = configured
  const lite = db.dialect === 'sqlite'
  const text = (name: string) => (lite ? `:${name}` : `:${name}::text`)
  const queue = leases.queue<UnembeddedProduct>({
    name: 'embeddings',
    select: 'p.gift_id, p.content_text, p.content_hash',
    from: 'product_documents doc join products p on p.gift_hash = doc.gift_hash',
    subject: 'doc.gift_hash',
    contentHash: 'doc.content_hash',
    tiers: [
      `p.is_active and doc.id > ${lite ? 'likely(:after)' : ':after::bigint'} and not exists (select 1 from product_embeddings e
        where e.gift_hash = doc.gift_hash and e.model_name = ${text('model')} and e.model_version = ${text('version')}
        and e.content_hash = doc.content_hash)`,
    ],
    orderBy: 'doc.id',
  })

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
    if (model.name === configured.name && model.version === configured.version) {
      const current = sorted.filter((row) => written.has(row.giftHash))
      yield* vectors.storing(tx, current)
      tx.afterCommit(() => vectors.changed(current))
    }
    if (missed.length === 0) return new Map()
    const known = yield* queries.known(tx, missed)
    return new Map(missed.map((hash) => [hash, known.has(hash) ? STALE : UNKNOWN]))
  }

  return {
    queue,
    store,
    vectorOf,
    /** Hands out products without a vector of the model's and leases them. */
    async tasks({ model_name, model_version, limit, worker_id, lease_seconds }: TasksRequest): Promise<TasksAnswer> {
      const model = { name: model_name, version: model_version, dim }
      const after = await pending.floor(model)
      const rows = await db.tx((tx) =>
        queue.claim(tx, {
          kind: leaseKind(model),
          worker: worker_id,
          leaseMs: lease_seconds * 1000,
          limit,
          now: new Date(clock.now()),
          params: { after, model: model.name, version: model.version },
        }),
      )
      return { tasks: rows.map(({ gift_id, content_text, content_hash }) => ({ gift_id, content_text, content_hash })) }
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
        yield* leases.clear(tx, leaseKind(model), [...rows.keys()])
        return yield* store(tx, model, [...rows.values()], new Date(clock.now()))
      })
      for (const [hash, why] of missed) refused.set(names.get(hash) as string, why)
      return answerSubmit('gift_id', results.length, checked, refused, () => ({}))
    },
  }
}
export type EmbeddingQueue = ReturnType<typeof createEmbeddingQueue>
