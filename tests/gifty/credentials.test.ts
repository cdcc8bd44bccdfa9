import { expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { ConfigError, loadConfig } from '../../src/config.ts'
import { INTERNAL } from '../support/app.ts'
import { onEachDatabase } from '../support/databases.ts'
import { HOUR, START } from '../support/fake-clock.ts'
import { adminOf, bearerOf, subscriber } from './access-rig.ts'
import { codeOf, makeRig } from './rig.ts'

const SECRET = 'a-dashboard-secret-of-this-test'
const OPEN = '/internal/sources'
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const seconds = (at: number) => Math.floor(at / 1000)
const claims = {
  iss: 'gifty',
  aud: 'dashboard',
  sub: '7',
  role: 'admin',
  jti: 'j',
  iat: seconds(START),
  exp: seconds(START) + 3600,
}
/** A token made by hand, so that it can be wrong in one respect. */
const token = (payload: unknown, { alg = 'HS256', secret = SECRET, hash = 'sha256' } = {}) => {
  const text = `${base64({ alg, typ: 'JWT' })}.${base64(payload)}`
  return `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`
}

test('gifty §13.2: production without a token does not start, and the variable is named', () => {
  const problemsOf = (env: Record<string, string>) => {
    try {
      loadConfig({ NODE_ENV: 'production', ...env })
    } catch (error) {
      return (error as ConfigError).problems.join('\n')
    }
    return ''
  }
  expect(() => loadConfig({ NODE_ENV: 'production' })).toThrow(ConfigError)
  for (const env of [{}, { INTERNAL_API_TOKEN: '' }, { INTERNAL_API_TOKEN: 'dev-internal-token' }] as Record<string, string>[])
    expect(problemsOf(env)).toContain('INTERNAL_API_TOKEN')
  expect(problemsOf({ INTERNAL_API_TOKEN: 'a-token-of-our-own' })).not.toContain('INTERNAL_API_TOKEN')
})

onEachDatabase('gifty credentials', (database) => {
  test('gifty §13.2: no token 401, wrong or empty 403, even with malformed JSON', async () => {
    const app = await makeRig(database)
    const json = { 'content-type': 'application/json' }
    for (const path of [
      OPEN,
      '/api/v1/internal/sources',
      '/internal/workers/lease',
      '/internal/ingest-batch',
      '/internal/sources/x/toggle',
    ]) {
      const missing = await app.post(path, '{', json)
      expect(codeOf(missing)).toEqual([401, 'unauthorized'])
      expect(missing.body.error.message).toBe('Missing internal token')
      expect(missing.headers.get('www-authenticate')).toBe('Bearer')
      for (const wrong of ['wrong', '', 'dev-internal-tokenx', 'dev-internal-toke', 'DEV-INTERNAL-TOKEN', '\u00e9']) {
        const refused = await app.post(path, '{', { ...json, 'x-internal-token': wrong })
        expect(codeOf(refused)).toEqual([403, 'forbidden'])
        expect(refused.body.error.message).toBe('Invalid internal token')
      }
      expect((await app.post(path, '{', { ...json, ...INTERNAL })).status).toBe(422)
    }
    expect(codeOf(await app.get(OPEN, { authorization: 'Basic dXNlcjpwdw==' }))).toEqual([401, 'unauthorized'])
    expect(codeOf(await app.get(OPEN, { 'x-analytics-token': 'dev-analytics-token' }))).toEqual([401, 'unauthorized'])
  })

  test('gifty §1.1: an empty INTERNAL_API_TOKEN is not configured: no token opens anything', async () => {
    const app = await makeRig(database, { env: { INTERNAL_API_TOKEN: '' } })
    for (const given of ['dev-internal-token', '', 'undefined'])
      expect(codeOf(await app.get(OPEN, { 'x-internal-token': given }))).toEqual([403, 'forbidden'])
    expect((await app.get(OPEN, await adminOf(app, 7))).status).toBe(200)
    const own = await makeRig(database, { env: { INTERNAL_API_TOKEN: 'my-own' } })
    expect((await own.get(OPEN, { 'x-internal-token': 'my-own' })).status).toBe(200)
    expect((await own.get(OPEN, INTERNAL)).status).toBe(403)
  })

  test('gifty §1.1: an X-Internal-Token alone decides, whatever the Bearer is', async () => {
    const app = await makeRig(database)
    const bearer = await adminOf(app, 7)
    expect((await app.get(OPEN, { ...bearer, 'x-internal-token': 'wrong' })).status).toBe(403)
    expect((await app.get(OPEN, { ...bearer, 'x-internal-token': '' })).status).toBe(403)
    expect((await app.get(OPEN, { authorization: 'Bearer nonsense', ...INTERNAL })).status).toBe(200)
  })

  test('gifty §13.3: a dashboard token opens every /internal route under both prefixes', async () => {
    const app = await makeRig(database, { env: { DASHBOARD_JWT_SECRET: SECRET } })
    await subscriber(app, 7)
    const headers = { authorization: `Bearer ${token(claims)}` }
    for (const path of [
      OPEN,
      '/api/v1/internal/sources',
      '/internal/tasks',
      '/internal/workers',
      '/internal/products',
      '/internal/stats',
    ])
      expect((await app.get(path, headers)).status).toBe(200)
    expect((await app.get(OPEN, { authorization: `bearer   ${token(claims)}` })).status).toBe(200)
    expect((await app.post('/internal/workers/lease', { worker_id: 'w' }, headers)).body).toEqual({ tasks: [] })
    expect((await app.get(OPEN, await bearerOf(app, 7))).status).toBe(200)
  })

  test('gifty §1.1: a Bearer that is malformed, forged, expired or for others is 401', async () => {
    const app = await makeRig(database, { env: { DASHBOARD_JWT_SECRET: SECRET } })
    await subscriber(app, 7)
    const good = token(claims)
    const { exp: _, ...endless } = claims
    const refused: Record<string, string> = {
      empty: '',
      word: 'nonsense',
      'two words': `${good} x`,
      'no signature': good.slice(0, good.lastIndexOf('.') + 1),
      'other signature': token(claims, { secret: 'another-secret-of-nobody' }),
      'changed claims': `${good.split('.')[0]}.${base64({ ...claims, sub: '8' })}.${good.split('.')[2]}`,
      HS512: token(claims, { alg: 'HS512', hash: 'sha512' }),
      'HS512 as HS256': token(claims, { hash: 'sha512' }),
      none: `${base64({ alg: 'none', typ: 'JWT' })}.${base64(claims)}.`,
      'other audience': token({ ...claims, aud: 'mobile' }),
      'no audience': token({ ...claims, aud: undefined }),
      'other issuer': token({ ...claims, iss: 'love-parser' }),
      expired: token({ ...claims, exp: seconds(START) - 1 }),
      'expired now': token({ ...claims, exp: seconds(START) }),
      'without expiry': token(endless),
      'not yet valid': token({ ...claims, nbf: seconds(START) + 60 }),
      'subject that is no chat': token({ ...claims, sub: 'admin' }),
    }
    for (const [what, bearer] of Object.entries(refused)) {
      const answer = await app.get(OPEN, { authorization: `Bearer ${bearer}` })
      expect([what, ...codeOf(answer)]).toEqual([what, 401, 'unauthorized'])
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    }
    // A token that was believed once is not believed for longer than it lives.
    expect((await app.get(OPEN, { authorization: `Bearer ${good}` })).status).toBe(200)
    app.clock.advance(HOUR)
    for (let n = 0; n < 2; n++)
      expect(codeOf(await app.get(OPEN, { authorization: `Bearer ${good}` }))).toEqual([401, 'unauthorized'])
  })

  test('gifty §1.1: a subscriber who is gone, inactive or a user is 403; the stored row decides, not the role in the token', async () => {
    const app = await makeRig(database)
    await subscriber(app, 1, 'user')
    await subscriber(app, 2, 'admin', false)
    await subscriber(app, 3, 'superadmin')
    const status = async (chatId: number) => codeOf(await app.get(OPEN, await bearerOf(app, chatId)))
    expect(await status(1)).toEqual([403, 'forbidden'])
    expect(await status(2)).toEqual([403, 'forbidden'])
    expect(await status(4)).toEqual([403, 'forbidden'])
    expect(await status(3)).toEqual([200, undefined])
  })

  test('gifty §13.3: a deactivated admin is out within 10 s, an activated one in', async () => {
    const app = await makeRig(database)
    const bearer = await adminOf(app, 7)
    const status = async () => (await app.get(OPEN, bearer)).status
    const set = (active: boolean) =>
      app.db.sql(
        database.dialect === 'postgres'
          ? sql`update telegram_subscribers set is_active = ${active}`
          : sql`update telegram_subscribers set is_active = ${active ? 1 : 0}`,
      )
    expect(await status()).toBe(200)
    await set(false)
    app.clock.advance(10_000)
    expect(await status()).toBe(403)
    await set(true)
    app.clock.advance(10_000)
    expect(await status()).toBe(200)
    await app.db.sql(sql`update telegram_subscribers set role = 'user'`)
    app.clock.advance(10_000)
    expect(await status()).toBe(403)
    await app.db.sql(sql`delete from telegram_subscribers`)
    app.clock.advance(10_000)
    expect(await status()).toBe(403)
  })
})
