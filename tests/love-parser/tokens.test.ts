import { expect, test } from 'bun:test'
import { SignJWT } from 'jose'
import { countStatements } from '../support/count-statements.ts'
import { onEachDatabase } from '../support/databases.ts'
import { DAY, fakeClock } from '../support/fake-clock.ts'
import { makeRig, type Rig, rigOver, SECRET, START, statusAndCode } from './rig.ts'

const KEY = new TextEncoder().encode(SECRET)
const UNKNOWN = '01890000-0000-7000-8000-000000000000'
const seconds = START / 1000

onEachDatabase('love-parser tokens', (database) => {
  const me = (rig: Rig, authorization: string) => rig.get('/api/v1/auth/me', { authorization })

  test('§11.5: another algorithm, no exp, no sub, a sub that is no UUID, an expired one, an unknown user are 401', async () => {
    const rig = await makeRig(database)
    const { id } = await rig.login()
    const sign = (claims: Record<string, unknown>, alg = 'HS256', key = KEY) =>
      new SignJWT(claims).setProtectedHeader({ alg }).sign(key)
    const good = { sub: id, sessionId: UNKNOWN, telegramId: '1', iat: seconds, exp: seconds + 100 }
    expect((await me(rig, `Bearer ${await sign(good)}`)).status).toBe(200)
    const unsigned = [{ alg: 'none' }, good].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
    const { exp: _exp, ...eternal } = good
    const { sub: _sub, ...nobody } = good
    const bad = [
      await sign(good, 'HS512'),
      await sign(good, 'HS384'),
      `${unsigned}.`,
      await sign(eternal),
      await sign(nobody),
      await sign({ ...good, sub: 'admin' }),
      await sign({ ...good, sub: 7 }),
      await sign({ ...good, exp: seconds }),
      await sign({ ...good, sub: UNKNOWN }),
      await sign(good, 'HS256', new TextEncoder().encode('another secret that is long enough')),
      'not.a.token',
    ]
    for (const token of bad)
      expect([token, ...statusAndCode(await me(rig, `Bearer ${token}`))]).toEqual([token, 401, 'AUTH_ERROR'])
  })

  test('§2: only the Authorization header with the prefix Bearer counts', async () => {
    const rig = await makeRig(database)
    const { token } = await rig.login()
    for (const header of [
      '',
      'Bearer',
      'Bearer ',
      `bearer ${token}`,
      `BEARER ${token}`,
      `Token ${token}`,
      token,
      `Bearer ${token} x`,
    ])
      expect([header, ...statusAndCode(await me(rig, header))]).toEqual([header, 401, 'AUTH_ERROR'])
    expect(statusAndCode(await rig.get(`/api/v1/auth/me?token=${token}`, rig.anonymous))).toEqual([401, 'AUTH_ERROR'])
    expect((await rig.get('/api/v1/auth/me', rig.anonymous)).headers.get('www-authenticate')).toBeNull()
  })

  test('L12: a second login ends the token of the first; a logout ends every token of its session', async () => {
    const rig = await makeRig(database)
    const first = await rig.login('+79991112233')
    const other = await rig.login('+79995556677')
    expect((await rig.me(first)).status).toBe(200)
    rig.clock.advance(61_000)
    const second = await rig.login('+79991112233')
    expect(second.id).toBe(first.id)
    expect(statusAndCode(await rig.me(first))).toEqual([401, 'AUTH_ERROR'])
    expect(statusAndCode(await rig.get('/api/v1/auth/logout', first.headers))).toEqual([401, 'AUTH_ERROR'])
    expect([(await rig.me(second)).status, (await rig.me(other)).status]).toEqual([200, 200])

    const { sessionId } = JSON.parse(Buffer.from(second.token.split('.')[1]!, 'base64url').toString())
    const sign = (session: Record<string, unknown>) =>
      new SignJWT({ sub: second.id, telegramId: '1', iat: seconds, exp: seconds + 1000, ...session })
        .setProtectedHeader({ alg: 'HS256' })
        .sign(KEY)
    const twin = `Bearer ${await sign({ sessionId })}`
    const older = `Bearer ${await sign({})}`
    expect([(await me(rig, twin)).status, (await me(rig, older)).status]).toEqual([200, 200])
    expect((await rig.get('/api/v1/auth/logout', second.headers)).status).toBe(200)
    expect([(await me(rig, twin)).status, (await me(rig, older)).status, (await rig.me(other)).status]).toEqual([401, 200, 200])
  })

  test('L12: user, revocation and session of a request are one statement', async () => {
    const { db, during } = countStatements(await database.fresh())
    const rig = await rigOver(db)
    const { token } = await rig.login()
    const { accounts } = rig.loveParser!
    const verified = await accounts.verify(token)
    expect(await during(() => accounts.session(verified!))).toBe(1)
  })

  test('§11.5: a blocked user is 403 everywhere but at logout', async () => {
    const rig = await makeRig(database)
    const person = await rig.login()
    await rig.setUser(person, { status: 'blocked' })
    for (const path of ['/api/v1/auth/me', '/api/v1/dashboard', '/api/v1/parsing/history', '/api/v1/subscriptions/current'])
      expect([path, ...statusAndCode(await rig.get(path, person.headers))]).toEqual([path, 403, 'FORBIDDEN'])
    expect(statusAndCode(await rig.search(person))).toEqual([403, 'FORBIDDEN'])
    expect((await rig.get('/api/v1/auth/logout', person.headers)).body).toEqual({ success: true })
  })

  test('§11.5: a logged-out token is 401, also after a restart and in another process', async () => {
    const rig = await makeRig(database)
    const person = await rig.login()
    const second = await rigOver(await database.second(), { clock: fakeClock(START) })
    expect((await second.me(person)).status).toBe(200)
    expect((await rig.get('/api/v1/auth/logout', person.headers)).body).toEqual({ success: true })
    expect(statusAndCode(await rig.get('/api/v1/auth/logout', person.headers))).toEqual([401, 'AUTH_ERROR'])
    expect(statusAndCode(await rig.me(person))).toEqual([401, 'AUTH_ERROR'])
    expect(statusAndCode(await second.me(person))).toEqual([401, 'AUTH_ERROR'])
    const restarted = await rigOver(rig.db, { clock: fakeClock(START) })
    expect(statusAndCode(await restarted.me(person))).toEqual([401, 'AUTH_ERROR'])
  })

  test('§2: of parallel logouts one is answered with success', async () => {
    const rig = await makeRig(database)
    const person = await rig.login()
    const answers = await Promise.all(Array.from({ length: 6 }, () => rig.get('/api/v1/auth/logout', person.headers)))
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1)
    expect(answers.filter((answer) => answer.status === 401)).toHaveLength(5)
  })

  test('§8 token-cleanup: a revocation is kept exactly until its token expires', async () => {
    const rig = await makeRig(database)
    const person = await rig.login()
    await rig.get('/api/v1/auth/logout', person.headers)
    const rows = async () =>
      (await rig.db.sql<{ n: number }>((await import('drizzle-orm')).sql`select count(*) as n from token_blacklist`))[0]!.n
    const clean = async () => {
      await rig.schedules.tick()
      await rig.runner.drain(['love-parser.job'])
    }
    rig.clock.advance(30 * DAY - 3_600_000)
    await clean()
    expect(Number(await rows())).toBe(1)
    rig.clock.advance(3_600_000)
    await clean()
    expect(Number(await rows())).toBe(0)
    expect((await rig.me(person)).status).toBe(401)
  })
})
