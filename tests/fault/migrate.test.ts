import { Database } from 'bun:sqlite'
import { afterAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { killLeftovers, ownDirectory, type Started, startMigration, startServerUnready } from '../support/processes.ts'

const directory = ownDirectory()
afterAll(async () => {
  await killLeftovers()
  directory.remove()
})

test.each([1, 2, 3, 4])(
  'of two servers that start on the same new file one comes up and the other is refused, round %d',
  async (round) => {
    const path = join(directory.path, `${round}.db`)
    const both = [1, 2].map(() => startServerUnready({ DATABASE_URL: `sqlite:${path}` }))
    const refused = await Promise.race(both.map(async (one) => ({ one, code: await one.child.exited, errors: await one.errors })))
    expect([refused.code, refused.errors]).toEqual([1, expect.stringContaining('SQLite takes one process')])
    const [server] = both.filter((one) => one !== refused.one) as [Started]
    const { url } = await server.said('listening')
    expect(((await (await fetch(`${url}/readyz`)).json()) as any).status).toBe('ready')
    server.child.kill('SIGTERM')
    expect(await server.child.exited).toBe(0)
    const db = new Database(path, { readonly: true })
    const names = (db.query('select name from trawl_migrations').all() as { name: string }[]).map((row) => row.name)
    expect(names.length).toBeGreaterThan(0)
    expect(new Set(names).size).toBe(names.length)
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
}, 300_000)
