import { Column, getTableColumns, is, SQL, type Table } from 'drizzle-orm'

/** A bound value's type on Postgres, where it does not follow from the statement. */
export type ParamType = 'text' | 'uuid' | 'bigint' | 'int' | 'float8' | 'boolean' | 'timestamptz' | 'jsonb'

/**
 * Pieces of hand-written SQL that the dialects say differently. Statements are made of these, so that no other file asks which database
 * it runs on. Parameters are `:name` (see `Db.statement`).
 */
export interface Fragments {
  /** One text (or one way to do it) for each dialect, for what has no fragment of its own. */
  either<T>(sqlite: T, postgres: T): T
  /** A time parameter for comparisons, hidden from the planners: SQLite would compile its statement anew for each value, Postgres plan it anew. */
  at(parameter: string): string
  /** A parameter with its type. */
  param(name: string, type: ParamType): string
  /** A text of the statement with the type that Postgres has for it. */
  cast(expression: string, type: ParamType): string
  /** The number of rows of a `limit`, hidden from SQLite's planner. */
  limit(parameter: string): string
  /** `column in (the list PARAMETER)`; the parameter's value is an array. */
  inList(column: string, parameter: string, type?: ParamType): string
  /** The texts of a JSON array as a subquery: `column in ${jsonTexts('ids')}`; the parameter's value is JSON. */
  jsonTexts(parameter: string): string
  /** The rows of a list of texts as a table `alias(value)`. */
  eachOf(parameter: string, alias: string): string
  /** Locks the rows of `alias` until the transaction ends; SQLite's one writer needs no lock. `skip` passes over those that others hold. */
  forUpdate(alias: string, skip?: 'skip locked'): string
  /** A text in byte order, as SQLite compares it. */
  bytewise(column: string): string
  /** A time as the number of its milliseconds. */
  ms(time: string): string
  /** The operator of texts that are alike, letters a to z in any case: to be given a `likePattern` and `escape '\\'`. */
  readonly like: string
  /** Bytes of a text or JSON column, 0 where it is null. */
  bytes(column: string): string
  readonly true: string
  readonly false: string
}

export const sqliteFragments: Fragments = {
  either: (sqlite) => sqlite,
  at: (parameter) => `likely(:${parameter})`,
  param: (name) => `:${name}`,
  cast: (expression) => expression,
  limit: (parameter) => `likely(:${parameter})`,
  inList: (column, parameter) => `${column} in (select value from json_each(:${parameter}))`,
  jsonTexts: (parameter) => `(select value from json_each(:${parameter}))`,
  eachOf: (parameter, alias) => `(select value from json_each(:${parameter})) ${alias}`,
  forUpdate: () => '',
  bytewise: (column) => column,
  ms: (time) => time,
  like: 'like',
  bytes: (column) => `coalesce(octet_length(${column}), 0)`,
  true: '1',
  false: '0',
}

export const postgresFragments: Fragments = {
  either: (_, postgres) => postgres,
  at: (parameter) => `(select :${parameter}::timestamptz)`,
  param: (name, type) => `:${name}::${type}`,
  cast: (expression, type) => `${expression}::${type}`,
  limit: (parameter) => `:${parameter}::int`,
  inList: (column, parameter, type = 'text') => `${column} = any((select :${parameter}::text)::${type}[])`,
  jsonTexts: (parameter) => `(select jsonb_array_elements_text(:${parameter}::text::jsonb))`,
  eachOf: (parameter, alias) => `unnest((select :${parameter}::text)::text[]) as ${alias}(value)`,
  forUpdate: (alias, skip) => ` for update of ${alias}${skip ? ` ${skip}` : ''}`,
  bytewise: (column) => `${column} collate "C"`,
  // Exact up to 2^53, and a number in JavaScript; the driver gives bigints as texts.
  ms: (time) => `(extract(epoch from ${time}) * 1000)::float8`,
  like: 'ilike',
  bytes: (column) => `coalesce(octet_length(${column}::text), 0)`,
  true: 'true',
  false: 'false',
}

/** What `like` finds a text by wherever it stands; its own wildcards stand for themselves. */
export const likePattern = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`

/** The text of a Postgres array, as `inList` and `eachOf` take it. */
export const arrayText = (values: readonly unknown[]): string =>
  `{${values.map((value) => (value === null ? 'null' : `"${String(value).replace(/["\\]/g, '\\$&')}"`)).join(',')}}`

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
