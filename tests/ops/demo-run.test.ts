import { afterAll, expect, test } from 'bun:test'
import { eventually } from '../support/eventually.ts'
import { killLeftovers, ownDirectory, startServer } from '../support/processes.ts'

afterAll(killLeftovers)

test('DEMO: within 20 s the hub has discovered its categories and at least 500 items are counted; a second round finds them unchanged', async () => {
  const folder = ownDirectory()
  try {
    const server = await startServer(folder.database, {
      NODE_ENV: 'development',
      DEMO: '1',
      EMBEDDED_WORKERS: 'web',
      LOG_LEVEL: 'info',
    })
    const get = async (path: string) => (await server.call('GET', path)).body
    const idle = (tasks: any[]) => tasks.every((task) => task.status !== 'pending' && task.status !== 'leased')
    await eventually(
      async () => ({ stats: await get('/internal/stats'), tasks: (await get('/internal/tasks?limit=200')).tasks }),
      ({ stats, tasks }) => stats.scraped_24h >= 500 && tasks.length === 14 && idle(tasks),
    )
    const sources: any[] = await get('/internal/sources')
    expect(sources.map((source) => source.type).sort()).toEqual(['hub', ...Array(13).fill('list')])
    expect(sources.every((source) => source.status === 'waiting' && source.config.worker === 'web')).toBe(true)
    const before = await get('/internal/stats')

    for (const source of sources) expect((await server.call('POST', `/internal/sources/${source.id}/force-run`)).status).toBe(200)
    await eventually(
      async () => (await get('/internal/tasks?limit=200')).tasks,
      (tasks) => tasks.length === 28 && idle(tasks),
    )
    const after = await get('/internal/stats')
    expect(after.products_total).toBe(before.products_total)
    expect(after.scraped_24h).toBe(2 * before.scraped_24h)
    // Nearly all: nothing is new, and next to nothing changed.
    expect(after.new_24h).toBe(before.new_24h)
    expect(after.updated_24h).toBeLessThan(before.new_24h / 50)
    expect(after.failed_runs_24h).toBe(0)

    // U6: the play shop is there although nothing but NODE_ENV says so.
    const asJson = async (path: string, body: object, headers = {}) =>
      (
        await fetch(`${server.origin}/api/v1${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify(body),
        })
      ).json() as Promise<any>
    const { auth_session_id } = await asJson('/telegram/auth/send-code', { phone_number: '+79991112233' })
    const { access_token } = await asJson('/telegram/auth/verify-code', { auth_session_id, code: '12345' })
    const order = await asJson('/subscriptions/purchase', { plan_type: 'week' }, { authorization: `Bearer ${access_token}` })
    expect(new URL(order.robokassa_url).searchParams.get('IsTest')).toBe('1')

    server.child.kill('SIGTERM')
    expect(await server.child.exited).toBe(0)
  } finally {
    folder.remove()
  }
}, 300_000)

test('cases ux 3: the demo goes on under another port', async () => {
  const folder = ownDirectory()
  try {
    const env = { NODE_ENV: 'development', DEMO: '1', EMBEDDED_WORKERS: 'web', LOG_LEVEL: 'info' }
    const ended = async (server: Awaited<ReturnType<typeof startServer>>, count: number) =>
      eventually(
        async () => (await server.call('GET', '/internal/tasks?limit=200')).body.tasks,
        (tasks) => tasks.length === count && tasks.every(({ status }: any) => status !== 'pending' && status !== 'leased'),
      )
    const first = await startServer(folder.database, env)
    await ended(first, 14)
    first.child.kill('SIGTERM')
    await first.child.exited
    const second = await startServer(folder.database, env)
    expect(second.origin).not.toBe(first.origin)
    const products = async () => (await second.call('GET', '/internal/stats')).body.products_total
    const before = await products()
    for (const id of [1, 2]) expect((await second.call('POST', `/internal/sources/${id}/force-run`)).status).toBe(200)
    await ended(second, 16)
    for (const id of [1, 2]) {
      const { body } = await second.call('GET', `/internal/sources/${id}`)
      expect([id, body.status, body.history[0].status]).toEqual([id, 'waiting', 'completed'])
    }
    expect((await second.call('GET', '/internal/sources/2')).body.history[0].items_scraped).toBeGreaterThan(20)
    expect(await products()).toBe(before)
    second.child.kill('SIGTERM')
    expect(await second.child.exited).toBe(0)
  } finally {
    folder.remove()
  }
}, 300_000)
