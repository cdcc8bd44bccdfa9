import { describe, expect, test } from 'bun:test'
import { Long, type tl } from '@mtcute/core'
import { createMtprotoGateway } from '../../../src/platform/telegram/user-api/mtproto/gateway.ts'
import { srpServer } from './srp.ts'
import { problem, type Responders, refuse, testWire, type WireOptions } from './wire.ts'

const PHONE = '+79991112233'
const user = (more: Partial<tl.RawUser> = {}): tl.RawUser => ({
  _: 'user',
  id: 5_000_000_001,
  self: true,
  accessHash: Long.fromString('-7700000000000000001'),
  firstName: 'Ada',
  lastName: 'L',
  username: 'ada',
  phone: '79991112233',
  photo: { _: 'userProfilePhoto', photoId: Long.fromString('9007199254740993123'), dcId: 2 },
  ...more,
})
const welcome = (who: tl.TypeUser = user()): tl.auth.RawAuthorization => ({ _: 'auth.authorization', user: who })
const codeSent: tl.auth.RawSentCode = {
  _: 'auth.sentCode',
  type: { _: 'auth.sentCodeTypeApp', length: 5 },
  phoneCodeHash: 'hash-of-code',
}
const INPUT = { phoneCodeHash: 'hash-of-code', code: '24680' }

const login = async (responders: Responders, options: WireOptions = {}) => {
  const wire = testWire({ responders: { 'auth.sendCode': () => codeSent, ...responders }, ...options })
  const gateway = createMtprotoGateway(wire.deps)
  return { ...wire, gateway, sent: await gateway.sendCode(PHONE) }
}

describe('mtproto login (love-parser §3, §7)', () => {
  test('§3: send-code asks auth.sendCode and keeps its session in the state', async () => {
    const { sent, asked, calls } = await login({})
    expect(sent).toEqual({ phoneCodeHash: 'hash-of-code', state: expect.any(String) })
    expect(asked).toEqual([
      { _: 'auth.sendCode', phoneNumber: '79991112233', apiId: 1, apiHash: 'test-api-hash', settings: { _: 'codeSettings' } },
    ])
    expect(calls).toEqual([['auth.sendCode', true]])
  })

  test('§3: the right code signs in; another process may bring it', async () => {
    const { sent } = await login({})
    const other = testWire({ responders: { 'auth.signIn': () => welcome() } })
    const outcome = await createMtprotoGateway(other.deps).signIn(sent.state, INPUT)
    expect(outcome).toEqual({
      passwordNeeded: false,
      account: {
        telegramId: 5_000_000_001,
        username: 'ada',
        firstName: 'Ada',
        lastName: 'L',
        phone: PHONE,
        photoId: '9007199254740993123',
        session: expect.any(String),
      },
    })
    expect(other.asked).toEqual([
      { _: 'auth.signIn', phoneNumber: '79991112233', phoneCodeHash: 'hash-of-code', phoneCode: '24680' },
    ])
  })

  test('§3: an account without a name, photo or visible phone', async () => {
    const bare = user({ username: undefined, firstName: undefined, lastName: undefined, phone: undefined, photo: undefined })
    const { gateway, sent } = await login({ 'auth.signIn': () => welcome(bare) })
    expect(await gateway.signIn(sent.state, INPUT)).toMatchObject({
      account: { username: null, firstName: null, lastName: null, phone: PHONE, photoId: null },
    })
  })

  test('a name among several is the active one', async () => {
    const usernames: tl.RawUsername[] = [
      { _: 'username', username: 'old' },
      { _: 'username', username: 'now', active: true },
    ]
    const { gateway, sent } = await login({ 'auth.signIn': () => welcome(user({ username: undefined, usernames })) })
    expect(await gateway.signIn(sent.state, INPUT)).toMatchObject({ account: { username: 'now' } })
  })

  test('§7: the exported session opens the gateway again, as the service account', async () => {
    const { gateway, sent } = await login({ 'auth.signIn': () => welcome() })
    const outcome = await gateway.signIn(sent.state, INPUT)
    if (outcome.passwordNeeded) throw new Error('a password was asked for')
    const again = testWire({
      session: outcome.account.session,
      responders: { 'help.getNearestDc': () => ({ _: 'nearestDc', country: 'DE', thisDc: 2, nearestDc: 2 }) },
    })
    await createMtprotoGateway(again.deps).ping()
    expect(again.calls).toEqual([['help.getNearestDc', true]])
  })

  test('a code that went to the login email goes back as one', async () => {
    const type = { _: 'auth.sentCodeTypeEmailCode', emailPattern: 'a***@e***.org', length: 6 } as const
    const { gateway, sent, asked } = await login({
      'auth.sendCode': () => ({ ...codeSent, type }),
      'auth.signIn': () => welcome(),
    })
    expect(await gateway.signIn(sent.state, INPUT)).toMatchObject({ account: { telegramId: 5_000_000_001 } })
    expect(asked[1]).toEqual({
      _: 'auth.signIn',
      phoneNumber: '79991112233',
      phoneCodeHash: 'hash-of-code',
      emailVerification: { _: 'emailVerificationCode', code: '24680' },
    })
  })

  test('§3: sign-up required is invalid_phone', async () => {
    const { gateway, sent } = await login({ 'auth.signIn': () => ({ _: 'auth.authorizationSignUpRequired' }) })
    expect(await problem(gateway.signIn(sent.state, INPUT))).toEqual({ problem: 'invalid_phone' })
  })

  test('a login that skips the code, or wants money or an email address, is rejected', async () => {
    for (const answer of [
      { _: 'auth.sentCodeSuccess', authorization: welcome() },
      { ...codeSent, type: { _: 'auth.sentCodeTypeSetUpEmailRequired' } },
      {
        _: 'auth.sentCodePaymentRequired',
        storeProduct: 'x',
        phoneCodeHash: 'x',
        supportEmailAddress: 'x',
        supportEmailSubject: 'x',
        currency: 'USD',
        amount: Long.ONE,
      },
    ] as tl.auth.TypeSentCode[]) {
      const wire = testWire({ responders: { 'auth.sendCode': () => answer } })
      expect(await problem(createMtprotoGateway(wire.deps).sendCode(PHONE))).toEqual({ problem: 'rejected' })
    }
  })
})

