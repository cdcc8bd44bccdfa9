import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { giftHash } from '../../src/gifty/catalog/identity.ts'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import {
  HEADERS,
  median,
  ownDirectory,
  type Row,
  type Running,
  rssOf,
  type Scale,
  seededRandom,
  spread,
  startTrawl,
} from './rig.ts'

/** Fields of the export, which the floor reads and joins too. */
const TEXTS = [
  ...['gift_id', 'site_key', 'source_id', 'title', 'description', 'price', 'currency', 'image_url', 'product_url', 'merchant'],
  ...['category', 'is_active', 'content_text', 'content_hash', 'llm_gift_score', 'llm_gift_reasoning', 'llm_gift_vector'],
  ...['llm_scoring_model', 'llm_scoring_version', 'llm_scored_at', 'needs_scoring', 'created_at', 'updated_at', 'last_seen_at'],
]
/** How often memory is looked at while a file is sent, ms. */
const LOOK_MS = 50
/** Times that a million products are exported in each format. */
const ROUNDS = 3
/** Bytes of the first exports, which are not measured, and how long the server then rests: the allocator gives back what is free every ten seconds. */
const WARM_BYTES = 8_000_000
const REST_MS = 13_000
const WORDS = 'tea tin black green strong leaf present box small kettle чай чёрный подарок жестяная банка'.split(' ')

/** Products as shops have them, in the order of their hashes, which is quicker to insert. */
const fill = async (path: string, count: number) => {
  await openSqlite({ path }).close()
  const random = seededRandom(7)
  const words = (many: number) => Array.from({ length: many }, () => WORDS[Math.floor(random() * WORDS.length)]).join(' ')
  const database = new Database(path)
  database.run('pragma synchronous=off')
  const insert = database.query(
    `insert into products (gift_hash, gift_id, site_key, source_id, title, description, price, currency, image_url, product_url, merchant, category,
       category_key, is_active, content_text, content_hash, needs_scoring, raw, created_at, updated_at, last_seen_at)
     values (?, ?, ?, 1, ?, ?, ?, 'RUB', ?, ?, ?, ?, ?, 1, ?, ?, 1, ?, ?, ?, ?)`,
  )
  const keys = Array.from({ length: count }, (_, n) => {
    const id = `shop${n % 20}:https://shop${n % 20}.example/p/${n}`
    return [giftHash(id), id, n] as const
  }).sort(([a], [b]) => (a < b ? -1 : 1))
  database.transaction(() => {
    for (const [hash, id, n] of keys) {
      const site = `shop${n % 20}`
      const url = id.slice(site.length + 1)
      const title = words(6)
      const description = words(20)
      const category = WORDS[n % WORDS.length] as string
      const at = 1_768_000_000_000 + n
      insert.run(
        ...[
          hash,
          id,
          site,
          title,
          description,
          Math.floor(random() * 100_000) / 100,
          `${url}.jpg`,
          url,
          site,
          category,
          category,
        ],
        ...[`${title} ${category} ${description} ${site}`, hash, '{"weight":"100 g"}', at, at, at],
      )
    }
  })()
  database.close()
}

/** A loop that reads the same columns and joins them, in this process. Answers rows a second. */
const bareRate = (path: string): number => {
  const database = new Database(path, { readonly: true })
  database.run('pragma cache_size=-16000')
  const startedAt = performance.now()
  let rows = 0
  let characters = 0
  for (const row of database.query(`select ${TEXTS.join(', ')} from products where is_active order by gift_hash`).iterate()) {
    characters += Object.values(row as object).join(',').length
    rows++
  }
  database.close()
  if (characters < rows) throw new Error('the floor has read nothing')
  return (rows * 1000) / (performance.now() - startedAt)
}

/** Exports everything. Answers rows a second, and the most memory meanwhile in MB. */
const exported = async (server: Running, format: string, count: number, mostBytes = Number.POSITIVE_INFINITY) => {
  let peak = 0
  const looking = setInterval(() => {
    peak = Math.max(peak, rssOf(server.pid))
  }, LOOK_MS)
  const startedAt = performance.now()
  let bytes = 0
  try {
    const answer = await fetch(`${server.origin}/internal/products/export?format=${format}`, { headers: HEADERS })
    if (!answer.ok || !answer.body) throw new Error(`the export answered ${answer.status}`)
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
      bytes += chunk.length
      if (bytes > mostBytes) break
    }
  } finally {
    clearInterval(looking)
  }
  if (bytes < Math.min(count * 100, mostBytes) && format === 'csv') throw new Error(`the export is too short: ${bytes} bytes`)
  return { rate: (count * 1000) / (performance.now() - startedAt), peak }
}

/** Exports of a million products on SQLite: CSV against a bare loop, Parquet against CSV, and the memory that both take. */
export const benchExport = async (scale: Scale): Promise<Row[]> => {
  const path = join(ownDirectory(), 'export.db')
  const count = scale.exportProducts
  await fill(path, count)
  const server = await startTrawl(path, { FAMILIES: 'gifty', ROLE: 'api' })
  // Code and the page cache of the database are loaded at the first use, and stay.
  for (const format of ['csv', 'parquet']) await exported(server, format, count, WARM_BYTES)
  await Bun.sleep(scale.smoke ? 0 : REST_MS)
  const rest = rssOf(server.pid)
  const rates = { bare: [] as number[], csv: [] as number[], parquet: [] as number[] }
  let peak = rest
  for (let round = 0; round < (scale.smoke ? 1 : Math.min(scale.rounds, ROUNDS)); round++) {
    rates.bare.push(bareRate(path))
    for (const format of ['csv', 'parquet'] as const) {
      const measured = await exported(server, format, count)
      rates[format].push(measured.rate)
      peak = Math.max(peak, measured.peak)
    }
  }
  await server.stop()
  const ratios = (of: number[], floor: number[]) => of.map((rate, round) => rate / (floor[round] as number))
  const shown = (of: number[]) => `${Math.round(median(of) / 1000)}k rows/s`
  const ofCsv = ratios(rates.csv, rates.bare)
  const ofParquet = ratios(rates.parquet, rates.csv)
  return [
    {
      ...{ name: `export of ${count} products, CSV`, measured: shown(rates.csv), floor: shown(rates.bare), value: median(ofCsv) },
      ...{ unit: 'ratio', target: 0.5, better: 'more', note: spread(ofCsv) },
    },
    {
      ...{ name: 'the same, Parquet against CSV', measured: shown(rates.parquet), floor: shown(rates.csv) },
      ...{ value: median(ofParquet), unit: 'ratio', target: 0.3, better: 'more', note: spread(ofParquet) },
    },
    {
      ...{
        name: 'memory over rest of both',
        measured: `${peak.toFixed(0)} MB`,
        floor: `${rest.toFixed(0)} MB`,
        value: peak - rest,
      },
      ...{ unit: 'MB', target: 40, better: 'less' },
    },
  ]
}
