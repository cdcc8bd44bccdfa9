import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { DAY, fakeClock, HOUR, iso, MINUTE, START } from '../support/fake-clock.ts'
import { makeProcesses, makeRig, type Rig } from './rig.ts'

/** Makes `count` sources, all due now, `priority` 1..count; answers their ids in that order. */
const dueSources = async (app: Rig, count: number): Promise<number[]> => {
  const ids: number[] = []
  for (let n = 1; n <= count; n++) ids.push((await app.source({ priority: n })).id)
  return ids
}

onEachDatabase('gifty scheduler', (database) => {
  test('gifty §13.9: a tick takes all that is due, highest priority first, then the longest due', async () => {
    const app = await makeRig(database)
    const ids = await dueSources(app, 23)
    app.clock.advance(MINUTE)
    const late = await app.source({ priority: 4 })
    await app.tick()
    const queued = await app.ok('GET', '/internal/sources?status=queued')
    expect(queued.map((row: any) => row.id)).toEqual([...ids, late.id])
    expect(queued[0].next_sync_at).toBe(iso(START + 16 * MINUTE))
    const tasks = await app.lease('w1', { max: 100 })
    expect(tasks.map((task) => task.priority)).toEqual(
      [...Array.from({ length: 20 }, (_, n) => 23 - n), 4, 3, 2, 1].sort((a, b) => b - a),
    )
    const of = (priority: number) => tasks.filter((task) => task.priority === priority).map((task) => task.payload.source_id)
    expect(of(4)).toEqual([ids[3], late.id])
    // Not before the next tick of the scheduler.
    const later = await app.source({ priority: 9 })
    app.clock.advance(9000)
    await app.tick()
    expect(await app.ok('GET', '/internal/sources?status=queued')).toEqual([])
    app.clock.advance(1000)
    await app.tick()
    expect((await app.ok('GET', '/internal/sources?status=queued')).map((row: any) => row.id)).toEqual([later.id])
  })

  test('gifty §13.9: 25 due sources, three processes: one dispatch each', async () => {
    const processes = await makeProcesses(database, 3)
    const [app] = processes
    const ids = await dueSources(app, 25)
    for (let round = 0; round < 3; round++) {
      await Promise.all(processes.map((process) => process.tick()))
      app.clock.advance(10_000)
    }
    for (const id of ids) expect(await app.runs(id)).toMatchObject([{ status: 'queued', trigger: 'schedule' }])
    expect(await app.rows('parsing_runs')).toBe(25)
    expect(await app.rows('tasks')).toBe(25)
    const leased = await Promise.all(processes.map((process, n) => process.lease(`w${n}`, { max: 100 })))
    expect(new Set(leased.flat().map((task) => task.id)).size).toBe(25)
    expect(leased.flat()).toHaveLength(25)
  })

  test('gifty §13.9: disabled, broken, discovered and inactive sources are never dispatched', async () => {
    const app = await makeRig(database, { env: { DISCOVERY_DAILY_QUOTA: '0' } })
    const off = await app.source()
    await app.ok('POST', `/internal/sources/${off.id}/toggle?is_active=0`)
    await app.error((await app.source()).id, 'x', true)
    await app.source({ is_active: false })
    await app.ingest([], { categories: [{ name: 'c', url: 'https://shop.example/c', site_key: 'shop' }] })
    app.clock.advance(7 * DAY)
    await app.tick()
    expect(await app.ok('GET', '/internal/sources?status=queued')).toEqual([])
    expect(await app.rows('parsing_runs')).toBe(1)
  })

  test('gifty §13.9: a day down gives one run, for intervals and for cron', async () => {
    const app = await makeRig(database)
    const every = await app.source({ refresh_interval_hours: 1 })
    const cron = await app.source({ schedule: { cron: '*/5 * * * *' } })
    app.clock.advance(DAY + 7 * MINUTE)
    const ticks = async () => {
      for (let n = 0; n < 3; n++) {
        await app.tick()
        app.clock.advance(10_000)
      }
    }
    await ticks()
    for (const { id } of [every, cron]) expect(await app.runs(id)).toHaveLength(1)
    expect(await app.detail(every.id)).toMatchObject({ next_sync_at: iso(START + DAY + 22 * MINUTE) })
    expect(await app.detail(cron.id)).toMatchObject({ next_sync_at: iso(START + DAY + 10 * MINUTE) })
  })

  test('gifty §2.4: an interval source is not due while its run is open, and rests for its interval after', async () => {
    const app = await makeRig(database)
    const { id } = await app.source({ refresh_interval_hours: 2 })
    await app.tick()
    app.clock.advance(HOUR)
    await app.tick()
    expect(await app.runs(id)).toMatchObject([{ status: 'queued' }])
    await app.lease()
    await app.report(id, 'waiting')
    expect((await app.detail(id)).next_sync_at).toBe(iso(START + 3 * HOUR))
    app.clock.advance(2 * HOUR - 10_000)
    await app.tick()
    expect(await app.runs(id)).toHaveLength(1)
    app.clock.advance(10_000)
    await app.tick()
    expect(await app.runs(id)).toMatchObject([{ status: 'queued' }, { status: 'completed' }])
  })

  test('gifty §13.10: cron with DST fires at the right instants: a skipped time late, a repeated one once', async () => {
    // Berlin goes from 02:00 to 03:00 at 2026-03-29T01:00Z, and back from 03:00 to 02:00 at 2026-10-25T01:00Z.
    for (const [from, instants] of [
      ['2026-03-28T00:00:00Z', ['2026-03-28T01:30:00Z', '2026-03-29T01:00:00Z', '2026-03-30T00:30:00Z']],
      ['2026-10-24T00:00:00Z', ['2026-10-24T00:30:00Z', '2026-10-25T00:30:00Z', '2026-10-26T01:30:00Z']],
    ] as const) {
      const app = await makeRig(database, { clock: fakeClock(Date.parse(from)) })
      const source = await app.source({ schedule: { cron: '30 2 * * *', timezone: 'Europe/Berlin' } })
      const fired: string[] = []
      for (let n = 0; n < instants.length; n++) {
        const next = Date.parse((await app.detail(source.id)).next_sync_at)
        app.clock.set(next - 10_000)
        await app.tick()
        expect(await app.lease()).toEqual([])
        app.clock.set(next)
        await app.tick()
        expect(await app.lease()).toHaveLength(1)
        await app.report(source.id, 'waiting')
        fired.push(iso(next))
      }
      expect(fired).toEqual(instants.map((text) => iso(Date.parse(text))))
    }
  })

  test('gifty §13.10: a cron time during an open run: skip leaves a skipped run', async () => {
    const app = await makeRig(database)
    const { id } = await app.source({ schedule: { cron: '*/10 * * * *' } })
    app.clock.advance(10 * MINUTE)
    await app.tick()
    app.clock.advance(10 * MINUTE)
    await app.tick()
    await app.tick()
    expect(await app.runs(id)).toMatchObject([
      { status: 'skipped', error: 'overlap', trigger: 'schedule', finished_at: iso(START + 20 * MINUTE) },
      { status: 'queued', trigger: 'schedule' },
    ])
    expect(await app.detail(id)).toMatchObject({ status: 'queued', next_sync_at: iso(START + 30 * MINUTE), last_run_new: 0 })
    await app.lease()
    await app.report(id, 'waiting')
    expect((await app.detail(id)).next_sync_at).toBe(iso(START + 30 * MINUTE))
    expect((await app.runs(id)).filter((run) => run.status === 'queued')).toEqual([])
  })

  test('gifty §13.10: queue_one starts one run afterwards, however many times passed', async () => {
    const app = await makeRig(database)
    const { id } = await app.source({ schedule: { cron: '*/10 * * * *' }, overlap: 'queue_one' })
    for (let n = 0; n < 5; n++) {
      app.clock.advance(10 * MINUTE)
      await app.tick()
    }
    expect(await app.runs(id)).toMatchObject([{ status: 'queued' }])
    const [task] = await app.lease()
    expect((await app.verb(task, 'complete')).status).toBe(200)
    expect(await app.runs(id)).toMatchObject([{ status: 'queued', trigger: 'schedule' }, { status: 'completed' }])
    expect((await app.detail(id)).next_sync_at).toBe(iso(START + HOUR))
    await app.lease()
    await app.report(id, 'waiting')
    expect(await app.runs(id)).toHaveLength(2)
    // Switched off while it runs: no run follows.
    app.clock.advance(10 * MINUTE)
    await app.tick()
    await app.lease('w1', { lease_seconds: 3600 })
    app.clock.advance(10 * MINUTE)
    await app.tick()
    await app.ok('POST', `/internal/sources/${id}/toggle?is_active=0`)
    await app.report(id, 'waiting')
    expect((await app.runs(id)).map((run) => run.status)).toEqual(['completed', 'completed', 'completed'])
    expect((await app.detail(id)).status).toBe('disabled')
  })

  test('gifty §2.5: without the scheduler role nothing is dispatched, leases still end', async () => {
    const app = await makeRig(database, { env: { ROLE: 'api' } })
    const { id } = await app.source()
    await app.tick()
    expect(await app.runs(id)).toEqual([])
    await app.force(id)
    const [task] = await app.lease()
    app.clock.advance(MINUTE)
    await app.tick()
    expect((await app.task(task.id)).status).toBe('pending')
  })
})
