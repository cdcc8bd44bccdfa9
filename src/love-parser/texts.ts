/** Languages of the family's errors (love-parser §1). */
export type Language = 'en' | 'ru'
/** A text as it is, or made of its values. */
type Text = string | ((values: never) => string)

const s = (count: number | bigint, word: string) => `${count} ${word}${count === 1 || count === 1n ? '' : 's'}`

const RUSSIAN = new Intl.PluralRules('ru')
type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }
/** A number with the form of its word that Russian grammar asks for. */
const counted = (count: number | bigint, forms: Forms) => `${count} ${forms[RUSSIAN.select(Number(count))] ?? forms.other}`
/** The genitive, as after "не менее" and "не более". */
const ofCharacters = (count: number | bigint) => counted(count, { one: 'символа', other: 'символов' })
const inSeconds = (count: number) => counted(count, { one: 'секунду', few: 'секунды', other: 'секунд' })

/** Fields of requests as people call them. */
const FIELDS: Record<string, string> = {
  phone_number: 'Телефон',
  auth_session_id: 'Вход',
  code: 'Код',
  password: 'Пароль',
  query: 'Запрос',
  filters: 'Фильтры',
  language: 'Язык',
  min_subscribers: 'Минимум подписчиков',
  max_subscribers: 'Максимум подписчиков',
  activity_level: 'Уровень активности',
  engagement_min: 'Минимум вовлечённости',
  engagement_max: 'Максимум вовлечённости',
  post_frequency: 'Частота публикаций',
  name: 'Название',
  description: 'Описание',
  source_parsing_id: 'Исходный поиск',
  search_id: 'Поиск',
  segment_id: 'Сегмент',
  plan_type: 'Тариф',
  page: 'Страница',
  limit: 'Количество',
  sort_by: 'Сортировка',
  format: 'Формат',
  'Idempotency-Key': 'Ключ повтора',
  SignatureValue: 'Подпись',
  InvId: 'Номер заказа',
  OutSum: 'Сумма',
  Sum: 'Сумма',
  MerchantLogin: 'Магазин',
  IsTest: 'Признак проверки',
  OutSumCurrency: 'Валюта',
  reason: 'Причина',
  amount: 'Сумма',
  note: 'Примечание',
  refund: 'Возврат',
  at: 'Время',
  status: 'Статус',
  user_id: 'Пользователь',
  id: 'Идентификатор',
  order: 'Заказ',
  from: 'Начало',
  to: 'Конец',
  cursor: 'Место в списке',
  target: 'Предмет',
}
/** A field in Russian words; `filters.language` is called by its own name. */
export const fieldName = (path: readonly string[]): string => FIELDS[path.at(-1) ?? ''] ?? FIELDS[path[0] ?? ''] ?? 'Поле'
/** Whether a field has words of its own. */
export const isNamed = (field: string): boolean => Object.hasOwn(FIELDS, field)

const TYPES: Record<string, string> = {
  string: 'Нужен текст',
  number: 'Нужно число',
  int: 'Нужно целое число',
  boolean: 'Нужно да или нет',
  object: 'Нужен объект',
  array: 'Нужен список',
}
/** Choices as people call them; others are shown as they are. */
const CHOICES: Record<string, string> = {
  week: 'неделя',
  month: 'месяц',
  year: 'год',
  low: 'низкий',
  medium: 'средний',
  high: 'высокий',
  daily: 'каждый день',
  weekly: 'каждую неделю',
  monthly: 'каждый месяц',
  subscribers: 'подписчики',
  activity: 'активность',
  csv: 'CSV',
  excel: 'Excel',
  ndjson: 'NDJSON',
  pending: 'ожидает',
  completed: 'оплачен',
  failed: 'не удался',
  cancelled: 'отменён',
}
const CATEGORIES: Record<string, string> = { parsing: 'поисков', audience: 'сегментов аудитории', broadcast: 'рассылок' }

