import { expect, test } from 'bun:test'
import { onEachDatabase } from '../../support/databases.ts'
import { DAY, HOUR, MINUTE } from '../../support/fake-clock.ts'
import { makeRig, type Rig, START } from '../subscriptions/rig.ts'

const run = (rig: Pick<Rig, 'work'>) => rig.work.jobs['payment-check']()
const templatesOf = async (rig: Rig, id: string) => (await rig.notificationsOf(id)).map((row) => row.template)

onEachDatabase('payment-check', (database) => {
  test('§8: pending for 30 min: reminded of once; for 24 h: failed', async () => {
    const rig = await makeRig(database)
    const id = await rig.free({ notification_channel: 'pigeon' })
    await rig.order(id, 'month')
    rig.clock.advance(30 * MINUTE - 1)
    await run(rig)
    expect(await templatesOf(rig, id)).toEqual([])
    rig.clock.advance(1)
    const other = await rig.another()
    await Promise.all([run(rig), run(other)])
    await run(rig)
    const [payment] = await rig.paymentsOf(id)
    expect(await rig.notificationsOf(id)).toMatchObject([
      {
        template: 'PAYMENT_PENDING_REMINDER',
        channel: 'telegram',
        metadata: { payment_id: payment!.id, order_id: '1', plan_type: 'month', amount: '950.00', currency: 'RUB' },
      },
    ])
    rig.clock.set(START + DAY - 1)
    await run(rig)
    expect((await rig.paymentsOf(id))[0]!.status).toBe('pending')
    rig.clock.advance(1)
    await run(rig)
    expect((await rig.paymentsOf(id))[0]!).toMatchObject({ status: 'failed', payload: { reason: 'pending_timeout' } })
    expect(await templatesOf(rig, id)).toEqual(['PAYMENT_PENDING_REMINDER'])
  })

  test('§8: paid, cancelled and long forgotten orders are not reminded of', async () => {
    const rig = await makeRig(database)
    const [paid, left, superseded] = [await rig.free(), await rig.free(), await rig.free()]
    await rig.buy(paid)
    await rig.order(left)
    for (let n = 0; n < 6; n++) await rig.order(superseded)
    rig.clock.advance(25 * HOUR)
    await run(rig)
    for (const id of [paid, left, superseded]) expect(await templatesOf(rig, id)).toEqual([])
    expect((await rig.paymentsOf(superseded)).map((row) => row.status)).toEqual(['cancelled', ...Array(5).fill('failed')])
    expect((await rig.paymentsOf(paid))[0]!.status).toBe('completed')
  })
})
