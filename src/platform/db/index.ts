import { type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn, PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import type { Kit } from './kit.ts'
import type { Fragments } from './sql.ts'

type Builders = PgDatabase<PgQueryResultHKT, Record<string, never>>
/** The subset of the query builder that behaves alike on both dialects. No `.execute`, no `.transaction`. */
export type Queries = Pick<Builders, 'select' | 'selectDistinct' | 'insert' | 'update' | 'delete' | '$count' | 'with' | '$with'>

export type Params = Record<string, unknown>

/** A step of a transaction: only what `q` and `Tx` make may be yielded. */
export type Step = PromiseLike<unknown>
/** The body of a transaction, or a part of one: compose with `yield* part(tx)`. */
export type Steps<T> = Generator<Step, T, any>

/** Typed step: `const rows = yield* q(tx.select().from(t))`. */
export function* q<T>(step: PromiseLike<T>): Steps<T> {
  return yield step
}

/** The same steps, refused at the second one. */
export function* oneStep<T>(steps: Steps<T>): Steps<T> {
  const first = steps.next()
  if (first.done) return first.value
  let next: IteratorResult<Step, T>
  try {
    next = steps.next(yield first.value)
  } catch (error) {
    next = steps.throw(error)
  }
  if (!next.done) throw new TypeError('a transaction of one statement takes one step')
  return next.value
}

/** A named statement, prepared once per Db. Outside a transaction `.all(params)`; inside one `yield* tx.run(statement, params)`. */
export interface Statement<Row> {
  readonly name: string
  /** What the driver is given, for EXPLAIN. */
  text(): string
  all(params?: Params): Promise<Row[]>
}

/** A column of a batch: its name in the statement, and its Postgres type. */
export interface BatchColumn {
  name: string
  type: 'text' | 'bigint' | 'float8' | 'boolean' | 'timestamptz' | 'jsonb'
}
/** A named statement over a set of rows, given as arrays in the order of its columns. Only inside a transaction: `yield* tx.batch(...)`. */
export interface Batch<Row> {
  readonly name: string
  /** Says which Row it answers; never set. */
  readonly row?: Row
}

/** What a step needs that only reads: a transaction, or the database itself through `db.read`. */
export type Queryable = Pick<Tx, 'select' | 'selectDistinct' | 'with' | '$with' | 'run' | 'batch' | 'sql'>

export interface Tx extends Omit<Queries, '$count'> {
  /** Runs a prepared statement in this transaction (a statement of the Db would otherwise run outside it on Postgres). */
  run<Row>(statement: Statement<Row>, params?: Params): Steps<Row[]>
  /** Runs a batch over `rows`; `params` are its `:name` parameters. The rows answered are those of all of it. */
  batch<Row>(batch: Batch<Row>, rows: unknown[][], params?: Params): Steps<Row[]>
  /** Ad-hoc SQL for what the builder cannot say. */
  sql<Row>(query: SQL): Steps<Row[]>
  /** Holds a named lock until the transaction ends, against all processes. SQLite's one writer needs none. */
  exclusive(name: string): Steps<void>
  /** `for update` on Postgres, nothing on SQLite (its one writer already excludes others). */
  forUpdate<S extends LockableSelect>(select: S): S
  skipLocked<S extends LockableSelect>(select: S): S
  /** Runs `action` once the transaction is durable; forgotten if it rolls back. The only place for a side effect. */
  afterCommit(action: () => void): void
}
type LockableSelect = { for(strength: 'update', config?: { skipLocked?: boolean }): unknown }

/**
 * One database handle, either dialect. Transactions are generators: SQLite drives them synchronously, so nothing can slip in
 * between; Postgres drives them asynchronously and runs them again on a deadlock. A body has no side effects: it may run twice.
 */
export interface Db {
  /** For `platform/db` and tests alone: statements are made of `fragments`, and what several processes share is asked of `isShared`. */
  readonly dialect: 'sqlite' | 'postgres'
  /** The product's name, for logs and metrics. */
  readonly name: string
  /** Whether several processes may work on it at the same time. */
  readonly isShared: boolean
  readonly kit: Kit
  /** Pieces of hand-written SQL in this dialect. */
  readonly fragments: Fragments
  readonly q: Queries
  tx<T>(body: (tx: Tx) => Steps<T>): Promise<T>
  /**
   * A transaction of one statement, which Postgres commits by itself: without the round trips of begin and commit.
   * @throws when the body takes a second step
   */
  autocommit<T>(body: (tx: Tx) => Steps<T>): Promise<T>
  /**
   * Runs a step that only reads outside a transaction, without its begin and commit: `db.read((tx) => repository.count(tx, id))`. Its
   * statements see what is committed as each of them runs.
   */
  read<T>(step: (tx: Queryable) => Steps<T>): Promise<T>
  /** A builder query with `sql.placeholder('name')` parameters, prepared at its first use. */
  prepare<Row>(name: string, build: (queries: Queries) => PromiseLike<Row[]>): Statement<Row>
  /**
   * Hand-written SQL with `:name` parameters, one text per dialect where they differ. Rows come as the driver returns them; given `of`, a
   * table, they are laid out and decoded as a select of that table would: the columns that the statement answers, by their property names.
   */
  statement<Row>(name: string, sql: { sqlite: string; postgres: string } | string, of?: object): Statement<Row>
  /**
   * SQL over a set of rows: `source` stands for a table expression with the given columns. `json` gives the rows as one parameter, and so
   * takes one statement for any number of them; `bound` (the default) differs on SQLite alone: it binds each value, which is quicker for
   * wide rows and takes a statement for each hundred.
   */
  batch<Row>(name: string, columns: BatchColumn[], sql: (source: string) => string, how?: 'json' | 'bound'): Batch<Row>
  sql<Row>(query: SQL): Promise<Row[]>
  /** One cheap round trip. @throws when the database does not answer */
  ping(): Promise<void>
  /** As in `Tx`, for statements that are prepared ahead and run in a transaction. */
  readonly forUpdate: Tx['forUpdate']
  readonly skipLocked: Tx['skipLocked']
  /** Open connections, for the gauge. */
  connections(): number
  close(): Promise<void>
}

/**
 * JSON as Postgres can store it: it refuses the NUL character and half a surrogate pair, which scraped pages and foreign workers
 * do send. NULs are dropped, halves become U+FFFD.
 */
export const storableJson = (json: string): string =>
  json.includes('\\u')
    ? json.replace(
        /\\(?:ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|u(0000|d[89a-f][0-9a-f]{2})|.)/gi,
        (found, code: string | undefined) => (code === undefined ? found : code === '0000' ? '' : '\\ufffd'),
      )
    : json

/** Runs what waited for a commit. One that throws must neither keep the others from running nor make the commit look failed. */
export const runAfterCommit = (actions: readonly (() => void)[]) => {
  for (const action of actions) {
    try {
      action()
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error))
    }
  }
}

