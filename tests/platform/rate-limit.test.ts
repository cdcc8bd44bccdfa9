import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Clock } from '../../src/platform/clock.ts'
import { createLocalRateLimiter, type RateLimiter } from '../../src/platform/http/rate-limit.ts'
import { silentLog } from '../../src/platform/log.ts'
import { openRedis, type Redis } from '../../src/platform/redis/client.ts'
import { createSharedRateLimiter } from '../../src/platform/redis/index.ts'
import { eventually } from '../support/eventually.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { onPrivateRedis } from '../support/services.ts'

/** The same figures in memory and in Redis. */
const conforms = (make: (clock: Clock) => RateLimiter, runs: number) => {
  const start = (limit: number, windowMs: number) => {
    const clock = fakeClock()
    const limiter = make(clock)
    return {
      clock,
      take: async (key = 'k', name = 'class') => limiter.take({ name, limit, windowMs }, key),
      count: async (key = 'k', name = 'class') => limiter.count({ name, limit, windowMs }, key),
    }
  }
  /** One after another, as each answer depends on those before. */
  const times = async <T>(count: number, ask: () => Promise<T>): Promise<T[]> => {
    const answers: T[] = []
    for (let n = 0; n < count; n++) answers.push(await ask())
    return answers
  }

  test('a full bucket gives its limit and then refuses with the time until the next token', async () => {
    const { take } = start(3, 60_000)
    expect((await times(3, take)).map((answer) => [answer.allowed, answer.remaining])).toEqual([
      [true, 2],
      [true, 1],
      [true, 0],
    ])
    expect(await take()).toEqual({ allowed: false, limit: 3, remaining: 0, resetMs: 60_000, retryAfterSeconds: 20 })
  })

  test('tokens come back evenly, never more than the limit', async () => {
    const { clock, take } = start(3, 60_000)
    await times(3, take)
    clock.advance(19_999)
    expect((await take()).allowed).toBe(false)
    clock.advance(1)
    expect((await times(2, take)).map((answer) => answer.allowed)).toEqual([true, false])
    clock.advance(86_400_000)
    expect((await times(4, take)).map((answer) => answer.allowed)).toEqual([true, true, true, false])
  })

  test('love-parser §1: a window begins with its first request and gives the whole limit again at its end', async () => {
    const { clock, count } = start(2, 60_000)
    expect(await count()).toEqual({ allowed: true, limit: 2, remaining: 1, resetMs: 60_000, retryAfterSeconds: 60 })
    clock.advance(45_500)
    expect(await count()).toEqual({ allowed: true, limit: 2, remaining: 0, resetMs: 14_500, retryAfterSeconds: 15 })
    expect(await count()).toEqual({ allowed: false, limit: 2, remaining: 0, resetMs: 14_500, retryAfterSeconds: 15 })
    clock.advance(14_500)
    expect(await count()).toEqual({ allowed: true, limit: 2, remaining: 1, resetMs: 60_000, retryAfterSeconds: 60 })
  })

  test('keys and classes do not touch each other', async () => {
    const { take } = start(1, 1000)
    const answers = [await take('a'), await take('b'), await take('a', 'other'), await take('a')]
    expect(answers.map((answer) => answer.allowed)).toEqual([true, true, true, false])
  })

  test('a limit of 0 allows all', async () => {
    const { take, count } = start(0, 1000)
    expect((await Promise.all(Array.from({ length: 500 }, () => take()))).every((answer) => answer.allowed)).toBe(true)
    expect((await Promise.all(Array.from({ length: 500 }, () => count()))).every((answer) => answer.allowed)).toBe(true)
  })

  test('a refused try costs nothing', async () => {
    const { clock, take } = start(1, 10_000)
    await times(51, take)
    clock.advance(10_000)
    expect((await take()).allowed).toBe(true)
  })

  test('a clock that is set back takes no tokens away and makes no window longer', async () => {
    const { clock, take, count } = start(2, 10_000)
    await take()
    await times(2, () => count('w'))
    clock.set(clock.now() - 3_600_000)
    expect((await take()).allowed).toBe(true)
    expect(await count('w')).toMatchObject({ allowed: true, remaining: 1, resetMs: 10_000 })
    clock.advance(5000)
    expect((await take()).allowed).toBe(true)
  })

  test('of many at once exactly the limit is let in', async () => {
    const { take, count } = start(7, 60_000)
    for (const ask of [() => take('many'), () => count('many', 'windows')]) {
      const answers = await Promise.all(Array.from({ length: 50 }, ask))
      expect(answers.filter((answer) => answer.allowed)).toHaveLength(7)
    }
  })

  test('property: a client that waits as long as answered is let in, and no window lets more than limit + refill through', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 500 }),
        fc.constantFrom(1000, 7000, 60_000, 900_000),
        fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 60 }),
        async (limit, windowMs, pauses) => {
          const { clock, take } = start(limit, windowMs)
          const from = clock.now()
          let allowed = 0
          let answer = await take()
          for (const pause of pauses) {
            if (answer.allowed) allowed++
            clock.advance(answer.allowed ? pause : answer.retryAfterSeconds * 1000)
            const next = await take()
            if (!answer.allowed) expect(next.allowed).toBe(true)
            answer = next
          }
          expect(allowed).toBeLessThanOrEqual(limit + ((clock.now() - from) * limit) / windowMs + 1e-6)
        },
      ),
      { numRuns: runs, seed: 20260115 },
    )
  })
}

