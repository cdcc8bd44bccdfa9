import { Database } from 'bun:sqlite'
import { afterAll, expect, test } from 'bun:test'
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readMigrations } from '../../src/platform/bundled.ts'
import { eventually } from '../support/eventually.ts'
import { killLeftovers, ownDirectory, type Server, startServer } from '../support/processes.ts'

const CLI = join(import.meta.dir, '../../src/cli/index.ts')
const BATCH = 40
const CLIENTS = 3

const directories: ReturnType<typeof ownDirectory>[] = []
const own = () => {
  const directory = ownDirectory()
  directories.push(directory)
  return directory
}
afterAll(async () => {
  await killLeftovers()
  for (const directory of directories) directory.remove()
})

/** A command line as a process of its own, as an operator runs it. */
const trawl = async (database: string, ...argv: string[]) => {
  const child = Bun.spawn([process.execPath, CLI, ...argv], {
    env: { PATH: process.env.PATH ?? '', DATABASE_URL: database.includes(':') ? database : `sqlite:${database}` },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [code, out, err] = await Promise.all([child.exited, new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { code, out, err }
}
const stop = async (server: Server) => {
  server.child.kill('SIGTERM')
  expect(await server.child.exited).toBe(0)
}
const ingest = (server: Server, client: number, batch: number) =>
  server.call('POST', '/internal/ingest-batch', {
    source_id: 0,
    items: Array.from({ length: BATCH }, (_, n) => ({
      title: `Чай ${client}.${batch}.${n}`,
      product_url: `https://shop.example/${client}/${batch}/${n}`,
      site_key: `s${client}`,
      price: n + 1,
    })),
  })

/** Every row of every table, without what SQLite keeps for itself. */
const contentOf = (path: string): Record<string, unknown[]> => {
  const db = new Database(path, { readonly: true })
  try {
    const tables = db
      .query<{ name: string }, []>(
        "select name from sqlite_schema where type = 'table' and name not like 'product\\_words\\_%' escape '\\' order by name",
      )
      .all()
      .map(({ name }) => name)
    return Object.fromEntries(
      tables.map((name) => [
        name,
        (name === 'product_words'
          ? // Contentless: what can be asked of it is which rows have a word.
            db.query("select rowid as id from product_words where product_words match 'ча*' order by 1").all()
          : db.query(`select * from "${name}"`).all()
        )
          .map((row) => JSON.stringify(row))
          .sort(),
      ]),
    )
  } finally {
    db.close()
  }
}

test('a backup while the server writes is one moment of it, a restore of it is the same again', async () => {
  const home = own()
  let server = await startServer(home.database)
  // A secret under the key file of the data directory.
  const crawler = { authorization: 'Bearer dev-crawler-token' }
  const stored = await server.call(
    'POST',
    '/api/internal2/tasks',
    {
      data: {
        id: 't1',
        type: 'FETCH_ISSUES',
        credentials: { accessToken: 'glpat-of-the-backup' },
        apiEndpoint: 'https://gitlab.example/api/v4',
      },
    },
    crawler,
  )
  expect(stored.status).toBe(201)
  expect(existsSync(join(home.path, 'encryption.key'))).toBe(true)

  let over = false
  const answered: string[] = []
  const failed: unknown[] = []
  const clients = Array.from({ length: CLIENTS }, async (_, client) => {
    for (let batch = 0; !over; batch++) {
      const { status, body } = await ingest(server, client, batch)
      if (status === 200) answered.push(`${client}/${batch}`)
      else failed.push(body)
    }
  })
  await eventually(
    async () => answered.length,
    (count) => count >= 30,
  )

  const rounds: { file: string; before: Set<string> }[] = []
  for (let round = 0; round < 4; round++) {
    const file = join(home.path, `backup-${round}.db`)
    const before = new Set(answered)
    const { code, out, err } = await trawl(home.database, 'backup', file)
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain(`${file}: `)
    rounds.push({ file, before })
    const reached = answered.length
    // The writers were not stopped by it.
    await eventually(
      async () => answered.length,
      (count) => count > reached,
    )
  }
  over = true
  await Promise.all(clients)
  expect(failed).toEqual([])

  for (const { file, before } of rounds) {
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const db = new Database(file, { readonly: true })
    expect(db.query('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
    const batches = db
      .query<{ batch: string; n: number }, []>(
        "select substr(product_url, 22, instr(substr(product_url, 24), '/') + 1) as batch, count(*) as n from products group by 1",
      )
      .all()
    db.close()
    // Whole batches only, and every one that was answered before the backup began.
    expect(batches.filter(({ n }) => n !== BATCH)).toEqual([])
    const has = new Set(batches.map(({ batch }) => batch))
    expect([...before].filter((batch) => !has.has(batch))).toEqual([])
  }
  console.log(
    `backup.test.ts: ${answered.length} batches of ${BATCH} answered meanwhile, backups with ${rounds.map(({ before }) => before.size).join(', ')} and more of them`,
  )

  // At rest a backup is the database, row by row.
  await stop(server)
  const last = join(home.path, 'last.db')
  expect((await trawl(home.database, 'backup', last)).code).toBe(0)
  expect(contentOf(last)).toEqual(contentOf(home.database))

  // On another machine, so to say: a restore brings the rows, the words to search, the key.
  const other = own()
  const restored = await trawl(other.database, 'restore', last)
  expect([restored.code, restored.err]).toEqual([0, ''])
  expect(contentOf(other.database)).toEqual(contentOf(home.database))
  expect(readFileSync(join(other.path, 'encryption.key'), 'utf8')).toBe(readFileSync(join(home.path, 'encryption.key'), 'utf8'))
  expect(statSync(join(other.path, 'encryption.key')).mode & 0o777).toBe(0o600)
  server = await startServer(other.database)
  const leased = await server.call('POST', '/api/internal2/tasks/lease', { workerId: 'w' }, crawler)
  expect(leased.body.data[0].credentials.accessToken).toBe('glpat-of-the-backup')
  const found = await server.call('GET', `/internal/products?q=${encodeURIComponent('чай')}&limit=5`)
  expect(found.body.items.length).toBe(5)
  expect((await ingest(server, 9, 9)).status).toBe(200)
  await stop(server)
}, 300_000)

test('a restore waits for no server, keeps what was there, and takes a backup of an earlier release but none of a later one', async () => {
  const home = own()
  const server = await startServer(home.database)
  expect((await ingest(server, 1, 1)).status).toBe(200)
  const file = join(home.path, 'one.db')
  expect((await trawl(home.database, 'backup', file)).code).toBe(0)
  expect((await ingest(server, 1, 2)).status).toBe(200)

  const inUse = await trawl(home.database, 'restore', file)
  expect([inUse.code, inUse.out]).toEqual([3, ''])
  expect(inUse.err).toContain('is open in another process')
  expect((await ingest(server, 1, 3)).status).toBe(200)
  // Killed, so that its last writes are in the log alone.
  server.child.kill('SIGKILL')
  await server.child.exited

  const rowsOf = (path: string) => contentOf(path).products?.length
  const restored = await trawl(home.database, 'restore', file)
  expect([restored.code, restored.err]).toEqual([0, ''])
  expect(rowsOf(home.database)).toBe(BATCH)
  const kept = readdirSync(home.path).find((name) => name.startsWith('trawl.db.replaced-') && !/-(wal|shm)$/.test(name)) as string
  expect(rowsOf(join(home.path, kept))).toBe(3 * BATCH)

  const change = (name: string, sql: string) => {
    const path = join(home.path, name)
    writeFileSync(path, readFileSync(file))
    const db = new Database(path)
    db.run(sql)
    db.close()
    return path
  }
  const later = await trawl(home.database, 'restore', change('later.db', "insert into trawl_migrations values ('9999_later', 1)"))
  expect(later.code).toBe(3)
  expect(later.err).toContain('made by a later release, which knows 9999_later')
  expect(rowsOf(home.database)).toBe(BATCH)

  for (const [what, name, message] of [
    ['a text', 'text.db', 'cannot be read as a database'],
    ['a database of others', 'others.db', 'is no database of Trawl'],
    ['half a backup', 'half.db', ''],
  ] as const) {
    const path = join(home.path, name)
    if (name === 'text.db') writeFileSync(path, 'no database at all, only words')
    else if (name === 'others.db') new Database(path, { create: true }).run('create table t (a)')
    else writeFileSync(path, readFileSync(file).subarray(0, statSync(file).size / 2))
    const refused = await trawl(home.database, 'restore', path)
    expect([what, refused.code]).toEqual([what, 3])
    expect(refused.err).toContain(message)
    expect(rowsOf(home.database)).toBe(BATCH)
  }
  // An earlier release's: a start brings it up to date.
  const migrations = readMigrations('sqlite')
  const earlier = join(home.path, 'earlier.db')
  const db = new Database(earlier, { create: true })
  for (const statement of migrations[0]?.statements ?? []) db.run(statement)
  db.run('create table trawl_migrations (name text primary key, applied_at integer not null)')
  db.query('insert into trawl_migrations values (?, 1)').run(migrations[0]?.name as string)
  db.close()
  const old = own()
  expect((await trawl(old.database, 'restore', earlier)).out).toContain(`at ${migrations[0]?.name}`)
  const upgraded = await startServer(old.database)
  expect((await ingest(upgraded, 1, 1)).status).toBe(200)
  await stop(upgraded)
  expect(contentOf(old.database).trawl_migrations?.length).toBe(migrations.length)

  // A damaged database is what backups are for.
  writeFileSync(home.database, 'nothing but noise')
  expect((await trawl(home.database, 'restore', file)).code).toBe(0)
  expect(rowsOf(home.database)).toBe(BATCH)
  expect(readdirSync(home.path).filter((name) => name.includes('.partial-'))).toEqual([])
}, 300_000)

test('a backup overwrites nothing and leaves nothing behind when it cannot be done', async () => {
  const home = own()
  const server = await startServer(home.database)
  expect((await ingest(server, 1, 1)).status).toBe(200)
  const file = join(home.path, 'taken.db')
  writeFileSync(file, 'mine')
  const taken = await trawl(home.database, 'backup', file)
  expect([taken.code, taken.out]).toEqual([3, ''])
  expect(taken.err).toContain('exists already')
  expect(readFileSync(file, 'utf8')).toBe('mine')

  for (const [argv, code] of [
    [['backup'], 2],
    [['backup', 'a', 'b'], 2],
    [['restore'], 2],
    [['backup', '--wrong', 'a'], 2],
    [['backup', join(home.path, 'no/such/folder.db')], 3],
    [['restore', join(home.path, 'none.db')], 3],
  ] as [string[], number][])
    expect([argv, (await trawl(home.database, ...argv)).code]).toEqual([argv, code])
  const missing = await trawl(join(home.path, 'none.db'), 'backup', join(home.path, 'x.db'))
  expect([missing.code, missing.err]).toEqual([3, expect.stringContaining('does not exist')])
  const postgres = await trawl('postgres://someone:pass1234word@127.0.0.1:9/x', 'backup', join(home.path, 'x.db'))
  expect(postgres.code).toBe(3)
  expect(postgres.err).toContain('pg_dump')
  expect(postgres.err).not.toContain('pass1234word')

  // A full disk: the reason is printed, the server keeps running.
  if (process.getuid?.() !== 0) {
    chmodSync(home.path, 0o500)
    expect((await trawl(home.database, 'backup', join(home.path, 'x.db'))).code).toBe(3)
    chmodSync(home.path, 0o700)
  }
  const full = await trawl(home.database, 'backup', '/dev/full/x.db')
  expect(full.code).toBe(3)
  expect((await ingest(server, 1, 2)).status).toBe(200)
  await stop(server)
  expect(readdirSync(home.path).filter((name) => name.includes('partial') || name === 'x.db')).toEqual([])
}, 300_000)
