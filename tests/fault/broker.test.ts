import { Database } from 'bun:sqlite'
import { afterAll, afterEach, expect, test } from 'bun:test'
import { BrokerError } from '../../src/platform/broker/index.ts'
import { createRabbitBroker } from '../../src/platform/broker/rabbit.ts'
import { createLog } from '../../src/platform/log.ts'
import { client, reached, withRabbit } from '../support/broker.ts'
import { eventually } from '../support/eventually.ts'
import { MINUTE } from '../support/fake-clock.ts'
import { killLeftovers, ownDirectory, type Server, startServer } from '../support/processes.ts'
import { hasRabbit, type Rabbit, startRabbit } from '../support/rabbit.ts'
import { reportFault } from './report.ts'

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
      const effects: string[] = []
      const errors = async (writer: string) => {
        for (let n = 0; !stopped; n++) {
          const error = `error-${writer}${n}-`
          const { status } = await server.call('POST', `/internal/sources/${failing}/report-error`, { error, is_broken: true })
          if (status === 200) effects.push(error)
          // A writer's pace.
          await Bun.sleep(25)
        }
      }
      const forced: { runId: number; at: number }[] = []
      const refused: number[] = []
      const forces = async () => {
        for (let n = 1; !stopped; n++) {
          const id = await source(n)
          const { status, body } = await server.call('POST', `/internal/sources/${id}/force-run`)
          if (status === 200) forced.push({ runId: body.run_id, at: performance.now() })
          else expect([status, body.error.code, refused.push(id)]).toEqual([503, 'broker_unavailable', refused.length])
          // A client's pace, slower where it was refused.
          await Bun.sleep(status === 200 ? 20 : 100)
        }
      }
      const writers = Promise.all([errors('a'), errors('b'), forces()])
      // Each time some messages are on their way: first a kill, then a normal stop.
      const grows = async (list: unknown[], by: number) => {
        const goal = list.length + by
        await eventually(
          async () => list.length,
          (now) => now >= goal,
          60_000,
        )
      }
      const recoveries: number[] = []
      for (const hard of [true, false]) {
        await grows(forced, 10)
        await node.stop({ hard })
        await grows(refused, 1)
        await node.start()
        const up = performance.now()
        await grows(forced, 1)
        recoveries.push((forced.find(({ at }) => at > up) as { at: number }).at - up)
      }
      await grows(forced, 10)
      stopped = true
      await writers

      // Only now can nothing come any more: a message of unknown outcome is sent again before it counts as published.
      const outbox = new Database(directory.database, { readonly: true })
      await eventually(
        async () => outbox.query<{ n: number }, []>('select count(*) as n from outbox where published_at is null').get()?.n,
        (unsent) => unsent === 0,
        60_000,
      )
      outbox.close()

      const { channel, close } = await client(node.url)
      /** All messages of a queue: what each is about, by `effectOf`, under its message id. */
      const drained = async <T>(queue: string, effectOf: (body: any) => T) => {
        await channel.assertQueue(queue, { durable: true })
        const all: { id: string; effect: T }[] = []
        for (
          let message = await channel.get(queue, { noAck: true });
          message;
          message = await channel.get(queue, { noAck: true })
        )
          all.push({ id: message.properties.messageId, effect: effectOf(JSON.parse(message.content.toString())) })
        return all
      }
      const notifications = await drained('notifications', ({ text }) => /error-[ab]\d+-/.exec(text)?.[0])
      const runs = await drained('parsing_tasks', ({ run_id }) => run_id as number)
      await close()
      // Delivery is at least once under the same message id, and the id is the consumer's key: it takes a repeated message for the
      // one it has had. So a repeat is counted as such, and an effect is there twice if it comes under two ids.
      let repeated = 0
      let duplicated = 0
      for (const messages of [notifications, runs]) {
        const once = new Map(messages.map(({ id, effect }) => [id, effect]))
        repeated += messages.length - once.size
        duplicated += once.size - new Set(once.values()).size
      }
      const arrived = new Set<unknown>([...notifications, ...runs].map(({ effect }) => effect))
      const lost = [...effects, ...forced.map(({ runId }) => runId)].filter((effect) => !arrived.has(effect))
      reportFault({
        test: 'RabbitMQ killed and stopped under load',
        faults: `1 kill, 1 stop, ${refused.length} refusals, ${repeated} messages again under their id`,
        acknowledged: effects.length + forced.length,
        lost: lost.length,
        duplicated,
        recoveryMs: Math.max(...recoveries),
      })
      expect({ lost, duplicated }).toEqual({ lost: [], duplicated: 0 })
      // What was answered with 503 is as before; at most a cancelled run is left of it.
      for (const id of refused) {
        const { body } = await server.call('GET', `/internal/sources/${id}`)
        expect(body).toMatchObject({ status: 'waiting', last_synced_at: null })
        expect(body.history.filter((run: any) => run.status !== 'cancelled')).toEqual([])
      }
    },
    3 * MINUTE,
  )

  test(
    'a node without memory blocks publishers: no request waits for it, and what it took is confirmed when it continues',
    async () => {
      const node = nodes[0] ?? (await startRabbit())
      if (!nodes.includes(node)) nodes.push(node)
      const broker = createRabbitBroker({ url: node.url, log: createLog({ level: 'error' }) })
      await reached(broker)
      const message = (n: number) => ({ queue: 'blocked', messageId: `m${n}`, body: n })
      await broker.publish(message(1))
      await node.ctl('set_vm_memory_high_watermark', '0.0000001')
      const held = broker.publish(message(2))
      await eventually(
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
    3 * MINUTE,
  )
})
