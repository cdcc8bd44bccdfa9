import { z } from 'zod'
import type { Db } from '../../platform/db/index.ts'
import {
  createRowQueue,
  type KindPolicy,
  type Refusal,
  type RowQueue,
  type RowQueueDeps,
  type RowSource,
} from '../../tasks/index.ts'
import { nameHash } from '../catalog/identity.ts'
import type { PendingContents } from './pending.ts'
import type { EmbeddingQueue } from './queue.ts'
import type { EmbeddingModel, NewEmbedding } from './vector-queries.ts'

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
export const scopeOf = ({ name, version }: Model): string => nameHash(JSON.stringify([name, version]))
const SCOPE_LENGTH = scopeOf({ name: '', version: '' }).length
/** The key of a product's task for a model that is not configured. */
export const keyInOther = (model: Model, giftHash: string): string => `${scopeOf(model)}${giftHash}`

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
 * embedded completes its task and stores nothing: the product is offered again with what it is now.
 */
export const embeddingKinds = ({ rows, queue, pending, model, isBuiltIn }: EmbeddingKindsDeps): KindPolicy[] => [
  rows.other.policy(),
  rows.configured.policy({
    // The queue need not look at what is known to be done.
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
