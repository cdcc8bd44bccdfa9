import { afterAll, afterEach, expect } from 'bun:test'
import type { Broker } from '../../src/platform/broker/index.ts'
import { createRabbitBroker } from '../../src/platform/broker/rabbit.ts'
import { createLog } from '../../src/platform/log.ts'
import type { TestAppOptions } from '../support/app.ts'
import { amqpUrl, client, ownQueues, prefixed, proxiedUrl, queues, reached } from '../support/broker.ts'
import { onEachDatabase, type TestDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { makeRig, type Rig } from './rig.ts'

export const TASKS = 'parsing_tasks'

/** A suite of the app with RabbitMQ, on each database. Its absence is printed, never silent. */
export const onEachDatabaseWithRabbit = (name: string, suite: (database: TestDatabase, with_: AmqpSuite) => void) => {
  if (!amqpUrl) {
    console.warn(`skipped: ${name} (TEST_AMQP_URL is not set)`)
    return
  }
  onEachDatabase(name, (database) => suite(database, amqpSuite(database)))
}

let made = 0
const amqpSuite = (database: TestDatabase) => {
  const endings: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end()
  })
  let consumer: Awaited<ReturnType<typeof client>> | undefined
  afterAll(async () => consumer?.close())

  /** What a foreign consumer sees of the queues under a prefix. */
  const foreignOf = async (prefix: string) => {
    consumer ??= await client()
    const { channel } = consumer
    const declared = async (queue: string) => {
      queues.add(`${prefix}${queue}`)
      return (await channel.assertQueue(`${prefix}${queue}`, { durable: true })).queue
    }
    const get = async (queue = TASKS) => {
      const message = await channel.get(await declared(queue))
      return message
        ? {
            id: message.properties.messageId as string,
            body: JSON.parse(message.content.toString()),
            ack: () => channel.ack(message),
            requeue: () => channel.nack(message, false, true),
          }
        : undefined
    }
    return {
      get,
      /** Takes everything there is. */
      async drain(queue = TASKS) {
        const all: { id: string; body: any }[] = []
        for (let message = await get(queue); message; message = await get(queue)) {
          message.ack()
          all.push({ id: message.id, body: message.body })
        }
        return all
      },
      put: async (body: string, properties: Record<string, unknown> = {}, queue = TASKS) =>
        channel.sendToQueue(await declared(queue), Buffer.from(body), properties),
    }
  }
  const { fresh } = database
  return {
    endings,
    /** The app with the test server, and a foreign consumer beside it. */
    async start(options: TestAppOptions = {}) {
      const { broker, prefix } = await ownQueues(`gifty-${++made}`)
      const app = await makeRig(database, { broker, ...options })
      return { app, broker, prefix, foreign: await foreignOf(prefix) }
    },
    /** The same behind a proxy that can take the server away. */
    async startBehindProxy(options: TestAppOptions = {}) {
      const { prefix, broker: direct } = await ownQueues(`gifty-${++made}`)
      const { proxy, url } = await proxiedUrl()
      const real = createRabbitBroker({ url, log: createLog({ level: 'error' }), heartbeatSeconds: 30 })
      endings.push(proxy.close, real.close)
      await reached(real)
      const broker = prefixed(real, prefix)
      // So that the queue exists and is deleted afterwards.
      await direct.take(TASKS, 1)
      await direct.take('notifications', 1)
      const app = await makeRig(database, { broker, ...options })
      const away = async () => {
        await proxy.set('refuse')
        await eventually(
          async () => real.isUp(),
          (up) => !up,
        )
      }
      const back = async () => {
        await proxy.set('pass')
        await reached(real)
      }
      return { app, broker, proxy, away, back, foreign: await foreignOf(prefix) }
    },
    fresh,
  }
}
export type AmqpSuite = ReturnType<typeof amqpSuite>

/** Sources that are due now; answers their ids. */
export const dueSources = async (app: Rig, count: number, more: Record<string, unknown> = {}): Promise<number[]> => {
  const ids: number[] = []
  for (let n = 0; n < count; n++) ids.push((await app.source(more)).id)
  return ids
}

/** A broker whose publishing the test decides. */
export const scriptedBroker = (publish: Broker['publish']): Broker => ({
  isUp: () => true,
  publish,
  take: async () => [],
  onUp: () => () => {},
  close: async () => {},
})

export const expectEmpty = async (app: Rig) =>
  expect([await app.rows('tasks'), await app.rows('parsing_runs'), await app.rows('outbox')]).toEqual([0, 0, 0])
