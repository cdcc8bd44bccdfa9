// A process of its own for the model of sources and runs, which may be killed at any moment: does the commands it is sent over HTTP, one answer
// each, on the clock they carry. A command with `dies` kills the process there: at a step of its transactions, before or after a commit. Arguments: the
// database's url, the time, the beginning of the names of what is stored.
import { loadConfig } from '../../src/config.ts'
import type { Db, Steps, Tx } from '../../src/platform/db/index.ts'
import { openDatabase } from '../../src/platform/db/open.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { openModelApp, perform, readRows } from '../tasks/model-runs-app.ts'
import type { Op } from '../tasks/model-runs-ops.ts'

const [url, now, epoch] = process.argv.slice(2) as [string, string, string]
const clock = fakeClock(Number(now))
const db = await openDatabase(loadConfig({ NODE_ENV: 'test', DEMO: '0', DATABASE_URL: url }).database)

/** Where a command kills its process: the number of a step, or a side of its first commit. */
export type Death = number | 'before commit' | 'after commit'
let death: Death | undefined
let steps = 0
const pass = (where: Death) => {
  if (death === where) process.kill(process.pid, 'SIGKILL')
}
function* mortal<T>(body: Steps<T>): Steps<T> {
  let state = body.next()
  while (!state.done) {
    pass(++steps)
    let value: unknown
    try {
      value = yield state.value
    } catch (error) {
      state = body.throw(error)
      continue
    }
    state = body.next(value)
  }
  pass('before commit')
  return state.value
}
const mortalDb: Db = Object.assign(Object.create(db), {
  async tx<T>(body: (tx: Tx) => Steps<T>): Promise<T> {
    const value = await db.tx((tx) => mortal(body(tx)))
    pass('after commit')
    return value
  },
})
const app = await openModelApp(mortalDb, clock)

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    if (request.method === 'GET') return Response.json(await readRows(db))
    const { op, at, dies } = (await request.json()) as { op: Op; at: number; dies?: Death }
    clock.set(at)
    death = dies
    steps = 0
    return Response.json(await perform(app, op, epoch))
  },
})
process.stdout.write(`${JSON.stringify({ message: 'listening', url: server.url.origin })}\n`)
