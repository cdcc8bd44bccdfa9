import { expect, test } from 'bun:test'
import { z } from 'zod'
import { fieldProblem } from '../../src/gifty/envelope.ts'
import { createLog } from '../../src/platform/log.ts'
import { onEachDatabase } from '../support/databases.ts'
import { makeRig, problemOf } from './rig.ts'

test('gifty §1.2: the input of a secret field is null, at whatever depth', () => {
  const schema = z.object({
    password: z.string(),
    weeek_api_token: z.string(),
    init_data: z.string(),
    accounts: z.array(z.object({ api_token: z.string() })),
    name: z.string(),
  })
  const given = { password: 1, weeek_api_token: 2, init_data: 3, accounts: [{ api_token: 4 }], name: 5 }
  const { issues } = schema.safeParse(given, { reportInput: true }).error as z.ZodError
  expect(issues.map((issue) => fieldProblem(issue as z.core.$ZodIssue, ['body']).input)).toEqual([null, null, null, null, 5])
})

onEachDatabase('gifty values', (database) => {
  test('gifty §1.2: every type of problem has its loc, message and input', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    const post = (body: unknown, path = '/internal/sources') => app.post(path, body)
    const valid = { url: 'https://a.example/', type: 'list', site_key: 'a' }
    const table: [Promise<{ status: number; body: any }>, string, (string | number)[], unknown][] = [
      [post({ ...valid, url: undefined }), 'missing', ['body', 'url'], null],
      [post({ ...valid, priority: 'x' }), 'int_parsing', ['body', 'priority'], 'x'],
      [post({ ...valid, priority: '' }), 'int_parsing', ['body', 'priority'], ''],
      [post({ ...valid, priority: 1.5 }), 'int_type', ['body', 'priority'], 1.5],
      [post({ ...valid, priority: true }), 'int_type', ['body', 'priority'], true],
      [post({ ...valid, priority: {} }), 'int_type', ['body', 'priority'], {}],
      [app.get('/internal/products?min_price=x'), 'float_parsing', ['query', 'min_price'], 'x'],
      [app.get('/internal/products?min_price='), 'float_parsing', ['query', 'min_price'], ''],
      [post({ ...valid, is_active: 'maybe' }), 'bool_parsing', ['body', 'is_active'], 'maybe'],
      [post({ ...valid, type: 5 }), 'string_type', ['body', 'type'], 5],
      [post({ ...valid, type: '' }), 'string_too_short', ['body', 'type'], ''],
      [post({ ...valid, type: 'x'.repeat(65) }), 'string_too_long', ['body', 'type'], 'x'.repeat(65)],
      [post({ available_spiders: 'x' }, '/internal/sources/sync-spiders'), 'list_type', ['body', 'available_spiders'], 'x'],
      [
        post({ available_spiders: ['a', 5] }, '/internal/sources/sync-spiders'),
        'string_type',
        ['body', 'available_spiders', 1],
        5,
      ],
      [post({ ...valid, config: 'x' }), 'dict_type', ['body', 'config'], 'x'],
      [post('{'), 'json_invalid', ['body'], null],
      [post({ ...valid, priority: 0 }), 'greater_than_equal', ['body', 'priority'], 0],
      [post({ ...valid, priority: '101' }), 'less_than_equal', ['body', 'priority'], 101],
      [post({ ...valid, strategy: 'x' }), 'enum', ['body', 'strategy'], 'x'],
      [post({ ...valid, site_key: 'a b' }), 'value_error', ['body', 'site_key'], 'a b'],
      [app.get('/internal/sources/x'), 'int_parsing', ['path', 'id'], 'x'],
      [app.get(`/internal/sources/${id}/runs?limit=0`), 'greater_than_equal', ['query', 'limit'], 0],
    ]
    for (const [answer, type, loc, input] of table)
      expect(problemOf(await answer)).toEqual({ type, loc, msg: expect.stringMatching(/./), input })
  })

  test('gifty §1.2: the input shown is at most 1 KB, and at most 100 details', async () => {
    const app = await makeRig(database)
    const spiders = (given: unknown) => app.post('/internal/sources/sync-spiders', { available_spiders: given })
    for (const input of ['ё'.repeat(5000), '😀'.repeat(5000), 'x'.repeat(5000)]) {
      const shown = problemOf(await spiders(input)).input as string
      expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(1024)
      expect(Buffer.byteLength(shown)).toBeGreaterThan(900)
      expect(shown.isWellFormed()).toBe(true)
    }
    const object = problemOf(await spiders({ a: 'ё'.repeat(5000) })).input
    expect(Buffer.byteLength(JSON.stringify(object))).toBeLessThanOrEqual(1100)
    expect(problemOf(await spiders({ a: 'small' })).input).toEqual({ a: 'small' })
    const many = await spiders(Array(500).fill(5))
    expect(many.body.error.fields.details).toHaveLength(100)
    const items = Array.from({ length: 300 }, () => ({ title: 5, site_key: 5 }))
    const batch = await app.post('/internal/ingest-batch', { items, source_id: 0 })
    expect(batch.status).toBe(422)
    expect(batch.body.error.fields.details).toHaveLength(100)
  })

  test('gifty §1.2: a length that cannot become a number is malformed JSON, not an error of ours', async () => {
    const app = await makeRig(database)
    for (const spoiled of ['{"toString":1}', '{"valueOf":1,"toString":2}']) {
      const answer = await app.post('/internal/workers/lease', `{"worker_id":{"length":${spoiled}}}`)
      expect([answer.status, answer.body.error.fields.details[0].type]).toEqual([422, 'json_invalid'])
    }
  })

  test('gifty §1.3: booleans in every accepted form, in bodies and queries', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    const toggle = `/internal/sources/${id}/toggle`
    const yes = [true, 1, '1', 'true', 'TRUE', 't', 'T', 'yes', 'Yes', 'y', 'on', 'On']
    const no = [false, 0, '0', 'false', 'False', 'f', 'no', 'NO', 'n', 'off', 'oFF']
    for (const [forms, value] of [
      [yes, true],
      [no, false],
    ] as const)
      for (const form of forms) {
        expect(await app.ok('POST', toggle, { is_active: form })).toEqual({ status: 'ok', is_active: value })
        expect(await app.ok('POST', `${toggle}?is_active=${form}`)).toEqual({ status: 'ok', is_active: value })
      }
    for (const bad of ['', 'tr', '2', 'null', 'oui']) {
      expect(problemOf(await app.post(toggle, { is_active: bad })).type).toBe('bool_parsing')
      expect(problemOf(await app.post(`${toggle}?is_active=${bad}`)).type).toBe('bool_parsing')
    }
    for (const bad of [2, -1, 0.5, [], {}])
      expect(problemOf(await app.post(toggle, { is_active: bad })).type).toBe('bool_parsing')
  })

  test('gifty §1.3: integers and numbers as JSON or as text', async () => {
    const app = await makeRig(database)
    const valid = { url: 'https://a.example/', type: 'list', site_key: 'a' }
    for (const priority of [7, 7.0, '7', ' 7 ', '+7', '007'])
      expect((await app.ok('POST', '/internal/sources', { ...valid, priority })).priority).toBe(7)
    for (const priority of ['7.0', '7e0', '0x7', 'seven', '', ' ', '٧', '1e400', '--7'])
      expect(problemOf(await app.post('/internal/sources', { ...valid, priority })).type).toBe('int_parsing')
    const huge = await app.post('/internal/sources', { ...valid, priority: '9'.repeat(30) })
    expect(huge.status).toBe(422)
    expect(huge.body.error.fields.details[0]).toMatchObject({ type: 'less_than_equal', loc: ['body', 'priority'] })
    const beat = { hostname: 'h', pid: 1, concurrent_tasks: '2', ram_usage_pct: '12.5' }
    await app.ok('POST', '/internal/workers/heartbeat', { ...beat, cpu_usage: '1e1' })
    expect(await app.ok('GET', '/internal/workers')).toMatchObject([{ concurrent_tasks: 2, ram_usage_pct: 12.5, cpu_usage: 10 }])
    for (const bad of ['', 'x', 'NaN', 'Infinity', '1,5'])
      expect(problemOf(await app.post('/internal/workers/heartbeat', { ...beat, ram_usage_pct: bad })).type).toBe('float_parsing')
    expect(
      (await app.post('/internal/workers/heartbeat', `{"hostname":"h","pid":1,"concurrent_tasks":1,"ram_usage_pct":1e999}`))
        .status,
    ).toBe(422)
  })

  test('gifty §1.3: unknown fields are ignored, of a repeated query name the last counts', async () => {
    const app = await makeRig(database)
    await app.source({ nonsense: { deep: [1] }, id: 5, __proto__: { x: 1 }, constructor: 1 })
    expect(await app.ok('GET', '/internal/sources?limit=0&limit=5&nonsense=1')).toHaveLength(1)
  })

  test('gifty §1.3: a query value is a text, also with a comma or in braces', async () => {
    const app = await makeRig(database)
    const [problem] = (await app.get('/internal/sources?limit=1,5')).body.error.fields.details
    expect(problem).toMatchObject({ loc: ['query', 'limit'], input: '1,5' })
    expect((await app.get('/internal/products?q=%7B%22a%22:1%7D')).status).toBe(200)
    expect((await app.get('/internal/products?q=tea,%20cup')).status).toBe(200)
  })

  test('gifty §1.3: a well-formed path id without a row, however large, is 404; a malformed one 422', async () => {
    const app = await makeRig(database)
    for (const id of ['0', '-5', '99', '12345678901234', '9007199254740993', '9'.repeat(30), '00', '%2B1'])
      expect([id, (await app.get(`/internal/sources/${id}`)).status]).toEqual([id, 404])
    for (const id of ['x', '1.0', '1e3', '0x1', '1%00a', '%20', '%F0%9F%98%80'])
      expect([id, (await app.get(`/internal/sources/${id}`)).status]).toEqual([id, 422])
  })

  test('gifty §1.3: NUL characters, half surrogates and broken escapes never fail a request', async () => {
    const app = await makeRig(database, { log: createLog({ level: 'silent', now: Date.now }) })
    const { id } = await app.source()
    const odd = [
      '%00',
      'a%00b',
      '%ED%A0%80',
      '%FF',
      '%E0%A4%A',
      '%',
      '%zz',
      '%F0%9F%98%80',
      '%C0%80',
      '..%2F..',
      '%5C',
      '%0A',
      '%E2%80%A8',
    ]
    const paths = odd.flatMap((part) => [
      `/internal/sources/${part}`,
      `/internal/sources/${id}${part}`,
      `/internal/sources/${part}/runs`,
      `/internal/tasks/${part}`,
      `/internal/products/${part}`,
      `/internal/${part}`,
      `/internal/sources?site_key=${part}&status=${part}`,
      `/internal/sources?limit=${part}`,
      `/internal/sources?${part}=${part}`,
      `/internal/tasks?kind=${part}&cursor=${part}`,
      `/internal/products?gift_id=${part}&category=${part}&site_key=${part}`,
      `/internal/products?cursor=${part}`,
      `/internal/sources/${id}/runs?cursor=${part}`,
    ])
    for (const path of paths) {
      const answer = await app.get(path)
      expect([path, answer.status < 500]).toEqual([path, true])
    }
    const text = '"\\u0000\\ud800x\\udc00\\u0000"'
    const bodies: [string, string][] = [
      [
        '/internal/sources',
        `{"url":"https://a.example/\\u0000\\ud800","type":${text},"site_key":${text},"config":{${text}:${text}}}`,
      ],
      [`/internal/sources/${id}/report-error`, `{"error":${text}}`],
      [`/internal/sources/${id}/report-logs`, `{"logs":${text}}`],
      [`/internal/sources/${id}/report-status`, `{"status":${text}}`],
      [`/internal/sources/${id}/force-run`, `{"strategy":${text}}`],
      ['/internal/sources/sync-spiders', `{"available_spiders":[${text},"a\\u0000"]}`],
      ['/internal/workers/lease', `{"worker_id":${text},"kinds":[${text}]}`],
      [
        '/internal/workers/heartbeat',
        `{"hostname":${text},"pid":1,"concurrent_tasks":1,"ram_usage_pct":1,"status":${text},"worker_id":${text}}`,
      ],
      ['/internal/workers/tasks/complete', `{"worker_id":${text},"tasks":[{"id":${text},"fence":1,"result":${text}}]}`],
      [`/internal/workers/tasks/${id}/fail`, `{"worker_id":${text},"fence":1,"error":${text}}`],
      ['/internal/tasks/redrive', `{"ids":[${text}],"kind":${text}}`],
      [
        '/internal/ingest-batch',
        `{"source_id":0,"items":[{"title":${text},"product_url":${text},"site_key":${text},"raw_data":{${text}:1}}],"task_id":${text}}`,
      ],
    ]
    for (const [path, body] of bodies) {
      const answer = await app.post(path, body)
      expect([path, answer.status < 500]).toEqual([path, true])
    }
    const place = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    for (const cursor of [
      [1, 'a\u0000'],
      [1, 'a\ud800'],
      [8.64e15, 'a'],
      [-1, 'a'],
      [1.5, 'a'],
      [253402300800000, 'a'],
      ['x', 'a'],
      [1],
      [],
      {},
      null,
      [[1], 'a'],
    ])
      for (const path of ['/internal/products', '/internal/tasks', `/internal/sources/${id}/runs`]) {
        const answer = await app.get(`${path}?cursor=${place(cursor)}`)
        expect([path, cursor, answer.status < 500]).toEqual([path, cursor, true])
      }
  })

  test('a number of half a million digits is refused before the next request waits for it', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    // An expression that takes the square of the length would take minutes here.
    const text = `${'1'.repeat(500_000)}x`
    const answer = await app.patch(`/internal/sources/${id}`, { priority: text })
    expect(problemOf(answer)).toMatchObject({ type: 'int_parsing' })
    const budget = await app.post('/internal/recommendations', { budget: text })
    expect(problemOf(budget)).toMatchObject({ type: 'float_parsing' })
  }, 300_000)
})
