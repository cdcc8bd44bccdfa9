import { afterEach, describe, expect, test } from 'bun:test'
import { createLocalKv, type Kv } from '../../src/platform/shared.ts'
import {
  createCachedCalls,
  createUpstream,
  ExchangeError,
  exchange,
  UpstreamError,
  type UpstreamOptions,
} from '../../src/platform/upstream.ts'
import { eventually } from '../support/eventually.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { brokenPeer, type DoubleAnswer, upstreamDouble } from '../support/upstream-double.ts'

const doubles: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const double of doubles.splice(0)) await double.stop()
})
const make = (answer: () => DoubleAnswer | Promise<DoubleAnswer>, more: Partial<UpstreamOptions> = {}) => {
  const clock = fakeClock()
  const double = upstreamDouble(answer)
  doubles.push(double)
  const outcomes: string[] = []
  const upstream = createUpstream({
    name: 'shop',
    base: double.origin,
    timeoutMs: 10_000,
    breaker: { failures: 5, openMs: 30_000, strict: true },
    clock,
    observe: (outcome) => outcomes.push(outcome),
    ...more,
  })
  const call = (path = '/x') => upstream.call({ path, read: (body) => body as any })
  const reasonOf = async (path?: string) => {
    const error = await call(path).then(
      () => undefined,
      (thrown) => thrown,
    )
    if (error === undefined) return 'success'
    expect(error).toBeInstanceOf(UpstreamError)
    expect(String(error.stack)).not.toContain(double.origin)
    return (error as UpstreamError).reason
  }
  return { clock, double, upstream, call, reasonOf, outcomes }
}
const good: DoubleAnswer = { json: { ok: 1 } }

