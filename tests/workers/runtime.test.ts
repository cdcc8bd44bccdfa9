import { expect, test } from 'bun:test'
import { createRunner } from '../../src/embedded-workers.ts'
import { JobDelayed, JobFailed } from '../../src/errors.ts'
import { createLog } from '../../src/platform/log.ts'
import { createDispatcher, type JobHandler, type Task } from '../../src/tasks/index.ts'
import { onEachDatabase, type TestDatabase } from '../support/databases.ts'
import { eventually, turn } from '../support/eventually.ts'
import { MINUTE } from '../support/fake-clock.ts'
import { holderOf, LEASE_MS, makeRig } from '../tasks/rig.ts'

const silent = createLog({ level: 'silent' })

onEachDatabase('worker runtime over the engine', (database) => {
  const start = async (run: JobHandler['run'], more: Partial<JobHandler> = {}, of: TestDatabase = database) => {
    const rig = await makeRig(of)
    const handler: JobHandler = { run, concurrency: 2, leaseMs: LEASE_MS, renewMs: 20_000, timeoutMs: 10 * MINUTE, ...more }
    const dispatcher = createDispatcher(rig.engine, rig.bus, rig.clock, silent)
    const deps = { engine: rig.engine, dispatcher, bus: rig.bus, clock: rig.clock, log: silent }
    const runner = createRunner({ ...deps, owner: 'process-1', handlers: { a: handler } })
    return {
      rig,
      runner,
      async stop() {
        const stopped = runner.stop()
        dispatcher.close()
        await stopped
      },
    }
  }
  const gate = () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    return { open: resolve, passed: promise }
  }

  test('it runs what is ready and what becomes ready, stores results, and never more at once than allowed', async () => {
    let running = 0
    let most = 0
    const { rig, runner, stop } = await start(async ({ task }) => {
      most = Math.max(most, ++running)
      await turn()
      running--
      return { of: task.payload }
    })
    const first = await rig.one({ payload: 1 })
    runner.start(['a'])
    const rest = await rig.enqueue(...Array.from({ length: 7 }, (_, n) => ({ kind: 'a', payload: n + 2 })))
    const states = async () => (await Promise.all([first, ...rest].map(rig.task))) as Task[]
    const all = await eventually(states, (tasks) => tasks.every(({ state }) => state === 'completed'))
    expect(all.map(({ result }) => result)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((of) => ({ of })))
    expect(most).toBeLessThanOrEqual(2)
    await stop()
  })

  test('verdicts: a plain error and JobFailed(retryable) are tried again, JobFailed(final) is not, JobDelayed costs no attempt', async () => {
    const verdicts: Record<string, () => unknown> = {
      plain: () => new TypeError('secret detail'),
      again: () => new JobFailed('try later', true),
      never: () => new JobFailed('no use', false),
      later: () => new JobDelayed(5000),
    }
    const { rig, runner } = await start(async ({ task }) => {
      throw verdicts[task.payload as string]!()
    })
    const ids = await rig.enqueue(...Object.keys(verdicts).map((payload) => ({ kind: 'a', payload })))
    expect(await runner.drain()).toBe(4)
    const after = await Promise.all(ids.map(rig.task))
    expect(after.map(({ state, attempts, error }) => [state, attempts, error])).toEqual([
      ['queued', 1, 'Unexpected error'],
      ['queued', 1, 'try later'],
      ['dead', 1, 'no use'],
      ['queued', 0, null],
    ])
    expect(after[3]!.runAfter.getTime()).toBe(rig.clock.now() + 5000)
    rig.clock.advance(4999)
    expect(await rig.lease('w1', 9)).toEqual([])
    rig.clock.advance(1)
    expect((await rig.lease('w1', 9)).map((task) => task.id)).toEqual([ids[3]!])
  })

  test('the lease is renewed while the job runs; a timeout fails the attempt', async () => {
    const aborted: unknown[] = []
    const { rig, runner } = await start(
      ({ signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => {
            aborted.push(signal.reason)
            reject(signal.reason)
          }),
        ),
      { timeoutMs: 3 * MINUTE },
    )
    const id = await rig.one()
    const drained = runner.drain()
    for (let n = 1; n < 9; n++) {
      await eventually(() => rig.clock.sleeping() === 2)
      rig.clock.advance(20_000)
    }
    await eventually(() => rig.clock.sleeping() === 2)
    expect((await rig.task(id)).state).toBe('leased')
    expect(aborted).toEqual([])
    rig.clock.advance(20_000)
    expect(await drained).toBe(1)
    expect(aborted).toHaveLength(1)
    expect(await rig.task(id)).toMatchObject({ state: 'queued', error: 'The attempt took too long', attempts: 1 })
  })

  test('work that continues after its time limit keeps its lease until it has ended', async () => {
    const { open, passed } = gate()
    const { rig, runner } = await start(
      async ({ signal }) => {
        await passed
        signal.throwIfAborted()
      },
      { timeoutMs: 30_000 },
    )
    const id = await rig.one()
    const drained = runner.drain()
    for (let past = 0; past < 3 * LEASE_MS; past += 20_000) {
      await eventually(() => rig.clock.sleeping() === (past < 40_000 ? 2 : 1))
      rig.clock.advance(20_000)
    }
    await eventually(() => rig.clock.sleeping() === 1)
    expect(await rig.lease('w2')).toEqual([])
    open()
    expect(await drained).toBe(1)
    expect(await rig.task(id)).toMatchObject({ state: 'queued', error: 'The attempt took too long', attempts: 1 })
  })

  test('a lost lease aborts the job, and nothing of it is stored', async () => {
    const { open, passed } = gate()
    const { rig, runner } = await start(async ({ signal }) => {
      await passed
      return signal.aborted
    })
    const id = await rig.one()
    const drained = runner.drain()
    await eventually(() => rig.clock.sleeping() === 2)
    const before = await rig.task(id)
    expect(await rig.engine.releaseLeasesByOwnerPrefix('process-')).toBe(1)
    const [stolen] = await rig.lease('w2')
    rig.clock.advance(20_000)
    open()
    expect(await drained).toBe(1)
    expect(stolen!.fence).toBe(before.fence + 1)
    expect(await rig.task(id)).toMatchObject({ state: 'leased', leaseOwner: 'w2', result: null })
  })

  test('a cancel aborts the job at once', async () => {
    const { rig, runner } = await start(
      ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    )
    const id = await rig.one()
    const drained = runner.drain()
    await eventually(() => rig.clock.sleeping() === 2)
    await rig.engine.cancel(id, ['a'])
    expect(await drained).toBe(1)
    expect((await rig.task(id)).state).toBe('cancelled')
  })

  test('a cancel whose event was lost aborts the job with the next heartbeat', async () => {
    const { rig, runner } = await start(
      ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    )
    const id = await rig.one()
    const drained = runner.drain()
    await eventually(() => rig.clock.sleeping() === 2)
    const { publish } = rig.bus
    rig.bus.publish = () => {}
    await rig.engine.cancel(id, ['a'])
    rig.bus.publish = publish
    expect((await rig.task(id)).state).toBe('cancelling')
    rig.clock.advance(20_000)
    expect(await drained).toBe(1)
    expect((await rig.task(id)).state).toBe('cancelled')
  })

  test('a stop aborts what runs and gives its leases back, attempts uncounted', async () => {
    const { rig, runner, stop } = await start(
      ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    )
    const ids = await rig.enqueue({ kind: 'a', payload: 1 }, { kind: 'a', payload: 2 }, { kind: 'a', payload: 3 })
    runner.start(['a'])
    await eventually(() => rig.clock.sleeping() === 4)
    await stop()
    const after = await Promise.all(ids.map(rig.task))
    expect(after.map(({ state, attempts }) => [state, attempts])).toEqual([
      ['queued', 0],
      ['queued', 0],
      ['queued', 0],
    ])
  })

  test('a lease that no heartbeat could renew for its whole length counts as lost, and the task is taken again', async () => {
    let runs = 0
    const { rig, runner } = await start(({ signal }) =>
      ++runs > 1
        ? Promise.resolve(runs)
        : new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    )
    const id = await rig.one()
    const { heartbeat } = rig.engine
    rig.engine.heartbeat = () => Promise.reject(new Error('no database'))
    const drained = runner.drain()
    for (let passed = 0; passed < LEASE_MS; passed += 20_000) {
      await eventually(() => rig.clock.sleeping() === 2)
      rig.clock.advance(20_000)
    }
    rig.engine.heartbeat = heartbeat
    expect(await drained).toBe(2)
    expect(await rig.task(id)).toMatchObject({ state: 'completed', result: 2, attempts: 2, error: null })
  })

  test('saveProgress stores under a live lease only, in the caller’s transaction', async () => {
    const rig = await makeRig(database)
    const task = await rig.leased()
    const save = (holder = holderOf(task)) => rig.db.tx((tx) => rig.engine.saveProgress(tx, holder, { page: 2 }))
    expect(await save()).toMatchObject({ id: task.id, progress: { page: 2 } })
    expect((await rig.task(task.id)).progress).toEqual({ page: 2 })
    for (const wrong of [
      { ...holderOf(task), fence: 9 },
      { ...holderOf(task), owner: 'w9' },
    ])
      expect(await save(wrong)).toMatchObject({ code: 'stale' })
    rig.clock.advance(LEASE_MS)
    expect(await save()).toMatchObject({ code: 'stale' })
  })

  test('endLeasesOf ends the leases of holders by the beginning of their names, and no others', async () => {
    const rig = await makeRig(database)
    const [mine, other] = [await rig.leased('process-old'), await rig.leased('worker-process-')]
    const foreign = await rig.leased('process-old', { kind: 'foreign' })
    expect(await rig.engine.releaseLeasesByOwnerPrefix('process-')).toBe(2)
    expect((await rig.lease('new', 9)).map((task) => task.id)).toEqual([mine.id])
    expect((await rig.task(other.id)).leaseOwner).toBe('worker-process-')
    expect((await rig.task(foreign.id)).state).toBe('queued')
  })
})
