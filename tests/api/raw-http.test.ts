import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { attach, openPort } from '../../src/listener.ts'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { EVERY_FAMILY } from '../support/harness.ts'

/** Sends a text as it stands; answers status and body once the server has closed the connection. */
const ask = (port: number, text: string): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    let got = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (bytes) => {
      got += bytes.toString('latin1')
    })
    socket.on('error', reject)
    socket.on('close', () => {
      const split = got.indexOf('\r\n\r\n')
      resolve({ status: Number(got.split(' ', 2)[1]), body: got.slice(split + 4) })
    })
  })
const get = (path: string, host: string[]) =>
  `GET ${path} HTTP/1.1\r\n${host.map((name) => `Host: ${name}\r\n`).join('')}Connection: close\r\n\r\n`

describe.each(['test', 'development'])('requests as they stand on the wire, NODE_ENV %s', (mode) => {
  let app: TestApp
  let server: ReturnType<typeof openPort>
  let port = 0
  beforeAll(async () => {
    app = await createTestApp(openSqlite({ path: ':memory:' }), { env: { ...EVERY_FAMILY, NODE_ENV: mode } })
    server = openPort(app.platform, () => app.app, { port: 0, hostname: '127.0.0.1' })
    attach(app.app, server)
    port = server.port as number
  })
  afterAll(async () => {
    await server.stop(true)
    await app.stop()
  })

  test.each(['/health', '/livez'])('B1: a probe of %s without Host, or with an empty one, is answered', async (path) => {
    expect((await ask(port, `GET ${path} HTTP/1.0\r\n\r\n`)).status).toBe(200)
    expect((await ask(port, get(path, ['']))).status).toBe(200)
    expect((await ask(port, get(path, [`127.0.0.1:${port}`]))).status).toBe(200)
    expect((await ask(port, get(path, ['[::1]:80']))).status).toBe(200)
  })

  test('B1: no other path is served as a route', async () => {
    const token = 'X-Internal-Token: dev-internal-token'
    expect((await ask(port, `GET /public1/internal/stats HTTP/1.0\r\n${token}\r\n\r\n`)).status).toBe(404)
    expect((await ask(port, 'GET /xxxxxxx/health HTTP/1.0\r\n\r\n')).status).toBe(404)
    expect((await ask(port, `GET /internal/stats HTTP/1.0\r\n${token}\r\n\r\n`)).status).toBe(200)
  })

  test.each([
    ['/health', 'VALIDATION_ERROR', (body: any) => body.error.code],
    ['/livez', 'VALIDATION_ERROR', (body: any) => body.error.code],
    ['/api/v1/dashboard', 'VALIDATION_ERROR', (body: any) => body.error.code],
    ['/internal/stats', 'bad_host', (body: any) => body.error.code],
    ['/api/internal2/tasks', 'BAD_REQUEST', (body: any) => body.code],
    ['/internal/stickersets/search', 'bad_host', (body: any) => body.details[0].code],
  ] as const)('B1: a bad or a second Host is 400 before anything else, %s in its family envelope', async (path, code, codeOf) => {
    for (const host of [['user@x'], ['a b'], ['a/b'], ['localhost', 'localhost'], ['a', 'b']]) {
      const { status, body } = await ask(port, get(path, host))
      expect([host, status]).toEqual([host, 400])
      expect([host, codeOf(JSON.parse(body))]).toEqual([host, code])
    }
  })
})
