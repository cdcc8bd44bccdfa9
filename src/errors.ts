/** `timeout`: a statement took longer than its limit and was ended. */
export type DatabaseProblem = 'unique' | 'foreign_key' | 'check' | 'serialization' | 'timeout' | 'unreachable'

const CODES: Record<string, DatabaseProblem> = {
  '23505': 'unique',
  SQLITE_CONSTRAINT_UNIQUE: 'unique',
  SQLITE_CONSTRAINT_PRIMARYKEY: 'unique',
  '23503': 'foreign_key',
  SQLITE_CONSTRAINT_FOREIGNKEY: 'foreign_key',
  '23514': 'check',
  SQLITE_CONSTRAINT_CHECK: 'check',
  '40001': 'serialization',
  '40P01': 'serialization',
  '55P03': 'serialization',
  '57014': 'timeout',
  '57P01': 'unreachable',
  '57P02': 'unreachable',
  '57P03': 'unreachable',
  '53300': 'unreachable',
  ECONNREFUSED: 'unreachable',
  ECONNRESET: 'unreachable',
  ENOTFOUND: 'unreachable',
  CONNECT_TIMEOUT: 'unreachable',
  CONNECTION_CLOSED: 'unreachable',
  CONNECTION_ENDED: 'unreachable',
  CONNECTION_DESTROYED: 'unreachable',
  SQLITE_BUSY: 'unreachable',
  SQLITE_FULL: 'unreachable',
  SQLITE_IOERR: 'unreachable',
  SQLITE_READONLY: 'unreachable',
  SQLITE_CANTOPEN: 'unreachable',
}

/**
 * Thrown by the body of a transaction that has to begin anew, because it has learned too late of a row that is locked before those it has
 * locked. Postgres runs the body again, as after a deadlock; where one writer excludes others there is no such moment.
 */
export class TransactionConflict extends Error {
  readonly code = '40001'
}

/** What a driver error means on either dialect, or undefined. Drizzle wraps driver errors, so the whole cause chain is read. */
export const databaseProblem = (error: unknown): DatabaseProblem | undefined => {
  for (
    let at = error as { code?: unknown; cause?: unknown } | undefined, depth = 0;
    at && typeof at === 'object' && depth < 8;
    depth++
  ) {
    if (typeof at.code === 'string') {
      const found = CODES[at.code] ?? CODES[at.code.replace(/^(SQLITE_[A-Z]+)_.*$/, '$1')]
      if (found) return found
    }
    at = at.cause as typeof at
  }
  return undefined
}

export const isUniqueViolation = (error: unknown): boolean => databaseProblem(error) === 'unique'

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
 * Turns anything thrown into an answer: known errors pass; a database that is lost, took too long or had too many conflicts between
 * transactions becomes 503, so that callers retry; the rest is 500 with a general message.
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

/** Why a process cannot start, in one sentence that is printed without a stack. It names no secret. */
export class StartError extends Error {
  override name = 'StartError'
}

/** A failure with a verdict: whether the same attempt may succeed later. The message is stored with the task and shown to operators. */
export class JobFailed extends Error {
  override name = 'JobFailed'
  constructor(
    message: string,
    readonly retryable: boolean,
  ) {
    super(message)
  }
}

/** Puts the task back into the queue for a while, without counting the attempt. */
export class JobDelayed extends Error {
  override name = 'JobDelayed'
  constructor(
    readonly delayMs: number,
    message = 'delayed',
  ) {
    super(message)
  }
}
