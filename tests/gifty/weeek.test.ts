import { afterEach, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { AppError } from '../../src/errors.ts'
import { createLog } from '../../src/platform/log.ts'
import { onEachDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { HOUR, START } from '../support/fake-clock.ts'
import type { DoubleAnswer } from '../support/upstream-double.ts'
import { codeOf, problemOf } from './rig.ts'
import { stopDoubles, TOKEN, weeekRig } from './weeek-rig.ts'

afterEach(stopDoubles)
const LIST = '/internal/weeek/tasks?telegram_chat_id=7'
const quiet = createLog({ level: 'silent' })
const failed = { status: 502, body: { error: { code: 'upstream_error', message: 'Weeek could not be asked' } } }
const mine = (id: number, date: unknown, more: Record<string, unknown> = {}) => ({
  id,
  title: `t${id}`,
  userId: 'u-1',
  date,
  ...more,
})

onEachDatabase('gifty weeek', (database) => {
  test('gifty §11: connecting asks who the token is, and stores it unreadable', async () => {
    const { app, weeek, connect } = await weeekRig(database)
    expect(await connect()).toMatchObject({ status: 200, body: { status: 'ok', weeek_user_id: 'u-1', workspace_id: null } })
    expect(weeek.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /user/me'])
    const rows = await app.db.sql<Record<string, unknown>>(sql`select * from weeek_accounts`)
    expect(rows).toMatchObject([{ weeek_user_id: 'u-1', weeek_workspace_id: null, timezone: 'Europe/Moscow' }])
    expect(JSON.stringify(rows)).not.toContain(TOKEN)
    expect(rows[0]?.token_ciphertext).toStartWith('v1:k1:')
    // Again: another token and zone replace the old ones; without a zone it stays.
    weeek.state.token = 'another-token'
    weeek.state.userId = 42 as never
    expect((await connect({ weeek_api_token: ' another-token ', timezone: 'Asia/Tokyo' })).body.weeek_user_id).toBe('42')
    expect((await connect({ weeek_api_token: 'another-token', timezone: null })).status).toBe(200)
    expect(await app.db.sql(sql`select weeek_user_id, timezone from weeek_accounts`)).toEqual([
      { weeek_user_id: '42', timezone: 'Asia/Tokyo' },
    ])
    expect((await app.get(LIST)).body).toEqual({ tasks: [] })
  })

  test('gifty §13.22: a stored token is bound to its row', async () => {
    const { app, connect } = await weeekRig(database, { log: quiet })
    await app.ok('POST', '/internal/telegram/subscribers', { chat_id: 8 })
    await connect()
    await connect({ telegram_chat_id: 8 })
    await app.db.sql(
      sql`update weeek_accounts set token_ciphertext = (select token_ciphertext from weeek_accounts where telegram_chat_id = 7)`,
    )
    expect((await app.get(LIST)).status).toBe(200)
    expect(codeOf(await app.get(LIST.replace('=7', '=8')))).toEqual([503, 'not_configured'])
  })

  test('gifty §11: connect: 404 subscriber, 400 token, 403 workspace, 502 upstream, each with detail', async () => {
    const { app, weeek, connect } = await weeekRig(database, { env: { WEEEK_WORKSPACE_ID: '5' } })
    const errorOf = (answer: { status: number; body: any }) => {
      expect(answer.body.detail).toBe(answer.body.error.message)
      return [answer.status, answer.body.error.code, answer.body.detail]
    }
    expect(errorOf(await connect({ telegram_chat_id: 404 }))).toEqual([404, 'not_found', 'Subscriber not found'])
    expect(weeek.requests).toHaveLength(0)
    const invalid = [400, 'bad_request', 'Invalid Weeek API Token']
    for (const token of ['wrong', 'two words', 'new\nline', 'ключ', ' '])
      expect(errorOf(await connect({ weeek_api_token: token }))).toEqual(invalid)
    weeek.except('GET /user/me', () => ({ json: {}, status: 403 }))
    expect(errorOf(await connect())).toEqual(invalid)
    for (const answer of [
      { json: {}, status: 500 },
      { json: { success: false } },
      { json: { success: true, user: {} } },
      { json: 5 },
    ]) {
      weeek.except('GET /user/me', () => answer)
      expect(errorOf(await connect())).toEqual([502, 'upstream_error', 'Weeek could not be asked'])
    }
    weeek.heal()
    weeek.state.workspaces = [{ id: '6' }]
    expect(errorOf(await connect())).toEqual([403, 'workspace_forbidden', 'This token does not reach the workspace'])
    weeek.except('GET /tm/workspaces', () => ({ json: {}, status: 403 }))
    expect(errorOf(await connect())[1]).toBe('workspace_forbidden')
    weeek.except('GET /tm/workspaces', () => ({ json: { success: true }, status: 200 }))
    expect(errorOf(await connect())[0]).toBe(502)
    expect(await app.rows('weeek_accounts')).toBe(0)
    weeek.heal()
    weeek.state.workspaces = [{ id: '5' }]
    expect((await connect()).body).toEqual({ status: 'ok', weeek_user_id: 'u-1', workspace_id: 5 })
    expect(errorOf(await connect({ timezone: 'Mars/Base' }))).toEqual([422, 'validation_error', 'Invalid request'])
    const problem = problemOf(await connect({ weeek_api_token: '' }))
    expect(problem).toMatchObject({ loc: ['body', 'weeek_api_token'], input: null })
    for (const timezone of ['+03:00', '', 'x'.repeat(65)]) expect((await connect({ timezone })).status).toBe(422)
    // Only there: elsewhere an error is as it always is.
    expect(Object.keys((await app.get('/internal/weeek/tasks?telegram_chat_id=9')).body)).toEqual(['error'])
  })

  test('gifty §11: every route is 404 without an account, and calls no upstream', async () => {
    const { app, weeek } = await weeekRig(database)
    const missing = { status: 404, body: { error: { code: 'not_found', message: 'Weeek account not found' } } }
    const chat = { telegram_chat_id: 7 }
    expect(await app.get(LIST)).toMatchObject(missing)
    expect(await app.post('/internal/weeek/tasks', { ...chat, title: 'x' })).toMatchObject(missing)
    expect(await app.post('/internal/weeek/tasks/1/reschedule', { ...chat, new_date: '2026-01-20', reason: 'r' })).toMatchObject(
      missing,
    )
    expect(await app.post('/internal/weeek/tasks/1/complete', chat)).toMatchObject(missing)
    expect(weeek.requests).toHaveLength(0)
  })

  test('gifty §13.22: date filters differ by day and by the zone of the account', async () => {
    // 15 January, 22:30 in London, is the 16th in Moscow and Tokyo.
    const tasks = [
      mine(14, '2026-01-14'),
      mine(15, '2026-01-15'),
      mine(16, '2026-01-16'),
      mine(17, '2026-01-17'),
      mine(18, '2026-01-18'),
      mine(1, '2026-01-16', { isCompleted: true }),
      mine(2, null),
      mine(3, 'soon'),
      mine(4, '2026-01-15T22:00:00Z'),
      { ...mine(5, '2026-01-16'), userId: 'u-2' },
      { ...mine(6, '2026-01-16'), userId: null, userIds: ['u-9', 'u-1'] },
      { ...mine(7, '2026-01-16'), userId: undefined },
    ]
    const { app, connect, idsOf } = await weeekRig(database, { tasks })
    app.clock.set(Date.parse('2026-01-15T22:30:00Z'))
    const lists = async () =>
      Object.fromEntries(await Promise.all(['today', 'tomorrow', 'overdue'].map(async (type) => [type, await idsOf(type)])))
    await connect({ timezone: 'Europe/London' })
    expect(await lists()).toEqual({ today: [15, 4], tomorrow: [16, 6], overdue: [14] })
    await connect({ timezone: 'Europe/Moscow' })
    expect(await lists()).toEqual({ today: [16, 4, 6], tomorrow: [17], overdue: [14, 15] })
    await connect({ timezone: 'Pacific/Honolulu' })
    expect(await lists()).toEqual({ today: [15, 4], tomorrow: [16, 6], overdue: [14] })
    app.clock.advance(12 * HOUR)
    expect(await lists()).toEqual({ today: [16, 6], tomorrow: [17], overdue: [14, 15, 4] })
    expect(await idsOf('all')).toEqual([14, 15, 16, 17, 18, 1, 2, 3, 4, 6])
    expect(await idsOf('workspace')).toEqual(tasks.map((task) => task.id))
    expect((await app.get(LIST)).body.tasks[0]).toEqual(tasks[0])
  })

  test('gifty §11: pages are read while there are more, at most twenty, a project is asked for, its tasks answered once', async () => {
    const tasks = Array.from({ length: 8 }, (_, n) => mine(n, null, { projectId: n % 2 }))
    const { weeek, connect, idsOf } = await weeekRig(database, { tasks })
    await connect()
    weeek.requests.length = 0
    expect(await idsOf('all')).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(weeek.requests.map(({ path, query }) => [path, query.offset])).toEqual([
      ['/tm/tasks', '0'],
      ['/tm/tasks', '3'],
      ['/tm/tasks', '6'],
    ])
    expect(weeek.requests[0]?.query).not.toHaveProperty('projectId')
    expect(await idsOf('all', '&project_id=1')).toEqual([1, 3, 5, 7])
    weeek.requests.length = 0
    weeek.except('GET /tm/tasks', () => ({ json: { success: true, tasks: [mine(1, null)], hasMore: true } }))
    expect(await idsOf('all')).toEqual([1])
    expect(weeek.requests).toHaveLength(20)
  })

  test('gifty §11: with a workspace configured only its tasks are listed', async () => {
    const tasks = [1, 2, 3, 4, null].map((projectId, n) => mine(n, null, { projectId, userId: n % 2 ? 'u-2' : 'u-1' }))
    const { connect, idsOf } = await weeekRig(database, {
      tasks: [...tasks, mine(9, null, { projectId: '1' })],
      env: { WEEEK_WORKSPACE_ID: '5' },
    })
    await connect()
    expect(await idsOf('all')).toEqual([0, 9])
    expect(await idsOf('workspace')).toEqual([0, 9])
    const other = await weeekRig(database, { tasks, env: { WEEEK_WORKSPACE_ID: '6' } })
    await other.connect()
    expect(await other.idsOf('all')).toEqual([])
    expect(await other.idsOf('workspace')).toEqual([1])
  })

  test('gifty §11: creating, moving and completing send what the contract says', async () => {
    const { app, weeek, connect } = await weeekRig(database)
    await connect()
    weeek.requests.length = 0
    const sent = () => weeek.requests.splice(0).map(({ method, path, body }) => [`${method} ${path}`, body])
    const chat = { telegram_chat_id: '7' }
    expect(await app.ok('POST', '/internal/weeek/tasks', { ...chat, title: 'Buy' })).toEqual({
      success: true,
      task: { id: 99, title: 'Buy', type: 'action' },
    })
    await app.ok('POST', '/internal/weeek/tasks', {
      ...{ ...chat, title: 'Buy', description: 'two', project_id: '3', board_id: 4, due_date: '2026-02-28' },
    })
    expect(sent()).toEqual([
      ['POST /tm/tasks', { title: 'Buy', type: 'action' }],
      ['POST /tm/tasks', { title: 'Buy', type: 'action', description: 'two', date: '2026-02-28', projectId: 3, boardId: 4 }],
    ])
    const moved = (reason: string) =>
      app.ok('POST', '/internal/weeek/tasks/12/reschedule', { ...chat, new_date: '2026-02-01', reason })
    expect(await moved('ill')).toEqual({ status: 'ok', comment_added: true })
    expect(sent()).toEqual([
      ['PUT /tm/tasks/12', { date: '2026-02-01' }],
      ['POST /tm/tasks/12/comments', { text: 'ill' }],
    ])
    weeek.except('POST /tm/tasks/12/comments', () => ({ json: {}, status: 500 }))
    expect(await moved('ill')).toEqual({ status: 'ok', comment_added: false })
    weeek.except('POST /tm/tasks/12/comments', () => ({ json: { success: false } }))
    expect(await moved('ill')).toEqual({ status: 'ok', comment_added: false })
    sent()
    expect(await app.ok('POST', '/internal/weeek/tasks/12/complete', chat)).toEqual({ status: 'ok' })
    expect(sent()).toEqual([['POST /tm/tasks/12/complete', 'completed']])
    for (const [path, body] of [
      ['tasks', { ...chat }],
      ['tasks', { ...chat, title: '' }],
      ['tasks', { ...chat, title: 'x', due_date: '2026-02-30' }],
      ['tasks', { ...chat, title: 'x', due_date: '01.02.2026' }],
      ['tasks/12/reschedule', { ...chat, reason: 'r' }],
      ['tasks/12/reschedule', { ...chat, new_date: '2026-13-01', reason: 'r' }],
      ['tasks/12/reschedule', { ...chat, new_date: '2026-01-01' }],
      ['tasks/..%2F..%2Fx/complete', chat],
      ['tasks/12/complete', {}],
    ] as const)
      expect([path, body, (await app.post(`/internal/weeek/${path}`, body)).status]).toEqual([path, body, 422])
    for (const query of ['', '?telegram_chat_id=x', '?telegram_chat_id=7&type=week'])
      expect((await app.get(`/internal/weeek/tasks${query}`)).status).toBe(422)
    expect(sent()).toEqual([])
  })

  test('gifty §13.22: whatever Weeek answers, the client gets 502 and none of its words', async () => {
    const { app, weeek, connect } = await weeekRig(database)
    await connect()
    const wrong: DoubleAnswer[] = [
      { json: { success: false, message: 'secret words' } },
      { json: { message: 'secret words' }, status: 500 },
      { json: {}, status: 401 },
      { json: {}, status: 404 },
      { json: {}, status: 429 },
      { json: { tasks: 'secret words' } },
      { json: { tasks: [null], hasMore: false } },
      { json: 'secret words' },
      { json: [] },
      new Response('<html>secret words</html>'),
      new Response(null, { status: 302, headers: { location: 'http://elsewhere.example/' } }),
    ]
    const chat = { telegram_chat_id: 7 }
    for (const answer of wrong) {
      const given = () => (answer instanceof Response ? answer.clone() : answer)
      weeek.answer(given)
      const strange = !(answer instanceof Response) && answer !== 'hang' && (answer.json as any)?.tasks !== undefined
      expect(await app.get(LIST)).toMatchObject(failed)
      // An answer to a change has no shape to break but being an object.
      if (strange) continue
      expect(await app.post('/internal/weeek/tasks', { ...chat, title: 'x' })).toMatchObject(failed)
      expect(await app.post('/internal/weeek/tasks/1/complete', chat)).toMatchObject(failed)
      expect(
        await app.post('/internal/weeek/tasks/1/reschedule', { ...chat, new_date: '2026-01-20', reason: 'r' }),
      ).toMatchObject(failed)
    }
    weeek.heal()
    expect((await app.get(LIST)).status).toBe(200)
    weeek.answer(() => new Response(null, { status: 204 }))
    expect(await app.ok('POST', '/internal/weeek/tasks/1/complete', chat)).toEqual({ status: 'ok' })
    expect((await app.get(LIST)).status).toBe(502)
  })

  test('gifty §11: Weeek has ten seconds; when it is gone, five calls find out and the others are not kept waiting', async () => {
    const { app, weeek, connect } = await weeekRig(database)
    await connect()
    weeek.requests.length = 0
    weeek.answer(() => 'hang')
    const slow = app.get(LIST)
    await eventually(() => weeek.requests.length === 1)
    app.clock.advance(9_999)
    expect(app.clock.sleeping()).toBe(1)
    app.clock.advance(1)
    expect(await slow).toMatchObject(failed)
    await weeek.down()
    for (let n = 0; n < 8; n++) expect(await app.get(LIST)).toMatchObject(failed)
    weeek.up()
    weeek.heal()
    weeek.requests.length = 0
    expect(await app.get(LIST)).toMatchObject(failed)
    expect(weeek.requests).toHaveLength(0)
    app.clock.advance(30_000)
    expect((await app.get(LIST)).status).toBe(200)
  })

  test('gifty §11: no token in answers, logs, metrics or tasks', async () => {
    const lines: string[] = []
    const log = createLog({ level: 'debug', now: () => START, write: (line) => lines.push(line) })
    const { app, weeek, connect } = await weeekRig(database, { log })
    const bodies = [await connect(), await connect({ weeek_api_token: `${TOKEN}x` }), await connect({ timezone: 'x' })]
    await weeek.down()
    bodies.push(await app.get(LIST), await connect(), await app.post('/internal/weeek/connect', `{"weeek_api_token":"${TOKEN}`))
    app.clock.set(Date.parse('2026-01-16T06:00:00Z'))
    await app.tick()
    expect(await app.runner.drain(['weeek.reminder'])).toBe(1)
    bodies.push({ body: await app.db.sql(sql`select payload, error, result from tasks`) } as never)
    const metrics = await (await app.app.handle(new Request('http://localhost/metrics'))).text()
    for (const text of [JSON.stringify(bodies.map(({ body }) => body)), lines.join(''), metrics]) {
      expect(text.length).toBeGreaterThan(0)
      expect(text).not.toContain(TOKEN)
      expect(text).not.toContain(weeek.origin)
    }
  })

  test('gifty §11: without a key ring connecting is 503, and nothing is asked or stored', async () => {
    const { app, weeek, connect } = await weeekRig(database, { log: quiet })
    app.platform.keyRing = () => {
      throw new AppError('not_configured', 503, 'ENCRYPTION_KEYS is not configured')
    }
    expect(codeOf(await connect())).toEqual([503, 'not_configured'])
    expect(weeek.requests).toHaveLength(0)
    expect(await app.rows('weeek_accounts')).toBe(0)
  })
})
