import { describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { createEngine, defineKind, isRefusal, TASKS_READY, type TaskState } from '../../src/tasks/index.ts'
import { exponentialDelay } from '../../src/tasks/model.ts'
import { onEachDatabase } from '../support/databases.ts'
import { MINUTE } from '../support/fake-clock.ts'
import { holderOf, LEASE_MS, makeRig, OURS, PLAIN_KINDS, type Rig } from './rig.ts'

const failure = { error: 'it broke', retryable: true }
/** Fails the lease that `w1` has and answers what followed. */
const failOnce = async (rig: Rig, id: string, retryable = true) => {
  const [task] = await rig.lease()
  expect(task!.id).toBe(id)
  const answer = await rig.engine.fail(holderOf(task!), { ...failure, retryable }, OURS)
  if (isRefusal(answer)) throw new Error(answer.message)
  return answer
}

onEachDatabase('engine: complete, fail, release', (database) => {
  test('gifty §4: complete stores the result and ends the task', async () => {
    const rig = await makeRig(database)
    for (const result of [{ score: 7.5, list: ['й'] }, 'text', 0, false, ['x'], undefined, null]) {
      const task = await rig.leased()
      rig.clock.advance(10)
      expect((await rig.engine.complete('w1', [{ ...holderOf(task), result }], OURS)).size).toBe(0)
      expect(await rig.task(task.id)).toMatchObject({
        state: 'completed',
        result: result ?? null,
        lastEnd: 'complete',
        leaseExpiresAt: null,
        error: null,
        finishedAt: new Date(rig.clock.now()),
      })
    }
  })

  test('gifty §4: complete repeated by the last holder answers again and changes nothing', async () => {
    const rig = await makeRig(database)
    const task = await rig.leased()
    await rig.engine.complete('w1', [{ ...holderOf(task), result: 'first' }], OURS)
    const before = await rig.task(task.id)
    rig.clock.advance(MINUTE)
    expect((await rig.engine.complete('w1', [{ ...holderOf(task), result: 'second' }], OURS)).size).toBe(0)
    expect(await rig.task(task.id)).toEqual(before)
    expect(await rig.engine.fail(holderOf(task), failure, OURS)).toMatchObject({ code: 'stale' })
  })

  test('gifty §4: fail repeated by the last holder answers again and counts once', async () => {
    const rig = await makeRig(database)
    const task = await rig.leased()
    const first = await rig.engine.fail(holderOf(task), failure, OURS)
    const before = await rig.task(task.id)
    expect(await rig.engine.fail(holderOf(task), { ...failure, retryable: false }, OURS)).toEqual(first)
    expect(await rig.task(task.id)).toEqual(before)
    expect((await rig.engine.complete('w1', [holderOf(task)], OURS)).get(task.id)).toMatchObject({ code: 'stale' })
  })

  test('gifty §4: in a set each task stands alone', async () => {
    const rig = await makeRig(database)
    const good = await rig.leased()
    const other = await rig.leased('w2')
    const old = await rig.leased()
    const foreign = await rig.leased('w1', { kind: 'foreign' })
    const done = await rig.leased()
    await rig.engine.complete('w1', [holderOf(done)], OURS)
    const refused = await rig.engine.complete(
      'w1',
      [
        holderOf(good),
        holderOf(other),
        { id: old.id, fence: 0 },
        holderOf(foreign),
        holderOf(done),
        { id: 'nonsense', fence: 1 },
      ],
      OURS,
    )
    expect(Object.fromEntries([...refused].map(([id, refusal]) => [id, refusal.code]))).toEqual({
      [other.id]: 'stale',
      [old.id]: 'stale',
      [foreign.id]: 'not_found',
      nonsense: 'not_found',
    })
    const states = await Promise.all([good, other, old, foreign, done].map(async (task) => (await rig.task(task.id)).state))
    expect(states).toEqual(['completed', 'leased', 'leased', 'leased', 'completed'])
  })

  test('gifty §4: an id named twice in a set is decided by its first item, and its effect happens once', async () => {
    const effects: string[] = []
    const kind = defineKind('a', {
      *completed(_tx, done) {
        effects.push(...done.map((item) => item.task.id))
        return new Map()
      },
    })
    const rig = await makeRig(database, [kind])
    const first = await rig.leased()
    expect((await rig.engine.complete('w1', [{ id: first.id, fence: 99 }, holderOf(first)], OURS)).get(first.id)).toMatchObject({
      code: 'stale',
    })
    expect([effects, (await rig.task(first.id)).state]).toEqual([[], 'leased'])
    expect((await rig.engine.complete('w1', [holderOf(first), { id: first.id, fence: 99 }, holderOf(first)], OURS)).size).toBe(0)
    expect([effects, (await rig.task(first.id)).state]).toEqual([[first.id], 'completed'])
  })

  test('gifty §4: an invalid result is refused by the domain and the lease stays', async () => {
    const kind = defineKind('a', {
      *completed(_tx, done) {
        return new Map(
          done.filter(({ result }) => result === 'bad').map(({ task }) => [task.id, { code: 'invalid' as const, message: 'no' }]),
        )
      },
    })
    const rig = await makeRig(database, [kind, PLAIN_KINDS[1]!])
    const [bad, good] = [await rig.leased(), await rig.leased()]
    const refused = await rig.engine.complete(
      'w1',
      [
        { ...holderOf(bad), result: 'bad' },
        { ...holderOf(good), result: 'good' },
      ],
      OURS,
    )
    expect([...refused]).toEqual([[bad.id, { code: 'invalid', message: 'no' }]])
    expect(await rig.task(bad.id)).toEqual(bad)
    expect(await rig.task(good.id)).toMatchObject({ state: 'completed', result: 'good' })
    expect((await rig.engine.complete('w1', [{ ...holderOf(bad), result: 'good' }], OURS)).size).toBe(0)
  })

  describe('hooks run in the transaction of the engine', () => {
    const HOOKS = ['leased', 'completed', 'failed', 'released', 'expired', 'cancelled', 'redriven'] as const
    /** A kind whose hook writes a row of its own and throws while `armed` names it. */
    const watched = async () => {
      const called: string[] = []
      let armed = ''
      const hook = (name: string, answer: unknown) =>
        function* (tx: any): Generator<any, any, any> {
          called.push(name)
          yield* tx.sql(
            sql`insert into schedule_skips (name, due_at, reason, created_at) values (${name}, ${database.dialect === 'sqlite' ? 0 : new Date(0).toISOString()}, 'hook', ${database.dialect === 'sqlite' ? 0 : new Date(0).toISOString()})`,
          )
          if (armed === name) throw new Error(`${name} hook`)
          return answer
        }
      const hooks = Object.fromEntries(
        HOOKS.map((name) => [name, hook(name, name === 'completed' || name === 'redriven' ? new Map() : undefined)]),
      )
      const rig = await makeRig(database, [defineKind('a', { maxAttempts: 2, ...hooks })])
      const written = async () => Number((await rig.db.sql<{ n: number }>(sql`select count(*) as n from schedule_skips`))[0]!.n)
      return { rig, called, written, arm: (name: string) => (armed = name) }
    }

    const verbs: Record<
      (typeof HOOKS)[number],
      { before: (rig: Rig) => Promise<string>; act: (rig: Rig, id: string) => Promise<unknown>; after: TaskState }
    > = {
      leased: { before: (rig) => rig.one(), act: (rig) => rig.lease(), after: 'leased' },
      completed: {
        before: async (rig) => (await rig.leased()).id,
        act: (rig, id) => rig.engine.complete('w1', [{ id, fence: 1 }], OURS),
        after: 'completed',
      },
      failed: {
        before: async (rig) => (await rig.leased()).id,
        act: (rig, id) => rig.engine.fail({ id, owner: 'w1', fence: 1 }, failure, OURS),
        after: 'queued',
      },
      released: {
        before: async (rig) => (await rig.leased()).id,
        act: (rig, id) => rig.engine.release([{ id, owner: 'w1', fence: 1 }], OURS),
        after: 'queued',
      },
      expired: {
        before: async (rig) => {
          const { id } = await rig.leased()
          rig.clock.advance(LEASE_MS)
          return id
        },
        act: (rig) => rig.engine.sweep(),
        after: 'queued',
      },
      cancelled: { before: (rig) => rig.one(), act: (rig, id) => rig.engine.cancel(id, OURS), after: 'cancelled' },
      redriven: {
        before: async (rig) => {
          const task = await rig.leased()
          await rig.engine.fail(holderOf(task), { error: 'x', retryable: false }, OURS)
          return task.id
        },
        act: (rig, id) => rig.engine.redrive({ ids: [id], limit: 1 }, OURS),
        after: 'queued',
      },
    }
    for (const name of HOOKS)
      test(`architecture §6: ${name}: a throwing hook rolls the engine back, a working one commits with it`, async () => {
        const { rig, called, written, arm } = await watched()
        const { before, act, after } = verbs[name]
        const id = await before(rig)
        const [task, rows] = [await rig.task(id), await written()]
        rig.heard.length = 0
        arm(name)
        expect(await act(rig, id).then(String, (error) => error.message)).toBe(`${name} hook`)
        expect(await rig.task(id)).toEqual(task)
        expect(await written()).toBe(rows)
        expect(rig.heard).toEqual([])
        arm('')
        called.length = 0
        await act(rig, id)
        expect(called).toEqual([name])
        expect((await rig.task(id)).state).toBe(after)
        expect(await written()).toBe(rows + 1)
      })
  })

  test('gifty §4: a retryable failure waits 10 s x 2^(n-1); after the fifth attempt the task is dead', async () => {
    const rig = await makeRig(database, [defineKind('a')], () => 0.5)
    const id = await rig.one()
    for (const delay of [10_000, 20_000, 40_000, 80_000]) {
      expect(await failOnce(rig, id)).toEqual({ state: 'queued', nextAttemptAt: new Date(rig.clock.now() + delay) })
      rig.clock.advance(delay - 1)
      expect(await rig.lease()).toEqual([])
      rig.clock.advance(1)
    }
    expect(await failOnce(rig, id)).toEqual({ state: 'dead', nextAttemptAt: null })
    rig.clock.advance(365 * 86_400_000)
    expect(await rig.lease()).toEqual([])
    expect(await rig.task(id)).toMatchObject({ state: 'dead', attempts: 5, error: 'it broke' })
  })

  test('gifty §4: the delay grows to 15 min and no further', () => {
    expect([1, 2, 6, 7, 8, 50].map(exponentialDelay)).toEqual([10_000, 20_000, 320_000, 640_000, 900_000, 900_000])
  })

  test('gifty §4: jitter moves a delay by at most 20 % both ways', async () => {
    for (const [random, expected] of [
      [0, 8000],
      [0.5, 10_000],
      [0.999999, 12_000],
    ] as const) {
      const rig = await makeRig(database, [defineKind('a')], () => random)
      const answer = await failOnce(rig, await rig.one())
      expect(Math.abs(answer.nextAttemptAt!.getTime() - rig.clock.now() - expected)).toBeLessThanOrEqual(1)
    }
  })

  test('gifty §4: a non-retryable failure is dead at once', async () => {
    const rig = await makeRig(database)
    const id = await rig.one()
    expect(await failOnce(rig, id, false)).toEqual({ state: 'dead', nextAttemptAt: null })
    expect(await rig.task(id)).toMatchObject({ state: 'dead', attempts: 1, lastEnd: 'fail' })
  })

  test('gifty §4: a kind whose reported failure is final becomes failed, retryable or not', async () => {
    const outcomes: TaskState[] = []
    const kind = defineKind('a', {
      onFailure: 'fail',
      *failed(_tx, failed) {
        outcomes.push(...failed.map(({ outcome }) => outcome))
      },
    })
    const rig = await makeRig(database, [kind])
    for (const retryable of [true, false]) {
      const id = await rig.one()
      expect(await failOnce(rig, id, retryable)).toEqual({ state: 'failed', nextAttemptAt: null })
      expect((await rig.engine.redrive({ ids: [id], limit: 1 }, OURS)).skipped).toEqual([{ id, reason: 'not_dead' }])
    }
    expect(outcomes).toEqual(['failed', 'failed'])
  })

  test('gifty §4: the fifth lost lease makes a task dead', async () => {
    const ends: TaskState[] = []
    const kind = defineKind('a', {
      *expired(_tx, ended) {
        ends.push(...ended.map((end) => end.outcome))
      },
    })
    const rig = await makeRig(database, [kind])
    const id = await rig.one()
    for (let attempt = 1; attempt <= 5; attempt++) {
      expect(await rig.lease()).toMatchObject([{ id, attempts: attempt }])
      rig.clock.advance(LEASE_MS)
      expect(await rig.engine.sweep()).toEqual({ expired: 1 })
    }
    expect(ends).toEqual(['queued', 'queued', 'queued', 'queued', 'dead'])
    expect(await rig.task(id)).toMatchObject({ state: 'dead', attempts: 5, lastEnd: 'expiry' })
    expect(await rig.lease()).toEqual([])
  })

  test('architecture §6: a kind that allows no second lease is dead at its first loss', async () => {
    const rig = await makeRig(database, [defineKind('a', { onExpiry: 'dead' })])
    const { id } = await rig.leased()
    rig.clock.advance(LEASE_MS)
    await rig.engine.sweep()
    expect(await rig.task(id)).toMatchObject({ state: 'dead', attempts: 1 })
  })

  test('a sweep ends more lost leases than one transaction takes', async () => {
    const rig = await makeRig(database)
    await rig.enqueue(...Array.from({ length: 1100 }, () => ({ kind: 'a', payload: {} })))
    expect(await rig.lease('w1', 2000)).toHaveLength(1100)
    rig.clock.advance(LEASE_MS)
    expect(await rig.engine.sweep()).toEqual({ expired: 1100 })
    expect(await rig.engine.sweep()).toEqual({ expired: 0 })
  })

  test('architecture §6: a process that does not know a kind leaves its tasks alone and goes on with its own', async () => {
    const rig = await makeRig(database)
    const strange = await rig.leased('w1', { kind: 'b', expiresAt: new Date(rig.clock.now() + MINUTE) })
    await rig.enqueue({ kind: 'b', payload: {}, expiresAt: new Date(rig.clock.now() + 1) })
    const mine = await rig.leased('w1')
    const narrow = createEngine({ db: rig.db, clock: rig.clock, bus: rig.bus, kinds: [defineKind('a')] })
    rig.clock.advance(LEASE_MS)
    expect(await narrow.sweep()).toEqual({ expired: 1 })
    expect(await narrow.lease({ owner: 'w2', kinds: ['a'], max: 5, leaseMs: LEASE_MS })).toMatchObject([{ id: mine.id }])
    expect(await rig.task(strange.id)).toEqual(strange)
    expect(await rig.engine.counts()).toContainEqual({ kind: 'b', state: 'queued', count: 1 })
    // Its gauges tell of its own kinds; the others are told by the processes that know them.
    expect((await narrow.counts()).map(({ kind }) => kind)).toEqual(['a'])
  })

  test('gifty §4: a released task is offered again at once, its attempt is not counted', async () => {
    const rig = await makeRig(database)
    const { id } = await rig.leased()
    for (let fence = 1; fence <= 8; fence++) {
      rig.heard.length = 0
      expect((await rig.engine.release([{ id, owner: 'w1', fence }], OURS)).size).toBe(0)
      expect(rig.heard).toEqual([{ topic: TASKS_READY, message: { kinds: ['a'] } }])
      expect(await rig.task(id)).toMatchObject({ state: 'queued', attempts: 0, fence, lastEnd: 'release', leaseExpiresAt: null })
      expect(await rig.lease()).toMatchObject([{ id, attempts: 1, fence: fence + 1 }])
    }
  })
})
