import { Database } from 'bun:sqlite'
import type { SQL } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/bun-sqlite'
import { readMigrations } from '../bundled.ts' with { type: 'macro' }
import { closeToOthers, makeDirectoryOf, privately } from '../private-files.ts'
import {
  type Batch,
  type BatchColumn,
  compileNamed,
  type Db,
  oneStep,
  type Params,
  type Queries,
  runAfterCommit,
  type Statement,
  type Step,
  type Steps,
  type Tx,
} from './index.ts'
import { sqliteKit } from './kit.ts'
import { rowDecoder, rowReader, sqliteFragments } from './sql.ts'

const MIGRATIONS = readMigrations('sqlite')

export interface SqliteOptions {
  /** A path or `:memory:`. */
  path: string
  synchronous?: 'OFF' | 'NORMAL' | 'FULL'
}

type Job = { body: (tx: Tx) => Steps<unknown>; resolve: (value: any) => void; reject: (error: unknown) => void }
type RunBatch = { runBatch(rows: unknown[][], params?: Params): unknown[] }
/** Rows per statement of a batch: few sizes, so that few statements are compiled. */
const BATCH_SIZES = [100, 10, 1]

/** How long a start waits for another process that migrates. */
const BUSY_AT_START_MS = 5000

/** One writer: a transaction that reads rows has them for itself. */
const locks = { forUpdate: <S>(select: S) => select, skipLocked: <S>(select: S) => select }

type RunNow = { runNow(params?: Params): unknown[] }

const bind = (value: unknown): unknown => {
  if (value instanceof Date) return value.getTime()
  if (typeof value === 'boolean') return value ? 1 : 0
  if (value === undefined) return null
  if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) return JSON.stringify(value)
  return value
}

const bindAll = (params: Params): Params => {
  const bound: Params = {}
  for (const name in params) bound[name] = bind(params[name])
  return bound
}

/** Switching to WAL does not honour the busy timeout: of several processes that start on a new file, all but one would fail. */
const useWal = (raw: Database) => {
  const deadline = performance.now() + BUSY_AT_START_MS
  for (;;) {
    try {
      raw.run('pragma journal_mode=wal')
      return
    } catch (error) {
      if ((error as { code?: string }).code !== 'SQLITE_BUSY' || performance.now() > deadline) throw error
      Bun.sleepSync(5)
    }
  }
}

/**
 * SQLite compiles an ordered, limited or joining query anew at every execution, because the bound values might change its plan; that costs
 * several times the query itself. `likely()` hides a value from the planner and changes nothing else.
 */
const withStablePlan = (text: string): string =>
  / (?:join|order by|limit) /i.test(text) ? text.replace(/ (<>|<=|>=|=|<|>|limit|offset) \?/gi, ' $1 likely(?)') : text

const migrate = (raw: Database) => {
  // Outside a transaction, where SQLite ignores it: a migration that rebuilds a table must not cascade.
  raw.run('pragma foreign_keys=off')
  // `immediate`: of several processes that start on a new file, one migrates and the others wait for it.
  raw.run('begin immediate')
  try {
    raw.run('create table if not exists trawl_migrations (name text primary key, applied_at integer not null)')
    const applied = new Set(
      raw
        .query<{ name: string }, []>('select name from trawl_migrations')
        .all()
        .map((row) => row.name),
    )
    for (const { name, statements } of MIGRATIONS) {
      if (applied.has(name)) continue
      for (const statement of statements) raw.run(statement)
      raw.query('insert into trawl_migrations values (?, ?)').run(name, Date.now())
    }
    raw.run('commit')
  } catch (error) {
    raw.run('rollback')
    throw error
  }
  raw.run('pragma foreign_keys=on')
}

/**
 * Opens (and migrates) a SQLite database. All transactions requested in one turn of the event loop are committed together, each in
 * its own savepoint: one fsync answers them all, and a failing one takes only itself back.
 */
