import { describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { INTERNAL } from '../support/app.ts'
import { onEachDatabase } from '../support/databases.ts'
import { makeRig, statusAndCode } from './rig.ts'

const ID = '01890000-0000-7000-8000-000000000000'
const SEARCH = '/api/v1/parsing/search'

onEachDatabase('love-parser conventions', (database) => {
  describe('love-parser §1 order of checks', () => {
    test('§11.6: no token and invalid fields is 401, no token and broken JSON is 400', async () => {
      const rig = await makeRig(database)
      expect(statusAndCode(await rig.post(SEARCH, { query: 'x' }, rig.anonymous))).toEqual([401, 'AUTH_ERROR'])
      const broken = await rig.post(SEARCH, '{"query":', rig.anonymous)
      expect(statusAndCode(broken)).toEqual([400, 'VALIDATION_ERROR'])
      expect(broken.body.error.details).toEqual({ formErrors: ['The body is not valid JSON'], fieldErrors: {} })
    })

    test('§11.6: unknown route, oversized body and wrong media type are 404, 413 and 415 in the envelope', async () => {
      const rig = await makeRig(database)
      const type = { 'content-type': 'text/plain' }
      for (const [method, path] of [
        ['GET', '/api/v1/nothing'],
        ['POST', '/api/v1/auth/logout'],
        ['GET', SEARCH.replace('search', 'search/x/y')],
        ['GET', '/nowhere'],
        ['POST', '/api/v1/broadcast/start'],
        ['GET', '/api/v1/broadcast/history'],
      ] as const)
        expect(statusAndCode(await rig.call(method, path, undefined, rig.anonymous))).toEqual([404, 'NOT_FOUND'])
      expect(statusAndCode(await rig.post(SEARCH, 'x', type))).toEqual([415, 'VALIDATION_ERROR'])
      const large = await rig.post(SEARCH, JSON.stringify({ query: 'x'.repeat(1_048_576) }), rig.anonymous)
      expect(statusAndCode(large)).toEqual([413, 'VALIDATION_ERROR'])
      expect(large.body.error).toMatchObject({ statusCode: 413, requestId: large.headers.get('x-request-id') })
    })

    test('an empty POST or PUT body is 400 with a JSON content type, else 422; GET and DELETE ignore it', async () => {
      const rig = await makeRig(database)
      const { headers } = await rig.login()
      const json = { ...headers, 'content-type': 'application/json' }
      for (const [method, path] of [
        ['POST', SEARCH],
        ['PUT', `/api/v1/audience/${ID}`],
      ] as const) {
        expect(statusAndCode(await rig.call(method, path, '', json))).toEqual([400, 'VALIDATION_ERROR'])
        const missing = await rig.call(method, path, undefined, headers)
        expect(statusAndCode(missing)).toEqual([422, 'VALIDATION_ERROR'])
        expect(missing.body.error.details.formErrors).toHaveLength(1)
        for (const body of ['[]', 'null', '"text"', '5']) {
          const scalar = await rig.call(method, path, body, json)
          expect([body, ...statusAndCode(scalar)]).toEqual([body, 422, 'VALIDATION_ERROR'])
          expect(scalar.body.error.details.formErrors).toHaveLength(1)
        }
      }
      expect((await rig.call('DELETE', `/api/v1/audience/${ID}`, '', json)).status).toBe(404)
      expect((await rig.call('GET', '/api/v1/auth/me', undefined, json)).status).toBe(200)
    })

    test('of body, query and path only the first failing group is reported', async () => {
      const rig = await makeRig(database)
      const { headers } = await rig.login()
      const fields = async (method: string, path: string, body?: unknown) => {
        const answer = await rig.call(method, path, body, headers)
        expect(answer.status).toBe(422)
        return Object.keys(answer.body.error.details.fieldErrors)
      }
      expect(await fields('GET', '/api/v1/parsing/nope/results?page=x&sort_by=y')).toEqual(['page', 'sort_by'])
      expect(await fields('GET', '/api/v1/parsing/nope/results')).toEqual(['search_id'])
      expect(await fields('PUT', '/api/v1/audience/nope', { filters: { engagement_min: 2, language: 'x' } })).toEqual(['filters'])
      expect(await fields('PUT', '/api/v1/audience/nope', {})).toEqual(['segment_id'])
    })

    test('402 before quota before 404: a refused request changes nothing', async () => {
      const rig = await makeRig(database)
      const person = await rig.login()
      const body = { name: 'abc', source_parsing_id: ID }
      expect((await rig.post('/api/v1/audience/segments', body, person.headers)).status).toBe(404)
      expect(await rig.used(person, 'audience')).toBe(0)
      await rig.setLimit(person, 'audience', 0)
      expect(statusAndCode(await rig.post('/api/v1/audience/segments', body, person.headers))).toEqual([
        429,
        'RATE_LIMIT_EXCEEDED',
      ])
      await rig.dropSubscriptions(person)
      expect(statusAndCode(await rig.post('/api/v1/audience/segments', body, person.headers))).toEqual([
        402,
        'SUBSCRIPTION_REQUIRED',
      ])
    })
  })

  describe('love-parser §1 formats', () => {
    test('the request id is taken over when it is well-formed, else made; it stands in errors too', async () => {
      const rig = await makeRig(database)
      const given = await rig.get('/api/v1/nothing', { 'x-request-id': 'my.id:1-2_3' })
      expect([given.headers.get('x-request-id'), given.body.error.requestId]).toEqual(['my.id:1-2_3', 'my.id:1-2_3'])
      for (const bad of ['a b', 'x'.repeat(129), 'a/b', 'a"b']) {
        const answer = await rig.get('/api/v1/nothing', { 'x-request-id': bad })
        expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
        expect(answer.body.error.requestId).toBe(answer.headers.get('x-request-id'))
      }
    })

    test('L2: JSON answers have one spelling of their type: of all routes, replays, errors and probes, beside another family too', async () => {
      const rig = await makeRig(database, { env: { FAMILIES: 'gifty,crawler,love-parser' } })
      const person = await rig.login()
      const id = await rig.found(person)
      const keyed = { ...person.headers, 'idempotency-key': 'one' }
      await rig.setLimit(person, 'parsing', -1)
      await rig.setLimit(person, 'audience', -1)
      const segment = { name: 'a', source_parsing_id: id }
      const made = await rig.post('/api/v1/audience/segments', segment, person.headers)
      const own = '/api/v1'
      const answers: [string, Awaited<ReturnType<typeof rig.get>>][] = [['POST segments', made]]
      const paths = [
        'dashboard',
        'auth/me',
        'parsing/history',
        'audience/segments',
        'subscriptions/current',
        'subscriptions/plans',
      ]
      for (const path of [...paths, `parsing/${id}`, `parsing/${id}/results`, `audience/${made.body.id}/preview`, 'nothing'])
        answers.push([path, await rig.get(`${own}/${path}`, person.headers)])
      for (const path of ['/health', '/livez', '/readyz', '/api/health/db', '/docs/json'])
        answers.push([path, await rig.get(path, {})])
      for (const path of ['/internal/sources', '/internal/products', '/internal/stats', '/internal/tasks'])
        answers.push([path, await rig.get(path, INTERNAL)])
      answers.push(['crawler', await rig.get('/api/internal2/tasks', { authorization: 'Bearer dev-crawler-token' })])
      for (const name of ['search', 'replayed search'])
        answers.push([name, await rig.post(`${own}/parsing/search`, { query: 'crypto' }, keyed)])
      answers.push([
        'ingestion',
        await rig.post('/internal/ingest-batch', { source_id: 0, items: [] }, { ...INTERNAL, 'idempotency-key': 'x' }),
      ])
      for (const [name, { headers }] of answers)
        expect([name, headers.get('content-type')]).toEqual([name, 'application/json;charset=utf-8'])
    })

    test('security headers are on every answer', async () => {
      const rig = await makeRig(database)
      for (const path of ['/health', '/api/v1/nothing', '/api/v1/auth/me', '/api/v1/subscriptions/plans']) {
        const { headers } = await rig.get(path, rig.anonymous)
        expect([headers.get('x-content-type-options'), headers.get('x-frame-options'), headers.get('referrer-policy')]).toEqual([
          'nosniff',
          'SAMEORIGIN',
          'no-referrer',
        ])
      }
    })

    test('pagination: whole numbers as text, bounds, and pages that end', async () => {
      const rig = await makeRig(database)
      const { headers } = await rig.login()
      const status = async (query: string) => (await rig.get(`/api/v1/parsing/history?${query}`, headers)).status
      for (const good of ['', 'page=1&limit=100', 'page=1000000', 'limit=1', 'unknown=1'])
        expect([good, await status(good)]).toEqual([good, 200])
      for (const bad of [
        'page=0',
        'page=1000001',
        'limit=0',
        'limit=101',
        'page=1.5',
        'page=abc',
        'page=',
        'limit=-1',
        'page=1&page=2',
      ])
        expect([bad, await status(bad)]).toEqual([bad, 422])
      expect((await rig.get('/api/v1/parsing/history?page=1000000', headers)).body).toEqual([])
    })

    test('B2: one wording a cause: a share is no whole number, and a number too large names the limit of its field', async () => {
      const rig = await makeRig(database)
      const person = await rig.login()
      const fieldErrors = async (path: string, body?: unknown) => {
        const answer = body ? await rig.post(path, body, person.headers) : await rig.get(path, person.headers)
        expect(answer.status).toBe(422)
        return answer.body.error.details.fieldErrors
      }
      const segment = (filters: object) =>
        fieldErrors('/api/v1/audience/segments', { name: 'abc', source_parsing_id: ID, filters })
      for (const engagement_min of ['0,4', 'half', true, []])
        expect(await segment({ engagement_min })).toEqual({ filters: ['Must be a number'] })
      for (const engagement_max of [2, '9'.repeat(400)])
        expect(await segment({ engagement_max })).toEqual({ filters: ['Must be at most 1'] })
      for (const min_subscribers of ['0,4', 'abc', 1.5, '1.5', true])
        expect(await segment({ min_subscribers })).toEqual({ filters: ['Must be a whole number'] })
      expect(await segment({ min_subscribers: '99999999999999999999' })).toEqual({
        filters: ['Must be at most 9007199254740991'],
      })
      expect(await segment({ min_subscribers: '-99999999999999999999' })).toEqual({ filters: ['Must be at least 0'] })
      const history = (query: string) => fieldErrors(`/api/v1/parsing/history?${query}`)
      for (const page of ['99999999999999999999', '9'.repeat(400), '1000001'])
        expect(await history(`page=${page}`)).toEqual({ page: ['Must be at most 1000000'] })
      expect(await history('page=-99999999999999999999')).toEqual({ page: ['Must be at least 1'] })
      expect(await history('limit=99999999999999999999')).toEqual({ limit: ['Must be at most 100'] })
      expect(await history('page=1,5')).toEqual({ page: ['Must be a whole number'] })
    })

    test('B2: the refusal of a body that is no UTF-8 or no gzip says so, not that its JSON is wrong', async () => {
      const rig = await makeRig(database)
      const sent = async (body: Uint8Array<ArrayBuffer>, headers: Record<string, string>) => {
        const url = 'http://localhost/api/v1/telegram/auth/send-code'
        const type = { 'content-type': 'application/json' }
        const answer = await rig.app.handle(new Request(url, { method: 'POST', headers: { ...type, ...headers }, body }))
        return [answer.status, ((await answer.json()) as any).error.message]
      }
      expect(await sent(new Uint8Array([0x22, 0xff, 0x22]), {})).toEqual([400, 'The body is not UTF-8'])
      expect(await sent(new Uint8Array([1, 2, 3]), { 'content-encoding': 'gzip' })).toEqual([400, 'The body is not gzip'])
      expect(await sent(new TextEncoder().encode('{'), {})).toEqual([400, 'The body is not valid JSON'])
    })

    test('ids in paths are UUIDs of any version in any case; a malformed one is 422 on that parameter', async () => {
      const rig = await makeRig(database)
      const person = await rig.login()
      const id = await rig.found(person)
      expect((await rig.get(`/api/v1/parsing/${id.toUpperCase()}`, person.headers)).body.id).toBe(id)
      for (const bad of ['1', `${id}0`, id.replaceAll('-', ''), `${id}%00`, `${id}'`]) {
        const answer = await rig.get(`/api/v1/parsing/${bad}`, person.headers)
        expect([bad, answer.status]).toEqual([bad, 422])
        expect(Object.keys(answer.body.error.details.fieldErrors)).toEqual(['search_id'])
      }
      for (const version of ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'])
        expect(statusAndCode(await rig.get(`/api/v1/parsing/${version}`, person.headers))).toEqual([404, 'NOT_FOUND'])
    })

    test('a foreign resource is 404 on every route that takes its id', async () => {
      const rig = await makeRig(database)
      const owner = await rig.login()
      const other = await rig.login()
      const search = await rig.found(owner)
      const segment = (await rig.post('/api/v1/audience/segments', { name: 'mine', source_parsing_id: search }, owner.headers))
        .body.id
      for (const [method, path, body] of [
        ['GET', `/api/v1/parsing/${search}`, undefined],
        ['GET', `/api/v1/parsing/${search}/results`, undefined],
        ['GET', `/api/v1/parsing/${search}/export`, undefined],
        ['GET', `/api/v1/parsing/${search}/progress`, undefined],
        ['POST', `/api/v1/parsing/${search}/cancel`, undefined],
        ['GET', `/api/v1/audience/${segment}`, undefined],
        ['PUT', `/api/v1/audience/${segment}`, {}],
        ['DELETE', `/api/v1/audience/${segment}`, undefined],
        ['GET', `/api/v1/audience/${segment}/preview`, undefined],
      ] as const)
        expect([path, ...statusAndCode(await rig.call(method, path, body, other.headers))]).toEqual([path, 404, 'NOT_FOUND'])
      expect((await rig.get(`/api/v1/audience/${segment}`, owner.headers)).status).toBe(200)
    })
  })

  describe('love-parser §1 rate limit', () => {
    const limited = { RATE_LIMIT_MAX: '100', TRUST_PROXY: '1' }
    const from = (ip: string) => ({ 'x-forwarded-for': ip })

    test('§11.7: request 101 in a minute is 429 with RateLimit headers; the window then starts anew', async () => {
      const rig = await makeRig(database, { env: limited })
      for (let n = 1; n <= 100; n++) {
        const answer = await rig.get('/api/v1/subscriptions/plans', from('1.1.1.1'))
        expect([answer.status, answer.headers.get('ratelimit-remaining')]).toEqual([200, String(100 - n)])
        rig.clock.advance(100)
      }
      const refused = await rig.get('/api/v1/subscriptions/plans', from('1.1.1.1'))
      expect(statusAndCode(refused)).toEqual([429, 'RATE_LIMIT_EXCEEDED'])
      expect(refused.body.error.details).toEqual({ limit: 100, windowMs: 60_000 })
      expect(
        ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset', 'retry-after'].map((name) => refused.headers.get(name)),
      ).toEqual(['100', '0', '50', '50'])
      // It comes before everything else: unknown routes, broken bodies, tokens.
      expect((await rig.get('/api/v1/nothing', from('1.1.1.1'))).status).toBe(429)
      expect((await rig.post('/api/v1/parsing/search', '{', from('1.1.1.1'))).status).toBe(429)
      rig.clock.advance(50_000)
      expect((await rig.get('/api/v1/subscriptions/plans', from('1.1.1.1'))).status).toBe(200)
    })

    test('§11.7: two users behind one address are independent; unknown routes count, health and metrics never', async () => {
      const rig = await makeRig(database, { env: { ...limited, RATE_LIMIT_MAX: '5' } })
      const [one, two] = [await rig.login('+79991110001'), await rig.login('+79991110003')]
      const address = from('9.9.9.9')
      for (let n = 0; n < 5; n++) expect((await rig.get('/api/v1/auth/me', { ...one.headers, ...address })).status).toBe(200)
      expect((await rig.get('/api/v1/auth/me', { ...one.headers, ...address })).status).toBe(429)
      expect((await rig.get('/api/v1/auth/me', { ...two.headers, ...address })).status).toBe(200)
      for (let n = 0; n < 5; n++) expect((await rig.get('/nowhere', address)).status).toBe(404)
      expect((await rig.get('/nowhere', address)).status).toBe(429)
      // A token that does not verify counts for the address.
      expect((await rig.get('/api/v1/auth/me', { authorization: `Bearer ${one.token}x`, ...address })).status).toBe(429)
      for (let n = 0; n < 20; n++)
        for (const path of ['/health', '/api/v1/health', '/health/db', '/metrics'])
          expect((await rig.get(path, address)).status).toBe(200)
      // The client's own claim in the header does not count.
      expect((await rig.get('/nowhere', { 'x-forwarded-for': '5.5.5.5, 9.9.9.9' })).status).toBe(429)
    })
  })

  describe('love-parser §1 F3', () => {
    const warnings = (rig: { lines: string[] }) =>
      rig.lines
        .map((line) => JSON.parse(line))
        .filter(({ level, message }) => level === 'warn' && message.includes('TRUST_PROXY'))
    const forwarded = { 'x-forwarded-for': '203.0.113.7' }

    test('F3: X-Forwarded-For with TRUST_PROXY=0 is one warning that names it, whatever route and family it comes to', async () => {
      const rig = await makeRig(database, { env: { FAMILIES: 'gifty,love-parser', TRUST_PROXY: '0' } })
      await rig.get('/api/v1/subscriptions/plans', {})
      expect(warnings(rig)).toEqual([])
      for (const path of ['/internal/sources', '/api/v1/subscriptions/plans', '/api/v1/nothing']) await rig.get(path, forwarded)
      await rig.call('HEAD', '/api/v1/subscriptions/plans', undefined, forwarded)
      expect(warnings(rig)).toHaveLength(1)
      expect(JSON.stringify(warnings(rig))).not.toContain('203.0.113.7')
    })

    test('F3: nothing is said where it is set', async () => {
      const rig = await makeRig(database, { env: { TRUST_PROXY: '1' } })
      await rig.get('/api/v1/subscriptions/plans', forwarded)
      expect(warnings(rig)).toEqual([])
    })
  })

  describe('love-parser §1 CORS', () => {
    const origin = { origin: 'https://app.example' }
    const env = { FRONTEND_URL: 'https://app.example', CORS_ORIGIN: 'https://second.example' }

    test('allowed origins get their headers on answers and errors, others none; Vary always', async () => {
      const rig = await makeRig(database, { env })
      for (const path of ['/api/v1/subscriptions/plans', '/api/v1/auth/me', '/api/v1/nothing', '/health', '/health/db']) {
        const answer = await rig.get(path, origin)
        expect([path, answer.headers.get('access-control-allow-origin')]).toEqual([path, 'https://app.example'])
        expect(answer.headers.get('access-control-allow-credentials')).toBe('true')
        expect(answer.headers.get('vary')).toBe('Origin')
        expect(answer.headers.get('access-control-expose-headers')).toContain('Content-Disposition')
        const foreign = await rig.get(path, { origin: 'https://evil.example' })
        expect(foreign.headers.get('access-control-allow-origin')).toBeNull()
        expect(foreign.headers.get('vary')).toBe('Origin')
        const plain = await rig.get(path)
        expect([plain.headers.get('vary'), plain.headers.get('access-control-allow-origin')]).toEqual(['Origin', null])
      }
      expect(
        (await rig.get('/api/v1/nothing', { origin: 'https://second.example' })).headers.get('access-control-allow-origin'),
      ).toBe('https://second.example')
    })

    test('U5: the usual ports of development are allowed on both names of the machine; others are not', async () => {
      const rig = await makeRig(database, { env })
      const allowed = async (given: string) =>
        (await rig.get('/api/v1/nothing', { origin: given })).headers.get('access-control-allow-origin')
      for (const host of ['localhost', '127.0.0.1'])
        for (const port of [3000, 4173, 5173, 8080])
          expect(await allowed(`http://${host}:${port}`)).toBe(`http://${host}:${port}`)
      for (const foreign of [
        'http://localhost:8081',
        'http://localhost',
        'https://localhost:8080',
        'http://localhost.example:8080',
      ])
        expect([foreign, await allowed(foreign)]).toEqual([foreign, null])
      const ask = { origin: 'http://localhost:8080', 'access-control-request-method': 'POST' }
      const preflight = await rig.call('OPTIONS', '/api/v1/parsing/search', undefined, ask)
      expect(preflight.headers.get('access-control-allow-origin')).toBe('http://localhost:8080')
    })

    test('a preflight is 204 with the requested headers echoed and no request id; other origins get no ACAO', async () => {
      const rig = await makeRig(database, { env })
      const ask = { 'access-control-request-method': 'PUT', 'access-control-request-headers': 'authorization, x-any' }
      const answer = await rig.call('OPTIONS', '/api/v1/parsing/search', undefined, { ...origin, ...ask })
      expect(answer.status).toBe(204)
      expect(answer.headers.get('access-control-allow-methods')).toBe('GET,HEAD,PUT,PATCH,POST,DELETE')
      expect(answer.headers.get('access-control-allow-headers')).toBe('authorization, x-any')
      expect(answer.headers.get('x-request-id')).toBeNull()
      const foreign = await rig.call('OPTIONS', '/api/v1/parsing/search', undefined, { origin: 'https://evil.example', ...ask })
      expect([foreign.status, foreign.headers.get('access-control-allow-origin')]).toEqual([204, null])
    })

    test('* reflects any origin', async () => {
      const rig = await makeRig(database, { env: { CORS_ORIGIN: '*' } })
      expect(
        (await rig.get('/api/v1/nothing', { origin: 'https://any.example' })).headers.get('access-control-allow-origin'),
      ).toBe('https://any.example')
    })
  })

  describe('love-parser §1 Idempotency-Key', () => {
    test('the same key and body replays the answer once stored; another body is 422; it is kept 24 h', async () => {
      const rig = await makeRig(database)
      const person = await rig.login()
      await rig.setLimit(person, 'parsing', 3)
      const key = { 'idempotency-key': 'once' }
      const first = await rig.search(person, { query: 'crypto' }, key)
      const again = await rig.search(person, { query: ' crypto ', extra: 1 }, key)
      expect([first.status, again.status]).toEqual([202, 202])
      expect(again.body).toEqual(first.body)
      expect([first.headers.get('idempotency-replayed'), again.headers.get('idempotency-replayed')]).toEqual([null, 'true'])
      expect(await rig.used(person, 'parsing')).toBe(1)
      expect(statusAndCode(await rig.search(person, { query: 'other' }, key))).toEqual([422, 'VALIDATION_ERROR'])
      rig.clock.advance(86_400_000)
      expect((await rig.search(person, { query: 'other' }, key)).headers.get('idempotency-replayed')).toBeNull()
      expect(await rig.used(person, 'parsing')).toBe(2)
    })

    test('the value of the body counts, not its text; what the release before has kept is compared by its text', async () => {
      const rig = await makeRig(database)
      const person = await rig.login()
      await rig.setLimit(person, 'parsing', 3)
      const headers = { ...person.headers, 'idempotency-key': 'value', 'content-type': 'application/json' }
      const body = { query: 'crypto', filters: { min_subscribers: 100, max_subscribers: 5000 } }
      const first = await rig.post(SEARCH, body, headers)
      const text = '{ "filters": {"max_subscribers": 5e3, "min_subscribers": 100.0},\n "query": "crypto" }'
      const replays = [await rig.post(SEARCH, text, headers)]
      await rig.db.sql(sql`update love_parser_idempotency_keys set fingerprint = null`)
      replays.push(await rig.post(SEARCH, body, headers))
      for (const again of replays)
        expect([again.status, again.body, again.headers.get('idempotency-replayed')]).toEqual([202, first.body, 'true'])
      expect(statusAndCode(await rig.post(SEARCH, { ...body, query: 'other' }, headers))).toEqual([422, 'VALIDATION_ERROR'])
      expect(await rig.used(person, 'parsing')).toBe(1)
    })

    test('keys are per user and route; a replay comes before 402 and quota; failures are not recorded', async () => {
      const rig = await makeRig(database)
      const [one, two] = [await rig.login(), await rig.login()]
      const key = { 'idempotency-key': 'shared' }
      const first = await rig.search(one, { query: 'crypto' }, key)
      expect((await rig.search(two, { query: 'crypto' }, key)).body.search_id).not.toBe(first.body.search_id)
      await rig.dropSubscriptions(one)
      expect((await rig.search(one, { query: 'crypto' }, key)).body).toEqual(first.body)
      const other = { 'idempotency-key': 'failing' }
      expect((await rig.search(one, { query: 'crypto' }, other)).status).toBe(402)
      const segment = { name: 'abc', source_parsing_id: (await rig.search(two, { query: 'crypto' }, key)).body.search_id }
      expect((await rig.post('/api/v1/audience/segments', segment, { ...two.headers, ...key })).status).toBe(201)
    })

    test('concurrent duplicates have one effect and one answer', async () => {
      const rig = await makeRig(database)
      const person = await rig.login()
      await rig.setLimit(person, 'parsing', 20)
      const answers = await Promise.all(
        Array.from({ length: 12 }, () => rig.search(person, { query: 'crypto' }, { 'idempotency-key': 'many' })),
      )
      expect(new Set(answers.map((answer) => answer.body.search_id)).size).toBe(1)
      expect(answers.filter((answer) => answer.headers.get('idempotency-replayed') === null)).toHaveLength(1)
      expect(await rig.used(person, 'parsing')).toBe(1)
    })

    test('a key is 1 to 128 visible ASCII characters', async () => {
      const rig = await makeRig(database)
      const person = await rig.login()
      for (const bad of ['with blank', 'x'.repeat(129)])
        expect(statusAndCode(await rig.search(person, { query: 'crypto' }, { 'idempotency-key': bad }))).toEqual([
          422,
          'VALIDATION_ERROR',
        ])
      expect((await rig.search(person, { query: 'crypto' }, { 'idempotency-key': '~'.repeat(128) })).status).toBe(202)
    })
  })

  test('love-parser §1: no error contains a library’s or a database’s text', async () => {
    const rig = await makeRig(database)
    const { headers } = await rig.login()
    const answers = [
      await rig.post(SEARCH, { query: 5, filters: [] }, headers),
      await rig.post(SEARCH, { query: '\u0000\u0000', filters: { min_subscribers: {} } }, headers),
      await rig.post('/api/v1/audience/segments', { name: {}, source_parsing_id: null, filters: 'x' }, headers),
      await rig.get('/api/v1/parsing/%E0%A4%A', headers),
      await rig.get(`/api/v1/parsing/${ID}/export?format=xml`, headers),
    ]
    for (const { status, body } of answers) {
      expect(status).toBeLessThan(500)
      expect(JSON.stringify(body)).not.toMatch(/Invalid input|expected|received|sqlite|postgres|select |zod|Elysia|stack/i)
    }
  })
})
