import { afterAll, describe, expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import postgres from 'postgres'
import { readMigrations } from '../../src/platform/bundled.ts'
import { openDatabase } from '../../src/platform/db/open.ts'

const PROCESSES = 4
const script = join(import.meta.dir, '../support/open-database.ts')

/** Starts the processes, lets all go at once when each is ready, and answers what they printed. */
const openTogether = async (url: string) => {
  const processes = Array.from({ length: PROCESSES }, () =>
    Bun.spawn([process.execPath, script, url], { stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' }),
  )
  const outputs = processes.map((child) => {
    const ready = Promise.withResolvers<void>()
    const done = (async () => {
      const errors = new Response(child.stderr).text()
      let text = ''
      for await (const chunk of child.stdout) {
        text += new TextDecoder().decode(chunk)
        ready.resolve()
      }
      ready.resolve()
      return { code: await child.exited, last: text.trim().split('\n').at(-1), errors: await errors }
    })()
    return { ready: ready.promise, done }
  })
  await Promise.all(outputs.map((output) => output.ready))
  for (const child of processes) {
    child.stdin.write('go\n')
    await child.stdin.end()
  }
  return Promise.all(outputs.map((output) => output.done))
}
const allWell = (dialect: 'sqlite' | 'postgres') =>
  Array.from({ length: PROCESSES }, () => ({
    code: 0,
    last: JSON.stringify({ migrations: readMigrations(dialect).length, tasks: 0 }),
    errors: '',
  }))

describe('migrations', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trawl-migrations-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('architecture §7: four processes open one fresh SQLite file at once, in a folder that does not exist yet', async () => {
    for (let round = 0; round < 3; round++)
      expect(await openTogether(`sqlite:${join(folder, `round-${round}/new/trawl.db`)}`)).toEqual(allWell('sqlite'))
  }, 300_000)

  test('a second start migrates nothing and keeps what is there', async () => {
    const url = `sqlite:${join(folder, 'kept.db')}`
    const first = await openDatabase({ url })
    await first.sql(sql`insert into task_groups (key, updated_at) values ('kept', 0) returning key`)
    await first.close()
    const second = await openDatabase({ url })
    expect(await second.sql<{ key: string }>(sql`select key from task_groups`)).toEqual([{ key: 'kept' }])
    await second.close()
  })

  test('both dialects have the same migrations', () => {
    expect(readMigrations('sqlite').map((migration) => migration.name)).toEqual(
      readMigrations('postgres').map((migration) => migration.name),
    )
  })

  const postgresUrl = process.env.TEST_DATABASE_URL
  if (!postgresUrl) console.warn('skipped: migrations [postgres] (TEST_DATABASE_URL is not set)')
  else
    test('architecture §7: four processes open one fresh Postgres database at once', async () => {
      const admin = postgres(postgresUrl, { max: 1, onnotice: () => {} })
      for (let round = 0; round < 2; round++) {
        const name = `trawl_test_${randomUUID().replaceAll('-', '')}`
        await admin.unsafe(`create database ${name}`)
        try {
          const url = new URL(postgresUrl)
          url.pathname = `/${name}`
          expect(await openTogether(url.toString())).toEqual(allWell('postgres'))
        } finally {
          await admin.unsafe(`drop database if exists ${name} with (force)`)
        }
      }
      await admin.end()
    }, 300_000)
})
