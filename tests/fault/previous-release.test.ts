import { afterAll, describe, expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { apiSuites, checkOut, hasHistory, previous, problemOf, schemaUpTo } from '../support/previous-release.ts'
import { killLeftovers, ownDirectory, type Server, startServer } from '../support/processes.ts'

/** On Postgres a part of its suites is enough: they are slow there, and a statement that compiles on one dialect has a twin. */
const POSTGRES_SUITES = ['sources', 'ingestion', 'protocol', 'runs', 'scheduler'].map((name) => `tests/gifty/${name}.test.ts`)
const postgresUrl = process.env.TEST_DATABASE_URL
const there = hasHistory()
if (!there)
  console.warn(
    `skipped: the release before (${previous.commit.slice(0, 7)} is not in this clone); its recorded statements are checked`,
  )

const directories: { remove(): void }[] = []
afterAll(async () => {
  await killLeftovers()
  for (const directory of directories) directory.remove()
})
const kept = <D extends { remove(): void }>(directory: D): D => {
  directories.push(directory)
  return directory
}

/** Runs its own suites over a database that has our schema; answers how many tests passed and failed. */
const runSuites = (env: Record<string, string>, ...args: string[]) => {
  const release = kept(checkOut('ours'))
  const done = Bun.spawnSync(
    [
      process.execPath,
      'test',
      '--timeout',
      '120000',
      ...args,
      ...(env.TEST_DATABASE_URL ? POSTGRES_SUITES : apiSuites(release.path)),
    ],
    {
      cwd: release.path,
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
      stdout: 'pipe',
      stderr: 'pipe',
    },
  )
  const said = `${done.stdout}${done.stderr}`
  const count = (what: string) => Number(new RegExp(`^ *(\\d+) ${what}$`, 'm').exec(said)?.[1] ?? Number.NaN)
  return { passed: count('pass'), failed: count('fail'), failures: said.split('\n').filter((line) => line.startsWith('(fail)')) }
}

/** The API of that release, in the order a fleet uses it; each answer has to be a success. */
const useApi = async (server: Server, mark: string) => {
  const ok = async (method: string, path: string, body?: unknown) => {
    const answer = await server.call(method, `/internal${path}`, body)
    expect([method, path, answer.status, answer.status === 200 ? '' : JSON.stringify(answer.body)]).toEqual([
      method,
      path,
      200,
      '',
    ])
    return answer.body
  }
  const url = `https://${mark}.example/list`
  const source = await ok('POST', '/sources', { url, type: 'list', site_key: mark })
  const run = await ok('POST', `/sources/${source.id}/force-run`)
  const { tasks } = await ok('POST', '/workers/lease', { worker_id: mark, kinds: ['source.run'], max: 20 })
  const task = tasks.find(({ id }: any) => id === run.task_id)
  expect(task).toBeDefined()
  const lease = { worker_id: mark, fence: task.fence }
  await ok('POST', `/workers/tasks/${task.id}/heartbeat`, { ...lease, progress: { page: 1 } })
  const items = [1, 2, 3].map((n) => ({
    title: `${mark} ${n}`,
    product_url: `https://${mark}.example/${n}`,
    site_key: mark,
    price: n,
  }))
  const sent = { source_id: source.id, items, task_id: task.id, ...lease }
  expect((await ok('POST', '/ingest-batch', sent)).items_ingested).toBe(3)
  await ok('POST', `/workers/tasks/${task.id}/complete`, { ...lease, result: { logs: 'done' } })
  for (const { id, fence } of tasks)
    if (id !== task.id) await ok('POST', `/workers/tasks/${id}/release`, { worker_id: mark, fence })
  expect((await ok('GET', `/products?site_key=${mark}`)).items.length).toBe(3)
  expect((await ok('GET', `/sources/${source.id}/runs`)).items[0].status).toBe('completed')
  for (const path of ['/sources', '/monitoring', '/stats', '/tasks', '/workers', `/sources/${source.id}`]) await ok('GET', path)
  return mark
}
const productsOf = async (server: Server, mark: string) =>
  (await server.call('GET', `/internal/products?site_key=${mark}`)).body.items.length as number

describe('N-1: the release before this one on the schema of this one', () => {
  test('every statement it is known to use can be run', () => {
    const before = schemaUpTo(previous.migration)
    const now = schemaUpTo()
    expect(previous.statements.length).toBeGreaterThan(100)
    expect(previous.statements.flatMap((statement) => problemOf(before, statement) ?? [])).toEqual([])
    expect(previous.statements.flatMap((statement) => problemOf(now, statement) ?? [])).toEqual([])
    // The check can fail: a column that is gone is found.
    now.run('alter table products rename column title to name')
    expect(previous.statements.filter((statement) => problemOf(now, statement)).length).toBeGreaterThan(0)
  })

  test.skipIf(!there || postgresUrl !== undefined)(
    'its own API suites pass [sqlite]',
    () => {
      const { passed, failed, failures } = runSuites({})
      expect([failed, failures]).toEqual([0, []])
      expect(passed).toBeGreaterThan(150)
      console.log(`previous-release.test.ts: ${passed} tests of ${previous.commit.slice(0, 7)} passed on our schema [sqlite]`)
    },
    400_000,
  )

  test.skipIf(!there || postgresUrl === undefined)(
    'its own API suites pass [postgres]',
    () => {
      const { passed, failed, failures } = runSuites({ TEST_DATABASE_URL: postgresUrl as string }, '-t', '\\[postgres\\]')
      expect([failed, failures]).toEqual([0, []])
      expect(passed).toBeGreaterThan(30)
      console.log(`previous-release.test.ts: ${passed} tests of ${previous.commit.slice(0, 7)} passed on our schema [postgres]`)
    },
    600_000,
  )

  test.skipIf(!there)(
    'SQLite: an upgrade, a step back, and the upgrade again lose nothing',
    async () => {
      const release = kept(checkOut('its own'))
      const { database } = kept(ownDirectory())
      const turn = async (from: string | undefined, mark: string, seen: string[]) => {
        const server = await startServer(database, {}, from)
        for (const earlier of seen) expect([mark, earlier, await productsOf(server, earlier)]).toEqual([mark, earlier, 3])
        await useApi(server, mark)
        server.child.kill('SIGTERM')
        expect(await server.child.exited).toBe(0)
      }
      await turn(release.path, 'before', [])
      await turn(undefined, 'upgraded', ['before'])
      await turn(release.path, 'back', ['before', 'upgraded'])
      await turn(undefined, 'again', ['before', 'upgraded', 'back'])
    },
    120_000,
  )

  test.skipIf(!there || postgresUrl === undefined)(
    'Postgres: both releases at once, each with what the other has written',
    async () => {
      const name = `trawl_test_${randomUUID().replaceAll('-', '')}`
      const admin = postgres(postgresUrl as string, { max: 1, onnotice: () => {} })
      await admin.unsafe(`create database ${name}`)
      const url = new URL(postgresUrl as string)
      url.pathname = `/${name}`
      const env = { DATABASE_URL: url.toString() }
      const release = kept(checkOut('its own'))
      try {
        const old = await startServer('', env, release.path)
        await useApi(old, 'alone')
        // Migrates under the feet of the one that runs.
        const ours = await startServer('', env)
        const [first, second] = await Promise.all([useApi(old, 'old'), useApi(ours, 'new')])
        for (const server of [old, ours])
          for (const mark of ['alone', first, second])
            expect([server.origin, mark, await productsOf(server, mark)]).toEqual([server.origin, mark, 3])
        for (const server of [old, ours]) {
          server.child.kill('SIGTERM')
          expect(await server.child.exited).toBe(0)
        }
      } finally {
        await killLeftovers()
        await admin.unsafe(`drop database if exists ${name} with (force)`)
        await admin.end()
      }
    },
    180_000,
  )
})
