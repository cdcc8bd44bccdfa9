import { expect, test } from 'bun:test'
import { forbidden, unavailable } from '../../../src/errors.ts'
import { SessionsByName, SocketSession, sweepSessions } from '../../../src/platform/push/socket-session.ts'
import { fakeClock } from '../../support/fake-clock.ts'

/** Bun's socket: `full` keeps what is sent to it inside. */
const rawSocket = () => {
  const raw = {
    sent: [] as string[],
    pings: 0,
    closed: undefined as unknown[] | undefined,
    full: false,
    inside: 0,
    sendText(text: string) {
      raw.sent.push(text)
      if (!raw.full) return text.length
      raw.inside += text.length
      return -1
    },
    getBufferedAmount: () => raw.inside,
    ping: () => raw.pings++,
    close: (...how: unknown[]) => {
      raw.closed ??= how
    },
  }
  return raw
}
const open = (clock = fakeClock()) => {
  const raw = rawSocket()
  const session = new SocketSession(clock.now)
  session.opened(raw)
  session.start()
  return { clock, raw, session }
}
const RULES = { pingMs: 20_000, silence: { ms: 60_000, code: 4000, reason: 'heartbeat' } }

test('pings at each interval, whatever the client sends, and closes after silence', () => {
  const { clock, raw, session } = open()
  const sweep = () => sweepSessions([session], clock.now(), RULES)
  for (let n = 1; n <= 100; n++) {
    clock.advance(1000)
    if (n === 59) session.markAlive()
    sweep()
    expect(raw.pings).toBe(Math.floor(n / 20))
  }
  clock.advance(18_999)
  sweep()
  expect(raw.closed).toBeUndefined()
  clock.advance(1)
  sweep()
  expect(raw.closed).toEqual([4000, 'heartbeat'])
})

test('a frame waits while more than 64 KiB are inside the socket; draining is a sign of life', () => {
  const { clock, raw, session } = open()
  raw.full = true
  session.push('x'.repeat(900_000))
  session.push('second')
  expect(session.isDrained()).toBe(false)
  raw.inside = 65_537
  clock.advance(50_000)
  session.drained()
  sweepSessions([session], clock.now() + 59_999, RULES)
  expect([raw.sent.length, raw.closed]).toEqual([1, undefined])
  raw.full = false
  raw.inside = 65_536
  session.drained()
  expect([raw.sent.at(-1), session.isDrained()]).toEqual(['second', true])
})

test('a socket that takes nothing for 60 s is closed with 1013, although its client talks', () => {
  const { clock, raw, session } = open()
  raw.full = true
  session.push('x'.repeat(100_000))
  clock.advance(60_000)
  session.markAlive()
  sweepSessions([session], clock.now(), RULES)
  expect(raw.closed).toEqual([1013, 'too slow'])
})

test('one that was ended before it was open is closed as it opens', () => {
  const session = new SocketSession(() => 0)
  session.end(4001, 'replaced')
  const raw = rawSocket()
  session.opened(raw)
  session.start('ready')
  expect([raw.closed, raw.sent]).toEqual([[4001, 'replaced'], []])
})

test('a newer session of a name ends the older one, which does not take the name with it', () => {
  const names = new SessionsByName<SocketSession>()
  const [older, newer] = [open(), open()]
  expect(names.replace('w')).toBeUndefined()
  names.set('w', older.session)
  expect(names.replace('w')).toBe(older.session)
  names.set('w', newer.session)
  expect(older.raw.closed).toEqual([4001, 'replaced'])
  names.release('w', older.session)
  expect(names.get('w')).toBe(newer.session)
  names.release('w', newer.session)
  expect(names.size).toBe(0)
})

test('an ended credential is distinguished from a database that does not answer', async () => {
  const { session } = open()
  expect(await session.isAllowed()).toBe(true)
  session.recheck = async () => {
    throw forbidden('Access denied')
  }
  expect(await session.isAllowed()).toBe(false)
  session.recheck = async () => {
    throw unavailable('The database is not available')
  }
  await expect(session.isAllowed()).rejects.toMatchObject({ status: 503 })
})
