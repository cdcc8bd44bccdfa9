import { describe, expect, test } from 'bun:test'
import { codeExpired, loginProblem } from '../../src/love-parser/telegram-auth.ts'
import { isNamed, languageOf, type Said, TEXTS, type TextKey, textOf } from '../../src/love-parser/texts.ts'
import { TelegramError, type TelegramProblem } from '../../src/platform/telegram/user-api/port.ts'
import document from '../api/openapi.json'
import { onEachDatabase } from '../support/databases.ts'
import { makeRig, scriptedGateway } from './rig.ts'

/** As a Russian browser sends it. */
const RU = { 'accept-language': 'ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7' }
/** Names that are the same in both languages. */
const PROPER = /\b(?:Telegram|JSON|UTF-8|ASCII|CSV|Excel|NDJSON|ISO)\b/g

describe('love-parser §1: texts in two languages', () => {
  /** Values for the texts that have some. */
  const VALUES: { [K in TextKey]?: unknown[] } = {
    wrong_type: ['string', 'number', 'int', 'boolean', 'object', 'array', 'date'].map((expected) => ({ expected })),
    too_short: [1, 2, 5, 21, 22, 111].map((min) => ({ min })),
    too_long: [1, 2, 500, 512n].map((max) => ({ max })),
    too_small: [{ min: 0 }],
    too_big: [{ max: 1_000_000 }],
    one_of: [
      { values: ['week', 'month', 'year'] },
      { values: ['low', 'medium', 'high'] },
      { values: ['daily', 'weekly', 'monthly'] },
      { values: ['csv', 'excel', 'ndjson'] },
      { values: ['subscribers', 'activity'] },
    ],
    max_below_min: [
      { low: 'min_subscribers', high: 'max_subscribers' },
      { low: 'engagement_min', high: 'engagement_max' },
    ],
    too_many_codes: [1, 3, 5, 21, 60].map((seconds) => ({ seconds })),
    quota_used_up: ['parsing', 'audience', 'broadcast'].map((category) => ({ category })),
  }
  for (const key of Object.keys(TEXTS) as TextKey[])
    test(`${key} is whole in English and has no English word in Russian`, () => {
      const isFunction = typeof TEXTS[key].en === 'function'
      expect(isFunction).toBe(VALUES[key] !== undefined)
      for (const values of VALUES[key] ?? [undefined]) {
        const said = { key, values } as Said
        for (const language of ['en', 'ru'] as const) expect(textOf(said, language)).not.toMatch(/undefined|\[object|^$/)
        expect(textOf(said, 'en')).not.toMatch(/[а-яё]/i)
        expect(textOf(said, 'ru').replace(PROPER, '')).not.toMatch(/[a-z]/i)
        expect(textOf(said, 'ru')).toMatch(/[а-яё]/i)
      }
    })

  test('Russian counts as Russian grammar does', () => {
    const ru = (said: Said) => textOf(said, 'ru')
    expect([1, 2, 11, 21, 111, 121].map((min) => ru({ key: 'too_short', values: { min } }))).toEqual([
      'Не менее 1 символа',
      'Не менее 2 символов',
      'Не менее 11 символов',
      'Не менее 21 символа',
      'Не менее 111 символов',
      'Не менее 121 символа',
    ])
    expect([1, 2, 5, 11, 21, 24].map((seconds) => ru({ key: 'too_many_codes', values: { seconds } }).split('через ')[1])).toEqual(
      ['1 секунду', '2 секунды', '5 секунд', '11 секунд', '21 секунду', '24 секунды'],
    )
  })

  test('every field of a request that people fill in has a name in words', () => {
    const nameless = new Set<string>()
    const walk = (schema: any) => {
      for (const part of [...(schema?.anyOf ?? []), ...(schema?.oneOf ?? []), ...(schema?.allOf ?? [])]) walk(part)
      if (schema?.$ref) walk((document as any).components.schemas[schema.$ref.split('/').at(-1)])
      for (const [name, inner] of Object.entries(schema?.properties ?? {})) {
        if (!isNamed(name)) nameless.add(name)
        walk(inner)
      }
    }
    for (const [path, methods] of Object.entries(document.paths) as [string, any][]) {
      if (!/^\/api\/v1\/(telegram|auth|dashboard|parsing|audience|subscriptions)\b/.test(path)) continue
      for (const { parameters = [], requestBody } of Object.values(methods) as any[]) {
        for (const { name, in: place } of parameters) if (place !== 'header' && !isNamed(name)) nameless.add(name)
        for (const { schema } of Object.values(requestBody?.content ?? {}) as any[]) walk(schema)
      }
    }
    expect([...nameless]).toEqual([])
  })

  test.each([
    ['ru', 'ru'],
    ['RU-ru', 'ru'],
    ['ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7', 'ru'],
    ['en;q=0.5, ru;q=0.9', 'ru'],
    ['ru;q=0.501,en;q=0.5', 'ru'],
    ['ru, en', 'ru'],
    ['kk, ru;q=0.8, en;q=0.5', 'ru'],
    ['ru, *;q=0.5', 'ru'],
    [' ru ; q=1.000 ', 'ru'],
    [null, 'en'],
    ['', 'en'],
    ['*', 'en'],
    ['en, ru', 'en'],
    ['en-US,en;q=0.9,ru;q=0.8', 'en'],
    ['ru;q=0.8,en-GB', 'en'],
    ['ru;q=0', 'en'],
    ['ru;q=0, *', 'en'],
    ['ru;q=0.5, *;q=0.8', 'en'],
    ['*, ru', 'en'],
    ['ru;q=2', 'en'],
    ['ru;q=x', 'en'],
    ['rue', 'en'],
    ['run-RU', 'en'],
    ['de, fr;q=0.5', 'en'],
    [`${'de,'.repeat(500)}ru`, 'en'],
  ] as const)('Accept-Language %p is %s', (header, language) => {
    expect(languageOf(header)).toBe(language)
  })

  test('whatever Telegram says to a login is in the table', () => {
    const problems: TelegramProblem[] = [
      'invalid_phone',
      'password_needed',
      'password_invalid',
      'code_invalid',
      'code_expired',
      'phone_occupied',
      'invalid_code',
      'session_revoked',
      'rejected',
      'unavailable',
      'flood',
      'phone_migrate',
    ]
    for (const problem of problems) expect((loginProblem(new TelegramError(problem)) as any).said.key in TEXTS).toBe(true)
    expect(codeExpired().message).toBe('The code has expired, please request a new one')
  })
})

onEachDatabase('love-parser §1 Accept-Language', (database) => {
  const messageOf = ({ body }: { body: any }) => body.error.message

  test('U2: login, validation, plans and unknown routes answer in Russian, field names in words', async () => {
    const rig = await makeRig(database)
    const phone = await rig.post('/api/v1/telegram/auth/send-code', { phone_number: 'x' }, RU)
    expect(phone.body.error).toMatchObject({
      message: 'Телефон: нужен + и от 10 до 15 цифр',
      code: 'VALIDATION_ERROR',
      details: { formErrors: [], fieldErrors: { phone_number: ['Нужен + и от 10 до 15 цифр'] } },
    })
    expect([phone.status, phone.headers.get('content-language')]).toEqual([422, 'ru'])
    expect(phone.headers.get('vary')).toContain('Accept-Language')

    const sent = await rig.sendCode('+79991112232', RU)
    expect(messageOf(await rig.sendCode('+79991112232', RU))).toBe('Слишком много попыток, попробуйте через 60 секунд')
    const session = { auth_session_id: sent.body.auth_session_id }
    expect(messageOf(await rig.verify({ ...session, code: '00000' }, RU))).toBe('Неверный код')
    expect(messageOf(await rig.verify({ ...session, code: '12345' }, RU))).toBe('Введите пароль двухэтапной проверки')
    expect(messageOf(await rig.verify({ ...session, code: '12345', password: '' }, RU))).toBe('Пароль: не должно быть пустым')
    const ended = await rig.verify({ auth_session_id: '01890000-0000-7000-8000-000000000000', code: '12345' }, RU)
    expect(ended.body.error).toMatchObject({
      message: 'Этот вход завершён, запросите новый код',
      details: { fieldErrors: { auth_session_id: ['Этот вход завершён, запросите новый код'] } },
    })

    const person = await rig.login()
    expect(messageOf(await rig.search(person, { query: 'x' }, RU))).toBe('Запрос: не менее 2 символов')
    expect((await rig.search(person, 'null', RU)).body.error.details).toEqual({
      formErrors: ['Тело запроса должно быть объектом JSON'],
      fieldErrors: {},
    })
    expect((await rig.search(person, { query: 'tea', filters: { language: 'e' } }, RU)).body.error).toMatchObject({
      message: 'Язык: не менее 2 символов',
      details: { formErrors: [], fieldErrors: { filters: ['Язык: не менее 2 символов'] } },
    })
    expect(messageOf(await rig.search(person, { query: 'tea', filters: { min_subscribers: 5, max_subscribers: 2 } }, RU))).toBe(
      '«Максимум подписчиков» не может быть меньше, чем «Минимум подписчиков»',
    )
    await rig.found(person)
    expect(messageOf(await rig.search(person, { query: 'tea' }, RU))).toBe('Лимит поисков по вашему тарифу исчерпан')
    await rig.setSubscription(person, { expiresAt: new Date(rig.clock.now() - 1) })
    expect(messageOf(await rig.search(person, { query: 'tea' }, RU))).toBe('Срок вашей подписки истёк')
    await rig.setUser(person, { status: 'blocked' })
    expect(messageOf(await rig.get('/api/v1/auth/me', { ...person.headers, ...RU }))).toBe('Этот аккаунт заблокирован')
    expect(messageOf(await rig.get('/api/v1/auth/me', RU))).toBe('Войдите, чтобы продолжить')
    expect(messageOf(await rig.get('/api/v1/broadcast/history', RU))).toBe('Не найдено')
  })

  test('U2: without the header, or with English first, every byte is as before', async () => {
    const rig = await makeRig(database)
    const none: Record<string, string> = {}
    for (const headers of [none, { 'accept-language': 'en-US,en;q=0.9,ru;q=0.8' }, { 'accept-language': 'de' }]) {
      const { body } = await rig.post('/api/v1/telegram/auth/send-code', { phone_number: 'x' }, headers)
      expect(body.error).toMatchObject({
        message: 'phone_number: Must be + and 10 to 15 digits',
        details: { formErrors: [], fieldErrors: { phone_number: ['Must be + and 10 to 15 digits'] } },
      })
      const unknown = await rig.get('/api/v1/broadcast/history', headers)
      expect([messageOf(unknown), unknown.headers.get('content-language')]).toEqual(['Not found', headers === none ? null : 'en'])
    }
  })

  test('U2: rate limits, bodies that cannot be read and what the platform refuses are Russian too', async () => {
    const rig = await makeRig(database, { env: { RATE_LIMIT_MAX: '4', REQUEST_BODY_LIMIT: '1024' } })
    const path = '/api/v1/telegram/auth/send-code'
    expect((await rig.post(path, '{', RU)).body.error).toMatchObject({
      message: 'Тело запроса не является корректным JSON',
      details: { formErrors: ['Тело запроса не является корректным JSON'], fieldErrors: {} },
    })
    const large = await rig.post(path, JSON.stringify({ phone_number: 'x'.repeat(2000) }), RU)
    expect(large.body.error).toMatchObject({
      message: 'Слишком большой запрос',
      details: { formErrors: ['Слишком большой запрос'] },
    })
    expect(messageOf(await rig.post(path, 'x', { 'content-type': 'text/plain', ...RU }))).toBe(
      'Тело запроса должно быть в формате JSON',
    )
    await rig.get('/api/v1/nothing', RU)
    expect(messageOf(await rig.get('/api/v1/nothing', RU))).toBe('Слишком много запросов, подождите немного')
  })

  test('U2: Telegram that is away is Russian too', async () => {
    const rig = await makeRig(database, { gateway: scriptedGateway({}) })
    expect(messageOf(await rig.sendCode('+79991112233', RU))).toBe('Сейчас нет связи с Telegram, попробуйте позже')
  })
})
