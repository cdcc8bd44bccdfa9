import { afterEach, expect, test } from 'bun:test'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { iso, START } from '../support/fake-clock.ts'
import { overRedis, redisIs } from '../support/redis-apps.ts'
import { onPrivateRedis } from '../support/services.ts'
import { upstreamDouble } from '../support/upstream-double.ts'
import { type Rig, rigOver } from './rig.ts'

onPrivateRedis('gifty with Redis', (service) => {
  const apps: Rig[] = []
  const start = async (env: Record<string, string> = {}) => {
    const app = await rigOver(openSqlite({ path: ':memory:' }), overRedis(service, { env }))
    apps.push(app)
    return app
  }
  afterEach(async () => {
    for (const app of apps.splice(0)) await app.stop()
    await service.start()
  })
  const beat = { hostname: 'h1', pid: 1, concurrent_tasks: 2, ram_usage_pct: 40.5 }
  const workers = (app: Rig) => app.ok('GET', '/internal/workers')

  test('gifty §8, §13.20: workers that tell Redis of themselves stand beside the others; nonsense is skipped', async () => {
    const app = await start()
    const redis = app.platform.redis!
    const tell = (key: string, value: unknown) =>
      redis.set(`worker_heartbeat:${key}`, typeof value === 'string' ? value : JSON.stringify(value), 60_000)
    await app.ok('POST', '/internal/workers/heartbeat', { ...beat, hostname: 'h2' })
    await tell('a', { ...beat, pid: 9, status: 'busy', worker_id: 'mine', cpu_usage: 3, last_seen: '2026-01-15T11:59:30' })
    await tell('b', { ...beat, hostname: 'h3', last_seen: START / 1000 - 20 })
    await tell('c', beat)
    for (const [n, bad] of [
      '',
      '{',
      'null',
      '[]',
      '7',
      { ...beat, pid: 'x' },
      { hostname: 'h' },
      { ...beat, last_seen: 'soon' },
      { ...beat, last_seen: 1e300 },
    ].entries())
      await tell(`bad${n}`, bad)
    await redis.script(`return redis.call('HSET', KEYS[1], 'a', 'b')`)(['worker_heartbeat:hash'], [])
    await redis.set('other:worker_heartbeat:d', JSON.stringify({ ...beat, hostname: 'elsewhere' }), 60_000)
    const common = { concurrent_tasks: 2, ram_usage_pct: 40.5, memory_usage: 40.5, tasks_count: 2 }
    expect(await workers(app)).toEqual([
      {
        ...common,
        worker_id: 'h1:1',
        hostname: 'h1',
        pid: 1,
        last_seen: iso(START),
        status: 'online',
        cpu_usage: 0,
        via: 'redis',
      },
      {
        ...common,
        worker_id: 'mine',
        hostname: 'h1',
        pid: 9,
        last_seen: iso(START - 30_000),
        status: 'busy',
        cpu_usage: 3,
        via: 'redis',
      },
      {
        ...common,
        worker_id: 'h2:1',
        hostname: 'h2',
        pid: 1,
        last_seen: iso(START),
        status: 'online',
        cpu_usage: 0,
        via: 'http',
      },
      {
        ...common,
        worker_id: 'h3:1',
        hostname: 'h3',
        pid: 1,
        last_seen: iso(START - 20_000),
        status: 'online',
        cpu_usage: 0,
        via: 'redis',
      },
    ])
    expect((await app.get('/analytics/technical', { 'x-analytics-token': 'dev-analytics-token' })).body).toMatchObject({
      active_workers: 4,
      redis_memory_mb: expect.any(Number),
    })
  })

  test('gifty §8: of one worker the newest word counts, wherever it came from; many keys are read in parts', async () => {
    const app = await start()
    const redis = app.platform.redis!
    const at = (seconds: number) => iso(START + seconds * 1000)
    await app.ok('POST', '/internal/workers/heartbeat', { ...beat, concurrent_tasks: 5 })
    await redis.set('worker_heartbeat:x', JSON.stringify({ ...beat, last_seen: at(-5) }), 60_000)
    expect(await workers(app)).toMatchObject([{ via: 'http', tasks_count: 5 }])
    await redis.set('worker_heartbeat:x', JSON.stringify({ ...beat, last_seen: at(5) }), 60_000)
    expect(await workers(app)).toMatchObject([{ via: 'redis', tasks_count: 2, last_seen: at(5) }])
    await Promise.all(
      Array.from({ length: 1200 }, (_, n) => redis.set(`worker_heartbeat:${n}`, JSON.stringify({ ...beat, pid: n + 1 }), 60_000)),
    )
    expect((await workers(app)).map(({ pid }: any) => pid)).toEqual(Array.from({ length: 1200 }, (_, n) => n + 1))
  })

  test('gifty §8: with Redis away the rest is told, 200', async () => {
    const app = await start()
    await app.ok('POST', '/internal/workers/heartbeat', beat)
    await app.platform.redis!.set('worker_heartbeat:x', JSON.stringify({ ...beat, pid: 2 }), 60_000)
    expect(await workers(app)).toHaveLength(2)
    await service.kill()
    await redisIs('down', app)
    expect(await workers(app)).toMatchObject([{ pid: 1, via: 'http' }])
    expect((await app.get('/analytics/technical', { 'x-analytics-token': 'dev-analytics-token' })).body).toMatchObject({
      active_workers: 1,
    })
    await service.start()
    await redisIs('up', app)
    await app.platform.redis!.set('worker_heartbeat:x', JSON.stringify({ ...beat, pid: 3 }), 60_000)
    expect((await workers(app)).map(({ pid }: any) => pid)).toEqual([1, 3])
  })

  test('gifty §10: one process has asked for all; a Redis failure is a miss', async () => {
    const loki = upstreamDouble(() => ({ json: { status: 'success', data: { resultType: 'streams', result: [] } } }))
    try {
      const [one, two] = [await start({ LOKI_URL: loki.origin }), await start({ LOKI_URL: loki.origin })]
      const ask = async (app: Rig) =>
        (await app.get('/analytics/technical', { 'x-analytics-token': 'dev-analytics-token' })).body.error
      expect([await ask(one), await ask(two), await ask(one)]).toEqual([undefined, undefined, undefined])
      expect(loki.requests).toHaveLength(1)
      for (const app of [one, two]) app.clock.advance(60_000)
      await ask(two)
      expect(loki.requests).toHaveLength(2)
      await service.kill()
      await redisIs('down', one, two)
      expect([await ask(one), await ask(one)]).toEqual([undefined, undefined])
      expect(loki.requests).toHaveLength(4)
    } finally {
      await loki.stop()
    }
  })
})
