import { afterAll, describe } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { connect } from 'amqplib'
import type { Broker } from '../../src/platform/broker/index.ts'
import { createRabbitBroker } from '../../src/platform/broker/rabbit.ts'
import { createLog } from '../../src/platform/log.ts'
import { eventually } from './eventually.ts'
import { startProxy } from './tcp-proxy.ts'

export const amqpUrl = process.env.TEST_AMQP_URL
const REACH_MS = 20_000
const FILE = randomUUID().slice(0, 8)

/** The same broker under names of one's own: the contract fixes the names of queues, and tests share a server. */
export const prefixed = (broker: Broker, prefix: string, used: (queue: string) => void = () => {}): Broker => {
  const named = (queue: string) => {
    used(`${prefix}${queue}`)
    return `${prefix}${queue}`
  }
  return {
    ...broker,
    publish: (message, withinMs) => broker.publish({ ...message, queue: named(message.queue) }, withinMs),
    take: (queue, max) => broker.take(named(queue), max),
    close: async () => {},
  }
}

/** Waits until a broker can be reached. */
export const reached = async (broker: Broker, ms = REACH_MS): Promise<Broker> => {
  await eventually(() => broker.isUp(), Boolean, ms)
  return broker
}

/** Deleted with the database of the suite. */
export const queues = new Set<string>()
let shared: Broker | undefined
/** One connection of this test process. */
export const sharedBroker = (): Promise<Broker> => {
  shared ??= createRabbitBroker({
    url: amqpUrl as string,
    log: createLog({ level: 'error' }),
    // The machine may be busy with other suites.
    takeMs: 10_000,
    heartbeatSeconds: 30,
  })
  return reached(shared)
}
/** A prefix of this test file's own, and the broker under it; its queues are deleted with the database. */
export const ownQueues = async (name: string): Promise<{ broker: Broker; prefix: string }> => {
  const prefix = `trawl-test.${FILE}.${name}.`
  return { broker: prefixed(await sharedBroker(), prefix, (queue) => queues.add(queue)), prefix }
}
/** The broker of the second world: with Postgres, when `TEST_AMQP_URL` is set. */
export const brokerOfWorld = async (dialect: string, generation: number): Promise<Broker | undefined> =>
  dialect === 'postgres' && amqpUrl ? (await ownQueues(String(generation))).broker : undefined

/** A plain client, as a foreign consumer is one. */
export const client = async (url = amqpUrl as string) => {
  const connection = await connect(url)
  connection.on('error', () => {})
  const channel = await connection.createChannel()
  channel.on('error', () => {})
  return { connection, channel, close: () => connection.close().catch(() => {}) }
}
export const deleteTestQueues = async (): Promise<void> => {
  if (queues.size === 0) return
  const { channel, close } = await client()
  for (const queue of queues) await channel.deleteQueue(queue)
  queues.clear()
  await close()
}
// For files that open a database of their own.
afterAll(deleteTestQueues)

/** A suite that needs RabbitMQ: its absence is printed, never silent. */
export const withRabbit = (name: string, suite: () => void): void => {
  if (amqpUrl) describe(name, suite)
  else console.warn(`skipped: ${name} (TEST_AMQP_URL is not set)`)
}

/** The shared server behind a proxy of one's own. */
export const proxiedUrl = async () => {
  const url = new URL(amqpUrl as string)
  const proxy = await startProxy({ host: url.hostname, port: Number(url.port || 5672) })
  url.hostname = '127.0.0.1'
  url.port = String(proxy.port)
  return { proxy, url: url.toString() }
}
