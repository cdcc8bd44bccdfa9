import { afterAll, afterEach, expect, test } from 'bun:test'
import { BrokerError } from '../../src/platform/broker/index.ts'
import { createRabbitBroker } from '../../src/platform/broker/rabbit.ts'
import { createLog } from '../../src/platform/log.ts'
import { client, reached, withRabbit } from '../support/broker.ts'
import { killLeftovers, ownDirectory, type Server, startServer, until } from '../support/processes.ts'
import { hasRabbit, type Rabbit, startRabbit } from '../support/rabbit.ts'

const MINUTES = 60_000

withRabbit('a RabbitMQ node that stops', () => {
  if (!hasRabbit()) {
    console.warn('skipped: a RabbitMQ node that stops (rabbitmq-server is not installed)')
    return
  }
  const nodes: Rabbit[] = []
  const directories: { remove(): void }[] = []
  afterEach(killLeftovers)
  afterAll(async () => {
    for (const node of nodes) await node.remove()
    for (const directory of directories) directory.remove()
  })

  test(
    'gifty §2.7: killed and stopped between publish and confirm: no acknowledged write loses its message',
    async () => {
      const node = await startRabbit()
      nodes.push(node)
      const directory = ownDirectory()
      directories.push(directory)
      const server: Server = await startServer(directory.database, { AMQP_URL: node.url })
      const source = async (n: number): Promise<number> =>
        (
          await server.call('POST', '/internal/sources', {
            url: `https://a.example/${n}`,
            type: 'list',
            site_key: 's',
            is_active: false,
          })
        ).body.id
      const failing = await source(0)
      let stopped = false
      const told: string[] = []
      const errors = async (writer: string) => {
        for (let n = 0; !stopped; n++) {
          const error = `error-${writer}${n}-`
          const { status } = await server.call('POST', `/internal/sources/${failing}/report-error`, { error, is_broken: true })
          if (status === 200) told.push(error)
          await Bun.sleep(25)
        }
      }
      const forced: number[] = []
      const refused: number[] = []
      const forces = async () => {
        for (let n = 1; !stopped; n++) {
          const id = await source(n)
          const { status, body } = await server.call('POST', `/internal/sources/${id}/force-run`)
          if (status === 200) forced.push(body.run_id)
          else expect([status, body.error.code, refused.push(id)]).toEqual([503, 'broker_unavailable', refused.length])
          await Bun.sleep(status === 200 ? 20 : 100)
        }
      }
      const writers = Promise.all([errors('a'), errors('b'), forces()])
      // Each time some messages are on their way: killed, then told to stop.
      const grows = async (list: unknown[], by: number) => {
        const goal = list.length + by
        await until(
          async () => list.length,
          (now) => now >= goal,
          60_000,
        )
      }
      for (const hard of [true, false]) {
        await grows(forced, 10)
        await node.stop({ hard })
        await grows(refused, 1)
        await node.start()
      }
      await grows(forced, 10)
      stopped = true
      await writers

      const { channel, close } = await client(node.url)
      const drained = async (queue: string, all: any[]) => {
        await channel.assertQueue(queue, { durable: true })
        for (
          let message = await channel.get(queue, { noAck: true });
          message;
          message = await channel.get(queue, { noAck: true })
        )
          all.push(JSON.parse(message.content.toString()))
        return all
      }
      const got: any[] = []
      const nameOf = (body: any) => /error-[ab]\d+-/.exec(body.text)?.[0] as string
      await until(
        async () => {
          const names = new Set((await drained('notifications', got)).map(nameOf))
          return told.filter((name) => !names.has(name))
        },
        (missing) => missing.length === 0,
        60_000,
      )
      const runs = (await drained('parsing_tasks', [])).map((body) => body.run_id)
      expect(forced.filter((id) => !runs.includes(id))).toEqual([])
      // What was answered with 503 is as before; at most a cancelled run tells of it.
      for (const id of refused) {
        const { body } = await server.call('GET', `/internal/sources/${id}`)
        expect(body).toMatchObject({ status: 'waiting', last_synced_at: null })
        expect(body.history.filter((run: any) => run.status !== 'cancelled')).toEqual([])
      }
      await close()
      const twice = got.length - new Set(got.map(nameOf)).size
      console.log(
        `RabbitMQ killed and stopped: ${told.length} acknowledged notifications, ${forced.length} confirmed runs, ${refused.length} refused; lost 0, repeated ${twice}`,
      )
    },
    3 * MINUTES,
  )

  test(
    'a node without memory blocks publishers: nobody waits for it, and what it took is confirmed when it goes on',
    async () => {
      const node = nodes[0] ?? (await startRabbit())
      if (!nodes.includes(node)) nodes.push(node)
      const broker = createRabbitBroker({ url: node.url, log: createLog({ level: 'error' }) })
      await reached(broker)
      const message = (n: number) => ({ queue: 'blocked', messageId: `m${n}`, body: n })
      await broker.publish(message(1))
      await node.ctl('set_vm_memory_high_watermark', '0.0000001')
      const held = broker.publish(message(2))
      await until(
        async () => broker.isUp(),
        (up) => !up,
      )
      expect(await broker.publish(message(3)).catch((error) => error)).toMatchObject(
        new BrokerError('The broker is out of reach', false),
      )
      await node.ctl('set_vm_memory_high_watermark', '0.4')
      await held
      await reached(broker)
      expect((await broker.take('blocked', 5)).map((delivery) => delivery.messageId)).toEqual(['m1', 'm2'])
      await broker.close()
    },
    3 * MINUTES,
  )
})