describe('upstream', () => {
  test('a call sends method, query, headers and JSON, and reads the answer', async () => {
    const { upstream, double } = make(() => good)
    const answer = await upstream.call({
      method: 'POST',
      path: '/a',
      query: { q: 'a b&c', none: undefined },
      headers: { authorization: 'Bearer t' },
      body: { x: [1] },
      read: (body) => (body as { ok: number }).ok,
    })
    expect(answer).toBe(1)
    expect(double.requests).toMatchObject([
      { method: 'POST', path: '/a', query: { q: 'a b&c' }, headers: { authorization: 'Bearer t' }, body: { x: [1] } },
    ])
    expect(Object.keys(double.requests[0]!.query)).toEqual(['q'])
  })

  test('whatever comes back ends as one word', async () => {
    const answers: [DoubleAnswer, string][] = [
      [{ json: {}, status: 500 }, 'unavailable'],
      [{ json: {}, status: 503 }, 'unavailable'],
      [{ json: {}, status: 429 }, 'unavailable'],
      [{ json: {}, status: 401 }, 'bad_response'],
      [{ json: {}, status: 404 }, 'bad_response'],
      [new Response(null, { status: 302, headers: { location: 'http://elsewhere.example/' } }), 'bad_response'],
      [new Response('<html>busy</html>'), 'bad_response'],
      [new Response('{"ok":'), 'bad_response'],
      [new Response(new Uint8Array([0xff, 0xfe, 0x00])), 'bad_response'],
      [new Response('x'.repeat(8 * 1024 * 1024 + 1)), 'bad_response'],
    ]
    for (const [answer, reason] of answers) {
      const { reasonOf } = make(() => answer)
      expect(await reasonOf()).toBe(reason as never)
    }
    const { upstream } = make(() => ({ json: null }))
    const read = (body: unknown) => (body as { deep: { deeper: string } }).deep.deeper
    expect(await upstream.call({ path: '/', read }).catch((error) => error.reason)).toBe('bad_response')
    const empty = make(() => new Response(null, { status: 204 }))
    expect(await empty.call()).toBeUndefined()
  })

  test('a slow answer is given up after its time, by the injected clock; the connection is let go', async () => {
    const { clock, double, reasonOf } = make(() => 'hang')
    const slow = reasonOf()
    await eventually(() => double.requests.length === 1)
    clock.advance(9999)
    expect(clock.sleeping()).toBe(1)
    clock.advance(1)
    expect(await slow).toBe('timeout')
    expect(clock.sleeping()).toBe(0)
  })

  test('a body that never ends counts against the time too', async () => {
    const { clock, reasonOf } = make(
      () =>
        new Response(
          new ReadableStream({
            start(controller) {
              controller.enqueue(new TextEncoder().encode('{"a":'))
            },
          }),
        ),
    )
    const endless = reasonOf()
    await eventually(() => clock.sleeping() === 1)
    clock.advance(10_000)
    expect(await endless).toBe('timeout')
  })

  test('gifty §10: five failures in a row open the circuit for 30 s, then one call probes', async () => {
    const { clock, double, reasonOf, outcomes } = make(() => ({ json: {}, status: 500 }))
    for (let n = 0; n < 5; n++) expect(await reasonOf()).toBe('unavailable')
    for (let n = 0; n < 3; n++) expect(await reasonOf()).toBe('circuit_open')
    expect(double.requests).toHaveLength(5)
    clock.advance(29_999)
    expect(await reasonOf()).toBe('circuit_open')
    clock.advance(1)
    // One probes, the others are refused at once; it fails, and the circuit is open for another 30 s.
    expect((await Promise.all([reasonOf(), reasonOf(), reasonOf()])).sort()).toEqual([
      'circuit_open',
      'circuit_open',
      'unavailable',
    ])
    expect(double.requests).toHaveLength(6)
    clock.advance(29_999)
    expect(await reasonOf()).toBe('circuit_open')
    clock.advance(1)
    double.answer(() => good)
    for (let n = 0; n < 3; n++) expect(await reasonOf()).toBe('success')
    expect(outcomes.filter((outcome) => outcome === 'unavailable')).toHaveLength(6)
  })

  test('gifty §13.21: the sixth failing call reaches no upstream, also when all are sent at once', async () => {
    const { double, reasonOf } = make(() => ({ json: {}, status: 500 }))
    expect((await Promise.all(Array.from({ length: 12 }, () => reasonOf()))).sort()).toEqual([
      ...Array(7).fill('circuit_open'),
      ...Array(5).fill('unavailable'),
    ])
    expect(double.requests).toHaveLength(5)
  })

  test('a success starts the count anew, and calls that wait for a place get one', async () => {
    let count = 0
    const { double, reasonOf } = make(() => (++count % 5 === 0 ? good : { json: {}, status: 500 }))
    for (let n = 0; n < 20; n++) expect(await reasonOf()).toBe(n % 5 === 4 ? 'success' : 'unavailable')
    double.answer(() => good)
    expect(new Set(await Promise.all(Array.from({ length: 20 }, () => reasonOf())))).toEqual(new Set(['success']))
  })

  test('errors that say nothing of its health do not open the circuit', async () => {
    const { double, reasonOf } = make(() => ({ json: {}, status: 404 }), {
      breaker: { failures: 2, openMs: 30_000, strict: false, counts: (error) => (error as UpstreamError).status === undefined },
    })
    for (let n = 0; n < 6; n++) expect(await reasonOf()).toBe('bad_response')
    await double.down()
    for (let n = 0; n < 2; n++) expect(await reasonOf()).toBe('unavailable')
    expect(await reasonOf()).toBe('circuit_open')
  })

  test('a GET is asked again when the connection broke, nothing else is', async () => {
    const over = async (texts: string[], request: { method?: 'POST' } = {}) => {
      const peer = brokenPeer(texts)
      doubles.push(peer)
      const { upstream } = make(() => good, { base: peer.origin, retries: 1 })
      const answer = await upstream
        .call({ path: '/', read: (body) => body as { ok: number }, ...request })
        .catch((error) => error.reason)
      return [answer, peer.connections()]
    }
    const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\n{"ok":1}'
    expect(await over(['', answer])).toEqual([{ ok: 1 }, 2])
    expect(await over([''])).toEqual(['unavailable', 2])
    expect(await over(['', answer], { method: 'POST' })).toEqual(['unavailable', 1])
    expect(await over(['HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'])).toEqual(['unavailable', 1])
    expect((await over(['SSH-2.0-nonsense\r\n', 'SSH-2.0-nonsense\r\n']))[0]).toBe('unavailable')
    // Cut in the middle of its answer.
    expect((await over([answer.replace('8', '80')]))[0]).toMatch(/unavailable|bad_response/)
  })

  test('after an outage the same address answers again', async () => {
    const { double, reasonOf } = make(() => good)
    await double.down()
    expect(await reasonOf()).toBe('unavailable')
    double.up()
    expect(await reasonOf()).toBe('success')
  })
})

