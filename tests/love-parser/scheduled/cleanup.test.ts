import { expect, test } from 'bun:test'
import { onEachDatabase } from '../../support/databases.ts'
import { DAY, HOUR, iso } from '../../support/fake-clock.ts'
import { makeRig, paid, type Rig, START } from '../subscriptions/rig.ts'

const run = (rig: Pick<Rig, 'work'>) => rig.work.jobs['subscription-cleanup']()
const templatesOf = async (rig: Rig, id: string) => (await rig.notificationsOf(id)).map((row) => row.template)

/** A person with data whose last plan ended some time ago. */
const lapsed = async (rig: Rig, endedMs: number, planCode = 'month') => {
  const id = await rig.user()
  await rig.row(id, { planCode, status: 'expired', expiresAt: new Date(rig.clock.now() - endedMs) })
  await rig.data(id)
  return id
}

onEachDatabase('subscription-cleanup', (database) => {
  test('§11.23: spares an old expired and a live row, a free user, one expired 47 h ago; at 48 h deletes and notifies once', async () => {
    const rig = await makeRig(database)
    const live = await lapsed(rig, 10 * DAY)
    await rig.row(live, { planCode: 'free', expiresAt: new Date(START + DAY) })
    const free = await lapsed(rig, 10 * DAY, 'free')
    const recent = await lapsed(rig, 47 * HOUR)
    const due = await lapsed(rig, 48 * HOUR)
    const before = await rig.revisionOf(due)
    await run(rig)
    expect(await Promise.all([live, free, recent, due].map(rig.searchesOf))).toEqual([1, 1, 1, 0])
    expect(await rig.notificationsOf(due)).toMatchObject([
      { template: 'DATA_REMOVAL', metadata: { searches: 1, segments: 1, channels: 1 } },
    ])
    expect(await rig.revisionOf(due)).toBe(before + 1)
    rig.clock.advance(HOUR)
    await run(rig)
    expect(await rig.searchesOf(recent)).toBe(0)
    expect(await templatesOf(rig, due)).toEqual(['DATA_REMOVAL'])
  })

  test('§8: nothing removed, nothing told; a person is not looked at again until a new plan has ended', async () => {
    const rig = await makeRig(database)
    const id = await rig.user()
    await rig.row(id, { expiresAt: new Date(START - 3 * DAY), metadata: { source: 'robokassa' } })
    await run(rig)
    expect(await templatesOf(rig, id)).toEqual([])
    expect((await rig.rowsOf(id))[0]!.metadata).toEqual({ source: 'robokassa', data_removed_at: iso(START) })
    await rig.buy(id, 'week')
    await rig.data(id)
    rig.clock.advance(10 * DAY)
    await run(rig)
    expect(await templatesOf(rig, id)).toEqual(['DATA_REMOVAL'])
  })

  test('§11.23: two processes at once delete and tell once', async () => {
    const rig = await makeRig(database)
    const ids: string[] = []
    for (let n = 0; n < 12; n++) ids.push(await lapsed(rig, 49 * HOUR))
    const other = await rig.another()
    await Promise.all([run(rig), run(other)])
    for (const id of ids) {
      expect(await rig.searchesOf(id)).toBe(0)
      expect(await templatesOf(rig, id)).toEqual(['DATA_REMOVAL'])
    }
  })

  test('§8: a plan that begins while the data is being deleted is never left with half of it', async () => {
    const rig = await makeRig(database)
    const id = await lapsed(rig, 49 * HOUR)
    await rig.order(id, 'week')
    const other = await rig.another()
    await Promise.all([run(rig), other.subscriptions.receivePayment(paid('1', '450.00'), '1.2.3.4')])
    // Which of the two comes first is the database's choice.
    const told = await templatesOf(rig, id)
    expect(await rig.searchesOf(id)).toBe(told.length === 0 ? 1 : 0)
    expect((await rig.view(id)).active).toBe(true)
  })
})
