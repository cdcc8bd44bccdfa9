import { afterEach, describe, expect, test } from 'bun:test'
import { TcpTransport } from '@mtcute/bun'
import { Long, MemoryStorage, type tl } from '@mtcute/core'
import { type Clock, systemClock } from '../../../src/platform/clock.ts'
import { createMtprotoGateway } from '../../../src/platform/telegram/user-api/mtproto/gateway.ts'
import { eventually, turns } from '../../support/eventually.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { type Answers, type DataCentre, startDataCentre } from './data-centre.ts'
import { foundNothing, KEY, problem, refuse, testWire } from './wire.ts'

/** These run over real sockets, MTProto's encryption included: what the other tests leave to the library. */
const KEY4 = KEY.toReversed()
const running: { stop(): void }[] = []
afterEach(() => {
  for (const centre of running.splice(0)) centre.stop()
})

const sendCode: tl.RpcMethod = { _: 'auth.sendCode', phoneNumber: '', apiId: 1, apiHash: '', settings: { _: 'codeSettings' } }
const signIn: tl.RpcMethod = { _: 'auth.signIn', phoneNumber: '', phoneCodeHash: '', phoneCode: '' }
const ping: tl.RpcMethod = { _: 'help.getNearestDc' }
const search: tl.RpcMethod = { _: 'contacts.search', q: '', limit: 1 }
const nearest = (): tl.RawNearestDc => ({ _: 'nearestDc', country: 'DE', thisDc: 2, nearestDc: 2 })
const codeSent = (): tl.auth.RawSentCode => ({
  _: 'auth.sentCode',
  type: { _: 'auth.sentCodeTypeApp', length: 5 },
  phoneCodeHash: 'hash',
})
const config = (): tl.RawConfig => {
  const numbers = {
    date: Math.floor(Date.now() / 1000),
    expires: Math.floor(Date.now() / 1000) + 3600,
    thisDc: 2,
    chatSizeMax: 1,
    megagroupSizeMax: 1,
    forwardedCountMax: 1,
    onlineUpdatePeriodMs: 1,
    offlineBlurTimeoutMs: 1,
    offlineIdleTimeoutMs: 1,
    onlineCloudTimeoutMs: 1,
    notifyCloudDelayMs: 1,
    notifyDefaultDelayMs: 1,
    pushChatPeriodMs: 1,
    pushChatLimit: 1,
    editTimeLimit: 1,
    revokeTimeLimit: 1,
    revokePmTimeLimit: 1,
    ratingEDecay: 1,
    stickersRecentLimit: 1,
    channelsReadMediaPeriod: 1,
    callReceiveTimeoutMs: 1,
    callRingTimeoutMs: 1,
    callConnectTimeoutMs: 1,
    callPacketTimeoutMs: 1,
    captionLengthMax: 1,
    messageLengthMax: 1,
    webfileDcId: 2,
  }
  const dcOptions: tl.RawDcOption[] = [2, 4].map((id) => ({ _: 'dcOption', id, ipAddress: `10.0.0.${id}`, port: 443 }))
  return { _: 'config', ...numbers, testMode: false, dcOptions, dcTxtDomainName: '', meUrlPrefix: '' }
}

const start = async (key: Uint8Array, answers: Answers): Promise<DataCentre> => {
  const centre = await startDataCentre(key, answers)
  running.push(centre)
  return centre
}

/** A gateway whose data centres are local ones, by number; a missing one refuses connections. Time is the machine's. */
const over = (
  centres: Record<number, DataCentre | undefined>,
  session: string | null = null,
  keys: Record<number, Uint8Array> = {},
  clock: Clock = systemClock,
) => {
  const tcp = new TcpTransport()
  const wire = testWire({ session })
  const gateway = createMtprotoGateway({
    ...wire.deps,
    clock,
    wire: {
      storage: () => {
        const storage = new MemoryStorage()
        for (const [dc, key] of Object.entries(keys)) storage.authKeys.set(Number(dc), key)
        return storage
      },
      transport: {
        packetCodec: () => tcp.packetCodec(),
        connect: (dc) => {
          const port = centres[dc.id]?.port
          if (port === undefined) throw new Error('connection refused')
          return tcp.connect({ ...dc, ipAddress: '127.0.0.1', port })
        },
      },
    },
  })
  running.push({ stop: () => void gateway.close() })
  return { gateway, lines: wire.lines, calls: wire.calls }
}