/** A named parameter of a prepared builder query. Values are bound as they are: Date and boolean are encoded, JSON is passed as text. */
export const param = (name: string): SQL => sql`${sql.placeholder(name)}`

/**
 * `column in (the JSON array of parameter NAME)`: one statement text for lists of any length, with an index lookup per element.
 * The parameter is the list as JSON text.
 */
export const inJsonList = (db: Pick<Db, 'dialect'>, column: AnyPgColumn, parameter: string): SQL =>
  sql`${column} in ${jsonList(db, column, parameter)}`

const jsonList = (db: Pick<Db, 'dialect'>, column: AnyPgColumn, parameter: string): SQL => {
  const value = sql.placeholder(parameter)
  if (db.dialect === 'sqlite') return sql`(select value from json_each(${value}))`
  return sql`(select value::${sql.raw(column.getSQLType())} from jsonb_array_elements_text(${value}::text::jsonb))`
}

/** Bytes of a text or JSON column, 0 where it is null: what a page of rows will weigh. */
export const bytesOf = (db: Pick<Db, 'dialect'>, column: AnyPgColumn): SQL<number> =>
  (db.dialect === 'sqlite' ? sql`coalesce(octet_length(${column}), 0)` : sql`coalesce(octet_length(${column}::text), 0)`).mapWith(
    Number,
  ) as SQL<number>

/** A text column in byte order, as SQLite compares it; Postgres would use the database's collation. */
export const bytewise = (db: Pick<Db, 'dialect'>, column: AnyPgColumn): SQL =>
  db.dialect === 'sqlite' ? sql`${column}` : sql`${column} collate "C"`

/** `:name` parameters of a statement text, and the text with the driver's own placeholders. Casts (`::int`) stay. */
export const compileNamed = (
  text: string,
  placeholder: (name: string, index: number) => string,
): { text: string; names: string[] } => {
  const names: string[] = []
  const compiled = text.replace(/(?<![:\w]):([a-z]\w*)/gi, (_, name: string) => {
    let index = names.indexOf(name)
    if (index < 0) index = names.push(name) - 1
    return placeholder(name, index)
  })
  return { text: compiled, names }
}
