import { describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { isRefusal, TASK_PROGRESS, type Task } from '../../src/tasks/index.ts'
import { onEachDatabase } from '../support/databases.ts'
import { HOUR, MINUTE } from '../support/fake-clock.ts'
import { holderOf, LEASE_MS, makeRig, OURS, type Rig, together } from './rig.ts'

onEachDatabase('engine: leases and fences', (database) => {
  test('gifty §4: a lease names its holder, its end and its attempt', async () => {
    const rig = await makeRig(database)
    const task = await rig.leased()
    expect(task).toMatchObject({ state: 'leased', leaseOwner: 'w1', attempts: 1, fence: 1, lastEnd: null })
    expect(task.leaseExpiresAt!.getTime()).toBe(rig.clock.now() + LEASE_MS)
    expect(await rig.task(task.id)).toEqual(task)
  })

  test('gifty §4: a lease asks for nothing and gets nothing', async () => {
    const rig = await makeRig(database)
    await rig.one()
    expect(await rig.lease('w1', 0)).toEqual([])
    expect(await rig.lease('w1', 5, [])).toEqual([])
    expect(await rig.lease('w1', 5, ['b'])).toEqual([])
  })

  test('gifty §4: many leasers at once never get one task twice, and all tasks are handed out', async () => {
    const rig = await makeRig(database)
    const engines = [rig.engine, rig.on(await database.second()), rig.on(await database.second())]
    const total = 300
    await rig.enqueue(...Array.from({ length: total }, (_, n) => ({ kind: OURS[n % 3]!, priority: n % 7, payload: { n } })))
    const taken: Task[] = []
    // SKIP LOCKED may let a leaser go away empty while another holds the rows, so the rounds go on until nothing is left.
    for (let round = 0; round < 40 && taken.length < total; round++) {
      const sets = await together(12, (n) =>
        engines[n % 3]!.lease({ owner: `w${n}`, kinds: [...OURS], max: 5, leaseMs: LEASE_MS }),
      )
      for (const set of sets) expect(set.length).toBeLessThanOrEqual(5)
      taken.push(...sets.flat())
    }
    expect(taken).toHaveLength(total)
    expect(new Set(taken.map((task) => task.id)).size).toBe(total)
    for (const task of taken) expect(task).toMatchObject({ fence: 1, attempts: 1, state: 'leased' })
    const owners = await rig.db.sql<{ n: number }>(sql`select count(*) as n from tasks where state = 'leased'`)
    expect(Number(owners[0]!.n)).toBe(total)
  })

  test('gifty §4: a lease never takes more than its max, also when the planner knows a stale size of the table', async () => {
    const rig = await makeRig(database)
    await rig.one()
    await rig.db.sql(sql.raw('analyze'))
    await rig.enqueue(...Array.from({ length: 60 }, () => ({ kind: 'a', payload: {} })))
    for (const max of [1, 1, 2, 3, 5]) expect(await rig.lease('w1', max)).toHaveLength(max)
    expect(await rig.lease('w1', 100)).toHaveLength(61 - 12)
  })

  test('gifty §4: the fence rises with each lease', async () => {
    const rig = await makeRig(database)
    const task = await rig.leased()
    for (let lease = 2; lease <= 5; lease++) {
      rig.clock.advance(LEASE_MS)
      const [again] = await rig.lease(`w${lease}`)
      expect(again).toMatchObject({ id: task.id, fence: lease, attempts: lease, leaseOwner: `w${lease}` })
    }
  })

  test('gifty §4: an expired lease is offered again at once, without a sweep in between', async () => {
    const rig = await makeRig(database)
    const task = await rig.leased()
    rig.clock.advance(LEASE_MS - 1)
    expect(await rig.lease('w2')).toEqual([])
    rig.clock.advance(1)
    expect(await rig.lease('w2')).toMatchObject([{ id: task.id, fence: 2, attempts: 2 }])
  })

  test('gifty §4: a heartbeat that names no length keeps that of the lease', async () => {
    const rig = await makeRig(database)
    await rig.enqueue({ kind: 'a', payload: {} })
    const [task] = await rig.engine.lease({ owner: 'w1', kinds: ['a'], max: 1, leaseMs: 10 * MINUTE })
    if (!task) throw new Error('nothing was leased')
    const lasts = async (leaseMs?: number) => {
      const beat = await rig.engine.heartbeat(holderOf(task), leaseMs)
      return 'leaseExpiresAt' in beat ? beat.leaseExpiresAt.getTime() - rig.clock.now() : beat
    }
    rig.clock.advance(MINUTE)
    expect(await lasts()).toBe(10 * MINUTE)
    expect(await lasts(2 * MINUTE)).toBe(2 * MINUTE)
    rig.clock.advance(MINUTE)
    expect(await lasts()).toBe(2 * MINUTE)
  })

  test('gifty §4: a heartbeat prolongs from now and stores progress; one without keeps the last', async () => {
    const rig = await makeRig(database)
    const task = await rig.leased()
    rig.heard.length = 0
    rig.clock.advance(30_000)
    const progress = { done: 3, of: 10, note: 'половина' }
    expect(await rig.engine.heartbeat(holderOf(task), 2 * MINUTE, progress)).toEqual({
      leaseExpiresAt: new Date(rig.clock.now() + 2 * MINUTE),
      cancelRequested: false,
    })
    expect(rig.heard).toEqual([{ topic: TASK_PROGRESS, message: { taskId: task.id, kind: 'a', progress } }])
    rig.clock.advance(30_000)
    await rig.engine.heartbeat(holderOf(task), 5 * MINUTE)
    expect(await rig.task(task.id)).toMatchObject({
      progress,
      state: 'leased',
      leaseExpiresAt: new Date(rig.clock.now() + 5 * MINUTE),
    })
    rig.clock.advance(4 * MINUTE)
    expect(await rig.lease('w2')).toEqual([])
    expect(rig.heard).toHaveLength(1)
  })

  test('gifty §4: an unknown task is unknown to every verb, a malformed id too', async () => {
    const rig = await makeRig(database)
    for (const id of ['019bc186-de07-7c01-a33d-b88c80300678', 'not-a-uuid', '']) {
      const holder = { id, owner: 'w1', fence: 1 }
      expect(await rig.engine.heartbeat(holder, MINUTE)).toMatchObject({ code: 'not_found' })
      expect(await rig.engine.fail(holder, { error: 'x', retryable: true }, OURS)).toMatchObject({ code: 'not_found' })
      expect((await rig.engine.complete('w1', [holder], OURS)).get(id)).toMatchObject({ code: 'not_found' })
      expect((await rig.engine.release([holder], OURS)).get(id)).toMatchObject({ code: 'not_found' })
      expect(await rig.engine.cancel(id, OURS)).toMatchObject({ code: 'not_found' })
      expect(await rig.engine.get(id)).toBeUndefined()
      expect(await rig.db.tx((tx) => rig.engine.requireLease(tx, holder))).toMatchObject({ code: 'not_found' })
    }
  })

  describe('gifty §4: stale_lease changes nothing', () => {
    const refusedByAll = async (rig: Rig, id: string, owner: string, fence: number) => {
      const before = await rig.task(id)
      rig.heard.length = 0
      const holder = { id, owner, fence }
      expect(await rig.engine.heartbeat(holder, HOUR, { stolen: true })).toMatchObject({ code: 'stale' })
      expect((await rig.engine.complete(owner, [{ id, fence, result: 'stolen' }], OURS)).get(id)).toMatchObject({ code: 'stale' })
      expect(await rig.engine.fail(holder, { error: 'stolen', retryable: false }, OURS)).toMatchObject({ code: 'stale' })
      expect((await rig.engine.release([holder], OURS)).get(id)).toMatchObject({ code: 'stale' })
      expect(await rig.db.tx((tx) => rig.engine.requireLease(tx, holder))).toMatchObject({ code: 'stale' })
      expect(await rig.task(id)).toEqual(before)
      expect(rig.heard).toEqual([])
    }

    test('an old fence, of the same worker too', async () => {
      const rig = await makeRig(database)
      const task = await rig.leased('w1')
      rig.clock.advance(LEASE_MS)
      await rig.lease('w1')
      await refusedByAll(rig, task.id, 'w1', 1)
    })
    test('a fence of the future', async () => {
      const rig = await makeRig(database)
      await refusedByAll(rig, (await rig.leased('w1')).id, 'w1', 2)
    })
    test('another owner with the right fence', async () => {
      const rig = await makeRig(database)
      await refusedByAll(rig, (await rig.leased('w1')).id, 'w2', 1)
    })
    test('an expired lease that nobody has taken yet', async () => {
      const rig = await makeRig(database)
      const task = await rig.leased('w1')
      rig.clock.advance(LEASE_MS)
      await refusedByAll(rig, task.id, 'w1', 1)
      await rig.engine.sweep()
      await refusedByAll(rig, task.id, 'w1', 1)
    })
    test('a task that was never leased', async () => {
      const rig = await makeRig(database)
      await refusedByAll(rig, await rig.one(), 'w1', 0)
    })
    test('a finished task, for another worker', async () => {
      const rig = await makeRig(database)
      const task = await rig.leased('w1')
      await rig.engine.complete('w1', [holderOf(task)], OURS)
      await refusedByAll(rig, task.id, 'w2', 1)
    })
    test('a released task', async () => {
      const rig = await makeRig(database)
      const task = await rig.leased('w1')
      await rig.engine.release([holderOf(task)], OURS)
      await refusedByAll(rig, task.id, 'w1', 1)
    })
  })

  test('gifty §3: `holding` answers the task to its holder', async () => {
    const rig = await makeRig(database)
    const task = await rig.leased('w1')
    const held = await rig.db.tx((tx) => rig.engine.requireLease(tx, holderOf(task)))
    expect(isRefusal(held)).toBe(false)
    expect(held).toMatchObject({ id: task.id, fence: 1 })
  })
})
