import { describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { createLog } from '../../src/platform/log.ts'
import { everySecond } from '../../src/run.ts'
import { createTestApp } from '../support/app.ts'
import { turns } from '../support/eventually.ts'
import { fakeClock } from '../support/fake-clock.ts'

describe('the tick', () => {
  test('gifty §2.5: a failing part of a tick does not keep sources from being dispatched', async () => {
    const app = await createTestApp(openSqlite({ path: ':memory:' }))
    const source = await app.post('/internal/sources', { url: 'https://a.example/', type: 'list', site_key: 'a' })
    // A housekeeping schedule that is due and cannot run.
    await app.platform.db.sql(
      sql`update schedules set cron = 'nonsense', next_run_at = 0 where name = 'purge-outbox' returning name`,
    )
    await expect(app.tick()).rejects.toThrow('a part of the tick failed')
    expect((await app.get(`/internal/sources/${source.body.id}`)).body.status).toBe('queued')
  })

  /** Ticks whose one turn has begun and ends when the test says so. */
  const ticking = async () => {
    const begun = Promise.withResolvers<void>()
    const end = Promise.withResolvers<void>()
    const lines: string[] = []
    const clock = fakeClock()
    const turn = () => {
      begun.resolve()
      return end.promise
    }
    const log = createLog({ level: 'debug', write: (line) => lines.push(JSON.parse(line).level) })
    const service = everySecond({ turn }, { log, clock })
    await service.start?.()
    await begun.promise
    return { service, end, lines, clock }
  }

  test('L1: a stop waits for the turn that runs, and logs nothing', async () => {
    const { service, end, lines } = await ticking()
    let hasStopped = false
    const stopped = Promise.resolve(service.stop?.()).then(() => {
      hasStopped = true
    })
    await turns()
    expect(hasStopped).toBe(false)
    end.resolve()
    await stopped
    expect(lines).toEqual([])
  })

  test('L1: a turn that a stop cannot wait for is no error when it loses its database; one that fails before is', async () => {
    const late = await ticking()
    const stopped = late.service.stop?.()
    late.clock.advance(2000)
    await stopped
    late.end.reject(new Error('CONNECTION_ENDED'))
    await turns()
    expect(late.lines).toEqual(['warn'])

    const failing = await ticking()
    failing.end.reject(new Error('no such table'))
    await turns()
    expect(failing.lines).toEqual(['error'])
    await failing.service.stop?.()
  })
})
