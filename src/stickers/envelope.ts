import { z } from 'zod'
import { AppError } from '../errors.ts'
import { type Call, type HttpFamily, type Principal, refusalsOf } from '../platform/http/family.ts'

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
  bad_host: { en: 'The Host header names no single host', ru: 'Заголовок Host должен называть один хост' },
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
  rate_limited: { en: 'Too many requests, try again later', ru: 'Слишком много запросов, повторите позже' },
  internal_error: { en: 'Something went wrong on the server', ru: 'Внутренняя ошибка сервера' },
  telegram_unavailable: { en: 'Telegram is not answering, try again later', ru: 'Telegram не отвечает, повторите позже' },
} as const satisfies Record<string, Texts>
export type MessageCode = keyof typeof TEXTS

/** Words that stand in for a value of a message: what was expected, and a reason that was not given. */
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

/** An invalid field of a request; its text is made when the language is known (stickers §3.4). */
export interface Problem {
  field: string
  code: MessageCode
  values?: MessageValues
}

/** The message of a zod rule: a code of `TEXTS` with its values, which `problemsOf` reads back. */
export const say = (code: MessageCode, values?: MessageValues): string => JSON.stringify({ code, values })
/** `say` for the type of a value: another code when the value is absent. */
export const sayType =
  (wrong: string, absent: string = wrong) =>
  ({ input }: { input?: unknown }): string =>
    input === undefined || input === null ? absent : wrong

/** The problems zod has found, one per field of the request; `body` is the field of a body that is no object. */
const problemsOf = (error: z.core.$ZodError): Problem[] => {
  const problems = new Map<string, Problem>()
  for (const { path, message } of error.issues) {
    const field = String(path[0] ?? 'body')
    if (!problems.has(field)) problems.set(field, { field, ...(JSON.parse(message) as Omit<Problem, 'field'>) })
  }
  return [...problems.values()]
}

/** 400 with one entry per invalid field; the first one gives the message. */
export const refused = (...problems: Problem[]) =>
  new AppError('validation_error', 400, 'Validation error', { details: { problems } })

/** 404 of a set; `id` is shown. */
export const setNotFound = (id: number) => new AppError('not_found', 404, 'Sticker set was not found', { details: { id } })

/** 503 of Telegram alone. */
export const telegramUnavailable = (retryAfterSeconds: number) =>
  new AppError('telegram_unavailable', 503, 'Telegram is not answering', {
    headers: { 'retry-after': String(retryAfterSeconds) },
  })

/** The family's error body (stickers §3.4). */
export const errorView = z
  .object({
    error: z.string(),
    message: z.string(),
    details: z.array(z.object({ field: z.string(), code: z.string(), message: z.string() })).optional(),
    requestId: z.string().optional(),
  })
  .meta({ id: 'StickersError', description: 'What went wrong' })

export const JSON_TYPE = 'application/json; charset=utf-8'
/** `error` by status, never translated (stickers §3.4). */
const ERRORS: Record<number, string> = {
  400: 'Validation error',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  413: 'Payload too large',
  415: 'Unsupported media type',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Service unavailable',
}
const CODES: Record<number, MessageCode> = {
  403: 'forbidden',
  404: 'unknown_path',
  405: 'method_not_allowed',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
  429: 'rate_limited',
}

export const languageOfCall = (call: Call): Language => (call.language === 'ru' ? 'ru' : 'en')

const bodyOf = (error: AppError, status: number, call: Call): Record<string, unknown> => {
  const word = ERRORS[status]
  if (status === 401) return { error: word, message: error.message }
  const language = languageOfCall(call)
  const { requestId } = call
  if (status === 400) {
    const unexplained: Problem =
      error.code === 'bad_host' ? { field: 'host', code: 'bad_host' } : { field: 'body', code: 'invalid_json' }
    const problems = (error.details?.problems as Problem[] | undefined) ?? [unexplained]
    const details = problems.map(({ field, code, values }) => ({
      field,
      code,
      message: messageOf(code, language, { field, ...values }),
    }))
    return { error: word, message: details[0]?.message, details, requestId }
  }
  const id = error.details?.id as number | undefined
  const encoding = error.details?.contentEncoding as string | undefined
  const message =
    status === 415 && encoding !== undefined
      ? messageOf('unsupported_encoding', language, { encoding })
      : status === 404 && id !== undefined
        ? messageOf('not_found', language, { id })
        : // A lost database is a 503 as well, but Telegram is not to blame.
          messageOf(error.code === 'telegram_unavailable' ? error.code : (CODES[status] ?? 'internal_error'), language, {
            service: (call.principal as Principal | undefined)?.id ?? '',
            method: call.method,
          })
  return { error: word, message, requestId }
}

/** In the order in which Elysia checks them: those before the first refused one are fine. */
const GROUPS = ['params', 'query', 'body'] as const

/** The family's errors (stickers §3.4): `{"error","message","details"?,"requestId"}`. */
export const stickersEnvelope: Pick<HttpFamily, 'errorResponse' | 'validationError'> = {
  errorResponse(error, call) {
    const status = ERRORS[error.status] ? error.status : 500
    return new Response(JSON.stringify(bodyOf(error, status, call)), { status, headers: { 'content-type': JSON_TYPE } })
  },
  // All problems of a request at once, in the order path, query, body (stickers §3.4).
  validationError(where, call, values) {
    const errors = refusalsOf(call, values, GROUPS.slice(GROUPS.indexOf(where)))
    return refused(...errors.flatMap(problemsOf))
  },
}
