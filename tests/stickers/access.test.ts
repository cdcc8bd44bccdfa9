import { beforeAll, describe, expect, test } from 'bun:test'
import { createTestApp } from '../support/app.ts'
import { onEachDatabase } from '../support/databases.ts'
import { EVERY_FAMILY } from '../support/harness.ts'
import { BASE, makeRig, problems, type Rig, RUSSIAN, SERVICE } from './rig.ts'

/** Every endpoint, with a valid request for set 1. */
const ENDPOINTS: [string, string, unknown?][] = [
  ['GET', '/1'],
  ['POST', '?userId=1', { name: 'another' }],
  ['DELETE', '/1'],
  ['POST', '/1/publish'],
  ['POST', '/1/unpublish'],
  ['GET', '/check?name=x'],
  ['GET', '/author/1'],
  ['GET', '/search'],
  ['GET', '/categories'],
]
const MISSING = { error: 'Unauthorized', message: 'Missing service token' }
const INVALID = { error: 'Unauthorized', message: 'Invalid service token' }

onEachDatabase('stickers: access and errors', (database) => {
  let app: Rig
  beforeAll(async () => {
    const SERVICE_TOKENS = 'bot:one; bot : two ;reader:three:read;;w:four: write , publish'
    app = await makeRig(database, { env: { ...EVERY_FAMILY, SERVICE_TOKENS } })
  })
  const ask = (method: string, path: string, token: string | undefined, body?: unknown, more: Record<string, string> = {}) =>
    app.call(method, `${BASE}${path}`, body, { ...(token === undefined ? {} : { 'x-service-token': token }), ...more })

  test('stickers §9.1: without a valid token every endpoint and every path below is the exact 401, whatever else is wrong', async () => {
    const wrong: [string, string, unknown?][] = [
      ['GET', '/unknown/path/here'],
      ['PUT', '/1'],
      ['GET', '/abc?shortInfo=maybe'],
      ['POST', '?userId=0', '{broken'],
      ['OPTIONS', '/1'],
      ['GET', '/author/0?size=0'],
    ]
    for (const [method, path, body] of [...ENDPOINTS, ...wrong])
      for (const [token, expected] of [
        [undefined, MISSING],
        ['', MISSING],
        ['   ', MISSING],
        ['nobody', INVALID],
        ['dev-service-token', INVALID],
        ['one, two', INVALID],
      ] as const) {
        const answer = await ask(method, path, token, body, { 'x-language': 'ru' })
        expect([method, path, answer.status, answer.body]).toEqual([method, path, 401, expected])
        expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
        expect(answer.headers.get('www-authenticate')).toBeNull()
        expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
      }
  })

  test('stickers §9.1: a set but empty SERVICE_TOKENS refuses every call', async () => {
    const empty = await createTestApp(app.db, { env: { SERVICE_TOKENS: '' } })
    for (const [method, path, body] of ENDPOINTS) {
      const presented = await empty.call(method, `${BASE}${path}`, body, { 'x-service-token': 'dev-service-token' })
      expect([presented.status, presented.body]).toEqual([401, INVALID])
      const none = await empty.call(method, `${BASE}${path}`, body, { 'x-telegram-init-data': 'user=1' })
      expect([none.status, none.body]).toEqual([401, MISSING])
    }
  })

  test('stickers §9.2: two tokens of one name both work; read alone reads everything and changes nothing', async () => {
    for (const [n, token] of ['one', ' two '].entries())
      expect((await ask('POST', '?userId=1', token, { name: `rotation_${n}` })).status).toBe(201)
    for (const [method, path, body] of ENDPOINTS) {
      const answer = await ask(method, path, 'three', body)
      expect([method, path, answer.status]).toEqual([method, path, method === 'GET' ? 200 : 403])
      if (method !== 'GET')
        expect(answer.body).toEqual({
          error: 'Forbidden',
          message: 'Service reader is not allowed to do this',
          requestId: answer.headers.get('x-request-id'),
        })
    }
    expect(await app.count('stickerset_audit', `service = 'reader'`)).toBe(0)
    expect(await app.count('stickersets')).toBe(2)
  })

  test('stickers §2: a token for writing and publishing may do neither deleting nor reading', async () => {
    expect((await ask('POST', '?userId=1', 'four', { name: 'scoped', visibility: 'PUBLIC' })).status).toBe(201)
    expect((await ask('POST', '/3/unpublish', 'four')).status).toBe(200)
    expect((await ask('DELETE', '/3', 'four')).status).toBe(403)
    expect((await ask('GET', '/3', 'four')).status).toBe(403)
    expect(
      (await app.rows(`select service from stickerset_audit where stickerset_id = 3 order by id`)).map((row) => row.service),
    ).toEqual(['w', 'w'])
  })

  test('stickers §2: 401, then 404 and 405, then 403, then 415, then 400', async () => {
    expect((await ask('GET', '/1/nothing', 'three')).status).toBe(404)
    expect((await ask('PUT', '/1', 'three')).status).toBe(405)
    expect((await ask('POST', '?userId=0', 'three', '{', { 'content-type': 'text/plain' })).status).toBe(403)
    expect((await ask('POST', '?userId=0', 'four', '{', { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await ask('POST', '?userId=0', 'four', '{')).status).toBe(400)
    expect((await ask('POST', '?userId=0', 'four', 'x'.repeat(1024 * 1024 + 1))).status).toBe(413)
  })

  test('stickers §9.3: an unknown path is 404 and a wrong method 405 with Allow, in the common shape', async () => {
    for (const path of ['/1/nothing', '/author/1/2', '/1/publish/now', '/check/publish', '/categories/1', '//', '/1//']) {
      const answer = await ask('GET', path, 'one')
      expect([path, answer.status, answer.body]).toEqual([
        path,
        404,
        { error: 'Not found', message: 'There is no such endpoint', requestId: answer.headers.get('x-request-id') },
      ])
    }
    for (const [method, path, allow] of [
      ['PUT', '', 'POST'],
      ['GET', '/', 'POST'],
      ['PUT', '/1', 'DELETE, GET, HEAD'],
      ['PUT', '/check', 'GET, HEAD'],
      ['DELETE', '/check', 'GET, HEAD'],
      ['POST', '/search', 'GET, HEAD'],
      ['DELETE', '/categories/', 'GET, HEAD'],
      ['PATCH', '/author/1', 'GET, HEAD'],
      ['GET', '/1/publish', 'POST'],
      ['DELETE', '/1/unpublish', 'POST'],
    ] as const) {
      const answer = await ask(method, path, 'one')
      expect([path, answer.status, answer.headers.get('allow')]).toEqual([path, 405, allow])
      expect(answer.body).toEqual({
        error: 'Method not allowed',
        message: `Method ${method} is not supported here`,
        requestId: answer.headers.get('x-request-id'),
      })
    }
  })

  test('stickers §3.3: one trailing slash is tolerated, and HEAD is GET without a body', async () => {
    for (const path of ['/1', '/check?name=x', '/author/1', '/search', '/categories']) {
      const [route, query = ''] = path.split('?')
      const plain = await ask('GET', path, 'one')
      const slashed = await ask('GET', `${route}/${query && `?${query}`}`, 'one')
      expect([slashed.status, slashed.body]).toEqual([200, plain.body])
      const head = await ask('HEAD', path, 'one')
      expect([head.status, head.body]).toEqual([200, ''])
      expect(head.headers.get('x-telegram-info')).toBe(plain.headers.get('x-telegram-info'))
    }
    expect((await ask('POST', '/?userId=1', 'one', { name: 'slashed' })).status).toBe(201)
    expect((await ask('POST', '/4/publish/', 'one')).status).toBe(200)
  })

  test('stickers §2: there is no alias below /api/v1, and the other family does not let a service token in', async () => {
    for (const [method, path] of [
      ['GET', '/1'],
      ['PUT', '/1'],
      ['POST', ''],
    ] as const) {
      const answer = await app.call(method, `/api/v1${BASE}${path}`, undefined, {
        'x-service-token': 'one',
        'x-internal-token': 'dev-internal-token',
      })
      expect([answer.status, answer.body]).toEqual([404, { error: { code: 'not_found', message: 'Not Found' } }])
    }
    expect((await app.call('GET', `${BASE}/1`, undefined, { 'x-internal-token': 'dev-internal-token' })).body).toEqual(MISSING)
    expect((await app.call('GET', '/internal/stickersetsx', undefined, SERVICE)).body.error.code).toBe('not_found')
  })

  test('stickers §3.1: the request id is echoed when it fits, and there are no CORS headers', async () => {
    for (const [given, echoed] of [
      ['a.B_c-9', 'a.B_c-9'],
      ['x'.repeat(128), 'x'.repeat(128)],
      ['x'.repeat(129), undefined],
      ['a:b', undefined],
      ['ы', undefined],
    ] as const) {
      const answer = await ask('GET', '/none', 'one', undefined, {
        'x-request-id': Buffer.from(given).toString('latin1'),
        origin: 'https://a.example',
      })
      const id = answer.headers.get('x-request-id')
      if (echoed === undefined) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/)
      else expect(id).toBe(echoed)
      expect(answer.body.requestId).toBe(id)
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    }
  })

  test('stickers §9.4: ids are whole numbers from 1 to 2^53-1, everywhere, and never rounded', async () => {
    const places: [string, (id: string) => [string, string, unknown?]][] = [
      ['id', (id) => ['GET', `/${id}`]],
      ['id', (id) => ['DELETE', `/${id}`]],
      ['id', (id) => ['POST', `/${id}/publish`]],
      ['authorId', (id) => ['GET', `/author/${id}`]],
      ['userId', (id) => ['POST', `?userId=${id}`, { name: 'x' }]],
      ['authorId', (id) => ['POST', `?userId=1&authorId=${id}`, { name: 'x' }]],
    ]
    for (const [field, place] of places)
      for (const id of [
        '0',
        '-1',
        'abc',
        '1.5',
        '9e99',
        '9007199254740992',
        '9007199254740993',
        '1e3',
        '0x10',
        '%2B1',
        '9'.repeat(400),
      ]) {
        const answer = await ask(...(place(id).slice(0, 2) as [string, string]), 'one', place(id)[2])
        expect([id, ...problems(answer)]).toEqual([id, [field, 'invalid_number']])
        expect(answer.body.message).toBe(`${field} must be a whole number from 1 to 9007199254740991`)
      }
    const largest = Number.MAX_SAFE_INTEGER
    const made = await ask('POST', `?userId=${largest}&authorId=${largest}`, 'one', { name: 'largest', visibility: 'PUBLIC' })
    expect([made.status, made.body.userId, made.body.authorId]).toEqual([201, largest, largest])
    expect((await ask('GET', `/author/${largest}?shortInfo=1`, 'one')).body.content[0].userId).toBe(largest)
    expect(await app.balance(largest)).toBe(10)
    expect((await ask('GET', `/${largest}`, 'one')).status).toBe(404)
  })

  test('stickers §9.5: each invalid field has its entry, every 404 a body, and no 500 shows internals', async () => {
    const two = await ask('GET', '/author/1?size=0&sort=userId&direction=asc&shortInfo=perhaps&page=-1', 'one')
    expect(problems(two)).toEqual([
      ['page', 'invalid_number'],
      ['size', 'invalid_number'],
      ['sort', 'invalid_choice'],
      ['direction', 'invalid_choice'],
      ['shortInfo', 'invalid_boolean'],
    ])
    expect((await ask('GET', '/999999', 'one')).body).toMatchObject({
      error: 'Not found',
      message: 'Sticker set 999999 was not found',
    })
    const broken = await makeRig(database)
    await broken.run('alter table stickerset_descriptions rename to elsewhere')
    try {
      const answer = await broken.send('GET', '/1')
      expect([answer.status, answer.body]).toEqual([
        500,
        { error: 'Internal error', message: 'Something went wrong on the server', requestId: answer.headers.get('x-request-id') },
      ])
      expect(Object.keys((await broken.send('GET', '/x')).body)).toContain('details')
    } finally {
      await broken.run('alter table elsewhere rename to stickerset_descriptions')
    }
  })
})

onEachDatabase('stickers: parameters and languages', (database) => {
  let app: Rig
  beforeAll(async () => {
    app = await makeRig(database)
    await app.create('first', { categoryKeys: ['cute'] }, 'userId=1&authorId=1')
  })

  test('stickers §9.6: RU and blanks around ru are Russian, anything else English', async () => {
    for (const [header, russian] of [
      ['RU', true],
      [' ru ', true],
      ['rU', true],
      ['ru-RU', false],
      ['de', false],
      ['', false],
      [undefined, false],
    ] as const) {
      const headers: Record<string, string> = header === undefined ? { 'accept-language': 'ru' } : { 'x-language': header }
      expect((await app.send('GET', '/404', undefined, headers)).body.message).toBe(
        russian ? 'Стикерсет 404 не найден' : 'Sticker set 404 was not found',
      )
      const set = (await app.send('GET', '/1?shortInfo=1&language=ru', undefined, headers)).body
      expect(set.categories[0].name).toBe(russian ? 'Милые' : 'Cute')
      expect((await app.send('GET', '/categories?language=ru', undefined, headers)).body.content[14].name).toBe(
        russian ? 'Музыка' : 'Music',
      )
    }
  })

  test('stickers §3.2: booleans, blanks, repeats and unknown parameters', async () => {
    for (const yes of ['true', 'ON', 'Yes', '1'])
      expect((await app.send('GET', `/1?shortInfo=${yes}`)).headers.get('x-telegram-info')).toBe('skipped')
    for (const no of ['false', 'OFF', 'no', '0', '', '%20%20'])
      expect((await app.send('GET', `/1?shortInfo=${no}&unknown=1&unknown=2`)).headers.get('x-telegram-info')).toBe('fresh')
    for (const odd of ['2', 't', 'y', 'null', 'tru%65e'])
      expect(problems(await app.send('GET', `/1?shortInfo=${odd}`))).toEqual([['shortInfo', 'invalid_boolean']])
    expect(problems(await app.send('GET', '/1?shortInfo=1&shortInfo=1'))).toEqual([['shortInfo', 'repeated']])
    expect(problems(await app.send('GET', '/author/1?page=0&page=0&size=%20'))).toEqual([['page', 'repeated']])
    expect(problems(await app.send('POST', '?userId=1&userId=1', { name: 'x' }))).toEqual([['userId', 'repeated']])
    expect((await app.send('GET', '/author/1?categoryKeys=cute&categoryKeys=,%20memes,')).body.totalElements).toBe(1)
    for (const bytes of ['%00', 'a%ED%A0%80', '%FF'])
      expect(problems(await app.send('GET', `/search?query=${bytes}`))).toEqual([['query', 'invalid_text']])
    expect(problems(await app.send('GET', '/author/1?categoryKeys=%00'))).toEqual([['categoryKeys', 'invalid_text']])
    expect((await app.send('GET', '/search?query=100%')).body.totalElements).toBe(0)
  })

  test('stickers §4.2: categories come in display order, then by key, with nulls where a text is missing', async () => {
    await app.run(`insert into sticker_categories (key, name_ru, name_en, display_order, is_active)
      values ('zz_z', 'Я', 'Z', 3, true), ('zza', 'Ю', 'Y', 3, true), ('hidden', 'Нет', 'None', 0, false)`)
    try {
      const { content } = await app.must(200, 'GET', '/categories')
      expect(content.map((category: any) => category.key)).toEqual(
        'animals memes emotions zz_z zza cute anime cartoon food nature people holiday work love funny sport music'.split(' '),
      )
      const odd = (await app.send('GET', '/categories', undefined, RUSSIAN)).body.content[3]
      expect(Object.entries(odd)).toEqual([
        ['id', expect.any(Number)],
        ['key', 'zz_z'],
        ['name', 'Я'],
        ['description', null],
        ['iconUrl', null],
        ['displayOrder', 3],
        ['isActive', true],
      ])
    } finally {
      await app.run(`delete from sticker_categories where key in ('zz_z', 'zza', 'hidden')`)
    }
  })
})

describe('stickers without the family', () => {
  test('architecture §1: what is not mounted is an unknown path', async () => {
    const { openSqlite } = await import('../../src/platform/db/sqlite.ts')
    const db = openSqlite({ path: ':memory:' })
    const app = await createTestApp(db, { env: { FAMILIES: 'gifty' } })
    expect((await app.call('GET', `${BASE}/1`, undefined, SERVICE)).body).toEqual({
      error: { code: 'not_found', message: 'Not Found' },
    })
    await db.close()
  })
})
