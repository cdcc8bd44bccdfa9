import { createProducts, sendBatches } from './ingest.ts'
import { ownPostgres, postgresUrl } from './postgres-database.ts'
import { seedSource } from './reads.ts'
import { cpuOf, median, type Row, type Running, runLoad, type Scale, spread, startTrawl } from './rig.ts'

/** Clients that send batches at once. */
const CLIENTS = 8
const BATCH = 500

/**
 * Each client sends the next unsent batch, on a connection of its own: so the two processes share the batches, and not eight
 * connections that may all have come to one of them. Products a second.
 */
const ingest = async (server: Running, bodies: string[]): Promise<number> => {
  const startedAt = performance.now()
  const left = [...bodies]
  const client = async () => {
    for (let body = left.pop(); body !== undefined; body = left.pop())
      await sendBatches(server, [body], 'items_ingested', { keepalive: false })
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  return (bodies.length * BATCH * 1000) / (performance.now() - startedAt)
}

/**
 * Two api processes on one port (`REUSE_PORT`), against one process alone on the same Postgres server, which shares the machine with them
 * and with the load. Any answer but 200 ends the bench.
 */
export const benchProcesses = async (scale: Scale): Promise<Row[]> => {
  if (!postgresUrl) {
    console.error('left out: two api processes (TEST_DATABASE_URL is not set)')
    return []
  }
  const database = await ownPostgres()
  const start = (more: Record<string, string>) =>
    startTrawl('unused', {
      DATABASE_URL: database.url,
      FAMILIES: 'gifty',
      ROLE: 'api',
      ...(process.env.TEST_REDIS_URL ? { REDIS_URL: process.env.TEST_REDIS_URL } : {}),
      ...more,
    })
  // As many connections to the database in all: what more of them cost it is not what is asked here.
  const alone = await start({ DATABASE_POOL_MAX: '4' })
  const first = await start({ REUSE_PORT: '1', DATABASE_POOL_MAX: '2' })
  const second = await start({ REUSE_PORT: '1', DATABASE_POOL_MAX: '2', PORT: String(first.port) })
  const path = `/internal/sources/${await seedSource(alone)}`
  const batch = await createProducts()
  const batches = () => Array.from({ length: scale.batches * 2 }, () => JSON.stringify({ source_id: 0, items: batch() }))
  const works = {
    [`GET ${path.replace(/\d+$/, '{id}')} on Postgres`]: async (server: Running) => {
      const { requests, seconds } = await runLoad(server, path, scale.spanMs)
      return requests / seconds
    },
    [`ingest new rows by ${CLIENTS} clients on Postgres`]: async (server: Running) => {
      // Who stood idle during the other's turn has given memory back, and takes it again.
      await ingest(server, batches().slice(0, scale.batches))
      return ingest(server, batches())
    },
  }
  const rows: Row[] = []
  for (const [name, work] of Object.entries(works)) {
    const rates = { one: [] as number[], two: [] as number[] }
    const before = [first, second].map(({ pid }) => cpuOf(pid) ?? 0)
    // The first round warms the compilers.
    for (let round = 0; round <= scale.rounds; round++)
      for (const side of round % 2 === 0 ? (['one', 'two'] as const) : (['two', 'one'] as const)) {
        const rate = await work(side === 'one' ? alone : first)
        if (round > 0) rates[side].push(rate)
      }
    const [worked = 0, alsoWorked = 0] = [first, second].map(({ pid }, n) => (cpuOf(pid) ?? 0) - (before[n] as number))
    const ratios = rates.two.map((rate, round) => rate / (rates.one[round] as number))
    rows.push({
      name: `${name}, two api processes against one`,
      measured: `${Math.round(median(rates.two))}/s`,
      floor: `${Math.round(median(rates.one))}/s`,
      value: median(ratios),
      unit: 'ratio',
      target: 1,
      better: 'more',
      note: `${spread(ratios)}; the second did ${Math.round((100 * alsoWorked) / (worked + alsoWorked))} % of the work`,
    })
  }
  for (const server of [alone, first, second]) await server.stop()
  await database.drop()
  return rows
}
