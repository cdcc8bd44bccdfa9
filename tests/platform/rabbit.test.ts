import { afterAll, afterEach, expect, test } from 'bun:test'
import { type Broker, BrokerError } from '../../src/platform/broker/index.ts'
import { createRabbitBroker, type RabbitOptions } from '../../src/platform/broker/rabbit.ts'
import { createLog } from '../../src/platform/log.ts'
import { client, deleteTestQueues, ownQueues, proxiedUrl, reached, withRabbit } from '../support/broker.ts'
import { eventually } from '../support/eventually.ts'

const message = (n: number, queue = 'q') => ({ queue, messageId: `m${n}`, body: { n, text: 'Ü"\\🎁' } })
const failure = (work: Promise<unknown>): Promise<BrokerError> =>
  work.then(
    () => expect.unreachable(),
    (error) => error,
  )

withRabbit('RabbitMQ behind the Broker port', () => {
  const endings: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end()
  })
  afterAll(deleteTestQueues)
  let made = 0
  const queues = () => ownQueues(`rabbit-${++made}`)
  /** A broker behind a proxy, with the lines it logs. */
  const proxied = async (options: Partial<RabbitOptions> = {}) => {
    const { proxy, url } = await proxiedUrl()
    const lines: string[] = []
    const log = createLog({ level: 'debug', write: (line) => lines.push(line) })
    const broker = createRabbitBroker({ url, log, ...options })
    endings.push(proxy.close, broker.close)
    return { proxy, url, broker, lines }
  }
  const foreign = async () => {
    const made = await client()
    endings.push(made.close)
    return made.channel
  }
  const ids = async (broker: Broker, max = 100, queue = 'q') =>
    (await broker.take(queue, max)).map((delivery) => {
      delivery.accept()
      return delivery.messageId
    })

  test('gifty §2.7: persistent messages with an id, in durable queues without arguments that a foreign consumer may declare too', async () => {
    const { broker, prefix } = await queues()
    await broker.publish(message(1))
    const channel = await foreign()
    // With any argument on either side this would be refused with 406.
    await channel.assertQueue(`${prefix}q`, { durable: true })
    const got = await channel.get(`${prefix}q`)
    if (!got) throw new Error('nothing there')
    expect(got.fields).toMatchObject({ exchange: '', routingKey: `${prefix}q` })
    expect(got.properties).toMatchObject({ deliveryMode: 2, messageId: 'm1', contentType: 'application/json' })
    expect(JSON.parse(got.content.toString())).toEqual(message(1).body)
  })

  test('gifty §2.7: publishing resolves at the confirm, and overlapping calls leave in order', async () => {
    const { broker } = await queues()
    await Promise.all(Array.from({ length: 300 }, (_, n) => broker.publish(message(n))))
    expect(await ids(broker, 1000)).toEqual(Array.from({ length: 300 }, (_, n) => `m${n}`))
  })

  test('gifty §2.7: a taken message is delivered to no other consumer; given back it is first again, accepted it is gone', async () => {
    const { broker } = await queues()
    for (let n = 1; n <= 3; n++) await broker.publish(message(n))
    const [first, second] = await broker.take('q', 2)
    expect(await ids(broker)).toEqual(['m3'])
    expect(JSON.parse(new TextDecoder().decode(first?.content))).toEqual(message(1).body)
    second?.accept()
    first?.giveBack()
    expect(await ids(broker)).toEqual(['m1'])
    expect(await ids(broker)).toEqual([])
  })

  test('a message whose queue was deleted is not confirmed into nothing: the queue is declared again', async () => {
    const { broker, prefix } = await queues()
    await broker.publish(message(1))
    await (await foreign()).deleteQueue(`${prefix}q`)
    await broker.publish(message(2))
    expect(await ids(broker)).toEqual(['m2'])
    await (await foreign()).deleteQueue(`${prefix}q`)
    expect(await failure(broker.take('q', 1))).toBeInstanceOf(BrokerError)
    expect(await ids(broker)).toEqual([])
  })

  test('a queue with other properties is refused, and the others go on', async () => {
    const { prefix } = await queues()
    const { broker, lines } = await proxied()
    await (await foreign()).assertQueue(`${prefix}odd`, { durable: true, arguments: { 'x-max-length': 5 } })
    expect(await failure(broker.publish(message(1, `${prefix}odd`)))).toMatchObject({ mayHaveLeft: false })
    expect(lines.join()).toContain('a queue exists with other properties')
    const inUse = { ...broker, take: (queue: string, max: number) => broker.take(`${prefix}${queue}`, max) }
    await broker.publish(message(2, `${prefix}q`))
    expect(await ids(inUse)).toEqual(['m2'])
    const channel = await foreign()
    for (const queue of ['odd', 'q']) await channel.deleteQueue(`${prefix}${queue}`)
  })

  test('architecture §12: while the broker is away nothing waits for it, and it comes back without a restart', async () => {
    const { prefix } = await queues()
    const { proxy, broker, lines } = await proxied()
    let ups = 0
    const end = broker.onUp(() => ups++)
    await broker.publish(message(1, `${prefix}q`))
    await proxy.set('refuse')
    await eventually(
      async () => broker.isUp(),
      (up) => !up,
    )
    expect(await failure(broker.publish(message(2, `${prefix}q`)))).toMatchObject({ name: 'BrokerError', mayHaveLeft: false })
    expect(await failure(broker.take(`${prefix}q`, 1))).toMatchObject({ name: 'BrokerError' })
    await proxy.set('pass')
    await reached(broker)
    await broker.publish(message(3, `${prefix}q`))
    expect((await broker.take(`${prefix}q`, 9)).map((delivery) => delivery.messageId)).toEqual(['m1', 'm3'])
    expect(ups).toBe(2)
    end()
    // An outage is one line, whatever the number of attempts, and no line names a user, a password or an address.
    const warnings = lines.map((line) => JSON.parse(line)).filter((line) => line.level === 'warn')
    expect(warnings.map((line) => line.message)).toEqual(['the broker is out of reach'])
    for (const secret of ['guest', '127.0.0.1', 'localhost', String(proxy.port)]) expect(lines.join()).not.toContain(secret)
    await (await foreign()).deleteQueue(`${prefix}q`)
  })

  test('a start without a broker is a start: it connects when there is one', async () => {
    const { proxy, url } = await proxiedUrl()
    await proxy.set('refuse')
    const lines: string[] = []
    const broker = createRabbitBroker({ url, log: createLog({ level: 'debug', write: (line) => lines.push(line) }) })
    endings.push(proxy.close, broker.close)
    expect(await failure(broker.publish(message(1)))).toMatchObject({ mayHaveLeft: false })
    await proxy.set('pass')
    await reached(broker)
    expect(lines.map((line) => JSON.parse(line).message)).toEqual(['the broker is out of reach', 'the broker is reached'])
  })

  test('gifty §2.6: no confirm in time is an error with an unknown outcome, and others do not wait for the same silence', async () => {
    const { prefix } = await queues()
    const { proxy, broker } = await proxied({ takeMs: 200, heartbeatSeconds: 60 })
    await broker.publish(message(1, `${prefix}q`))
    await proxy.set('mute')
    expect(await failure(broker.publish(message(2, `${prefix}q`), 200))).toMatchObject({ mayHaveLeft: true })
    expect(broker.isUp()).toBe(false)
    expect(await failure(broker.publish(message(3, `${prefix}q`), 60_000))).toMatchObject({ mayHaveLeft: false })
    expect(await failure(broker.take(`${prefix}q`, 1))).toBeInstanceOf(BrokerError)
    // The late confirm says that it is back.
    await proxy.set('pass')
    await reached(broker)
    expect((await broker.take(`${prefix}q`, 9)).map((delivery) => delivery.messageId)).toEqual(['m1', 'm2'])
    await (await foreign()).deleteQueue(`${prefix}q`)
  })

  test('a message that arrives after its taker has given up goes back to the queue', async () => {
    const { broker, prefix } = await queues()
    const behind = await proxied({ takeMs: 200, heartbeatSeconds: 60 })
    await broker.publish(message(1))
    // The channel for taking is open already.
    for (const delivery of await behind.broker.take(`${prefix}q`, 1)) delivery.giveBack()
    await behind.proxy.set('mute')
    expect(await failure(behind.broker.take(`${prefix}q`, 1))).toBeInstanceOf(BrokerError)
    await behind.proxy.set('pass')
    expect(
      await eventually(
        () => ids(broker),
        (got) => got.length > 0,
      ),
    ).toEqual(['m1'])
  })

  test('a connection that has died without a word is noticed by its heartbeat: what is on it fails, a new one is made', async () => {
    const { prefix } = await queues()
    const { proxy, broker } = await proxied({ heartbeatSeconds: 1 })
    await broker.publish(message(1, `${prefix}q`))
    await proxy.set('black-hole')
    expect(await failure(broker.publish(message(2, `${prefix}q`)))).toMatchObject({ mayHaveLeft: true })
    await proxy.set('refuse')
    await proxy.set('pass')
    await reached(broker)
    await broker.publish(message(3, `${prefix}q`))
    await (await foreign()).deleteQueue(`${prefix}q`)
  })

  test('what was taken and not settled is back when the connection has ended, and settling it late harms nothing', async () => {
    const { broker, prefix } = await queues()
    const behind = await proxied()
    await broker.publish(message(1))
    const [taken] = await behind.broker.take(`${prefix}q`, 1)
    behind.proxy.reset()
    expect(
      await eventually(
        () => ids(broker),
        (got) => got.length > 0,
      ),
    ).toEqual(['m1'])
    taken?.accept()
    await reached(behind.broker)
  })

  test('a wrong password is logged by its code alone', async () => {
    const { proxy, url } = await proxiedUrl()
    const wrong = new URL(url)
    wrong.password = 's3cret'
    const lines: string[] = []
    const broker = createRabbitBroker({
      url: wrong.toString(),
      log: createLog({ level: 'debug', write: (line) => lines.push(line) }),
    })
    endings.push(proxy.close, broker.close)
    expect(await failure(broker.publish(message(1)))).toMatchObject({ mayHaveLeft: false })
    expect(JSON.parse(lines[0] as string)).toMatchObject({ level: 'warn', reason: 'ACCESS-REFUSED' })
    for (const secret of ['s3cret', 'guest']) expect(lines.join()).not.toContain(secret)
  })

  test('closing ends within a second or two, with the broker silent too', async () => {
    const { proxy, broker } = await proxied({ heartbeatSeconds: 60 })
    await reached(broker)
    await proxy.set('black-hole')
    await broker.close()
    expect(broker.isUp()).toBe(false)
  })
})
