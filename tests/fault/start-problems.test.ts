import { afterAll, expect, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { killLeftovers, ownDirectory, startServerUnready } from '../support/processes.ts'

afterAll(killLeftovers)

/** A database server that answers a start-up message as Postgres does when it refuses. */
const refusingPostgres = (sqlState: string) =>
  Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      data(socket) {
        const fields = `SFATAL\0VFATAL\0C${sqlState}\0Mrefused for the test\0\0`
        const message = Buffer.alloc(5 + fields.length)
        message.write('E', 0)
        message.writeInt32BE(4 + fields.length, 1)
        message.write(fields, 5, 'latin1')
        socket.end(message)
      },
    },
  })

const own = ownDirectory()
const taken = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
const badPassword = refusingPostgres('28P01')
const noDatabase = refusingPostgres('3D000')
afterAll(() => {
  for (const server of [taken, badPassword, noDatabase]) server.stop(true)
  own.remove()
})
const directory = join(own.path, 'directory.db')
const text = join(own.path, 'text.db')
mkdirSync(directory)
await Bun.write(text, 'A letter to a database that is none, long enough to have a header of sixteen bytes.\n')
const file = (path: string) => `sqlite:${path}`
const server = (port: number) => `postgres://me:geheim@127.0.0.1:${port}/shop`

test.each([
  [
    'a port in use',
    { PORT: `${taken.port}`, DATABASE_URL: 'sqlite::memory:' },
    `Port ${taken.port} is in use: stop what listens there, or set PORT to another one`,
  ],
  [
    'an address of another machine',
    { HOST: '192.0.2.1', DATABASE_URL: 'sqlite::memory:' },
    '192.0.2.1 is no address of this machine: HOST names it',
  ],
  [
    'a directory',
    { DATABASE_URL: file(directory) },
    `The database file ${directory} cannot be used: it cannot be opened: it is a directory, or this user may not open it (SQLITE_CANTOPEN). DATABASE_URL names it.`,
  ],
  [
    'a path through a file',
    { DATABASE_URL: file(join(text, 'x.db')) },
    `The database file ${text}/x.db cannot be used: a part of its path is a file, not a directory (EEXIST). DATABASE_URL names it.`,
  ],
  [
    'a file of another kind',
    { DATABASE_URL: file(text) },
    `The database file ${text} cannot be used: it is no SQLite database (SQLITE_NOTADB). DATABASE_URL names it.`,
  ],
  [
    'no server',
    { DATABASE_URL: server(1) },
    'The database postgres://me@127.0.0.1:1/shop cannot be used: nothing listens there (ECONNREFUSED). DATABASE_URL names it.',
  ],
  [
    'a wrong password',
    { DATABASE_URL: server(badPassword.port) },
    `The database postgres://me@127.0.0.1:${badPassword.port}/shop cannot be used: it refuses the user or the password (28P01). DATABASE_URL names it.`,
  ],
  [
    'no such database',
    { DATABASE_URL: server(noDatabase.port) },
    `The database postgres://me@127.0.0.1:${noDatabase.port}/shop cannot be used: it has no database of that name (3D000). DATABASE_URL names it.`,
  ],
  [
    'a socket without its directory',
    { DATABASE_URL: 'sqlite::memory:', FAMILIES: 'crawler', CRAWLER_SOCKET: join(own.path, 'none/crawler.sock') },
    `CRAWLER_SOCKET ${own.path}/none/crawler.sock cannot be made: its directory is missing or not writable (ENOENT)`,
  ],
])('a start with %s is refused in one sentence', async (_, env, sentence) => {
  const { child, errors } = startServerUnready({ PORT: '0', DEVELOPMENT_ANYWHERE: '1', ...env })
  expect(await child.exited).toBe(1)
  expect(await errors).toBe(`${sentence}\n`)
})

test('a variable that is nearly one of ours is named at the start, without its value', async () => {
  const { child, said } = startServerUnready({
    PORT: '0',
    DATABASE_URL: 'sqlite::memory:',
    LOG_LEVL: 'geheim',
    'DATABASE-URL': 'geheim',
    HOSTNAME: 'box',
    REDIS_URI: '',
  })
  expect((await said('LOG_LEVL is not read; is LOG_LEVEL meant?')).level).toBe('warn')
  await said('REDIS_URI is not read; is REDIS_URL meant?')
  await said('listening')
  child.kill('SIGTERM')
  await child.exited
})
