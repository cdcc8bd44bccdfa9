import { z } from 'zod'
import type { AppError } from '../errors.ts'
import { type Call, type HttpFamily, type Principal, refusalsOf } from '../platform/http/family.ts'
import { type Language, type MessageCode, messageOf } from './messages.ts'
import { type Problem, problemsOf, refused } from './problems.ts'

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
  500: 'Internal error',
  503: 'Service unavailable',
}
const CODES: Record<number, MessageCode> = {
  403: 'forbidden',
  404: 'unknown_path',
  405: 'method_not_allowed',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
}

export const languageOfCall = (call: Call): Language => (call.language === 'ru' ? 'ru' : 'en')

const bodyOf = (error: AppError, status: number, call: Call): Record<string, unknown> => {
  const word = ERRORS[status]
  if (status === 401) return { error: word, message: error.message }
  const language = languageOfCall(call)
  const { requestId } = call
  if (status === 400) {
    const problems = (error.details?.problems as Problem[] | undefined) ?? [{ field: 'body', code: 'invalid_json' }]
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
