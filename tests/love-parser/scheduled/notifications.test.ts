import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { messageOf } from '../../../src/love-parser/notifications.ts'
import { engineTables } from '../../../src/tasks/tables.ts'
import { onEachDatabase } from '../../support/databases.ts'
import { MINUTE } from '../../support/fake-clock.ts'
import { makeRig, type Rig } from '../subscriptions/rig.ts'

/** A person is reminded of an order, and thereby one notification is written. */
const remind = async (rig: Rig, id: string) => {
  await rig.order(id)
  rig.clock.advance(30 * MINUTE)
  await rig.work.jobs['payment-check']()
}
const outboxOf = (rig: Rig) => rig.db.q.select().from(engineTables(rig.db.kit).outbox)

onEachDatabase('notifications', (database) => {
  test('§8: a notification is stored in its cause’s transaction and sent to the bus by a task', async () => {
    const rig = await makeRig(database)
    const id = await rig.free({ notification_channel: 'in_app' })
    await remind(rig, id)
    expect(rig.sent).toEqual([])
    expect((await rig.notificationsOf(id))[0]!.sentAt).toBeNull()
    await rig.drain()
    const [row] = await rig.notificationsOf(id)
    expect(rig.sent).toEqual([
      {
        notificationId: row!.id,
        userId: id,
        channel: 'in_app',
        template: 'PAYMENT_PENDING_REMINDER',
        message: 'Заказ № 1 ждёт оплаты: подписка «Месяц», 950,00 ₽. Неоплаченный заказ отменится через сутки после создания.',
        metadata: row!.metadata,
      },
    ])
    expect(row!.sentAt).toEqual(rig.now())
    await rig.drain()
    expect(rig.sent).toHaveLength(1)
  })

  test('§8: at least once: sent again after a crash between sending and marking', async () => {
    const rig = await makeRig(database)
    const id = await rig.free()
    await remind(rig, id)
    const [task] = await rig.engine.lease({ owner: 'killed', kinds: ['love-parser.notifications'], max: 1, leaseMs: MINUTE })
    await rig.notifications.send(task!)
    await rig.db.sql(sql`update notifications set sent_at = null`)
    rig.clock.advance(2 * MINUTE)
    await rig.drain()
    expect(rig.sent.map((message) => message.userId)).toEqual([id, id])
  })

  test('§8: a notification whose task was lost is sent with the next one', async () => {
    const rig = await makeRig(database)
    const [id, other] = [await rig.free(), await rig.free()]
    await remind(rig, id)
    await rig.db.sql(sql`delete from tasks`)
    await remind(rig, other)
    await rig.drain()
    expect(rig.sent.map((message) => message.userId).sort()).toEqual([id, other].sort())
  })

  test('§8: handed to the broker’s queue only when one is configured, with the same message', async () => {
    const without = await makeRig(database)
    await remind(without, await without.free())
    expect(await outboxOf(without)).toEqual([])
    const rig = await makeRig(database, { broker: true })
    await remind(rig, await rig.free())
    await rig.drain()
    const [row] = await outboxOf(rig)
    expect(row).toMatchObject({
      queue: 'love_parser.notifications',
      messageId: rig.sent[0]!.notificationId,
      body: rig.sent[0]!,
    })
  })
})

test('§8: texts are readable sentences', () => {
  expect(messageOf('DATA_REMOVAL', { searches: 3, segments: 0 })).toBe(
    'Подписка закончилась более двух суток назад, поэтому ваши данные удалены. Поисков: 3, сегментов: 0.',
  )
  expect(messageOf('PAYMENT_PENDING_REMINDER', { order_id: '7', plan_name: 'Год', amount: '5750.00' })).toContain('5750,00 ₽')
})
