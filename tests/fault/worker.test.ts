import { Database } from 'bun:sqlite'
import { afterAll, expect, test } from 'bun:test'
import { createDemoShop, demoRows } from '../../src/ops/demo/shop.ts'
import { eventually } from '../support/eventually.ts'
import { killLeftovers, ownDirectory, startServer, startWorkerProcess } from '../support/processes.ts'

const directory = ownDirectory()
const products = [...demoRows().byId.values()]
const shop = createDemoShop()
/** The shop answers so many requests and keeps the others waiting until the gate is open. */
let answers = 0
let gate = Promise.withResolvers<void>()
const site = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    if (answers-- <= 0) await gate.promise
    return shop.handle(request) ?? new Response(null, { status: 404 })
  },
})
const letThrough = (count: number) => {
  answers = count
  gate = Promise.withResolvers()
}
afterAll(async () => {
  await killLeftovers()
  await site.stop(true)
  directory.remove()
})

test('the task of a killed worker is leased again, and its run ends with every product once', async () => {
  letThrough(20)
  const server = await startServer(directory.database)
  const address = `127.0.0.1:${site.port}`
  const workers = [1, 2].map(() =>
    startWorkerProcess(server.origin, '--allow', address, '--lease-seconds', '5', '--concurrency', '1'),
  )
  await Promise.all(workers.map((worker) => worker.said('worker started')))

  const source = await server.call('POST', '/internal/sources', {
    url: `http://${address}/demo/shop`,
    type: 'hub',
    site_key: 'shop',
    // Off, or the scheduler's tick may run it before the force-run does.
    is_active: false,
    config: { worker: 'web', web: { delay_ms: 0, max_pages: 1000 } },
  })
  const { body: run } = await server.call('POST', `/internal/sources/${source.body.id}/force-run`, {})
  const task = async () => (await server.call('GET', `/internal/tasks/${run.task_id}`)).body
  const half = await eventually(task, (seen) => seen.progress?.items >= 200)
  expect(half.status).toBe('leased')

  const victim = workers.find((worker) => half.worker_id.includes(`-${worker.child.pid}-`))
  expect(victim).toBeDefined()
  victim?.child.kill('SIGKILL')
  await victim?.child.exited
  gate.resolve()
  const ended = await eventually(task, (seen) => seen.status !== 'leased' && seen.status !== 'pending')
  expect(ended).toMatchObject({ status: 'completed', attempt: 2, fence: half.fence + 1 })
  expect(ended.worker_id).not.toBe(half.worker_id)
  const detail = await server.call('GET', `/internal/sources/${source.body.id}`)
  expect(detail.body.status).toBe('waiting')
  expect(detail.body.history).toHaveLength(1)
  expect(detail.body.history[0]).toMatchObject({ id: run.run_id, status: 'completed', items_new: products.length })

  // The other one is asked to stop: it ends by itself, with nothing leased.
  const other = workers.find((worker) => worker !== victim)
  other?.child.kill('SIGTERM')
  expect(await other?.child.exited).toBe(0)
  server.child.kill('SIGTERM')
  expect(await server.child.exited).toBe(0)

  const db = new Database(directory.database, { readonly: true })
  const stored = db.query("select product_url from products where site_key = 'shop'").all() as { product_url: string }[]
  expect(stored.map((row) => row.product_url).sort()).toEqual(
    products.map((product) => `http://${address}/demo/shop/p/${product.id}`).sort(),
  )
  expect(db.query('select count(*) as n from product_prices').get()).toEqual({ n: products.length })
  db.close()
}, 300_000)

test('a worker that is asked to stop gives its task back at once, uncounted', async () => {
  letThrough(1)
  const server = await startServer(`${directory.path}/stop.db`)
  const address = `127.0.0.1:${site.port}`
  const worker = startWorkerProcess(server.origin, '--allow', address, '--lease-seconds', '600')
  const source = await server.call('POST', '/internal/sources', {
    url: `http://${address}/demo/shop`,
    type: 'hub',
    site_key: 'shop',
    // Off, or the scheduler's tick may run it before the force-run does.
    is_active: false,
    config: { worker: 'web', web: { delay_ms: 0, max_pages: 1000 } },
  })
  const { body: run } = await server.call('POST', `/internal/sources/${source.body.id}/force-run`, {})
  const task = async () => (await server.call('GET', `/internal/tasks/${run.task_id}`)).body
  await eventually(task, (seen) => seen.status === 'leased')
  worker.child.kill('SIGTERM')
  expect(await worker.child.exited).toBe(0)
  expect(await task()).toMatchObject({ status: 'pending', attempt: 0, worker_id: null })
  server.child.kill('SIGTERM')
  expect(await server.child.exited).toBe(0)
}, 300_000)
