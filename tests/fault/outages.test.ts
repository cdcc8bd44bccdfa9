import { afterAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { openPostgres } from '../../src/platform/db/postgres.ts'
import { withRabbit } from '../support/broker.ts'
import { eventually } from '../support/eventually.ts'
import { killLeftovers, ownDirectory, type Server, startIngest, startServer } from '../support/processes.ts'
import { hasRabbit, startRabbit } from '../support/rabbit.ts'
import { hasPostgres, startPostgres, startRedis } from '../support/services.ts'
import { startProxy } from '../support/tcp-proxy.ts'
import { reportFault } from './report.ts'

const FILE = 'tests/fixtures/products.ndjson'
const SITE = 'aliexpress'
const ROWS = 2000
const BATCH = 5
const DOWN_MS = 2000
/** The ingest is at full speed when Postgres is cut off under it. */
const WARM_LINES = 20 * BATCH
/**
 * One way between the ingest and the server from the first outage to the last, as over a long line: what is left then takes 70 s at
 * least, however fast the machine, and the outages a quarter of that. Postgres alone stops an ingest; without the others it would be over.
 */
const LINE_MS = 100
/** A RabbitMQ on a busy machine takes a minute to boot, and the server's tries are up to five seconds apart. */
const LIMIT_MS = 300_000
const isPossible = hasPostgres && hasRabbit() && Bun.which('redis-server') !== null
/** What `bun run start` asks for. */
const PRODUCTION = {
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  FAMILIES: 'gifty,crawler',
  INTERNAL_API_TOKEN: 'internal-token-of-production',
  CRAWLER_API_TOKEN: 'crawler-token-of-production',
  ENCRYPTION_KEYS: `k:${Buffer.alloc(32, 'seven').toString('base64')}`,
}

interface Outage {
  /** The service, and what /readyz calls it. */
  name: string
  check: string
  stop(): Promise<void>
  start(): Promise<void>
  /** Whether an ingest continues without it. */
  isNeeded: boolean
}
const readyz = async ({ origin }: Server) => {
  const response = await fetch(`${origin}/readyz`)
  const { status, checks } = (await response.json()) as { status: string; checks: Record<string, string> }
  return { code: response.status, status, checks }
}
const ALL_OK = { code: 200, status: 'ready', checks: { database: 'ok', redis: 'ok', broker: 'ok', process: 'ok' } }
const isAllOk = (answer: unknown) => Bun.deepEquals(answer, ALL_OK)

withRabbit('each service away in turn', () => {
  if (!isPossible) console.warn('skipped: each service away in turn (Postgres, Redis and RabbitMQ are not all installed)')
  const directory = ownDirectory()
  const removals: (() => Promise<void>)[] = []
  afterAll(async () => {
    await killLeftovers()
    for (const remove of removals) await remove()
    directory.remove()
  })
  const own = async <S extends { remove(): Promise<void> }>(starting: Promise<S>): Promise<S> => {
    const service = await starting
    removals.push(service.remove)
    return service
  }

  test.skipIf(!isPossible)(
    'Postgres, Redis and RabbitMQ stopped and started in turn while `trawl ingest` runs: 2,000 rows, no manual help',
    async () => {
      const began = performance.now()
      const [rabbit, redis, postgres] = await Promise.all([own(startRabbit()), own(startRedis()), own(startPostgres())])
      const server = await startServer('', {
        ...PRODUCTION,
        DATABASE_URL: postgres.url,
        REDIS_URL: redis.url,
        AMQP_URL: rabbit.url,
      })
      await eventually(() => readyz(server), isAllOk)
      console.log(`all three services and the server are up after ${Math.round(performance.now() - began)} ms`)
      const line = await startProxy({ host: '127.0.0.1', port: Number(server.port) })
      removals.push(line.close)

      const resume = join(directory.path, 'resume.json')
      const ingest = startIngest(
        FILE,
        ...['--site', SITE, '--server', `http://127.0.0.1:${line.port}`, '--token', PRODUCTION.INTERNAL_API_TOKEN],
        ...['--batch', String(BATCH), '--resume', resume],
      )
      /** Lines that the ingest knows to be stored, by its own progress file; the file is gone at the end. */
      const lines = async (): Promise<number> => {
        if (ingest.child.exitCode !== null)
          throw new Error(`the ingest ended with ${ingest.child.exitCode}: ${await ingest.errors}`)
        const progress = await Bun.file(resume)
          .json()
          .catch(() => undefined)
        return progress?.place.line ?? 0
      }
      const goesOn = async () => {
        const before = await lines()
        await eventually(lines, (now) => now > before)
      }
      await eventually(lines, (now) => now >= WARM_LINES)

      const outages: Outage[] = [
        { name: 'Postgres', check: 'database', stop: postgres.kill, start: postgres.start, isNeeded: true },
        { name: 'Redis', check: 'redis', stop: redis.stop, start: redis.start, isNeeded: false },
        { name: 'RabbitMQ', check: 'broker', stop: rabbit.stop, start: rabbit.start, isNeeded: false },
      ]
      const recoveries: number[] = []
      for (const { name, check, stop, start, isNeeded } of outages) {
        await goesOn()
        const at = await lines()
        const stopAt = performance.now()
        await stop()
        const stopped = performance.now()
        // How long it is away is the subject.
        const down = Bun.sleep(DOWN_MS)
        line.delay(LINE_MS)
        await eventually(
          () => readyz(server),
          ({ checks }) => checks[check] === 'down',
        )
        if (!isNeeded) await goesOn()
        await down
        // The whole outage was one of a running ingest: `lines` throws if that has ended, and knows of none without its file.
        const atEnd = await lines()
        expect(atEnd).toBeGreaterThanOrEqual(at)
        expect(atEnd).toBeLessThan(ROWS)
        const startAt = performance.now()
        await start()
        const started = performance.now()
        await eventually(() => readyz(server), isAllOk)
        const ready = performance.now()
        recoveries.push(ready - started)
        const ms = (from: number, to: number) => `${Math.round(to - from)} ms`
        console.log(
          `${name}: stopped in ${ms(stopAt, stopped)} at line ${at}, line ${atEnd} when started again, which took ${ms(startAt, started)}; ` +
            `/readyz all ok ${ms(started, ready)} later, away for ${ms(stopAt, ready)}`,
        )
      }
      line.delay(0)

      const [code, printed, errorOutput] = await Promise.all([ingest.child.exited, ingest.printed, ingest.errors])
      console.log(`trawl ingest: ${printed.join(' ')}; it tried again ${errorOutput.split('trying again').length - 1} times`)
      expect([code, ...printed]).toEqual([
        0,
        expect.stringMatching(/^2000 lines: 2000 new, 0 updated, 0 unchanged, 0 duplicate, 0 rejected /),
      ])
      // The same process all the time, and it is whole again.
      expect(server.child.exitCode).toBeNull()
      expect(await readyz(server)).toEqual(ALL_OK)

      const db = await openPostgres({ url: postgres.url, poolMax: 1 })
      const products = await db.sql<{ url: string; site: string }>(sql`select product_url as url, site_key as site from products`)
      const [prices] = await db.sql<{ twice: string }>(
        sql`select count(*) - count(distinct gift_hash) as twice from product_prices`,
      )
      await db.close()
      const stored = new Set(products.filter(({ site }) => site === SITE).map(({ url }) => url))
      const sent = (await Bun.file(FILE).text()).trimEnd().split('\n')
      const lost = sent.filter((text) => !stored.has(JSON.parse(text).product_url)).length
      const duplicated = products.length - stored.size + Number(prices?.twice)
      server.child.kill('SIGTERM')
      expect([await server.child.exited, await server.errors]).toEqual([0, ''])
      reportFault({
        test: 'Postgres, Redis, RabbitMQ stopped in turn, 2 s each, under trawl ingest',
        faults: `${outages.length} stops`,
        acknowledged: ROWS,
        lost,
        duplicated,
        recoveryMs: Math.max(...recoveries),
      })
      expect({ lost, duplicated, rows: products.length }).toEqual({ lost: 0, duplicated: 0, rows: ROWS })
    },
    LIMIT_MS,
  )
})
