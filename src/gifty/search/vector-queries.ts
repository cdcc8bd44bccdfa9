import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { termsOf } from '../../platform/search/words.ts'

/** Whose vectors: only vectors of one model and version can be compared. */
export interface EmbeddingModel {
  name: string
  version: string
  /** Numbers of a vector. */
  dim: number
}
export interface NewEmbedding {
  giftHash: string
  contentHash: string
  /** A unit vector. */
  vector: Float32Array
}
export interface StoredVector {
  giftHash: string
  vector: Float32Array
}

const toBytes = (vector: Float32Array) => new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
/** A copy: drivers answer bytes that begin at any address, and floats must not. */
const toVector = (bytes: Uint8Array): Float32Array => new Float32Array(new Uint8Array(bytes).buffer)

/** Queries of vectors. Little endian in the database, as every machine that Bun runs on has it in memory. */
export const vectorQueries = (db: Db) => {
  const { either, param, bytewise, jsonTexts } = db.fragments
  /** A batch takes no bytes on Postgres. */
  const asParameter = either<(vector: Float32Array) => Uint8Array | string>(toBytes, (vector: Float32Array) =>
    Buffer.from(toBytes(vector)).toString('base64'),
  )
  const bounded = (text: string) => `${text} limit ${db.fragments.limit('max')}`
  const store = db.batch<{ gift_hash: string }>(
    'embeddings_store',
    [
      { name: 'gift_hash', type: 'text' },
      { name: 'content_hash', type: 'text' },
      { name: 'embedding', type: 'text' },
    ],
    (source) => {
      const at = param('now', 'timestamptz')
      const bytes = either('s.embedding', `decode(s.embedding, 'base64')`)
      const text = (name: string) => param(name, 'text')
      const dim = param('dim', 'int')
      return `insert into product_embeddings (gift_hash, model_name, model_version, dim, embedding, content_hash, embedded_at)
        select s.gift_hash, ${text('model')}, ${text('version')}, ${dim}, ${bytes}, s.content_hash, ${at}
        from ${source} s join product_documents d on d.gift_hash = s.gift_hash and d.content_hash = s.content_hash
        where true order by s.gift_hash
        on conflict (gift_hash, model_name, model_version) do update set dim = excluded.dim, embedding = excluded.embedding,
          content_hash = excluded.content_hash, embedded_at = excluded.embedded_at
        returning gift_hash`
    },
  )
  const known = db.statement<{ gift_hash: string }>(
    'embeddings_known',
    `select gift_hash from product_documents where gift_hash in ${jsonTexts('hashes')}`,
  )
  type Scanned = {
    id: number | string
    gift_hash: string
    content_hash: string
    indexed_at: unknown
    embedded_hash: string | null
  }
  const scan = db.statement<Scanned>(
    'embeddings_scan',
    `select d.id, d.gift_hash, d.content_hash, d.indexed_at, e.content_hash as embedded_hash
     from (${bounded('select * from product_documents where id > :after order by id')}) d
     left join product_embeddings e on e.gift_hash = d.gift_hash and e.model_name = :model and e.model_version = :version order by d.id`,
  )
  type Loaded = { gift_hash: string; embedding: Uint8Array }
  const load = db.statement<Loaded>(
    'embeddings_load',
    bounded(`select gift_hash, embedding from product_embeddings
      where gift_hash > :after and model_name = :model and model_version = :version and dim = :dim order by gift_hash`),
  )
  const news = db.statement<Loaded & { embedded_at: Date | string | number }>(
    'embeddings_news',
    `select gift_hash, embedding, embedded_at from product_embeddings
     where model_name = :model and model_version = :version and dim = :dim and embedded_at >= ${param('since', 'timestamptz')}`,
  )
  const count = db.statement<{ total: number | string; latest: unknown }>(
    'embeddings_count',
    'select count(*) as total, max(embedded_at) as latest from product_embeddings where model_name = :model and model_version = :version',
  )
  const any = db.statement<{ one: number }>(
    'embeddings_any',
    'select 1 as one from product_embeddings where model_name = :model and model_version = :version limit 1',
  )
  const of = db.statement<Loaded>(
    'embeddings_of',
    `select gift_hash, embedding from product_embeddings where model_name = :model and model_version = :version and dim = :dim
     and gift_hash in ${jsonTexts('hashes')}`,
  )
  type Listed = { model_name: string; model_version: string; dim: number; embedded_at: Date | number; content_hash: string }
  const list = db.statement<Listed>(
    'embeddings_list',
    `select model_name, model_version, dim, embedded_at, content_hash from product_embeddings where gift_hash = :hash
     order by ${bytewise('model_name')}, ${bytewise('model_version')}`,
  )
  const toTime = (value: unknown): number => new Date(value as string | number | Date).getTime()
  const stored = (rows: Loaded[]): StoredVector[] =>
    rows.map((row) => ({ giftHash: row.gift_hash, vector: toVector(row.embedding) }))
  const named = ({ name, version, dim }: EmbeddingModel) => ({ model: name, version, dim })

  return {
    /** Writes vectors whose content is still the product's; answers the hashes written. Concurrent sets cannot deadlock. */
    *store(tx: Tx, model: EmbeddingModel, rows: readonly NewEmbedding[], now: Date): Steps<Set<string>> {
      const written = yield* tx.batch(
        store,
        rows.map(({ giftHash, contentHash, vector }) => [giftHash, contentHash, asParameter(vector)]),
        { ...named(model), now },
      )
      return new Set(written.map((row) => row.gift_hash))
    },
    /** Which products exist. */
    *known(tx: Tx, hashes: readonly string[]): Steps<Set<string>> {
      return new Set((yield* tx.run(known, { hashes: JSON.stringify(hashes) })).map((row) => row.gift_hash))
    },
    /** The next contents after an id, and whether the model's vector of each is of that content. */
    async scan({ name, version }: EmbeddingModel, after: number, max: number) {
      const rows = await scan.all({ model: name, version, after, max })
      return rows.map((row) => ({
        id: Number(row.id),
        giftHash: row.gift_hash,
        indexedAt: toTime(row.indexed_at),
        isEmbedded: row.embedded_hash === row.content_hash,
      }))
    },
    load: async (model: EmbeddingModel, after: string, max: number) => stored(await load.all({ ...named(model), after, max })),
    /** Vectors stored since a time (epoch milliseconds); `latest` is the newest of their times. */
    async news(model: EmbeddingModel, since: number) {
      const rows = await news.all({ ...named(model), since: new Date(since) })
      return { vectors: stored(rows), latest: rows.reduce((latest, row) => Math.max(latest, toTime(row.embedded_at)), since) }
    },
    async count({ name, version }: EmbeddingModel) {
      const [row] = await count.all({ model: name, version })
      return { total: Number(row?.total ?? 0), latest: row?.latest ? toTime(row.latest) : 0 }
    },
    any: async ({ name, version }: EmbeddingModel) => (await any.all({ model: name, version })).length > 0,
    of: async (model: EmbeddingModel, hashes: readonly string[]) =>
      stored(await of.all({ ...named(model), hashes: JSON.stringify(hashes) })),
    /** Vectors a product has, of any model. */
    async list(hash: string) {
      const rows = await list.all({ hash })
      return rows.map((row) => ({
        model_name: row.model_name,
        model_version: row.model_version,
        dim: row.dim,
        embeddedAt: new Date(toTime(row.embedded_at)),
        contentHash: row.content_hash,
      }))
    },
  }
}
export type VectorQueries = ReturnType<typeof vectorQueries>

