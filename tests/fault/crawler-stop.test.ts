import { afterAll, expect, test } from 'bun:test'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { killLeftovers, ownDirectory, startServer } from '../support/processes.ts'

const directory = ownDirectory()
afterAll(async () => {
  await killLeftovers()
  directory.remove()
})

test('CRAWLER_SOCKET: served without a token; SIGTERM says goodbye to sockets and streams and removes the file', async () => {
  const file = join(directory.path, 'crawler.sock')
  const server = await startServer(directory.database, { CRAWLER_SOCKET: file })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const local = (path: string, init: RequestInit = {}) =>
    fetch(`http://localhost/api/internal2${path}`, { unix: file, ...init } as never)
  const data = { id: 'over the socket', type: 'FETCH_TAGS', credentials: { accessToken: 'x' } }
  expect((await local('/tasks', { method: 'POST', body: JSON.stringify({ data }) })).status).toBe(201)
  expect((await fetch(`${server.origin}/api/internal2/tasks`, { headers: { 'x-request-source': 'unix' } })).status).toBe(401)

  const frames: any[] = []
  const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/api/internal2/connect?token=dev-crawler-token`)
  const closed = new Promise<number>((resolve) => {
    socket.onclose = ({ code }) => resolve(code)
  })
  const opened = new Promise<void>((resolve) => {
    socket.onmessage = ({ data: text }) => {
      frames.push(JSON.parse(text))
      resolve()
    }
  })
  await opened
  const stream = await local(`/tasks/${encodeURIComponent('over the socket')}/events`)
  const events = stream.text()
  server.child.kill('SIGTERM')
  expect(await closed).toBe(1001)
  expect(frames.at(-1)).toMatchObject({ type: 'system', seq: expect.any(Number), data: { messageType: 'shutdown' } })
  expect(await events).toContain('event: system')
  expect(await server.child.exited).toBe(0)
  expect(existsSync(file)).toBe(false)
}, 300_000)
