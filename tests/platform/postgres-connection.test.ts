import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { databaseProblem, toAppError } from '../../src/errors.ts'
import type { Db } from '../../src/platform/db/index.ts'
import { openPostgres } from '../../src/platform/db/postgres.ts'
import { engineTables } from '../../src/tasks/tables.ts'
import { ownPostgres } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'

const own = process.env.TEST_DATABASE_URL ? ownPostgres : undefined
if (!own) console.warn('skipped: what a connection brings over [postgres] (TEST_DATABASE_URL is not set)')

/** The driver keeps the state of an answer with the connection, and the connection outlives what failed on it (`patches/`). */
describe.skipIf(!own)('what failed on a connection is not part of the next answer [postgres]', () => {
  let database: Awaited<ReturnType<typeof ownPostgres>>
  let db: Db
  let other: Db
  beforeAll(async () => {
    database = await ownPostgres()
    // One connection: what comes next is asked over the same.
    db = await openPostgres({ url: database.url, poolMax: 1 })
    other = await openPostgres({ url: database.url, poolMax: 1 })
  })
  afterAll(async () => {
    await db?.close()
    await other?.close()
    await database?.drop()
  })
  const next = () => db.sql<{ n: number }>(sql`select 7 as n`)
  const failure = (statement: Promise<unknown>) =>
    statement.then(
      () => undefined,
      (error) => databaseProblem(error) ?? error.cause.code,
    )

  test('a statement that fails after some of its rows', async () => {
    expect(await failure(db.sql(sql`select 1 / (4 - n) from generate_series(1, 10) as n`))).toBe('22012')
    expect(await next()).toEqual([{ n: 7 }])
  })

  test('O1: a statement over its limit is 503 with Retry-After, and so are transactions that met too often', async () => {
    const hurried = await openPostgres({ url: database.url, poolMax: 1, statementTimeoutMs: 100 })
    const error = await hurried.sql(sql`select pg_sleep(20)`).catch((thrown) => thrown)
    await hurried.close()
    expect(databaseProblem(error)).toBe('timeout')
    for (const thrown of [error, { cause: { code: '40P01' } }]) {
      const { status, code, headers } = toAppError(thrown)
      expect([status, code, headers]).toEqual([503, 'unavailable', { 'retry-after': '5' }])
    }
  })

  test('a connection that is ended after some of its rows', async () => {
    const failed = failure(db.sql(sql`select n, case when n > 3 then pg_sleep(60) end from generate_series(1, 10) as n`))
    await eventually(
      () =>
        other.sql(sql`select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and wait_event = 'PgSleep'`),
      (ended) => ended.length > 0,
    )
    expect(await failed).toBe('unreachable')
    expect(await next()).toEqual([{ n: 7 }])
    expect(await next()).toEqual([{ n: 7 }])
  })

  test('how times and bytes are written does not depend on what is set for the database', async () => {
    const [{ name }] = (await db.sql<{ name: string }>(sql`select current_database() as name`)) as [{ name: string }]
    const set: [string, string, string][] = [
      ['timezone', 'Europe/Moscow', 'UTC'],
      ['datestyle', 'German, DMY', 'ISO, MDY'],
      ['bytea_output', 'escape', 'hex'],
      ['default_transaction_isolation', 'repeatable read', 'read committed'],
    ]
    for (const [setting, value] of set) await other.sql(sql.raw(`alter database ${name} set ${setting} = '${value}'`))
    for (const prepared of [true, false]) {
      const opened = await openPostgres({ url: database.url, poolMax: 1, prepared })
      const { tasks } = engineTables(opened.kit)
      const times = ['1800-01-01T00:00:00.000Z', '2026-02-03T04:05:06.789Z'].map((text) => new Date(text))
      const row = { kind: 'a', payload: {}, priority: 1, state: 'completed' as const, maxAttempts: 1, updatedAt: times[1]! }
      for (const at of times)
        await opened.tx(function* (tx) {
          yield tx.insert(tasks).values({ ...row, id: crypto.randomUUID(), runAfter: at, createdAt: at })
        })
      const read = await opened.q.select({ at: tasks.runAfter }).from(tasks).orderBy(tasks.runAfter)
      expect(read.map(({ at }) => at)).toEqual(times)
      const known = prepared ? set : set.slice(0, 2)
      for (const [setting, , ours] of known)
        expect(await opened.sql<{ value: string }>(sql`select current_setting(${setting}) as value`)).toEqual([{ value: ours }])
      await opened.sql(sql`delete from tasks`)
      await opened.close()
    }
    for (const [setting] of set) await other.sql(sql.raw(`alter database ${name} reset ${setting}`))
  })
})