/** The texts of a product that the full-text index holds. */
export interface ProductDocument {
  giftHash: string
  contentHash: string
  title: string
  category: string | null
  merchant: string | null
  description: string | null
}

/** Of a longer description the beginning is indexed: Postgres refuses documents of more than a megabyte of distinct words. */
const INDEXED_CHARACTERS = 20_000
/** The rules by which words are cut and stemmed (`termsOf`): documents of lower versions are made anew. */
const WORDS_VERSION = 2
/** Rows of one statement that backfills. */
const BACKFILL = 500

/**
 * The full-text index. Written explicitly, in the transaction that stores the products, and not by triggers: its words are stems, which only
 * this code cuts, the same for both databases; and a product that is merely seen again costs nothing.
 */
export const documentsRepository = (db: Db) => {
  const drop = db.batch<{ id: number }>(
    'documents_drop',
    [{ name: 'gift_hash', type: 'text' }],
    (source) => `delete from product_documents where gift_hash in (select gift_hash from ${source} s) returning id`,
  )
  const add = db.batch<{ id: number; gift_hash: string }>(
    'documents_add',
    [
      { name: 'gift_hash', type: 'text' },
      { name: 'content_hash', type: 'text' },
    ],
    (source) =>
      `insert into product_documents (gift_hash, content_hash, indexed_at, words_version)
       select gift_hash, content_hash, :now, ${WORDS_VERSION} from ${source} s where true returning id, gift_hash`,
  )
  const WORDS = ['title', 'category', 'merchant', 'description'] as const
  const words = WORDS.map((name) => ({ name, type: 'text' as const }))
  const addWords = db.batch<never>(
    'documents_words',
    [{ name: 'id', type: 'bigint' }, ...words],
    (source) =>
      `insert into product_words (rowid, ${WORDS.join(', ')}) select id, ${WORDS.join(', ')} from ${source} s where true`,
  )
  const put = db.batch<never>(
    'documents_put',
    [{ name: 'gift_hash', type: 'text' }, { name: 'content_hash', type: 'text' }, ...words],
    (source) => `insert into product_documents (gift_hash, content_hash, indexed_at, words_version, document)
      select gift_hash, content_hash, :now::timestamptz, ${WORDS_VERSION},
        ${WORDS.map((name, n) => `setweight(to_tsvector('simple', ${name}), '${'ABCD'[n]}')`).join(' || ')}
      from ${source} s where true order by gift_hash
      on conflict (gift_hash) do update set id = default, content_hash = excluded.content_hash, indexed_at = excluded.indexed_at,
        words_version = excluded.words_version, document = excluded.document`,
  )
  const missing = db.statement<{ gift_hash: string }>(
    'documents_missing',
    `select p.gift_hash from products p left join product_documents d on d.gift_hash = p.gift_hash
     where d.id is null order by p.gift_hash limit ${BACKFILL}`,
  )
  // Literal, as in the partial index.
  const outdated = db.statement<{ gift_hash: string }>(
    'documents_outdated',
    `select gift_hash from product_documents where words_version < ${WORDS_VERSION} limit ${BACKFILL}`,
  )
  const cut = (text: string | null) => (text === null ? '' : text.slice(0, INDEXED_CHARACTERS))
  const rowOf = (document: ProductDocument): string[] => WORDS.map((name) => termsOf(cut(document[name])).join(' '))

  type Put = (tx: Tx, documents: readonly ProductDocument[], at: Date, isNew: boolean) => Steps<void>
  const putVectors: Put = function* (tx, documents, at) {
    const rows = documents.map((document) => [document.giftHash, document.contentHash, ...rowOf(document)])
    yield* tx.batch(put, rows, { now: at })
  }
  const putStems: Put = function* (tx, documents, at, isNew) {
    if (documents.length === 0) return
    if (!isNew)
      yield* tx.batch(
        drop,
        documents.map((document) => [document.giftHash]),
      )
    const made = yield* tx.batch(
      add,
      documents.map((document) => [document.giftHash, document.contentHash]),
      { now: at },
    )
    const ids = new Map(made.map((row) => [row.gift_hash, row.id]))
    yield* tx.batch(
      addWords,
      documents.map((document) => [ids.get(document.giftHash), ...rowOf(document)]),
    )
  }

  return {
    /** Indexes products again. `isNew`: none of them has a document yet. */
    put: db.fragments.either(putStems, putVectors),
    /** Products that were stored before there was an index, up to 500; then those whose words an earlier release has cut. */
    async missing(): Promise<string[]> {
      const rows = await missing.all()
      return (rows.length > 0 ? rows : await outdated.all()).map((row) => row.gift_hash)
    },
  }
}
export type DocumentsRepository = ReturnType<typeof documentsRepository>
