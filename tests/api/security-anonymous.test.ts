import { expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { subscriber } from '../gifty/access-rig.ts'
import { rawHttp } from '../gifty/raw-http.ts'
import { makeRig } from '../gifty/rig.ts'
import { onEachDatabase } from '../support/databases.ts'
import { EVERY_FAMILY } from '../support/harness.ts'

const PRODUCTION = { NODE_ENV: 'production', INTERNAL_API_TOKEN: 'a-token-of-this-production', TRUST_PROXY: '1' }

onEachDatabase('security: what is anonymous', (database) => {
  test('M7: in production without METRICS_TOKEN strangers get no metrics', async () => {
    const rig = await makeRig(database, { env: PRODUCTION })
    const statusFrom = async (address: string) => (await rig.get('/metrics', { 'x-forwarded-for': address })).status
    for (const address of ['93.184.216.34', '2606:4700::1111', '::ffff:93.184.216.34', '168.63.129.16', 'nonsense', 'unknown:1'])
      expect([address, await statusFrom(address)]).toEqual([address, 401])
    for (const address of ['127.0.0.1', '10.1.2.3:4711', '192.168.0.9', '[::1]:80', 'fd00::7', '::ffff:10.0.0.1'])
      expect([address, await statusFrom(address)]).toEqual([address, 200])
    expect((await rig.get('/livez', { 'x-forwarded-for': '93.184.216.34' })).status).toBe(200)
  })

  test('M7: one rendering is shared for a second', async () => {
    const rig = await makeRig(database)
    const { text } = rig.platform.metrics
    let rendered = 0
    rig.platform.metrics.text = (now) => {
      rendered++
      return text(now)
    }
    const bodies = await Promise.all(Array.from({ length: 16 }, async () => (await rig.get('/metrics', {})).body))
    expect([rendered, new Set(bodies).size]).toEqual([1, 1])
    rig.clock.advance(999)
    await rig.get('/metrics', {})
    expect(rendered).toBe(1)
    rig.clock.advance(1)
    await rig.get('/metrics', {})
    expect(rendered).toBe(2)
  })

  test('L3: a development server answers to names of its own machine alone', async () => {
    const rig = await makeRig(database, { env: { NODE_ENV: 'development' } })
    const origin = rig.listen()
    try {
      const statusOf = async (host: string, path: string) =>
        (await rawHttp(origin, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).status
      for (const path of ['/livez', '/health', '/docs/json']) {
        for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:80', '192.168.0.7'])
          expect([host, await statusOf(host, path)]).toEqual([host, 403])
        for (const host of ['localhost', 'LOCALHOST:3000', '127.0.0.1:1', '[::1]:3000', 'app.localhost'])
          expect([host, await statusOf(host, path)]).toEqual([host, 200])
      }
    } finally {
      await rig.stop()
    }
  })

  test('L2: wrong credentials of one address are 429 in the end, in every family; a right one passes', async () => {
    const rig = await makeRig(database, {
      env: { ...EVERY_FAMILY, TRUST_PROXY: '1', METRICS_TOKEN: 'a-token-of-metrics' },
    })
    for (const [path, name, wrong, right] of [
      ['/internal/stats', 'x-internal-token', 'wrong', 'dev-internal-token'],
      ['/internal/stickersets', 'x-service-token', 'wrong', 'dev-service-token'],
      ['/api/internal2/tasks', 'authorization', 'Bearer wrong', 'Bearer dev-crawler-token'],
      // Of the same family as /internal, from addresses of its own.
      ['/analytics/funnel', 'x-analytics-token', 'wrong', 'dev-analytics-token'],
      ['/internal/love-parser/payments', 'x-internal-token', 'wrong', 'dev-internal-token'],
      ['/metrics', 'authorization', 'Bearer wrong', 'Bearer a-token-of-metrics'],
    ] as const) {
      const ask = async (credential: string, address: string) => rig.get(path, { [name]: credential, 'x-forwarded-for': address })
      const network = path.startsWith('/analytics') ? '2001:db8:1:' : '2001:db8:'
      for (let n = 0; n < 600; n++) await ask(wrong, `${network}:${n.toString(16)}`)
      const limited = await ask(wrong, `${network}:ffff`)
      expect([path, limited.status, Number(limited.headers.get('retry-after')) > 0]).toEqual([path, 429, true])
      expect([path, (await ask(right, `${network}:1`)).status]).not.toEqual([path, 429])
      expect([path, [401, 403]]).toEqual([path, expect.arrayContaining([(await ask(wrong, '10.0.0.1')).status])])
    }
  })

  test('L2: so are wrong signatures at the door of the dashboard, which has no credential; a right one passes', async () => {
    const bot = '123456:a-bot-token-of-this-test'
    const rig = await makeRig(database, { env: { TRUST_PROXY: '1', TELEGRAM_BOT_TOKEN: bot } })
    await subscriber(rig, 7)
    const pairs = [`auth_date=${Math.floor(rig.clock.now() / 1000)}`, 'user={"id":7}']
    const secret = createHmac('sha256', 'WebAppData').update(bot).digest()
    const hash = createHmac('sha256', secret).update(pairs.join('\n')).digest('hex')
    const ask = (init_data: string, address: string) =>
      rig.post('/internal/webapp/auth', { init_data }, { 'x-forwarded-for': address })
    for (let n = 0; n < 600; n++) await ask(n % 2 === 0 ? `a=${n}` : 'a%0A=1', `2001:db8::${n.toString(16)}`)
    const limited = await ask('a=b', '2001:db8::ffff')
    expect([limited.status, Number(limited.headers.get('retry-after')) > 0]).toEqual([429, true])
    expect((await ask(`${pairs.join('&')}&hash=${hash}`, '2001:db8::1')).status).toBe(200)
    expect((await ask('a=b', '10.0.0.1')).status).toBe(403)
  })

  test('L5: every answer says nosniff, and one that may hold a secret is not kept', async () => {
    const rig = await makeRig(database, { env: EVERY_FAMILY })
    const headersOf = async (method: string, path: string) =>
      (await rig.call(method, path, method === 'GET' ? undefined : {})).headers
    for (const path of [
      '/internal/stats',
      '/api/internal2/tasks',
      '/internal/stickersets',
      '/docs',
      '/livez',
      '/api/health',
      '/nothing',
    ])
      expect([path, (await headersOf('GET', path)).get('x-content-type-options')]).toEqual([path, 'nosniff'])
    for (const path of [
      '/internal/webapp/auth',
      '/api/internal2/tasks/lease',
      '/api/v1/telegram/auth/verify-code',
      '/internal/sources',
    ])
      expect([path, (await headersOf('POST', path)).get('cache-control')]).toEqual([path, 'no-store'])
  })
})
