import { describe, expect, test } from 'bun:test'
import { Long, type tl } from '@mtcute/core'
import type { SearchRequest, SearchState, SearchStep } from '../../../src/platform/telegram/user-api/index.ts'
import { createMtprotoGateway } from '../../../src/platform/telegram/user-api/mtproto/gateway.ts'
import { channel, fullChannel, history, message, service } from './telegram-objects.ts'
import { foundNothing, problem, type Responders, refuse, serviceSession, testWire } from './wire.ts'

const session = await serviceSession()
const NOW = Date.parse('2026-01-15T12:00:00.000Z')
const hoursAgo = (hours: number) => (NOW - hours * 3_600_000) / 1000

const found = (...chats: tl.TypeChat[]): tl.contacts.RawFound => ({
  ...foundNothing(),
  chats,
  results: chats.map((chat) => ({ _: 'peerChannel', channelId: chat.id })),
})

/** Three channels: one whole, one bare megagroup, one that says nothing of itself. */
const three: Responders = {
  'contacts.search': () =>
    found(
      channel(101, { title: 'Markt heute', username: 'markt', participantsCount: 7, broadcast: true }),
      channel(102, { title: 'Трейдеры', megagroup: true }),
      channel(103, { title: 'Z', broadcast: true, participantsCount: 44 }),
    ),
  'channels.getFullChannel': ({ channel: { channelId } }: any) =>
    fullChannel(channelId, {
      101: { participantsCount: 500_000, about: ' Nachrichten und Analysen zum Aktienmarkt, jeden Morgen ' },
      102: { participantsCount: 20, about: '' },
      103: { about: '' },
    }),
  'messages.getHistory': ({ peer: { channelId } }: any) =>
    history(
      {
        101: [
          service(9, hoursAgo(0)),
          message(8, hoursAgo(84), 'Guten Morgen, hier sind die Kurse'),
          message(7, hoursAgo(90), ''),
        ],
        102: [message(3, hoursAgo(168), 'Добрый день, сегодня рынок растёт и это хорошо')],
        103: [service(1, hoursAgo(1))],
      }[channelId as number] as tl.TypeMessage[],
    ),
}

const searching = (responders: Responders, request: Partial<SearchRequest> = {}) => {
  const wire = testWire({ responders, session })
  const gateway = createMtprotoGateway(wire.deps)
  const steps = gateway.search({ query: 'Markt', filters: {}, limit: 100, now: NOW, ...request })
  /** Runs to the end, letting every pause pass at once; answers all steps. */
  const finish = async () => {
    const all: SearchStep[] = []
    const pauses: number[] = []
    const sleep = wire.clock.sleep
    wire.clock.sleep = async (ms, signal) => {
      if (ms >= 5000) return sleep(ms, signal)
      pauses.push(ms)
    }
    for await (const step of steps) all.push(step)
    return { all, pauses, done: all.at(-1) as Extract<SearchStep, { kind: 'done' }> }
  }
  return { ...wire, gateway, steps, finish }
}
const methods = (asked: tl.RpcMethod[]) => asked.map((request) => request._)

