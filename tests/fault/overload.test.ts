import { afterAll, describe, expect, test } from 'bun:test'
import { killLeftovers, type Server, startServer } from '../support/processes.ts'
import { hasPostgres, type Service, startPostgres } from '../support/services.ts'

/** With so many the old watch took the database for one that is down (case O1). */
const LOOPS = 20
const BATCHES = 32
const ITEMS = 125
const LIMIT_MS = 300_000
if (!hasPostgres) console.warn('skipped: an overloaded machine (Postgres is not installed)')

const items = Array.from({ length: ITEMS }, (_, n) => ({
  title: `Gift ${n}`,
  product_url: `https://shop.example/p/${n}`,
  site_key: 'shop',
  price: 100,
}))

describe.skipIf(!hasPostgres)('O1: slow is not down (architecture §8)', () => {
  let postgres: Service
  let loops: ReturnType<typeof Bun.spawn>[] = []
  const relieve = () => {
    for (const loop of loops) loop.kill('SIGKILL')
    loops = []
  }
  afterAll(async () => {
    relieve()
    await killLeftovers()
    await postgres?.remove()
  })
  const batches = (server: Server) =>
    Promise.all(
      Array.from({ length: BATCHES }, async (_, n) => {
        const body = { items: items.map((item) => ({ ...item, price: 100 + n })), source_id: 0 }
        // The same rows in opposite orders: transactions wait for each other's rows.
        if (n % 2 === 1) body.items.reverse()
        const { status, body: answer } = await server.call('POST', '/internal/ingest-batch', body)
        return status === 200 ? status : `${status} ${answer.error.message}`
      }),
    )

  test(
    'more busy loops than cores can carry, batches at once in opposite orders: all of them are stored',
    async () => {
      postgres = await startPostgres()
      const server = await startServer('', { DATABASE_URL: postgres.url, FAMILIES: 'gifty' })
      loops = Array.from({ length: LOOPS }, () => Bun.spawn(['sh', '-c', 'while :; do :; done']))
      const since = performance.now()
      const answers = await batches(server)
      console.log(`${BATCHES} batches beside ${LOOPS} busy loops in ${Math.round(performance.now() - since)} ms`)
      relieve()
      expect(answers.filter((answer) => answer !== 200)).toEqual([])
    },
    LIMIT_MS,
  )
})
