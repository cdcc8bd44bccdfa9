import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { attach, openPort } from '../../src/listener.ts'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { EVERY_FAMILY } from '../support/harness.ts'

/** A route of every family that asks for a credential, and the right one. */
const ROUTES: [path: string, name: string, right: string][] = [
  ['/internal/stats', 'X-Internal-Token', 'dev-internal-token'],
  ['/internal/sources', 'X-Internal-Token', 'dev-internal-token'],
  ['/internal/love-parser/payments', 'X-Internal-Token', 'dev-internal-token'],
  ['/analytics/funnel', 'X-Analytics-Token', 'dev-analytics-token'],
  ['/api/internal2/tasks', 'Authorization', 'Bearer dev-crawler-token'],
  ['/internal/stickersets/categories', 'X-Service-Token', 'dev-service-token'],
  ['/metrics', 'Authorization', 'Bearer a-token-of-metrics'],
  ['/api/v1/auth/me', 'Authorization', 'Bearer none'],
]
const encoded = (text: string) => [...text].map((sign) => `%${sign.charCodeAt(0).toString(16)}`).join('')

/** Spellings that have passed guards by path elsewhere. */
const spellings = (path: string): string[] => {
  const [, first = '', ...others] = path.split('/')
  const rest = others.length === 0 ? '' : `/${others.join('/')}`
  const open = ['/livez', '/docs', '/docs/assets', '/health', '/demo/shop', '/api/stickersets/search']
  return [
    ...[path, `${path}/`, `${path}//`, `/${path}`, `//${path}`, `/${first}/${rest}`, `/./${first}${rest}`, `/${first}/.${rest}`],
    ...[
      `/${first}/x/..${rest}`,
      `/../..${path}`,
      `/%2e%2e${path}`,
      `/%252e%252e${path}`,
      `/..;${path}`,
      `/x/..;${path}`,
      `/x/%2E.${path}`,
    ],
    ...open.flatMap((at) => [
      `${at}/..${path}`,
      `${at}/%2e%2e${path}`,
      `${at}%2f..${path}`,
      `${at};${path}`,
      `${at}?${path}`,
      `${at}#${path}`,
    ]),
    ...open.flatMap((at) => [
      `${path}/..${at}`,
      `${path};${at}`,
      `${path}?${at}`,
      `${path}#${at}`,
      `${path}%3f${at}`,
      `${path}%23${at}`,
    ]),
    ...[
      `${path};x`,
      `${path};a=b`,
      `${path}%00`,
      `${path}%20`,
      `${path}%0a`,
      `${path}.json`,
      `${path}%2f`,
      `${path}/.`,
      `${path}/..`,
      `${path}~`,
    ],
    ...[
      path.toUpperCase(),
      `/${first.toUpperCase()}${rest}`,
      path.replace(/.$/, encoded),
      `/${encoded(first)}${rest}`,
      encoded(path),
    ],
    ...[path.replaceAll('/', '%2f'), path.replaceAll('/', '%5c'), `/x\\..${path}`, path.replaceAll('/', '\\'), `/\\${path}`],
    ...[
      `http://localhost${path}`,
      `http://evil.example${path}`,
      `http://localhost/livez/..${path}`,
      `https://u@127.0.0.1:1${path}`,
    ],
    ...[
      `${path}\xff`,
      `${path}%ff`,
      path.replace('i', '\u0131'),
      `/api/v1${path}`,
      `/api/v1/..${path}`,
      `${path}${'/a'.repeat(2000)}`,
    ],
  ]
}

describe('security: spellings of a path', () => {
  let app: TestApp
  let server: ReturnType<typeof openPort>
  beforeAll(async () => {
    const env = { ...EVERY_FAMILY, METRICS_TOKEN: 'a-token-of-metrics', TRUST_PROXY: '1' }
    app = await createTestApp(openSqlite({ path: ':memory:' }), { env })
    server = openPort(app.platform, () => app.app, { port: 0, hostname: '127.0.0.1' })
    attach(app.app, server)
  })
  afterAll(async () => {
    await server.stop(true)
    await app.stop()
  })

  let asked = 0
  /** The status and body of a request as it stands, from an address of its own: refusals are limited. */
  const ask = (method: string, target: string, version: string, fields: Record<string, string>) =>
    new Promise<{ status: number; body: string }>((resolve, reject) => {
      asked++
      const from = `10.${asked >> 16}.${(asked >> 8) & 255}.${asked & 255}`
      const head = { 'X-Forwarded-For': from, 'Content-Length': '0', Connection: 'close', ...fields }
      const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`)
      let got = ''
      const socket = connect(server.port as number, '127.0.0.1', () =>
        socket.write(`${method} ${target} HTTP/${version}\r\n${lines.join('')}\r\n`, 'latin1'),
      )
      socket.on('data', (bytes) => {
        got += bytes.toString('latin1')
      })
      socket.on('error', reject)
      socket.on('close', () => resolve({ status: Number(got.split(' ', 2)[1]), body: got.slice(got.indexOf('\r\n\r\n') + 4) }))
    })

  test.each(ROUTES)(
    'none opens %s without its credential, and none is a failure of ours',
    async (path, name, right) => {
      const secret = (await ask('GET', path, '1.1', { Host: 'localhost', [name]: right })).body
      const isOpen = (target: string) => /^(https?:\/\/[^/]+)?\/(livez|docs|health|demo|api\/stickersets)/.test(target)
      for (const target of spellings(path))
        for (const method of ['GET', 'HEAD', 'POST', 'DELETE'])
          for (const [version, fields] of [
            ['1.1', { Host: 'localhost' }],
            ['1.0', {}],
          ] as const) {
            const answer = await ask(method, target, version, fields)
            const what = [method, target, version, answer.status]
            expect([...what, answer.status >= 400 || isOpen(target) || target.includes('/..')]).toEqual([...what, true])
            expect([...what, answer.status < 500]).toEqual([...what, true])
            // Whatever was opened, it was not this.
            if (answer.status < 400 && answer.body !== '') expect([target, answer.body]).not.toEqual([target, secret])
          }
    },
    60_000,
  )

  test.each(ROUTES.filter(([, , right]) => right !== 'Bearer none'))(
    'B1, M6: a bare path that is not %s is not served as it, with its credential neither',
    async (path, name, right) => {
      const own = { [name]: right }
      expect((await ask('GET', path, '1.0', own)).status).toBe(200)
      const others = spellings(path).filter(
        (target) =>
          target.startsWith('/') && target.split('?')[0] !== path && target !== `${path}/` && !target.startsWith('/api/v1'),
      )
      const secret = (await ask('GET', path, '1.0', own)).body
      for (const target of others) {
        const { status, body } = await ask('GET', target, '1.0', own)
        const isServed = status === 200 && body === secret
        expect([target, status, isServed]).toEqual([target, status, false])
        // Where a name may stand in its place, it may be one that is refused.
        if (!/^\/(livez|docs|health|demo|api\/stickersets)/.test(target))
          expect([target, status, [400, 404, 422].includes(status)]).toEqual([target, status, true])
      }
    },
    60_000,
  )
})
