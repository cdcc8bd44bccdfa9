import { StartError } from '../../errors.ts'

/** Why a file is not usable as a database, by the system's or SQLite's code. */
const FILE_REASONS: Record<string, string> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  SQLITE_PERM: 'this user may not write there',
  SQLITE_READONLY: 'it is read-only for this user',
  EROFS: 'the file system is read-only',
  ENOENT: 'its directory cannot be made',
  ENOTDIR: 'a part of its path is a file, not a directory',
  EEXIST: 'a part of its path is a file, not a directory',
  EISDIR: 'it is a directory',
  ENOSPC: 'the disk is full',
  SQLITE_FULL: 'the disk is full',
  SQLITE_IOERR: 'the disk answers with an error',
  SQLITE_CANTOPEN: 'it cannot be opened: it is a directory, or this user may not open it',
  SQLITE_NOTADB: 'it is no SQLite database',
  SQLITE_CORRUPT: 'it is damaged; restore a backup (trawl restore)',
  SQLITE_BUSY: 'another process keeps it locked',
}
/** Why a Postgres is not usable, by the system's code or the SQLSTATE. */
const SERVER_REASONS: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'its host name is not known',
  EAI_AGAIN: 'its host name cannot be looked up now',
  EHOSTUNREACH: 'its host cannot be reached',
  ENETUNREACH: 'its network cannot be reached',
  ECONNRESET: 'it ends the connection',
  ETIMEDOUT: 'it does not answer',
  CONNECT_TIMEOUT: 'it does not answer',
  CONNECTION_CLOSED: 'it ends the connection',
  '28P01': 'it refuses the user or the password',
  '28000': 'it refuses the user',
  '3D000': 'it has no database of that name',
  '42501': 'the user may not create tables there',
  '53300': 'it has no connection left',
  '57P03': 'it is starting or stopping',
}

const codeOf = (error: unknown): string | undefined => {
  for (let at = error as { code?: unknown; cause?: unknown } | undefined, depth = 0; at && depth < 8; depth++) {
    if (typeof at.code === 'string') return at.code
    at = at.cause as typeof at
  }
  return undefined
}

/** A database URL without its password and parameters. */
const shownUrl = (url: string): string => {
  if (!URL.canParse(url)) return 'the given address'
  const { protocol, username, host, pathname } = new URL(url)
  return `${protocol}//${username ? `${username}@` : ''}${host}${pathname}`
}

/** What a database that cannot be opened means to who starts the process, as one sentence; other errors stay as they are. */
export const databaseStartError = (url: string, error: unknown): unknown => {
  if (error instanceof StartError) return error
  const code = codeOf(error) ?? ''
  const isFile = url.startsWith('sqlite:')
  const reason = isFile ? (FILE_REASONS[code] ?? FILE_REASONS[code.replace(/^(SQLITE_[A-Z]+)_.*$/, '$1')]) : SERVER_REASONS[code]
  if (reason === undefined) return error
  const subject = isFile ? `The database file ${url.slice('sqlite:'.length)}` : `The database ${shownUrl(url)}`
  return new StartError(`${subject} cannot be used: ${reason} (${code}). DATABASE_URL names it.`)
}
