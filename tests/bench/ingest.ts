import { join } from 'node:path'
import { floorIngestion, openFloor, type Product, type Synchronous, toFloorRow } from './floor-work.ts'
import { HEADERS, median, ownDirectory, ROOT, type Row, type Running, type Scale, spread, startTrawl } from './rig.ts'

const BATCH = 500

/** As many different products as one asks for, made from 2,000 real ones. */
export const createProducts = async () => {
  const text = await Bun.file(join(ROOT, 'tests/fixtures/products.ndjson')).text()
  const real = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Product)
  let made = 0
  return (): Product[] =>
    Array.from({ length: BATCH }, () => {
      const product = real[made % real.length] as Product
      return { ...product, product_url: `${product.product_url}&n=${Math.floor(made++ / real.length)}` }
    })
}

/** Sends batches one after the other; seconds it took. */
export const sendBatches = async (
  server: Running,
  bodies: string[],
  expected: 'items_ingested' | 'items_unchanged',
  options: { keepalive?: boolean } = {},
): Promise<number> => {
  const startedAt = performance.now()
  for (const body of bodies) {
    const response = await fetch(`${server.origin}/internal/ingest-batch`, { method: 'POST', headers: HEADERS, body, ...options })
    const answer = (await response.json()) as any
    if (answer[expected] !== BATCH)
      throw new Error(`a batch was answered ${response.status} ${JSON.stringify(answer).slice(0, 300)}`)
  }
  return (performance.now() - startedAt) / 1000
}

const measure = async (synchronous: Synchronous, scale: Scale): Promise<Row[]> => {
  const server = await startTrawl(join(ownDirectory(), 'ingest.db'), { SQLITE_SYNCHRONOUS: synchronous })
  const db = await openFloor(join(ownDirectory(), 'floor.db'), synchronous)
  const floor = floorIngestion(db)
  const batch = await createProducts()
  const rounds: { ours: number; again: number; floor: number }[] = []
  // One round more than counts: the first one warms the compilers and fills the caches.
  for (let round = 0; round <= scale.rounds; round++) {
    const products = Array.from({ length: scale.batches }, batch)
    const bodies = products.map((items) => JSON.stringify({ source_id: 0, items }))
    const rows = products.map((items) => items.map(toFloorRow))
    const runFloor = async () => {
      const startedAt = performance.now()
      for (const set of rows) {
        floor(set)
        // As a server would: the next batch comes with the next turn of the event loop.
        await new Promise((resolve) => setImmediate(resolve))
      }
      return (performance.now() - startedAt) / 1000
    }
    let ours = 0
    let below = 0
    for (const side of round % 2 === 0 ? ['ours', 'floor'] : ['floor', 'ours'])
      if (side === 'ours') ours = await sendBatches(server, bodies, 'items_ingested')
      else below = await runFloor()
    const again = await sendBatches(server, bodies, 'items_unchanged')
    if (round > 0 || scale.smoke) rounds.push({ ours, again, floor: below })
  }
  await server.stop()
  db.close()
  const rate = (seconds: number) => `${Math.round((scale.batches * BATCH) / seconds)} rows/s`
  const ratios = rounds.map((round) => round.floor / round.ours)
  const agains = rounds.map((round) => round.ours / round.again)
  return [
    {
      name: `ingest new rows, ${synchronous}`,
      measured: rate(median(rounds.map((round) => round.ours))),
      floor: rate(median(rounds.map((round) => round.floor))),
      value: median(ratios),
      unit: 'ratio',
      target: 0.4,
      better: 'more',
      note: spread(ratios),
    },
    {
      name: `ingest unchanged rows against new, ${synchronous}`,
      measured: rate(median(rounds.map((round) => round.again))),
      floor: rate(median(rounds.map((round) => round.ours))),
      value: median(agains),
      unit: 'ratio',
      target: 1,
      better: 'more',
      note: spread(agains),
    },
  ]
}

/** Ingestion over HTTP in batches of 500, against raw upserts in process. */
export const benchIngest = async (scale: Scale): Promise<Row[]> => [
  ...(await measure('NORMAL', scale)),
  ...(await measure('FULL', scale)),
]
