import { Database } from 'bun:sqlite'
import { Column, getTableColumns, is, SQL, type Table } from 'drizzle-orm'

interface Field {
  path: string[]
  field: unknown
}
type Decode = (value: unknown) => unknown

const asIs: Decode = (value) => value
/** Types whose driver value is the value. */
const PLAIN = new Set(['string', 'number', 'bigint'])

const decoderOf = (field: unknown): Decode | undefined => {
  if (is(field, Column)) return PLAIN.has(field.dataType) ? asIs : (value) => field.mapFromDriverValue(value)
  if (!is(field, SQL)) return undefined
  const { decoder } = field as unknown as { decoder: { mapFromDriverValue: Decode } }
  return (value) => decoder.mapFromDriverValue(value)
}

/**
 * A function that lays out a row of a select or returning clause. Drizzle's own looks for the decoder of every value of every row,
 * which costs as much as SQLite's work. Undefined for selections it does not know: nested ones, joins, subqueries.
 */
export const rowReader = (fields: readonly Field[]): ((row: unknown[]) => Record<string, unknown>) | undefined => {
  const names: string[] = []
  const decoders: Decode[] = []
  for (const { path, field } of fields) {
    const decode = decoderOf(field)
    if (path.length !== 1 || !decode) return undefined
    names.push(path[0] as string)
    decoders.push(decode)
  }
  return (row) => {
    const out: Record<string, unknown> = {}
    for (let n = 0; n < names.length; n++) {
      const value = row[n]
      out[names[n] as string] = value === null ? null : (decoders[n] as Decode)(value)
    }
    return out
  }
}

/** Postgres answers 64-bit integers as texts. */
const asNumber: Decode = (value) => (typeof value === 'string' ? Number(value) : value)
const rawDecoder = (column: Column): Decode => {
  if (column.dataType === 'number') return asNumber
  return PLAIN.has(column.dataType) ? asIs : (value) => column.mapFromDriverValue(value)
}
const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

const nameOf = (property: string, column: Column) => (column.name && column.name !== property ? column.name : snake(property))

/** Columns of a table as hand-written SQL selects them: `alias.name, ...`. */
export const columnList = (columns: object, alias: string): string =>
  Object.entries(columns as Record<string, Column>)
    .map(([property, column]) => `${alias}.${nameOf(property, column)}`)
    .join(', ')

/**
 * A function that lays out a raw row, keyed by the names of the database, as a select of `table` would: what is a column of it is decoded
 * under the property's name, anything else stays as it is.
 */
export const rowDecoder = (table: object): ((row: Record<string, unknown>) => Record<string, unknown>) => {
  const known = new Map<string, { property: string; decode: Decode }>()
  for (const [property, column] of Object.entries(getTableColumns(table as Table)))
    known.set(nameOf(property, column), { property, decode: rawDecoder(column) })
  return (row) => {
    const out: Record<string, unknown> = {}
    for (const name in row) {
      const value = row[name]
      const column = known.get(name)
      out[column?.property ?? name] = value === null || !column ? value : column.decode(value)
    }
    return out
  }
}

/** A SQLite file of another program, opened for reading alone. */
export interface ForeignDatabase {
  tables(): string[]
  /** Rows of a table, one after the other. */
  rows(table: string): Iterable<Record<string, unknown>>
  close(): void
}

/** @throws when there is no such file, or it is no database */
export const openForeign = (path: string): ForeignDatabase => {
  const raw = new Database(path, { readonly: true, create: false })
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
  return {
    tables: () =>
      raw
        .query<{ name: string }, []>(`select name from sqlite_master where type = 'table'`)
        .all()
        .map((row) => row.name),
    rows: (table) => raw.query<Record<string, unknown>, []>(`select * from ${quoted(table)}`).iterate(),
    close: () => raw.close(),
  }
}
