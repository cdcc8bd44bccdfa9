import { afterEach, expect, test } from 'bun:test'
import { onEachDatabase, type TestDatabase } from '../support/databases.ts'
import { fakeClock, MINUTE } from '../support/fake-clock.ts'
import { makeProcesses, type Rig } from './rig.ts'
import { stopDoubles, TOKEN, weeekDouble } from './weeek-rig.ts'

afterEach(stopDoubles)
const at = (time: string) => Date.parse(`2026-01-${time}:00Z`)
const mine = (id: number, date: string, title = `t${id}`) => ({ id, title, userId: 'u-1', date })
const TASKS = [
  mine(14, '2026-01-14'),
  mine(15, '2026-01-15', 'Buy <b>milk</b> & "tea"'),
  mine(16, '2026-01-16'),
  mine(17, '2026-01-17'),
]
const KEYS = `k1:${Buffer.alloc(32, 7).toString('base64')}`

/** Processes over one database with one Weeek, and a subscriber per zone given, chat ids from 1. */
const start = async (database: TestDatabase, zones: string[], processes = 1, tasks = TASKS) => {
  const weeek = weeekDouble(tasks)
  const clock = fakeClock(at('15T03:00'))
  const options = { clock, env: { WEEEK_API_BASE: weeek.origin, ENCRYPTION_KEYS: KEYS } }
  const rigs = await makeProcesses(database, processes, options)
  const app = rigs[0] as Rig
  for (const [n, timezone] of zones.entries()) {
    await app.ok('POST', '/internal/telegram/subscribers', { chat_id: n + 1 })
    await app.ok('POST', '/internal/weeek/connect', { telegram_chat_id: n + 1, weeek_api_token: TOKEN, timezone })
  }
  const turn = async (time: string) => {
    clock.set(at(time))
    await Promise.all(rigs.map((rig) => rig.tick()))
    await Promise.all(rigs.map((rig) => rig.runner.drain(['weeek.reminder'])))
  }
  const reminders = async () =>
    (await app.notifications('private')).map(({ text, data }) => [data.target_chat_id, data.slot, text])
  return { app, weeek, clock, turn, reminders }
}

