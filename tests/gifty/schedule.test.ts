import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { DAY, fakeClock, HOUR, iso, MINUTE, START } from '../support/fake-clock.ts'
import { codeOf, makeProcesses, makeRig, problemOf } from './rig.ts'

const EVERY_DAY = [0, 1, 2, 3, 4, 5, 6]
const at = (text: string) => Date.parse(text)
/** A Thursday. */
const MORNING = '2026-01-15T08:00:00.000Z'
const from = (text: string) => ({ clock: fakeClock(at(text)) })

onEachDatabase('operations §11: schedules of sources', (database) => {
  test('operations §11: new keys are stored, answered, and can be sent back', async () => {
    const app = await makeRig(database, from(MORNING))
    const schedule = {
      cron: '0  6 * * *',
      timezone: 'Europe/Moscow',
      jitter_seconds: '600',
      blackout: [{ days: [1, 2], from: '05:00', to: '07:00', note: 'ignored' }],
      ends_at: '2026-03-01T03:00:00+03:00',
    }
    const source = await app.source({ schedule })
    const stored = {
      cron: '0 6 * * *',
      timezone: 'Europe/Moscow',
      jitter_seconds: 600,
      blackout: [{ days: [1, 2], from: '05:00', to: '07:00' }],
      ends_at: '2026-03-01T00:00:00.000Z',
    }
    expect(source.schedule).toEqual(stored)
    const read = await app.detail(source.id)
    expect(at(read.next_sync_at) - at('2026-01-16T03:00:00Z')).toBeWithin(0, 600_001)
    app.clock.advance(MINUTE)
    const back = await app.ok('PATCH', `/internal/sources/${source.id}`, read)
    expect({ ...back, updated_at: '' }).toEqual({ ...read, updated_at: '', history: null })
    // What was stored before these keys existed is answered without them.
    const plain = await app.source({ schedule: { cron: '0 6 * * *', jitter_seconds: 0, blackout: [], ends_at: null } })
    expect(plain.schedule).toEqual({ cron: '0 6 * * *', timezone: 'UTC' })
    expect(plain.next_sync_at).toBe('2026-01-16T06:00:00.000Z')
  })

  test('operations §11: what is no jitter, blackout or end is 422', async () => {
    const app = await makeRig(database, from(MORNING))
    const refused = async (more: Record<string, unknown>) =>
      problemOf(
        await app.post('/internal/sources', {
          url: 'https://a.example/',
          type: 'list',
          site_key: 'a',
          schedule: { cron: '0 6 * * *', ...more },
        }),
      ).loc
    expect(await refused({ jitter_seconds: 3601 })).toEqual(['body', 'schedule', 'jitter_seconds'])
    expect(await refused({ blackout: [{ days: [7], from: '01:00', to: '02:00' }] })).toEqual([
      'body',
      'schedule',
      'blackout',
      0,
      'days',
      0,
    ])
    expect(await refused({ blackout: [{ days: [1], from: '1:00', to: '02:00' }] })).toEqual([
      'body',
      'schedule',
      'blackout',
      0,
      'from',
    ])
    expect(await refused({ blackout: [{ days: [1], from: '01:00', to: '24:00' }] })).toEqual([
      'body',
      'schedule',
      'blackout',
      0,
      'to',
    ])
    expect(await refused({ ends_at: '2026-01-15' })).toEqual(['body', 'schedule', 'ends_at'])
    expect(await refused({ blackout: [{ days: EVERY_DAY, from: '05:30', to: '06:30' }] })).toEqual(['body', 'schedule'])
    expect(await app.rows('parsing_sources')).toBe(0)
  })

  test('operations §11: only another value of a key moves the next time', async () => {
    const app = await makeRig(database, from(MORNING))
    const blackout = [{ days: [2, 4], from: '10:00', to: '12:30' }]
    const { id } = await app.source({ schedule: { cron: '0 * * * *', blackout } })
    const patch = async (change: Record<string, unknown>) =>
      (await app.ok('PATCH', `/internal/sources/${id}`, change)).next_sync_at
    await patch({ next_sync_at: '2026-01-20T00:00:00Z' })
    const other = {
      cron: '00 * * * *',
      timezone: 'Etc/UTC',
      jitter_seconds: 0,
      blackout: [{ days: [4, 2], from: '10:00', to: '12:30' }],
    }
    expect(await patch({ schedule: other })).toBe('2026-01-20T00:00:00.000Z')
    expect(await patch({ schedule: { ...other, blackout: [{ days: [4], from: '09:00', to: '12:30' }] } })).toBe(
      '2026-01-15T13:00:00.000Z',
    )
    expect(await patch({ schedule: { cron: '0 * * * *' } })).toBe('2026-01-15T09:00:00.000Z')
    const jittered = at(await patch({ schedule: { cron: '0 * * * *', jitter_seconds: 3000 } }))
    expect(jittered - at(MORNING)).toBeWithin(0, HOUR + 3_000_001)
  })

  test('operations §11: two processes compute the same jitter, and sources of one cron text come apart', async () => {
    const [one, other] = await makeProcesses(database, 2)
    const schedule = { cron: '0 6 * * *', jitter_seconds: 3600 }
    const ids: number[] = []
    for (let n = 0; n < 8; n++) ids.push((await one.source({ schedule })).id)
    const timesIn = async (app: typeof one) => {
      const { items } = await app.ok('GET', '/internal/schedule?hours=168')
      return items.map((item: any) => item.times)
    }
    const times = await timesIn(one)
    expect(await timesIn(other)).toEqual(times)
    expect(new Set(times.map(([first]: string[]) => first)).size).toBeGreaterThan(5)
    // The second time is the one that follows a dispatch at the first, in either process.
    const id = ids[0] as number
    one.clock.set(at(times[0][0]))
    await other.tick()
    expect((await one.detail(id)).next_sync_at).toBe(times[0][1])
  })

  test('operations §11: what was missed until a blackout began is recorded, and waits for its end', async () => {
    const app = await makeRig(database, from(MORNING))
    const blackout = [{ days: EVERY_DAY, from: '10:00', to: '12:00' }]
    const { id } = await app.source({ schedule: { cron: '30 * * * *', blackout } })
    expect((await app.detail(id)).next_sync_at).toBe('2026-01-15T08:30:00.000Z')
    app.clock.set(at('2026-01-15T10:15:00Z'))
    await app.tick()
    expect(await app.runs(id)).toMatchObject([{ status: 'skipped', error: 'blackout' }])
    expect((await app.detail(id)).next_sync_at).toBe('2026-01-15T12:30:00.000Z')
    const { skips } = await app.ok('GET', '/internal/schedule')
    expect(skips).toMatchObject([{ source_id: id, reason: 'blackout', at: '2026-01-15T10:15:00.000Z' }])
    app.clock.set(at('2026-01-15T12:30:00Z'))
    await app.tick()
    expect((await app.runs(id))[0]).toMatchObject({ status: 'queued', trigger: 'schedule' })
  })

  test('operations §11: a retry waits for the end of a blackout', async () => {
    const app = await makeRig(database, from('2026-01-15T09:55:00.000Z'))
    const { id } = await app.source({ schedule: { cron: '0 6 * * *', blackout: [{ days: [4], from: '10:00', to: '12:00' }] } })
    await app.force(id)
    await app.lease()
    await app.error(id, 'the catalogue answered 503')
    expect(await app.detail(id)).toMatchObject({ status: 'error', next_sync_at: '2026-01-15T12:00:00.000Z' })
  })

  test('operations §11: after the end of its schedule a source rests until it is changed', async () => {
    const app = await makeRig(database, from(MORNING))
    const { id } = await app.source({ schedule: { cron: '0 * * * *', ends_at: '2026-01-15T09:00:00Z' } })
    app.clock.set(at('2026-01-15T09:00:00Z'))
    await app.tick()
    expect(await app.lease()).toHaveLength(1)
    await app.report(id, 'waiting')
    const rests = await app.detail(id)
    expect(rests).toMatchObject({ status: 'waiting', next_sync_at: null, is_active: true })
    app.clock.advance(30 * DAY)
    await app.tick()
    expect(await app.runs(id)).toHaveLength(1)
    expect((await app.ok('GET', '/internal/schedule?hours=168')).items).toEqual([])
    // What was read can be sent back; a run by hand is still possible.
    expect((await app.ok('PATCH', `/internal/sources/${id}`, rests)).next_sync_at).toBeNull()
    expect((await app.ok('PATCH', `/internal/sources/${id}`, { next_sync_at: '2026-05-01T00:00:00Z' })).next_sync_at).toBeNull()
    await app.force(id)
    await app.lease()
    await app.error(id, 'x')
    expect(await app.detail(id)).toMatchObject({ status: 'error', next_sync_at: null })
    const changed = await app.ok('PATCH', `/internal/sources/${id}`, { schedule: { cron: '0 * * * *' } })
    expect(at(changed.next_sync_at)).toBe(app.clock.now() + HOUR)
    expect((await app.source({ schedule: { cron: '0 * * * *', ends_at: '2026-01-01T00:00:00Z' } })).next_sync_at).toBeNull()
  })

  test('operations §11: PATCH takes the next time, of interval sources too; one that has passed is due now', async () => {
    const app = await makeRig(database)
    const { id } = await app.source({ refresh_interval_hours: 24 })
    const patch = (change: Record<string, unknown>) => app.ok('PATCH', `/internal/sources/${id}`, change)
    expect((await patch({ next_sync_at: iso(START + 3 * HOUR) })).next_sync_at).toBe(iso(START + 3 * HOUR))
    await app.tick()
    expect(await app.runs(id)).toEqual([])
    expect((await patch({ next_sync_at: null })).next_sync_at).toBe(iso(START + 3 * HOUR))
    // The time that it has is no wish: another interval moves it.
    await patch({ next_sync_at: iso(START - HOUR) })
    app.clock.advance(10_000)
    await app.tick()
    expect(await app.runs(id)).toMatchObject([{ status: 'queued' }])
    expect(problemOf(await app.send('PATCH', `/internal/sources/${id}`, { next_sync_at: 'soon' })).loc).toEqual([
      'body',
      'next_sync_at',
    ])
    const cron = await app.source({ schedule: { cron: '0 6 * * *' } })
    const wanted = { next_sync_at: cron.next_sync_at, schedule: { cron: '0 7 * * *' } }
    expect((await app.ok('PATCH', `/internal/sources/${cron.id}`, wanted)).next_sync_at).toEndWith('T07:00:00.000Z')
  })
})

