import { afterAll, describe, expect, test } from 'bun:test'
import { openPostgres } from '../../src/platform/db/postgres.ts'
import { eventually } from '../support/eventually.ts'
import { killLeftovers, type Server, startServer } from '../support/processes.ts'
import { hasPostgres, type Service, startPostgres } from '../support/services.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { auditIngestion, type Ingesting, startIngesting } from './ingesting.ts'
import { reportFault } from './report.ts'

const DOWN_MS = 5000
const DRIBBLE_MS = 2500
const LIMIT_MS = 300_000
if (!hasPostgres) console.warn('skipped: a Postgres that goes away (Postgres is not installed)')

describe.skipIf(!hasPostgres)('a Postgres that goes away (architecture §8, love-parser §10)', () => {
  let postgres: Service
  let proxy: TcpProxy
  const services: { remove(): Promise<void> }[] = []
  afterAll(async () => {
    await killLeftovers()
    await proxy?.close()
    for (const service of services) await service.remove()
  })

  /** Two servers on one Postgres behind a proxy, and clients that ingest all the time. */
  const begin = async () => {
    postgres = await startPostgres()
    services.push(postgres)
    proxy = await startProxy({ host: '127.0.0.1', port: Number(new URL(postgres.url).port) })
    const env = {
      DATABASE_URL: `postgres://postgres@127.0.0.1:${proxy.port}/postgres`,
      DATABASE_POOL_MAX: '4',
      FAMILIES: 'gifty,love-parser',
    }
    const servers = [await startServer('', env), await startServer('', { ...env, ROLE: 'api' })]
    const load = startIngesting(servers.map(({ origin }) => origin))
    await load.recovery(performance.now())
    return { servers, load }
  }
  /** What needs no database answers, what needs it is refused in time (love-parser §10: within 5 s). */
  const degraded = async ({ origin }: Server) => {
    const health = await fetch(`${origin}/health`)
    expect(health.status).toBe(200)
    expect((await fetch(`${origin}/livez`)).status).toBe(200)
    expect((await fetch(`${origin}/api/v1/subscriptions/plans`)).status).toBe(200)
    expect((await fetch(`${origin}/readyz`)).status).toBe(503)
    const since = performance.now()
    const refused = await fetch(`${origin}/internal/stats`, { headers: { 'x-internal-token': 'dev-internal-token' } })
    expect([refused.status, ((await refused.json()) as any).error.code]).toEqual([503, 'unavailable'])
    expect(performance.now() - since).toBeLessThan(5000)
  }
  const end = async (name: string, faults: string, load: Ingesting, servers: Server[], recoveries: number[]) => {
    await load.stop()
    const db = await openPostgres({ url: postgres.url })
    const { lost, duplicated } = await auditIngestion(db, load)
    await db.close()
    for (const { child, errors } of servers) {
      child.kill('SIGTERM')
      expect([await child.exited, await errors]).toEqual([0, ''])
    }
    const acknowledged = load.answered.length * 100
    reportFault({ test: name, faults, acknowledged, lost, duplicated, recoveryMs: Math.max(...recoveries) })
    expect({ lost, duplicated }).toEqual({ lost: 0, duplicated: 0 })
    expect(acknowledged).toBeGreaterThan(0)
  }

  test(
    'stopped at once for five seconds, twice: no answered row is lost, none is there twice, nothing is restarted',
    async () => {
      const { servers, load } = await begin()
      const recoveries: number[] = []
      for (let round = 0; round < 2; round++) {
        await postgres.kill()
        // How long it is away is the subject.
        const down = Bun.sleep(DOWN_MS)
        for (const server of servers) await degraded(server)
        await down
        await postgres.start()
        recoveries.push(await load.recovery(performance.now()))
      }
      await end('Postgres stop -m immediate, 5 s', '2 stops', load, servers, recoveries)
    },
    LIMIT_MS,
  )

  test(
    'half-open connections, a black hole, cut connections, one byte a second',
    async () => {
      const { servers, load } = await begin()
      const recoveries: number[] = []
      for (const mode of ['black-hole', 'mute', 'refuse', 'dribble'] as const) {
        await proxy.set(mode)
        // A line of one byte a second is slow, not away: that lasts as long as it takes to notice the others.
        if (mode === 'dribble') await Bun.sleep(DRIBBLE_MS)
        else
          for (const server of servers) {
            await eventually(
              async () => (await fetch(`${server.origin}/readyz`)).status,
              (status) => status === 503,
            )
            await degraded(server)
          }
        await proxy.set('pass')
        recoveries.push(await load.recovery(performance.now()))
      }
      for (let cut = 0; cut < 20; cut++) {
        // The pace of the cuts.
        await Bun.sleep(50)
        proxy.reset()
      }
      recoveries.push(await load.recovery(performance.now()))
      await end('Postgres link: black hole, mute, refused, 1 byte/s, cut', '4 links, 20 cuts', load, servers, recoveries)
    },
    LIMIT_MS,
  )
})
