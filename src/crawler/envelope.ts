import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { Call, HttpFamily } from '../platform/http/family.ts'

/** The family's error body (§3). */
export const errorView = z
  .object({
    error: z.string(),
    message: z.string().optional(),
    status: z.int(),
    timestamp: z.string(),
    code: z.string(),
    retryable: z.boolean(),
    details: z.looseObject({
      requestId: z.string(),
      taskId: z.string().optional(),
      fields: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
    }),
  })
  .meta({ id: 'CrawlerError', description: 'What went wrong' })

/** A refused value: its path as `areas[3].fullPath` and what is wrong with it. */
export interface FieldProblem {
  field: string
  message: string
}
const MAX_PROBLEMS = 100

/** The contract's words for what the platform throws (§3). */
const KNOWN: Record<string, { code: string; message?: string }> = {
  not_found: { code: 'ROUTE_NOT_FOUND', message: 'Not found' },
  payload_too_large: { code: 'PAYLOAD_TOO_LARGE', message: 'Request body too large' },
  unsupported_media_type: { code: 'UNSUPPORTED_MEDIA_TYPE' },
  unauthorized: { code: 'UNAUTHORIZED' },
  bad_request: { code: 'BAD_REQUEST' },
  bad_host: { code: 'BAD_REQUEST' },
  internal_error: { code: 'INTERNAL', message: 'Internal server error' },
  unavailable: { code: 'UNAVAILABLE', message: 'Service temporarily unavailable' },
  not_configured: { code: 'NOT_CONFIGURED' },
}

export const taskNotFound = () => new AppError('TASK_NOT_FOUND', 404, 'Task not found')
export const invalidJson = () => new AppError('INVALID_JSON', 400, 'Invalid request body')
export const upgradeRequired = () => new AppError('UPGRADE_REQUIRED', 400, 'WebSocket upgrade required')
export const leaseLost = (currentStatus: string) => new AppError('LEASE_LOST', 409, 'Lease lost', { details: { currentStatus } })
export const shuttingDown = () =>
  new AppError('SHUTTING_DOWN', 503, 'Server is shutting down', { headers: { 'retry-after': '5' } })
export const tooManyConnections = () =>
  new AppError('TOO_MANY_CONNECTIONS', 503, 'Maximum number of connections reached', { headers: { 'retry-after': '10' } })
export const rateLimited = (retryAfter: number) =>
  new AppError('RATE_LIMITED', 429, 'Rate limit exceeded', {
    details: { retryAfter },
    headers: { 'retry-after': String(retryAfter) },
  })
export const missingFields = (fields: FieldProblem[], message: string) =>
  new AppError('MISSING_FIELDS', 400, message, { details: { fields } })
export const validationFailed = (problems: FieldProblem[]) => {
  const first = problems[0]
  const firstProblem = first ? (first.field === '' ? first.message : `${first.field}: ${first.message}`) : 'invalid value'
  return new AppError('VALIDATION_FAILED', 400, `Validation failed: ${firstProblem}`, { details: { fields: problems } })
}
export const invalidField = (field: string, message: string) => validationFailed([{ field, message }])

/** `areas[3].fullPath` */
const fieldPath = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (out, part) => (typeof part === 'number' ? `${out}[${part}]` : out === '' ? String(part) : `${out}.${String(part)}`),
    '',
  )

const boundOf = (origin: string, bound: string): string =>
  origin === 'string' ? `must have ${bound} characters` : origin === 'array' ? `must have ${bound} entries` : `must be ${bound}`

const wordOf = (issue: z.core.$ZodIssue): string => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? 'is required'
        : `must be ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`
    case 'too_small':
      return boundOf(issue.origin, `at least ${issue.minimum}`)
    case 'too_big':
      return boundOf(issue.origin, `at most ${issue.maximum}`)
    case 'invalid_value':
      return issue.input === undefined ? 'is required' : `must be one of ${issue.values.map(String).join(', ')}`
    case 'custom':
    case 'invalid_format':
      return issue.message
    default:
      return issue.message === '' ? 'invalid value' : issue.message
  }
}
export const problemsOf = (error: z.core.$ZodError, base: PropertyKey[] = []): FieldProblem[] =>
  error.issues.slice(0, MAX_PROBLEMS).map((issue) => ({ field: fieldPath([...base, ...issue.path]), message: wordOf(issue) }))

const isRetryable = (status: number, code: string) =>
  (status === 429 || status === 500 || status === 503) && code !== 'NOT_CONFIGURED'

/** An error's wire facts: of a response's body, and of an error frame. */
export const describeError = (error: AppError) => {
  const known = KNOWN[error.code]
  const code = known?.code ?? error.code
  return { code, message: known?.message ?? error.message, status: error.status, retryable: isRetryable(error.status, code) }
}

/** The body of every non-2xx answer (§3). `taskId` where a task is named. */
const errorBody = (error: AppError, facts: { requestId: string; taskId?: string; method?: string; now: number }) => {
  const { code, message, status, retryable } = describeError(error)
  return {
    error: message,
    ...(code === 'TASK_NOT_FOUND' ? { message: 'Task not found' } : {}),
    status,
    timestamp: new Date(facts.now).toISOString(),
    code,
    retryable,
    details: { requestId: facts.requestId, ...(facts.taskId === undefined ? {} : { taskId: facts.taskId }), ...error.details },
  }
}

/** The family's `errorResponse`. */
export const crawlerErrorResponse =
  (now: () => number, taskIdOf: (call: Call) => string | undefined): HttpFamily['errorResponse'] =>
  (given, call) => {
    const error =
      given.code === 'method_not_allowed'
        ? new AppError('METHOD_NOT_ALLOWED', 405, `${call.method} method not allowed`, { headers: given.headers })
        : given
    return Response.json(errorBody(error, { requestId: call.requestId, taskId: taskIdOf(call), now: now() }), {
      status: error.status,
      headers: error.status === 401 ? { 'www-authenticate': 'Bearer' } : {},
    })
  }
