import { type Clock, createId, DAY_MS } from '../platform/clock.ts'
import type { Db, Params, Statement, Steps, Tx } from '../platform/db/index.ts'
import type { Engine } from './engine.ts'
import { defineKind, type KindPolicy, type Refusal, type Task, type Transition } from './model.ts'
import { type KeyedRow, type RowSource, rowStatements } from './row-statements.ts'

/** Milliseconds until a task that no worker takes is cancelled; its row then has no task again. */
const TASK_LIFE_MS = DAY_MS
/** Leases of clients without a name (gifty §5). */
const ANONYMOUS = ''
const ANONYMOUS_LEASE_MS = 120_000
/** Before the names of simple clients. The worker protocol refuses names that begin so, or a worker would be taken for a client. */
export const ROW_CLIENT_PREFIX = 'simple-client:'

/** Whether the holder takes and submits rows only: it can neither prolong its lease nor report a failure. */
const isSimpleClient = (owner: string | null) => owner === ANONYMOUS || owner?.startsWith(ROW_CLIENT_PREFIX) === true

export interface RowQueueDeps {
  db: Db
  clock: Clock
  engine: Pick<Engine, 'reapKind' | 'policyOf'>
}

export interface RowQueueOptions<Row extends object, Payload extends object> {
  /** The kind of the tasks; one queue a kind. */
  kind: string
  source: RowSource
  /** Payloads of rows, in their order. Where contents have hashes, `content_hash` stands in them. */
  payloads(tx: Tx, rows: KeyedRow<Row>[], params: Params): Steps<Payload[]>
}

/** A lease request of a simple client. */
export interface RowClaim {
  /** The client's name; undefined or null for one without, whose leases last 120 s and are shared with its like. */
  worker: string | null | undefined
  /** Length of a named lease, in milliseconds. */
  leaseMs: number
  limit: number
  now: Date
  /** Values of the source's own parameters. */
  params?: Params
}

/** How the rows of a queue are worked on under the worker protocol. */
export interface RowWork {
  /** Values of the source's own parameters; called at each lease. */
  params?(): Params
  /** A cheap look before the rows are read: whether there may be anything. */
  mayHaveRows?(tx: Tx): Steps<boolean>
  /** Stores results; answers the refused ones by key, whose tasks stay leased. */
  store(tx: Tx, done: { key: string; payload: unknown; result: unknown }[], now: Date): Steps<Map<string, Refusal>>
}

/**
 * A queue over rows that want work, such as products without a score: a task is made of a row when it is leased, never before, so a
 * backlog of any size needs no tasks. A row with a live task is held by it, and any holder counts: a worker of the worker protocol (`kind`)
 * or a simple client, which claims rows and submits results and knows of no task (gifty §5).
 */
