import { afterAll, beforeAll, describe } from 'bun:test'
import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { readMigrations } from '../../src/platform/bundled.ts'
import type { Db } from '../../src/platform/db/index.ts'
import { openPostgres } from '../../src/platform/db/postgres.ts'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { deleteTestQueues } from './broker.ts'

export interface TestDatabase {
  dialect: 'sqlite' | 'postgres'
  /** An empty, migrated database. The one before it is closed or emptied. */
  fresh(): Promise<Db>
  /** Another connection to the same data, where the dialect has one. */
  second(): Promise<Db>
  /** Another empty, migrated database beside it, for what runs side by side. */
  separate(): Promise<Db>
}

/** How many databases have been emptied so far: what belongs to an older one must not reach the next. */
let generation = 0
export const databaseGeneration = () => generation

const postgresUrl = process.env.TEST_DATABASE_URL
/** Statements of the data migrations. */
const seedsOf = (dialect: 'sqlite' | 'postgres') =>
  readMigrations(dialect).flatMap(({ statements }) => statements.filter((statement) => /^(?:--.*\n)*INSERT INTO/.test(statement)))
const SEEDS = seedsOf('postgres')
const SQLITE_SEEDS = seedsOf('sqlite')

/**
 * Empties every table, starts its ids anew and puts back the rows that migrations bring, in one round trip. Deleting the few rows of a test
 * is far quicker than truncating two dozen tables.
 */
const EMPTY = `do $empty$ declare t record; begin
  -- In any order of the tables, where the user may: foreign keys without a cascade would ask for one.
  begin set local session_replication_role = replica; exception when insufficient_privilege then null; end;
  for t in select tablename as name from pg_tables where schemaname = 'public' and tablename <> 'trawl_migrations' loop
    execute format('delete from %I', t.name);
  end loop;
  for t in select sequencename as name from pg_sequences where schemaname = 'public' and last_value is not null loop
    execute format('alter sequence %I restart', t.name);
  end loop;
${SEEDS.map((statement) => `  ${statement.replace(/;\s*$/, '')};`).join('\n')}
end $empty$`

/** The same for SQLite: to migrate a new one takes ten times as long. */
const emptySqlite = async (db: Db): Promise<void> => {
  const { sql } = await import('drizzle-orm')
  const tables = await db.sql<{ name: string }>(sql`select name from sqlite_master where type = 'table'
    and name not like 'sqlite_%' and name not like 'product_words%' and name <> 'trawl_migrations'`)
  await db.tx(function* (tx) {
    // Checked at the end: the tables are emptied in any order.
    yield* tx.sql(sql`pragma defer_foreign_keys = on`)
    for (const { name } of tables) yield* tx.sql(sql.raw(`delete from "${name}"`))
    yield* tx.sql(sql`insert into product_words (product_words) values ('delete-all')`)
    yield* tx.sql(sql`delete from sqlite_sequence`)
    for (const statement of SQLITE_SEEDS) yield* tx.sql(sql.raw(statement))
  })
}

const endings = new Map<Db, (() => Promise<void>)[]>()
/** What to end with the data of a database: connections of an app that has nothing left to work on. */
export const whenEmptied = (db: Db, end: () => Promise<void>): void => {
  endings.set(db, [...(endings.get(db) ?? []), end])
}
const endAll = async (dbs: Db[]): Promise<void> => {
  for (const db of dbs) {
    const ends = endings.get(db) ?? []
    endings.delete(db)
    for (const end of ends) await end()
  }
}

const urlOf = (name: string) => {
  const url = new URL(postgresUrl as string)
  url.pathname = `/${name}`
  return url.toString()
}
const TEMPLATES = 'trawl_test_template_'
/** Named after the migrations, so that it is made anew when they change. */
const TEMPLATE = `${TEMPLATES}${Bun.hash(JSON.stringify(readMigrations('postgres'))).toString(36)}`
/** Any number that no other lock of the server has. */
const TEMPLATE_LOCK = 7_265_491_002

/**
 * Makes the migrated database that those of the test files are copies of, if it is not there: migrating takes ten times as long as a
 * copy. It stays on the server for the next run, and goes when another takes its place.
 */