/** Every text of the family's errors in both languages, by a key that stays. English is on the wire since before there was a choice. */
export const TEXTS = {
  // Requests that cannot be read, and what any route may answer.
  not_found: { en: 'Not found', ru: 'Не найдено' },
  invalid_request: { en: 'Invalid request', ru: 'Неверный запрос' },
  bad_host: { en: 'The Host header names no single host', ru: 'Неверный адрес сервера в запросе' },
  body_empty: { en: 'The body is empty', ru: 'Пустое тело запроса' },
  body_not_json: { en: 'The body is not valid JSON', ru: 'Тело запроса не является корректным JSON' },
  body_not_object: { en: 'The body must be a JSON object', ru: 'Тело запроса должно быть объектом JSON' },
  body_not_utf8: { en: 'The body is not UTF-8', ru: 'Тело запроса должно быть в кодировке UTF-8' },
  body_not_gzip: { en: 'The body is not gzip', ru: 'Не удалось распаковать тело запроса' },
  body_unreadable: { en: 'The body could not be read', ru: 'Не удалось прочитать тело запроса' },
  body_too_large: { en: 'The body is too large', ru: 'Слишком большой запрос' },
  media_type_json: { en: 'The body must be application/json', ru: 'Тело запроса должно быть в формате JSON' },
  media_type_form: { en: 'The body must be JSON or a form', ru: 'Тело запроса должно быть формой или JSON' },
  media_type_unsupported: { en: 'The type of the body is not supported', ru: 'Такой формат запроса не поддерживается' },
  too_many_requests: { en: 'Too many requests, please slow down', ru: 'Слишком много запросов, подождите немного' },
  forbidden: { en: 'This is not allowed', ru: 'Доступ запрещён' },
  unavailable: {
    en: 'The service is not available at the moment, please try again',
    ru: 'Сервис временно недоступен, попробуйте ещё раз чуть позже',
  },
  internal_error: { en: 'Unexpected error', ru: 'Непредвиденная ошибка, мы уже разбираемся' },
  idempotency_key: {
    en: 'Must be 1 to 128 visible ASCII characters',
    ru: 'Ключ повтора должен состоять из 1–128 видимых символов ASCII',
  },
  idempotency_key_used: {
    en: 'This key was used for another request',
    ru: 'Этот ключ повтора уже использован для другого запроса',
  },

  // Fields.
  required: { en: 'This field is required', ru: 'Обязательное поле' },
  whole_number: { en: 'Must be a whole number', ru: 'Нужно целое число' },
  wrong_type: {
    en: ({ expected }: { expected: string }) => `Must be ${/^[aeiou]/.test(expected) ? 'an' : 'a'} ${expected}`,
    ru: ({ expected }: { expected: string }) => TYPES[expected] ?? 'Неверное значение',
  },
  not_empty: { en: 'Must not be empty', ru: 'Не должно быть пустым' },
  too_short: {
    en: ({ min }: { min: number | bigint }) => `Must have at least ${s(min, 'character')}`,
    ru: ({ min }: { min: number | bigint }) => `Не менее ${ofCharacters(min)}`,
  },
  too_long: {
    en: ({ max }: { max: number | bigint }) => `Must have at most ${s(max, 'character')}`,
    ru: ({ max }: { max: number | bigint }) => `Не более ${ofCharacters(max)}`,
  },
  too_small: {
    en: ({ min }: { min: number | bigint }) => `Must be at least ${min}`,
    ru: ({ min }: { min: number | bigint }) => `Не меньше ${min}`,
  },
  too_big: {
    en: ({ max }: { max: number | bigint }) => `Must be at most ${max}`,
    ru: ({ max }: { max: number | bigint }) => `Не больше ${max}`,
  },
  one_of: {
    en: ({ values }: { values: readonly string[] }) => `Must be one of: ${values.join(', ')}`,
    ru: ({ values }: { values: readonly string[] }) =>
      `Выберите одно из: ${values.map((value) => CHOICES[value] ?? value).join(', ')}`,
  },
  uuid: { en: 'Must be a UUID', ru: 'Неверный идентификатор' },
  phone_digits: { en: 'Must be + and 10 to 15 digits', ru: 'Нужен + и от 10 до 15 цифр' },
  code_digits: { en: 'Must be 3 to 6 digits', ru: 'Нужно от 3 до 6 цифр' },
  order_number: { en: 'Must be the number of an order', ru: 'Нужен номер заказа' },
  text_or_number: { en: 'Must be a text or a number', ru: 'Нужен текст или число' },
  max_below_min: {
    en: ({ low, high }: { low: string; high: string }) => `${high} must not be less than ${low}`,
    ru: ({ low, high }: { low: string; high: string }) =>
      `«${fieldName([high])}» не может быть меньше, чем «${fieldName([low])}»`,
  },
  time: { en: 'Must be a time such as 2026-01-31T09:00:00Z', ru: 'Нужны дата и время по ISO 8601' },
  amount: { en: 'Must be an amount such as 950.00', ru: 'Нужна сумма вида 950.00' },
  cursor: { en: 'Must be a cursor of this list', ru: 'Неверное место в списке' },
  audit_target: { en: 'Must be user:ID or payment:ORDER', ru: 'Нужен пользователь или заказ' },
  invalid_value: { en: 'Invalid value', ru: 'Неверное значение' },

  // Login.
  login_required: { en: 'Please log in', ru: 'Войдите, чтобы продолжить' },
  token_invalid: { en: 'The token is not valid', ru: 'Вход больше не действует, войдите снова' },
  account_blocked: { en: 'This account is blocked', ru: 'Этот аккаунт заблокирован' },
  login_unchecked: {
    en: 'Your login cannot be checked at the moment, please try again',
    ru: 'Сейчас не удаётся проверить вход, попробуйте ещё раз',
  },
  logout_impossible: {
    en: 'Logging out is not possible at the moment, please try again',
    ru: 'Сейчас не удаётся выйти, попробуйте ещё раз',
  },
  login_ended: { en: 'This login has ended, please request a new code', ru: 'Этот вход завершён, запросите новый код' },
  login_interrupted: {
    en: 'The login was interrupted, please request a new code',
    ru: 'Вход был прерван, запросите новый код',
  },
  phone_unusable: { en: 'This phone number cannot be used with Telegram', ru: 'Этот номер нельзя использовать в Telegram' },
  phone_occupied: { en: 'This phone number is already in use', ru: 'Этот номер уже используется' },
  phone_elsewhere: {
    en: 'This phone number belongs to another Telegram data centre',
    ru: 'Этот номер обслуживает другой центр данных Telegram',
  },
  password_needed: {
    en: 'Please enter your two-step verification password',
    ru: 'Введите пароль двухэтапной проверки',
  },
  password_wrong: { en: 'The two-step verification password is wrong', ru: 'Неверный пароль двухэтапной проверки' },
  code_wrong: { en: 'The code is wrong', ru: 'Неверный код' },
  code_expired: { en: 'The code has expired, please request a new one', ru: 'Срок действия кода истёк, запросите новый' },
  too_many_codes: {
    en: ({ seconds }: { seconds: number }) => `Too many attempts, please try again in ${seconds} s`,
    ru: ({ seconds }: { seconds: number }) => `Слишком много попыток, попробуйте через ${inSeconds(seconds)}`,
  },
  telegram_away: {
    en: 'Telegram cannot be reached at the moment, please try again later',
    ru: 'Сейчас нет связи с Telegram, попробуйте позже',
  },

  // Plans and payments.
  subscription_expired: { en: 'Your subscription has expired', ru: 'Срок вашей подписки истёк' },
  subscription_required: { en: 'An active subscription is required', ru: 'Нужна действующая подписка' },
  quota_used_up: {
    en: ({ category }: { category: string }) => `The ${category} limit of your plan is used up`,
    ru: ({ category }: { category: string }) => `Лимит ${CATEGORIES[category] ?? 'действий'} по вашему тарифу исчерпан`,
  },
  payments_away: { en: 'Payments are not available now', ru: 'Оплата сейчас недоступна' },
  notification_signature: { en: 'The signature of the notification is wrong', ru: 'Неверная подпись уведомления' },
  notification_shop: { en: 'The notification is for another shop', ru: 'Уведомление для другого магазина' },
  notification_address: {
    en: 'Notifications are not accepted from this address',
    ru: 'Уведомления с этого адреса не принимаются',
  },
  order_not_found: { en: 'Order not found', ru: 'Заказ не найден' },
  order_is_real: { en: 'A test payment cannot pay a real order', ru: 'Проверочный платёж не может оплатить настоящий заказ' },
  tests_not_allowed: { en: 'Test payments are not allowed', ru: 'Проверочные платежи не разрешены' },
  amount_differs: { en: 'Differs from the amount of the order', ru: 'Отличается от суммы заказа' },
  currency_differs: { en: 'Differs from the currency of the order', ru: 'Отличается от валюты заказа' },
  plan_not_sold: { en: 'The plan of this order is not sold any more', ru: 'Тариф этого заказа больше не продаётся' },

  // Operators.
  user_not_found: { en: 'The user was not found', ru: 'Пользователь не найден' },
  notification_not_found: { en: 'The notification was not found', ru: 'Уведомление не найдено' },
  no_paid_plan: { en: 'The user has no paid plan that runs', ru: 'У пользователя нет действующего платного тарифа' },
  end_after_plan: { en: 'Must not be after the end of the plan', ru: 'Не может быть позже окончания тарифа' },
  amount_required: {
    en: 'The amount that was received is required to apply a payment',
    ru: 'Чтобы провести оплату, укажите полученную сумму',
  },

  // Searches and segments.
  search_not_found: { en: 'The search was not found', ru: 'Поиск не найден' },
  search_ended: { en: 'The search has already ended', ru: 'Поиск уже завершён' },
  search_failed: { en: 'This search has failed', ru: 'Этот поиск завершился с ошибкой' },
  segment_not_found: { en: 'The segment was not found', ru: 'Сегмент не найден' },
  segment_name_taken: { en: 'You already have a segment with this name', ru: 'У вас уже есть сегмент с таким названием' },
  segment_search_gone: { en: 'The search of this segment no longer exists', ru: 'Поиск этого сегмента больше не существует' },
} as const satisfies Record<string, Record<Language, Text>>

