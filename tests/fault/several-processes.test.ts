import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { openSocket } from '../gifty/socket-rig.ts'
import { ownPostgres } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { killLeftovers, type Server, startServer, TOKEN } from '../support/processes.ts'
import { type Service, startRedis } from '../support/services.ts'

const GIVE_MS = 240_000
const CRAWLER = { authorization: 'Bearer dev-crawler-token' }

/** Processes of one fleet: each has its own port, `scheduler` and `worker` take no part in the others' work. */
const startFleet = async (database: string, redis: string | undefined, schedulerCount: number) => {
  const env = {
    DATABASE_URL: database,
    DATABASE_POOL_MAX: '4',
    REUSE_PORT: '1',
    RATE_LIMIT_MAX: '0',
    ...(redis ? { REDIS_URL: redis } : {}),
  }
  const start = (role: string, more: Record<string, string> = {}) => startServer('', { ...env, ROLE: role, ...more })
  // One after another: the first one migrates, and so many starts at once would only slow each other down.
  const one = await start('api')
  const two = await start('api')
  const schedulers: Server[] = []
  while (schedulers.length < schedulerCount) schedulers.push(await start('scheduler'))
  const worker = await start('worker', { EMBEDDED_WORKERS: 'telegram', TELEGRAM_SANDBOX_STEP_MS: '50' })
  return { one, two, schedulers, worker, start }
}
type Fleet = Awaited<ReturnType<typeof startFleet>>

const source = async (server: Server, more: Record<string, unknown> = {}) =>
  (
    await server.call('POST', '/internal/sources', {
      url: `https://a.example/${crypto.randomUUID()}`,
      type: 'list',
      site_key: 'a',
      is_active: false,
      ...more,
    })
  ).body
/** A figure of a process's own. */
const metric = async ({ origin }: Server, name: string): Promise<number> =>
  Number(new RegExp(`^${name} (\\d+)`, 'm').exec(await (await fetch(`${origin}/metrics`)).text())?.[1])
const lease = (server: Server, worker_id: string) =>
  server.call('POST', '/internal/workers/lease', { worker_id, kinds: ['source.run'], wait_seconds: 30 })
