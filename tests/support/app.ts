import { createApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import type { GiftyServices } from '../../src/gifty/services.ts'
import { attach, openPort } from '../../src/listener.ts'
import type { Broker } from '../../src/platform/broker/index.ts'
import type { Db } from '../../src/platform/db/index.ts'
import { createPlatform } from '../../src/platform/index.ts'
import { createLog, type Log } from '../../src/platform/log.ts'
import type { TelegramGateway } from '../../src/platform/telegram/user-api/port.ts'
import { besidePostgres, redisUrl } from './beside-postgres.ts'
import { brokerOfWorld } from './broker.ts'
import { databaseGeneration, whenEmptied } from './databases.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'

export const INTERNAL = { 'x-internal-token': 'dev-internal-token' }

export interface Answer {
  status: number
  headers: Headers
  /** Parsed JSON, or the text where it is none. */
  body: any
}
export interface TestAppOptions {
  clock?: FakeClock
  env?: Record<string, string>
  log?: Log
  gateway?: TelegramGateway
  /** Of an app whose `env` names a Redis of the test's own. */
  redis?: { prefix: string; answerMs: number }
  /** Left out: with Postgres the one of `TEST_AMQP_URL`, on queues of this database's own; on SQLite none. */
  broker?: Broker | 'none'
  /** Instead of a spread of nothing for retries of sources. */
  random?: () => number
}

/** The whole app over a test database and a clock that stands still. No port, no timers: drive `tick` and `clock.advance`. */
export const createTestApp = async (
  db: Db,
  { clock = fakeClock(), env = {}, log, gateway, redis: own, broker, random = () => 0 }: TestAppOptions = {},
) => {
  const beside = besidePostgres(db)
  const config = loadConfig({ NODE_ENV: 'test', DEMO: '0', ...beside.env, ...env })
  const platform = await createPlatform(config, {
    clock,
    random,
    db,
    redis: own ?? beside.redis,
    broker: broker === 'none' ? undefined : (broker ?? (await brokerOfWorld(db.dialect, databaseGeneration()))),
    log: log ?? createLog({ level: 'error', now: clock.now }),
    version: 'test',
  })
  const { redis } = platform
  const leaveRedis = async () => {
    // Never all keys of a Redis that others use too.
    const isOurs = config.redisUrl !== redisUrl || (own ?? beside.redis)?.prefix
    if (redis?.isUp() && isOurs) await redis.delete(...(await redis.keysThatBegin('')))
    redis?.close()
  }
  // Most tests leave their app to the next one's empty database.
  if (redis) whenEmptied(db, leaveRedis)
  const trawl = createApp(platform, { gateway })
  await trawl.prepare()

  /** One request through the app with the service token. A body that is no string is sent as JSON. */
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = INTERNAL,
  ): Promise<Answer> => {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
    const response = await trawl.app.handle(
      new Request(`http://localhost${path}`, {
        method,
        headers: { ...(text === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        body: text,
      }),
    )
    const answer = await response.text()
    let parsed: unknown = answer
    try {
      parsed = JSON.parse(answer)
    } catch {}
    return { status: response.status, headers: response.headers, body: parsed }
  }
  return {
    ...trawl,
    // Most apps mount all families; one that does not has no such services.
    services: trawl.gifty?.services as GiftyServices,
    crawler: trawl.crawler?.services,
    loveParser: trawl.loveParser?.services,
    stickers: trawl.stickers?.services,
    platform,
    clock,
    call,
    /** One tick, and one run of the relay. */
    async tick() {
      await trawl.tick()
      if (config.role === 'all' || config.role === 'scheduler') await trawl.relay?.wake()
    },
    get: (path: string, headers?: Record<string, string>) => call('GET', path, undefined, headers),
    post: (path: string, body?: unknown, headers?: Record<string, string>) => call('POST', path, body, headers),
    patch: (path: string, body?: unknown, headers?: Record<string, string>) => call('PATCH', path, body, headers),
    /** Listens on a free port for tests of sockets and streams; answers the origin. */
    listen() {
      const server = openPort(platform, () => trawl.app, { port: 0, hostname: '127.0.0.1' })
      attach(trawl.app, server)
      return `http://127.0.0.1:${server.port}`
    },
    async stop() {
      await trawl.endConnections()
      await trawl.runner.stop()
      for (const module of trawl.modules.toReversed()) await module.stop?.()
      await trawl.app.server?.stop(true)
      await leaveRedis()
    },
  }
}
export type TestApp = Awaited<ReturnType<typeof createTestApp>>