describe('mtproto 2FA (love-parser §3)', () => {
  const server = srpServer('correct horse')
  const withPassword: Responders = {
    'auth.signIn': () => refuse(401, 'SESSION_PASSWORD_NEEDED'),
    'account.getPassword': () => server.exchange(),
    'auth.checkPassword': ({ password }) => (server.isRight(password) ? welcome() : refuse(400, 'PASSWORD_HASH_INVALID')),
  }

  test('§3: after the code only the password is checked, by SRP; a wrong one is refused and may be repeated', async () => {
    const { gateway, sent, asked } = await login(withPassword)
    const outcome = await gateway.signIn(sent.state, INPUT)
    if (!outcome.passwordNeeded) throw new Error('no password was asked for')
    expect(await problem(gateway.checkPassword(outcome.state, 'wrong horse'))).toEqual({ problem: 'password_invalid' })
    expect(await gateway.checkPassword(outcome.state, 'correct horse')).toMatchObject({ telegramId: 5_000_000_001, phone: PHONE })
    expect(asked.map((request) => request._)).toEqual([
      'auth.sendCode',
      'auth.signIn',
      'account.getPassword',
      'auth.checkPassword',
      'account.getPassword',
      'auth.checkPassword',
    ])
    expect(JSON.stringify(asked)).not.toContain('horse')
  })

  test.each([
    ['SRP_ID_INVALID', 2],
    ['SRP_PASSWORD_CHANGED', 1],
  ])('§3: %s is password_invalid when it stays', async (text, times) => {
    const { gateway, sent, asked } = await login({ ...withPassword, 'auth.checkPassword': () => refuse(400, text) })
    expect(await problem(gateway.checkPassword(sent.state, 'correct horse'))).toEqual({ problem: 'password_invalid' })
    expect(asked.filter(({ _ }) => _ === 'auth.checkPassword')).toHaveLength(times)
  })

  test('L6: a stale SRP id is asked anew once; the second answer is the answer', async () => {
    for (const [password, expected] of [
      ['correct horse', { answered: { telegramId: 5_000_000_001 } }],
      ['wrong horse', { problem: 'password_invalid' }],
    ] as const) {
      let checks = 0
      const { gateway, sent, asked } = await login({
        ...withPassword,
        'auth.checkPassword': ({ password: proof }) => {
          if (++checks === 1) return refuse(400, 'SRP_ID_INVALID')
          return server.isRight(proof) ? welcome() : refuse(400, 'PASSWORD_HASH_INVALID')
        },
      })
      expect(await problem(gateway.checkPassword(sent.state, password))).toMatchObject(expected)
      expect(asked.map(({ _ }) => _).slice(1)).toEqual([
        'account.getPassword',
        'auth.checkPassword',
        'account.getPassword',
        'auth.checkPassword',
      ])
    }
  })

  test('an exchange this version cannot follow is rejected, and the password stays here', async () => {
    const exchange = { ...server.exchange(), currentAlgo: { _: 'passwordKdfAlgoUnknown' } as const }
    const { gateway, sent, asked } = await login({ ...withPassword, 'account.getPassword': () => exchange })
    expect(await problem(gateway.checkPassword(sent.state, 'correct horse'))).toEqual({ problem: 'rejected' })
    expect(asked.map((request) => request._)).toEqual(['auth.sendCode', 'account.getPassword'])
  })
})

