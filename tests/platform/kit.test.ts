import { expect, test } from 'bun:test'
import { eq, lte, sql } from 'drizzle-orm'
import { defineTables } from '../../src/platform/db/kit.ts'
import { onEachDatabase } from '../support/databases.ts'

const made = defineTables((k) => ({
  older: k.table('test_older', {
    id: k.int().primaryKey(),
    at: k.epoch().notNull(),
    until: k.epoch(),
    isOpen: k.flag().notNull(),
    options: k.jsonAsText<{ names: string[] }>().notNull(),
  }),
}))
const AT = new Date('2026-01-02T03:04:05.678Z')

onEachDatabase('columns of older tables', (database) => {
  test('are Date, boolean and value in code, and stored as before: milliseconds, 0 or 1, text', async () => {
    const db = await database.fresh()
    const { older } = made(db.kit)
    await db.sql(
      sql`create table if not exists test_older (id integer primary key, at bigint not null, until bigint, is_open integer not null, options text not null)`,
    )
    const row = { id: 1, at: AT, until: null, isOpen: false, options: { names: ['a', 'ж "b"'] } }
    await db.q.insert(older).values(row).returning()
    const put = db.batch(
      'test_older_put',
      [
        { name: 'id', type: 'bigint' },
        { name: 'at', type: 'bigint' },
        { name: 'until', type: 'bigint' },
        { name: 'is_open', type: 'bigint' },
        { name: 'options', type: 'text' },
      ],
      (source) =>
        `insert into test_older (id, at, until, is_open, options) select id, at, until, is_open, options from ${source} s`,
    )
    const values = [2, new Date(0), AT, true, JSON.stringify({ names: [] })]
    await db.tx((tx) => tx.batch(put, [values]))
    expect(values[1]).toEqual(new Date(0))

    const other = { id: 2, at: new Date(0), until: AT, isOpen: true, options: { names: [] } }
    expect(await db.q.select().from(older).orderBy(older.id)).toEqual([row, other])
    const all = db.statement('test_older_all', 'select * from test_older order by id', older)
    expect(await all.all()).toEqual([row, other])
    const stored = await db.sql<Record<string, unknown>>(sql`select * from test_older order by id`)
    expect(stored.map((raw) => [Number(raw.at), raw.until && Number(raw.until), raw.is_open, raw.options])).toEqual([
      [AT.getTime(), null, 0, '{"names":["a","ж \\"b\\""]}'],
      [0, AT.getTime(), 1, '{"names":[]}'],
    ])
    expect(
      await db.q
        .select({ id: older.id })
        .from(older)
        .where(lte(older.at, new Date(1))),
    ).toEqual([{ id: 2 }])
    await db.q.update(older).set({ isOpen: true }).where(eq(older.isOpen, false)).returning()
    expect(await db.q.$count(older, eq(older.isOpen, true))).toBe(2)
  })
})
