import { describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { accountsTables, telegramAuthTables } from '../../src/love-parser/tables.ts'
import { createLog } from '../../src/platform/log.ts'
import { TelegramError, type TelegramProblem } from '../../src/platform/telegram/user-api/port.ts'
import { onEachDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { makeRig, START, scriptedGateway, statusAndCode } from './rig.ts'

const PHONE = '+79991112233'
const SIGNED_IN = {
  telegramId: 42,
  username: 'neo',
  firstName: 'Thomas',
  lastName: 'Anderson',
  phone: PHONE,
  photoId: '77',
  session: 'a-secret-session',
}

onEachDatabase('love-parser login', (database) => {
  describe('love-parser §3 send-code', () => {
    test('§11.1: twice within 60 s is 200, then 429 with Retry-After of at most 60; later it works again', async () => {
      const rig = await makeRig(database)
      expect((await rig.sendCode(PHONE)).status).toBe(200)
      rig.clock.advance(1500)
      const second = await rig.sendCode(PHONE)
      expect(statusAndCode(second)).toEqual([429, 'RATE_LIMIT_EXCEEDED'])
      expect(second.headers.get('retry-after')).toBe('59')
      expect(second.body.error.details).toEqual({ retryAfter: 59 })
      rig.clock.advance(58_500)
      expect((await rig.sendCode(PHONE)).status).toBe(200)
    })

    test('U3: a number as people type it is one number, for limits, account and answers', async () => {
      const typed = [
        '8 (999) 111-22-33',
        '+7 999 111-22-33',
        '79991112233',
        '  +7(999)111\u201322\u201333 ',
        '\u202a+7\u00a0999\u00a0111\u221222\u221233\u202c',
        '8[999]1112233',
      ]
      for (const phone of typed) {
        const rig = await makeRig(database)
        const sent = await rig.sendCode(phone)
        expect([phone, sent.status]).toEqual([phone, 200])
        // The minute of the one form has begun.
        expect((await rig.sendCode(PHONE)).status).toBe(429)
        const { body } = await rig.verify({ auth_session_id: sent.body.auth_session_id, code: ' 12-3 (45)' })
        expect(body.user).toMatchObject({ phone_number: PHONE, telegram_id: '9917245606' })
      }
    })

    test('U3: letters and wrong lengths stay 422', async () => {
      const rig = await makeRig(database)
      for (const phone of [
        '',
        '   ',
        'x',
        '8 (999) 111-22-3',
        '8 999 111-22-333',
        '9991112233',
        '+7 999 111 22 33 ext',
        '+7+9991112233',
      ])
        expect([phone, (await rig.sendCode(phone)).status]).toEqual([phone, 422])
      const { auth_session_id } = (await rig.sendCode(PHONE)).body
      for (const code of ['', '- -', '1 2', '12345 67', '1234a', 12345])
        expect([code, (await rig.verify({ auth_session_id, code })).status]).toEqual([code, 422])
    })

    test('§11.1: after a gateway failure an immediate retry is allowed', async () => {
      let fail = true
      const gateway = scriptedGateway({
        sendCode: async () => {
          if (fail) throw new TelegramError('unavailable')
          return { phoneCodeHash: 'h', state: 's' }
        },
      })
      const rig = await makeRig(database, { gateway })
      expect(statusAndCode(await rig.sendCode(PHONE))).toEqual([503, 'SERVICE_UNAVAILABLE'])
      fail = false
      expect((await rig.sendCode(PHONE)).body).toMatchObject({ phone_code_hash: 'h' })
    })

    test('the minute is reserved while Telegram is asked: of parallel calls one is sent', async () => {
      const calls: (() => void)[] = []
      const gateway = scriptedGateway({
        sendCode: () => new Promise((resolve) => calls.push(() => resolve({ phoneCodeHash: 'h', state: 's' }))),
      })
      const rig = await makeRig(database, { gateway })
      const all = Array.from({ length: 5 }, () => rig.sendCode(PHONE))
      const refused = await Promise.race(all)
      expect(refused.status).toBe(429)
      await eventually(() => calls.length > 0)
      calls[0]!()
      expect((await Promise.all(all)).map((answer) => answer.status).sort()).toEqual([200, 429, 429, 429, 429])
      expect(calls).toHaveLength(1)
    })

    test('5 codes an hour for a phone, 20 calls an hour for an address; the hour rolls', async () => {
      const rig = await makeRig(database)
      for (let n = 0; n < 5; n++) {
        expect((await rig.sendCode(PHONE)).status).toBe(200)
        rig.clock.advance(60_000)
      }
      const sixth = await rig.sendCode(PHONE)
      expect([sixth.status, sixth.headers.get('retry-after')]).toEqual([429, String(3600 - 300)])
      for (let n = 0; n < 15; n++) expect((await rig.sendCode(`+7999000${String(n).padStart(4, '0')}`)).status).toBe(200)
      const twentyFirst = await rig.sendCode('+79990009999')
      expect([twentyFirst.status, twentyFirst.headers.get('retry-after')]).toEqual([429, String(3600 - 300)])
      rig.clock.advance(3_300_000)
      expect((await rig.sendCode(PHONE)).status).toBe(200)
    })

    test('the number must be + and 10 to 15 digits', async () => {
      const rig = await makeRig(database)
      for (const bad of ['9991112233', '+7999111', '+7999111223344556', '', 5, null, undefined]) {
        const answer = await rig.app.handle(
          new Request('http://localhost/api/v1/telegram/auth/send-code', {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ phone_number: bad }),
          }),
        )
        expect(answer.status).toBe(422)
        expect(Object.keys(((await answer.json()) as any).error.details.fieldErrors)).toEqual(['phone_number'])
      }
      expect((await rig.sendCode(`  ${PHONE} `)).status).toBe(200)
    })
  })

  describe('love-parser §3 verify-code', () => {
    test('§11.2: code 12345 gives AuthUser with an active free plan, limits 1/1/0 and a token of exactly 30 days', async () => {
      const rig = await makeRig(database)
      const person = await rig.login(PHONE)
      expect(person.user).toEqual({
        id: person.id,
        phone_number: PHONE,
        telegram_id: '9917245606',
        telegram_username: 'sandbox_2233',
        is_active: true,
        telegram_profile_photo_id: null,
        first_name: 'Sandbox',
        last_name: '2233',
        subscription: { plan_type: 'free', status: 'active', expires_at: '2026-01-31T00:00:00.000Z' },
        limits: {
          parsing_limit: 1,
          parsing_used: 0,
          parsing_resets_at: '2026-01-31T00:00:00.000Z',
          audience_limit: 1,
          audience_used: 0,
          audience_resets_at: '2026-01-31T00:00:00.000Z',
          broadcast_limit: 0,
          broadcast_used: 0,
          broadcast_resets_at: '2026-01-31T00:00:00.000Z',
        },
      })
      const claims = JSON.parse(Buffer.from(person.token.split('.')[1]!, 'base64url').toString())
      expect(claims).toEqual({
        sub: person.id,
        sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        telegramId: '9917245606',
        iat: START / 1000,
        exp: START / 1000 + 2_592_000,
      })
      expect((await rig.me(person)).body).toEqual(person.user)
      rig.clock.advance(2_592_000_000 - 1)
      expect((await rig.me(person)).status).toBe(200)
      rig.clock.advance(1)
      expect(statusAndCode(await rig.me(person))).toEqual([401, 'AUTH_ERROR'])
    })

    test('§11.3: a phone ending in 2 needs the password on the same session; password null is accepted', async () => {
      const rig = await makeRig(database)
      const { auth_session_id } = (await rig.sendCode('+79991112232')).body
      const body = { auth_session_id, code: '12345' }
      for (const without of [body, { ...body, password: null }])
        expect(statusAndCode(await rig.verify(without))).toEqual([401, 'SESSION_PASSWORD_NEEDED'])
      expect(statusAndCode(await rig.verify({ ...body, password: 'wrong' }))).toEqual([401, 'SESSION_PASSWORD_NEEDED'])
      // The code is remembered: only the password counts now.
      expect((await rig.verify({ ...body, code: '999', password: 'sandbox' })).status).toBe(200)
    })

    test('§11.4: five wrong codes are CODE_INVALID, then even the right one is CODE_EXPIRED', async () => {
      const rig = await makeRig(database)
      const { auth_session_id } = (await rig.sendCode(PHONE)).body
      for (let n = 0; n < 5; n++)
        expect(statusAndCode(await rig.verify({ auth_session_id, code: '54321' }))).toEqual([400, 'CODE_INVALID'])
      expect(statusAndCode(await rig.verify({ auth_session_id, code: '12345' }))).toEqual([400, 'CODE_EXPIRED'])
    })

    test('§11.4: wrong codes in parallel are counted atomically', async () => {
      const rig = await makeRig(database)
      const { auth_session_id } = (await rig.sendCode(PHONE)).body
      const answers = await Promise.all(Array.from({ length: 12 }, () => rig.verify({ auth_session_id, code: '54321' })))
      const codes = answers.map((answer) => answer.body.error.code)
      expect(codes.filter((code) => code === 'CODE_INVALID')).toHaveLength(5)
      expect(codes.filter((code) => code === 'CODE_EXPIRED')).toHaveLength(7)
    })

    test('a missing password is not counted, a wrong one is', async () => {
      const rig = await makeRig(database)
      const { auth_session_id } = (await rig.sendCode('+79991112232')).body
      for (let n = 0; n < 8; n++) expect((await rig.verify({ auth_session_id, code: '12345' })).status).toBe(401)
      for (let n = 0; n < 5; n++) expect((await rig.verify({ auth_session_id, code: '12345', password: 'no' })).status).toBe(401)
      expect(statusAndCode(await rig.verify({ auth_session_id, code: '12345', password: 'sandbox' }))).toEqual([
        400,
        'CODE_EXPIRED',
      ])
    })

    test('§11.4: an unknown, used or expired session is 422 on auth_session_id', async () => {
      const rig = await makeRig(database)
      const refused = async (auth_session_id: string) => {
        const answer = await rig.verify({ auth_session_id, code: '12345' })
        expect(statusAndCode(answer)).toEqual([422, 'VALIDATION_ERROR'])
        expect(Object.keys(answer.body.error.details.fieldErrors)).toEqual(['auth_session_id'])
      }
      await refused('01890000-0000-7000-8000-000000000000')
      const { auth_session_id: used } = (await rig.sendCode(PHONE)).body
      expect((await rig.verify({ auth_session_id: used, code: '12345' })).status).toBe(200)
      await refused(used)
      const { auth_session_id: late } = (await rig.sendCode('+79991112234')).body
      rig.clock.advance(600_000)
      await refused(late)
    })

    test('§11.4: parallel first logins of one account leave one user; of one session, one succeeds', async () => {
      const rig = await makeRig(database)
      const sessions: string[] = []
      for (let n = 0; n < 4; n++) {
        sessions.push((await rig.sendCode(PHONE)).body.auth_session_id)
        rig.clock.advance(61_000)
      }
      const answers = await Promise.all(
        [...sessions, ...sessions].map((auth_session_id) => rig.verify({ auth_session_id, code: '12345' })),
      )
      expect(answers.map((answer) => answer.status).sort()).toEqual([200, 200, 200, 200, 422, 422, 422, 422])
      const { users, telegramSessions } = accountsTables(rig.db.kit)
      expect(await rig.db.q.select({ id: users.id }).from(users)).toHaveLength(1)
      const all = await rig.db.q.select().from(telegramSessions)
      expect(all).toHaveLength(4)
      expect(all.filter((session) => session.isActive)).toHaveLength(1)
    })

    test('a later login refreshes the account, keeps the rest of the profile and deactivates earlier sessions', async () => {
      let account = { ...SIGNED_IN }
      const gateway = scriptedGateway({
        sendCode: async () => ({ phoneCodeHash: 'h', state: 's' }),
        signIn: async () => ({ passwordNeeded: false, account }),
      })
      const rig = await makeRig(database, { gateway })
      const first = await rig.login(PHONE)
      expect(first.user).toMatchObject({ telegram_id: '42', telegram_username: 'neo', telegram_profile_photo_id: '77' })
      await rig.setUser(first, { profile: { notification_channel: 'email', telegram: { firstName: 'old' } } })
      account = { ...SIGNED_IN, username: 'one', firstName: 'Neo', lastName: '', phone: '+79990000001' }
      rig.clock.advance(61_000)
      const sent = await rig.sendCode(PHONE)
      const long = 'agent '.repeat(40)
      const again = await rig.verify({ auth_session_id: sent.body.auth_session_id, code: '1' + '23' }, { 'user-agent': long })
      expect(again.body.user).toMatchObject({
        id: first.id,
        phone_number: '+79990000001',
        telegram_username: 'one',
        first_name: 'Neo',
      })
      const { users, telegramSessions } = accountsTables(rig.db.kit)
      const [row] = await rig.db.q.select().from(users)
      expect(row!.profile.notification_channel).toBe('email')
      const sessions = await rig.db.q.select().from(telegramSessions).orderBy(telegramSessions.createdAt)
      expect(sessions.map(({ isActive, device }) => [isActive, device])).toEqual([
        [false, null],
        [true, long.slice(0, 128)],
      ])
    })

    test('love-parser §9: session and login state are stored encrypted, bound to their row; a tampered one is an error', async () => {
      const gateway = scriptedGateway({
        sendCode: async () => ({ phoneCodeHash: 'the-hash', state: 'the-state' }),
        signIn: async (state) => {
          expect(state).toBe('the-state')
          return { passwordNeeded: false, account: SIGNED_IN }
        },
      })
      const rig = await makeRig(database, { gateway })
      const { authStates } = telegramAuthTables(rig.db.kit)
      const { telegramSessions } = accountsTables(rig.db.kit)
      await rig.login(PHONE)
      const [state] = await rig.db.q.select().from(authStates)
      const [session] = await rig.db.q.select().from(telegramSessions)
      expect(JSON.stringify([state, session])).not.toMatch(/the-state|the-hash|a-secret-session/)
      const place = { table: 'telegram_sessions', row: session!.id, column: 'session_data' }
      expect(rig.platform.keyRing().decrypt(session!.sessionData, place)).toBe('a-secret-session')
      expect(() => rig.platform.keyRing().decrypt(session!.sessionData, { ...place, row: state!.id })).toThrow()

      const sent = await rig.sendCode('+79990000009')
      const { auth_session_id } = sent.body
      const [fresh] = await rig.db.q.select().from(authStates).where(eq(authStates.id, auth_session_id))
      await rig.db.q
        .update(authStates)
        .set({ state: fresh!.state.slice(0, -6) })
        .where(eq(authStates.id, auth_session_id))
        .returning({ id: authStates.id })
      const lines: string[] = []
      const quiet = await makeQuiet(rig.db, gateway, lines)
      const answer = await quiet.verify({ auth_session_id, code: '12345' })
      expect(statusAndCode(answer)).toEqual([500, 'INTERNAL_SERVER_ERROR'])
      expect(JSON.stringify(answer.body) + lines.join()).not.toMatch(/the-state|the-hash|79990000009/)
    })

    test('a blocked user cannot log in', async () => {
      const rig = await makeRig(database)
      const person = await rig.login(PHONE)
      await rig.setUser(person, { status: 'blocked' })
      rig.clock.advance(61_000)
      const { auth_session_id } = (await rig.sendCode(PHONE)).body
      expect(statusAndCode(await rig.verify({ auth_session_id, code: '12345' }))).toEqual([403, 'FORBIDDEN'])
    })

    test('bodies: every field is checked', async () => {
      const rig = await makeRig(database)
      const auth_session_id = '01890000-0000-7000-8000-000000000000'
      const cases: [unknown, string[]][] = [
        [{}, ['auth_session_id', 'code']],
        [{ auth_session_id: 'x', code: '12345' }, ['auth_session_id']],
        [{ auth_session_id, code: '12' }, ['code']],
        [{ auth_session_id, code: '1234567' }, ['code']],
        [{ auth_session_id, code: 12345 }, ['code']],
        [{ auth_session_id, code: '12345', password: '' }, ['password']],
        [{ auth_session_id, code: '12345', password: 7 }, ['password']],
      ]
      for (const [body, fields] of cases) {
        const answer = await rig.verify(body)
        expect([answer.status, Object.keys(answer.body.error.details.fieldErrors)]).toEqual([422, fields])
      }
    })
  })

  test('love-parser §3: what Telegram says, in the contract’s words, on both routes', async () => {
    const cases: [TelegramProblem, { seconds?: number; dc?: number }, number, string, unknown][] = [
      ['invalid_phone', {}, 400, 'INVALID_PHONE_NUMBER', undefined],
      ['password_invalid', {}, 401, 'SESSION_PASSWORD_NEEDED', undefined],
      ['code_invalid', {}, 400, 'CODE_INVALID', undefined],
      ['code_expired', {}, 400, 'CODE_EXPIRED', undefined],
      ['phone_occupied', {}, 400, 'PHONE_NUMBER_OCCUPIED', undefined],
      ['invalid_code', {}, 400, 'INVALID_CODE', undefined],
      ['phone_migrate', { dc: 4 }, 400, 'PHONE_MIGRATE', { dc: 4 }],
      ['flood', { seconds: 33 }, 429, 'RATE_LIMIT_EXCEEDED', { retryAfter: 33 }],
      ['unavailable', {}, 503, 'SERVICE_UNAVAILABLE', undefined],
      ['session_revoked', {}, 400, 'CODE_EXPIRED', undefined],
      ['rejected', {}, 503, 'SERVICE_UNAVAILABLE', undefined],
    ]
    let problem: TelegramError | undefined
    const gateway = scriptedGateway({
      sendCode: async () => {
        if (problem) throw problem
        return { phoneCodeHash: 'h', state: 's' }
      },
      signIn: async () => {
        throw problem
      },
    })
    const rig = await makeRig(database, { gateway })
    const { auth_session_id } = (await rig.sendCode('+79990000000')).body
    const { authStates } = telegramAuthTables(rig.db.kit)
    for (const [name, more, status, code, details] of cases) {
      problem = new TelegramError(name, more)
      for (const answer of [await rig.sendCode(PHONE), await rig.verify({ auth_session_id, code: '12345' })]) {
        expect([name, ...statusAndCode(answer)]).toEqual([name, status, code])
        expect(answer.body.error.details).toEqual(details as any)
        if (status === 429) expect(answer.headers.get('retry-after')).toBe('33')
        expect(answer.body.error.message).not.toMatch(/telegram:|Error|undefined/)
      }
      await rig.db.q.update(authStates).set({ failures: 0 }).returning({ id: authStates.id })
      const { sendCodeAttempts } = telegramAuthTables(rig.db.kit)
      await rig.db.q.delete(sendCodeAttempts).returning({ id: sendCodeAttempts.id })
    }
  })
})

const makeQuiet = async (db: any, gateway: any, lines: string[]) => {
  const { rigOver } = await import('./rig.ts')
  return rigOver(db, { gateway, clock: fakeClock(START), log: createLog({ level: 'debug', write: (line) => lines.push(line) }) })
}
