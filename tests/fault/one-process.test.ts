import { afterAll, expect, test } from 'bun:test'
import { killLeftovers, ownDirectory, startServer, startServerUnready } from '../support/processes.ts'

const own = ownDirectory()
afterAll(async () => {
  await killLeftovers()
  own.remove()
})
const second = async (env: Record<string, string> = {}) => {
  const { child, errors, printed } = startServerUnready({ DATABASE_URL: `sqlite:${own.database}`, ...env })
  return { code: await child.exited, errors: await errors, printed: await printed }
}

test('cases ux 2: a second process on one SQLite file refuses to start, and takes the file of one that was killed', async () => {
  const first = await startServer(own.database)
  const refused = await second()
  expect(refused.code).toBe(1)
  expect(refused.errors).toMatch(
    new RegExp(`^${own.database} is in use by process ${first.child.pid} since \\d{4}-[^;]+Z; SQLite takes one process\n$`),
  )
  expect((await first.call('GET', '/internal/sources')).status).toBe(200)
  // Another file is nobody's business.
  const other = await startServer(`${own.database}-other`)
  other.child.kill('SIGKILL')
  await other.child.exited
  first.child.kill('SIGKILL')
  await first.child.exited
  const third = await startServer(own.database)
  expect((await third.call('GET', '/internal/sources')).status).toBe(200)
  third.child.kill('SIGTERM')
  expect(await third.child.exited).toBe(0)
  const fourth = await startServer(own.database)
  fourth.child.kill('SIGTERM')
  expect(await fourth.child.exited).toBe(0)
}, 300_000)
