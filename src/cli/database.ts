import { chmodSync, copyFileSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { sql } from 'drizzle-orm'
import { backupFromProcess, databaseFromProcess } from '../config.ts'
import { openDatabase } from '../platform/db/open.ts'
import { BackupError, backupSqlite, nameForGood, restoreSqlite } from '../platform/db/sqlite-backup.ts'
import { redactText } from '../platform/log.ts'
import { CommandError, EXIT, type Io, UsageError } from './io.ts'

/** Beside a backup: the key file of the data directory, without which stored credentials stay unreadable. */
const keyBeside = (file: string) => `${file}.encryption.key`

export const help = `Usage: trawl backup FILE | trawl restore FILE

backup copies the SQLite database of DATABASE_URL (default sqlite:data/trawl.db) to FILE while the server runs: one moment's content,
read through before FILE gets its name. It never overwrites. The key file of the data directory goes along as FILE.encryption.key;
with ENCRYPTION_KEYS set there is none, and the keys have to be kept elsewhere.

restore puts FILE in the place of that database, and its key file in the place of the other. The server must not run. What was there
is kept beside it. A backup of an earlier release is brought up to date at the next start; one of a later release is refused.

Postgres: pg_dump and pg_restore, see docs/operations/backup-and-upgrade.md. Exit: 0, 2 wrong usage, 3 when it cannot be done.
`

/** Path of the SQLite database of the environment. @throws CommandError for another one */
const databasePath = () => {
  const { url, keyFile, hasKeys } = backupFromProcess()
  if (!url.startsWith('sqlite:'))
    throw new CommandError(
      'DATABASE_URL is Postgres: use pg_dump --format=custom and pg_restore, see docs/operations/backup-and-upgrade.md',
    )
  const path = url.slice('sqlite:'.length)
  if (path.includes(':memory:')) throw new CommandError('a database in memory has no file')
  return { path, keyFile, hasKeys }
}

/** `FILE` of the command line. @throws UsageError */
const fileOf = (args: string[], cwd: string): string => {
  const { positionals } = parseArgs({ args, allowPositionals: true, options: {} })
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0) throw new UsageError('exactly one FILE is needed')
  return resolve(cwd, file)
}

/** Turns a BackupError into the command's own error, which is printed without a stack. */
const asCommandError = <T>(action: () => T): T => {
  try {
    return action()
  } catch (error) {
    if (error instanceof BackupError) throw new CommandError(error.message)
    throw error
  }
}

/** A whole copy under its name, or none. */
const copyKey = (from: string, to: string) => {
  const partial = `${to}.partial-${process.pid}`
  try {
    copyFileSync(from, partial)
    chmodSync(partial, 0o600)
    nameForGood(partial, to)
  } finally {
    rmSync(partial, { force: true })
  }
}
const megabytes = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MB`

/** `trawl backup` */
export const run = async (args: string[], io: Io): Promise<number> => {
  const file = fileOf(args, io.cwd)
  const { path, keyFile, hasKeys } = databasePath()
  const key = !hasKeys && existsSync(keyFile) ? keyBeside(file) : undefined
  return asCommandError(() => {
    // The key first: a database that has its name has its key.
    if (key !== undefined) {
      if (existsSync(file)) throw new BackupError(`${file} exists already`)
      copyKey(keyFile, key)
    }
    try {
      const { bytes, migration } = backupSqlite(path, file)
      io.out(`${file}: ${megabytes(bytes)}, at ${migration}\n`)
    } catch (error) {
      if (key !== undefined) rmSync(key, { force: true })
      throw error
    }
    if (key !== undefined) io.out(`${key}: the key of stored credentials; who has both files can read them\n`)
    else if (hasKeys)
      io.out('ENCRYPTION_KEYS is not in it: keep the keys where they are, without them stored credentials are lost\n')
    return EXIT.ok
  })
}

/** `trawl restore` */
export const runRestore = async (args: string[], io: Io): Promise<number> => {
  const file = fileOf(args, io.cwd)
  const { path, keyFile, hasKeys } = databasePath()
  return asCommandError(() => {
    const { inspected, kept } = restoreSqlite(file, path, io.clock.now())
    io.out(`${path}: ${megabytes(inspected.bytes)}, at ${inspected.migration}\n`)
    if (kept !== undefined) io.out(`what was there is ${kept}\n`)
    const key = keyBeside(file)
    if (hasKeys) io.out('stored credentials are read with ENCRYPTION_KEYS\n')
    else if (!existsSync(key)) io.out(`no ${key}: stored credentials are read with ${keyFile}, if it is the one of then\n`)
    else if (!existsSync(keyFile) || readFileSync(keyFile, 'utf8') !== readFileSync(key, 'utf8')) {
      if (existsSync(keyFile))
        renameSync(keyFile, `${keyFile}.replaced-${new Date(io.clock.now()).toISOString().replaceAll(':', '-')}`)
      copyKey(key, keyFile)
      io.out(`${keyFile} is the key of the backup\n`)
    }
    return EXIT.ok
  })
}

export const migrateHelp = `Usage: trawl migrate

Brings the schema of DATABASE_URL (default sqlite:data/trawl.db) up to date and says what it is at. A server does so at its start
too; this is for deployments that migrate first. Several may run at once. Exit: 0, or 3 when the database cannot be used.
`

/** A database's name without what opens it. */
const displayUrl = (url: string) => {
  if (url.startsWith('sqlite:')) return url
  const { host, pathname } = new URL(url)
  return `postgres://${host}${pathname}`
}

/** `trawl migrate` */
export const runMigrate = async (args: string[], io: Io): Promise<number> => {
  parseArgs({ args, options: {} })
  const database = databaseFromProcess()
  const db = await openDatabase(database).catch((error) => {
    throw new CommandError(`${displayUrl(database.url)}: ${redactText(error instanceof Error ? error.message : String(error))}`)
  })
  try {
    const rows = await db.sql<{ name: string }>(sql`select name from trawl_migrations order by name`)
    io.out(`${displayUrl(database.url)} is at ${rows.at(-1)?.name ?? 'nothing'} (${rows.length} migrations)\n`)
  } finally {
    await db.close()
  }
  return EXIT.ok
}
