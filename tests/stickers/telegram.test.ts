import { afterEach, beforeEach, expect, test } from 'bun:test'
import { type BotApiDouble, json, setOf, tooMany } from '../support/bot-api-double.ts'
import { onEachDatabase } from '../support/databases.ts'
import { eventually, turns } from '../support/eventually.ts'
import { DAY, iso, MINUTE, SECOND, START } from '../support/fake-clock.ts'
import { info, makeLiveRig, problems, type Rig, restart, whileTimePasses } from './rig.ts'

onEachDatabase('stickers: Telegram', (database) => {
  let app: Rig
  let double: BotApiDouble
  let done: () => Promise<void>
  beforeEach(async () => {
    ;({ app, double, done } = await makeLiveRig(database))
  })
  afterEach(() => done())
  const titleOf = (answer: { body: any }) => answer.body.telegramStickerSetInfo?.title ?? null
  const get = (id = 1) => app.send('GET', `/${id}`)
  /** Until what is known of the name is as good as `status`: a refresh has landed. */
  const becomes = (name: string, status: string, of: Rig = app) =>
    eventually(
      async () => (await of.stickers!.telegram.peek(name)).status,
      (now) => now === status,
    )
  /** Until so many calls in all have failed. */
  const failed = (calls: number, of: Rig = app) =>
    eventually(
      () => of.lines.filter((line) => line.includes('telegram does not answer')).length,
      (count) => count >= calls,
    )

  test('stickers §9.31: fresh for 15 minutes, then stale at once with one refresh, after 7 days a synchronous call', async () => {
    await app.create('ages')
    app.clock.advance(15 * MINUTE - 1)
    expect([info(await get()), double.calls.length]).toEqual(['fresh', 1])
    double.always({ kind: 'set', more: { title: 'Second' } })
    double.hold()
    app.clock.advance(1)
    for (let n = 0; n < 5; n++) {
      const stale = await get()
      expect([info(stale), titleOf(stale)]).toEqual(['stale', 'Title of ages'])
    }
    await eventually(() => double.open() === 1)
    double.release()
    await becomes('ages', 'fresh')
    const refreshed = await get()
    expect([info(refreshed), titleOf(refreshed), double.calls.length]).toEqual(['fresh', 'Second', 2])

    double.always(json({}, 403))
    app.clock.advance(7 * DAY - 1)
    const last = await get()
    expect([info(last), titleOf(last)]).toEqual(['stale', 'Second'])
    await failed(1)
    app.clock.advance(1)
    const gone = await get()
    expect([gone.status, info(gone), titleOf(gone), double.calls.length]).toEqual([200, 'unavailable', null, 4])
    double.always({ kind: 'set', more: { title: 'Third' } })
    const third = await get()
    expect([info(third), titleOf(third), double.calls.length]).toEqual(['fresh', 'Third', 5])
  })

  test('stickers §9.31: a failed refresh keeps the entry, and stale data survives a restart', async () => {
    await app.create('kept')
    await app.flush()
    app.clock.advance(2 * DAY)
    double.always(json({}, 404))
    expect(info(await get())).toBe('stale')
    await failed(1)
    const after = await restart(app, double)
    const stale = await after.send('GET', '/1')
    expect([info(stale), stale.body.telegramStickerSetInfo]).toEqual(['stale', setOf('kept')])
    await failed(1, after)
    const page = await after.send('GET', '/search')
    expect(info(page)).toBe('fresh')
    await after.send('POST', '/1/publish')
    const found = await after.send('GET', '/search')
    expect([info(found), found.body.content[0].telegramStickerSetInfo.name]).toEqual(['stale', 'kept'])
    await after.flush()
  })

  test('stickers §9.32: parallel reads of one cold name make one call, and a 500 followed by 200 succeeds', async () => {
    await app.create('cold')
    await app.flush()
    app.clock.advance(8 * DAY)
    double.reply('cold', json({}, 500), { kind: 'set', more: { title: 'Retried' } })
    const answers = await whileTimePasses(app, Promise.all(Array.from({ length: 20 }, () => get())))
    expect(answers.map(titleOf)).toEqual(Array(20).fill('Retried'))
    expect(double.calls).toEqual(['cold', 'cold', 'cold'])
  })

  test('stickers §7: a retry comes 200 ms later, once; a body that never ends is cut off', async () => {
    await app.create('retry')
    await app.flush()
    app.clock.advance(8 * DAY)
    double.reply('retry', json({}, 502), json({}, 503), { kind: 'set' })
    const from = app.clock.now()
    const slept: number[] = []
    const { sleep } = app.clock
    app.clock.sleep = (ms, signal) => {
      slept.push(ms)
      return sleep(ms, signal)
    }
    const answer = get()
    await eventually(() => slept.includes(200))
    expect(double.calls.length).toBe(2)
    app.clock.advance(199)
    await turns(50)
    expect(double.calls.length).toBe(2)
    app.clock.advance(1)
    expect([info(await answer), double.calls.length, app.clock.now() - from]).toEqual(['unavailable', 3, 200])
  })

  test('stickers §9.33: retry_after 30 stops calls for 30 s; creates meanwhile are 503 with what remains', async () => {
    await app.create('before', { visibility: 'PUBLIC' })
    app.clock.advance(20 * MINUTE)
    double.reply('limited', tooMany(30), { kind: 'set' })
    const first = await app.send('POST', '?userId=1', { name: 'limited' })
    expect([first.status, first.headers.get('retry-after'), double.calls.length]).toEqual([503, '30', 2])
    app.clock.advance(12_400)
    const second = await app.send('POST', '?userId=1', { name: 'other' })
    expect([second.status, second.headers.get('retry-after')]).toEqual([503, '18'])
    const stale = await get()
    expect([stale.status, info(stale)]).toEqual([200, 'stale'])
    app.clock.set(START + 20 * MINUTE + 29_999)
    expect((await app.send('POST', '?userId=1', { name: 'other' })).headers.get('retry-after')).toBe('1')
    expect(double.calls.length).toBe(2)
    app.clock.advance(1)
    expect((await app.send('POST', '?userId=1', { name: 'limited' })).status).toBe(201)
  })

  test('stickers §7: a pause of up to 2 s is waited out and uses the one retry', async () => {
    double.reply('short', tooMany(2), { kind: 'set' })
    const from = app.clock.now()
    const made = await whileTimePasses(app, app.send('POST', '?userId=1', { name: 'short' }))
    expect([made.status, app.clock.now() - from >= 2000, double.calls.length]).toEqual([201, true, 2])
    double.reply('twice', tooMany(1), tooMany(1), { kind: 'set' })
    const refused = await whileTimePasses(app, app.send('POST', '?userId=1', { name: 'twice' }))
    expect([refused.status, refused.headers.get('retry-after'), double.calls.length]).toEqual([503, '1', 4])
  })

  test('stickers §9.34: an unknown name is asked once within 60 s and again afterwards', async () => {
    double.reply('ghost', { kind: 'missing' })
    for (let n = 0; n < 3; n++) {
      expect(problems(await app.send('POST', '?userId=1', { name: 'GHOST' }))).toEqual([['name', 'not_in_telegram']])
      app.clock.advance(20 * SECOND - 1)
    }
    expect(double.calls.length).toBe(1)
    app.clock.advance(3)
    await app.send('POST', '?userId=1', { name: 'ghost' })
    expect(double.calls.length).toBe(2)
    double.reply('ghost', { kind: 'set' })
    app.clock.advance(MINUTE)
    expect((await app.send('POST', '?userId=1', { name: 'ghost' })).status).toBe(201)
  })

  test('stickers §7: that a set is gone removes what was known of it, but not its row', async () => {
    await app.create('dies')
    await app.flush()
    app.clock.advance(16 * MINUTE)
    double.reply('dies', { kind: 'missing' }, json({}, 403))
    expect(info(await get())).toBe('stale')
    await becomes('dies', 'missing')
    const missing = await get()
    expect([missing.status, info(missing), titleOf(missing), double.calls.length]).toEqual([200, 'missing', null, 2])
    await app.flush()
    expect([await app.count('stickerset_telegram_cache'), await app.count('stickersets')]).toEqual([0, 1])
    const published = await app.send('POST', '/1/publish')
    expect([published.status, info(published), published.body.telegramStickerSetInfo]).toEqual([200, 'missing', null])
    app.clock.advance(MINUTE)
    const unknown = await app.send('POST', '/1/unpublish')
    expect([unknown.status, info(unknown), double.calls.length]).toEqual([200, 'unavailable', 2])
    expect([info(await get()), double.calls.length]).toEqual(['unavailable', 3])
  })

  test('stickers §7: one read waits for silence less than 6 s and the answer that comes later is kept', async () => {
    await app.create('slow')
    await app.flush()
    app.clock.advance(8 * DAY)
    double.reply('slow', { kind: 'silent' }, { kind: 'set', more: { title: 'Late' } })
    const from = app.clock.now()
    const answer = app.send('GET', '/1')
    const [read] = await Promise.all([whileTimePasses(app, answer)])
    expect([read!.status, app.clock.now() - from <= 6000]).toEqual([200, true])
    app.clock.advance(300)
    await becomes('slow', 'fresh')
    expect(titleOf(await get())).toBe('Late')
  })

  test('stickers §7: rows older than 7 days are removed by the tick', async () => {
    await app.create('old')
    app.clock.advance(6 * DAY)
    await app.create('young')
    await app.flush()
    app.clock.advance(DAY + 3_600_000)
    await app.tick()
    expect((await app.rows('select name from stickerset_telegram_cache')).map((row) => row.name)).toEqual(['young'])
  })

  test('stickers §7: payloads pass unchanged, odd ones too, through memory and the table', async () => {
    const odd = { name: 'odd', title: 'nul \u0000 half \ud800 😀', z: 1, a: { 10: 'x', 2: 'y' }, empty: {}, stickers: 'none' }
    double.reply('odd', json({ ok: true, result: odd }))
    const made = await app.create('odd')
    expect(made.telegramStickerSetInfo).toEqual(odd)
    expect(Object.keys(made.telegramStickerSetInfo)).toEqual(Object.keys(odd))
    await app.flush()
    const after = await restart(app, double)
    expect((await after.send('GET', '/1')).body.telegramStickerSetInfo).toEqual(odd)
    expect(double.calls.length).toBe(1)
  })

  test('stickers §7: the least recently used names leave memory, the table still has them', async () => {
    const time = database.dialect === 'sqlite' ? START : `'${iso(START)}'`
    const rows = Array.from({ length: 1100 }, (_, n) => `('n${n}', '{"n":${n}}', ${time})`)
    await app.run(`insert into stickerset_telegram_cache (name, payload, fetched_at) values ${rows.join(', ')}`)
    const { telegram } = app.stickers!
    for (let n = 0; n < 1100; n++) expect((await telegram.peek(`n${n}`)).payload).toBe(`{"n":${n}}`)
    await app.run('delete from stickerset_telegram_cache')
    expect((await telegram.peek('n99')).payload).toBeNull()
    expect((await telegram.peek('n100')).payload).toBe('{"n":100}')
    expect((await telegram.peek('n1099')).status).toBe('fresh')
  })

  test('stickers §7: the URL with the token reaches no log and no answer, whatever goes wrong', async () => {
    await double.down()
    const refused = await whileTimePasses(app, app.send('POST', '?userId=1', { name: 'x' }))
    expect(refused.status).toBe(503)
    double.up()
    double.always({ kind: 'status', status: 302, headers: { location: `${double.url}/bot${double.token}/other` } })
    await whileTimePasses(app, app.send('POST', '?userId=1', { name: 'y' }))
    expect(app.lines.some((line) => line.includes('telegram does not answer'))).toBe(true)
    for (const line of [...app.lines, JSON.stringify(refused.body)]) {
      expect(line).not.toContain(double.token)
      expect(line).not.toContain('/bot')
    }
  })
})
