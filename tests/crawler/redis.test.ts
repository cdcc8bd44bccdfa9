import { afterEach, expect, test } from 'bun:test'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { createTestApp } from '../support/app.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { overRedis, redisIs } from '../support/redis-apps.ts'
import { onPrivateRedis } from '../support/services.ts'

const TOKEN = { authorization: 'Bearer dev-crawler-token' }

onPrivateRedis('crawler with Redis', (service) => {
  const apps: Awaited<ReturnType<typeof createTestApp>>[] = []
  const clock = fakeClock()
  const start = async (env: Record<string, string> = {}) => {
    const app = await createTestApp(openSqlite({ path: ':memory:' }), overRedis(service, { clock, env }))
    apps.push(app)
    return app
  }
  afterEach(async () => {
    for (const app of apps.splice(0)) await app.stop()
    await service.start()
  })

  test('gitlab-crawler §7.14: the event bus is a service of its own, and down means unhealthy', async () => {
    const app = await start()
    const health = () => app.get('/api/internal2/health', TOKEN)
    expect((await health()).body).toMatchObject({ status: 'healthy', services: { eventBus: { status: 'up' } } })
    await service.kill()
    await redisIs('down', app)
    const down = await health()
    expect([
      down.status,
      down.body.status,
      down.body.code,
      down.body.services.eventBus,
      down.body.services.database.status,
    ]).toEqual([503, 'unhealthy', 'UNHEALTHY', { status: 'down' }, 'up'])
    // Nothing of the family needs it: events are read from the database.
    expect((await app.get('/api/internal2/tasks', TOKEN)).status).toBe(200)
    await service.start()
    await redisIs('up', app)
    expect((await health()).status).toBe(200)
    const without = await createTestApp(openSqlite({ path: ':memory:' }), { clock })
    expect((await without.get('/api/internal2/health', TOKEN)).body.services.eventBus).toBeUndefined()
    await without.stop()
  })

  test('gitlab-crawler §4: one bucket a principal for all processes, refilled evenly', async () => {
    const env = { CRAWLER_RATE_LIMIT: '6' }
    const [one, two] = [await start(env), await start(env)]
    const ask = async (app: typeof one) => {
      const { status, headers } = await app.get('/api/internal2/tasks', TOKEN)
      return [status, headers.get('ratelimit-remaining'), headers.get('retry-after')]
    }
    const answers: unknown[] = []
    for (let n = 0; n < 7; n++) answers.push(await ask(n % 2 === 0 ? one : two))
    expect(answers).toEqual([...[5, 4, 3, 2, 1, 0].map((left) => [200, String(left), null]), [429, '0', '10']])
    clock.advance(10_000)
    expect([await ask(two), await ask(one)]).toEqual([
      [200, '0', null],
      [429, '0', '10'],
    ])
  })
})
