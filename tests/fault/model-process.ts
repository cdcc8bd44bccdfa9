// A process of its own for the model of sources and runs, which its parent may kill at any moment: does the commands it is sent over HTTP, one
// answer each, on the clock they carry. Arguments: the database's url, the time, the beginning of the names of what is stored.
import { loadConfig } from '../../src/config.ts'
import { openDatabase } from '../../src/platform/db/open.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { openModelApp, perform, readRows } from '../tasks/model-runs-app.ts'
import type { Op } from '../tasks/model-runs-steps.ts'

const [url, now, epoch] = process.argv.slice(2) as [string, string, string]
const clock = fakeClock(Number(now))
const db = await openDatabase(loadConfig({ NODE_ENV: 'test', DEMO: '0', DATABASE_URL: url }).database)
const app = await openModelApp(db, clock)

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    if (request.method === 'GET') return Response.json(await readRows(db))
    const { op, at } = (await request.json()) as { op: Op; at: number }
    clock.set(at)
    return Response.json(await perform(app, op, epoch))
  },
})
process.stdout.write(`${JSON.stringify({ message: 'listening', url: server.url.origin })}\n`)
