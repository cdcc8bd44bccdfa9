import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { stemsOf, wordsOf } from '../../platform/search/words.ts'

/** What is found of a product by its words. */
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
/** Rows of one statement that backfills. */
const BACKFILL = 500

/**
 * The full-text index. Written explicitly, in the transaction that stores the products, and not by triggers: on SQLite the words are
 * stems, which only this code can cut, and a product that is merely seen again costs nothing.
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
      `insert into product_documents (gift_hash, content_hash, indexed_at) select gift_hash, content_hash, :now from ${source} s where true
       returning id, gift_hash`,
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
    (source) => `insert into product_documents (gift_hash, content_hash, indexed_at, document)
      select gift_hash, content_hash, :now::timestamptz,
        ${WORDS.map((name, n) => `setweight(to_tsvector('russian', ${name}), '${'ABCD'[n]}')`).join(' || ')}
      from ${source} s where true order by gift_hash
      on conflict (gift_hash) do update
        set id = default, content_hash = excluded.content_hash, indexed_at = excluded.indexed_at, document = excluded.document`,
  )
  const missing = db.statement<{ gift_hash: string }>(
    'documents_missing',
    `select p.gift_hash from products p left join product_documents d on d.gift_hash = p.gift_hash
     where d.id is null order by p.gift_hash limit ${BACKFILL}`,
  )
  const cut = (text: string | null) => (text === null ? '' : text.slice(0, INDEXED_CHARACTERS))
  const rowOf = (document: ProductDocument, split: (text: string) => string[]): string[] =>
    WORDS.map((name) => split(cut(document[name])).join(' '))

  type Put = (tx: Tx, documents: readonly ProductDocument[], at: Date, isNew: boolean) => Steps<void>
  const putVectors: Put = function* (tx, documents, at) {
    const rows = documents.map((document) => [document.giftHash, document.contentHash, ...rowOf(document, wordsOf)])
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
      documents.map((document) => [ids.get(document.giftHash), ...rowOf(document, stemsOf)]),
    )
  }

  return {
    /** Indexes products anew. `isNew` says that none of them has a document. */
    put: db.fragments.either(putStems, putVectors),
    /** Products that were stored before there was an index, up to 500. */
    missing: async (): Promise<string[]> => (await missing.all()).map((row) => row.gift_hash),
  }
}
export type DocumentsRepository = ReturnType<typeof documentsRepository>