const PHONE = '+79991112233'
const user: tl.RawUser = { _: 'user', id: 77, self: true, accessHash: Long.ONE, firstName: 'Ada' }

describe('mtproto over real sockets (love-parser §3, §7)', () => {
  test('§3: PHONE_MIGRATE is followed to the other data centre, whose session the state then holds', async () => {
    const two = await start(KEY, [
      { sample: sendCode, answer: () => refuse(303, 'PHONE_MIGRATE_4') },
      { sample: { _: 'help.getConfig' }, answer: config },
    ])
    const four = await start(KEY4, [
      { sample: sendCode, answer: codeSent },
      { sample: signIn, answer: () => ({ _: 'auth.authorization', user }) },
    ])
    const first = over({ 2: two, 4: four }, null, { 2: KEY, 4: KEY4 })
    const sent = await first.gateway.sendCode(PHONE)
    expect([two.asked, four.asked]).toEqual([['auth.sendCode', 'help.getConfig'], ['auth.sendCode']])
    expect(first.calls).toEqual([['auth.sendCode', true]])
    // Another process, which knows neither key: the state alone leads to the right centre.
    const second = over({ 4: four })
    expect(await second.gateway.signIn(sent.state, { phoneCodeHash: 'hash', code: '12345' })).toMatchObject({
      account: { telegramId: 77, phone: PHONE },
    })
    expect(four.asked).toEqual(['auth.sendCode', 'auth.signIn'])
  })

  test('§3: the other data centre sends on as well: phone_migrate', async () => {
    const two = await start(KEY, [
      { sample: sendCode, answer: () => refuse(303, 'PHONE_MIGRATE_4') },
      { sample: { _: 'help.getConfig' }, answer: config },
    ])
    const four = await start(KEY4, [{ sample: sendCode, answer: () => refuse(303, 'PHONE_MIGRATE_5') }])
    const { gateway } = over({ 2: two, 4: four }, null, { 2: KEY, 4: KEY4 })
    expect(await problem(gateway.sendCode(PHONE))).toEqual({ problem: 'phone_migrate', dc: 5 })
  })

  const sessionOf = async () => {
    const two = await start(KEY, [{ sample: sendCode, answer: codeSent }])
    return JSON.parse((await over({ 2: two }, null, { 2: KEY }).gateway.sendCode(PHONE)).state).session as string
  }

  test('§7: the service session is used again without a handshake, on one connection', async () => {
    const two = await start(KEY, [
      { sample: ping, answer: nearest },
      { sample: search, answer: foundNothing },
    ])
    const { gateway } = over({ 2: two }, await sessionOf())
    await gateway.ping()
    const steps = await Array.fromAsync(gateway.search({ query: 'x', filters: {}, limit: 5, now: 0 }))
    expect(steps.at(-1)).toEqual({ kind: 'done', of: 0, rows: [] })
    expect([two.asked, two.connections()]).toEqual([['help.getNearestDc', 'contacts.search'], 1])
  })

  test('a dropped connection is opened again for the next call', async () => {
    const two = await start(KEY, [{ sample: ping, answer: nearest }])
    const { gateway } = over({ 2: two }, await sessionOf())
    await gateway.ping()
    two.drop()
    await gateway.ping()
    expect(two.connections()).toBe(2)
  })

  test('§4: a call whose connection goes without a word is unavailable at its limit, and the next one is fine', async () => {
    let times = 0
    const two = await start(KEY, [{ sample: ping, answer: () => (++times === 1 ? void two.drop() : nearest()) }])
    const clock = fakeClock()
    const { gateway } = over({ 2: two }, await sessionOf(), {}, clock)
    const call = problem(gateway.ping())
    await eventually(() => two.connections() === 2)
    clock.advance(5000)
    expect(await call).toEqual({ problem: 'unavailable' })
    expect(await problem(gateway.ping())).toEqual({ answered: undefined })
  })

  test('§2: Telegram refuses connections: unavailable once the time is up, and close() does not wait for it', async () => {
    const session = await sessionOf()
    const { gateway } = over({}, session)
    const started = performance.now()
    const call = problem(gateway.search({ query: 'x', filters: {}, limit: 5, now: 0 }).next())
    await turns()
    await gateway.close()
    expect(await call).toEqual({ problem: 'unavailable' })
    expect(performance.now() - started).toBeLessThan(2000)
  })
})
