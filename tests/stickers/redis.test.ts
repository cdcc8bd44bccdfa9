import { afterEach, expect, test } from 'bun:test'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { type BotApiDouble, startBotApi, TOKEN, tooMany } from '../support/bot-api-double.ts'
import { eventually } from '../support/eventually.ts'
import { fakeClock, MINUTE } from '../support/fake-clock.ts'
import { overRedis, redisIs } from '../support/redis-apps.ts'
import { onPrivateRedis } from '../support/services.ts'
import { info, type Rig, rigOver } from './rig.ts'

onPrivateRedis('stickers with Redis', (service) => {
  const apps: Rig[] = []
  const doubles: BotApiDouble[] = []
  /** Instances with databases of their own: what one knows, another can have from Redis alone. */
  const start = async (count: number, names: string[] = []) => {
    const double = startBotApi()
    doubles.push(double)
    const clock = fakeClock()
    const env = { TELEGRAM_BOT_TOKEN: TOKEN, TELEGRAM_BOT_API_URL: double.url }
    const made: Rig[] = []
    for (let n = 0; n < count; n++) {
      const app = await rigOver(openSqlite({ path: ':memory:' }), overRedis(service, { clock, env }))
      made.push(app)
      apps.push(app)
      // A row to read, without a word to Telegram.
      for (const name of names)
        await app.run(
          `insert into stickersets (user_id, name, title, state, visibility, type, created_at, likes_count, search_text) values (1, '${name}', '${name}', 'ACTIVE', 'PRIVATE', 'USER', ${clock.now()}, 0, '${name}')`,
        )
    }
    return { double, clock, apps: made as [Rig, Rig, ...Rig[]] }
  }
  const read = (app: Rig, id = 1) => app.send('GET', `/${id}`)
  afterEach(async () => {
    for (const double of doubles.splice(0)) {
      double.release()
      await double.down()
    }
    for (const app of apps.splice(0)) {
      await app.flush()
      await app.stop()
    }
    await service.start()
  })

  test('stickers §7: what one instance knows the others need not ask, fresh and stale', async () => {
    const { double, clock, apps } = await start(3, ['cats'])
    const [one, two, three] = apps as [Rig, Rig, Rig]
    expect(info(await read(one))).toBe('fresh')
    const second = await read(two)
    expect([info(second), second.body.telegramStickerSetInfo ?? second.body.telegram]).toEqual(['fresh', expect.anything()])
    expect(double.calls).toEqual(['cats'])
    clock.advance(16 * MINUTE)
    // Stale at once, and one of them refreshes for all.
    double.hold()
    expect([info(await read(three)), info(await read(two))]).toEqual(['stale', 'stale'])
    await eventually(() => double.calls.length === 2)
    double.release()
    await eventually(() => double.open() === 0)
    await eventually(() => clock.sleeping() === 0)
    for (const app of apps) expect(info(await read(app))).toBe('fresh')
    expect(double.calls).toEqual(['cats', 'cats'])
  })

  test('stickers §7: one call per name at a time, with callers in any instance', async () => {
    const { double, apps } = await start(3, ['one', 'two'])
    double.hold()
    const answers = apps.flatMap((app) => [read(app, 1), read(app, 1), read(app, 2)])
    // Nine readers' patience, two attempts' limits, and four flights that look for the two under way.
    await eventually(() => apps[0].clock.sleeping() === 15 && double.calls.length === 2)
    expect(double.calls.toSorted()).toEqual(['one', 'two'])
    double.release()
    expect(new Set((await Promise.all(answers)).map(info))).toEqual(new Set(['fresh']))
    expect(double.calls).toHaveLength(2)
  })

  test('stickers §7: a failure of Telegram is shared by waiting callers, and not cached', async () => {
    const { double, apps } = await start(2)
    double.hold()
    double.always(tooMany(30))
    const create = (app: Rig) => app.send('POST', '?userId=1', { name: 'busy' })
    const answers = apps.map(create)
    await eventually(() => apps[0].clock.sleeping() === 4 && double.calls.length === 1)
    double.release()
    expect((await Promise.all(answers)).map(({ status, headers }) => [status, headers.get('retry-after')])).toEqual([
      [503, '30'],
      [503, '30'],
    ])
    expect(double.calls).toHaveLength(1)
  })

  test('stickers §7: that a set does not exist is known everywhere, and takes the place of what was known before', async () => {
    const { double, apps } = await start(2, ['gone'])
    const [one, two] = apps
    await read(one)
    await read(two)
    one.clock.advance(16 * MINUTE)
    double.reply('gone', { kind: 'missing' })
    expect(info(await read(one))).toBe('stale')
    await eventually(() => double.calls.length === 2 && one.clock.sleeping() === 0)
    expect([info(await read(one)), info(await read(two))]).toEqual(['missing', 'missing'])
    expect(double.calls).toEqual(['gone', 'gone'])
    one.clock.advance(MINUTE)
    double.reply('gone', { kind: 'set' })
    expect(info(await read(two))).toBe('fresh')
  })

  test('stickers §7: an instance that died in the middle of its call is waited for and then replaced', async () => {
    const { double, clock, apps } = await start(1, ['lost'])
    const [app] = apps
    const key = 'stickers:telegram:lost:flight'
    await app.platform.redis!.setIfAbsent(key, 'somebody', 60_000)
    const answer = read(app)
    // The reader's patience, and the flight that looks for the other one's end.
    await eventually(() => clock.sleeping() === 2)
    expect(double.calls).toEqual([])
    await app.platform.redis!.delete(key)
    clock.advance(250)
    await eventually(() => double.calls.length === 1)
    expect(info(await answer)).toBe('fresh')
  })

  test('stickers §7: without Redis memory and table serve, and nothing fails', async () => {
    const { double, apps } = await start(2, ['a', 'b'])
    const [one, two] = apps
    await read(one, 1)
    await service.kill()
    await redisIs('down', one, two)
    expect([info(await read(one, 1)), info(await read(two, 1)), info(await read(two, 2))]).toEqual(['fresh', 'fresh', 'fresh'])
    expect(double.calls).toEqual(['a', 'a', 'b'])
    expect((await one.send('POST', '?userId=1', { name: 'new_one' })).status).toBe(201)
    await service.start()
    await redisIs('up', one, two)
    await one.send('POST', '?userId=1', { name: 'later' })
    await two.send('POST', '?userId=1', { name: 'later' })
    expect(double.calls.filter((name) => name === 'later')).toHaveLength(1)
  })

  test('stickers §7: a killed Redis in the middle of a call harms neither who calls nor who waits', async () => {
    const { double, apps } = await start(2, ['mid'])
    double.hold()
    const answers = apps.map((app) => read(app))
    await eventually(() => apps[0].clock.sleeping() === 4 && double.calls.length === 1)
    await service.kill()
    await redisIs('down', ...apps)
    // Who waits looks once more, and asks for itself.
    apps[0].clock.advance(250)
    await eventually(() => double.calls.length === 2)
    double.release()
    expect((await Promise.all(answers)).map(info)).toEqual(['fresh', 'fresh'])
  })
})
