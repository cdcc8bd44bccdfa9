import { describe, expect, test } from 'bun:test'
import { createLog, silentLog } from '../../../src/platform/log.ts'
import {
  type Channel,
  createTelegramGateway,
  type SearchRequest,
  type SearchStep,
  TelegramError,
  type TelegramGateway,
} from '../../../src/platform/telegram/user-api/index.ts'
import { createSandboxGateway, sandboxChannels } from '../../../src/platform/telegram/user-api/sandbox.ts'
import { fakeClock } from '../../support/fake-clock.ts'

const NOW = Date.parse('2026-01-01T00:00:00.000Z')
const short = (channel: Channel) =>
  [
    channel.channelId,
    channel.subscribers,
    channel.language,
    channel.activityScore.toFixed(2),
    channel.activityLevel,
    channel.lastPost?.toISOString(),
  ].join(' ')
const byKey = (key: 'subscribers' | 'activityScore') => (a: Channel, b: Channel) =>
  b[key] - a[key] || (a.channelId < b.channelId ? -1 : 1)
const digest = (rows: Channel[]) =>
  new Bun.CryptoHasher('sha256')
    .update(
      rows
        .toSorted(byKey('subscribers'))
        .map((row) => `${row.channelId}:${row.subscribers}:${row.activityScore.toFixed(2)}`)
        .join('\n'),
    )
    .digest('hex')
const ids = (rows: Channel[]) => rows.map((row) => row.channelId)

