import { afterEach, beforeEach, expect, test } from 'bun:test'
import type { BotApiDouble } from '../support/bot-api-double.ts'
import { onEachDatabase } from '../support/databases.ts'
import { eventually, turns } from '../support/eventually.ts'
import { iso, START } from '../support/fake-clock.ts'
import { info, makeLiveRig, type Rig, whileTimePasses } from './rig.ts'

onEachDatabase('stickers: reading with Telegram', (database) => {
  let app: Rig
  let double: BotApiDouble
  let done: () => Promise<void>
  beforeEach(async () => {
    ;({ app, double, done } = await makeLiveRig(database))
  })
  afterEach(() => done())
  const plant = (count: number) =>
    app.run(
      `insert into stickersets (user_id, author_id, name, title, state, visibility, type, created_at, search_text) values ${Array.from(
        { length: count },
        (_, n) =>
          `(1, 1, 'cold_${n}', 'Cold ${n}', 'ACTIVE', 'PUBLIC', 'USER', ${database.dialect === 'sqlite' ? START : `'${iso(START)}'`}, 'cold ${n}')`,
      ).join(', ')}`,
    )

  test('stickers §9.25: shortInfo makes no upstream call and changes one key', async () => {
    const { id } = await app.create('short', { categoryKeys: ['cute'] })
    const whole = await app.send('GET', `/${id}`)
    await plant(3)
    const calls = double.calls.length
    const short = await app.send('GET', `/${id}?shortInfo=true`)
    expect([info(whole), info(short)]).toEqual(['fresh', 'skipped'])
    expect(short.body).toEqual({ ...whole.body, telegramStickerSetInfo: null })
    for (const path of ['/author/1', '/search']) {
      const page = await app.send('GET', `${path}?shortInfo=yes&preview=1`)
      expect([info(page), page.body.content[0].telegramStickerSetInfo]).toEqual(['skipped', null])
    }
    expect(double.calls.length).toBe(calls)
  })

  test('stickers §9.29: 100 cold sets are answered complete, with at most 8 calls open', async () => {
    await plant(100)
    double.slow(15)
    const page = await app.send('GET', '/author/1?size=100')
    expect([page.status, info(page), page.body.content.length]).toEqual([200, 'fresh', 100])
    for (const set of page.body.content) expect(set.telegramStickerSetInfo.name).toBe(set.name)
    expect(double.calls.length).toBe(100)
    expect(double.peak()).toBe(8)
    const again = await app.send('GET', '/author/1?size=100')
    expect([info(again), double.calls.length]).toEqual(['fresh', 100])
    expect(again.body).toEqual(page.body)
  })

  test('stickers §7: several pages share the eight calls, and a single read does not queue behind them', async () => {
    await plant(60)
    double.hold()
    const pages = [app.send('GET', '/author/1?size=30'), app.send('GET', '/author/1?size=30&page=1')]
    await eventually(() => double.open() === 8)
    const one = app.send('GET', '/1')
    await eventually(() => double.open() === 9)
    expect([double.open(), double.calls.at(-1)]).toEqual([9, 'cold_0'])
    double.release()
    expect([info(await one), ...(await Promise.all(pages)).map(info)]).toEqual(['fresh', 'fresh', 'fresh'])
    expect(new Set(double.calls).size).toBe(60)
    expect(double.calls.length).toBe(60)
  })

  test('stickers §9.29: with a silent Telegram the page comes in time, with nulls and `unavailable`; queued calls are dropped', async () => {
    await plant(30)
    double.always({ kind: 'silent' })
    const from = app.clock.now()
    const page = await whileTimePasses(app, app.send('GET', '/author/1?size=30'))
    expect(app.clock.now() - from).toBeLessThanOrEqual(8500)
    expect([page.status, info(page), page.body.content.length]).toEqual([200, 'unavailable', 30])
    for (const set of page.body.content) expect([set.name, set.telegramStickerSetInfo?.name]).toEqual([set.name, undefined])
    expect(double.peak()).toBe(8)
    const asked = new Set(double.calls).size
    double.always({ kind: 'set' })
    app.clock.advance(60_000)
    await turns(100)
    expect(new Set(double.calls).size).toBe(asked)
  })

  test('stickers §3.1: a page shows the worst state of its rows', async () => {
    await plant(4)
    const page = async () => info(await whileTimePasses(app, app.send('GET', '/author/1')))
    expect(await page()).toBe('fresh')
    app.clock.advance(16 * 60_000)
    double.always({ kind: 'status', status: 403 })
    expect(await page()).toBe('stale')
    await app.flush()
    await app.run(`delete from stickersets where name = 'cold_0'`)
    double.reply('cold_gone', { kind: 'missing' })
    double.reply('cold_dead', { kind: 'status', status: 403 })
    await app.run(`update stickersets set name = 'cold_gone' where name = 'cold_1'`)
    expect(await page()).toBe('missing')
    await app.run(`update stickersets set name = 'cold_dead' where name = 'cold_2'`)
    expect(await page()).toBe('unavailable')
  })
})
