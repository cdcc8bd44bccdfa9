import { expect, test } from 'bun:test'
import { TASKS_READY } from '../../src/tasks/index.ts'
import { onEachDatabase } from '../support/databases.ts'
import { HOUR } from '../support/fake-clock.ts'
import { makeRig, OURS, together } from './rig.ts'

onEachDatabase('engine: enqueue and order', (database) => {
  test('gifty §2.5: a task stored in a transaction that rolls back leaves nothing and announces nothing', async () => {
    const rig = await makeRig(database)
    const doomed = rig.db.tx(function* (tx) {
      yield* rig.engine.enqueue(tx, [{ kind: 'a', payload: { n: 1 } }])
      throw new Error('the domain changed its mind')
    })
    expect(doomed).rejects.toThrow('changed its mind')
    await doomed.catch(() => {})
    expect(await rig.rows()).toBe(0)
    expect(rig.published).toEqual([])
  })

  test('gifty §2.5: a ready task is announced once its transaction is committed, not before', async () => {
    const rig = await makeRig(database)
    let heardInside = -1
    await rig.db.tx(function* (tx) {
      yield* rig.engine.enqueue(tx, [
        { kind: 'a', payload: {} },
        { kind: 'b', payload: {} },
        { kind: 'a', payload: {} },
      ])
      heardInside = rig.published.length
    })
    expect(heardInside).toBe(0)
    expect(rig.published).toEqual([{ topic: TASKS_READY, message: { kinds: ['a', 'b'] } }])
  })

  test('a task starts queued, with the defaults of its kind, and keeps its payload as it was', async () => {
    const rig = await makeRig(database)
    const payload = { text: 'Ünïcode "quoted" \\ 🎁', list: [1, null, { deep: true }], zero: 0, empty: '' }
    const id = await rig.one({ payload })
    expect(await rig.task(id)).toMatchObject({
      kind: 'a',
      payload,
      priority: 10,
      state: 'queued',
      attempts: 0,
      maxAttempts: 5,
      fence: 0,
      leaseOwner: null,
      leaseExpiresAt: null,
      progress: null,
      result: null,
      error: null,
      finishedAt: null,
    })
    expect((await rig.task(id)).createdAt.getTime()).toBe(rig.clock.now())
  })

  test('a kind without a policy is refused when it is enqueued', async () => {
    const rig = await makeRig(database)
    expect(rig.enqueue({ kind: 'nobody', payload: {} })).rejects.toThrow('no policy')
    expect(await rig.rows()).toBe(0)
  })

  test('a text with a NUL or half a surrogate pair is stored on both dialects', async () => {
    const rig = await makeRig(database)
    const id = await rig.one({ payload: { nul: 'a\0b', half: 'x\ud800y', pair: '\ud83c\udf81', literal: '\\u0000' } })
    const [task] = await rig.lease()
    expect(await rig.engine.heartbeat({ id, owner: 'w1', fence: 1 }, HOUR, { note: 'p\0q' })).toHaveProperty('leaseExpiresAt')
    expect(
      await rig.engine.fail({ id, owner: 'w1', fence: 1 }, { error: 'bad\0byte \udc00', retryable: false }, OURS),
    ).toMatchObject({ state: 'dead' })
    expect(task!.payload).toMatchObject({ pair: '\ud83c\udf81', literal: '\\u0000' })
    expect((await rig.task(id)).error).toStartWith('bad')
  })

  test('gifty §12: at most one live task per kind and key; the live one wins', async () => {
    const rig = await makeRig(database)
    const [first] = await rig.enqueue({ kind: 'a', payload: { n: 1 }, dedupeKey: 'k' })
    expect(await rig.enqueue({ kind: 'a', payload: { n: 2 }, dedupeKey: 'k' })).toEqual([])
    expect(await rig.enqueue({ kind: 'b', payload: { n: 3 }, dedupeKey: 'k' })).toHaveLength(1)
    expect(await rig.enqueue({ kind: 'a', payload: { n: 4 } }, { kind: 'a', payload: { n: 5 } })).toHaveLength(2)
    expect((await rig.task(first!)).payload).toEqual({ n: 1 })
  })

  test('gifty §12: a key is free again once its task has finished, and taken while it is leased', async () => {
    const rig = await makeRig(database)
    const task = await rig.leased('w1', { dedupeKey: 'k' })
    expect(await rig.enqueue({ kind: 'a', payload: {}, dedupeKey: 'k' })).toEqual([])
    await rig.engine.complete('w1', [{ id: task.id, fence: task.fence }], OURS)
    expect(await rig.enqueue({ kind: 'a', payload: {}, dedupeKey: 'k' })).toHaveLength(1)
  })

  test('gifty §12: of many that enqueue the same key at once exactly one succeeds', async () => {
    const rig = await makeRig(database)
    const other = await database.second()
    const inserted = await together(24, (n) =>
      (n % 2 ? rig.db : other).tx((tx) => rig.engine.enqueue(tx, [{ kind: 'a', payload: { n }, dedupeKey: 'same' }])),
    )
    expect(inserted.flat()).toHaveLength(1)
    expect(await rig.rows()).toBe(1)
  })

  test('a set of more than one insert keeps its order and its keys', async () => {
    const rig = await makeRig(database)
    const news = Array.from({ length: 1203 }, (_, n) => ({ kind: 'a', payload: { n }, dedupeKey: `k${n % 1200}` }))
    expect(await rig.enqueue(...news)).toHaveLength(1200)
    const leased = await rig.lease('w1', 1200)
    expect(leased.map((task) => (task.payload as { n: number }).n)).toEqual(Array.from({ length: 1200 }, (_, n) => n))
  })

  test('gifty §4: tasks are offered by priority, then age, across several kinds', async () => {
    const rig = await makeRig(database)
    const plan: [kind: string, priority: number][] = [
      ['a', 10],
      ['b', 50],
      ['c', 10],
      ['a', 50],
      ['b', 10],
      ['c', 90],
      ['a', 1],
    ]
    for (const [n, [kind, priority]] of plan.entries()) {
      await rig.enqueue({ kind, priority, payload: { n } })
      rig.clock.advance(1)
    }
    const order = (tasks: { payload: unknown }[]) => tasks.map((task) => (task.payload as { n: number }).n)
    expect(order(await rig.lease('w1', 3))).toEqual([5, 1, 3])
    expect(order(await rig.lease('w1', 1, ['b']))).toEqual([4])
    expect(order(await rig.lease('w1', 100))).toEqual([0, 2, 6])
    expect(await rig.lease('w1', 100)).toEqual([])
  })

  test('gifty §4: a kind named twice in a lease takes no second place', async () => {
    const rig = await makeRig(database)
    await rig.enqueue(...Array.from({ length: 4 }, () => ({ kind: 'a', payload: {} })))
    expect(await rig.lease('w1', 4, ['a', 'a', 'a'])).toHaveLength(4)
  })

  test('gifty §4: tasks of the same millisecond keep the order in which they came', async () => {
    const rig = await makeRig(database)
    for (let n = 0; n < 30; n++) await rig.enqueue({ kind: n % 2 ? 'a' : 'b', payload: { n } })
    const leased = await rig.lease('w1', 30)
    expect(leased.map((task) => (task.payload as { n: number }).n)).toEqual(Array.from({ length: 30 }, (_, n) => n))
  })

  test('a task is not offered before its run_after, and from that instant on it is', async () => {
    const rig = await makeRig(database)
    await rig.one({ runAfter: new Date(rig.clock.now() + HOUR) })
    expect(await rig.lease()).toEqual([])
    rig.clock.advance(HOUR - 1)
    expect(await rig.lease()).toEqual([])
    rig.clock.advance(1)
    expect(await rig.lease()).toHaveLength(1)
  })

  test('a sweep announces a delayed task that has become ready', async () => {
    const rig = await makeRig(database)
    await rig.one({ runAfter: new Date(rig.clock.now() + HOUR) })
    rig.published.length = 0
    await rig.engine.sweep()
    expect(rig.published).toEqual([])
    rig.clock.advance(HOUR)
    await rig.engine.sweep()
    expect(rig.published).toEqual([{ topic: TASKS_READY, message: { kinds: ['a'] } }])
  })

  test('architecture §6: a payload and a result are any JSON', async () => {
    const rig = await makeRig(database)
    const values = [null, false, 0, '', 'text', [], [null, 1], {}, JSON.parse('{"__proto__":{"a":1},"constructor":2}'), 1e300]
    for (const payload of values) {
      const task = await rig.leased('w1', { payload })
      expect(JSON.stringify(task.payload)).toBe(JSON.stringify(payload))
      expect(await rig.engine.complete('w1', [{ id: task.id, fence: task.fence, result: payload }], ['a'])).toEqual(new Map())
      const { result, payload: kept } = await rig.task(task.id)
      expect(JSON.stringify([kept, result])).toBe(JSON.stringify([payload, payload]))
    }
    const id = await rig.one()
    await rig.db.tx((tx) => rig.engine.changeQueued(tx, new Map([[id, { payload: null }]]), new Date(rig.clock.now())))
    expect((await rig.lease())[0]).toMatchObject({ id, payload: null })
  })

  test('architecture §6: times of any year come back with a lease', async () => {
    const rig = await makeRig(database)
    for (const runAfter of ['1969-12-31T23:59:59.999Z', '1800-01-01T00:00:00.000Z'].map((text) => new Date(text)))
      for (const expiresAt of ['9999-12-31T23:59:59.999Z', '+010000-01-01T00:00:00.000Z', '+200000-01-01T00:00:00.001Z'].map(
        (text) => new Date(text),
      )) {
        const task = await rig.leased('w1', { runAfter, expiresAt })
        expect(task).toMatchObject({ runAfter, expiresAt, createdAt: new Date(rig.clock.now()) })
        expect(await rig.task(task.id)).toEqual(task)
      }
  })
})