describe('sandbox channels (love-parser §7, golden values)', () => {
  const crypto = sandboxChannels('crypto', {}, 100, NOW)
  const games = sandboxChannels('games', { language: 'de', minSubscribers: 1000 }, 100, NOW)

  test('§7: crypto without filters', () => {
    expect(crypto.rows.slice(0, 5).map(short)).toEqual([
      'sim-1 60666 pt 0.71 high 2025-12-20T00:00:00.000Z',
      'sim-2 20768 es 0.35 medium 2025-12-19T00:00:00.000Z',
      'sim-3 272359 ar 0.39 medium 2025-12-30T00:00:00.000Z',
      'sim-4 411343 en 0.21 low 2025-12-27T00:00:00.000Z',
      'sim-5 75443 id 0.72 high 2026-01-01T00:00:00.000Z',
    ])
    expect(crypto).toMatchObject({ tried: 100, rows: { length: 100 } })
  })

  test('§7: games in German with 1000 subscribers and more', () => {
    expect(games.rows.slice(0, 5).map(short)).toEqual([
      'sim-1 182061 de 0.80 high 2025-12-26T00:00:00.000Z',
      'sim-2 449616 de 0.11 low 2025-12-22T00:00:00.000Z',
      'sim-3 289210 de 0.67 high 2025-12-25T00:00:00.000Z',
      'sim-4 187824 de 0.55 medium 2025-12-30T00:00:00.000Z',
      'sim-5 33782 de 0.50 medium 2025-12-27T00:00:00.000Z',
    ])
    expect(games.rows).toHaveLength(100)
  })

  test('§7: both orders and both digests', () => {
    expect(ids(crypto.rows.toSorted(byKey('subscribers'))).slice(0, 3)).toEqual(['sim-52', 'sim-81', 'sim-58'])
    expect(crypto.rows.find((row) => row.channelId === 'sim-52')?.subscribers).toBe(493436)
    expect(ids(games.rows.toSorted(byKey('subscribers'))).slice(0, 3)).toEqual(['sim-53', 'sim-50', 'sim-64'])
    expect(games.rows.find((row) => row.channelId === 'sim-53')?.subscribers).toBe(499461)
    const active = crypto.rows.toSorted(byKey('activityScore')).slice(0, 3)
    expect(ids(active)).toEqual(['sim-36', 'sim-7', 'sim-65'])
    expect(active.slice(0, 2).map((row) => row.activityScore)).toEqual([0.96, 0.96])
    expect(digest(crypto.rows)).toBe('083eb5cb67d01f89a3d397433af0d291f4aebaab5467a6f302352f6b32859a35')
    expect(digest(games.rows)).toBe('9f6b39e8ca87285c1ce55fae18f395665c5c1ce297efed2365e3fa59ebdce78c')
  })

  test('§11.9: crypto with activity_level high gives 99 results, of 300 tried', () => {
    const { rows, tried } = sandboxChannels('crypto', { activityLevel: 'high' }, 100, NOW)
    expect([rows.length, tried]).toEqual([99, 300])
    expect(rows.every((row) => row.activityScore >= 0.66 && row.activityLevel === 'high')).toBe(true)
  })

  test('§7: filters drop candidates, they do not change those that pass', () => {
    const some = sandboxChannels('crypto', { minSubscribers: 100_000, maxSubscribers: 300_000 }, 20, NOW)
    expect(some.rows).toEqual(
      sandboxChannels('crypto', {}, 200, NOW)
        .rows.filter((row) => row.subscribers >= 100_000 && row.subscribers <= 300_000)
        .slice(0, 20),
    )
    expect(some.tried).toBe(Number(some.rows.at(-1)?.channelId.slice(4)))
  })

  test('§7: the limit is clamped to 5..200, and 3 x limit are tried at most', () => {
    expect(sandboxChannels('crypto', {}, 1, NOW).rows).toHaveLength(5)
    expect(sandboxChannels('crypto', {}, 9999, NOW).rows).toHaveLength(200)
    expect(sandboxChannels('crypto', { minSubscribers: 500_001 }, 7, NOW)).toEqual({ rows: [], tried: 21 })
  })

  test('§11.9: created_at minus last_post is 0 to 13 whole days', () => {
    const days = sandboxChannels('any', {}, 200, NOW + 12_345).rows.map(
      (row) => (NOW + 12_345 - Number(row.lastPost)) / 86_400_000,
    )
    expect(days.every((day) => Number.isInteger(day) && day >= 0 && day <= 13)).toBe(true)
    expect(new Set(days).size).toBe(14)
  })

  test.each([
    ['  Crypto News ', 'Crypto News Hub 1', '@crypto_news_1', 'Sandbox channel 1 for Crypto News'],
    ['игры', 'Игры Hub 1', '@channel_1', 'Sandbox channel 1 for игры'],
    ['--a--b--', '--a--b-- Hub 1', '@a_b_1', 'Sandbox channel 1 for --a--b--'],
    [
      'abcdefghijklmnopqrstuvwxyz0',
      'Abcdefghijklmnopqrstuvwxyz0 Hub 1',
      '@abcdefghijklmnopqrstuvwx_1',
      'Sandbox channel 1 for abcdefghijklmnopqrstuvwxyz0',
    ],
  ])('§7: names for the query %j', (query, title, username, description) => {
    expect(sandboxChannels(query, {}, 5, NOW).rows[0]).toMatchObject({ title, username, description })
  })

  test('§7: case and surrounding blanks do not change the numbers, and a title takes 200 characters of the query', () => {
    expect(digest(sandboxChannels(' CRYPTO ', {}, 100, NOW).rows)).toBe(digest(crypto.rows))
    expect(sandboxChannels('x'.repeat(512), {}, 5, NOW).rows[0]?.title).toBe(`X${'x'.repeat(199)} Hub 1`)
  })
})

const collect = async (gateway: TelegramGateway, request: Partial<SearchRequest> = {}): Promise<SearchStep[]> =>
  Array.fromAsync(gateway.search({ query: 'crypto', filters: {}, limit: 100, now: NOW, ...request }))

const sandbox = (stepDelayMs?: number) => {
  const lines: string[] = []
  const clock = fakeClock()
  const log = createLog({ level: 'info', now: clock.now, write: (line) => lines.push(line) })
  return { gateway: createSandboxGateway({ clock, log, stepDelayMs }), lines, clock }
}

