import { afterEach, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listenLocally } from '../../src/listener.ts'
import { createLog } from '../../src/platform/log.ts'
import { onEachDatabase } from '../support/databases.ts'
import { EVERY_FAMILY } from '../support/harness.ts'
import { AUTH, BASE, expectEnvelope, makeRig, path, type Rig, refusal, TOKEN, taskData, UNLIMITED } from './rig.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean()
})

onEachDatabase('crawler conventions (gitlab-crawler §1 to §4, §7.14)', (database) => {
  const admin = async (app: Rig, role = 'admin', active = true) => {
    const { accessTables } = await import('../../src/access/tables.ts')
    const { subscribers } = accessTables(app.db.kit)
    const at = new Date(app.clock.now())
    await app.db.q
      .insert(subscribers)
      .values({ chatId: 77, isActive: active, role: role as never, permissions: [], createdAt: at, updatedAt: at })
      .returning()
    return app.dashboard.sign({ sub: '77', role, jti: 'j' }, 600)
  }

  test('crawler F7: bytes that are no UTF-8 are INVALID_JSON at every door, and nothing is stored', async () => {
    const app = await makeRig(database)
    await app.create('t')
    for (const [method, to, before, after] of [
      ['POST', '/tasks', '{"type":"task","data":{"type":"FETCH_ISSUES","credentials":{"accessToken":"x"},"id":"', '"}}'],
      ['POST', '/tasks/bulk', '{"tasks":[{"type":"FETCH_ISSUES","credentials":{"accessToken":"x"},"id":"', '"}]}'],
      ['POST', '/tasks/lease', '{"workerId":"', '"}'],
      ['PUT', '/tasks/t', '{"error":"', '"}'],
      ['POST', '/tasks/t/progress', '{"type":"progress","message":"', '"}'],
      ['POST', '/tasks/t/websocket', '{"text":"', '"}'],
      ['POST', '/tasks/t/credentials/refresh', '{"fence":1,"credentialsVersion":1,"workerId":"', '"}'],
      ['POST', '/connect', '{"clientType":"', '"}'],
      ['POST', '/health', '{"operation":"', '"}'],
    ] as const)
      for (const bytes of [
        [0xc3, 0x28, 0xff],
        [0xff, 0xfe],
        [0xed, 0xa0, 0x80],
        [0xc0, 0x80],
      ]) {
        const body = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)])
        for (const gzip of [false, true]) {
          const answer = await app.app.handle(
            new Request(`http://localhost${BASE}${to}`, {
              method,
              headers: { ...AUTH, 'content-type': 'application/json', ...(gzip ? { 'content-encoding': 'gzip' } : {}) },
              body: gzip ? Bun.gzipSync(body) : body,
            }),
          )
          const { code } = (await answer.json()) as any
          expect([to, bytes, answer.status, code]).toEqual([to, bytes, 400, 'INVALID_JSON'])
        }
      }
    expect(await app.rows('crawler_tasks')).toBe(1)
  })

  test('crawler F9: response times have at most two decimals', async () => {
    const app = await makeRig(database)
    const isShort = (ms: number) => /^\d+(\.\d{1,2})?$/.test(String(ms))
    for (let n = 0; n < 20; n++) {
      app.clock.advance(1001)
      const { responseTime, services } = await app.ok('GET', '/health?details=true')
      const { results } = await app.ok('POST', '/health', { operation: 'deep_check' })
      for (const ms of [responseTime, services.database.responseTime, results.database.responseTime])
        expect([ms, isShort(ms)]).toEqual([ms, true])
    }
  })

  test('§17.3: every refusal has error, status, timestamp and details.requestId = X-Request-Id', async () => {
    const app = await makeRig(database)
    await app.create('t')
    const answers = [
      [await app.send('GET', '/nowhere'), 404, 'ROUTE_NOT_FOUND', 'Not found'],
      [await app.send('PATCH', '/tasks/t', {}), 405, 'METHOD_NOT_ALLOWED', 'PATCH method not allowed'],
      [await app.send('POST', '/tasks/t', {}), 405, 'METHOD_NOT_ALLOWED', 'POST method not allowed'],
      [await app.send('POST', '/tasks', 'null'), 400, 'INVALID_JSON', 'Invalid request body'],
      [await app.send('POST', '/tasks', '[]'), 400, 'INVALID_JSON', 'Invalid request body'],
      [await app.send('POST', '/tasks', ''), 400, 'INVALID_JSON', 'Invalid request body'],
      [await app.send('POST', '/tasks', '{"a":'), 400, 'INVALID_JSON', 'Invalid request body'],
      [await app.send('POST', '/tasks', { data: 'x'.repeat(1_100_000) }), 413, 'PAYLOAD_TOO_LARGE', 'Request body too large'],
      [await app.send('GET', '/tasks/none'), 404, 'TASK_NOT_FOUND', 'Task not found'],
      [await app.send('GET', '/tasks', undefined, {}), 401, 'UNAUTHORIZED', 'Invalid or missing authentication'],
      [await app.send('POST', '/health', { operation: 'x' }), 400, 'UNKNOWN_OPERATION', 'Unknown operation: x'],
    ] as const
    for (const [answer, ...rest] of answers) {
      expect(refusal(answer)).toEqual([...rest])
      expectEnvelope(answer)
      expect(answer.headers.get('x-request-id')).toMatch(/^req-/)
    }
    expect(answers[1][0].headers.get('allow')).toContain('PUT')
    expect(answers[8][0].body).toMatchObject({ message: 'Task not found', details: { taskId: 'none' } })
    expect(answers[9][0].headers.get('www-authenticate')).toBe('Bearer')
    expect((await app.send('POST', '/tasks/lease', {})).body.details.taskId).toBeUndefined()
    expect((await app.send('POST', '/tasks', { data: taskData('t') })).body.details.taskId).toBe('t')
    const own = await app.send('GET', '/nowhere', undefined, { ...AUTH, 'x-request-id': 'my.id:1' })
    expect(own.body.details.requestId).toBe('my.id:1')
    expect(
      (await app.send('GET', '/nowhere', undefined, { ...AUTH, 'x-request-id': 'bad id' })).headers.get('x-request-id'),
    ).toMatch(/^req-/)
  })

  test('§1: a body is JSON whatever its content type; bulk takes four times as much; OPTIONS is 200', async () => {
    const app = await makeRig(database, { env: { CORS_ORIGIN: 'https://ui.example' } })
    const text = JSON.stringify({ data: taskData('typed') })
    expect((await app.send('POST', '/tasks', text, { ...AUTH, 'content-type': 'text/plain' })).status).toBe(201)
    const filler = 'x'.repeat(1_500_000)
    expect((await app.send('POST', '/tasks/bulk', { tasks: [taskData('big')], filler })).status).toBe(200)
    expect((await app.send('POST', '/tasks/bulk', { tasks: [taskData('big')], filler: filler.repeat(3) })).status).toBe(413)
    const preflight = { origin: 'https://ui.example', 'access-control-request-method': 'PUT' }
    const options = await app.send('OPTIONS', '/tasks/x', undefined, preflight)
    expect([options.status, options.body, options.headers.get('access-control-allow-origin')]).toEqual([
      200,
      '',
      'https://ui.example',
    ])
    expect(options.headers.get('access-control-allow-headers')).toContain('Last-Event-ID')
    expect(
      (await app.send('OPTIONS', '/tasks/x', undefined, { ...preflight, origin: 'https://evil.example' })).headers.get(
        'access-control-allow-origin',
      ),
    ).toBeNull()
  })

  test('§1: path and method are checked first, then credentials, then the rate limit, then the body', async () => {
    const app = await makeRig(database, { env: { CRAWLER_API_TOKEN: '' } })
    expect((await app.send('GET', '/nowhere', undefined, {})).status).toBe(404)
    expect((await app.send('PATCH', '/tasks', undefined, {})).status).toBe(405)
    expect(refusal(await app.send('GET', '/connect', undefined, {}))).toEqual([
      400,
      'UPGRADE_REQUIRED',
      'WebSocket upgrade required',
    ])
    expect((await app.send('POST', '/tasks', 'x', {})).status).toBe(503)
    const limited = await makeRig(database, { env: { CRAWLER_RATE_LIMIT: '1' } })
    expect((await limited.send('POST', '/tasks', 'not json', {})).status).toBe(401)
    expect((await limited.send('POST', '/tasks', 'not json')).status).toBe(400)
    expect((await limited.send('POST', '/tasks', 'x'.repeat(2_000_000))).status).toBe(429)
  })

  test('§17.4: without a token every protected route is 503, basic health 200 degraded', async () => {
    for (const env of [{ CRAWLER_API_TOKEN: '' }] as Record<string, string>[]) {
      const app = await makeRig(database, { env })
      for (const [method, to] of [
        ['GET', '/tasks'],
        ['POST', '/tasks'],
        ['PUT', '/tasks/x'],
        ['POST', '/connect'],
        ['POST', '/health'],
        ['GET', '/health?details=true'],
        ['POST', '/tasks/lease'],
      ] as const) {
        const answer = await app.send(method, to, method === 'GET' ? undefined : {})
        expect([to, ...refusal(answer)]).toEqual([to, 503, 'NOT_CONFIGURED', 'Endpoint disabled due to missing configuration'])
        expect(answer.body.retryable).toBe(false)
      }
      expect(refusal(await app.send('GET', '/tasks/x/events'))[2]).toBe(
        'WebSocket endpoint disabled due to missing CRAWLER_API_TOKEN configuration',
      )
      expect((await app.send('GET', '/health', undefined, {})).body).toMatchObject({ status: 'degraded' })
      const jwt = await admin(app)
      expect((await app.send('GET', '/tasks', undefined, { authorization: `Bearer ${jwt}` })).status).toBe(200)
    }
    const { loadConfig } = await import('../../src/config.ts')
    expect(loadConfig({}).crawler.token).toBe(TOKEN)
    const production = { NODE_ENV: 'production', FAMILIES: 'crawler', ENCRYPTION_KEYS: UNLIMITED.ENCRYPTION_KEYS }
    expect(loadConfig(production).crawler.token).toBeUndefined()
    expect(() => loadConfig({ ...production, CRAWLER_API_TOKEN: TOKEN })).toThrow('CRAWLER_API_TOKEN must not be')
    expect(() => loadConfig({ ...production, CRAWLER_FANOUT: 'all' })).toThrow('CRAWLER_FANOUT')
  })

  test('§2: Bearer counts in any spelling, and a refusal has the words of its route', async () => {
    const app = await makeRig(database)
    const jwt = await admin(app)
    const with_ = (authorization: string) => app.send('GET', '/tasks', undefined, { authorization })
    for (const good of [`Bearer ${TOKEN}`, `bearer ${TOKEN}`, `BEARER  ${TOKEN}`, `Bearer ${jwt}`])
      expect((await with_(good)).status).toBe(200)
    for (const bad of ['', TOKEN, `Basic ${TOKEN}`, 'Bearer', `Bearer ${TOKEN}x`, `Bearer ${jwt}x`])
      expect((await with_(bad)).status).toBe(401)
    const words = async (method: string, to: string, headers: Record<string, string>) =>
      (await app.send(method, to, method === 'GET' ? undefined : {}, headers)).body.error
    const wrong = { authorization: 'Bearer wrong' }
    expect(await words('POST', '/connect', {})).toBe('Invalid or missing authentication')
    expect(await words('POST', '/connect', wrong)).toBe('Invalid authentication token')
    expect(await words('POST', '/tasks/x/websocket', wrong)).toBe('Invalid authentication token')
    expect(await words('GET', '/tasks/x/events', {})).toBe('Invalid or missing authentication token')
    expect(await words('POST', '/tasks/lease', wrong)).toBe('Invalid or missing authentication')
    expect(await words('GET', '/tasks/x', wrong)).toBe('Authentication failed')
    expect(await words('GET', '/health?details=true', wrong)).toBe('Authentication required for detailed health information')
    expect(await words('POST', '/health', {})).toBe('Authentication required')
    expect(await words('POST', '/health', wrong)).toBe('Invalid authentication')
    await app.create('a')
    const asAdmin = { authorization: `Bearer ${jwt}` }
    const takings: [string, object][] = [
      ['/tasks/lease', { workerId: 'w' }],
      [path('a', '/credentials/refresh'), { workerId: 'w', fence: 1, credentialsVersion: 1 }],
    ]
    for (const [to, body] of takings) {
      const answer = await app.send('POST', to, body, asAdmin)
      expect([to, ...refusal(answer)]).toEqual([to, 403, 'FORBIDDEN', 'Tasks with their credentials are handed to workers alone'])
      expect(JSON.stringify(answer.body)).not.toContain('glpat')
    }
    await app.send('DELETE', path('a'), undefined, asAdmin)
    const { sql } = await import('drizzle-orm')
    expect(await app.db.sql<any>(sql.raw('select principal, action from crawler_audit'))).toMatchObject([
      { principal: 'admin:77', action: 'deleted' },
    ])
    await app.db.sql(sql.raw("update telegram_subscribers set role = 'user'"))
    app.clock.advance(10_000)
    expect((await with_(`Bearer ${jwt}`)).status).toBe(401)
  })

  test('§17.5: x-request-source over TCP is 401; without token over the Unix socket 200; a token in the query only for streams', async () => {
    const app = await makeRig(database, { env: EVERY_FAMILY })
    expect((await app.send('GET', '/tasks', undefined, { 'x-request-source': 'unix' })).status).toBe(401)
    expect((await app.send('POST', `/connect?token=${TOKEN}`, {}, {})).status).toBe(401)
    expect((await app.send('GET', `/tasks?token=${TOKEN}`, undefined, {})).status).toBe(401)
    const folder = mkdtempSync(join(tmpdir(), 'trawl-socket-'))
    const file = join(folder, 'crawler.sock')
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
    const stale = Bun.serve({ unix: file, fetch: () => new Response('stale') })
    // As a killed process leaves it: the file is there, no server answers.
    const { renameSync } = await import('node:fs')
    renameSync(file, `${file}.old`)
    await stale.stop(true)
    renameSync(`${file}.old`, file)
    const local = listenLocally(file, app.app.fetch)
    cleanups.push(() => local.stop(true))
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const ask = (to: string, init: RequestInit = {}) => fetch(`http://localhost${to}`, { unix: file, ...init } as never)
    expect((await ask(`${BASE}/tasks`)).status).toBe(200)
    expect((await ask(`${BASE}/tasks`, { headers: { authorization: 'Bearer wrong' } })).status).toBe(200)
    expect((await ask(`${BASE}/tasks/a%2Fb`)).status).toBe(404)
    expect((await ask('/internal/sources')).status).toBe(401)
    const upgrade = {
      upgrade: 'websocket',
      connection: 'upgrade',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version': '13',
    }
    expect((await ask(`${BASE}/connect`, { headers: upgrade })).status).toBe(400)
    await app.ok('DELETE', path((await app.create('u')).id))
    await local.stop(true)
    expect(existsSync(file)).toBe(false)
    const plain = join(folder, 'plain')
    writeFileSync(plain, 'somebody else')
    expect(() => listenLocally(plain, app.app.fetch)).toThrow()
    expect(existsSync(plain)).toBe(true)
  })

  test('§17.6: no token, credential or rejected body stands in a log line', async () => {
    const lines: string[] = []
    const app = await makeRig(database, { log: createLog({ level: 'debug', write: (line) => lines.push(line) }) })
    await app.create('s', { credentials: { accessToken: 'glpat-logged-1', refreshToken: 'refresh-logged-2' } })
    await app.send('POST', '/tasks', { data: taskData('bad', { type: 'x', credentials: { accessToken: 'glpat-logged-3' } }) })
    await app.send('GET', `/tasks/s/events?token=wrong-token-4`, undefined, {})
    await app.lease()
    app.platform.log.info('asked', { url: `/connect?token=${TOKEN}` })
    const text = lines.join('')
    for (const secret of ['glpat-logged', 'refresh-logged', 'wrong-token-4', TOKEN])
      expect([secret, text.includes(secret)]).toEqual([secret, false])
  })

  test('§17.27: with a frozen clock the 601st request is 429 with Retry-After while progress posts pass', async () => {
    const app = await makeRig(database, { env: { CRAWLER_RATE_LIMIT: '600', CRAWLER_PROGRESS_RATE_LIMIT: '6000' } })
    await app.create('r')
    for (let n = 0; n < 599; n++) await app.send('GET', '/tasks/none')
    const answer = await app.send('GET', '/tasks')
    expect(refusal(answer)).toEqual([429, 'RATE_LIMITED', 'Rate limit exceeded'])
    expect(answer.body).toMatchObject({ retryable: true, details: { retryAfter: 1 } })
    const header = (name: string) => answer.headers.get(name)
    expect([header('retry-after'), header('ratelimit-limit'), header('ratelimit-remaining')]).toEqual(['1', '600', '0'])
    expect((await app.report('r', { type: 'progress', processed: 1 })).progress.processed).toBe(1)
    expect((await app.send('GET', '/health', undefined, {})).status).toBe(200)
    app.clock.advance(100)
    expect((await app.send('GET', '/tasks')).status).toBe(200)
    expect((await app.send('GET', '/tasks')).status).toBe(429)
  })

  test('§4: after 600 refusals of an address a minute the answer is 429', async () => {
    const app = await makeRig(database)
    for (let n = 0; n < 600; n++) expect((await app.send('GET', '/tasks', undefined, {})).status).toBe(401)
    expect((await app.send('GET', '/tasks', undefined, {})).status).toBe(429)
    expect((await app.send('GET', '/tasks')).status).toBe(200)
  })

  test('§17.30: details=1 is basic health; anonymous details=true is 401; a database that is down makes it 503 unhealthy', async () => {
    const app = await makeRig(database)
    await app.create('q')
    await app.create('r')
    await app.report('r', { type: 'started' })
    const basic = await app.send('GET', '/health?details=1', undefined, {})
    expect(Object.keys(basic.body).sort()).toEqual(['responseTime', 'status', 'timestamp', 'uptime', 'version'])
    expect(basic.body.status).toBe('healthy')
    expect((await app.send('GET', '/health?details=true', undefined, {})).status).toBe(401)
    expect(await app.ok('GET', '/health')).toMatchObject({
      services: {
        database: { status: 'up' },
        authentication: { status: 'up', configured: true },
        jobProcessor: { status: 'up', activeJobs: 1, queuedJobs: 1, failedJobs: 0, recentCompletions: 0 },
        websockets: { status: 'up', activeConnections: 0, supportEnabled: true },
      },
    })
    const details = await app.ok('GET', '/health?details=true')
    expect(details).toMatchObject({
      system: { runtimeVersion: expect.any(String), memoryUsage: { used: expect.any(Number) } },
      configuration: { crawlerApiTokenConfigured: true, environment: 'test' },
      data: { status: 'healthy', services: {} },
    })
    await app.report('r', { type: 'completed' })
    expect((await app.ok('GET', '/health')).services.jobProcessor.activeJobs).toBe(1)
    expect(await app.ok('POST', '/health', { operation: 'clear_cache' })).toMatchObject({ message: 'Cache cleared successfully' })
    expect((await app.ok('GET', '/health')).services.jobProcessor).toMatchObject({ activeJobs: 0, recentCompletions: 1 })
    expect(await app.ok('POST', '/health', { operation: 'deep_check' })).toMatchObject({
      results: { database: { status: 'up' }, jobProcessor: { queuedJobs: 1 } },
    })
    const ping = app.db.ping
    app.db.ping = () => Promise.reject(new Error('down'))
    const broken = await makeRig({ ...database, fresh: async () => app.db })
    app.db.ping = ping
    const down = await broken.send('GET', '/health', undefined, {})
    expect([down.status, down.body.status, down.body.code, down.body.error]).toEqual([
      503,
      'unhealthy',
      'UNHEALTHY',
      'Health check failed',
    ])
    expect(down.body.details.requestId).toBe(down.headers.get('x-request-id'))
    expect(refusal(await broken.send('POST', '/health', { operation: 'deep_check' }))).toEqual([
      500,
      'INTERNAL',
      'Operation failed',
    ])
    const guarded = await makeRig(database, { env: { CRAWLER_HEALTH_AUTH: 'required' } })
    expect(refusal(await guarded.send('GET', '/health', undefined, {}))[2]).toBe('Authentication required')
    expect((await guarded.send('GET', '/health')).status).toBe(200)
  })
})
