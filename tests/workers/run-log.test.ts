import { describe, expect, test } from 'bun:test'
import { silentLog } from '../../src/platform/log.ts'
import { PortRefused, PortUnavailable, type RunLogLine, StaleLease } from '../../src/workers/port.ts'
import { FetchError } from '../../src/workers/web/errors.ts'
import { startWebWorker } from '../../src/workers/web/index.ts'
import { createRunLog } from '../../src/workers/web/run-log.ts'
import { eventually } from '../support/eventually.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { type FakePort, fakePort, hastyClock, signalled, webTask } from './doubles.ts'

const numbers = (lines: RunLogLine[]) => lines.map(({ message }) => Number(message.split(' ')[1]))
const added = (log: ReturnType<typeof createRunLog>, count: number, from = 0) => {
  for (let at = from; at < from + count; at++) log.add(`line ${at}`)
}

describe('the log of a run of the web worker', () => {
  test('gifty §2.2: its text keeps beginning and end within 100,000 characters', () => {
    const log = createRunLog(fakeClock())
    for (let at = 0; at < 5_000; at++) log.add(`line ${at} ${'x'.repeat(60)}`)
    const text = log.text()
    expect(text.length).toBeLessThanOrEqual(100_000)
    expect(text).toStartWith('2026-01-15T12:00:00.000Z line 0 ')
    expect(text).toContain(' lines left out ...\n')
    expect(text).toContain('line 4999 ')
  })

  test('operations §2: lines are sent after a second, or 200 at once, in their order', async () => {
    const clock = fakeClock()
    const calls: RunLogLine[][] = []
    const log = createRunLog(clock, async (lines) => void calls.push(lines))
    added(log, 3)
    expect(calls).toEqual([])
    await clock.advance(1000)
    await eventually(() => calls.length > 0)
    expect(calls.map(numbers)).toEqual([[0, 1, 2]])
    added(log, 450, 3)
    await log.flush()
    expect(calls.slice(1).flatMap(numbers)).toEqual(Array.from({ length: 450 }, (_, at) => at + 3))
    expect(Math.max(...calls.map((lines) => lines.length))).toBe(200)
    expect(log.isAppended()).toBe(true)
  })

  test('operations §2: what the server did not take is sent again, and what had to go is said', async () => {
    const clock = fakeClock()
    const calls: RunLogLine[][] = []
    let isAway = true
    const log = createRunLog(clock, async (lines) => {
      if (isAway) throw new PortUnavailable('away')
      calls.push(lines)
    })
    added(log, 10_005)
    await log.flush()
    expect(log.isAppended()).toBe(false)
    isAway = false
    await log.flush()
    expect(calls[0]![0]).toMatchObject({ level: 'warn', message: '5 lines were left out, the server was away' })
    expect(calls.flatMap((lines) => numbers(lines.filter(({ message }) => message.startsWith('line ')))).at(-1)).toBe(10_004)
    expect(calls.flat()).toHaveLength(10_001)
  })

  test('a server without the route is asked once, and the lines come with the result', async () => {
    let asked = 0
    const log = createRunLog(fakeClock(), async () => {
      asked++
      throw new PortRefused(404, 'not_found', 'no such route')
    })
    added(log, 300)
    await log.flush()
    added(log, 300)
    await log.flush()
    expect([asked, log.isAppended()]).toEqual([1, false])
  })
})

/** Runs one task of a shop whose only page answers 503 with a secret in its message. */
const failing = async (port: FakePort) => {
  const ended = signalled()
  port.on.ended = ended.resolve
  port.queue.push(webTask({ url: 'http://shop.example/', run_id: 17 }))
  const fetcher = {
    page: async () => {
      throw new FetchError('status', 'HTTP 503', true, 503)
    },
    sitemaps: async () => [],
  }
  const worker = startWebWorker({ port, log: silentLog, clock: hastyClock(), fetcher, workerId: 'w1' })
  await ended.promise
  await worker.stop()
  return port
}

describe('a run that fails', () => {
  test('operations §2: has its log: what was done before is sent under the lease, before the failure', async () => {
    const { seen } = await failing(fakePort())
    expect(seen.failed).toHaveLength(1)
    expect(seen.lines.length).toBeGreaterThan(1)
    expect(seen.lines.every(({ runId, lease }) => runId === 17 && lease.workerId === 'w1')).toBe(true)
    expect(seen.lines[0]).toMatchObject({ level: 'info', message: expect.stringContaining('deep of list http://shop.example/') })
    expect(seen.lines[1]).toMatchObject({ level: 'warn', message: expect.stringContaining('HTTP 503, asked again') })
  })

  test('a lost lease ends the run at its next lines, without a verdict', async () => {
    const port = fakePort()
    const refused = signalled()
    port.on.appendLog = () => {
      refused.resolve()
      throw new StaleLease('gone')
    }
    port.queue.push(webTask({ url: 'http://shop.example/', run_id: 17 }))
    const fetcher = { page: () => new Promise<never>(() => {}), sitemaps: async () => [] }
    const worker = startWebWorker({ port, log: silentLog, clock: hastyClock(), fetcher, workerId: 'w1' })
    await refused.promise
    await worker.stop()
    expect([port.seen.failed, port.seen.completed]).toEqual([[], []])
  })
})
