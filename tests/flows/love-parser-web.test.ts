import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { eventually } from '../support/eventually.ts'
import { clientOf, eventsOf, INT, MILLIS, onEachServer, type Reply, TEXT, UUID } from './rig.ts'

const PAGE = { origin: 'http://localhost:5173', 'user-agent': 'Mozilla/5.0 (flow)' }
const SHOP = { login: 'love-shop', password1: 'link-password', password2: 'notice-password' }
const env = () => ({
  ...{ FAMILIES: 'love-parser', EMBEDDED_WORKERS: 'telegram', TELEGRAM_SANDBOX_STEP_MS: '3' },
  ...{ ROBOKASSA_MERCHANT_LOGIN: SHOP.login, ROBOKASSA_PASSWORD1: SHOP.password1, ROBOKASSA_PASSWORD2: SHOP.password2 },
})
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())

/** love-parser §1: a refusal. */
const refused = (statusCode: number, code: string, details?: unknown) => ({
  error: { message: TEXT, code, statusCode, ...(details === undefined ? {} : { details }), requestId: TEXT },
})
/** love-parser §3: the person as the web app reads them. */
const USER = {
  ...{ id: UUID, phone_number: '+79991112232', telegram_id: TEXT, telegram_username: 'sandbox_2232', is_active: true },
  ...{ telegram_profile_photo_id: null, first_name: 'Sandbox', last_name: '2232' },
  subscription: { plan_type: 'free', status: 'active', expires_at: MILLIS },
  limits: {
    ...{ parsing_limit: 1, parsing_used: 0, parsing_resets_at: MILLIS, audience_limit: 1, audience_used: 0 },
    ...{ audience_resets_at: MILLIS, broadcast_limit: 0, broadcast_used: 0, broadcast_resets_at: MILLIS },
  },
}

