import { z } from 'zod'
import { AppError, type ErrorDetails } from '../errors.ts'
import type { HttpFamily } from '../platform/http/family.ts'
import { fieldName, isTextKey, type Language, languageOf, type Said, say, type TextKey, textOf } from './texts.ts'

/** The family's error envelope (love-parser §1). */
export const errorView = z
  .object({
    error: z.object({
      message: z.string(),
      code: z.string(),
      statusCode: z.int(),
      details: z.looseObject({}).optional(),
      requestId: z.string(),
    }),
  })
  .meta({ id: 'LoveParserError', description: 'What went wrong' })

/** The contract's words for the codes that domains and platform throw (love-parser §1). Others are on the wire as they are. */
const CODES: Record<string, string> = {
  not_found: 'NOT_FOUND',
  method_not_allowed: 'NOT_FOUND',
  unauthorized: 'AUTH_ERROR',
  forbidden: 'FORBIDDEN',
  validation_error: 'VALIDATION_ERROR',
  bad_request: 'VALIDATION_ERROR',
  bad_host: 'VALIDATION_ERROR',
  payload_too_large: 'VALIDATION_ERROR',
  unsupported_media_type: 'VALIDATION_ERROR',
  subscription_required: 'SUBSCRIPTION_REQUIRED',
  rate_limited: 'RATE_LIMIT_EXCEEDED',
  unavailable: 'SERVICE_UNAVAILABLE',
  not_configured: 'SERVICE_UNAVAILABLE',
  internal_error: 'INTERNAL_SERVER_ERROR',
}

/** Refused values, as the contract lists them (§1). A type, so that it fits an error's details. */
export type Refused = {
  formErrors: string[]
  fieldErrors: Record<string, string[]>
}

/** What is wrong with a request: where in it (nowhere: with all of it), and the text. */
interface Problem {
  path: readonly string[]
  said: Said
}

/** The problems of a request by their top field (§1); in Russian a nested field says its own name. */
const refusedBy = (problems: readonly Problem[], language: Language): Refused => {
  const refused: Refused = { formErrors: [], fieldErrors: {} }
  for (const { path, said } of problems) {
    const text = language === 'ru' && path.length > 1 ? named(path, said) : textOf(said, language)
    const field = path[0]
    if (field === undefined) refused.formErrors.push(text)
    else {
      const known = Object.hasOwn(refused.fieldErrors, field) ? refused.fieldErrors[field] : undefined
      if (known) known.push(text)
      else refused.fieldErrors[field] = [text]
    }
  }
  return refused
}
/** `Запрос: не менее 2 символов` */
const named = (path: readonly string[], said: Said): string => {
  const text = textOf(said, 'ru')
  return NAMES_ITS_FIELDS.has(said.key) ? text : `${fieldName(path)}: ${text.charAt(0).toLowerCase()}${text.slice(1)}`
}
const NAMES_ITS_FIELDS: ReadonlySet<TextKey> = new Set(['max_below_min'])

interface RefusalMore {
  details?: ErrorDetails
  headers?: Record<string, string>
  cause?: unknown
  problems?: readonly Problem[]
  /** The message begins with the name of the first problem's field. */
  namesField?: boolean
}

/** An error whose text exists in both languages; `message` and `details` are English, as logs are. */
export class Refusal extends AppError {
  constructor(
    code: string,
    status: number,
    readonly said: Said,
    readonly more: RefusalMore = {},
  ) {
    const details = more.details ?? (more.problems && { ...refusedBy(more.problems, 'en') })
    const field = more.namesField ? more.problems?.[0]?.path[0] : undefined
    super(code, status, `${field === undefined ? '' : `${field}: `}${textOf(said, 'en')}`, {
      ...more,
      ...(details && { details }),
    })
  }
}

export const notFound = (
  key: 'not_found' | 'search_not_found' | 'segment_not_found' | 'user_not_found' | 'notification_not_found' | 'order_not_found',
) => new Refusal('not_found', 404, say(key))
export const unauthorized = (key: 'login_required' | 'token_invalid') => new Refusal('unauthorized', 401, say(key))
export const forbidden = (
  key:
    | 'account_blocked'
    | 'notification_signature'
    | 'notification_shop'
    | 'notification_address'
    | 'order_is_real'
    | 'tests_not_allowed',
) => new Refusal('forbidden', 403, say(key))
/** 422 of a request as a whole, for rules that a schema cannot say. */
export const refusedRequest = (key: 'search_ended' | 'segment_search_gone' | 'no_paid_plan') =>
  new Refusal('validation_error', 422, say(key))
/** 422 on one field, for rules that a schema cannot say. */
export const invalidField = (field: string, said: Said) =>
  new Refusal('validation_error', 422, said, { problems: [{ path: [field], said }] })
/** 400 for a body that cannot be read at all. */
export const unreadableBody = (key: 'body_empty' | 'body_not_json' | 'body_not_utf8' | 'body_not_gzip') =>
  new Refusal('bad_request', 400, say(key), { problems: [{ path: [], said: say(key) }] })
