import { Database } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type Clock, systemClock } from '../clock.ts'
import type { Db } from './index.ts'
import { databaseStartError } from './start-problem.ts'

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
