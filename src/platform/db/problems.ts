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
