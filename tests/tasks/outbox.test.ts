import { expect, test } from 'bun:test'
import { asc } from 'drizzle-orm'
import { type Broker, BrokerError, type BrokerMessage } from '../../src/platform/broker/index.ts'
import type { Db } from '../../src/platform/db/index.ts'
import { createLocalBus } from '../../src/platform/shared.ts'
import { createOutbox, type Outbox } from '../../src/tasks/index.ts'
import { OUTBOX_WAITING } from '../../src/tasks/outbox.ts'
import { engineTables } from '../../src/tasks/tables.ts'
import { onEachDatabase } from '../support/databases.ts'
import { fakeClock } from '../support/fake-clock.ts'

type Verdict = 'confirms' | 'never sent' | 'unknown'
/** A broker that confirms what it is let and remembers all it was given. */
const fakeBroker = (verdict: (message: BrokerMessage) => Verdict | Promise<Verdict> = () => 'confirms') => {
  const got: BrokerMessage[] = []
  const broker: Broker = {
    isUp: () => true,
    async publish(message) {
      const said = await verdict(message)
      if (said === 'never sent') throw new BrokerError(`no ${message.messageId}`, false)
      got.push(message)
      if (said === 'unknown') throw new BrokerError(`no ${message.messageId}`, true)
    },
    take: async () => [],
    onUp: () => () => {},
    async close() {},
  }
  return { broker, got, ids: () => got.map((message) => message.messageId) }
}
/** Begins a relay whose broker never answers; resolves once it has claimed its messages and asked the broker. */
const relaySilently = async ({ relay }: Pick<Outbox, 'relay'>): Promise<void> => {
  const asked = Promise.withResolvers<void>()
  const silent = fakeBroker(() => {
    asked.resolve()
    return new Promise(() => {})
  })
  void relay(silent.broker)
  await asked.promise
}
const message = (n: number) => ({ queue: 'parsing_tasks', messageId: `m${n}`, body: { n, text: 'Ü"\\🎁' } })
const QUEUE = 'parsing_tasks'

