import { expect, test } from 'bun:test'
import { linesOfText } from '../../src/gifty/sources/run-history/logs.ts'
import { onEachDatabase } from '../support/databases.ts'
import { eventually, turn } from '../support/eventually.ts'
import { DAY, iso } from '../support/fake-clock.ts'
import { leasedRun, makeProcesses, makeRig, problemOf, type Rig } from './rig.ts'

const logs = (app: Rig, id: number, query = ''): Promise<any> => app.ok('GET', `/internal/runs/${id}/logs${query}`)
const append = (app: Rig, id: number, lines: unknown[], more: object = {}): Promise<any> =>
  app.ok('POST', `/internal/runs/${id}/logs`, { lines, ...more })
const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, n) => `line ${from + n + 1}`)

/** Follows a log until it has `count` lines more, its stream ends, or `cut` is reached; answers the numbers of its lines. */
const follow = async (app: Rig, id: number, lastId?: number, count = Number.POSITIVE_INFINITY) => {
  const response = await app.app.handle(
    new Request(`http://localhost/internal/runs/${id}/logs`, {
      headers: {
        'x-internal-token': 'dev-internal-token',
        accept: 'text/event-stream',
        ...(lastId === undefined ? {} : { 'last-event-id': String(lastId) }),
      },
    }),
  )
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const seen: number[] = []
  let text = ''
  let hasEnded = false
  const decoder = new TextDecoder()
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(part, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = text.slice(0, end)
      text = text.slice(end + 2)
      if (/^event: end$/m.test(event)) hasEnded = true
      const number = /^id: (\d+)$/m.exec(event)?.[1]
      if (number !== undefined && seen.length < count) seen.push(Number(number))
    }
    if (seen.length >= count) break
  }
  return { seen, hasEnded }
}

