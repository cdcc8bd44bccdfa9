import { describe, expect, test } from 'bun:test'
import { createMtprotoGateway } from '../../../src/platform/telegram/user-api/mtproto/gateway.ts'
import { eventually } from '../../support/eventually.ts'
import { foundNothing, problem, refuse, serviceSession, testWire } from './wire.ts'

/** Every row of the contract's tables, as Telegram sends it: code, text, what the gateway makes of it. */
const TABLE: [number, string, object][] = [
  [400, 'PHONE_NUMBER_INVALID', { problem: 'invalid_phone' }],
  [400, 'PHONE_NUMBER_BANNED', { problem: 'invalid_phone' }],
  [400, 'PHONE_NUMBER_UNOCCUPIED', { problem: 'invalid_phone' }],
  [401, 'SESSION_PASSWORD_NEEDED', { problem: 'password_needed' }],
  [400, 'PASSWORD_HASH_INVALID', { problem: 'password_invalid' }],
  [406, 'SRP_PASSWORD_CHANGED', { problem: 'password_invalid' }],
  [400, 'SRP_ID_INVALID', { problem: 'password_invalid' }],
  [400, 'PHONE_CODE_INVALID', { problem: 'code_invalid' }],
  [400, 'PHONE_CODE_EMPTY', { problem: 'code_invalid' }],
  [400, 'PHONE_CODE_HASH_EMPTY', { problem: 'code_invalid' }],
  [400, 'CODE_INVALID', { problem: 'code_invalid' }],
  [400, 'PHONE_CODE_EXPIRED', { problem: 'code_expired' }],
  [400, 'CODE_EXPIRED', { problem: 'code_expired' }],
  [400, 'PHONE_NUMBER_OCCUPIED', { problem: 'phone_occupied' }],
  [400, 'INVALID_CODE', { problem: 'invalid_code' }],
  [303, 'PHONE_MIGRATE_4', { problem: 'phone_migrate', dc: 4 }],
  [303, 'PHONE_MIGRATE_X', { problem: 'phone_migrate' }],
  [303, 'NETWORK_MIGRATE_3', { problem: 'unavailable' }],
  [420, 'FLOOD_WAIT_30', { problem: 'flood', seconds: 30 }],
  [420, 'FLOOD_WAIT_0', { problem: 'flood', seconds: 1 }],
  [420, 'FLOOD_PREMIUM_WAIT_7', { problem: 'flood', seconds: 7 }],
  [420, 'SLOWMODE_WAIT_5', { problem: 'flood', seconds: 5 }],
  [420, 'FLOOD_TEST_PHONE_WAIT_9', { problem: 'flood', seconds: 9 }],
  [420, 'SOME_NEW_WAIT', { problem: 'flood', seconds: 60 }],
  [400, 'PHONE_NUMBER_FLOOD', { problem: 'flood', seconds: 60 }],
  [406, 'PHONE_PASSWORD_FLOOD', { problem: 'flood', seconds: 60 }],
  [401, 'AUTH_KEY_UNREGISTERED', { problem: 'session_revoked' }],
  [401, 'AUTH_KEY_INVALID', { problem: 'session_revoked' }],
  [406, 'AUTH_KEY_DUPLICATED', { problem: 'session_revoked' }],
  [401, 'SESSION_REVOKED', { problem: 'session_revoked' }],
  [401, 'SESSION_EXPIRED', { problem: 'session_revoked' }],
  [401, 'USER_DEACTIVATED', { problem: 'session_revoked' }],
  [401, 'USER_DEACTIVATED_BAN', { problem: 'session_revoked' }],
  [401, 'SOME_NEW_REASON', { problem: 'session_revoked' }],
  [500, 'RPC_CALL_FAIL', { problem: 'unavailable' }],
  [500, 'INTERDC_4_CALL_ERROR', { problem: 'unavailable' }],
  [503, 'SOMETHING', { problem: 'unavailable' }],
  [-503, 'Timeout', { problem: 'unavailable' }],
  [400, 'TIMEOUT', { problem: 'unavailable' }],
  [400, 'MSG_WAIT_FAILED', { problem: 'unavailable' }],
  [400, 'QUERY_TOO_SHORT', { problem: 'rejected' }],
  [400, 'SEARCH_QUERY_EMPTY', { problem: 'rejected' }],
  [400, 'API_ID_INVALID', { problem: 'rejected' }],
  [403, 'CHAT_WRITE_FORBIDDEN', { problem: 'rejected' }],
  [406, 'UPDATE_APP_TO_LOGIN', { problem: 'rejected' }],
]