describe('live search (love-parser §7)', () => {
  test('§7: rows of contacts.search, getFullChannel and getHistory', async () => {
    const { finish, asked } = searching(three)
    const { done } = await finish()
    expect(done.rows).toEqual([
      {
        channelId: '101',
        title: 'Markt heute',
        username: '@markt',
        subscribers: 500_000,
        description: 'Nachrichten und Analysen zum Aktienmarkt, jeden Morgen',
        activityScore: 0.5,
        activityLevel: 'medium',
        language: 'de',
        lastPost: new Date(NOW - 84 * 3_600_000),
      },
      {
        channelId: '102',
        title: 'Трейдеры',
        username: null,
        subscribers: 20,
        description: null,
        activityScore: 0,
        activityLevel: 'low',
        language: 'ru',
        lastPost: new Date(NOW - 168 * 3_600_000),
      },
      {
        channelId: '103',
        title: 'Z',
        username: null,
        subscribers: 44,
        description: null,
        activityScore: 0.16,
        activityLevel: 'low',
        language: null,
        lastPost: null,
      },
    ])
    expect(asked[0]).toEqual({ _: 'contacts.search', q: 'Markt', limit: 100 })
    const target = { channelId: 101, accessHash: Long.fromString('-9007199254740993101') }
    expect(asked[1]).toEqual({ _: 'channels.getFullChannel', channel: { _: 'inputChannel', ...target } })
    expect(asked[2]).toMatchObject({ _: 'messages.getHistory', peer: { _: 'inputPeerChannel', ...target }, limit: 20 })
    expect(asked).toHaveLength(7)
  })

  test('§4: progress is k of n, 0 of n first', async () => {
    const { all } = await searching(three).finish()
    expect(all.map((step) => [step.kind, step.kind === 'reading' ? step.read : step.rows.length, step.of])).toEqual([
      ['reading', 0, 3],
      ['reading', 1, 3],
      ['reading', 2, 3],
      ['reading', 3, 3],
      ['done', 3, 3],
    ])
  })

  test('§7: the pause between channels is the configured one, 20 % up or down', async () => {
    for (const [random, pause] of [
      [0, 400],
      [0.5, 500],
      [1, 600],
    ] as const) {
      const { finish, deps } = searching(three)
      deps.random = () => random
      const { pauses } = await finish()
      expect(pauses.map((ms) => Math.round(ms))).toEqual([pause, pause])
    }
  })

  test('§7: channels and megagroups only, each once, first wins; my results first; no more than asked for', async () => {
    const nothing: Responders = {
      'channels.getFullChannel': () => refuse(400, 'CHANNEL_PRIVATE'),
      'messages.getHistory': () => refuse(400, 'CHANNEL_PRIVATE'),
    }
    const chats: tl.TypeChat[] = [
      channel(1, { title: 'first', broadcast: true }),
      channel(2, { title: 'second', megagroup: true }),
      { _: 'channelForbidden', id: 3, accessHash: Long.ONE, title: 'forbidden' },
      { _: 'chat', id: 4, title: 'group', photo: { _: 'chatPhotoEmpty' }, participantsCount: 2, date: 0, version: 1 },
      channel(5, { title: 'named only in chats', broadcast: true }),
      channel(6, { title: 'a letter box', megagroup: true, monoforum: true }),
    ]
    const peer = (channelId: number): tl.RawPeerChannel => ({ _: 'peerChannel', channelId })
    const answer: tl.contacts.RawFound = {
      _: 'contacts.found',
      myResults: [peer(2)],
      results: [peer(1), peer(2), peer(3), peer(6), peer(1), { _: 'peerChat', chatId: 4 }, { _: 'peerUser', userId: 7 }],
      chats,
      users: [],
    }
    const { done } = await searching({ ...nothing, 'contacts.search': () => answer }).finish()
    expect(done.rows.map((row) => [row.channelId, row.title])).toEqual([
      ['2', 'second'],
      ['1', 'first'],
    ])
    const many = found(...Array.from({ length: 30 }, (_, i) => channel(i + 1, { title: 'x', broadcast: true })))
    const { finish, asked } = searching({ ...nothing, 'contacts.search': () => many }, { limit: 7 })
    expect((await finish()).done.of).toBe(7)
    expect(asked[0]).toMatchObject({ limit: 7 })
  })

  test('§7: the limit asked for is clamped to 5..200, and nothing found is no failure', async () => {
    for (const [limit, clamped] of [
      [1, 5],
      [1000, 200],
    ] as const) {
      const { finish, asked } = searching({ 'contacts.search': foundNothing }, { limit })
      expect((await finish()).all).toEqual([
        { kind: 'reading', read: 0, of: 0, state: { source: 'mtproto', found: [], read: [] } },
        { kind: 'done', of: 0, rows: [] },
      ])
      expect(asked).toEqual([{ _: 'contacts.search', q: 'Markt', limit: clamped }])
    }
  })

  test.each([
    [{ language: 'de' }, ['101']],
    [{ language: 'en' }, []],
    [{ minSubscribers: 44 }, ['101', '103']],
    [{ maxSubscribers: 44 }, ['102', '103']],
    [{ activityLevel: 'medium' as const }, ['101']],
    [{ activityLevel: 'low' as const, minSubscribers: 21 }, ['103']],
  ])('§7: filters apply after the details: %j', async (filters, ids) => {
    const { done } = await searching(three, { filters }).finish()
    expect([done.of, done.rows.map((row) => row.channelId)]).toEqual([3, ids])
  })

  test('§7: description is about, else the username', async () => {
    const { done } = await searching({
      ...three,
      'channels.getFullChannel': ({ channel: { channelId } }: any) => fullChannel(channelId, { [channelId]: { about: '' } }),
    }).finish()
    expect(done.rows.map((row) => row.description)).toEqual(['@markt', null, null])
    expect(done.rows.map((row) => row.subscribers)).toEqual([7, 0, 44])
  })

  test("§7: a single channel's error is logged and its basic data kept", async () => {
    const { finish, lines, calls } = searching({
      ...three,
      'channels.getFullChannel': ({ channel: { channelId } }: any) =>
        channelId === 101 ? refuse(400, 'CHANNEL_PRIVATE') : fullChannel(channelId, { [channelId]: { about: '' } }),
      'messages.getHistory': ({ peer: { channelId } }: any) => (channelId === 101 ? refuse(400, 'CHANNEL_INVALID') : history([])),
    })
    const { done } = await finish()
    expect(done.rows[0]).toMatchObject({
      channelId: '101',
      title: 'Markt heute',
      subscribers: 7,
      description: '@markt',
      lastPost: null,
    })
    expect(done.rows).toHaveLength(3)
    expect(lines.filter((line) => line.includes('kept without all of its details'))).toHaveLength(2)
    expect(calls.filter(([, ok]) => !ok)).toEqual([
      ['channels.getFullChannel', false],
      ['messages.getHistory', false],
    ])
  })
})