export type TextKey = keyof typeof TEXTS
type ValuesOf<K extends TextKey> = (typeof TEXTS)[K]['en'] extends (values: infer V) => string ? V : undefined
/** A text by its key, and its values where it has any; the words are chosen when the language is known. */
export type Said = { [K in TextKey]: { key: K; values: ValuesOf<K> } }[TextKey]

/** A text to be shown in the reader's language. */
export const say = <K extends TextKey>(key: K, ...[values]: ValuesOf<K> extends undefined ? [] : [values: ValuesOf<K>]): Said =>
  ({ key, values }) as Said
/** Whether a text is the key of one, as the messages of schemas are. */
export const isTextKey = (text: string): text is TextKey => Object.hasOwn(TEXTS, text)

export const textOf = ({ key, values }: Said, language: Language): string => {
  const text: Text = TEXTS[key][language]
  return typeof text === 'string' ? text : text(values as never)
}

/** Longest header that is read, and most languages of it. */
const MAX_HEADER = 1000
const MAX_RANGES = 50
const NOT_WANTED = { language: '*' as Language | '*', weight: 0 }

/**
 * Russian where `Accept-Language` wants it more than English (RFC 9110 12.5.4: by weight, then by order); English in any other case. Of the
 * two languages there are, `*` means English unless that is named.
 */
export const languageOf = (header: string | null): Language => {
  const wanted: { language: Language | '*'; weight: number }[] = []
  for (const range of (header ?? '').slice(0, MAX_HEADER).split(',', MAX_RANGES)) {
    const [tag = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const language = (['ru', 'en'] as const).find((known) => tag === known || tag.startsWith(`${known}-`))
    if (language === undefined && tag !== '*') continue
    const text = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1'
    // A weight that is none belongs to a broken header: its language is not wanted.
    wanted.push({ language: language ?? '*', weight: /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 0 })
  }
  const best = (language: Language | '*') =>
    wanted.filter((range) => range.language === language).reduce((a, b) => (b.weight > a.weight ? b : a), NOT_WANTED)
  const russian = best('ru')
  const english = wanted.some(({ language }) => language === 'en') ? best('en') : best('*')
  if (russian.weight !== english.weight) return russian.weight > english.weight ? 'ru' : 'en'
  return russian.weight > 0 && wanted.indexOf(russian) < wanted.indexOf(english) ? 'ru' : 'en'
}