describe('mtproto login that cannot be', () => {
  test('§3: credentials unset are unavailable', async () => {
    const { deps, asked } = testWire({ credentials: null })
    expect(await problem(createMtprotoGateway(deps).sendCode(PHONE))).toEqual({ problem: 'unavailable' })
    expect(asked).toEqual([])
  })

  test('a state that is none, or of another mode, is session_revoked', async () => {
    const { deps, asked } = testWire()
    const gateway = createMtprotoGateway(deps)
    for (const state of ['', 'null', '{"sandbox":"+79991112233"}', '{"session":"AwQAAAAX","phone":"+79991112233"}']) {
      expect(await problem(gateway.signIn(state, INPUT))).toEqual({ problem: 'session_revoked' })
      expect(await problem(gateway.checkPassword(state, 'x'))).toEqual({ problem: 'session_revoked' })
    }
    expect(asked).toEqual([])
  })

  test('§9: no phone, code, password, session or API hash is logged, nor part of an error', async () => {
    const secrets = ['9991112233', '24680', 'hash-of-code', 'correct horse', 'test-api-hash']
    const { gateway, sent, lines } = await login({
      'account.getPassword': () => refuse(500, 'INTERNAL'),
      'auth.signIn': () => {
        throw new Error('24680 of +79991112233')
      },
    })
    secrets.push(JSON.parse(sent.state).session)
    const errors = await Promise.all([
      gateway.signIn(sent.state, INPUT).catch((error) => error),
      gateway.checkPassword(sent.state, 'correct horse').catch((error) => error),
      gateway.signIn('24680', INPUT).catch((error) => error),
    ])
    expect(errors.map((error) => error.problem)).toEqual(['unavailable', 'unavailable', 'session_revoked'])
    expect(lines.length).toBeGreaterThan(0)
    const logged =
      lines.join() + errors.map((error) => `${error.message} ${error.stack} ${JSON.stringify(error)} ${error.cause}`).join()
    for (const secret of secrets) expect(logged).not.toContain(secret)
  })

  test('the library leaves the process and its signals alone', async () => {
    const before = ['SIGINT', 'SIGTERM', 'exit', 'beforeExit'].map((name) => process.listenerCount(name))
    const { gateway } = await login({})
    await gateway.close()
    expect(['SIGINT', 'SIGTERM', 'exit', 'beforeExit'].map((name) => process.listenerCount(name))).toEqual(before)
  })
})
