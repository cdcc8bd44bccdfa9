import type { Db } from '../platform/db/index.ts'

/** The tasks of a row's key that are not finished: at most one a kind. Written as in the index `tasks_live_uq`, so that the index is used. */
const isLive = (alias: string) =>
  `${alias}.state in ('queued', 'leased', 'paused', 'cancelling') and ${alias}.dedupe_key is not null`

/**
 * Where the rows of a queue come from, as pieces of one SELECT over the domain's own tables. Own parameters are `:name`, with a
 * Postgres cast where the type cannot be inferred; `:kind`, `:now`, `:max` and `:keys` are the queue's.
 */
export interface RowSource {
  /** Names the prepared statements. */
  name: string
  /** Result columns. `task_key` is added. */
  select: string
  /** `products p`, with joins as needed. The aliases `task` and `dead` are the queue's. */
  from: string
  /** Expression of a row's key: text, short, the same for the same row. It is the dedupe key of the row's task. */
  key: string
  /** Condition that finds the row of a given key, where `key = given` could use no index. */
  rowOf?: (given: string) => string
  /** Expression of the content's hash, or `null`; payloads have it as `content_hash`. */
  contentHash: string
  /** Conditions of the rows that want work, first those to hand out first. Each is one query, so that each can have its index. */
  tiers: string[]
  /** Within a tier, and total. Texts in byte order (`collate "C"` on Postgres). */
  orderBy: string
}

export type KeyedRow<Row> = Row & { task_key: string }

