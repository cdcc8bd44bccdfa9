import { describe, expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { type ConfigError, loadConfig } from '../../src/config.ts'
import { verifyInitData } from '../../src/gifty/webapp-auth.ts'
import { createLog } from '../../src/platform/log.ts'
import { onEachDatabase } from '../support/databases.ts'
import { DAY, HOUR, START } from '../support/fake-clock.ts'
import { subscriber } from './access-rig.ts'
import { codeOf, makeRig, problemOf, type Rig } from './rig.ts'

const BOT = '123456:a-bot-token-of-this-test'
const LOGIN = '/internal/webapp/auth'
const seconds = (at: number) => String(Math.floor(at / 1000))
const USER = JSON.stringify({ id: 7, first_name: 'Ann & Co', username: 'ann' })

/** The signature, written once more after the contract's words, over pairs as they are sent. */
const signatureOf = (pairs: [string, string][], botToken = BOT) => {
  const secret = createHmac('sha256', 'WebAppData').update(botToken).digest()
  const lines = pairs.map(([key, value]) => `${key}=${value}`).sort()
  return createHmac('sha256', secret).update(lines.join('\n')).digest('hex')
}
const encode = (pairs: [string, string][]) => pairs.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')
const signed = (pairs: [string, string][], botToken = BOT) => encode([...pairs, ['hash', signatureOf(pairs, botToken)]])
const dated = (at: number, ...more: [string, string][]): [string, string][] => [
  ['auth_date', seconds(at)],
  ['user', USER],
  ...more,
]

describe('initData', () => {
  const base = dated(START)
  const good = signatureOf(base)
  const valid: Record<string, string> = {
    plain: signed(base),
    'in another order': encode([
      ['user', USER],
      ['hash', good],
      ['auth_date', seconds(START)],
    ]),
    'a blank value': signed([...base, ['start_param', '']]),
    'a blank value without an equals sign': `${signed([...base, ['start_param', '']]).replace('start_param=', 'start_param')}`,
    'spaces as plus': signed([...base, ['chat_type', 'a b']]).replace('a%20b', 'a+b'),
    'a plus that is one': signed([...base, ['x', 'a+b']]),
    'signature among the signed pairs': signed([...base, ['signature', 'abc_-']]),
    'a value with equals signs and line breaks': signed([...base, ['x', 'a=b\nc=d']]),
    'empty parts between': signed(base).replace('&', '&&'),
    'letters beyond ASCII': signed([...base, ['имя', 'Аня 🎁']]),
    'no user and no date': signed([['query_id', 'q']]),
  }
  for (const [what, text] of Object.entries(valid))
    test(`gifty §9: accepted: ${what}`, () => expect(verifyInitData(text, BOT)).toBeDefined())

  const refused: Record<string, string> = {
    nothing: '',
    'no pairs': 'nonsense',
    'no hash': encode(base),
    'an empty hash': encode([...base, ['hash', '']]),
    'a hash that is not hex': encode([...base, ['hash', `${good.slice(0, 63)}g`]]),
    'a short hash': encode([...base, ['hash', good.slice(0, 62)]]),
    'a hash of letters beyond ASCII': encode([...base, ['hash', 'ё'.repeat(64)]]),
    'hash twice': `${signed(base)}&hash=${good}`,
    'a repeated key': `${signed(base)}&user=${encodeURIComponent(USER)}`,
    'a repeated key under the signature': signed([...base, ['x', '1'], ['x', '2']]),
    'a repeated blank key': `${signed([...base, ['x', '']])}&x=`,
    'a changed value': signed(base).replace(encodeURIComponent('Ann'), 'Bob'),
    'an added pair': `${signed(base)}&x=1`,
    'a dropped blank': signed([...base, ['x', '']]).replace('x=&', ''),
    'a signature pair left out of the lines': `${signed(base)}&signature=abc`,
    'another bot': signed(base, 'another-bot'),
    'key and message the other way round': encode([
      ...base,
      [
        'hash',
        createHmac('sha256', createHmac('sha256', BOT).update('WebAppData').digest())
          .update(
            base
              .map((pair) => pair.join('='))
              .sort()
              .join('\n'),
          )
          .digest('hex'),
      ],
    ]),
  }
  for (const [what, text] of Object.entries(refused))
    test(`gifty §9: refused: ${what}`, () => expect(verifyInitData(text, BOT)).toBeUndefined())
})

test('gifty §12: production with a bot token needs DASHBOARD_JWT_SECRET', () => {
  const problems = (env: Record<string, string>) => {
    try {
      loadConfig({ NODE_ENV: 'production', FAMILIES: 'gifty', INTERNAL_API_TOKEN: 'a-token-of-our-own', ...env })
      return ''
    } catch (error) {
      return (error as ConfigError).problems.join('\n')
    }
  }
  expect(problems({})).toBe('')
  expect(problems({ TELEGRAM_BOT_TOKEN: BOT })).toContain('DASHBOARD_JWT_SECRET is required')
  expect(problems({ TELEGRAM_BOT_TOKEN: BOT, DASHBOARD_JWT_SECRET: 'a-secret-of-our-own-here' })).toBe('')
})

onEachDatabase('gifty webapp auth', (database) => {
  const bare = {}
  const rig = (env: Record<string, string> = {}) => makeRig(database, { env: { TELEGRAM_BOT_TOKEN: BOT, ...env } })
  const login = (app: Rig, init_data: unknown, path = LOGIN) => app.post(path, { init_data }, bare)

  test('gifty §13.3: valid initData gives a token that opens /internal/sources, blank values pass', async () => {
    const app = await rig()
    await subscriber(app, 7, 'admin')
    await app.ok('PATCH', '/internal/telegram/subscribers/7', { name: 'Ann' })
    await app.ok('POST', '/internal/telegram/subscribers/7/permissions', ['edit'])
    for (const path of [LOGIN, `/api/v1${LOGIN}`, `${LOGIN}/`]) {
      const answer = await login(app, signed(dated(START, ['start_param', ''])), path)
      expect(answer).toMatchObject({ status: 200 })
      const { token, ...rest } = answer.body
      expect(rest).toEqual({
        status: 'ok',
        user: { id: 7, name: 'Ann', role: 'admin', permissions: ['edit'] },
        token_type: 'Bearer',
        expires_in: 43_200,
      })
      const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString())
      expect(claims).toEqual({
        ...{ iss: 'gifty', aud: 'dashboard', sub: '7', role: 'admin', jti: expect.any(String) },
        ...{ iat: START / 1000, exp: START / 1000 + 43_200 },
      })
      expect(JSON.parse(Buffer.from(token.split('.')[0], 'base64url').toString())).toMatchObject({ alg: 'HS256' })
      expect((await app.get('/internal/sources', { authorization: `Bearer ${token}` })).status).toBe(200)
    }
  })

  test('gifty §9: the token lives as long as configured', async () => {
    const app = await rig({ DASHBOARD_TOKEN_TTL_SECONDS: '60' })
    await subscriber(app, 7)
    const { token, expires_in } = (await login(app, signed(dated(START)))).body
    expect(expires_in).toBe(60)
    const headers = { authorization: `Bearer ${token}` }
    expect((await app.get('/internal/sources', headers)).status).toBe(200)
    app.clock.advance(60_000)
    expect((await app.get('/internal/sources', headers)).status).toBe(401)
  })

  test('gifty §13.3: duplicates, old and future dates, inactive people and users are 403', async () => {
    const app = await rig()
    await subscriber(app, 7)
    for (const [data, code] of [
      ['', 'forbidden'],
      [`${signed(dated(START))}&user=x`, 'forbidden'],
      [signed(dated(START), 'another-bot'), 'forbidden'],
      [signed(dated(START - 25 * HOUR)), 'init_data_expired'],
      [signed(dated(START - DAY - 1000)), 'init_data_expired'],
      [signed(dated(START + 61_000)), 'init_data_expired'],
      [signed([['user', USER]]), 'init_data_expired'],
      [
        signed([
          ['auth_date', ''],
          ['user', USER],
        ]),
        'init_data_expired',
      ],
      [
        signed([
          ['auth_date', '-5'],
          ['user', USER],
        ]),
        'init_data_expired',
      ],
      [
        signed([
          ['auth_date', '9'.repeat(30)],
          ['user', USER],
        ]),
        'init_data_expired',
      ],
    ] as const)
      expect([data, ...codeOf(await login(app, data))]).toEqual([data, 403, code])
    expect((await login(app, `${signed(dated(START))}&x=1`)).body.error.message).toBe('Invalid init data')
    for (const at of [START, START - DAY, START + 60_000]) expect((await login(app, signed(dated(at)))).status).toBe(200)
    app.clock.advance(1)
    expect(codeOf(await login(app, signed(dated(START - DAY))))).toEqual([403, 'init_data_expired'])

    const denied = { status: 403, body: { error: { code: 'forbidden', message: 'Access denied' } } }
    await app.ok('PATCH', '/internal/telegram/subscribers/7', { is_active: false })
    expect(await login(app, signed(dated(START)))).toMatchObject(denied)
    await app.ok('PATCH', '/internal/telegram/subscribers/7', { is_active: true })
    await app.ok('POST', '/internal/telegram/subscribers/7/role?role=user')
    expect(await login(app, signed(dated(START)))).toMatchObject(denied)
    const stranger: [string, string][] = [
      ['auth_date', seconds(START)],
      ['user', '{"id":8}'],
    ]
    expect(await login(app, signed(stranger))).toMatchObject(denied)
  })

  test('gifty §9: signed data without a usable user is 400', async () => {
    const app = await rig()
    for (const user of [
      undefined,
      '',
      'nonsense',
      '{}',
      '[]',
      'null',
      '7',
      '{"id":null}',
      '{"id":"7"}',
      '{"id":1.5}',
      '{"id":1e300}',
    ]) {
      const pairs: [string, string][] = [['auth_date', seconds(START)]]
      if (user !== undefined) pairs.push(['user', user])
      const answer = await login(app, signed(pairs))
      expect([user, answer.status, answer.body.error?.message]).toEqual([user, 400, 'User ID not found in init data'])
    }
  })

  test('gifty §9: a body without init_data is 422 and never shown; a large one 413, other types 415', async () => {
    const app = await rig()
    expect(problemOf(await app.post(LOGIN, {}, bare))).toMatchObject({ type: 'missing', loc: ['body', 'init_data'] })
    expect(problemOf(await login(app, 5))).toMatchObject({ type: 'string_type', input: null })
    expect(problemOf(await login(app, 'x'.repeat(4097)))).toMatchObject({ type: 'string_too_long', input: null })
    expect((await login(app, 'x'.repeat(4096))).status).toBe(403)
    expect(codeOf(await login(app, 'x'.repeat(17_000)))).toEqual([413, 'payload_too_large'])
    expect(codeOf(await app.post(LOGIN, 'init_data=x', { 'content-type': 'text/plain' }))).toEqual([
      415,
      'unsupported_media_type',
    ])
    expect(problemOf(await app.post(LOGIN, '{', bare)).type).toBe('json_invalid')
  })

  test('gifty §9: without a bot token the login is 503', async () => {
    const app = await makeRig(database, { log: createLog({ level: 'silent', now: Date.now }) })
    expect(codeOf(await login(app, signed(dated(START))))).toEqual([503, 'not_configured'])
    expect((await app.post(LOGIN, {}, bare)).status).toBe(422)
  })
})
