import { z } from 'zod'
import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { normalised } from '../../platform/search/embedders.ts'
import {
  createRowQueue,
  type KindPolicy,
  type Refusal,
  type RowQueue,
  type RowQueueDeps,
  type RowSource,
} from '../../tasks/index.ts'
import { giftHash, nameHash } from '../catalog/identity.ts'
import { answerSubmit, checkResults } from '../submissions.ts'
import type { PendingContents } from './embedding.ts'
import type { VectorIndex } from './exact-vectors.ts'
import { type EmbeddingsSubmit, embeddingResult, type TasksAnswer, type TasksRequest } from './index.ts'
import type { EmbeddingModel, NewEmbedding, VectorQueries } from './vector-queries.ts'

/** A product that wants a vector. */
interface UnembeddedProduct {
  gift_id: string
  content_text: string
  content_hash: string
}
/** What a worker of the worker protocol gets (gifty §4). */
export interface EmbeddingPayload extends UnembeddedProduct {
  model_name: string
  model_version: string
}
type Model = Pick<EmbeddingModel, 'name' | 'version'>

/** Names a model in keys of the tasks of all models that are not configured: as long for every model. */
const scopeOf = ({ name, version }: Model): string => nameHash(JSON.stringify([name, version]))
const SCOPE_LENGTH = scopeOf({ name: '', version: '' }).length
/** The key of a product's task for a model that is not configured. */
const keyInOther = (model: Model, giftHash: string): string => `${scopeOf(model)}${giftHash}`

/** Active products without a vector of the model `:model`, `:version`, or with one of an older content; `:after` is a floor of their ids. */
const unembedded = ({ fragments }: Pick<Db, 'fragments'>, more: Pick<RowSource, 'name' | 'key' | 'rowOf'>): RowSource => {
  const text = (name: string) => fragments.param(name, 'text')
  return {
    ...more,
    select: 'p.gift_id, p.content_text, p.content_hash',
    from: 'product_documents doc join products p on p.gift_hash = doc.gift_hash',
    contentHash: 'doc.content_hash',
    tiers: [
      `p.is_active and doc.id > ${fragments.either('likely(:after)', ':after::bigint')} and not exists (select 1 from product_embeddings e
        where e.gift_hash = doc.gift_hash and e.model_name = ${text('model')} and e.model_version = ${text('version')}
        and e.content_hash = doc.content_hash)`,
    ],
    orderBy: 'doc.id',
  }
}

/**
 * Products that want a vector, as tasks: of the configured model under the kind `embedding`; of any other model under one kind that
 * the worker protocol does not offer, because only `POST /embeddings/tasks` can name a model (gifty §5).
 */
export const createEmbeddingRows = (deps: RowQueueDeps) => {
  const queueOf = (
    kind: string,
    source: Pick<RowSource, 'name' | 'key' | 'rowOf'>,
  ): RowQueue<UnembeddedProduct, EmbeddingPayload> =>
    createRowQueue<UnembeddedProduct, EmbeddingPayload>(deps, {
      kind,
      source: unembedded(deps.db, source),
      *payloads(_tx, rows, { model, version }) {
        return rows.map(({ gift_id, content_text, content_hash }) => ({
          ...{ gift_id, content_text, content_hash },
          ...{ model_name: model as string, model_version: version as string },
        }))
      },
    })
  const key = `${deps.db.fragments.param('scope', 'text')} || doc.gift_hash`
  return {
    configured: queueOf('embedding', { name: 'embedding', key: 'doc.gift_hash' }),
    other: queueOf('embedding.other', {
      name: 'embedding_other',
      key: `(${key})`,
      rowOf: (given) => `doc.gift_hash = substr(${given}, ${SCOPE_LENGTH + 1}) and ${given} = ${key}`,
    }),
  }
}
export type EmbeddingRows = ReturnType<typeof createEmbeddingRows>

const embeddingDone = z.object({ embedding: z.array(z.unknown()) })

export interface EmbeddingKindsDeps {
  rows: EmbeddingRows
  queue: EmbeddingQueue
  pending: PendingContents
  model: EmbeddingModel
  /** The built-in embedder needs no workers. */
  isBuiltIn: boolean
}

/**
 * Embedding as a kind of the worker protocol (gifty §4), for the configured external model. A content that changed while it was
 * embedded completes its task and stores nothing: the product is queued again with its present content.
 */
export const embeddingKinds = ({ rows, queue, pending, model, isBuiltIn }: EmbeddingKindsDeps): KindPolicy[] => [
  rows.other.policy(),
  rows.configured.policy({
    // The queue skips contents that are known to be done.
    params: () => ({ model: model.name, version: model.version, after: pending.known(model) }),
    *mayHaveRows() {
      return !isBuiltIn
    },
    *store(tx, done, now) {
      const refused = new Map<string, Refusal>()
      const made: NewEmbedding[] = []
      for (const { key, payload, result } of done) {
        const read = embeddingDone.safeParse(result)
        const vector = read.success ? queue.vectorOf(read.data.embedding) : { message: 'Input should be a list' }
        if (vector instanceof Float32Array)
          made.push({ giftHash: key, contentHash: (payload as EmbeddingPayload).content_hash, vector })
        else refused.set(key, { code: 'invalid', message: `embedding: ${vector.message}` })
      }
      yield* queue.store(tx, model, made, now)
      return refused
    },
  }),
]

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

  /** The unit vector of a worker's embedding, or the problem with it. */
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
