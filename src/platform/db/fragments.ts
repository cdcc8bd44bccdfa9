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
  bytes: (column) => `coalesce(octet_length(${column}::text), 0)`,
  true: 'true',
  false: 'false',
}

/** The text of a Postgres array, as `inList` and `eachOf` take it. */
export const arrayText = (values: readonly unknown[]): string =>
  `{${values.map((value) => (value === null ? 'null' : `"${String(value).replace(/["\\]/g, '\\$&')}"`)).join(',')}}`