describe('what Telegram says (love-parser §3 table, §4 Permanent and Transient), through the TL codec', () => {
  test.each(TABLE)('%p %s: %j', async (code, text, expected) => {
    const refusal = refuse(code, text)
    const wire = testWire({
      session: await serviceSession(),
      responders: { 'auth.sendCode': () => refusal, 'contacts.search': () => refusal },
    })
    const gateway = createMtprotoGateway(wire.deps)
    expect(await problem(gateway.sendCode('+79991112233'))).toEqual(expected)
    const search = gateway.search({ query: 'x', filters: {}, limit: 10, now: 0 })
    expect(await problem(search.next())).toEqual(expected)
    expect(wire.calls).toEqual([
      ['auth.sendCode', false],
      ['contacts.search', false],
    ])
    await gateway.close()
  })

  test('§4: a flood is reported at once, after one call and without a wait', async () => {
    const { deps, asked, clock } = testWire({ responders: { 'auth.sendCode': () => refuse(420, 'FLOOD_WAIT_3') } })
    expect(await problem(createMtprotoGateway(deps).sendCode('+79991112233'))).toEqual({ problem: 'flood', seconds: 3 })
    expect([asked.length, clock.sleeping()]).toEqual([1, 0])
  })

  test('an answer that is no TL, or none of its type, is unavailable', async () => {
    for (const answer of [{ _: 'auth.sentCode', phoneCodeHash: 'type is missing' }, { _: 'noSuchThing' }, undefined] as any[]) {
      const wire = testWire({ responders: { 'auth.sendCode': () => answer } })
      expect(await problem(createMtprotoGateway(wire.deps).sendCode('+79991112233'))).toEqual({ problem: 'unavailable' })
    }
  })
})

describe('ways that end (love-parser §2, §3, §7)', () => {
  const SEARCH = { query: 'x', filters: {}, limit: 10, now: 0 }
  const silent = () => new Promise<never>(() => {})

  test('§3: a call without an answer is unavailable after 20 s', async () => {
    const { deps, clock, calls } = testWire({ responders: { 'auth.sendCode': silent } })
    const call = problem(createMtprotoGateway(deps).sendCode('+79991112233'))
    await eventually(() => clock.sleeping() > 0)
    clock.advance(19_999)
    expect(await Promise.race([call, Promise.resolve('still waiting')])).toBe('still waiting')
    clock.advance(1)
    expect(await call).toEqual({ problem: 'unavailable' })
    expect([calls, clock.sleeping()]).toEqual([[['auth.sendCode', false]], 0])
  })

  test('§2: a ping is unavailable after 5 s', async () => {
    const { deps, clock } = testWire({ session: await serviceSession(), responders: { 'help.getNearestDc': silent } })
    const call = problem(createMtprotoGateway(deps).ping())
    await eventually(() => clock.sleeping() > 0)
    clock.advance(4_999)
    expect(await Promise.race([call, Promise.resolve('still waiting')])).toBe('still waiting')
    clock.advance(1)
    expect(await call).toEqual({ problem: 'unavailable' })
  })

  test('§2: a ping is unavailable when unconfigured, refused or broken, and fine when answered with a flood wait', async () => {
    const session = await serviceSession()
    const ping = (more: Parameters<typeof testWire>[0]) => problem(createMtprotoGateway(testWire(more).deps).ping())
    const answering = (code: number, text: string) =>
      ping({ session, responders: { 'help.getNearestDc': () => refuse(code, text) } })
    const unavailable = { problem: 'unavailable' }
    expect(await ping({})).toEqual(unavailable)
    expect(await ping({ session, credentials: null })).toEqual(unavailable)
    expect(await ping({ session: 'no session' })).toEqual(unavailable)
    expect(await answering(401, 'AUTH_KEY_UNREGISTERED')).toEqual(unavailable)
    expect(await answering(500, 'INTERNAL')).toEqual(unavailable)
    expect(await answering(420, 'FLOOD_WAIT_9')).toEqual({ answered: undefined })
  })

  test('§4: a search without a service session, or with an unreadable one, is session_revoked', async () => {
    const whole = await serviceSession()
    for (const session of [null, '', 'garbage', whole.slice(0, 60), whole.slice(0, -40), whole.slice(4)]) {
      const { deps } = testWire({ session, responders: { 'contacts.search': foundNothing } })
      expect(await problem(createMtprotoGateway(deps).search(SEARCH).next())).toEqual({ problem: 'session_revoked' })
    }
  })

  test('§3: a search with the API credentials unset is unavailable', async () => {
    const { deps } = testWire({ session: await serviceSession(), credentials: null })
    expect(await problem(createMtprotoGateway(deps).search(SEARCH).next())).toEqual({ problem: 'unavailable' })
  })

  test('an abort ends a call under way with the reason given, and is not the fault of Telegram', async () => {
    const { deps, clock, calls } = testWire({ session: await serviceSession(), responders: { 'contacts.search': silent } })
    const stop = new AbortController()
    const call = createMtprotoGateway(deps)
      .search({ ...SEARCH, signal: stop.signal })
      .next()
    await eventually(() => clock.sleeping() > 0)
    stop.abort('cancelled')
    expect(await problem(call)).toEqual({ threw: 'cancelled' })
    expect([calls, clock.sleeping()]).toEqual([[], 0])
  })

  test('closing ends calls under way, and no call begins after it', async () => {
    const { deps, clock } = testWire({ session: await serviceSession(), responders: { 'contacts.search': silent } })
    const gateway = createMtprotoGateway(deps)
    const call = problem(gateway.search(SEARCH).next())
    await eventually(() => clock.sleeping() > 0)
    await gateway.close()
    expect(await call).toEqual({ problem: 'unavailable' })
    expect(await problem(gateway.search(SEARCH).next())).toEqual({ problem: 'unavailable' })
    expect(await problem(gateway.sendCode('+79991112233'))).toEqual({ problem: 'unavailable' })
  })
})
