import { describe, expect, test } from 'bun:test'
import { JobFailed } from '../../src/errors.ts'
import { silentLog } from '../../src/platform/log.ts'
import { type LeaseRef, PortRefused, PortUnavailable } from '../../src/workers/port.ts'
import { type RunTask, startWorker } from '../../src/workers/worker.ts'
import { eventually } from '../support/eventually.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { type FakePort, fakePort, signalled, stale, webTask } from './doubles.ts'

const start = (port: FakePort, run: RunTask, { concurrency = 2, clock = fakeClock() } = {}) => ({
  clock,
  worker: startWorker({
    port,
    clock,
    log: silentLog,
    workerId: 'w1',
    hostname: 'h1',
    pid: 42,
    kinds: ['source.run.web'],
    concurrency,
    leaseSeconds: 60,
    random: () => 0.5,
    run,
  }),
})

/** A task that runs until its signal aborts, and says so. */
const hanging = () => {
  const started = signalled()
  const aborted = signalled()
  const run: RunTask = ({ signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        aborted.resolve()
        reject(new Error('aborted'))
      })
      started.resolve()
    })
  return { run, started: started.promise, aborted: aborted.promise }
}

describe('worker loop', () => {
  test('gifty §4: a leased task runs and is completed with its fence and result', async () => {
    const port = fakePort()
    port.queue.push(webTask({ url: 'http://a/' }, 3))
    const ended = signalled()
    port.on.ended = ended.resolve
    const { worker } = start(port, async ({ task }) => ({ logs: `did ${task.kind}` }))
    await ended.promise
    expect(port.seen.leases[0]).toEqual({ workerId: 'w1', kinds: ['source.run.web'], max: 2, leaseSeconds: 60, waitSeconds: 20 })
    expect(port.seen.completed).toEqual([
      { lease: { taskId: expect.any(String), workerId: 'w1', fence: 3 }, result: { logs: 'did source.run.web' } },
    ])
    await worker.stop()
    expect(port.seen.released).toEqual([])
  })

  test('gifty §4: the lease is renewed when a third of it has passed', async () => {
    const port = fakePort()
    port.queue.push(webTask({ url: 'http://a/' }))
    const { run, started } = hanging()
    const { worker, clock } = start(port, run)
    await started
    clock.advance(19_999)
    await eventually(() => clock.sleeping() === 2)
    expect(port.seen.heartbeats).toHaveLength(0)
    clock.advance(1)
    await eventually(() => port.seen.heartbeats.length === 1)
    expect(port.seen.heartbeats[0]).toMatchObject({ leaseSeconds: 60 })
    await eventually(() => clock.sleeping() === 2)
    clock.advance(20_000)
    await eventually(() => port.seen.heartbeats.length === 2)
    await worker.stop()
  })

  test('gifty §4: a worker heartbeat is sent at start and every 20 s', async () => {
    const port = fakePort()
    const { worker, clock } = start(port, async () => ({}))
    await eventually(() => port.seen.vitals === 1 && clock.sleeping() === 1)
    clock.advance(20_000)
    await eventually(() => port.seen.vitals === 2)
    await worker.stop()
  })

  test('gifty §4: a stale lease aborts the task, and no verdict is sent', async () => {
    const port = fakePort()
    port.queue.push(webTask({ url: 'http://a/' }))
    port.on.heartbeat = stale
    const { run, started, aborted } = hanging()
    const { worker, clock } = start(port, run)
    await started
    await eventually(() => clock.sleeping() === 2)
    clock.advance(20_000)
    await aborted
    await worker.stop()
    expect([port.seen.completed, port.seen.failed, port.seen.released]).toEqual([[], [], []])
  })

  test('gifty §3: a batch refused as stale aborts the task too', async () => {
    const port = fakePort()
    port.queue.push(webTask({ url: 'http://a/' }))
    port.on.ingest = stale
    const thrown = signalled<unknown>()
    const { worker } = start(port, async ({ ingest, signal }) => {
      try {
        await ingest({ sourceId: 7, items: [], idempotencyKey: 'k' })
      } catch (error) {
        thrown.resolve([(error as Error).name, signal.aborted])
        throw error
      }
    })
    expect(await thrown.promise).toEqual(['StaleLease', true])
    await worker.stop()
    expect([port.seen.completed, port.seen.failed, port.seen.released]).toEqual([[], [], []])
  })

  test('gifty §4: cancel_requested aborts the task and ends its lease by release', async () => {
    const port = fakePort()
    port.queue.push(webTask({ url: 'http://a/' }))
    port.on.heartbeat = () => ({ cancelRequested: true })
    const ended = signalled()
    port.on.ended = ended.resolve
    const { run, started, aborted } = hanging()
    const { worker, clock } = start(port, run)
    await started
    await eventually(() => clock.sleeping() === 2)
    clock.advance(20_000)
    await aborted
    await ended.promise
    expect(port.seen.released).toHaveLength(1)
    expect(port.seen.failed).toEqual([])
    await worker.stop()
  })

  test('gifty §4: stop aborts what runs and releases every lease', async () => {
    const port = fakePort()
    port.queue.push(webTask({ url: 'http://a/' }), webTask({ url: 'http://b/' }))
    let running = 0
    const { worker } = start(port, ({ signal }) => {
      running++
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
    })
    await eventually(() => running === 2)
    await worker.stop()
    expect(port.seen.released.map((lease) => lease.fence)).toEqual([1, 1])
    expect(port.seen.leases).toHaveLength(1)
  })

  test('stop gives back a lease whose answer never arrived', async () => {
    const port = fakePort()
    const lost: LeaseRef = { taskId: 'lost', workerId: 'w1', fence: 3 }
    port.on.leases = () => [lost]
    const { worker } = start(port, async () => ({}))
    await worker.stop()
    expect(port.seen.released).toEqual([lost])
  })

  test('stop does not wait for a task that ignores its signal, and releases it all the same', async () => {
    const port = fakePort()
    port.queue.push(webTask({ url: 'http://a/' }))
    const started = signalled()
    const { worker, clock } = start(port, () => {
      started.resolve()
      return new Promise(() => {})
    })
    await started.promise
    const stopping = worker.stop()
    await eventually(() => clock.sleeping() === 1)
    clock.advance(5_000)
    await stopping
    expect(port.seen.released).toHaveLength(1)
  })

  test('no more than `concurrency` tasks run at once', async () => {
    const port = fakePort()
    port.queue.push(...['a', 'b', 'c', 'd', 'e'].map((host) => webTask({ url: `http://${host}/` })))
    let running = 0
    let most = 0
    const { worker } = start(port, async () => {
      most = Math.max(most, ++running)
      await new Promise<void>((resolve) => setImmediate(resolve))
      running--
    })
    await eventually(() => port.seen.completed.length === 5)
    expect(most).toBe(2)
    await worker.stop()
  })

  test('a port that is down is called again after 0.5, 1, 2 ... s, and work continues when it is back', async () => {
    const port = fakePort()
    let down = true
    port.on.lease = () => {
      if (down) throw new PortUnavailable('no server')
    }
    const { worker, clock } = start(port, async () => ({}))
    for (const [asked, waitMs] of [500, 1000, 2000, 4000].entries()) {
      await eventually(() => port.seen.leases.length === asked + 1 && clock.sleeping() === 2)
      clock.advance(waitMs - 1)
      await new Promise<void>((resolve) => setImmediate(resolve))
      expect(port.seen.leases).toHaveLength(asked + 1)
      if (asked === 3) {
        down = false
        port.queue.push(webTask({ url: 'http://a/' }))
      }
      clock.advance(1)
    }
    await eventually(() => port.seen.completed.length === 1)
    await worker.stop()
  })

  test('gifty §4: a failure is reported with its verdict; an unforeseen one is retryable and holds no secret', async () => {
    const port = fakePort()
    port.queue.push(webTask({ url: 'http://gone/' }), webTask({ url: 'http://odd/' }))
    const { worker } = start(port, async ({ task }) => {
      if ((task.payload as any).url === 'http://gone/') throw new JobFailed('HTTP 404', false)
      throw new Error('asked http://x/?token=abcdef')
    })
    await eventually(() => port.seen.failed.length === 2)
    expect(port.seen.failed.map(({ error, retryable }) => ({ error, retryable }))).toEqual([
      { error: 'HTTP 404', retryable: false },
      { error: 'asked http://x/?token=[redacted]', retryable: true },
    ])
    await worker.stop()
  })

  test('gifty §4: a result that the server refuses fails the task for good', async () => {
    const port = fakePort()
    port.queue.push(webTask({ url: 'http://a/' }))
    port.complete = async () => {
      throw new PortRefused(422, 'validation_error', 'Invalid request')
    }
    const { worker } = start(port, async () => ({ logs: 5 }))
    await eventually(() => port.seen.failed.length === 1)
    expect(port.seen.failed[0]).toMatchObject({ error: 'Result refused: Invalid request', retryable: false })
    await worker.stop()
  })

  test('a lease that no heartbeat could renew for its whole length counts as lost', async () => {
    const port = fakePort()
    port.queue.push(webTask({ url: 'http://a/' }))
    let beats = 0
    port.heartbeat = async () => {
      beats++
      throw new PortUnavailable('no server')
    }
    const { run, started, aborted } = hanging()
    const { worker, clock } = start(port, run)
    await started
    for (const beat of [1, 2, 3]) {
      await eventually(() => clock.sleeping() === 2)
      clock.advance(20_000)
      await eventually(() => beats === beat)
    }
    await aborted
    await worker.stop()
    expect(port.seen.released).toEqual([])
  })

  test('leases are renewed as before when the clock is set back', async () => {
    const port = fakePort()
    port.queue.push(webTask({ url: 'http://a/' }))
    const { run, started } = hanging()
    const { worker, clock } = start(port, run)
    await started
    await eventually(() => clock.sleeping() === 2)
    clock.advance(20_000)
    await eventually(() => port.seen.heartbeats.length === 1 && clock.sleeping() === 2)
    clock.shift(-3_600_000)
    clock.advance(20_000)
    await eventually(() => port.seen.heartbeats.length === 2 && clock.sleeping() === 2)
    clock.advance(20_000)
    await eventually(() => port.seen.heartbeats.length === 3)
    await worker.stop()
    expect(port.seen.released).toHaveLength(1)
  })

  test('a heartbeat that is not answered holds up no other lease', async () => {
    const port = fakePort()
    const [deaf, well] = [webTask({ url: 'http://a/' }), webTask({ url: 'http://b/' })]
    port.queue.push(deaf, well)
    const beats: string[] = []
    port.heartbeat = ({ taskId }) => {
      beats.push(taskId)
      if (taskId === deaf.id) return new Promise(() => {})
      return Promise.resolve({ leaseExpiresAt: '2026-01-15T12:01:00.000Z', cancelRequested: false })
    }
    const { run } = hanging()
    const { worker, clock } = start(port, run)
    await eventually(() => clock.sleeping() === 3)
    for (const beat of [1, 2, 3]) {
      clock.advance(20_000)
      await eventually(() => beats.filter((id) => id === well.id).length === beat && clock.sleeping() === 2)
    }
    await worker.stop()
  })

  test('a task that is still handed to a worker that stops is given back and not begun', async () => {
    const port = fakePort()
    const task = webTask({ url: 'http://a/' })
    const asked = signalled()
    const answer = signalled<(typeof task)[]>()
    port.lease = () => {
      asked.resolve()
      return answer.promise
    }
    let begun = 0
    const { worker } = start(port, async () => begun++)
    await asked.promise
    const stopped = worker.stop()
    answer.resolve([task])
    await stopped
    expect([begun, port.seen.released.map(({ taskId }) => taskId)]).toEqual([0, [task.id]])
  })
})
