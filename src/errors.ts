import { databaseProblem } from './platform/db/problems.ts'

/** Field problems or other facts about an error that its reader may see. */
export type ErrorDetails = Record<string, unknown>

/**
 * The one error type domains throw. `code` and `status` are wire facts of the family's contract; the family dresses them in its
 * own envelope. The message is shown to users: no SQL, addresses or library texts.
 */
export class AppError extends Error {
  readonly details?: ErrorDetails
  readonly headers?: Record<string, string>
  constructor(
    readonly code: string,
    readonly status: number,
    message: string,
    more: { details?: ErrorDetails; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'AppError'
    this.details = more.details
    this.headers = more.headers
  }
}

export const notFound = (message: string) => new AppError('not_found', 404, message)
export const conflict = (message: string, code = 'conflict', details?: ErrorDetails) =>
  new AppError(code, 409, message, { details })
export const forbidden = (message: string, code = 'forbidden') => new AppError(code, 403, message)
export const unauthorized = (message: string) => new AppError('unauthorized', 401, message)
export const badRequest = (message: string, code = 'bad_request') => new AppError(code, 400, message)
export const unavailable = (message: string, code = 'unavailable') =>
  new AppError(code, 503, message, { headers: { 'retry-after': '1' } })

/**
 * One door for everything thrown: known errors pass; a database that is lost, that took too long or in which transactions met too often
 * becomes 503, so that callers come again; the rest is 500 without a word of its own.
 */
export const toAppError = (error: unknown): AppError => {
  if (error instanceof AppError) return error
  const cause = (error as { cause?: unknown } | null)?.cause
  if (cause instanceof AppError) return cause
  const problem = databaseProblem(error)
  if (problem === 'unreachable')
    return new AppError('unavailable', 503, 'The database is not available', { cause: error, headers: { 'retry-after': '1' } })
  if (problem === 'timeout' || problem === 'serialization')
    return new AppError('unavailable', 503, 'The database is busy', { cause: error, headers: { 'retry-after': '5' } })
  return new AppError('internal_error', 500, 'Unexpected error', { cause: error })
}
