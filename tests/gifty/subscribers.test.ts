import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { iso, START } from '../support/fake-clock.ts'
import { adminOf, bearerOf, subscriber } from './access-rig.ts'
import { codeOf, makeProcesses, makeRig, problemOf, type Rig } from './rig.ts'

const PEOPLE = '/internal/telegram/subscribers'
const FIELDS = [
  ...['id', 'chat_id', 'slug', 'name', 'mentor_id', 'subscriptions', 'language', 'is_active', 'role', 'permissions'],
  ...['created_at', 'updated_at'],
]
const add = (app: Rig, chat_id: number, more: Record<string, unknown> = {}) => app.ok('POST', PEOPLE, { chat_id, ...more })

onEachDatabase('gifty subscribers', (database) => {
  test('gifty §7: a new subscriber is an active user who reads Russian, and has exactly the fields of the contract', async () => {
    const app = await makeRig(database)
    const made = await add(app, 42, { name: 'Ann', slug: ' @Ann_Lee ' })
    expect(Object.keys(made)).toEqual(FIELDS)
    expect(made).toEqual({
      ...{ id: 1, chat_id: 42, slug: 'ann_lee', name: 'Ann', mentor_id: null, subscriptions: [], language: 'ru' },
      ...{ is_active: true, role: 'user', permissions: [], created_at: iso(START), updated_at: iso(START) },
    })
    for (const path of [
      `${PEOPLE}/42`,
      `/api/v1${PEOPLE}/42`,
      `${PEOPLE}/by-username/%40ANN_LEE`,
      `${PEOPLE}/by-username/ann_lee`,
    ])
      expect((await app.get(path)).body).toEqual(made)
    expect(await app.ok('GET', PEOPLE)).toEqual([made])
    const edge = await add(app, -(2 ** 53 - 1))
    expect(await app.ok('GET', `${PEOPLE}/${-(2 ** 53 - 1)}`)).toEqual(edge)
  })

  test('gifty §13.19: a chat id or slug in use is 409; slugs are compared as they are stored', async () => {
    const app = await makeRig(database)
    await add(app, 1, { slug: 'ann' })
    await add(app, 2, { slug: ' @ ' })
    await add(app, 3)
    expect(codeOf(await app.post(PEOPLE, { chat_id: 1 }))).toEqual([409, 'conflict'])
    expect(codeOf(await app.post(PEOPLE, { chat_id: 4, slug: '@ANN' }))).toEqual([409, 'conflict'])
    expect(codeOf(await app.patch(`${PEOPLE}/2`, { slug: 'Ann' }))).toEqual([409, 'conflict'])
    expect((await app.patch(`${PEOPLE}/1`, { slug: 'ANN' })).body.slug).toBe('ann')
    expect((await app.ok('GET', PEOPLE)).map((row: any) => row.slug)).toEqual(['ann', null, null])
    const twins = await Promise.all([app.post(PEOPLE, { chat_id: 9 }), app.post(PEOPLE, { chat_id: 9 })])
    expect(twins.map((answer) => answer.status).sort()).toEqual([200, 409])
  })

  test('gifty §7: an unknown subscriber is 404 on every route, a malformed chat id 422', async () => {
    const app = await makeRig(database)
    await add(app, 1)
    const missing = { status: 404, body: { error: { code: 'not_found', message: 'Subscriber not found' } } }
    for (const chat of ['2', '-5', '9007199254740993', `${'9'.repeat(40)}`]) {
      expect(await app.get(`${PEOPLE}/${chat}`)).toMatchObject(missing)
      expect(await app.patch(`${PEOPLE}/${chat}`, { name: 'x' })).toMatchObject(missing)
      for (const action of ['role?role=admin', 'subscribe?topic=a', 'unsubscribe?topic=a', 'language?language=en'])
        expect(await app.post(`${PEOPLE}/${chat}/${action}`)).toMatchObject(missing)
      expect(await app.post(`${PEOPLE}/${chat}/permissions`, [])).toMatchObject(missing)
    }
    expect(await app.get(`${PEOPLE}/by-username/nobody`)).toMatchObject(missing)
    for (const chat of ['x', '1.5', '0x1'])
      expect(problemOf(await app.get(`${PEOPLE}/${chat}`))).toMatchObject({ type: 'int_parsing', loc: ['path', 'chat_id'] })
  })

  test('gifty §1.3: fields of subscribers are checked one by one', async () => {
    const app = await makeRig(database)
    await add(app, 1)
    const at = `${PEOPLE}/1`
    for (const [answer, type, field] of [
      [await app.post(PEOPLE, {}), 'missing', 'chat_id'],
      [await app.post(PEOPLE, { chat_id: 'x' }), 'int_parsing', 'chat_id'],
      [await app.post(PEOPLE, { chat_id: 1.5 }), 'int_type', 'chat_id'],
      [await app.post(PEOPLE, { chat_id: 2, slug: 5 }), 'string_type', 'slug'],
      [await app.patch(at, { is_active: 'perhaps' }), 'bool_parsing', 'is_active'],
      [await app.post(`${at}/role`), 'missing', 'role'],
      [await app.post(`${at}/role?role=boss`), 'enum', 'role'],
      [await app.post(`${at}/subscribe`), 'missing', 'topic'],
      [await app.post(`${at}/subscribe?topic=`), 'string_too_short', 'topic'],
      [await app.post(`${at}/subscribe?topic=a%20b`), 'value_error', 'topic'],
      [await app.post(`${at}/subscribe?topic=${'a'.repeat(65)}`), 'string_too_long', 'topic'],
      [await app.post(`${at}/language?language=r`), 'string_too_short', 'language'],
      [await app.post(`${at}/language?language=ru_RU`), 'value_error', 'language'],
      [await app.get(`${PEOPLE}?limit=0`), 'greater_than_equal', 'limit'],
    ] as const) {
      const problem = problemOf(answer)
      expect([problem.type, problem.loc.at(-1)]).toEqual([type, field])
    }
    for (const body of [{}, ['a', 5], [''], ['a'.repeat(65)], Array.from({ length: 101 }, (_, n) => `p${n}`)])
      expect((await app.post(`${at}/permissions`, body)).status).toBe(422)
    expect((await app.get('/internal/telegram/topics/a%20b/subscribers')).status).toBe(422)
  })

  test('gifty §7: changes keep what they do not name; permissions lose their repeats', async () => {
    const app = await makeRig(database)
    await add(app, 1, { name: 'Ann', slug: 'ann' })
    const at = `${PEOPLE}/1`
    app.clock.advance(1000)
    expect((await app.patch(at, { name: null, slug: null, is_active: null })).body).toMatchObject({ name: 'Ann', slug: 'ann' })
    expect((await app.patch(at, { is_active: 'no' })).body).toMatchObject({ name: 'Ann', is_active: false })
    expect((await app.patch(at, { name: 'Bea', slug: '' })).body).toMatchObject({ name: 'Bea', slug: null, is_active: false })
    await app.ok('POST', `${at}/role?role=admin`)
    await app.ok('POST', `${at}/permissions`, ['b', 'a', 'b'])
    expect(await app.ok('POST', `${at}/language?language=pt-BR`)).toEqual({ status: 'ok' })
    expect(await app.ok('GET', at)).toMatchObject({
      ...{ role: 'admin', permissions: ['b', 'a'], language: 'pt-BR', name: 'Bea' },
      ...{ created_at: iso(START), updated_at: iso(START + 1000) },
    })
    await app.ok('POST', `${at}/permissions`, [])
    expect((await app.ok('GET', at)).permissions).toEqual([])
  })

  test('gifty §13.19: ten concurrent subscribes to ten topics, in two processes, keep ten', async () => {
    const [app, other] = (await makeProcesses(database, 2)) as [Rig, Rig]
    await add(app, 1)
    const topics = Array.from({ length: 10 }, (_, n) => `topic-${n}`)
    await Promise.all(topics.map((topic, n) => (n % 2 ? app : other).ok('POST', `${PEOPLE}/1/subscribe?topic=${topic}`)))
    expect((await app.ok('GET', `${PEOPLE}/1`)).subscriptions).toEqual(topics)
    await Promise.all(topics.map(() => app.ok('POST', `${PEOPLE}/1/subscribe?topic=topic-0`)))
    await Promise.all(topics.slice(1).map((topic) => other.ok('POST', `${PEOPLE}/1/unsubscribe?topic=${topic}`)))
    await app.ok('POST', `${PEOPLE}/1/unsubscribe?topic=never`)
    expect((await app.ok('GET', `${PEOPLE}/1`)).subscriptions).toEqual(['topic-0'])
  })

  test('gifty §7: a topic reaches the active with a chat who subscribed to it or to all, by id', async () => {
    const app = await makeRig(database)
    for (const chat of [1, 2, 3, 4]) await add(app, chat)
    for (const [chat, topic] of [
      [4, 'news'],
      [1, 'all'],
      [1, 'news'],
      [2, 'news'],
      [3, 'other'],
    ] as const)
      await app.ok('POST', `${PEOPLE}/${chat}/subscribe?topic=${topic}`)
    await app.ok('PATCH', `${PEOPLE}/2`, { is_active: false })
    await app.ok('POST', '/internal/telegram/invites', { username: 'guest', password: 'p' })
    const reached = async (topic: string) =>
      (await app.ok('GET', `/internal/telegram/topics/${topic}/subscribers`)).map((row: any) => [row.chat_id, row.subscriptions])
    expect(await reached('news')).toEqual([
      [1, ['all', 'news']],
      [4, ['news']],
    ])
    expect(await reached('other')).toEqual([
      [1, ['all', 'news']],
      [3, ['other']],
    ])
    expect(await reached('all')).toEqual([[1, ['all', 'news']]])
  })

  test('gifty §7: subscribers are listed by id, all of them or page by page', async () => {
    const app = await makeRig(database)
    await app.db.tx(function* (tx) {
      const now = new Date(START)
      for (let n = 1; n <= 1201; n++)
        yield* app.people.insert(tx, {
          ...{ chatId: n, role: 'user', isActive: true, permissions: [], language: 'ru', createdAt: now, updatedAt: now },
        })
    })
    await app.ok('POST', `${PEOPLE}/700/subscribe?topic=a`)
    const all = await app.ok('GET', PEOPLE)
    expect(all.map((row: any) => row.chat_id)).toEqual(Array.from({ length: 1201 }, (_, n) => n + 1))
    expect(all[699].subscriptions).toEqual(['a'])
    const page = await app.ok('GET', `${PEOPLE}?limit=2&after_id=${all[698].id}`)
    expect(page).toEqual([all[699], all[700]])
    expect(await app.ok('GET', `${PEOPLE}?after_id=${all[1199].id}`)).toEqual([all[1200]])
  })

  test('gifty §13.3: an admin changes no other role, state or permission, and does not rise', async () => {
    const app = await makeRig(database)
    const admin = await adminOf(app, 7)
    await subscriber(app, 8)
    await subscriber(app, 9, 'superadmin')
    const refused = [403, 'forbidden']
    for (const chat of [8, 9, 404]) {
      expect(codeOf(await app.post(`${PEOPLE}/${chat}/role?role=user`, undefined, admin))).toEqual(refused)
      expect(codeOf(await app.patch(`${PEOPLE}/${chat}`, { is_active: false }, admin))).toEqual(refused)
    }
    for (const chat of [7, 8]) expect(codeOf(await app.post(`${PEOPLE}/${chat}/permissions`, ['x'], admin))).toEqual(refused)
    expect(codeOf(await app.post(`${PEOPLE}/7/role?role=superadmin`, undefined, admin))).toEqual(refused)
    const invite = (permissions: string[] | null) =>
      app.post('/internal/telegram/invites', { username: 'guest', password: 'p', permissions }, admin)
    expect(codeOf(await invite(['x']))).toEqual(refused)
    expect((await invite([])).status).toBe(200)
    for (const [method, to, body] of [
      ['PATCH', '', { slug: 'x' }],
      ['PATCH', '', { name: 'Nine' }],
      ['POST', '/subscribe?topic=scraping', undefined],
      ['POST', '/unsubscribe?topic=scraping', undefined],
      ['POST', '/language?language=en', undefined],
    ] as const)
      expect([to, ...codeOf(await app.call(method, `${PEOPLE}/9${to}`, body, admin))]).toEqual([to, ...refused])
    expect(await app.ok('GET', `${PEOPLE}/9`)).toMatchObject({ slug: null, name: null, subscriptions: [], language: 'ru' })
    // The rest is an admin's work, and one's own state and fall are one's own.
    expect((await app.patch(`${PEOPLE}/8`, { name: 'Eight' }, admin)).body.name).toBe('Eight')
    expect((await app.post(`${PEOPLE}/7/role?role=admin`, undefined, admin)).status).toBe(200)
    expect((await app.patch(`${PEOPLE}/7`, { is_active: true }, admin)).status).toBe(200)
    expect((await app.post(`${PEOPLE}/7/role?role=user`, undefined, admin)).status).toBe(200)
    app.clock.advance(10_000)
    expect(codeOf(await app.get(PEOPLE, admin))).toEqual(refused)
    const boss = await bearerOf(app, 9)
    for (const role of ['superadmin', 'admin'])
      expect((await app.post(`${PEOPLE}/8/role?role=${role}`, undefined, boss)).status).toBe(200)
    expect((await app.post(`${PEOPLE}/8/permissions`, ['x'], boss)).status).toBe(200)
    expect((await app.patch(`${PEOPLE}/8`, { is_active: false }, boss)).status).toBe(200)
    expect(codeOf(await app.post(`${PEOPLE}/404/role?role=user`, undefined, boss))).toEqual([404, 'not_found'])
  })

  test('gifty §13.3: an admin whom the API deactivates is out within 10 s', async () => {
    const app = await makeRig(database)
    const admin = await adminOf(app, 7)
    expect((await app.get(PEOPLE, admin)).status).toBe(200)
    await app.ok('PATCH', `${PEOPLE}/7`, { is_active: false })
    app.clock.advance(10_000)
    expect(codeOf(await app.get(PEOPLE, admin))).toEqual([403, 'forbidden'])
  })
})
