import { Database } from 'bun:sqlite'
import { afterAll, expect, test } from 'bun:test'
import postgres from 'postgres'
import { eventually } from '../support/eventually.ts'
import { killLeftovers, ownDirectory, startServer, startServerUnready, TOKEN } from '../support/processes.ts'

const directory = ownDirectory()
/** Answers robots.txt and then nothing any more: a task of this site stays where it is. */
const site = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: (request) =>
    new URL(request.url).pathname === '/robots.txt' ? new Response(null, { status: 404 }) : new Promise<Response>(() => {}),
})
afterAll(async () => {
  await killLeftovers()
  await site.stop(true)
  directory.remove()
})

test('SIGTERM ends it within ten seconds, with everyone who waits answered and every own lease given back', async () => {
  const server = await startServer(directory.database, {
    EMBEDDED_WORKERS: 'web',
    WEB_WORKER_ALLOW: `127.0.0.1:${site.port}`,
  })
  const source = await server.call('POST', '/internal/sources', {
    url: `http://127.0.0.1:${site.port}/`,
    type: 'list',
    site_key: 'slow',
    // Off, or the scheduler's tick may run it before the force-run does.
    is_active: false,
    config: { worker: 'web' },
  })
  const { body: run } = await server.call('POST', `/internal/sources/${source.body.id}/force-run`, {})
  await eventually(
    async () => (await server.call('GET', `/internal/tasks/${run.task_id}`)).body.status,
    (status) => status === 'leased',
  )

  const poll = server.call('POST', '/internal/workers/lease', { worker_id: 'waits', kinds: ['notification'], wait_seconds: 30 })
  const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/internal/workers/connect`, {
    headers: { 'x-internal-token': TOKEN },
  } as any)
  await new Promise((resolve, reject) => {
    socket.onmessage = resolve
    socket.onerror = reject
    socket.onopen = () =>
      socket.send(JSON.stringify({ type: 'hello', id: 1, data: { worker_id: 'socket', kinds: ['notification'] } }))
  })
  const closed = new Promise<number>((resolve) => {
    socket.onclose = (event) => resolve(event.code)
  })
  // The poll and the socket have to wait at the server before the stop; the gauges are up to ten seconds old.
  await eventually(
    async () => /^trawl_workers_waiting (\d+)$/m.exec(await (await fetch(`${server.origin}/metrics`)).text())?.[1],
    (waiting) => Number(waiting) >= 2,
  )

  const askedAt = performance.now()
  server.child.kill('SIGTERM')
  expect(await poll).toEqual({ status: 200, body: { tasks: [] } })
  expect(await closed).toBe(1001)
  expect(await server.child.exited).toBe(0)
  expect(performance.now() - askedAt).toBeLessThan(10_000)

  const db = new Database(directory.database, { readonly: true })
  expect(db.query('select state, attempts, last_end, lease_expires_at from tasks where id = ?').get(run.task_id)).toEqual({
    state: 'queued',
    attempts: 0,
    last_end: 'release',
    lease_expires_at: null,
  })
  expect(db.query('select status from parsing_runs where id = ?').get(run.run_id)).toEqual({ status: 'queued' })
  db.close()
}, 300_000)

/** A stop that did not wait for its tick has closed its idle connections by then; one that waits has not. */
const CLOSED_MS = 1000
const hasDatabase = Boolean(process.env.TEST_DATABASE_URL)
if (!hasDatabase) console.warn('skipped: SIGTERM while a tick runs on Postgres (TEST_DATABASE_URL is not set)')
test.skipIf(!hasDatabase)(
  'L1: SIGTERM while a tick waits for a lock on Postgres logs no error',
  async () => {
    const name = `trawl_stop_${crypto.randomUUID().replaceAll('-', '')}`
    const admin = postgres(process.env.TEST_DATABASE_URL as string, { max: 1 })
    await admin.unsafe(`create database ${name}`)
    const url = new URL(process.env.TEST_DATABASE_URL as string)
    url.pathname = `/${name}`
    const other = postgres(url.href, { max: 2, connection: { application_name: 'holder' } })
    try {
      for (const isReleased of [true, false]) {
        const server = await startServer('', { DATABASE_URL: url.href })
        // Registered by the start, and from then on touched by ticks alone.
        await eventually(async () => (await other`select 1 from schedules limit 1`.catch(() => [])).length)
        const stopped = Promise.withResolvers<void>()
        const lock = other.begin(async (sql) => {
          await sql`lock table schedules in access exclusive mode`
          await eventually(
            async () => (await admin`select 1 from pg_stat_activity where datname = ${name} and wait_event_type = 'Lock'`).length,
          )
          server.child.kill('SIGTERM')
          await server.said('stopping')
          // Released between the end of the pool, which refuses further queries, and that of the query that waits.
          const served = () => admin`select 1 from pg_stat_activity where datname = ${name} and wait_event_type <> 'Lock'
            and application_name <> ${'holder'}`
          if (isReleased) await eventually(async () => (await served()).length === 0, Boolean, CLOSED_MS).catch(() => {})
          else await stopped.promise
        })
        if (isReleased) await lock
        expect(await server.child.exited).toBe(0)
        stopped.resolve()
        await lock
        await server.printed
        expect(server.log.filter(({ level }) => level === 'error')).toEqual([])
      }
    } finally {
      await other.end()
      await admin.unsafe(`drop database ${name} with (force)`)
      await admin.end()
    }
  },
  60_000,
)

test('SIGTERM ends a start that waits for its database', async () => {
  const asked = Promise.withResolvers<void>()
  // Takes connections and never says a word.
  const silent = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { open: () => asked.resolve(), data() {} } })
  const { child } = startServerUnready({ DATABASE_URL: `postgres://nobody@127.0.0.1:${silent.port}/nothing` })
  await asked.promise
  child.kill('SIGTERM')
  expect(await child.exited).toBe(0)
  silent.stop(true)
}, 300_000)
