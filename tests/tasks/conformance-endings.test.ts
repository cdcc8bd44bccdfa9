import { expect, test } from 'bun:test'
import { defineKind, TASK_CANCEL, TASKS_READY } from '../../src/tasks/index.ts'
import { onEachDatabase } from '../support/databases.ts'
import { DAY, MINUTE } from '../support/fake-clock.ts'
import { holderOf, LEASE_MS, makeRig, OURS, PLAIN_KINDS, type Rig, together } from './rig.ts'

const dead = async (rig: Rig, more: Parameters<Rig['leased']>[1] = {}): Promise<string> => {
  const task = await rig.leased('w1', more)
  await rig.engine.fail(holderOf(task), { error: 'broken', retryable: false }, [task.kind])
  return task.id
}

onEachDatabase('engine: cancel, redrive, expiry, keeping', (database) => {
  test('gifty §4: a pending task is cancelled at once, a finished one refuses', async () => {
    const rig = await makeRig(database)
    const id = await rig.one()
    expect(await rig.engine.cancel(id, OURS)).toEqual({ state: 'cancelled' })
    expect(await rig.task(id)).toMatchObject({ state: 'cancelled', finishedAt: new Date(rig.clock.now()) })
    expect(await rig.engine.cancel(id, OURS)).toMatchObject({ code: 'finished' })
    expect(await rig.lease()).toEqual([])
    const done = await rig.leased()
    await rig.engine.complete('w1', [holderOf(done)], OURS)
    expect(await rig.engine.cancel(done.id, OURS)).toMatchObject({ code: 'finished' })
    expect(await rig.engine.cancel(await dead(rig), OURS)).toMatchObject({ code: 'finished' })
  })

  test('gifty §4: a leased task is asked to stop: its holder hears it on the bus and in the heartbeat', async () => {
    const rig = await makeRig(database)
    const task = await rig.leased()
    rig.heard.length = 0
    expect(await rig.engine.cancel(task.id, OURS)).toEqual({ state: 'cancelling' })
    expect(rig.heard).toEqual([{ topic: TASK_CANCEL, message: { taskId: task.id, owner: 'w1' } }])
    expect(await rig.engine.heartbeat(holderOf(task), MINUTE)).toMatchObject({ cancelRequested: true })
    expect(await rig.engine.cancel(task.id, OURS)).toEqual({ state: 'cancelling' })
    expect(await rig.lease('w2')).toEqual([])
  })

  test('gifty §4: a complete still counts while the task is being cancelled', async () => {
    const rig = await makeRig(database)
    const task = await rig.leased()
    await rig.engine.cancel(task.id, OURS)
    expect((await rig.engine.complete('w1', [{ ...holderOf(task), result: 'in time' }], OURS)).size).toBe(0)
    expect(await rig.task(task.id)).toMatchObject({ state: 'completed', result: 'in time' })
  })

  test('gifty §4: at lease end a task that is being cancelled is cancelled: by fail, by release, by expiry', async () => {
    const ends: string[] = []
    const kind = defineKind('a', {
      *cancelled(_tx, tasks) {
        ends.push(...tasks.map((task) => task.id))
      },
      *expired(_tx, ended) {
        ends.push(...ended.filter((end) => end.outcome === 'cancelled').map((end) => end.task.id))
      },
      *failed(_tx, failed) {
        ends.push(...failed.filter((end) => end.outcome === 'cancelled').map((end) => end.task.id))
      },
    })
    const rig = await makeRig(database, [kind])
    const [failed, released, lost] = [await rig.leased(), await rig.leased(), await rig.leased()]
    for (const task of [failed, released, lost]) await rig.engine.cancel(task.id, OURS)
    rig.heard.length = 0
    expect(await rig.engine.fail(holderOf(failed), { error: 'stopped', retryable: true }, OURS)).toEqual({
      state: 'cancelled',
      nextAttemptAt: null,
    })
    expect((await rig.engine.release([holderOf(released)], OURS)).size).toBe(0)
    rig.clock.advance(LEASE_MS)
    await rig.engine.sweep()
    for (const task of [failed, released, lost]) expect((await rig.task(task.id)).state).toBe('cancelled')
    expect(rig.heard).toEqual([])
    expect(ends.sort()).toEqual([failed.id, released.id, lost.id].sort())
  })

  test('gifty §4: redrive resets the attempts of dead tasks; the fence goes on rising', async () => {
    const rig = await makeRig(database)
    const id = await dead(rig)
    rig.heard.length = 0
    expect(await rig.engine.redrive({ ids: [id, id], limit: 10 }, OURS)).toEqual({ redriven: [id], skipped: [] })
    expect(rig.heard).toEqual([{ topic: TASKS_READY, message: { kinds: ['a'] } }])
    expect(await rig.task(id)).toMatchObject({
      state: 'queued',
      attempts: 0,
      error: null,
      finishedAt: null,
      runAfter: new Date(rig.clock.now()),
    })
    expect(await rig.lease('w2')).toMatchObject([{ id, attempts: 1, fence: 2 }])
  })

  test('gifty §4: redrive by kind takes the oldest dead tasks of that kind, up to the limit', async () => {
    const rig = await makeRig(database)
    const ids: string[] = []
    for (let n = 0; n < 5; n++) ids.push(await dead(rig))
    const other = await dead(rig, { kind: 'b' })
    expect((await rig.engine.redrive({ kind: 'a', limit: 3 }, OURS)).redriven).toEqual(ids.slice(0, 3))
    expect((await rig.engine.redrive({ kind: 'a', limit: 3 }, OURS)).redriven).toEqual(ids.slice(3))
    expect((await rig.task(other)).state).toBe('dead')
    expect((await rig.engine.redrive({ ids: [other, ...ids], limit: 1 }, OURS)).redriven).toEqual([other])
  })

  test('gifty §4: redrive tells why it left a task: unknown, alive, a live twin, or its domain', async () => {
    const kind = defineKind('c', {
      *redriven(_tx, tasks) {
        return new Map(
          tasks.map(({ id, payload }) => [
            id,
            (payload as { open?: boolean }).open ? { skip: 'open_run' } : { payload: { renewed: true } },
          ]),
        )
      },
    })
    const rig = await makeRig(database, [...PLAIN_KINDS.filter((known) => known.kind !== 'c'), kind])
    const unknown = '019bc186-de07-7c01-a33d-b88c80300678'
    const twin = await dead(rig, { dedupeKey: 'k' })
    await rig.enqueue({ kind: 'a', payload: {}, dedupeKey: 'k' })
    const alive = await rig.one({ kind: 'b' })
    const open = await dead(rig, { kind: 'c', payload: { open: true } })
    const renewed = await dead(rig, { kind: 'c' })
    const answer = await rig.engine.redrive({ ids: [unknown, 'nonsense', alive, twin, open, renewed], limit: 100 }, OURS)
    expect(answer).toEqual({
      redriven: [renewed],
      skipped: [
        { id: unknown, reason: 'not_found' },
        { id: 'nonsense', reason: 'not_found' },
        { id: alive, reason: 'not_dead' },
        { id: twin, reason: 'already_live' },
        { id: open, reason: 'open_run' },
      ],
    })
    expect((await rig.task(renewed)).payload).toEqual({ renewed: true })
  })

  test('gifty §4: of two dead tasks with one key a redrive revives one', async () => {
    const rig = await makeRig(database)
    const ids = [await dead(rig, { dedupeKey: 'k' }), await dead(rig, { dedupeKey: 'k' })]
    expect(await rig.engine.redrive({ ids, limit: 10 }, OURS)).toEqual({
      redriven: [ids[0]!],
      skipped: [{ id: ids[1]!, reason: 'already_live' }],
    })
  })

  test('gifty §4: two redrives at once revive a task once', async () => {
    const rig = await makeRig(database)
    const id = await dead(rig)
    const other = rig.on(await database.second())
    const answers = await together(6, (n) => (n % 2 ? rig.engine : other).redrive({ ids: [id], limit: 1 }, OURS))
    expect(answers.flatMap((answer) => answer.redriven)).toEqual([id])
  })

  test('gifty §2.7: a task that nobody has taken by its expiry is cancelled, and not handed out after it', async () => {
    const ended: string[] = []
    const kind = defineKind('a', {
      *cancelled(_tx, tasks) {
        ended.push(...tasks.map((task) => task.id))
      },
    })
    const rig = await makeRig(database, [kind])
    const expiresAt = new Date(rig.clock.now() + DAY)
    const [late, taken] = await rig.enqueue(
      { kind: 'a', payload: {}, expiresAt, priority: 1 },
      { kind: 'a', payload: {}, expiresAt, priority: 99 },
    )
    rig.clock.advance(DAY - 1)
    expect(await rig.lease()).toMatchObject([{ id: taken }])
    rig.clock.advance(1)
    expect(await rig.lease('w2')).toEqual([])
    await rig.engine.sweep()
    expect(await rig.task(late!)).toMatchObject({ state: 'cancelled', attempts: 0, error: 'expired before anyone took it' })
    expect(ended).toEqual([late!])
    expect((await rig.engine.complete('w1', [{ id: taken!, fence: 1 }], OURS)).size).toBe(0)
  })

  test('gifty §4: finished tasks are kept 7 days, dead ones 30', async () => {
    const rig = await makeRig(database)
    const done = await rig.leased()
    await rig.engine.complete('w1', [holderOf(done)], OURS)
    const cancelled = await rig.one()
    await rig.engine.cancel(cancelled, OURS)
    const gone = await dead(rig)
    const live = await rig.one()
    rig.clock.advance(7 * DAY - 1)
    expect(await rig.db.tx((tx) => rig.engine.purge(tx))).toBe(0)
    rig.clock.advance(1)
    expect(await rig.db.tx((tx) => rig.engine.purge(tx, 1))).toBe(1)
    expect(await rig.db.tx((tx) => rig.engine.purge(tx))).toBe(1)
    rig.clock.advance(23 * DAY - 1)
    expect(await rig.db.tx((tx) => rig.engine.purge(tx))).toBe(0)
    rig.clock.advance(1)
    expect(await rig.db.tx((tx) => rig.engine.purge(tx))).toBe(1)
    expect(await Promise.all([done.id, cancelled, gone, live].map((id) => rig.engine.get(id)))).toMatchObject([
      undefined,
      undefined,
      undefined,
      { state: 'queued' },
    ])
  })

  test('gifty §2.3: closing a run finishes its task; complete and fail of its holder are answered as done', async () => {
    const rig = await makeRig(database)
    for (const state of ['completed', 'failed', 'cancelled'] as const) {
      const task = await rig.leased()
      await rig.db.tx((tx) =>
        rig.engine.finishExternally(
          tx,
          [{ id: task.id, state, error: state === 'failed' ? 'reported' : null }],
          new Date(rig.clock.now()),
        ),
      )
      const closed = await rig.task(task.id)
      expect(closed).toMatchObject({ state, lastEnd: 'report', error: state === 'failed' ? 'reported' : null })
      expect((await rig.engine.complete('w1', [{ ...holderOf(task), result: 'late' }], OURS)).size).toBe(0)
      expect(await rig.engine.fail(holderOf(task), { error: 'late', retryable: true }, OURS)).toEqual({
        state,
        nextAttemptAt: null,
      })
      expect((await rig.engine.complete('w2', [holderOf(task)], OURS)).get(task.id)).toMatchObject({ code: 'stale' })
      expect(await rig.engine.heartbeat(holderOf(task), MINUTE)).toMatchObject({ code: 'stale' })
      expect(await rig.task(task.id)).toEqual(closed)
    }
  })

  test('gifty §2.3: a report does not reopen or change a finished task, and closes a queued one', async () => {
    const rig = await makeRig(database)
    const task = await rig.leased()
    await rig.engine.complete('w1', [{ ...holderOf(task), result: 1 }], OURS)
    const done = await rig.task(task.id)
    const queued = await rig.one()
    await rig.db.tx((tx) =>
      rig.engine.finishExternally(
        tx,
        [task.id, queued].map((id) => ({ id, state: 'failed' as const, error: 'x' })),
        new Date(rig.clock.now()),
      ),
    )
    expect(await rig.task(task.id)).toEqual(done)
    expect((await rig.task(queued)).state).toBe('failed')
    expect(await rig.lease()).toEqual([])
  })

  test('gifty §4: tasks of other families are never offered, listed, redriven, cancelled or completed here', async () => {
    const rig = await makeRig(database)
    const queued = await rig.one({ kind: 'foreign' })
    const held = await rig.leased('w1', { kind: 'foreign', priority: 99 })
    const lost = await dead(rig, { kind: 'foreign', priority: 100 })
    const before = await Promise.all([queued, held.id, lost].map((id) => rig.task(id)))
    expect(await rig.lease('w2', 10)).toEqual([])
    expect(await rig.engine.list({ kinds: OURS, limit: 10 })).toEqual({ tasks: [], next: undefined })
    expect(await rig.engine.cancel(queued, OURS)).toMatchObject({ code: 'not_found' })
    expect(await rig.engine.fail(holderOf(held), { error: 'x', retryable: true }, OURS)).toMatchObject({ code: 'not_found' })
    expect((await rig.engine.complete('w1', [holderOf(held)], OURS)).get(held.id)).toMatchObject({ code: 'not_found' })
    expect((await rig.engine.release([holderOf(held)], OURS)).get(held.id)).toMatchObject({ code: 'not_found' })
    expect(await rig.engine.redrive({ ids: [lost], limit: 1 }, OURS)).toEqual({
      redriven: [],
      skipped: [{ id: lost, reason: 'not_found' }],
    })
    expect(await rig.engine.redrive({ kind: 'foreign', limit: 1 }, OURS)).toEqual({ redriven: [], skipped: [] })
    expect(await Promise.all([queued, held.id, lost].map((id) => rig.task(id)))).toEqual(before)
  })

  test('gifty §4: the list is newest first, by state and page', async () => {
    const rig = await makeRig(database)
    const ids: string[] = []
    for (let n = 0; n < 5; n++) ids.push(await rig.one({ kind: OURS[n % 2]! }))
    await rig.engine.cancel(ids[2]!, OURS)
    const listed = async (more: object) =>
      (await rig.engine.list({ kinds: OURS, limit: 10, ...more })).tasks.map((task) => ids.indexOf(task.id))
    expect(await listed({})).toEqual([4, 3, 2, 1, 0])
    expect(await listed({ kinds: ['a'] })).toEqual([4, 2, 0])
    expect(await listed({ state: ['queued'], limit: 2 })).toEqual([4, 3])
    expect(await listed({ state: ['queued'], limit: 2, after: ids[3] })).toEqual([1, 0])
    expect((await rig.engine.counts()).sort((x, y) => x.kind.localeCompare(y.kind))).toEqual([
      { kind: 'a', state: 'queued', count: 2 },
      { kind: 'b', state: 'queued', count: 2 },
    ])
  })
})