export const openSqlite = ({ path, synchronous = 'NORMAL' }: SqliteOptions): Db => {
  if (path !== ':memory:') {
    makeDirectoryOf(path)
    closeToOthers([path, `${path}-wal`, `${path}-shm`])
  }
  // SQLite gives the files beside it the rights of the database.
  const raw = privately(() => new Database(path, { create: true, strict: true }))
  raw.run(`pragma busy_timeout=${BUSY_AT_START_MS}`)
  useWal(raw)
  raw.run(`pragma synchronous=${synchronous}`)
  raw.run('pragma temp_store=memory')
  // 16 MB: with 32 a large ingestion ran no faster and kept the difference.
  raw.run('pragma cache_size=-16000')
  raw.run('pragma journal_size_limit=67108864')
  migrate(raw)
  // A waiting writer blocks the event loop, so after the start a lock held by another process is an error soon.
  raw.run('pragma busy_timeout=1000')
  // Drizzle compiles a statement at every call; Bun's own cache makes that once per text.
  const texts = new Map<string, string>()
  raw.prepare = ((text: string) => {
    let planned = texts.get(text)
    if (planned === undefined) {
      planned = withStablePlan(text)
      texts.set(text, planned)
    }
    return raw.query(planned)
  }) as typeof raw.prepare
  const builders = drizzle(raw, { casing: 'snake_case' })

  const runStep = (step: any): unknown => {
    if (typeof step?.runNow === 'function') return step.runNow()
    if (typeof step?.prepare !== 'function') throw new TypeError('only queries may be yielded inside a transaction')
    return step.prepare().execute().sync()
  }
  const drive = (steps: Steps<unknown>): unknown => {
    let state = steps.next()
    while (!state.done) {
      let value: unknown
      try {
        value = runStep(state.value)
      } catch (error) {
        state = steps.throw(error)
        continue
      }
      state = steps.next(value)
    }
    return state.value
  }

  function* runInside<Row>(statement: Statement<Row>, params?: Params): Steps<Row[]> {
    return yield { runNow: () => (statement as unknown as RunNow).runNow(params) } as unknown as Step
  }
  function* sqlInside<Row>(query: SQL): Steps<Row[]> {
    return yield { runNow: () => builders.all(query) } as unknown as Step
  }
  function* batchInside<Row>(batch: Batch<Row>, rows: unknown[][], params?: Params): Steps<Row[]> {
    if (rows.length === 0) return []
    return yield { runNow: () => (batch as unknown as RunBatch).runBatch(rows, params) } as unknown as Step
  }
  // Nothing to lock: transactions are one after the other.
  function* exclusive(): Steps<void> {}
  let afterCommit: (() => void)[] = []
  const tx = Object.assign(Object.create(builders) as object, {
    afterCommit: (action: () => void) => afterCommit.push(action),
    run: runInside,
    batch: batchInside,
    exclusive,
    sql: sqlInside,
    ...locks,
  }) as unknown as Tx

  // Prepared: `run` with a text compiles it every time, which for these costs more than running them.
  const begin = raw.query('begin immediate')
  const commit = raw.query('commit')
  const save = raw.query('savepoint job')
  const release = raw.query('release job')

  let pending: Job[] = []
  const flush = () => {
    const jobs = pending
    pending = []
    try {
      begin.run()
    } catch (error) {
      for (const job of jobs) job.reject(error)
      return
    }
    const answers: (() => void)[] = []
    const committed: (() => void)[] = []
    const failed = (job: Job, error: unknown) => answers.push(() => job.reject(error))
    let lost: unknown
    for (const job of jobs) {
      if (lost !== undefined) {
        failed(job, lost)
        continue
      }
      try {
        save.run()
        afterCommit = []
        const value = drive(job.body(tx))
        release.run()
        answers.push(() => job.resolve(value))
        committed.push(...afterCommit)
      } catch (error) {
        // A full disk or an I/O error ends the whole transaction, not the statement alone.
        if (raw.inTransaction) raw.run('rollback to job; release job')
        else {
          lost = error
          answers.length = 0
          committed.length = 0
          for (const earlier of jobs.slice(0, jobs.indexOf(job))) failed(earlier, error)
        }
        failed(job, error)
      }
    }
    try {
      if (raw.inTransaction) commit.run()
    } catch (error) {
      if (raw.inTransaction) raw.run('rollback')
      for (const job of jobs) job.reject(error)
      return
    }
    runAfterCommit(committed)
    for (const answer of answers) answer()
  }

  const transact: Db['tx'] = (body) =>
    new Promise((resolve, reject) => {
      if (pending.push({ body: body as Job['body'], resolve, reject }) === 1) setImmediate(flush)
    })

  return {
    dialect: 'sqlite',
    name: 'sqlite',
    isShared: false,
    ...locks,
    kit: sqliteKit,
    fragments: sqliteFragments,
    q: builders as unknown as Queries,
    tx: transact,
    // One transaction for all that come at once is cheaper than a commit for each statement.
    autocommit: (body) => transact((inside) => oneStep(body(inside))),
    read: async (step) => drive(step(tx)) as any,
    prepare<Row>(name: string, build: (queries: Queries) => PromiseLike<Row[]>) {
      let made: any
      const prepared = () => {
        made ??= (build(builders as unknown as Queries) as any).prepare(name)
        return made
      }
      let read: ReturnType<typeof rowReader> | null = null
      const runNow = (params?: Params) => {
        const query = prepared()
        const bound = params ? bindAll(params) : {}
        if (read === null) read = query.fields ? rowReader(query.fields) : undefined
        if (!read) return query.execute(bound).sync() as Row[]
        const rows = query.values(bound)
        for (let n = 0; n < rows.length; n++) rows[n] = read(rows[n])
        return rows as Row[]
      }
      const text = () => withStablePlan(prepared().getQuery().sql)
      return { name, text, runNow, all: async (params?: Params) => runNow(params) } as Statement<Row>
    },
    statement<Row>(name: string, sql: { sqlite: string; postgres: string } | string, of?: object) {
      const { text, names } = compileNamed(typeof sql === 'string' ? sql : sql.sqlite, (param) => `$${param}`)
      const decode = of && rowDecoder(of)
      let query: any
      const runNow = (params: Params = {}) => {
        query ??= raw.query(text)
        const bound: Record<string, unknown> = {}
        for (const param of names) bound[param] = bind(params[param])
        const rows = query.all(bound)
        return (decode ? rows.map(decode) : rows) as Row[]
      }
      return { name, text: () => text, runNow, all: async (params?: Params) => runNow(params) } as Statement<Row>
    },
    batch<Row>(name: string, columns: BatchColumn[], build: (source: string) => string, how: 'json' | 'bound' = 'bound') {
      if (how === 'json') {
        const source = `(select ${columns.map((column, n) => `e.value ->> ${n} as ${column.name}`).join(', ')} from json_each(:rows) e)`
        const { text, names } = compileNamed(build(source), (param) => `$${param}`)
        let query: any
        const runBatch = (rows: unknown[][], params: Params = {}) => {
          query ??= raw.query(text)
          const values: Params = { ...params, rows: JSON.stringify(rows.map((row) => row.map(bind))) }
          const bound: Record<string, unknown> = {}
          for (const param of names) bound[param] = bind(values[param])
          return query.all(bound) as Row[]
        }
        return { name, runBatch } as unknown as Batch<Row>
      }
      const made = new Map<number, { query: any; names: string[] }>()
      const prepareFor = (size: number) => {
        const known = made.get(size)
        if (known) return known
        // Numbered parameters: the rows first, the named ones after them.
        const values = Array.from(
          { length: size },
          (_, row) => `(${columns.map((_, column) => `?${row * columns.length + column + 1}`).join(',')})`,
        ).join(',')
        const source = `(select ${columns.map((column, n) => `column${n + 1} as ${column.name}`).join(', ')} from (values ${values}))`
        const { text, names } = compileNamed(build(source), (_, index) => `?${size * columns.length + index + 1}`)
        const entry = { query: raw.query(text) as any, names }
        made.set(size, entry)
        return entry
      }
      const runBatch = (rows: unknown[][], params: Params = {}) => {
        const answer: Row[] = []
        let from = 0
        for (const size of BATCH_SIZES)
          for (; rows.length - from >= size; from += size) {
            const { query, names } = prepareFor(size)
            const bound: unknown[] = []
            for (let row = from; row < from + size; row++) for (const value of rows[row] as unknown[]) bound.push(bind(value))
            for (const param of names) bound.push(bind(params[param]))
            for (const found of query.all(...bound)) answer.push(found)
          }
        return answer
      }
      return { name, runBatch } as unknown as Batch<Row>
    },
    async sql(query) {
      return builders.all(query) as any
    },
    async ping() {
      raw.query('select 1').get()
    },
    connections: () => 1,
    async close() {
      if (pending.length > 0) flush()
      raw.close()
    },
  }
}
