import { expect, test } from 'bun:test'
import { AppError } from '../../src/errors.ts'
import { onEachDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { MINUTE } from '../support/fake-clock.ts'
import { makeProcesses, makeRig, products, type Rig } from './rig.ts'

interface Frame {
  id: number | undefined
  event: string
  data: any
}
/** A follower of live events: its frames so far; `next` waits for a number of them. */
const follow = async (app: Rig, topics: string, lastId?: number) => {
  const response = await app.app.handle(
    new Request(`http://localhost/internal/events?topics=${encodeURIComponent(topics)}`, {
      headers: { 'x-internal-token': 'dev-internal-token', ...(lastId === undefined ? {} : { 'last-event-id': String(lastId) }) },
    }),
  )
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
  const frames: Frame[] = []
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  let hasEnded = false
  const reading = (async () => {
    const decoder = new TextDecoder()
    let text = ''
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      text += decoder.decode(part.value, { stream: true })
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const frame = text.slice(0, end)
        text = text.slice(end + 2)
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(frame)?.[1]
        const event = field('event')
        if (event !== undefined)
          frames.push({
            id: field('id') === undefined ? undefined : Number(field('id')),
            event,
            data: JSON.parse(field('data') as string),
          })
      }
    }
    hasEnded = true
  })()
  return {
    frames,
    hasEnded: () => hasEnded,
    lastId: () => frames.findLast(({ id }) => id !== undefined)?.id as number,
    async next(count: number): Promise<Frame[]> {
      await eventually(() => frames.length >= count)
      return frames
    },
    async close() {
      await reader.cancel()
      await reading
    },
  }
}
const report = (app: Rig) => app.services.live.report()

