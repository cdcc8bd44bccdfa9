import { expect, test } from 'bun:test'
import { asc } from 'drizzle-orm'
import { createOutbox } from '../../src/engine/index.ts'
import { engineTables } from '../../src/engine/tables.ts'
import type { Broker, BrokerMessage } from '../../src/platform/broker/index.ts'
import { onEachDatabase } from '../support/databases.ts'
import { fakeClock } from '../support/fake-clock.ts'

/** A broker that confirms what `accepts` lets through and remembers it. */
const fakeBroker = (accepts: (message: BrokerMessage) => boolean = () => true) => {
  const got: BrokerMessage[] = []
  const broker: Broker = {
    async publish(message) {
      if (!accepts(message)) throw new Error(`nack ${message.messageId}`)
      got.push(message)
    },
    async close() {},
  }
  return { broker, got, ids: () => got.map((message) => message.messageId) }
}
const message = (n: number) => ({ queue: 'parsing_tasks', messageId: `m${n}`, body: { n, text: 'Ü"\\🎁' } })

onEachDatabase('engine: outbox', (database) => {
  const start = async () => {
    const db = await database.fresh()
    const clock = fakeClock()
    const outbox = createOutbox(db, clock)
    const { outbox: table } = engineTables(db.kit)
    return {
      db,
      clock,
      outbox,
      rows: () => db.q.select().from(table).orderBy(asc(table.id)),
      add: (...numbers: number[]) => db.tx((tx) => outbox.add(tx, numbers.map(message))),
    }
  }

  test('gifty §2.7: a message of a transaction that rolls back never leaves', async () => {
    const { db, outbox, rows } = await start()
    const doomed = db.tx(function* (tx) {
      yield* outbox.add(tx, [message(1)])
      throw new Error('rolled back')
    })
    expect(await doomed.catch((error) => error.message)).toBe('rolled back')
    const { broker, got } = fakeBroker()
    expect(await outbox.relay(broker)).toEqual({ published: 0 })
    expect([got, await rows()]).toEqual([[], []])
  })

  test('gifty §2.7: messages leave in order, once, with their id and body', async () => {
    const { outbox, add, clock, rows } = await start()
    await add(1, 2)
    await add(3)
    const { broker, got } = fakeBroker()
    clock.advance(5)
    expect(await outbox.relay(broker)).toEqual({ published: 3 })
    expect(got).toEqual([message(1), message(2), message(3)])
    for (const row of await rows()) expect(row.publishedAt).toEqual(new Date(clock.now()))
    expect(await outbox.relay(broker)).toEqual({ published: 0 })
    expect(got).toHaveLength(3)
  })

  test('gifty §2.7: a refusal in the middle keeps it and what follows, in order, for the next relay', async () => {
    const { outbox, add, rows } = await start()
    await add(1, 2, 3, 4)
    let down = true
    const { broker, ids } = fakeBroker(({ messageId }) => !(down && messageId === 'm3'))
    const answer = await outbox.relay(broker)
    expect(answer.published).toBe(2)
    expect((answer.error as Error).message).toBe('nack m3')
    expect((await rows()).map((row) => row.publishedAt !== null)).toEqual([true, true, false, false])
    expect(await outbox.relay(broker)).toMatchObject({ published: 0, error: new Error('nack m3') })
    down = false
    await add(5)
    expect(await outbox.relay(broker)).toEqual({ published: 3 })
    expect(ids()).toEqual(['m1', 'm2', 'm3', 'm4', 'm5'])
  })

  test('gifty §2.7: one message id is one message', async () => {
    const { outbox, add } = await start()
    await add(1, 1)
    await add(1, 2)
    const { broker, ids } = fakeBroker()
    await outbox.relay(broker)
    await add(1)
    await outbox.relay(broker)
    expect(ids()).toEqual(['m1', 'm2'])
  })

  test('a relay takes at most `max`', async () => {
    const { outbox, add } = await start()
    await add(...Array.from({ length: 7 }, (_, n) => n))
    const { broker, ids } = fakeBroker()
    expect(await outbox.relay(broker, 5)).toEqual({ published: 5 })
    expect(await outbox.relay(broker, 5)).toEqual({ published: 2 })
    expect(ids()).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6'])
  })

  test('gifty §2.6: an unpublished message can be withdrawn, a published one cannot', async () => {
    const { db, outbox, add } = await start()
    await add(1, 2)
    expect(await db.tx((tx) => outbox.drop(tx, 'm1'))).toBe(true)
    expect(await db.tx((tx) => outbox.drop(tx, 'm1'))).toBe(false)
    const { broker, ids } = fakeBroker()
    await outbox.relay(broker)
    expect(ids()).toEqual(['m2'])
    expect(await db.tx((tx) => outbox.drop(tx, 'm2'))).toBe(false)
  })

  test('published messages are forgotten after their time, waiting ones never', async () => {
    const { db, clock, outbox, add, rows } = await start()
    await add(1, 2)
    await outbox.relay(fakeBroker(({ messageId }) => messageId === 'm1').broker)
    const published = clock.now()
    clock.advance(1000)
    await db.tx((tx) => outbox.purge(tx, new Date(published - 1)))
    expect(await rows()).toHaveLength(2)
    await db.tx((tx) => outbox.purge(tx, new Date(clock.now())))
    expect((await rows()).map((row) => row.messageId)).toEqual(['m2'])
  })

  test('nothing to add is no statement', async () => {
    const { add, rows } = await start()
    await add()
    expect(await rows()).toEqual([])
  })
})
