import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { INTERNAL } from '../support/app.ts'
import { onEachDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { EVERY_FAMILY } from '../support/harness.ts'
import { rawHead, rawHttp } from './raw-http.ts'
import { leasedRun, makeRig, problemOf, product } from './rig.ts'

const AUTH = {
  gifty: INTERNAL,
  crawler: { authorization: 'Bearer dev-crawler-token' },
  stickers: { 'x-service-token': 'dev-service-token' },
}

onEachDatabase('HTTP as other clients speak it', (database) => {
  const send = (
    app: Awaited<ReturnType<typeof makeRig>>,
    path: string,
    body: Uint8Array<ArrayBuffer> | Buffer<ArrayBuffer>,
    headers: Record<string, string>,
  ) =>
    app.app.handle(
      new Request(`http://localhost${path}`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', 'content-length': String(body.byteLength), ...headers },
      }),
    )

  test('security M2: a client that goes away within its body is no failure of the server', async () => {
    const app = await makeRig(database, { env: EVERY_FAMILY })
    const { hostname, port } = new URL(app.listen())
    const pending = (count: number) => eventually(() => app.app.server?.pendingRequests === count)
    for (const [path, headers] of [
      ['/internal/ingest-batch', AUTH.gifty],
      ['/api/internal2/tasks', AUTH.crawler],
      ['/internal/stickersets?userId=1', AUTH.stickers],
      ['/api/v1/telegram/auth/send-code', {}],
    ] as const)
      for (const [name, value, begun] of [
        ['content-length', '100', '{'],
        ['transfer-encoding', 'chunked', '1\r\n{\r\n'],
      ] as const) {
        const sent = { host: 'localhost', 'content-type': 'application/json', ...headers, [name]: value }
        const socket = connect(Number(port), hostname, () => socket.write(rawHead(`POST ${path}`, sent) + begun))
        expect(await pending(1)).toBe(true)
        socket.destroy()
        expect(await pending(0)).toBe(true)
      }
    const counted = (await app.platform.metrics.text(app.clock.now())).match(/^http_requests_total\{.*$/gm) ?? []
    expect(counted.filter((line) => line.includes('status_code="499",outcome="client_closed"'))).toHaveLength(4)
    expect(counted.filter((line) => line.includes('status_code="5'))).toEqual([])
    expect(await app.notifications('system_error')).toEqual([])
    const levels = new Set(app.lines.map((line) => JSON.parse(line)).map(({ level }) => level))
    expect([...levels].filter((level) => level === 'warn' || level === 'error')).toEqual([])
    await app.stop()
  })

  const PATHS = [
    ['/internal/ingest-batch', AUTH.gifty, (answer: any) => [answer.error.code, answer.error.message]],
    ['/api/internal2/tasks', AUTH.crawler, (answer: any) => [answer.code, answer.error]],
    ['/internal/stickersets?userId=1', AUTH.stickers, (answer: any) => [answer.error, answer.message]],
    ['/api/v1/telegram/auth/send-code', {}, (answer: any) => [answer.error.code, answer.error.message]],
  ] as const

  test('g-B8: a body in another coding than gzip is refused by its coding, in the envelope of each family', async () => {
    const app = await makeRig(database, { env: EVERY_FAMILY })
    for (const [path, headers, message] of PATHS) {
      for (const coding of ['BR', 'deflate', 'gzip, br', 'zstd'])
        for (const length of [true, false]) {
          const response = await send(app, path, Buffer.from('{}'), {
            ...headers,
            'content-encoding': coding,
            ...(length ? {} : { 'content-length': '' }),
          } as Record<string, string>)
          expect([path, response.status]).toEqual([path, 415])
          expect(message(await response.json()).join(' ')).toContain(coding.toLowerCase())
        }
      // What names no coding is read.
      const plain = await send(app, path, Buffer.from('{}'), { ...headers, 'content-encoding': 'identity' } as never)
      expect([path, plain.status]).not.toEqual([path, 415])
    }
  })

  test('issue 16: a body in gzip is read like the plain one, within the limit of its family', async () => {
    const app = await makeRig(database, { env: EVERY_FAMILY })
    const packed = (path: string, text: string | Uint8Array<ArrayBuffer>, headers: object, more: object = {}) =>
      send(app, path, Bun.gzipSync(text), { ...headers, 'content-encoding': 'GZIP', ...more } as never)
    for (const [path, headers] of PATHS) {
      const plain = await send(app, path, Buffer.from('{"a":1}'), headers as never)
      for (const more of [{}, { 'content-length': '' }])
        expect([path, (await packed(path, '{"a":1}', headers, more)).status]).toEqual([path, plain.status])
      // 200 MB of blanks in 200 KB.
      expect([path, (await packed(path, Buffer.alloc(200_000_000, ' '), headers)).status]).toEqual([path, 413])
      const broken = await send(app, path, Buffer.from('no gzip'), { ...headers, 'content-encoding': 'gzip' } as never)
      const cut = await send(app, path, Bun.gzipSync('{"a":1}').subarray(0, 15), {
        ...headers,
        'content-encoding': 'gzip',
      } as never)
      const json = await send(app, path, Buffer.from('no json'), headers as never)
      expect([path, broken.status, cut.status]).toEqual([path, json.status, json.status])
    }
    const source = await app.source()
    const stored = await packed(
      '/internal/ingest-batch',
      JSON.stringify({ items: [product(1)], source_id: source.id }),
      AUTH.gifty,
    )
    expect(stored.status).toBe(200)
  })

  test('g-B8: bytes that are no UTF-8 are no JSON, and nothing is stored of them', async () => {
    const app = await makeRig(database, { env: EVERY_FAMILY })
    const { id } = await app.source()
    const body = Buffer.concat([Buffer.from('{"error":"'), Buffer.from([0xff, 0xfe]), Buffer.from('","is_broken":false}')])
    const refused = await send(app, `/internal/sources/${id}/report-error`, body, AUTH.gifty)
    const answer: any = await refused.json()
    expect([refused.status, answer.error.fields.details[0].type]).toEqual([422, 'json_invalid'])
    expect(await app.runs(id)).toEqual([])
    for (const [path, headers, status] of [
      ['/api/internal2/tasks', AUTH.crawler, 400],
      ['/internal/stickersets?userId=1', AUTH.stickers, 400],
      ['/api/v1/telegram/auth/send-code', {}, 400],
    ] as const)
      expect([path, (await send(app, path, body, headers as never)).status]).toEqual([path, status])
    // A real U+FFFD is a character like any other.
    await app.error(id, 'a \ufffd b')
    expect((await app.detail(id)).config.last_error).toContain('\ufffd')
  })

  test('g-B7: HEAD has the length of GET or none, whatever the route', async () => {
    const app = await makeRig(database, { env: EVERY_FAMILY })
    const { id } = await app.source({ config: { note: 'ё'.repeat(5000) } })
    const origin = app.listen()
    try {
      for (const path of [
        `/internal/sources/${id}`,
        '/internal/sources',
        '/internal/sources?limit=5',
        '/internal/nothing',
        '/livez',
        '/docs',
        '/metrics',
        '/api/v1/subscriptions/plans',
      ]) {
        const headers = { host: 'a', ...AUTH.gifty, connection: 'close' }
        const got = await fetch(`${origin}${path}`, { headers: AUTH.gifty })
        const size = (await got.arrayBuffer()).byteLength
        const head = await rawHttp(origin, rawHead(`HEAD ${path}`, headers))
        const length = /^content-length: *(\d+)/im.exec(head.head)?.[1]
        expect([path, head.status, head.body]).toEqual([path, got.status, ''])
        // Figures of the process change from one answer to the next.
        if (path === '/metrics') expect(Number(length)).toBeGreaterThan(1000)
        else if (length !== undefined) expect([path, Number(length)]).toEqual([path, size])
      }
    } finally {
      await app.app.server?.stop(true)
    }
  })

  test('g-B5: one problem of a number that is too large, and no input that was never sent', async () => {
    const app = await makeRig(database, { env: EVERY_FAMILY })
    const headers = INTERNAL
    const answer = await app.call('POST', '/internal/telegram/subscribers', '{"chat_id": 9007199254740993}', headers)
    expect(problemOf(answer)).toMatchObject({ type: 'less_than_equal', loc: ['body', 'chat_id'], input: null })
    expect(
      problemOf(await app.post('/internal/sources', { url: 'https://a.test/', type: 'list', site_key: 's', priority: 1e20 })),
    ).toMatchObject({
      loc: ['body', 'priority'],
    })
    expect(
      problemOf(await app.post('/internal/sources', { url: 'https://a.test/', type: 'list', site_key: 's', priority: 101 })),
    ).toMatchObject({
      loc: ['body', 'priority'],
      input: 101,
    })
    expect(problemOf(await app.get('/internal/tasks?limit=99999999999999999999')).loc).toEqual(['query', 'limit'])
  })

  test('g-D1: what the body overrules is not checked, what nothing overrules is', async () => {
    const app = await makeRig(database, { env: EVERY_FAMILY })
    const { id } = await app.source()
    const force = (query: string, body?: unknown) => app.post(`/internal/sources/${id}/force-run${query}`, body)
    expect((await force('?strategy=junk', { strategy: 'deep' })).status).toBe(200)
    expect((await app.runs(id))[0].strategy).toBe('deep')
    expect(problemOf(await force('?strategy=junk'))).toMatchObject({ type: 'enum', loc: ['query', 'strategy'], input: 'junk' })
    expect(problemOf(await force('?strategy=junk', { strategy: null })).loc).toEqual(['query', 'strategy'])
    const toggle = (query: string, body?: unknown) => app.post(`/internal/sources/${id}/toggle${query}`, body)
    expect(await toggle('?is_active=junk', { is_active: false })).toMatchObject({ status: 200, body: { is_active: false } })
    expect(await toggle('?is_active=yes')).toMatchObject({ status: 200, body: { is_active: true } })
    expect(problemOf(await toggle('?is_active=junk')).loc).toEqual(['query', 'is_active'])
    expect(problemOf(await toggle('')).loc).toEqual(['body', 'is_active'])
  })

  test('g-B4: a run that a worker reported without its lease is leased for who looks', async () => {
    const app = await makeRig(database, { broker: 'none' })
    const { id } = await app.source()
    await app.force(id)
    await app.report(id, 'running')
    const text: string = (await app.get('/metrics')).body
    expect(text).toContain('trawl_tasks{kind="source.run",state="leased"} 1')
    expect(text).not.toContain('paused')
    expect((await app.ok('GET', '/internal/tasks')).tasks[0].status).toBe('leased')
    // One that is to be cancelled is held until its worker lets go.
    const held = await leasedRun(app)
    await app.ok('POST', `/internal/tasks/${held.task.id}/cancel`)
    app.clock.advance(10_000)
    expect((await app.get('/metrics')).body).toContain('trawl_tasks{kind="source.run",state="leased"} 2')
  })

  test('A3: times that were skipped are counted', async () => {
    const app = await makeRig(database, { env: EVERY_FAMILY })
    const source = await app.source({ schedule: { cron: '* * * * *' } })
    await app.force(source.id)
    app.clock.advance(60_000)
    await app.tick()
    expect((await app.get('/metrics')).body).toContain('trawl_schedule_skips_total 1')
  })

  test("g-C1: the process's own latency and the data's disk; what is not known is left out", async () => {
    const app = await makeRig(database, { env: EVERY_FAMILY })
    await app.detail((await app.source()).id)
    const technical = (await app.get('/analytics/technical', { 'x-analytics-token': 'dev-analytics-token' })).body
    expect(technical.api_latency_ms).toBeGreaterThan(0)
    expect(technical.disk_usage_percent).toBeWithin(0.1, 100)
    for (const value of Object.values(technical)) expect(value).not.toBeNull()
  })
})
