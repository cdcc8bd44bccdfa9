import { describe, expect, test } from 'bun:test'
import { AppError } from '../../src/errors.ts'
import type { Call } from '../../src/platform/http/family.ts'
import { languageOf, type MessageCode, type MessageValues, messageOf, stickersEnvelope } from '../../src/stickers/envelope.ts'

/** Every text of the contract's table (stickers §3.5). */
const TABLE: [MessageCode, MessageValues, string, string][] = [
  ['required', { field: 'userId' }, 'userId is required', 'Не указано обязательное поле userId'],
  [
    'invalid_number',
    { field: 'size', min: 1, max: 100 },
    'size must be a whole number from 1 to 100',
    'size: нужно целое число от 1 до 100',
  ],
  ['invalid_boolean', { field: 'preview' }, 'preview must be true or false', 'preview: допустимы только true и false'],
  ['invalid_choice', { field: 'f', values: 'a, b' }, 'f must be one of: a, b', 'f: допустимые значения: a, b'],
  ['invalid_type', { field: 'f', expected: { word: 'a_string' } }, 'f must be a string', 'f: ожидается строка'],
  ['invalid_text', { field: 'f' }, 'f contains characters that cannot be stored', 'f содержит недопустимые символы'],
  ['too_long', { field: 'f', max: 64 }, 'f must not exceed 64 characters', 'f: не более 64 символов'],
  ['repeated', { field: 'f' }, 'f must be given only once', 'f можно указать только один раз'],
  ['invalid_json', {}, 'The request body is not valid JSON', 'Тело запроса не является корректным JSON'],
  [
    'invalid_name',
    { field: 'name' },
    'name must be a sticker set name (Latin letters, digits, underscore) or a t.me/addstickers link',
    'name: нужно имя стикерсета (латиница, цифры, подчёркивание) или ссылка t.me/addstickers',
  ],
  ['invalid_url', {}, 'url must look like https://t.me/addstickers/name', 'url должен иметь вид https://t.me/addstickers/имя'],
  ['name_or_url_required', {}, 'Give name or url', 'Укажите name или url'],
  ['unknown_categories', { keys: 'a, b' }, 'Unknown or inactive categories: a, b', 'Неизвестные или неактивные категории: a, b'],
  ['already_exists', { name: 'n' }, 'Sticker set n is already in the gallery', 'Стикерсет n уже есть в галерее'],
  [
    'blocked',
    { name: 'n', reason: '{name}' },
    'Sticker set n is blocked. Reason: {name}',
    'Стикерсет n заблокирован. Причина: {name}',
  ],
  [
    'blocked',
    { name: 'n', reason: { word: 'no_reason' } },
    'Sticker set n is blocked. Reason: not given',
    'Стикерсет n заблокирован. Причина: не указана',
  ],
  ['deleted', { name: 'n' }, 'Sticker set n has been deleted', 'Стикерсет n удалён'],
  ['already_public', { name: 'n' }, 'Sticker set n is already published', 'Стикерсет n уже опубликован'],
  ['already_private', { name: 'n' }, 'Sticker set n is already private', 'Стикерсет n уже приватный'],
  ['not_in_telegram', { name: 'n' }, 'Sticker set n does not exist in Telegram', 'Стикерсет n не найден в Telegram'],
  ['forbidden', { service: 'bot' }, 'Service bot is not allowed to do this', 'Сервису bot эта операция не разрешена'],
  ['not_found', { id: 5 }, 'Sticker set 5 was not found', 'Стикерсет 5 не найден'],
  ['unknown_path', {}, 'There is no such endpoint', 'Такого метода API нет'],
  ['method_not_allowed', { method: 'PUT' }, 'Method PUT is not supported here', 'Метод PUT здесь не поддерживается'],
  ['payload_too_large', {}, 'The request body is too large', 'Слишком большое тело запроса'],
  ['unsupported_media_type', {}, 'Content-Type must be application/json', 'Content-Type должен быть application/json'],
  ['internal_error', {}, 'Something went wrong on the server', 'Внутренняя ошибка сервера'],
  ['telegram_unavailable', {}, 'Telegram is not answering, try again later', 'Telegram не отвечает, повторите позже'],
]

describe('stickers §3.5: messages', () => {
  for (const [code, values, en, ru] of TABLE)
    test(`stickers §3.5: ${code} in both languages`, () => {
      expect([messageOf(code, 'en', values), messageOf(code, 'ru', values)]).toEqual([en, ru])
    })

  test('stickers §3.4: a lost database is a 503 that does not blame Telegram, and an unknown status is a 500', async () => {
    const call = { requestId: 'r1', language: 'ru', method: 'GET' } as Call
    const request = new Request('http://localhost/')
    const lost = stickersEnvelope.errorResponse(new AppError('unavailable', 503, 'The database is not available'), call, request)
    expect([lost.status, await lost.json()]).toEqual([
      503,
      { error: 'Service unavailable', message: 'Внутренняя ошибка сервера', requestId: 'r1' },
    ])
    const odd = stickersEnvelope.errorResponse(new AppError('teapot', 418, 'select * from secrets'), call, request)
    expect([odd.status, await odd.json()]).toEqual([
      500,
      { error: 'Internal error', message: 'Внутренняя ошибка сервера', requestId: 'r1' },
    ])
  })

  test('stickers §3.1: messages are Russian for x-language ru alone', () => {
    expect(['ru', 'RU', '\tRu '].map(languageOf)).toEqual(['ru', 'ru', 'ru'])
    expect([null, '', 'ru-RU', 'ru,en', 'en', 'rus'].map(languageOf)).toEqual(Array(6).fill('en'))
  })
})