onEachDatabase('gifty weeek reminders', (database) => {
  test("gifty §11: at 9 today's tasks, at 10 overdue ones, at 18 tomorrow's, by the clock of the account", async () => {
    const { turn, reminders } = await start(database, ['Europe/Moscow', 'Asia/Kathmandu'])
    const turns = async (...times: string[]) => {
      for (const time of times) await turn(time)
    }
    const today = '*Задачи на сегодня*\n• Buy <b>milk</b> & "tea" (2026-01-15)'
    // Kathmandu is 5:45 ahead: its 9 o'clock is 3:15.
    await turns('15T03:00', '15T03:15', '15T04:10', '15T04:15', '15T05:00', '15T05:55')
    expect(await reminders()).toEqual([
      [2, 'today', today],
      [2, 'overdue', '*Просроченные задачи*\n• t14 (2026-01-14)'],
    ])
    await turns('15T06:00', '15T07:00', '15T08:00', '15T12:10', '15T12:15', '15T14:55', '15T15:00', '15T16:00', '15T21:00')
    expect((await reminders()).slice(2)).toEqual([
      [1, 'today', today],
      [1, 'overdue', '*Просроченные задачи*\n• t14 (2026-01-14)'],
      [2, 'tomorrow', '*Задачи на завтра*\n• t16 (2026-01-16)'],
      [1, 'tomorrow', '*Задачи на завтра*\n• t16 (2026-01-16)'],
    ])
    await turns('16T03:10', '16T03:15', '16T04:15', '16T06:00')
    expect((await reminders()).slice(6).map(([chat, slot]) => [chat, slot])).toEqual([
      [2, 'today'],
      [2, 'overdue'],
      [1, 'today'],
    ])
  })

  test('gifty §11: no reminder is sent when nothing is due, and Weeek is not called again that day', async () => {
    const { turn, reminders, weeek } = await start(database, ['UTC'], 1, [mine(20, '2026-01-20')])
    weeek.requests.length = 0
    for (const time of ['15T09:00', '15T09:05', '15T09:30']) await turn(time)
    expect(await reminders()).toEqual([])
    expect(weeek.requests).toHaveLength(1)
  })

  test('gifty §11: once per slot and day, however often it is tried: two processes, a failure in between, a task twice', async () => {
    const { app, turn, reminders, weeek, clock } = await start(database, ['UTC', 'UTC'], 2)
    weeek.answer(() => ({ json: {}, status: 500 }))
    await turn('15T09:00')
    expect(await reminders()).toEqual([])
    weeek.heal()
    // The next attempt is the engine's, a few seconds later.
    clock.advance(MINUTE)
    await app.runner.drain(['weeek.reminder'])
    expect(await reminders()).toHaveLength(2)
    for (const time of ['15T09:05', '15T09:10', '15T09:55']) await turn(time)
    expect(await reminders()).toHaveLength(2)
    await app.db.tx(function* (tx) {
      yield* app.engine.enqueue(tx, [{ kind: 'weeek.reminder', payload: { chat_id: 1, slot: 'today', day: '2026-01-15' } }])
    })
    await app.runner.drain(['weeek.reminder'])
    expect(await reminders()).toHaveLength(2)
  })

  test('gifty §11: an attempt that failed for good is made again within its hour, not after it', async () => {
    const { app, turn, reminders, weeek, clock } = await start(database, ['UTC'])
    weeek.answer(() => ({ json: {}, status: 500 }))
    await turn('15T09:00')
    for (let n = 0; n < 8; n++) {
      clock.advance(5 * MINUTE)
      await app.runner.drain(['weeek.reminder'])
    }
    weeek.heal()
    await turn('15T09:55')
    expect(await reminders()).toMatchObject([[1, 'today', expect.any(String)]])
    weeek.answer(() => ({ json: {}, status: 500 }))
    await turn('15T10:00')
    weeek.heal()
    await turn('15T12:00')
    expect(await reminders()).toHaveLength(1)
  })

  test('gifty §11: a person who is inactive, or whose token was taken back, is left alone', async () => {
    const { app, turn, reminders, weeek } = await start(database, ['UTC', 'UTC'])
    await app.ok('PATCH', '/internal/telegram/subscribers/1', { is_active: false })
    await turn('15T09:00')
    expect((await reminders()).map(([chat]) => chat)).toEqual([2])
    weeek.state.token = 'taken back'
    weeek.requests.length = 0
    for (const time of ['15T10:00', '15T10:05', '15T10:10']) await turn(time)
    expect(weeek.requests).toHaveLength(1)
    expect(await reminders()).toHaveLength(1)
  })

  test('gifty §11: a long list is cut to one message, in the language of the person', async () => {
    const many = Array.from({ length: 45 }, (_, n) => mine(n, '2026-01-15', n === 0 ? 'x'.repeat(5000) : n === 1 ? '' : `t${n}`))
    const { app, turn, reminders } = await start(database, ['UTC'], 1, many)
    await app.ok('POST', '/internal/telegram/subscribers/1/language?language=en')
    await turn('15T09:00')
    const [[, , text]] = (await reminders()) as [[number, string, string]]
    const lines = text.split('\n')
    expect(lines.slice(0, 4)).toEqual([
      '*Tasks for today*',
      `• ${'x'.repeat(100)}... (2026-01-15)`,
      '• #1 (2026-01-15)',
      '• t2 (2026-01-15)',
    ])
    expect(lines.at(-1)).toBe('+15')
    expect(text.length).toBeLessThan(4096)
  })

  test("g-B1: a reminder is Telegram's Markdown: what would begin something is escaped, and the due day is in it", async () => {
    const names = ['fix_bug & <call> *mom', '[a](b) `c`']
    const long = Array.from({ length: 30 }, (_, n) => mine(n + 20, '2026-01-14', '_'.repeat(100)))
    const { app, turn, reminders } = await start(database, ['UTC'], 1, [
      ...names.map((name, n) => mine(n, '2026-01-14', name)),
      ...long,
    ])
    await app.ok('POST', '/internal/telegram/subscribers/1/language?language=en')
    await turn('15T10:00')
    const [[, , text]] = (await reminders()) as [[number, string, string]]
    const lines = text.split('\n')
    expect(lines.slice(0, 3)).toEqual([
      '*Overdue tasks*',
      '• fix\\_bug & <call> \\*mom (2026-01-14)',
      '• \\[a](b) \\`c\\` (2026-01-14)',
    ])
    expect(text.length).toBeLessThanOrEqual(4096)
    expect(lines.at(-1)).toBe(`+${32 - (lines.length - 2)}`)
  })

  test('gifty §4: reminders are no tasks of the worker protocol', async () => {
    const { app, weeek, clock } = await start(database, ['UTC'])
    weeek.answer(() => 'hang')
    clock.set(at('15T09:00'))
    await app.tick()
    expect(await app.rows("tasks where kind = 'weeek.reminder'")).toBe(1)
    // They are listed, and nobody may lease or cancel them.
    const { tasks } = await app.ok('GET', '/internal/tasks')
    expect(tasks.map((task: any) => task.kind)).toEqual(['weeek.reminder'])
    expect((await app.post(`/internal/tasks/${tasks[0].id}/cancel`, {})).status).toBe(404)
    expect((await app.ok('POST', '/internal/workers/lease', { worker_id: 'w' })).tasks).toEqual([])
  })
})
