import { describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { compileNamed, storableJson } from '../../src/platform/db/index.ts'
import { defineTables } from '../../src/platform/db/kit.ts'
import { onEachDatabase } from '../support/databases.ts'

const things = defineTables((k) => ({
  things: k.table('test_things', {
    id: k.int().primaryKey(),
    at: k.at(),
    flag: k.bool(),
    doc: k.json<unknown>(),
    text: k.text(),
    big: k.big(),
    real: k.real(),
  }),
}))

onEachDatabase('statements', (database) => {
  const start = async () => {
    const db = await database.fresh()
    const lite = database.dialect === 'sqlite'
    await db.sql(
      sql.raw(
        `create table if not exists test_things (id integer primary key, at ${lite ? 'integer' : 'timestamptz(3)'}, flag ${lite ? 'integer' : 'boolean'}, doc ${lite ? 'text' : 'jsonb'}, text text, big ${lite ? 'integer' : 'bigint'}, real ${lite ? 'real' : 'double precision'})`,
      ),
    )
    const { things: table } = things(db.kit)
    const insert = db.statement<{ id: number }>(
      't_thing',
      `insert into test_things (id, at, flag, doc, text, big, real) values (:id, :at, :flag, :doc, :text, :big, :real) returning id`,
    )
    return { db, table, insert, all: () => db.q.select().from(table).orderBy(table.id) }
  }

  test('architecture §7: named parameters take dates, booleans, JSON, numbers, texts and null alike on both dialects', async () => {
    const { insert, all } = await start()
    const row = {
      id: 1,
      at: new Date('2026-01-15T12:00:00.123Z'),
      flag: true,
      doc: { a: [1, { b: null }], ü: '"\\' },
      text: `it's :not a "parameter"`,
      big: 2 ** 53 - 1,
      real: 0.1,
    }
    expect(await insert.all(row)).toEqual([{ id: 1 }])
    await insert.all({ ...row, id: 2, flag: false })
    await insert.all({ id: 3, at: null, flag: null, doc: null, text: null, big: null, real: null })
    await insert.all({ id: 4 })
    const nothing = { at: null, flag: null, doc: null, text: null, big: null, real: null }
    expect(await all()).toEqual([row, { ...row, id: 2, flag: false }, { id: 3, ...nothing }, { id: 4, ...nothing }])
  })

  test('a parameter can be used twice, and a cast is no parameter', async () => {
    const { db } = await start()
    const twice = db.statement<{ x: number; y: number }>('t_twice', {
      sqlite: 'select :n as x, :n + :m as y',
      postgres: 'select :n::int as x, :n::int + :m::int as y',
    })
    expect(await twice.all({ n: 2, m: 3 })).toEqual([{ x: 2, y: 5 }])
    expect(await twice.all({ m: 30, n: 20 })).toEqual([{ x: 20, y: 50 }])
  })

  test('a text or document with a NUL or half a surrogate pair is stored, its neighbours untouched', async () => {
    const { db, table, insert, all } = await start()
    const doc = { nul: 'a\0b', half: '\ud800!', pair: '\ud83c\udf81', literal: '\\u0000', slash: '\\\0' }
    await insert.all({ id: 1, doc, text: 'a\0b' })
    await db.q.insert(table).values({ id: 2, doc, text: 'a\0b' }).returning()
    for (const row of await all()) {
      expect(row.doc).toMatchObject({ pair: '\ud83c\udf81', literal: '\\u0000' })
      expect(row.text!.replace('\0', '')).toBe('ab')
      if (database.dialect === 'postgres')
        expect(row.doc).toEqual({ nul: 'ab', half: '\ufffd!', pair: '\ud83c\udf81', literal: '\\u0000', slash: '\\' })
    }
  })

  test('the database answers a ping, and not after it was closed', async () => {
    const { db } = await start()
    await db.ping()
    const other = database.dialect === 'postgres' ? await database.second() : undefined
    if (!other) return
    await other.ping()
    await other.close()
    expect(
      await other.ping().then(
        () => 'answered',
        () => 'refused',
      ),
    ).toBe('refused')
  })
})

describe('statement texts', () => {
  test('compileNamed numbers each name once and leaves casts and times alone', () => {
    expect(compileNamed(`select :a::int, :b_2, :a, '12:30' where x::text = :c`, (_, index) => `$${index + 1}`)).toEqual({
      text: `select $1::int, $2, $1, '12:30' where x::text = $3`,
      names: ['a', 'b_2', 'c'],
    })
  })
  test('storableJson keeps what JSON can hold and drops what Postgres cannot', () => {
    for (const value of ['plain', 'é 🎁', '\\u0000', '\\\\u0000', '\u0001\n"', { '\\ud800': 1 }])
      expect(storableJson(JSON.stringify(value))).toBe(JSON.stringify(value))
    expect(storableJson('"\\ud83c\\udf81"')).toBe('"\\ud83c\\udf81"')
    for (const [given, kept] of [
      ['a\0b', 'ab'],
      ['\\\0', '\\'],
      ['\ud800', '\ufffd'],
      ['\udc00\ud800x', '\ufffd\ufffdx'],
      ['\0\0', ''],
    ] as const)
      expect(JSON.parse(storableJson(JSON.stringify(given)))).toBe(kept)
  })
})
