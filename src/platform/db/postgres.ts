import type { Socket } from 'node:net'
import type { SQL } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { databaseProblem } from '../../errors.ts'
import { readMigrations } from '../bundled.ts' with { type: 'macro' }
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
  storableJson,
  type Tx,
} from './index.ts'
import { postgresKit } from './kit.ts'
import { type Address, createAdmission, createWatch, DOUBT_MS } from './postgres-watch.ts'
import { arrayText, postgresFragments, rowDecoder } from './sql.ts'

const MIGRATIONS = readMigrations('postgres')
/** Any number that no other program takes on the same database. */
const MIGRATION_LOCK = 7_265_491_001
const TX_ATTEMPTS = 6
/** Seconds to connect. Long, because a busy server accepts late; the watch notices an absent server much earlier. */
const CONNECT_SECONDS = 30
/** Seconds between two attempts to connect. The driver's own waits grow to 20 s, and queries would wait as long. */
const retrySeconds = (tries: number) => Math.min(0.05 * 2 ** tries, 0.25)
/** Longest wait for a connection that is worth beginning: clients give up about then. */
const QUEUE_MS = 60_000
/** Most statements that a connection prepares; later texts, which are built per request, are sent unprepared. */
const MAX_PREPARED = 2000

export interface PostgresOptions {
  url: string
  poolMax?: number
  /** Milliseconds after which the server gives up a statement, a wait for a lock, and an idle transaction. */
  statementTimeoutMs?: number
  /** Whether statements are prepared by name. Not behind pgbouncer in transaction mode, which takes no settings of a session either. */
  prepared?: boolean
  /** After this long a wait without a byte over any connection, the server is probed. */
  doubtMs?: number
  /** While a new transaction would wait longer for its turn, it is refused. */
  queueMs?: number
  /** Called with each notice of the server. */
  onNotice?(notice: { message?: string }): void
}

