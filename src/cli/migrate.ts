import { parseArgs } from 'node:util'
import { sql } from 'drizzle-orm'
import { databaseFromProcess } from '../config.ts'
import { openDatabase } from '../platform/db/open.ts'
import { redactText } from '../platform/log.ts'
import { CommandError, EXIT, type Io } from './io.ts'

export const help = `Usage: trawl migrate

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
export const run = async (args: string[], io: Io): Promise<number> => {
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