describe('rate limiter in process', () => {
  conforms((clock) => createLocalRateLimiter(clock), 150)

  test('it stays within its bound; the key unused for longest is forgotten', () => {
    const limiter = createLocalRateLimiter(fakeClock(), 2)
    const take = (key: string) => limiter.take({ name: 'class', limit: 1, windowMs: 1000 }, key) as { allowed: boolean }
    for (const key of ['a', 'b', 'a', 'c']) take(key)
    expect([take('a').allowed, take('b').allowed]).toEqual([false, true])
  })
})

onPrivateRedis('rate limiter in Redis', (service) => {
  const open: Redis[] = []
  let prefixes = 0
  /** Every limiter of a test begins with nothing counted. */
  const over = (redis: Redis): Redis => {
    const prefix = `${++prefixes}:`
    return {
      ...redis,
      script: (lua) => {
        const run = redis.script(lua)
        return (keys, args) =>
          run(
            keys.map((key) => prefix + key),
            args,
          )
      },
    }
  }
  const connect = async () => {
    const redis = await openRedis({ url: service.url, log: silentLog, answerMs: 10_000 })
    open.push(redis)
    return redis
  }
  let redis: Redis
  beforeAll(async () => {
    redis = await connect()
  })
  afterAll(() => {
    for (const one of open) one.close()
  })
  const never: RateLimiter = {
    take: () => Promise.reject(new Error('counted in process')),
    count: () => Promise.reject(new Error('counted in process')),
  }
  conforms((clock) => createSharedRateLimiter(over(redis), clock, never), 40)

  test('property: it answers what the one in process answers, to the last figure', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('take' as const, 'count' as const),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom(1000, 7001, 60_000),
        fc.array(fc.integer({ min: -9000, max: 30_000 }), { maxLength: 40 }),
        async (verb, limit, windowMs, steps) => {
          const clock = fakeClock()
          const [shared, local] = [createSharedRateLimiter(over(redis), clock, never), createLocalRateLimiter(clock)]
          for (const step of steps) {
            clock.set(clock.now() + step)
            const rateClass = { name: 'c', limit, windowMs }
            expect(await shared[verb](rateClass, 'k')).toEqual(await local[verb](rateClass, 'k'))
          }
        },
      ),
      { numRuns: 60, seed: 20260115 },
    )
  })

  test('gitlab-crawler §4: all processes take from one bucket; a key does not outlive its use by much', async () => {
    const clock = fakeClock()
    const limiters = [redis, await connect(), await connect()].map((one) => createSharedRateLimiter(one, clock, never))
    const answers = await Promise.all(
      Array.from({ length: 60 }, async (_, n) => limiters[n % 3]!.take({ name: 'shared', limit: 10, windowMs: 60_000 }, 'k')),
    )
    expect(answers.filter(({ allowed }) => allowed)).toHaveLength(10)
    const left = Number(await redis.script(`return redis.call('PTTL', KEYS[1])`)(['ratelimit:shared:k'], []))
    expect(left).toBeGreaterThan(60_000)
    expect(left).toBeLessThanOrEqual(120_000)
  })

  test('love-parser §10: while Redis is away every process counts for itself, afterwards together again', async () => {
    const clock = fakeClock()
    const one = await connect()
    const limiter = createSharedRateLimiter(one, clock, createLocalRateLimiter(clock))
    const ask = async () => (await limiter.count({ name: 'away', limit: 2, windowMs: 60_000 }, 'k')).allowed
    expect([await ask(), await ask(), await ask()]).toEqual([true, true, false])
    await service.kill()
    expect([await ask(), await ask(), await ask()]).toEqual([true, true, false])
    await service.start()
    await eventually(() => one.isUp())
    expect([await ask(), await ask(), await ask()]).toEqual([true, true, false])
  })
})
