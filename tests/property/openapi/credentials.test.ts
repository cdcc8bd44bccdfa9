import { expect, test } from 'bun:test'
import { SignJWT } from 'jose'
import { onEachDatabase } from '../../support/databases.ts'
import type { Operation } from './document.ts'
import { openKitchen } from './kitchen.ts'
import { seedOfRun } from './random.ts'
import { send } from './send.ts'
import { ADMIN_CHAT, DASHBOARD_SECRET, type Headers, JWT_SECRET, METRICS_TOKEN, type World } from './world.ts'

/** Every credential the app knows, under the scheme that takes it. */
const rightOnes = (world: World): Record<string, Headers[]> => {
  const bearer = (token: string) => [{ authorization: `Bearer ${token}` }]
  return {
    internalToken: [{ 'x-internal-token': 'dev-internal-token' }],
    analyticsToken: [{ 'x-analytics-token': 'dev-analytics-token' }],
    serviceToken: [{ 'x-service-token': 'dev-service-token' }],
    crawlerToken: bearer('dev-crawler-token'),
    dashboard: bearer(world.dashboardToken),
    loveParser: bearer(world.people[0]?.token as string),
    metrics: bearer(METRICS_TOKEN),
  }
}

/** Tokens that are almost right: each lacks one thing. */
const forgeries = async (world: World): Promise<Record<string, string>> => {
  const now = Math.floor(world.clock.now() / 1000)
  const { id } = world.people[0] as { id: string }
  const kinds = {
    dashboard: {
      secret: DASHBOARD_SECRET,
      claims: { sub: String(ADMIN_CHAT), role: 'admin', jti: 'j', iss: 'gifty', aud: 'dashboard', iat: now },
    },
    'love parser': { secret: JWT_SECRET, claims: { sub: id, sessionId: Bun.randomUUIDv7(), telegramId: '1', iat: now } },
  }
  const out: Record<string, string> = {}
  for (const [kind, { secret, claims }] of Object.entries(kinds)) {
    const sign = (more: object, alg = 'HS256', key = secret) =>
      new SignJWT({ ...claims, ...more } as never).setProtectedHeader({ alg }).sign(new TextEncoder().encode(key))
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const good = await sign({ exp: now + 3600 })
    const [head, payload, signature] = good.split('.') as [string, string, string]
    out[`${kind}: expired`] = await sign({ exp: now - 1 })
    out[`${kind}: without an end`] = await sign({})
    out[`${kind}: HS512`] = await sign({ exp: now + 3600 }, 'HS512')
    out[`${kind}: HS384`] = await sign({ exp: now + 3600 }, 'HS384')
    out[`${kind}: another secret`] = await sign({ exp: now + 3600 }, 'HS256', 'another secret that is long enough')
    out[`${kind}: none`] = `${part({ alg: 'none' })}.${payload}.`
    out[`${kind}: None with the signature`] = `${part({ alg: 'None', typ: 'JWT' })}.${payload}.${signature}`
    out[`${kind}: no signature`] = `${head}.${payload}.`
    out[`${kind}: another payload`] = `${head}.${part({ ...claims, sub: String(ADMIN_CHAT + 1), exp: now + 9999 })}.${signature}`
    out[`${kind}: not valid yet`] = await sign({ exp: now + 3600, nbf: now + 1800 })
  }
  out['dashboard: a person who is no admin'] = await world.dashboard.sign(
    { sub: String(ADMIN_CHAT + 1), role: 'admin', jti: 'x' },
    3600,
  )
  out['dashboard: nobody'] = await world.dashboard.sign({ sub: '42', role: 'admin', jti: 'x' }, 3600)
  const gone = await world.login('+79990000021')
  await world.get('/api/v1/auth/logout', { authorization: `Bearer ${gone.token}` })
  out['love parser: logged out'] = gone.token
  return out
}

