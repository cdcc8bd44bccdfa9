import { Database } from 'bun:sqlite'
import { afterAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { killLeftovers, ownDirectory, startMigration, startServer } from '../support/processes.ts'

const directory = ownDirectory()
afterAll(async () => {
  await killLeftovers()
  directory.remove()
})

test.each([1, 2, 3, 4])(
  'two servers that start on the same new file both come up, round %d',
  async (round) => {
    const path = join(directory.path, `${round}.db`)
    const servers = await Promise.all([startServer(path), startServer(path)])
    for (const server of servers) {
      expect((await server.call('GET', '/readyz')).body.status).toBe('ready')
      expect(
        (await server.call('POST', '/internal/sources/sync-spiders', { available_spiders: [`s${server.port}`] })).status,
      ).toBe(200)
    }
    for (const server of servers) server.child.kill('SIGTERM')
    for (const server of servers) expect(await server.child.exited).toBe(0)
    const db = new Database(path, { readonly: true })
    const names = (db.query('select name from trawl_migrations').all() as { name: string }[]).map((row) => row.name)
    expect(names.length).toBeGreaterThan(0)
    expect(new Set(names).size).toBe(names.length)
    expect(db.query('select count(*) as n from parsing_sources').get()).toEqual({ n: 2 })
    db.close()
  },
  30_000,
)

test('eight migrations of one new file at once all end well', async () => {
  const migrations = Array.from({ length: 8 }, () => startMigration(join(directory.path, 'eight.db')))
  for (const { child, errors } of migrations) {
    expect(await child.exited).toBe(0)
    expect(await errors).toBe('')
  }
}, 120_000)
