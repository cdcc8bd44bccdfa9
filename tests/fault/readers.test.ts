import { afterAll, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { openSocket } from '../crawler/stream-rig.ts'
import { eventually } from '../support/eventually.ts'
import { killLeftovers, ownDirectory, startServer } from '../support/processes.ts'
import { reportFault } from './report.ts'

/** Half over WebSocket, half over SSE, of which a process allows 500 (gitlab-crawler §14). */
const EACH = 500
const UPDATES = 400
const AUTH = { authorization: 'Bearer dev-crawler-token' }
/** What a reader that never reads may cost (gitlab-crawler, 2 MB), and what the process itself needs. */
const READER_MB = 2
const directory = ownDirectory()
const sockets: Socket[] = []
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  await killLeftovers()
  directory.remove()
})

const rssOf = (pid: number) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

/** A connection that has asked for events and takes none: paused before the first byte. */
const neverRead = (port: number, request: string[]): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' })
    sockets.push(socket)
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.write(`${request.join('\r\n')}\r\n\r\n`, () => resolve())
      socket.pause()
    })
  })

test('1,000 readers that never read cost a bounded memory and keep nothing from those who do', async () => {
  const server = await startServer(directory.database, {
    FAMILIES: 'crawler',
    CRAWLER_MAX_CONNECTIONS: '1000',
    CRAWLER_RATE_LIMIT: '0',
    CRAWLER_PROGRESS_RATE_LIMIT: '0',
  })
  const port = Number(server.port)
  const task = { id: 'one', type: 'FETCH_ISSUES', credentials: { accessToken: 'x' } }
  expect((await server.call('POST', '/api/internal2/tasks', { type: 'task', data: task }, AUTH)).status).toBe(201)
  const before = rssOf(server.child.pid)
  const host = [`Host: 127.0.0.1:${port}`, `Authorization: ${AUTH.authorization}`]
  for (let n = 0; n < EACH; n++) {
    await neverRead(port, ['GET /api/internal2/tasks/one/events HTTP/1.1', ...host, 'Accept: text/event-stream'])
    const key = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64')
    const upgrade = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${key}`]
    await neverRead(port, [`GET /api/internal2/connect?connectionId=reader-${n} HTTP/1.1`, ...host, ...upgrade])
  }
  await eventually(
    async () => (await server.call('GET', '/api/internal2/health?details=1', undefined, AUTH)).body,
    (health) => JSON.stringify(health).includes(`"activeConnections":${EACH}`),
  )
  const reader = await openSocket(server.origin)
  let acknowledged = 0
  let slowest = 0
  for (let n = 1; n <= UPDATES; n++) {
    const since = performance.now()
    const answer = await server.call(
      'POST',
      '/api/internal2/tasks/one/progress',
      { type: 'progress', processed: n, total: UPDATES, message: 'x'.repeat(900) },
      AUTH,
    )
    expect(answer.status).toBe(200)
    acknowledged++
    slowest = Math.max(slowest, performance.now() - since)
  }
  let received = 0
  for (let n = 1; n <= UPDATES; n++) {
    const event = await reader.next((frame) => frame.seq !== undefined && frame.type.includes('progress'))
    if (event) received++
  }
  const grown = rssOf(server.child.pid) - before
  reader.socket.close()
  reportFault({
    test: '1,000 SSE and WS clients that never read',
    faults: `${2 * EACH} readers, ${Math.round(grown)} MB`,
    acknowledged,
    lost: UPDATES - received,
    duplicated: 0,
    recoveryMs: slowest,
  })
  expect(grown).toBeLessThan(2 * EACH * READER_MB)
  expect(received).toBe(UPDATES)
}, 300_000)