const makeTemplate = async (admin: postgres.Sql) => {
  await admin`select pg_advisory_lock(${TEMPLATE_LOCK}::bigint)`
  try {
    const names = (
      await admin<{ name: string }[]>`select datname as name from pg_database where datname like ${`${TEMPLATES}%`}`
    ).map(({ name }) => name)
    if (names.includes(TEMPLATE)) return
    for (const name of names) await admin.unsafe(`drop database if exists ${name} with (force)`)
    const unfinished = `${TEMPLATES}unfinished`
    await admin.unsafe(`create database ${unfinished}`)
    await (await openPostgres({ url: urlOf(unfinished), poolMax: 1 })).close()
    await admin.unsafe(`alter database ${unfinished} rename to ${TEMPLATE}`)
  } finally {
    await admin`select pg_advisory_unlock(${TEMPLATE_LOCK}::bigint)`
  }
}
const isMissing = (error: unknown) => (error as { code?: string }).code === '3D000'
const copyTemplate = async (admin: postgres.Sql, name: string): Promise<void> => {
  await makeTemplate(admin)
  // A run on other migrations may have put its own in the place of this one just now.
  await admin.unsafe(`create database ${name} template ${TEMPLATE}`).catch((error) => {
    if (!isMissing(error)) throw error
    return copyTemplate(admin, name)
  })
}

/** A Postgres database of its own for one test file, empty or migrated, dropped at its end. Needs `TEST_DATABASE_URL`. */
export const ownPostgres = async ({ isMigrated = false } = {}) => {
  const name = `trawl_test_${randomUUID().replaceAll('-', '')}`
  const admin = postgres(postgresUrl as string, { max: 1, onnotice: () => {} })
  if (isMigrated) await copyTemplate(admin, name)
  else await admin.unsafe(`create database ${name}`)
  // Thousands of small commits: their fsyncs are most of a run's time, and no suite here cuts the power.
  await admin.unsafe(`alter database ${name} set synchronous_commit = off`)
  return {
    url: urlOf(name),
    drop: async () => {
      await admin.unsafe(`drop database if exists ${name} with (force)`)
      await admin.end()
    },
  }
}

/** The migrated Postgres database of one suite, made when it is first asked for, dropped at the end of the file. */
const preparedPostgres = () => {
  let own: ReturnType<typeof ownPostgres> | undefined
  afterAll(async () => {
    await (await own)?.drop()
  })
  return {
    get: () => {
      own ??= ownPostgres({ isMigrated: true })
      // The first test that needs it reports why there is none.
      own.catch(() => {})
      return own
    },
  }
}

/**
 * Runs the same suite on SQLite always and on Postgres when `TEST_DATABASE_URL` is set. A missing Postgres is printed, never silent.
 */
export const onEachDatabase = (name: string, suite: (database: TestDatabase) => void) => {
  const prepared = preparedPostgres()
  // `bun run test` has run these halves; see scripts/test-services.ts.
  const ranBefore = process.env.TEST_WORLD === 'services'
  describe.skipIf(ranBefore)(`${name} [sqlite]`, () => {
    let open: Db | undefined
    const separate: Db[] = []
    // The server copies the file's Postgres database while this half runs.
    if (postgresUrl) beforeAll(() => void prepared.get())
    afterAll(async () => {
      await open?.close()
      for (const db of separate) await db.close()
    })
    suite({
      dialect: 'sqlite',
      async fresh() {
        generation++
        if (open) await emptySqlite(open)
        else open = openSqlite({ path: ':memory:' })
        return open
      },
      second: async () => open as Db,
      async separate() {
        const db = openSqlite({ path: ':memory:' })
        separate.push(db)
        return db
      },
    })
  })
  if (!postgresUrl) {
    console.warn(`skipped: ${name} [postgres] (TEST_DATABASE_URL is not set)`)
    return
  }
  describe(`${name} [postgres]`, () => {
    const open: Db[] = []
    const connect = async () => {
      const db = await openPostgres({ url: (await prepared.get()).url, poolMax: 8 })
      open.push(db)
      return db
    }
    let first: Db | undefined
    const drops: (() => Promise<void>)[] = []
    afterAll(async () => {
      await endAll(open)
      for (const db of open) await db.close()
      await deleteTestQueues()
      for (const drop of drops) await drop()
    })
    suite({
      dialect: 'postgres',
      async fresh() {
        generation++
        first ??= await connect()
        await endAll(open)
        const { sql } = await import('drizzle-orm')
        await first.sql(sql.raw(EMPTY))
        return first
      },
      second: connect,
      async separate() {
        const { url, drop } = await ownPostgres({ isMigrated: true })
        const db = await openPostgres({ url, poolMax: 8 })
        open.push(db)
        drops.push(drop)
        return db
      },
    })
  })
}
