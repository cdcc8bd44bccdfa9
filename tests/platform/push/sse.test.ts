import { expect, test } from 'bun:test'
import { EventStream, sseComment, sseEvent } from '../../../src/platform/push/sse.ts'
import { fakeClock } from '../../support/fake-clock.ts'

const LIMITS = { coalesceBytes: 0, maxBytes: 1000, stalledMs: 60_000 }
const make = (highWaterBytes = 1) => {
  const clock = fakeClock()
  const stream = new EventStream({ limits: LIMITS, now: clock.now, highWaterBytes })
  const response = stream.response('no-store')
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const next = async () => {
    const { value, done } = await reader.read()
    return done ? undefined : new TextDecoder().decode(value)
  }
  return { clock, stream, response, reader, next }
}

test('fields are written in the order given; line breaks in data are lines of their own', () => {
  expect(sseEvent({ id: 3, event: 'progress', data: '{}' })).toBe('id: 3\nevent: progress\ndata: {}\n\n')
  expect(sseEvent({ data: '{}', id: 3 })).toBe('data: {}\nid: 3\n\n')
  expect(sseEvent({ id: undefined, retry: 3000 })).toBe('retry: 3000\n\n')
  expect(sseEvent({ data: 'a\nb\r\nc\rd' })).toBe('data: a\ndata: b\ndata: c\ndata: d\n\n')
  expect(sseComment('hb')).toBe(': hb\n\n')
})

test('headers, texts and bytes, and the end after the last event', async () => {
  const { stream, response, next } = make(1000)
  expect(Object.fromEntries(response.headers)).toEqual({
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  stream.start('first')
  stream.push(new TextEncoder().encode('second'))
  stream.finish(1000, 'done')
  expect([await next(), await next(), await next()]).toEqual(['first', 'second', undefined])
})

test('a slow reader gets the newest of a key, and the last event in any case', async () => {
  const { stream, next } = make()
  stream.start('one')
  for (const text of ['two', 'three', 'four']) stream.push(text, undefined, 'snapshot')
  stream.finish(1000, 'done')
  expect([await next(), await next(), await next()]).toEqual(['one', 'four', undefined])
})

test('a reader that takes what there is and waits gets each event at once, again and again', async () => {
  const { stream, next } = make()
  stream.start()
  for (let n = 0; n < 5; n++) {
    const read = next()
    stream.push(`early ${n}`)
    expect(await read).toBe(`early ${n}`)
    stream.push(`late ${n}`)
    expect(await next()).toBe(`late ${n}`)
  }
})

test('a client that goes away ends it once; a reader that takes nothing is closed', async () => {
  const gone = make()
  let ends = 0
  gone.stream.onEnd = () => ends++
  gone.stream.start('one')
  await gone.reader.cancel()
  gone.stream.push('two')
  gone.stream.end(1001, 'bye')
  expect([ends, gone.stream.isEnded()]).toEqual([1, true])

  const stalled = make()
  stalled.stream.start('one')
  stalled.clock.advance(60_000)
  stalled.stream.check()
  expect(stalled.stream.isEnded()).toBe(true)
})

test('one that has ended before its answer is made is an empty stream', async () => {
  const stream = new EventStream({ limits: LIMITS, now: () => 0, highWaterBytes: 10 })
  stream.end(1001, 'bye')
  stream.start('first')
  expect(await stream.response('no-store').text()).toBe('')
})
