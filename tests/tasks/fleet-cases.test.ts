import { expect, test } from 'bun:test'
import { createLocalBus } from '../../src/platform/shared.ts'
import { createEngine, defineKind } from '../../src/tasks/index.ts'
import { countStatements } from '../support/count-statements.ts'
import { onEachDatabase } from '../support/databases.ts'
import { DAY, fakeClock, HOUR, MINUTE } from '../support/fake-clock.ts'
import { holderOf, LEASE_MS, makeRig, OURS, PLAIN_KINDS } from './rig.ts'

/** Right results of faults that were found in the engine (cases of the fleet; ids as there). */
onEachDatabase('fleet cases: engine', (database) => {
  test('A10: limits of other groups cost a lease nothing', async () => {
    const counting = countStatements(await database.fresh())
    const clock = fakeClock()
    const engine = createEngine({ db: counting.db, clock, bus: createLocalBus(() => {}), kinds: PLAIN_KINDS })
    const enqueue = () =>
      counting.db.tx((tx) =>
        engine.enqueue(
          tx,
          Array.from({ length: 25 }, (_, n) => ({ kind: 'a', payload: { n } })),
        ),
      )
    const lease = () =>
      counting.during(async () => {
        expect(await engine.lease({ owner: 'w', kinds: ['a'], max: 25, leaseMs: LEASE_MS })).toHaveLength(25)
      })
    await engine.sweep()
    await enqueue()
    const before = await lease()
    await engine.setGroup({ key: 'telegram:live', cap: 1 })
    for (let n = 0; n < 50; n++) await engine.setGroup({ key: `host:${n}.example`, pausedUntil: new Date(clock.now() + HOUR) })
    await enqueue()
    expect(await lease()).toBe(before)
  })

  test('tasks without hooks: a lease and a completion are one statement each on Postgres, also while foreign groups are capped', async () => {
    const db = await database.fresh()
    const counting = countStatements(db)
    const engine = createEngine({ db: counting.db, clock: fakeClock(), bus: createLocalBus(() => {}), kinds: PLAIN_KINDS })
    // SQLite has no round trips to save: candidates, their caps, the lease; and a lock before the completion.
    const [toLease, toComplete] = db.isShared ? [1, 1] : [3, 2]
    await engine.sweep()
    await counting.db.tx((tx) =>
      engine.enqueue(
        tx,
        Array.from({ length: 60 }, (_, n) => ({ kind: 'a', payload: { n }, groupKey: `host:${n}`, siteKey: 'shop' })),
      ),
    )
    await engine.setGroup({ key: 'host:other', cap: 1 })
    for (const max of [1, 20]) {
      let tasks: Awaited<ReturnType<typeof engine.lease>> = []
      const leasing = await counting.during(async () => {
        tasks = await engine.lease({ owner: 'w', kinds: ['a'], max, leaseMs: LEASE_MS })
      })
      expect(tasks.map((task) => [task.state, task.leaseOwner, task.attempts])).toEqual(tasks.map(() => ['leased', 'w', 1]))
      expect({ leased: tasks.length, leasing }).toEqual({ leased: max, leasing: toLease })
      // As it is stored, column by column.
      expect(await engine.get(tasks[0]!.id)).toEqual(tasks[0]!)
      const verdicts = tasks.map(({ id, fence }, n) => ({ id, fence, result: { n } }))
      const completing = await counting.during(async () => {
        expect(await engine.complete('w', verdicts, ['a'])).toEqual(new Map())
      })
      expect(completing).toBe(toComplete)
      expect(await engine.get(tasks.at(-1)!.id)).toMatchObject({
        state: 'completed',
        lastEnd: 'complete',
        result: { n: max - 1 },
      })
      // Repeated by the holder, and by another worker: only the holder's repeat is `done`.
      expect(await engine.complete('w', verdicts, ['a'])).toEqual(new Map())
      expect((await engine.complete('other', verdicts, ['a'])).size).toBe(max)
    }
  })

  test('one completion and its repeat, another worker and an old fence come at once: each gets its own answer', async () => {
    const rig = await makeRig(database)
    await rig.enqueue({ kind: 'a', payload: {} }, { kind: 'a', payload: {} })
    const [task, other] = await rig.lease('w', 2)
    const { id, fence } = task!
    const say = (owner: string, ...items: { id: string; fence: number }[]) => rig.engine.complete(owner, items, [...OURS])
    // The first is under way alone; the others wait and go together.
    const answers = await Promise.all([
      say('w', { id: other!.id, fence: other!.fence }),
      say('w', { id, fence }, { id: 'no-id', fence: 1 }),
      say('w', { id, fence }, { id, fence: fence + 1 }),
      say('w', { id, fence: fence + 1 }),
      say('thief', { id, fence }),
    ])
    expect(answers.map((answer) => [...answer].map(([of, { code }]) => [of, code]))).toEqual([
      [],
      [['no-id', 'not_found']],
      [],
      [[id, 'stale']],
      [[id, 'stale']],
    ])
  })

  test('a host and a site are groups of a task: pauses and caps of either hold, also for many who lease at once', async () => {
    const rig = await makeRig(database)
    const of = (n: number, site: string) => ({ kind: 'a', payload: { n }, groupKey: `host:${n % 3}`, siteKey: site })
    await rig.enqueue(...Array.from({ length: 12 }, (_, n) => of(n, n < 6 ? 'one' : 'two')))
    await rig.engine.setGroup({ key: 'site:one', cap: 2 })
    await rig.engine.setGroup({ key: 'host:0', pausedUntil: new Date(rig.clock.now() + MINUTE) })
    const leases = await Promise.all(Array.from({ length: 6 }, (_, n) => rig.lease(`w${n}`, 4)))
    const taken = leases.flat()
    expect(taken.filter((task) => task.siteKey === 'one')).toHaveLength(2)
    expect(taken.filter((task) => task.siteKey === 'two')).toHaveLength(4)
    expect(taken.filter((task) => task.groupKey === 'host:0')).toHaveLength(0)
    expect(new Set(taken.map((task) => task.id)).size).toBe(6)
    rig.clock.advance(LEASE_MS - 1)
    expect(await rig.lease('w', 10)).toEqual([])
  })

  test('a group that is full takes no places of others, however many of its tasks go first', async () => {
    const rig = await makeRig(database)
    await rig.engine.setGroup({ key: 'g', cap: 2 })
    await rig.enqueue(...Array.from({ length: 400 }, () => ({ kind: 'a', payload: {}, groupKey: 'g', priority: 90 })))
    await rig.enqueue(...Array.from({ length: 5 }, () => ({ kind: 'a', payload: {} })))
    const taken = await rig.lease('w', 7)
    expect(taken.map((task) => task.groupKey)).toEqual(['g', 'g', null, null, null, null, null])
  })

  test('A11: after the clock was set back, what was ready stays ready and a lease lasts as long as it was taken for', async () => {
    const rig = await makeRig(database)
    const lost = await rig.leased('gone')
    const pending = await rig.one({ kind: 'b' })
    const delayed = await rig.one({ kind: 'c', runAfter: new Date(rig.clock.now() + 10 * MINUTE) })
    rig.clock.advance(-HOUR)
    expect(await rig.lease('w', 10)).toMatchObject([{ id: pending }])
    rig.clock.advance(LEASE_MS)
    expect(await rig.lease('w', 10, ['a'])).toMatchObject([{ id: lost.id, attempts: 2 }])
    rig.clock.advance(9 * MINUTE)
    expect(await rig.lease('w', 10, ['c'])).toMatchObject([{ id: delayed }])
  })

  test('A11: of several processes that notice it one moves the times, and one that starts later notices too', async () => {
    const rig = await makeRig(database)
    const other = rig.on(await database.second())
    await other.sweep()
    const lost = await rig.leased('gone')
    await rig.engine.sweep()
    rig.clock.advance(-HOUR)
    await Promise.all([rig.engine.sweep(), other.sweep(), rig.engine.sweep()])
    expect((await rig.task(lost.id)).leaseExpiresAt?.getTime()).toBe(rig.clock.now() + LEASE_MS)
    // All were down while the clock went back.
    rig.clock.advance(-DAY)
    const late = rig.on(await database.second())
    await late.sweep()
    const left = ((await rig.task(lost.id)).leaseExpiresAt?.getTime() as number) - rig.clock.now()
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(LEASE_MS)
  })

  test('A12: a page of tasks ends before its JSON grows large, and the next one continues there', async () => {
    const rig = await makeRig(database)
    const text = 'x'.repeat(900_000)
    for (let n = 0; n < 10; n++) await rig.enqueue({ kind: 'a', payload: { n, text } })
    const seen: number[] = []
    for (let after: string | undefined, pages = 0; ; pages++) {
      const { tasks, next } = await rig.engine.list({ kinds: OURS, limit: 200, after })
      expect(JSON.stringify(tasks).length).toBeLessThan(4.5 * 1024 * 1024)
      seen.push(...tasks.map((task) => (task.payload as { n: number }).n))
      if (next === undefined) break
      expect(pages).toBeLessThan(10)
      after = next
    }
    expect(seen).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
  })

  test('B5: a task rises by 100 at most, then priority decides again', async () => {
    const rig = await makeRig(database)
    const old = await rig.one({ priority: 10 })
    rig.clock.advance(10 * HOUR)
    const urgent = await rig.one({ priority: 111 })
    expect((await rig.lease())[0]?.id).toBe(urgent)
    const equal = await rig.one({ priority: 110 })
    expect((await rig.lease())[0]?.id).toBe(old)
    expect((await rig.lease())[0]?.id).toBe(equal)
  })

  test('B5: a kind that does not age goes by priority alone', async () => {
    const rig = await makeRig(database, [defineKind('a', { ageing: false })])
    await rig.one({ priority: 0 })
    rig.clock.advance(10 * HOUR)
    const later = await rig.one({ priority: 1 })
    expect((await rig.lease('w', 1, ['a']))[0]?.id).toBe(later)
  })

  test('concurrent callers share a batch, and each gets its own tasks under its own name', async () => {
    const rig = await makeRig(database)
    await rig.enqueue(...Array.from({ length: 60 }, (_, n) => ({ kind: 'a', payload: { n } })))
    const leases = await Promise.all(Array.from({ length: 8 }, (_, n) => rig.lease(`w${n}`, 10, ['a'], LEASE_MS + n)))
    const taken = leases.flat()
    expect(taken).toHaveLength(60)
    expect(new Set(taken.map((task) => task.id)).size).toBe(60)
    leases.forEach((tasks, n) => {
      for (const task of tasks) {
        expect(task.leaseOwner).toBe(`w${n}`)
        expect(task.leaseExpiresAt?.getTime()).toBe(rig.clock.now() + LEASE_MS + n)
      }
    })
    // One of the callers is too late, another repeats its call: each gets its own answer.
    const [first, ...others] = leases as [typeof taken, ...(typeof taken)[]]
    const answers = await Promise.all([
      rig.engine.complete(
        'w0',
        first.map(({ id, fence }) => ({ id, fence })),
        OURS,
      ),
      rig.engine.complete(
        'w0',
        first.map(({ id, fence }) => ({ id, fence })),
        OURS,
      ),
      ...others.map((tasks, n) =>
        rig.engine.complete(
          `w${n + 2}`,
          tasks.map(({ id, fence }) => ({ id, fence })),
          OURS,
        ),
      ),
    ])
    expect(answers.slice(0, 2).map((refused) => refused.size)).toEqual([0, 0])
    for (const [n, refused] of answers.slice(2).entries())
      expect([n, [...refused.values()].every(({ code }) => code === 'stale'), refused.size]).toEqual([
        n,
        true,
        others[n]?.length ?? 0,
      ])
    expect(await rig.engine.heldBy('w1', OURS)).toHaveLength(10)
  })

  test('a hook that withholds a task does not keep the lease from others', async () => {
    const kind = defineKind('a', {
      *leased(_tx, tasks) {
        return new Map(
          tasks
            .filter(({ payload }) => (payload as { bad?: boolean }).bad)
            .map(({ id }) => [id, { state: 'failed' as const, error: 'cannot be read' }]),
        )
      },
    })
    const rig = await makeRig(database, [kind])
    await rig.enqueue(...Array.from({ length: 3 }, () => ({ kind: 'a', payload: { bad: true } })))
    const good = await rig.one()
    const taken = await rig.lease('w', 1, ['a'])
    expect(taken).toMatchObject([{ id: good }])
    await rig.engine.release([holderOf(taken[0] as never, 'w')], ['a'])
    expect(await rig.engine.counts()).toEqual([{ kind: 'a', state: 'queued', count: 1 }])
  })
})