onEachDatabase('credentials of every documented operation', (database) => {
  test('architecture §5: without the right credential no operation succeeds, and none says anything but 401 or 403', async () => {
    const seed = seedOfRun()
    const { random, world, maker } = await openKitchen(database, seed)
    const right = rightOnes(world)
    const forged = await forgeries(world)
    const variants = (operation: Operation): [string, Headers][] => {
      const wrong = Object.entries(right)
        .filter(([scheme]) => !operation.security.includes(scheme))
        .flatMap(([scheme, list]) => list.map((headers): [string, Headers] => [`the ${scheme} of others`, headers]))
      const texts = ['', 'wrong', 'dev-internal-toke', 'dev-internal-token2', 'null', 'undefined', '*']
      return [
        ['nothing', {}],
        ...wrong,
        ...texts.flatMap((text): [string, Headers][] => [
          [`x-internal-token "${text}"`, { 'x-internal-token': text }],
          [`x-analytics-token "${text}"`, { 'x-analytics-token': text }],
          [`x-service-token "${text}"`, { 'x-service-token': text }],
          [`Bearer "${text}"`, { authorization: `Bearer ${text}` }],
        ]),
        ['another scheme', { authorization: `Basic ${btoa('dev-internal-token:')}` }],
        ['the token without a scheme', { authorization: world.dashboardToken }],
        ...Object.entries(forged).map(([name, token]): [string, Headers] => [name, { authorization: `Bearer ${token}` }]),
        ['an override', { 'x-http-method-override': 'OPTIONS', 'x-original-url': '/livez' }],
      ]
    }

    const closed = world.document.operations.filter(({ security }) => security.length > 0)
    const counts = new Map<number, number>()
    const problems: string[] = []
    try {
      for (const operation of closed)
        for (const [name, headers] of variants(operation)) {
          const made = maker.make(operation, true)
          // The open half of a health check stays open; its details do not.
          if (operation.open) made.path = `${made.path.split('?')[0]}?details=true`
          const query = made.path.includes('?') ? '&' : '?'
          // A socket's token may stand in the address, so a wrong one has to be refused there too.
          if (random.chance(0.3)) made.path += `${query}token=${encodeURIComponent(headers.authorization?.slice(7) ?? 'x')}`
          // Addresses of their own: what is refused too often is limited.
          const from = `10.${random.int(0, 255)}.${random.int(0, 255)}.${random.int(0, 255)}`
          const sent: Headers = { ...made.headers, ...headers, 'x-forwarded-for': from }
          if (operation.responses.has(101))
            Object.assign(sent, {
              upgrade: 'websocket',
              'sec-websocket-version': '13',
              'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
            })
          const answer = await send(world, operation.method, { ...made, headers: sent })
          counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1)
          if (answer.status !== 401 && answer.status !== 403)
            problems.push(`${operation.key} with ${name}: ${answer.status} ${answer.text.slice(0, 200)}`)
        }
      // The same credentials at the right place do open doors: or all of the above were no proof.
      const opened: string[] = []
      for (const [scheme, list] of Object.entries(right)) {
        const operation =
          closed.find(
            (one) => one.security[0] === scheme && one.method === 'GET' && !one.path.includes('{') && one.parameters.length <= 2,
          ) ?? closed.find((one) => one.security.includes(scheme) && one.method === 'GET' && !one.path.includes('{'))
        if (!operation) throw new Error(`no operation to try ${scheme} at`)
        const made = maker.make(operation, true)
        const answer = await send(world, 'GET', { ...made, path: operation.path, headers: list[0] as Headers })
        if (answer.status === 200) opened.push(scheme)
        else problems.push(`${operation.key} with the right ${scheme}: ${answer.status} ${answer.text.slice(0, 200)}`)
      }
      expect([problems.slice(0, 20), opened.sort()]).toEqual([[], Object.keys(right).sort()])
      expect(world.errors).toEqual([])
    } finally {
      await world.close()
    }
    console.log(
      `credentials [${database.dialect}]: ${closed.length} operations, ${[...counts].map(([status, count]) => `${status}:${count}`).join(' ')}, seed ${seed}`,
    )
  }, 300_000)
})
