import { describe, expect, test } from 'bun:test'
import { httpPort } from '../../src/workers/port.ts'
import { eventually } from '../support/eventually.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { hastyClock } from './doubles.ts'

const lease = { taskId: 'a/b', workerId: 'w1', fence: 4 }
const batch = { sourceId: 7, items: [], idempotencyKey: 't:4:1' }
const error = (status: number, code: string, headers: Record<string, string> = {}) =>
  Response.json({ error: { code, message: `said ${code}` } }, { status, headers })

/** A port whose server answers the listed responses in order; a thrown entry is a network error. */
const scripted = (...answers: (Response | Error)[]) => {
  const requests: Request[] = []
  const clock = hastyClock(5_000)
  const port = httpPort({
    origin: 'http://core:3000/',
    token: 'secret-token',
    clock,
    attempts: 4,
    fetch: async (request) => {
      requests.push(request)
      const answer = answers.shift()
      if (!answer || answer instanceof Error) throw answer ?? new Error('no answer left')
      return answer
    },
  })
  return { port, requests, clock }
}

describe('http port', () => {
  test('gifty §4: lease sends the documented body and returns the tasks', async () => {
    const task = { id: 5, kind: 'k', payload: {}, fence: 1, attempt: 1, lease_expires_at: 'x', priority: 10 }
    const { port, requests } = scripted(Response.json({ tasks: [task] }))
    const tasks = await port.lease({ workerId: 'w1', kinds: ['k'], max: 2, leaseSeconds: 60, waitSeconds: 20 })
    expect(tasks).toEqual([{ ...task, id: '5' }])
    expect(requests[0]!.url).toBe('http://core:3000/internal/workers/lease')
    expect(requests[0]!.headers.get('x-internal-token')).toBe('secret-token')
    expect(await requests[0]!.json()).toEqual({ worker_id: 'w1', kinds: ['k'], max: 2, lease_seconds: 60, wait_seconds: 20 })
  })

  test('gifty §4: every verb goes to the task with worker_id and fence', async () => {
    const { port, requests } = scripted(
      Response.json({ status: 'ok', lease_expires_at: 'then', cancel_requested: true }),
      Response.json({ status: 'ok' }),
      Response.json({ status: 'ok' }),
      Response.json({ status: 'ok' }),
      Response.json({ status: 'ok' }),
    )
    expect(await port.heartbeat(lease, { leaseSeconds: 60, progress: { pages: 1 } })).toEqual({
      leaseExpiresAt: 'then',
      cancelRequested: true,
    })
    await port.complete(lease, { logs: 'x' })
    await port.fail(lease, { error: 'e'.repeat(20_000), retryable: false })
    await port.release(lease)
    await port.workerHeartbeat({
      workerId: 'w1',
      hostname: 'h',
      pid: 1,
      concurrentTasks: 2,
      ramUsagePct: 3.5,
      cpuUsage: 4,
      status: 'online',
    })
    const bodies = await Promise.all(requests.map((request) => request.json() as Promise<any>))
    const who = { worker_id: 'w1', fence: 4 }
    expect(requests.map((request) => new URL(request.url).pathname)).toEqual([
      '/internal/workers/tasks/a%2Fb/heartbeat',
      '/internal/workers/tasks/a%2Fb/complete',
      '/internal/workers/tasks/a%2Fb/fail',
      '/internal/workers/tasks/a%2Fb/release',
      '/internal/workers/heartbeat',
    ])
    expect(bodies[0]).toEqual({ ...who, lease_seconds: 60, progress: { pages: 1 } })
    expect(bodies[1]).toEqual({ ...who, result: { logs: 'x' } })
    expect(bodies[2]).toEqual({ ...who, error: 'e'.repeat(10_000), retryable: false })
    expect(bodies[3]).toEqual(who)
    expect(bodies[4]).toEqual({
      worker_id: 'w1',
      hostname: 'h',
      pid: 1,
      concurrent_tasks: 2,
      ram_usage_pct: 3.5,
      cpu_usage: 4,
      status: 'online',
    })
  })

  test('gifty §3: ingest carries the lease and the key, and a retry repeats the very same bytes', async () => {
    const answer = { status: 'ok', items_ingested: 1, rejected: [] }
    const { port, requests, clock } = scripted(new Error('reset'), error(503, 'unavailable'), Response.json(answer))
    expect(await port.ingest(lease, batch)).toMatchObject({ items_ingested: 1 })
    expect(requests.map((request) => request.headers.get('idempotency-key'))).toEqual(['t:4:1', 't:4:1', 't:4:1'])
    const bodies = await Promise.all(requests.map((request) => request.text()))
    expect(new Set(bodies).size).toBe(1)
    expect(JSON.parse(bodies[0]!)).toEqual({ items: [], categories: [], source_id: 7, task_id: 'a/b', worker_id: 'w1', fence: 4 })
    expect(clock.slept).toEqual([250, 500])
  })

  test('gifty §3: a key still in progress is asked again after Retry-After', async () => {
    const { port, clock } = scripted(
      error(409, 'idempotency_in_progress', { 'retry-after': '1' }),
      Response.json({ status: 'ok', rejected: [] }),
    )
    await port.ingest(lease, batch)
    expect(clock.slept).toEqual([1000])
  })

  test('gifty §4: 409 stale_lease is StaleLease at once', async () => {
    const { port, requests } = scripted(error(409, 'stale_lease'))
    await expect(port.complete(lease)).rejects.toMatchObject({ name: 'StaleLease', message: 'said stale_lease' })
    expect(requests).toHaveLength(1)
  })

  test('a refusal is not repeated and keeps its status and code', async () => {
    const { port, requests } = scripted(error(422, 'idempotency_conflict'))
    await expect(port.ingest(lease, batch)).rejects.toMatchObject({
      name: 'PortRefused',
      status: 422,
      code: 'idempotency_conflict',
    })
    expect(requests).toHaveLength(1)
  })

  test('retries are bounded, and the error names neither token nor body', async () => {
    const { port, requests } = scripted(...Array.from({ length: 9 }, () => new Response('<html>bad gateway', { status: 502 })))
    const failure = await port.complete(lease, { logs: 'x' }).catch((reason) => reason)
    expect(failure).toMatchObject({ name: 'PortUnavailable', message: '/workers/tasks/a%2Fb/complete answered 502 http_502' })
    expect(requests).toHaveLength(4)
  })

  test('gifty §4: lease is never repeated, since a lost answer may hold tasks', async () => {
    const { port, requests } = scripted(error(503, 'unavailable'))
    await expect(port.lease({ workerId: 'w', kinds: [], max: 1, leaseSeconds: 60, waitSeconds: 0 })).rejects.toMatchObject({
      name: 'PortUnavailable',
    })
    expect(requests).toHaveLength(1)
  })

  test('tasks handed to a poll that was given up are released', async () => {
    const released: string[] = []
    let answer!: (response: Response) => void
    const port = httpPort({
      origin: 'http://core',
      token: 't',
      clock: fakeClock(),
      fetch: (request) => {
        const { pathname } = new URL(request.url)
        if (pathname.endsWith('/lease'))
          return new Promise((resolve) => {
            answer = resolve
          })
        released.push(pathname)
        return Response.json({ status: 'ok' })
      },
    })
    const stop = new AbortController()
    const polling = port.lease({ workerId: 'w', kinds: [], max: 1, leaseSeconds: 60, waitSeconds: 20 }, stop.signal)
    stop.abort()
    await expect(polling).rejects.toMatchObject({ name: 'PortUnavailable', message: 'lease was given up' })
    answer(Response.json({ tasks: [{ id: 't9', fence: 2 }] }))
    await eventually(() => released.length === 1)
    expect(released).toEqual(['/internal/workers/tasks/t9/release'])
  })

  test('a server that never answers is given up after the call timeout', async () => {
    const clock = fakeClock()
    const port = httpPort({ origin: 'http://core', token: 't', clock, attempts: 1, fetch: () => new Promise(() => {}) })
    const call = port.complete(lease)
    await eventually(() => clock.sleeping() === 1)
    clock.advance(30_000)
    await expect(call).rejects.toMatchObject({
      name: 'PortUnavailable',
      message: expect.stringContaining('did not answer within 30000 ms'),
    })
  })

  test('over the network: the token is in its header, a redirect is not followed, a closed port is unavailable', async () => {
    const tokens: (string | null)[] = []
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch(request) {
        tokens.push(request.headers.get('x-internal-token'))
        return request.url.endsWith('/release')
          ? Response.redirect('/elsewhere', 307)
          : Response.json({ lease_expires_at: 'then', cancel_requested: false })
      },
    })
    const origin = `http://127.0.0.1:${server.port}`
    const port = httpPort({ origin, token: 'secret-token', clock: hastyClock(5_000), attempts: 1 })
    expect(await port.heartbeat(lease, {})).toEqual({ leaseExpiresAt: 'then', cancelRequested: false })
    await expect(port.release(lease)).rejects.toMatchObject({ name: 'PortRefused', status: 307 })
    expect(tokens).toEqual(['secret-token', 'secret-token'])
    await server.stop(true)
    await expect(port.complete(lease)).rejects.toMatchObject({ name: 'PortUnavailable' })
  })
})
