import type { Writable } from 'node:stream'
import postgres from 'postgres'
import { createProducts, sendBatches } from './ingest.ts'
import { ownPostgres, postgresUrl } from './postgres-database.ts'
import { median, type Row, type Scale, spread, startTrawl } from './rig.ts'

const BATCH = 500
/** What a batch of new products writes, with the columns that the tables do not fill themselves. */
const TABLES = [
  ['products', '*', 'gift_hash'],
  ['product_prices', 'gift_hash, price, currency, run_id, seen_at', 'gift_hash'],
  ['product_documents', 'gift_hash, content_hash, indexed_at, document', 'gift_hash'],
] as const

const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

/** A value as a field of COPY's text. */
const copyField = (value: string | null): string =>
  value === null ? '\\N' : value.replace(/[\\\t\n\r]/g, (char) => ESCAPES[char] as string)

/**
 * The rows that ours has stored since `since`, as COPY's own text, in sets of 500 products. They come by a plain select: the driver's
 * stream of a COPY can stop for good under Bun, once it has been paused with much unread.
 */
const rowsStored = async (sql: postgres.Sql, since: Date): Promise<string[][]> => {
  const sets: string[][] = []
  for (const [table, columns, order] of TABLES) {
    const rows: (string | null)[][] = await sql
      .unsafe(
        `select t.* from ${table} r, lateral (select ${columns === '*' ? 'r.*' : columns}) t
         where r.gift_hash in (select gift_hash from products where created_at >= '${since.toISOString()}') order by r.${order}`,
      )
      .raw()
      .then((found) =>
        (found as unknown as (Uint8Array | null)[][]).map((row) => row.map((value) => value && Buffer.from(value).toString())),
      )
    for (let from = 0; from < rows.length; from += BATCH) {
      const part = `${rows
        .slice(from, from + BATCH)
        .map((row) => row.map(copyField).join('\t'))
        .join('\n')}\n`
      sets[from / BATCH] = [...(sets[from / BATCH] ?? []), part]
    }
  }
  return sets
}

/** The floor: the same rows by COPY into the same tables with the same indices, one transaction a batch. Seconds it took. */
const copySets = async (sql: postgres.Sql, sets: string[][]): Promise<number> => {
  const startedAt = performance.now()
  for (const set of sets)
    await sql.begin(async (tx) => {
      for (const [n, [table, columns]] of TABLES.entries()) {
        const sink: Writable = await tx.unsafe(`copy ${table}${columns === '*' ? '' : ` (${columns})`} from stdin`).writable()
        await new Promise<void>((resolve, reject) => {
          sink.once('error', reject)
          sink.end(set[n] as string, resolve)
        })
      }
    })
  return (performance.now() - startedAt) / 1000
}

const benchIngestion = async (scale: Scale): Promise<Row> => {
  const [ours, floor] = [await ownPostgres(), await ownPostgres()]
  const server = await startTrawl('unused', { DATABASE_URL: ours.url, FAMILIES: 'gifty', ROLE: 'api' })
  const clients = [postgres(ours.url, { max: 1 }), postgres(floor.url, { max: 1 })] as const
  const batch = await createProducts()
  const rounds: { ours: number; floor: number }[] = []
  for (let round = 0; round <= scale.rounds; round++) {
    const since = new Date()
    const bodies = Array.from({ length: scale.batches }, () => JSON.stringify({ source_id: 0, items: batch() }))
    const took = await sendBatches(server, bodies, 'items_ingested')
    const below = await copySets(clients[1], await rowsStored(clients[0], since))
    if (round > 0 || scale.smoke) rounds.push({ ours: took, floor: below })
  }
  await server.stop()
  for (const client of clients) await client.end()
  await ours.drop()
  await floor.drop()
  const rate = (seconds: number) => `${Math.round((scale.batches * BATCH) / seconds)} rows/s`
  const ratios = rounds.map((round) => round.floor / round.ours)
  return {
    name: 'Postgres: ingest new rows, 500 a batch, of COPY',
    measured: rate(median(rounds.map((round) => round.ours))),
    floor: rate(median(rounds.map((round) => round.floor))),
    value: median(ratios),
    unit: 'ratio',
    target: 0.4,
    better: 'more',
    note: spread(ratios),
  }
}

/** Ingestion over HTTP into Postgres, against COPY of the very rows it has stored. */
export const benchPostgres = async (scale: Scale): Promise<Row[]> => {
  if (!postgresUrl) {
    console.error('left out: the lines on Postgres (TEST_DATABASE_URL is not set)')
    return []
  }
  return [await benchIngestion(scale)]
}
