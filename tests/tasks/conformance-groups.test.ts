import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { onEachDatabase } from '../support/databases.ts'
import { MINUTE } from '../support/fake-clock.ts'
import { holderOf, LEASE_MS, makeRig, OURS, type Rig, together } from './rig.ts'

const some = (count: number, groupKey: string | undefined, priority = 10) =>
  Array.from({ length: count }, () => ({ kind: 'a', payload: {}, groupKey, priority }))
const groupsOf = (tasks: { groupKey: string | null }[]) => tasks.map((task) => task.groupKey)
const leasedOf = async (rig: Rig, key: string) =>
  Number(
    (
      await rig.db.sql<{ n: number }>(
        sql`select count(*) as n from tasks where state in ('leased', 'cancelling') and group_key = ${key}`,
      )
    )[0]!.n,
  )

onEachDatabase('engine: groups', (database) => {
  test('architecture §6: a cap limits the leases of a group, for all workers together', async () => {
    const rig = await makeRig(database)
    await rig.engine.setGroup({ key: 'host', cap: 2 })
    await rig.enqueue(...some(5, 'host'))
    const first = await rig.lease('w1', 1)
    const second = await rig.lease('w2', 10)
    expect([first.length, second.length, (await rig.lease('w3', 10)).length]).toEqual([1, 1, 0])
    await rig.engine.complete('w1', [holderOf(first[0]!)], OURS)
    expect(await rig.lease('w3', 10)).toHaveLength(1)
  })

  test('architecture §6: a full group does not hide the tasks behind it', async () => {
    const rig = await makeRig(database)
    await rig.engine.setGroup({ key: 'x', cap: 1 })
    await rig.engine.setGroup({ key: 'y', cap: 2 })
    await rig.enqueue(...some(50, 'x', 90), ...some(50, 'y', 50), ...some(3, undefined, 5), ...some(2, 'free', 4))
    expect(groupsOf(await rig.lease('w1', 8))).toEqual(['x', 'y', 'y', null, null, null, 'free', 'free'])
    expect(await rig.lease('w1', 8)).toEqual([])
  })

  test('architecture §6: priority and age order hold within what the caps allow', async () => {
    const rig = await makeRig(database)
    await rig.engine.setGroup({ key: 'x', cap: 2 })
    await rig.enqueue(
      ...some(1, 'x', 10),
      ...some(1, undefined, 20),
      ...some(2, 'x', 30),
      ...some(1, undefined, 30),
      ...some(1, undefined, 1),
    )
    const leased = await rig.lease('w1', 4)
    expect(leased.map((task) => [task.priority, task.groupKey])).toEqual([
      [30, 'x'],
      [30, 'x'],
      [30, null],
      [20, null],
    ])
  })

  test('gifty §4: behind a full group no task of another kind overtakes one of higher priority', async () => {
    const rig = await makeRig(database)
    await rig.engine.setGroup({ key: 'x', cap: 1 })
    await rig.enqueue(...some(5, 'x', 90), ...some(1, undefined, 80), { kind: 'b', payload: {}, priority: 10 })
    expect((await rig.lease('w1', 2)).map((task) => task.priority)).toEqual([90, 80])
    expect((await rig.lease('w1', 2)).map((task) => task.priority)).toEqual([10])
  })

  test('architecture §6: a task that is being cancelled still takes its place; a lost one gives it back', async () => {
    const rig = await makeRig(database)
    await rig.engine.setGroup({ key: 'x', cap: 1 })
    await rig.enqueue(...some(2, 'x'))
    const [task] = await rig.lease()
    await rig.engine.cancel(task!.id, OURS)
    expect(await rig.lease('w2')).toEqual([])
    rig.clock.advance(LEASE_MS)
    expect(await rig.lease('w2')).toHaveLength(1)
  })

  test('architecture §6: a pause holds a group back until its end, not its running tasks', async () => {
    const rig = await makeRig(database)
    await rig.enqueue(...some(2, 'x'), ...some(1, 'y', 1))
    const [running] = await rig.lease()
    await rig.engine.setGroup({ key: 'x', pausedUntil: new Date(rig.clock.now() + 30_000) })
    expect(groupsOf(await rig.lease('w2', 10))).toEqual(['y'])
    expect((await rig.engine.complete('w1', [holderOf(running!)], OURS)).size).toBe(0)
    rig.clock.advance(29_999)
    expect(await rig.lease('w2', 10)).toEqual([])
    rig.clock.advance(1)
    expect(groupsOf(await rig.lease('w2', 10))).toEqual(['x'])
  })

  test('architecture §6: cap and pause are set apart and taken back by null', async () => {
    const rig = await makeRig(database)
    await rig.enqueue(...some(4, 'x'))
    await rig.engine.setGroup({ key: 'x', cap: 0 })
    expect(await rig.lease('w1', 10)).toEqual([])
    await rig.engine.setGroup({ key: 'x', pausedUntil: new Date(rig.clock.now() + MINUTE) })
    await rig.engine.setGroup({ key: 'x', cap: 1 })
    expect(await rig.lease('w1', 10)).toEqual([])
    await rig.engine.setGroup({ key: 'x', pausedUntil: null })
    expect(await rig.lease('w1', 10)).toHaveLength(1)
    await rig.engine.setGroup({ key: 'x', cap: null })
    expect(await rig.lease('w1', 10)).toHaveLength(3)
  })

  test('architecture §6: the cap holds when many lease at once', async () => {
    const rig = await makeRig(database)
    const engines = [rig.engine, rig.on(await database.second()), rig.on(await database.second())]
    await rig.engine.setGroup({ key: 'x', cap: 3 })
    await rig.engine.setGroup({ key: 'y', cap: 5 })
    // Interleaved, so that leasers meet both groups in different orders.
    for (let n = 0; n < 20; n++) await rig.enqueue(...some(1, n % 2 ? 'x' : 'y', n % 3), ...some(1, n % 2 ? 'y' : 'x', n % 3))
    let completed = 0
    for (let round = 0; round < 200 && completed < 40; round++) {
      const sets = await together(8, (n) =>
        engines[n % 3]!.lease({ owner: `w${n}`, kinds: [...OURS], max: 4, leaseMs: LEASE_MS }),
      )
      expect(await leasedOf(rig, 'x')).toBeLessThanOrEqual(3)
      expect(await leasedOf(rig, 'y')).toBeLessThanOrEqual(5)
      for (const [n, set] of sets.entries()) {
        completed += set.length
        expect(
          (
            await rig.engine.complete(
              `w${n}`,
              set.map((task) => ({ id: task.id, fence: task.fence })),
              OURS,
            )
          ).size,
        ).toBe(0)
      }
    }
    expect(completed).toBe(40)
  }, 300_000)
})
