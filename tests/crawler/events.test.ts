import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { MINUTE, SECOND } from '../support/fake-clock.ts'
import { makeRig, path, restarted, TOKEN } from './rig.ts'
import { listenUntilTheEnd, openEvents } from './stream-rig.ts'

const { listening } = listenUntilTheEnd()

onEachDatabase('crawler event streams (gitlab-crawler §14)', (database) => {
  test('§17.26: Last-Event-ID resumes without loss or repetition, also after a restart', async () => {
    const app = await makeRig(database)
    const origin = listening(app)
    await app.create('a/b')
    const to = path('a/b', '/events')
    const stream = await openEvents(origin, to)
    expect([
      stream.response.status,
      stream.response.headers.get('content-type'),
      stream.response.headers.get('cache-control'),
    ]).toEqual([200, 'text/event-stream', 'no-store'])
    const ready = await stream.next('connection_ready')
    expect(ready.data).toMatchObject({ taskId: 'a/b', resumed: false, taskInfo: { status: 'queued' } })
    for (let n = 1; n <= 3; n++) await app.report('a/b', { type: 'progress', processed: n })
    const ids: number[] = []
    for (let n = 1; n <= 3; n++) {
      const event = await stream.next('progress')
      expect(event.data).toMatchObject({ type: 'progress', seq: event.id, data: { progress: { processed: n } } })
      ids.push(event.id as number)
    }
    stream.close()
    await eventually(() => app.crawler.streams.events.count() === 0)
    for (let n = 4; n <= 6; n++) await app.report('a/b', { type: 'progress', processed: n })
    const next = await restarted(app)
    const other = listening(next)
    for (const [query, headers] of [
      [`?lastEventId=${ids[1]}`, {}],
      ['', { 'last-event-id': String(ids[1]) }],
    ] as const) {
      const again = await openEvents(other, to + query, headers)
      expect((await again.next('connection_ready')).data).toMatchObject({ resumed: true, lost: 0 })
      for (let n = 3; n <= 6; n++) expect((await again.next('progress')).data.data.progress.processed).toBe(n)
      expect(again.events.filter((event) => event.event === 'progress')).toEqual([])
      again.close()
    }
    for (const query of ['?lastEventId=x', '?lastEventId=-1'])
      expect((await openEvents(other, to + query)).response.status).toBe(400)
    expect((await openEvents(other, to, { 'last-event-id': '1.5' })).response.status).toBe(400)
    expect((await openEvents(other, path('none', '/events'))).response.status).toBe(404)
    expect((await openEvents(other, `${to}?token=${TOKEN}`, { authorization: '' })).response.status).toBe(200)
  })

  test('§14: older than what can be resumed begins with a gap; comments every 15 s; it stays open after a terminal status', async () => {
    const app = await makeRig(database, { env: { CRAWLER_RESUME_MESSAGES: '2' } })
    const origin = listening(app)
    await app.create('t')
    for (let n = 1; n <= 5; n++) await app.report('t', { type: 'progress', processed: n })
    const stream = await openEvents(origin, path('t', '/events'), { 'last-event-id': '1' })
    expect((await stream.next('gap')).data.data.lost).toBeGreaterThan(2)
    expect((await stream.next('progress')).data.data.progress.processed).toBe(4)
    expect((await stream.next('progress')).data.data.progress.processed).toBe(5)
    app.clock.advance(15 * SECOND)
    await app.crawler.streams.sweep()
    await eventually(() => stream.comments.length === 1)
    await app.report('t', { type: 'completed' })
    expect((await stream.next('status')).data.data).toMatchObject({ status: 'completed', previousStatus: 'running' })
    await app.put('t', { status: 'queued' })
    await stream.next('status')
    app.clock.advance(11 * MINUTE)
    await app.tick()
    const late = await openEvents(origin, path('t', '/events'), { 'last-event-id': '3' })
    expect((await late.next('gap')).data.data.lost).toBeGreaterThan(0)
  })

  test('§14: the stream of a deleted task ends with the event deleted, and a reconnect is 404', async () => {
    const app = await makeRig(database)
    const origin = listening(app)
    await app.create('t')
    const stream = await openEvents(origin, path('t', '/events'))
    await stream.next('connection_ready')
    await app.ok('DELETE', path('t'))
    expect((await stream.next('task_update')).data.data.updateType).toBe('deleted')
    expect(await stream.ended()).toBe(true)
    expect((await openEvents(origin, path('t', '/events'))).response.status).toBe(404)
  })
})
