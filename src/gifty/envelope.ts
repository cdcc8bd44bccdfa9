import { z } from 'zod'
import { AppError } from '../errors.ts'
import { type HttpFamily, refusalsOf } from '../platform/http/family.ts'
import { NOT_AN_INTEGER } from './fields.ts'

const problem = z.object({ type: z.string(), loc: z.array(z.union([z.string(), z.int()])), msg: z.string(), input: z.unknown() })

/** The family's error envelope (gifty §1.2). */
export const errorView = z
  .object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      fields: z.looseObject({ details: z.array(problem).optional() }).optional(),
    }),
  })
  .meta({ id: 'GiftyError', description: 'What went wrong' })

/** The same where a route says the message once more (gifty §11). */
export const detailedErrorView = errorView
  .extend({ detail: z.string() })
  .meta({ id: 'GiftyErrorWithDetail', description: 'What went wrong' })

/** A refused value (gifty §1.2). */
export interface FieldProblem {
  type: string
  loc: (string | number)[]
  msg: string
  input: unknown
}
/** A refused field, for rules that a schema cannot say (a time zone, a cron text). */
export const invalidField = (loc: (string | number)[], msg: string, input: unknown, type = 'value_error') =>
  new AppError('validation_error', 422, 'Invalid request', {
    details: { details: [{ type, loc, msg, input }] satisfies FieldProblem[] },
  })

const MAX_PROBLEMS = 100
/** Bytes; a character cut in half may add two. */
const MAX_INPUT = 1000
const SECRET_FIELD = /password|token|secret|init_data/i
const WHERE = { body: 'body', query: 'query', params: 'path' } as const

const cut = (text: string): string =>
  Buffer.byteLength(text) > MAX_INPUT ? Buffer.from(text.slice(0, MAX_INPUT)).subarray(0, MAX_INPUT).toString('utf8') : text

export const shownInput = (input: unknown, loc: (string | number)[]): unknown => {
  if (input === undefined || loc.some((part) => typeof part === 'string' && SECRET_FIELD.test(part))) return null
  if (typeof input === 'string') return cut(input)
  if (typeof input === 'bigint') return input.toString()
  // Beyond this a number is not what was sent any more: JSON's digits are lost when it is read.
  if (typeof input === 'number' && Math.abs(input) > Number.MAX_SAFE_INTEGER) return null
  if (input === null || typeof input !== 'object') return input
  const text = JSON.stringify(input) ?? ''
  return Buffer.byteLength(text) > MAX_INPUT ? cut(text) : input
}

/** Maps a zod issue to the contract's `{type, loc, msg, input}` (gifty §1.2). The issue must carry its input. */
export const fieldProblem = (issue: z.core.$ZodIssue, base: (string | number)[]): FieldProblem => {
  const loc = [...base, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))]
  const input = issue.input as unknown
  const problemAs = (type: string, msg: string): FieldProblem => ({
    type,
    loc,
    msg,
    input: type === 'missing' ? null : shownInput(input, loc),
  })
  switch (issue.code) {
    case 'invalid_type':
      if (input === undefined) return problemAs('missing', 'Field required')
      switch (issue.expected as string) {
        case 'string':
          return problemAs('string_type', 'Input should be a string')
        case 'int':
          return typeof input === 'string'
            ? problemAs('int_parsing', 'Input should be an integer')
            : problemAs('int_type', 'Input should be an integer')
        case 'number':
          if (issue.message === NOT_AN_INTEGER)
            return typeof input === 'string' ? problemAs('int_parsing', NOT_AN_INTEGER) : problemAs('int_type', NOT_AN_INTEGER)
          return problemAs('float_parsing', 'Input should be a number')
        case 'boolean':
          return problemAs('bool_parsing', 'Input should be a boolean')
        case 'array':
          return problemAs('list_type', 'Input should be a list')
        case 'object':
        case 'record':
          return problemAs('dict_type', 'Input should be an object')
        default:
          return problemAs('value_error', issue.message)
      }
    case 'too_small':
      if (issue.origin === 'string')
        return problemAs('string_too_short', `Input should have at least ${issue.minimum} characters`)
      if (issue.origin === 'array') return problemAs('value_error', `Input should have at least ${issue.minimum} elements`)
      return problemAs('greater_than_equal', `Input should be greater than or equal to ${issue.minimum}`)
    case 'too_big':
      if (issue.origin === 'string') return problemAs('string_too_long', `Input should have at most ${issue.maximum} characters`)
      if (issue.origin === 'array') return problemAs('value_error', `Input should have at most ${issue.maximum} elements`)
      return problemAs('less_than_equal', `Input should be less than or equal to ${issue.maximum}`)
    case 'invalid_value':
      return input === undefined
        ? problemAs('missing', 'Field required')
        : problemAs('enum', `Input should be ${issue.values.map((value) => `'${String(value)}'`).join(', ')}`)
    default:
      return problemAs('value_error', issue.message)
  }
}

export const problemsOf = (error: z.core.$ZodError, base: (string | number)[]): FieldProblem[] =>
  error.issues.slice(0, MAX_PROBLEMS).map((issue) => fieldProblem(issue, base))

/** 422 `validation_error` with the problems found. */
export const invalidRequest = (problems: FieldProblem[]) =>
  new AppError('validation_error', 422, 'Invalid request', { details: { details: problems } })

/** Where a follower of a stream goes on: the number of the last `line` or `event` that it has. @throws AppError 422 */
export const lastEventId = (request: Request, what: 'line' | 'event'): number | undefined => {
  const given = request.headers.get('last-event-id')
  if (given === null || given === '') return undefined
  if (!/^\d{1,15}$/.test(given))
    throw invalidField(
      ['header', 'Last-Event-ID'],
      `Input should be the number of a${what === 'event' ? 'n' : ''} ${what}`,
      given.slice(0, 100),
    )
  return Number(given)
}

/** Routes of operations never ignore a parameter that they do not know (operations). */
const unknownParameter = (names: string[]) =>
  new AppError('unknown_parameter', 422, `Unknown query parameter: ${cut(names.join(', '))}`, {
    details: { details: names.slice(0, MAX_PROBLEMS).map((name) => parameterProblem(name)) },
  })
const parameterProblem = (name: string): FieldProblem => ({
  type: 'unknown_parameter',
  loc: ['query', cut(name)],
  msg: 'Unknown query parameter',
  input: null,
})

/** The family's `errorResponse` and `validationError`: `{"error":{"code","message","fields"?}}` (gifty §1.2). */
export const giftyEnvelope: Pick<HttpFamily, 'errorResponse' | 'validationError'> = {
  errorResponse({ code, message, status, details }, call) {
    const fields = details && Object.keys(details).length > 0 ? details : undefined
    const headers: Record<string, string> = status === 401 ? { 'www-authenticate': 'Bearer' } : {}
    const body = { error: fields ? { code, message, fields } : { code, message } }
    return Response.json(call.hasErrorDetail ? { ...body, detail: message } : body, { status, headers })
  },
  validationError(where, call, values) {
    const [error] = refusalsOf(call, values, [where])
    const unknown = where === 'query' ? error?.issues.find((issue) => issue.code === 'unrecognized_keys') : undefined
    if (unknown) return unknownParameter(unknown.keys)
    return error ? invalidRequest(problemsOf(error, [WHERE[where]])) : new AppError('validation_error', 422, 'Invalid request')
  },
}