/** The statements of one queue. Those that look for rows have `:kind`, `:now` and the source's own parameters. */
export const rowStatements = <Row extends object>(
  db: Db,
  { name, select, from, key, rowOf = (given) => `${key} = ${given}`, contentHash, tiers, orderBy }: RowSource,
) => {
  type Found = KeyedRow<Row>
  const { either, param, cast, jsonTexts } = db.fragments
  // `likely` keeps SQLite from compiling the statement anew for each value (see platform/db/sqlite.ts).
  const now = either('likely(:now)', ':now::timestamptz')
  const limit = db.fragments.limit('max')
  const kind = param('kind', 'text')
  const at = (parameter: string) => param(parameter, 'timestamptz')
  const inKeys = (expression: string) => `${expression} in ${jsonTexts('keys')}`
  const columns = `${select}, ${key} as task_key`
  const anyTier = `(${tiers.map((tier) => `(${tier})`).join(' or ')})`
  // Scalar subqueries, not `not exists`: Postgres would make a join of that, and read all tasks of the kind for a handful of rows. Of truth
  // values, not of numbers: it takes one row in two to pass, not one in two hundred, for which it would read and sort all rows.
  const { true: yes, false: no } = db.fragments
  const hasLiveTask = (isHeld: string) =>
    `coalesce((select ${isHeld} from tasks task where task.kind = ${kind} and task.dedupe_key = ${key} and ${isLive('task')}), ${no})`
  const notDead = `not coalesce((select ${yes} from tasks dead where dead.kind = ${kind} and dead.dedupe_key = ${key} and dead.state = 'dead'
    and dead.payload ->> 'content_hash' is not distinct from ${contentHash} limit 1), ${no})`
  const rows = (part: string, condition: string) =>
    tiers.map((tier, n) =>
      db.statement<Found>(
        `rows_${name}_${part}_${n}`,
        `select ${columns} from ${from} where ${tier} and ${condition} order by ${orderBy} limit ${limit}`,
      ),
    )

  const takeColumns =
    'id, kind, payload, priority, state, run_after, attempts, max_attempts, lease_owner, lease_expires_at, lease_ms'
  const id = cast('id', 'uuid')
  const int = (parameter: string) => param(parameter, 'int')
  const owner = param('owner', 'text')
  return {
    /** Rows that no worker holds: without a task, or with one that waits and may be leased. One statement a tier. */
    free: rows(
      'free',
      `not ${hasLiveTask(`case when task.state = 'queued' and task.run_after <= ${now} then ${no} else ${yes} end`)}`,
    ),
    /** Rows that have no task, and whose present content has none that is dead. One statement a tier. */
    untouched: rows('untouched', `not ${hasLiveTask(yes)} and ${notDead}`),
    /** Those of the rows `:keys` that still want work, and whose present content has no dead task. */
    wanted: db.statement<Found>(
      `rows_${name}_wanted`,
      `select ${columns} from ${from} where ${inKeys(key)} and ${anyTier} and ${notDead}`,
    ),
    /** Rows under leases without a name, the oldest lease first. Beginning at the leases: they are few beside the rows. */
    shared: db.statement<Found>(
      `rows_${name}_shared`,
      `select ${columns} from ${either(
        'tasks task cross join',
        `(select dedupe_key, lease_expires_at from tasks where kind = ${kind} and state in ('leased', 'cancelling') and state = 'leased'
              and lease_owner = '' and lease_expires_at > ${now} order by lease_expires_at offset 0) task,`,
      )} ${from} where ${rowOf('task.dedupe_key')} and ${anyTier}${either(
        ` and task.kind = ${kind} and task.state in ('leased', 'cancelling') and task.state = 'leased' and task.lease_owner = ''
              and task.lease_expires_at > ${now}`,
        '',
      )} order by task.lease_expires_at, ${orderBy} limit ${limit}`,
    ),
    /**
     * Leases the rows' tasks to `:owner`: a row without one gets it, one that waits is taken over, one under a lease without a name is
     * shared. Answers the keys it could lease.
     */
    take: db.batch<{ dedupe_key: string }>(
      `rows_${name}_take`,
      [
        { name: 'id', type: 'text' },
        { name: 'task_key', type: 'text' },
        { name: 'payload', type: 'jsonb' },
      ],
      (source) => `insert into tasks (${takeColumns}, fence, dedupe_key, requeues, expires_at, created_at, updated_at)
        select ${id}, ${kind}, payload, 10, 'leased', ${at('now')}, 1, ${int('maxAttempts')}, ${owner}, ${at('until')}, ${int('leaseMs')},
          1, task_key, 0, ${at('forgottenAt')}, ${at('now')}, ${at('now')}
        from ${source} given where true${either('', ' order by task_key')}
        on conflict (kind, dedupe_key) where state in ('queued', 'leased', 'paused', 'cancelling') and dedupe_key is not null
        do update set state = 'leased', payload = excluded.payload, fence = tasks.fence + 1,
          attempts = tasks.attempts + case when tasks.state = 'queued' then 1 else 0 end, lease_owner = excluded.lease_owner,
          lease_expires_at = excluded.lease_expires_at, lease_ms = excluded.lease_ms, last_end = null, expires_at = excluded.expires_at,
          updated_at = excluded.updated_at
        where (tasks.state = 'queued' and tasks.run_after <= ${at('now')})
          or (tasks.state = 'leased' and tasks.lease_owner = '' and excluded.lease_owner = '')
        returning dedupe_key`,
    ),
    /** Completes the live tasks of the keys, whichever worker holds them; answers the content hash each was leased with. */
    close: db.statement<{ dedupe_key: string; content_hash: string | null }>('rows_close', {
      sqlite: `update tasks set state = 'completed', last_end = 'report', lease_expires_at = null, finished_at = :now, updated_at = :now
        where kind = :kind and ${inKeys('dedupe_key')} and ${isLive('tasks')}
        returning dedupe_key, payload ->> 'content_hash' as content_hash`,
      // Locked in the order of ids first, as every verb of the engine locks tasks.
      postgres: `with live as materialized (select id from tasks
          where kind = :kind::text and ${inKeys('dedupe_key')} and ${isLive('tasks')} order by id for update)
        update tasks set state = 'completed', last_end = 'report', lease_expires_at = null, finished_at = :now::timestamptz, updated_at = :now::timestamptz
        from live where tasks.id = live.id returning tasks.dedupe_key, tasks.payload ->> 'content_hash' as content_hash`,
    }),
    /** Payloads of leased tasks, as their rows are now. */
    rewrite: db.batch<{ id: string }>(
      'rows_rewrite',
      [
        { name: 'id', type: 'text' },
        { name: 'payload', type: 'jsonb' },
      ],
      (source) =>
        `update tasks set payload = given.payload from ${source} given where tasks.id = ${cast('given.id', 'uuid')} returning tasks.id`,
    ),
  }
}