onEachDatabase('operations §6: live events', (database) => {
  test('a snapshot of each topic, then what happens to runs, as each topic that is followed has it', async () => {
    const app = await makeRig(database)
    const source = await app.source({ site_key: 'tea' })
    const all = await follow(app, `runs,site:tea,source:${source.id}`)
    const site = await follow(app, 'site:tea,site:books')
    const other = await follow(app, 'site:books')
    expect((await all.next(3)).map(({ event, data }) => [event, data.topic])).toEqual([
      ['snapshot', 'runs'],
      ['snapshot', 'site:tea'],
      ['snapshot', `source:${source.id}`],
    ])
    expect(all.frames[2]!.data.data).toEqual({ source_id: source.id, site_key: 'tea', status: 'waiting', open: [] })
    const { run_id: run } = await app.force(source.id)
    await report(app)
    const [task] = await app.lease()
    await report(app)
    await app.ingest(products(3, { site_key: 'tea' }), {
      source_id: source.id,
      task_id: task.id,
      worker_id: 'w1',
      fence: task.fence,
    })
    await report(app)
    await app.verb(task, 'complete')
    await report(app)
    await all.next(7)
    expect(all.frames.slice(3).map(({ event, data }) => [event, data.topic, data.data.run_id, data.data.status])).toEqual([
      ['run.queued', 'runs', run, 'queued'],
      ['run.started', 'runs', run, 'running'],
      ['run.progress', 'runs', run, 'running'],
      ['run.ended', 'runs', run, 'completed'],
    ])
    expect(all.frames.at(-1)!.data.data).toMatchObject({
      site_key: 'tea',
      items_scraped: 3,
      items_new: 3,
      worker_id: 'w1',
      error: null,
    })
    await site.next(6)
    expect(site.frames.slice(2).map(({ data }) => data.topic)).toEqual(Array(4).fill('site:tea'))
    const ids = all.frames.slice(3).map(({ id }) => id as number)
    expect(ids).toEqual(ids.toSorted((a, b) => a - b))
    expect(other.frames).toHaveLength(1)
    for (const one of [all, site, other]) await one.close()
    expect(app.services.live.streams.count()).toBe(0)
  })

  test('many changes between two looks are one event; an end is not lost', async () => {
    const app = await makeRig(database)
    const follower = await follow(app, 'runs,tasks')
    const source = await app.source()
    const { run_id: run } = await app.force(source.id)
    const [task] = await app.lease()
    await app.verb(task, 'fail', 'w1', { error: 'HTTP 503', retryable: true })
    await report(app)
    await follower.next(4)
    expect(follower.frames.slice(2, 4).map(({ event, data }) => [event, data.data])).toMatchObject([
      ['run.ended', { run_id: run, status: 'failed', error: 'HTTP 503' }],
      ['tasks.changed', { kind: 'source.run', queued: 1, leased: 1, failed: 1 }],
    ])
    // Late logs are no second end.
    await app.ok('POST', `/internal/sources/${source.id}/report-logs`, { logs: 'late' })
    await report(app)
    expect(follower.frames.filter(({ event }) => event === 'run.ended')).toHaveLength(1)
    await follower.close()
  })

  test('50 reconnects during 5,000 events: each once, in order; over two processes where there can be two', async () => {
    const apps: Rig[] = database.dialect === 'postgres' ? await makeProcesses(database, 2) : [await makeRig(database)]
    const store = (n: number) => (apps[n % apps.length] as Rig).services.live
    const seen: number[] = []
    let lastId: number | undefined
    for (let turn = 0; turn < 50; turn++) {
      const reader = apps[(turn + 1) % apps.length] as Rig
      const follower = await follow(reader, 'runs', lastId)
      for (let part = 0; part < 2; part++) {
        const events = Array.from({ length: 50 }, (_, n) => ({
          topics: ['runs', 'site:tea'],
          type: 'run.progress',
          at: reader.clock.now(),
          data: { n: turn * 100 + part * 50 + n },
        }))
        await store(turn + part).events.add(events)
      }
      // The present listener reads some, the next one the others.
      if (turn % 3 > 0) {
        await reader.services.live.streams.look()
        await eventually(() => follower.frames.some(({ data }) => data.data.n === turn * 100 + 99))
      }
      await follower.close()
      seen.push(...follower.frames.filter(({ event }) => event === 'run.progress').map(({ data }) => data.data.n))
      lastId = follower.lastId() ?? lastId
    }
    const rest = await follow(apps[0] as Rig, 'runs', lastId)
    await eventually(() => seen.length + rest.frames.length >= 5000)
    await rest.close()
    seen.push(...rest.frames.map(({ data }) => data.data.n))
    expect(seen).toEqual(Array.from({ length: 5000 }, (_, n) => n))
  }, 120_000)

  test('what is too old to resume begins with a reset and the state; numbers go on', async () => {
    const app = await makeRig(database)
    const add = (n: number) =>
      app.services.live.events.add([{ topics: ['runs'], type: 'run.progress', at: app.clock.now(), data: { n } }])
    await add(1)
    const first = await follow(app, 'runs')
    const before = first.lastId()
    await first.close()
    await add(2)
    app.clock.advance(11 * MINUTE)
    await add(3)
    await app.tick()
    const late = await follow(app, 'runs', before)
    expect((await late.next(2)).map(({ event }) => event)).toEqual(['reset', 'snapshot'])
    await add(4)
    await late.next(3)
    expect(late.frames[2]).toMatchObject({ event: 'run.progress', data: { data: { n: 4 } } })
    expect(late.frames[2]!.id).toBeGreaterThan(before)
    // A number from another database.
    const foreign = await follow(app, 'runs', 999_999)
    expect((await foreign.next(2)).map(({ event }) => event)).toEqual(['reset', 'snapshot'])
    for (const one of [late, foreign]) await one.close()
  })

  test('states are sent when they change; the audit says what was done; comments come, and a stop ends the streams', async () => {
    const app = await makeRig(database)
    const follower = await follow(app, 'attention,workers,audit')
    await follower.next(3)
    const source = await app.source()
    await app.error(source.id, 'HTTP 404', true)
    await app.ok('POST', '/internal/attention/no_worker:kind:x/mute', {
      until: new Date(app.clock.now() + MINUTE).toISOString(),
      reason: 'test',
    })
    app.clock.advance(6000)
    await report(app)
    await app.services.live.streams.sweep()
    await follower.next(5)
    expect(
      follower.frames
        .slice(3)
        .map(({ event }) => event)
        .sort(),
    ).toEqual(['attention.changed', 'attention.mute'])
    app.services.live.endConnections()
    await eventually(follower.hasEnded)
    expect((await app.get('/internal/events?topics=runs')).status).toBe(503)
  })

  test('a stream ends with the credential that opened it; a database that does not answer ends none', async () => {
    const app = await makeRig(database)
    const { streams } = app.services.live
    let error: Error | undefined
    await streams.open(['runs'], undefined, async () => {
      if (error) throw error
    })
    for (const [cause, open] of [
      [new Error('the database is away'), 1],
      [new AppError('unauthorized', 401, 'Not authenticated'), 0],
    ] as const) {
      error = cause
      app.clock.advance(5000)
      await streams.sweep()
      expect(streams.count()).toBe(open)
    }
  })

  test('1,000 listeners that do not read cost the writers nothing and are closed; bad topics are refused', async () => {
    const app = await makeRig(database)
    const silent = await Promise.all(
      Array.from({ length: 1000 }, () =>
        app.app.handle(
          new Request('http://localhost/internal/events?topics=runs', { headers: { 'x-internal-token': 'dev-internal-token' } }),
        ),
      ),
    )
    expect(app.services.live.streams.count()).toBe(1000)
    const long = 'x'.repeat(2000)
    for (let n = 0; n < 300; n++)
      await app.services.live.events.add([{ topics: ['runs'], type: 'run.progress', at: app.clock.now(), data: { n, long } }])
    await app.services.live.streams.look()
    await eventually(() => app.services.live.streams.count() === 0)
    for (const response of silent) await response.body?.cancel().catch(() => {})
    for (const topics of ['', 'run', 'site:', 'source:x', 'run:0', Array.from({ length: 21 }, (_, n) => `run:${n + 1}`).join()])
      expect([topics, (await app.get(`/internal/events?topics=${topics}`)).status]).toEqual([topics, 422])
    expect((await app.get('/internal/events')).status).toBe(422)
    expect((await app.get('/internal/events?topics=runs&since=1')).body.error.code).toBe('unknown_parameter')
  }, 120_000)
})