/** A long poll in one process, the task from another: answers how long it took. */
const pollAcross = async ({ one, two }: Fleet): Promise<number> => {
  const { id } = await source(two)
  const answer = lease(one, 'poller')
  // The lease is asked for before the task is there.
  await eventually(() => metric(one, 'trawl_workers_waiting'))
  const since = performance.now()
  const forced = (await two.call('POST', `/internal/sources/${id}/force-run`, {})).body
  const { tasks } = (await answer).body
  expect(tasks.map((task: any) => task.id)).toEqual([forced.task_id])
  await one.call('POST', `/internal/workers/tasks/${tasks[0].id}/complete`, {
    worker_id: 'poller',
    fence: tasks[0].fence,
    result: {},
  })
  return performance.now() - since
}
const login = async (server: Server, phone: string) => {
  const post = async (path: string, body: unknown) =>
    (
      await fetch(`${server.origin}/api/v1/telegram/auth/${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      })
    ).json() as any
  const { auth_session_id } = await post('send-code', { phone_number: phone })
  return { authorization: `Bearer ${(await post('verify-code', { auth_session_id, code: '12345' })).access_token}` }
}
/** A search that is accepted by one process, run by the worker's, and watched in another to its end. */
const searchAcross = async ({ one, two }: Fleet, phone: string) => {
  const headers = await login(one, phone)
  const accepted = await two.call('POST', '/api/v1/parsing/search', { query: 'crypto' }, headers)
  expect(accepted.status).toBe(202)
  const stream = await fetch(`${one.origin}/api/v1/parsing/${accepted.body.search_id}/progress`, { headers })
  const blocks = (await stream.text()).split('\n\n').filter((block) => block.startsWith('data: '))
  const shown = blocks.map((block) => JSON.parse(block.split('\n')[0]!.slice(6)))
  expect(shown.at(-1)).toMatchObject({ status: 'completed', results: 100 })
  return new Set(shown.map(({ progress }) => progress)).size
}

const suite = (name: string, withRedis: boolean) =>
  describe(name, () => {
    let database: Awaited<ReturnType<typeof ownPostgres>>
    let redis: Service | undefined
    let fleet: Fleet
    beforeAll(async () => {
      database = await ownPostgres()
      if (withRedis) redis = await startRedis()
      fleet = await startFleet(database.url, redis?.url, withRedis ? 0 : 3)
    }, GIVE_MS)
    afterAll(async () => {
      await killLeftovers()
      await redis?.remove()
      await database.drop()
    }, GIVE_MS)

    test(
      'gifty §4: a long poll in one process gets the task of another',
      async () => {
        const took: number[] = []
        for (let n = 0; n < 3; n++) took.push(await pollAcross(fleet))
        console.log(`${name}: a task of another process after ${took.map(Math.round).join(', ')} ms`)
      },
      GIVE_MS,
    )

    test(
      'gifty §4: a task is pushed to the socket of another process, and so is its cancel',
      async () => {
        const { one, two } = fleet
        const { id } = await source(two)
        const socket = await openSocket(one.origin, { 'x-internal-token': TOKEN })
        await socket.ask('hello', { worker_id: 'socket', kinds: ['source.run'] })
        const { task_id } = (await two.call('POST', `/internal/sources/${id}/force-run`, {})).body
        const task = await eventually(async () => socket.frames.find(({ type }) => type === 'task'), Boolean)
        expect(task?.data.id).toBe(task_id)
        expect((await two.call('POST', `/internal/tasks/${task_id}/cancel`)).body.state).toBe('cancel_requested')
        if (withRedis) await eventually(async () => socket.frames.find(({ type }) => type === 'cancel'), Boolean)
        // Without Redis, or if the event is lost, the next heartbeat says it.
        const beat = await socket.ask('heartbeat', { task_id, fence: task?.data.fence })
        expect(beat.data.cancel_requested).toBe(true)
        await socket.ask('release', { task_id, fence: task?.data.fence })
        await socket.close()
      },
      GIVE_MS,
    )

    test(
      'love-parser §4: progress of a search that another process runs is followed to its end',
      async () => {
        const steps = await searchAcross(fleet, withRedis ? '+79990001111' : '+79990002221')
        console.log(`${name}: ${steps} steps of progress seen from another process`)
        expect(steps).toBeGreaterThan(1)
      },
      GIVE_MS,
    )

    if (!withRedis) {
      test(
        'gifty §13.9: three schedulers dispatch each due source once',
        async () => {
          const { one, schedulers } = fleet
          const ids: number[] = []
          for (let n = 0; n < 25; n++) ids.push((await source(one, { is_active: true, interval_hours: 24 })).id)
          const runsOf = async (id: number) => (await one.call('GET', `/internal/sources/${id}/runs`)).body.items.length
          await eventually(
            () => Promise.all(ids.map(runsOf)),
            (counts) => counts.every((count) => count > 0),
            GIVE_MS,
          )
          // Two more ticks of all three. They leave no trace, because they have nothing to dispatch.
          await Bun.sleep(2500)
          expect(await Promise.all(ids.map(runsOf))).toEqual(ids.map(() => 1))
          const dispatched = await Promise.all(schedulers.map((server) => metric(server, 'trawl_runs_dispatched_total')))
          console.log(`${name}: 25 due sources, dispatched by the three schedulers: ${dispatched.join(' + ')}`)
          expect(dispatched.reduce((sum, count) => sum + count, 0)).toBe(25)
        },
        GIVE_MS,
      )
      return
    }

    test(
      'architecture §12: with Redis killed and back, polls get their tasks, and nothing is restarted',
      async () => {
        await redis?.kill()
        await Promise.all([fleet.one, fleet.two].map((server) => server.said('redis is not available')))
        const without = [await pollAcross(fleet), await pollAcross(fleet)]
        expect((await fetch(`${fleet.one.origin}/readyz`)).status).toBe(200)
        await redis?.start()
        await Promise.all([fleet.one, fleet.two].map((server) => server.said('redis is available again')))
        const again = [await pollAcross(fleet), await pollAcross(fleet)]
        console.log(
          `${name}: without Redis after ${without.map(Math.round).join(', ')} ms, with it again ${again.map(Math.round).join(', ')} ms`,
        )
        expect(fleet.one.log.filter(({ message }) => message === 'redis is not available')).toHaveLength(1)
      },
      GIVE_MS,
    )

    test(
      'love-parser §2: a logout in one process is a logout in all',
      async () => {
        const { one, two } = fleet
        const headers = await login(one, '+79990003331')
        expect((await two.call('GET', '/api/v1/auth/me', undefined, headers)).status).toBe(200)
        expect((await one.call('GET', '/api/v1/auth/logout', undefined, headers)).status).toBe(200)
        expect((await two.call('GET', '/api/v1/auth/me', undefined, headers)).status).toBe(401)
      },
      GIVE_MS,
    )

    test(
      'architecture §12: two processes share a port; one killed, the other serves on',
      async () => {
        const { one, start } = fleet
        const twin = await start('api', { PORT: one.port })
        // A socket lives in one of them: the other counts none.
        const socket = new WebSocket(`${one.origin.replace('http', 'ws')}/api/internal2/connect`, { headers: CRAWLER } as never)
        await new Promise((resolve) => socket.addEventListener('open', resolve))
        const ask = async () =>
          (
            await fetch(`${one.origin}/api/internal2/connect`, {
              method: 'POST',
              body: '{}',
              headers: { ...CRAWLER, 'content-type': 'application/json', connection: 'close' },
            })
          ).json() as any
        const seen = new Set<number>()
        await eventually(
          async () => seen.add((await ask()).connectionInfo.activeConnections),
          (counts) => counts.size === 2,
        )
        expect(seen).toEqual(new Set([0, 1]))
        socket.close()
        twin.child.kill('SIGKILL')
        await twin.child.exited
        for (let n = 0; n < 20; n++)
          expect((await fetch(`${one.origin}/livez`, { headers: { connection: 'close' } })).status).toBe(200)
      },
      GIVE_MS,
    )
  })

if (!process.env.TEST_DATABASE_URL) {
  console.warn('skipped: several processes (TEST_DATABASE_URL is not set)')
  test.skip('several processes', () => {})
} else {
  suite('several processes on Postgres', false)
  if (Bun.which('redis-server')) suite('several processes on Postgres and Redis', true)
  else console.warn('skipped: several processes on Postgres and Redis (redis-server is not installed)')
}
