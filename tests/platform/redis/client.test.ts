import { afterEach, expect, test } from 'bun:test'
import { createLog } from '../../../src/platform/log.ts'
import { openRedis, type Redis } from '../../../src/platform/redis/client.ts'
import { eventually } from '../../support/eventually.ts'
import { onPrivateRedis } from '../../support/services.ts'

onPrivateRedis('redis', (service) => {
  const open: Redis[] = []
  const lines: any[] = []
  const log = createLog({ level: 'debug', write: (line) => lines.push(JSON.parse(line)) })
  const connect = async (more: { url?: string; prefix?: string; answerMs?: number } = {}) => {
    const redis = await openRedis({ url: service.url, log, ...more })
    open.push(redis)
    return redis
  }
  const timesLogged = (message: string) => lines.filter((line) => line.message === message).length

  afterEach(async () => {
    for (const redis of open.splice(0)) redis.close()
    lines.length = 0
    await service.start()
  })

  test('architecture §12: values, scripts and keys, under the exact names or below a prefix', async () => {
    const plain = await connect()
    const tests = await connect({ prefix: 'tests*[x]:' })
    await tests.set('a', 'one', 60_000)
    expect([await tests.get('a'), await plain.get('a'), await plain.get('tests*[x]:a')]).toEqual(['one', undefined, 'one'])
    await plain.set('tests-and-x:b', 'no', 60_000)
    expect(await tests.setIfAbsent('a', 'two', 60_000)).toBe(false)
    expect(await tests.setIfAbsent('b', 'two', 60_000)).toBe(true)
    expect(await tests.getMany(['b', 'nothing', 'a'])).toEqual(['two', undefined, 'one'])
    expect(await tests.getMany([])).toEqual([])
    expect((await tests.keysThatBegin('')).sort()).toEqual(['a', 'b'])
    const add = tests.script(`return redis.call('INCRBY', KEYS[1], ARGV[1])`)
    expect([await add(['n'], [2]), await add(['n'], [3])]).toEqual([2, 5])
    expect(await plain.get('tests*[x]:n')).toBe('5')
    await tests.delete('a', 'b', 'n')
    await tests.delete()
    expect(await tests.keysThatBegin('')).toEqual([])
    expect(await plain.memoryBytes()).toBeGreaterThan(100_000)
    expect(plain.connections()).toBe(2)
  })

  test('a value lives for its time', async () => {
    const redis = await connect()
    await redis.set('short', 'x', 1)
    await eventually(
      () => redis.get('short'),
      (value) => value === undefined,
    )
  })

  test('architecture §12: while Redis is away commands fail at once, and it is found again by itself; logged once', async () => {
    const redis = await connect()
    await redis.set('k', 'v', 60_000)
    const run = redis.script('return ARGV[1]')
    expect(await run([], ['x'])).toBe('x')
    for (let round = 0; round < 2; round++) {
      await service.kill()
      await eventually(
        async () => redis.connections(),
        (count) => count === 0,
      )
      expect(redis.isUp()).toBe(false)
      const since = performance.now()
      for (let n = 0; n < 50; n++) await expect(redis.get('k')).rejects.toThrow('Redis')
      expect(performance.now() - since).toBeLessThan(5000)
      await service.start()
      await eventually(
        async () => redis.isUp(),
        (isUp) => isUp,
      )
      // Its memory is gone, and the script with it.
      expect([await redis.get('k'), await run([], ['y'])]).toEqual([undefined, 'y'])
    }
    expect([
      timesLogged('redis is not available'),
      timesLogged('redis is available again'),
      timesLogged('redis is connected'),
    ]).toEqual([2, 2, 1])
  })

  test('architecture §12: what is under way when Redis dies fails, and is not sent again', async () => {
    const redis = await connect()
    const slow = redis.script(
      `local t = redis.call('TIME') while true do local n = redis.call('TIME') if n[1] - t[1] > 2 then break end end`,
    )
    const answer = slow([], []).catch((error) => error.name)
    await service.kill()
    expect(await answer).toBe('RedisUnavailable')
  })

  test('architecture §12: one that takes connections and never answers costs half a second, once', async () => {
    const redis = await connect()
    await redis.ping()
    service.freeze()
    try {
      const since = performance.now()
      await expect(redis.get('k')).rejects.toThrow('does not answer')
      expect(performance.now() - since).toBeGreaterThan(400)
      const next = performance.now()
      for (let n = 0; n < 20; n++) await expect(redis.get('k')).rejects.toThrow('Redis')
      expect(performance.now() - next).toBeLessThan(5000)
    } finally {
      service.resume()
    }
    await eventually(
      async () => redis.isUp(),
      (isUp) => isUp,
    )
    await redis.ping()
  })

  test('architecture §12: a start without Redis continues, and Redis is found when it comes; no line names the URL', async () => {
    await service.stop()
    const url = service.url.replace('redis://', 'redis://user:hunter2@')
    const redis = await connect({ url })
    expect(redis.isUp()).toBe(false)
    const received: string[] = []
    await redis.listen('c', (text) => received.push(text))
    await service.start()
    // Wrong credentials are as good as no Redis.
    await expect(redis.get('k')).rejects.toThrow('Redis')
    const right = await connect()
    await right.listen('c', (text) => received.push(text))
    await right.publish('c', 'x')
    await eventually(
      async () => received,
      (all) => all.includes('x'),
    )
    expect(JSON.stringify(lines)).not.toContain('hunter2')
    expect(JSON.stringify(lines)).not.toContain('redis://')
    expect(timesLogged('redis is not available')).toBe(1)
  })

  test('events are received again after Redis was away', async () => {
    const [one, two] = [await connect(), await connect()]
    const received: string[] = []
    await two.listen('c', (text) => received.push(text))
    await one.publish('c', 'before')
    await eventually(
      async () => received,
      (all) => all.length === 1,
    )
    await service.kill()
    await eventually(
      async () => one.connections() + two.connections(),
      (count) => count === 0,
    )
    await service.start()
    await eventually(
      async () => one.isUp() && two.isUp(),
      (both) => both,
    )
    await one.publish('c', 'after')
    await eventually(
      async () => received,
      (all) => all.length === 2,
    )
    expect(received).toEqual(['before', 'after'])
  })
})