const migrate = async (url: string) => {
  const client = postgres(url, { max: 1, onnotice: () => {}, connect_timeout: 5, fetch_types: false })
  try {
    await client.begin(async (sql) => {
      // Of several processes that start at once one migrates; the lock ends with the transaction, also after a crash.
      await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK}::bigint)`
      await sql`create table if not exists trawl_migrations (name text primary key, applied_at timestamptz not null default now())`
      const applied = new Set((await sql<{ name: string }[]>`select name from trawl_migrations`).map((row) => row.name))
      for (const { name, statements } of MIGRATIONS) {
        if (applied.has(name)) continue
        for (const statement of statements) await sql.unsafe(statement)
        await sql`insert into trawl_migrations (name) values (${name})`
      }
    })
  } finally {
    await client.end({ timeout: 1 })
  }
}

const bind = (value: unknown): any => {
  if (value instanceof Date) return value.toISOString()
  if (value === undefined) return null
  if (Array.isArray(value)) return arrayText(value)
  if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) return JSON.stringify(value)
  return value
}

const bindAll = (params: Params = {}): Params =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [name, bind(value)]))

const locks = {
  forUpdate: (select: any) => select.for('update'),
  skipLocked: (select: any) => select.for('update', { skipLocked: true }),
}

/** A client or one transaction of it, as drizzle and the statements need it. */
type Session = { client: any; builders: any }
type RunBatch = { runBatch(session: Session, rows: unknown[][], params?: Params): Promise<unknown[]> }
type RunIn = { runIn(session: Session, params?: Params): Promise<unknown[]> }

/** One round trip over a connection of its own, to know whether the server is there at all. */
const probe = async (url: string, connect: (address: Address) => Socket, signal: AbortSignal) => {
  const opened: Socket[] = []
  const socket = (address: Address) => {
    const made = connect(address)
    opened.push(made)
    return made
  }
  const client = postgres(url, { max: 1, onnotice: () => {}, connect_timeout: 30, fetch_types: false, ...({ socket } as object) })
  const end = () => {
    void client.end({ timeout: 0 })
    for (const made of opened) made.destroy()
  }
  signal.addEventListener('abort', end, { once: true })
  await client.unsafe('select 1')
}

/** Opens (and migrates) a Postgres database. */
export const openPostgres = async ({
  url,
  poolMax = 10,
  statementTimeoutMs = 30_000,
  prepared: mayPrepare = true,
  doubtMs = DOUBT_MS,
  queueMs = QUEUE_MS,
  onNotice = () => {},
}: PostgresOptions): Promise<Db> => {
  await migrate(url)
  const watch = createWatch({ probe: (connect, signal) => probe(url, connect, signal), statementTimeoutMs, doubtMs })
  const client = postgres(url, {
    max: poolMax,
    onnotice: onNotice as never,
    connect_timeout: CONNECT_SECONDS,
    backoff: retrySeconds as never,
    idle_timeout: 60,
    prepare: mayPrepare,
    // No statement uses the driver's arrays; and a connection that is cut while the driver fetches their types ends the process.
    fetch_types: false,
    // Not in the driver's types.
    ...({ socket: watch.connect } as object),
    connection: {
      application_name: 'trawl',
      // How times are written, whatever is set for the database or the role; pgbouncer keeps track of these two.
      TimeZone: 'UTC',
      DateStyle: 'ISO, MDY',
      ...(mayPrepare && {
        bytea_output: 'hex',
        // Statements count on seeing a row as it is once they have waited for its lock.
        default_transaction_isolation: 'read committed',
        // Our statements are short and few of their rows are read, whatever the planner expects: compiling one takes hundreds of
        // milliseconds each time.
        jit: 'off',
        statement_timeout: statementTimeoutMs,
        lock_timeout: statementTimeoutMs,
        idle_in_transaction_session_timeout: statementTimeoutMs,
        // The server drops the locks of a vanished host within a minute, instead of after the system's two hours.
        tcp_keepalives_idle: 30,
        tcp_keepalives_interval: 10,
        tcp_keepalives_count: 3,
      }),
    },
  })
  const preparedTexts = new Set<string>()
  const isPrepared = (text: string): boolean => {
    if (!mayPrepare) return false
    if (preparedTexts.has(text)) return true
    if (preparedTexts.size >= MAX_PREPARED) return false
    preparedTexts.add(text)
    return true
  }
  /** A query that is not prepared costs a second round trip for the types of its parameters. */
  const preparing = <C extends { unsafe: any }>(of: C): C => {
    const send = of.unsafe.bind(of)
    // The driver's own `begin` comes this way as well, with an option of its own.
    of.unsafe = (text: string, values: unknown[] = [], options: { onexecute?: unknown } = {}) => {
      const ended = watch.begin((error) => query.reject(error))
      const query = send(text, values, options.onexecute ? options : { prepare: isPrepared(text) })
      query.then(
        () => ended(true),
        () => ended(),
      )
      return query
    }
    return of
  }
  preparing(client)
  const builders = drizzle(client, { casing: 'snake_case' })
  // Where every parameter passes, so that no character of a foreign text ends as an error of the server.
  for (const json of ['114', '3802'])
    client.options.serializers[json as never] = ((text: unknown) =>
      typeof text === 'string' ? storableJson(text) : text) as never
  for (const plain of ['25', '1043'])
    client.options.serializers[plain as never] = ((text: unknown) => String(text).replaceAll('\0', '')) as never
  const base: Session = { client, builders }
  const admission = createAdmission({ places: poolMax, limitMs: queueMs })

  const drive = async (steps: Steps<unknown>, session: Session): Promise<unknown> => {
    let state = steps.next()
    while (!state.done) {
      let value: unknown
      try {
        const step = state.value as any
        if (typeof step?.runIn === 'function') value = await step.runIn(session)
        else if (typeof step?.prepare === 'function') value = await step
        else throw new TypeError('only queries may be yielded inside a transaction')
      } catch (error) {
        state = steps.throw(error)
        continue
      }
      state = steps.next(value)
    }
    return state.value
  }
  const makeTx = (session: Session, afterCommit: (() => void)[]): Tx => {
    function* run<Row>(statement: Statement<Row>, params?: Params): Steps<Row[]> {
      return yield { runIn: (inside: Session) => (statement as unknown as RunIn).runIn(inside, params) } as unknown as Step
    }
    function* sqlInside<Row>(query: SQL): Steps<Row[]> {
      return yield { runIn: (inside: Session) => inside.builders.execute(query) } as unknown as Step
    }
    function* batch<Row>(of: Batch<Row>, rows: unknown[][], params?: Params): Steps<Row[]> {
      if (rows.length === 0) return []
      return yield { runIn: (inside: Session) => (of as unknown as RunBatch).runBatch(inside, rows, params) } as unknown as Step
    }
    function* exclusive(name: string): Steps<void> {
      yield {
        runIn: (inside: Session) => inside.client.unsafe('select pg_advisory_xact_lock(hashtext($1))', [name]),
      } as unknown as Step
    }
    return Object.assign(Object.create(session.builders) as object, {
      afterCommit: (action: () => void) => afterCommit.push(action),
      run,
      batch,
      exclusive,
      sql: sqlInside,
      ...locks,
    }) as unknown as Tx
  }

  /** Runs a transaction, and again when it met another one; then what waited for its commit. */
  const again = async <T>(transact: (afterCommit: (() => void)[]) => Promise<T>): Promise<T> => {
    admission.begin()
    try {
      return await attempts(transact)
    } finally {
      admission.end()
    }
  }
  const attempts = async <T>(transact: (afterCommit: (() => void)[]) => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      const lost = Promise.withResolvers<never>()
      const ended = watch.begin(lost.reject)
      try {
        const committed: (() => void)[] = []
        const value = await Promise.race([transact(committed), lost.promise])
        runAfterCommit(committed)
        return value
      } catch (error) {
        if (attempt >= TX_ATTEMPTS || databaseProblem(error) !== 'serialization') throw error
        await Bun.sleep(2 ** attempt * 5 * Math.random())
      } finally {
        ended()
      }
    }
  }

  return {
    dialect: 'postgres',
    name: 'postgres',
    isShared: true,
    ...locks,
    kit: postgresKit,
    fragments: postgresFragments,
    q: builders as unknown as Queries,
    tx: (body) =>
      again((committed) =>
        builders.transaction(async (inner) => {
          const session: Session = { client: preparing((inner as any).session.client), builders: inner }
          // Behind pgbouncer no session keeps a setting.
          if (!mayPrepare) await session.client.unsafe('set local jit = off')
          return (await drive(body(makeTx(session, committed)), session)) as any
        }),
      ),
    autocommit: (body) => again((committed) => drive(oneStep(body(makeTx(base, committed))), base) as any),
    read: async (step) => (await drive(step(makeTx(base, [])), base)) as any,
    prepare<Row>(name: string, build: (queries: Queries) => PromiseLike<Row[]>) {
      let made: any
      const prepared = () => {
        made ??= (build(builders as unknown as Queries) as any).prepare(name)
        return made
      }
      const runIn = (session: Session, params?: Params) => {
        const query = prepared()
        // Drizzle binds a prepared query to the client it was made on; the copy runs in the given transaction instead.
        const bound =
          session === base ? query : Object.assign(Object.create(Object.getPrototypeOf(query)), query, { client: session.client })
        return bound.execute(bindAll(params)) as Promise<Row[]>
      }
      const text = () => prepared().getQuery().sql as string
      return { name, text, runIn, all: (params?: Params) => runIn(base, params) } as unknown as Statement<Row>
    },
    statement<Row>(name: string, sql: { sqlite: string; postgres: string } | string, of?: object) {
      const { text, names } = compileNamed(typeof sql === 'string' ? sql : sql.postgres, (_, index) => `$${index + 1}`)
      const decode = of && rowDecoder(of)
      const runIn = async (session: Session, params: Params = {}) => {
        const rows = await session.client.unsafe(
          text,
          names.map((param) => bind(params[param])),
        )
        return (decode ? rows.map(decode) : rows) as Row[]
      }
      return { name, text: () => text, runIn, all: (params?: Params) => runIn(base, params) } as unknown as Statement<Row>
    },
    batch<Row>(name: string, columns: BatchColumn[], build: (source: string) => string) {
      // By way of an array, of which the planner expects ten rows: of JSON it expects a hundred, and reads small tables whole for them.
      const source = `(select ${columns.map(({ name, type }, n) => `(e.row ->> ${n})::${type} as ${name}`).join(', ')} from unnest(array(select jsonb_array_elements(:rows::text::jsonb))) as e(row))`
      const { text, names } = compileNamed(build(source), (_, index) => `$${index + 1}`)
      const whole = columns.flatMap(({ type }, n) => (type === 'bigint' ? [n] : []))
      /** Times and booleans of columns that store them as numbers. */
      const encode = (row: unknown[]): unknown[] => {
        let encoded = row
        for (const n of whole) {
          const value = row[n]
          if (!(value instanceof Date) && typeof value !== 'boolean') continue
          if (encoded === row) encoded = [...row]
          encoded[n] = Number(value)
        }
        return encoded
      }
      const runBatch = async (session: Session, rows: unknown[][], params: Params = {}) => {
        const values: Params = { ...params, rows: storableJson(JSON.stringify(whole.length > 0 ? rows.map(encode) : rows)) }
        return (await session.client.unsafe(
          text,
          names.map((param) => bind(values[param])),
        )) as Row[]
      }
      return { name, runBatch } as unknown as Batch<Row>
    },
    async sql(query) {
      return (await builders.execute(query)) as any
    },
    async ping() {
      await client.unsafe('select 1')
    },
    connections: () => Math.min(admission.open(), poolMax),
    async close() {
      await client.end({ timeout: 2 })
      watch.stop()
    },
  }
}