export const createRowQueue = <Row extends object, Payload extends object>(
  { db, clock, engine }: RowQueueDeps,
  { kind, source, payloads }: RowQueueOptions<Row, Payload>,
) => {
  type Found = KeyedRow<Row>
  const statements = rowStatements<Row>(db, source)
  const lifeAfter = (time: number) => new Date(time + TASK_LIFE_MS)

  /** Up to `max` rows of all tiers, in the queue's order. */
  function* find(tx: Tx, tiers: Statement<Found>[], max: number, now: Date, params: Params): Steps<Found[]> {
    const found: Found[] = []
    for (const tier of tiers) {
      if (found.length >= max) break
      for (const row of yield* tx.run(tier, { ...params, kind, now, max: max - found.length })) found.push(row)
    }
    return found
  }
  /** Claims and leases of one kind go one after the other, or two would find the same free rows and one of them get too few. */
  const exclusive = (tx: Tx) => tx.exclusive(`tasks.rows.${kind}`)

  /** New tasks for a lease of the worker protocol. Rows whose task waits need none: the lease finds that one itself. */
  function* provide(tx: Tx, max: number, now: Date, { params, mayHaveRows }: RowWork) {
    if (mayHaveRows && !(yield* mayHaveRows(tx))) return []
    yield* exclusive(tx)
    const sourceParams = params?.() ?? {}
    const rows = yield* find(tx, statements.untouched, max, now, sourceParams)
    const made = yield* payloads(tx, rows, sourceParams)
    return rows.map((row, n) => ({ kind, payload: made[n], dedupeKey: row.task_key, expiresAt: lifeAfter(now.getTime()) }))
  }
  /**
   * Reads the rows of tasks that were leased before once more: the payload is made anew; a task whose row is done, gone or has dead
   * content is cancelled instead of being leased.
   */
  function* refresh(tx: Tx, leased: Task[], { params }: RowWork): Steps<Map<string, Omit<Transition, 'id'>>> {
    const again = leased.filter((task) => task.fence > 1)
    const moves = new Map<string, Omit<Transition, 'id'>>()
    if (again.length === 0) return moves
    const sourceParams = params?.() ?? {}
    const rows = yield* tx.run(statements.wanted, {
      ...sourceParams,
      kind,
      keys: JSON.stringify(again.map((task) => task.dedupeKey)),
    })
    const made = yield* payloads(tx, rows, sourceParams)
    const present = new Map(rows.map((row, n) => [row.task_key, made[n]]))
    for (const task of again) {
      const payload = present.get(task.dedupeKey as string)
      if (payload) task.payload = payload
      else moves.set(task.id, { state: 'cancelled', error: 'nothing is to be done about it any more' })
    }
    yield* tx.batch(
      statements.rewrite,
      again.filter((task) => !moves.has(task.id)).map((task) => [task.id, JSON.stringify(task.payload)]),
    )
    return moves
  }

  return {
    /** For EXPLAIN. */
    statements,
    /**
     * Payloads of up to `limit` rows, in the queue's order, each leased to the client by a task of its own. For a client without a name
     * rows under leases like its own follow, the oldest lease first, when too few are free.
     */
    *claim(tx: Tx, { worker, leaseMs: wanted, limit, now, params = {} }: RowClaim): Steps<Payload[]> {
      const owner = worker === undefined || worker === null ? ANONYMOUS : `${ROW_CLIENT_PREFIX}${worker}`
      const leaseMs = owner === ANONYMOUS ? ANONYMOUS_LEASE_MS : wanted
      const until = new Date(now.getTime() + leaseMs)
      yield* exclusive(tx)
      yield* engine.reapKind(tx, kind, now)
      const rows = yield* find(tx, statements.free, limit, now, params)
      if (owner === ANONYMOUS && rows.length < limit)
        for (const row of yield* tx.run(statements.shared, { ...params, kind, now, max: limit - rows.length })) rows.push(row)
      const made = yield* payloads(tx, rows, params)
      const taken = yield* tx.batch(
        statements.take,
        rows.map((row, n) => [createId(clock), row.task_key, JSON.stringify(made[n])]),
        {
          kind,
          now,
          owner,
          until,
          leaseMs,
          maxAttempts: engine.policyOf(kind).maxAttempts,
          forgottenAt: lifeAfter(until.getTime()),
        },
      )
      if (taken.length === rows.length) return made
      // Other workers took the missing ones after this transaction had read the rows.
      const ours = new Set(taken.map((row) => row.dedupe_key))
      return made.filter((_, n) => ours.has((rows[n] as Found).task_key))
    },
    /** The payloads that a claim would take, without leasing them. */
    *peek(tx: Tx, { limit, now, params = {} }: Pick<RowClaim, 'limit' | 'now' | 'params'>): Steps<Payload[]> {
      return yield* payloads(tx, yield* find(tx, statements.free, limit, now, params), params)
    },
    /**
     * Completes the tasks of rows whose result came without a task, whichever worker holds them; a later verdict of the holder is answered as
     * done. Answers per key the hash of the content that was handed out, also when that lease has ended. Call it in the transaction
     * that stores the results.
     */
    *close(tx: Tx, keys: string[], now: Date): Steps<Map<string, string | null>> {
      if (keys.length === 0) return new Map()
      const closed = yield* tx.run(statements.close, { kind, now, keys: JSON.stringify(keys) })
      return new Map(closed.map((row) => [row.dedupe_key, row.content_hash]))
    },
    /** The kind's policy. Without `work` only simple clients get its rows. */
    policy: (work?: RowWork): KindPolicy =>
      defineKind(kind, {
        // A simple client cannot report a failure, and most of its leases end because it took more than it could do.
        onExpiry: (task) => (isSimpleClient(task.leaseOwner) ? 'refund' : 'requeue'),
        ...(work && {
          provide: (tx, max, now) => provide(tx, max, now, work),
          leased: (tx, tasks) => refresh(tx, tasks, work),
          *completed(tx, done, now) {
            const keyOf = (task: Task) => task.dedupeKey as string
            const refused = yield* work.store(
              tx,
              done.map(({ task, result }) => ({ key: keyOf(task), payload: task.payload, result })),
              now,
            )
            return new Map(
              done.flatMap(({ task }): [string, Refusal][] => {
                const refusal = refused.get(keyOf(task))
                return refusal ? [[task.id, refusal]] : []
              }),
            )
          },
        }),
      }),
  }
}
export type RowQueue<Row extends object, Payload extends object> = ReturnType<typeof createRowQueue<Row, Payload>>