onEachDatabase('engine: outbox', (database) => {
  const start = async () => {
    const db = await database.fresh()
    const clock = fakeClock()
    const bus = createLocalBus((error) => {
      throw error
    })
    let woken = 0
    bus.subscribe(OUTBOX_WAITING, () => woken++)
    const on = (other: Db) => createOutbox({ db: other, clock, bus })
    const outbox = on(db)
    const { outbox: table } = engineTables(db.kit)
    return {
      db,
      clock,
      on,
      outbox,
      woken: () => woken,
      rows: () => db.q.select().from(table).orderBy(asc(table.id)),
      add: (...numbers: number[]) => db.tx((tx) => outbox.add(tx, numbers.map(message))),
      renew: (numbers: number[], more?: { claimed: boolean }) => db.tx((tx) => outbox.renew(tx, numbers.map(message), more)),
      withdraw: (...ids: string[]) => db.tx((tx) => outbox.withdraw(tx, ids)),
    }
  }

  test('gifty §2.7: a message of a transaction that rolls back is never sent, and wakes no worker', async () => {
    const { db, outbox, rows, woken } = await start()
    const doomed = db.tx(function* (tx) {
      yield* outbox.add(tx, [message(1)])
      throw new Error('rolled back')
    })
    expect(await doomed.catch((error) => error.message)).toBe('rolled back')
    const { broker, got } = fakeBroker()
    expect(await outbox.relay(broker)).toEqual({ claimed: 0, queues: [] })
    expect([got, await rows(), woken()]).toEqual([[], [], 0])
  })

  test('gifty §2.7: messages leave in order, once, with their id and body; the commit wakes the relay', async () => {
    const { outbox, add, clock, rows, woken } = await start()
    await add(1, 2)
    await add(3)
    expect(woken()).toBe(2)
    const { broker, got } = fakeBroker()
    clock.advance(5)
    expect(await outbox.relay(broker)).toEqual({ claimed: 3, queues: [QUEUE, QUEUE, QUEUE] })
    expect(got).toEqual([message(1), message(2), message(3)])
    for (const row of await rows()) expect(row.publishedAt).toEqual(new Date(clock.now()))
    expect(await outbox.relay(broker)).toEqual({ claimed: 0, queues: [] })
    expect(got).toHaveLength(3)
  })

  test('gifty §2.7: all of a batch are on their way at once, and marked together', async () => {
    const { outbox, add } = await start()
    await add(1, 2, 3)
    const { promise: all, resolve } = Promise.withResolvers<Verdict>()
    let asked = 0
    // Confirmed only once every one has been sent: a relay that waits for each would never end.
    const { broker } = fakeBroker(() => {
      if (++asked === 3) resolve('confirms')
      return all
    })
    expect(await outbox.relay(broker)).toMatchObject({ claimed: 3, queues: [QUEUE, QUEUE, QUEUE] })
  })

  test('gifty §2.7: what is refused stays for the next relay, with the same id; the others are marked', async () => {
    const { outbox, add, rows } = await start()
    await add(1, 2, 3, 4)
    let verdict: Verdict = 'never sent'
    const { broker, ids } = fakeBroker(({ messageId }) => (messageId === 'm2' || messageId === 'm3' ? verdict : 'confirms'))
    const answer = await outbox.relay(broker)
    expect(answer).toMatchObject({ claimed: 4, queues: [QUEUE, QUEUE], error: new BrokerError('no m2', false) })
    expect((await rows()).map((row) => row.publishedAt !== null)).toEqual([true, false, false, true])
    verdict = 'unknown'
    expect(await outbox.relay(broker)).toMatchObject({ claimed: 2, queues: [] })
    verdict = 'confirms'
    await add(5)
    expect(await outbox.relay(broker)).toMatchObject({ claimed: 3, queues: [QUEUE, QUEUE, QUEUE] })
    expect(ids()).toEqual(['m1', 'm4', 'm2', 'm3', 'm2', 'm3', 'm5'])
  })

  test('gifty §2.7: two relays at once share the messages and send none twice', async () => {
    const { outbox, on, add } = await start()
    await add(...Array.from({ length: 40 }, (_, n) => n))
    const { broker, ids } = fakeBroker()
    const relays = [outbox, on(await database.second()), on(await database.second())]
    const claims = await Promise.all(relays.map((relay) => relay.relay(broker, 10)))
    await outbox.relay(broker)
    expect(Math.max(...claims.map(({ claimed }) => claimed))).toBe(10)
    expect(ids().length).toBe(40)
    expect(new Set(ids()).size).toBe(40)
  })

  test('gifty §2.7: what a killed relay had begun to send is sent again after half a minute', async () => {
    const { outbox, add, clock } = await start()
    await add(1)
    // Never confirmed and never given up: as a process that is gone.
    await relaySilently(outbox)
    const { broker, ids } = fakeBroker()
    for (let claimed = 1; claimed > 0; ) claimed = (await outbox.relay(broker)).claimed
    clock.advance(29_999)
    expect(await outbox.relay(broker)).toEqual({ claimed: 0, queues: [] })
    clock.advance(1)
    expect(await outbox.relay(broker)).toMatchObject({ claimed: 1 })
    expect(ids()).toEqual(['m1'])
  })

  test('a clock that is set back holds no message up', async () => {
    const { outbox, add, clock } = await start()
    await add(1, 2)
    await outbox.relay(fakeBroker(({ messageId }) => (messageId === 'm1' ? 'unknown' : 'never sent')).broker)
    await relaySilently(outbox)
    const { broker, ids } = fakeBroker()
    for (let claimed = 1; claimed > 0; ) claimed = (await outbox.relay(broker)).claimed
    clock.set(clock.now() - 86_400_000)
    await outbox.relay(broker)
    expect([...new Set(ids())].sort()).toEqual(['m1', 'm2'])
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

  test('gifty §4: what is announced again leaves again', async () => {
    const { outbox, add, renew } = await start()
    await add(1)
    const { broker, ids } = fakeBroker()
    await outbox.relay(broker)
    await renew([1, 2])
    await outbox.relay(broker)
    expect(ids()).toEqual(['m1', 'm1', 'm2'])
  })

  test('gifty §2.6: a message its writer has claimed is not relayed, but after half a minute without a word it is', async () => {
    const { outbox, renew, clock, rows } = await start()
    await renew([1, 2], { claimed: true })
    const { broker, ids } = fakeBroker()
    expect(await outbox.relay(broker)).toEqual({ claimed: 0, queues: [] })
    await outbox.send(broker, message(1), 1000)
    expect((await rows()).map((row) => row.publishedAt !== null)).toEqual([true, false])
    clock.advance(30_000)
    await outbox.relay(broker)
    expect(ids()).toEqual(['m1', 'm2'])
  })

  test('a relay takes at most `max`', async () => {
    const { outbox, add } = await start()
    await add(...Array.from({ length: 7 }, (_, n) => n))
    const { broker, ids } = fakeBroker()
    expect(await outbox.relay(broker, 5)).toMatchObject({ claimed: 5 })
    expect(await outbox.relay(broker, 5)).toMatchObject({ claimed: 2 })
    expect(ids()).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6'])
  })

  test('gifty §2.6: only what has surely not left can be withdrawn or rewritten', async () => {
    const { db, outbox, add, withdraw, rows } = await start()
    const rewrite = async (...ids: string[]) => [
      ...(await db.tx((tx) =>
        outbox.rewrite(
          tx,
          ids.map((messageId) => ({ messageId, body: { other: true } })),
        ),
      )),
    ]
    await add(1, 2, 3)
    expect(await rewrite('m1', 'm9')).toEqual(['m1'])
    expect((await rows())[0]?.body).toEqual({ other: true })
    expect(await withdraw('m1', 'm9')).toEqual(new Set(['m1']))
    expect(await withdraw('m1')).toEqual(new Set())
    await outbox.relay(fakeBroker(({ messageId }) => (messageId === 'm2' ? 'confirms' : 'unknown')).broker)
    expect(await withdraw('m2', 'm3')).toEqual(new Set())
    expect(await rewrite('m2', 'm3')).toEqual([])
    expect(await rows()).toHaveLength(2)
  })

  test('gifty §2.7: what the broker was never given can be withdrawn again', async () => {
    const { outbox, add, withdraw } = await start()
    await add(1)
    await outbox.relay(fakeBroker(() => 'never sent').broker)
    expect(await withdraw('m1')).toEqual(new Set(['m1']))
  })

  test('published messages are forgotten after their time, waiting ones and those of lasting queues never', async () => {
    const { db, clock, outbox, add, rows } = await start()
    await add(1, 2)
    await outbox.relay(fakeBroker(({ messageId }) => (messageId === 'm1' ? 'confirms' : 'never sent')).broker)
    const published = clock.now()
    clock.advance(1000)
    const purge = (before: number, lasting?: string[]) => db.tx((tx) => outbox.purge(tx, new Date(before), lasting))
    await purge(published - 1)
    await purge(clock.now(), [QUEUE])
    expect(await rows()).toHaveLength(2)
    await purge(clock.now())
    expect((await rows()).map((row) => row.messageId)).toEqual(['m2'])
  })

  test('the message of a task that waits is kept by a process that knows none of its queues', async () => {
    const { db, clock, outbox } = await start()
    const { tasks } = engineTables(db.kit)
    const [queued, ended] = ['00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002'] as const
    const now = new Date(clock.now())
    const task = { kind: 'source.run', payload: {}, priority: 10, runAfter: now, maxAttempts: 5, createdAt: now, updatedAt: now }
    await db.q.insert(tasks).values([
      { ...task, id: queued, state: 'queued' },
      { ...task, id: ended, state: 'completed' },
    ])
    await db.tx((tx) =>
      outbox.add(
        tx,
        [queued, ended].map((messageId) => ({ queue: QUEUE, messageId, body: {} })),
      ),
    )
    await outbox.relay(fakeBroker(() => 'confirms').broker)
    clock.advance(1000)
    await db.tx((tx) => outbox.purge(tx, new Date(clock.now())))
    expect([...(await db.tx((tx) => outbox.published(tx, [queued, ended]))).keys()]).toEqual([queued])
  })

  test('the backlog is counted per queue', async () => {
    const { outbox, add } = await start()
    await add(1, 2, 3)
    await outbox.relay(fakeBroker(({ messageId }) => (messageId === 'm1' ? 'confirms' : 'never sent')).broker)
    expect(await outbox.backlog()).toEqual([{ queue: QUEUE, count: 2 }])
  })

  test('nothing to add is no statement', async () => {
    const { add, rows, woken } = await start()
    await add()
    expect(await rows()).toEqual([])
    expect(woken()).toBe(0)
  })
})
