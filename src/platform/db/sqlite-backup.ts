import { Database } from 'bun:sqlite'
import { randomUUID } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { readMigrations } from '../bundled.ts' with { type: 'macro' }
import { makeDirectoryOf, privately } from '../private-files.ts'

const MIGRATIONS = readMigrations('sqlite').map(({ name }) => name)
/** How long a lock of the moment is waited for: a start of a server, a checkpoint. */
const BUSY_MS = 10_000
/** Longer would only delay the word that a server runs. */
const IN_USE_MS = 500

/** A backup or a restore that cannot be done; the message gives the reason, and what to do. */
export class BackupError extends Error {
  override name = 'BackupError'
}

/** What a database file is. */
export interface Inspected {
  bytes: number
  /** The last migration it has. */
  migration: string
  /** Migrations of a later release than this one. */
  unknown: string[]
}

/** Makes a file, or a name in a directory, outlive a power cut. */
const syncToDisk = (path: string): void => {
  const handle = openSync(path, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Gives a whole file its name, for good. @throws BackupError when the name is taken, also if another process took it a moment earlier */
export const nameForGood = (partial: string, path: string): void => {
  syncToDisk(partial)
  try {
    // Unlike a rename, a link never takes the place of another file.
    linkSync(partial, path)
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'EEXIST') throw new BackupError(`${path} exists already`)
    // A file system without links, such as a mounted share.
    if (existsSync(path)) throw new BackupError(`${path} exists already`)
    renameSync(partial, path)
  }
  rmSync(partial, { force: true })
  syncToDisk(dirname(path) || '.')
}

const open = (path: string, busyMs: number): Database => {
  const raw = new Database(path, { readwrite: true, create: false })
  raw.run(`pragma busy_timeout=${busyMs}`)
  return raw
}

/** Reads a database file through. @throws BackupError when it is none of ours, or damaged */
const inspect = (path: string): Inspected => {
  let raw: Database | undefined
  try {
    raw = open(path, BUSY_MS)
    const [first] = raw.query<{ integrity_check: string }, []>('pragma integrity_check(1)').all()
    if (first?.integrity_check !== 'ok') throw new BackupError(`${path} is damaged: ${first?.integrity_check}`)
    if (raw.query('pragma foreign_key_check').get() !== null)
      throw new BackupError(`${path} is damaged: rows refer to missing ones`)
    if (!raw.query("select 1 from sqlite_schema where name = 'trawl_migrations'").get())
      throw new BackupError(`${path} is no database of Trawl`)
    const names = raw
      .query<{ name: string }, []>('select name from trawl_migrations order by name')
      .all()
      .map(({ name }) => name)
    return {
      bytes: statSync(path).size,
      migration: names.at(-1) ?? 'nothing',
      unknown: names.filter((name) => !MIGRATIONS.includes(name)),
    }
  } catch (error) {
    if (error instanceof BackupError) throw error
    throw new BackupError(`${path} cannot be read as a database: ${(error as Error).message}`)
  } finally {
    raw?.close()
  }
}

/**
 * Copies a SQLite database to a file of its own while others write to it: one moment's content, read through before it gets its
 * name. Ids stay; `rowid`s of tables without an integer key may be numbered anew, which nothing here relies on.
 * @throws BackupError, leaving no file behind
 */
export const backupSqlite = (from: string, to: string): Inspected => {
  if (!existsSync(from)) throw new BackupError(`${from} does not exist`)
  if (existsSync(to)) throw new BackupError(`${to} exists already`)
  if (!existsSync(dirname(to) || '.')) throw new BackupError(`the directory of ${to} does not exist`)
  const partial = `${to}.partial-${randomUUID()}`
  try {
    // An empty file that only its owner can read, because it will hold people's data. VACUUM INTO fills an empty file.
    closeSync(openSync(partial, 'wx', 0o600))
    const raw = open(from, BUSY_MS)
    try {
      raw.query('vacuum into ?').run(partial)
    } finally {
      raw.close()
    }
    const inspected = inspect(partial)
    nameForGood(partial, to)
    return inspected
  } catch (error) {
    rmSync(partial, { force: true })
    if (error instanceof BackupError) throw error
    throw new BackupError(`${from} could not be copied: ${(error as Error).message}`)
  }
}

/**
 * Locks a database for this process alone, with its WAL merged into its one file, until the returned function is called.
 * @throws BackupError when a server, or any other process, has it open
 */
const holdAlone = (path: string): (() => void) => {
  const raw = open(path, IN_USE_MS)
  try {
    // With a write-ahead log every open connection keeps a shared lock, which this one excludes.
    raw.run('pragma locking_mode=exclusive')
    raw.run('begin exclusive')
    raw.run('commit')
    raw.query('pragma wal_checkpoint(truncate)').get()
    raw.query('pragma journal_mode=delete').get()
    raw.run('begin exclusive')
    return () => raw.close()
  } catch (error) {
    raw.close()
    if (/^SQLITE_BUSY/.test(String((error as { code?: string }).code)))
      throw new BackupError(`${path} is open in another process: stop the server first`)
    throw error
  }
}

/**
 * Puts a backup in the place of a database that no process has open. The old file is kept beside it, under the returned name.
 * @throws BackupError, having changed nothing
 */
export const restoreSqlite = (from: string, to: string, now: number): { inspected: Inspected; kept: string | undefined } => {
  if (!existsSync(from)) throw new BackupError(`${from} does not exist`)
  makeDirectoryOf(to)
  const partial = `${to}.partial-${randomUUID()}`
  const aside = `${to}.replaced-${new Date(now).toISOString().replaceAll(':', '-')}`
  try {
    // The copy is checked, so the backup itself is never written to.
    privately(() => copyFileSync(from, partial))
    chmodSync(partial, 0o600)
    const inspected = inspect(partial)
    if (inspected.unknown.length > 0)
      throw new BackupError(
        `${from} was made by a later release, which knows ${inspected.unknown.join(', ')}: restore with that one`,
      )
    if (!existsSync(to)) {
      nameForGood(partial, to)
      return { inspected, kept: undefined }
    }
    let release: (() => void) | undefined
    try {
      release = holdAlone(to)
    } catch (error) {
      // A damaged one is what backups are for; its log goes with it.
      if (error instanceof BackupError) throw error
    }
    try {
      for (const end of ['', '-wal', '-shm']) if (existsSync(to + end)) renameSync(to + end, aside + end)
      nameForGood(partial, to)
    } finally {
      release?.()
    }
    return { inspected, kept: aside }
  } finally {
    for (const end of ['', '-wal', '-shm', '-journal']) rmSync(partial + end, { force: true })
  }
}
