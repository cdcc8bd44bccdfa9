import { afterEach, expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { eventually, happensWithin } from '../support/eventually.ts'
import { makeProcesses, makeRig, path, type Rig, refusal, restarted } from './rig.ts'

const servers: ReturnType<typeof Bun.serve>[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true)
})

/** A GitLab that answers its token endpoint as scripted, and records the requests. */
const gitlab = (answer: (n: number) => Response | Promise<Response>) => {
  const asked: Record<string, string>[] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      if (new URL(request.url).pathname !== '/oauth/token') return new Response('', { status: 404 })
      asked.push(Object.fromEntries(new URLSearchParams(await request.text())))
      return answer(asked.length)
    },
  })
  servers.push(server)
  const origin = `http://127.0.0.1:${server.port}`
  return { asked, origin, allowed: { OUTBOUND_ALLOW: `127.0.0.1:${server.port}` } }
}
const oauth = { accessToken: 'old-access', refreshToken: 'old-refresh', clientId: 'id', clientSecret: 'secret' }
const renewed = (n = 1) => Response.json({ access_token: `new-${n}`, refresh_token: `refresh-${n}`, expires_in: 7200 })

onEachDatabase('crawler credentials (gitlab-crawler §7.16, §12)', (database) => {
  const leased = async (app: Rig, origin: string, count = 1, credentials: Record<string, unknown> = oauth) => {
    for (let n = 0; n < count; n++) await app.create(`t${n}`, { apiEndpoint: `${origin}/api/v4`, credentials })
    return app.lease({ max: count })
  }
  const refresh = (app: Rig, id: string, more: Record<string, unknown> = {}) =>
    app.send('POST', path(id, '/credentials/refresh'), { workerId: 'w1', fence: 1, credentialsVersion: 1, ...more })

  test('§17.31: concurrent refreshes for one account make one GitLab call, over two processes as well', async () => {
    const open = Promise.withResolvers<void>()
    const { asked, origin, allowed } = gitlab(async (n) => {
      await open.promise
      return renewed(n)
    })
    const [one, two] = await makeProcesses(database, 2, { env: allowed })
    const tasks = await leased(one, origin, 10)
    expect(tasks[0].credentials).toMatchObject({ accessToken: 'old-access', refreshable: true, version: 1 })
    const calls = tasks.map((task, n) => refresh(n % 2 ? two : one, task.id))
    await eventually(() => asked.length > 0)
    open.resolve()
    // Those of the other process look again every 100 ms of the clock.
    const done = Promise.all(calls)
    let over = false
    void done.then(() => {
      over = true
    })
    await Promise.race(calls)
    for (let looks = 0; !over && looks < 20; looks++) {
      one.clock.advance(100)
      await happensWithin(200, () => over)
    }
    for (const answer of await done)
      expect(answer).toMatchObject({
        status: 200,
        body: { data: { refreshSuccessful: true, credentials: { accessToken: 'new-1', version: 2, tokenType: 'oauth2' } } },
      })
    expect(asked).toEqual([
      { grant_type: 'refresh_token', refresh_token: 'old-refresh', client_id: 'id', client_secret: 'secret' },
    ])
    expect((await refresh(one, 't0')).body.data.credentials.accessToken).toBe('new-1')
    expect(asked).toHaveLength(1)
    expect((await refresh(one, 't0', { credentialsVersion: 2 })).body.data.credentials).toMatchObject({
      accessToken: 'new-2',
      version: 3,
    })
    expect(asked[1]).toMatchObject({ refresh_token: 'refresh-1' })
  })

  test('security H6: the default client goes to its own instance alone, compared as an origin', async () => {
    const foreign = gitlab(() => renewed())
    const own = gitlab(() => renewed())
    const app = await makeRig(database, {
      env: {
        ...foreign.allowed,
        CRAWLER_OAUTH_CLIENT_ID: 'ours',
        CRAWLER_OAUTH_CLIENT_SECRET: 'our-secret',
        CRAWLER_DEFAULT_API_ENDPOINT: `${own.origin}/api/v4`,
      },
    })
    const bare = { accessToken: 'old-access', refreshToken: 'old-refresh' }
    // Of another port, another scheme, another spelling of the host.
    const others = [foreign.origin, own.origin.replace('http:', 'https:'), own.origin.replace('127.0.0.1', 'localhost')]
    for (const [n, origin] of others.entries()) {
      await app.create(`other${n}`, { apiEndpoint: `${origin}/api/v4`, credentials: bare })
      const [task] = await app.lease()
      expect([origin, task.credentials.refreshable]).toEqual([origin, false])
      expect((await refresh(app, task.id)).body.data).toEqual({
        taskId: task.id,
        refreshSuccessful: false,
        reason: 'no client id',
      })
    }
    expect([foreign.asked, own.asked]).toEqual([[], []])
    await app.create('own', { credentials: bare, apiEndpoint: undefined })
    const [task] = await app.lease()
    expect(task.credentials.refreshable).toBe(true)
    expect((await refresh(app, 'own')).body.data.refreshSuccessful).toBe(true)
    expect(own.asked).toMatchObject([{ client_id: 'ours', client_secret: 'our-secret' }])
    // A client of the account's own goes to the account's instance, and never with our secret.
    await app.create('theirs', { apiEndpoint: `${foreign.origin}/api/v4`, credentials: { ...bare, clientId: 'id' } })
    await app.lease()
    await refresh(app, 'theirs')
    expect(foreign.asked).toEqual([{ grant_type: 'refresh_token', refresh_token: 'old-refresh', client_id: 'id' }])
  })

  test('security M1: a private instance that is not listed is never asked, in any spelling', async () => {
    const { asked, origin } = gitlab(() => renewed())
    const app = await makeRig(database)
    const { port } = new URL(origin)
    for (const host of ['127.0.0.1', '[::ffff:127.0.0.1]', '2130706433', 'localhost', '169.254.169.254', '168.63.129.16']) {
      await app.create(host, { apiEndpoint: `http://${host}:${port}/api/v4`, credentials: oauth })
      const [task] = await app.lease()
      expect((await refresh(app, task.id)).body.data).toEqual({
        taskId: host,
        refreshSuccessful: false,
        reason: 'address is not allowed',
      })
    }
    expect(asked).toEqual([])
  })

  test('security M1: an entry of CRAWLER_GITLAB_HOSTS with its port is listed for renewals', async () => {
    const { asked, origin } = gitlab(() => renewed())
    const app = await makeRig(database, { env: { CRAWLER_GITLAB_HOSTS: new URL(origin).host } })
    await leased(app, origin)
    expect((await refresh(app, 't0')).body.data.refreshSuccessful).toBe(true)
    expect(asked).toHaveLength(1)
  })

  test('§12: a refusal expires the task and ends its lease; on invalid_grant the tokens are gone', async () => {
    const { origin, allowed } = gitlab(() => Response.json({ error: 'invalid_grant' }, { status: 400 }))
    const app = await makeRig(database, { env: allowed })
    await leased(app, origin)
    const answer = await refresh(app, 't0')
    expect(answer.body).toEqual({ data: { taskId: 't0', refreshSuccessful: false, reason: 'invalid_grant' } })
    expect(await app.detail('t0')).toMatchObject({ status: 'paused', jobStatus: 'credential_expired' })
    expect(refusal(await refresh(app, 't0'))).toEqual([409, 'LEASE_LOST', 'Lease lost'])
    const { sql } = await import('drizzle-orm')
    expect(await app.db.sql<any>(sql.raw('select access_token, refresh_token from crawler_accounts'))).toMatchObject([
      { access_token: null, refresh_token: null },
    ])
    // Another task of the account has nothing to work with either.
    await app.create('pat', { apiEndpoint: `${origin}/api/v4`, credentials: { accessToken: 'fresh' } })
    const [task] = await app.lease({ workerId: 'w1' })
    expect((await refresh(app, task.id)).body.data).toMatchObject({ refreshSuccessful: false, reason: 'no refresh token' })
  })

  test('§12: GitLab that cannot be reached is 503, nothing changed; redirects are not followed', async () => {
    const answers = [
      new Response('', { status: 500 }),
      Response.json({ error: 'slow' }, { status: 429 }),
      new Response('not json'),
      Response.json({ token: 'x' }),
      Response.redirect('http://127.0.0.1:1/oauth/token', 302),
    ]
    const { asked, origin, allowed } = gitlab(() => answers.shift() as Response)
    const app = await makeRig(database, { env: allowed })
    await leased(app, origin)
    for (let n = 0; n < 5; n++) {
      const answer = await refresh(app, 't0')
      expect(refusal(answer)).toEqual([503, 'UPSTREAM_UNAVAILABLE', 'GitLab is unavailable'])
      expect(answer.headers.get('retry-after')).toBe('10')
    }
    expect(asked).toHaveLength(5)
    await servers.pop()?.stop(true)
    expect((await refresh(app, 't0')).status).toBe(503)
    expect((await app.detail('t0')).status).toBe('running')
    expect(refusal(await refresh(app, 't0', { fence: 0 }))[1]).toBe('LEASE_LOST')
    expect((await refresh(app, 'nobody')).status).toBe(404)
    expect((await refresh(app, 't0', { workerId: 5 })).status).toBe(400)
  })

  test('§12 PUT credentials: version + 1, waiting tasks are queued; a token another account has moves the tasks there', async () => {
    const app = await makeRig(database)
    for (const id of ['a', 'b', 'c']) await app.create(id)
    await app.create('other', { credentials: { accessToken: 'theirs' } })
    await app.report('a', { type: 'paused', credentialStatus: { type: 'credential_expiry' } })
    await app.report('b', { type: 'paused', credentialStatus: { type: 'credential_renewal' } })
    const put = (id: string, credentials: unknown) => app.put(id, { credentials })
    expect((await put('a', {})).status).toBe(400)
    expect((await put('a', { accessToken: 'renewed' })).body.data.status).toBe('queued')
    expect((await app.detail('b')).status).toBe('queued')
    const tasks = await app.lease({ max: 10 })
    expect(tasks.find((task) => task.id === 'c').credentials).toMatchObject({ accessToken: 'renewed', version: 2 })
    await put('c', { accessToken: 'theirs' })
    expect(await app.rows('crawler_accounts')).toBe(2)
    const { sql } = await import('drizzle-orm')
    expect(await app.db.sql<any>(sql.raw('select distinct account_id from crawler_tasks'))).toHaveLength(1)
  })

  test('crawler B2: who comes with a former token joins the account, over rotations, a restart and processes', async () => {
    const { asked, origin, allowed } = gitlab((n) => renewed(n))
    const [one, two] = await makeProcesses(database, 2, { env: allowed })
    const endpoint = { apiEndpoint: `${origin}/api/v4` }
    const first = { accessToken: 'old-access', refreshToken: 'old-refresh', clientId: 'id' }
    const create = (app: Rig, id: string, credentials: object = first) => app.create(id, { ...endpoint, credentials })
    const leaseOf = async (app: Rig, id: string) => (await app.lease({ max: 50 })).find((task) => task.id === id)
    await create(one, 't1')
    await leaseOf(one, 't1')
    await refresh(one, 't1')
    for (const [n, app] of [one, two, await restarted(one, { env: allowed })].entries()) {
      await create(app, `again${n}`)
      const version = n + 2
      expect((await leaseOf(app, `again${n}`)).credentials).toMatchObject({ accessToken: `new-${n + 1}`, version })
      // Another rotation: the token before it is a former one as well.
      expect((await refresh(app, `again${n}`, { credentialsVersion: version })).body.data.credentials.accessToken).toBe(
        `new-${n + 2}`,
      )
      await create(app, `newest${n}`, { accessToken: `new-${n + 1}`, refreshToken: `refresh-${n + 1}`, clientId: 'id' })
      expect((await leaseOf(app, `newest${n}`)).credentials).toMatchObject({ accessToken: `new-${n + 2}` })
    }
    expect(asked.map((form) => form.refresh_token)).toEqual(['old-refresh', 'refresh-1', 'refresh-2', 'refresh-3'])
    expect(await one.rows('crawler_accounts')).toBe(1)
    // A token never seen is a stranger.
    await create(one, 'stranger', { accessToken: 'never-seen' })
    expect(await one.rows('crawler_accounts')).toBe(2)
    // The same token elsewhere as well.
    await one.create('elsewhere', { credentials: first })
    expect((await leaseOf(one, 'elsewhere')).credentials.accessToken).toBe('old-access')
    const stored = JSON.stringify(await one.query('select * from crawler_former_tokens'))
    for (const secret of ['old-access', 'new-1']) expect(stored).not.toContain(secret)
  })

  test('crawler B2: creates in one burst around the refresh all join the account, and R1 is sent once', async () => {
    const open = Promise.withResolvers<void>()
    const { asked, origin, allowed } = gitlab(async (n) => {
      await open.promise
      return renewed(n)
    })
    const [one, two] = await makeProcesses(database, 2, { env: allowed })
    await leased(one, origin)
    const refreshing = refresh(one, 't0')
    await eventually(() => asked.length > 0)
    const burst = (from: number) =>
      [one, two, one, two].map((app, n) =>
        app.create(`burst${from + n}`, { apiEndpoint: `${origin}/api/v4`, credentials: oauth }),
      )
    const before = burst(0)
    open.resolve()
    await Promise.all([...before, ...burst(4), refreshing])
    await Promise.all(burst(8))
    const tasks = await two.lease({ max: 50 })
    expect(tasks).toHaveLength(12)
    expect(new Set(tasks.map((task) => task.credentials.accessToken))).toEqual(new Set(['new-1']))
    for (const task of tasks) expect((await refresh(two, task.id)).body.data.credentials.accessToken).toBe('new-1')
    expect(asked.map((form) => form.refresh_token)).toEqual(['old-refresh'])
    expect(await one.rows('crawler_accounts')).toBe(1)
  })

  test('crawler B2: a bulk create and a PUT with a former token join the account and replace nothing', async () => {
    const { asked, origin, allowed } = gitlab((n) => renewed(n))
    const app = await makeRig(database, { env: allowed })
    await leased(app, origin)
    await refresh(app, 't0')
    const endpoint = { apiEndpoint: `${origin}/api/v4` }
    const bulk = await app.ok('POST', '/tasks/bulk', {
      tasks: ['b0', 'b1'].map((id) => ({ id, type: 'FETCH_ISSUES', credentials: oauth, ...endpoint })),
    })
    expect(bulk.meta.created).toBe(2)
    for (const task of await app.lease({ max: 10 }))
      expect(task.credentials).toEqual({
        accessToken: 'new-1',
        tokenType: 'oauth2',
        expiresAt: expect.any(String),
        refreshable: true,
        version: 2,
      })
    // Its own former token: the waiting task goes on with the current pair.
    await app.report('t0', { type: 'paused', workerId: 'w1', fence: 1, credentialStatus: { type: 'credential_expiry' } })
    expect((await app.put('t0', { credentials: oauth })).body.data.status).toBe('queued')
    // That of another account: the task moves there.
    await app.create('other', { ...endpoint, credentials: { accessToken: 'theirs' } })
    await app.put('other', { credentials: oauth })
    const tasks = await app.lease({ max: 10 })
    expect(tasks.map(({ id, credentials }) => [id, credentials.accessToken, credentials.version]).sort()).toEqual([
      ['other', 'new-1', 2],
      ['t0', 'new-1', 2],
    ])
    // A PUT replaces a token too, and leaves a fingerprint.
    await app.put('t0', { credentials: { accessToken: 'put' } })
    await app.create('late', { ...endpoint, credentials: { accessToken: 'new-1' } })
    expect((await app.lease())[0].credentials).toMatchObject({ accessToken: 'put', version: 3 })
    expect(asked).toHaveLength(1)
  })

  test('crawler B7: a create completes the account of a known token whole, alone and within one bulk', async () => {
    const whole = {
      refreshToken: 'r',
      clientId: 'id',
      clientSecret: 's',
      tokenType: 'oauth2',
      expiresAt: '2027-01-01T00:00:00.000Z',
    }
    const views = async (app: Rig) => (await app.lease({ max: 10 })).map((task) => task.credentials)
    const full = { accessToken: 'T', tokenType: 'oauth2', refreshable: true, expiresAt: whole.expiresAt, version: 1 }
    const one = await makeRig(database)
    await one.create('a', { credentials: { accessToken: 'T' } })
    await one.create('b', { credentials: { accessToken: 'T', ...whole } })
    // A bare token takes nothing back.
    await one.create('c', { credentials: { accessToken: 'T' } })
    expect(await views(one)).toEqual([full, full, full])
    const stored = await one.query('select client_secret, refresh_token from crawler_accounts')
    expect(stored).toEqual([{ client_secret: expect.any(String), refresh_token: expect.any(String) }])

    const bulk = await makeRig(database)
    const task = (id: string, credentials: object) => ({
      id,
      type: 'FETCH_ISSUES',
      credentials: { accessToken: 'T', ...credentials },
    })
    const endpoint = { apiEndpoint: 'https://gitlab.example/api/v4' }
    await bulk.ok('POST', '/tasks/bulk', {
      tasks: [task('a', {}), task('b', whole), task('c', {})].map((one) => ({ ...one, ...endpoint })),
    })
    expect(await views(bulk)).toEqual([full, full, full])

    // Field by field.
    for (const [brought, seen] of [
      [{ tokenType: 'oauth2' }, { tokenType: 'oauth2', refreshable: false }],
      [{ refreshToken: 'r' }, { tokenType: 'oauth2', refreshable: false }],
      [
        { refreshToken: 'r', clientId: 'id' },
        { tokenType: 'oauth2', refreshable: true },
      ],
      [
        { refreshToken: 'r', tokenType: 'pat' },
        { tokenType: 'pat', refreshable: false },
      ],
      [{ expiresAt: whole.expiresAt }, { tokenType: 'pat', expiresAt: whole.expiresAt }],
    ] as const) {
      const app = await makeRig(database)
      await app.create('a', { credentials: { accessToken: 'T' } })
      await app.create('b', { credentials: { accessToken: 'T', ...brought } })
      for (const view of await views(app)) expect([brought, view]).toMatchObject([brought, seen])
    }
  })

  test('crawler F4: a refused refresh explains itself on every task of the account, later ones too', async () => {
    for (const [status, error, guided] of [
      [400, 'invalid_grant', 'Renew the OAuth authorization at'],
      [401, 'invalid_client', 'Check the client id and secret'],
      [403, undefined, 'Renew the OAuth authorization at'],
    ] as const) {
      const reason = error ?? `http_${status}`
      const { asked, origin, allowed } = gitlab(() => Response.json(error ? { error } : {}, { status }))
      const app = await makeRig(database, { env: allowed })
      await leased(app, origin, 2)
      const expected = (id: string) => ({
        type: 'credential_expiry',
        severity: 'HIGH',
        errorType: 'OAUTH2_EXPIRED',
        reason,
        providerId: new URL(origin).host,
        instanceType: 'gitlab-self-hosted',
        message: expect.stringContaining(reason),
        adminGuidance: expect.arrayContaining([expect.stringContaining(guided), expect.stringContaining(`/tasks/${id};`)]),
      })
      const expectExplained = async (id: string) => {
        const { progress, jobStatus, timeline } = await app.progress(id)
        expect([id, jobStatus, progress.credentialStatus]).toEqual([id, 'credential_expired', expected(id)])
        expect(timeline.map(({ event, details }: any) => [event, details.reason])).toContainEqual([
          'credential_status_change',
          reason,
        ])
      }
      // Both work already; the second one comes when the tokens may be erased.
      for (const id of ['t0', 't1']) {
        expect((await refresh(app, id)).body.data).toEqual({ taskId: id, refreshSuccessful: false, reason })
        await expectExplained(id)
      }
      const calls = asked.length
      await app.create('later', { apiEndpoint: `${origin}/api/v4`, credentials: { accessToken: 'old-access' } })
      // With a token left a worker finds out by itself, without one there is no lease.
      const [task] = await app.lease()
      expect(task === undefined).toBe(error === 'invalid_grant')
      if (task) await refresh(app, 'later')
      await expectExplained('later')
      expect(asked.length).toBe(error === 'invalid_grant' ? calls : calls + 1)
      // New credentials end it, for later reasons as well.
      expect((await app.put('t0', { credentials: { accessToken: 'renewed' } })).body.data.status).toBe('queued')
      expect(await app.query('select refusal from crawler_accounts')).toEqual([{ refusal: null }])
      const [again] = await app.lease({ max: 1 })
      expect((await refresh(app, again.id, { fence: again.lease.fence, credentialsVersion: 2 })).body.data.reason).toBe(
        'no refresh token',
      )
      expect((await app.progress(again.id)).progress.credentialStatus).toMatchObject({
        errorType: 'PAT_EXPIRED',
        reason: 'no refresh token',
      })
    }
  })
})
