import { Database } from 'bun:sqlite'
import { afterAll, expect, test } from 'bun:test'
import { eventually } from '../support/eventually.ts'
import { killLeftovers, ownDirectory, type Server, startServer } from '../support/processes.ts'
import { BATCH, seeded, startIngesting } from './ingesting.ts'
import { reportFault } from './report.ts'

const KILLS = 20

const directory = ownDirectory()
afterAll(async () => {
  await killLeftovers()
  directory.remove()
})

test('kill -9 at 20 random moments of an ingestion loses no answered row and stores none twice', async () => {
  const seed = Number(process.env.TEST_SEED ?? 20_260_115)
  console.log(`kill.test.ts: TEST_SEED=${seed}`)
  const random = seeded(seed)

  // Below the ports that systems give away: while the server is down, no other test may be given its port.
  const own = String(20_000 + (process.pid % 10_000))
  let server: Server = await startServer(directory.database, { PORT: own })
  const port = server.port
  // Every batch that was sent is answered in the end, so that what is stored has to be what was answered, to the row.
  const load = startIngesting([server.origin], { finishLast: true })
  const { answered } = load

  for (let kill = 0; kill < KILLS; kill++) {
    // However slow the machine is, every second life of the server stores something.
    const before = answered.length
    if (kill % 2 === 0) await eventually(() => answered.length > before)
    // The moment of the kill is what is random here.
    await Bun.sleep(20 + random() * 250)
    server.child.kill('SIGKILL')
    await server.child.exited
    server = await startServer(directory.database, { PORT: port })
  }
  await load.stop()
  server.child.kill('SIGKILL')
  await server.child.exited

  const rows = answered.length * BATCH
  console.log(`kill.test.ts: ${answered.length} batches answered, ${load.repeats()} tries repeated`)
  const stored = new Database(directory.database)
  const products = stored
    .query<{ n: number; urls: number }, []>('select count(*) as n, count(distinct product_url) as urls from products')
    .get()
  stored.close()
  reportFault({
    test: 'kill -9 of the server while it ingests',
    faults: `${KILLS} kills`,
    acknowledged: rows,
    lost: Math.max(0, rows - (products?.urls ?? 0)),
    duplicated: (products?.n ?? 0) - (products?.urls ?? 0),
  })
  // A batch that was stored before a kill and answered after it is still one batch: its first answer was kept.
  for (const { answer } of answered)
    expect(answer).toMatchObject({ items_ingested: BATCH, items_updated: 0, items_unchanged: 0, items_duplicate: 0 })
  const db = new Database(directory.database)
  const count = (sql: string) => (db.query(sql).get() as { n: number }).n
  expect(db.query('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
  expect(count('select count(*) as n from products')).toBe(rows)
  expect(count('select count(distinct product_url) as n from products')).toBe(rows)
  expect(count('select count(*) as n from product_prices')).toBe(rows)
  expect(count('select count(distinct gift_hash) as n from product_prices')).toBe(rows)
  // All seven, where the machine was quick enough for seven batches of a client.
  expect(count('select count(*) as n from category_maps')).toBe(new Set(answered.map(({ batch }) => batch % 7)).size)
  expect(count('select count(*) as n from idempotency_keys where response is not null')).toBe(answered.length)
  const urls = db.query('select 1 from products where product_url = ?')
  for (const { client, batch } of answered.slice(-50))
    expect(urls.get(`https://shop.example/${client}/${batch}/${BATCH - 1}`)).not.toBeNull()
  db.close()
}, 300_000)