describe('live search that is interrupted (love-parser §4, §11.12, §11.13)', () => {
  /** Reads until the step with `read` channels, then answers its state as another process would get it. */
  const readUntil = async (steps: AsyncGenerator<SearchStep>, read: number): Promise<SearchState> => {
    for await (const step of steps)
      if (step.kind === 'reading' && step.read === read) return JSON.parse(JSON.stringify(step.state))
    throw new Error('the search ended before')
  }

  test('§4: it goes on with the next channel; what is read is not requested again, and the rows are the same', async () => {
    const whole = await searching(three).finish()
    const first = searching(three)
    const state = await readUntil(first.steps, 1)
    expect(methods(first.asked)).toEqual(['contacts.search', 'channels.getFullChannel', 'messages.getHistory'])
    const second = searching(three, { resume: state })
    const { all, done } = await second.finish()
    expect(all[0]).toMatchObject({ kind: 'reading', read: 1, of: 3 })
    expect(methods(second.asked)).toEqual([
      'channels.getFullChannel',
      'messages.getHistory',
      'channels.getFullChannel',
      'messages.getHistory',
    ])
    expect(done.rows).toEqual(whole.done.rows)
  })

  test('§4: with all channels read, nothing is requested', async () => {
    const state = await readUntil(searching(three).steps, 0)
    const whole = await searching(three).finish()
    const last = whole.all.at(-2) as Extract<SearchStep, { kind: 'reading' }>
    const { finish, asked } = searching({}, { resume: JSON.parse(JSON.stringify(last.state)) })
    expect((await finish()).done.rows).toEqual(whole.done.rows)
    expect(asked).toEqual([])
    expect(state).toMatchObject({ source: 'mtproto', read: [] })
  })

  test('a state of the sandbox, or none of ours, starts anew', async () => {
    for (const resume of [{ source: 'sandbox', read: 2 }, { source: 'mtproto' }] as SearchState[]) {
      const { steps, asked } = searching(three, { resume })
      expect(await steps.next()).toMatchObject({ value: { read: 0, of: 3 } })
      expect(methods(asked)).toEqual(['contacts.search'])
    }
  })

  test.each([
    [420, 'FLOOD_WAIT_30', { problem: 'flood', seconds: 30 }],
    [401, 'AUTH_KEY_UNREGISTERED', { problem: 'session_revoked' }],
    [500, 'RPC_CALL_FAIL', { problem: 'unavailable' }],
  ])(
    '§11.12: %p %s in the middle is told at once, with the channels read so far in the last state',
    async (code, text, expected) => {
      let tries = 0
      const { finish, asked, clock } = searching({
        ...three,
        'messages.getHistory': () => (++tries === 2 ? refuse(code, text) : history([])),
      })
      expect(await problem(finish())).toEqual(expected)
      expect(methods(asked)).toHaveLength(5)
      expect(clock.now()).toBe(NOW)
    },
  )

  test('§4: cancelling between channels ends the pause and asks nothing more', async () => {
    const stop = new AbortController()
    const { steps, asked, clock } = searching(three, { signal: stop.signal })
    await steps.next()
    await steps.next()
    const third = steps.next()
    while (clock.sleeping() === 0) await Bun.sleep(0)
    stop.abort('cancelled by the user')
    expect(await problem(third)).toEqual({ threw: 'cancelled by the user' })
    expect([methods(asked).length, clock.sleeping()]).toEqual([3, 0])
    expect(await problem(searching(three, { signal: AbortSignal.abort('before') }).steps.next())).toEqual({ threw: 'before' })
  })

  test('searches of one gateway share one link, and leaving one early leaves the others', async () => {
    const { gateway, steps, asked } = searching(three)
    await steps.next()
    await steps.return()
    const again = gateway.search({ query: 'Markt', filters: {}, limit: 5, now: NOW })
    expect(await again.next()).toMatchObject({ value: { of: 3 } })
    expect(methods(asked)).toEqual(['contacts.search', 'contacts.search'])
  })
})
