import { expect, test } from 'bun:test'
import { createLog } from '../../src/platform/log.ts'
import { INTERNAL } from '../support/app.ts'
import { onEachDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { iso, MINUTE, START } from '../support/fake-clock.ts'
import { codeOf, makeRig, problemOf } from './rig.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const quiet = createLog({ level: 'silent', now: Date.now })

onEachDatabase('gifty common rules', (database) => {
  test('gifty §13.1: both prefixes answer alike, one trailing slash is ignored', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    for (const path of [
      '/sources',
      `/sources/${id}`,
      '/sources/backlog/stats',
      '/tasks',
      '/workers',
      '/products',
      '/monitoring',
      '/stats',
    ]) {
      const plain = await app.get(`/internal${path}`)
      expect(plain.status).toBe(200)
      expect(plain.headers.get('content-type')).toStartWith('application/json')
      for (const other of [`/api/v1/internal${path}`, `/internal${path}/`, `/api/v1/internal${path}/`])
        expect((await app.get(other)).body).toEqual(plain.body)
    }
    const made = await app.post('/api/v1/internal/sources/', { url: 'https://b.example/', type: 'list', site_key: 'b' })
    expect(made.status).toBe(200)
    expect((await app.get('/internal/sources//')).status).toBe(404)
  })

  test('gifty §13.1: an unknown path is 404 and a wrong method 405 with Allow, both enveloped, on both prefixes', async () => {
    const app = await makeRig(database)
    for (const prefix of ['/internal', '/api/v1/internal']) {
      for (const path of ['', '/', '/nothing', '/sources/1/nothing', '/sources/1/runs/2']) {
        const answer = await app.get(`${prefix}${path}`)
        expect(answer).toMatchObject({ status: 404, body: { error: { code: 'not_found', message: 'Not Found' } } })
        expect(answer.body.error).not.toHaveProperty('fields')
      }
      const wrong = await app.call('PUT', `${prefix}/sources/1`)
      expect(codeOf(wrong)).toEqual([405, 'method_not_allowed'])
      expect(wrong.headers.get('allow')).toBe('DELETE, GET, HEAD, PATCH')
      expect((await app.get(`${prefix}/workers/lease`)).headers.get('allow')).toBe('POST')
    }
    for (const prefix of ['/analytics', '/api/v1/analytics'])
      expect((await app.get(`${prefix}/nothing`)).body).toEqual({ error: { code: 'not_found', message: 'Not Found' } })
    // A name that only begins like the prefix is another family's.
    expect((await app.get('/internals/sources')).body.error.code).toBe('NOT_FOUND')
  })

  test('gifty §1: HEAD answers like GET without a body, and never leases', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    await app.force(id)
    const bare = { ...INTERNAL, 'x-request-id': 'r' }
    for (const [path, headers] of [
      ['/internal/sources', bare],
      [`/internal/sources/${id}/`, bare],
      ['/api/v1/internal/tasks', bare],
      ['/internal/sources/99', bare],
      ['/internal/sources/x', bare],
      ['/internal/sources', {}],
      ['/internal/nothing', bare],
    ] as const) {
      const [get, head] = [await app.call('GET', path, undefined, headers), await app.call('HEAD', path, undefined, headers)]
      expect([path, head.status]).toEqual([path, get.status])
      expect(head.body).toBe('')
      expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'))
    }
    expect(codeOf(await app.call('HEAD', '/internal/workers/lease'))[0]).toBe(405)
    expect(await app.lease()).toHaveLength(1)
  })

  test('gifty §1: checks come in their order: route, credential, content type, size, syntax, fields, existence', async () => {
    const app = await makeRig(database)
    const big = 'x'.repeat(1024 * 1024 + 1)
    const text = { 'content-type': 'text/plain' }
    const patch = '/internal/sources/99'
    const steps: [string, string, Record<string, string>, string, number][] = [
      ['PATCH', '/internal/nothing', text, big, 404],
      ['PUT', patch, text, big, 405],
      ['PATCH', patch, text, big, 401],
      ['PATCH', patch, { ...text, 'x-internal-token': 'wrong' }, big, 403],
      ['PATCH', patch, { ...text, ...INTERNAL }, big, 415],
      ['PATCH', patch, { ...JSON_TYPE, ...INTERNAL }, big, 413],
      ['PATCH', patch, { ...JSON_TYPE, ...INTERNAL }, '{', 422],
      ['PATCH', patch, { ...JSON_TYPE, ...INTERNAL }, '{"priority":"x"}', 422],
      ['PATCH', patch, { ...JSON_TYPE, ...INTERNAL }, '{}', 404],
    ]
    for (const [method, path, headers, body, status] of steps)
      expect([path, headers, (await app.call(method, path, body, headers)).status]).toEqual([path, headers, status])
  })

  test('gifty §13.2: malformed JSON is 422 json_invalid, text/plain 415', async () => {
    const app = await makeRig(database)
    const send = (body: string, type: Record<string, string> = JSON_TYPE) =>
      app.post('/internal/sources', body, { ...INTERNAL, ...type })
    const nested = (levels: number) => `{"config":${'['.repeat(levels)}${']'.repeat(levels)}}`
    const malformed = [
      ...[
        '{',
        '{"a":1,}',
        "{'a':1}",
        '{"a":NaN}',
        '{"a":Infinity}',
        '{"a":-Infinity}',
        '\u0000',
        'nonsense',
        '{"a":"\u0001"}',
        '{}{}',
      ],
      ...[nested(1000), nested(100_000), '['.repeat(400_000), '{"a":'.repeat(100_000)],
    ]
    for (const body of malformed) {
      const problem = problemOf(await send(body))
      expect(problem).toEqual({ type: 'json_invalid', loc: ['body'], msg: expect.any(String), input: null })
    }
    for (const body of ['[]', '5', 'null', '"x"', 'true'])
      expect(problemOf(await send(body))).toMatchObject({ type: 'dict_type', loc: ['body'] })
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/jsonx',
      'multipart/form-data; boundary=x',
      '',
    ])
      expect(codeOf(await send('{}', { 'content-type': type }))).toEqual([415, 'unsupported_media_type'])
    for (const type of ['application/json; charset=utf-8', 'Application/JSON', 'application/vnd.api+json', ' application/json;'])
      expect((await send('{}', { 'content-type': type })).status).toBe(422)
    // Without a body the type does not matter, and an empty one is an empty object.
    expect((await send('', { 'content-type': 'text/plain' })).body.error.fields.details[0].type).toBe('missing')
  })

  test('gifty §1.3: JSON of reasonable depth is kept as it is', async () => {
    const app = await makeRig(database)
    const config = JSON.parse(`${'{"a":['.repeat(200)}${']}'.repeat(200)}`)
    const made = await app.source({ config })
    expect((await app.detail(made.id)).config).toEqual(config)
    await app.force(made.id)
    const [task] = await app.lease()
    expect((await app.verb(task, 'heartbeat', 'w1', { progress: config })).status).toBe(200)
    expect((await app.verb(task, 'complete', 'w1', { result: config })).status).toBe(200)
    expect(await app.task(task.id)).toMatchObject({ progress: config, result: config })
  })

  test('gifty §1.3: bodies are limited per route, declared and undeclared sizes alike', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    const MIB = 1024 * 1024
    const limits: [string, number][] = [
      [`/internal/sources/${id}/report-error`, MIB],
      ['/internal/sources', MIB],
      [`/internal/sources/${id}/report-logs`, 8 * MIB],
      ['/api/v1/internal/ingest-batch', 32 * MIB],
    ]
    const chunked = (size: number) =>
      new ReadableStream({
        start(controller) {
          for (let left = size; left > 0; left -= MIB) controller.enqueue(new Uint8Array(Math.min(left, MIB)).fill(32))
          controller.close()
        },
      })
    for (const [path, limit] of limits) {
      for (const size of [limit, limit + 1]) {
        const request = new Request(`http://localhost${path}`, {
          method: 'POST',
          headers: { ...INTERNAL, ...JSON_TYPE },
          body: chunked(size),
        })
        const answer = await app.app.handle(request)
        // Blanks up to the limit are malformed JSON, no more.
        expect([path, size, answer.status]).toEqual([path, size, size > limit ? 413 : 422])
        if (size > limit) expect((await answer.json()).error.message).toContain(String(limit))
      }
      const lying = await app.post(path, '{}', { ...INTERNAL, ...JSON_TYPE, 'content-length': String(limit + 1) })
      expect(codeOf(lying)).toEqual([413, 'payload_too_large'])
    }
    const untyped = new Request('http://localhost/internal/sources', {
      method: 'POST',
      headers: INTERNAL,
      body: chunked(2 * MIB),
    })
    expect((await app.app.handle(untyped)).status).toBe(415)
  })

  test('gifty §1.2: an internal error is 500 with nothing of it, and one notification per route and minute', async () => {
    const app = await makeRig(database, { log: quiet })
    app.services.sources.detail = () => Promise.reject(new Error('secret at 10.0.0.1: select * from x'))
    app.services.sources.backlogStats = () => {
      throw new TypeError('secret')
    }
    const reportedRoutes = async () => (await app.notifications('system_error')).map((notification) => notification.data.route)
    for (let n = 0; n < 5; n++) {
      const answer = await app.get(`/internal/sources/${n}`)
      expect(answer.status).toBe(500)
      expect(answer.body).toEqual({ error: { code: 'internal_error', message: 'Unexpected error' } })
    }
    await eventually(async () => (await reportedRoutes()).length > 0)
    expect(await reportedRoutes()).toEqual(['/internal/sources/:id'])
    expect((await app.get('/internal/sources/backlog/stats')).status).toBe(500)
    await eventually(async () => (await reportedRoutes()).length === 2)
    app.clock.advance(MINUTE - 1)
    await app.get('/internal/sources/1')
    app.clock.advance(1)
    await app.get('/internal/sources/1')
    await eventually(async () => (await reportedRoutes()).length > 2)
    expect(await reportedRoutes()).toEqual(['/internal/sources/:id', '/internal/sources/backlog/stats', '/internal/sources/:id'])
    const notifications = await app.notifications('system_error')
    expect(notifications.map(({ timestamp }) => timestamp)).toEqual([iso(START), iso(START), iso(START + MINUTE)])
    expect(JSON.stringify(notifications)).not.toContain('secret')
  })

  test('gifty §1.2: a database that is gone is 503 unavailable with Retry-After', async () => {
    const app = await makeRig(database, { log: quiet })
    app.services.sources.detail = () => Promise.reject(Object.assign(new Error('10.0.0.1'), { code: 'ECONNREFUSED' }))
    const answer = await app.get('/internal/sources/1')
    expect(codeOf(answer)).toEqual([503, 'unavailable'])
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(JSON.stringify(answer.body)).not.toContain('10.0.0.1')
  })

  test('gifty §1.2: every answer carries a request id, the given one if it is one', async () => {
    const app = await makeRig(database)
    const idOf = async (path: string, given?: string) =>
      (await app.get(path, given === undefined ? INTERNAL : { ...INTERNAL, 'x-request-id': given })).headers.get('x-request-id')
    for (const path of ['/internal/sources', '/internal/sources/99', '/internal/nothing']) {
      expect(await idOf(path, 'abc-1.2:3_4')).toBe('abc-1.2:3_4')
      expect(await idOf(path)).toMatch(/^[0-9a-f-]{36}$/)
      for (const bad of ['', 'a b', 'x'.repeat(129), '<script>']) expect(await idOf(path, bad)).toMatch(/^[0-9a-f-]{36}$/)
    }
  })

  test('gifty §1.3: CORS: preflight without a credential, headers on every answer to an allowed origin', async () => {
    const env = { CORS_ORIGIN: 'https://a.example, https://b.example', CORS_ORIGIN_REGEX: 'https://[a-z]+\\.ok\\.example' }
    const app = await makeRig(database, { env })
    const preflight = (origin: string) =>
      app.call('OPTIONS', '/internal/sources', undefined, {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-internal-token',
      })
    for (const origin of ['https://a.example', 'https://b.example', 'https://x.ok.example']) {
      const answer = await preflight(origin)
      expect(answer.status).toBe(204)
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
      expect(answer.headers.get('access-control-allow-credentials')).toBe('true')
      expect(answer.headers.get('access-control-allow-methods')).toContain('PATCH')
      expect(answer.headers.get('access-control-allow-headers')?.toLowerCase()).toContain('x-internal-token')
      for (const path of ['/internal/sources', '/internal/sources/99', '/internal/nothing', '/internal/sources/x'])
        for (const headers of [INTERNAL, {}]) {
          const given = await app.call('GET', path, undefined, { ...headers, origin })
          expect(given.headers.get('access-control-allow-origin')).toBe(origin)
          expect(given.headers.get('vary')).toContain('Origin')
        }
    }
    for (const origin of ['https://c.example', 'https://a.example.evil.example', 'https://x.ok.example.evil', 'null']) {
      expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull()
      const given = await app.call('GET', '/internal/sources', undefined, { ...INTERNAL, origin })
      expect(given.headers.get('access-control-allow-origin')).toBeNull()
    }
    const off = await makeRig(database)
    const silent = await off.call('GET', '/internal/sources', undefined, { ...INTERNAL, origin: 'https://a.example' })
    expect(silent.headers.get('access-control-allow-origin')).toBeNull()
    expect((await off.call('OPTIONS', '/internal/sources')).status).toBe(405)
  })
})
