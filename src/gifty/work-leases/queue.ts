import type { Db, Params, Statement, Steps, Tx } from '../../platform/db/index.ts'
import type { LeasedSubject, WorkLeasesRepository } from './repository.ts'

/** Leases of callers without a name (gifty §5). */
export const ANONYMOUS = ''
const ANONYMOUS_LEASE_MS = 120_000
/** Before the names of workers, so that none of them can be taken for a task. */
const NAMED = 'worker:'
/** Leases that stand for contents no worker could do; see `tasks.ts`. */
export const deadKind = (kind: string) => `${kind}.dead`

/**
 * Where the rows of a queue come from, as pieces of one SELECT that the domain's repository writes. Own parameters are `:name`, with
 * a Postgres cast where the type cannot be told; `:kind`, `:now` and `:max` are the queue's.
 */
export interface QueueSql {
  /** Names the prepared statements. */
  name: string
  /** Result columns. `lease_subject` and `lease_hash` are added. */
  select: string
  /** `products p`, with joins as needed. The alias `lease` is the queue's. */
  from: string
  /** Expression of the key: text, short, the same for the same row. */
  subject: string
  /** Expression of the content's hash, or `null`. */
  contentHash: string
  /** Conditions of the rows that want work, first those to hand out first. Each is one query, so that each can have its index. */
  tiers: string[]
  /** Within a tier, and total. Texts in byte order (`collate "C"` on Postgres). */
  orderBy: string
}

export interface Claim {
  kind: string
  /** The worker's name; undefined or null for a simple client, whose leases last 120 s and are shared with its like. */
  worker: string | null | undefined
  /** Length of a named lease. */
  leaseMs: number
  limit: number
  now: Date
  /** Values of the queue's own parameters. */
  params?: Params
}

/** What every row of a claim has besides the columns of the queue. */
export interface LeaseColumns {
  lease_subject: string
  lease_hash: string | null
}

/**
 * A queue of rows that want work (gifty §5, Leases): `claim` hands out rows that nobody holds and leases them in the caller's
 * transaction; no two claims of one kind get the same row before its lease ends, whatever process they run in.
 */
export const createWorkQueue = <Row extends object>(
  db: Db,
  repository: WorkLeasesRepository,
  /** Takes tasks that nobody has leased off the offer; answers which of them are off it. */
  withdraw: (tx: Tx, taskIds: string[], now: Date) => Steps<ReadonlySet<string>>,
  { name, select, from, subject, contentHash, tiers, orderBy }: QueueSql,
) => {
  type Leased = Row & LeaseColumns
  const lite = db.dialect === 'sqlite'
  // `likely` keeps SQLite from compiling the statement anew for each value (see platform/db/sqlite.ts).
  const now = lite ? 'likely(:now)' : ':now::timestamptz'
  const limit = lite ? 'likely(:max)' : ':max::int'
  const kind = lite ? ':kind' : ':kind::text'
  const columns = `${select}, ${subject} as lease_subject, ${contentHash} as lease_hash`
  // Not `not exists`: Postgres would make a join of it, and, since such a table is never as large as it was counted, read all of it per row.
  const never = lite ? '0' : `'-infinity'::timestamptz`
  const freeRows = (part: string, more: string): Statement<Leased>[] =>
    tiers.map((tier, n) =>
      db.statement<Leased>(
        `${name}_${part}_${n}`,
        `select ${columns} from ${from} where ${tier}
        and coalesce((select lease.expires_at from work_leases lease where lease.kind = ${kind} and lease.subject = ${subject}), ${never}) <= ${now}${more}
        order by ${orderBy} limit ${limit}`,
      ),
    )
  const free = freeRows('free', '')
  const offered = freeRows(
    'offered',
    ` and not coalesce((select lease.expires_at > ${now} and lease.content_hash is not distinct from ${contentHash}
          from work_leases lease where lease.kind = ${lite ? ':dead' : ':dead::text'} and lease.subject = ${subject}), false)`,
  )
  const shared = db.statement<Leased>(
    `${name}_shared`,
    `select ${columns} from work_leases lease, ${from} where lease.subject = ${subject} and (${tiers.map((tier) => `(${tier})`).join(' or ')})
      and lease.kind = ${kind} and lease.holder = '' and lease.expires_at > ${now} order by lease.expires_at, ${orderBy} limit ${limit}`,
  )

  type Look = Pick<Claim, 'kind' | 'limit' | 'now' | 'params'>
  /** Rows that nobody holds, in the queue's order. */
  function* find(tx: Tx, statements: Statement<Leased>[], { kind: of, limit: most, now: at, params }: Look): Steps<Leased[]> {
    const found: Leased[] = []
    for (const statement of statements) {
      if (found.length >= most) break
      const max = most - found.length
      for (const row of yield* tx.run(statement, { ...params, kind: of, dead: deadKind(of), now: at, max })) found.push(row)
    }
    return found
  }
  /** Claims of one kind go one after the other, or two would find the same free rows. */
  const exclusive = (tx: Tx, of: string) => tx.exclusive(`gifty.work.${of}`)
  /** Without the rows whose task somebody has just leased; the tasks of the others wait for nobody any more. */
  function* withoutTasks(tx: Tx, { kind: of, now: at }: Look, rows: Leased[]): Steps<Leased[]> {
    const tasks = yield* repository.taskOf(
      tx,
      of,
      rows.map((row) => row.lease_subject),
    )
    if (tasks.size === 0) return rows
    const off = yield* withdraw(tx, [...tasks.values()].sort(), at)
    return rows.filter((row) => {
      const task = tasks.get(row.lease_subject)
      return task === undefined || off.has(task)
    })
  }

  return {
    /** For EXPLAIN: one statement per tier, and the one of shared leases. */
    statements: { free, offered, shared },
    /** Up to `limit` rows, leased; for a simple client also rows under other anonymous leases when too few are free. */
    *claim(tx: Tx, claim: Claim): Steps<Leased[]> {
      const named = claim.worker !== undefined && claim.worker !== null
      yield* exclusive(tx, claim.kind)
      const rows = yield* withoutTasks(tx, claim, yield* find(tx, free, claim))
      if (!named && rows.length < claim.limit) {
        const max = claim.limit - rows.length
        for (const row of yield* tx.run(shared, { ...claim.params, kind: claim.kind, now: claim.now, max })) rows.push(row)
      }
      yield* repository.take(
        tx,
        claim.kind,
        rows.map(
          (row): LeasedSubject => ({
            subject: row.lease_subject,
            holder: named ? `${NAMED}${claim.worker}` : ANONYMOUS,
            contentHash: row.lease_hash,
          }),
        ),
        new Date(claim.now.getTime() + (named ? claim.leaseMs : ANONYMOUS_LEASE_MS)),
      )
      return rows
    },
    /** What a HEAD request may know: the same rows, leased to nobody. */
    peek: (tx: Tx, look: Look): Steps<Leased[]> => find(tx, free, look),
    /** Rows for tasks of the worker protocol: free ones whose present content has not used up its attempts. */
    *offer(tx: Tx, look: Look): Steps<Leased[]> {
      yield* exclusive(tx, look.kind)
      return yield* find(tx, offered, look)
    },
  }
}
export type WorkQueue<Row extends object> = ReturnType<typeof createWorkQueue<Row>>
