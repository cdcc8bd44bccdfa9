import { afterAll, describe, expect, test } from 'bun:test'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { silentLog } from '../../src/platform/log.ts'
import type { BotApi, StickerSetAnswer } from '../../src/platform/telegram/bot-api.ts'
import { type StoredPayload, telegramRepository } from '../../src/stickers/telegram/cache.ts'
import { createTelegram } from '../../src/stickers/telegram/service.ts'
import { createSingleFlight } from '../../src/stickers/telegram/single-flight.ts'
import { turns } from '../support/eventually.ts'
import { fakeClock } from '../support/fake-clock.ts'

/** A Bot API whose answers the test lets go one by one. */
const heldBotApi = () => {
  const waiting: { name: string; answer: (answer: StickerSetAnswer) => void }[] = []
  const botApi: BotApi = {
    getStickerSet: (name) => new Promise((resolve) => waiting.push({ name, answer: resolve })),
  }
  return { botApi, waiting, names: () => waiting.map(({ name }) => name) }
}
const found = (payload: string): StickerSetAnswer => ({ kind: 'found', payload })

describe('stickers §7: the cache between slow steps', () => {
  const db = openSqlite({ path: ':memory:' })
  afterAll(() => db.close())

  test('stickers §7: an answer that comes while the table is read is not asked for again', async () => {
    const { botApi, waiting } = heldBotApi()
    const reads: (() => void)[] = []
    const repository = {
      ...telegramRepository(db),
      find: () => new Promise<StoredPayload[]>((resolve) => reads.push(() => resolve([]))),
    }
    const telegram = createTelegram({ db, clock: fakeClock(), log: silentLog, botApi, repository, keep: true })
    const first = telegram.confirm('raced')
    const second = telegram.confirm('raced')
    reads[0]!()
    await turns()
    waiting[0]!.answer(found('{"n":1}'))
    expect(await first).toBe('{"n":1}')
    reads[1]!()
    expect(await second).toBe('{"n":1}')
    expect(waiting).toHaveLength(1)
    await telegram.flush()
  })

  test('stickers §7: what the table says does not replace a younger answer', async () => {
    const { botApi, waiting } = heldBotApi()
    const clock = fakeClock()
    const reads: ((rows: StoredPayload[]) => void)[] = []
    const repository = { ...telegramRepository(db), find: () => new Promise<StoredPayload[]>((resolve) => reads.push(resolve)) }
    const telegram = createTelegram({ db, clock, log: silentLog, botApi, repository, keep: true })
    const first = telegram.read('young')
    const second = telegram.read('young')
    reads[0]!([])
    await turns()
    waiting[0]!.answer(found('{"n":"live"}'))
    await first
    reads[1]!([{ name: 'young', payload: '{"n":"old"}', fetchedAt: clock.now() - 20 * 60_000 }])
    expect(await second).toEqual({ payload: '{"n":"live"}', status: 'fresh' })
    await telegram.flush()
  })

  test('stickers §7: pages begin eight calls, one single read begins a queued one, and what is late is dropped', async () => {
    const { botApi, waiting, names } = heldBotApi()
    const clock = fakeClock()
    const flights = createSingleFlight({ botApi, clock, onAnswer: () => {} })
    const pages = Array.from({ length: 20 }, (_, n) => flights.forPage(`n${n}`, clock.now() + 8000))
    expect(names()).toEqual(['n0', 'n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7'])
    const single = flights.now('n15', clock.now() + 8000)
    expect(names().at(-1)).toBe('n15')
    waiting[3]!.answer(found('{}'))
    await pages[3]
    await turns()
    expect(names().slice(8)).toEqual(['n15', 'n8'])
    waiting[8]!.answer({ kind: 'missing' })
    expect([await single, await pages[15]]).toEqual([{ kind: 'missing' }, { kind: 'missing' }])
    clock.advance(8000)
    flights.dropExpired()
    expect(await Promise.all(pages.slice(9, 15))).toEqual(Array(6).fill(undefined))
    expect(names()).toHaveLength(10)
    for (const { answer } of waiting) answer(found('{}'))
    expect(await Promise.all(pages.slice(0, 3))).toEqual(Array(3).fill(found('{}')))
    expect(flights.size()).toBe(0)
  })
})