onEachDatabase('operations §2: logs of runs', (database) => {
  test('lines are numbered from 1, with level, time and fields; filters, pages and text', async () => {
    const app = await makeRig(database)
    const { run_id: id } = await leasedRun(app)
    expect(await logs(app, id)).toEqual({ lines: [], last: 0 })
    const at = iso(app.clock.now() - 5000)
    expect(
      await append(app, id, ['plain 100%', { level: 'warn', message: 'page 7 answered 503', fields: { page: 7 }, at }]),
    ).toEqual({ last: 2 })
    expect(await append(app, id, [{ message: 'Ошибка', level: 'error' }])).toEqual({ last: 3 })
    const now = iso(app.clock.now())
    const all = [
      { n: 1, at: now, level: 'info', message: 'plain 100%' },
      { n: 2, at, level: 'warn', message: 'page 7 answered 503', fields: { page: 7 } },
      { n: 3, at: now, level: 'error', message: 'Ошибка' },
    ]
    expect(await logs(app, id)).toEqual({ lines: all, last: 3 })
    expect((await logs(app, id, '?after=1&limit=1')).lines).toEqual([all[1]])
    expect((await logs(app, id, '?level=warn')).lines).toEqual(all.slice(1))
    expect((await logs(app, id, '?q=PAGE')).lines).toEqual([all[1]])
    expect((await logs(app, id, '?q=0%25')).lines).toEqual([all[0]])
    const text = await app.app.handle(
      new Request(`http://localhost/internal/runs/${id}/logs?after=1`, {
        headers: { 'x-internal-token': 'dev-internal-token', accept: 'text/plain' },
      }),
    )
    expect(text.headers.get('content-type')).toBe('text/plain;charset=utf-8')
    expect(await text.text()).toBe(`${at} WARN page 7 answered 503\n${now} ERROR Ошибка\n`)
  })

  test('a line without a level keeps its time and fields', async () => {
    const app = await makeRig(database)
    const { run_id: id } = await leasedRun(app)
    const at = iso(app.clock.now() - 7000)
    await append(app, id, [
      { message: 'a', fields: { page: 1 } },
      { message: 'b', at },
      { message: 'c', level: null, at: null },
    ])
    const now = iso(app.clock.now())
    expect((await logs(app, id)).lines).toEqual([
      { n: 1, at: now, level: 'info', message: 'a', fields: { page: 1 } },
      { n: 2, at, level: 'info', message: 'b' },
      { n: 3, at: now, level: 'info', message: 'c' },
    ])
  })

  test('what workers report and complete with is among the lines', async () => {
    const app = await makeRig(database)
    const { id, run_id, task } = await leasedRun(app)
    await app.ok('POST', `/internal/sources/${id}/report-logs`, {
      logs: 'start\n2026-01-15 09:00:02 [shop] ERROR: page 3\n\n',
      run_id,
    })
    await append(app, run_id, ['live'])
    await app.verb(task, 'complete', 'w1', { result: { logs: 'WARNING done\n' } })
    expect((await logs(app, run_id)).lines.map(({ n, level, message }: any) => [n, level, message])).toEqual([
      [1, 'info', 'start'],
      [2, 'error', '2026-01-15 09:00:02 [shop] ERROR: page 3'],
      [3, 'info', 'live'],
      [4, 'warn', 'WARNING done'],
    ])
    expect((await app.ok('GET', `/internal/runs/${run_id}`)).log_lines).toBe(4)
  })

  test('an answer is at most 4 MiB and ends early', async () => {
    const app = await makeRig(database)
    const { run_id: id } = await leasedRun(app)
    const line = { message: 'x'.repeat(8000), fields: { more: 'y'.repeat(20_000) } }
    for (let n = 0; n < 2; n++) await append(app, id, Array(200).fill(line))
    const seen: number[] = []
    for (let after = 0; after < 400; ) {
      const { lines, last } = await logs(app, id, `?limit=5000&after=${after}`)
      expect([JSON.stringify(lines).length < 4.3 * 1024 * 1024, last]).toEqual([true, 400])
      seen.push(...lines.map(({ n }: any) => n))
      after = lines.at(-1).n
    }
    expect(seen).toEqual(Array.from({ length: 400 }, (_, n) => n + 1))
  })

  test('a stale lease appends nothing, a late line without one is kept', async () => {
    const app = await makeRig(database)
    const { run_id: id, task } = await leasedRun(app)
    expect(await append(app, id, ['a'], { worker_id: 'w1', fence: task.fence })).toEqual({ last: 1 })
    for (const [worker, fence] of [
      ['w2', task.fence],
      ['w1', task.fence + 1],
    ]) {
      const { status, body } = await app.post(`/internal/runs/${id}/logs`, { lines: ['x'], worker_id: worker, fence })
      expect([status, body.error.code]).toEqual([409, 'stale_lease'])
    }
    await app.verb(task, 'complete')
    expect((await app.post(`/internal/runs/${id}/logs`, { lines: ['x'], worker_id: 'w1', fence: task.fence })).status).toBe(409)
    expect(await append(app, id, ['late'])).toEqual({ last: 2 })
  })

  test('behaviour 6: of 100,000 lines the last 10,000 are kept', async () => {
    const app = await makeRig(database)
    const { run_id: id } = await leasedRun(app)
    for (let sent = 0; sent < 100_000; sent += 1000) await append(app, id, numbers(1000, sent))
    const first = await logs(app, id, '?limit=5000')
    const rest = await logs(app, id, `?limit=5000&after=${first.lines.at(-1).n}`)
    const all = [...first.lines, ...rest.lines]
    expect(first.last).toBe(100_000)
    expect(all.map(({ n }: any) => n)).toEqual(Array.from({ length: 10_000 }, (_, n) => 90_001 + n))
    expect([all[0].message, all.at(-1).message]).toEqual(['line 90001', 'line 100000'])
    expect(await app.rows('run_logs')).toBeLessThanOrEqual(10_500)
  })

  test('appends of two processes at once leave no gap and no repeat', async () => {
    const [app, other] = (await makeProcesses(database, 2)) as [Rig, Rig]
    const { run_id: id } = await leasedRun(app)
    await Promise.all(Array.from({ length: 40 }, (_, n) => append(n % 2 ? app : other, id, numbers(1 + (n % 3)))))
    const { lines, last } = await logs(app, id, '?limit=5000')
    expect(lines.map(({ n }: any) => n)).toEqual(Array.from({ length: last }, (_, n) => n + 1))
  })

  test('behaviour 6: a follower in another process that reconnects 20 times misses nothing and sees nothing twice', async () => {
    const [app, other] = (await makeProcesses(database, 2)) as [Rig, Rig]
    const { id: source, run_id: id } = await leasedRun(app)
    let sent = 0
    const writing = (async () => {
      for (; sent < 400; sent += 10) await append(app, id, numbers(10, sent))
      await app.report(source, 'waiting')
    })()
    // The follower's look at the database is a wait of the injected clock.
    let isOver = false
    const ticking = (async () => {
      while (!isOver) {
        if (other.clock.sleeping() > 0) other.clock.advance(1000)
        await turn()
      }
    })()
    const seen: number[] = []
    for (let turn = 0; turn < 20; turn++) seen.push(...(await follow(other, id, seen.at(-1), 15)).seen)
    await writing
    const rest = await follow(other, id, seen.at(-1))
    isOver = true
    await ticking
    expect([...seen, ...rest.seen]).toEqual(Array.from({ length: 400 }, (_, n) => n + 1))
    expect(rest.hasEnded).toBe(true)
  }, 300_000)

  test('a reader that goes away ends its stream: nothing waits for the log any more', async () => {
    const app = await makeRig(database)
    const { run_id: id } = await leasedRun(app)
    await append(app, id, ['a'])
    const before = app.clock.sleeping()
    expect((await follow(app, id, undefined, 1)).seen).toEqual([1])
    await eventually(() => app.clock.sleeping() === before)
  })

  test('a stop of the server ends the streams, HEAD begins none, and a follower hears of new lines at once', async () => {
    const app = await makeRig(database)
    const { run_id: id } = await leasedRun(app)
    await append(app, id, ['a'])
    const head = await app.app.handle(
      new Request(`http://localhost/internal/runs/${id}/logs`, {
        method: 'HEAD',
        headers: { 'x-internal-token': 'dev-internal-token', accept: 'text/event-stream' },
      }),
    )
    expect([head.status, await head.text()]).toEqual([200, ''])
    const following = follow(app, id)
    await eventually(() => app.clock.sleeping() > 0)
    // The clock stands still: nothing but the bus can wake the follower.
    await append(app, id, ['b'])
    const second = follow(app, id, 1, 1)
    expect((await second).seen).toEqual([2])
    app.services.runLogs.stop()
    expect(await following).toEqual({ seen: [1, 2], hasEnded: false })
  })

  test('every run that failed says why in its log, however it ended; lines that were sent before do not come again', async () => {
    const app = await makeRig(database)
    const ways: Record<string, (task: any) => Promise<unknown>> = {
      fail: (task) => app.verb(task, 'fail', 'w1', { error: 'HTTP 503', retryable: true }),
      report: (task) => app.ok('POST', `/internal/sources/${task.payload.source_id}/report-error`, { error: 'HTTP 503' }),
      pages: (task) => app.verb(task, 'complete', 'w1', { result: { pages: 2, pages_failed: 2 } }),
    }
    for (const [way, end] of Object.entries(ways)) {
      const { task, run_id: id } = await leasedRun(app)
      await end(task)
      const { lines } = await logs(app, id)
      const { status, error } = await app.ok('GET', `/internal/runs/${id}`)
      expect([way, status, lines.length, lines[0].level, lines[0].message]).toEqual([way, 'failed', 1, 'error', error])
    }
    const { task, run_id: id } = await leasedRun(app)
    await append(app, id, ['page 1: 60 products'])
    await app.verb(task, 'complete', 'w1', { result: { logs: 'page 1: 60 products', logs_appended: true } })
    expect((await logs(app, id)).lines.map(({ message }: any) => message)).toEqual(['page 1: 60 products'])
    const { config } = await app.ok('GET', `/internal/sources/${task.payload.source_id}`)
    expect(config.last_logs).toBe('page 1: 60 products')
  })

  test('lines go after RUN_LOG_RETENTION_DAYS', async () => {
    const app = await makeRig(database, { env: { RUN_LOG_RETENTION_DAYS: '2' } })
    const { run_id: id } = await leasedRun(app)
    await append(app, id, ['old'])
    app.clock.advance(1.5 * DAY)
    await append(app, id, ['new'])
    app.clock.advance(0.6 * DAY)
    await app.tick()
    const messages = (await logs(app, id)).lines.map(({ message }: any) => message)
    expect([messages.includes('old'), messages.includes('new')]).toEqual([false, true])
  })

  test('bad input is refused, and what is too long is cut', async () => {
    const app = await makeRig(database)
    const { run_id: id } = await leasedRun(app)
    for (const body of [
      {},
      { lines: [] },
      { lines: [5] },
      { lines: [{ level: 'info' }] },
      { lines: [{ message: 'x', level: 'loud' }] },
      { lines: numbers(1001) },
      { lines: ['x'], worker_id: 'w1' },
      { lines: ['x'], fence: 1 },
    ])
      expect((await app.post(`/internal/runs/${id}/logs`, body)).status).toBe(422)
    expect((await app.post('/internal/runs/999/logs', { lines: ['x'] })).status).toBe(404)
    expect((await app.get('/internal/runs/999/logs')).status).toBe(404)
    expect((await app.get(`/internal/runs/${id}/logs?lines=1`)).body.error.code).toBe('unknown_parameter')
    expect(problemOf(await app.get(`/internal/runs/${id}/logs?limit=5001`))).toMatchObject({ loc: ['query', 'limit'] })
    await append(app, id, ['x'.repeat(9000), 'a\u0000b'])
    const { lines } = await logs(app, id)
    expect([lines[0].message.length, lines[1].message]).toEqual([8192, 'ab'])
  })
})

test.each([
  ['ERROR page 3', 'error'],
  ['[WARNING] slow', 'warn'],
  ['2026-01-15 09:00:02,123 DEBUG: x', 'debug'],
  ['2026-01-15 09:00:02 [shop] ERROR: page', 'error'],
  ['09:00 CRITICAL x', 'error'],
  ['errors were 0', 'info'],
  ['the error is gone', 'info'],
  ['', undefined],
] as const)('operations §2: the level of %p is %p', (line, level) => {
  expect(linesOfText(line, new Date(0))[0]?.level).toBe(level as never)
})
