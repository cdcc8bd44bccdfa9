import { describe, expect, test } from 'bun:test'
import { Long, type tl } from '@mtcute/core'
import { found, NOW, searching, three } from './searching.ts'
import { channel, fullChannel, history } from './telegram-objects.ts'
import { foundNothing, type Responders, refuse } from './wire.ts'

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

  test('§9: a zero byte in a title or description never reaches the database', async () => {
    const { done } = await searching({
      ...three,
      'contacts.search': () =>
        found(channel(1, { title: 'a\0b', broadcast: true }), channel(2, { title: '\0', broadcast: true })),
      'channels.getFullChannel': ({ channel: { channelId } }: any) => fullChannel(channelId, { 1: { about: 'c\0 ' } }),
      'messages.getHistory': () => history([]),
    }).finish()
    expect(done.rows.map((row) => [row.title, row.description])).toEqual([
      ['ab', 'c'],
      [null, null],
    ])
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
