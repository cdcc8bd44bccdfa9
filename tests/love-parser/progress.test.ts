import { afterEach, describe, expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { eventually, turns } from '../support/eventually.ts'
import { makeRig, type Person, type Rig, statusAndCode } from './rig.ts'

/** Reads a stream block by block, as the wire has it. */
const follow = async (rig: Rig, person: Person, id: string, headers: Record<string, string> = {}) => {
  const response = await rig.app.handle(
    new Request(`http://localhost/api/v1/parsing/${id}/progress`, { headers: { ...person.headers, ...headers } }),
  )
  const reader = response.body!.getReader()
  const decoder = new TextDecoder()
  let text = ''
  const next = async (): Promise<string | undefined> => {
    while (!text.includes('\n\n')) {
      const { done, value } = await reader.read()
      if (done) return undefined
      text += decoder.decode(value)
    }
    const block = text.slice(0, text.indexOf('\n\n') + 2)
    text = text.slice(block.length)
    return block
  }
  return {
    response,
    next,
    snapshot: async () => {
      const block = await next()
      return block === undefined ? undefined : JSON.parse(block.split('\n')[0]!.slice('data: '.length))
    },
    cancel: () => reader.cancel(),
  }
}
/** One second of the streams' timer, once it has gone to sleep. */
const second = async (rig: Rig) => {
  await eventually(() => rig.clock.sleeping() > 0)
  rig.clock.advance(1000)
  await turns()
}

onEachDatabase('love-parser progress stream', (database) => {
  const rigs: Rig[] = []
  const start = async (env: Record<string, string> = {}) => {
    const rig = await makeRig(database, { env })
    rigs.push(rig)
    const person = await rig.login()
    await rig.setLimit(person, 'parsing', 9)
    const { search_id: id } = (await rig.search(person)).body
    return { rig, person, id }
  }
  afterEach(async () => {
    for (const rig of rigs.splice(0)) await rig.stop()
  })

  describe('§11.14', () => {
    test('the first line is data:, then the id, LF only; the stored snapshot comes at once; headers', async () => {
      const { rig, person, id } = await start()
      const stream = await follow(rig, person, id)
      expect(stream.response.headers.get('content-type')).toBe('text/event-stream')
      expect(stream.response.headers.get('cache-control')).toBe('no-cache, no-transform')
      const block = (await stream.next())!
      expect(block).toMatch(/^data: \{.*\}\nid: 1\n\n$/)
      expect(JSON.parse(block.split('\n')[0]!.slice(6))).toEqual({
        searchId: id,
        status: 'pending',
        progress: 0,
        current: 0,
        total: 0,
        attempt: 0,
        source: 'sandbox',
        updated_at: '2026-01-01T00:00:00.000Z',
      })
      await stream.cancel()
      await turns()
      expect(rig.loveParser!.progress.count()).toBe(0)
    })

    test('changes are pushed as they happen; after completed the server closes', async () => {
      const { rig, person, id } = await start()
      const stream = await follow(rig, person, id)
      const seen: any[] = [await stream.snapshot()]
      const reading = (async () => {
        for (let next = await stream.snapshot(); next; next = await stream.snapshot()) seen.push(next)
      })()
      await rig.runSearches()
      await reading
      expect(seen.at(-1)).toMatchObject({ status: 'completed', progress: 100, results: 100, current: 100, total: 100 })
      expect(seen.filter(({ status }) => status === 'completed')).toHaveLength(1)
      const progress = seen.map((snapshot) => snapshot.progress)
      expect(progress).toEqual([...progress].sort((a, b) => a - b))
      expect(rig.loveParser!.progress.count()).toBe(0)
    })

    test('reconnecting after the end, with or without Last-Event-ID, gives exactly the terminal one', async () => {
      const { rig, person, id } = await start()
      await rig.runSearches()
      const versions: string[] = []
      for (const headers of [{}, { 'last-event-id': '3' }, { 'last-event-id': '9999' }] as Record<string, string>[]) {
        const stream = await follow(rig, person, id, headers)
        const block = (await stream.next())!
        expect(block).toContain('"status":"completed"')
        versions.push(block.split('\n')[1]!)
        expect(await stream.next()).toBeUndefined()
      }
      expect(new Set(versions).size).toBe(1)
    })

    test('a failed search ends its streams too, with the error', async () => {
      const { rig, person, id } = await start()
      const stream = await follow(rig, person, id)
      await stream.next()
      await rig.post(`/api/v1/parsing/${id}/cancel`, undefined, person.headers)
      expect(await stream.snapshot()).toMatchObject({ status: 'failed', error: 'Cancelled by user', progress: 100 })
      expect(await stream.next()).toBeUndefined()
    })

    test('ACAO is present; a foreign id is 404, ?token= is 401, both as JSON', async () => {
      const { rig, person, id } = await start()
      const stream = await follow(rig, person, id, { origin: 'http://localhost:5173' })
      expect(stream.response.headers.get('access-control-allow-origin')).toBe('http://localhost:5173')
      await stream.cancel()
      const stranger = await rig.login()
      expect(statusAndCode(await rig.get(`/api/v1/parsing/${id}/progress`, stranger.headers))).toEqual([404, 'NOT_FOUND'])
      expect(statusAndCode(await rig.get(`/api/v1/parsing/${id}/progress?token=${person.token}`, rig.anonymous))).toEqual([
        401,
        'AUTH_ERROR',
      ])
      expect(statusAndCode(await rig.get('/api/v1/parsing/nope/progress', person.headers))).toEqual([422, 'VALIDATION_ERROR'])
    })
  })

  test('§4: the last snapshot is repeated every second, a heartbeat comes as its own block every 15 s', async () => {
    const { rig, person, id } = await start()
    const stream = await follow(rig, person, id)
    const first = await stream.next()
    let repeats = 0
    let beats = 0
    for (let n = 1; n <= 45; n++) {
      await second(rig)
      expect(await stream.next()).toBe(first)
      repeats++
      if (n % 15 === 0) {
        expect(await stream.next()).toBe(': hb\n\n')
        beats++
      }
    }
    expect([repeats, beats]).toEqual([45, 3])
    await stream.cancel()
  })

  test('§4: one timer serves all streams, and none runs without a stream', async () => {
    const { rig, person, id } = await start()
    const streams = await Promise.all(Array.from({ length: 20 }, () => follow(rig, person, id)))
    for (const stream of streams) await stream.next()
    await turns()
    expect(rig.clock.sleeping()).toBe(1)
    for (const stream of streams) await stream.cancel()
    await turns()
    rig.clock.advance(1000)
    await turns()
    expect([rig.clock.sleeping(), rig.loveParser!.progress.count()]).toEqual([0, 0])
  })

  test('§4: a slow reader gets the latest, and never loses the terminal one', async () => {
    const { rig, person, id } = await start()
    const slow = await follow(rig, person, id)
    await rig.runSearches()
    const seen: any[] = []
    for (let next = await slow.snapshot(); next; next = await slow.snapshot()) seen.push(next)
    expect(seen.length).toBeLessThan(5)
    expect(seen.at(-1)).toMatchObject({ status: 'completed' })
  })

  test('§4: with the bus silent, the store is read at the heartbeat', async () => {
    const { rig, person, id } = await start()
    const stream = await follow(rig, person, id)
    await stream.next()
    const { publish } = rig.platform.bus
    rig.platform.bus.publish = () => {}
    await rig.runSearches()
    rig.platform.bus.publish = publish
    const seen: string[] = []
    let over = false
    const reading = (async () => {
      for (let next = await stream.next(); next; next = await stream.next()) seen.push(next)
      over = true
    })()
    // Sooner where other processes may have caused it and the bus has just been connected.
    for (let n = 1; n <= 15 && !over; n++) await second(rig)
    await reading
    expect(seen.at(-1)).toContain('"status":"completed"')
  })

  test('§4: a stream closes when its token is revoked, in this process at once, and when it expires', async () => {
    const { rig, person, id } = await start()
    const revoked = await follow(rig, person, id)
    await revoked.next()
    await rig.get('/api/v1/auth/logout', person.headers)
    expect(await revoked.next()).toBeUndefined()

    const other = await rig.login()
    const { search_id } = (await rig.search(other)).body
    const expiring = await follow(rig, other, search_id)
    await expiring.next()
    rig.clock.advance(30 * 86_400_000)
    await turns()
    let last: string | undefined = ''
    while (last !== undefined) {
      rig.clock.advance(1000)
      await turns()
      last = await expiring.next()
    }
    expect(rig.loveParser!.progress.count()).toBe(0)
  })

  test('§4: a revocation that another process made is noticed within 10 s', async () => {
    const { rig, person, id } = await start()
    const stream = await follow(rig, person, id)
    await stream.next()
    const { publish } = rig.platform.bus
    rig.platform.bus.publish = () => {}
    await rig.get('/api/v1/auth/logout', person.headers)
    rig.platform.bus.publish = publish
    let closed = false
    const reading = (async () => {
      while (await stream.next());
      closed = true
    })()
    // A store that is too busy to answer one look is asked again at the next.
    for (let n = 1; rig.loveParser!.progress.count() > 0 && n <= 600; n++) await second(rig)
    await reading
    expect(closed).toBe(true)
  })

  test('M1: a stream closes within 10 s of its user being blocked', async () => {
    const { rig, person, id } = await start()
    const stream = await follow(rig, person, id)
    await stream.next()
    const answer = await rig.post(`/internal/love-parser/users/${person.id}/block`, { reason: 'spam' })
    expect(answer.status).toBe(200)
    const reading = (async () => {
      while (await stream.next());
    })()
    // Seconds of this clock pass faster than the store answers, so more than ten may.
    await eventually(async () => {
      await second(rig)
      return rig.loveParser!.progress.count() === 0
    })
    await reading
  })

  test('L12: a stream closes within 10 s of a second login of its user', async () => {
    const { rig, person, id } = await start()
    const stream = await follow(rig, person, id)
    await stream.next()
    rig.clock.advance(60_000)
    await rig.login(person.user.phone_number)
    const reading = (async () => {
      while (await stream.next());
    })()
    // Seconds of this clock pass faster than the store answers, so more than ten may.
    await eventually(async () => {
      await second(rig)
      return rig.loveParser!.progress.count() === 0
    })
    await reading
  })

  test('§10: a stop closes all streams', async () => {
    const { rig, person, id } = await start()
    const stream = await follow(rig, person, id)
    await stream.next()
    rig.loveParser!.progress.stop()
    expect(await stream.next()).toBeUndefined()
  })
})
