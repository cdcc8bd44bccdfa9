import { describe, expect, test } from 'bun:test'
import { Elysia } from 'elysia'
import { z } from 'zod'
import { AppError } from '../../src/errors.ts'
import type { Call } from '../../src/platform/http/family.ts'
import { checkedLater, createSurface, requireAccess } from '../../src/platform/http/macros.ts'

const problem = z.object({ code: z.string() })
/** An app of one family whose checks write down that they ran, in the order rate, body, credential. */
const rig = (order: readonly ('auth' | 'rate' | 'bodyLimit')[] = ['rate', 'bodyLimit', 'auth']) => {
  const ran: string[] = []
  const surface = createSurface<'user', 'general', number, { name: string }>({
    name: 'test',
    order,
    problem,
    always: [500],
    invalid: { params: 404, query: 422, body: 422 },
    auth: {
      async check({ request, call }) {
        ran.push(call.body === undefined ? 'auth' : 'auth after body')
        if (request.headers.get('token') === null) throw new AppError('unauthorized', 401, 'no token')
        return { name: 'ann' }
      },
      security: (access) => [{ [access]: [] }],
      statuses: [401, 403],
    },
    rate: {
      async check(_entry, rate) {
        ran.push(`rate ${rate}`)
      },
    },
    body: {
      async read({ request }, limit) {
        ran.push(`body of ${limit}`)
        return JSON.parse(await request.text())
      },
      statuses: [413],
    },
    idempotency: {
      key: (request) => request.headers.get('idempotency-key') ?? undefined,
      maxLength: 10,
      statuses: [409],
    },
    tidy: (_entry, query) => query,
  })
  const app = new Elysia()
    .use(surface)
    .onRequest((context) => {
      context.call = {} as Call
    })
    .onParse({ as: 'global' }, () => null)
    .onError(({ error, code }) => {
      const status = error instanceof AppError ? error.status : code === 'VALIDATION' ? 422 : 500
      return new Response(null, { status })
    })
  const post = async (path: string, body: unknown, headers: Record<string, string> = { token: 't' }) => {
    const answer = await app.handle(
      new Request(`http://localhost${path}`, { method: 'POST', headers, body: JSON.stringify(body) }),
    )
    return { status: answer.status, text: await answer.text() }
  }
  return { app, ran, post }
}
const body = z.object({ n: z.number() })

describe('the options of a route', () => {
  test('an option that the surface has no rule for is refused when the route is made, not passed over', () => {
    const bare = createSurface<'user', 'general', number, undefined>({
      name: 'bare',
      order: [],
      problem,
      always: [],
      invalid: { params: 400, query: 400, body: 400 },
    })
    const made = (options: object) => () => new Elysia().use(bare).get('/x', () => 'x', options as { anyone: true })
    expect(made({ anyone: true })).not.toThrow()
    expect(made({ auth: 'user' })).toThrow('the surface bare has no rule for auth')
    expect(made({ anyone: true, rate: 'general' })).toThrow('the surface bare has no rule for rate')
    expect(made({ anyone: true, bodyLimit: 10 })).toThrow('the surface bare has no rule for bodyLimit')
  })

  test('checks run in the order of the contract, however the options are written', async () => {
    for (const [order, expected] of [
      [
        ['rate', 'bodyLimit', 'auth'],
        ['rate general', 'body of 9', 'auth after body'],
      ],
      [
        ['auth', 'rate', 'bodyLimit'],
        ['auth', 'rate general', 'body of 9'],
      ],
    ] as const) {
      const { app, ran, post } = rig(order)
      app.post('/x', ({ principal, body: { n } }) => `${principal.name} ${n}`, {
        bodyLimit: 9,
        body,
        auth: 'user',
        rate: 'general',
      })
      expect(await post('/x', { n: 1 })).toEqual({ status: 200, text: 'ann 1' })
      expect(ran).toEqual([...expected])
    }
  })

  test('a refused credential leaves the body unread, and comes before a refused value', async () => {
    const { app, ran, post } = rig(['auth', 'bodyLimit'])
    app.post('/x', () => 'never', { auth: 'user', bodyLimit: 9, body, query: z.object({ q: z.string() }) })
    expect((await post('/x', { n: 'no number' }, {})).status).toBe(401)
    expect(ran).toEqual(['auth'])
    expect((await post('/x?q=1', { n: 'no number' })).status).toBe(422)
  })

  test('each option documents what it may answer, and answers are not validated', async () => {
    const { app, post } = rig()
    app.post('/x/:id', () => ({ n: 'not what is promised' }) as never, {
      auth: 'user',
      rate: 'general',
      bodyLimit: 9,
      idempotent: true,
      params: z.object({ id: z.string() }),
      body,
      response: { 200: body },
      detail: { summary: 'x' },
    })
    const hooks = app.routes.at(-1)?.hooks as any
    expect(Object.keys(hooks.detail.responses)).toEqual(['200', '401', '403', '404', '409', '413', '422', '429', '500'])
    expect([hooks.detail.responses[200], hooks.detail.responses[429]]).toEqual([body, problem])
    expect(hooks.detail).toMatchObject({ summary: 'x', security: [{ user: [] }], parameters: [{ name: 'Idempotency-Key' }] })
    expect(await post('/x/1', { n: 1 })).toEqual({ status: 200, text: '{"n":"not what is promised"}' })
  })

  test('a query value with a comma or in braces is the text that was sent; of several values all are there', async () => {
    const { app } = rig()
    app.get('/x', ({ query }) => query, { anyone: true, query: checkedLater(z.looseObject({})) })
    const answer = await app.handle(new Request('http://localhost/x?a=1,2&b={"c":1}&d=1&d=2'))
    expect(await answer.json()).toEqual({ a: '1,2', b: '{"c":1}', d: ['1', '2'] })
  })

  test('a route below a prefix that says neither auth nor anyone is an error of the start', () => {
    const { app } = rig()
    app.get('/family/open', () => '', { anyone: true }).get('/family/closed', () => '', { auth: 'user' })
    expect(() => requireAccess(app.routes, ['/family'])).not.toThrow()
    app.get('/elsewhere', () => '').get('/family/forgotten', () => '')
    expect(() => requireAccess(app.routes, ['/family'])).toThrow('GET /family/forgotten says neither auth nor anyone')
  })
})
