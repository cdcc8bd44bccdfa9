import { afterAll, describe, expect, test } from 'bun:test'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listenLocally } from '../../src/listener.ts'
import { keyFromFile } from '../../src/platform/crypto.ts'
import { lockDatabase } from '../../src/platform/db/open.ts'
import { openSqlite } from '../../src/platform/db/sqlite.ts'

const root = mkdtempSync(join(tmpdir(), 'trawl-private-'))
afterAll(() => rmSync(root, { recursive: true }))
const modeOf = (path: string) => statSync(path).mode & 0o777
const modesBelow = (directory: string) =>
  Object.fromEntries(readdirSync(directory).map((name) => [name, modeOf(join(directory, name)).toString(8)]))

describe('security: files are ours alone', () => {
  const PRIVATE = { 't.db': '600', 't.db-shm': '600', 't.db-wal': '600', 't.db.lock': '600', 'encryption.key': '600' }

  test('M9: database, log, lock and key are 0600 in a 0700 directory, whatever the umask', () => {
    const before = process.umask(0o022)
    try {
      const directory = join(root, 'new', 'deep')
      const lock = lockDatabase(`sqlite:${join(directory, 't.db')}`)
      const db = openSqlite({ path: join(directory, 't.db') })
      keyFromFile(join(directory, 'encryption.key'))
      expect(modesBelow(directory)).toEqual(PRIVATE)
      expect([modeOf(directory), modeOf(join(root, 'new'))]).toEqual([0o700, 0o700])
      expect(process.umask()).toBe(0o022)
      void db.close()
      lock?.release()
    } finally {
      process.umask(before)
    }
  })

  test('ux 2: Postgres and a database in memory have no lock', () => {
    for (const url of ['sqlite::memory:', 'postgres://127.0.0.1:1/trawl', 'postgresql://127.0.0.1:1/trawl'])
      expect([url, lockDatabase(url)]).toEqual([url, undefined])
  })

  test('M9: what an earlier version has left readable is set right at the start', async () => {
    const directory = mkdtempSync(join(root, 'old-'))
    const path = join(directory, 't.db')
    const first = openSqlite({ path })
    lockDatabase(`sqlite:${path}`)?.release()
    keyFromFile(join(directory, 'encryption.key'))
    for (const name of readdirSync(directory)) chmodSync(join(directory, name), 0o644)
    const lock = lockDatabase(`sqlite:${path}`)
    const second = openSqlite({ path })
    keyFromFile(join(directory, 'encryption.key'))
    expect(modesBelow(directory)).toEqual(PRIVATE)
    await second.close()
    await first.close()
    lock?.release()
  })

  test('L7: of two servers with one socket the older leaves that of the newer alone', async () => {
    const path = join(root, 'api.sock')
    const ask = async () => (await fetch('http://localhost/', { unix: path })).text()
    const older = listenLocally(path, () => new Response('older'))
    expect(await ask()).toBe('older')
    const newer = listenLocally(path, () => new Response('newer'))
    await older.stop(true)
    expect(await ask()).toBe('newer')
    await newer.stop(true)
    expect(readdirSync(root)).not.toContain('api.sock')
  })
})