describe('sandbox search', () => {
  test('reports its progress, then the rows', async () => {
    const steps = await collect(sandbox().gateway)
    expect(steps[0]).toEqual({ kind: 'reading', read: 0, of: 100, state: { source: 'sandbox', read: 0 } })
    expect(steps.flatMap((step) => (step.kind === 'reading' ? [step.read] : []))).toEqual([
      0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100,
    ])
    expect(steps.at(-1)).toEqual({ kind: 'done', of: 100, rows: sandboxChannels('crypto', {}, 100, NOW).rows })
  })

  test('resumes where it stood, in any process, and gives the same rows', async () => {
    const state = JSON.parse(JSON.stringify({ source: 'sandbox', read: 70 }))
    const steps = await collect(sandbox().gateway, { resume: state })
    expect(steps.map((step) => (step.kind === 'reading' ? step.read : step.rows.length))).toEqual([70, 80, 90, 100, 100])
    const other = await collect(sandbox().gateway, { resume: { source: 'mtproto', read: 70 } })
    expect(other[0]).toMatchObject({ read: 0 })
  })

  test('an abort ends it with its reason', async () => {
    const { gateway } = sandbox()
    const stop = new AbortController()
    const search = gateway.search({ query: 'crypto', filters: {}, limit: 100, now: NOW, signal: stop.signal })
    await search.next()
    stop.abort(new Error('cancelled by the user'))
    await expect(search.next()).rejects.toThrow('cancelled by the user')
  })

  test('a step can be made to take its time', async () => {
    const { gateway, clock } = sandbox(200)
    const search = gateway.search({ query: 'crypto', filters: {}, limit: 5, now: NOW })
    await search.next()
    const second = search.next()
    expect(clock.sleeping()).toBe(1)
    clock.advance(200)
    expect(await second).toMatchObject({ value: { read: 1, of: 5 } })
  })
})

const PHONE = '+79991112233'

describe('sandbox login (love-parser §7, §11.2, §11.3)', () => {
  test('§7: code 12345 signs in the account made from the phone', async () => {
    const { gateway } = sandbox()
    const { state, phoneCodeHash } = await gateway.sendCode(PHONE)
    expect(await gateway.signIn(state, { phoneCodeHash, code: '12345' })).toEqual({
      passwordNeeded: false,
      account: {
        telegramId: 9917245606,
        username: 'sandbox_2233',
        firstName: 'Sandbox',
        lastName: '2233',
        phone: PHONE,
        photoId: null,
        session: expect.any(String),
      },
    })
  })

  test('§7: the code is logged, and the phone is not', async () => {
    const { gateway, lines } = sandbox()
    await gateway.sendCode(PHONE)
    expect(lines.join()).toContain('the code is 12345')
    expect(lines.join()).not.toContain('79991112233')
  })

  test('§3: a wrong code is code_invalid and leaves the state usable', async () => {
    const { gateway } = sandbox()
    const { state, phoneCodeHash } = await gateway.sendCode(PHONE)
    await expect(gateway.signIn(state, { phoneCodeHash, code: '54321' })).rejects.toEqual(new TelegramError('code_invalid'))
    expect(await gateway.signIn(state, { phoneCodeHash, code: '12345' })).toMatchObject({ passwordNeeded: false })
    await expect(gateway.signIn(state, { phoneCodeHash: 'other', code: '12345' })).rejects.toEqual(
      new TelegramError('code_expired'),
    )
  })

  test('§11.3: a phone ending in 2 needs the password sandbox as well', async () => {
    const { gateway } = sandbox()
    const { state, phoneCodeHash } = await gateway.sendCode('+79991112232')
    await expect(gateway.checkPassword(state, 'sandbox')).rejects.toEqual(new TelegramError('session_revoked'))
    const outcome = await gateway.signIn(state, { phoneCodeHash, code: '12345' })
    if (!outcome.passwordNeeded) throw new Error('no password was asked for')
    await expect(gateway.checkPassword(outcome.state, 'wrong')).rejects.toEqual(new TelegramError('password_invalid'))
    expect(await gateway.checkPassword(outcome.state, 'sandbox')).toMatchObject({ username: 'sandbox_2232' })
    await expect(gateway.signIn(outcome.state, { phoneCodeHash, code: '12345' })).rejects.toEqual(
      new TelegramError('code_expired'),
    )
  })

  test('a state of another mode is session_revoked', async () => {
    const { gateway } = sandbox()
    for (const state of ['', 'x', 'null', '{"session":"AwQ","phone":"+79991112233"}'])
      await expect(gateway.checkPassword(state, 'sandbox')).rejects.toEqual(new TelegramError('session_revoked'))
  })

  test('§2: it can always be reached, and needs no MTProto settings', async () => {
    const gateway = createTelegramGateway('sandbox', {
      credentials: null,
      session: null,
      callDelayMs: 500,
      clock: fakeClock(),
      log: silentLog,
      random: () => 0,
    })
    expect([gateway.source, await gateway.ping(), await gateway.close()]).toEqual(['sandbox', undefined, undefined])
  })
})
