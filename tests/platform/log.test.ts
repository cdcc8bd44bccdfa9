import { describe, expect, test } from 'bun:test'
import { createLog, type LogFields, redact, redactText } from '../../src/platform/log.ts'

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiIsImF1ZCI6ImRhc2hib2FyZCJ9.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg'
const BOT_TOKEN = '123456789:AAFabcdefghijklmnopqrstuvwxyz012345'

/** One line as it would be written. */
const lineOf = (message: string, fields?: LogFields): string => {
  let written = ''
  createLog({ level: 'debug', now: () => Date.parse('2026-01-15T12:00:00Z'), write: (line) => (written += line) }).info(
    message,
    fields,
  )
  return written
}

describe('log', () => {
  test('a line is one JSON object with time, level, message and fields', () => {
    expect(lineOf('served', { route: '/x', ms: 1.5, ok: true, none: null, at: new Date(0), big: 2n ** 64n, list: ['a'] })).toBe(
      '{"time":"2026-01-15T12:00:00.000Z","level":"info","message":"served","route":"/x","ms":1.5,"ok":true,"none":null,"at":"1970-01-01T00:00:00.000Z","big":"18446744073709551616","list":["a"]}\n',
    )
    expect(lineOf('two\nlines').split('\n')).toHaveLength(2)
  })

  test('levels below the least are not written, fields of a child are', () => {
    const lines: string[] = []
    const log = createLog({ level: 'warn', write: (line) => lines.push(line) }).child({ part: 'engine' })
    log.debug('no')
    log.info('no')
    log.warn('yes')
    log.child({ task: 7 }).error('yes', { part: 'other' })
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'warn', part: 'engine' },
      { level: 'error', part: 'other', task: 7 },
    ])
    createLog({ level: 'silent', write: (line) => lines.push(line) }).error('no')
    expect(lines).toHaveLength(2)
  })

  describe('no secret reaches a line', () => {
    const inText: [string, secret: string, text: string][] = [
      ['a bearer token', 'abc.DEF-123', 'refused Authorization: Bearer abc.DEF-123'],
      ['basic credentials', 'dXNlcjpwYXNz', 'proxy said basic dXNlcjpwYXNz,'],
      ['a query token', 'q-secret', 'GET /x?page=1&access_token=q-secret&y=2'],
      ['an API key in a query', 'k-secret', 'GET https://h/p?api_key=k-secret'],
      ['a password parameter', 'hunter2', 'connect host=db user=u password=hunter2'],
      ['a JWT', JWT, `token ${JWT} has expired`],
      ['a bare JWT', JWT, JWT],
      ['a database password', 's3cret!', 'cannot reach postgres://trawl:s3cret!@db:5432/trawl'],
      ['a Redis password without a user', 's3cret', 'redis://:s3cret@cache:6379'],
      ['a bot token', BOT_TOKEN, `bot ${BOT_TOKEN} was refused`],
      ['a phone number', '+79991234567', 'code sent to +79991234567.'],
    ]
    for (const [name, secret, text] of inText)
      test(`${name} in free text`, () => {
        for (const line of [
          lineOf(text),
          lineOf('x', { note: text }),
          lineOf('x', { deep: [{ text }] }),
          lineOf('x', { error: new Error(text) }),
          lineOf('x', { error: new Error('outer', { cause: new Error(text) }) }),
          lineOf('x', { [`k`]: { message: text } }),
        ])
          expect(line).not.toContain(secret)
      })

    test.each([
      'token',
      'access_token',
      'X-Internal-Token',
      'x-service-token',
      'secret',
      'jwtSecret',
      'password',
      'passwd',
      'authorization',
      'Cookie',
      'set-cookie',
      'apiKey',
      'api_key',
      'api-key',
      'telegramSession',
      'phone',
      'phoneNumber',
      'init_data',
      'initData',
      'invitePasswordHash',
      'password_hash',
      'signature',
      'tokenCiphertext',
      'credentials',
    ])('the value of a key like %s', (key) => {
      for (const value of ['p1ain-secret', ['p1ain-secret'], { inner: 'p1ain-secret' }, 5550001234]) {
        expect(lineOf('x', { [key]: value })).not.toMatch(/p1ain-secret|5550001234/)
        expect(lineOf('x', { request: { headers: { [key]: value } } })).not.toMatch(/p1ain-secret|5550001234/)
      }
      expect(lineOf('x', { [key]: null })).toContain('null')
    })

    // Known leaks of src/platform/log.ts: these tests turn red as soon as they are closed, and then lose their `.failing`.
    test('the bot token in an address of the Bot API', () =>
      expect(redactText(`GET https://api.telegram.org/bot${BOT_TOKEN}/getMe failed`)).not.toContain(BOT_TOKEN))
    test('a phone number written with spaces and dashes', () =>
      expect(redactText('call +7 999 123-45-67')).not.toContain('123-45-67'))
    test('a database password that holds an @', () => expect(redactText('postgres://trawl:p@ss@db/trawl')).not.toContain('ss@db'))
    test('signed init data in free text', () =>
      expect(redactText('init_data=query_id%3DAAH&hash=c501b71e775f74ce10e377dea85a7ea2')).not.toContain('c501b71e'))
    test('a token in JSON text', () =>
      expect(redactText('upstream said {"access_token":"q-secret-1"}')).not.toContain('q-secret-1'))
  })

  test('every error of a set is logged, each without its secrets', () => {
    const logged = JSON.stringify(redact(new AggregateError([new Error('first'), new Error('Bearer abc.def')], 'two failed')))
    expect(logged).toContain('first')
    expect(logged).toContain('[redacted]')
    expect(logged).not.toContain('abc.def')
  })

  test('what is no secret stays readable', () => {
    for (const text of [
      'GET /internal/sources?limit=10&after_id=7 200',
      'task 019bc186-de07-7c01-a33d-b88c80300678 at 2026-01-15T12:00:00.000Z',
      'https://shop.example:8080/p?id=1#a',
      'order 12345678901 + 3',
    ])
      expect(redactText(text)).toBe(text)
  })

  test('large values are cut, deep and circular ones do not break the line', () => {
    expect(lineOf('x', { text: 'y'.repeat(10_000) }).length).toBeLessThan(4200)
    expect(JSON.parse(lineOf('x', { list: Array.from({ length: 500 }, (_, n) => n) })).list).toHaveLength(50)
    const circle: Record<string, unknown> = {}
    circle.self = circle
    expect(lineOf('x', { circle })).toContain('[deep]')
  })
})