export const wrongMediaType = (key: 'media_type_json' | 'media_type_form') => new Refusal('unsupported_media_type', 415, say(key))

/** What is wrong with a value, in words of our own: they are shown to users. Messages of our schemas are keys of the texts. */
const saidOf = (issue: z.core.$ZodIssue): Said => {
  const missing = issue.input === undefined
  switch (issue.code) {
    case 'invalid_type':
      if (issue.path.length === 0) return say('body_not_object')
      if (missing) return say('required')
      if (issue.expected === 'int' || (issue.expected === 'number' && issue.message === ('whole_number' satisfies TextKey)))
        return say('whole_number')
      return say('wrong_type', { expected: issue.expected })
    case 'too_small':
      if (issue.origin === 'string') return issue.minimum === 1 ? say('not_empty') : say('too_short', { min: issue.minimum })
      return say('too_small', { min: issue.minimum })
    case 'too_big':
      return issue.origin === 'string' ? say('too_long', { max: issue.maximum }) : say('too_big', { max: issue.maximum })
    case 'invalid_value':
      return missing ? say('required') : say('one_of', { values: issue.values.map(String) })
    case 'invalid_format':
      if (issue.format === 'uuid' || issue.format === 'guid') return say('uuid')
      break
    case 'custom':
      // The values of the text are those that the rule was given.
      if (isTextKey(issue.message)) return { key: issue.message, values: issue.params } as Said
      break
  }
  return isTextKey(issue.message) ? ({ key: issue.message } as Said) : say('invalid_value')
}

/** Whether an issue is about the range in which numbers are exact, where the field has a limit of its own that says more. */
const isImplied = (issue: z.core.$ZodIssue, all: readonly z.core.$ZodIssue[]): boolean => {
  const limit = issue.code === 'too_big' ? issue.maximum : issue.code === 'too_small' ? issue.minimum : undefined
  if (limit !== Number.MAX_SAFE_INTEGER && limit !== Number.MIN_SAFE_INTEGER) return false
  return all.some((other) => other !== issue && other.code === issue.code && other.path.join('.') === issue.path.join('.'))
}

/** 422 with what a schema has found. */
export const invalidRequest = (error: z.core.$ZodError) => {
  const problems = error.issues
    .filter((issue) => !isImplied(issue, error.issues))
    .map((issue): Problem => ({ path: issue.path.filter((part) => typeof part !== 'number').map(String), said: saidOf(issue) }))
  // A problem of a field gives the message before one of the whole.
  const first = problems.find(({ path }) => path.length > 0) ?? problems[0]
  if (!first) return new Refusal('validation_error', 422, say('invalid_request'), { problems })
  const ordered = [first, ...problems.filter((problem) => problem !== first)]
  return new Refusal('validation_error', 422, first.said, { problems: ordered, namesField: true })
}

/** What the platform's errors are called in Russian, by their code; in English they have their own text. */
const OF_THE_PLATFORM: Record<string, TextKey> = {
  not_found: 'not_found',
  method_not_allowed: 'not_found',
  unauthorized: 'token_invalid',
  forbidden: 'forbidden',
  validation_error: 'invalid_request',
  bad_request: 'body_unreadable',
  bad_host: 'bad_host',
  payload_too_large: 'body_too_large',
  unsupported_media_type: 'media_type_unsupported',
  rate_limited: 'too_many_requests',
  unavailable: 'unavailable',
  not_configured: 'unavailable',
}
const messageOf = (error: AppError, language: Language): string => {
  if (language === 'en') return error.message
  if (!(error instanceof Refusal)) return textOf({ key: OF_THE_PLATFORM[error.code] ?? 'internal_error' } as Said, language)
  const { said, more } = error
  const path = more.namesField ? more.problems?.[0]?.path : undefined
  return path && path.length > 0 ? named(path, said) : textOf(said, language)
}

/** Errors of these kinds always carry details in the same shape, wherever they are thrown. */
const withDetails = (error: AppError, message: string, language: Language) => {
  if (language !== 'en' && error instanceof Refusal && !error.more.details && error.more.problems)
    return refusedBy(error.more.problems, language)
  if (error.details) return error.details
  if (error.status === 400 || error.status === 413 || error.status === 415 || error.status === 422)
    return CODES[error.code] === 'VALIDATION_ERROR' ? ({ formErrors: [message], fieldErrors: {} } satisfies Refused) : undefined
  return undefined
}

/** `{"error":{"message","code","statusCode","details"?,"requestId"}}` in the language that the request prefers (§1). */
export const errorResponse: HttpFamily['errorResponse'] = (error, call, request) => {
  const wanted = request.headers.get('accept-language')
  const language = languageOf(wanted)
  const message = messageOf(error, language)
  const details = withDetails(error, message, language)
  return Response.json(
    {
      error: {
        message,
        code: CODES[error.code] ?? error.code,
        statusCode: error.status,
        ...(details ? { details } : {}),
        requestId: call.requestId,
      },
    },
    {
      status: error.status,
      ...(wanted === null ? {} : { headers: { 'content-language': language, vary: 'Accept-Language' } }),
    },
  )
}
