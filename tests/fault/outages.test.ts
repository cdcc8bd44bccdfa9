import { afterAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { openPostgres } from '../../src/platform/db/postgres.ts'
import { killLeftovers, ownDirectory, startScript, startServer, TOKEN, until } from '../support/processes.ts'
import { hasRabbit, startRabbit } from '../support/rabbit.ts'
import { hasPostgres, type Service, startPostgres, startRedis } from '../support/services.ts'
import { reportFault } from './report.ts'

const ROWS = 2000
const DOWN_MS = 2000
const isPossible = hasPostgres && hasRabbit() && Bun.which('redis-server') !== null
/** What `bun run start` asks for. */
const PRODUCTION = {
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  ROLE: 'all',
  FAMILIES: 'gifty,crawler',
  INTERNAL_API_TOKEN: `${TOKEN}-of-production`,
  CRAWLER_API_TOKEN: 'crawler-token-of-production',
  ENCRYPTION_KEYS: `k:${Buffer.alloc(32, 7).toString('base64')}`,
}
if (!isPossible) console.warn('skipped: each service away in turn (Postgres, Redis and RabbitMQ are not all installed)')
const directory = ownDirectory()
type Outage = Pick<Service, 'url' | 'start' | 'remove'> & { stop(): Promise<void> }
const services: Outage[] = []
afterAll(async () => {
  await killLeftovers()
  for (const service of services) await service.remove()
  directory.remove()
})

test.skipIf(!isPossible)(
  'issue 7: `bun run start` on all three services, each stopped and started in turn while `trawl ingest` runs: 2,000 rows, no help',
  async () => {
    services.push(...(await Promise.all([startPostgres(), startRedis(), startRabbit()])))
    const [postgres, redis, rabbit] = services as [Outage, Outage, Outage]
    const server = await startServer('', {
      ...PRODUCTION,
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      AMQP_URL: rabbit.url,
    })
    let cycles = 0
    const recoveries: number[] = []
    const ingest = startScript(
      'src/cli/index.ts',
      ...['ingest', 'tests/fixtures/products.ndjson', '--site', 'aliexpress', '--server', server.origin],
      ...['--token', PRODUCTION.INTERNAL_API_TOKEN, '--batch', '5', '--resume', join(directory.path, 'resume')],
    )
    const db = await openPostgres({ url: postgres.url, poolMax: 1 })
    const stored = async () => Number((await db.sql<{ n: string }>(sql`select count(*) as n from products`))[0]?.n)
    await until(stored, (n) => n > 0)
    await db.close()
    for (const service of [postgres, redis, rabbit]) {
      await service.stop()
      await Bun.sleep(DOWN_MS)
      await service.start()
      cycles++
      const since = performance.now()
      await until(
        async () => (await fetch(`${server.origin}/readyz`)).json() as any,
        ({ status, checks }) => status === 'ready' && Object.values(checks).every((state) => state === 'ok'),
        120_000,
      )
      recoveries.push(performance.now() - since)
    }
    expect(await ingest.child.exited).toBe(0)
    const again = await openPostgres({ url: postgres.url, poolMax: 1 })
    const [row] = await again.sql<{ n: string; urls: string }>(
      sql`select count(*) as n, count(distinct product_url) as urls from products`,
    )
    await again.close()
    server.child.kill('SIGTERM')
    expect(await server.child.exited).toBe(0)
    reportFault({
      test: 'Postgres, Redis, RabbitMQ stopped in turn under trawl ingest',
      faults: `${cycles} stops`,
      acknowledged: ROWS,
      lost: ROWS - Number(row?.urls),
      duplicated: Number(row?.n) - Number(row?.urls),
      recoveryMs: Math.max(...recoveries),
    })
    expect([Number(row?.n), Number(row?.urls)]).toEqual([ROWS, ROWS])
  },
  300_000,
)
