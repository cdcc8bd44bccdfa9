import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { HttpFamily } from '../platform/http/family.ts'
import { WHOLE_NUMBER } from './fields.ts'

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

/** 422 on one field, for rules that a schema cannot say. */
export const invalidField = (field: string, message: string) =>
  new AppError('validation_error', 422, message, {
    details: { formErrors: [], fieldErrors: { [field]: [message] } } satisfies Refused,
  })
/** 400 for a body that cannot be read at all. */
export const unreadableBody = (message: string) =>
  new AppError('bad_request', 400, message, { details: { formErrors: [message], fieldErrors: {} } satisfies Refused })

const plural = (count: unknown, word: string) => `${count} ${word}${count === 1 || count === 1n ? '' : 's'}`

/** What is wrong with a value, in words of our own: they are shown to users. */
const messageOf = (issue: z.core.$ZodIssue): string => {
  const missing = issue.input === undefined
  switch (issue.code) {
    case 'invalid_type':
      if (missing) return issue.path.length === 0 ? 'The body must be a JSON object' : 'This field is required'
      if (issue.path.length === 0) return 'The body must be a JSON object'
      if (issue.expected === 'int') return WHOLE_NUMBER
      if (issue.expected === 'number' && issue.message === WHOLE_NUMBER) return WHOLE_NUMBER
      return `Must be ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`
    case 'too_small':
      if (issue.origin === 'string')
        return issue.minimum === 1 ? 'Must not be empty' : `Must have at least ${plural(issue.minimum, 'character')}`
      return `Must be at least ${issue.minimum}`
    case 'too_big':
      if (issue.origin === 'string') return `Must have at most ${plural(issue.maximum, 'character')}`
      return `Must be at most ${issue.maximum}`
    case 'invalid_value':
      return missing ? 'This field is required' : `Must be one of: ${issue.values.map(String).join(', ')}`
    case 'invalid_format':
      return issue.format === 'uuid' || issue.format === 'guid' ? 'Must be a UUID' : issue.message
    case 'custom':
      return issue.message
    default:
      return 'Invalid value'
  }
}

/** Whether an issue is about the range in which numbers are exact, where the field has a limit of its own that says more. */
const isImplied = (issue: z.core.$ZodIssue, all: readonly z.core.$ZodIssue[]): boolean => {
  const limit = issue.code === 'too_big' ? issue.maximum : issue.code === 'too_small' ? issue.minimum : undefined
  if (limit !== Number.MAX_SAFE_INTEGER && limit !== Number.MIN_SAFE_INTEGER) return false
  return all.some((other) => other !== issue && other.code === issue.code && other.path.join('.') === issue.path.join('.'))
}

/** The problems of a refused value: nested paths collapse to their top field (§1). */
const refusedBy = (error: z.core.$ZodError): Refused => {
  const refused: Refused = { formErrors: [], fieldErrors: {} }
  for (const issue of error.issues) {
    if (isImplied(issue, error.issues)) continue
    const message = messageOf(issue)
    const field = issue.path[0]
    if (field === undefined) refused.formErrors.push(message)
    else {
      const known = refused.fieldErrors[String(field)]
      if (known) known.push(message)
      else refused.fieldErrors[String(field)] = [message]
    }
  }
  return refused
}

/** 422 with what a schema has found. */
export const invalidRequest = (error: z.core.$ZodError) => {
  const details = refusedBy(error)
  const [field, messages] = Object.entries(details.fieldErrors)[0] ?? []
  const message = field ? `${field}: ${messages?.[0]}` : (details.formErrors[0] ?? 'Invalid request')
  return new AppError('validation_error', 422, message, { details })
}

/** Errors of these kinds always carry details in the same shape, wherever they are thrown. */
const withDetails = (error: AppError) => {
  if (error.details) return error.details
  if (error.status === 400 || error.status === 413 || error.status === 415 || error.status === 422)
    return CODES[error.code] === 'VALIDATION_ERROR'
      ? ({ formErrors: [error.message], fieldErrors: {} } satisfies Refused)
      : undefined
  return undefined
}

/** `{"error":{"message","code","statusCode","details"?,"requestId"}}` (§1). */
export const errorResponse: HttpFamily['errorResponse'] = (error, call) => {
  const details = withDetails(error)
  return Response.json(
    {
      error: {
        message: error.message,
        code: CODES[error.code] ?? error.code,
        statusCode: error.status,
        ...(details ? { details } : {}),
        requestId: call.requestId,
      },
    },
    { status: error.status },
  )
}
