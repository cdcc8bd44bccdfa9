import { expect, test } from 'bun:test'
import { silentLog } from '../../src/platform/log.ts'
import { createDispatcher, type Task } from '../../src/tasks/index.ts'
import { onEachDatabase } from '../support/databases.ts'
import { eventually, turn } from '../support/eventually.ts'
import { LEASE_MS, makeRig, OURS } from './rig.ts'

onEachDatabase('engine: dispatcher', (database) => {
  const start = async () => {
    const rig = await makeRig(database)
    // How often waiters made the engine lease, and a hook to let something happen in the middle of it.
    let leases = 0
    let inFlight = 0
    let during: (() => Promise<void>) | undefined
    const watched = async <Answer extends { length: number }>(
      lease: () => Promise<Answer>,
      hasTasks: (answer: Answer) => boolean,
    ) => {
      leases++
      inFlight++
      try {
        const answer = await lease()
        if (hasTasks(answer)) await during?.()
        return answer
      } finally {
        inFlight--
      }
    }
    const engine = {
      ...rig.engine,
      lease: (request: Parameters<typeof rig.engine.lease>[0]) =>
        watched(
          () => rig.engine.lease(request),
          (tasks) => tasks.length > 0,
        ),
      leaseInOrder: (requests: Parameters<typeof rig.engine.leaseInOrder>[0]) =>
        watched(
          () => rig.engine.leaseInOrder(requests),
          (groups) => groups.some((tasks) => tasks.length > 0),
        ),
    }
    const dispatcher = createDispatcher(engine, rig.bus, rig.clock, silentLog)
    const wait = (
      owner: string,
      {
        max = 1,
        waitMs = 30_000,
        kinds = [...OURS] as string[],
        signal,
      }: { max?: number; waitMs?: number; kinds?: string[]; signal?: AbortSignal } = {},
    ) => {
      const got: { tasks?: Task[]; error?: unknown } = {}
      const done = dispatcher.lease({ owner, kinds, max, leaseMs: LEASE_MS }, waitMs, signal).then(
        (tasks) => {
          got.tasks = tasks
        },
        (error) => {
          got.error = error
        },
      )
      return { got, done }
    }
    /** Waiting, asleep, and past the look that every new waiter causes: with no lease in flight after a turn, none follows. */
    const asleep = async (count: number) => {
      await turn()
      await eventually(() => dispatcher.waiting() === count && rig.clock.sleeping() === count && inFlight === 0)
    }
    return {
      ...rig,
      dispatcher,
      wait,
      asleep,
      leases: () => leases,
      onLeased: (action: (() => Promise<void>) | undefined) => (during = action),
    }
  }

  test('gifty §4: a poll returns at once when something is ready, and `[]` at once without a wait', async () => {
    const rig = await start()
    await rig.one()
    const ready = rig.wait('w1')
    await ready.done
    expect(ready.got.tasks).toHaveLength(1)
    const none = rig.wait('w1', { waitMs: 0 })
    await none.done
    expect(none.got.tasks).toEqual([])
    expect([rig.dispatcher.waiting(), rig.clock.sleeping()]).toEqual([0, 0])
  })

  test('gifty §4: a waiting poll wakes when a task is stored', async () => {
    const rig = await start()
    const poll = rig.wait('w1')
    await rig.asleep(1)
    expect(poll.got.tasks).toBeUndefined()
    const id = await rig.one()
    await poll.done
    expect(poll.got.tasks).toMatchObject([{ id, leaseOwner: 'w1', fence: 1 }])
    expect([rig.dispatcher.waiting(), rig.clock.sleeping()]).toEqual([0, 0])
  })

  test('gifty §4: it wakes for its kinds only', async () => {
    const rig = await start()
    const poll = rig.wait('w1', { kinds: ['b'] })
    await rig.asleep(1)
    const before = rig.leases()
    await rig.one({ kind: 'a' })
    expect(rig.leases()).toBe(before)
    const id = await rig.one({ kind: 'b' })
    await poll.done
    expect(poll.got.tasks).toMatchObject([{ id }])
  })

  test('gifty §4: it wakes for a task that is released, lost, or has become ready', async () => {
    const rig = await start()
    const task = await rig.leased('w0')
    const released = rig.wait('w1')
    await rig.asleep(1)
    await rig.engine.release([{ id: task.id, owner: 'w0', fence: 1 }], OURS)
    await released.done
    expect(released.got.tasks).toMatchObject([{ id: task.id, fence: 2 }])
    const lost = rig.wait('w2', { waitMs: 10 * LEASE_MS })
    await rig.asleep(1)
    rig.clock.advance(LEASE_MS)
    await rig.engine.sweep()
    await lost.done
    expect(lost.got.tasks).toMatchObject([{ id: task.id, fence: 3 }])
    const delayed = await rig.one({ runAfter: new Date(rig.clock.now() + 1000) })
    const later = rig.wait('w3')
    await rig.asleep(1)
    rig.clock.advance(1000)
    await rig.engine.sweep()
    await later.done
    expect(later.got.tasks).toMatchObject([{ id: delayed }])
  })

  test('gifty §4: a poll whose event was lost gets its task with the next sweep of its own process, and no other process is notified', async () => {
    const rig = await start()
    const poll = rig.wait('w1')
    await rig.asleep(1)
    const { publish } = rig.bus
    const published: unknown[] = []
    rig.bus.publish = (...event) => published.push(event)
    const id = await rig.one()
    expect(published).toHaveLength(1)
    await rig.engine.sweep()
    rig.bus.publish = publish
    await poll.done
    expect(poll.got.tasks).toMatchObject([{ id }])
    // Else every process would wake all others every second.
    expect(published).toHaveLength(1)
  })

  test('first come, first served; one task wakes one poll', async () => {
    const rig = await start()
    const polls = []
    for (const owner of ['w1', 'w2', 'w3']) {
      polls.push(rig.wait(owner))
      await rig.asleep(polls.length)
    }
    for (const [n, poll] of polls.entries()) {
      await rig.one({ payload: { n } })
      await poll.done
      expect(poll.got.tasks).toMatchObject([{ payload: { n } }])
      expect(polls.filter((other) => other.got.tasks).length).toBe(n + 1)
    }
  })

  test('several tasks at once serve several polls, each up to its max', async () => {
    const rig = await start()
    const polls = []
    for (const [n, max] of [2, 1, 5].entries()) {
      polls.push(rig.wait(`w${n}`, { max }))
      await rig.asleep(n + 1)
    }
    await rig.enqueue(...Array.from({ length: 4 }, (_, n) => ({ kind: OURS[n % 3]!, payload: { n } })))
    await Promise.all(polls.map((poll) => poll.done))
    expect(polls.map((poll) => poll.got.tasks!.map((task) => (task.payload as { n: number }).n))).toEqual([[0, 1], [2], [3]])
  })

  test('many that wait for the same are served together, in their order; those who ask for more than is left stay', async () => {
    const rig = await start()
    const polls = []
    for (let n = 0; n < 20; n++) {
      polls.push(rig.wait(`w${n}`, n === 7 ? { kinds: ['a'] } : {}))
      await rig.asleep(n + 1)
    }
    const before = rig.leases()
    await rig.enqueue(...Array.from({ length: 15 }, (_, n) => ({ kind: 'b', payload: { n } })))
    const served = polls.filter((_, n) => n !== 7).slice(0, 15)
    await Promise.all(served.map((poll) => poll.done))
    expect(served.map((poll) => poll.got.tasks!.map((task) => (task.payload as { n: number }).n))).toEqual(
      served.map((_, n) => [n]),
    )
    await eventually(() => rig.dispatcher.waiting() === 5)
    // All of them, and a look that finds no more.
    expect(rig.leases() - before).toBeLessThanOrEqual(3)
    const next = await rig.one({ kind: 'b', payload: { n: 15 } })
    await polls[16]!.done
    expect(polls[16]!.got.tasks).toMatchObject([{ id: next }])
  })

  test('gifty §4: the wait ends with `[]` at its time, not before', async () => {
    const rig = await start()
    const poll = rig.wait('w1', { waitMs: 30_000 })
    await rig.asleep(1)
    rig.clock.advance(29_999)
    expect(rig.dispatcher.waiting()).toBe(1)
    expect(poll.got.tasks).toBeUndefined()
    rig.clock.advance(1)
    await poll.done
    expect(poll.got.tasks).toEqual([])
    expect(rig.dispatcher.waiting()).toBe(0)
    const id = await rig.one()
    expect(await rig.lease('w2')).toMatchObject([{ id, fence: 1 }])
  })

  test('a poll whose client goes away ends, and takes nothing', async () => {
    const rig = await start()
    const client = new AbortController()
    const poll = rig.wait('w1', { signal: client.signal })
    await rig.asleep(1)
    client.abort()
    await poll.done
    expect([poll.got.tasks, rig.dispatcher.waiting(), rig.clock.sleeping()]).toEqual([[], 0, 0])
    await rig.one()
    expect(await rig.lease('w2')).toMatchObject([{ fence: 1, attempts: 1 }])
    const gone = rig.wait('w1', { signal: AbortSignal.abort() })
    await gone.done
    expect(gone.got.tasks).toEqual([])
  })

  test('gifty §4: a lease without a waiting caller is released, its attempt not counted', async () => {
    // The client goes while it waits, or during the lease that is tried first.
    for (const waits of [true, false]) {
      const rig = await start()
      const client = new AbortController()
      rig.onLeased(async () => {
        rig.onLeased(undefined)
        client.abort()
      })
      const ids = waits ? [] : [await rig.one()]
      const poll = rig.wait('w1', { signal: client.signal, waitMs: waits ? 30_000 : 0 })
      if (waits) {
        await rig.asleep(1)
        ids.push(await rig.one())
      }
      await poll.done
      expect(poll.got.tasks).toEqual([])
      const [id] = ids as [string]
      let task = await rig.task(id)
      for (let look = 0; look < 500 && task.lastEnd !== 'release'; look++) {
        await turn()
        task = await rig.task(id)
      }
      expect(task).toMatchObject({ state: 'queued', attempts: 0, fence: 1, lastEnd: 'release' })
      expect(await rig.lease('w2')).toMatchObject([{ id, attempts: 1, fence: 2 }])
    }
  })

  test('a database that fails refuses the polls that wait instead of leaving them hanging', async () => {
    const rig = await start()
    const polls = [rig.wait('w1'), rig.wait('w2')]
    await rig.asleep(2)
    rig.onLeased(async () => {
      throw new Error('the database is gone')
    })
    await rig.one()
    await Promise.all(polls.map((poll) => poll.done))
    for (const poll of polls) expect((poll.got.error as Error).message).toBe('the database is gone')
    expect(rig.dispatcher.waiting()).toBe(0)
    await eventually(() => rig.clock.sleeping() === 0)
    rig.onLeased(undefined)
    const next = rig.wait('w3')
    await rig.asleep(1)
    const id = await rig.one()
    await next.done
    expect(next.got.tasks).toMatchObject([{ id }])
  })

  test('a closed dispatcher wakes no caller any more', async () => {
    const rig = await start()
    const poll = rig.wait('w1', { waitMs: 1000 })
    await rig.asleep(1)
    rig.dispatcher.close()
    const before = rig.leases()
    await rig.one()
    expect(rig.leases()).toBe(before)
    rig.clock.advance(1000)
    await poll.done
    expect(poll.got.tasks).toEqual([])
  })
})
