import { afterEach, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import type { TestAppOptions } from '../support/app.ts'
import { DAY, fakeClock } from '../support/fake-clock.ts'
import { overRedis, redisIs } from '../support/redis-apps.ts'
import { onPrivateRedis } from '../support/services.ts'
import { type Person, type Rig, rigOver, START, statusAndCode } from './rig.ts'

const blacklistKey = (person: Person) =>
  `auth:token:blacklist:${new Bun.CryptoHasher('sha256').update(person.token).digest('hex')}`

onPrivateRedis('love-parser with Redis', (service) => {
  const rigs: Rig[] = []
  const start = async (options: TestAppOptions = {}, db = openSqlite({ path: ':memory:' })) => {
    const clock = options.clock ?? fakeClock(START)
    const rig = await rigOver(db, overRedis(service, { ...options, clock }))
    rigs.push(rig)
    return rig
  }
  afterEach(async () => {
    for (const rig of rigs.splice(0)) await rig.stop()
    service.resume()
    await service.start()
  })

  test('§2: a logout stands in Redis under its name until the token would have expired', async () => {
    const rig = await start()
    const person = await rig.login()
    rig.clock.advance(DAY)
    expect((await rig.get('/api/v1/auth/logout', person.headers)).body).toEqual({ success: true })
    const left = Number(await rig.platform.redis!.script(`return redis.call('PTTL', KEYS[1])`)([blacklistKey(person)], []))
    expect(Math.ceil(left / DAY)).toBe(29)
    expect(statusAndCode(await rig.me(person))).toEqual([401, 'AUTH_ERROR'])
    expect(statusAndCode(await rig.get('/api/v1/auth/logout', person.headers))).toEqual([401, 'AUTH_ERROR'])
  })

  test('§2: a revocation holds in every process at once, also one that another service wrote without an event', async () => {
    const rig = await start()
    const other = await start({ clock: rig.clock }, rig.db)
    const [one, two] = [await rig.login(), await rig.login()]
    expect([(await other.me(one)).status, (await other.me(two)).status]).toEqual([200, 200])
    other.platform.bus.publish = () => {}
    await other.get('/api/v1/auth/logout', one.headers)
    await other.platform.redis!.set(blacklistKey(two), 'by hand', DAY)
    expect([(await rig.me(one)).status, (await rig.me(two)).status]).toEqual([401, 401])
  })

  test('§2, §11.5: a Redis that lost its data accepts no revoked token, nor does a restart without it', async () => {
    const rig = await start()
    const person = await rig.login()
    await rig.get('/api/v1/auth/logout', person.headers)
    await service.kill()
    await service.start()
    await redisIs('up', rig)
    expect(await rig.platform.redis!.get(blacklistKey(person))).toBeUndefined()
    expect((await rig.me(person)).status).toBe(401)
    const without = await rigOver(rig.db, { clock: rig.clock })
    expect((await without.me(person)).status).toBe(401)
  })

  test('§10: with Redis away authenticated routes are 503, the others work, and recovery needs no restart', async () => {
    const shop = { ROBOKASSA_MERCHANT_LOGIN: 'demo', ROBOKASSA_PASSWORD1: 'pw1', ROBOKASSA_PASSWORD2: 'pw2' }
    const rig = await start({ env: { RATE_LIMIT_MAX: '1000', ...shop } })
    const person = await rig.login()
    const id = await rig.found(person)
    await service.kill()
    await redisIs('down', rig)
    for (const path of [
      'auth/me',
      'auth/logout',
      'dashboard',
      'parsing/history',
      `parsing/${id}/progress`,
      'subscriptions/current',
    ])
      expect([path, ...statusAndCode(await rig.get(`/api/v1/${path}`, person.headers))]).toEqual([
        path,
        503,
        'SERVICE_UNAVAILABLE',
      ])
    expect(statusAndCode(await rig.search(person))).toEqual([503, 'SERVICE_UNAVAILABLE'])
    expect((await rig.me(person)).body.error.message).not.toMatch(/redis|econn|127\.0/i)
    // A token that does not verify is refused as before.
    expect(statusAndCode(await rig.get('/api/v1/auth/me', { authorization: 'Bearer x.y.z' }))).toEqual([401, 'AUTH_ERROR'])
    for (const path of ['/health', '/health/db', '/health/telegram', '/metrics', '/api/v1/subscriptions/plans', '/livez'])
      expect([path, (await rig.get(path, rig.anonymous)).status]).toEqual([path, 200])
    expect(statusAndCode(await rig.get('/health/redis', rig.anonymous))).toEqual([503, 'SERVICE_UNAVAILABLE'])
    expect((await rig.get('/readyz')).body).toEqual({
      status: 'ready',
      checks: { database: 'ok', redis: 'down', process: 'ok' },
    })
    const figures = async () => {
      const { body } = await rig.get('/metrics', rig.anonymous)
      return (body as string).split('\n').filter((line) => /^(redis_connections_active|trawl_redis_up) /.test(line))
    }
    expect((await figures()).sort()).toEqual(['redis_connections_active 0', 'trawl_redis_up 0'])
    const newcomer = await rig.login()
    // The webhook judges its signature as ever.
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const notification = 'OutSum=1.00&InvId=1&SignatureValue=forged'
    expect((await rig.post('/api/v1/subscriptions/webhook/robokassa', notification, form)).status).toBe(403)
    await service.start()
    await redisIs('up', rig)
    expect([(await rig.me(person)).status, (await rig.me(newcomer)).status]).toEqual([200, 200])
    expect((await rig.get('/health/redis', rig.anonymous)).body).toEqual({ status: 'ok', response_time: expect.any(Number) })
    rig.clock.advance(10_000)
    expect((await figures()).sort()).toEqual(['redis_connections_active 2', 'trawl_redis_up 1'])
    expect((await rig.get('/api/v1/auth/logout', person.headers)).status).toBe(200)
  })

  test('§10: searches that were accepted run on without Redis, and the limiter counts per process', async () => {
    const rig = await start({ env: { RATE_LIMIT_MAX: '5' } })
    const person = await rig.login()
    await rig.setLimit(person, 'parsing', 9)
    const { search_id: id } = (await rig.search(person)).body
    await service.stop()
    await redisIs('down', rig)
    await rig.runSearches()
    expect(await rig.db.sql(sql`select status from parsing_history`)).toEqual([{ status: 'completed' }])
    const statuses: number[] = []
    for (let n = 0; n < 7; n++) statuses.push((await rig.get('/api/v1/subscriptions/plans', rig.anonymous)).status)
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429])
    await service.start()
    await redisIs('up', rig)
    rig.clock.advance(60_000)
    expect(await rig.entry(person, id)).toMatchObject({ status: 'completed' })
  })

  test('§10: a Redis that takes requests and never answers is 503 within a second', async () => {
    const rig = await start({ redis: { prefix: '', answerMs: 500 } })
    const person = await rig.login()
    service.freeze()
    const since = performance.now()
    expect(statusAndCode(await rig.me(person))).toEqual([503, 'SERVICE_UNAVAILABLE'])
    const took = performance.now() - since
    console.log(`love-parser with Redis: refused after ${Math.round(took)} ms of a frozen Redis`)
    // Half a second and a busy machine's delay; without a bound it would be the connection's keep-alive.
    expect(took).toBeLessThan(5000)
    service.resume()
    await redisIs('up', rig)
    expect((await rig.me(person)).status).toBe(200)
  })

  test('§1: all processes count requests in one rate limit window', async () => {
    const rig = await start({ env: { RATE_LIMIT_MAX: '4' } })
    const other = await start({ env: { RATE_LIMIT_MAX: '4' }, clock: rig.clock }, rig.db)
    await rig.platform.redis!.delete(...(await rig.platform.redis!.keysThatBegin('ratelimit:')))
    const ask = async (app: Rig) => {
      const { status, headers } = await app.get('/api/v1/subscriptions/plans', rig.anonymous)
      return [status, headers.get('ratelimit-remaining')]
    }
    expect([await ask(rig), await ask(other), await ask(rig), await ask(other), await ask(rig)]).toEqual([
      [200, '3'],
      [200, '2'],
      [200, '1'],
      [200, '0'],
      [429, '0'],
    ])
  })
})
