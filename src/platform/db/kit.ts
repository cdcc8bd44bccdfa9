import { type SQL, sql } from 'drizzle-orm'
import * as pg from 'drizzle-orm/pg-core'
import * as lite from 'drizzle-orm/sqlite-core'

/** A descending index column, without `nulls last`: a plain `order by x desc` could not use the index otherwise. */
const desc = (column: unknown): SQL => sql`${column} desc`
/** A text index column in byte order, as `bytewise` in a query wants it. */
const inByteOrder = (column: unknown): SQL => sql`${column} collate "C"`

const bytea = pg.customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => 'bytea' })
const blob = lite.customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => 'blob' })

const epoch = pg.customType<{ data: Date; driverData: number | string }>({
  dataType: () => 'bigint',
  toDriver: (value) => value.getTime(),
  fromDriver: (value) => new Date(Number(value)),
})
const flag = pg.customType<{ data: boolean; driverData: number }>({
  dataType: () => 'integer',
  toDriver: Number,
  fromDriver: (value) => value !== 0,
})
const jsonAsText = pg.customType<{ data: unknown; driverData: string }>({
  dataType: () => 'text',
  toDriver: (value) => JSON.stringify(value),
  fromDriver: (value) => JSON.parse(value),
})

/**
 * Column kit: a table is declared once as a function of the kit and exists on both dialects. The static types are those of the
 * Postgres flavour. Texts, not native enums; times in milliseconds; JSON as jsonb or text.
 *
 * New tables take `at`, `bool` and `json`. Older ones store the same otherwise and are read and written alike by `epoch`, `flag` and
 * `jsonAsText`: Date, boolean and value in code. Parameters of hand-written statements are not encoded; the columns of a batch are.
 */
export const postgresKit = {
  table: pg.pgTable,
  /** UUIDv7 key, set by the caller from the clock. */
  uuid: () => pg.uuid(),
  /** Integer key that is never reused. */
  serial: () => pg.bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  text: () => pg.text(),
  /** At most so many characters, which only Postgres enforces. */
  varchar: (length: number) => pg.varchar({ length }),
  oneOf: <const T extends readonly [string, ...string[]]>(...values: T) =>
    pg.text({ enum: values as unknown as [T[number], ...T[number][]] }),
  /** 32-bit. Anything a client can choose freely is `big`. */
  int: () => pg.integer(),
  /** Up to 2^53-1 in JavaScript. */
  big: () => pg.bigint({ mode: 'number' }),
  real: () => pg.doublePrecision(),
  bool: () => pg.boolean(),
  json: <T>() => pg.jsonb().$type<T>(),
  /** JSON kept to the letter: read and written as text. */
  jsonText: () => pg.json().$type<string>(),
  bytes: () => bytea(),
  at: () => pg.timestamp({ withTimezone: true, mode: 'date', precision: 3 }),
  /** A time stored as milliseconds. */
  epoch: () => epoch(),
  /** A boolean stored as 0 or 1. */
  flag: () => flag(),
  /** JSON stored as text. */
  jsonAsText: <T>() => jsonAsText().$type<T>(),
  desc,
  bytewise: inByteOrder,
  index: pg.index,
  unique: pg.uniqueIndex,
  /** The condition of a check, for each dialect. */
  either: (_sqlite: SQL, postgres: SQL) => postgres,
  check: pg.check,
  primaryKey: pg.primaryKey,
}
export type Kit = typeof postgresKit

export const sqliteKit = {
  table: lite.sqliteTable,
  uuid: () => lite.text(),
  serial: () => lite.integer().primaryKey({ autoIncrement: true }),
  text: () => lite.text(),
  varchar: () => lite.text(),
  oneOf: (...values: string[]) => lite.text({ enum: values as [string, ...string[]] }),
  int: () => lite.integer(),
  big: () => lite.integer(),
  real: () => lite.real(),
  bool: () => lite.integer({ mode: 'boolean' }),
  json: () => lite.text({ mode: 'json' }),
  jsonText: () => lite.text(),
  bytes: () => blob(),
  at: () => lite.integer({ mode: 'timestamp_ms' }),
  epoch: () => lite.integer({ mode: 'timestamp_ms' }),
  flag: () => lite.integer({ mode: 'boolean' }),
  jsonAsText: () => lite.text({ mode: 'json' }),
  desc,
  bytewise: (column: unknown) => column,
  index: lite.index,
  unique: lite.uniqueIndex,
  either: (sqlite: SQL) => sqlite,
  check: lite.check,
  primaryKey: lite.primaryKey,
} satisfies Record<keyof Kit, unknown> as unknown as Kit

/** Memoises a table definition per kit, so that one process can hold both dialects (parity tests do). */
export const defineTables = <T>(define: (kit: Kit) => T): ((kit: Kit) => T) => {
  const made = new Map<Kit, T>()
  return (kit) => {
    const known = made.get(kit)
    if (known) return known
    const tables = define(kit)
    made.set(kit, tables)
    return tables
  }
}