onEachServer('The Love Parser web app', env, (server) => {
  test('from the phone number to the table in Excel: login, plan, payment, search, export, logout', async () => {
    const open = (headers: Record<string, string> = {}) => clientOf(`${server.origin()}/api/v1`, { ...PAGE, ...headers })
    const visitor = open()
    const status = ({ status, body }: Reply) => [status, body?.error?.code]

    // §1: the browser asks first; then the page shows the plans to everybody.
    const preflight = await visitor.send('OPTIONS', '/auth/me', undefined, {
      ...{ 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' },
    })
    expect([
      preflight.status,
      preflight.headers.get('access-control-allow-origin'),
      preflight.headers.get('access-control-allow-credentials'),
    ]).toEqual([...[204, PAGE.origin, 'true']])
    const { plans } = await visitor.ok('GET', '/subscriptions/plans')
    expect(plans.map(({ type, price }: any) => [type, price])).toEqual([
      ...[
        ['free', 0],
        ['week', 450],
        ['month', 950],
        ['year', 5750],
      ],
    ])
    expect(plans[2]).toEqual({
      type: 'month',
      name: 'Месяц',
      price: 950,
      currency: 'RUB',
      limits: { parsing: 50, audience: 50, broadcast: 50 },
    })

    // §3: the number as a person types it; a mistake is shown in their language, a second try has to wait.
    const typo = await visitor.send(
      'POST',
      '/telegram/auth/send-code',
      { phone_number: '8 (999) 111-22-3' },
      { 'accept-language': 'ru-RU,ru;q=0.9,en;q=0.8' },
    )
    expect([typo.status, typo.headers.get('content-language'), typo.body]).toEqual([
      ...[422, 'ru', refused(422, 'VALIDATION_ERROR', { formErrors: [], fieldErrors: { phone_number: [TEXT] } })],
    ])
    expect(typo.body.error.message).toMatch(/[а-я]/)
    const phone = { phone_number: ' 8 (999) 111-22-32 ' }
    const sent = await visitor.ok('POST', '/telegram/auth/send-code', phone)
    expect(sent).toEqual({ auth_session_id: UUID, phone_code_hash: TEXT })
    const soon = await visitor.send('POST', '/telegram/auth/send-code', { phone_number: '+79991112232' })
    expect([soon.status, soon.body]).toEqual([429, refused(429, 'RATE_LIMIT_EXCEEDED', { retryAfter: INT })])
    expect(Number(soon.headers.get('retry-after'))).toBeWithin(1, 61)
    // §3: a wrong code, the right one, and the password that this account has.
    const code = { auth_session_id: sent.auth_session_id, code: '1 23 45', password: null }
    expect(status(await visitor.send('POST', '/telegram/auth/verify-code', { ...code, code: '54321' }))).toEqual([
      400,
      'CODE_INVALID',
    ])
    expect(status(await visitor.send('POST', '/telegram/auth/verify-code', code))).toEqual([401, 'SESSION_PASSWORD_NEEDED'])
    const login = await visitor.ok('POST', '/telegram/auth/verify-code', { ...code, password: 'sandbox' })
    expect(login).toEqual({ access_token: TEXT, user: USER })
    const claims = claimsOf(login.access_token)
    expect(claims).toEqual({
      sub: login.user.id,
      sessionId: UUID,
      telegramId: login.user.telegram_id,
      iat: INT,
      exp: claims.iat + 2_592_000,
    })
    expect(status(await visitor.send('POST', '/telegram/auth/verify-code', { ...code, password: 'sandbox' }))).toEqual([
      422,
      'VALIDATION_ERROR',
    ])

    // §3: me and the dashboard; a free plan is expired there, so that the cards of the plans are shown.
    const app = open({ authorization: `Bearer ${login.access_token}` })
    expect(await app.ok('GET', '/auth/me')).toEqual(login.user)
    const dashboard = {
      user_profile: { name: 'Sandbox 2232', username: '@sandbox_2232', photo_url: null, phone: '+79991112232' },
      subscription: { plan: 'free', status: 'expired', expires_at: login.user.subscription.expires_at, renewal_status: 'manual' },
      limits: { parsing_limit: 1, parsing_used: 0, audience_limit: 1, audience_used: 0, broadcast_limit: 0, broadcast_used: 0 },
      stats: { total_channels_found: 0, total_audience_analyzed: 0, total_broadcasts_sent: 0, recent_activity: [] },
    }
    expect(await app.ok('GET', '/dashboard/')).toEqual(dashboard)
    expect(await app.ok('GET', '/subscriptions/current')).toEqual({
      ...{ plan_type: 'free', status: 'active', expires_at: login.user.subscription.expires_at },
      ...{ renewal_status: 'manual', auto_renewal_enabled: false },
    })

    // §6: the person buys a month; the link is signed, the order pending.
    expect((await app.send('POST', '/subscriptions/purchase', { plan_type: 'free' })).body).toEqual(
      refused(422, 'VALIDATION_ERROR', { formErrors: [], fieldErrors: { plan_type: [TEXT] } }),
    )
    const order = await app.ok('POST', '/subscriptions/purchase', { plan_type: 'month' })
    expect(order).toEqual({ payment_id: UUID, robokassa_url: TEXT, order_id: expect.stringMatching(/^[1-9]\d*$/) })
    const link = new URL(order.robokassa_url)
    expect(`${link.origin}${link.pathname}`).toBe('https://auth.robokassa.ru/Merchant/Index.aspx')
    expect(Object.fromEntries(link.searchParams)).toEqual({
      ...{ MerchantLogin: SHOP.login, OutSum: '950.00', InvId: order.order_id, Description: expect.stringContaining('Месяц') },
      SignatureValue: sha256(`${SHOP.login}:950.00:${order.order_id}:${SHOP.password1}`),
    })
    // §6: Robokassa's notification: one that somebody made up is refused, its own is taken, also when it comes twice.
    const paid = (sum: string, password: string) =>
      new URLSearchParams({
        OutSum: sum,
        InvId: order.order_id,
        SignatureValue: sha256(`${sum}:${order.order_id}:${password}`).toUpperCase(),
        Fee: '3',
      })
    const hook = '/subscriptions/webhook/robokassa'
    expect(status(await visitor.send('POST', hook, paid('950.000000', 'guess')))).toEqual([403, 'FORBIDDEN'])
    expect(status(await visitor.send('POST', hook, paid('1.00', SHOP.password2)))).toEqual([422, 'VALIDATION_ERROR'])
    expect((await app.ok('GET', '/subscriptions/current')).plan_type).toBe('free')
    for (let times = 0; times < 2; times++) {
      const taken = await visitor.send('POST', hook, paid('950.000000', SHOP.password2))
      expect([taken.status, taken.text, taken.headers.get('content-type')]).toEqual([
        200,
        `OK${order.order_id}`,
        expect.stringMatching(/^text\/plain/),
      ])
    }
    const current = await app.ok('GET', '/subscriptions/current')
    expect(current).toEqual({
      plan_type: 'month',
      status: 'active',
      expires_at: MILLIS,
      renewal_status: 'manual',
      auto_renewal_enabled: false,
    })
    expect((await app.ok('GET', '/dashboard')).subscription).toEqual({
      ...{ plan: 'month', status: 'active', expires_at: current.expires_at, renewal_status: 'manual' },
    })
    expect((await app.ok('GET', '/auth/me')).limits).toMatchObject({
      parsing_limit: 50,
      parsing_used: 0,
      parsing_resets_at: current.expires_at,
    })

    // §4: a search: a filter field that was left empty, numbers as texts.
    const wrong = await app.send('POST', '/parsing/search', { query: 'x', filters: { min_subscribers: 'many' } })
    expect([wrong.status, Object.keys(wrong.body.error.details.fieldErrors).sort()]).toEqual([422, ['filters', 'query']])
    const request = {
      query: ' Crypto ',
      filters: { language: '', min_subscribers: '1000', max_subscribers: null, activity_level: 'high' },
    }
    const key = { 'idempotency-key': 'click-1' }
    const accepted = await app.send('POST', '/parsing/search', request, key)
    expect([accepted.status, accepted.body]).toEqual([
      202,
      { search_id: UUID, status: 'processing', progress: 0, source: 'sandbox' },
    ])
    const twice = await app.send('POST', '/parsing/search', request, key)
    expect([twice.status, twice.body, twice.headers.get('idempotency-replayed')]).toEqual([202, accepted.body, 'true'])
    const search = `/parsing/${accepted.body.search_id}`

    // §4: the bar moves as the stream says, until the server closes it.
    const response = await fetch(`${server.origin()}/api/v1${search}/progress`, {
      headers: { ...PAGE, authorization: `Bearer ${login.access_token}` },
    })
    expect([
      response.status,
      response.headers.get('content-type'),
      response.headers.get('cache-control'),
      response.headers.get('access-control-allow-origin'),
    ]).toEqual([...[200, 'text/event-stream', 'no-cache, no-transform', PAGE.origin]])
    const snapshots: any[] = []
    const versions: number[] = []
    for await (const { data, id } of eventsOf(response)) {
      snapshots.push(JSON.parse(data as string))
      versions.push(Number(id))
    }
    const searchId = accepted.body.search_id
    const shape = {
      searchId,
      status: TEXT,
      progress: INT,
      current: INT,
      total: INT,
      attempt: INT,
      source: 'sandbox',
      updated_at: MILLIS,
    }
    // `toMatchObject` of Bun writes its matchers into what it is given, so it is given a copy.
    for (const snapshot of snapshots) expect({ ...snapshot }).toMatchObject(shape)
    const bar = snapshots.map(({ progress }) => progress)
    expect([bar, versions]).toEqual([bar.toSorted((a, b) => a - b), versions.toSorted((a, b) => a - b)])
    expect(snapshots.slice(0, -1).map(({ status }) => status)).not.toContain('completed')
    const last = snapshots.at(-1)
    const found = last.results as number
    expect(last).toEqual({
      ...{ searchId, status: 'completed', progress: 100, current: found, total: found, results: found, attempt: 1 },
      ...{ source: 'sandbox', updated_at: MILLIS },
    })
    expect(found).toBeGreaterThan(50)

    // §4: history and results, page by page in both orders.
    const entry = {
      ...{
        id: searchId,
        query: 'Crypto',
        filters: { min_subscribers: 1000, activity_level: 'high' },
        status: 'completed',
        created_at: MILLIS,
      },
      ...{ results_count: found, source: 'sandbox', error: null, completed_at: MILLIS },
    }
    expect(await app.ok('GET', '/parsing/history?page=1&limit=20')).toEqual([entry])
    expect(await app.ok('GET', search)).toEqual(entry)
    const table = await app.ok('GET', `${search}/results?page=1&limit=50&sort_by=subscribers`)
    expect(table).toEqual({ total: found, page: 1, limit: 50, source: 'sandbox', results: expect.any(Array) })
    for (const channel of table.results)
      expect(channel).toEqual({
        ...{
          channel_id: expect.stringMatching(/^sim-\d+$/),
          title: expect.stringMatching(/^Crypto Hub \d+$/),
          username: expect.stringMatching(/^@crypto_\d+$/),
        },
        ...{ subscribers: INT, description: TEXT, activity_score: INT, activity_level: 'high', last_post: MILLIS },
      })
    const rest = await app.ok('GET', `${search}/results?page=2&limit=50`)
    const rows = [...table.results, ...rest.results]
    expect([rows.length, new Set(rows.map(({ channel_id }) => channel_id)).size]).toEqual([found, found])
    expect(rows.map(({ subscribers }) => subscribers)).toEqual(
      rows.map(({ subscribers }) => subscribers).toSorted((a, b) => b - a),
    )
    const active = (await app.ok('GET', `${search}/results?sort_by=activity&limit=100`)).results.map(
      (row: any) => row.activity_score,
    )
    expect(active).toEqual(active.toSorted((a: number, b: number) => b - a))

    // §4: the same rows as files: for programs, and for a spreadsheet with decimal commas.
    const cells = (row: any, score: string) => [
      row.channel_id,
      row.title,
      row.username,
      row.subscribers,
      row.description,
      score,
      row.last_post,
    ]
    const head = ['id', 'title', 'username', 'subscribers', 'description', 'activity', 'last_post']
    const csv = await app.send('GET', `${search}/export?format=csv`)
    expect(['content-type', 'content-disposition', 'x-data-source'].map((name) => csv.headers.get(name))).toEqual([
      ...['text/csv; charset=utf-8', 'attachment; filename="parsing_results.csv"', 'sandbox'],
    ])
    expect(csv.text).toBe(
      [head, ...rows.map((row) => cells(row, row.activity_score.toFixed(2)))].map((line) => line.join(',')).join('\n'),
    )
    const excel = await fetch(`${server.origin()}/api/v1${search}/export?format=excel`, {
      headers: { authorization: `Bearer ${login.access_token}` },
    })
    const bytes = new Uint8Array(await excel.arrayBuffer())
    expect([...bytes.slice(0, 3)]).toEqual([0xef, 0xbb, 0xbf])
    const guarded = rows.map((row) =>
      cells({ ...row, username: `'${row.username}` }, row.activity_score.toFixed(2).replace('.', ',')),
    )
    expect(new TextDecoder().decode(bytes)).toBe([head, ...guarded].map((line) => line.join(';')).join('\r\n'))
    expect(status(await app.send('GET', `${search}/export?format=xlsx`))).toEqual([422, 'VALIDATION_ERROR'])

    // §5, §3: an audience of it; the dashboard counts all of that at once.
    const segment = await app.must(201, 'POST', '/audience/segments', {
      name: ' Active ',
      description: null,
      source_parsing_id: searchId,
      filters: { engagement_min: 0.8 },
    })
    const total = rows.filter(({ activity_score }) => activity_score >= 0.8).length
    expect(segment).toEqual({
      ...{
        id: UUID,
        name: 'Active',
        description: null,
        source_parsing_id: searchId,
        filters: { engagement_min: 0.8 },
        total_recipients: total,
      },
      ...{ status: 'ready', created_at: MILLIS, updated_at: MILLIS },
    })
    const preview = await app.ok('GET', `/audience/${segment.id}/preview?limit=1`)
    expect(preview).toEqual({
      total,
      preview: [{ username: TEXT, user_id: TEXT, engagement_score: INT, activity_level: 'high' }],
    })
    const worked = await app.ok('GET', '/dashboard')
    expect([worked.limits, worked.stats]).toEqual([
      { ...dashboard.limits, parsing_limit: 50, parsing_used: 1, audience_limit: 50, audience_used: 1, broadcast_limit: 50 },
      {
        ...{ total_channels_found: found, total_audience_analyzed: total, total_broadcasts_sent: 0 },
        recent_activity: [
          { type: 'audience', name: 'Active', created_at: MILLIS, status: 'completed' },
          { type: 'parsing', name: 'Crypto', created_at: MILLIS, status: 'completed' },
        ],
      },
    ])

    // §2: there is no refresh. Later the person logs in anew: the token of before ends, what they have stays.
    await server.restartLater(61_000)
    const back = open({ authorization: `Bearer ${login.access_token}` })
    expect((await back.ok('GET', '/auth/me')).id).toBe(login.user.id)
    const resent = await open().ok('POST', '/telegram/auth/send-code', { phone_number: '7 999 111 22 32' })
    // The password with the code at once.
    const renewed = await open().ok('POST', '/telegram/auth/verify-code', {
      auth_session_id: resent.auth_session_id,
      code: '12345',
      password: 'sandbox',
    })
    expect(renewed.user).toMatchObject({
      id: login.user.id,
      subscription: { plan_type: 'month', status: 'active', expires_at: current.expires_at },
    })
    expect(status(await back.send('GET', '/auth/me'))).toEqual([401, 'AUTH_ERROR'])
    const again = open({ authorization: `Bearer ${renewed.access_token}` })
    expect(await again.ok('GET', '/parsing/history')).toEqual([entry])

    // §3: logout, and everything behind it is closed.
    expect(status(await again.send('POST', '/auth/logout'))).toEqual([404, 'NOT_FOUND'])
    expect(await again.ok('GET', '/auth/logout')).toEqual({ success: true })
    for (const path of ['/auth/me', '/auth/logout', '/dashboard', `${search}/progress`, `${search}/export`]) {
      const closed = await again.send('GET', path)
      expect([path, closed.status, closed.body, closed.headers.get('access-control-allow-origin')]).toEqual([
        ...[path, 401, refused(401, 'AUTH_ERROR'), PAGE.origin],
      ])
    }
  }, 300_000)

  test('a free plan is used up, and nothing of another person can be seen', async () => {
    const visitor = clientOf(`${server.origin()}/api/v1`, PAGE)
    const enter = async (phone: string) => {
      const { auth_session_id } = await visitor.ok('POST', '/telegram/auth/send-code', { phone_number: phone })
      const { access_token } = await visitor.ok('POST', '/telegram/auth/verify-code', { auth_session_id, code: '12345' })
      return clientOf(`${server.origin()}/api/v1`, { ...PAGE, authorization: `Bearer ${access_token}` })
    }
    const [ann, bob] = [await enter('+7 (999) 555-00-11'), await enter('8-999-555-00-13')]
    const { search_id } = await ann.must(202, 'POST', '/parsing/search', { query: 'games', filters: null })

    // §6: one search a period is what the plan has; the refusal says when there is more.
    const more = await ann.send('POST', '/parsing/search', { query: 'games' })
    const details = { limit: 1, used: 1, category: 'parsing', resets_at: MILLIS }
    expect([more.status, more.body]).toEqual([429, refused(429, 'RATE_LIMIT_EXCEEDED', details)])
    expect(Number(more.headers.get('retry-after'))).toBeGreaterThan(0)
    await eventually(
      () => ann.ok('GET', `/parsing/${search_id}`),
      ({ status }) => status === 'completed',
    )
    expect((await ann.ok('GET', '/dashboard')).stats).toMatchObject({ total_channels_found: 100 })

    // §1, §5: what is another's is not there, whatever is asked of it.
    const theirs = ['', '/results', '/export', '/progress'].map((rest) => `/parsing/${search_id}${rest}`)
    for (const path of [...theirs, '/broadcast/campaigns']) {
      const hidden = await bob.send('GET', path)
      expect([path, hidden.status, hidden.body]).toEqual([path, 404, refused(404, 'NOT_FOUND')])
    }
    const stolen = { name: 'Mine', source_parsing_id: search_id }
    expect((await bob.send('POST', '/audience/segments', stolen)).status).toBe(404)
    // §5: an audience that is deleted gives its unit back.
    const { id } = await ann.must(201, 'POST', '/audience/segments', { ...stolen, filters: { post_frequency: 'daily' } })
    expect((await ann.ok('PUT', `/audience/${id}`, { filters: {} })).total_recipients).toBe(100)
    expect(await ann.ok('DELETE', `/audience/${id}`)).toEqual({ success: true })
    expect((await ann.ok('GET', '/auth/me')).limits).toMatchObject({ audience_used: 0, parsing_used: 1 })
    expect(await bob.ok('GET', '/parsing/history')).toEqual([])
  }, 300_000)
})
