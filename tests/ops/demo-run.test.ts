import { expect, test } from 'bun:test'
import { startServer, temporaryFolder } from '../support/server.ts'

test('DEMO: within 20 s the hub has discovered its categories and at least 500 items are counted; a second round finds them unchanged', async () => {
  const folder = temporaryFolder('demo')
  const server = await startServer({ NODE_ENV: 'development', DATABASE_URL: `sqlite:${folder.path}/demo.db`, LOG_LEVEL: 'info' })
  try {
    const idle = (tasks: any[]) =>
      tasks.length > 0 && tasks.every((task) => task.status !== 'pending' && task.status !== 'leased')
    await server.until(
      async () => ({ stats: await server.get('/internal/stats'), tasks: (await server.get('/internal/tasks?limit=200')).tasks }),
      ({ stats, tasks }) => stats.scraped_24h >= 500 && tasks.length === 14 && idle(tasks),
      20,
    )
    const sources: any[] = await server.get('/internal/sources')
    expect(sources.map((source) => source.type).sort()).toEqual(['hub', ...Array(13).fill('list')])
    expect(sources.every((source) => source.status === 'waiting' && source.config.worker === 'web')).toBe(true)
    const before = await server.get('/internal/stats')

    for (const source of sources) expect((await server.post(`/internal/sources/${source.id}/force-run`)).status).toBe('ok')
    await server.until(
      async () => (await server.get('/internal/tasks?limit=200')).tasks,
      (tasks) => tasks.length === 28 && idle(tasks),
      20,
    )
    const after = await server.get('/internal/stats')
    expect(after.products_total).toBe(before.products_total)
    expect(after.scraped_24h).toBe(2 * before.scraped_24h)
    // Nearly all: nothing is new, and next to nothing changed.
    expect(after.new_24h).toBe(before.new_24h)
    expect(after.updated_24h).toBeLessThan(before.new_24h / 50)
    expect(after.failed_runs_24h).toBe(0)
  } finally {
    await server.stop()
    folder.remove()
  }
  expect(server.child.exitCode).toBe(0)
}, 60_000)