describe('exchange', () => {
  const over = (answer: () => DoubleAnswer | Promise<DoubleAnswer>) => {
    const clock = fakeClock()
    const double = upstreamDouble(answer)
    doubles.push(double)
    return { clock, double, limits: { clock, timeoutMs: 1000, maxBytes: 10 } }
  }

  test('an abort from outside ends it with its own reason, and nothing is left waiting', async () => {
    const { clock, double, limits } = over(() => 'hang')
    const stop = new AbortController()
    const asked = exchange(double.origin, {}, { ...limits, signal: stop.signal }).catch((error) => error)
    await eventually(() => double.requests.length === 1)
    const reason = new Error('the task was cancelled')
    stop.abort(reason)
    expect(await asked).toBe(reason)
    expect(clock.sleeping()).toBe(0)
    expect(await exchange(double.origin, {}, { ...limits, signal: stop.signal }).catch((error) => error)).toBe(reason)
    expect(double.requests).toHaveLength(1)
  })

  test('a handler of this process that heeds no signal is given up all the same', async () => {
    const { clock, limits } = over(() => good)
    const asked = exchange('http://x.test/', {}, { ...limits, fetch: () => new Promise<Response>(() => {}) }).catch(
      (error) => error,
    )
    clock.advance(1000)
    expect(await asked).toMatchObject({ problem: 'timeout', status: undefined })
  })

  test('a body that is not wanted is not read, and its connection is let go; one that was read is not aborted', async () => {
    const { limits } = over(() => good)
    const send = async (status: number) => {
      let aborted = false
      const fetch = (request: Request) => {
        request.signal.addEventListener('abort', () => {
          aborted = true
        })
        return new Response('12345', { status })
      }
      const { bytes } = await exchange('http://x.test/', {}, { ...limits, reads: (code) => code < 500, fetch })
      return [bytes.byteLength, aborted]
    }
    expect(await send(200)).toEqual([5, false])
    expect(await send(503)).toEqual([0, true])
  })

  test('a longer body than allowed is refused, with and without Content-Length; no error names the address', async () => {
    for (const body of ['x'.repeat(11), new Blob(['x'.repeat(11)]).stream()]) {
      const { double, limits } = over(() => new Response(body))
      const error = await exchange(double.origin, {}, limits).catch((thrown) => thrown)
      expect(error).toBeInstanceOf(ExchangeError)
      expect(error).toMatchObject({ problem: 'too_large', status: 200 })
    }
    const { double, limits } = over(() => good)
    await double.down()
    const error = await exchange(double.origin, {}, limits).catch((thrown) => thrown)
    expect(error).toMatchObject({ problem: 'unavailable', status: undefined })
    expect(`${error.message} ${error.stack}`).not.toContain(double.origin)
  })
})

describe('cached calls', () => {
  const counting = (kv?: Kv) => {
    const clock = fakeClock()
    const cached = createCachedCalls({ kv: kv ?? createLocalKv(clock), clock })
    let calls = 0
    const get = (key = 'k', ttlMs = 1000) => cached.get(key, ttlMs, async () => ({ n: ++calls }))
    return { clock, cached, get, calls: () => calls }
  }

  test('gifty §10: equal calls at once share one, kept for their time; others do not', async () => {
    const { clock, get, calls } = counting()
    const [first, second] = await Promise.all([get(), get(), get('other')])
    expect(first).toEqual({ value: { n: 1 }, at: clock.now() })
    expect(second).toEqual(first)
    expect(calls()).toBe(2)
    clock.advance(999)
    expect(await get()).toEqual(first)
    clock.advance(1)
    expect((await get()).value).toEqual({ n: 3 })
    await get('never', 0)
    await get('never', 0)
    expect(calls()).toBe(5)
  })

  test('gifty §10: a store that fails, or holds nonsense, is a miss; a failure is not kept', async () => {
    const broken: Kv = {
      get: async () => {
        throw new Error('down')
      },
      set: async () => {
        throw new Error('down')
      },
      delete: async () => {},
    }
    const down = counting(broken)
    await down.get()
    await down.get()
    expect(down.calls()).toBe(2)
    const garbage = counting({ ...broken, get: async () => '{"at":', set: async () => {} })
    expect((await garbage.get()).value).toEqual({ n: 1 })
    const { cached } = counting()
    const failing = () => cached.get('k', 1000, async () => Promise.reject(new Error('no')))
    await expect(failing()).rejects.toThrow('no')
    expect((await cached.get('k', 1000, async () => 5)).value).toBe(5)
  })
})
