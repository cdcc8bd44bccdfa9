import { expect, test } from 'bun:test'
import { asc } from 'drizzle-orm'
import type { Db } from '../../src/platform/db/index.ts'
import { createSchedules, type Schedule } from '../../src/tasks/index.ts'
import { engineTables } from '../../src/tasks/tables.ts'
import { onEachDatabase } from '../support/databases.ts'
import { fakeClock, HOUR } from '../support/fake-clock.ts'
import { makeRig, together } from './rig.ts'

const hourly = (fire: Schedule['fire'], name = 'hourly', cron = '0 * * * *'): Schedule => ({ name, cron, fire })
const rowsOf = (db: Db) => {
  const { schedules } = engineTables(db.kit)
  return db.q.select().from(schedules).orderBy(asc(schedules.name))
}
const skipsOf = (db: Db) => {
  const { scheduleSkips } = engineTables(db.kit)
  return db.q.select().from(scheduleSkips).orderBy(asc(scheduleSkips.id))
}

onEachDatabase('engine: schedules', (database) => {
  const start = async () => {
    const db = await database.fresh()
    return { db, clock: fakeClock(Date.parse('2026-01-15T12:10:00Z')) }
  }

  test('gifty §2.5: a schedule fires at its time, in the transaction of its claim', async () => {
    const rig = await makeRig(database)
    rig.clock.set(Date.parse('2026-01-15T12:10:00Z'))
    const schedules = createSchedules(rig.db, rig.clock, [
      hourly(function* (tx, { dueAt, now }) {
        yield* rig.engine.enqueue(tx, [{ kind: 'a', payload: { dueAt, now } }])
        return undefined
      }),
    ])
    await schedules.register()
    rig.clock.set(Date.parse('2026-01-15T12:59:59.999Z'))
    expect(await schedules.tick()).toEqual([])
    rig.clock.advance(1)
    expect(await schedules.tick()).toEqual(['hourly'])
    expect(await schedules.tick()).toEqual([])
    expect(await rig.lease('w1', 5)).toMatchObject([
      { payload: { dueAt: '2026-01-15T13:00:00.000Z', now: '2026-01-15T13:00:00.000Z' } },
    ])
    expect(await rowsOf(rig.db)).toMatchObject([
      { nextRunAt: new Date('2026-01-15T14:00:00Z'), lastRunAt: new Date('2026-01-15T13:00:00Z') },
    ])
  })

  test('gifty §2.5: a due time is claimed once by any number of schedulers', async () => {
    const { db, clock } = await start()
    const fired: number[] = []
    const dbs = [db, await database.second(), await database.second()]
    const make = (n: number) =>
      createSchedules(dbs[n % 3]!, clock, [
        hourly(function* (tx) {
          tx.afterCommit(() => fired.push(n))
          return undefined
        }),
      ])
    const schedulers = Array.from({ length: 6 }, (_, n) => make(n))
    await together(6, (n) => schedulers[n]!.register())
    for (let hour = 1; hour <= 5; hour++) {
      clock.advance(HOUR)
      const names = await together(6, (n) => schedulers[n]!.tick())
      expect(names.flat()).toEqual(['hourly'])
      expect(fired).toHaveLength(hour)
    }
  })

  test('gifty §2.5: time missed while down fires once', async () => {
    const { db, clock } = await start()
    let fired = 0
    const due: Date[] = []
    const schedules = createSchedules(db, clock, [
      hourly(function* (_tx, { dueAt }) {
        fired++
        due.push(dueAt)
        return undefined
      }),
    ])
    await schedules.register()
    clock.advance(30 * HOUR)
    await schedules.tick()
    await schedules.tick()
    expect([fired, due]).toEqual([1, [new Date('2026-01-15T13:00:00Z')]])
    expect(await rowsOf(db)).toMatchObject([{ nextRunAt: new Date('2026-01-16T19:00:00Z') }])
  })

  test('architecture §6: a skipped tick is a recorded row with its reason', async () => {
    const { db, clock } = await start()
    const schedules = createSchedules(db, clock, [
      hourly(function* () {
        return 'overlap'
      }),
    ])
    await schedules.register()
    clock.advance(HOUR)
    expect(await schedules.tick()).toEqual([])
    clock.advance(HOUR)
    expect(await schedules.tick()).toEqual([])
    expect(await skipsOf(db)).toMatchObject([
      { name: 'hourly', reason: 'overlap', dueAt: new Date('2026-01-15T13:00:00Z'), createdAt: new Date('2026-01-15T13:10:00Z') },
      { name: 'hourly', reason: 'overlap', dueAt: new Date('2026-01-15T14:00:00Z') },
    ])
  })

  test('a changed pattern takes its next time from now, an unchanged one keeps its place', async () => {
    const { db, clock } = await start()
    const idle = function* () {
      return undefined
    }
    await createSchedules(db, clock, [hourly(idle), hourly(idle, 'other')]).register()
    clock.advance(2 * HOUR)
    await createSchedules(db, clock, [hourly(idle, 'hourly', '*/5 * * * *'), hourly(idle, 'other')]).register()
    expect(await rowsOf(db)).toMatchObject([
      { name: 'hourly', cron: '*/5 * * * *', nextRunAt: new Date('2026-01-15T14:15:00Z') },
      { name: 'other', nextRunAt: new Date('2026-01-15T13:00:00Z') },
    ])
    await createSchedules(db, clock, [{ ...hourly(idle, 'other'), timezone: 'Asia/Kathmandu' }]).register()
    expect((await rowsOf(db))[1]).toMatchObject({ timezone: 'Asia/Kathmandu', nextRunAt: new Date('2026-01-15T14:15:00Z') })
  })

  test('a schedule that throws stays due, leaves nothing behind and does not stop the others', async () => {
    const rig = await makeRig(database)
    let broken = true
    const schedules = createSchedules(rig.db, rig.clock, [
      hourly(function* (tx) {
        yield* rig.engine.enqueue(tx, [{ kind: 'a', payload: {} }])
        if (broken) throw new Error('not today')
        return undefined
      }, 'a-broken'),
      hourly(function* (tx) {
        yield* rig.engine.enqueue(tx, [{ kind: 'b', payload: {} }])
        return undefined
      }, 'b-working'),
    ])
    await schedules.register()
    rig.clock.advance(HOUR)
    expect(await schedules.tick().catch((error) => error.message)).toBe('not today')
    expect((await rig.lease('w1', 9)).map((task) => task.kind)).toEqual(['b'])
    broken = false
    rig.clock.advance(1000)
    expect(await schedules.tick()).toEqual(['a-broken'])
    expect((await rig.lease('w1', 9)).map((task) => task.kind)).toEqual(['a'])
  })

  test('a stored schedule that this release does not define is left alone', async () => {
    const { db, clock } = await start()
    const idle = function* () {
      return undefined
    }
    await createSchedules(db, clock, [hourly(idle, 'of-another-release'), hourly(idle)]).register()
    clock.advance(HOUR)
    expect(await createSchedules(db, clock, [hourly(idle)]).tick()).toEqual(['hourly'])
    expect((await rowsOf(db))[1]).toMatchObject({ name: 'of-another-release', lastRunAt: null })
  })

  test('gifty §2.5: a pattern that is not usable stops the registration', async () => {
    const { db, clock } = await start()
    const bad = createSchedules(db, clock, [
      {
        name: 'x',
        cron: '0 0 30 2 *',
        fire: function* () {
          return undefined
        },
      },
    ])
    expect(await bad.register().catch((error) => error.name)).toBe('CronError')
    expect(await rowsOf(db)).toEqual([])
  })
})
