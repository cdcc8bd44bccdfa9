import { sql } from 'drizzle-orm'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { Log } from '../../platform/log.ts'
import { roundSimilarity } from '../../platform/search/exact-index.ts'
import { productConditions } from '../catalog/lookup.ts'
import type { VectorIndex } from './exact-vectors.ts'
import { takeTopK } from './finder.ts'
import type { EmbeddingModel, StoredVector, VectorQueries } from './vector-queries.ts'

/** The first version with iterative scans, which continue until enough rows pass a filter. */
const LEAST_VERSION = [0, 8]
/** Longer vectors the index does not take; they are compared one by one. */
const MOST_INDEXED = 2000
const COPIED_AT_ONCE = 500
/** Neighbours the index keeps in view: more are slower and miss less. */
const EF_SEARCH = 200

export interface PgvectorDeps {
  db: Db
  log: Log
  queries: VectorQueries
  model: EmbeddingModel
}

/**
 * Search by pgvector, in Postgres that has it. Vectors stand a second time in a table of their own, one per model, because its type
 * exists only there: the released tables have to do without. Written in the transaction that stores the embedding.
 */
export const createPgvector = ({ db, log, queries, model }: PgvectorDeps) => {
  const digest = new Bun.CryptoHasher('sha256').update(JSON.stringify([model.name, model.version, model.dim])).digest('hex')
  const table = `product_vectors_${digest.slice(0, 12)}`
  const { conditions, paramsOf } = productConditions(db)
  const textOf = (vector: Float32Array) => `[${vector.join(',')}]`

  const insert = (name: string, onConflict: string) =>
    db.batch<{ gift_hash: string }>(
      `pgvector_${name}_${table}`,
      [
        { name: 'gift_hash', type: 'text' },
        { name: 'embedding', type: 'text' },
      ],
      (
        source,
      ) => `insert into ${table} (gift_hash, embedding) select gift_hash, embedding::vector from ${source} s where true order by gift_hash
      on conflict (gift_hash) do ${onConflict} returning gift_hash`,
    )
  const put = insert('put', 'update set embedding = excluded.embedding')
  // An existing row is at least as new.
  const copy = insert('copy', 'nothing')
  const near = db.statement<{ gift_hash: string; gift_id: string; distance: number }>(
    `pgvector_near_${table}`,
    `select v.gift_hash, p.gift_id, v.embedding <=> :vector::vector as distance from ${table} v join products p on p.gift_hash = v.gift_hash
     where ${conditions} order by v.embedding <=> :vector::vector limit :max::int`,
  )
  const some = db.statement<{ gift_hash: string; distance: number }>(
    `pgvector_some_${table}`,
    `select gift_hash, embedding <=> :vector::vector as distance from ${table}
     where gift_hash in (select jsonb_array_elements_text(:hashes::text::jsonb))`,
  )
  const rowsOf = (rows: readonly StoredVector[]) => rows.map(({ giftHash, vector }) => [giftHash, textOf(vector)])

  /** Whether the extension is there, or can be made. */
  const isInstalled = async (): Promise<boolean> => {
    const version = async () =>
      (await db.sql<{ version: string }>(sql`select extversion as version from pg_extension where extname = 'vector'`))[0]
        ?.version
    let found = await version()
    if (found === undefined) {
      if ((await db.sql(sql`select 1 from pg_available_extensions where name = 'vector'`)).length === 0) return false
      try {
        await db.sql(sql`create extension if not exists vector`)
      } catch (error) {
        log.warn('pgvector is there but could not be enabled: vectors are searched in memory', { error })
        return false
      }
      found = await version()
    }
    const [major = 0, minor = 0] = (found ?? '').split('.').map(Number)
    const isRecent = major > (LEAST_VERSION[0] as number) || (major === LEAST_VERSION[0] && minor >= (LEAST_VERSION[1] as number))
    if (!isRecent) log.warn('pgvector is older than 0.8: vectors are searched in memory', { version: found })
    return isRecent
  }
  const copyMissing = async (): Promise<void> => {
    const [row] = await db.sql<{ n: number | string }>(sql.raw(`select count(*) as n from ${table}`))
    const { total } = await queries.count(model)
    if (Number(row?.n) >= total) return
    for (let after = ''; ; ) {
      const rows = await queries.load(model, after, COPIED_AT_ONCE)
      await db.tx((tx) => tx.batch(copy, rowsOf(rows)))
      const last = rows.at(-1)
      if (rows.length < COPIED_AT_ONCE || !last) return
      after = last.giftHash
    }
  }

  const index: VectorIndex = {
    ready: async () => {},
    async find(vector, filter, wanted, minSimilarity) {
      const params = { vector: textOf(vector), ...paramsOf(filter) }
      const ids = new Map<string, string>()
      const { found } = await takeTopK({
        fetch: (max) =>
          db.tx(function* (tx) {
            yield* tx.sql(sql.raw(`set local hnsw.ef_search = ${EF_SEARCH}`))
            // Until enough rows pass the filter, not until the first neighbours are used up.
            yield* tx.sql(sql.raw('set local hnsw.iterative_scan = strict_order'))
            yield* tx.sql(sql.raw('set local hnsw.max_scan_tuples = 2147483647'))
            const rows = yield* tx.run(near, { ...params, max })
            for (const row of rows) ids.set(row.gift_hash, row.gift_id)
            return rows.map((row) => ({ giftHash: row.gift_hash, distance: 0 - roundSimilarity(1 - row.distance) }))
          }),
        passing: async () => ids,
        wanted,
        maxDistance: minSimilarity === undefined ? undefined : -minSimilarity,
      })
      return found
    },
    async similarities(vector, hashes) {
      const rows = await some.all({ vector: textOf(vector), hashes: JSON.stringify(hashes) })
      return new Map(rows.map((row) => [row.gift_hash, roundSimilarity(1 - row.distance)]))
    },
    *storing(tx: Tx, rows: readonly StoredVector[]): Steps<void> {
      yield* tx.batch(put, rowsOf(rows))
    },
    changed() {},
    close: async () => {},
  }
  return {
    index,
    /** Makes the table and fills it, if the extension is there; answers whether it is. */
    async prepare(): Promise<boolean> {
      if (!(await isInstalled())) return false
      await db.tx(function* (tx) {
        yield* tx.exclusive('gifty.pgvector')
        yield* tx.sql(
          sql.raw(`create table if not exists ${table} (gift_hash text primary key references products (gift_hash) on delete cascade,
            embedding vector(${model.dim}) not null)`),
        )
        if (model.dim <= MOST_INDEXED)
          yield* tx.sql(
            sql.raw(`create index if not exists ${table}_near_ix on ${table} using hnsw (embedding vector_cosine_ops)`),
          )
      })
      await copyMissing()
      return true
    },
  }
}
