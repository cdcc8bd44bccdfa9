import { Database } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { StartError } from '../../errors.ts'
import { type Clock, systemClock } from '../clock.ts'
import { closeToOthers, makeDirectoryOf, privately } from '../private-files.ts'
import type { Db } from './index.ts'

/** How often the offset is measured anew. */
const SYNC_MS = 10_000

/**
 * The clock of the database: processes that share one agree on leases and due times even where their own clocks differ or jump. Between
 * two readings it advances by the monotonic time of this process; a reading whose answer takes long is inexact and is dropped.
 */
export const followDatabaseClock = async (db: Db): Promise<Clock & { stop(): void }> => {
  const read = db.statement<{ ms: number | string }>('clock_read', {
    sqlite: `select unixepoch('subsec') * 1000 as ms`,
    postgres: 'select extract(epoch from clock_timestamp()) * 1000 as ms',
  })
  /** Milliseconds since the epoch at the start of this process's monotonic time. */
  let origin = Date.now() - performance.now()
  let bestTrip = Number.POSITIVE_INFINITY
  const sync = async () => {
    const before = performance.now()
    const [row] = await read.all()
    const after = performance.now()
    const trip = after - before
    // A quick look is exact; a slow one counts only when the last quick one is long ago.
    if (trip > bestTrip * 4 && trip > 50) {
      bestTrip *= 2
      return
    }
    bestTrip = Math.max(trip, 1)
    origin = Number(row?.ms) - (before + after) / 2
  }
  await sync()
  const timer = setInterval(() => {
    // The database may be away: the clock then advances by this process's time.
    sync().catch(() => {})
  }, SYNC_MS)
  timer.unref()
  let latest = 0
  return {
    ...systemClock,
    now: () => {
      const now = Math.round(origin + performance.now())
      // Readings differ by fractions of a round trip: time must not go back for that.
      if (now < latest && latest - now < 1000) return latest
      latest = now
      return now
    },
    stop: () => clearInterval(timer),
  }
}

/** Reads how full the file system of a database's file is, 0..1. Undefined for a database that is not a file of this machine. */
export const diskUsageOf = (databaseUrl: string) => async (): Promise<number | undefined> => {
  if (!databaseUrl.startsWith('sqlite:')) return undefined
  let path = resolve(databaseUrl.slice('sqlite:'.length))
  // Before the first start neither the file nor its directory need exist.
  while (!existsSync(path) && path !== dirname(path)) path = dirname(path)
  const { blocks, bfree, bavail } = await statfs(path)
  // As `df` has it: of what an ordinary user can have.
  const used = blocks - bfree
  return used + bavail === 0 ? undefined : used / (used + bavail)
}

export interface DatabaseOptions {
  /** `sqlite:PATH`, `sqlite::memory:` or `postgres://...`. */
  url: string
  synchronous?: 'OFF' | 'NORMAL' | 'FULL'
  poolMax?: number
  statementTimeoutMs?: number
  prepared?: boolean
}

/**
 * Opens the database a URL names and brings its schema up to date. Only the dialect that is used is loaded.
 * @throws StartError when the file or the server cannot be used
 */
export const openDatabase = async ({ url, synchronous, ...pool }: DatabaseOptions): Promise<Db> => {
  try {
    if (url.startsWith('sqlite:')) {
      const { openSqlite } = await import('./sqlite.ts')
      return openSqlite({ path: url.slice('sqlite:'.length), synchronous })
    }
    const { openPostgres } = await import('./postgres.ts')
    return await openPostgres({ url, ...pool })
  } catch (error) {
    throw databaseStartError(url, error)
  }
}

/** A SQLite file of another program, opened for reading alone. */
export interface ForeignDatabase {
  tables(): string[]
  /** Rows of a table, one after the other. */
  rows(table: string): Iterable<Record<string, unknown>>
  close(): void
}

/** @throws when there is no such file, or it is no database */
export const openForeign = (path: string): ForeignDatabase => {
  const raw = new Database(path, { readonly: true, create: false })
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
  return {
    tables: () =>
      raw
        .query<{ name: string }, []>(`select name from sqlite_master where type = 'table'`)
        .all()
        .map((row) => row.name),
    rows: (table) => raw.query<Record<string, unknown>, []>(`select * from ${quoted(table)}`).iterate(),
    close: () => raw.close(),
  }
}

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
const databaseStartError = (url: string, error: unknown): unknown => {
  if (error instanceof StartError) return error
  const code = codeOf(error) ?? ''
  const isFile = url.startsWith('sqlite:')
  const reason = isFile ? (FILE_REASONS[code] ?? FILE_REASONS[code.replace(/^(SQLITE_[A-Z]+)_.*$/, '$1')]) : SERVER_REASONS[code]
  if (reason === undefined) return error
  const subject = isFile ? `The database file ${url.slice('sqlite:'.length)}` : `The database ${shownUrl(url)}`
  return new StartError(`${subject} cannot be used: ${reason} (${code}). DATABASE_URL names it.`)
}

/**
 * Takes a SQLite file for this process until it ends, because two servers on one file would take each other's running tasks. The lock is
 * a write lock on a small database beside the file: the system drops it with the process, also after kill -9, so none is ever stale.
 * Readers and backups do not ask for it; Postgres and a database in memory have none.
 * @throws StartError when another process has it, or no file can be made there
 */
export const lockDatabase = (url: string): { release(): void } | undefined => {
  if (!url.startsWith('sqlite:') || url.includes(':memory:')) return undefined
  try {
    return lockFile(url.slice('sqlite:'.length))
  } catch (error) {
    throw databaseStartError(url, error)
  }
}

const lockFile = (path: string): { release(): void } => {
  makeDirectoryOf(path)
  closeToOthers([`${path}.lock`])
  const lock = privately(() => new Database(`${path}.lock`, { create: true }))
  const inUse = (): StartError => {
    const owner = lock.query<{ pid: number; since: string }, []>('select pid, since from owner').get()
    return new StartError(
      `${path} is in use by process ${owner?.pid ?? 'unknown'} since ${owner?.since ?? 'a moment ago'}; SQLite takes one process`,
    )
  }
  try {
    // Nothing here has to outlive a power cut.
    lock.run('pragma synchronous=off')
    lock.run('create table if not exists owner (id integer primary key, pid integer not null, since text not null)')
    lock.run('insert or replace into owner values (1, ?, ?)', [process.pid, new Date().toISOString()])
    // Never committed: it lets others read who holds it, and lets nobody write.
    lock.run('begin immediate')
  } catch (error) {
    const refused = (error as { code?: string }).code === 'SQLITE_BUSY' ? inUse() : error
    lock.close()
    throw refused
  }
  return { release: () => lock.close() }
}
