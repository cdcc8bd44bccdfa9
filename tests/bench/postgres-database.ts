import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { openDatabase } from '../../src/platform/db/open.ts'

/** Where the lines that need Postgres find it; a run without it says that they were left out. */
export const postgresUrl = process.env.TEST_DATABASE_URL

/** A database of its own with our tables (unless `isMigrated` is false), and what drops it again. The server's settings are as they are: commits are durable. */
export const ownPostgres = async (isMigrated = true) => {
  const admin = postgres(postgresUrl as string, { max: 1, onnotice: () => {} })
  const name = `trawl_bench_${randomUUID().replaceAll('-', '')}`
  await admin.unsafe(`create database ${name}`)
  const url = Object.assign(new URL(postgresUrl as string), { pathname: `/${name}` }).toString()
  if (isMigrated) await (await openDatabase({ url, poolMax: 2 })).close()
  return {
    url,
    drop: async () => {
      await admin.unsafe(`drop database if exists ${name} with (force)`)
      await admin.end()
    },
  }
}
