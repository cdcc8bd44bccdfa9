import { Database } from 'bun:sqlite'
import { afterAll, expect, test } from 'bun:test'
import { eventually } from '../support/eventually.ts'
import { killLeftovers, ownDirectory, startScript, startServer } from '../support/processes.ts'
import { reportFault } from './report.ts'

const TASKS = 3
const directory = ownDirectory()
afterAll(async () => {
  await killLeftovers()
  directory.remove()
})

test('a worker that is frozen with SIGSTOP in the middle of a task and wakes up late can do no harm (gifty §13.11)', async () => {
  const server = await startServer(directory.database, { FAMILIES: 'gifty' })
  for (let n = 0; n < TASKS; n++) {
    const { body } = await server.call('POST', '/internal/sources', {
      url: `https://shop-${n}.example/`,
      type: 'list',
      site_key: `shop-${n}`,
      is_active: false,
    })
    await server.call('POST', `/internal/sources/${body.id}/force-run`, {})
  }
  const frozen = startScript('tests/fault/lease-worker.ts', server.origin, 'frozen')
  const batches = () => frozen.log.filter((line) => line.said === 'batch' && line.status === 200)
  await eventually(
    async () => batches().length,
    (count) => count >= 3,
  )
  frozen.child.kill('SIGSTOP')
  const stoppedAt = performance.now()
  const held = frozen.log.findLast((line) => line.said === 'leased')
  const other = startScript('tests/fault/lease-worker.ts', server.origin, 'other')
  const task = async () => (await server.call('GET', `/internal/tasks/${held.id}`)).body
  const done = await eventually(task, ({ status }) => status === 'completed')
  const recoveryMs = performance.now() - stoppedAt
  expect(done).toMatchObject({ worker_id: 'other', fence: held.fence + 1 })

  // It continues where it was, with a lease that it has lost.
  frozen.child.kill('SIGCONT')
  const late = await eventually(
    async () => frozen.log.find((line) => line.said === 'ended' && line.id === held.id),
    (line) => line !== undefined,
  )
  expect(late).toMatchObject({ fence: held.fence, status: 409 })
  expect(await task()).toEqual(done)
  await eventually(
    async () => (await server.call('GET', '/internal/tasks?status=completed')).body.tasks.length,
    (count) => count === TASKS,
  )
  for (const { child } of [frozen, other, server]) {
    child.kill('SIGKILL')
    await child.exited
  }
  const acknowledged = [...frozen.log, ...other.log].filter((line) => line.said === 'batch' && line.status === 200)
  const db = new Database(directory.database, { readonly: true })
  const count = (text: string) => (db.query(text).get() as { n: number }).n
  const lost = TASKS * 100 - count('select count(*) as n from products')
  const duplicated =
    count('select count(*) - count(distinct product_url) as n from products') +
    count('select count(*) - count(distinct gift_hash) as n from product_prices') +
    count('select count(*) as n from parsing_runs') -
    TASKS
  db.close()
  reportFault({ test: 'SIGSTOP of a worker', faults: '1', acknowledged: acknowledged.length * 10, lost, duplicated, recoveryMs })
  expect({ lost, duplicated }).toEqual({ lost: 0, duplicated: 0 })
}, 300_000)
