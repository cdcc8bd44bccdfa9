import { afterEach, expect, test } from 'bun:test'
import { silentLog } from '../../../src/platform/log.ts'
import { openRedis, type Redis } from '../../../src/platform/redis/client.ts'
import { createSharedBus } from '../../../src/platform/redis/index.ts'
import { createLocalBus } from '../../../src/platform/shared.ts'
import { eventually } from '../../support/eventually.ts'
import { onPrivateRedis } from '../../support/services.ts'

onPrivateRedis('bus between processes', (service) => {
  const open: Redis[] = []
  const failures: unknown[] = []
  /** A process's bus. */
  const join = async (database = '') => {
    const url = `${service.url}${database}`
    const redis = await openRedis({ url, log: silentLog, answerMs: 10_000 })
    open.push(redis)
    const bus = await createSharedBus(
      createLocalBus((error) => failures.push(error)),
      redis,
      url,
    )
    const received: unknown[] = []
    bus.subscribe('t', (message) => received.push(message))
    return { bus, received, redis }
  }
  const count = (one: { received: unknown[] }, n: number) =>
    eventually(
      async () => one.received.length,
      (length) => length >= n,
    )
  afterEach(async () => {
    for (const redis of open.splice(0)) redis.close()
    failures.length = 0
    await service.start()
  })

  test('the publisher receives within its turn and once, every other process once, in order', async () => {
    const [one, two, three] = [await join(), await join(), await join()]
    for (let n = 0; n < 200; n++) {
      one.bus.publish('t', { n, text: 'два\nlines' })
      expect(one.received).toHaveLength(n + 1)
    }
    // Only what Redis has from one connection has an order.
    await count(two, 200)
    two.bus.publish('t', 'last')
    for (const process of [one, two, three]) await count(process, 201)
    await one.redis.ping()
    const all = Array.from({ length: 200 }, (_, n) => ({ n, text: 'два\nlines' }))
    expect(one.received).toEqual([...all, 'last'])
    expect(three.received).toEqual([...all, 'last'])
    expect(new Set(two.received.map((message) => JSON.stringify(message))).size).toBe(201)
    expect(two.received).toHaveLength(201)
  })

  test('what is meant for this process alone stays here; nothing is nothing', async () => {
    const [one, two] = [await join(), await join()]
    one.bus.publishHere('t', 'here')
    one.bus.publish('t', undefined)
    one.bus.publish('other', 'x')
    one.bus.publish('t', 'there')
    await count(two, 2)
    expect([one.received, two.received]).toEqual([
      ['here', undefined, 'there'],
      [null, 'there'],
    ])
  })

  test('a handler that throws in another process is reported there; a foreign message on the channel does no harm', async () => {
    const [one, two] = [await join(), await join()]
    const end = two.bus.subscribe('t', () => {
      throw new Error('broken')
    })
    for (const text of ['', 'x', 'x\n', 'x\nt', 'x\nt\n{', '\n\n\n']) await one.redis.publish('trawl:events:0', text)
    one.bus.publish('t', 1)
    await count(two, 1)
    end()
    expect([two.received, failures.map(String)]).toEqual([[1], ['Error: broken']])
  })

  test('two databases of one server are two fleets', async () => {
    const [one, two, three] = [await join('/1'), await join('/2'), await join('/1')]
    one.bus.publish('t', 'first')
    await count(three, 1)
    two.bus.publish('t', 'second')
    await two.redis.ping()
    await one.redis.ping()
    expect([one.received, two.received, three.received]).toEqual([['first'], ['second'], ['first']])
  })

  test('while Redis is away everything is delivered here, and afterwards everywhere again', async () => {
    const [one, two] = [await join(), await join()]
    expect(one.bus.isShared()).toBe(true)
    await service.kill()
    await eventually(
      async () => one.redis.connections() + two.redis.connections(),
      (sum) => sum === 0,
    )
    expect(one.bus.isShared()).toBe(false)
    for (let n = 0; n < 100; n++) one.bus.publish('t', n)
    expect([one.received.length, two.received.length]).toEqual([100, 0])
    await service.start()
    await eventually(async () => one.bus.isShared() && two.bus.isShared(), Boolean)
    one.bus.publish('t', 'again')
    await count(two, 1)
    expect(two.received).toEqual(['again'])
  })
})