onEachDatabase('operations §11: preview and calendar', (database) => {
  test('operations §11: a preview names times and warnings, and stores nothing', async () => {
    const app = await makeRig(database, from(MORNING))
    const preview = (body: Record<string, unknown>) => app.ok('POST', '/internal/schedule/preview', body)
    expect(await preview({ cron: '0 6 * * *', count: 2 })).toEqual({
      times: ['2026-01-16T06:00:00.000Z', '2026-01-17T06:00:00.000Z'],
      warnings: [],
    })
    expect((await preview({ cron: '0 6 * * *', timezone: 'Europe/Moscow' })).times).toHaveLength(10)
    const night = await preview({ cron: '30 2 * * *', timezone: 'Europe/Berlin', from: '2026-03-28T12:00:00Z', count: 2 })
    expect(night).toMatchObject({
      times: ['2026-03-29T01:00:00.000Z', '2026-03-30T00:30:00.000Z'],
      warnings: [{ code: 'dst_gap', at: '2026-03-29T01:00:00.000Z' }],
    })
    const full = await preview({
      cron: '0 * * * *',
      jitter_seconds: 60,
      blackout: [{ days: EVERY_DAY, from: '10:00', to: '12:00' }],
      ends_at: '2026-01-15T13:00:00Z',
    })
    expect(full.times).toEqual(['2026-01-15T09:00:00.000Z', '2026-01-15T12:00:00.000Z', '2026-01-15T13:00:00.000Z'])
    expect(full.warnings.map((one: any) => one.code)).toEqual(['blackout', 'ends_early', 'jitter'])
    expect(await app.rows('parsing_sources')).toBe(0)
  })

  test('operations §11: a preview of what has no times is 422 and names the field', async () => {
    const app = await makeRig(database, from(MORNING))
    const refused = async (body: Record<string, unknown>) => problemOf(await app.post('/internal/schedule/preview', body)).loc
    expect(await refused({ cron: '0 0 30 2 *' })).toEqual(['body', 'cron'])
    expect(await refused({ cron: '0 6 * * *', timezone: 'Mars/Olympus' })).toEqual(['body', 'timezone'])
    const always = [{ days: EVERY_DAY, from: '00:00', to: '00:00' }]
    expect(await refused({ cron: '0 6 * * *', blackout: always })).toEqual(['body', 'blackout'])
    // Also where it ends before.
    expect(await refused({ cron: '0 6 * * *', blackout: always, ends_at: '2026-01-01T00:00:00Z' })).toEqual(['body', 'blackout'])
    expect(await refused({ cron: '0 6 * * *', count: 101 })).toEqual(['body', 'count'])
    expect(await refused({})).toEqual(['body', 'cron'])
  })

  test('operations §11: due times by source: cron, interval, overdue; not what the scheduler passes over', async () => {
    const app = await makeRig(database, from(MORNING))
    const cron = await app.source({ schedule: { cron: '0 */6 * * *' }, site_key: 'tea' })
    const interval = await app.source({ refresh_interval_hours: 10 })
    const off = await app.source({ is_active: false })
    const minutely = await app.source({ schedule: { cron: '* * * * *' } })
    app.clock.advance(MINUTE)
    const answer = await app.ok('GET', '/internal/schedule')
    expect(answer).toMatchObject({ from: '2026-01-15T08:01:00.000Z', to: '2026-01-16T08:01:00.000Z', next_cursor: null })
    const of = (id: number) => answer.items.find((item: any) => item.source_id === id)
    expect(of(cron.id)).toMatchObject({
      times: ['2026-01-15T12:00:00.000Z', '2026-01-15T18:00:00.000Z', '2026-01-16T00:00:00.000Z', '2026-01-16T06:00:00.000Z'],
      host: 'shop.example',
      schedule: { cron: '0 */6 * * *', timezone: 'UTC' },
      refresh_interval_hours: null,
      more: false,
    })
    expect(of(interval.id)).toMatchObject({
      times: [MORNING, '2026-01-15T18:01:00.000Z', '2026-01-16T04:01:00.000Z'],
      schedule: null,
      refresh_interval_hours: 10,
    })
    expect(of(off.id)).toBeUndefined()
    expect(of(minutely.id)).toMatchObject({ more: true })
    expect(of(minutely.id).times).toHaveLength(100)
    expect((await app.ok('GET', '/internal/schedule?site_key=tea')).items.map((item: any) => item.source_id)).toEqual([cron.id])
    expect((await app.ok('GET', '/internal/schedule?hours=1&site_key=tea')).items).toEqual([])
  })

  test('operations §11: pages by source; collisions and skips are on the first one', async () => {
    const app = await makeRig(database, from(MORNING))
    const ids: number[] = []
    for (let n = 0; n < 5; n++) ids.push((await app.source({ schedule: { cron: '0 12 * * *' } })).id)
    const seen: number[] = []
    let cursor: string | null = null
    let pages = 0
    do {
      const page: any = await app.ok('GET', `/internal/schedule?limit=2${cursor ? `&cursor=${cursor}` : ''}`)
      seen.push(...page.items.map((item: any) => item.source_id))
      expect(page.collisions).toHaveLength(pages === 0 ? 1 : 0)
      cursor = page.next_cursor
      pages++
    } while (cursor)
    expect(seen).toEqual(ids)
    expect(pages).toBe(3)
    for (const query of ['hours=0', 'hours=169', 'limit=501', 'cursor=x', 'limit=0'])
      problemOf(await app.get(`/internal/schedule?${query}`))
    expect(codeOf(await app.get('/internal/schedule?days=1'))).toEqual([422, 'unknown_parameter'])
  })

  test('operations §11: collisions are of one host and minute, beyond the cap of its group', async () => {
    const app = await makeRig(database, from(MORNING))
    const at12 = { cron: '0 12 * * *' }
    const ids: number[] = []
    for (let n = 0; n < 3; n++) ids.push((await app.source({ url: `https://one.example/${n}`, schedule: at12 })).id)
    await app.source({ url: 'https://other.example/', schedule: at12 })
    await app.source({ url: 'https://one.example/later', schedule: { cron: '1 12 * * *' } })
    const collisions = async () => (await app.ok('GET', '/internal/schedule')).collisions
    const found = { host: 'one.example', at: '2026-01-15T12:00:00.000Z', count: 3, source_ids: ids }
    expect(await collisions()).toEqual([{ ...found, limit: null }])
    await app.engine.setGroup({ key: 'host:one.example', cap: 2 })
    expect(await collisions()).toEqual([{ ...found, limit: 2 }])
    await app.engine.setGroup({ key: 'host:one.example', cap: 3 })
    expect(await collisions()).toEqual([])
  })

  test('operations §11: an answer is bounded, says what it left out, and lets others have their turn', async () => {
    const app = await makeRig(database, from(MORNING))
    for (let n = 0; n < 120; n++) await app.source({ schedule: { cron: '* * * * *' } })
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    const page = await app.ok('GET', '/internal/schedule?hours=24&limit=500')
    clearInterval(timer)
    expect(page.items).toHaveLength(100)
    expect(page.next_cursor).not.toBeNull()
    expect(page.collisions).toHaveLength(100)
    expect(page.collisions_complete).toBe(false)
    expect(turns).toBeGreaterThan(20)
    const rest = await app.ok('GET', `/internal/schedule?hours=24&limit=500&cursor=${page.next_cursor}`)
    expect(rest.items).toHaveLength(20)
    expect(rest).toMatchObject({ collisions: [], skips: [], next_cursor: null })
  })
})
