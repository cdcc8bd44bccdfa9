import { Database } from 'bun:sqlite'
import { afterAll, expect, test } from 'bun:test'
import { eventually } from '../support/eventually.ts'
import { killLeftovers, ownDirectory, type Server, startScript, startServer } from '../support/processes.ts'
import { reportFault } from './report.ts'

const TASKS = 10_000
const PROCESSES = 10
const WORKERS = 10
const AUTH = { authorization: 'Bearer dev-crawler-token' }

const directory = ownDirectory()
afterAll(async () => {
  await killLeftovers()
  directory.remove()
})
const ENV = {
  ...{ CRAWLER_RATE_LIMIT: '0', CRAWLER_PROGRESS_RATE_LIMIT: '0', CRAWLER_MAX_CONNECTIONS: '500', CRAWLER_MAX_ATTEMPTS: '50' },
  ENCRYPTION_KEYS: `fault:${Buffer.alloc(32, 3).toString('base64')}`,
}

test('100 workers lease 10,000 tasks over HTTP and WebSocket; 20 of them and, twice, the server are killed with -9', async () => {
  let server: Server = await startServer(directory.database, ENV)
  const { port, origin } = server
  for (let made = 0; made < TASKS; made += 1000) {
    const tasks = Array.from({ length: 1000 }, (_, n) => ({
      id: `task ${made + n}`,
      type: 'FETCH_ISSUES',
      credentials: { accessToken: 'x' },
    }))
    expect((await server.call('POST', '/api/internal2/tasks/bulk', { tasks }, AUTH)).body.meta.created).toBe(1000)
  }
  const fleets = Array.from({ length: PROCESSES }, (_, n) =>
    startScript('tests/fault/crawler-workers.ts', origin, `fleet-${n}`, String(WORKERS)),
  )
  const completed = async () =>
    (await server.call('GET', '/api/internal2/tasks?status=completed&limit=1', undefined, AUTH).catch(() => undefined))?.body.meta
      ?.total ?? 0

  for (const [kills, at] of [2000, 5000].entries()) {
    await eventually(completed, (count) => count >= at, 120_000)
    fleets[kills]?.child.kill('SIGKILL')
    server.child.kill('SIGKILL')
    await server.child.exited
    server = await startServer(directory.database, { ...ENV, PORT: port })
  }
  await eventually(completed, (count) => count === TASKS, 180_000)
  const said = fleets.flatMap((fleet) => fleet.log) as { said: string; id: string; fence: number }[]
  await killLeftovers()

  const db = new Database(directory.database)
  const rows = db
    .query<{ id: string; status: string; progress: string; fence: number }, []>(
      'select c.id, c.status, c.progress, t.fence from crawler_tasks c join tasks t on t.id = c.engine_task_id',
    )
    .all()
  expect(rows).toHaveLength(TASKS)
  expect(rows.filter((row) => row.status !== 'finished')).toEqual([])
  const completions = db
    .query<{ n: number }, []>(
      `select count(*) as n from crawler_timeline where event = 'completion' group by task_id having count(*) <> 1`,
    )
    .all()
  expect(completions).toEqual([])
  const byId = new Map(rows.map((row) => [row.id, JSON.parse(row.progress).metadata]))
  const lost = said.filter((line) => line.said === 'progress' && byId.get(line.id)?.[`f${line.fence}`] !== true)
  expect(lost).toEqual([])
  const finishers = Map.groupBy(
    said.filter((line) => line.said === 'completed'),
    (line) => line.id,
  )
  for (const [id, lines] of finishers) expect([id, new Set(lines.map((line) => line.fence)).size]).toEqual([id, 1])
  const retried = rows.filter((row) => row.fence > 1).length
  console.log(`crawler.test.ts: ${said.length} acknowledgements, ${retried} tasks leased more than once`)
  reportFault({
    test: 'kill -9 of crawler workers and server',
    faults: '20 workers, 2 servers',
    acknowledged: said.length,
    lost: lost.length,
    duplicated: completions.length,
  })
  expect(retried).toBeGreaterThan(0)
  db.close()
}, 300_000)
