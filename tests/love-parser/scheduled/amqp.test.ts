import { afterAll, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { NOTIFICATION_TOPIC } from '../../../src/love-parser/notifications.ts'
import { client, ownQueues, withRabbit } from '../../support/broker.ts'
import { onEachDatabase } from '../../support/databases.ts'
import { DAY, fakeClock } from '../../support/fake-clock.ts'
import { makeRig, START } from '../rig.ts'

const QUEUE = 'love_parser.notifications'

withRabbit('love-parser', () => {
  onEachDatabase('notifications over RabbitMQ', (database) => {
    let made = 0
    let foreign: Awaited<ReturnType<typeof client>> | undefined
    afterAll(async () => foreign?.close())

    test('love-parser §8: sent to the bus and to a durable queue, once each, with the same message', async () => {
      const { broker, prefix } = await ownQueues(`love-parser-${database.dialect}-${++made}`)
      const rig = await makeRig(database, { clock: fakeClock(START), broker })
      const person = await rig.login()
      await rig.found(person)
      await rig.setSubscription(person, { planCode: 'month', status: 'expired', expiresAt: new Date(START) })
      const received: any[] = []
      rig.platform.bus.subscribe(NOTIFICATION_TOPIC, (message) => received.push(message))
      for (const day of [3, 4]) {
        rig.clock.set(START + day * DAY)
        await rig.tick()
        await rig.runner.drain(['love-parser.job'])
        await rig.runner.drain(['love-parser.notifications'])
        await rig.tick()
      }
      foreign = await client()
      const got: any[] = []
      for (;;) {
        // Durable and without arguments, as a foreign consumer declares it.
        await foreign.channel.assertQueue(`${prefix}${QUEUE}`, { durable: true })
        const message = await foreign.channel.get(`${prefix}${QUEUE}`, { noAck: true })
        if (!message) break
        got.push({ id: message.properties.messageId, body: JSON.parse(message.content.toString()) })
      }
      expect(received).toMatchObject([{ userId: person.id, template: 'DATA_REMOVAL' }])
      expect(got).toEqual([{ id: received[0].notificationId, body: received[0] }])
      const [left] = await rig.db.sql<{ n: number }>(sql`select count(*) as n from notifications where sent_at is null`)
      expect(Number(left?.n)).toBe(0)
    })
  })
})
