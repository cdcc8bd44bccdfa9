import { afterEach, expect, test } from 'bun:test'
import { INTERNAL } from '../support/app.ts'
import { onEachDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { adminOf } from './access-rig.ts'
import { rawHead, rawHttp } from './raw-http.ts'
import { makeRig, product, type Rig } from './rig.ts'

onEachDatabase('gifty on the wire', (database) => {
  let app: Rig | undefined
  afterEach(() => app?.stop())
  const start = async () => {
    app = await makeRig(database)
    return { app, origin: app.listen() }
  }
  const TOKEN = { 'X-Internal-Token': 'dev-internal-token' }

  test('gifty §1: 401 and 403 come before any byte of the body', async () => {
    const { app, origin } = await start()
    const bearer = await adminOf(app, 1)
    for (const host of ['localhost', 'a'])
      for (const length of [{ 'Content-Length': '30000000' }, { 'Transfer-Encoding': 'chunked' }] as Record<string, string>[]) {
        const head = { Host: host, 'Content-Type': 'application/json', ...length }
        const line = 'POST /internal/ingest-batch'
        expect((await rawHttp(origin, rawHead(line, head))).status).toBe(401)
        expect((await rawHttp(origin, rawHead(line, { ...head, 'X-Internal-Token': 'x' }))).status).toBe(403)
        expect((await rawHttp(origin, rawHead(line, { ...head, Authorization: 'Bearer x' }))).status).toBe(401)
        expect((await rawHttp(origin, rawHead('POST /internal/nothing', head))).status).toBe(404)
        expect((await rawHttp(origin, rawHead('PUT /internal/ingest-batch', head))).status).toBe(405)
        if (length['Content-Length'])
          expect((await rawHttp(origin, rawHead(line, { ...head, ...TOKEN, 'Content-Type': 'text/plain' }))).status).toBe(415)
      }
    // What is declared too large is refused without being waited for.
    const large = {
      Host: 'a',
      'Content-Type': 'application/json',
      'Content-Length': '50000000',
      Authorization: bearer.authorization as string,
    }
    expect((await rawHttp(origin, rawHead('POST /internal/ingest-batch', large))).status).toBe(413)
  })

  test('gifty §1: a short Host answers like any other, with and without a token', async () => {
    const { app, origin } = await start()
    const { id } = await app.source()
    const without = (answer: { status: number; body: string }) => [answer.status, answer.body]
    const body = JSON.stringify({ items: [product(1)], source_id: 0 })
    const requests: [string, Record<string, string>, string][] = [
      ['GET /internal/sources', TOKEN, ''],
      [`GET /internal/sources/${id}?x=/internal/nothing`, TOKEN, ''],
      ['GET /internal/sources', {}, ''],
      ['GET /internal/sources', { 'X-Internal-Token': 'no' }, ''],
      ['GET /api/v1/internal/tasks/', TOKEN, ''],
      ['GET /internal/nothing', TOKEN, ''],
      ['DELETE /internal/sources', TOKEN, ''],
      ['HEAD /internal/sources', TOKEN, ''],
      ['HEAD /internal/sources', {}, ''],
      ['GET /internal/workers/connect', TOKEN, ''],
      ['GET /', {}, ''],
      ['GET /livez', {}, ''],
      [
        'POST /internal/ingest-batch',
        { ...TOKEN, 'Content-Type': 'application/json', 'Content-Length': String(body.length) },
        body,
      ],
    ]
    for (const [line, headers, text] of requests) {
      const usual = await rawHttp(
        origin,
        rawHead(line, { Host: 'example.test:3000', Connection: 'close', 'X-Request-Id': 'same', ...headers }) + text,
      )
      for (const host of ['a', 'ab', 'abc', 'abcd', '[::1]', 'a:1']) {
        const answer = await rawHttp(
          origin,
          rawHead(line, { Host: host, Connection: 'close', 'X-Request-Id': 'same', ...headers }) + text,
        )
        const [status, given] = without(answer)
        expect([host, line, status]).toEqual([host, line, usual.status])
        if (text === '') expect([host, line, given]).toEqual([host, line, usual.body])
      }
    }
    expect(await app.rows('products')).toBe(1)
  })

  test('gifty §1.3: an undeclared body is counted as it comes', async () => {
    const { origin } = await start()
    const head = rawHead('POST /internal/sources', {
      ...{ Host: 'localhost', ...TOKEN, 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' },
    })
    const chunk = 'x'.repeat(600_000)
    const part = `${chunk.length.toString(16)}\r\n${chunk}\r\n`
    expect((await rawHttp(origin, `${head}${part}${part}0\r\n\r\n`)).status).toBe(413)
    expect((await rawHttp(origin, `${head}2\r\n{}\r\n0\r\n\r\n`)).status).toBe(422)
  })

  test('gifty §4: a long poll over HTTP wakes on a new task, and a client that went away takes none', async () => {
    const { app, origin } = await start()
    const { id } = await app.source()
    const poll = (signal?: AbortSignal) =>
      fetch(`${origin}/internal/workers/lease`, {
        method: 'POST',
        headers: { ...INTERNAL, 'content-type': 'application/json' },
        body: JSON.stringify({ worker_id: 'w', kinds: ['source.run'], wait_seconds: 30 }),
        signal: signal ?? null,
      })
    const leaving = new AbortController()
    const gone = poll(leaving.signal).catch(() => 'gone')
    await eventually(() => app.dispatcher.waiting() === 1)
    leaving.abort()
    expect(await gone).toBe('gone')
    await eventually(() => app.dispatcher.waiting() === 0)
    const waiting = poll()
    await eventually(() => app.dispatcher.waiting() === 1)
    const { task_id } = await app.force(id)
    expect(((await (await waiting).json()) as any).tasks).toMatchObject([{ id: task_id, fence: 1 }])
  })
})
