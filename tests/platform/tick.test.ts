import { describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { createTestApp } from '../support/app.ts'

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
})
