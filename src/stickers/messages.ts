/** Every text of the family in both languages (stickers §3.5); the 401 bodies alone are not translated. */
export type Language = 'en' | 'ru'
type Texts = Record<Language, string>

const TEXTS = {
  required: { en: '{field} is required', ru: 'Не указано обязательное поле {field}' },
  invalid_number: {
    en: '{field} must be a whole number from {min} to {max}',
    ru: '{field}: нужно целое число от {min} до {max}',
  },
  invalid_boolean: { en: '{field} must be true or false', ru: '{field}: допустимы только true и false' },
  invalid_choice: { en: '{field} must be one of: {values}', ru: '{field}: допустимые значения: {values}' },
  invalid_type: { en: '{field} must be {expected}', ru: '{field}: ожидается {expected}' },
  invalid_text: { en: '{field} contains characters that cannot be stored', ru: '{field} содержит недопустимые символы' },
  too_long: { en: '{field} must not exceed {max} characters', ru: '{field}: не более {max} символов' },
  repeated: { en: '{field} must be given only once', ru: '{field} можно указать только один раз' },
  invalid_json: { en: 'The request body is not valid JSON', ru: 'Тело запроса не является корректным JSON' },
  invalid_name: {
    en: '{field} must be a sticker set name (Latin letters, digits, underscore) or a t.me/addstickers link',
    ru: '{field}: нужно имя стикерсета (латиница, цифры, подчёркивание) или ссылка t.me/addstickers',
  },
  invalid_url: {
    en: 'url must look like https://t.me/addstickers/name',
    ru: 'url должен иметь вид https://t.me/addstickers/имя',
  },
  name_or_url_required: { en: 'Give name or url', ru: 'Укажите name или url' },
  unknown_categories: { en: 'Unknown or inactive categories: {keys}', ru: 'Неизвестные или неактивные категории: {keys}' },
  already_exists: { en: 'Sticker set {name} is already in the gallery', ru: 'Стикерсет {name} уже есть в галерее' },
  blocked: { en: 'Sticker set {name} is blocked. Reason: {reason}', ru: 'Стикерсет {name} заблокирован. Причина: {reason}' },
  deleted: { en: 'Sticker set {name} has been deleted', ru: 'Стикерсет {name} удалён' },
  already_public: { en: 'Sticker set {name} is already published', ru: 'Стикерсет {name} уже опубликован' },
  already_private: { en: 'Sticker set {name} is already private', ru: 'Стикерсет {name} уже приватный' },
  not_in_telegram: { en: 'Sticker set {name} does not exist in Telegram', ru: 'Стикерсет {name} не найден в Telegram' },
  not_found: { en: 'Sticker set {id} was not found', ru: 'Стикерсет {id} не найден' },
  forbidden: { en: 'Service {service} is not allowed to do this', ru: 'Сервису {service} эта операция не разрешена' },
  unknown_path: { en: 'There is no such endpoint', ru: 'Такого метода API нет' },
  method_not_allowed: { en: 'Method {method} is not supported here', ru: 'Метод {method} здесь не поддерживается' },
  payload_too_large: { en: 'The request body is too large', ru: 'Слишком большое тело запроса' },
  unsupported_media_type: {
    en: 'Content-Type must be application/json',
    ru: 'Content-Type должен быть application/json',
  },
  unsupported_encoding: {
    en: 'Content-Encoding {encoding} is not supported',
    ru: 'Content-Encoding {encoding} не поддерживается',
  },
  internal_error: { en: 'Something went wrong on the server', ru: 'Внутренняя ошибка сервера' },
  telegram_unavailable: { en: 'Telegram is not answering, try again later', ru: 'Telegram не отвечает, повторите позже' },
} as const satisfies Record<string, Texts>
export type MessageCode = keyof typeof TEXTS

/** Words that stand in for a value of a message: what was expected, and a reason nobody gave. */
const WORDS = {
  a_string: { en: 'a string', ru: 'строка' },
  a_boolean: { en: 'a boolean', ru: 'логическое значение' },
  an_object: { en: 'an object', ru: 'объект' },
  strings: { en: 'an array of strings', ru: 'массив строк' },
  no_reason: { en: 'not given', ru: 'не указана' },
} as const satisfies Record<string, Texts>
/** A value of a message: as it is, or a word that the language decides. */
export type MessageValue = string | number | { word: keyof typeof WORDS }
export type MessageValues = Record<string, MessageValue>

/** `X-Language`: exactly `ru` after trimming, in any case, is Russian; anything else English (stickers §3.1). */
export const languageOf = (header: string | null): Language =>
  header !== null && header.trim().toLowerCase() === 'ru' ? 'ru' : 'en'

/** The text of a code with its `{values}`. */
export const messageOf = (code: MessageCode, language: Language, values: MessageValues = {}): string =>
  TEXTS[code][language].replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name]
    if (value === undefined) return whole
    return typeof value === 'object' ? WORDS[value.word][language] : String(value)
  })
